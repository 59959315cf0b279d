//! What is public about one indicator: units, what their labels prove, and what was published of sets of them.

use std::collections::BTreeMap;
use std::fmt;

use super::super::release::CELLS;
use super::super::{Cell, Perturbation, Reason, Row};

/// Units of one world. An agency has 5 to 50 at a time; this leaves room for a pool over many years, and keeps every sum of sizes
/// exact in a double.
pub const MOST_UNITS: usize = 1 << 20;

/// What was published of one cell. `Debug` shows no count: what is being audited is not published yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The true count.
    Exactly(u32),
    /// A count with bounded noise: the truth lies between these two, both included.
    Within {
        /// The smallest count that is published like this.
        low: u32,
        /// The largest.
        high: u32,
    },
    /// Hidden, and known not to be zero.
    NotZero,
    /// Hidden, and nothing is known.
    Nothing,
}

impl From<Cell> for Shown {
    /// As [`super::super::disclose`] hides: zeros are published unless the whole row is hidden.
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Count(count) => Self::Exactly(count),
            Cell::Hidden(Reason::Small) => Self::NotZero,
            Cell::Hidden(Reason::Population | Reason::Group | Reason::Derivable) => Self::Nothing,
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exactly(_) => "Exactly",
            Self::Within { .. } => "Within",
            Self::NotZero => "NotZero",
            Self::Nothing => "Nothing",
        })
    }
}

/// One published row of the indicator: of a table of one period and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The units that were counted, as indices into the world's floors.
    pub units: Vec<usize>,
    /// Unknown first, then level 0 to 4.
    pub cells: [Shown; CELLS],
}

impl Published {
    /// A row of a release with the units that it counts.
    #[must_use]
    pub fn of(units: Vec<usize>, row: &Row) -> Self {
        let mut cells = row.all();
        Self { units, cells: std::array::from_fn(|_| cells.next().map_or(Shown::Nothing, Shown::from)) }
    }

    /// The same of a row whose counts were changed: each is known within an interval. What is shown was 0 or `minimum` at least.
    #[must_use]
    pub fn perturbed(units: Vec<usize>, row: &Row, how: Option<Perturbation>, minimum: u32) -> Self {
        let within = |shown| match (shown, how) {
            // Where no count is published like this, the empty interval says so.
            (Shown::Exactly(count), Some(how)) => {
                let (low, high) = how.truths(count, minimum).unwrap_or((1, 0));
                Shown::Within { low, high }
            }
            (shown, _) => shown,
        };
        let Self { units, cells } = Self::of(units, row);
        Self { units, cells: cells.map(within) }
    }
}

/// Why units and rows make no world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// More than [`MOST_UNITS`].
    #[error("{count} units; {MOST_UNITS} at most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A floor that is no cell.
    #[error("unit {unit} has a floor that is no cell")]
    Floor {
        /// Whose.
        unit: usize,
    },
    /// A row counts a unit that does not exist, or one twice.
    #[error("row {row} counts unit {unit}, which is not there, or counts it twice")]
    Unit {
        /// Which row.
        row: usize,
        /// Which unit.
        unit: usize,
    },
}

/// Units that nothing public tells apart: the same floor, and counted in the same rows.
pub(super) struct Atom {
    pub(super) size: u32,
    /// The lowest cell that their labels leave possible.
    pub(super) floor: usize,
    /// Which kin it belongs to.
    pub(super) kin: usize,
}

/// What was published of a set of atoms.
pub(super) struct Counted {
    /// Ascending.
    pub(super) atoms: Vec<usize>,
    pub(super) cells: [Shown; CELLS],
}

/// Everything public about one indicator. Holds counts that may not be published yet, so `Debug` shows none.
///
/// Units are those of all periods and versions together. A unit is a label with the assessment behind it, so its cell never changes:
/// whatever changes it, a renewed label or a correction, makes another unit.
pub struct World {
    pub(super) atoms: Vec<Atom>,
    pub(super) rows: Vec<Counted>,
    /// The first rows: published before, whatever is decided now.
    pub(super) earlier: usize,
    /// The atom of each unit.
    membership: Vec<usize>,
}

impl World {
    /// Finds the atoms. `floors` has the lowest cell that each unit's label proves (0 unknown, 1 to 5 level 0 to 4); `earlier` is what is
    /// public already, `now` what shall be published together.
    ///
    /// # Errors
    /// [`WorldError`]. Rows are numbered through both lists.
    pub fn new(floors: &[usize], earlier: &[Published], now: &[Published]) -> Result<Self, WorldError> {
        if floors.len() > MOST_UNITS {
            return Err(WorldError::TooMany { count: floors.len() });
        }
        if let Some(unit) = floors.iter().position(|floor| *floor >= CELLS) {
            return Err(WorldError::Floor { unit });
        }
        let mut rows_of = vec![Vec::new(); floors.len()];
        for (row, published) in earlier.iter().chain(now).enumerate() {
            for unit in &published.units {
                match rows_of.get_mut(*unit) {
                    Some(rows) if rows.last() != Some(&row) => rows.push(row),
                    _ => return Err(WorldError::Unit { row, unit: *unit }),
                }
            }
        }
        Ok(Self::split(floors, &rows_of, earlier.iter().chain(now), earlier.len()))
    }

    fn split<'a>(floors: &[usize], rows_of: &[Vec<usize>], published: impl Iterator<Item = &'a Published>, earlier: usize) -> Self {
        let (mut kins, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        let mut atoms = Vec::<Atom>::new();
        let mut rows: Vec<_> = published.map(|row| Counted { atoms: Vec::new(), cells: row.cells }).collect();
        let mut membership = Vec::with_capacity(floors.len());
        for (floor, counted) in floors.iter().zip(rows_of) {
            let next = kins.len();
            let kin = *kins.entry(counted).or_insert(next);
            let atom = *kinds.entry((kin, *floor)).or_insert(atoms.len());
            if atom == atoms.len() {
                atoms.push(Atom { size: 0, floor: *floor, kin });
                for row in counted {
                    rows[*row].atoms.push(atom);
                }
            }
            atoms[atom].size += 1;
            membership.push(atom);
        }
        Self { atoms, rows, earlier, membership }
    }

    /// How many atoms there are.
    #[must_use]
    pub fn atoms(&self) -> usize {
        self.atoms.len()
    }

    /// How many rows there are, earlier ones first.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The units of some atoms.
    pub(super) fn units(&self, atoms: &[usize]) -> Vec<usize> {
        (0..self.membership.len()).filter(|unit| atoms.contains(&self.membership[*unit])).collect()
    }

    /// How many units some atoms have.
    pub(super) fn size(&self, atoms: &[usize]) -> u32 {
        atoms.iter().map(|atom| self.atoms[*atom].size).sum()
    }

    /// What labels alone tell of some atoms' count in `cell`: the lowest and the highest it can be.
    pub(super) fn by_labels(&self, atoms: &[usize], cell: usize) -> (u32, u32) {
        let size = |stands: &dyn Fn(usize) -> bool| atoms.iter().map(|a| &self.atoms[*a]).filter(|a| stands(a.floor)).map(|a| a.size).sum();
        (if cell + 1 == CELLS { size(&|floor| floor == cell) } else { 0 }, size(&|floor| floor <= cell))
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World({} units, {} atoms, {} rows)", self.membership.len(), self.atoms.len(), self.rows.len())
    }
}
