//! The draw of reviewers: a ranking of the eligible that neither the owner nor a reviewer can steer, and that everybody who
//! holds the label can recompute (protocol, "Draws").
//!
//! The owner signs a [`Call`]. Its hash puts the groups outside the owner's in an order. Whoever is early in it commits to 32 bytes and
//! deals shares of them to all others ([`Dealing`]). The owner fixes which commitments count ([`Selection`]); only then is anything
//! opened, by its contributor or, where that one withholds it, from the shares ([`Recovery`]). [`Draw`] is all of that as
//! evidence; [`Drawn`] is what it gives: a ranking, which [`choice`] follows.
//!
//! Everything that a contributor commits to follows from its 32 bytes. So whether a commitment is sound was settled when it was made:
//! nobody who sees the other value can turn a sound commitment into a void one, or the other way round.

mod call;
pub mod choice;
mod contradiction;
mod dealing;
mod evidence;
mod field;
mod message;
mod parties;
mod recovery;
mod selection;

use super::{ReviewError, Signed, Statement, Verified};
use crate::id::{AgencyId, Fingerprint};
use crate::keys::PublicKey;

pub use call::{Call, Cycle, SignedCall};
pub use contradiction::{Contradiction, Once, contradict};
pub use dealing::{Commitment, Deal, Dealing, Share, SignedCommitment, Value};
pub use evidence::{Contribution, Disclosed, Draw, Drawn, How, rank, seed};
pub use message::Message;
pub use parties::Parties;
pub use recovery::{Recovered, Recovery};
pub use selection::{Opening, Release, Selected, Selection, SignedOpening, SignedRelease, SignedSelection};

/// Values that make the seed. One that is honest is enough; fewer where fewer groups are there.
pub const CONTRIBUTORS: usize = 2;

/// Commitments in one selection: two that count and six that take the place of void ones.
pub const SELECTED: usize = 8;

/// The least time in which contributors can commit: by then the call stands in an anchor.
pub const WINDOW_SECONDS: u64 = 86_400;

/// The federation and the issue keys of its agencies: what signatures are checked with.
#[derive(Clone, Copy)]
pub struct Keys<'k> {
    /// Which federation.
    pub federation: &'k Fingerprint,
    /// Every issue key that this agency's log has stated, the newest first. A statement may be older than the key in force.
    pub issue: &'k dyn Fn(&AgencyId) -> Vec<PublicKey>,
}

impl Keys<'_> {
    /// Checks a statement by the first of its author's keys that fits.
    ///
    /// # Errors
    /// [`DrawError::NoKey`], or as [`Signed::verify`].
    pub fn verify<'a, T: Statement>(&self, signed: &'a Signed<T>) -> Result<Verified<'a, T>, DrawError> {
        let mut refused = DrawError::NoKey(signed.body.author().clone());
        for key in (self.issue)(signed.body.author()) {
            match signed.verify(self.federation, &key) {
                Ok(verified) => return Ok(verified),
                Err(cause) => refused = cause.into(),
            }
        }
        Err(refused)
    }
}

/// Why a part of a draw was refused. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// Not well formed, not signed by its author, or not to be written.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// No issue key of an agency is known.
    #[error("no issue key of {0} is known")]
    NoKey(AgencyId),
    /// Another charter version than the call's.
    #[error("the call stands on charter version {call}, not on {given}")]
    OtherCharter {
        /// What the call says.
        call: u32,
        /// What it was compared with.
        given: u32,
    },
    /// The owner is no member.
    #[error("{0} is not a member of the federation")]
    NotAMember(AgencyId),
    /// No group but the owner's.
    #[error("nobody outside the owner's own group is there to contribute")]
    Nobody,
    /// The call begins another cycle than the published labels do.
    #[error("the call does not follow the cluster's last label of this scheme and level")]
    OtherCycle,
    /// A statement that belongs to another call.
    #[error("{0} answers another call")]
    OtherCall(AgencyId),
    /// A statement about another selection.
    #[error("{0} answers another selection")]
    OtherSelection(AgencyId),
    /// An agency that the call does not ask for a value.
    #[error("the call does not ask {0} for a value")]
    NotAContributor(AgencyId),
    /// An agency that has no share of this value.
    #[error("{agency} holds no share of {contributor}'s value")]
    NotAHolder {
        /// Who.
        agency: AgencyId,
        /// Whose value.
        contributor: AgencyId,
    },
    /// A commitment that its contributor dates after the time for commitments.
    #[error("{0} committed when the time for it was over")]
    Late(AgencyId),
    /// Commitments that do not stand in the call's order, each once.
    #[error("the commitments do not stand in the order of the call")]
    Order,
    /// A selection of other commitments than those beside it.
    #[error("the selection names other commitments")]
    OtherCommitments,
    /// Fewer commitments than values are needed.
    #[error("{found} of {needed} commitments")]
    TooFewCommitments {
        /// How many the federation needs.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Somebody is left out although there was time to commit.
    #[error("{0} is left out before the time for commitments is over")]
    Early(AgencyId),
    /// Somebody is left out who had committed in time.
    #[error("{0} committed in time and is left out")]
    LeftOut(AgencyId),
    /// An opened value that is not the committed one. It counts as withheld.
    #[error("{0} opens another value than it committed to")]
    WrongValue(AgencyId),
    /// The shares were not dealt from the committed value: the commitment is void, which the shares have to show.
    #[error("the shares that {0} dealt are not those of its value: its commitment is void")]
    Void(AgencyId),
    /// A list of shares that is not the committed one.
    #[error("this is not the list of shares that {0} committed to")]
    WrongList(AgencyId),
    /// A wrong or altered share.
    #[error("the share that {holder} gives is not the one that {contributor} committed to")]
    WrongShare {
        /// Who gave it.
        holder: AgencyId,
        /// Whose value it should be of.
        contributor: AgencyId,
    },
    /// Not enough shares to open a value.
    #[error("{found} of {needed} shares of {contributor}'s value")]
    TooFewShares {
        /// Whose value.
        contributor: AgencyId,
        /// The threshold.
        needed: usize,
        /// Right shares of different groups found.
        found: usize,
    },
    /// Not enough values are opened.
    #[error("{found} of {needed} values are open")]
    Unfinished {
        /// How many make the seed.
        needed: usize,
        /// How many are open.
        found: usize,
    },
    /// Something is opened that the draw does not need.
    #[error("a value is opened that does not count")]
    TooMany,
}

#[cfg(test)]
mod tests;
