//! What we publish of a period: the table of all our clusters, and those that the charter divides them by.

use std::collections::BTreeMap;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::Name;
use parangon_protocol::statistics::{self, Period, Release};

use super::population::{self, Population, Unit};
use super::{Placed, counted_at, noise, placed};
use crate::service::{Context, Error, catalogues, pools};
use crate::store::{Source, Tx, WriteTx};

/// Releases that are published together.
pub(super) struct Prepared {
    /// The table of all clusters.
    pub(super) whole: Release,
    /// Those by groups, in the charter's order.
    pub(super) tables: Vec<Release>,
    /// The labels that each set of each of them counts.
    sets: Vec<Vec<Vec<Unit>>>,
}

impl Prepared {
    /// All of them, that of all clusters first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Release> {
        std::iter::once(&self.whole).chain(&self.tables)
    }

    /// Remembers whom they count: before they are published.
    pub(super) fn keep(&self, tx: &mut WriteTx) -> Result<(), Error> {
        self.all().zip(&self.sets).try_for_each(|(release, sets)| population::keep(tx, release, sets.clone()))
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Release> {
        std::iter::once(&mut self.whole).chain(&mut self.tables)
    }
}

/// What the next release of a period would say.
pub(super) fn build(context: &Context, period: Period, reference: &CatalogueRef, reason: Option<Name>) -> Result<Prepared, Error> {
    let at = counted_at(context, period)?;
    let tx = context.store().read()?;
    let catalogue = catalogues::by_reference(context, reference)?;
    if pools::is_pooled(context, &tx, &catalogue, period)? {
        return Err(Error::Pooled { period: period.to_string() });
    }
    let population = population::ours(context, &tx, &catalogue, at)?;
    let table = population.all(&catalogue)?;
    let rule = &context.charter().disclosure;
    let mut own: Vec<_> = placed(context, &tx, None)?.into_iter().filter(|placed| placed.agency == *context.me()).collect();
    own.retain(|placed| placed.release.catalogue == *reference);
    let same = own.iter().filter(|placed| placed.release.period == period && placed.release.by.is_none());
    let whole = match (same.max_by_key(|placed| placed.release.version), reason) {
        (None, _) => Release::first(reference.clone(), period, &table, rule),
        (Some(before), Some(reason)) => before.release.corrected(reason, &table, rule),
        (Some(_), None) => return Err(Error::Exists { what: format!("a release for {period}; a correction needs a reason") }),
    };
    let mut prepared = Prepared { whole, tables: Vec::new(), sets: Vec::new() };
    let mut places = vec![vec![(0..population.units.len()).collect()]];
    for by in &rule.tables {
        let groups = population.groups(*by, rule.minimum);
        if groups.is_empty() {
            continue;
        }
        let tally = |(value, places): (&Option<Name>, &Vec<usize>)| Ok((value.clone(), population.table(&catalogue, places)?));
        let tables: BTreeMap<_, _> = groups.iter().map(tally).collect::<Result<_, Error>>()?;
        prepared.tables.push(prepared.whole.divided(*by, &tables, rule));
        places.push(groups.into_values().collect());
    }
    noise::apply(context, &mut prepared, &places, &population, &catalogue)?;
    let unit = |at: &usize| population.units[*at].clone();
    prepared.sets = places.iter().map(|sets| sets.iter().map(|set| set.iter().map(unit).collect()).collect()).collect();
    guard(context, &tx, &mut prepared, places, &population, &own, &catalogue)?;
    Ok(prepared)
}

/// Hides what these releases would give away together, and with earlier ones of ours. `places` has the units of each set of each release.
fn guard<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    prepared: &mut Prepared,
    places: Vec<Vec<Vec<usize>>>,
    population: &Population,
    own: &[Placed],
    catalogue: &Catalogue,
) -> Result<(), Error> {
    let first = std::iter::successors(Some(prepared.whole.period), |period| period.previous()).take(statistics::PERIODS).last();
    let mut units = population.units.clone();
    let mut earlier = Vec::new();
    for placed in own.iter().filter(|placed| Some(placed.release.period) >= first) {
        if placed.release.is_concealed() {
            continue;
        }
        let Some(sets) = population::counted_in(context, tx, placed)? else {
            // Nobody knows any more whom it counted, and its counts stay public.
            prepared.all_mut().for_each(Release::conceal);
            return Ok(());
        };
        let sets = sets.into_iter().map(|set| set.into_iter().map(|unit| known(&mut units, unit)).collect()).collect();
        earlier.push(statistics::Counted { release: &*placed.release, units: sets });
    }
    let labels: Vec<_> = units.iter().map(|unit| unit.implied).collect();
    let mut now: Vec<_> = prepared.all_mut().zip(places).map(|(release, units)| statistics::Counted { release, units }).collect();
    statistics::guard(&mut now, &earlier, &labels, catalogue, &context.charter().disclosure);
    Ok(())
}

/// The place of a unit in the list of all.
fn known(units: &mut Vec<Unit>, unit: Unit) -> usize {
    units.iter().position(|known| *known == unit).unwrap_or_else(|| {
        units.push(unit);
        units.len() - 1
    })
}
