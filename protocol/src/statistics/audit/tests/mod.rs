//! The audit against an attacker that shares no code with it, planted leaks, and the suppression of one table.

#![allow(clippy::unwrap_used)]

mod alone;
mod brute;
mod leaks;
mod limits;
mod timing;

use super::*;

/// A small generator, so that every run looks at the same worlds.
pub(super) struct Lot(pub(super) u64);

impl Lot {
    /// A number below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ z >> 31) % u64::try_from(n).unwrap()).unwrap()
    }

    pub(super) fn count(&mut self, n: u32) -> u32 {
        u32::try_from(self.below(usize::try_from(n).unwrap())).unwrap()
    }
}

pub(super) fn rule(minimum: u32, protection: u32) -> Disclosure {
    Disclosure::new(minimum, protection)
}

/// What these units count in each cell, when unit `i` stands in `stands[i]`.
pub(super) fn tally(units: &[usize], stands: &[usize]) -> [u32; CELLS] {
    std::array::from_fn(|cell| u32::try_from(units.iter().filter(|unit| stands[**unit] == cell).count()).unwrap())
}

/// All cells of these units as they are.
pub(super) fn exactly(units: impl IntoIterator<Item = usize>, stands: &[usize]) -> Published {
    let units: Vec<_> = units.into_iter().collect();
    Published { cells: tally(&units, stands).map(Shown::Exactly), units }
}

/// The same with some cells hidden: as in a row with a small one.
pub(super) fn hiding(mut row: Published, cells: &[usize]) -> Published {
    for cell in cells {
        row.cells[*cell] = Shown::NotZero;
    }
    row
}
