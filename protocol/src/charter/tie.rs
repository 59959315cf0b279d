//! Ties that members declared: who does not review whom, whatever else the rules allow (protocol, "Label rules").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Charter, Difference};
use crate::id::{AgencyId, ClusterId, NameError};
use crate::time::Month;

/// A tie of an agency: it funds, coaches or works for a cluster, or for all of another agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// Whose: a member.
    pub agency: AgencyId,
    /// To whom.
    pub to: Tied,
    /// Its last month, once it is over. It weighs for the charter's `tie_months` after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Month>,
}

/// What an agency is tied to: `stuttgart`, or `stuttgart/…` for one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Tied {
    /// All clusters of an agency, and the other way round.
    Agency(AgencyId),
    /// One cluster.
    Cluster(ClusterId),
}

impl Tied {
    /// The agency, or the one that registered the cluster.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        match self {
            Self::Agency(agency) => agency.clone(),
            Self::Cluster(cluster) => cluster.agency(),
        }
    }
}

impl fmt::Display for Tied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => agency.fmt(f),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}

impl FromStr for Tied {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('/') { text.parse().map(Self::Cluster) } else { text.parse().map(Self::Agency) }
    }
}

impl TryFrom<String> for Tied {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Tied> for String {
    fn from(tied: Tied) -> Self {
        tied.to_string()
    }
}

impl Tie {
    /// Whether it still weighs in `at`.
    #[must_use]
    pub fn weighs(&self, months: u16, at: Month) -> bool {
        self.until.is_none_or(|until| at.since(until) <= i32::from(months))
    }
}

/// What `next` says otherwise about ties.
pub(super) fn differences(present: &Charter, next: &Charter) -> Vec<Difference> {
    let among = |tie: &Tie, ties: &[Tie]| ties.iter().any(|other| (&other.agency, &other.to) == (&tie.agency, &tie.to));
    let new = next.ties.iter().filter(|tie| !present.ties.contains(tie)).cloned().map(Difference::Tied);
    new.chain(present.ties.iter().filter(|tie| !among(tie, &next.ties)).cloned().map(Difference::Untied)).collect()
}

impl Charter {
    /// The tie that keeps `candidate` from reviewing for `owner` in `at`: for all of the owner's clusters, or for this one. Agencies under one
    /// parent have their ties together.
    #[must_use]
    pub fn tie(&self, owner: &AgencyId, cluster: Option<&ClusterId>, candidate: &AgencyId, at: Month) -> Option<&Tie> {
        let (ours, theirs) = (self.group(owner), self.group(candidate));
        let between = |tie: &&Tie| {
            let declared = self.group(&tie.agency);
            match &tie.to {
                Tied::Agency(to) => {
                    let to = self.group(to);
                    (declared == theirs && to == ours) || (declared == ours && to == theirs)
                }
                Tied::Cluster(to) => declared == theirs && Some(to) == cluster,
            }
        };
        self.ties.iter().filter(between).find(|tie| tie.weighs(self.conflicts.tie_months, at))
    }

    /// Whether ties are of members to others, in order and each once.
    pub(super) fn has_sound_ties(&self) -> Result<(), AgencyId> {
        let ordered = |pair: &[Tie]| (&pair[0].agency, &pair[0].to) < (&pair[1].agency, &pair[1].to);
        let unordered = self.ties.windows(2).find(|pair| !ordered(pair)).map(|pair| &pair[1]);
        let own = |tie: &&Tie| self.member(&tie.agency).is_none() || tie.to.agency() == tie.agency;
        unordered.or_else(|| self.ties.iter().find(own)).map_or(Ok(()), |tie| Err(tie.agency.clone()))
    }
}
