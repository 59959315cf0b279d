//! What is said about an open offer: questions that come in, our answers, our one response, and receipts of deleted copies.

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::review::{Event, Message, Outcome, Question, Reply, Response, Signed, State, Statement, differences};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{OfferView, charter_of, item, load};
use crate::service::{Context, Error, anchors, catalogues, erasure, mail, one_line};
use crate::store::WriteTx;

/// A question that came in, with our answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) at: Timestamp,
    #[serde(default)]
    pub(crate) reply: Option<Reply>,
}

/// A question and its answer. Confidential.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuestionView {
    /// Counts the reviewer's questions from 1.
    pub number: u32,
    /// What it is about; absent for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator: Option<String>,
    /// The question.
    pub question: String,
    /// The answer, once it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// When it was asked, or arrived here.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

impl std::fmt::Debug for QuestionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QuestionView({})", self.number)
    }
}

impl From<&Asked> for QuestionView {
    fn from(asked: &Asked) -> Self {
        let Question { number, indicator, text, .. } = &asked.question;
        Self {
            number: *number,
            indicator: indicator.as_ref().map(ToString::to_string),
            question: text.clone(),
            answer: asked.reply.as_ref().map(|reply| reply.text.clone()),
            at: asked.at,
        }
    }
}

/// A text that somebody says.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// At most 8,000 characters. Line breaks become spaces.
    #[serde(default)]
    pub text: String,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}

/// A reviewer asks. The same question again changes nothing; another one under its number is refused.
pub(crate) fn on_question(context: &Context, tx: &mut WriteTx, from: &AgencyId, question: &Question) -> Result<(), Error> {
    let id = question.offer.to_string();
    let mut offered = load(tx, &id)?;
    if let Some(indicator) = &question.indicator {
        let catalogue = catalogues::by_reference(context, &offered.offer.body.catalogue)?;
        catalogue.indicator(indicator).map_err(parangon_protocol::assessment::AssessmentError::from)?;
    }
    let is_open = offered.exchange.outcome() == Outcome::Open;
    let is_at_work = is_open && matches!(offered.exchange.state(from), Some(State::DossierSent | State::Reviewed));
    let notes = offered.parties.get_mut(from).filter(|_| is_at_work).ok_or_else(|| Error::missing("offer", &id))?;
    match notes.questions.iter().find(|asked| asked.question.number == question.number) {
        Some(known) if known.question == *question => return Ok(()),
        Some(_) => return Err(Error::Message { rule: "another question under the same number" }),
        None => notes.questions.push(Asked { question: question.clone(), at: context.now(), reply: None }),
    }
    item::put(tx, &id, &offered)
}

/// Answers a question, once.
///
/// # Errors
/// [`Error::NotFound`] for offer, agency or question, [`Error::Field`] for no text, [`Error::State`] when it was answered, or
/// when that agency's copy of the dossier is gone.
pub fn answer(context: &Context, id: &str, agency: &str, number: u32, said: &Said) -> Result<OfferView, Error> {
    let agency: AgencyId = agency.parse().map_err(Error::name("/agency"))?;
    let view = context.transact(|tx| {
        let mut offered = load(tx, id)?;
        let state = offered.exchange.state(&agency);
        let key = offered.exchange.dossier_key(&agency).map(str::to_owned);
        let is_open = offered.exchange.outcome() == Outcome::Open;
        let notes = offered.parties.get_mut(&agency).ok_or_else(|| Error::missing("reviewer", &agency))?;
        let asked = notes.questions.iter_mut().find(|asked| asked.question.number == number);
        let asked = asked.ok_or_else(|| Error::missing("question", number))?;
        if asked.reply.is_some() {
            return Err(Error::State { what: "question", state: "answered".into(), needed: "a question has one answer" });
        }
        let key = key.filter(|_| is_open && matches!(state, Some(State::DossierSent | State::Reviewed)));
        let gone = || Error::State { what: "review", state: "over".into(), needed: "its reviewer has no dossier any more" };
        let reply = Reply { offer: offered.exchange.offer_hash(), number, text: one_line(&said.text) };
        mail::queue_to(context, tx, &agency, &key.ok_or_else(gone)?, &Message::Reply { reply: reply.clone() })?;
        asked.reply = Some(reply);
        item::put(tx, id, &offered)?;
        offered.view(context)
    })?;
    context.queued().notify_one();
    Ok(view)
}

/// Responds to the reviews: once, the same to everybody, when all who accepted have reviewed. It tells them where they differ by two
/// levels or more.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Exchange`] when the owner did not ask to comment, somebody is still at work, or it has
/// responded.
pub fn respond(context: &Context, id: &str, said: &Said) -> Result<OfferView, Error> {
    let view = context.transact(|tx| {
        let mut offered = load(tx, id)?;
        let response = Response {
            offer: offered.exchange.offer_hash(),
            owner: context.me().clone(),
            text: one_line(&said.text),
            differences: differences(&offered.drafts()),
            created: context.now(),
        };
        let issue = context.issue_key();
        let signed = Signed::sign(response, context.federation(), &issue)?;
        let charter = charter_of(context, &offered.offer)?;
        offered.exchange.apply(&charter, Event::Responded(signed.verify(context.federation(), &issue.public())?))?;
        let states: Vec<(AgencyId, State)> = offered.exchange.parties().map(|(agency, state)| (agency.clone(), state)).collect();
        for (agency, _) in states.iter().filter(|(_, state)| *state == State::Offered) {
            // It would come too late.
            mail::tell(context, tx, agency, &Message::Withdraw { offer: offered.exchange.offer_hash(), reason: None })?;
        }
        let reviewers: Vec<AgencyId> =
            states.into_iter().filter(|(_, state)| *state == State::Reviewed).map(|(agency, _)| agency).collect();
        anchors::note(context, tx, signed.body.hash()?, offered.exchange.offer_hash(), &reviewers)?;
        for reviewer in reviewers {
            let key = offered.exchange.dossier_key(&reviewer).ok_or(Error::Damaged { what: "offer" })?.to_owned();
            mail::queue_to(context, tx, &reviewer, &key, &Message::Response { response: Box::new(signed.clone()) })?;
        }
        offered.response = Some(signed);
        item::put(tx, id, &offered)?;
        offered.view(context)
    })?;
    context.queued().notify_one();
    Ok(view)
}

/// A reviewer says that its copy is deleted. That it is so cannot be shown.
pub(crate) fn on_receipt(tx: &mut WriteTx, from: &AgencyId, offer: &Hash, copy: &Hash, deleted: Timestamp) -> Result<(), Error> {
    if erasure::on_receipt(tx, from, offer, copy, deleted)? {
        return Ok(());
    }
    let id = offer.to_string();
    let mut offered = load(tx, &id)?;
    let missing = || Error::missing("offer", &id);
    if offered.exchange.copy(from) != Some(copy) {
        return Err(missing());
    }
    offered.parties.get_mut(from).ok_or_else(missing)?.deleted.get_or_insert(deleted);
    item::put(tx, &id, &offered)
}
