//! Pools: exact totals of agencies that are too small to publish alone, without anybody seeing another one's counts (protocol,
//! "Statistics").
//!
//! A [`Plan`] follows from public counts, so everybody computes the same round. Each member splits its counters into uniform shares
//! modulo [`PRIME`], one for each member. It adds up what it gets, logs a salted hash of the sum ([`PoolHash`]), says that it sees the
//! hashes of all ([`PoolReady`]), and opens its sum when all said so. The sums of all members add up to the total of their counters;
//! what passes disclosure is published by each of them ([`PoolTotal`]) and counts once ([`outcome`]).
//!
//! **Never two totals.** A log is one line that all agree on. In each attempt a member's first record binds it to one member set, and
//! its first vote is for good. Sums are opened when all votes of a set are *ready*, and the next attempt begins where one of them is
//! not: so never both. Each later set has more than half of the first one's members; two sets of one attempt would share one, which
//! is bound to one of them.
//!
//! **Who learns what.** A member sees shares, which are uniform, and the sums of all, which tell the total. Members that put their heads
//! together subtract their own counters from it: n - 1 of them know the last one's, by arithmetic alone, and n - 2 know the sum of two.
//! Members see every total, also those cells of it that are not published.

mod board;
mod calendar;
mod earlier;
mod field;
mod outcome;
mod party;
mod plan;
mod record;
mod statement;
mod total;

use crate::canonical::CanonicalError;
use crate::id::AgencyId;
use crate::limits;
use crate::review::ReviewError;

pub use board::{Board, LOOKED_AT, Opened, Vote};
pub use calendar::{ASKED_EVERY, ATTEMPTS, Calendar};
pub use earlier::{Held, Kind};
pub use field::{PRIME, Vector};
pub use outcome::{Outcome, Phase, outcome};
pub use party::{Action, Means, Party};
pub use plan::{Attempt, Group, Known, MEMBERS, Plan, Seat};
pub use record::{Fault, Named, PoolFault, PoolGroup, PoolHash, PoolReady, PoolRecord, PoolTotal};
pub use statement::{Keys, Message, Share, SignedShare, SignedSum, Sum};

/// Why a round cannot begin, or a part of it was refused. Nothing was changed by it. None of them quotes a counter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Not canonical, too large, or not of the shape of its type.
    #[error("not a message of a pool: {0}")]
    Canonical(#[from] CanonicalError),
    /// Not signed by its author.
    #[error(transparent)]
    Statement(#[from] ReviewError),
    /// No issue key of an agency is known.
    #[error("no issue key of {0} is known")]
    NoKey(AgencyId),
    /// Parts that make no plan.
    #[error("groups, indicators and units do not fit together, or there are more than {} rows", limits::POOL_ROWS)]
    Plan,
    /// A round of fewer members than it needs.
    #[error("{found} of {needed} agencies that a pool needs")]
    TooFew {
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Two members alone could make up nearly all of it.
    #[error("without two of the agencies the others have fewer clusters than the minimum")]
    TooSmall,
    /// Nearly the same labels as in an earlier total, or all but a few.
    #[error("few clusters, or of few agencies, are in this total or in an earlier one only: the difference would tell of them")]
    Close,
    /// An earlier total that may have been seen, of labels that cannot be told.
    #[error("it cannot be told which clusters an earlier round added up: the difference might tell of a few")]
    Unclear,
    /// No further attempt in this period.
    #[error("a round has {ATTEMPTS} attempts")]
    Attempts,
    /// An agency that takes no part.
    #[error("{0} takes no part in this round")]
    NotAMember(AgencyId),
    /// Not an integer from 0 to the prime - 1, in 16 hex digits.
    #[error("a value that is no element modulo the prime")]
    Element,
    /// A vector of another length.
    #[error("{found} values instead of {expected}")]
    Length {
        /// What fits, or may be.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A question about nobody, or about more than there can be.
    #[error("a question is about 1 to {} members", limits::MEMBERS)]
    Ask,
    /// From another round: an earlier one, or one that is computed from another register.
    #[error("{0} means another round")]
    OtherRound(AgencyId),
    /// From another attempt, or one that has not begun, or is over.
    #[error("{0} means another attempt")]
    OtherAttempt(AgencyId),
    /// For another set of members.
    #[error("{0} means another set of members")]
    OtherSet(AgencyId),
    /// Of another layout.
    #[error("{0} means another table")]
    OtherTable(AgencyId),
    /// A share that was dealt to somebody else.
    #[error("the share of {0} is for another member")]
    OtherRecipient(AgencyId),
    /// A share that somebody else dealt.
    #[error("{from} sends a share of {sender}")]
    OtherSender {
        /// Who dealt it.
        sender: AgencyId,
        /// Who sent it.
        from: AgencyId,
    },
    /// Two different shares for one member: the first one stands.
    #[error("{0} deals twice; its first share stands")]
    Twice(AgencyId),
    /// The sums open to no table of these units.
    #[error("the levels do not add up to the register's counts")]
    Levels,
    /// A record that breaks a rule: it is kept, and says nothing.
    #[error("the record is void: {0}")]
    Void(&'static str),
}

#[cfg(test)]
mod tests;
