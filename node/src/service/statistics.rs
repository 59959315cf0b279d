//! Anonymous statistics: our releases, and the sum of everybody's. What is hidden is decided by the protocol; nothing
//! else leaves this agency.

mod figures;
pub(super) mod population;
mod preparing;
mod registered;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, LogId, Name};
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{self, Period, Release};
use parangon_protocol::time::Timestamp;

pub use figures::{File, Sought, file};
pub use views::{
    AggregateRowView, AggregateView, GroupView, MedianView, NewRelease, PreparedView, ReleaseView, RowView, SumView, TableView, VoidView,
};

use super::{Context, Error, catalogues};
use crate::store::{Source, Tx};
use preparing::build;
use registered::Registered;

/// Bytes of one release record.
const RECORD_BYTES: usize = parangon_protocol::limits::RECORD_BYTES;

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
    let releases = build(context, period, &reference, None)?;
    let catalogue = catalogues::by_reference(context, &reference)?;
    Ok(PreparedView::new(&releases, &catalogue))
}

/// Publishes the release of a period, or a correction of it with a reason.
///
/// # Errors
/// As [`prepare`]; [`Error::Exists`] when there is one already and no reason was given.
pub async fn release(context: &Context, new: NewRelease) -> Result<ReleaseView, Error> {
    let _one = context.issuing().lock().await;
    let (releases, me) = context
        .run(move |context| {
            let period = period_of(context, new.period.as_deref())?;
            let reason = new.reason.map(|reason| reason.trim().parse::<Name>().map_err(Error::name("/reason"))).transpose()?;
            let reference = catalogues::of_figures(context, new.catalogue.as_deref())?;
            let releases = build(context, period, &reference, reason)?;
            releases.all().try_for_each(|release| release.check_disclosure(&context.charter().disclosure))?;
            Ok((releases, context.me().clone()))
        })
        .await?;
    let records = releases.all().map(|release| Record::Release(Box::new(release.clone()))).collect();
    let indices = context.engine().append(records).await?;
    Ok(ReleaseView::new(&me, indices.first().copied().unwrap_or(0), false, &releases.whole))
}

/// Every release that any log holds.
fn placed<S: Source>(context: &Context, tx: &Tx<S>) -> Result<Vec<Placed>, Error> {
    let overview = context.engine().overview();
    let mut found = Vec::new();
    for (log, index) in crate::engine::releases(tx)? {
        let bytes = tx.record(&log, index)?.filter(|bytes| bytes.len() <= RECORD_BYTES);
        if let Some(Record::Release(release)) = bytes.and_then(|bytes| Record::read(&bytes).ok()) {
            let is_final = overview.logs.get(&log).is_some_and(|held| held.final_size > index);
            found.push(Placed { agency: log.agency, index, release: *release, is_final });
        }
    }
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
    let registered = counted.registered();
    let Counted { releases, void, .. } = counted;
    let void = void.into_iter().map(|(agency, because)| VoidView { agency: agency.to_string(), because }).collect();
    Ok(Summed { sum, counted: releases.into_iter().map(|(agency, _)| agency).collect(), void, registered })
}

/// What counts for a period: at least one release.
struct Counted<'a> {
    /// The newest release of each agency, where it keeps the charter's rule and counts those whom the register says.
    releases: Vec<(AgencyId, &'a Release)>,
    /// Whose does not, and why.
    void: Vec<(AgencyId, String)>,
    /// Their tables by groups, of the same version.
    tables: Vec<(AgencyId, &'a Release)>,
    /// What the register says of each agency.
    register: BTreeMap<AgencyId, Registered>,
}

impl Counted<'_> {
    /// Clusters that held a valid label, of all agencies, as the register says.
    fn registered(&self) -> u64 {
        self.register.values().map(|agency| u64::from(agency.number().certain)).sum()
    }
}

/// Judges the newest release of each agency for a period. What it corrects counts no more, also where it is void itself.
fn counted<'a, S: Source>(
    context: &Context,
    tx: &Tx<S>,
    final_ones: impl Iterator<Item = &'a Placed>,
    catalogue: &CatalogueRef,
    period: Period,
) -> Result<Counted<'a>, Error> {
    let found: Vec<_> = final_ones.filter(|placed| placed.release.period == period).collect();
    let mut newest = BTreeMap::<&AgencyId, &Placed>::new();
    for placed in found.iter().filter(|placed| placed.release.by.is_none()) {
        let known = newest.entry(&placed.agency).or_insert(placed);
        if known.index < placed.index {
            *known = placed;
        }
    }
    let indices = newest.values().map(|placed| (placed.agency.clone(), placed.index)).collect();
    let register = registered::registered(context, tx, catalogue, period.end().min(context.now()), &indices)?;
    let none = Registered::default();
    let (mut releases, mut tables, mut void) = (Vec::new(), Vec::new(), Vec::new());
    for (agency, placed) in newest {
        let known = register.get(agency).unwrap_or(&none);
        if let Some(because) = flaw(context, placed, known) {
            void.push((agency.clone(), because));
            continue;
        }
        releases.push((agency.clone(), &placed.release));
        // A table belongs to the table of all of its version; the first one of a dimension counts.
        let mut seen = BTreeSet::new();
        let mut own: Vec<_> =
            found.iter().filter(|other| other.agency == *agency && other.release.version == placed.release.version).collect();
        own.sort_by_key(|other| other.index);
        for table in own.into_iter().filter(|other| other.release.by.is_some_and(|by| seen.insert(by))) {
            let differs = table.release.population != placed.release.population;
            let differs = differs.then(|| "its tables count different numbers of clusters".to_owned());
            match differs.or_else(|| flaw(context, table, known)) {
                None => tables.push((agency.clone(), &table.release)),
                Some(because) => void.push((agency.clone(), because)),
            }
        }
    }
    if releases.is_empty() {
        return Err(Error::missing("final release", format!("for {period}")));
    }
    Ok(Counted { releases, void, tables, register })
}

/// Why a release does not count.
fn flaw(context: &Context, placed: &Placed, registered: &Registered) -> Option<String> {
    let rule = &context.charter().disclosure;
    match placed.release.check_disclosure(rule) {
        Err(error) => Some(error.to_string()),
        Ok(()) => registered.flaw(&placed.release, rule.minimum),
    }
}

/// Our own log's name, for the views.
fn first(agency: &AgencyId) -> String {
    LogId::first(agency.clone()).to_string()
}
