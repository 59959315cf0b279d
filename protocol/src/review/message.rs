//! What is sealed in a private message: one enum, one door.

use serde::{Deserialize, Serialize};

use super::{Decline, Dossier, ReviewError, SignedAcceptance, SignedOffer, SignedReview, Statement};
use crate::canonical;
use crate::id::{AgencyId, Hash};
use crate::label::Endorsement;
use crate::limits;

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
    /// Reviewer to owner.
    Review {
        /// What was found.
        review: Box<SignedReview>,
        /// There when the review supports the level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        endorsement: Option<Box<Endorsement>>,
    },
    /// Either side ends it: the owner for all, a reviewer for itself.
    Withdraw {
        /// Hash of the offer.
        offer: Hash,
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

    /// Hash of the offer that it belongs to.
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
            Self::Withdraw { offer } => *offer,
        })
    }

    /// Who wrote it, where it says so. A dossier and a withdrawal are their envelope's sender's.
    #[must_use]
    pub fn author(&self) -> Option<&AgencyId> {
        match self {
            Self::Offer { offer } => Some(offer.body.author()),
            Self::Accept { acceptance } => Some(acceptance.body.author()),
            Self::Decline { decline } => Some(&decline.reviewer),
            Self::Review { review, .. } => Some(review.body.author()),
            Self::Dossier { .. } | Self::Withdraw { .. } => None,
        }
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        match self {
            Self::Offer { offer } => offer.body.well_formed(),
            Self::Accept { acceptance } => acceptance.body.well_formed(),
            Self::Review { review, .. } => review.body.well_formed(),
            Self::Decline { .. } | Self::Dossier { .. } | Self::Withdraw { .. } => Ok(()),
        }
    }
}
