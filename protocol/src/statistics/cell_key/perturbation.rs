//! How much noise a count gets: a table of whole numbers, made once from two public parameters.

use super::CellKey;
use super::entropy::most_entropy;

/// The largest `maximum`. Counts of an agency are 5 to 50: more noise would leave nothing of them.
pub const MAXIMUM_NOISE: u8 = 20;

/// Cell keys there are.
const KEYS: u64 = 1 << 32;

/// Why parameters make no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PerturbationError {
    /// No noise, or more than [`MAXIMUM_NOISE`].
    #[error("a maximum of {maximum}; 1 to {MAXIMUM_NOISE} are allowed")]
    Maximum {
        /// What was asked for.
        maximum: u8,
    },
    /// No variance, or more than noise of this size can have.
    #[error("a variance of {tenths} tenths; with this maximum 1 to {most} are possible")]
    Variance {
        /// What was asked for, in tenths.
        tenths: u32,
        /// The largest, in tenths.
        most: u32,
    },
    /// Cell keys of other clusters or another catalogue than those that are counted.
    #[error("the cell keys are not those of the counts")]
    Keys,
    /// Counts that have noise or are rounded already.
    #[error("the counts were changed already")]
    Twice,
}

/// For each true count the probabilities of its noise, as shares of the 2^32 cell keys. Public.
///
/// Noise of a count `n` lies between `-maximum` and `maximum`, and never makes a count negative. Its mean is exactly 0 in the integers of
/// the table, its variance the wanted one (to a millionth), and among all such distributions it has the most entropy. Counts from
/// `maximum` on share one row. Zero stays zero. For small counts the variance can be out of reach: noise from `-n` to
/// `maximum` with mean 0 has at most `n * maximum`. Then it has that, which only the two ends allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerturbationTable {
    maximum: u8,
    /// One row for each count up to `maximum`.
    rows: Vec<Row>,
}

/// The noise of one count: from `-below` on, how many keys lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    below: u8,
    keys: Vec<u64>,
}

impl PerturbationTable {
    /// The table for noise of at most `maximum` clusters in each direction, with a variance of `tenths / 10`.
    ///
    /// # Errors
    /// [`PerturbationError`].
    pub fn new(maximum: u8, tenths: u32) -> Result<Self, PerturbationError> {
        if !(1..=MAXIMUM_NOISE).contains(&maximum) {
            return Err(PerturbationError::Maximum { maximum });
        }
        let reach = |count: u8| u32::from(count) * u32::from(maximum) * 10;
        let wrong = PerturbationError::Variance { tenths, most: reach(maximum) };
        if !(1..=reach(maximum)).contains(&tenths) {
            return Err(wrong);
        }
        let row = |count: u8| match count {
            0 => Some(Row { below: 0, keys: vec![KEYS] }),
            _ if tenths >= reach(count) => Some(Row::two_ends(count, maximum)),
            _ => Row::quantised(count, &most_entropy(count.into(), maximum.into(), f64::from(tenths) / 10.0)?),
        };
        let rows = (0..=maximum).map(row).collect::<Option<_>>().ok_or(wrong)?;
        Ok(Self { maximum, rows })
    }

    /// The most noise there is, in each direction.
    #[must_use]
    pub fn maximum(&self) -> u8 {
        self.maximum
    }

    /// The count with its noise. Integers only.
    #[must_use]
    pub fn perturb(&self, count: u32, key: &CellKey) -> u32 {
        let mut left = u64::from(key.0);
        let mut shares = self.shares(count);
        let noise = shares.find_map(|(noise, keys)| match left.checked_sub(keys) {
            None => Some(noise),
            Some(rest) => {
                left = rest;
                None
            }
        });
        count.saturating_add_signed(noise.expect("the keys of a row are all there are"))
    }

    /// Each noise that a count can get, with how many of the 2^32 keys lead to it.
    pub fn shares(&self, count: u32) -> impl Iterator<Item = (i32, u64)> {
        let index = usize::try_from(count).unwrap_or(usize::MAX).min(self.maximum.into());
        let row = &self.rows[index];
        (-i32::from(row.below)..).zip(row.keys.iter().copied())
    }

    /// The smallest and the largest count that can be published as this one. `None` when none can.
    #[must_use]
    pub fn truths(&self, published: u32) -> Option<(u32, u32)> {
        let most = u32::from(self.maximum);
        let may = |count: &u32| self.shares(*count).any(|(noise, keys)| keys > 0 && count.checked_add_signed(noise) == Some(published));
        let mut counts = (published.saturating_sub(most)..=published.saturating_add(most)).filter(may);
        let low = counts.next()?;
        Some((low, counts.next_back().unwrap_or(low)))
    }
}

impl Row {
    /// Noise at both ends only: the largest variance that there is with mean 0.
    fn two_ends(below: u8, above: u8) -> Self {
        let span = u64::from(below) + u64::from(above);
        let mut keys = vec![0; usize::from(below) + usize::from(above) + 1];
        let unit = KEYS / span;
        keys[0] = unit * u64::from(above);
        // What the division leaves, less than `span` keys, gets no noise.
        keys[usize::from(below)] = KEYS % span;
        keys[usize::from(below) + usize::from(above)] = unit * u64::from(below);
        Self { below, keys }
    }

    /// Rounds probabilities of noise from `-below` on, and then moves a few keys so that they are 2^32 with mean exactly 0.
    fn quantised(below: u8, probabilities: &[f64]) -> Option<Self> {
        // 2^32 is exact in a double.
        let scaled = probabilities.iter().map(|p| (p * (f64::from(u32::MAX) + 1.0)).round());
        #[expect(clippy::cast_possible_truncation, reason = "whole, and at most 2^32")]
        let mut keys: Vec<i64> = scaled.map(|keys| keys as i64).collect();
        let noise = || -i64::from(below)..;
        let surplus = keys.iter().sum::<i64>() - i64::try_from(KEYS).ok()?;
        let moment: i64 = keys.iter().zip(noise()).map(|(keys, noise)| keys * noise).sum();
        // Two neighbours can make up for any sum and any mean. Those with the most keys feel it least.
        let first = (0..keys.len() - 1).max_by_key(|i| keys[*i].min(keys[*i + 1]))?;
        let change = noise().nth(first)? * surplus - moment;
        keys[first + 1] += change;
        keys[first] -= surplus + change;
        let keys = keys.into_iter().map(|keys| u64::try_from(keys).ok()).collect::<Option<_>>()?;
        Some(Self { below, keys })
    }
}
