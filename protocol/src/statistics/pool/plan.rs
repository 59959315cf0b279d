//! Who takes part in a round, and what stands where in its vectors: functions of public counts alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, Held, Kind, PoolError, earlier};
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
    /// How the units divide by the earlier totals that held them, as far as one of them is still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Kind>,
    groups: Vec<Group>,
    indicators: Vec<IndicatorId>,
    minimum: u32,
    period: Period,
    protection: u32,
    #[serde(skip)]
    round: Hash,
    seats: Vec<Seat>,
    /// Whether it cannot be told what an earlier round added up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unclear: bool,
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
        let (earlier, unclear, round) = (vec![], false, Hash::default());
        Self { catalogue, earlier, groups, indicators, minimum, period, protection, round, seats, unclear }.named()
    }

    /// The same after earlier totals, whose labels are of these kinds. Of which nothing is left among the units is left out.
    ///
    /// # Errors
    /// [`PoolError::Plan`] for agencies that are not sorted, more that stays than an agency has units, or a table with groups: the
    /// kinds are those of the whole. [`PoolError::Canonical`].
    pub fn after(self, kinds: Vec<Kind>) -> Result<Self, PoolError> {
        let mut kinds: Vec<_> = kinds.into_iter().filter(|kind| kind.0.iter().any(|held| held.stays > 0)).collect();
        kinds.sort();
        let stays = |seat: &Seat| kinds.iter().map(|kind| kind.stays(&seat.agency)).sum::<u64>();
        let seated = |held: &Held| held.stays == 0 || self.seat(&held.agency).is_some();
        let whole = self.seats.iter().all(|seat| stays(seat) <= seat.units());
        let sound = kinds.iter().all(|kind| kind.is_sorted() && kind.0.len() <= limits::MEMBERS && kind.0.iter().all(seated));
        if !whole || !sound || !kinds.is_empty() && self.groups.len() > 1 {
            return Err(PoolError::Plan);
        }
        Self { earlier: kinds, ..self }.named()
    }

    /// The same where it cannot be told what an earlier round added up: it does not open.
    ///
    /// # Errors
    /// [`PoolError::Canonical`].
    pub fn unclear(self) -> Result<Self, PoolError> {
        Self { unclear: true, ..self }.named()
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
        let rule = plan.rule();
        let read = Self::new(plan.catalogue, plan.period, plan.groups, plan.indicators, plan.seats, &rule)?.after(plan.earlier)?;
        if plan.unclear { read.unclear() } else { Ok(read) }
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

    /// Attempt `number` of these members, if it may open: [`MEMBERS`] or more, in the first attempt all of the plan, later more than
    /// half of them, and the minimum met without any two. A group for which that does not hold is left out.
    ///
    /// # Errors
    /// [`PoolError::TooFew`], [`PoolError::TooSmall`], [`PoolError::NotAMember`], [`PoolError::Attempts`]; [`PoolError::Close`] or
    /// [`PoolError::Unclear`] where the difference to an earlier total would tell of a few labels, or might.
    pub fn attempt(&self, number: u32, members: &BTreeSet<AgencyId>) -> Result<Attempt, PoolError> {
        if !(1..=ATTEMPTS).contains(&number) {
            return Err(PoolError::Attempts);
        }
        if let Some(other) = members.iter().find(|member| self.seat(member).is_none()) {
            return Err(PoolError::NotAMember(other.clone()));
        }
        let (needed, found) = (self.needed(number), members.len());
        if found < needed {
            return Err(PoolError::TooFew { needed, found });
        }
        if self.unclear {
            return Err(PoolError::Unclear);
        }
        let seats: Vec<_> = members.iter().filter_map(|member| self.seat(member)).collect();
        if !self.meets(seats.iter().map(|seat| seat.units())) {
            return Err(PoolError::TooSmall);
        }
        let units = |member: &AgencyId| self.seat(member).map_or(0, Seat::units);
        earlier::apart(&self.earlier, members, units, |counts| self.meets(counts.iter().copied()))?;
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

    /// Members that an attempt needs: the first one is of all, so that nobody chooses who is left out of it.
    pub(super) fn needed(&self, number: u32) -> usize {
        MEMBERS.max(if number == 1 { self.seats.len() } else { self.seats.len() / 2 + 1 })
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
