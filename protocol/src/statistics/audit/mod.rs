//! The disclosure audit: what can be worked out about one indicator from everything public at once, before more is published.
//!
//! [`super::disclose`] looks at one row of one table. But tables overlap, periods follow each other, and versions replace each other: a
//! difference of two harmless rows can be one cluster. The audit takes all of it together. Units that nothing public tells apart form an
//! *atom*; what is unknown is how many units of each atom stand in each of the six cells; and each published cell is a fact about a sum of
//! these numbers. Every table of whole numbers that agrees with all facts is one that an attacker has to take into account. For a
//! set of units and a cell, with `lo` and `hi` the fewest and the most of its units that stand there in any such table, it is fine if
//!
//! 1. `hi` is 0: that nobody stands somewhere is published anyway (decision 007); or
//! 2. `hi - lo` is at least the smaller of `protection` and what labels leave open; or
//! 3. the count could be published as it is: the set has `minimum` units at least, `lo` is at least `minimum`, and less than all.
//!
//! So it is never fine when all of a set must stand in one cell, unless their labels prove that. The sets are
//!
//! * published rows. For a cell with noise, rule 2 asks for no more than the noise has promised;
//! * units of one published row that are not in another one, when they are fewer than `minimum`: the classic difference, and also where
//!   each of the two has some that the other has not, as when labels came and went between two quarters;
//! * *kin*: units that are counted in the same rows, whatever their labels prove;
//! * atoms. In kin that are a published row, only that not all of an atom must stand in one cell: that is what `disclose`
//!   promises about such groups within a row (its rule 3), and asking for more would refuse rows that are published today.
//!
//! **Whole numbers**: an attacker knows that clusters are whole. So `lo` and `hi` are those of whole tables, which lie within those of the
//! linear program. Linear programming finds them; where its optimum has fractions, branching goes on to a whole one.
//!
//! **What is public already stays so**: a set whose interval is bad by earlier rows alone, and which the new rows do not make
//! worse, is not held against them. Otherwise one old mistake would end all statistics.
//!
//! **Not covered**: what follows from the choice of what is hidden (`disclose` covers it within a row); what a cluster's manager knows
//! of it; what point thresholds say about several indicators at once; how likely a count is within its interval.

mod facts;
mod program;
mod sets;
#[cfg(test)]
mod tests;
mod world;

use std::fmt;

pub use world::{MOST_UNITS, Published, Shown, World, WorldError};

use facts::{Counts, Facts};
use program::{End, Purse, Stop, extreme};
use sets::{Set, Standard, sets};

use super::disclosure::bounds;
use super::release::CELLS;
use crate::charter::Disclosure;

/// How much work may be spent. Beyond it the answer is [`AuditError::Unshown`]. All three count what follows from public sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Atoms; each has up to six variables.
    pub atoms: usize,
    /// Linear programs.
    pub solves: u32,
    /// Branches on the way from fractions to whole numbers, in all programs together.
    pub branches: u64,
}

impl Default for Effort {
    /// An agency's tables of three dimensions have some 60 atoms and 40 rows. They take about 140 programs and 170 branches at most, some
    /// tenths of a second in all (`tests/timing.rs`). The rest is room for earlier periods.
    fn default() -> Self {
        Self { atoms: 200, solves: 1_000, branches: 10_000 }
    }
}

/// A set of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Those of a published row, by its number; earlier rows come first.
    Row(usize),
    /// Those of the first row that are not in the second.
    Between(usize, usize),
    /// Those that are counted in the same rows, numbered by their first unit's place.
    Kin(usize),
    /// Those that nothing tells apart, numbered by their first unit's place.
    Atom(usize),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Between(large, small) => write!(f, "what row {large} has and row {small} has not"),
            Self::Kin(kin) => write!(f, "kin {kin}"),
            Self::Atom(atom) => write!(f, "atom {atom}"),
        }
    }
}

/// What an attacker knows of a count. It may be confidential: `Debug` does not show it, and there is no `Display`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    low: u32,
    high: u32,
}

impl Interval {
    /// The fewest and the most.
    #[must_use]
    pub fn ends(&self) -> (u32, u32) {
        (self.low, self.high)
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interval(..)")
    }
}

/// Something that can be worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// About whom.
    pub subject: Subject,
    /// Its units, as indices into the world's floors.
    pub units: Vec<usize>,
    /// In which cell: 0 unknown, 1 to 5 level 0 to 4.
    pub cell: usize,
    /// Between what.
    pub range: Interval,
    /// The new row that completes it, by its number: with those before it alone it could not be worked out, and without those after it
    /// it still can. So hide this row whole, and audit again: the last row that matters goes first, and those that do not matter stay.
    pub by: usize,
}

/// Which bound was met before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unshown {
    /// More atoms than [`Effort::atoms`].
    #[error("too many groups of units that can be told apart")]
    Atoms,
    /// [`Effort::solves`] are spent.
    #[error("too many linear programs")]
    Solves,
    /// [`Effort::branches`] are spent.
    #[error("too many branches")]
    Branches,
    /// The solver gave up, or named a table that does not fit.
    #[error("the solver found no answer")]
    Solver,
}

/// Why something must not be published. No text of it has a count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// It would give something away: the first that was found.
    #[error("{subject}, cell {cell}: the count could be worked out", subject = .0.subject, cell = .0.cell)]
    Derived(Derived),
    /// No table fits all facts: a unit was counted differently in two rows.
    #[error("what is published contradicts itself")]
    Contradiction,
    /// Not shown to be safe within the effort, which is not the same as unsafe, and is treated as such.
    #[error("not shown to be safe: {0}")]
    Unshown(Unshown),
}

impl From<Stop> for AuditError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Contradiction => Self::Contradiction,
            Stop::Unshown(why) => Self::Unshown(why),
        }
    }
}

/// Whether everything public together, with the new rows, keeps each small thing uncertain.
///
/// A `minimum` below 2 counts as 2, a `protection` of 0 as 1, as in [`super::disclose`].
///
/// # Errors
/// [`AuditError`]. Each means that the new rows must not be published as they are.
pub fn audit(world: &World, rule: &Disclosure, effort: &Effort) -> Result<(), AuditError> {
    if world.atoms.len() > effort.atoms {
        return Err(AuditError::Unshown(Unshown::Atoms));
    }
    spend(world, rule, &mut Purse::new(effort))
}

fn spend(world: &World, rule: &Disclosure, purse: &mut Purse) -> Result<(), AuditError> {
    let (minimum, protection) = bounds(rule);
    let sets = sets(world, minimum, protection);
    let mut now = View::new(world, &sets, world.rows.len())?;
    let cells: Vec<_> = (0..sets.len()).flat_map(|set| (0..CELLS).map(move |cell| (set, cell))).collect();
    // What is known without any program comes first: most that is found is found there.
    let (open, known): (Vec<_>, Vec<_>) = cells.into_iter().partition(|(set, cell)| now.open(&sets[*set].aim(*cell)));
    let mut before = None;
    for (step, part) in [known, open].into_iter().enumerate() {
        if step == 1 {
            now.sweep(purse)?;
        }
        for (index, cell) in part {
            let Some(range) = now.bad(index, cell, minimum, purse)? else { continue };
            let mut old = None;
            if world.earlier > 0 {
                let before = match &mut before {
                    Some(before) => before,
                    none => none.insert(View::new(world, &sets, world.earlier)?),
                };
                old = Some(before.range(index, cell, purse)?);
            }
            if old == Some(range) {
                continue;
            }
            // Between these two numbers of rows it comes about.
            let (mut without, mut with) = (world.earlier, world.rows.len());
            while with - without > 1 {
                let middle = without.midpoint(with);
                let bad = View::new(world, &sets, middle)?.bad(index, cell, minimum, purse)?;
                *(if bad.is_some() && bad != old { &mut with } else { &mut without }) = middle;
            }
            let set = &sets[index];
            return Err(AuditError::Derived(Derived { subject: set.subject, units: world.units(&set.atoms), cell, range, by: without }));
        }
    }
    Ok(())
}

/// What is known of every set by some of the facts.
struct View<'a> {
    facts: Facts,
    sets: &'a [Set],
    /// The lowest and the highest count that some table was seen to have.
    seen: Vec<[Option<(u32, u32)>; CELLS]>,
}

impl<'a> View<'a> {
    fn new(world: &World, sets: &'a [Set], rows: usize) -> Result<Self, AuditError> {
        let facts = Facts::new(world, rows).map_err(|_| AuditError::Contradiction)?;
        let known = facts.low == facts.high;
        if known && !facts.fit(&facts.low) {
            return Err(AuditError::Contradiction);
        }
        Ok(Self { facts, sets, seen: vec![[None; CELLS]; sets.len()] })
    }

    /// Some tables far from each other: for each cell, with half of the atoms as high there as they can be, and the other half as low.
    /// They settle most sets without a program of their own.
    fn sweep(&mut self, purse: &mut Purse) -> Result<(), Stop> {
        let atoms = self.facts.low.len();
        for cell in 0..CELLS {
            for bit in 0..usize::BITS - atoms.leading_zeros() {
                for value in [0, 1] {
                    let aim: Vec<_> = (0..atoms).filter(|atom| atom >> bit & 1 == value).map(|atom| (atom, cell)).collect();
                    if self.open(&aim) {
                        self.look(&aim, End::Highest, purse)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether any of these counts is not known.
    fn open(&self, aim: &[(usize, usize)]) -> bool {
        aim.iter().any(|(atom, cell)| self.facts.low[*atom][*cell] < self.facts.high[*atom][*cell])
    }

    /// Finds a table, and remembers what every set counts in it.
    fn look(&mut self, aim: &[(usize, usize)], end: End, purse: &mut Purse) -> Result<(), Stop> {
        let table = extreme(&self.facts, aim, end, purse)?;
        for (set, seen) in self.sets.iter().zip(&mut self.seen) {
            for (cell, seen) in seen.iter_mut().enumerate() {
                let count = count(&table, &set.atoms, cell);
                *seen = Some(seen.map_or((count, count), |(low, high)| (low.min(count), high.max(count))));
            }
        }
        Ok(())
    }

    /// The true end of a set's count.
    fn end(&mut self, index: usize, cell: usize, end: End, purse: &mut Purse) -> Result<u32, Stop> {
        let set = &self.sets[index];
        let aim = set.aim(cell);
        let known = count(if end == End::Lowest { &self.facts.low } else { &self.facts.high }, &set.atoms, cell);
        let seen = |view: &Self| view.seen[index][cell].map(|(low, high)| if end == End::Lowest { low } else { high });
        if !self.open(&aim) || seen(self) == Some(known) {
            return Ok(known);
        }
        self.look(&aim, end, purse)?;
        seen(self).ok_or(Stop::Unshown(Unshown::Solver))
    }

    fn range(&mut self, index: usize, cell: usize, purse: &mut Purse) -> Result<Interval, Stop> {
        let high = self.end(index, cell, End::Highest, purse)?;
        Ok(Interval { low: self.end(index, cell, End::Lowest, purse)?, high })
    }

    /// The range of a set's count, when it is not fine.
    fn bad(&mut self, index: usize, cell: usize, minimum: u32, purse: &mut Purse) -> Result<Option<Interval>, Stop> {
        let set = &self.sets[index];
        let (least, most) = (count(&self.facts.low, &set.atoms, cell), count(&self.facts.high, &set.atoms, cell));
        // Labels alone decide, or nobody can be there.
        if set.settled[cell] || most == 0 {
            return Ok(None);
        }
        // `least`: no table has fewer; `low` and `high`: some have as few, and as many.
        let fine = |least: u32, low: u32, high: u32| match set.standard {
            Standard::Apart { wanted } => high - low >= wanted[cell] || (set.size >= minimum && least >= minimum && low < set.size),
            Standard::NotAll => low < set.size,
        };
        if self.seen[index][cell].is_some_and(|(low, high)| fine(least, low, high)) {
            return Ok(None);
        }
        let range = self.range(index, cell, purse)?;
        Ok((range.high > 0 && !fine(range.low, range.low, range.high)).then_some(range))
    }
}

fn count(table: &Counts, atoms: &[usize], cell: usize) -> u32 {
    atoms.iter().map(|atom| table[*atom][cell]).sum()
}
