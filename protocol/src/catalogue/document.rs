//! What a catalogue file says, and the rules that it keeps.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CatalogueError, LEVELS, MAX_POINTS};
use crate::id::{CatalogueId, IndicatorId, Name, SchemeId};
use crate::limits;

/// A group of indicators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Its code, such as `4`.
    pub code: IndicatorId,
    /// Its name.
    pub name: Name,
}

/// One indicator of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Its code, such as `4.1.3`.
    pub code: IndicatorId,
    /// Its name.
    pub name: Name,
    /// The code of its dimension.
    pub dimension: IndicatorId,
    /// Points earned at level 0 to 4: level 0 earns none, a higher level never fewer.
    pub levels: [u32; LEVELS],
    /// The level that labels with minimums ask for; absent for indicators that no audit covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u8>,
    /// What it asks, as a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Name>,
    /// What each level means for it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<[Name; LEVELS]>,
}

impl Indicator {
    /// Points at the highest level.
    #[must_use]
    pub fn max_points(&self) -> u32 {
        self.levels[LEVELS - 1]
    }
}

/// What a catalogue file says. A [`super::Catalogue`] dereferences to it, so its fields are read there and changed nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its id, such as `ecei-2026`.
    pub id: CatalogueId,
    /// The scheme it belongs to.
    pub scheme: SchemeId,
    /// Its version, as its author counts.
    pub version: u32,
    /// Its title.
    pub title: Name,
    /// What its author says about it, such as which numbers are assumptions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its dimensions, in the file's order.
    pub dimensions: Vec<Dimension>,
    /// Its indicators, in the file's order.
    pub indicators: Vec<Indicator>,
    /// The sum of all indicators' maxima; zero for a questionnaire only.
    pub max_points: u32,
    /// Answers are collected, not scored (a benchmark interview).
    pub questionnaire: bool,
}

impl Document {
    pub(super) fn check(&self) -> Result<(), CatalogueError> {
        for (what, count) in [("dimensions", self.dimensions.len()), ("indicators", self.indicators.len())] {
            if count == 0 || count > limits::INDICATORS {
                return Err(CatalogueError::Count { what, count });
            }
        }
        if self.note.as_ref().is_some_and(|note| note.chars().count() > limits::TEXT_CHARS) {
            return Err(CatalogueError::Note);
        }
        let dimensions = distinct(self.dimensions.iter().map(|dimension| &dimension.code))?;
        distinct(self.indicators.iter().map(|indicator| &indicator.code))?;
        for indicator in &self.indicators {
            if !dimensions.contains(&indicator.dimension) {
                let (indicator, dimension) = (indicator.code.clone(), indicator.dimension.clone());
                return Err(CatalogueError::UnknownDimension { indicator, dimension });
            }
            if indicator.levels[0] != 0 || !indicator.levels.is_sorted() {
                return Err(CatalogueError::Points { indicator: indicator.code.clone() });
            }
            if let Some(minimum) = indicator.minimum.filter(|minimum| !(1..LEVELS).contains(&usize::from(*minimum))) {
                return Err(CatalogueError::Minimum { indicator: indicator.code.clone(), minimum });
            }
        }
        let actual = self.indicators.iter().map(|indicator| u64::from(indicator.max_points())).sum();
        if u64::from(self.max_points) != actual {
            return Err(CatalogueError::Sum { stated: self.max_points, actual });
        }
        if self.questionnaire != (self.max_points == 0) || self.max_points > MAX_POINTS {
            return Err(CatalogueError::Scored);
        }
        Ok(())
    }
}

fn distinct<'a>(codes: impl Iterator<Item = &'a IndicatorId>) -> Result<BTreeSet<&'a IndicatorId>, CatalogueError> {
    let mut seen = BTreeSet::new();
    for code in codes {
        if !seen.insert(code) {
            return Err(CatalogueError::Duplicate { code: code.clone() });
        }
    }
    Ok(seen)
}
