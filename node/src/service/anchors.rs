//! The day's anchor: what we stated in private, dated in our log without telling that there was anything (protocol, "Anchors").
//!
//! A use case notes the hash of a statement in the transaction that makes it. When the day is over, all that waits gets a place in the
//! day's tree, on disk; only then its root goes into the log, also when nothing happened. When witnesses have cosigned that, the other
//! side is shown the proof, and what we kept of it is deleted.

mod received;

use std::time::Duration;

use parangon_protocol::anchor::{Act, DAY_SECONDS, Dated, PLACES, Place, Tree, day_of};
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::review::Message;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

pub(crate) use received::{existed_by, on_dated};

use self::received::Witnessed;
use super::item::{self, Item};
use super::{Context, Error, draws, labels, mail, salt};
use crate::engine::{Change, News};
use crate::store::{Source, Tx, WriteTx};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(30);

/// Records that are looked through for an anchor: more than some days bring.
const LOOK_BACK: u64 = 4_096;

/// A statement of ours that is not dated yet, or whose date nobody was told. Named by its hash.
#[derive(Serialize, Deserialize)]
struct Noted {
    at: Timestamp,
    /// What it is about: an offer, or the call of a draw.
    about: Hash,
    /// Who is shown the proof.
    to: Vec<AgencyId>,
    salt: Hash,
    /// Where it stands in the tree of that day.
    #[serde(default)]
    place: Option<(Timestamp, Place)>,
}

impl Item for Noted {
    const KIND: u8 = 17;
    const WHAT: &'static str = "statement to be dated";
}

/// A day's anchor of ours. Named by the day; kept until everybody was told, and the last one.
#[derive(Clone, Serialize, Deserialize)]
struct Day {
    day: Timestamp,
    /// None for the day on which this node began to count.
    root: Option<Hash>,
    /// The size of our log before.
    from: u64,
    /// Index in our log, once it is there.
    #[serde(default)]
    index: Option<u64>,
    /// Whether everybody was told.
    #[serde(default)]
    told: bool,
}

impl Item for Day {
    const KIND: u8 = 18;
    const WHAT: &'static str = "day's anchor";
}

/// Notes a statement of ours: it is dated with the day, and `to` are shown the proof.
pub(crate) fn note(context: &Context, tx: &mut WriteTx, statement: Hash, about: Hash, to: &[AgencyId]) -> Result<(), Error> {
    let noted = Noted { at: context.now(), about, to: to.to_vec(), salt: salt()?, place: None };
    item::put(tx, &statement.to_string(), &noted)
}

/// Forgets the dates of what was stated about an offer, here and elsewhere: it is erased.
pub(crate) fn forget(tx: &mut WriteTx, about: &Hash) -> Result<u64, Error> {
    let mut found = Vec::new();
    item::each::<Noted, _>(tx, |id, noted| {
        found.extend((noted.about == *about).then_some((Noted::KIND, id)));
        Ok(())
    })?;
    item::each::<Witnessed, _>(tx, |id, witnessed| {
        found.extend((witnessed.about == *about).then_some((Witnessed::KIND, id)));
        Ok(())
    })?;
    for (kind, id) in &found {
        tx.delete_private(*kind, id)?;
    }
    Ok(found.len() as u64)
}

/// Writes anchors and tells of them until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {} // the first comes at once
            change = changes.recv() => match change {
                Ok(News::Log(Change::Final { log, .. })) if log == context.own_log() => {}
                Err(broadcast::error::RecvError::Closed) => return,
                _ => continue,
            },
        }
        if let Err(error) = round(&context).await {
            tracing::warn!(%error, code = error.code(), "the day's anchor could not be written; it is tried again");
        }
    }
}

/// Does what is due.
///
/// # Errors
/// [`Error::Store`], [`Error::Engine`]: what was not done is done by the next round.
pub(crate) async fn round(context: &Context) -> Result<(), Error> {
    if context.charter().member(context.me()).is_none() || context.clock_behind() > 0 {
        return Ok(());
    }
    let _one = context.anchoring().lock().await;
    for mut day in context.run(prepare).await? {
        if let (Some(root), None) = (day.root, day.index) {
            day = write(context, day, root).await?;
        }
        let is_final = |index| context.engine().overview().logs.get(&context.own_log()).is_some_and(|log| log.final_size > index);
        if !day.told && day.index.is_some_and(is_final) {
            context.run(move |context| tell(context, day)).await?;
            context.queued().notify_one();
        }
    }
    Ok(())
}

/// Puts a day's root into our log, once.
async fn write(context: &Context, day: Day, root: Hash) -> Result<Day, Error> {
    let anchor = Record::Anchor(Anchor { day: day.day, root });
    let found = context.run(move |context| in_log(context, day.from, &anchor).map(|found| (found, anchor))).await?;
    let index = match found {
        (Some(index), _) => Some(index),
        (None, anchor) => context.engine().append(vec![anchor]).await?.first().copied(),
    };
    let day = Day { index, ..day };
    let kept = day.clone();
    context.run(move |context| context.transact(|tx| item::put(tx, &kept.day.to_string(), &kept))).await?;
    Ok(day)
}

/// The days that something is to be done for, and the last one. When another day is over, its tree is made and kept before anything of it is
/// shown. A day on which this node did not run has none; what waited then is in the next.
fn prepare(context: &Context) -> Result<Vec<Day>, Error> {
    let over = day_of(context.now()).seconds().checked_sub(DAY_SECONDS).and_then(Timestamp::from_seconds);
    let Some(over) = over else { return Ok(Vec::new()) };
    let mut days = Vec::new();
    item::each::<Day, _>(&context.store().read()?, |_, day| {
        days.push(day);
        Ok(())
    })?;
    days.sort_by_key(|day| day.day);
    // A clock that ran ahead once has left a later one: that stops nothing.
    if days.iter().any(|day| day.day == over) {
        return Ok(days);
    }
    let secret = salt()?;
    let from = context.engine().overview().logs.get(&context.own_log()).map_or(0, |log| log.size);
    // A node counts whole days. One that was restored may find in its log what it does not remember: one day has one anchor.
    let counts = !days.is_empty() && !stands_in_log(context, from, over)?;
    let next = context.transact(|tx| {
        let mut next = Day { day: over, root: None, from, index: None, told: !counts };
        if counts {
            let end = over.plus(DAY_SECONDS);
            let mut waiting = waiting(tx, |noted| noted.place.is_none() && noted.at < end)?;
            waiting.sort_by_key(|(_, noted)| noted.at);
            waiting.truncate(PLACES.into());
            let acts: Vec<Act> = waiting.iter().map(|(statement, noted)| Act { statement: *statement, salt: noted.salt }).collect();
            let tree = Tree::new(&acts, &secret)?;
            for ((statement, noted), place) in waiting.into_iter().zip(tree.places()) {
                item::put(tx, &statement.to_string(), &Noted { place: Some((over, place)), ..noted })?;
            }
            next.root = Some(tree.root());
        }
        for day in days.iter().filter(|day| day.told) {
            tx.delete_private(Day::KIND, &day.day.to_string())?;
        }
        item::put(tx, &over.to_string(), &next)?;
        Ok(next)
    })?;
    days.retain(|day| !day.told);
    days.push(next);
    Ok(days)
}

fn waiting<S: Source>(tx: &Tx<S>, fits: impl Fn(&Noted) -> bool) -> Result<Vec<(Hash, Noted)>, Error> {
    let mut found = Vec::new();
    item::each::<Noted, S>(tx, |id, noted| {
        if fits(&noted) {
            found.push((id.parse().map_err(|_| Error::Damaged { what: Noted::WHAT })?, noted));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether our log has an anchor of that day, as far as one looks back.
fn stands_in_log(context: &Context, size: u64, day: Timestamp) -> Result<bool, Error> {
    let tx = context.store().read()?;
    let log = context.own_log();
    for index in (size.saturating_sub(LOOK_BACK)..size).rev() {
        let record = tx.record(&log, index)?.and_then(|bytes| Record::read(&bytes).ok());
        if matches!(record, Some(Record::Anchor(anchor)) if anchor.day == day) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the anchor stands in our log already: the node may have stopped before it wrote that down.
fn in_log(context: &Context, from: u64, anchor: &Record) -> Result<Option<u64>, Error> {
    let tx = context.store().read()?;
    let log = context.own_log();
    for index in from..tx.size(&log)? {
        let bytes = tx.record(&log, index)?;
        if bytes.is_some_and(|bytes| Record::read(&bytes).is_ok_and(|record| record == *anchor)) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Queues the proofs of a day whose anchor is final, and forgets them.
fn tell(context: &Context, day: Day) -> Result<(), Error> {
    let Some(index) = day.index else { return Ok(()) };
    let tx = context.store().read()?;
    let anchored = waiting(&tx, |noted| matches!(&noted.place, Some((of, _)) if *of == day.day))?;
    let entry = labels::proven(context, &tx, &context.own_log(), index)?;
    drop(tx);
    context.transact(|tx| {
        for (statement, noted) in anchored {
            let Some((_, place)) = noted.place else { continue };
            let dated = Dated { entry: entry.clone(), place, statement };
            for agency in &noted.to {
                mail::tell(context, tx, agency, &Message::Dated { dated: Box::new(dated.clone()), offer: noted.about })?;
            }
            draws::on_dated(context, tx, &dated)?;
            tx.delete_private(Noted::KIND, &statement.to_string())?;
        }
        item::put(tx, &day.day.to_string(), &Day { told: true, ..day })
    })
}
