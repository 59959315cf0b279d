//! When what is due. Everything counts from the period's end, so nobody has to call a round.

use crate::statistics::Period;
use crate::time::Timestamp;

const DAY: u64 = 86_400;

/// Attempts of one round. With three the last one is over 25 days after the period, long before the next one ends; a member that is
/// not there three times in a row is not there.
pub const ATTEMPTS: u32 = 3;

/// After the period's end until the first attempt: labels and withdrawals of the last day become final everywhere, since all have to
/// compute the same round.
const SETTLED: u64 = 3 * DAY;

/// From the beginning of an attempt to the next one. What was due by then is final everywhere a day later.
const EACH: u64 = 7 * DAY;

/// Within an attempt: whoever lacks a share, or the hash of a sum, gives it up. Four days hold a weekend with a holiday; nodes
/// that run need minutes.
const GIVEN_UP: u64 = 4 * DAY;

/// Who is not ready or has not opened by then is named, and the round is over. Two days after the former, since readiness and sums
/// follow at once where somebody's node was down until then.
const OPENED: u64 = 6 * DAY;

/// Two days more for those statements, and for totals, to become final.
const OVER: u64 = 8 * DAY;

/// Seconds after which sums that did not come are asked for, and between two such questions.
pub const ASKED_EVERY: u64 = 6 * 3_600;

/// The dates of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    start: Timestamp,
}

impl Calendar {
    /// Attempt `number`, from 1, of the round for `period`.
    #[must_use]
    pub fn new(period: Period, number: u32) -> Self {
        Self { start: period.end().plus(1 + SETTLED + EACH * u64::from(number.saturating_sub(1))) }
    }

    /// Shares are dealt from then on.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// Whoever lacks a share or a hash by then gives the attempt up.
    #[must_use]
    pub fn given_up(self) -> Timestamp {
        self.start.plus(GIVEN_UP)
    }

    /// Who is not ready, or has not opened, by then is named.
    #[must_use]
    pub fn opened(self) -> Timestamp {
        self.start.plus(OPENED)
    }

    /// The attempt is over, whatever came of it.
    #[must_use]
    pub fn over(self) -> Timestamp {
        self.start.plus(OVER)
    }
}
