//! Whom a release counts: the clusters of its agency that held a valid label at the period's end, each with the assessment behind
//! it. The public register tells everybody how many those are (protocol, "Statistics").

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, ClusterId, IndicatorId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::status::State;
use parangon_protocol::statistics::{Member, Table};
use parangon_protocol::time::Timestamp;

use super::Placed;
use crate::engine::RegisterRow;
use crate::service::offers::Offered;
use crate::service::register::{self, Standing};
use crate::service::{Context, Error, item};
use crate::store::{Source, Tx};

/// So long a label that others have not confirmed yet holds a release up: afterwards it is left out.
const SETTLING_SECONDS: u64 = 14 * 86_400;

/// Our clusters with a valid label at a time, counted.
pub(super) struct Population {
    pub(super) table: Table,
    pub(super) units: Vec<Unit>,
}

/// A label with the assessment behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    label: LabelId,
    /// The assessment was erased: it counts for what its label proves, so it is another unit than before.
    is_erased: bool,
    /// The level that the label proves to everyone.
    pub(super) implied: Option<u8>,
}

/// Our clusters with a valid label at `at`, each with the scores behind it.
///
/// # Errors
/// [`Error::Unsettled`] while labels of these weeks wait for their confirmation: counted or not, the register would say otherwise.
pub(super) fn ours<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, at: Timestamp) -> Result<Population, Error> {
    let (rows, unsettled) = held(context, tx, &catalogue.reference(), at, Some(context.me()), u64::MAX)?;
    if unsettled > 0 {
        return Err(Error::Unsettled { labels: unsettled });
    }
    tallied(context, tx, catalogue, &rows)
}

/// As [`ours`], for a pool: its date is days later, and what is not confirmed then is counted by nobody.
pub(in crate::service) fn table<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, at: Timestamp) -> Result<Table, Error> {
    Ok(tallied(context, tx, catalogue, &valid_at(context, tx, catalogue, at, Some(context.me()))?)?.table)
}

/// The clusters with a valid label at `at`, of everybody or of one agency, each with its newest label.
pub(in crate::service) fn valid_at<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    catalogue: &Catalogue,
    at: Timestamp,
    of: Option<&AgencyId>,
) -> Result<Vec<RegisterRow>, Error> {
    Ok(held(context, tx, &catalogue.reference(), at, of, u64::MAX)?.0)
}

fn tallied<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, rows: &[RegisterRow]) -> Result<Population, Error> {
    let (mut members, mut units): (Vec<(Scores, Option<u8>)>, _) = (Vec::new(), Vec::new());
    for row in rows {
        let implied = implied(context, row)?;
        let offered = item::find::<Offered, S>(tx, &row.label.common.offer.to_string())?;
        units.push(Unit { label: row.label.id, is_erased: offered.is_none(), implied });
        members.push((offered.map_or_else(|| proven(implied, catalogue), |offered| scores_behind(&offered, catalogue)), implied));
    }
    let table = Table::tally(catalogue, members.iter().map(|(scores, implied)| Member { scores, implied: *implied }))?;
    Ok(Population { table, units })
}

/// The labels that an earlier release of ours counted. None where the register says otherwise: then nobody counts that release.
pub(super) fn counted_in<S: Source>(context: &Context, tx: &Tx<S>, placed: &Placed) -> Result<Option<Vec<Unit>>, Error> {
    let at = placed.release.period.end().min(context.now());
    let (rows, _) = held(context, tx, &placed.release.catalogue, at, Some(context.me()), placed.index)?;
    if u32::try_from(rows.len()).ok() != Some(placed.release.population) {
        return Ok(None);
    }
    let unit = |row: &RegisterRow| Ok(Unit { label: row.label.id, is_erased: false, implied: implied(context, row)? });
    rows.iter().map(unit).collect::<Result<_, Error>>().map(Some)
}

/// The newest label of each cluster of an agency, or of all, that was valid at `at`, as far as it stands before this index of its
/// log, and what was said of it; and how many more were left out because they are not confirmed and new.
fn held<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    catalogue: &CatalogueRef,
    at: Timestamp,
    of: Option<&AgencyId>,
    before: u64,
) -> Result<(Vec<RegisterRow>, usize), Error> {
    let overview = context.engine().overview();
    let mut chosen: BTreeMap<ClusterId, RegisterRow> = BTreeMap::new();
    let mut unsettled = 0;
    register::each(tx, |row| {
        let label = &row.label;
        let ours = of.is_none_or(|agency| label.common.owner == *agency) && label.common.catalogue == *catalogue && label.index < before;
        let was_active =
            |row: &RegisterRow| Ok::<_, Error>(row.label.state_index >= before || register::state_at(tx, row, at)? == State::Active);
        if !ours || !dated(&row, at) || row.lost.is_some() || !was_active(&row)? {
            return Ok(());
        }
        // What was replaced since would be judged as replaced: only its confirmation matters here.
        match register::judge(&row, &overview, at).standing {
            Standing::Void => return Ok(()),
            Standing::Provisional => {
                unsettled += usize::from(context.now().since(label.issued) < SETTLING_SECONDS);
                return Ok(());
            }
            _ => {}
        }
        // A cluster counts once, with its newest label.
        let cluster = label.common.cluster.id.clone();
        if chosen.get(&cluster).is_none_or(|other| other.label.index < label.index) {
            chosen.insert(cluster, row);
        }
        Ok(())
    })?;
    Ok((chosen.into_values().collect(), unsettled))
}

/// The minimum level that a label proves.
pub(in crate::service) fn implied(context: &Context, row: &RegisterRow) -> Result<Option<u8>, Error> {
    let common = &row.label.common;
    let charter = context.charter_version(common.charter)?;
    Ok(charter.rule(&common.scheme, common.level).and_then(|rule| rule.requirements.minimum_level))
}

/// Whether a label is of a time that holds `at`, by its own dates.
fn dated(row: &RegisterRow, at: Timestamp) -> bool {
    row.label.issued <= at && row.label.common.valid_until.last_second() >= at
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
pub(in crate::service) fn proven(implied: Option<u8>, catalogue: &Catalogue) -> Scores {
    let floor = |own: Option<u8>| Answer::of_level(own?.max(implied?)).ok();
    catalogue.indicators.iter().filter_map(|i| Some((i.code.clone(), floor(i.minimum)?))).collect()
}

/// How many clusters of an agency the register says to have held a valid label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Registered {
    /// Those that are beyond doubt.
    pub(super) certain: u32,
    /// Those, and the ones of which the register does not tell what they were worth then: a label that was suspended for some
    /// time, or is not confirmed here.
    pub(super) possible: u32,
}

impl Registered {
    /// Whether a release may count so many.
    pub(super) fn allows(&self, population: u32) -> bool {
        (self.certain..=self.possible).contains(&population)
    }
}

/// What the register says of every agency at `at`, for a release at this index of its log: what came later it could not count.
pub(super) fn registered<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    catalogue: &CatalogueRef,
    at: Timestamp,
    releases: &BTreeMap<AgencyId, u64>,
) -> Result<BTreeMap<AgencyId, Registered>, Error> {
    let overview = context.engine().overview();
    let mut clusters: BTreeMap<AgencyId, BTreeMap<ClusterId, bool>> = BTreeMap::new();
    register::each(tx, |row| {
        let label = &row.label;
        let before = releases.get(&label.common.owner).copied().unwrap_or(u64::MAX);
        if label.common.catalogue != *catalogue || label.index >= before || !dated(&row, at) {
            return Ok(());
        }
        let is_certain = match register::judge(&row, &overview, at).standing {
            Standing::Void => return Ok(()),
            Standing::Provisional => false,
            _ if register::state_at(tx, &row, at)? != State::Active && label.state_index < before => return Ok(()),
            _ => row.lost.is_none() && label.state == State::Active && label.state_index == label.index,
        };
        let held = clusters.entry(label.common.owner.clone()).or_default().entry(label.common.cluster.id.clone()).or_default();
        *held |= is_certain;
        Ok(())
    })?;
    let count = |held: BTreeMap<ClusterId, bool>| {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Registered { certain: number(held.values().filter(|certain| **certain).count()), possible: number(held.len()) }
    };
    Ok(clusters.into_iter().map(|(agency, held)| (agency, count(held))).collect())
}
