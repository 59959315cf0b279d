//! What an agency publishes: the body of a `release` record.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::disclosure::{bounds, disclose};
use super::{Dimension, Period, Perturbation, Table};
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
    pub(super) fn unknown_first(&self) -> [Cell; CELLS] {
        let [zero, one, two, three, four] = self.cells;
        [self.unknown, zero, one, two, three, four]
    }

    /// The same, one by one.
    pub(super) fn all(&self) -> impl Iterator<Item = Cell> {
        self.unknown_first().into_iter()
    }

    fn hide(&mut self, reason: Reason) {
        (self.cells, self.unknown) = ([Cell::Hidden(reason); LEVELS], Cell::Hidden(reason));
    }

    /// Hides what it still shows, for this reason. False where it is hidden whole already.
    pub(super) fn conceal(&mut self, reason: Reason) -> bool {
        let shows = self.visible() > 0 || self.all().any(|cell| cell == Cell::Hidden(Reason::Small));
        let shows = shows || self.all().all(|cell| cell == Cell::Count(0));
        if shows {
            self.hide(reason);
        }
        shows
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
    /// Groups in the table of all, rows of all in a table by groups, groups that are not sorted with the rest first, or fewer than two,
    /// or more than [`limits::GROUPS`].
    #[error("a table has 2 to {} groups, each once, sorted with the rest first; the table of all has none", limits::GROUPS)]
    Groups,
    /// Groups that do not add up to the population.
    #[error("the groups count {counted} of {population} clusters")]
    Population {
        /// The groups' clusters.
        counted: u64,
        /// The release's.
        population: u32,
    },
    /// A group that is too small to be one.
    #[error("a group of {population} clusters is too small to be shown")]
    SmallGroup {
        /// Its clusters.
        population: u32,
    },
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
    /// Its counts were changed in another way than the charter asks for, or not at all, or though they are to be exact.
    #[error("by the charter published counts {}; these say otherwise", expected.map_or_else(|| "are exact".to_owned(), |how| how.to_string()))]
    Perturbation {
        /// What the charter asks for.
        expected: Option<Perturbation>,
    },
    /// A count that is published for no true one.
    #[error("{indicator} shows {count}, as which no count is published")]
    Impossible {
        /// Which row.
        indicator: IndicatorId,
        /// What it shows.
        count: u32,
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

/// One group of a table: the clusters with one value of its dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Clusters in it: the public register says the same.
    pub population: u32,
    /// One row an indicator, sorted by code.
    pub rows: Vec<Row>,
    /// The value. None for the rest: all clusters of the agency that are in no other group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Name>,
}

/// One agency's statistics on one catalogue for one period: the table of all its clusters, or one that divides them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What the table divides clusters by; None in the table of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Dimension>,
    /// On which catalogue. Statistics are added up within one text of one catalogue only.
    pub catalogue: CatalogueRef,
    /// The groups, by [`super::pattern`]: the rest first, then by value. None in the table of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Part>,
    /// For which quarter.
    pub period: Period,
    /// How its counts were changed; None where they are exact. Populations always are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<Perturbation>,
    /// 1 for the first release of the period, one more for each correction.
    pub version: u32,
    /// Why a correction was needed; absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Name>,
    /// Clusters with a valid label at the period's end: the public register says the same.
    pub population: u32,
    /// One row an indicator, sorted by code. None in a table by groups: the table of all has them.
    pub rows: Vec<Row>,
}

impl Release {
    /// The first release of a period: the table of all clusters, with exact counts ([`Release::perturb`]).
    #[must_use]
    pub fn first(catalogue: CatalogueRef, period: Period, table: &Table, rule: &Disclosure) -> Self {
        let (population, rows) = (table.population(), disclose(table, rule));
        Self { by: None, catalogue, groups: Vec::new(), period, perturbation: None, version: 1, reason: None, population, rows }
    }

    /// A table of the same clusters by groups, to be published with this table of all. `parts` has the groups that
    /// [`super::pattern`] names.
    #[must_use]
    pub fn divided(&self, by: Dimension, parts: &BTreeMap<Option<Name>, Table>, rule: &Disclosure) -> Self {
        let part = |(value, table): (&Option<Name>, &Table)| Part {
            population: table.population(),
            rows: disclose(table, rule),
            value: value.clone(),
        };
        Self { by: Some(by), groups: parts.iter().map(part).collect(), perturbation: None, rows: Vec::new(), ..self.clone() }
    }

    /// A correction of this release. Both stay public: whoever compares them learns what changed.
    #[must_use]
    pub fn corrected(&self, reason: Name, table: &Table, rule: &Disclosure) -> Self {
        let rows = disclose(table, rule);
        let (catalogue, version) = (self.catalogue.clone(), self.version.saturating_add(1));
        let (by, groups, perturbation, population) = (None, Vec::new(), None, table.population());
        Self { by, catalogue, groups, period: self.period, perturbation, version, reason: Some(reason), population, rows }
    }

    /// Each set of clusters that it counts, with its rows: all of them, or each group. The value is None for all, and for the rest.
    pub fn parts(&self) -> impl Iterator<Item = (Option<&Name>, u32, &[Row])> {
        let all = self.by.is_none().then_some((None, self.population, &self.rows[..]));
        all.into_iter().chain(self.groups.iter().map(|part| (part.value.as_ref(), part.population, &part.rows[..])))
    }

    /// The rows of each set of clusters, in the same order.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [Row]> {
        let all = self.by.is_none().then_some(&mut self.rows[..]);
        all.into_iter().chain(self.groups.iter_mut().map(|part| &mut part.rows[..]))
    }

    /// Hides everything that it still shows: nothing can be shown to be safe.
    pub fn conceal(&mut self) {
        for row in self.rows_mut().flatten() {
            row.conceal(Reason::Derivable);
        }
    }

    /// Whether it tells nothing but populations.
    #[must_use]
    pub fn is_concealed(&self) -> bool {
        self.parts()
            .all(|(_, _, rows)| rows.iter().all(|row| row.hidden() == CELLS && !row.all().any(|cell| cell == Cell::Hidden(Reason::Small))))
    }

    /// Checks what holds under any disclosure rule.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self) -> Result<(), ReleaseError> {
        if self.version == 0 || (self.version == 1) != self.reason.is_none() {
            return Err(ReleaseError::Version { version: self.version });
        }
        let values: Vec<_> = self.groups.iter().map(|part| &part.value).collect();
        let fits = match self.by {
            None => values.is_empty(),
            Some(_) => self.rows.is_empty() && (2..=limits::GROUPS).contains(&values.len()) && values.is_sorted_by(|a, b| a < b),
        };
        if !fits {
            return Err(ReleaseError::Groups);
        }
        let (counted, population) = (self.groups.iter().map(|part| u64::from(part.population)).sum(), self.population);
        if self.by.is_some() && counted != u64::from(population) {
            return Err(ReleaseError::Population { counted, population });
        }
        self.parts().try_for_each(|(_, population, rows)| check(population, rows, self.perturbation, 1))
    }

    /// Checks a release of someone else against the charter's rule, as far as the published cells tell.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check_disclosure(&self, rule: &Disclosure) -> Result<(), ReleaseError> {
        self.check()?;
        let expected = rule.perturbation();
        if self.perturbation != expected {
            return Err(ReleaseError::Perturbation { expected });
        }
        let minimum = bounds(rule).0;
        if let Some(part) = self.groups.iter().find(|part| part.population < minimum) {
            return Err(ReleaseError::SmallGroup { population: part.population });
        }
        self.parts().try_for_each(|(_, population, rows)| check_rows(population, rows, rule))
    }
}

/// Checks the rows of one set of clusters against the charter's rule, as far as the published cells tell. They were changed as it says.
///
/// # Errors
/// The first rule they break.
pub(super) fn check_rows(population: u32, rows: &[Row], rule: &Disclosure) -> Result<(), ReleaseError> {
    let minimum = bounds(rule).0;
    check(population, rows, rule.perturbation(), minimum)?;
    rows.iter().try_for_each(|row| {
        row_rule(population, row, rule.perturbation(), minimum)
            .map_err(|rule| ReleaseError::Discloses { indicator: row.indicator.clone(), rule })
    })
}

/// The fewest and the most clusters that published counts can stand for together. Exact ones for themselves.
fn within(row: &Row, how: Option<Perturbation>, minimum: u32) -> Result<(u64, u64), ReleaseError> {
    let Some(how) = how else { return Ok((row.visible(), row.visible())) };
    row.all().filter_map(Cell::count).try_fold((0, 0), |(low, high), count| {
        let (least, most) =
            how.truths(count, minimum).ok_or_else(|| ReleaseError::Impossible { indicator: row.indicator.clone(), count })?;
        Ok((low + u64::from(least), high + u64::from(most)))
    })
}

/// Checks the rows of one set of clusters under any disclosure rule whose minimum is at least this one.
fn check(population: u32, rows: &[Row], how: Option<Perturbation>, minimum: u32) -> Result<(), ReleaseError> {
    if rows.len() > limits::INDICATORS || !rows.is_sorted_by(|a, b| a.indicator < b.indicator) {
        return Err(ReleaseError::Rows);
    }
    for row in rows {
        let visible = row.visible();
        let (low, high) = within(row, how, minimum)?;
        let fits = low <= u64::from(population) && (row.hidden() > 0 || u64::from(population) <= high);
        if !fits {
            return Err(ReleaseError::Total { indicator: row.indicator.clone(), visible, population });
        }
    }
    Ok(())
}

fn row_rule(population: u32, row: &Row, how: Option<Perturbation>, minimum: u32) -> Result<(), &'static str> {
    let mut reasons: Vec<_> = row.all().filter_map(|cell| if let Cell::Hidden(reason) = cell { Some(reason) } else { None }).collect();
    if population < minimum {
        let all = reasons.len() == CELLS && reasons.iter().all(|reason| *reason == Reason::Population);
        return all.then_some(()).ok_or("the population is below the minimum, so every cell is hidden");
    }
    if how.is_none() && row.all().filter_map(Cell::count).any(|count| (1..minimum).contains(&count)) {
        return Err("a count below the minimum is shown");
    }
    let hidden = reasons.len();
    reasons.dedup();
    // What the hidden cells add up to at the most.
    let low = within(row, how, minimum).map_or(u64::from(population), |(low, _)| low);
    match (hidden, u64::from(population).saturating_sub(low)) {
        (0, _) => Ok(()),
        (1, _) => Err("one hidden cell follows from the others"),
        (_, sum) if sum < u64::from(minimum) => Err("the hidden cells add up to less than the minimum"),
        _ if reasons.len() != 1 || reasons[0] == Reason::Population => Err("the reasons do not fit the row"),
        _ if matches!(reasons[0], Reason::Group | Reason::Derivable) && row.visible() != 0 => Err("a row hidden whole shows a count"),
        _ => Ok(()),
    }
}
