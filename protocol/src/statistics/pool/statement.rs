//! What a member signs towards the others: a share for one of them, and its sum for all.

use serde::{Deserialize, Serialize};

use super::{Attempt, PoolError, Vector};
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::{PublicKey, Purpose};
use crate::limits;
use crate::review::{ReviewError, Signed, Statement};

/// The federation and the issue keys of its agencies: what signatures are checked with.
#[derive(Clone, Copy)]
pub struct Keys<'k> {
    /// Which federation.
    pub federation: &'k Fingerprint,
    /// Every issue key that this agency's log has stated, the newest first.
    pub issue: &'k dyn Fn(&AgencyId) -> Vec<PublicKey>,
}

impl Keys<'_> {
    /// Checks a statement by the first of its author's keys that fits.
    ///
    /// # Errors
    /// [`PoolError::NoKey`], or [`PoolError::Statement`].
    pub fn verify<T: Statement>(&self, signed: &Signed<T>) -> Result<(), PoolError> {
        let mut refused = PoolError::NoKey(signed.body.author().clone());
        for key in (self.issue)(signed.body.author()) {
            match signed.verify(self.federation, &key) {
                Ok(_) => return Ok(()),
                Err(cause) => refused = cause.into(),
            }
        }
        Err(refused)
    }
}

/// One share of a member's counters, for one other member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The attempt's number.
    pub attempt: u32,
    /// Whom it is for.
    pub recipient: AgencyId,
    /// The round's id.
    pub round: Hash,
    /// Who deals it.
    pub sender: AgencyId,
    /// Hash of the member set.
    pub set: Hash,
    /// Hash of the layout.
    pub table: Hash,
    /// The share.
    pub values: Vector,
}

/// A share with its sender's signature.
pub type SignedShare = Signed<Share>;

impl Statement for Share {
    const PURPOSE: Purpose = Purpose::PoolShare;

    fn author(&self) -> &AgencyId {
        &self.sender
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        Ok(())
    }
}

impl Share {
    /// Whether it can be added up in this attempt, by this member.
    ///
    /// # Errors
    /// The first part that is another one: round, attempt, set, layout, recipient; or somebody who takes no part, or another length.
    pub fn fits(&self, attempt: &Attempt, recipient: &AgencyId, counters: usize) -> Result<(), PoolError> {
        let sender = || self.sender.clone();
        if self.round != *attempt.round() {
            return Err(PoolError::OtherRound(sender()));
        }
        if self.attempt != attempt.number() {
            return Err(PoolError::OtherAttempt(sender()));
        }
        if self.recipient != *recipient {
            return Err(PoolError::OtherRecipient(sender()));
        }
        if self.set != *attempt.set() {
            return Err(PoolError::OtherSet(sender()));
        }
        if self.table != *attempt.table() {
            return Err(PoolError::OtherTable(sender()));
        }
        if !attempt.has(&self.sender) {
            return Err(PoolError::NotAMember(sender()));
        }
        if self.values.len() != counters {
            return Err(PoolError::Length { expected: counters, found: self.values.len() });
        }
        Ok(())
    }
}

/// A member's sum of the shares that it holds, its own one included. The same for all, so each can pass it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The attempt's number.
    pub attempt: u32,
    /// Whose sum.
    pub member: AgencyId,
    /// The round's id.
    pub round: Hash,
    /// Random, drawn for this sum: without it the hash in the log would confirm guesses.
    pub salt: Hash,
    /// Hash of the member set.
    pub set: Hash,
    /// The sum.
    pub values: Vector,
}

/// A sum with its member's signature.
pub type SignedSum = Signed<Sum>;

impl Statement for Sum {
    const PURPOSE: Purpose = Purpose::PoolSum;

    fn author(&self) -> &AgencyId {
        &self.member
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        Ok(())
    }
}

impl Sum {
    /// The salted hash that stands in the member's log before anybody opens.
    ///
    /// # Errors
    /// [`PoolError::Canonical`] when a field cannot be written.
    pub fn commitment(&self) -> Result<Hash, PoolError> {
        let salt = self.salt.0;
        Ok(Hash::commitment("parangon/pool-sum", &salt, &canonical::encode(self, limits::POOL_BYTES)?))
    }
}

/// What members of a pool say to each other, sealed: one enum, one door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Message {
    /// A share for the recipient.
    Share {
        /// The share.
        share: Box<SignedShare>,
    },
    /// A sum: the sender's own, or another one that it was asked for.
    Sum {
        /// The sum.
        sum: Box<SignedSum>,
    },
    /// These sums did not come.
    Ask {
        /// The attempt's number.
        attempt: u32,
        /// Whose.
        of: Vec<AgencyId>,
        /// The round's id.
        round: Hash,
    },
}

impl Message {
    /// Its canonical text.
    ///
    /// # Errors
    /// [`PoolError::Canonical`] above [`limits::POOL_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, PoolError> {
        Ok(canonical::encode(self, limits::POOL_BYTES)?)
    }

    /// Reads a message strictly: canonical, bounded, every element below the prime. Signatures are checked by [`Keys::verify`].
    ///
    /// # Errors
    /// [`PoolError::Canonical`], or [`PoolError::Ask`] for a question about nobody or more than there can be.
    pub fn decode(text: &[u8]) -> Result<Self, PoolError> {
        let message: Self = canonical::decode(text, limits::POOL_BYTES)?;
        if message.is_bounded() { Ok(message) } else { Err(PoolError::Ask) }
    }

    fn is_bounded(&self) -> bool {
        if let Self::Ask { of, .. } = self { (1..=limits::MEMBERS).contains(&of.len()) } else { true }
    }

    /// What a private message that holds it has to keep.
    pub(crate) fn well_formed(&self) -> Result<(), ReviewError> {
        canonical::encode(self, limits::POOL_BYTES)?;
        if self.is_bounded() { Ok(()) } else { Err(ReviewError::Asked) }
    }

    /// The round that it belongs to.
    #[must_use]
    pub fn round(&self) -> &Hash {
        match self {
            Self::Share { share } => &share.body.round,
            Self::Sum { sum } => &sum.body.round,
            Self::Ask { round, .. } => round,
        }
    }
}
