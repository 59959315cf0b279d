//! Synthetic federations and what they publish, for the attack on statistics (`tests/attack`): registers, scores, quarters and corrections
//! drawn from a seed, and everything that is public of them made by the protocol's own code. What is true goes elsewhere, for scoring alone.

mod draw;
mod export;
mod pool;
mod publish;
mod sample;
mod utility;

pub use draw::{Draw, Unit};
pub use export::{Lines, lines};
pub use sample::{SampleError, sample};
pub use utility::{Known, Noise, Utility, measure};

/// A protection that is left out, so that the attack finds what it protects from. The product has no such switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Without {
    /// Everything is on.
    #[default]
    Nothing,
    /// Complementary suppression: only counts below the minimum are hidden, and nothing with them.
    Suppression,
    /// The differencing guard: each row is disclosed as if it stood alone.
    Guard,
    /// Noise: the guard is told that counts have it, and they have not.
    Noise,
}

impl Without {
    /// The switch of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "nothing" => Some(Self::Nothing),
            "suppression" => Some(Self::Suppression),
            "guard" => Some(Self::Guard),
            "noise" => Some(Self::Noise),
            _ => None,
        }
    }
}
