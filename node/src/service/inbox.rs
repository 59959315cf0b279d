//! Reviews that others ask of us: offers that came in, our answers, the dossier, our review.

mod arrivals;
mod keeping;
mod parts;
mod review;
mod talk;
mod waits;
mod work;

use parangon_protocol::charter::Charter;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::{Conflicts, Endorsement};
use parangon_protocol::review::{
    Acceptance, Assignment, Decline, DeclineReason, Event, Message, Outcome, Signed, SignedOffer, SignedReview, State, Statement,
};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use arrivals::{awaits, dossier_key, is_from_owner, on_dossier, on_issued, on_offer, on_refused, on_withdrawal};
pub(crate) use keeping::{Held, LastWord, due, erase, forget_review, held, let_go};
pub use parts::evidence;
pub(crate) use parts::{dossiers, on_part, resume};
pub use review::{DossierView, ReviewResult, dossier, submit};
pub use talk::{ConversationView, NewQuestion, ask, conversation, finalise};
pub(crate) use talk::{on_reply, on_response, response_until, said_by};
pub use waits::show;
pub(crate) use waits::waits;
pub use work::{ReviewInput, WorkPreview, WorkView, import, work, workbook, write};

use super::assessments::ScoreMap;
use super::clusters::ClusterView;
use super::item::{self, Item};
use super::{Context, Error, anchors, erasure, mail, panel};
use crate::sealing::FreshKey;
use crate::service::offers::charter_of;
use crate::store::{Source, Tx, WriteTx};

/// An offer as we keep it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Assigned {
    offer: SignedOffer,
    assignment: Assignment,
    since: Timestamp,
    #[serde(default)]
    review: Option<SignedReview>,
    /// Our final review, where the first one was a draft.
    #[serde(default)]
    last: Option<SignedReview>,
    #[serde(default)]
    endorsement: Option<Endorsement>,
    /// The owner's node will never take a message of ours about this.
    #[serde(default)]
    refused: bool,
    /// Parts of the dossier's files.
    #[serde(default)]
    parts: u32,
    /// How many of them were asked for.
    #[serde(default)]
    asked: u32,
    /// When one came last, or was asked for.
    #[serde(default)]
    part_at: Timestamp,
    /// When the content of our review was deleted.
    #[serde(default)]
    erased: Option<Timestamp>,
}

impl Item for Assigned {
    const KIND: u8 = 5;
    const WHAT: &'static str = "review request";
}

/// The secret half of a dossier's key. Deleting it is what makes the dossier unreadable.
#[derive(Serialize, Deserialize)]
struct DossierKey {
    secret: String,
}

impl Item for DossierKey {
    const KIND: u8 = 6;
    const WHAT: &'static str = "dossier key";
}

/// The kind under which the sealed dossier lies, as it arrived.
const SEALED_DOSSIER: u8 = 7;

/// An endorsement that we made, by the label's id: only these are ever confirmed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) endorsement: Hash,
    pub(crate) offer: Hash,
}

impl Item for Made {
    const KIND: u8 = 8;
    const WHAT: &'static str = "endorsement";
}

/// How far the files of a dossier are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartsView {
    /// Parts that are here.
    pub received: u32,
    /// Parts that there are.
    pub total: u32,
}

/// A review that others ask of us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InboxView {
    /// The offer's hash: names it.
    pub offer: String,
    /// Who asks.
    pub owner: String,
    /// The cluster.
    pub cluster: ClusterView,
    /// The label system.
    pub scheme: String,
    /// The catalogue of the assessment.
    pub catalogue: String,
    /// Its hash: names it exactly.
    pub catalogue_hash: String,
    /// The level sought.
    pub level: &'static str,
    /// Languages of the dossier.
    pub languages: Vec<String>,
    /// When the review should be there.
    #[schema(value_type = String)]
    pub due: Timestamp,
    /// `offered`, `accepted`, `declined`, `dossier-sent`, `reviewed`, `finalised`, `withdrawn` or `issued`.
    #[schema(value_type = String)]
    pub state: State,
    /// Since when.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// Whether our review recommended the level; absent before one that counts is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommended: Option<bool>,
    /// How far the files of the dossier are, while they are on their way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<PartsView>,
    /// What the conflict rules say against us before we have accepted, with what this node knows today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objection: Option<String>,
    /// What waits for one of us, since when and until when, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
    /// That messages about it wait until the owner's node is connected. Only where one is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// What keeps our messages from counting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// What to do now.
    pub next_step: &'static str,
}

impl Assigned {
    /// How far the files are, while some are missing.
    fn parts<S: Source>(&self, tx: &Tx<S>) -> Result<Option<PartsView>, Error> {
        if self.parts == 0 || self.assignment.state() != State::DossierSent {
            return Ok(None);
        }
        let parts = PartsView { received: parts::received(tx, &self.assignment.offer_hash().to_string())?, total: self.parts };
        Ok(Some(parts).filter(|parts| parts.received < parts.total))
    }

    /// What the conflict rules say against us, while we can still decline.
    fn objection<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<Option<String>, Error> {
        if self.assignment.state() != State::Offered {
            return Ok(None);
        }
        let charter = charter_of(context, &self.offer)?;
        match panel::check(&charter, tx, &self.offer.body, [context.me()], |_| true) {
            Ok(()) => Ok(None),
            Err(refused @ (Error::Objected { .. } | Error::Reviewer { .. })) => Ok(Some(refused.to_string())),
            Err(error) => Err(error),
        }
    }

    fn view<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<InboxView, Error> {
        let offer = &self.offer.body;
        let parts = self.parts(tx)?;
        let objection = self.objection(context, tx)?;
        Ok(InboxView {
            offer: self.assignment.offer_hash().to_string(),
            owner: offer.owner.to_string(),
            cluster: (&offer.cluster).into(),
            scheme: offer.scheme.to_string(),
            catalogue: offer.catalogue.id.to_string(),
            catalogue_hash: offer.catalogue.hash.to_string(),
            level: offer.level.as_str(),
            languages: offer.languages.clone(),
            due: offer.due,
            state: self.assignment.state(),
            since: self.since,
            recommended: self.counting().map(|_| self.endorsement.is_some()),
            waits: self.waits(tx, context.now())?.map(|waiting| waiting.words(context.now())),
            delivery: None,
            problem: self.refused.then_some("the owner's node refused our message for good, perhaps because it came too late"),
            next_step: match self.assignment.state() {
                _ if self.refused && !is_over(self) => "speak with the owner, or step back",
                State::Offered if objection.is_some() => "decline: the conflict rules exclude us",
                State::Offered => "accept or decline",
                State::Accepted => "wait for the dossier: it is sent by itself once the owner is connected",
                State::DossierSent if parts.is_some() => "wait: the files of the dossier are on their way",
                State::DossierSent => "review the dossier",
                State::Reviewed if offer.comments && self.assignment.response().is_some() => {
                    "make the review final: the owner has responded"
                }
                State::Reviewed if offer.comments => "wait for the owner's response",
                State::Reviewed | State::Finalised => "wait for the owner's decision",
                State::Issued => "nothing: the label is issued",
                State::Declined | State::Withdrawn | State::Contradicted => "nothing",
            },
            parts,
            objection,
        })
    }

    /// Our review that counts.
    fn counting(&self) -> Option<&SignedReview> {
        if self.offer.body.comments { self.last.as_ref() } else { self.review.as_ref() }
    }

    fn apply(&mut self, charter: &Charter, event: Event<'_>, now: Timestamp) -> Result<(), Error> {
        let before = self.assignment.state();
        if self.assignment.apply(charter, event)? != before {
            self.since = now;
        }
        Ok(())
    }
}

fn load<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Assigned, Error> {
    item::get(tx, offer)
}

/// Every review that others ask of us, newest last.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<InboxView>, Error> {
    let mut views = Vec::new();
    let tx = context.store().read()?;
    item::each::<Assigned, _>(&tx, |_, assigned| {
        views.push(assigned.view(context, &tx)?);
        Ok(())
    })?;
    views.sort_by(|a, b| (a.since, &a.offer).cmp(&(b.since, &b.offer)));
    Ok(views)
}

/// Accepts, with the declaration that no expert of ours has ties to the cluster, and with a fresh key for the dossier.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Exchange`] when it was answered before, [`Error::Objected`] when what was published by now stands
/// against us.
pub fn accept(context: &Context, offer: &str, conflicts: Conflicts) -> Result<InboxView, Error> {
    let key = FreshKey::generate();
    let now = context.now();
    let view = context.transact(|tx| {
        let mut assigned = load(tx, offer)?;
        let charter = charter_of(context, &assigned.offer)?;
        if assigned.assignment.state() == State::Offered {
            panel::check(&charter, tx, &assigned.offer.body, [context.me()], |_| true)?;
        }
        let acceptance = Acceptance {
            offer: assigned.assignment.offer_hash(),
            reviewer: context.me().clone(),
            dossier_key: key.recipient(),
            conflicts,
            created: now,
        };
        let issue = context.issue_key();
        let signed = Signed::sign(acceptance, context.federation(), &issue)?;
        let verified = signed.verify(context.federation(), &issue.public())?;
        assigned.apply(&charter, Event::Accepted(verified), now)?;
        item::put(tx, offer, &DossierKey { secret: key.to_secret_text().to_string() })?;
        let id = assigned.assignment.offer_hash();
        anchors::note(context, tx, signed.body.hash()?, id, &[owner(&assigned).clone()])?;
        answer(context, tx, &assigned, Message::Accept { acceptance: signed.clone() })
    })?;
    context.queued().notify_one();
    Ok(view)
}

/// Declines.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Exchange`] when it was accepted before.
pub fn decline(context: &Context, offer: &str, reason: DeclineReason) -> Result<InboxView, Error> {
    let view = context.transact(|tx| {
        let mut assigned = load(tx, offer)?;
        let charter = charter_of(context, &assigned.offer)?;
        let decline = Decline { offer: assigned.assignment.offer_hash(), reviewer: context.me().clone(), reason };
        if assigned.assignment.state() == State::Declined {
            return assigned.view(context, tx);
        }
        assigned.apply(&charter, Event::Declined(&decline), context.now())?;
        answer(context, tx, &assigned, Message::Decline { decline })
    })?;
    context.queued().notify_one();
    Ok(view)
}

/// Steps back after accepting; the dossier becomes unreadable at once. With a tie that turned up it is a recusal.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Exchange`] when there is nothing to step back from.
pub fn step_back(context: &Context, offer: &str, reason: Option<DeclineReason>) -> Result<InboxView, Error> {
    let view = context.transact(|tx| {
        let mut assigned = load(tx, offer)?;
        let charter = charter_of(context, &assigned.offer)?;
        assigned.apply(&charter, Event::Withdrawn { by: context.me() }, context.now())?;
        destroy(context, tx, &assigned)?;
        let offer = assigned.assignment.offer_hash();
        item::put(tx, &offer.to_string(), &assigned)?;
        mail::tell(context, tx, owner(&assigned), &Message::Withdraw { offer, reason })?;
        assigned.view(context, tx)
    })?;
    context.queued().notify_one();
    Ok(view)
}

fn answer(context: &Context, tx: &mut WriteTx, assigned: &Assigned, message: Message) -> Result<InboxView, Error> {
    let offer = assigned.assignment.offer_hash().to_string();
    item::put(tx, &offer, assigned)?;
    mail::queue(context, tx, &assigned.assignment.offer().owner, &message)?;
    assigned.view(context, tx)
}

/// Deletes the dossier, its files, what was said about it, and the key that opens them; the owner gets a receipt.
fn destroy(context: &Context, tx: &mut WriteTx, assigned: &Assigned) -> Result<(), Error> {
    let hash = assigned.assignment.offer_hash();
    let offer = &hash.to_string();
    tx.delete_private(SEALED_DOSSIER, offer)?;
    tx.delete_private(talk::Conversation::KIND, offer)?;
    tx.delete_private(work::Work::KIND, offer)?;
    parts::forget(tx, offer)?;
    erasure::owe(tx, false)?;
    // Whoever had no key had no copy, and whoever destroyed it before has said so.
    let had_key = tx.delete_private(DossierKey::KIND, offer)?;
    let Some(copy) = assigned.assignment.copy().filter(|_| had_key) else { return Ok(()) };
    let receipt = Message::Receipt { offer: hash, copy: *copy, deleted: context.now() };
    mail::tell(context, tx, owner(assigned), &receipt)
}

/// How many reviews wait for us, and how many of them are overdue.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn waiting(context: &Context) -> Result<(usize, usize), Error> {
    let (now, mut open, mut overdue) = (context.now(), 0, 0);
    item::each::<Assigned, _>(&context.store().read()?, |_, assigned| {
        let is_draft = assigned.assignment.state() == State::Reviewed && assigned.offer.body.comments;
        if is_draft || matches!(assigned.assignment.state(), State::Offered | State::Accepted | State::DossierSent) {
            open += 1;
            overdue += usize::from(assigned.offer.body.due < now);
        }
        Ok(())
    })?;
    Ok((open, overdue))
}

/// The agency whose offer it is, for [`arrivals`].
fn owner(assigned: &Assigned) -> &AgencyId {
    &assigned.assignment.offer().owner
}

/// Whether the exchange is over.
fn is_over(assigned: &Assigned) -> bool {
    assigned.assignment.outcome() != Outcome::Open
}
