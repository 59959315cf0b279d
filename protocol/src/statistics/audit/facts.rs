//! Facts as intervals, and what follows from them without a solver. Integers only.

use std::collections::BTreeMap;

use super::super::release::CELLS;
use super::{Shown, World};

/// Passes over all facts. Each narrows what the one before left; a chain of facts longer than this is left to the solver.
const PASSES: usize = 64;

/// Some atoms' count in one cell lies between two numbers.
pub(super) struct Fact {
    pub(super) atoms: Vec<usize>,
    pub(super) cell: usize,
    pub(super) low: u32,
    pub(super) high: u32,
}

/// One whole number for each cell of each atom.
pub(super) type Counts = Vec<[u32; CELLS]>;

/// No table fits the facts.
#[derive(Debug)]
pub(super) struct Contradiction;

/// What is public, in the solver's terms.
pub(super) struct Facts {
    sizes: Vec<u32>,
    floors: Vec<usize>,
    pub(super) list: Vec<Fact>,
    /// Every table that fits lies between these two.
    pub(super) low: Counts,
    pub(super) high: Counts,
}

impl Facts {
    /// Those of the first `rows` rows, and of labels.
    pub(super) fn new(world: &World, rows: usize) -> Result<Self, Contradiction> {
        let mut intervals = BTreeMap::<(&[usize], usize), (u32, u32)>::new();
        for row in &world.rows[..rows] {
            let size = world.size(&row.atoms);
            for (cell, shown) in row.cells.iter().enumerate() {
                let (low, high) = match *shown {
                    Shown::Exactly(count) => (count, count),
                    Shown::Within { low, high } => (low, high),
                    Shown::NotZero => (1, size),
                    Shown::Nothing => continue,
                };
                let known = intervals.entry((&row.atoms, cell)).or_insert((0, size));
                *known = (known.0.max(low), known.1.min(high));
            }
        }
        let list: Vec<_> =
            intervals.into_iter().map(|((atoms, cell), (low, high))| Fact { atoms: atoms.to_vec(), cell, low, high }).collect();
        let most = |size, floor| std::array::from_fn(|cell| if cell < floor { 0 } else { size });
        let mut facts = Self {
            sizes: world.atoms.iter().map(|atom| atom.size).collect(),
            floors: world.atoms.iter().map(|atom| atom.floor).collect(),
            list,
            low: vec![[0; CELLS]; world.atoms.len()],
            high: world.atoms.iter().map(|atom| most(atom.size, atom.floor)).collect(),
        };
        if facts.list.iter().any(|fact| fact.low > fact.high) {
            return Err(Contradiction);
        }
        facts.propagate()?;
        Ok(facts)
    }

    /// Units of each atom.
    pub(super) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// Narrows `low` and `high`: each part of a sum is at least what the others cannot hold, and at most what they leave.
    fn propagate(&mut self) -> Result<(), Contradiction> {
        for _ in 0..PASSES {
            let mut changed = false;
            for atom in 0..self.sizes.len() {
                let parts: [_; CELLS] = std::array::from_fn(|cell| (atom, cell));
                changed |= narrow(&mut self.low, &mut self.high, &parts, self.sizes[atom], self.sizes[atom])?;
            }
            for fact in &self.list {
                let parts: Vec<_> = fact.atoms.iter().map(|atom| (*atom, fact.cell)).collect();
                changed |= narrow(&mut self.low, &mut self.high, &parts, fact.low, fact.high)?;
            }
            if !changed {
                break;
            }
        }
        Ok(())
    }

    /// Whether a table of whole numbers agrees with every fact. It relies on nothing that was derived.
    pub(super) fn fit(&self, table: &Counts) -> bool {
        let whole = |(atom, cells): (usize, &[u32; CELLS])| {
            let (below, above) = cells.split_at(self.floors[atom]);
            below.iter().all(|n| *n == 0) && above.iter().map(|n| u64::from(*n)).sum::<u64>() == u64::from(self.sizes[atom])
        };
        let between = |fact: &Fact| {
            let sum: u64 = fact.atoms.iter().map(|atom| u64::from(table[*atom][fact.cell])).sum();
            (u64::from(fact.low)..=u64::from(fact.high)).contains(&sum)
        };
        table.len() == self.sizes.len() && table.iter().enumerate().all(whole) && self.list.iter().all(between)
    }
}

fn narrow(low: &mut Counts, high: &mut Counts, parts: &[(usize, usize)], least: u32, most: u32) -> Result<bool, Contradiction> {
    let sum = |counts: &Counts| parts.iter().map(|(atom, cell)| u64::from(counts[*atom][*cell])).sum::<u64>();
    let (lows, highs) = (sum(low), sum(high));
    let (least, most) = (u64::from(least), u64::from(most));
    if lows > most || highs < least {
        return Err(Contradiction);
    }
    let mut changed = false;
    for (atom, cell) in parts {
        let (below, above) = (low[*atom][*cell], high[*atom][*cell]);
        // What the others hold at least and at most: `lows` and `highs` have this part in them.
        let up = least.saturating_sub(highs - u64::from(above)).max(u64::from(below));
        let down = (most - (lows - u64::from(below))).min(u64::from(above));
        if up > down {
            return Err(Contradiction);
        }
        if up > u64::from(below) {
            low[*atom][*cell] = u32::try_from(up).map_err(|_| Contradiction)?;
            changed = true;
        }
        if down < u64::from(above) {
            high[*atom][*cell] = u32::try_from(down).map_err(|_| Contradiction)?;
            changed = true;
        }
    }
    Ok(changed)
}
