//! Anonymous statistics: our releases, and the sum of everybody's. What is hidden is decided by the protocol; nothing
//! else leaves this agency.

mod figures;
pub(super) mod population;
mod views;

use std::collections::BTreeMap;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, LogId, Name};
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{self, Period, Release};
use parangon_protocol::time::Timestamp;

pub use figures::{File, Sought, file};
pub use views::{AggregateRowView, AggregateView, MedianView, NewRelease, PreparedView, ReleaseView, RowView, SumView, VoidView};

use super::{Context, Error, catalogues, pools};
use crate::store::{Released, Source, Tx};
use population::{Registered, Unit};

/// A release with its place in its agency's log.
struct Placed {
    agency: AgencyId,
    index: u64,
    release: Release,
    is_final: bool,
}

/// The period that is meant: the one named, or the last one that is over. A demonstration has no past, so there the
/// running quarter is meant.
fn period_of(context: &Context, period: Option<&str>) -> Result<Period, Error> {
    match period {
        Some(text) => text.parse().map_err(|error| Error::field("/period", error)),
        None if context.charter().demonstration => Ok(Period::of(context.now())),
        None => Period::of(context.now()).previous().ok_or_else(|| Error::field("/period", "name one")),
    }
}

/// When the population is taken: at the period's end, or now where that is still to come in a demonstration.
fn counted_at(context: &Context, period: Period) -> Result<Timestamp, Error> {
    let (end, now) = (period.end(), context.now());
    match end < now {
        true => Ok(end),
        false if context.charter().demonstration && period == Period::of(now) => Ok(now),
        false => Err(Error::PeriodOpen { period: period.to_string() }),
    }
}

/// What the next release of a period would say. Nothing is published.
///
/// # Errors
/// [`Error::PeriodOpen`], [`Error::Unsettled`], [`Error::Field`], [`Error::Tally`]; [`Error::Pooled`] where the charter pools us.
pub fn prepare(context: &Context, catalogue: Option<&str>, period: Option<&str>) -> Result<PreparedView, Error> {
    let period = period_of(context, period)?;
    let reference = catalogues::of_figures(context, catalogue)?;
    let release = build(context, period, &reference, None)?;
    let catalogue = catalogues::by_reference(context, &reference)?;
    Ok(PreparedView::new(&release, &catalogue))
}

/// Publishes the release of a period, or a correction of it with a reason.
///
/// # Errors
/// As [`prepare`]; [`Error::Exists`] when there is one already and no reason was given.
pub async fn release(context: &Context, new: NewRelease) -> Result<ReleaseView, Error> {
    let _one = context.issuing().lock().await;
    let (release, me) = context
        .run(move |context| {
            let period = period_of(context, new.period.as_deref())?;
            let reason = new.reason.map(|reason| reason.trim().parse::<Name>().map_err(Error::name("/reason"))).transpose()?;
            let reference = catalogues::of_figures(context, new.catalogue.as_deref())?;
            let release = build(context, period, &reference, reason)?;
            release.check_disclosure(&context.charter().disclosure)?;
            Ok((release, context.me().clone()))
        })
        .await?;
    let indices = context.engine().append(vec![Record::Release(Box::new(release.clone()))]).await?;
    Ok(ReleaseView::new(&me, indices.first().copied().unwrap_or(0), false, &release))
}

fn build(context: &Context, period: Period, reference: &CatalogueRef, reason: Option<Name>) -> Result<Release, Error> {
    let at = counted_at(context, period)?;
    let tx = context.store().read()?;
    let catalogue = catalogues::by_reference(context, reference)?;
    if pools::is_pooled(context, &tx, &catalogue, period)? {
        return Err(Error::Pooled { period: period.to_string() });
    }
    let counted = population::ours(context, &tx, &catalogue, at)?;
    let rule = &context.charter().disclosure;
    let mut own: Vec<_> = placed(context, &tx)?.into_iter().filter(|placed| placed.agency == *context.me()).collect();
    own.retain(|placed| placed.release.catalogue == *reference);
    let same = own.iter().filter(|placed| placed.release.period == period);
    let mut release = match (same.max_by_key(|placed| placed.release.version), reason) {
        (None, _) => Release::first(reference.clone(), period, &counted.table, rule),
        (Some(before), Some(reason)) => before.release.corrected(reason, &counted.table, rule),
        (Some(_), None) => return Err(Error::Exists { what: format!("a release for {period}; a correction needs a reason") }),
    };
    guard(context, &tx, &mut release, &counted.units, &own, &catalogue)?;
    Ok(release)
}

/// Hides what this release would give away together with earlier ones of ours.
fn guard<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    release: &mut Release,
    counted: &[Unit],
    own: &[Placed],
    catalogue: &Catalogue,
) -> Result<(), Error> {
    let first = std::iter::successors(Some(release.period), |period| period.previous()).take(statistics::PERIODS).last();
    let mut units = counted.to_vec();
    let mut earlier = Vec::new();
    for placed in own.iter().filter(|placed| Some(placed.release.period) >= first) {
        let Some(theirs) = population::counted_in(context, tx, placed)? else { continue };
        let mut indices = Vec::new();
        for unit in theirs {
            let at = units.iter().position(|known| *known == unit).unwrap_or(units.len());
            if at == units.len() {
                units.push(unit);
            }
            indices.push(at);
        }
        earlier.push(statistics::Counted { release: &placed.release, units: vec![indices] });
    }
    let labels: Vec<_> = units.iter().map(|unit| unit.implied).collect();
    let now = statistics::Counted { release, units: vec![(0..counted.len()).collect()] };
    statistics::guard(&mut [now], &earlier, &labels, catalogue, &context.charter().disclosure);
    Ok(())
}

/// Every release that any log holds.
fn placed<S: Source>(context: &Context, tx: &Tx<S>) -> Result<Vec<Placed>, Error> {
    let overview = context.engine().overview();
    let mut found = Vec::new();
    tx.releases(None, |Released { log, index, release }| {
        let is_final = overview.logs.get(&log).is_some_and(|held| held.final_size > index);
        found.push(Placed { agency: log.agency, index, release, is_final });
    })?;
    Ok(found)
}

/// Every release that is known here, newest last within its agency.
///
/// # Errors
/// [`Error::Store`].
pub fn releases(context: &Context) -> Result<Vec<ReleaseView>, Error> {
    let mut found = placed(context, &context.store().read()?)?;
    found.sort_by(|a, b| (&a.agency, a.index).cmp(&(&b.agency, b.index)));
    Ok(found.iter().map(|placed| ReleaseView::new(&placed.agency, placed.index, placed.is_final, &placed.release)).collect())
}

/// What to add up. What is absent is chosen: the charter's only catalogue that gives points, every indicator, the newest period.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Which catalogue.
    pub catalogue: Option<&'a str>,
    /// One indicator's code.
    pub indicator: Option<&'a str>,
    /// Which quarter.
    pub period: Option<&'a str>,
}

/// The sum over all agencies' final releases of a period: this node adds it up by itself, from public records only.
///
/// # Errors
/// [`Error::Field`] for an unknown indicator or a malformed period, [`Error::NotFound`] when nobody has released for it.
pub fn aggregate(context: &Context, wanted: &Wanted<'_>) -> Result<AggregateView, Error> {
    let summed = sum(context, wanted)?;
    let sum = &summed.sum;
    let catalogue = catalogues::by_reference(context, &sum.catalogue)?;
    let known = wanted
        .indicator
        .map(|code| catalogue.find(code).map(|found| found.code.clone()).map_err(|error| Error::field("/indicator", error)));
    Ok(AggregateView::new(context, &summed, &catalogue, known.transpose()?.as_ref()))
}

/// The same as a spreadsheet.
///
/// # Errors
/// As [`aggregate`].
pub fn aggregate_csv(context: &Context, wanted: &Wanted<'_>) -> Result<String, Error> {
    let Summed { mut sum, .. } = sum(context, wanted)?;
    if let Some(code) = wanted.indicator {
        let catalogue = catalogues::by_reference(context, &sum.catalogue)?;
        let code = catalogue.find(code).map(|found| found.code.clone()).map_err(|error| Error::field("/indicator", error))?;
        sum.rows.retain(|row| row.indicator == code);
    }
    Ok(statistics::to_csv(&sum))
}

/// A sum, and what it covers.
struct Summed {
    sum: statistics::Aggregate,
    /// Whose releases are in it.
    counted: Vec<AgencyId>,
    /// Whose are not, and why: they break the charter's disclosure rule, or count others than the register.
    void: Vec<VoidView>,
    /// Clusters that held a valid label, of all agencies, as the register says.
    registered: u64,
}

fn sum(context: &Context, wanted: &Wanted<'_>) -> Result<Summed, Error> {
    let reference = catalogues::of_figures(context, wanted.catalogue)?;
    let tx = context.store().read()?;
    let found = placed(context, &tx)?;
    let fits = |placed: &&Placed| placed.is_final && placed.release.catalogue == reference;
    let period = match wanted.period {
        Some(text) => text.parse().map_err(|error| Error::field("/period", error))?,
        // The newest that anybody has released for.
        None => match found.iter().filter(fits).map(|placed| placed.release.period).max() {
            Some(newest) => newest,
            None => return Err(Error::missing("final release", "of any period")),
        },
    };
    let counted = counted(context, &tx, found.iter().filter(fits), &reference, period)?;
    let sum = statistics::aggregate(&counted.releases)?;
    let Counted { releases, void, registered } = counted;
    let void = void.into_iter().map(|(agency, because)| VoidView { agency: agency.to_string(), because }).collect();
    Ok(Summed { sum, counted: releases.into_iter().map(|(agency, _)| agency).collect(), void, registered })
}

/// What counts for a period: at least one release.
struct Counted<'a> {
    /// The newest release of each agency, where it keeps the charter's rule and counts those whom the register says.
    releases: Vec<(AgencyId, &'a Release)>,
    /// Whose does not, and why.
    void: Vec<(AgencyId, String)>,
    /// Clusters that held a valid label, of all agencies, as the register says.
    registered: u64,
}

/// Judges the newest release of each agency for a period. What it corrects counts no more, also where it is void itself.
fn counted<'a, S: Source>(
    context: &Context,
    tx: &Tx<S>,
    final_ones: impl Iterator<Item = &'a Placed>,
    catalogue: &CatalogueRef,
    period: Period,
) -> Result<Counted<'a>, Error> {
    let mut newest = BTreeMap::<&AgencyId, &Placed>::new();
    for placed in final_ones.filter(|placed| placed.release.period == period) {
        let known = newest.entry(&placed.agency).or_insert(placed);
        if known.index < placed.index {
            *known = placed;
        }
    }
    let indices = newest.values().map(|placed| (placed.agency.clone(), placed.index)).collect();
    let registered = population::registered(context, tx, catalogue, period.end().min(context.now()), &indices)?;
    let (mut releases, mut void) = (Vec::new(), Vec::new());
    for (agency, placed) in newest {
        match flaw(context, placed, registered.get(agency).copied().unwrap_or_default()) {
            None => releases.push((agency.clone(), &placed.release)),
            Some(because) => void.push((agency.clone(), because)),
        }
    }
    if releases.is_empty() {
        return Err(Error::missing("final release", format!("for {period}")));
    }
    Ok(Counted { releases, void, registered: registered.values().map(|agency| u64::from(agency.certain)).sum() })
}

/// Why a release does not count.
fn flaw(context: &Context, placed: &Placed, registered: Registered) -> Option<String> {
    if let Err(error) = placed.release.check_disclosure(&context.charter().disclosure) {
        return Some(error.to_string());
    }
    let Registered { certain, possible } = registered;
    let says = if certain == possible { certain.to_string() } else { format!("{certain} to {possible}") };
    let population = placed.release.population;
    (!registered.allows(population)).then(|| format!("it counts {population} clusters with a valid label, the register {says}"))
}

/// Our own log's name, for the views.
fn first(agency: &AgencyId) -> String {
    LogId::first(agency.clone()).to_string()
}
