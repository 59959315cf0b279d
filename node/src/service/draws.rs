//! The draw of reviewers between nodes (protocol, "Draws"): staff call for it, nodes do the rest by themselves.
//!
//! The owner's side (`owner`) sends an anchored call, collects commitments and receipts, fixes which count, and puts the evidence
//! together. The other side (`party`) contributes a value, holds shares, and opens both for one selection only. Whatever a node says in a
//! draw is on disk before it leaves.

mod owner;
mod party;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parangon_protocol::charter::Level;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::limits;
use parangon_protocol::review::Offer;
use parangon_protocol::review::draw::{
    Cycle, Deal, Draw, DrawError, Keys, Message, SignedCall, SignedCommitment, SignedOpening, SignedRelease, SignedSelection, Value,
};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

pub(crate) use owner::on_dated;
pub use view::{DrawView, list, show};
pub(crate) use view::{Ranked, ranked, recount};

use super::item::{self, Item};
use super::{Context, Error, mail, register};
use crate::store::{Source, Tx, WriteTx};

/// Between two looks at what time alone brings.
const TICK: Duration = Duration::from_secs(30);

/// Agencies that are asked for a value: the two that count, and two for void ones.
const ASKED: usize = 4;

/// Days after that of the call until which values are committed to. In the first one it is anchored.
const DAYS: u64 = 5;

/// Seconds after the selection from which a value counts as withheld.
const PATIENCE: u64 = 6 * 3_600;

/// Draws of one owner in which this node takes part at once.
const PARTS: u32 = 512;

/// Bytes of evidence that find room in a label beside everything else.
const EVIDENCE_BYTES: usize = limits::RECORD_BYTES / 4 * 3;

/// Ticks between two looks for parts that are no longer needed.
const CLEANED: u32 = 120;

/// Seconds after a draw's end for which its parts are kept.
const KEPT: u64 = 400 * 86_400;

/// A draw that we called for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Called {
    call: SignedCall,
    /// Our assessment.
    assessment: String,
    /// When the contributors were asked.
    #[serde(default)]
    sent: Option<Timestamp>,
    #[serde(default)]
    commitments: BTreeMap<AgencyId, SignedCommitment>,
    /// Our own share of each value.
    #[serde(default)]
    shares: BTreeMap<AgencyId, Deal>,
    /// Who says that it holds its share, by the hash of the commitment: that may still be on its way.
    #[serde(default)]
    receipts: BTreeMap<Hash, BTreeSet<AgencyId>>,
    #[serde(default)]
    selection: Option<SignedSelection>,
    #[serde(default)]
    openings: BTreeMap<AgencyId, SignedOpening>,
    /// Values that their contributors withhold.
    #[serde(default)]
    withheld: BTreeMap<AgencyId, BTreeMap<AgencyId, SignedRelease>>,
    #[serde(default)]
    draw: Option<Draw>,
    /// Why it came to nothing.
    #[serde(default)]
    failed: Option<String>,
}

impl Item for Called {
    const KIND: u8 = 22;
    const WHAT: &'static str = "draw";
}

/// Our part in a draw of somebody else.
#[derive(Serialize, Deserialize)]
struct Part {
    call: SignedCall,
    /// What we contribute.
    #[serde(default)]
    ours: Option<(Value, SignedCommitment)>,
    /// Shares that we hold, by contributor.
    #[serde(default)]
    deals: BTreeMap<AgencyId, Deal>,
    /// The one that we answer.
    #[serde(default)]
    selection: Option<SignedSelection>,
    #[serde(default)]
    commitments: Vec<SignedCommitment>,
    /// Values that were opened to us.
    #[serde(default)]
    openings: BTreeMap<AgencyId, SignedOpening>,
    /// Whose shares we gave back.
    #[serde(default)]
    released: BTreeSet<AgencyId>,
}

impl Item for Part {
    const KIND: u8 = 23;
    const WHAT: &'static str = "part in a draw";
}

/// The one call of a cycle that we made, or contribute to. Named by the cycle.
#[derive(Serialize, Deserialize)]
struct Once {
    call: Hash,
}

impl Item for Once {
    const KIND: u8 = 24;
    const WHAT: &'static str = "cycle of a draw";
}

/// How many draws of an owner we have a part in.
#[derive(Default, Serialize, Deserialize)]
struct Parts {
    count: u32,
}

impl Item for Parts {
    const KIND: u8 = 29;
    const WHAT: &'static str = "count of draws";
}

/// What reviewers are to be drawn for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraw {
    /// Our assessment.
    pub assessment: String,
    /// The label system; the charter's, when it has only one.
    #[serde(default)]
    pub scheme: Option<String>,
    /// `BRONZE`, `SILVER` or `GOLD`.
    pub level: String,
}

/// Calls for a draw. It is sent when the day's anchor covers it, and is over some minutes later where everybody asked is connected.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`], [`Error::Exists`] when the cluster's next label of this level was drawn for already,
/// [`Error::Draw`] when nobody is there to contribute.
pub fn call(context: &Context, new: &NewDraw) -> Result<DrawView, Error> {
    owner::call(context, new)
}

/// The name of a cycle.
fn cycle_id(cycle: &Cycle) -> String {
    let after = cycle.after.map(|label| label.to_string()).unwrap_or_default();
    let parts = [cycle.cluster.as_str(), cycle.scheme.as_str(), cycle.level.as_str(), &after];
    Hash::of(&[b"parangon/cycle\n", parts.join("\n").as_bytes()]).to_string()
}

/// The last label of a cluster, scheme and level that the register knows.
fn last_label<S: Source>(tx: &Tx<S>, cycle: &Cycle) -> Result<Option<LabelId>, Error> {
    register::last(tx, &cycle.cluster, &cycle.scheme, cycle.level, |_| true)
}

/// Checks by the keys that are known here. Keys that are not known yet may come.
fn with_keys<R>(context: &Context, check: impl FnOnce(Keys<'_>) -> Result<R, DrawError>) -> Result<R, Error> {
    let book = context.engine().book();
    let issue = |agency: &AgencyId| book.issue_keys(agency);
    check(Keys { federation: context.federation(), issue: &issue }).map_err(|error| match error {
        DrawError::NoKey(agency) => Error::KeysUnknown(agency),
        error => Error::Draw(error),
    })
}

/// Queues a part of a draw. Whoever cannot be told must not keep the others from being told.
fn send(context: &Context, tx: &mut WriteTx, to: &AgencyId, message: Message) -> Result<(), Error> {
    mail::tell(context, tx, to, &parangon_protocol::review::Message::Draw { message: Box::new(message) })
}

/// A part of a draw came.
pub(crate) fn on_message(context: &Context, tx: &mut WriteTx, from: &AgencyId, message: &Message) -> Result<(), Error> {
    match message {
        Message::Call { call, dated } => party::on_call(context, tx, call, dated),
        Message::Deal { call, deal } if call.body.owner == *context.me() => owner::on_deal(context, tx, deal),
        Message::Deal { call, deal } => party::on_deal(context, tx, call, deal),
        Message::Commit { commitment } => owner::on_commit(context, tx, commitment),
        Message::Held { call, commitment } => owner::on_held(context, tx, from, call, commitment),
        Message::Select { commitments, selection } => party::on_select(context, tx, selection, commitments),
        Message::Open { opening } => match item::find::<Called, _>(tx, &opening.body.call.to_string())? {
            Some(called) => owner::on_open(context, tx, called, opening),
            None => party::on_open(context, tx, opening),
        },
        Message::Withheld { call, contributor, selection } => party::on_withheld(context, tx, from, call, contributor, selection),
        Message::Release { release, shares } => owner::on_release(context, tx, release, shares),
    }
}

/// Goes on with what time alone brings, until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ticks = 0u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if ticks.is_multiple_of(CLEANED)
            && let Err(error) = context.run(clean).await
        {
            tracing::warn!(%error, code = error.code(), "parts of draws that are over could not be deleted; it is tried again");
        }
        ticks = ticks.wrapping_add(1);
        if let Err(error) = context.run(round).await {
            tracing::warn!(%error, code = error.code(), "a draw could not go on; it is tried again");
        }
        context.queued().notify_one();
    }
}

/// Does what is due: selections when the time for commitments is over, values that are withheld. What one draw is refused for keeps no other from
/// going on.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`]: what was not done is done by the next round.
pub(crate) fn round(context: &Context) -> Result<(), Error> {
    let mut open = Vec::new();
    item::each::<Called, _>(&context.store().read()?, |id, called| {
        open.extend(called.waits_for_time(context.now()).then_some(id));
        Ok(())
    })?;
    for id in open {
        match context.transact(|tx| owner::go_on(context, tx, &id)) {
            Ok(()) => {}
            Err(error @ Error::Store(_)) => return Err(error),
            Err(error) => tracing::warn!(call = %id, code = error.code(), "a draw cannot go on: {error}"),
        }
    }
    Ok(())
}

/// Deletes our parts in draws that were over long ago.
fn clean(context: &Context) -> Result<(), Error> {
    let mut over = Vec::new();
    item::each::<Part, _>(&context.store().read()?, |id, part| {
        over.extend((part.call.body.until.plus(KEPT) < context.now()).then_some((id, part.call.body.owner)));
        Ok(())
    })?;
    for (id, owner) in over {
        context.transact(|tx| party::forget(tx, &id, &owner))?;
    }
    Ok(())
}

/// The evidence of the draw that was made for what an offer is about.
pub(crate) fn evidence<S: Source>(tx: &Tx<S>, offer: &Offer) -> Result<Option<Draw>, Error> {
    Ok(find(tx, offer)?.and_then(|called| called.draw))
}

/// The draw of ours for what an offer is about, finished or not.
fn find<S: Source>(tx: &Tx<S>, offer: &Offer) -> Result<Option<Called>, Error> {
    let last = register::last(tx, &offer.cluster.id, &offer.scheme, offer.level, |_| true)?;
    let mut found = None;
    item::each::<Called, S>(tx, |_, called| {
        let call = &called.call.body;
        if call.concerns(offer.case(), offer.level) && call.continues(last.as_ref()).is_ok() {
            found = Some(called);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Forgets the draws for a cluster, or an assessment, that is erased.
pub(crate) fn erase(tx: &mut WriteTx, of: &str) -> Result<u64, Error> {
    let mut found = Vec::new();
    item::each::<Called, _>(tx, |id, called| {
        found.extend((called.call.body.cluster.as_str() == of || called.assessment == of).then_some(id));
        Ok(())
    })?;
    for id in &found {
        tx.delete_private(Called::KIND, id)?;
    }
    Ok(found.len() as u64)
}

/// Whether a draw has to come first.
pub(crate) fn is_needed(context: &Context, level: Level) -> Option<Error> {
    let needed = "the charter asks for a draw first: parangon review draw ASSESSMENT --level LEVEL; where one failed, the members decide: parangon federation propose --drawn false";
    context.charter().conflicts.drawn.then(|| Error::State { what: "review", state: format!("not drawn for {level}"), needed })
}
