//! Pools between nodes (protocol, "Pools"): rounds run by themselves on the calendar.
//!
//! A round begins where the charter pools this agency (`plan`). What a node says in it is on disk before it leaves: messages go into the
//! outbox, and records are kept beside the round until they stand in our log, so that after a stop the same ones are written.

mod plan;
mod view;

use std::time::Duration;

use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::record::Record;
use parangon_protocol::replica::Change;
use parangon_protocol::statistics::Period;
use parangon_protocol::statistics::pool::{ATTEMPTS, Action, Board, Calendar, Keys, Means, Message, Party, Plan, PoolError, PoolRecord};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use plan::Labels;
pub(crate) use plan::is_pooled;
pub use view::{NamedView, RoundView, list};

use super::item::{self, Item};
use super::{Context, Error, catalogues, mail, random};
use crate::engine::{self, News};
use crate::store::{Source, Tx, WriteTx};

/// Between two looks at what time alone brings.
const TICK: Duration = Duration::from_secs(30);

/// Seconds after which our part in a round that is over is forgotten, with the counters in it.
const KEPT: u64 = 100 * 86_400;

/// Our part in one round, named by the round's id.
#[derive(Serialize, Deserialize)]
struct Round {
    /// The plan's canonical text, as it was when the round began here.
    plan: String,
    /// Our part, with the counters. None once the round is over long ago: what was added up is still to be known then, since later
    /// totals are held against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    party: Option<Party>,
    /// Whether another plan is followed by now. Its shares are kept: should it be followed again, they are not dealt anew.
    #[serde(default)]
    left: bool,
    /// The labels of each agency that the plan counts.
    #[serde(default)]
    labels: Labels,
    /// Texts of records that are to stand in our log.
    #[serde(default)]
    pending: Vec<String>,
    /// Entries of our log before which none of them stands.
    #[serde(default)]
    from: u64,
}

impl Item for Round {
    const KIND: u8 = 30;
    const WHAT: &'static str = "round of a pool";
}

impl Round {
    fn plan(&self) -> Result<Plan, Error> {
        Ok(Plan::read(self.plan.as_bytes())?)
    }
}

/// Goes on with what is due, until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let begins = tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => true,
            change = changes.recv() => match change {
                Ok(News::Log(Change::Final { .. })) | Err(broadcast::error::RecvError::Lagged(_)) => false,
                Err(broadcast::error::RecvError::Closed) => return,
                Ok(_) => continue,
            },
        };
        if let Err(error) = step(&context, begins).await {
            tracing::warn!(%error, code = error.code(), "a pool could not go on; it is tried again");
        }
    }
}

/// Does what is due: begins rounds, sends, and writes records.
///
/// # Errors
/// [`Error::Store`], [`Error::Engine`]: what was not done is done by the next round.
#[cfg(test)]
pub(crate) async fn round(context: &Context) -> Result<(), Error> {
    step(context, true).await
}

/// Does what is due. Whether a round is to begin takes a look at the whole register: not at every news.
async fn step(context: &Context, begins: bool) -> Result<(), Error> {
    let is_idle = context.charter().disclosure.pool.is_none() || context.clock_behind() > 0;
    if is_idle || context.charter().member(context.me()).is_none() {
        return Ok(());
    }
    let _one = context.pooling().lock().await;
    for id in context.run(move |context| due(context, begins)).await? {
        match go_on(context, &id).await {
            Ok(()) => {}
            Err(error @ (Error::Store(_) | Error::Engine(_))) => return Err(error),
            Err(error) => tracing::warn!(round = %id, code = error.code(), "a round of a pool cannot go on: {error}"),
        }
    }
    Ok(())
}

/// What waits from before is written first: the next step rests on it.
async fn go_on(context: &Context, id: &str) -> Result<(), Error> {
    write(context, id).await?;
    let named = id.to_owned();
    context.run(move |context| context.transact(|tx| advance(context, tx, &named))).await?;
    context.queued().notify_one();
    write(context, id).await
}

/// Whether rounds of that period are under way.
fn is_under_way(context: &Context, period: Period) -> bool {
    let now = context.now();
    now >= Calendar::new(period, 1).start() && now < Calendar::new(period, ATTEMPTS).over()
}

/// Begins the rounds whose date has come, forgets our part in those that are over long ago, and names all others.
fn due(context: &Context, begins: bool) -> Result<Vec<String>, Error> {
    let now = context.now();
    if let Some(period) = Period::of(now).previous().filter(|period| begins && is_under_way(context, *period)) {
        for reference in catalogue_refs(context) {
            match context.transact(|tx| begin(context, tx, &reference, period)) {
                Ok(()) => {}
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) => tracing::warn!(catalogue = %reference.id, code = error.code(), "a pool cannot begin: {error}"),
            }
        }
    }
    let (mut ids, mut old) = (Vec::new(), Vec::new());
    item::each::<Round, _>(&context.store().read()?, |id, round| {
        if round.party.is_none() {
            return Ok(());
        }
        let is_left = round.left;
        let over = Calendar::new(round.plan()?.period(), ATTEMPTS).over();
        if now >= over.plus(KEPT) {
            old.push((id, round));
        } else if !is_left && (now < over || !round.pending.is_empty()) {
            ids.push(id);
        }
        Ok(())
    })?;
    for (id, round) in old {
        let kept = Round { party: None, pending: vec![], ..round };
        context.transact(|tx| item::put(tx, &id, &kept))?;
    }
    Ok(ids)
}

/// Our round for this catalogue and period.
fn find<S: Source>(tx: &Tx<S>, reference: &CatalogueRef, period: Period) -> Result<Option<Round>, Error> {
    let mut found = None;
    item::each::<Round, S>(tx, |_, round| {
        let plan = round.plan()?;
        if plan.catalogue() == reference && plan.period() == period && !round.left {
            found = Some(round);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Begins a round. Once a record of ours is made neither plan nor counters change, whatever the register learns. Until then we follow
/// it: somebody's label of the period may become final here only after we began, and there are as many rounds as registers.
fn begin(context: &Context, tx: &mut WriteTx, reference: &CatalogueRef, period: Period) -> Result<(), Error> {
    let begun = find(tx, reference, period)?;
    let is_open = |round: &Round| round.pending.is_empty() && round.party.as_ref().is_some_and(|party| !party.is_bound());
    let may_change = context.now() < Calendar::new(period, 1).given_up();
    if begun.as_ref().is_some_and(|round| !may_change || !is_open(round)) || !plan::may_have_a_seat(context, tx, reference, period)? {
        return Ok(());
    }
    let Some(made) = plan::made(context, tx, reference, period, true)?.pop().filter(|made| made.plan.period() == period) else {
        return Ok(());
    };
    if !made.plan.agencies().any(|agency| agency == context.me()) {
        return Ok(());
    }
    let id = made.plan.round().to_string();
    if let Some(begun) = begun {
        let former = begun.plan()?.round().to_string();
        if former == id {
            return Ok(());
        }
        tracing::info!(round = %id, %former, "the register has changed since a round of a pool began: another one takes its place");
        item::put(tx, &former, &Round { left: true, ..begun })?;
    }
    if let Some(round) = item::find::<Round, _>(tx, &id)? {
        return item::put(tx, &id, &Round { left: false, ..round });
    }
    let counters = plan::counters(context, tx, reference, period)?;
    let party = Party::new(&made.plan, context.me().clone(), counters)?;
    let text = String::from_utf8(made.plan.to_text()?).map_err(|_| Error::Damaged { what: Round::WHAT })?;
    item::put(tx, &id, &Round { plan: text, party: Some(party), left: false, labels: made.labels, pending: vec![], from: 0 })
}

/// The final records of a round.
fn board<S: Source>(context: &Context, tx: &Tx<S>, round: &Hash) -> Result<Board, Error> {
    let overview = context.engine().overview();
    let mut places = engine::pooled(tx, round)?;
    places.sort_by(|a, b| (&a.0.agency, a.1).cmp(&(&b.0.agency, b.1)));
    let mut board = Board::new(*round);
    for (log, index) in places {
        if overview.logs.get(&log).is_none_or(|held| held.final_size <= index) {
            continue;
        }
        let record = tx.record(&log, index)?.and_then(|bytes| Record::read(&bytes).ok());
        let record = match record {
            Some(Record::PoolHash(hash)) => PoolRecord::Hash(hash),
            Some(Record::PoolReady(ready)) => PoolRecord::Ready(ready),
            Some(Record::PoolFault(fault)) => PoolRecord::Fault(fault),
            Some(Record::PoolTotal(total)) => PoolRecord::Total(total),
            _ => continue,
        };
        board.push(&log.agency, record);
    }
    Ok(board)
}

fn advance(context: &Context, tx: &mut WriteTx, id: &str) -> Result<(), Error> {
    let mut round: Round = item::get(tx, id)?;
    let plan = round.plan()?;
    let board = board(context, tx, plan.round())?;
    let (issue, mut failed) = (context.issue_key(), None);
    let mut draw = |bytes: &mut [u8]| failed = random::system(bytes).err().or(failed.take());
    let means = &mut Means { federation: context.federation(), issue: &issue, random: &mut draw };
    let Some(party) = &mut round.party else { return Ok(()) };
    let actions = party.advance(&plan, &board, context.now(), means)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    if actions.is_empty() {
        return Ok(());
    }
    carry_out(context, tx, &mut round, actions)?;
    item::put(tx, id, &round)
}

/// Queues what is to be sent, and keeps what is to be logged.
fn carry_out(context: &Context, tx: &mut WriteTx, round: &mut Round, actions: Vec<Action>) -> Result<(), Error> {
    for action in actions {
        match action {
            Action::Send { to, message } => {
                let message = parangon_protocol::review::Message::Pool { message: Box::new(message) };
                mail::tell(context, tx, &to, &message)?;
            }
            Action::Append(record) => {
                if round.pending.is_empty() {
                    round.from = tx.size(&context.own_log())?;
                }
                let text = entry(record).to_text().map_err(|_| Error::Damaged { what: Round::WHAT })?;
                round.pending.push(String::from_utf8(text).map_err(|_| Error::Damaged { what: Round::WHAT })?);
            }
        }
    }
    Ok(())
}

fn entry(record: PoolRecord) -> Record {
    match record {
        PoolRecord::Hash(hash) => Record::PoolHash(hash),
        PoolRecord::Ready(ready) => Record::PoolReady(ready),
        PoolRecord::Fault(fault) => Record::PoolFault(fault),
        PoolRecord::Total(total) => Record::PoolTotal(total),
    }
}

/// Puts the records that wait into our log, each once: the node may have stopped between writing one and remembering that.
async fn write(context: &Context, id: &str) -> Result<(), Error> {
    loop {
        let named = id.to_owned();
        let next = context.run(move |context| next(context, &named)).await?;
        let Some((record, stands)) = next else { return Ok(()) };
        if !stands {
            context.engine().append(vec![record]).await?;
        }
        let named = id.to_owned();
        let done = move |context: &Context| {
            context.transact(|tx| {
                let mut round: Round = item::get(tx, &named)?;
                round.pending.remove(0);
                item::put(tx, &named, &round)
            })
        };
        context.run(done).await?;
    }
}

/// The first record that waits, and whether it stands in our log already.
fn next(context: &Context, id: &str) -> Result<Option<(Record, bool)>, Error> {
    let tx = context.store().read()?;
    let Some(round) = item::find::<Round, _>(&tx, id)? else { return Ok(None) };
    let Some(text) = round.pending.first() else { return Ok(None) };
    let record = Record::read(text.as_bytes()).map_err(|_| Error::Damaged { what: Round::WHAT })?;
    let log = context.own_log();
    for index in round.from..tx.size(&log)? {
        if tx.record(&log, index)?.is_some_and(|bytes| bytes == text.as_bytes()) {
            return Ok(Some((record, true)));
        }
    }
    Ok(Some((record, false)))
}

/// A part of a round came. Where the round has not begun here, our clock or register may lag behind: it is to come again, while rounds
/// can begin.
pub(crate) fn on_message(context: &Context, tx: &mut WriteTx, from: &AgencyId, message: &Message) -> Result<(), Error> {
    let id = message.round().to_string();
    let Some(mut round) = item::find::<Round, _>(tx, &id)? else {
        let previous = Period::of(context.now()).previous();
        let may_begin = previous.is_some_and(|period| context.now() < Calendar::new(period, ATTEMPTS).over());
        let may_begin = may_begin && context.charter().disclosure.pool.is_some();
        return Err(if may_begin { Error::OtherRound(from.clone()) } else { PoolError::OtherRound(from.clone()).into() });
    };
    let plan = round.plan()?;
    let board = board(context, tx, plan.round())?;
    let book = context.engine().book();
    let issue = |agency: &AgencyId| book.issue_keys(agency);
    let keys = Keys { federation: context.federation(), issue: &issue };
    let Some(party) = &mut round.party else { return Err(PoolError::OtherRound(from.clone()).into()) };
    let actions = party.receive(&plan, &board, from, message, keys).map_err(|error| match error {
        PoolError::NoKey(agency) => Error::KeysUnknown(agency),
        error => Error::Pool(error),
    })?;
    carry_out(context, tx, &mut round, actions)?;
    item::put(tx, &id, &round)
}

/// Catalogues for which there can be rounds.
fn catalogue_refs(context: &Context) -> Vec<CatalogueRef> {
    let known = |reference: &&CatalogueRef| catalogues::by_reference(context, reference).is_ok();
    context.charter().catalogues.iter().filter(known).cloned().collect()
}
