//! What everybody knows of a release from the register of labels: how many clusters it can have counted, in each group.

use std::collections::BTreeMap;

use parangon_protocol::charter::{CatalogueRef, Level};
use parangon_protocol::id::{AgencyId, ClusterId, Name};
use parangon_protocol::label::ClusterFacts;
use parangon_protocol::label::status::State;
use parangon_protocol::statistics::{Dimension, Release, pattern};
use parangon_protocol::time::Timestamp;

use super::population::dated;
use crate::service::register::{self, Standing};
use crate::service::{Context, Error};
use crate::store::{Source, Tx};

/// A label that a cluster may have been counted with.
#[derive(Debug, Clone)]
struct Candidate {
    cluster: ClusterFacts,
    level: Level,
    /// Whether it is beyond doubt that it was valid: the register does not tell what a label was worth that was suspended for some time,
    /// or is not confirmed here.
    is_certain: bool,
}

/// The clusters of an agency that the register says to have held a valid label.
#[derive(Debug, Clone, Default)]
pub(super) struct Registered {
    clusters: BTreeMap<ClusterId, Vec<Candidate>>,
}

/// How many there are: beyond doubt, and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Number {
    pub(super) certain: u32,
    pub(super) possible: u32,
}

impl Number {
    fn allows(self, population: u32) -> bool {
        (self.certain..=self.possible).contains(&population)
    }

    fn add(&mut self, is_certain: bool) {
        self.certain += u32::from(is_certain);
        self.possible += 1;
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { certain, possible } = *self;
        if certain == possible { write!(f, "{certain}") } else { write!(f, "{certain} to {possible}") }
    }
}

impl Registered {
    /// All clusters.
    pub(super) fn number(&self) -> Number {
        let mut number = Number::default();
        self.clusters.values().for_each(|candidates| number.add(candidates.iter().any(|candidate| candidate.is_certain)));
        number
    }

    /// Those with each value of a dimension; those without one under None.
    pub(super) fn values(&self, by: Dimension) -> BTreeMap<Option<Name>, Number> {
        let mut numbers = BTreeMap::<_, Number>::new();
        for candidates in self.clusters.values() {
            let mut values: Vec<_> = candidates.iter().map(|candidate| by.value(&candidate.cluster, candidate.level)).collect();
            let is_certain = candidates.iter().any(|candidate| candidate.is_certain);
            values.sort();
            values.dedup();
            let is_one = values.len() == 1;
            values.into_iter().for_each(|value| numbers.entry(value).or_default().add(is_certain && is_one));
        }
        numbers
    }

    /// Why a release cannot have counted the clusters of the register.
    pub(super) fn flaw(&self, release: &Release, minimum: u32) -> Option<String> {
        let (number, population) = (self.number(), release.population);
        if !number.allows(population) {
            return Some(format!("it counts {population} clusters with a valid label, the register {number}"));
        }
        let by = release.by?;
        let values = self.values(by);
        let mut rest = Number::default();
        for (_, number) in values.iter().filter(|(value, _)| value.is_none() || release.groups.iter().all(|part| part.value != **value)) {
            rest.certain += number.certain;
            rest.possible += number.possible;
        }
        for part in &release.groups {
            let number = part.value.as_ref().map_or(rest, |_| values.get(&part.value).copied().unwrap_or_default());
            if !number.allows(part.population) {
                let group = part.value.as_ref().map_or("the rest", Name::as_str);
                return Some(format!("its table by {by} counts {} clusters in {group}, the register {number}", part.population));
            }
        }
        // The groups follow from the register alone, as far as that is certain.
        let counts: BTreeMap<_, _> = values.iter().map(|(value, number)| (value.clone(), number.possible)).collect();
        let is_certain = values.values().all(|number| number.certain == number.possible);
        let groups = release.groups.iter().map(|part| (part.value.clone(), part.population)).collect::<BTreeMap<_, _>>();
        (is_certain && pattern(&counts, minimum) != groups)
            .then(|| format!("its table by {by} has other groups than follow from the register"))
    }
}

/// What the register says of every agency at `at`, for a release at this index of its log: what came later it could not count.
pub(super) fn registered<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    catalogue: &CatalogueRef,
    at: Timestamp,
    releases: &BTreeMap<AgencyId, u64>,
) -> Result<BTreeMap<AgencyId, Registered>, Error> {
    let overview = context.engine().overview();
    let mut found = BTreeMap::<AgencyId, Registered>::new();
    register::each(tx, |row| {
        let label = &row.label;
        let before = releases.get(&label.common.owner).copied().unwrap_or(u64::MAX);
        if label.common.catalogue != *catalogue || label.index >= before || !dated(&row, at) {
            return Ok(());
        }
        let is_certain = match register::judge(&row, &overview, at).standing {
            Standing::Void => return Ok(()),
            Standing::Provisional => false,
            _ if register::state_at(tx, &row, at)? != State::Active && label.state_index < before => return Ok(()),
            _ => row.lost.is_none() && label.state == State::Active && label.state_index == label.index,
        };
        let candidate = Candidate { cluster: label.common.cluster.clone(), level: label.common.level, is_certain };
        let agency = found.entry(label.common.owner.clone()).or_default();
        agency.clusters.entry(label.common.cluster.id.clone()).or_default().push(candidate);
        Ok(())
    })?;
    Ok(found)
}
