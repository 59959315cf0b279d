//! What an agency publishes: the body of a `release` record.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::disclosure::{bounds, disclose};
use super::{Period, Table};
use crate::catalogue::LEVELS;
use crate::charter::{CatalogueRef, Disclosure};
use crate::id::{IndicatorId, Name};
use crate::limits;

/// Cells of a row: five levels and unknown.
pub(super) const CELLS: usize = LEVELS + 1;

/// Why a cell is hidden. It follows from the pattern of the row alone, so it tells an attacker nothing more; in
/// particular it does not say which cell is the small one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The population is below the minimum.
    Population,
    /// A cell of this row is too small; it and those that would give it away are hidden.
    Small,
    /// The whole row is hidden: it would tell the level of every cluster of some group, or no part of it is safe.
    Group,
    /// The whole row is hidden: together with what was published before it would give something small away.
    Derivable,
}

/// A published cell. Written as an integer, or as the reason why it is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// Clusters.
    Count(u32),
    /// Not published.
    Hidden(Reason),
}

impl Cell {
    /// The count, when it is published.
    #[must_use]
    pub fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) => Some(count),
            Self::Hidden(_) => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Population => "population",
            Self::Small => "small",
            Self::Group => "group",
            Self::Derivable => "derivable",
        })
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Hidden(reason) => reason.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Count(u32),
            Hidden(Reason),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Count(count)) => Ok(Self::Count(count)),
            Ok(Written::Hidden(reason)) => Ok(Self::Hidden(reason)),
            Err(_) => Err(D::Error::custom("not a count and not a reason")),
        }
    }
}

/// The published counts of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which indicator.
    pub indicator: IndicatorId,
    /// Clusters at level 0 to 4.
    pub cells: [Cell; LEVELS],
    /// Clusters whose level is not known.
    pub unknown: Cell,
}

impl Row {
    /// Unknown first, then level 0 to 4.
    pub(super) fn all(&self) -> impl Iterator<Item = Cell> {
        std::iter::once(self.unknown).chain(self.cells)
    }

    /// Hides all of it.
    pub(super) fn hide(&mut self, reason: Reason) {
        (self.cells, self.unknown) = ([Cell::Hidden(reason); LEVELS], Cell::Hidden(reason));
    }

    /// The sum of the published counts.
    #[must_use]
    pub fn visible(&self) -> u64 {
        self.all().filter_map(Cell::count).map(u64::from).sum()
    }

    /// How many of its six cells are hidden.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.all().filter(|cell| cell.count().is_none()).count()
    }
}

/// Why a release breaks a rule that everyone can check. It is void then: kept in the log, and not counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// Version 0, a first version with a reason, or a later one without.
    #[error("version {version}: the first is 1 and has no reason, each later one has one")]
    Version {
        /// What it says.
        version: u32,
    },
    /// Rows are not sorted by code, or one stands twice, or there are more than [`limits::INDICATORS`].
    #[error("rows must be sorted by code, each once, at most {}", limits::INDICATORS)]
    Rows,
    /// Published counts of a row do not fit the population.
    #[error("the counts of {indicator} add up to {visible} of {population} clusters")]
    Total {
        /// Which row.
        indicator: IndicatorId,
        /// Sum of its published counts.
        visible: u64,
        /// What they should fit.
        population: u32,
    },
    /// A row shows a count below the minimum, or what is hidden can be worked out, or its reasons do not fit it.
    #[error("{indicator} discloses too much: {rule}")]
    Discloses {
        /// Which row.
        indicator: IndicatorId,
        /// The rule it breaks.
        rule: &'static str,
    },
}

/// One agency's statistics on one catalogue for one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// On which catalogue. Statistics are added up within one text of one catalogue only.
    pub catalogue: CatalogueRef,
    /// For which quarter.
    pub period: Period,
    /// 1 for the first release of the period, one more for each correction.
    pub version: u32,
    /// Why a correction was needed; absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Name>,
    /// Clusters with a valid label at the period's end: the public register says the same.
    pub population: u32,
    /// One row an indicator, sorted by code.
    pub rows: Vec<Row>,
}

impl Release {
    /// The first release of a period.
    #[must_use]
    pub fn first(catalogue: CatalogueRef, period: Period, table: &Table, rule: &Disclosure) -> Self {
        Self { catalogue, period, version: 1, reason: None, population: table.population(), rows: disclose(table, rule) }
    }

    /// A correction of this release. Both stay public: whoever compares them learns what changed.
    #[must_use]
    pub fn corrected(&self, reason: Name, table: &Table, rule: &Disclosure) -> Self {
        let rows = disclose(table, rule);
        let (catalogue, version) = (self.catalogue.clone(), self.version.saturating_add(1));
        Self { catalogue, period: self.period, version, reason: Some(reason), population: table.population(), rows }
    }

    /// Checks what holds under any disclosure rule.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self) -> Result<(), ReleaseError> {
        if self.version == 0 || (self.version == 1) != self.reason.is_none() {
            return Err(ReleaseError::Version { version: self.version });
        }
        if self.rows.len() > limits::INDICATORS || !self.rows.is_sorted_by(|a, b| a.indicator < b.indicator) {
            return Err(ReleaseError::Rows);
        }
        for row in &self.rows {
            let (visible, population) = (row.visible(), self.population);
            let fits = if row.hidden() == 0 { visible == u64::from(population) } else { visible <= u64::from(population) };
            if !fits {
                return Err(ReleaseError::Total { indicator: row.indicator.clone(), visible, population });
            }
        }
        Ok(())
    }

    /// Checks a release of someone else against the charter's rule, as far as the published cells tell.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check_disclosure(&self, rule: &Disclosure) -> Result<(), ReleaseError> {
        self.check()?;
        for row in &self.rows {
            self.row_rule(row, bounds(rule).0).map_err(|rule| ReleaseError::Discloses { indicator: row.indicator.clone(), rule })?;
        }
        Ok(())
    }

    fn row_rule(&self, row: &Row, minimum: u32) -> Result<(), &'static str> {
        let mut reasons: Vec<_> = row.all().filter_map(|cell| if let Cell::Hidden(reason) = cell { Some(reason) } else { None }).collect();
        if self.population < minimum {
            let all = reasons.len() == CELLS && reasons.iter().all(|reason| *reason == Reason::Population);
            return all.then_some(()).ok_or("the population is below the minimum, so every cell is hidden");
        }
        if row.all().filter_map(Cell::count).any(|count| (1..minimum).contains(&count)) {
            return Err("a count below the minimum is shown");
        }
        let hidden = reasons.len();
        reasons.dedup();
        match (hidden, u64::from(self.population) - row.visible()) {
            (0, _) => Ok(()),
            (1, _) => Err("one hidden cell follows from the others"),
            (_, sum) if sum < u64::from(minimum) => Err("the hidden cells add up to less than the minimum"),
            _ if reasons.len() != 1 || reasons[0] == Reason::Population => Err("the reasons do not fit the row"),
            _ if matches!(reasons[0], Reason::Group | Reason::Derivable) && row.visible() != 0 => Err("a row hidden whole shows a count"),
            _ => Ok(()),
        }
    }
}
