//! What statistics must hide, and who adds its own up in a pool instead of publishing alone (protocol, "Statistics"). Without a rule for
//! pools everybody publishes alone.

use serde::{Deserialize, Serialize};

use super::CharterError;
use crate::statistics::{Dimension, MAXIMUM_NOISE, Period, Perturbation};

/// What counts may be rounded to.
pub const BASES: [u32; 3] = [3, 5, 10];

/// Parameters of statistical disclosure control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The smallest count that may be published.
    pub minimum: u32,
    /// The noise that releases add to what they publish; none without it. Pools add none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// Who adds up in pools; nobody without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolRule>,
    /// How wide the interval must stay in which a hidden count may lie.
    pub protection: u32,
    /// What releases round to multiples of, instead of noise: one of [`BASES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<u32>,
    /// What releases divide clusters by, beside the table of all: a table each, the one that matters most first. Of two that
    /// would give something away together the later one hides it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Dimension>,
}

impl Disclosure {
    /// A rule with these two numbers, without pools, with exact counts, and with the table of all clusters only.
    #[must_use]
    pub const fn new(minimum: u32, protection: u32) -> Self {
        Self { minimum, noise: None, pool: None, protection, rounding: None, tables: Vec::new() }
    }

    /// The same with a table by each dimension: what new federations begin with.
    #[must_use]
    pub fn with_every_table(self) -> Self {
        Self { tables: Dimension::EVERY.to_vec(), ..self }
    }

    /// How releases change the counts that they publish; None where they are exact.
    #[must_use]
    pub fn perturbation(&self) -> Option<Perturbation> {
        self.noise.map(Perturbation::Noise).or(self.rounding.map(Perturbation::Rounding))
    }

    /// Whether it protects anything.
    ///
    /// # Errors
    /// [`CharterError::Disclosure`], [`CharterError::Noise`], [`CharterError::Rounding`], [`CharterError::Perturbed`],
    /// [`CharterError::Tables`] or [`CharterError::Pool`].
    pub fn check(&self) -> Result<(), CharterError> {
        let Self { minimum, noise, pool, protection, rounding, ref tables } = *self;
        if minimum < 3 || protection == 0 {
            return Err(CharterError::Disclosure { minimum, protection });
        }
        if noise.is_some() && rounding.is_some() {
            return Err(CharterError::Perturbed);
        }
        noise.map_or(Ok(()), |noise| noise.check(minimum))?;
        if let Some(base) = rounding.filter(|base| !BASES.contains(base)) {
            return Err(CharterError::Rounding { base });
        }
        if tables.iter().enumerate().any(|(at, table)| tables[..at].contains(table)) {
            return Err(CharterError::Tables);
        }
        pool.map_or(Ok(()), |pool| pool.check(minimum))
    }
}

/// Parameters of the cell-key method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// The most clusters that are added or taken away.
    pub maximum: u8,
    /// The noise's variance, in tenths.
    pub tenths: u32,
}

impl Noise {
    /// The smallest and the largest variance that is allowed with this maximum, in tenths. With less the largest noise would hardly ever be
    /// seen: the maximum is four and a half standard deviations at most. With more the noise of the smallest count that is published
    /// would rather be large than small: there it is about as much as when all of it is equally likely. So each noise within the
    /// range does occur, and which true counts a published one can stand for follows from the maximum alone.
    #[must_use]
    pub fn variances(maximum: u8, minimum: u32) -> (u32, u32) {
        let most = u32::from(maximum);
        ((most * most).div_ceil(2), minimum.min(most) * (most + 1) * 10 / 3)
    }

    /// Whether it makes a table.
    ///
    /// # Errors
    /// [`CharterError::Noise`].
    pub fn check(&self, minimum: u32) -> Result<(), CharterError> {
        let Self { maximum, tenths } = *self;
        let (least, most) = Self::variances(maximum, minimum);
        let fits = (1..=MAXIMUM_NOISE).contains(&maximum) && (least..=most).contains(&tenths);
        fits.then_some(()).ok_or(CharterError::Noise { maximum, tenths, least, most })
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
    fn noise_and_rounding_exclude_each_other_and_have_bounds() {
        let with = |noise: Option<(u8, u32)>, rounding| {
            let noise = noise.map(|(maximum, tenths)| Noise { maximum, tenths });
            Disclosure { noise, rounding, ..Disclosure::new(5, 2) }
        };
        for base in BASES {
            assert_eq!(with(None, Some(base)).check(), Ok(()));
            assert_eq!(with(Some((3, 20)), Some(base)).check(), Err(CharterError::Perturbed));
        }
        for base in [0, 1, 2, 4, 6, 100, u32::MAX] {
            assert_eq!(with(None, Some(base)).check(), Err(CharterError::Rounding { base }));
        }
        for (maximum, least, most) in [(1, 1, 6), (2, 2, 20), (3, 5, 40), (5, 13, 100), (20, 200, 350)] {
            assert_eq!(Noise::variances(maximum, 5), (least, most));
            for tenths in [least, most] {
                assert_eq!(with(Some((maximum, tenths)), None).check(), Ok(()));
            }
            for tenths in [0, least - 1, most + 1, u32::MAX] {
                let error = CharterError::Noise { maximum, tenths, least, most };
                assert_eq!(with(Some((maximum, tenths)), None).check(), Err(error));
            }
        }
        assert!(with(Some((0, 0)), None).check().is_err() && with(Some((21, 300)), None).check().is_err());
    }

    #[test]
    fn whoever_can_publish_nothing_alone_is_pooled() {
        let rule = |below| PoolRule { below, from: period("2026-Q3") };
        assert_eq!(rule(5).check(5), Ok(()));
        assert_eq!(rule(4).check(5), Err(CharterError::Pool { below: 4, minimum: 5 }));
    }
}
