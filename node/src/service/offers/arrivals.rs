//! What comes in from an agency that was asked. Each of these runs inside the transaction that notes the message as
//! handled. That an offer is unknown and that an agency was not asked are one answer: it tells nothing (case R8).

use parangon_protocol::anchor;
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::label::credential::EndorsementSubject;
use parangon_protocol::label::{Common, Endorsement};
use parangon_protocol::review::draw::Call;
use parangon_protocol::review::{
    self, Decline, DeclineReason, Dossier, Event, ExchangeError, Message, Outcome, PartContent, PartPlace, SignedAcceptance, SignedReview,
    Stage, State, Statement,
};

use parangon_protocol::time::Timestamp;

use super::{Notes, Offered, charter_of, item, load};
use crate::service::{Context, Error, anchors, assessments, catalogues, inbox, labels, mail, salt};
use crate::store::{Source, Tx, WriteTx};

/// Messages that wait for one agency beyond which no parts are queued for it: it asks again.
const CROWD: usize = 64;

/// Seconds that the owner has for its response after a draft came, whenever it was made.
const RESPONSE_LEAST: u64 = 3 * 86_400;

impl Notes {
    /// Until when the owner may answer a draft, by what the draft says of its date.
    pub(super) fn answered_by(&self) -> Timestamp {
        let least = self.since.plus(RESPONSE_LEAST);
        self.review.as_ref().map_or(least, |review| inbox::response_until(review.body.created).max(least))
    }
}

/// A reviewer accepted: its copy of the dossier goes out by itself, in the same transaction.
pub(crate) fn on_acceptance(context: &Context, tx: &mut WriteTx, acceptance: &SignedAcceptance) -> Result<(), Error> {
    let reviewer = &acceptance.body.reviewer;
    let id = acceptance.body.offer.to_string();
    let mut offered = load(tx, &id)?;
    let verified = mail::stated(context, reviewer, acceptance)?;
    let book = context.engine().book();
    let (_, keys) = book.current(reviewer).ok_or_else(|| Error::KeysUnknown(reviewer.clone()))?;
    verified.is_fresh(keys)?;
    let hash = verified.hash()?;
    if offered.apply(context, reviewer, Event::Accepted(verified))? == State::Accepted {
        let dossier = Dossier {
            offer: acceptance.body.offer,
            recipient: reviewer.clone(),
            assessment: offered.assessment.clone(),
            salt: offered.salt,
            copy_salt: salt()?,
        };
        dossier.check(&offered.offer.body, &*catalogues::by_reference(context, &offered.offer.body.catalogue)?)?;
        offered.apply(context, reviewer, Event::DossierSent(&dossier))?;
        if let Some(notes) = offered.parties.get_mut(reviewer) {
            notes.sent = Some(context.now());
            notes.accepted = Some(hash);
        }
        let message = Message::Dossier { dossier: Box::new(dossier) };
        mail::queue_to(context, tx, reviewer, &acceptance.body.dossier_key, &message)?;
    }
    item::put(tx, &id, &offered)
}

/// A reviewer asks for parts of the files of its dossier. Only whoever has the dossier gets any.
pub(crate) fn on_fetch(context: &Context, tx: &mut WriteTx, from: &AgencyId, offer: &Hash, places: &[PartPlace]) -> Result<(), Error> {
    let offered = load(tx, &offer.to_string())?;
    let missing = || Error::missing("offer", offer);
    let key = match (offered.exchange.outcome(), offered.exchange.state(from)) {
        (Outcome::Open, Some(State::DossierSent)) => offered.exchange.dossier_key(from).ok_or_else(missing)?.to_owned(),
        _ => return Err(missing()),
    };
    if tx.outbox_count(from, CROWD)? >= CROWD {
        return Err(Error::Crowded);
    }
    for place in places {
        let file = offered.assessment.files().map(|(_, file)| file).find(|file| file.id == place.file);
        let file = file.filter(|file| place.index() < file.parts.len()).ok_or_else(missing)?;
        let part = assessments::part(tx, &offered.sheet, file, place.index())?;
        let content = PartContent::new(part.to_vec()).ok_or(Error::Damaged { what: "file of evidence" })?;
        mail::queue_to(context, tx, from, &key, &Message::Part { offer: *offer, place: place.clone(), content })?;
    }
    Ok(())
}

/// Who was asked to review for what a draw is about, and declined, stepped back, contradicted itself or did not answer in time.
pub(crate) fn gone<S: Source>(tx: &Tx<S>, call: &Call) -> Result<Vec<AgencyId>, Error> {
    let mut found = Vec::new();
    item::each::<Offered, S>(tx, |_, offered| {
        if call.concerns(offered.offer.body.case(), offered.offer.body.level) {
            let is_over = offered.exchange.outcome() == Outcome::Withdrawn;
            let silent = |state| state == State::Offered || offered.is_at_work(state);
            let late = |state| is_over && silent(state) && offered.ended() >= offered.offer.body.due;
            let is_gone = |state| matches!(state, State::Declined | State::Withdrawn | State::Contradicted) || late(state);
            found.extend(offered.exchange.parties().filter(|(_, state)| is_gone(*state)).map(|(agency, _)| agency.clone()));
        }
        Ok(())
    })?;
    Ok(found)
}

/// What an agency that was asked has stated about an offer of ours: hashes.
pub(crate) fn said_by<S: Source>(tx: &Tx<S>, offer: &Hash, from: &AgencyId) -> Result<Vec<Hash>, Error> {
    let offered = item::find::<Offered, S>(tx, &offer.to_string())?;
    let Some(notes) = offered.as_ref().and_then(|offered| offered.parties.get(from)) else { return Ok(Vec::new()) };
    let reviews = [&notes.review, &notes.last, &notes.contradiction].into_iter().flatten();
    let reviews = reviews.map(|review| review.body.hash().map_err(Error::from));
    notes.accepted.into_iter().map(Ok).chain(reviews).collect()
}

pub(crate) fn on_decline(context: &Context, tx: &mut WriteTx, decline: &Decline) -> Result<(), Error> {
    let id = decline.offer.to_string();
    let mut offered = load(tx, &id)?;
    offered.apply(context, &decline.reviewer, Event::Declined(decline))?;
    if let Some(notes) = offered.parties.get_mut(&decline.reviewer) {
        notes.declined = Some(decline.reason);
    }
    item::put(tx, &id, &offered)
}

/// A reviewer steps back.
pub(crate) fn on_withdrawal(
    context: &Context,
    tx: &mut WriteTx,
    offer: &Hash,
    from: &AgencyId,
    reason: Option<DeclineReason>,
) -> Result<(), Error> {
    let id = offer.to_string();
    let mut offered = load(tx, &id)?;
    offered.apply(context, from, Event::Withdrawn { by: from })?;
    if let Some(notes) = offered.parties.get_mut(from) {
        notes.declined = reason;
    }
    item::put(tx, &id, &offered)
}

pub(crate) fn on_review(
    context: &Context,
    tx: &mut WriteTx,
    review: &SignedReview,
    endorsement: Option<&Endorsement>,
) -> Result<(), Error> {
    let reviewer = &review.body.reviewer;
    let id = review.body.offer.to_string();
    let mut offered = load(tx, &id)?;
    let verified = mail::stated(context, reviewer, review)?;
    let catalogue = catalogues::by_reference(context, &offered.offer.body.catalogue)?;
    review.body.scores.check(&catalogue).map_err(parangon_protocol::assessment::AssessmentError::from)?;
    let notes = offered.parties.get(reviewer);
    // A repetition says nothing new, whatever came with it.
    if notes.is_some_and(|notes| [&notes.review, &notes.last].into_iter().flatten().any(|held| held.body == review.body)) {
        return Ok(());
    }
    if let (Stage::Final, None, Some(notes)) = (review.body.stage, review.body.response, notes) {
        let (now, until) = (context.now(), response_until(tx, notes)?);
        let least = notes.since.plus(RESPONSE_LEAST);
        if now < until && until == least {
            return Err(Error::Early { until }); // it comes again
        }
        if now < until {
            return Err(Error::Message { rule: "a final review takes the response into account, or waits two weeks for it" });
        }
    }
    match offered.apply(context, reviewer, Event::Reviewed(verified)) {
        Ok(_) => {
            if let (Stage::Draft, Some(_)) = (review.body.stage, endorsement) {
                return Err(Error::Message { rule: "a draft endorses nothing" });
            }
            if let Some(endorsement) = endorsement {
                supported(context, &offered, review, endorsement)?;
            }
            if let Some(notes) = offered.parties.get_mut(reviewer) {
                match review.body.stage {
                    Stage::Final => notes.last = Some(review.clone()),
                    Stage::Draft | Stage::Only => notes.review = Some(review.clone()),
                }
                notes.endorsement = endorsement.cloned();
            }
        }
        // Two different reviews by one agency: both are kept, neither counts (case R6).
        Err(Error::Exchange(ExchangeError::SecondReview { .. })) => {
            let held = offered.parties.get(reviewer).and_then(|notes| match review.body.stage {
                Stage::Final => notes.last.clone(),
                Stage::Draft | Stage::Only => notes.review.clone(),
            });
            let held = held.ok_or(Error::Damaged { what: "review" })?;
            let first = mail::stated(context, reviewer, &held)?;
            offered.apply(context, reviewer, Event::Contradicted { first, second: verified })?;
            if let Some(notes) = offered.parties.get_mut(reviewer) {
                notes.contradiction = Some(review.clone());
            }
        }
        Err(error) => return Err(error),
    }
    item::put(tx, &id, &offered)
}

/// From when on a draft may be made final without a response. Two weeks count from when it says that it was made, where the anchor of that day
/// covers it, else from when it came (case R11); the owner has some days in any case.
fn response_until<S: Source>(tx: &Tx<S>, notes: &Notes) -> Result<Timestamp, Error> {
    let Some(draft) = notes.review.as_ref().map(|review| &review.body) else { return Ok(notes.since) };
    let dated = anchors::existed_by(tx, &draft.hash()?)?;
    Ok(match dated.is_some_and(|existed_by| anchor::kept(existed_by, draft.created)) {
        true => notes.answered_by(),
        false => inbox::response_until(notes.since),
    })
}

/// Checks that the endorsement is the review's, and its proof, before it is kept.
fn supported(context: &Context, offered: &Offered, signed: &SignedReview, endorsement: &Endorsement) -> Result<(), Error> {
    let reviewer = &signed.body.reviewer;
    let missing = || Error::missing("dossier copy", reviewer);
    let copy = offered.exchange.copy(reviewer).ok_or_else(missing)?;
    let dossier = offered.exchange.dossier().ok_or_else(missing)?;
    let common = offered.offer.body.common(dossier)?;
    review::supports(&common, copy, &signed.body, endorsement)?;
    let key = context.engine().book().issue_key(&LogId::first(reviewer.clone()), endorsement.keyset);
    let key = key.ok_or_else(|| Error::KeysUnknown(reviewer.clone()))?;
    let charter = charter_of(context, &offered.offer)?;
    let subject = EndorsementSubject {
        federation: context.federation(),
        charter: &charter,
        label_common: &common,
        label_id: common.id()?,
        endorsement,
        key: &key,
    };
    subject.verify().map_err(|_| Error::Forged)
}

/// The other side will never take a message about this offer.
pub(crate) fn on_refused(tx: &mut WriteTx, agency: &AgencyId, offer: &Hash) -> Result<(), Error> {
    let id = offer.to_string();
    let Some(mut offered) = item::find::<Offered, _>(tx, &id)? else { return Ok(()) };
    // What crosses a last word on its way meets a key that is gone.
    let is_over = matches!(offered.exchange.state(agency), Some(State::Withdrawn | State::Finalised | State::Declined));
    if let Some(notes) = offered.parties.get_mut(agency).filter(|_| !is_over) {
        notes.unreachable = true;
        item::put(tx, &id, &offered)?;
    }
    Ok(())
}

/// Whether the offer of a label of ours is still open here.
pub(crate) fn awaits<S: Source>(tx: &Tx<S>, common: &Common) -> Result<bool, Error> {
    let held = item::find::<Offered, S>(tx, &common.offer.to_string())?;
    Ok(held.is_some_and(|offered| offered.exchange.outcome() == Outcome::Open))
}

/// The label of an offer of ours stands in our log.
pub(crate) fn on_issued(context: &Context, tx: &mut WriteTx, common: &Common) -> Result<(), Error> {
    if !awaits(tx, common)? {
        return Ok(());
    }
    let id = common.offer.to_string();
    let mut offered = load(tx, &id)?;
    let charter = charter_of(context, &offered.offer)?;
    offered.exchange.apply(&charter, Event::Issued { common })?;
    offered.label = Some(common.id()?);
    offered.decision = None;
    offered.ended = Some(context.now());
    labels::take_status_place(tx, &common.id()?)?;
    item::put(tx, &id, &offered)
}
