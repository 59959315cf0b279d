//! Anonymous statistics: our releases, and the sum of everybody's. What is hidden is decided by the protocol; nothing
//! else leaves this agency.

mod views;

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, IndicatorId, LogId, Name};
use parangon_protocol::label::status::State;
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{self, Member, Period, Release, Table};
use parangon_protocol::time::Timestamp;

pub use views::{AggregateRowView, AggregateView, NewRelease, PreparedView, ReleaseView, RowView, SumView};

use super::offers::Offered;
use super::{Context, Error, catalogues, item, pools, register};
use crate::engine::RegisterRow;
use crate::store::{Source, Tx};

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
/// [`Error::PeriodOpen`], [`Error::Field`], [`Error::Tally`]; [`Error::Pooled`] where the charter pools us.
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
    let table = population(context, &tx, &catalogue, at)?;
    let rule = &context.charter().disclosure;
    let own = placed(context, &tx)?.into_iter().filter(|placed| placed.agency == *context.me());
    let same = own.filter(|placed| placed.release.period == period && placed.release.catalogue == *reference);
    match (same.max_by_key(|placed| placed.release.version), reason) {
        (None, _) => Ok(Release::first(reference.clone(), period, &table, rule)),
        (Some(before), Some(reason)) => Ok(before.release.corrected(reason, &table, rule)),
        (Some(_), None) => Err(Error::Exists { what: format!("a release for {period}; a correction needs a reason") }),
    }
}

/// The clusters with a valid label at `at`, of everybody or of one agency, each with its newest label.
pub(super) fn valid_at<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    catalogue: &Catalogue,
    at: Timestamp,
    of: Option<&AgencyId>,
) -> Result<Vec<RegisterRow>, Error> {
    let overview = context.engine().overview();
    let mut chosen: BTreeMap<String, RegisterRow> = BTreeMap::new();
    register::each(tx, |row| {
        let label = &row.label;
        let ours = of.is_none_or(|agency| label.common.owner == *agency) && label.common.catalogue == catalogue.reference();
        let dated = label.issued <= at && label.common.valid_until.last_second() >= at;
        if !ours || !dated || row.lost.is_some() || register::state_at(tx, &row, at)? != State::Active {
            return Ok(());
        }
        // What was replaced since would be judged as replaced: only its confirmation matters here.
        let standing = register::judge(&row, &overview, at).standing;
        if matches!(standing, register::Standing::Void | register::Standing::Provisional) {
            return Ok(());
        }
        // A cluster counts once, with its newest label.
        let cluster = label.common.cluster.id.to_string();
        if chosen.get(&cluster).is_none_or(|other| other.label.index < label.index) {
            chosen.insert(cluster, row);
        }
        Ok(())
    })?;
    Ok(chosen.into_values().collect())
}

/// The minimum level that a label proves.
pub(super) fn implied(context: &Context, row: &RegisterRow) -> Result<Option<u8>, Error> {
    let common = &row.label.common;
    let charter = context.charter_version(common.charter)?;
    Ok(charter.rule(&common.scheme, common.level).and_then(|rule| rule.requirements.minimum_level))
}

/// Our clusters with a valid label at `at`, each with the scores behind it. The public register gives the same number.
pub(super) fn population<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, at: Timestamp) -> Result<Table, Error> {
    let mut members: Vec<(Scores, Option<u8>)> = Vec::new();
    for row in valid_at(context, tx, catalogue, at, Some(context.me()))? {
        let common = &row.label.common;
        let implied = implied(context, &row)?;
        let scores = match item::find::<Offered, S>(tx, &common.offer.to_string())? {
            Some(offered) => scores_behind(&offered, catalogue),
            None => proven(implied, catalogue), // it was erased; the cluster counts all the same
        };
        members.push((scores, implied));
    }
    Ok(Table::tally(catalogue, members.iter().map(|(scores, implied)| Member { scores, implied: *implied }))?)
}

/// The scores that the label rests on: the lowest level that an endorsing review gave; where none gave an answer, our own
/// assessment. So a label never says more than the scores that are counted for it.
fn scores_behind(offered: &Offered, catalogue: &Catalogue) -> Scores {
    let reviews = offered.reviews();
    let lowest = |code: &IndicatorId| reviews.iter().filter_map(|review| review.scores.get(code)).min_by_key(|answer| answer.level());
    let answer = |code: &IndicatorId| -> Option<Answer> { lowest(code).or_else(|| offered.assessment.scores.get(code)) };
    catalogue.indicators.iter().filter_map(|i| Some((i.code.clone(), answer(&i.code)?))).collect()
}

/// What a label proves to everyone, and nothing else.
pub(super) fn proven(implied: Option<u8>, catalogue: &Catalogue) -> Scores {
    let floor = |own: Option<u8>| Answer::of_level(own?.max(implied?)).ok();
    catalogue.indicators.iter().filter_map(|i| Some((i.code.clone(), floor(i.minimum)?))).collect()
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
    let Summed { sum, counted, void } = sum(context, wanted)?;
    let catalogue = catalogues::by_reference(context, &sum.catalogue)?;
    let known = wanted
        .indicator
        .map(|code| catalogue.find(code).map(|found| found.code.clone()).map_err(|error| Error::field("/indicator", error)));
    Ok(AggregateView::new(context, &sum, &catalogue, known.transpose()?.as_ref(), &counted, &void))
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

/// A sum with whose releases are in it, and whose break the charter's disclosure rule and are not.
struct Summed {
    sum: statistics::Aggregate,
    counted: Vec<AgencyId>,
    void: Vec<AgencyId>,
}

fn sum(context: &Context, wanted: &Wanted<'_>) -> Result<Summed, Error> {
    let reference = catalogues::of_figures(context, wanted.catalogue)?;
    let found = placed(context, &context.store().read()?)?;
    let fits = |placed: &&Placed| placed.is_final && placed.release.catalogue == reference;
    let period = match wanted.period {
        Some(text) => text.parse().map_err(|error| Error::field("/period", error))?,
        // The newest that anybody has released for.
        None => match found.iter().filter(fits).map(|placed| placed.release.period).max() {
            Some(newest) => newest,
            None => return Err(Error::missing("final release", "of any period")),
        },
    };
    let mut void = Vec::new();
    let mut counted = Vec::new();
    for placed in found.iter().filter(fits).filter(|placed| placed.release.period == period) {
        match placed.release.check_disclosure(&context.charter().disclosure) {
            Ok(()) => counted.push((placed.agency.clone(), &placed.release)),
            Err(error) => {
                tracing::warn!(agency = %placed.agency, %error, "a release is void and not counted");
                void.push(placed.agency.clone());
            }
        }
    }
    if counted.is_empty() {
        return Err(Error::missing("final release", format!("for {period}")));
    }
    let sum = statistics::aggregate(&counted)?;
    Ok(Summed { sum, counted: counted.into_iter().map(|(agency, _)| agency).collect(), void })
}

/// Our own log's name, for the views.
fn first(agency: &AgencyId) -> String {
    LogId::first(agency.clone()).to_string()
}
