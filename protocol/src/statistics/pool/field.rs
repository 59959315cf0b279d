//! Vectors of counters over the integers modulo a prime, and their additive shares.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::PoolError;
use crate::limits;

/// 2^64 - 59, the largest prime below 2^64. A sum of counters stays far below it (300 members with 2^32 units each), so it is the
/// sum itself, and of 64 random bits one pattern in 3 * 10^17 is drawn again.
pub const PRIME: u64 = u64::MAX - 58;

/// Hex digits of one element.
const DIGITS: usize = 16;

/// Elements modulo [`PRIME`]: counters, a share of them, or a sum. `Debug` shows how many. Written as 16 hex digits each, in one
/// text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vector(Vec<u64>);

fn plus(a: u64, b: u64) -> u64 {
    let sum = (u128::from(a) + u128::from(b)) % u128::from(PRIME);
    u64::try_from(sum).expect("below the prime")
}

fn minus(a: u64, b: u64) -> u64 {
    plus(a, PRIME - b)
}

/// A uniform element: what is no element is drawn again.
fn element(random: &mut dyn FnMut(&mut [u8])) -> u64 {
    loop {
        let mut bytes = [0; 8];
        random(&mut bytes);
        let drawn = u64::from_le_bytes(bytes);
        if drawn < PRIME {
            return drawn;
        }
    }
}

impl Vector {
    /// From counters.
    ///
    /// # Errors
    /// [`PoolError::Element`] for one that is [`PRIME`] or more, [`PoolError::Length`] for more than [`limits::POOL_COUNTERS`].
    pub fn new(elements: Vec<u64>) -> Result<Self, PoolError> {
        if elements.len() > limits::POOL_COUNTERS {
            return Err(PoolError::Length { expected: limits::POOL_COUNTERS, found: elements.len() });
        }
        if elements.iter().all(|element| *element < PRIME) { Ok(Self(elements)) } else { Err(PoolError::Element) }
    }

    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements.
    #[must_use]
    pub fn elements(&self) -> &[u64] {
        &self.0
    }

    /// Element by element.
    ///
    /// # Errors
    /// [`PoolError::Length`] when one is longer than the other.
    pub fn add(&self, other: &Self) -> Result<Self, PoolError> {
        if self.len() != other.len() {
            return Err(PoolError::Length { expected: self.len(), found: other.len() });
        }
        Ok(Self(self.0.iter().zip(&other.0).map(|(a, b)| plus(*a, *b)).collect()))
    }

    /// `count` vectors that add up to this one. All but the first are uniform, and so are any `count` - 1 of them: whoever lacks one
    /// knows nothing. `random` fills a slice with uniform bytes.
    #[must_use]
    pub fn split(&self, count: usize, random: &mut dyn FnMut(&mut [u8])) -> Vec<Self> {
        let mut rest = self.clone();
        let mut shares: Vec<Self> = (1..count).map(|_| Self((0..self.len()).map(|_| element(random)).collect())).collect();
        for share in &shares {
            rest.0.iter_mut().zip(&share.0).for_each(|(rest, drawn)| *rest = minus(*rest, *drawn));
        }
        shares.insert(0, rest);
        shares
    }
}

impl Drop for Vector {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector({} elements)", self.len())
    }
}

impl TryFrom<String> for Vector {
    type Error = PoolError;
    fn try_from(text: String) -> Result<Self, PoolError> {
        let (count, rest) = (text.len() / DIGITS, text.len() % DIGITS);
        if rest != 0 || count > limits::POOL_COUNTERS {
            return Err(PoolError::Length { expected: limits::POOL_COUNTERS, found: count });
        }
        let digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if !text.as_bytes().iter().all(digit) {
            return Err(PoolError::Element);
        }
        let element = |at: usize| u64::from_str_radix(&text[at * DIGITS..(at + 1) * DIGITS], 16).map_err(|_| PoolError::Element);
        Self::new((0..count).map(element).collect::<Result<_, _>>()?)
    }
}

impl From<Vector> for String {
    fn from(vector: Vector) -> String {
        vector.0.iter().map(|element| format!("{element:016x}")).collect()
    }
}
