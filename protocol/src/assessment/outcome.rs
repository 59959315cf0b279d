//! What scores amount to under a label's requirements. Integers decide.

use serde::{Deserialize, Serialize};

use super::{Answer, Scores};
use crate::catalogue::Catalogue;
use crate::id::IndicatorId;

/// 100 % of the points, in basis points.
pub const THRESHOLD_WHOLE: u32 = 10_000;

/// What a label level asks of the scores (protocol, "Label rules"). Eligibility and reviewers are asked elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// Share of the catalogue's points, in basis points: 8000 is 80 %. Absent: points do not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold_bp: Option<u32>,
    /// The level asked for on every indicator that the catalogue gives a minimum; where the catalogue's own
    /// minimum is higher, that one counts. Absent: minimums do not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_level: Option<u8>,
    /// Every indicator needs an answer ([`Answer::NotKnown`] is one).
    pub complete: bool,
    /// Proven improvement areas asked for.
    pub improvements: u8,
}

/// One reason why scores do not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Shortfall {
    /// Too few points.
    #[error("{points} of {max} points, {needed} are needed")]
    Points {
        /// Points earned.
        points: u32,
        /// The catalogue's points.
        max: u32,
        /// The smallest number of points that passes.
        needed: u64,
    },
    /// A threshold on a catalogue without points, or above 100 %: nothing can meet it.
    #[error("no score can meet a threshold of {threshold_bp} basis points on this catalogue")]
    Unreachable {
        /// The threshold asked for.
        threshold_bp: u32,
    },
    /// A minimum is not met.
    #[error("{indicator} is below level {needed}")]
    Minimum {
        /// The indicator.
        indicator: IndicatorId,
        /// The level it needs.
        needed: u8,
    },
    /// Some indicators have no answer.
    #[error("{missing} indicators have no answer")]
    Incomplete {
        /// How many.
        missing: usize,
    },
    /// Too few improvements.
    #[error("{proven} improvements proven, {needed} are needed")]
    Improvements {
        /// How many were proven.
        proven: u8,
        /// How many are asked for.
        needed: u8,
    },
    /// An answer to an indicator that the catalogue does not have: the scores belong to another one.
    #[error("{indicator} is not an indicator of the catalogue")]
    Foreign {
        /// The indicator.
        indicator: IndicatorId,
    },
}

/// What scores amount to. As confidential as the scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Points earned.
    pub points: u32,
    /// The catalogue's points.
    pub max: u32,
    /// Indicators below the level they need, in the catalogue's order.
    pub missed_minimums: Vec<IndicatorId>,
    /// True exactly when there is no reason against it.
    pub passes: bool,
    /// Every reason why it does not pass.
    pub reasons: Vec<Shortfall>,
}

impl Scores {
    /// What these scores amount to under `requirements`, with `improvements` proven.
    #[must_use]
    pub fn outcome(&self, catalogue: &Catalogue, requirements: &Requirements, improvements: u8) -> Outcome {
        let (points, max) = (self.points(catalogue), catalogue.max_points);
        let mut reasons = Vec::new();
        if let Some((indicator, _)) = self.iter().find(|(code, _)| catalogue.indicator(code).is_err()) {
            reasons.push(Shortfall::Foreign { indicator: indicator.clone() });
        }
        let missing = self.missing(catalogue).len();
        if requirements.complete && missing > 0 {
            reasons.push(Shortfall::Incomplete { missing });
        }
        reasons.extend(requirements.threshold_bp.and_then(|threshold_bp| too_few(points, max, threshold_bp)));
        let missed = self.missed(catalogue, requirements.minimum_level);
        let missed_minimums = missed.iter().map(|(code, _)| code.clone()).collect();
        reasons.extend(missed.into_iter().map(|(indicator, needed)| Shortfall::Minimum { indicator, needed }));
        if improvements < requirements.improvements {
            reasons.push(Shortfall::Improvements { proven: improvements, needed: requirements.improvements });
        }
        Outcome { points, max, missed_minimums, passes: reasons.is_empty(), reasons }
    }

    /// Indicators below the level they need, with that level.
    fn missed(&self, catalogue: &Catalogue, minimum_level: Option<u8>) -> Vec<(IndicatorId, u8)> {
        let Some(asked) = minimum_level else { return Vec::new() };
        let needs = catalogue.indicators.iter().filter_map(|i| i.minimum.map(|own| (&i.code, own.max(asked))));
        let level = |code| self.get(code).and_then(Answer::level);
        needs.filter(|(code, needed)| level(code).is_none_or(|level| level.get() < *needed)).map(|(c, n)| (c.clone(), n)).collect()
    }
}

/// `points / max >= threshold_bp / 10_000`, without a division: 120 of 150 reaches 80 %, 119 does not.
fn too_few(points: u32, max: u32, threshold_bp: u32) -> Option<Shortfall> {
    if max == 0 || threshold_bp > THRESHOLD_WHOLE {
        return Some(Shortfall::Unreachable { threshold_bp });
    }
    let share = u64::from(threshold_bp) * u64::from(max);
    let short = u64::from(points) * u64::from(THRESHOLD_WHOLE) < share;
    short.then(|| Shortfall::Points { points, max, needed: share.div_ceil(u64::from(THRESHOLD_WHOLE)) })
}
