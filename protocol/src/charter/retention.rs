//! How long members keep what is confidential (protocol, "Retention and erasure"). A charter without it sets no period, and
//! nodes then delete only what is deleted anyway, or by order.

use serde::{Deserialize, Serialize};

use super::CharterError;
use crate::time::{Month, Timestamp};

/// Days of a copy of a dossier: one at least, so that a review can be finished late; a year is more than any review takes.
const DOSSIER_DAYS: std::ops::RangeInclusive<u32> = 1..=365;

/// Days of a reviewer's own review: a month for an appeal at least, ten years at most.
const REVIEW_DAYS: std::ops::RangeInclusive<u32> = 30..=3_650;

/// Months of an assessment: statistics of the last quarter and the next renewal rest on it; twenty years at most.
const ASSESSMENT_MONTHS: std::ops::RangeInclusive<u16> = 6..=240;

const DAY: u64 = 86_400;

/// Periods after which nodes delete by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days of a reviewer's copy of a dossier, after the exchange is over or, where that is earlier, after its due date.
    pub dossier_days: u32,
    /// Days of what a reviewer keeps of its own review, after the label is issued or the exchange is over.
    pub review_days: u32,
    /// Months of the owner's assessment with its evidence and what was said about it, after the label's expiry or the end of the
    /// last offer.
    pub assessment_months: u16,
}

impl Retention {
    /// What new charters begin with. An assumption, to be decided by each federation: a month to finish a late review, a year to
    /// account for a review, and as long after a label's expiry as two renewal windows.
    #[must_use]
    pub fn assumed() -> Self {
        Self { dossier_days: 30, review_days: 365, assessment_months: 24 }
    }

    /// Whether the periods are within their bounds.
    ///
    /// # Errors
    /// [`CharterError::Retention`].
    pub fn check(&self) -> Result<(), CharterError> {
        let Self { dossier_days, review_days, assessment_months } = self;
        let sound =
            DOSSIER_DAYS.contains(dossier_days) && REVIEW_DAYS.contains(review_days) && ASSESSMENT_MONTHS.contains(assessment_months);
        if sound { Ok(()) } else { Err(CharterError::Retention) }
    }

    /// When a copy of a dossier is to go whose exchange ended, or was due, at `from`.
    #[must_use]
    pub fn dossier_until(&self, from: Timestamp) -> Timestamp {
        from.plus(u64::from(self.dossier_days) * DAY)
    }

    /// When the content of a review is to go whose exchange ended at `from`.
    #[must_use]
    pub fn review_until(&self, from: Timestamp) -> Timestamp {
        from.plus(u64::from(self.review_days) * DAY)
    }

    /// When an assessment is to go whose label's last month, or the month in which its last offer ended, is `from`.
    #[must_use]
    pub fn assessment_until(&self, from: Month) -> Timestamp {
        from.plus(self.assessment_months).last_second().plus(1)
    }
}

/// What changes between two charters, in words.
pub(super) fn change(from: Option<&Retention>, to: Option<&Retention>) -> String {
    let Some(to) = to else {
        return "no period is set any more: each agency decides how long it keeps dossiers, reviews and assessments".to_owned();
    };
    let kept = |what: &str, unit: &str, before: Option<u32>, after: u32| match before {
        Some(before) if before == after => None,
        Some(before) => Some(format!("{what} {after} {unit} instead of {before}")),
        None => Some(format!("{what} {after} {unit}")),
    };
    let changed = [
        kept("copies of dossiers", "days", from.map(|from| from.dossier_days), to.dossier_days),
        kept("reviews", "days", from.map(|from| from.review_days), to.review_days),
        kept("assessments", "months", from.map(|from| from.assessment_months.into()), to.assessment_months.into()),
    ];
    let changed: Vec<String> = changed.into_iter().flatten().collect();
    format!("members keep {}; what is older goes when this takes effect", changed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_outside_their_bounds_are_refused() {
        let assumed = Retention::assumed();
        assert_eq!(assumed.check(), Ok(()));
        let changed = |change: fn(&mut Retention)| {
            let mut retention = assumed.clone();
            change(&mut retention);
            retention.check()
        };
        for broken in [
            changed(|r| r.dossier_days = 0),
            changed(|r| r.dossier_days = 366),
            changed(|r| r.review_days = 29),
            changed(|r| r.review_days = 3_651),
            changed(|r| r.assessment_months = 5),
            changed(|r| r.assessment_months = 241),
        ] {
            assert_eq!(broken, Err(CharterError::Retention));
        }
        for sound in [changed(|r| r.dossier_days = 1), changed(|r| r.review_days = 3_650), changed(|r| r.assessment_months = 6)] {
            assert_eq!(sound, Ok(()));
        }
    }

    #[test]
    fn periods_are_counted_in_days_and_calendar_months() {
        let retention = Retention { dossier_days: 30, review_days: 365, assessment_months: 24 };
        let from: Timestamp = "2026-11-30T12:00:00Z".parse().expect("a time");
        assert_eq!(retention.dossier_until(from).to_string(), "2026-12-30T12:00:00Z");
        assert_eq!(retention.review_until(from).to_string(), "2027-11-30T12:00:00Z");
        assert_eq!(retention.assessment_until(from.month()).to_string(), "2028-12-01T00:00:00Z");
    }

    #[test]
    fn a_change_is_said_period_by_period() {
        let former = Retention::assumed();
        let shorter = Retention { dossier_days: 14, ..former.clone() };
        let other = Retention { review_days: 90, assessment_months: 36, ..former.clone() };
        assert_eq!(
            change(Some(&former), Some(&shorter)),
            "members keep copies of dossiers 14 days instead of 30; what is older goes when this takes effect"
        );
        assert_eq!(
            change(Some(&former), Some(&other)),
            "members keep reviews 90 days instead of 365, assessments 36 months instead of 24; what is older goes when this takes effect"
        );
        assert_eq!(
            change(None, Some(&former)),
            "members keep copies of dossiers 30 days, reviews 365 days, assessments 24 months; what is older goes when this takes effect"
        );
        assert!(change(Some(&former), None).starts_with("no period is set any more"));
    }
}
