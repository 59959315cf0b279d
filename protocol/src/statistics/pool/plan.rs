//! Who takes part in a round, and what stands where in its vectors: functions of public counts alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, PoolError};
use crate::canonical;
use crate::charter::{CatalogueRef, Disclosure};
use crate::id::{AgencyId, Hash, IndicatorId, Name};
use crate::limits;
use crate::statistics::Period;
use crate::statistics::release::CELLS;

/// Members that a round needs. Of five, two may collude with a third that drops out and still see a sum of two.
pub const MEMBERS: usize = 5;

/// Members without whom the minimum must still be met.
const WITHOUT: usize = 2;

/// The units with one value of the table's dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The value. None for the rest, and for all units in a table without a dimension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Name>,
}

/// What the register says of one member's units in one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// How many.
    pub units: u32,
    /// For each indicator of the plan: how many are known from their labels to stand in exactly this cell or a higher one, and
    /// nothing more. Unknown first, then level 0 to 4.
    pub floors: Vec<[u32; CELLS]>,
}

/// A pooled agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Which.
    pub agency: AgencyId,
    /// Its units in each group of the plan: every unit stands in one group.
    pub groups: Vec<Known>,
}

impl Seat {
    fn units(&self) -> u64 {
        self.groups.iter().map(|known| u64::from(known.units)).sum()
    }
}

/// Everything public from which a round follows. Its hash is the round's id, so whoever sees another register, layout or rule is in
/// another round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    catalogue: CatalogueRef,
    /// Whether an earlier total of the year was made of these members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
    groups: Vec<Group>,
    indicators: Vec<IndicatorId>,
    minimum: u32,
    period: Period,
    protection: u32,
    #[serde(skip)]
    round: Hash,
    seats: Vec<Seat>,
}

/// One attempt of a round: a set of members and the groups that it may add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    round: Hash,
    number: u32,
    members: Vec<AgencyId>,
    groups: Vec<usize>,
    table: Hash,
    set: Hash,
}

#[derive(Serialize)]
struct Layout<'a> {
    catalogue: &'a CatalogueRef,
    groups: Vec<&'a Group>,
    indicators: &'a [IndicatorId],
}

#[derive(Serialize)]
struct Set<'a> {
    attempt: u32,
    members: &'a [AgencyId],
    round: &'a Hash,
    table: &'a Hash,
}

impl Plan {
    /// Puts the parts in order. Agencies without units have nothing to add and are left out.
    ///
    /// # Errors
    /// [`PoolError::Plan`] for something that stands twice, a seat that does not fit the groups and indicators, floors that are not
    /// those of its units, or more rows than [`limits::POOL_ROWS`]; [`PoolError::Canonical`] above [`limits::DOCUMENT_BYTES`].
    pub fn new(
        catalogue: CatalogueRef,
        period: Period,
        groups: Vec<Group>,
        indicators: Vec<IndicatorId>,
        seats: Vec<Seat>,
        rule: &Disclosure,
    ) -> Result<Self, PoolError> {
        let mut seats: Vec<_> = seats.into_iter().filter(|seat| seat.units() > 0).collect();
        seats.sort_by(|a, b| a.agency.cmp(&b.agency));
        let (minimum, protection) = super::super::disclosure::bounds(rule);
        let sorted = seats.is_sorted_by(|a, b| a.agency < b.agency) && indicators.is_sorted_by(|a, b| a < b);
        let distinct = groups.iter().enumerate().all(|(at, group)| !groups[..at].contains(group));
        let rows = groups.len().saturating_mul(indicators.len());
        let fits = |known: &Known| {
            let sums = |floors: &[u32; CELLS]| floors.iter().map(|count| u64::from(*count)).sum::<u64>() == u64::from(known.units);
            known.floors.len() == indicators.len() && known.floors.iter().all(sums)
        };
        let whole = seats.iter().all(|seat| seat.groups.len() == groups.len() && seat.groups.iter().all(fits));
        if !sorted || !distinct || !whole || !(1..=limits::POOL_ROWS).contains(&rows) || seats.len() > limits::MEMBERS {
            return Err(PoolError::Plan);
        }
        Self { catalogue, fixed: false, groups, indicators, minimum, period, protection, round: Hash::default(), seats }.named()
    }

    /// The same for a year in which these members made a total already: nobody can be left out any more. The difference between two
    /// totals of the same clusters would be what the one counts who is in one of them only, for every member to see.
    ///
    /// # Errors
    /// [`PoolError::Canonical`].
    pub fn fix(self) -> Result<Self, PoolError> {
        Self { fixed: true, ..self }.named()
    }

    fn named(self) -> Result<Self, PoolError> {
        let mut plan = self;
        plan.round = Hash::of(&[b"parangon/pool-round\n", &canonical::encode(&plan, limits::DOCUMENT_BYTES)?]);
        Ok(plan)
    }

    /// Its canonical text.
    ///
    /// # Errors
    /// [`PoolError::Canonical`] above [`limits::DOCUMENT_BYTES`].
    pub fn to_text(&self) -> Result<Vec<u8>, PoolError> {
        Ok(canonical::encode(self, limits::DOCUMENT_BYTES)?)
    }

    /// Reads a plan as it was written.
    ///
    /// # Errors
    /// [`PoolError::Canonical`], or as [`Plan::new`].
    pub fn read(text: &[u8]) -> Result<Self, PoolError> {
        let plan: Self = canonical::decode(text, limits::DOCUMENT_BYTES)?;
        let (rule, fixed) = (plan.rule(), plan.fixed);
        let read = Self::new(plan.catalogue, plan.period, plan.groups, plan.indicators, plan.seats, &rule)?;
        if fixed { read.fix() } else { Ok(read) }
    }

    /// The round's id: SHA-256 of the plan's canonical text.
    #[must_use]
    pub fn round(&self) -> &Hash {
        &self.round
    }

    /// On which catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &CatalogueRef {
        &self.catalogue
    }

    /// For which period.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// The indicators, sorted.
    #[must_use]
    pub fn indicators(&self) -> &[IndicatorId] {
        &self.indicators
    }

    /// The groups that the table has, before some are left out.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The parameters of disclosure that rule this round.
    #[must_use]
    pub fn rule(&self) -> Disclosure {
        Disclosure::new(self.minimum, self.protection)
    }

    /// Everybody who is in the first attempt.
    pub fn agencies(&self) -> impl Iterator<Item = &AgencyId> {
        self.seats.iter().map(|seat| &seat.agency)
    }

    /// The first attempt, of all members.
    ///
    /// # Errors
    /// As [`Plan::attempt`].
    pub fn first(&self) -> Result<Attempt, PoolError> {
        self.attempt(1, &self.agencies().cloned().collect())
    }

    /// Attempt `number` of these members, if it may open: [`MEMBERS`] or more, from the second attempt on more than half of the
    /// first one's, and the minimum met without any two. A group for which that does not hold is left out.
    ///
    /// # Errors
    /// [`PoolError::TooFew`], [`PoolError::TooSmall`], [`PoolError::NotAMember`], [`PoolError::Attempts`], or [`PoolError::Fixed`] where
    /// somebody is left out of a set that is fixed for the year.
    pub fn attempt(&self, number: u32, members: &BTreeSet<AgencyId>) -> Result<Attempt, PoolError> {
        if !(1..=ATTEMPTS).contains(&number) {
            return Err(PoolError::Attempts);
        }
        if let Some(other) = members.iter().find(|member| self.seat(member).is_none()) {
            return Err(PoolError::NotAMember(other.clone()));
        }
        let majority = if number == 1 { 0 } else { self.seats.len() / 2 + 1 };
        let (needed, found) = (MEMBERS.max(majority), members.len());
        if found < needed {
            return Err(PoolError::TooFew { needed, found });
        }
        if self.fixed && members.len() < self.seats.len() {
            return Err(PoolError::Fixed);
        }
        let seats: Vec<_> = members.iter().filter_map(|member| self.seat(member)).collect();
        if !self.meets(seats.iter().map(|seat| seat.units())) {
            return Err(PoolError::TooSmall);
        }
        let open = |group: &usize| self.meets(seats.iter().map(|seat| u64::from(seat.groups[*group].units)));
        let groups: Vec<_> = (0..self.groups.len()).filter(open).collect();
        if groups.is_empty() {
            return Err(PoolError::TooSmall);
        }
        let hash = |tag: &[u8], text: Vec<u8>| Hash::of(&[tag, &text]);
        let kept = groups.iter().map(|group| &self.groups[*group]).collect();
        let layout = Layout { catalogue: &self.catalogue, groups: kept, indicators: &self.indicators };
        let table = hash(b"parangon/pool-table\n", canonical::encode(&layout, limits::DOCUMENT_BYTES)?);
        let round = self.round;
        let members: Vec<_> = members.iter().cloned().collect();
        let set = Set { attempt: number, members: &members, round: &round, table: &table };
        let set = hash(b"parangon/pool-set\n", canonical::encode(&set, limits::DOCUMENT_BYTES)?);
        Ok(Attempt { round, number, members, groups, table, set })
    }

    /// Whether the minimum is met without the two that have most.
    fn meets(&self, units: impl Iterator<Item = u64>) -> bool {
        let mut units: Vec<_> = units.collect();
        units.sort_unstable_by(|a, b| b.cmp(a));
        units.iter().skip(WITHOUT).sum::<u64>() >= u64::from(self.minimum)
    }

    fn seat(&self, agency: &AgencyId) -> Option<&Seat> {
        self.seats.binary_search_by(|seat| seat.agency.cmp(agency)).ok().map(|at| &self.seats[at])
    }

    /// What the register says of the units of an attempt's members in one of its groups: how many, and the floors by indicator.
    #[must_use]
    pub fn known(&self, attempt: &Attempt, group: usize) -> (u64, Vec<[u64; CELLS]>) {
        let mut units = 0;
        let mut floors = vec![[0; CELLS]; self.indicators.len()];
        for known in attempt.members.iter().filter_map(|member| self.seat(member)?.groups.get(group)) {
            units += u64::from(known.units);
            for (sum, own) in floors.iter_mut().zip(&known.floors) {
                sum.iter_mut().zip(own).for_each(|(sum, count)| *sum += u64::from(*count));
            }
        }
        (units, floors)
    }

    /// Counters of a whole vector: groups, in each the indicators, in each the six cells.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.groups.len() * self.indicators.len() * CELLS
    }
}

impl Attempt {
    /// Of which round.
    #[must_use]
    pub fn round(&self) -> &Hash {
        &self.round
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Who takes part, sorted.
    #[must_use]
    pub fn members(&self) -> &[AgencyId] {
        &self.members
    }

    /// Whether this agency takes part.
    #[must_use]
    pub fn has(&self, agency: &AgencyId) -> bool {
        self.members.binary_search(agency).is_ok()
    }

    /// The groups of the plan that are added up, by their place in it.
    #[must_use]
    pub fn groups(&self) -> &[usize] {
        &self.groups
    }

    /// Hash of the layout: what stands where.
    #[must_use]
    pub fn table(&self) -> &Hash {
        &self.table
    }

    /// Hash of round, number, members and layout.
    #[must_use]
    pub fn set(&self) -> &Hash {
        &self.set
    }

    /// Counters of its vectors, in the plan's order: groups, in each the indicators, in each unknown and level 0 to 4.
    #[must_use]
    pub fn counters(&self, plan: &Plan) -> usize {
        self.groups.len() * plan.indicators.len() * CELLS
    }

    /// The part of a whole vector of counters that this attempt adds up.
    #[must_use]
    pub fn select(&self, plan: &Plan, counters: &[u64]) -> Vec<u64> {
        let each = plan.indicators.len() * CELLS;
        let part = |group: &usize| counters.get(group * each..(group + 1) * each).unwrap_or_default();
        self.groups.iter().flat_map(part).copied().collect()
    }
}
