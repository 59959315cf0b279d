//! Adding up the releases of all agencies. Any node does it by itself, from public records only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::release::CELLS;
use super::{Cell, Period, Release, ReleaseError};
use crate::catalogue::LEVELS;
use crate::charter::CatalogueRef;
use crate::id::{AgencyId, IndicatorId};

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
}

/// What is known of one cell of the total: it lies between `count` and `upper`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sum {
    /// The sum of the published counts.
    pub count: u64,
    /// Agencies that hide this cell, or have no such row.
    pub hidden_in: u32,
    /// `count` and everything that the hidden cells of those agencies could hold.
    pub upper: u64,
}

impl Sum {
    fn add(&mut self, cell: Cell, hidden_total: u64) {
        match cell {
            Cell::Count(count) => {
                self.count += u64::from(count);
                self.upper += u64::from(count);
            }
            Cell::Hidden(_) => {
                self.hidden_in += 1;
                self.upper += hidden_total;
            }
        }
    }
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
}

/// The total of all agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aggregate {
    /// On which catalogue.
    pub catalogue: CatalogueRef,
    /// For which quarter.
    pub period: Period,
    /// Agencies counted.
    pub agencies: u32,
    /// Clusters of these agencies.
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

/// Adds releases up. The order does not matter; of one agency's releases the one with the highest version counts.
///
/// # Errors
/// See [`AggregateError`]: a mixture is refused, never reduced to a part.
pub fn aggregate(releases: &[(AgencyId, &Release)]) -> Result<Aggregate, AggregateError> {
    let latest = latest(releases)?;
    let (_, first) = latest.first_key_value().ok_or(AggregateError::Empty)?;
    let indicators: BTreeSet<_> = latest.values().flat_map(|release| release.rows.iter().map(|row| &row.indicator)).collect();
    let rows = indicators.into_iter().map(|indicator| total(indicator, latest.values().copied())).collect();
    Ok(Aggregate {
        catalogue: first.catalogue.clone(),
        period: first.period,
        agencies: latest.values().fold(0, |count, _| count + 1),
        clusters: latest.values().map(|release| u64::from(release.population)).sum(),
        rows,
    })
}

/// Each agency's latest release, all on one catalogue and period.
fn latest<'a>(releases: &[(AgencyId, &'a Release)]) -> Result<BTreeMap<AgencyId, &'a Release>, AggregateError> {
    let mut sorted: Vec<_> = releases.iter().collect();
    sorted.sort_by_key(|(agency, release)| (agency, release.version));
    let mut latest = BTreeMap::<AgencyId, &Release>::new();
    for (agency, release) in &sorted {
        release.check().map_err(|error| AggregateError::Void { agency: agency.clone(), error })?;
        let (_, first) = sorted[0];
        if release.catalogue != first.catalogue {
            let (found, expected) = (release.catalogue.clone(), first.catalogue.clone());
            return Err(AggregateError::MixedCatalogues { agency: agency.clone(), found, expected });
        }
        if release.period != first.period {
            return Err(AggregateError::MixedPeriods { agency: agency.clone(), found: release.period, expected: first.period });
        }
        if let Some(before) = latest.insert(agency.clone(), release)
            && before.version == release.version
            && before != *release
        {
            return Err(AggregateError::Contradiction { agency: agency.clone(), version: release.version });
        }
    }
    Ok(latest)
}

fn total<'a>(indicator: &IndicatorId, releases: impl Iterator<Item = &'a Release>) -> AggregateRow {
    let mut sums = [Sum::default(); CELLS];
    for release in releases {
        let row = release.rows.iter().find(|row| row.indicator == *indicator);
        // A row that is not there hides the whole population.
        let cells: [Option<Cell>; CELLS] = match row {
            Some(row) => [row.unknown, row.cells[0], row.cells[1], row.cells[2], row.cells[3], row.cells[4]].map(Some),
            None => [None; CELLS],
        };
        let hidden = u64::from(release.population) - row.map_or(0, super::Row::visible);
        for (sum, cell) in sums.iter_mut().zip(cells) {
            sum.add(cell.unwrap_or(Cell::Hidden(super::Reason::Group)), hidden);
        }
    }
    let [unknown, cells @ ..] = sums;
    AggregateRow { indicator: indicator.clone(), cells, unknown }
}
