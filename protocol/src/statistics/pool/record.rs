//! What a pool leaves in the logs of its members: bodies of the records `pool-hash`, `pool-ready`, `pool-fault` and `pool-total`.

use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, Attempt, Group, Plan, PoolError};
use crate::charter::CatalogueRef;
use crate::id::{AgencyId, Hash, Name};
use crate::limits;
use crate::statistics::release::check_rows;
use crate::statistics::{Period, Row};

/// A member's sum is fixed: nothing is opened before every member's stands in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolHash {
    /// The attempt's number.
    pub attempt: u32,
    /// Salted hash of the sum.
    pub hash: Hash,
    /// The round's id.
    pub round: Hash,
    /// Hash of the member set.
    pub set: Hash,
}

/// A member sees every member's hash, and will not give the attempt up any more: sums are opened when all are ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolReady {
    /// The attempt's number.
    pub attempt: u32,
    /// The round's id.
    pub round: Hash,
    /// Hash of the member set.
    pub set: Hash,
}

/// What a member misses or sees broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No share came from it, or none that fits.
    Share,
    /// Its log holds no hash of a sum.
    Hash,
    /// It has not said that it is ready.
    Ready,
    /// It has not opened its sum.
    Opening,
    /// What it opened is not what its log holds the hash of.
    Mismatch,
    /// The sums open to no table of these units: somebody dealt wrong shares or counted wrongly.
    Levels,
}

impl Fault {
    /// Its name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Hash => "hash",
            Self::Ready => "ready",
            Self::Opening => "opening",
            Self::Mismatch => "mismatch",
            Self::Levels => "levels",
        }
    }

    /// Whether the round may start again for it: it shows before anybody is ready.
    #[must_use]
    pub fn is_early(self) -> bool {
        matches!(self, Self::Share | Self::Hash)
    }
}

/// A fault and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Whose; nobody's where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// What.
    pub fault: Fault,
}

/// A member gives an attempt up, or says that it came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFault {
    /// The attempt's number.
    pub attempt: u32,
    /// Why, sorted, each agency once: all of them early ones, or none.
    pub faults: Vec<Named>,
    /// The round's id.
    pub round: Hash,
    /// Hash of the member set.
    pub set: Hash,
}

impl PoolFault {
    /// Whether it gives the attempt up, so that nobody opens anything in it.
    #[must_use]
    pub fn gives_up(&self) -> bool {
        self.faults.iter().all(|named| named.fault.is_early())
    }

    /// Checks what the types do not carry.
    ///
    /// # Errors
    /// [`PoolError::Void`].
    pub fn check(&self) -> Result<(), PoolError> {
        let sorted = self.faults.is_sorted_by(|a, b| a.agency < b.agency);
        let early = self.faults.iter().filter(|named| named.fault.is_early()).count();
        let whole = early == 0 || early == self.faults.len();
        let named = self.faults.iter().all(|named| named.agency.is_some() != (named.fault == Fault::Levels));
        let count = (1..=limits::MEMBERS).contains(&self.faults.len());
        let attempt = (1..=ATTEMPTS).contains(&self.attempt);
        if sorted && whole && named && count && attempt { Ok(()) } else { Err(PoolError::Void("its faults")) }
    }
}

/// The total of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolGroup {
    /// Units of the members in it: the register says the same.
    pub population: u32,
    /// One row an indicator, sorted by code.
    pub rows: Vec<Row>,
    /// The value of the dimension; none for the rest, and for all units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Name>,
}

/// What a pool publishes. Every member publishes the same, and it counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolTotal {
    /// The attempt's number.
    pub attempt: u32,
    /// On which catalogue.
    pub catalogue: CatalogueRef,
    /// The groups added up, in the plan's order.
    pub groups: Vec<PoolGroup>,
    /// Whose units are in it, sorted.
    pub members: Vec<AgencyId>,
    /// For which period.
    pub period: Period,
    /// The round's id.
    pub round: Hash,
    /// Hash of the member set.
    pub set: Hash,
}

impl PoolTotal {
    /// Checks what a reader can check without any log: bounds, that it is of this plan, its populations, and that it discloses no more
    /// than the rule allows. Gives the attempt that it is of.
    ///
    /// # Errors
    /// [`PoolError::Void`], or as [`Plan::attempt`].
    pub fn check(&self, plan: &Plan) -> Result<Attempt, PoolError> {
        let void = |what| Err(PoolError::Void(what));
        if self.members.len() > limits::MEMBERS || !self.members.is_sorted_by(|a, b| a < b) {
            return void("its members");
        }
        if (&self.catalogue, self.period) != (plan.catalogue(), plan.period()) || self.round != *plan.round() {
            return void("its round");
        }
        let attempt = plan.attempt(self.attempt, &self.members.iter().cloned().collect())?;
        if self.set != *attempt.set() || self.groups.len() != attempt.groups().len() {
            return void("its set");
        }
        for (group, at) in self.groups.iter().zip(attempt.groups()) {
            let value = Group { value: group.value.clone() };
            if value != plan.groups()[*at] || u64::from(group.population) != plan.known(&attempt, *at).0 {
                return void("its groups");
            }
            if !group.rows.iter().map(|row| &row.indicator).eq(plan.indicators()) {
                return void("its rows");
            }
            if check_rows(group.population, &group.rows, &plan.rule()).is_err() {
                return void("what it discloses");
            }
        }
        Ok(attempt)
    }
}

/// One of the four, as it stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolRecord {
    /// A sum is fixed.
    Hash(PoolHash),
    /// A member is ready to open.
    Ready(PoolReady),
    /// An attempt is given up, or came to nothing.
    Fault(PoolFault),
    /// The total.
    Total(Box<PoolTotal>),
}

impl PoolRecord {
    /// Its round.
    #[must_use]
    pub fn round(&self) -> &Hash {
        match self {
            Self::Hash(hash) => &hash.round,
            Self::Ready(ready) => &ready.round,
            Self::Fault(fault) => &fault.round,
            Self::Total(total) => &total.round,
        }
    }

    /// Its attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Hash(hash) => hash.attempt,
            Self::Ready(ready) => ready.attempt,
            Self::Fault(fault) => fault.attempt,
            Self::Total(total) => total.attempt,
        }
    }
}
