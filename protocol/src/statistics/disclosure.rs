//! Disclosure control of one row at a time, with an exact argument.
//!
//! **What an attacker knows**: the population, the published cells, how many clusters are known from their labels
//! to stand at some level or above, and this very algorithm with its parameters. So the tables that an attacker
//! must take into account are exactly those that this algorithm publishes in the same way: the *preimage* of the
//! output. An output is *safe* when within its preimage
//!
//! 1. every hidden cell takes values at least `protection` apart;
//! 2. the hidden cells together count at least `minimum` (their sum is public);
//! 3. for each group of clusters with the same public floor, a member can stand in two cells at least. So a row
//!    with all clusters, or all BRONZE ones, at one level is never shown as such.
//!
//! **What is done**: hide every count from 1 to `minimum` - 1. If that is not safe, hide the smallest published
//! count too, then the next ([`COMPLEMENTS`]). If that is not safe, hide the row. The row's first safe pattern is
//! published. Whether a pattern is safe is a function of the pattern and the published cells only, and its
//! preimage consists of the tables that arrive at it after patterns with fewer hidden cells were not safe; so the
//! definition is well-founded, and choosing a pattern gives nothing away that was not accounted for.
//!
//! **Zeros** are published, unless the whole row is hidden: that no cluster stands somewhere tells of no cluster
//! where it stands, rule 3 aside. Hidden cells are therefore known not to be zero, which the argument includes.
//! Cells that labels make impossible are published as zero even in a row hidden whole.
//!
//! **Not covered here**: differences between corrected releases of one period, a cluster's own knowledge of its
//! score beyond the minimum cell size, and what the point thresholds of labels say about all indicators at once.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::release::CELLS;
use super::{Cell, Counts, Reason, Row, Table};
use crate::charter::Disclosure;

/// Published counts that may be hidden to protect a smaller one, before the whole row is.
const COMPLEMENTS: usize = 2;

/// Candidate tables looked at for one pattern. Beyond it the pattern counts as not safe: it bounds the time for
/// large populations and never weakens the argument, since it depends on public values only.
const BUDGET: u32 = 5_000;

/// A set of cells, one bit each.
type Mask = u8;

/// Hides what must not be shown. Rows in the table's order (sorted by code).
///
/// A `minimum` below 2 counts as 2, a `protection` of 0 as 1: less would protect nothing.
#[must_use]
pub fn disclose(table: &Table, rule: &Disclosure) -> Vec<Row> {
    table.rows.iter().map(|counts| row(counts, table.population, rule)).collect()
}

/// The rule's minimum and protection as they are applied.
pub(super) fn bounds(rule: &Disclosure) -> (u32, u32) {
    (rule.minimum.max(2), rule.protection.max(1))
}

fn row(counts: &Counts, population: u32, rule: &Disclosure) -> Row {
    let (minimum, _) = bounds(rule);
    let mut guard = Guard::new(population, &counts.floors, rule);
    let (mask, reason) = if population < minimum {
        (all(CELLS), Reason::Population)
    } else {
        let mask = guard.pattern(&counts.cells);
        (mask, if mask == guard.whole() { Reason::Group } else { Reason::Small })
    };
    let cell = |i: usize| if has(mask, i) { Cell::Hidden(reason) } else { Cell::Count(counts.cells[i]) };
    Row { indicator: counts.indicator.clone(), cells: std::array::from_fn(|level| cell(level + 1)), unknown: cell(0) }
}

fn has(mask: Mask, cell: usize) -> bool {
    mask >> cell & 1 == 1
}

fn all(cells: usize) -> Mask {
    (0..cells).fold(0, |mask, cell| mask | 1 << cell)
}

/// What is public about a row, and the patterns already judged. Cells are ordered from lowest to highest.
struct Guard<'a> {
    population: u32,
    /// Clusters known to stand in this cell or a higher one, and nothing more.
    floors: &'a [u32],
    minimum: u32,
    protection: u32,
    judged: BTreeMap<(Mask, Vec<u32>), bool>,
}

impl<'a> Guard<'a> {
    fn new(population: u32, floors: &'a [u32], rule: &Disclosure) -> Self {
        let (minimum, protection) = bounds(rule);
        Self { population, floors, minimum, protection, judged: BTreeMap::new() }
    }

    /// The cells to hide: the row's first safe pattern, or every cell.
    fn pattern(&mut self, cells: &[u32]) -> Mask {
        let safe = self.chain(cells).into_iter().find(|mask| self.safe(*mask, cells));
        safe.unwrap_or_else(|| self.whole())
    }

    /// Every cell but those that labels make impossible.
    fn whole(&self) -> Mask {
        let possible = |cell: &usize| *cell + 1 == self.floors.len() || self.floors[cell + 1..].iter().sum::<u32>() < self.population;
        (0..self.floors.len()).filter(possible).fold(0, |mask, cell| mask | 1 << cell)
    }

    /// The patterns to try, each hiding more than the one before.
    fn chain(&self, cells: &[u32]) -> Vec<Mask> {
        let small = |cell: &usize| (1..self.minimum).contains(&cells[*cell]);
        let mut mask = (0..cells.len()).filter(small).fold(0, |mask, cell| mask | 1 << cell);
        let mut shown: Vec<_> = (0..cells.len()).filter(|cell| cells[*cell] >= self.minimum).collect();
        shown.sort_by_key(|cell| (cells[*cell], *cell));
        let mut patterns = vec![mask];
        for cell in shown.into_iter().take(COMPLEMENTS) {
            mask |= 1 << cell;
            patterns.push(mask);
        }
        patterns
    }

    /// Whether this pattern may be published with these visible cells. Hidden entries of `cells` are not looked
    /// at, so the answer is a function of public values.
    fn safe(&mut self, mask: Mask, cells: &[u32]) -> bool {
        let visible: Vec<_> = cells.iter().enumerate().map(|(i, count)| if has(mask, i) { 0 } else { *count }).collect();
        let key = (mask, visible);
        if let Some(known) = self.judged.get(&key) {
            return *known;
        }
        let safe = self.judge(mask, &key.1);
        self.judged.insert(key, safe);
        safe
    }

    fn judge(&mut self, mask: Mask, visible: &[u32]) -> bool {
        let sum = self.population - visible.iter().sum::<u32>();
        if mask == 0 {
            return self.no_group_is_exposed(&[visible.to_vec()]);
        }
        if sum < self.minimum {
            return false;
        }
        let mut search = Search { mask, visible, budget: BUDGET };
        let mut witnesses = Vec::new();
        for cell in (0..visible.len()).filter(|cell| has(mask, *cell)) {
            let Some((low, witness)) = (1..=sum).find_map(|n| search.table_with(self, cell, n).map(|t| (n, t))) else { return false };
            let above = low.saturating_add(self.protection)..=sum;
            let Some(other) = above.rev().find_map(|n| search.table_with(self, cell, n)) else { return false };
            witnesses.extend([witness, other]);
        }
        self.no_group_is_exposed(&witnesses)
    }

    /// Rule 3, shown by these tables of the preimage.
    fn no_group_is_exposed(&self, tables: &[Vec<u32>]) -> bool {
        let top = self.floors.len() - 1;
        let groups = (0..top).filter(|floor| self.floors[*floor] > 0);
        groups.into_iter().all(|floor| (floor..=top).filter(|cell| tables.iter().any(|t| self.can_stand(t, floor, *cell))).count() >= 2)
    }

    /// Whether a cluster with this public floor can be one of those in `cell`, with all others placed somehow.
    fn can_stand(&self, table: &[u32], floor: usize, cell: usize) -> bool {
        let (mut above, mut known) = (0, 0);
        table[cell] > 0
            && (0..table.len()).rev().all(|i| {
                above += table[i] - u32::from(i == cell);
                known += self.floors[i] - u32::from(i == floor);
                above >= known
            })
    }

    /// Whether the public floors allow this table.
    fn allowed(&self, table: &[u32]) -> bool {
        let (mut above, mut known) = (0, 0);
        (0..table.len()).rev().all(|i| {
            above += table[i];
            known += self.floors[i];
            above >= known
        })
    }

    /// Whether `table` would be published with exactly this pattern, given that the pattern is safe.
    fn reaches(&mut self, table: &[u32], mask: Mask) -> bool {
        if !self.allowed(table) {
            return false;
        }
        // Patterns grow along the chain, so those before `mask` hide fewer cells: the recursion ends.
        let chain = self.chain(table);
        chain.contains(&mask) && chain.into_iter().take_while(|earlier| *earlier != mask).all(|earlier| !self.safe(earlier, table))
    }
}

/// Looks through the tables that agree with the visible cells.
struct Search<'a> {
    mask: Mask,
    visible: &'a [u32],
    budget: u32,
}

impl Search<'_> {
    /// A table of the preimage with this count in this hidden cell.
    fn table_with(&mut self, guard: &mut Guard<'_>, cell: usize, count: u32) -> Option<Vec<u32>> {
        let mut table = self.visible.to_vec();
        table[cell] = count;
        let free: Vec<_> = (0..table.len()).filter(|i| has(self.mask, *i) && *i != cell).collect();
        let rest = guard.population.checked_sub(table.iter().sum())?;
        let large = usize::from(count >= guard.minimum);
        self.fill(guard, &mut table, &free, rest, large).then_some(table)
    }

    /// Shares `rest` among the `free` cells until the table is in the preimage. Each gets one at least; at most
    /// [`COMPLEMENTS`] hidden cells can be `large`, since all others are below the minimum.
    fn fill(&mut self, guard: &mut Guard<'_>, table: &mut [u32], free: &[usize], rest: u32, large: usize) -> bool {
        if self.budget == 0 || large > COMPLEMENTS {
            return false;
        }
        let Some((cell, others)) = free.split_first() else {
            self.budget -= 1;
            return rest == 0 && guard.reaches(table, self.mask);
        };
        let counts = if others.is_empty() { rest..=rest } else { 1..=rest };
        for count in counts.filter(|count| *count > 0) {
            table[*cell] = count;
            if self.fill(guard, table, others, rest - count, large + usize::from(count >= guard.minimum)) {
                return true;
            }
        }
        table[*cell] = 0;
        false
    }
}
