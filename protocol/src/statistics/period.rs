//! The fixed calendar of releases: quarters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{Month, Timestamp};

/// A text that is no quarter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a period of the form 2026-Q4")]
pub struct PeriodError {
    /// What was read, shortened.
    pub text: String,
}

/// A quarter of a year in UTC, 1970 to 9999, written `2026-Q4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: u16,
    quarter: u8,
}

impl Period {
    /// `quarter` is 1 to 4.
    #[must_use]
    pub fn new(year: u16, quarter: u8) -> Option<Self> {
        ((1970..=9999).contains(&year) && (1..=4).contains(&quarter)).then_some(Self { year, quarter })
    }

    /// The quarter that holds `time`.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        let month = time.month();
        Self { year: month.year(), quarter: month.month().div_ceil(3) }
    }

    /// The quarter before; none before 1970-Q1.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        match self.quarter {
            1 => Self::new(self.year - 1, 4),
            quarter => Self::new(self.year, quarter - 1),
        }
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// Its first second.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.month(1).first_second()
    }

    /// Its last second: the population is taken here.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.month(3).last_second()
    }

    fn month(self, of_quarter: u8) -> Month {
        Month::new(self.year, (self.quarter - 1) * 3 + of_quarter).expect("a month of a valid quarter")
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.quarter)
    }
}

impl FromStr for Period {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let read = || {
            let (year, quarter) = text.split_once("-Q")?;
            let digits = year.len() == 4 && quarter.len() == 1 && [year, quarter].iter().all(|t| t.bytes().all(|b| b.is_ascii_digit()));
            if digits { Self::new(year.parse().ok()?, quarter.parse().ok()?) } else { None }
        };
        read().ok_or_else(|| PeriodError { text: text.chars().take(40).collect() })
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;
    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_holds_its_first_and_last_second_and_no_more() {
        for text in ["1970-Q1", "2026-Q4", "2028-Q1", "9999-Q4"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!((Period::of(period.start()), Period::of(period.end())), (period, period));
        }
        let fourth: Period = "2026-Q4".parse().unwrap();
        assert_eq!(fourth.start().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(fourth.end().to_string(), "2026-12-31T23:59:59Z");
        assert_eq!(Period::of(fourth.end().plus(1)).to_string(), "2027-Q1");
        assert_eq!(Period::of(fourth.end().plus(1)).previous(), Some(fourth));
        assert_eq!(Period::new(1970, 1).unwrap().previous(), None);
    }

    #[test]
    fn nothing_else_is_a_quarter() {
        for bad in ["", "2026", "2026-Q0", "2026-Q5", "2026-q4", "26-Q4", "+026-Q1", "2026-Q+1", "2026-Q04", "1969-Q4", "2026-Q4 "] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
