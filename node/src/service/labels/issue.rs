//! From reviews to a label in our log.

use parangon_protocol::keys::{KeySet, Signature};
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::label::{Endorsement, Label, LabelId, ProofValue};
use parangon_protocol::record::Record;
use parangon_protocol::review::Outcome;
use serde::{Deserialize, Serialize};

use super::LabelView;
use crate::engine::RegisterRow;
use crate::service::item::{self, Item};
use crate::service::offers::{self, Offered};
use crate::service::{Context, Error, panel, random_bytes, register};
use crate::store::{Source, Tx, WriteTx};

/// Places of a bitstring status list, the smallest that hides which of them are used (credential format, point 6).
const STATUS_PLACES: u32 = 131_072;

/// Draws of a free place before giving up: with half of the places taken, one in 2^64 times.
const DRAWS: usize = 64;

/// A place in our status list that is taken.
#[derive(Serialize, Deserialize)]
struct StatusPlace {
    label: LabelId,
}

impl Item for StatusPlace {
    const KIND: u8 = 10;
    const WHAT: &'static str = "place in the status list";
}

/// Issues the label that the offer's reviews carry: decides, signs, appends. The others confirm it afterwards.
///
/// # Errors
/// [`Error::Unmet`] with every reason why the reviews do not carry the level, [`Error::State`] when the offer is closed,
/// [`Error::Engine`] when the label breaks a rule, [`Error::ClockBehind`].
pub async fn issue(context: &Context, offer: &str) -> Result<LabelView, Error> {
    // Dates far from the other members' would make a label that they call not yet valid, or back-dated.
    let seconds = context.clock_behind();
    if seconds > 0 {
        return Err(Error::ClockBehind { seconds });
    }
    let _one = context.issuing().lock().await;
    let id = offer.to_owned();
    let (label, is_there) = context.run(move |context| prepare(context, &id)).await?;
    if !is_there {
        context.engine().append(vec![Record::Label(Box::new(label.clone()))]).await?;
    }
    context
        .run(move |context| {
            context.transact(|tx| offers::on_issued(context, tx, &label.common))?;
            super::show(context, &label.common.id()?.to_string())
        })
        .await
}

/// What would become public by [`issue`]: nothing is changed.
///
/// # Errors
/// As [`issue`].
pub fn preview(context: &Context, offer: &str) -> Result<serde_json::Value, Error> {
    let offered = offers::load(&context.store().read()?, offer)?;
    let endorsements = carried(context, &offered)?;
    let common = offered.offer.body.common(dossier(&offered)?)?;
    let endorsers: Vec<_> = endorsements.iter().map(|endorsement| endorsement.endorser.as_str()).collect();
    Ok(serde_json::json!({ "public": common, "endorsers": endorsers }))
}

/// The signed label, and whether it stands in our log already: a crash came between the log and the offer.
fn prepare(context: &Context, offer: &str) -> Result<(Label, bool), Error> {
    let tx = context.store().read()?;
    let offered = offers::load(&tx, offer)?;
    if offered.exchange.outcome() != Outcome::Open {
        let state = if offered.label.is_some() { "closed by its label" } else { "withdrawn" };
        return Err(Error::State { what: "offer", state: state.into(), needed: "one offer carries one label; make a new offer" });
    }
    let endorsements = carried(context, &offered)?;
    let offer = &offered.offer.body;
    let common = offer.common(dossier(&offered)?)?;
    let id = common.id()?;
    let is_there = RegisterRow::read(&tx, &id)?.is_some();
    let book = context.engine().book();
    let (keyset, keys) = book.current(context.me()).ok_or_else(|| Error::KeysUnknown(context.me().clone()))?;
    let issued = context.now();
    if !is_there {
        let charter = context.charter_version(common.charter)?;
        panel::check(&charter, &tx, offer, endorsements.iter().map(|e| &e.endorser), |row| panel::is_below(&offer.heads, row))?;
    }
    let replaced = register::replaced(&tx, &common.cluster.id, &common.scheme, common.level, issued)?;
    let mut label = Label {
        issued,
        status_index: status_place(&tx)?,
        keyset,
        adoption: adoption(context)?,
        heads: offer.heads.clone(),
        endorsements,
        supersedes: replaced.map(|row| row.label.id).filter(|older| *older != id),
        proof: ProofValue(Signature([0; 64])),
        common,
    };
    label.proof = sign(context, &label, keys)?;
    Ok((label, is_there))
}

fn dossier(offered: &Offered) -> Result<parangon_protocol::id::Hash, Error> {
    let none = Error::State { what: "offer", state: "without a review".into(), needed: "wait until an agency has reviewed" };
    offered.exchange.dossier().ok_or(none)
}

/// The endorsements of reviews that carry the level, sorted by endorser.
fn carried(context: &Context, offered: &Offered) -> Result<Vec<Endorsement>, Error> {
    let level = offered.offer.body.level;
    if let Some(agency) = offered.pending(context.now()) {
        let state = format!("waiting for {agency}, which has accepted, until {}", offered.offer.body.due);
        return Err(Error::State { what: "offer", state, needed: "wait for its final review, or for the due date" });
    }
    let decision = offered.decide(context)?.map_err(|reasons| Error::Unmet { level, reasons })?;
    let endorsement = |reviewer: &parangon_protocol::id::AgencyId| {
        let found = offered.parties.get(reviewer).and_then(|notes| notes.endorsement.clone());
        found.ok_or_else(|| Error::Unendorsed { reviewer: reviewer.clone(), level })
    };
    let mut endorsements = decision.tallies.iter().map(|tally| endorsement(&tally.reviewer)).collect::<Result<Vec<_>, _>>()?;
    endorsements.sort_by(|a, b| a.endorser.cmp(&b.endorser));
    Ok(endorsements)
}

fn sign(context: &Context, label: &Label, keys: &KeySet) -> Result<ProofValue, Error> {
    let version = label.common.charter;
    let charter = context.charter_version(version)?;
    let subject = LabelSubject { federation: context.federation(), charter: &charter, label, issuer_key: &keys.issue };
    Ok(subject.sign(&context.keyring().of(keys).issue_key())?)
}

/// A free place, drawn at random: it must not tell how many labels there are. It is taken with the label's offer.
fn status_place<S: Source>(tx: &Tx<S>) -> Result<u32, Error> {
    for _ in 0..DRAWS {
        // 2^32 is a multiple of the number of places: no place is likelier than another.
        let place = u32::from_be_bytes(random_bytes()?) % STATUS_PLACES;
        if item::find::<StatusPlace, S>(tx, &place_id(place))?.is_none() {
            return Ok(place);
        }
    }
    Err(Error::State { what: "status list", state: "full".into(), needed: "this version has one list for each agency" })
}

fn place_id(place: u32) -> String {
    format!("{place:06}")
}

/// Notes that a label of ours has its place in the status list.
pub(crate) fn take_status_place(tx: &mut WriteTx, label: &LabelId) -> Result<(), Error> {
    let row = register::row(tx, label)?;
    let bytes = tx.record(&row.label.log, row.label.index)?.ok_or(Error::Damaged { what: "label" })?;
    match Record::read(&bytes) {
        Ok(Record::Label(record)) => item::put(tx, &place_id(record.status_index), &StatusPlace { label: *label }),
        _ => Err(Error::Damaged { what: "label" }),
    }
}

/// Index of the charter record that rules what our log appends next.
fn adoption(context: &Context) -> Result<u64, Error> {
    let overview = context.engine().overview();
    let adopted = overview.logs.get(&context.own_log()).and_then(|log| log.adopted);
    adopted.map(|(index, _)| index).ok_or(Error::Damaged { what: "charter record in our log" })
}
