//! What is sealed in a private message: one enum, one door.

use serde::{Deserialize, Serialize};

use super::draw;
use super::{
    Decline, DeclineReason, Dossier, PartContent, PartPlace, Question, Reply, ReviewError, SignedAcceptance, SignedOffer, SignedResponse,
    SignedReview, Statement, part,
};
use crate::anchor::Dated;
use crate::canonical;
use crate::id::{AgencyId, Hash};
use crate::label::Endorsement;
use crate::limits;
use crate::statistics::pool;
use crate::time::Timestamp;

/// The plaintext of a private message, `{"type":…}` in canonical form. It is sealed to the recipient's standing key,
/// a dossier to the fresh key of the acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Message {
    /// Owner to each agency asked.
    Offer {
        /// What is asked.
        offer: Box<SignedOffer>,
    },
    /// Reviewer to owner: yes.
    Accept {
        /// With the fresh key.
        acceptance: SignedAcceptance,
    },
    /// Reviewer to owner: no.
    Decline {
        /// With the reason.
        decline: Decline,
    },
    /// Owner to a reviewer that accepted.
    Dossier {
        /// Its copy.
        dossier: Box<Dossier>,
    },
    /// Reviewer to owner: parts of the dossier's files that it lacks.
    Fetch {
        /// Hash of the offer.
        offer: Hash,
        /// Which ones, 1 to [`super::PARTS_AT_ONCE`].
        places: Vec<PartPlace>,
    },
    /// Owner to reviewer: one of them, sealed to the dossier's own key like the dossier.
    Part {
        /// Hash of the offer.
        offer: Hash,
        /// Which one.
        place: PartPlace,
        /// Its bytes.
        content: PartContent,
    },
    /// Reviewer to owner: what it wants to know.
    Question {
        /// The question.
        question: Question,
    },
    /// Owner to reviewer: what it answers, sealed to the dossier's own key.
    Reply {
        /// The answer.
        reply: Reply,
    },
    /// Owner to every reviewer, when all reviews are in; sealed to the dossier's own key.
    Response {
        /// What it says, and where the reviewers differ.
        response: Box<SignedResponse>,
    },
    /// Reviewer to owner: its copy of the dossier is deleted. A claim.
    Receipt {
        /// Hash of the offer.
        offer: Hash,
        /// Commitment of the copy.
        copy: Hash,
        /// When it was deleted.
        deleted: Timestamp,
    },
    /// Owner to whoever was asked: delete what you hold of this exchange and is not public. It ends the exchange where that is open.
    Erase {
        /// Hash of the offer.
        offer: Hash,
    },
    /// Reviewer to owner, to [`Message::Erase`]: it is deleted. A claim.
    Erased {
        /// Hash of the offer.
        offer: Hash,
        /// When it was deleted, also from free pages of the store.
        deleted: Timestamp,
        /// When the last backup that could hold it has expired.
        until: Timestamp,
    },
    /// Reviewer to owner.
    Review {
        /// What was found.
        review: Box<SignedReview>,
        /// There when the review supports the level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        endorsement: Option<Box<Endorsement>>,
    },
    /// Either side to the other: by when a statement existed, as witnesses vouch.
    Dated {
        /// The proof.
        dated: Box<Dated>,
        /// Hash of the offer.
        offer: Hash,
    },
    /// A part of the draw of reviewers. It belongs to a call, whose hash stands where the others have the offer's.
    Draw {
        /// Which.
        message: Box<draw::Message>,
    },
    /// A part of a pool's round, whose id stands where the others have the offer's hash.
    Pool {
        /// Which.
        message: Box<pool::Message>,
    },
    /// Either side ends it: the owner for all, a reviewer for itself.
    Withdraw {
        /// Hash of the offer.
        offer: Hash,
        /// Why a reviewer steps back: a tie that turned up is a recusal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<DeclineReason>,
    },
}

impl Message {
    /// Its canonical text.
    ///
    /// # Errors
    /// What the message itself breaks, or [`ReviewError::Canonical`] above [`limits::PRIVATE_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ReviewError> {
        self.well_formed()?;
        Ok(canonical::encode(self, limits::PRIVATE_BYTES)?)
    }

    /// Reads a message strictly: canonical, bounded, every field in its grammar. Signatures are checked by
    /// [`super::Signed::verify`].
    ///
    /// # Errors
    /// As [`Message::encode`].
    pub fn decode(text: &[u8]) -> Result<Self, ReviewError> {
        let message: Self = canonical::decode(text, limits::PRIVATE_BYTES)?;
        message.well_formed()?;
        Ok(message)
    }

    /// Hash of the offer that it belongs to; of the call for a part of a draw, a round's id for a part of a pool.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when an offer cannot be written.
    pub fn offer(&self) -> Result<Hash, ReviewError> {
        Ok(match self {
            Self::Offer { offer } => offer.body.hash()?,
            Self::Accept { acceptance } => acceptance.body.offer,
            Self::Decline { decline } => decline.offer,
            Self::Dossier { dossier } => dossier.offer,
            Self::Review { review, .. } => review.body.offer,
            Self::Question { question } => question.offer,
            Self::Reply { reply } => reply.offer,
            Self::Response { response } => response.body.offer,
            Self::Draw { message } => message.call()?,
            Self::Pool { message } => *message.round(),
            Self::Fetch { offer, .. }
            | Self::Part { offer, .. }
            | Self::Receipt { offer, .. }
            | Self::Erase { offer }
            | Self::Erased { offer, .. }
            | Self::Dated { offer, .. }
            | Self::Withdraw { offer, .. } => *offer,
        })
    }

    /// Whether it is sealed to the dossier's own key, so that it can be destroyed with that.
    #[must_use]
    pub fn is_of_dossier(&self) -> bool {
        matches!(self, Self::Dossier { .. } | Self::Part { .. } | Self::Reply { .. } | Self::Response { .. })
    }

    /// Who wrote it, where it says so. The others are their envelope's sender's.
    #[must_use]
    pub fn author(&self) -> Option<&AgencyId> {
        match self {
            Self::Offer { offer } => Some(offer.body.author()),
            Self::Accept { acceptance } => Some(acceptance.body.author()),
            Self::Decline { decline } => Some(&decline.reviewer),
            Self::Review { review, .. } => Some(review.body.author()),
            Self::Response { response } => Some(response.body.author()),
            Self::Draw { message } => message.author(),
            _ => None,
        }
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        match self {
            Self::Offer { offer } => offer.body.well_formed(),
            Self::Accept { acceptance } => acceptance.body.well_formed(),
            Self::Review { review, .. } => review.body.well_formed(),
            Self::Fetch { places, .. } => part::check_places(places),
            Self::Question { question } => question.well_formed(),
            Self::Reply { reply } => reply.well_formed(),
            Self::Response { response } => response.body.well_formed(),
            Self::Draw { message } => message.encode().map(drop),
            Self::Pool { message } => message.well_formed(),
            Self::Dated { dated, .. } if !dated.is_bounded() => Err(ReviewError::Dated),
            Self::Erased { deleted, until, .. } if until < deleted => {
                Err(ReviewError::Dates { earlier: "the deletion", later: "the expiry of the last backup" })
            }
            Self::Decline { .. }
            | Self::Dossier { .. }
            | Self::Part { .. }
            | Self::Receipt { .. }
            | Self::Erase { .. }
            | Self::Erased { .. }
            | Self::Dated { .. }
            | Self::Withdraw { .. } => Ok(()),
        }
    }
}
