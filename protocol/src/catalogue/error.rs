//! Why a catalogue was refused, or has no such indicator.

use super::MAX_POINTS;
use crate::canonical::CanonicalError;
use crate::id::{CatalogueId, IndicatorId};
use crate::limits;

/// Why a catalogue file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON within the rules of [`crate::canonical`].
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
#[error("the catalogue {catalogue} has no indicator {code:?}{}", suggestion.as_ref().map(|s| format!("; did you mean {s}?")).unwrap_or_default())]
pub struct UnknownIndicator {
    /// Where it was looked up.
    pub catalogue: CatalogueId,
    /// What was asked for, shortened.
    pub code: String,
    /// The nearest code there is, if one is near.
    pub suggestion: Option<IndicatorId>,
}
