//! What agencies say to each other during a draw, sealed: one enum, one door.

use serde::{Deserialize, Serialize};

use super::{Deal, SELECTED, SignedCall, SignedCommitment, SignedOpening, SignedRelease, SignedSelection};
use crate::anchor::Dated;
use crate::canonical;
use crate::id::{AgencyId, Hash};
use crate::limits;
use crate::review::{ReviewError, Statement};

/// The plaintext of a message, `{"type":…}` in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Message {
    /// Owner to contributors.
    Call {
        /// What is called for.
        call: Box<SignedCall>,
        /// That the call stands in an anchor of the owner's.
        dated: Box<Dated>,
    },
    /// Contributor to owner.
    Commit {
        /// What it is bound to.
        commitment: Box<SignedCommitment>,
    },
    /// Contributor to each holder.
    Deal {
        /// The call, of which a holder need not know.
        call: Box<SignedCall>,
        /// Its share, and what it is checked against.
        deal: Box<Deal>,
    },
    /// Holder to owner: it has its share, which is the right one. The envelope says who.
    Held {
        /// Hash of the call.
        call: Hash,
        /// Hash of the commitment.
        commitment: Hash,
    },
    /// Owner to contributors and holders.
    Select {
        /// The commitments, in the call's order.
        commitments: Vec<SignedCommitment>,
        /// That these count.
        selection: Box<SignedSelection>,
    },
    /// Contributor to owner and holders.
    Open {
        /// Its value.
        opening: Box<SignedOpening>,
    },
    /// Owner to holders: this contributor does not open its value.
    Withheld {
        /// Hash of the call.
        call: Hash,
        /// Who withholds it.
        contributor: AgencyId,
        /// Hash of the selection.
        selection: Hash,
    },
    /// Holder to owner.
    Release {
        /// Its share.
        release: Box<SignedRelease>,
        /// The commitments of all shares, by place.
        shares: Vec<Hash>,
    },
}

impl Message {
    /// Its canonical text.
    ///
    /// # Errors
    /// What the message itself breaks, or [`ReviewError::Canonical`] above [`limits::DRAW_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ReviewError> {
        self.well_formed()?;
        Ok(canonical::encode(self, limits::DRAW_BYTES)?)
    }

    /// Reads a message strictly: canonical, bounded, every field in its grammar. Signatures are checked by
    /// [`super::Keys::verify`], shares by [`Deal::check`] and [`super::Recovery::add`].
    ///
    /// # Errors
    /// As [`Message::encode`].
    pub fn decode(text: &[u8]) -> Result<Self, ReviewError> {
        let message: Self = canonical::decode(text, limits::DRAW_BYTES)?;
        message.well_formed()?;
        Ok(message)
    }

    /// Hash of the call that it belongs to.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a call cannot be written.
    pub fn call(&self) -> Result<Hash, ReviewError> {
        Ok(match self {
            Self::Call { call, .. } | Self::Deal { call, .. } => call.body.hash()?,
            Self::Commit { commitment } => commitment.body.call,
            Self::Select { selection, .. } => selection.body.call,
            Self::Open { opening } => opening.body.call,
            Self::Release { release, .. } => release.body.call,
            Self::Held { call, .. } | Self::Withheld { call, .. } => *call,
        })
    }

    /// Who wrote it, where it says so. The others are their envelope's sender's.
    #[must_use]
    pub fn author(&self) -> Option<&AgencyId> {
        match self {
            Self::Call { call, .. } => Some(call.body.author()),
            Self::Commit { commitment } => Some(commitment.body.author()),
            Self::Deal { deal, .. } => Some(deal.commitment.body.author()),
            Self::Select { selection, .. } => Some(selection.body.author()),
            Self::Open { opening } => Some(opening.body.author()),
            Self::Release { release, .. } => Some(release.body.author()),
            Self::Held { .. } | Self::Withheld { .. } => None,
        }
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        match self {
            Self::Call { dated, .. } if !dated.is_bounded() => Err(ReviewError::Dated),
            Self::Call { call, .. } => call.body.well_formed(),
            Self::Deal { call, deal } => {
                call.body.well_formed()?;
                if deal.shares.len() > limits::MEMBERS { Err(ReviewError::Shares) } else { Ok(()) }
            }
            Self::Release { shares, .. } if shares.len() > limits::MEMBERS => Err(ReviewError::Shares),
            Self::Select { commitments, .. } if commitments.len() > SELECTED => Err(ReviewError::Selection),
            Self::Select { selection, .. } => selection.body.well_formed(),
            Self::Commit { .. } | Self::Held { .. } | Self::Open { .. } | Self::Withheld { .. } | Self::Release { .. } => Ok(()),
        }
    }
}
