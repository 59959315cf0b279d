//! The whole table with what has to be known to use it. Only [`Dataset::new`] makes one, so a writer need not check anything.

use std::collections::BTreeMap;

use parangon_protocol::catalogue::LEVELS;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, Fingerprint, IndicatorId, Name};
use parangon_protocol::statistics::Period;
use parangon_protocol::time::Timestamp;

use super::{Dimension, Group, Observation};

/// Rows of one table at most: a sheet of a workbook has 1,048,576, with its heading.
pub const MAX_OBSERVATIONS: usize = 1_000_000;

/// Why rows are no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// More rows than [`MAX_OBSERVATIONS`].
    #[error("{found} figures are more than {MAX_OBSERVATIONS}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// A row names a catalogue or an indicator that is not described.
    #[error("{indicator} of {catalogue} is not described", catalogue = catalogue.id)]
    Undescribed {
        /// The catalogue named.
        catalogue: CatalogueRef,
        /// The indicator named.
        indicator: IndicatorId,
    },
    /// A level above 4, a value in a table of all clusters, bounds that do not hold, or a hidden cell without a reason.
    #[error("a figure of {indicator} for {period}: {rule}")]
    Row {
        /// Of which indicator.
        indicator: IndicatorId,
        /// For which quarter.
        period: Period,
        /// What it breaks.
        rule: &'static str,
    },
    /// Two rows for one cell.
    #[error("two figures for one cell of {indicator} for {period}")]
    Twice {
        /// Of which indicator.
        indicator: IndicatorId,
        /// For which quarter.
        period: Period,
    },
}

/// Under which licence figures may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// Its name.
    pub name: &'static str,
    /// Its identifier in the SPDX list.
    pub spdx: &'static str,
    /// Where its text is.
    pub url: &'static str,
    /// What it asks, in a sentence.
    pub asks: &'static str,
}

impl Default for Licence {
    /// CC BY 4.0.
    fn default() -> Self {
        Self {
            name: "Creative Commons Attribution 4.0 International",
            spdx: "CC-BY-4.0",
            url: "https://creativecommons.org/licenses/by/4.0/",
            asks: "You may share and change these figures for any purpose, if you name their source and say what you changed.",
        }
    }
}

/// Where the figures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The federation's name.
    pub federation: Name,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The moment that the newest figures are about: the last second of their period, or the start of today where it still runs.
    pub as_of: Timestamp,
    /// A demonstration: the figures are made up.
    pub demonstration: bool,
    /// Under which licence.
    pub licence: Licence,
}

/// A catalogue with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueInfo {
    /// Which.
    pub reference: CatalogueRef,
    /// Its title.
    pub title: Name,
    /// Its indicators with their names, in its order.
    pub indicators: Vec<(IndicatorId, Name)>,
}

/// How much of the federation a period's figures cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Which quarter.
    pub period: Period,
    /// Agencies counted.
    pub agencies: u32,
    /// Members of the federation.
    pub members: u32,
    /// Clusters of the agencies counted.
    pub clusters: u64,
    /// Clusters that held a valid label at the quarter's end, of all members, as the register of labels says.
    pub registered: u64,
    /// Members without figures for the quarter.
    pub missing: Vec<AgencyId>,
    /// Members whose figures break a rule and are not counted.
    pub void: Vec<AgencyId>,
}

/// A table of figures that is sorted, complete in its descriptions and consistent in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    about: About,
    catalogues: Vec<CatalogueInfo>,
    coverage: Vec<Coverage>,
    observations: Vec<Observation>,
}

impl Dataset {
    /// Checks and sorts: by catalogue, dimension, group, indicator (in the catalogue's order), level (unknown last) and period.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn new(
        about: About,
        catalogues: Vec<CatalogueInfo>,
        mut coverage: Vec<Coverage>,
        mut observations: Vec<Observation>,
    ) -> Result<Self, DatasetError> {
        if observations.len() > MAX_OBSERVATIONS {
            return Err(DatasetError::TooMany { found: observations.len() });
        }
        let mut places = BTreeMap::new();
        for (at, catalogue) in catalogues.iter().enumerate() {
            for (place, (indicator, _)) in catalogue.indicators.iter().enumerate() {
                places.insert((&catalogue.reference.hash, &catalogue.reference.id, indicator), (at, place));
            }
        }
        let place = |row: &Observation| places.get(&(&row.catalogue.hash, &row.catalogue.id, &row.indicator)).copied();
        for row in &observations {
            let (indicator, period) = (row.indicator.clone(), row.period);
            if place(row).is_none() {
                return Err(DatasetError::Undescribed { catalogue: row.catalogue.clone(), indicator });
            }
            rule(row).map_err(|rule| DatasetError::Row { indicator, period, rule })?;
        }
        let key = |row: &Observation| {
            let (catalogue, indicator) = place(row).unwrap_or_default(); // checked above
            (catalogue, row.dimension, row.group.clone(), indicator, row.level.unwrap_or(u8::MAX), row.period)
        };
        observations.sort_by_cached_key(key);
        for pair in observations.windows(2) {
            if key(&pair[0]) == key(&pair[1]) {
                return Err(DatasetError::Twice { indicator: pair[0].indicator.clone(), period: pair[0].period });
            }
        }
        coverage.sort_by_key(|coverage| coverage.period);
        Ok(Self { about, catalogues, coverage, observations })
    }

    /// Where the figures come from.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The catalogues with their names.
    #[must_use]
    pub fn catalogues(&self) -> &[CatalogueInfo] {
        &self.catalogues
    }

    /// How much is covered, by period.
    #[must_use]
    pub fn coverage(&self) -> &[Coverage] {
        &self.coverage
    }

    /// The rows, sorted.
    #[must_use]
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The catalogue of a row of this table.
    #[must_use]
    pub fn catalogue_of(&self, row: &Observation) -> Option<&CatalogueInfo> {
        self.catalogues.iter().find(|info| info.reference == row.catalogue)
    }

    /// The name of an indicator of this table.
    #[must_use]
    pub fn indicator_name(&self, row: &Observation) -> &str {
        let found = self.catalogue_of(row).and_then(|info| info.indicators.iter().find(|(code, _)| *code == row.indicator));
        found.map_or("", |(_, name)| name.as_str())
    }

    /// The periods that it covers, as `2026-Q3` or `2025-Q1 to 2026-Q3`.
    #[must_use]
    pub fn periods(&self) -> String {
        match (self.coverage.first(), self.coverage.last()) {
            (Some(first), Some(last)) if first.period != last.period => format!("{} to {}", first.period, last.period),
            (Some(only), _) => only.period.to_string(),
            _ => "no period".to_owned(),
        }
    }

    /// `14 of 17 agencies, 412 clusters`, of the newest period.
    #[must_use]
    pub fn coverage_words(&self) -> String {
        self.coverage.last().map_or_else(
            || "no agency".to_owned(),
            |newest| format!("{} of {} agencies, {} clusters", newest.agencies, newest.members, newest.clusters),
        )
    }

    /// A title for files.
    #[must_use]
    pub fn title(&self) -> String {
        let demonstration = if self.about.demonstration { "DEMONSTRATION, made-up figures: " } else { "" };
        format!("{demonstration}Clusters by level of each indicator, {}, {}", self.about.federation, self.periods())
    }
}

fn rule(row: &Observation) -> Result<(), &'static str> {
    if row.level.is_some_and(|level| usize::from(level) >= LEVELS) {
        return Err("there is no such level");
    }
    if (row.dimension == Dimension::All) != (row.group == Group::All) {
        return Err("the group does not belong to the dimension");
    }
    if row.lower > row.upper || row.upper > row.clusters {
        return Err("its bounds do not fit the clusters");
    }
    if row.count.is_some_and(|count| count < row.lower || count > row.upper) {
        return Err("the count is outside its bounds");
    }
    if row.pooled > row.agencies || row.hidden_in > row.agencies {
        return Err("more agencies are pooled or hide it than are counted");
    }
    if !row.reasons.is_sorted_by(|a, b| a < b) || row.reasons.is_empty() != (row.hidden_in == 0) {
        return Err("its reasons are not sorted, or do not fit the agencies that hide it");
    }
    if row.count.is_none() && row.hidden_in == 0 {
        return Err("a figure that is hidden by nobody");
    }
    Ok(())
}
