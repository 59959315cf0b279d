//! Whole seconds and whole months. There is no clock here: "now" is always an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of the form {1}")]
pub struct TimeError(String, &'static str);

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999. Written `2026-11-24T05:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

const LAST_SECOND: u64 = 253_402_300_799;
const STAMP: &str = "2026-11-24T05:00:00Z";

impl Timestamp {
    /// From seconds since 1970; `None` after the year 9999.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        (seconds <= LAST_SECOND).then_some(Self(seconds))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// `seconds` later, at most the end of the year 9999.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds).min(LAST_SECOND))
    }

    /// Seconds from `earlier` to this; zero when it is the later one.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The month in UTC.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.civil();
        Month { year: date.year().unsigned_abs(), month: date.month().unsigned_abs() }
    }

    fn civil(self) -> jiff::civil::DateTime {
        let seconds = i64::try_from(self.0).expect("at most the end of the year 9999");
        jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).saturating_add(jiff::SignedDuration::from_secs(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.civil();
        write!(f, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError(text.chars().take(40).collect(), STAMP);
        let b = text.as_bytes();
        if b.len() != 20 || b[4] != b'-' || b[7] != b'-' || b[10] != b'T' || b[13] != b':' || b[16] != b':' || b[19] != b'Z' {
            return Err(error());
        }
        let part = |range: std::ops::Range<usize>| digits(&b[range]).ok_or_else(error);
        let small = |range: std::ops::Range<usize>| part(range).and_then(|n| i8::try_from(n).map_err(|_| error()));
        let year = i16::try_from(part(0..4)?).map_err(|_| error())?;
        let civil = jiff::civil::DateTime::new(year, small(5..7)?, small(8..10)?, small(11..13)?, small(14..16)?, small(17..19)?, 0)
            .map_err(|_| error())?;
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let seconds = civil.duration_since(epoch).as_secs();
        u64::try_from(seconds).ok().and_then(Self::from_seconds).ok_or_else(error)
    }
}

fn digits(bytes: &[u8]) -> Option<u16> {
    bytes.iter().try_fold(0u16, |n, b| b.is_ascii_digit().then(|| n * 10 + u16::from(b - b'0')))
}

/// A month of a year, 1970 to 9999, written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// `month` is 1 to 12.
    #[must_use]
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1970..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// `count` months later, at most December 9999.
    #[must_use]
    pub fn plus(self, count: u16) -> Self {
        let index = u32::from(self.year) * 12 + u32::from(self.month) - 1 + u32::from(count);
        let year = u16::try_from(index / 12).unwrap_or(u16::MAX);
        let month = u8::try_from(index % 12).expect("below 12") + 1;
        Self::new(year, month).unwrap_or(Self { year: 9999, month: 12 })
    }

    /// Whole months from `earlier` to this, negative when it is the later one.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        (i32::from(self.year) - i32::from(earlier.year)) * 12 + i32::from(self.month) - i32::from(earlier.month)
    }

    /// Its first second.
    #[must_use]
    pub fn first_second(self) -> Timestamp {
        format!("{self}-01T00:00:00Z").parse().expect("the first of a valid month")
    }

    /// Its last second: a label that is valid until a month is valid to its end.
    #[must_use]
    pub fn last_second(self) -> Timestamp {
        if self.year == 9999 && self.month == 12 {
            return Timestamp(LAST_SECOND);
        }
        Timestamp(self.plus(1).first_second().0 - 1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let b = text.as_bytes();
        let read = || {
            let month = (b.len() == 7 && b[4] == b'-').then(|| digits(&b[5..7]))??;
            Self::new(digits(&b[..4])?, u8::try_from(month).ok()?)
        };
        read().ok_or_else(|| TimeError(text.chars().take(40).collect(), "2026-11"))
    }
}

macro_rules! through_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = TimeError;
            fn try_from(text: String) -> Result<Self, TimeError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}
through_text!(Timestamp, Month);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_and_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_500_000, "2026-11-24T06:00:00Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
        ] {
            let stamp = Timestamp::from_seconds(seconds).expect("in range");
            assert_eq!(stamp.to_string(), text);
            assert_eq!(text.parse(), Ok(stamp));
        }
        for bad in [
            "2026-02-30T00:00:00Z",
            "2026-1-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-11-24T05:00:60Z",
            "2026-11-24T05:00:00+00:00",
            "2026-11-24 05:00:00Z",
            "",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
        assert!(Timestamp::from_seconds(LAST_SECOND + 1).is_none());
    }

    #[test]
    fn months_end_where_the_next_begins() {
        let february: Month = "2028-02".parse().expect("month");
        assert_eq!(february.last_second().to_string(), "2028-02-29T23:59:59Z");
        let start: Month = "2026-11".parse().expect("month");
        assert_eq!(start.plus(24).to_string(), "2028-11");
        assert_eq!(start.plus(2).to_string(), "2027-01");
        assert_eq!(start.plus(14).since(start), 14);
        assert_eq!(start.first_second().month(), start);
        assert_eq!(start.last_second().month(), start);
        for bad in ["2026-00", "2026-13", "1969-12", "2026-1", "20261-1"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
