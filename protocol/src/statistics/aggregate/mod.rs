//! Adding up the releases of all agencies and the totals of pools, by group. Any node does it by itself, from public records only.
//!
//! What is [`Knowledge`] of an agency or a pool becomes one [`Contribution`] to each group of clusters; [`Totals`] add them up and take
//! them back, and a [`Ledger`] remembers what each contributor added.

mod cause;
mod cell;
mod contribution;
mod ledger;
#[cfg(test)]
mod tests;
mod totals;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Period, Release, ReleaseError};
use crate::catalogue::LEVELS;
use crate::charter::CatalogueRef;
use crate::id::{AgencyId, IndicatorId};

pub use cause::{Cause, Causes};
pub use cell::{Median, Share, Sum};
pub use contribution::{Contribution, GroupKey, Knowledge, Piece, Registered};
pub use ledger::{Contributor, Ledger};
pub use totals::Totals;

/// Why releases cannot be added up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// There is nothing to add up.
    #[error("no release")]
    Empty,
    /// Two catalogues, or two texts of one: their levels mean different things.
    #[error("{agency} released on another catalogue than the others: {found} instead of {expected}", found = found.id, expected = expected.id)]
    MixedCatalogues {
        /// Whose release.
        agency: AgencyId,
        /// Its catalogue.
        found: CatalogueRef,
        /// The others'.
        expected: CatalogueRef,
    },
    /// Two periods: a cluster would be counted twice.
    #[error("{agency} released for {found}, the others for {expected}")]
    MixedPeriods {
        /// Whose release.
        agency: AgencyId,
        /// Its period.
        found: Period,
        /// The others'.
        expected: Period,
    },
    /// One agency made two different releases with one version number.
    #[error("{agency} made two different releases numbered {version}")]
    Contradiction {
        /// Whose releases.
        agency: AgencyId,
        /// The number.
        version: u32,
    },
    /// A release breaks a rule of its own.
    #[error("the release of {agency} is void: {error}")]
    Void {
        /// Whose release.
        agency: AgencyId,
        /// What it breaks.
        error: ReleaseError,
    },
    /// A table by groups where the table of all belongs, another one for a dimension, or one of another version or population.
    #[error("the tables of {agency} do not belong together")]
    NoTable {
        /// Whose.
        agency: AgencyId,
    },
    /// A pool's total for another round, catalogue or period, or in an agency's place.
    #[error("the total of a pool stands where it does not belong")]
    Pool,
}

/// The total of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AggregateRow {
    /// Which indicator.
    pub indicator: IndicatorId,
    /// Clusters at level 0 to 4.
    pub cells: [Sum; LEVELS],
    /// Clusters whose level is not known.
    pub unknown: Sum,
    /// The median of the known levels, which are ordinal: their mean means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<Median>,
}

/// The total of one group of clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aggregate {
    /// On which catalogue.
    pub catalogue: CatalogueRef,
    /// For which quarter.
    pub period: Period,
    /// Of which clusters.
    pub group: GroupKey,
    /// Agencies counted that have such clusters. Of a pool all members are counted.
    pub agencies: u32,
    /// Of these, agencies that are counted in the total of a pool and not alone.
    pub pooled: u32,
    /// Clusters of these agencies in the group.
    pub clusters: u64,
    /// One row an indicator, sorted by code.
    pub rows: Vec<AggregateRow>,
}

impl Aggregate {
    /// Cells that at least one agency hides.
    #[must_use]
    pub fn hidden_cells(&self) -> usize {
        let cells = self.rows.iter().flat_map(|row| row.cells.iter().chain([&row.unknown]));
        cells.filter(|sum| sum.hidden_in > 0).count()
    }

    /// The row of this indicator.
    #[must_use]
    pub fn row(&self, indicator: &IndicatorId) -> Option<&AggregateRow> {
        self.rows.iter().find(|row| row.indicator == *indicator)
    }
}

/// Adds the tables of all clusters up. The order does not matter; of one agency's releases the one with the highest version counts.
/// Tables by groups add nothing to it.
///
/// # Errors
/// See [`AggregateError`]: a mixture is refused, never reduced to a part.
pub fn aggregate(releases: &[(AgencyId, &Release)]) -> Result<Aggregate, AggregateError> {
    let latest = latest(releases)?;
    let (_, first) = latest.first_key_value().ok_or(AggregateError::Empty)?;
    let mut totals = Totals::new(first.catalogue.clone(), first.period);
    for release in latest.values() {
        totals.add(&contribution::of_all(release));
    }
    totals.aggregate(&GroupKey::All).ok_or(AggregateError::Empty)
}

/// Whether a release can be added to the totals of this catalogue and period.
fn fits(agency: &AgencyId, release: &Release, catalogue: &CatalogueRef, period: Period) -> Result<(), AggregateError> {
    release.check().map_err(|error| AggregateError::Void { agency: agency.clone(), error })?;
    if release.catalogue != *catalogue {
        let (found, expected) = (release.catalogue.clone(), catalogue.clone());
        return Err(AggregateError::MixedCatalogues { agency: agency.clone(), found, expected });
    }
    if release.period != period {
        return Err(AggregateError::MixedPeriods { agency: agency.clone(), found: release.period, expected: period });
    }
    Ok(())
}

/// Each agency's latest release, all on one catalogue and period.
fn latest<'a>(releases: &[(AgencyId, &'a Release)]) -> Result<BTreeMap<AgencyId, &'a Release>, AggregateError> {
    let mut sorted: Vec<_> = releases.iter().filter(|(_, release)| release.by.is_none()).collect();
    sorted.sort_by_key(|(agency, release)| (agency, release.version));
    let mut latest = BTreeMap::<AgencyId, &Release>::new();
    for (agency, release) in &sorted {
        let (_, first) = sorted[0];
        fits(agency, release, &first.catalogue, first.period)?;
        if let Some(before) = latest.insert(agency.clone(), release)
            && before.version == release.version
            && before != *release
        {
            return Err(AggregateError::Contradiction { agency: agency.clone(), version: release.version });
        }
    }
    Ok(latest)
}
