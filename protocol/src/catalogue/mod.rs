//! A catalogue: one version of a scheme's indicators, as data. Adding one needs no code.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError, Value};
use crate::charter::CatalogueRef;
use crate::id::{CatalogueId, Hash, IndicatorId, Name, SchemeId};
use crate::limits;

/// Levels of an answer: 0 none, 1 initial, 2 managed, 3 established, 4 excellent.
pub const LEVELS: usize = 5;

/// The most points of a whole catalogue. Keeps `points * 10_000` far inside 64 bits.
pub const MAX_POINTS: u32 = 1_000_000;

/// Why a catalogue file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON within the rules of [`canonical`].
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// A field is missing, unknown or of another kind.
    #[error("not a catalogue: {detail}")]
    Shape {
        /// What the reader said.
        detail: String,
    },
    /// No indicators or more than [`limits::INDICATORS`], or as many dimensions.
    #[error("{count} {what}, where 1 to {} are allowed", limits::INDICATORS)]
    Count {
        /// Indicators or dimensions.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A code stands twice.
    #[error("{code} stands twice")]
    Duplicate {
        /// The code.
        code: IndicatorId,
    },
    /// An indicator names a dimension that is not listed.
    #[error("{indicator} names dimension {dimension}, which is not listed")]
    UnknownDimension {
        /// The indicator.
        indicator: IndicatorId,
        /// The dimension it names.
        dimension: IndicatorId,
    },
    /// Level 0 earns points, or a higher level earns fewer than a lower one.
    #[error("the points of {indicator} must start at 0 and never fall")]
    Points {
        /// The indicator.
        indicator: IndicatorId,
    },
    /// A minimum that is no level above 0.
    #[error("the minimum of {indicator} is {minimum}, which is not a level from 1 to 4")]
    Minimum {
        /// The indicator.
        indicator: IndicatorId,
        /// What it says.
        minimum: u8,
    },
    /// `max_points` is not what the indicators add up to.
    #[error("max_points is {stated}, but the indicators add up to {actual}")]
    Sum {
        /// What the file states.
        stated: u32,
        /// Sum of the indicators' maxima.
        actual: u64,
    },
    /// A questionnaire that gives points, a scored catalogue that gives none, or one above [`MAX_POINTS`].
    #[error("a questionnaire has no points; any other catalogue has 1 to {MAX_POINTS}")]
    Scored,
    /// The note is longer than [`limits::TEXT_CHARS`].
    #[error("the note is longer than {} characters", limits::TEXT_CHARS)]
    Note,
}

/// A code that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{catalogue} has no indicator {code:?}{}", suggestion.as_ref().map(|s| format!("; did you mean {s}?")).unwrap_or_default())]
pub struct UnknownIndicator {
    /// Where it was looked up.
    pub catalogue: CatalogueId,
    /// What was asked for, shortened.
    pub code: String,
    /// The nearest code there is, if one is near.
    pub suggestion: Option<IndicatorId>,
}

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
}

impl Indicator {
    /// Points at the highest level.
    #[must_use]
    pub fn max_points(&self) -> u32 {
        self.levels[LEVELS - 1]
    }
}

/// What a catalogue file says. A [`Catalogue`] dereferences to it, so its fields are read there and changed nowhere.
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

/// A catalogue that was read and found sound. Only [`Catalogue::read`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    document: Document,
    hash: Hash,
}

impl Catalogue {
    /// Reads a catalogue file: JSON in any spacing and key order, integers only, at most
    /// [`limits::DOCUMENT_BYTES`].
    ///
    /// # Errors
    /// See [`CatalogueError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CatalogueError> {
        let text = Value::read(bytes, limits::DOCUMENT_BYTES)?.to_text();
        let document: Document = serde_json::from_str(&text).map_err(|error| CatalogueError::Shape { detail: error.to_string() })?;
        document.check()?;
        let hash = Hash::of(&[&canonical::encode(&document, limits::DOCUMENT_BYTES)?]);
        Ok(Self { document, hash })
    }

    /// The bundled ECEI catalogue of 2026. Which of its numbers are assumptions stands in its note.
    ///
    /// # Panics
    /// Never: a test reads the bundled file.
    #[must_use]
    pub fn ecei() -> &'static Self {
        static ECEI: LazyLock<Catalogue> =
            LazyLock::new(|| Catalogue::read(include_bytes!("../../data/ecei-2026.json")).expect("the bundled catalogue is sound"));
        &ECEI
    }

    /// SHA-256 of its canonical text: independent of spacing and key order of the file.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Its id and hash, as labels, assessments and releases name it.
    #[must_use]
    pub fn reference(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.clone(), hash: self.hash }
    }

    /// Its canonical file text, without a final line break.
    ///
    /// # Panics
    /// Never: the same document was encoded when it was read.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        canonical::encode(&self.document, limits::DOCUMENT_BYTES).expect("encoded once when it was read")
    }

    /// The indicator of this code.
    ///
    /// # Errors
    /// [`UnknownIndicator`], with the nearest code.
    pub fn indicator(&self, code: &IndicatorId) -> Result<&Indicator, UnknownIndicator> {
        self.find(code.as_str())
    }

    /// As [`Self::indicator`], for a text that people typed.
    ///
    /// # Errors
    /// [`UnknownIndicator`], with the nearest code.
    pub fn find(&self, code: &str) -> Result<&Indicator, UnknownIndicator> {
        self.indicators.iter().find(|indicator| indicator.code.as_str() == code).ok_or_else(|| self.unknown(code))
    }

    fn unknown(&self, code: &str) -> UnknownIndicator {
        let code: String = code.chars().take(40).collect();
        let nearest = self.indicators.iter().map(|known| (distance(&code, known.code.as_str()), &known.code)).min();
        let suggestion = nearest.filter(|(distance, _)| *distance <= 2).map(|(_, known)| known.clone());
        UnknownIndicator { catalogue: self.id.clone(), code, suggestion }
    }
}

impl Deref for Catalogue {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.document
    }
}

/// Edits between two codes, not counting separators: `4,1,3`, `4-1-3` and `413` are all near `4.1.3`.
fn distance(typed: &str, known: &str) -> usize {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    strsim::damerau_levenshtein(&bare(typed), &bare(known))
}

impl Document {
    fn check(&self) -> Result<(), CatalogueError> {
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
