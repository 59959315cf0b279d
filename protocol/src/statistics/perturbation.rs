//! Counts that are published other than they are: with noise, or rounded.
//!
//! It comes on top of [`super::disclose`], which decides on the true counts what is hidden: so of what is shown every true count is 0 or the
//! minimum at least, hidden cells stay hidden, and zeros stay zeros. Then the counts that are shown change, and [`super::guard`] audits
//! them as the intervals that they tell ([`Perturbation::truths`]). Populations stay exact: the register tells them.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::release::CELLS;
use super::{Cell, CellKey, Member, PerturbationError, PerturbationTable, RecordKey, Release, Row};
use crate::catalogue::Catalogue;
use crate::charter::{Disclosure, Noise};
use crate::id::IndicatorId;

/// How published counts differ from true ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Perturbation {
    /// Noise by the cell-key method.
    Noise(Noise),
    /// They are rounded to the nearest multiple of this, from halfway on up.
    Rounding(u32),
}

impl Perturbation {
    /// The smallest and the largest true count behind a published one, where a true count is 0 or `minimum` at least. `None` when
    /// no count is published as this one.
    #[must_use]
    pub fn truths(&self, published: u32, minimum: u32) -> Option<(u32, u32)> {
        let (below, above) = match *self {
            // Each noise of the range occurs ([`Noise::variances`]).
            Self::Noise(Noise { maximum, .. }) => (maximum.into(), maximum.into()),
            Self::Rounding(base) if published.is_multiple_of(base.max(1)) => {
                let is_last = published.checked_add(base).is_none();
                (base / 2, if is_last { u32::MAX } else { base.saturating_sub(1) / 2 })
            }
            Self::Rounding(_) => return None,
        };
        let (low, high) = (published.saturating_sub(below).max(minimum.max(1)), published.saturating_add(above));
        match (published, low <= high) {
            (0, true) => Some((0, high)),
            (0, false) => Some((0, 0)),
            (_, fits) => fits.then_some((low, high)),
        }
    }
}

impl fmt::Display for Perturbation {
    /// As what follows "published counts".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Noise(Noise { maximum, tenths }) => {
                write!(f, "get noise of at most {maximum} with a variance of {}.{}", tenths / 10, tenths % 10)
            }
            Self::Rounding(base) => write!(f, "are rounded to multiples of {base}"),
        }
    }
}

/// The nearest multiple, from halfway on the one above. The last one that there is for what is above it.
fn rounded(count: u32, base: u32) -> u32 {
    let base = base.max(1);
    let down = count - count % base;
    if count % base >= base.div_ceil(2) { down.checked_add(base).unwrap_or(down) } else { down }
}

/// The cell keys of one set of clusters, for each count of its [`super::Table`]. As confidential as the record keys.
pub struct CellKeys(Vec<(IndicatorId, [CellKey; CELLS])>);

impl CellKeys {
    /// Of these clusters, each with its record key. Each cluster once: those of the table.
    #[must_use]
    pub fn tally<'a>(catalogue: &Catalogue, members: &[(Member<'a>, &'a RecordKey)]) -> Self {
        let keys = catalogue.indicators.iter().map(|indicator| {
            let of = |cell| CellKey::of(members.iter().filter(|(member, _)| member.cell(indicator) == cell).map(|(_, key)| *key));
            (indicator.code.clone(), std::array::from_fn(of))
        });
        Self(keys.collect())
    }

    fn of(&self, row: &Row) -> Option<&[CellKey; CELLS]> {
        self.0.iter().find(|(indicator, _)| *indicator == row.indicator).map(|(_, keys)| keys)
    }
}

impl fmt::Debug for CellKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellKeys(..)")
    }
}

impl Release {
    /// Changes the exact counts that it shows as the charter asks, and says so. `keys` has for each of its sets of clusters
    /// ([`Release::parts`]) their cell keys; where no noise is asked for it may be empty. After [`super::disclose`], before [`super::guard`].
    ///
    /// # Errors
    /// [`PerturbationError`]: the parameters make no table, keys are missing, or the counts were changed already. Nothing is
    /// changed then.
    pub fn perturb(&mut self, rule: &Disclosure, keys: &[CellKeys]) -> Result<(), PerturbationError> {
        let Some(how) = rule.perturbation() else { return Ok(()) };
        if self.perturbation.is_some() {
            return Err(PerturbationError::Twice);
        }
        match how {
            Perturbation::Noise(Noise { maximum, tenths }) => {
                let table = PerturbationTable::new(maximum, tenths)?;
                let has_keys = |(rows, keys): (&[Row], &CellKeys)| rows.iter().all(|row| keys.of(row).is_some());
                if keys.len() != self.parts().count() || !self.parts().map(|(_, _, rows)| rows).zip(keys).all(has_keys) {
                    return Err(PerturbationError::Keys);
                }
                for (rows, keys) in self.rows_mut().zip(keys) {
                    for row in rows {
                        let Some(keys) = keys.of(row) else { continue };
                        let [unknown, levels @ ..] = keys;
                        let cells = std::iter::once(&mut row.unknown).chain(&mut row.cells);
                        change(cells.zip(std::iter::once(unknown).chain(levels)), |count, key| table.perturb(count, key));
                    }
                }
            }
            Perturbation::Rounding(base) => {
                for row in self.rows_mut().flatten() {
                    let cells = std::iter::once(&mut row.unknown).chain(&mut row.cells);
                    change(cells.map(|cell| (cell, ())), |count, ()| rounded(count, base));
                }
            }
        }
        self.perturbation = Some(how);
        Ok(())
    }

    /// Between which two numbers the true count behind a published one lies, whatever the charter's minimum is. An exact count is itself.
    #[must_use]
    pub fn range(&self, count: u32) -> (u32, u32) {
        self.perturbation.and_then(|how| how.truths(count, 1)).unwrap_or((count, count))
    }
}

/// Changes what is shown; what is hidden stays so.
fn change<'a, K>(cells: impl Iterator<Item = (&'a mut Cell, K)>, published: impl Fn(u32, K) -> u32) {
    for (cell, key) in cells {
        if let Cell::Count(count) = cell {
            *count = published(*count, key);
        }
    }
}
