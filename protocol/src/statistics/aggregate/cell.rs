//! What is known of one row of the total.

use serde::Serialize;

use super::{Cause, Causes, Piece};
use crate::catalogue::LEVELS;
use crate::statistics::release::CELLS;
use crate::statistics::{Cell, Row};

/// What is known of one cell of the total: it lies between `lower` and `upper`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sum {
    /// The sum of the published counts.
    pub count: u64,
    /// Agencies and pools that hide this cell, or have no such row.
    pub hidden_in: u32,
    /// `count`, less what noise may have added to it.
    pub lower: u64,
    /// `count`, what noise may have taken from it, and everything that the hidden cells of those agencies could hold.
    pub upper: u64,
    /// Why they hide it.
    pub causes: Causes,
}

impl Sum {
    /// Between which shares of `clusters` it lies, in thousandths: rounded down, and up. None of no clusters.
    #[must_use]
    pub fn share(&self, clusters: u64) -> Option<Share> {
        let part = |of: u64, round: u64| u16::try_from((of.min(clusters).checked_mul(1_000)? + round).checked_div(clusters)?).ok();
        Some(Share { low: part(self.lower, 0)?, high: part(self.upper, clusters.checked_sub(1)?)? })
    }
}

/// A share in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The lowest that it can be.
    pub low: u16,
    /// The highest.
    pub high: u16,
}

/// Where the median of the known levels lies, whatever the hidden cells hold. Of an even number it is the lower one of the middle
/// two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Median {
    /// The lowest that it can be.
    pub low: u8,
    /// The highest.
    pub high: u8,
}

/// What has been added to one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    count: i64,
    hidden_in: i64,
    lower: i64,
    upper: i64,
    causes: [i64; Cause::EVERY.len()],
}

/// What has been added to one row by those who have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tallied {
    contributors: i64,
    clusters: i64,
    /// Unknown first, then level 0 to 4.
    cells: [Tally; CELLS],
    /// For each level: how many more clusters are at most than above it, at the most and at the least that hidden cells allow.
    most: [i64; LEVELS],
    least: [i64; LEVELS],
    /// Summands of which some cluster is known to have a level.
    known: i64,
}

/// A cell of one contributor: the published count and its bounds, and how many more clusters it may hold than the lower one.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    count: i64,
    low: i64,
    room: i64,
}

impl Tallied {
    pub(super) fn contributors(&self) -> i64 {
        self.contributors
    }

    pub(super) fn clusters(&self) -> i64 {
        self.clusters
    }

    /// Adds a contributor's row, piece by piece: at least one of them has it.
    pub(super) fn apply<'a>(&mut self, pieces: impl Iterator<Item = (&'a Piece<'a>, Option<&'a Row>)>, sign: i64) {
        let mut hides = [Causes::default(); CELLS];
        for (piece, row) in pieces {
            if let Some(row) = row {
                for (hides, cell) in hides.iter_mut().zip(row.unknown_first()) {
                    if let Cell::Hidden(reason) = cell {
                        hides.insert(reason.into());
                    }
                }
                self.clusters += sign * i64::from(piece.clusters);
                self.piece(piece, row, sign);
            } else {
                let cause = piece.rows.err().unwrap_or(Cause::Group);
                hides.iter_mut().for_each(|hides| hides.insert(cause));
            }
        }
        self.contributors += sign;
        for (cell, hides) in self.cells.iter_mut().zip(hides) {
            if !hides.is_empty() {
                cell.hidden_in += sign;
                hides.iter().for_each(|cause| cell.causes[cause as usize] += sign);
            }
        }
    }

    fn piece(&mut self, piece: &Piece<'_>, row: &Row, sign: i64) {
        let clusters = i64::from(piece.clusters);
        let shown = |count: u32| {
            let (low, high) = piece.between(count);
            Bounds { count: count.into(), low: low.into(), room: (i64::from(high).min(clusters) - i64::from(low)).max(0) }
        };
        let cells = row.unknown_first();
        let mut bounds = cells.map(|cell| cell.count().map_or_else(Bounds::default, shown));
        // Clusters that stand somewhere above the lower bounds; each hidden cell may hold them all.
        let free = (clusters - bounds.iter().map(|cell| cell.low).sum::<i64>()).max(0);
        for (bounds, _) in bounds.iter_mut().zip(cells).filter(|(_, cell)| cell.count().is_none()) {
            bounds.room = free;
        }
        for (cell, bounds) in self.cells.iter_mut().zip(bounds) {
            cell.count += sign * bounds.count;
            cell.lower += sign * bounds.low;
            cell.upper += sign * (bounds.low + bounds.room);
        }
        let [unknown, levels @ ..] = bounds;
        self.known += sign * i64::from(levels.iter().any(|cell| cell.low > 0));
        for level in 0..LEVELS {
            let (below, above) = levels.split_at(level + 1);
            let sum = |cells: &[Bounds], of: fn(&Bounds) -> i64| cells.iter().map(of).sum::<i64>();
            let shown = sum(below, |cell| cell.low) - sum(above, |cell| cell.low);
            let (below, above) = (sum(below, |cell| cell.room), sum(above, |cell| cell.room));
            self.most[level] += sign * (shown + tilt(free, below, unknown.room, above));
            self.least[level] += sign * (shown - tilt(free, above, unknown.room, below));
        }
    }

    /// The cells with what those add who have no such row.
    pub(super) fn sums(&self, without: &Sum) -> [Sum; CELLS] {
        let number = |sum: i64| u64::try_from(sum).unwrap_or(0);
        self.cells.map(|cell| Sum {
            count: number(cell.count),
            hidden_in: without.hidden_in.saturating_add(u32::try_from(cell.hidden_in).unwrap_or(0)),
            lower: number(cell.lower),
            upper: without.upper.saturating_add(number(cell.upper)),
            causes: Cause::EVERY.into_iter().filter(|cause| without.causes.contains(*cause) || cell.causes[*cause as usize] > 0).collect(),
        })
    }

    /// The median, where `without` clusters more may stand anywhere.
    pub(super) fn median(&self, without: u64) -> Option<Median> {
        let without = i64::try_from(without).unwrap_or(i64::MAX);
        let first = |balance: [i64; LEVELS]| balance.iter().position(|more| *more >= 0).unwrap_or(LEVELS - 1);
        let level = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let most = self.most.map(|most| most.saturating_add(without));
        // Above the highest level there is nothing, so there they take nothing away.
        let least = std::array::from_fn(|at| if at + 1 < LEVELS { self.least[at].saturating_sub(without) } else { self.least[at] });
        (self.known > 0).then(|| Median { low: level(first(most)), high: level(first(least)) })
    }
}

/// The most by which `free` clusters tip the balance: first into the rooms that add, then into the one that does not matter, and what
/// is left into those that take away.
pub(super) fn tilt(free: i64, adding: i64, neutral: i64, taking: i64) -> i64 {
    let adds = free.min(adding);
    let rest = free - adds;
    adds - (rest - rest.min(neutral)).min(taking)
}
