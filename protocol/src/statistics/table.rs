//! The true counts of one agency, before anything is hidden. Confidential.

use std::fmt;

use super::release::CELLS;
use crate::assessment::{Answer, Scores};
use crate::catalogue::{Catalogue, Indicator, LEVELS};
use crate::id::IndicatorId;

/// One cluster of the population.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// The scores behind its label. Without an answer a cluster counts as unknown: give empty scores for a label
    /// that rests on none.
    pub scores: &'a Scores,
    /// The minimum level that its label proves to everyone, on each indicator that the catalogue gives a minimum
    /// ([`crate::assessment::Requirements::minimum_level`]). Absent for labels that ask for no minimum.
    pub implied: Option<u8>,
}

impl Member<'_> {
    /// The cell that it is counted in: 0 for unknown, and from 1 on its level.
    pub(super) fn cell(&self, indicator: &Indicator) -> usize {
        self.scores.get(&indicator.code).and_then(Answer::level).map_or(0, |level| level.index() + 1)
    }
}

/// Why a population cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TallyError {
    /// A cluster's label says more than its scores: the label is wrong, or the scores are not those behind it.
    #[error("a cluster stands below the level on {indicator} that its label proves")]
    BelowLabel {
        /// Where.
        indicator: IndicatorId,
    },
    /// More clusters than fit 32 bits.
    #[error("too many clusters")]
    TooMany,
}

/// The true counts of one indicator.
#[derive(Clone, PartialEq, Eq)]
pub struct Counts {
    pub(super) indicator: IndicatorId,
    /// Unknown first, then level 0 to 4: from the lowest to the highest that can be said of a cluster.
    pub(super) cells: [u32; CELLS],
    /// How many clusters are publicly known to stand in exactly this cell or a higher one, and nothing more.
    pub(super) floors: [u32; CELLS],
}

impl Counts {
    /// Which indicator.
    #[must_use]
    pub fn indicator(&self) -> &IndicatorId {
        &self.indicator
    }

    /// Clusters at level 0 to 4.
    #[must_use]
    pub fn levels(&self) -> [u32; LEVELS] {
        let [_, levels @ ..] = self.cells;
        levels
    }

    /// Clusters publicly known to stand in exactly this cell or a higher one: unknown first, then level 0 to 4.
    #[must_use]
    pub fn floors(&self) -> [u32; CELLS] {
        self.floors
    }

    /// Clusters without a known level.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        self.cells[0]
    }
}

/// The lowest cell that a label proves to everyone, which asks for this minimum level on indicators that have one.
pub(super) fn floor(indicator: &Indicator, implied: Option<u8>) -> usize {
    implied.and_then(|asked| indicator.minimum.map(|own| usize::from(own.max(asked)) + 1)).unwrap_or(0)
}

/// The true counts of one population on one catalogue.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) population: u32,
    pub(super) rows: Vec<Counts>,
}

impl Table {
    /// Counts a population: each cluster once.
    ///
    /// # Errors
    /// [`TallyError`].
    pub fn tally<'a>(catalogue: &Catalogue, members: impl IntoIterator<Item = Member<'a>>) -> Result<Self, TallyError> {
        let empty = |i: &Indicator| Counts { indicator: i.code.clone(), cells: [0; CELLS], floors: [0; CELLS] };
        let mut rows: Vec<_> = catalogue.indicators.iter().map(empty).collect();
        let mut population = 0u32;
        for member in members {
            population = population.checked_add(1).ok_or(TallyError::TooMany)?;
            for (row, indicator) in rows.iter_mut().zip(&catalogue.indicators) {
                let cell = member.cell(indicator);
                let floor = floor(indicator, member.implied);
                if cell < floor {
                    return Err(TallyError::BelowLabel { indicator: indicator.code.clone() });
                }
                row.cells[cell] += 1;
                row.floors[floor] += 1;
            }
        }
        rows.sort_by(|a, b| a.indicator.cmp(&b.indicator));
        Ok(Self { population, rows })
    }

    /// Clusters counted: public, since the register of labels is.
    #[must_use]
    pub fn population(&self) -> u32 {
        self.population
    }

    /// The true counts, sorted by code.
    #[must_use]
    pub fn rows(&self) -> &[Counts] {
        &self.rows
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} clusters, {} indicators)", self.population, self.rows.len())
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counts({})", self.indicator)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn scores(level: u8) -> Scores {
        Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(level).unwrap())).collect()
    }

    #[test]
    fn every_cluster_is_counted_once_in_every_row() {
        let (three, empty) = (scores(3), Scores::new());
        let members = [
            Member { scores: &three, implied: Some(2) },
            Member { scores: &three, implied: None },
            Member { scores: &empty, implied: None },
        ];
        let table = Table::tally(Catalogue::ecei(), members).unwrap();
        assert_eq!((table.population(), table.rows().len()), (3, 31));
        for row in table.rows() {
            assert_eq!((row.levels(), row.unknown()), ([0, 0, 0, 2, 0], 1));
            let audited = Catalogue::ecei().indicator(row.indicator()).unwrap().minimum.is_some();
            assert_eq!(row.floors, if audited { [2, 0, 0, 1, 0, 0] } else { [3, 0, 0, 0, 0, 0] });
        }
        assert!(table.rows().is_sorted_by(|a, b| a.indicator < b.indicator));
    }

    #[test]
    fn a_label_that_says_more_than_the_scores_stops_the_release() {
        let one = scores(1);
        let tally = |implied| Table::tally(Catalogue::ecei(), [Member { scores: &one, implied }]).map(drop);
        assert_eq!(tally(None), Ok(()));
        assert!(matches!(tally(Some(2)), Err(TallyError::BelowLabel { .. })));
        // A level that no cell has must not index past the row.
        assert!(matches!(tally(Some(u8::MAX)), Err(TallyError::BelowLabel { .. })));
    }

    #[test]
    fn debug_shows_no_count() {
        let three = scores(3);
        let table = Table::tally(Catalogue::ecei(), [Member { scores: &three, implied: None }; 7]).unwrap();
        assert_eq!(format!("{table:?} {:?}", table.rows()[0]), "Table(7 clusters, 31 indicators) Counts(1.1.0)");
    }
}
