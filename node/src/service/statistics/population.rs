//! Whom a release counts: the clusters of its agency that held a valid label at the period's end, each with the assessment behind
//! it. The public register tells everybody how many those are (protocol, "Statistics").

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{AgencyId, ClusterId, IndicatorId};
use parangon_protocol::label::status::State;
use parangon_protocol::statistics::{Member, Table};
use parangon_protocol::time::Timestamp;

use crate::engine::RegisterRow;
use crate::service::offers::Offered;
use crate::service::register::{self, Standing};
use crate::service::{Context, Error, item};
use crate::store::{Source, Tx};

/// So long a label that others have not confirmed yet holds a release up: afterwards it is left out.
const SETTLING_SECONDS: u64 = 14 * 86_400;

/// Our clusters with a valid label at `at`, each with the scores behind it.
///
/// # Errors
/// [`Error::Unsettled`] while labels of these weeks wait for their confirmation: counted or not, the register would say otherwise.
pub(super) fn ours<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, at: Timestamp) -> Result<Table, Error> {
    let overview = context.engine().overview();
    let mut chosen: BTreeMap<String, RegisterRow> = BTreeMap::new();
    let mut unsettled = 0;
    register::each(tx, |row| {
        let label = &row.label;
        let ours = label.common.owner == *context.me() && label.common.catalogue == catalogue.reference();
        if !ours || !dated(&row, at) || row.lost.is_some() || register::state_at(tx, &row, at)? != State::Active {
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
        let cluster = label.common.cluster.id.to_string();
        if chosen.get(&cluster).is_none_or(|other| other.label.index < label.index) {
            chosen.insert(cluster, row);
        }
        Ok(())
    })?;
    if unsettled > 0 {
        return Err(Error::Unsettled { labels: unsettled });
    }
    let mut members: Vec<(Scores, Option<u8>)> = Vec::new();
    for row in chosen.values() {
        let common = &row.label.common;
        let charter = context.charter_version(common.charter)?;
        let implied = charter.rule(&common.scheme, common.level).and_then(|rule| rule.requirements.minimum_level);
        let scores = match item::find::<Offered, S>(tx, &common.offer.to_string())? {
            Some(offered) => scores_behind(&offered, catalogue),
            None => proven(implied, catalogue), // it was erased; the cluster counts all the same
        };
        members.push((scores, implied));
    }
    Ok(Table::tally(catalogue, members.iter().map(|(scores, implied)| Member { scores, implied: *implied }))?)
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
fn proven(implied: Option<u8>, catalogue: &Catalogue) -> Scores {
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
