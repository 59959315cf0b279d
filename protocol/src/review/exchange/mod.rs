//! The order of an exchange. [`Exchange`] is the owner's side with every agency it asked, [`Assignment`] the side of
//! one reviewer. Both drive the same [`party::Party`], so the two sides cannot disagree on what may follow what.
//!
//! Applying an event twice changes nothing the second time and answers with the state it finds: the outbox delivers
//! at least once. An event that is refused changes nothing.

mod assignment;
mod owner;
mod party;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use assignment::Assignment;
pub use owner::Exchange;

use super::panel::Ineligible;
use super::{Acceptance, Decline, Dossier, Offer, Response, ReviewContent, ReviewError, Stage, Statement, Verified};
use crate::charter::Charter;
use crate::id::{AgencyId, Hash};
use crate::label::{Common, LabelId};

/// Where one agency stands in one exchange, or how the exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Asked, no answer yet.
    Offered,
    /// Said yes; the dossier is not sent yet.
    Accepted,
    /// Said no.
    Declined,
    /// Has its copy of the dossier.
    DossierSent,
    /// Its signed review is there.
    Reviewed,
    /// Its final review is there, where the owner asked to comment.
    Finalised,
    /// It signed two different reviews: neither counts.
    Contradicted,
    /// The offer was withdrawn, or this agency stepped back.
    Withdrawn,
    /// The label is issued.
    Issued,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offered => "asked and has not answered",
            Self::Accepted => "accepted and waits for the dossier",
            Self::Declined => "declined",
            Self::DossierSent => "at work on the dossier",
            Self::Reviewed => "done with its review",
            Self::Finalised => "done with its final review",
            Self::Contradicted => "out: it signed two different reviews",
            Self::Withdrawn => "withdrawn",
            Self::Issued => "closed by the label",
        })
    }
}

/// How an exchange ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It goes on.
    Open,
    /// The owner withdrew the offer.
    Withdrawn,
    /// It carries this label and no other.
    Issued(LabelId),
}

impl Outcome {
    fn state(self) -> Option<State> {
        match self {
            Self::Open => None,
            Self::Withdrawn => Some(State::Withdrawn),
            Self::Issued(_) => Some(State::Issued),
        }
    }
}

/// Something that happened, here or at the other end.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The offer goes out to, or came in at, this agency.
    Offered {
        /// Who is asked.
        reviewer: &'a AgencyId,
    },
    /// It said yes.
    Accepted(Verified<'a, Acceptance>),
    /// It said no. The caller has checked the envelope it came in.
    Declined(&'a Decline),
    /// Its copy of the dossier went out, or came in. The caller has asked [`Dossier::check`].
    DossierSent(&'a Dossier),
    /// Its review is signed, or came in.
    Reviewed(Verified<'a, ReviewContent>),
    /// The owner responds to the reviews, or its response came in.
    Responded(Verified<'a, Response>),
    /// Proof that it signed two different reviews (case R6). Both are to be kept; neither counts from here on.
    Contradicted {
        /// One review.
        first: Verified<'a, ReviewContent>,
        /// Another by the same agency of the same offer.
        second: Verified<'a, ReviewContent>,
    },
    /// The owner withdraws the offer, or a reviewer steps back. The caller has checked the envelope it came in.
    Withdrawn {
        /// Who.
        by: &'a AgencyId,
    },
    /// The label was issued.
    Issued {
        /// Its common fields.
        common: &'a Common,
    },
}

impl Event<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Offered { .. } => "offer",
            Self::Accepted(_) => "accept",
            Self::Declined(_) => "decline",
            Self::DossierSent(_) => "send the dossier",
            Self::Reviewed(_) => "review",
            Self::Responded(_) => "respond",
            Self::Contradicted { .. } => "record two reviews",
            Self::Withdrawn { .. } => "withdraw",
            Self::Issued { .. } => "issue the label",
        }
    }
}

/// Why an event was refused. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// It belongs to another offer.
    #[error("this belongs to another offer")]
    OtherOffer,
    /// It stands on another charter version, or its statement cannot be written or does not fit the offer.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The conflict rules exclude this agency (cases R1, R2).
    #[error("{agency} cannot review: {cause}")]
    Ineligible {
        /// Who.
        agency: AgencyId,
        /// Why.
        cause: Ineligible,
    },
    /// An agency that was not asked.
    #[error("{0} was not asked")]
    NotAsked(AgencyId),
    /// Not now.
    #[error("cannot {event}: {agency} is {state}")]
    OutOfOrder {
        /// What was tried.
        event: &'static str,
        /// Whose turn it was not.
        agency: AgencyId,
        /// Where that agency stands.
        state: State,
    },
    /// Two different answers of one agency.
    #[error("{0} has already answered differently")]
    SecondAnswer(AgencyId),
    /// One dossier key for two dossiers, or of two agencies.
    #[error("{0}'s dossier key is in use already")]
    UsedKey(AgencyId),
    /// Another dossier than before: all reviewers judge the same, and each has one copy.
    #[error("{0} would get another dossier than was sent before")]
    SecondDossier(AgencyId),
    /// A review of something else than what was sent (cases R3, R4).
    #[error("{reviewer} reviewed another {part} than was sent")]
    OtherContent {
        /// Who.
        reviewer: AgencyId,
        /// `dossier` or `catalogue`.
        part: &'static str,
    },
    /// A second, different review (case R6). Keep both and apply [`Event::Contradicted`].
    #[error("{reviewer} signed two different reviews of one offer")]
    SecondReview {
        /// Who.
        reviewer: AgencyId,
        /// Hash of the review held.
        held: Hash,
        /// Hash of the other.
        other: Hash,
    },
    /// A response although the owner did not ask to comment, or a review of another stage than its turn.
    #[error("{what} does not belong here: {why}")]
    OtherStage {
        /// What came.
        what: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// The response comes when everybody who accepted has reviewed.
    #[error("{0} has accepted and not reviewed yet")]
    Waits(AgencyId),
    /// The owner has responded: no more reviews are taken.
    #[error("the owner has responded to the reviews; no more are taken")]
    Late,
    /// A second, different response.
    #[error("the owner has responded already, and responds once")]
    SecondResponse,
    /// A final review that takes another response into account than the owner gave.
    #[error("{0} takes another response into account than was given")]
    OtherResponse(AgencyId),
    /// Not two different reviews by one agency.
    #[error("these two reviews do not contradict each other")]
    NoContradiction,
    /// A label without a review behind it.
    #[error("no review is there to carry the label")]
    NoReview,
    /// A label of another offer, dossier or content than this exchange's.
    #[error("this label is not the one that the offer was for")]
    OtherLabel,
    /// One offer carries one label.
    #[error("the offer already carries label {0}")]
    SecondLabel(LabelId),
}

/// What the offer fixed, as both sides keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    hash: Hash,
    offer: Offer,
}

impl Terms {
    fn of(charter: &Charter, offer: &Offer) -> Result<Self, ExchangeError> {
        offer.rule(charter)?;
        Ok(Self { hash: offer.hash()?, offer: offer.clone() })
    }

    fn same_offer(&self, offer: &Hash) -> Result<(), ExchangeError> {
        if &self.hash == offer { Ok(()) } else { Err(ExchangeError::OtherOffer) }
    }

    /// Asked when an agency is invited and again when it accepts (case R1).
    fn eligible(&self, charter: &Charter, agency: &AgencyId) -> Result<(), ExchangeError> {
        let version = self.offer.charter;
        if charter.version != version {
            return Err(ReviewError::OtherCharter { offer: version, given: charter.version }.into());
        }
        super::panel::eligible(charter, self.offer.case(), agency)
            .map_err(|cause| ExchangeError::Ineligible { agency: agency.clone(), cause })
    }

    fn fits(&self, dossier: &Dossier) -> Result<(), ExchangeError> {
        self.same_offer(&dossier.offer)?;
        Ok(dossier.concerns(&self.offer)?)
    }

    /// The label's id, when it is exactly what was offered and, where one is known, about this dossier.
    fn label(&self, common: &Common, dossier: Option<Hash>) -> Result<LabelId, ExchangeError> {
        self.same_offer(&common.offer)?;
        let fits = self.offer.common(common.dossier)? == *common && dossier.is_none_or(|dossier| dossier == common.dossier);
        if fits { Ok(common.id().map_err(ReviewError::from)?) } else { Err(ExchangeError::OtherLabel) }
    }

    /// The state in which an agency's review counts.
    fn counting(&self) -> State {
        if self.offer.comments { State::Finalised } else { State::Reviewed }
    }

    /// Whether a review of this stage can belong to this offer at all.
    fn stage(&self, stage: Stage) -> Result<(), ExchangeError> {
        match (self.offer.comments, stage) {
            (false, Stage::Only) | (true, Stage::Draft | Stage::Final) => Ok(()),
            (false, _) => Err(ExchangeError::OtherStage { what: "the review", why: "the owner does not comment on reviews" }),
            (true, Stage::Only) => Err(ExchangeError::OtherStage { what: "the review", why: "the owner comments on a draft first" }),
        }
    }

    /// Whether a response can follow.
    fn response(&self, response: &Verified<'_, Response>, held: Option<Hash>) -> Result<Hash, ExchangeError> {
        self.same_offer(&response.offer)?;
        if !self.offer.comments || response.owner != self.offer.owner {
            return Err(ExchangeError::OtherStage { what: "the response", why: "the owner does not comment on reviews" });
        }
        let hash = response.hash()?;
        if held.is_none_or(|held| held == hash) { Ok(hash) } else { Err(ExchangeError::SecondResponse) }
    }

    /// The refusal of an event of the owner's after the end.
    fn over(&self, event: &Event<'_>, state: State) -> ExchangeError {
        ExchangeError::OutOfOrder { event: event.name(), agency: self.offer.owner.clone(), state }
    }
}
