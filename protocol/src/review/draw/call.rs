//! What a draw begins with. Its hash names the draw and fixes who takes part in it.

use serde::{Deserialize, Serialize};

use super::{DrawError, WINDOW_SECONDS};
use crate::charter::Level;
use crate::id::{AgencyId, ClusterId, Hash, SchemeId};
use crate::keys::Purpose;
use crate::label::{HeadRef, LabelId};
use crate::limits;
use crate::review::panel::Case;
use crate::review::{ReviewError, Signed, Statement};
use crate::time::{Month, Timestamp};

/// An owner calls for a ranking of reviewers. It is anchored before anybody commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The cluster's last label of this scheme and level; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<LabelId>,
    /// Month of the assessment.
    pub assessed: Month,
    /// Charter version whose members take part.
    pub charter: u32,
    /// The cluster.
    pub cluster: ClusterId,
    /// When it was made: a claim, dated by the day's anchor.
    pub created: Timestamp,
    /// The heads of members' logs on which it was computed who is eligible, sorted by log.
    pub heads: Vec<HeadRef>,
    /// The level sought.
    pub level: Level,
    /// Who calls: the agency that registered the cluster.
    pub owner: AgencyId,
    /// Random: the hash stands in public and must not tell what was called for.
    pub salt: Hash,
    /// The label system.
    pub scheme: SchemeId,
    /// Whoever has not committed by then can be left out. At least [`WINDOW_SECONDS`] after the call.
    pub until: Timestamp,
}

/// A call with the owner's signature.
pub type SignedCall = Signed<Call>;

/// What has one ranking, whatever is declined or repeated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cycle {
    /// The cluster.
    pub cluster: ClusterId,
    /// The label system.
    pub scheme: SchemeId,
    /// The level.
    pub level: Level,
    /// The label before.
    pub after: Option<LabelId>,
}

impl Call {
    /// SHA-256 of its canonical text: the draw's name.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a field cannot be written.
    pub fn hash(&self) -> Result<Hash, ReviewError> {
        Statement::hash(self)
    }

    /// The cycle it is for.
    #[must_use]
    pub fn cycle(&self) -> Cycle {
        Cycle { cluster: self.cluster.clone(), scheme: self.scheme.clone(), level: self.level, after: self.after }
    }

    /// Whether it begins the cycle that is next: `last` is the last label of its cluster, scheme and level that the register knows. Whoever
    /// is asked for a value looks, since an owner that names another one would get a second ranking.
    ///
    /// # Errors
    /// [`DrawError::OtherCycle`].
    pub fn continues(&self, last: Option<&LabelId>) -> Result<(), DrawError> {
        if self.after.as_ref() == last { Ok(()) } else { Err(DrawError::OtherCycle) }
    }

    /// Whether it is for this offer or label: of the same owner, cluster, scheme and level, and of an assessment that is not older. A cycle has one
    /// ranking, also where the cluster is assessed again before it gets its label.
    #[must_use]
    pub fn concerns(&self, case: Case<'_>, level: Level) -> bool {
        let Case { owner, cluster, scheme, at } = case;
        (owner, cluster, scheme, level) == (&self.owner, Some(&self.cluster), &self.scheme, self.level) && at >= self.assessed
    }
}

impl Statement for Call {
    const PURPOSE: Purpose = Purpose::DrawCall;

    fn author(&self) -> &AgencyId {
        &self.owner
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        if self.cluster.agency() != self.owner {
            return Err(ReviewError::OtherOwner { owner: self.owner.clone(), cluster: self.cluster.clone() });
        }
        if self.created.month() < self.assessed {
            return Err(ReviewError::Dates { earlier: "the assessment", later: "the call" });
        }
        if self.until.since(self.created) < WINDOW_SECONDS {
            return Err(ReviewError::Dates { earlier: "a day after the call", later: "the end of the time for commitments" });
        }
        let sorted = self.heads.windows(2).all(|pair| pair[0].log < pair[1].log);
        if sorted && self.heads.len() <= limits::MEMBERS { Ok(()) } else { Err(ReviewError::Heads) }
    }
}
