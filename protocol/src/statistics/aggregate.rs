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
    /// The median of the known levels, which are ordinal: their mean means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<Median>,
}

/// Where the median of the known levels lies, whatever the hidden cells hold. Of an even number it is the lower one of the middle
/// two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Median {
    /// The lowest that it can be.
    pub low: u8,
    /// The highest.
    pub high: u8,
}

/// For each level: how many more clusters are at most than above it, at the most and at the least that hidden cells allow.
#[derive(Debug, Default)]
struct Balance {
    most: [i64; LEVELS],
    least: [i64; LEVELS],
    /// Whether any cluster is known to have a level.
    is_known: bool,
}

impl Balance {
    /// Adds the cells of a release: unknown first, then the levels. `hidden` clusters stand in its hidden cells.
    fn add(&mut self, [unknown, levels @ ..]: [Cell; CELLS], hidden: u64) {
        let hidden = i64::try_from(hidden).unwrap_or(i64::MAX);
        let is_hidden = |cell: &Cell| matches!(cell, Cell::Hidden(_));
        self.is_known |= levels.iter().any(|cell| matches!(cell, Cell::Count(1..)));
        for level in 0..LEVELS {
            let sign = |at: usize| if at <= level { 1 } else { -1 };
            let shown: i64 = levels.iter().enumerate().filter_map(|(at, cell)| Some(sign(at) * i64::from(cell.count()?))).sum();
            // Where the hidden ones may stand, and what each adds there; without a level a cluster adds nothing.
            let places = levels.iter().enumerate().filter(|(_, cell)| is_hidden(cell)).map(|(at, _)| sign(at));
            let places = places.chain(is_hidden(&unknown).then_some(0));
            let (low, high) = places.fold((i64::MAX, i64::MIN), |(low, high), place| (low.min(place), high.max(place)));
            let (low, high) = if low > high { (0, 0) } else { (low, high) };
            self.most[level] = self.most[level].saturating_add(shown).saturating_add(high.saturating_mul(hidden));
            self.least[level] = self.least[level].saturating_add(shown).saturating_add(low.saturating_mul(hidden));
        }
    }

    fn median(&self) -> Option<Median> {
        let first = |balance: &[i64; LEVELS]| balance.iter().position(|more| *more >= 0).unwrap_or(LEVELS - 1);
        let level = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        self.is_known.then(|| Median { low: level(first(&self.most)), high: level(first(&self.least)) })
    }
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
    let mut balance = Balance::default();
    for release in releases {
        let row = release.rows.iter().find(|row| row.indicator == *indicator);
        // A row that is not there hides the whole population.
        let cells: [Cell; CELLS] = match row {
            Some(row) => [row.unknown, row.cells[0], row.cells[1], row.cells[2], row.cells[3], row.cells[4]],
            None => [Cell::Hidden(super::Reason::Group); CELLS],
        };
        let hidden = u64::from(release.population) - row.map_or(0, super::Row::visible);
        for (sum, cell) in sums.iter_mut().zip(cells) {
            sum.add(cell, hidden);
        }
        balance.add(cells, hidden);
    }
    let [unknown, cells @ ..] = sums;
    AggregateRow { indicator: indicator.clone(), cells, unknown, median: balance.median() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::Reason;
    use super::*;

    /// All ways to put `rest` clusters into the hidden cells.
    fn completions(cells: &[Cell], rest: u32) -> Vec<Vec<u32>> {
        let Some((first, others)) = cells.split_first() else { return if rest == 0 { vec![vec![]] } else { vec![] } };
        let range = match first {
            Cell::Count(count) => return completions(others, rest).into_iter().map(|tail| [vec![*count], tail].concat()).collect(),
            Cell::Hidden(_) => 0..=rest,
        };
        range.flat_map(|n| completions(others, rest - n).into_iter().map(move |tail| [vec![n], tail].concat())).collect()
    }

    /// The lower median of these levels.
    fn median(levels: &[u32]) -> Option<usize> {
        let total: u32 = levels.iter().sum();
        (0..levels.len()).find(|level| total > 0 && 2 * levels[..=*level].iter().sum::<u32>() >= total)
    }

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![(0u32..6).prop_map(Cell::Count), Just(Cell::Hidden(Reason::Small))]
    }

    proptest! {
        #[test]
        fn the_median_lies_where_the_hidden_cells_let_it(
            one in prop::array::uniform6(cell()), other in prop::array::uniform6(cell()), hidden in (0u32..5, 0u32..5)
        ) {
            let mut balance = Balance::default();
            let mut all = Vec::new();
            for (cells, hidden) in [(one, hidden.0), (other, hidden.1)] {
                let hidden = if cells.iter().any(|cell| matches!(cell, Cell::Hidden(_))) { hidden } else { 0 };
                balance.add(cells, hidden.into());
                all.push(completions(&cells, hidden));
            }
            let mut found = std::collections::BTreeSet::new();
            for one in &all[0] {
                for other in &all[1] {
                    let sum: Vec<u32> = one.iter().zip(other).map(|(a, b)| a + b).collect();
                    found.extend(median(&sum[1..]));
                }
            }
            match balance.median() {
                Some(Median { low, high }) => {
                    prop_assert_eq!(found.first().copied(), Some(usize::from(low)));
                    prop_assert_eq!(found.last().copied(), Some(usize::from(high)));
                }
                None => prop_assert!(![one, other].iter().any(|cells| cells[1..].iter().any(|cell| cell.count().is_some_and(|n| n > 0)))),
            }
        }
    }
}
