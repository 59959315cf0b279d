//! What statistics must hide, and who adds its own up in a pool instead of publishing alone (protocol, "Statistics"). Without a rule for
//! pools everybody publishes alone.

use serde::{Deserialize, Serialize};

use super::CharterError;
use crate::statistics::{Dimension, Period};

/// Parameters of statistical disclosure control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The smallest count that may be published.
    pub minimum: u32,
    /// Who adds up in pools; nobody without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolRule>,
    /// How wide the interval must stay in which a hidden count may lie.
    pub protection: u32,
    /// What releases divide clusters by, beside the table of all: a table each, the one that matters most first. Of two that
    /// would give something away together the later one hides it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Dimension>,
}

impl Disclosure {
    /// A rule with these two numbers, without pools, and with the table of all clusters only.
    #[must_use]
    pub const fn new(minimum: u32, protection: u32) -> Self {
        Self { minimum, pool: None, protection, tables: Vec::new() }
    }

    /// The same with a table by each dimension: what new federations begin with.
    #[must_use]
    pub fn with_every_table(self) -> Self {
        Self { tables: Dimension::EVERY.to_vec(), ..self }
    }

    /// Whether it protects anything.
    ///
    /// # Errors
    /// [`CharterError::Disclosure`], [`CharterError::Tables`] or [`CharterError::Pool`].
    pub fn check(&self) -> Result<(), CharterError> {
        let Self { minimum, pool, protection, ref tables } = *self;
        if minimum < 3 || protection == 0 {
            return Err(CharterError::Disclosure { minimum, protection });
        }
        if tables.iter().enumerate().any(|(at, table)| tables[..at].contains(table)) {
            return Err(CharterError::Tables);
        }
        pool.map_or(Ok(()), |pool| pool.check(minimum))
    }
}

/// Agencies with few clusters are pooled, for a year at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRule {
    /// An agency with fewer clusters on a catalogue is pooled for that catalogue.
    pub below: u32,
    /// The first period of pools.
    pub from: Period,
}

impl PoolRule {
    /// Whether it pools everybody who could publish nothing alone.
    ///
    /// # Errors
    /// [`CharterError::Pool`].
    pub fn check(&self, minimum: u32) -> Result<(), CharterError> {
        if self.below >= minimum { Ok(()) } else { Err(CharterError::Pool { below: self.below, minimum }) }
    }

    /// At which period's end clusters are counted to tell who is pooled in `period`: the last one of the year before; in the first year
    /// the first period itself. None before there are pools.
    #[must_use]
    pub fn counted_at(&self, period: Period) -> Option<Period> {
        if period < self.from {
            None
        } else if period.year() == self.from.year() {
            Some(self.from)
        } else {
            Period::new(period.year().checked_sub(1)?, 4)
        }
    }

    /// Whether an agency with so many clusters then is pooled.
    #[must_use]
    pub fn pools(&self, clusters: u32) -> bool {
        clusters < self.below
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn who_is_pooled_is_fixed_for_a_year() {
        let rule = PoolRule { below: 15, from: period("2026-Q3") };
        for (of, counted) in [
            ("2026-Q2", None),
            ("2025-Q4", None),
            ("2026-Q3", Some("2026-Q3")),
            ("2026-Q4", Some("2026-Q3")),
            ("2027-Q1", Some("2026-Q4")),
            ("2027-Q4", Some("2026-Q4")),
            ("2028-Q1", Some("2027-Q4")),
        ] {
            assert_eq!(rule.counted_at(period(of)), counted.map(period), "{of}");
        }
        assert!(rule.pools(14) && rule.pools(0) && !rule.pools(15));
    }

    #[test]
    fn a_table_stands_once() {
        let rule = Disclosure::new(5, 2).with_every_table();
        assert_eq!(rule.check(), Ok(()));
        let twice = Disclosure { tables: vec![Dimension::Field, Dimension::Level, Dimension::Field], ..rule };
        assert_eq!(twice.check(), Err(CharterError::Tables));
    }

    #[test]
    fn whoever_can_publish_nothing_alone_is_pooled() {
        let rule = |below| PoolRule { below, from: period("2026-Q3") };
        assert_eq!(rule(5).check(5), Ok(()));
        assert_eq!(rule(4).check(5), Err(CharterError::Pool { below: 4, minimum: 5 }));
    }
}
