//! From reviews to a label in our log.

use parangon_protocol::canonical;
use parangon_protocol::id::Hash;
use parangon_protocol::keys::{KeySet, Signature};
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::label::{Common, Endorsement, Label, LabelId, ProofValue, status};
use parangon_protocol::limits;
use parangon_protocol::record::Record;
use parangon_protocol::review::Outcome;
use parangon_protocol::review::decision::Decision;
use parangon_protocol::review::draw::Draw;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LabelView;
use crate::engine::RegisterRow;
use crate::service::item::{self, Item};
use crate::service::offers::{self, Agreed, DecisionView, Offered, What};
use crate::service::roles::Actor;
use crate::service::{Context, Error, draws, panel, random_bytes, register};
use crate::store::{Source, Tx, WriteTx};

/// Draws of a free place before giving up: with half of the places taken, one in 2^64 times.
const DRAWS: usize = 64;

/// What separates hashes of what people decide on from all others.
const DECISION: &[u8] = b"parangon/label-decision/v1\n";

/// A place in our status list that is taken.
#[derive(Serialize, Deserialize)]
struct StatusPlace {
    label: LabelId,
}

impl Item for StatusPlace {
    const KIND: u8 = 10;
    const WHAT: &'static str = "place in the status list";
}

/// What came of a decision to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    /// The label is in our log.
    Label(Box<LabelView>),
    /// Another person has to confirm.
    Decided(DecisionView),
}

/// What the label says that is not drawn or dated anew when it is signed: what people see and decide on.
#[derive(Serialize)]
struct Content<'a> {
    common: &'a Common,
    #[serde(skip_serializing_if = "Option::is_none")]
    draw: Option<&'a Draw>,
    endorsements: &'a [Endorsement],
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: Option<LabelId>,
}

impl Content<'_> {
    fn hash(&self) -> Result<Hash, Error> {
        Ok(Hash::of(&[DECISION, &canonical::encode(self, limits::DOCUMENT_BYTES)?]))
    }
}

/// What would become public, and why it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewView {
    /// The label's fields.
    pub public: serde_json::Value,
    /// The draw of the reviewers, as it stands in the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<serde_json::Value>,
    /// The endorsing agencies.
    pub endorsers: Vec<String>,
    /// Their endorsements, as they stand in the label.
    pub endorsements: serde_json::Value,
    /// The label that it would replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// SHA-256 of all that: whoever sends it with the order to issue gets this label or none.
    pub content: String,
    /// The rule that was applied, with its numbers. Confidential: names points.
    pub rule: String,
    /// Whether a second person has to confirm.
    pub two_people: bool,
    /// What one person decided already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionView>,
}

/// Issues the label that the offer's reviews carry: decides, signs, appends. The others confirm it afterwards. Where two people
/// decide, the first one's decision is noted, and the second one's issues. `shown` is the content that was looked at.
///
/// # Errors
/// [`Error::Unmet`] with every reason why the reviews do not carry the level, [`Error::State`] when the offer is closed,
/// [`Error::SamePerson`], [`Error::OtherContent`] when something else was shown, [`Error::VoidDecision`] when something else was
/// decided on, [`Error::Engine`] when the label breaks a rule, [`Error::ClockBehind`].
pub async fn issue(context: &Context, offer: &str, by: &Actor, shown: Option<Hash>) -> Result<Issued, Error> {
    // Dates far from the other members' would make a label that they call not yet valid, or back-dated.
    let seconds = context.clock_behind();
    if seconds > 0 {
        return Err(Error::ClockBehind { seconds });
    }
    let _one = context.issuing().lock().await;
    let (id, by) = (offer.to_owned(), by.clone());
    let label = match context.run(move |context| prepare(context, &id, &by, shown)).await? {
        Prepared::Waits(decision) => return Ok(Issued::Decided(decision)),
        Prepared::Void { by, at } => return Err(Error::VoidDecision { by, at }),
        Prepared::There(label) => label,
        Prepared::Label(label) => {
            context.engine().append(vec![Record::Label(label.clone())]).await?;
            label
        }
    };
    let show = move |context: &Context| {
        context.transact(|tx| offers::on_issued(context, tx, &label.common))?;
        super::show(context, &label.common.id()?.to_string())
    };
    Ok(Issued::Label(Box::new(context.run(show).await?)))
}

/// What would become public by [`issue`]: nothing is changed.
///
/// # Errors
/// As [`issue`].
pub fn preview(context: &Context, offer: &str) -> Result<PreviewView, Error> {
    let tx = context.store().read()?;
    let offered = offers::load(&tx, offer)?;
    is_open(&offered)?;
    let (decision, endorsements) = carried(context, &offered)?;
    let common = offered.offer.body.common(dossier(&offered)?)?;
    let supersedes = supersedes(&tx, &common, context.now())?;
    let draw = draws::evidence(&tx, &offered.offer.body)?;
    let content = Content { common: &common, draw: draw.as_ref(), endorsements: &endorsements, supersedes }.hash()?;
    Ok(PreviewView {
        public: serde_json::to_value(&common).map_err(|_| Error::Damaged { what: "label" })?,
        draw: draw.as_ref().map(serde_json::to_value).transpose().map_err(|_| Error::Damaged { what: "draw" })?,
        endorsers: endorsements.iter().map(|endorsement| endorsement.endorser.to_string()).collect(),
        endorsements: serde_json::to_value(&endorsements).map_err(|_| Error::Damaged { what: "endorsement" })?,
        supersedes: supersedes.map(|older| older.to_string()),
        content: content.to_string(),
        rule: decision.to_string(),
        two_people: context.policy().two_people,
        decision: offered.view(context)?.decision,
    })
}

enum Prepared {
    /// To be appended.
    Label(Box<Label>),
    /// It stands in our log already: a crash came between the log and the offer.
    There(Box<Label>),
    /// A second person has to confirm.
    Waits(DecisionView),
    /// The first one's decision is gone.
    Void { by: String, at: Timestamp },
}

fn is_open(offered: &Offered) -> Result<(), Error> {
    if offered.exchange.outcome() == Outcome::Open {
        return Ok(());
    }
    let state = if offered.label.is_some() { "closed by its label" } else { offered.state() };
    Err(Error::State { what: "offer", state: state.into(), needed: "one offer carries one label; make a new offer" })
}

fn supersedes<S: Source>(tx: &Tx<S>, common: &Common, now: Timestamp) -> Result<Option<LabelId>, Error> {
    let id = common.id()?;
    let replaced = register::replaced(tx, &common.cluster.id, &common.scheme, common.level, now)?;
    Ok(replaced.map(|row| row.label.id).filter(|older| *older != id))
}

/// The signed label, once enough people have decided on it.
fn prepare(context: &Context, offer: &str, by: &Actor, shown: Option<Hash>) -> Result<Prepared, Error> {
    let tx = context.store().read()?;
    let offered = offers::load(&tx, offer)?;
    is_open(&offered)?;
    let (_, endorsements) = carried(context, &offered)?;
    let common = offered.offer.body.common(dossier(&offered)?)?;
    let is_there = RegisterRow::read(&tx, &common.id()?)?.is_some();
    let book = context.engine().book();
    let (keyset, keys) = book.current(context.me()).ok_or_else(|| Error::KeysUnknown(context.me().clone()))?;
    let issued = context.now();
    if !is_there {
        let (charter, offer) = (context.charter_version(common.charter)?, &offered.offer.body);
        panel::check(&charter, &tx, offer, endorsements.iter().map(|e| &e.endorser), |row| panel::is_below(&offer.heads, row))?;
    }
    let supersedes = supersedes(&tx, &common, issued)?;
    let draw = draws::evidence(&tx, &offered.offer.body)?.map(Box::new);
    let content = Content { common: &common, draw: draw.as_deref(), endorsements: &endorsements, supersedes }.hash()?;
    if shown.is_some_and(|shown| shown != content) {
        return Err(Error::OtherContent);
    }
    let mut label = Label {
        issued,
        status_index: status_place(&tx)?,
        keyset,
        adoption: adoption(context)?,
        heads: offered.offer.body.heads.clone(),
        draw,
        endorsements,
        supersedes,
        proof: ProofValue(Signature([0; 64])),
        common,
    };
    label.proof = sign(context, &label, keys)?;
    if is_there {
        return Ok(Prepared::There(Box::new(label)));
    }
    let agreed = context.transact(|tx| {
        let mut offered = offers::load(tx, offer)?;
        is_open(&offered)?;
        let agreed = offered.agree(context, What::Issue, content, by)?;
        // A decision that two have made stays until the label is in the log.
        if !matches!(agreed, Agreed::Both) {
            item::put(tx, offer, &offered)?;
        }
        Ok(agreed)
    })?;
    Ok(match agreed {
        Agreed::Both => Prepared::Label(Box::new(label)),
        Agreed::First(decision) => Prepared::Waits(decision),
        Agreed::Void { by, at } => Prepared::Void { by, at },
    })
}

fn dossier(offered: &Offered) -> Result<parangon_protocol::id::Hash, Error> {
    let none = Error::State { what: "offer", state: "without a review".into(), needed: "wait until an agency has reviewed" };
    offered.exchange.dossier().ok_or(none)
}

/// The decision that the reviews amount to, and their endorsements, sorted by endorser.
fn carried(context: &Context, offered: &Offered) -> Result<(Decision, Vec<Endorsement>), Error> {
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
    Ok((decision, endorsements))
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
        let place = u32::from_be_bytes(random_bytes()?) % status::PLACES;
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
