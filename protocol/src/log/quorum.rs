//! How many witnesses make a head final, and what their times prove (protocol, "Logs and witnesses").

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::id::AgencyId;
use crate::time::Timestamp;

/// Cosignatures needed of `n` witnesses, `floor(2n/3) + 1`: two such sets share an honest witness as long as no more
/// than [`tolerated`] lie. Of up to three witnesses all are needed; without witnesses it can never be met.
#[must_use]
pub fn threshold(n: usize) -> usize {
    n - n.div_ceil(3) + 1
}

/// Witnesses out of `n` that may be absent or lie, `n - threshold(n)`.
#[must_use]
pub fn tolerated(n: usize) -> usize {
    n.saturating_sub(threshold(n))
}

/// The time by which a head surely existed although `f` of the witnesses lie: the (f+1)-th smallest of their times.
/// `None` when there are too few.
#[must_use]
pub fn existed_by(times: &[Timestamp], f: usize) -> Option<Timestamp> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(f).copied()
}

/// The latest time at which a head was surely still the newest although `f` of the witnesses lie: the (f+1)-th
/// largest of their times. `None` when there are too few.
#[must_use]
pub fn fresh_as_of(times: &[Timestamp], f: usize) -> Option<Timestamp> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.iter().rev().nth(f).copied()
}

/// Who counts as one witness: agencies under one parent count once, when more than half of them say the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// An agency on its own.
    Agency(AgencyId),
    /// All agencies under this parent.
    Parent(String),
}

impl Group {
    /// The group of an agency.
    #[must_use]
    pub fn of(agency: &AgencyId, parent: Option<&str>) -> Self {
        parent.map_or_else(|| Self::Agency(agency.clone()), |parent| Self::Parent(parent.to_owned()))
    }
}

/// The witnesses of one log: the members of the charter outside the owner's own group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witnesses {
    groups: BTreeMap<AgencyId, Group>,
}

impl Witnesses {
    /// The witnesses of `owner`'s log among `members`, each with its parent. The owner and the agencies under its
    /// parent do not witness it.
    pub fn new(owner: &AgencyId, members: impl IntoIterator<Item = (AgencyId, Option<String>)>) -> Self {
        let mut groups: BTreeMap<AgencyId, Group> =
            members.into_iter().map(|(agency, parent)| (agency.clone(), Group::of(&agency, parent.as_deref()))).collect();
        let own = groups.get(owner).cloned().unwrap_or_else(|| Group::Agency(owner.clone()));
        groups.retain(|agency, group| *group != own && agency != owner);
        Self { groups }
    }

    /// The agencies whose cosignatures count, each with its group.
    pub fn agencies(&self) -> impl Iterator<Item = (&AgencyId, &Group)> {
        self.groups.iter()
    }

    /// Whether this agency's cosignatures count.
    #[must_use]
    pub fn contains(&self, agency: &AgencyId) -> bool {
        self.groups.contains_key(agency)
    }

    /// n: witnesses, counted by group.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.values().collect::<BTreeSet<_>>().len()
    }

    /// k: groups that must cosign.
    #[must_use]
    pub fn threshold(&self) -> usize {
        threshold(self.count())
    }

    /// f: groups that may lie or be absent.
    #[must_use]
    pub fn tolerated(&self) -> usize {
        tolerated(self.count())
    }

    /// Counts checked cosignatures. Others than witnesses are ignored. A group counts once, and only when more than half of its
    /// agencies cosigned: else two of them that were shown different stories would count for both. It vouches for a time as
    /// soon, and as long, as more than half of them do.
    pub fn tally(&self, cosignatures: impl IntoIterator<Item = (AgencyId, Timestamp)>) -> Tally {
        let mut groups: BTreeMap<&Group, BTreeMap<AgencyId, (Timestamp, Timestamp)>> = BTreeMap::new();
        for (agency, time) in cosignatures {
            if let Some(group) = self.groups.get(&agency) {
                let (first, last) = groups.entry(group).or_default().entry(agency).or_insert((time, time));
                *first = time.min(*first);
                *last = time.max(*last);
            }
        }
        let vouches = |(group, times): (&Group, BTreeMap<AgencyId, (Timestamp, Timestamp)>)| {
            let others = self.majority(group) - 1;
            let (mut first, mut last): (Vec<_>, Vec<_>) = times.into_values().unzip();
            first.sort_unstable();
            last.sort_unstable();
            Some((*first.get(others)?, *last.iter().rev().nth(others)?))
        };
        let (first, last) = groups.into_iter().filter_map(vouches).unzip();
        Tally { first, last, witnesses: self.count() }
    }

    /// More than half of a group's agencies.
    pub(super) fn majority(&self, group: &Group) -> usize {
        match group {
            Group::Agency(_) => 1,
            Group::Parent(_) => self.groups.values().filter(|other| *other == group).count() / 2 + 1,
        }
    }
}

/// The checked cosignatures of one head, one entry a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    first: Vec<Timestamp>,
    last: Vec<Timestamp>,
    witnesses: usize,
}

impl Tally {
    /// Groups that cosigned.
    #[must_use]
    pub fn count(&self) -> usize {
        self.first.len()
    }

    /// k: groups that must cosign.
    #[must_use]
    pub fn needed(&self) -> usize {
        threshold(self.witnesses)
    }

    /// Whether the head is final.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.count() >= self.needed()
    }

    /// By when the head surely existed; `None` before the quorum is reached.
    #[must_use]
    pub fn existed_by(&self) -> Option<Timestamp> {
        if self.reached() { existed_by(&self.first, tolerated(self.witnesses)) } else { None }
    }

    /// A time that is over for everybody who cosigned: no clock that is right is behind it. `None` before the quorum is reached, and where
    /// a single witness would say it: one wrong clock must not set everybody's.
    #[must_use]
    pub fn vouched(&self) -> Option<Timestamp> {
        if self.reached() && self.count() > 1 { self.last.iter().min().copied() } else { None }
    }

    /// Until when the head was surely the newest; `None` before the quorum is reached.
    #[must_use]
    pub fn fresh_as_of(&self) -> Option<Timestamp> {
        if self.reached() { fresh_as_of(&self.last, tolerated(self.witnesses)) } else { None }
    }
}
