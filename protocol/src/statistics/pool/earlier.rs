//! What keeps totals apart: the difference of two of them tells of the labels that are in one only, to whoever saw both whole.
//!
//! Labels that were in exactly the same earlier totals make a [`Kind`]. Whatever is worked out by adding and subtracting totals is made
//! of sums over whole kinds. So a new total must not split a kind into parts of which one is small, and what no total held before
//! must not be small either.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::PoolError;
use crate::id::AgencyId;

/// How many labels of one kind an agency has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Whose.
    pub agency: AgencyId,
    /// Those that are not among its units of this round.
    pub gone: u32,
    /// Those that are.
    pub stays: u32,
}

/// The labels that were in exactly the same earlier totals: of each agency how many, sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(pub Vec<Held>);

impl Kind {
    pub(super) fn is_sorted(&self) -> bool {
        self.0.is_sorted_by(|a, b| a.agency < b.agency)
    }

    /// Those of one agency that are among its units.
    pub(super) fn stays(&self, agency: &AgencyId) -> u64 {
        self.0.iter().filter(|held| held.agency == *agency).map(|held| u64::from(held.stays)).sum()
    }

    /// How many of each agency are in a total of these members, and how many are not.
    fn parts(&self, members: &BTreeSet<AgencyId>) -> [Vec<u64>; 2] {
        let inside = |held: &Held| if members.contains(&held.agency) { u64::from(held.stays) } else { 0 };
        let all = |held: &Held| u64::from(held.stays) + u64::from(held.gone);
        [self.0.iter().map(inside).collect(), self.0.iter().map(|held| all(held) - inside(held)).collect()]
    }
}

/// Whether a total of these members, with so many units each, may be made after the totals that these kinds come from. `meets` says
/// whether so many of each agency are enough.
///
/// # Errors
/// [`PoolError::Close`].
pub(super) fn apart(
    kinds: &[Kind],
    members: &BTreeSet<AgencyId>,
    units: impl Fn(&AgencyId) -> u64,
    meets: impl Fn(&[u64]) -> bool,
) -> Result<(), PoolError> {
    let some = |counts: &[u64]| counts.iter().any(|count| *count > 0);
    for kind in kinds {
        let [inside, outside] = kind.parts(members);
        if some(&inside) && some(&outside) && !(meets(&inside) && meets(&outside)) {
            return Err(PoolError::Close);
        }
    }
    let fresh = |member: &AgencyId| units(member).saturating_sub(kinds.iter().map(|kind| kind.stays(member)).sum());
    let fresh: Vec<_> = members.iter().map(fresh).collect();
    if some(&fresh) && !meets(&fresh) { Err(PoolError::Close) } else { Ok(()) }
}
