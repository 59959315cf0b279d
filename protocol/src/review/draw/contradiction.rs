//! What an agency says once in a draw. Two different statements of that kind are evidence that anybody can check.

use super::{Call, Commitment, Cycle, Opening, Release, Selection};
use crate::id::{AgencyId, Hash};
use crate::keys::Purpose;
use crate::review::{ReviewError, Statement, Verified};

/// A statement that its author makes once about `About`.
pub trait Once: Statement {
    /// What it is said about.
    type About: PartialEq;

    /// What this one is about.
    fn about(&self) -> Self::About;
}

/// One ranking for a cycle: the call that was anchored first counts.
impl Once for Call {
    type About = Cycle;

    fn about(&self) -> Cycle {
        self.cycle()
    }
}

/// One value for a call.
impl Once for Commitment {
    type About = Hash;

    fn about(&self) -> Hash {
        self.call
    }
}

/// One set of commitments for a call.
impl Once for Selection {
    type About = Hash;

    fn about(&self) -> Hash {
        self.call
    }
}

/// Whoever opens its value for two selections lets the owner choose between them.
impl Once for Opening {
    type About = Hash;

    fn about(&self) -> Hash {
        self.call
    }
}

/// A holder gives its share for one selection, for the same reason.
impl Once for Release {
    type About = (Hash, AgencyId);

    fn about(&self) -> (Hash, AgencyId) {
        (self.call, self.contributor.clone())
    }
}

/// Two statements that their author may not both make, by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Who made both.
    pub author: AgencyId,
    /// What kind of statement they are.
    pub purpose: Purpose,
    /// One of them.
    pub first: Hash,
    /// The other.
    pub second: Hash,
}

/// Whether two statements contradict each other. Both are to be kept then.
///
/// # Errors
/// [`ReviewError::Canonical`] when a field cannot be written.
pub fn contradict<T: Once>(one: Verified<'_, T>, other: Verified<'_, T>) -> Result<Option<Contradiction>, ReviewError> {
    let (first, second) = (one.hash()?, other.hash()?);
    let both = one.author() == other.author() && one.about() == other.about() && first != second;
    Ok(both.then(|| Contradiction { author: one.author().clone(), purpose: T::PURPOSE, first, second }))
}
