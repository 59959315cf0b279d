//! Reading a dossier and reviewing it.

use parangon_protocol::assessment::Scores;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::keys::Signature;
use parangon_protocol::label::Endorsement;
use parangon_protocol::label::ProofValue;
use parangon_protocol::label::credential::EndorsementSubject;
use parangon_protocol::review::{self, Dossier, Event, Message, ReviewContent, Signed, Stage, State, Statement, decision};
use parangon_protocol::time::Month;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::work::{self, ReviewInput, Work};
use super::{Assigned, DossierKey, Made, PartsView, SEALED_DOSSIER, destroy, item, load};
use crate::sealing::{self, FreshKey};
use crate::service::assessments::{EligibilityView, EvidenceView};
use crate::service::offers::charter_of;
use crate::service::{Context, Error, anchors, catalogues, mail, salt};
use crate::store::{Source, Tx, WriteTx};

/// Days for which our endorsement may go into a label.
pub(super) const ENDORSEMENT_DAYS: u64 = 90;

/// What a reviewer sees before its own scores are saved: everything but the owner's scores.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DossierView {
    /// The offer's hash.
    pub offer: String,
    /// The catalogue.
    pub catalogue: String,
    /// The catalogue's indicators, in its order: code and name.
    pub indicators: Vec<IndicatorView>,
    /// The month of the assessment.
    #[schema(value_type = String)]
    pub month: Month,
    /// What the eligibility rule looks at.
    pub eligibility: EligibilityView,
    /// Improvement areas that the owner says are proven.
    pub improvements: u8,
}

/// An indicator with what the owner wrote about it.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndicatorView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The level that the catalogue asks for where a label has minimums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u8>,
    /// The owner's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Files of evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceView>,
}

impl std::fmt::Debug for DossierView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DossierView({})", self.offer)
    }
}

/// What became of a review.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewResult {
    /// `reviewed`, or `finalised`.
    #[schema(value_type = String)]
    pub state: State,
    /// Whether it supports the level. With a review that counts our endorsement went then.
    pub recommended: bool,
    /// Why it does not, in words. Confidential.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
}

impl std::fmt::Debug for ReviewResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReviewResult({:?})", self.state)
    }
}

/// The dossier, once all of it is here.
pub(super) fn open<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Dossier, Error> {
    let assigned = load(tx, offer)?;
    if let Some(PartsView { received, total }) = assigned.parts(tx)? {
        let state = format!("on its way: {received} of {total} parts are here");
        return Err(Error::State { what: "dossier", state, needed: "wait until all are" });
    }
    unseal(tx, offer, &assigned)
}

/// The dossier itself, without its files.
pub(super) fn unseal<S: Source>(tx: &Tx<S>, offer: &str, assigned: &Assigned) -> Result<Dossier, Error> {
    let gone = |state: String| Error::State { what: "dossier", state, needed: "it can be read between its arrival and the review" };
    let key = item::find::<DossierKey, S>(tx, offer)?;
    let sealed = tx.private(SEALED_DOSSIER, offer)?;
    let (Some(key), Some(sealed)) = (key, sealed) else { return Err(gone(assigned.assignment.state().to_string())) };
    let key = FreshKey::from_secret_text(&Zeroizing::new(key.secret))?;
    match Message::decode(&sealing::open(key.identity(), &sealed)?)? {
        Message::Dossier { dossier } => Ok(*dossier),
        _ => Err(Error::Damaged { what: "dossier" }),
    }
}

/// The dossier without the owner's scores: they stay hidden, so that ours are our own.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::State`] before it arrived and after it was reviewed.
pub fn dossier(context: &Context, offer: &str) -> Result<DossierView, Error> {
    let dossier = open(&context.store().read()?, offer)?;
    let catalogue = catalogues::by_reference(context, &dossier.assessment.catalogue)?;
    let indicators = catalogue.indicators.iter().map(|indicator| IndicatorView {
        code: indicator.code.to_string(),
        name: indicator.name.to_string(),
        minimum: indicator.minimum,
        note: dossier.assessment.notes.get(&indicator.code).cloned(),
        evidence: dossier.assessment.evidence.get(&indicator.code).into_iter().flatten().map(EvidenceView::from).collect(),
    });
    Ok(DossierView {
        offer: offer.to_owned(),
        catalogue: catalogue.id.to_string(),
        indicators: indicators.collect(),
        month: dossier.assessment.month,
        eligibility: (&dossier.assessment.eligibility).into(),
        improvements: dossier.assessment.improvements,
    })
}

/// Sends our review, as it was saved but for what `input` says; scores that it gives are all of them. Where the owner comments it is a draft, and [`super::finalise`] follows; else it counts, and the dossier is
/// deleted.
///
/// # Errors
/// [`Error::Table`] for scores that do not fit the catalogue, [`Error::State`] when there is no dossier to review.
pub fn submit(context: &Context, offer: &str, input: &ReviewInput) -> Result<ReviewResult, Error> {
    let tx = context.store().read()?;
    let dossier = open(&tx, offer)?;
    let stage = if load(&tx, offer)?.offer.body.comments { Stage::Draft } else { Stage::Only };
    let catalogue = catalogues::by_reference(context, &dossier.assessment.catalogue)?;
    let mut work = work::find(&tx, offer)?;
    if !input.scores.is_empty() {
        work.scores = Scores::default();
    }
    work.enter(&catalogue, input)?;
    let undecided = || Error::field("/eligible", "say whether the cluster is confirmed as eligible");
    let content = ReviewContent {
        offer: dossier.offer,
        reviewer: context.me().clone(),
        dossier: dossier.commitment()?,
        catalogue: catalogue.hash(),
        scores: work.scores.clone(),
        improvements: work.improvements,
        eligible: work.eligible.ok_or_else(undecided)?,
        findings: work.findings.clone(),
        created: context.now(),
        salt: salt()?,
        stage,
        response: None,
    };
    send(context, offer, &dossier, &catalogue, content, &mut work)
}

/// Signs a review and sends it. One that counts goes with our endorsement when the rule is met, and the dossier is deleted; a draft
/// goes alone.
pub(super) fn send(
    context: &Context,
    offer: &str,
    dossier: &Dossier,
    catalogue: &Catalogue,
    content: ReviewContent,
    work: &mut Work,
) -> Result<ReviewResult, Error> {
    let counts = content.stage != Stage::Draft;
    let result = context.transact(|tx| {
        let mut assigned = load(tx, offer)?;
        let charter = charter_of(context, &assigned.offer)?;
        let rule = assigned.offer.body.rule(&charter)?;
        let unmet: Vec<_> = decision::shortfalls(rule, catalogue, &content).iter().map(ToString::to_string).collect();
        let issue = context.issue_key();
        let signed = Signed::sign(content, context.federation(), &issue)?;
        let verified = signed.verify(context.federation(), &issue.public())?;
        assigned.apply(&charter, Event::Reviewed(verified), context.now())?;
        let supports = counts && unmet.is_empty();
        let endorsement = if supports { Some(endorse(context, tx, &assigned, dossier, &signed.body)?) } else { None };
        let message = Message::Review { review: Box::new(signed.clone()), endorsement: endorsement.clone().map(Box::new) };
        let owner = assigned.offer.body.owner.clone();
        mail::queue(context, tx, &owner, &message)?;
        anchors::note(context, tx, signed.body.hash()?, signed.body.offer, &[owner])?;
        if counts {
            destroy(context, tx, &assigned)?;
        } else {
            // What is made final is this, unless it is changed.
            work.save(tx, offer, context.now())?;
        }
        match signed.body.stage {
            Stage::Final => assigned.last = Some(signed),
            Stage::Draft | Stage::Only => assigned.review = Some(signed),
        }
        assigned.endorsement = endorsement;
        item::put(tx, offer, &assigned)?;
        Ok(ReviewResult { state: assigned.assignment.state(), recommended: unmet.is_empty(), unmet })
    })?;
    context.queued().notify_one();
    Ok(result)
}

/// Makes our endorsement and notes that we made it: nothing else is ever confirmed in our log.
fn endorse(
    context: &Context,
    tx: &mut WriteTx,
    assigned: &Assigned,
    dossier: &Dossier,
    content: &ReviewContent,
) -> Result<Endorsement, Error> {
    let common = assigned.offer.body.common(content.dossier)?;
    let label_id = common.id()?;
    let book = context.engine().book();
    let (keyset, keys) = book.current(context.me()).ok_or_else(|| Error::KeysUnknown(context.me().clone()))?;
    let created = context.now();
    let draft = review::endorse(&common, dossier, content, keyset, created, created.plus(ENDORSEMENT_DAYS * 86_400))?;
    let unsigned = draft.with_proof(ProofValue(Signature([0; 64])));
    let charter = charter_of(context, &assigned.offer)?;
    let subject = EndorsementSubject {
        federation: context.federation(),
        charter: &charter,
        label_common: &common,
        label_id,
        endorsement: &unsigned,
        key: &keys.issue,
    };
    let proof = subject.sign(&context.keyring().of(keys).issue_key())?;
    let endorsement = Endorsement { proof, ..unsigned };
    let made = Made { endorsement: endorsement.id(&label_id)?, offer: common.offer };
    item::put(tx, &label_id.to_string(), &made)?;
    Ok(endorsement)
}
