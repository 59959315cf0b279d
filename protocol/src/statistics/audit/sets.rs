//! Which sets of units are looked at, and what is asked of each.

use std::collections::{BTreeMap, BTreeSet};

use super::super::release::CELLS;
use super::{Shown, Subject, World};

/// What is asked of a set's counts.
pub(super) enum Standard {
    /// Each must be uncertain by so much, or fit to be published.
    Apart {
        /// How far apart `lo` and `hi` have to be.
        wanted: [u32; CELLS],
    },
    /// Not all units may be known to stand in one cell.
    NotAll,
}

/// Units that are looked at together.
pub(super) struct Set {
    pub(super) subject: Subject,
    /// Ascending.
    pub(super) atoms: Vec<usize>,
    pub(super) size: u32,
    pub(super) standard: Standard,
    /// Cells about which labels leave nothing open.
    pub(super) settled: [bool; CELLS],
}

impl Set {
    /// The numbers whose sum is the set's count in `cell`.
    pub(super) fn aim(&self, cell: usize) -> Vec<(usize, usize)> {
        self.atoms.iter().map(|atom| (*atom, cell)).collect()
    }
}

/// All of them, each once: rows, small differences, kin, atoms.
pub(super) fn sets(world: &World, minimum: u32, protection: u32) -> Vec<Set> {
    let mut maker = Maker { world, protection, made: BTreeSet::new(), sets: Vec::new() };
    let mut rows = BTreeMap::<&[usize], (usize, [u32; CELLS])>::new();
    for (index, row) in world.rows.iter().enumerate() {
        let (_, promised) = rows.entry(&row.atoms).or_insert((index, [u32::MAX; CELLS]));
        for (promised, shown) in promised.iter_mut().zip(&row.cells) {
            match shown {
                // No width is no noise, and promises nothing.
                Shown::Within { low, high } if low < high => *promised = (*promised).min(high - low),
                _ => {}
            }
        }
    }
    for (atoms, (index, promised)) in &rows {
        maker.apart(Subject::Row(*index), atoms, promised);
    }
    for (large, (i, _)) in &rows {
        for (small, (j, _)) in &rows {
            let rest: Vec<_> = large.iter().copied().filter(|atom| small.binary_search(atom).is_err()).collect();
            if (1..minimum).contains(&world.size(&rest)) {
                maker.apart(Subject::Between(*i, *j), &rest, &[u32::MAX; CELLS]);
            }
        }
    }
    let mut kin = BTreeMap::<usize, Vec<usize>>::new();
    for (atom, own) in world.atoms.iter().enumerate() {
        kin.entry(own.kin).or_default().push(atom);
    }
    for (index, atoms) in &kin {
        maker.apart(Subject::Kin(*index), atoms, &[u32::MAX; CELLS]);
    }
    for (atom, own) in world.atoms.iter().enumerate() {
        if rows.contains_key(&kin[&own.kin][..]) {
            maker.not_all(Subject::Atom(atom), &[atom]);
        } else {
            maker.apart(Subject::Atom(atom), &[atom], &[u32::MAX; CELLS]);
        }
    }
    maker.sets.sort_by_key(|set| set.subject);
    maker.sets
}

struct Maker<'a> {
    world: &'a World,
    protection: u32,
    made: BTreeSet<Vec<usize>>,
    sets: Vec<Set>,
}

impl Maker<'_> {
    /// `promised`: the width of each cell's noise.
    fn apart(&mut self, subject: Subject, atoms: &[usize], promised: &[u32; CELLS]) {
        let open = |cell| self.open(atoms, cell);
        let wanted = std::array::from_fn(|cell| self.protection.min(promised[cell]).min(open(cell)));
        self.add(subject, atoms, Standard::Apart { wanted });
    }

    fn not_all(&mut self, subject: Subject, atoms: &[usize]) {
        self.add(subject, atoms, Standard::NotAll);
    }

    fn add(&mut self, subject: Subject, atoms: &[usize], standard: Standard) {
        if !atoms.is_empty() && self.made.insert(atoms.to_vec()) {
            let settled = std::array::from_fn(|cell| self.open(atoms, cell) == 0);
            self.sets.push(Set { subject, atoms: atoms.to_vec(), size: self.world.size(atoms), standard, settled });
        }
    }

    /// How far apart labels leave the ends of a count.
    fn open(&self, atoms: &[usize], cell: usize) -> u32 {
        let (low, high) = self.world.by_labels(atoms, cell);
        high - low
    }
}
