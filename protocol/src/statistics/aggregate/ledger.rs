//! Totals with what they were added up from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{AggregateError, Knowledge, Totals};
use crate::charter::CatalogueRef;
use crate::id::{AgencyId, Hash};
use crate::statistics::{Period, Release};

/// Whose figures they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contributor {
    /// An agency's.
    Agency(AgencyId),
    /// A pool's, by its round.
    Pool(Hash),
}

/// Totals that remember what each contributor added, so that a correction, or another count in the register, changes only what it
/// touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    totals: Totals,
    known: BTreeMap<Contributor, Knowledge>,
}

impl Ledger {
    /// Of nothing yet.
    #[must_use]
    pub fn new(catalogue: CatalogueRef, period: Period) -> Self {
        Self { totals: Totals::new(catalogue, period), known: BTreeMap::new() }
    }

    /// The totals.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Who contributes, in order.
    pub fn contributors(&self) -> impl Iterator<Item = &Contributor> {
        self.known.keys()
    }

    /// Says what is known of a contributor, instead of what was known before. True where that is something else.
    ///
    /// # Errors
    /// [`AggregateError::MixedCatalogues`], [`AggregateError::MixedPeriods`], [`AggregateError::Void`] or [`AggregateError::NoTable`] of an
    /// agency, [`AggregateError::Pool`] of a pool. Nothing is changed then.
    pub fn put(&mut self, contributor: Contributor, knowledge: Knowledge) -> Result<bool, AggregateError> {
        self.fits(&contributor, &knowledge)?;
        match self.known.entry(contributor) {
            Entry::Occupied(known) if *known.get() == knowledge => return Ok(false),
            Entry::Occupied(mut known) => {
                known.get().contributions().iter().for_each(|former| self.totals.remove(former));
                knowledge.contributions().iter().for_each(|new| self.totals.add(new));
                known.insert(knowledge);
            }
            Entry::Vacant(place) => {
                knowledge.contributions().iter().for_each(|new| self.totals.add(new));
                place.insert(knowledge);
            }
        }
        Ok(true)
    }

    /// Leaves a contributor out. False where it was not in.
    pub fn remove(&mut self, contributor: &Contributor) -> bool {
        let Some(former) = self.known.remove(contributor) else { return false };
        former.contributions().iter().for_each(|former| self.totals.remove(former));
        true
    }

    fn fits(&self, contributor: &Contributor, knowledge: &Knowledge) -> Result<(), AggregateError> {
        match (contributor, knowledge) {
            (Contributor::Agency(agency), Knowledge::Agency { release, tables, .. }) => {
                self.release(agency, release)?;
                if release.by.is_some() {
                    return Err(AggregateError::NoTable { agency: agency.clone() });
                }
                for (at, table) in tables.iter().enumerate() {
                    self.release(agency, table)?;
                    let is_twice = tables[..at].iter().any(|other| other.by == table.by);
                    if table.by.is_none() || is_twice || table.version != release.version || table.population != release.population {
                        return Err(AggregateError::NoTable { agency: agency.clone() });
                    }
                }
                Ok(())
            }
            (Contributor::Agency(_), Knowledge::Withheld { .. }) => Ok(()),
            (Contributor::Pool(round), Knowledge::Pool { total, .. })
                if total.round == *round && total.catalogue == *self.totals.catalogue() && total.period == self.totals.period() =>
            {
                Ok(())
            }
            _ => Err(AggregateError::Pool),
        }
    }

    fn release(&self, agency: &AgencyId, release: &Release) -> Result<(), AggregateError> {
        super::fits(agency, release, self.totals.catalogue(), self.totals.period())
    }
}
