//! Anonymous statistics: our releases, and the sum of everybody's. What is hidden is decided by the protocol; nothing
//! else leaves this agency.

mod benchmark;
mod counted;
mod figures;
mod noise;
pub(super) mod population;
mod preparing;
mod registered;
mod views;

use std::sync::Arc;

use parangon_protocol::id::{AgencyId, LogId, Name};
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{self, Period, Release};
use parangon_protocol::time::Timestamp;

pub use benchmark::{BenchmarkGroup, BenchmarkRow, BenchmarkView, BetweenView, PositionView, benchmark};
pub use figures::{File, Sought, file};
pub use views::{
    AggregateRowView, AggregateView, GroupView, MedianView, NewRelease, PreparedView, ReleaseView, RowView, SumView, TableView, VoidView,
};

use super::{Context, Error, catalogues};
use crate::store::{Released, Source, Tx};
use counted::{Counted, Public};
use preparing::build;

/// A release with its place in its agency's log.
struct Placed {
    agency: AgencyId,
    index: u64,
    release: Arc<Release>,
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
            context.transact(|tx| releases.keep(tx))?;
            Ok((releases, context.me().clone()))
        })
        .await?;
    let records = releases.all().map(|release| Record::Release(Box::new(release.clone()))).collect();
    let indices = context.engine().append(records).await?;
    Ok(ReleaseView::new(&me, indices.first().copied().unwrap_or(0), false, &releases.whole))
}

/// Every release that any log holds, of a period or of all.
fn placed<S: Source>(context: &Context, tx: &Tx<S>, period: Option<Period>) -> Result<Vec<Placed>, Error> {
    let overview = context.engine().overview();
    let mut found = Vec::new();
    tx.releases(period, |Released { log, index, release }| {
        let is_final = overview.logs.get(&log).is_some_and(|held| held.final_size > index);
        found.push(Placed { agency: log.agency, index, release: Arc::new(release), is_final });
    })?;
    Ok(found)
}

/// Every release that is known here, newest last within its agency.
///
/// # Errors
/// [`Error::Store`].
pub fn releases(context: &Context) -> Result<Vec<ReleaseView>, Error> {
    let mut found = placed(context, &context.store().read()?, None)?;
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
    let counted = sum(context, wanted)?;
    let sum = counted.whole()?;
    let catalogue = catalogues::by_reference(context, &sum.catalogue)?;
    let known = wanted
        .indicator
        .map(|code| catalogue.find(code).map(|found| found.code.clone()).map_err(|error| Error::field("/indicator", error)));
    Ok(AggregateView::new(context, &counted, &sum, &catalogue, known.transpose()?.as_ref()))
}

/// The same as a spreadsheet.
///
/// # Errors
/// As [`aggregate`].
pub fn aggregate_csv(context: &Context, wanted: &Wanted<'_>) -> Result<String, Error> {
    let mut sum = sum(context, wanted)?.whole()?;
    if let Some(code) = wanted.indicator {
        let catalogue = catalogues::by_reference(context, &sum.catalogue)?;
        let code = catalogue.find(code).map(|found| found.code.clone()).map_err(|error| Error::field("/indicator", error))?;
        sum.rows.retain(|row| row.indicator == code);
    }
    Ok(statistics::to_csv(&sum))
}

/// What counts for the period that is meant.
fn sum(context: &Context, wanted: &Wanted<'_>) -> Result<Counted, Error> {
    let reference = catalogues::of_figures(context, wanted.catalogue)?;
    let tx = context.store().read()?;
    let named = wanted.period.map(|text| text.parse().map_err(|error| Error::field("/period", error))).transpose()?;
    let public = Public::on(context, &tx, reference)?;
    named.map_or_else(|| public.newest(context, &tx), |period| counted::counted(context, &tx, &public, period))
}

/// Our own log's name, for the views.
fn first(agency: &AgencyId) -> String {
    LogId::first(agency.clone()).to_string()
}
