//! What we say to the owner of an offer, and what it says to us, between the dossier and our final review.

use parangon_protocol::id::{AgencyId, Hash, IndicatorId};
use parangon_protocol::review::{Event, Message, Question, Reply, SignedResponse, Stage, State};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::review::{self, ReviewResult};
use super::work::{ReviewInput, Work};
use super::{Assigned, load, owner};
use crate::service::item::{self, Item};
use crate::service::offers::{Asked, QuestionView, charter_of, levels};
use crate::service::{Context, Error, catalogues, mail, one_line};
use crate::store::{Source, Tx, WriteTx};

/// Seconds after our review from which it may be made final without a response of the owner's.
const RESPONSE_SECONDS: u64 = 14 * 86_400;

/// When a draft of that time may be made final although the owner did not respond.
pub(crate) fn response_until(draft: Timestamp) -> Timestamp {
    draft.plus(RESPONSE_SECONDS)
}

/// What was said about one dossier. It is deleted with it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Conversation {
    questions: Vec<Asked>,
    response: Option<SignedResponse>,
}

impl Item for Conversation {
    const KIND: u8 = 15;
    const WHAT: &'static str = "conversation";
}

/// A question to be asked.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuestion {
    /// What it is about; absent for the whole.
    #[serde(default)]
    pub indicator: Option<String>,
    /// At most 8,000 characters. Line breaks become spaces.
    pub text: String,
}

impl std::fmt::Debug for NewQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewQuestion")
    }
}

/// What was said so far. Confidential.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConversationView {
    /// Our questions with their answers.
    pub questions: Vec<QuestionView>,
    /// The owner's response, once it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// Where the reviewers differ by two levels or more: the level that each gave, by indicator and agency.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub differences: BTreeMap<String, BTreeMap<String, String>>,
}

impl std::fmt::Debug for ConversationView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConversationView({} questions)", self.questions.len())
    }
}

fn find<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Conversation, Error> {
    Ok(item::find::<Conversation, S>(tx, offer)?.unwrap_or_default())
}

fn view(conversation: &Conversation) -> ConversationView {
    let response = conversation.response.as_ref().map(|signed| &signed.body);
    ConversationView {
        questions: conversation.questions.iter().map(QuestionView::from).collect(),
        response: response.map(|response| response.text.clone()),
        differences: response.map(|response| levels(&response.differences)).unwrap_or_default(),
    }
}

/// How many questions of ours are kept.
pub(super) fn questions<S: Source>(tx: &Tx<S>, offer: &str) -> Result<usize, Error> {
    Ok(find(tx, offer)?.questions.len())
}

/// When the owner says that it responded, while we have the dossier.
pub(super) fn responded<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Option<Timestamp>, Error> {
    Ok(find(tx, offer)?.response.map(|signed| signed.body.created))
}

/// What was said about a dossier that we have.
///
/// # Errors
/// [`Error::NotFound`].
pub fn conversation(context: &Context, offer: &str) -> Result<ConversationView, Error> {
    let tx = context.store().read()?;
    load(&tx, offer)?;
    Ok(view(&find(&tx, offer)?))
}

/// Asks the owner.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`] for an unknown indicator, [`Error::Review`] for no text or too much, [`Error::State`]
/// when we have no dossier.
pub fn ask(context: &Context, offer: &str, new: &NewQuestion) -> Result<ConversationView, Error> {
    let indicator = new.indicator.as_deref().map(|code| code.parse::<IndicatorId>().map_err(Error::name("/indicator"))).transpose()?;
    let said = context.transact(|tx| {
        let assigned = load(tx, offer)?;
        let state = assigned.assignment.state();
        if !matches!(state, State::DossierSent | State::Reviewed) {
            return Err(Error::State { what: "review", state: state.to_string(), needed: "questions are asked while we have the dossier" });
        }
        if let Some(indicator) = &indicator {
            let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
            catalogue.indicator(indicator).map_err(|error| Error::field("/indicator", error))?;
        }
        let mut conversation = find(tx, offer)?;
        let number = u32::try_from(conversation.questions.len()).unwrap_or(u32::MAX).saturating_add(1);
        let question = Question { offer: assigned.assignment.offer_hash(), number, indicator, text: one_line(&new.text) };
        mail::queue(context, tx, owner(&assigned), &Message::Question { question: question.clone() })?;
        conversation.questions.push(Asked { question, at: context.now(), reply: None });
        item::put(tx, offer, &conversation)?;
        Ok(view(&conversation))
    })?;
    context.queued().notify_one();
    Ok(said)
}

/// The owner answers. The first answer to a question stays; what comes when the dossier is gone is not kept.
pub(crate) fn on_reply(tx: &mut WriteTx, from: &AgencyId, reply: &Reply) -> Result<(), Error> {
    let id = reply.offer.to_string();
    let assigned = load(tx, &id)?;
    if owner(&assigned) != from {
        return Err(Error::missing("review request", id));
    }
    if !has_dossier(&assigned) {
        return Ok(());
    }
    let mut conversation = find(tx, &id)?;
    let asked = conversation.questions.iter_mut().find(|asked| asked.question.number == reply.number);
    asked.ok_or_else(|| Error::missing("question", reply.number))?.reply.get_or_insert_with(|| reply.clone());
    item::put(tx, &id, &conversation)
}

/// What the owner of an offer has stated to us about it: hashes.
pub(crate) fn said_by<S: Source>(tx: &Tx<S>, offer: &Hash, from: &AgencyId) -> Result<Vec<Hash>, Error> {
    let id = offer.to_string();
    let assigned = item::find::<Assigned, S>(tx, &id)?.filter(|assigned| owner(assigned) == from);
    let Some(assigned) = assigned else { return Ok(Vec::new()) };
    Ok(std::iter::once(*offer).chain(assigned.assignment.response()).collect())
}

fn has_dossier(assigned: &Assigned) -> bool {
    matches!(assigned.assignment.state(), State::DossierSent | State::Reviewed)
}

/// The owner's response came.
pub(crate) fn on_response(context: &Context, tx: &mut WriteTx, signed: &SignedResponse) -> Result<(), Error> {
    let id = signed.body.offer.to_string();
    let mut assigned = load(tx, &id)?;
    let from = &signed.body.owner;
    if owner(&assigned) != from {
        return Err(Error::missing("review request", id));
    }
    let verified = mail::stated(context, from, signed)?;
    let charter = charter_of(context, &assigned.offer)?;
    assigned.apply(&charter, Event::Responded(verified), context.now())?;
    if has_dossier(&assigned) {
        let mut conversation = find(tx, &id)?;
        conversation.response.get_or_insert_with(|| signed.clone());
        item::put(tx, &id, &conversation)?;
    }
    item::put(tx, &id, &assigned)
}

/// Makes our review final: as the draft has it, but for what was saved since and what `input` changes. The dossier is deleted with it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] while the owner may still respond, [`Error::Table`] for scores that do not fit the
/// catalogue, [`Error::Exchange`] when there is no draft, or it is final.
pub fn finalise(context: &Context, offer: &str, input: &ReviewInput) -> Result<ReviewResult, Error> {
    let tx = context.store().read()?;
    let assigned = load(&tx, offer)?;
    let none = || Error::State { what: "review", state: assigned.assignment.state().to_string(), needed: "submit a draft first" };
    let draft = assigned.review.as_ref().filter(|review| review.body.stage == Stage::Draft).ok_or_else(none)?;
    let until = response_until(draft.body.created);
    if assigned.assignment.response().is_none() && context.now() < until && assigned.assignment.state() == State::Reviewed {
        let needed = "it may be made final when the owner has responded, or two weeks after the draft";
        return Err(Error::State { what: "review", state: format!("waiting for the owner's response until {until}"), needed });
    }
    let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
    let mut content = draft.body.clone();
    // A node that made the draft before reviews were saved field by field has only that.
    let mut work = item::find::<Work, _>(&tx, offer)?.unwrap_or_else(|| Work::of(&content));
    work.enter(&catalogue, input)?;
    content.scores = work.scores.clone();
    content.improvements = work.improvements;
    content.eligible = work.eligible.unwrap_or(content.eligible);
    content.findings.clone_from(&work.findings);
    content.stage = Stage::Final;
    content.response = assigned.assignment.response();
    content.created = context.now();
    content.salt = crate::service::salt()?;
    let dossier = review::open(&tx, offer)?;
    review::send(context, offer, &dossier, &catalogue, content, &mut work)
}
