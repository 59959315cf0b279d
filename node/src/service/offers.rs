//! Reviews that we ask of others: the offer, who answered what, and what the reviews amount to.

mod arrivals;
mod create;
mod decision;
mod keeping;
mod talk;
mod verdict;
mod waits;

use std::collections::BTreeMap;

use parangon_protocol::anchor;
use parangon_protocol::assessment::{self, Assessment};
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::{Endorsement, LabelId};
use parangon_protocol::review::decision::{Decision, Unmet, decide};
use parangon_protocol::review::{
    DeclineReason, Differences, Event, Exchange, Message, Outcome, ReviewContent, SignedOffer, SignedResponse, SignedReview, State,
    Statement, differences,
};
use parangon_protocol::time::{Month, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use arrivals::{awaits, gone, on_acceptance, on_decline, on_fetch, on_issued, on_refused, on_review, on_withdrawal, said_by};
pub use create::{NewOffer, create};
pub(crate) use decision::Agreed;
pub use decision::{DecisionView, What, take_back};

pub(crate) use talk::{Asked, on_question, on_receipt};
pub use talk::{QuestionView, Said, answer, respond};
pub use verdict::{Appeal, Ruling, Stand, VerdictView, appeal, refuse, rule};
pub use waits::show;
pub(crate) use waits::waits;

use super::clusters::ClusterView;
use super::item::{self, Item};
use super::{CharterVersion, Context, Error, anchors, assessments, catalogues, mail};
use crate::store::{Source, Tx, WriteTx};

/// An offer with everything that was said about it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Offered {
    pub(crate) offer: SignedOffer,
    pub(crate) exchange: Exchange,
    /// Our assessment's id.
    sheet: String,
    /// As it was frozen: what the dossier carries.
    pub(crate) assessment: Assessment,
    /// The dossier's salt, common to all copies.
    salt: Hash,
    pub(crate) parties: BTreeMap<AgencyId, Notes>,
    pub(crate) label: Option<LabelId>,
    /// Our response to the reviews.
    #[serde(default)]
    response: Option<SignedResponse>,
    /// What one of us decided, while it waits for another one.
    #[serde(default)]
    decision: Option<decision::Decided>,
    /// That the level is not awarded, and what followed.
    #[serde(default)]
    verdict: Option<verdict::Verdict>,
    /// When it was withdrawn, or its label issued.
    #[serde(default)]
    ended: Option<Timestamp>,
}

/// What is kept of one agency that was asked.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Notes {
    since: Timestamp,
    /// Hash of its acceptance.
    #[serde(default)]
    accepted: Option<Hash>,
    #[serde(default)]
    declined: Option<DeclineReason>,
    #[serde(default)]
    pub(crate) review: Option<SignedReview>,
    /// Its final review, where the first one was a draft.
    #[serde(default)]
    pub(crate) last: Option<SignedReview>,
    #[serde(default)]
    questions: Vec<Asked>,
    /// When its copy of the dossier was queued.
    #[serde(default)]
    sent: Option<Timestamp>,
    /// When it says that it deleted its copy.
    #[serde(default)]
    deleted: Option<Timestamp>,
    /// A second, different review: evidence.
    #[serde(default)]
    contradiction: Option<SignedReview>,
    #[serde(default)]
    pub(crate) endorsement: Option<Endorsement>,
    /// Its node will never take a message of ours about this offer.
    #[serde(default)]
    unreachable: bool,
}

impl Item for Offered {
    const KIND: u8 = 4;
    const WHAT: &'static str = "offer";
}

/// A copy of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CopyView {
    /// Its own commitment: a copy that turns up elsewhere names whose it was.
    pub commitment: String,
    /// When it was made for its recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub sent: Option<Timestamp>,
    /// When its recipient says that it deleted it: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub deleted: Option<Timestamp>,
}

/// An agency that was asked.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewerView {
    /// Who.
    pub agency: String,
    /// `offered`, `accepted`, `declined`, `dossier-sent`, `reviewed`, `finalised`, `contradicted`, `withdrawn` or `issued`.
    #[schema(value_type = String)]
    pub state: State,
    /// Since when.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// When its answer, or its review, is due; absent once nothing is expected from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due: Option<Timestamp>,
    /// That messages about this offer wait until its node is connected. Only where one offer is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// Why it declined or stepped back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<DeclineReason>,
    /// By when its review existed, as witnesses of its log vouch; absent until the day after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reviewed_by: Option<Timestamp>,
    /// Whether that was after the due date.
    pub late: bool,
    /// Points in its review. Confidential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// Whether its review supports the level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommends: Option<bool>,
    /// What it found, in words. Confidential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
    /// Its copy of the dossier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyView>,
    /// Its questions, with our answers. Confidential.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionView>,
    /// What keeps its messages from arriving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
}

impl std::fmt::Debug for ReviewerView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReviewerView({}: {:?})", self.agency, self.state)
    }
}

/// A review that we ask of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfferView {
    /// Its hash: names it.
    pub id: String,
    /// The assessment under review.
    pub assessment: String,
    /// The cluster.
    pub cluster: ClusterView,
    /// The label system.
    pub scheme: String,
    /// The level sought.
    pub level: &'static str,
    /// The month of the assessment.
    #[schema(value_type = String)]
    pub assessed: Month,
    /// Until when the label would be valid.
    #[schema(value_type = String)]
    pub valid_until: Month,
    /// When the reviews should be there.
    #[schema(value_type = String)]
    pub due: Timestamp,
    /// Languages of the dossier.
    pub languages: Vec<String>,
    /// `open`, `withdrawn`, `issued`, `refused`, `appealed`, or `upheld` when an appeal was.
    pub state: &'static str,
    /// That the level is not awarded, and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictView>,
    /// The label it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether the reviews carry the level: then it can be issued.
    pub ready: bool,
    /// What was decided and waits for a second person of this agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionView>,
    /// Why not yet. Confidential: may name points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
    /// What waits for one of us, since when and until when, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<String>,
    /// Whether we comment once on the reviews before they are final.
    pub comments: bool,
    /// What we said to the reviews. Confidential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// Where the reviewers differ by two levels or more: the level that each gave, by indicator and agency. Confidential.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub differences: BTreeMap<String, BTreeMap<String, String>>,
    /// Who was asked.
    pub reviewers: Vec<ReviewerView>,
}

impl OfferView {
    /// The same without anything that a review, a question or an answer says: for lists.
    fn without_content(mut self) -> Self {
        (self.unmet, self.response, self.differences) = (Vec::new(), None, BTreeMap::new());
        self.verdict = self.verdict.map(|verdict| VerdictView { note: None, ..verdict });
        for reviewer in &mut self.reviewers {
            (reviewer.points, reviewer.recommends, reviewer.findings, reviewer.questions) = (None, None, None, Vec::new());
        }
        self
    }
}

impl Offered {
    /// The reviews that count, in the order of their agencies.
    pub(crate) fn reviews(&self) -> Vec<&ReviewContent> {
        self.exchange.reviewed().filter_map(|agency| self.counting(agency)).map(|review| &review.body).collect()
    }

    /// The review of an agency that counts, or would.
    fn counting(&self, agency: &AgencyId) -> Option<&SignedReview> {
        let notes = self.parties.get(agency)?;
        if self.offer.body.comments { notes.last.as_ref() } else { notes.review.as_ref() }
    }

    /// The first reviews of those who are still with us: what the owner may comment on.
    fn drafts(&self) -> Vec<&ReviewContent> {
        let signed = self.exchange.reviewers().filter_map(|agency| self.parties.get(agency)?.review.as_ref());
        signed.map(|review| &review.body).collect()
    }

    /// Whether the reviews carry the level.
    pub(crate) fn decide(&self, context: &Context) -> Result<Result<Decision, Vec<Unmet>>, Error> {
        let charter = charter_of(context, &self.offer)?;
        let rule = self.offer.body.rule(&charter)?;
        let catalogue = catalogues::by_reference(context, &self.offer.body.catalogue)?;
        Ok(decide(&charter, rule, &catalogue, self.offer.body.case(), &self.reviews()))
    }

    /// Who has still a word to say before the due date: accepted and not reviewed, or with a draft that is not final.
    pub(crate) fn pending(&self, now: Timestamp) -> Option<&AgencyId> {
        let waits = |state| match state {
            State::Accepted | State::DossierSent => true,
            State::Reviewed => self.offer.body.comments,
            _ => false,
        };
        self.exchange.parties().find(|(_, state)| waits(*state)).map(|(agency, _)| agency).filter(|_| now < self.offer.body.due)
    }

    /// How it stands.
    pub(crate) fn state(&self) -> &'static str {
        match (&self.verdict, self.exchange.outcome()) {
            (Some(verdict), _) => verdict.stand().as_str(),
            (None, Outcome::Open) => "open",
            (None, Outcome::Withdrawn) => "withdrawn",
            (None, Outcome::Issued(_)) => "issued",
        }
    }

    fn copy(&self, agency: &AgencyId) -> Option<CopyView> {
        let commitment = self.exchange.copy(agency)?.to_string();
        let notes = self.parties.get(agency);
        Some(CopyView { commitment, sent: notes.and_then(|notes| notes.sent), deleted: notes.and_then(|notes| notes.deleted) })
    }

    fn apply(&mut self, context: &Context, agency: &AgencyId, event: Event<'_>) -> Result<State, Error> {
        let charter = charter_of(context, &self.offer)?;
        let before = self.exchange.state(agency);
        let state = self.exchange.apply(&charter, event)?;
        if before != Some(state) {
            self.parties.entry(agency.clone()).or_default().since = context.now();
        }
        Ok(state)
    }

    /// By when the first review of each existed, as witnesses vouch: the due date is its.
    fn dates(&self, context: &Context) -> Result<BTreeMap<AgencyId, Timestamp>, Error> {
        let tx = context.store().read()?;
        let mut dates = BTreeMap::new();
        for (agency, notes) in &self.parties {
            let Some(review) = &notes.review else { continue };
            dates.extend(anchors::existed_by(&tx, &review.body.hash()?)?.map(|date| (agency.clone(), date)));
        }
        Ok(dates)
    }

    pub(crate) fn view(&self, context: &Context) -> Result<OfferView, Error> {
        let offer = &self.offer.body;
        let catalogue = catalogues::by_reference(context, &offer.catalogue)?;
        let outcome = self.exchange.outcome();
        let late = context.now() >= offer.due;
        let all_in = self.exchange.at_work().is_none() || outcome != Outcome::Open || late;
        let decision = self.decide(context)?;
        let waits = self.waits(context.now(), decision.is_ok()).iter().map(|waiting| waiting.words(context.now())).collect();
        let (ready, unmet) = match decision {
            Err(unmet) if self.verdict.is_some() => (false, unmet.iter().map(ToString::to_string).collect()),
            _ if outcome != Outcome::Open || self.pending(context.now()).is_some() => (false, Vec::new()),
            Ok(_) => (true, Vec::new()),
            Err(unmet) => (false, unmet.iter().map(ToString::to_string).collect()),
        };
        let dates = self.dates(context)?;
        let reviewer = |(agency, state): (&AgencyId, State)| {
            let notes = self.parties.get(agency);
            // Nobody sees one review while another is still written.
            let shown = notes.filter(|_| all_in);
            let review = shown.and_then(|notes| notes.last.as_ref().or(notes.review.as_ref()));
            let reviewed_by = dates.get(agency).copied();
            ReviewerView {
                agency: agency.to_string(),
                state,
                since: notes.map_or(offer.created, |notes| notes.since),
                due: self.answer_due(state),
                delivery: None,
                reason: notes.and_then(|notes| notes.declined),
                reviewed_by,
                late: reviewed_by.is_some_and(|existed_by| !anchor::kept(existed_by, offer.due)),
                points: review.map(|review| review.body.scores.points(&catalogue)),
                recommends: self.counting(agency).filter(|_| all_in).map(|_| notes.is_some_and(|notes| notes.endorsement.is_some())),
                findings: review.map(|review| review.body.findings.clone()).filter(|findings| !findings.is_empty()),
                copy: self.copy(agency),
                questions: notes.map(|notes| notes.questions.iter().map(QuestionView::from).collect()).unwrap_or_default(),
                problem: notes.filter(|notes| notes.unreachable).map(|_| "its node refused our message"),
            }
        };
        Ok(OfferView {
            id: self.exchange.offer_hash().to_string(),
            assessment: self.sheet.clone(),
            cluster: (&offer.cluster).into(),
            scheme: offer.scheme.to_string(),
            level: offer.level.as_str(),
            assessed: offer.assessed,
            valid_until: offer.valid_until,
            due: offer.due,
            languages: offer.languages.clone(),
            state: self.state(),
            verdict: self.verdict.as_ref().map(verdict::Verdict::view),
            label: self.label.map(|label| label.to_string()),
            ready,
            decision: self.decision.as_ref().map(decision::Decided::view),
            unmet,
            waits,
            comments: offer.comments,
            response: self.response.as_ref().map(|response| response.body.text.clone()),
            differences: if all_in { levels(&differences(&self.drafts())) } else { BTreeMap::new() },
            reviewers: self.exchange.parties().map(reviewer).collect(),
        })
    }
}

/// Differences as they are shown.
pub(crate) fn levels(differences: &Differences) -> BTreeMap<String, BTreeMap<String, String>> {
    let of = |answers: &BTreeMap<AgencyId, assessment::Answer>| {
        answers.iter().map(|(agency, answer)| (agency.to_string(), answer.to_string())).collect()
    };
    differences.iter().map(|(code, answers)| (code.to_string(), of(answers))).collect()
}

pub(crate) fn load<S: Source>(tx: &Tx<S>, id: &str) -> Result<Offered, Error> {
    item::get(tx, id)
}

/// The charter version that an offer stands on.
pub(crate) fn charter_of(context: &Context, offer: &SignedOffer) -> Result<CharterVersion, Error> {
    context.charter_version(offer.body.charter)
}

/// Up to `limit` offers by id, those after `after`, without what the reviews say.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context, after: Option<&str>, limit: usize) -> Result<Vec<OfferView>, Error> {
    let found = item::page::<Offered, _>(&context.store().read()?, after, limit)?;
    found.iter().map(|(_, offered)| Ok(offered.view(context)?.without_content())).collect()
}

/// Withdraws an offer and thaws its assessment. Everybody who was asked is told.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it was refused, or [`Error::Exchange`] when the label is issued already.
pub async fn withdraw(context: &Context, id: &str) -> Result<OfferView, Error> {
    // Not while a label is issued: what is withdrawn has none, and what has one is not withdrawn.
    let _one = context.issuing().lock().await;
    let id = id.to_owned();
    let withdraw = move |context: &Context| {
        context.transact(|tx| {
            let mut offered = load(tx, &id)?;
            if offered.verdict.is_some() {
                let needed = "it is over already; the cluster may appeal, or a new assessment be begun";
                return Err(Error::State { what: "offer", state: offered.state().into(), needed });
            }
            if offered.exchange.outcome() == Outcome::Withdrawn {
                return offered.view(context);
            }
            end(context, tx, &mut offered)?;
            assessments::freeze(tx, &offered.sheet, None, context.now())?;
            item::put(tx, &id, &offered)?;
            offered.view(context)
        })
    };
    let view = context.run(withdraw).await?;
    context.queued().notify_one();
    Ok(view)
}

/// Ends the exchange: everybody who still has a part in it is told that it is over, and nothing else.
fn end(context: &Context, tx: &mut WriteTx, offered: &mut Offered) -> Result<(), Error> {
    let has_part = |(_, state): &(&AgencyId, State)| !matches!(state, State::Declined | State::Withdrawn);
    let told: Vec<AgencyId> = offered.exchange.parties().filter(has_part).map(|(agency, _)| agency.clone()).collect();
    let charter = charter_of(context, &offered.offer)?;
    offered.exchange.apply(&charter, Event::Withdrawn { by: context.me() })?;
    offered.decision = None;
    offered.ended = Some(context.now());
    for agency in told {
        mail::tell(context, tx, &agency, &Message::Withdraw { offer: offered.exchange.offer_hash(), reason: None })?;
    }
    Ok(())
}

/// How many offers are in which state, for the metrics; and how many reviews we have received.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn tally(context: &Context) -> Result<(BTreeMap<&'static str, u64>, u64), Error> {
    let (mut states, mut received) = (BTreeMap::new(), 0);
    item::each::<Offered, _>(&context.store().read()?, |_, offered| {
        *states.entry(offered.state()).or_insert(0) += 1;
        received += offered.parties.values().map(|notes| u64::from(notes.review.is_some())).sum::<u64>();
        Ok(())
    })?;
    Ok((states, received))
}
