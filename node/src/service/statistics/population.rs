//! Whom a release counts: the clusters of its agency that held a valid label at the period's end, each with the assessment behind
//! it. The public register tells everybody how many those are (protocol, "Statistics").

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{CatalogueRef, Level};
use parangon_protocol::id::{AgencyId, ClusterId, Hash, IndicatorId, Name};
use parangon_protocol::label::status::State;
use parangon_protocol::label::{ClusterFacts, LabelId};
use parangon_protocol::statistics::{Dimension, Member, Release, Table, pattern};
use parangon_protocol::time::Timestamp;
use parangon_protocol::{canonical, limits};
use serde::{Deserialize, Serialize};

use super::Placed;
use crate::engine::RegisterRow;
use crate::service::item::{self, Item};
use crate::service::offers::Offered;
use crate::service::register::{self, Standing};
use crate::service::{Context, Error};
use crate::store::{Source, Tx, WriteTx};

/// So long a label that others have not confirmed yet holds a release up: afterwards it is left out.
const SETTLING_SECONDS: u64 = 14 * 86_400;

/// Our clusters with a valid label at a time.
pub(super) struct Population {
    pub(super) units: Vec<Unit>,
    /// Of each of them.
    scores: Vec<Scores>,
}

/// A label with the assessment behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unit {
    label: LabelId,
    /// The assessment was erased: it counts for what its label proves, so it is another unit than before.
    is_erased: bool,
    /// The level that the label proves to everyone.
    pub(super) implied: Option<u8>,
    cluster: ClusterFacts,
    level: Level,
}

impl Unit {
    fn value(&self, by: Dimension) -> Option<Name> {
        by.value(&self.cluster, self.level)
    }
}

impl Population {
    /// Counts all of them.
    pub(super) fn all(&self, catalogue: &Catalogue) -> Result<Table, Error> {
        self.table(catalogue, &(0..self.units.len()).collect::<Vec<_>>())
    }

    /// Counts some of them, by their places.
    pub(super) fn table(&self, catalogue: &Catalogue, of: &[usize]) -> Result<Table, Error> {
        Ok(Table::tally(catalogue, self.members(of))?)
    }

    /// What is counted of some of them.
    pub(super) fn members<'a>(&'a self, of: &'a [usize]) -> impl Iterator<Item = Member<'a>> {
        of.iter().map(|at| Member { scores: &self.scores[*at], implied: self.units[*at].implied })
    }

    /// Which clusters some of them are.
    pub(super) fn clusters<'a>(&'a self, of: &'a [usize]) -> impl Iterator<Item = &'a ClusterId> {
        of.iter().map(|at| &self.units[*at].cluster.id)
    }

    /// The groups of a table, each with the places of its units. None where a table would say nothing more than that of all.
    pub(super) fn groups(&self, by: Dimension, minimum: u32) -> BTreeMap<Option<Name>, Vec<usize>> {
        let mut counts = BTreeMap::new();
        for unit in &self.units {
            *counts.entry(unit.value(by)).or_insert(0) += 1;
        }
        let groups = pattern(&counts, minimum);
        if groups.is_empty() { BTreeMap::new() } else { shared_out(&self.units, by, &groups.into_keys().collect()) }
    }
}

/// Which units stand in which of these groups.
fn shared_out(units: &[Unit], by: Dimension, groups: &BTreeSet<Option<Name>>) -> BTreeMap<Option<Name>, Vec<usize>> {
    let mut found: BTreeMap<_, Vec<_>> = groups.iter().map(|value| (value.clone(), Vec::new())).collect();
    for (at, unit) in units.iter().enumerate() {
        let value = Some(unit.value(by)).filter(|value| groups.contains(value)).flatten();
        found.entry(value).or_default().push(at);
    }
    found
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
    counted(context, tx, catalogue, &rows)
}

/// As [`ours`], for a pool: its date is days later, and what is not confirmed then is counted by nobody.
pub(in crate::service) fn table<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, at: Timestamp) -> Result<Table, Error> {
    counted(context, tx, catalogue, &valid_at(context, tx, catalogue, at, Some(context.me()))?)?.all(catalogue)
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

fn counted<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, rows: &[RegisterRow]) -> Result<Population, Error> {
    let (mut scores, mut units) = (Vec::new(), Vec::new());
    for row in rows {
        let offered = item::find::<Offered, S>(tx, &row.label.common.offer.to_string())?;
        let unit = Unit { is_erased: offered.is_none(), ..unit(context, row)? };
        scores.push(offered.map_or_else(|| proven(unit.implied, catalogue), |offered| scores_behind(&offered, catalogue)));
        units.push(unit);
    }
    Ok(Population { units, scores })
}

/// A label whose assessment was not erased.
fn unit(context: &Context, row: &RegisterRow) -> Result<Unit, Error> {
    let (label, common) = (row.label.id, &row.label.common);
    Ok(Unit { label, is_erased: false, implied: implied(context, row)?, cluster: common.cluster.clone(), level: common.level })
}

/// Whom a release of ours counts, named by the hash of its text: kept before it is published, since the register tells it differently
/// later on, when labels were confirmed late, suspended for a time, or their assessments erased.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Of each of its sets.
    sets: Vec<Vec<Unit>>,
}

impl Item for Kept {
    const KIND: u8 = 33;
    const WHAT: &'static str = "population of a release";
}

fn name_of(release: &Release) -> Result<String, Error> {
    let text = canonical::encode(release, limits::RECORD_BYTES).map_err(|_| Error::Damaged { what: "release" })?;
    Ok(Hash::of(&[b"parangon/release\n", &text]).to_string())
}

/// Remembers whom a release counts that is about to be published.
pub(super) fn keep(tx: &mut WriteTx, release: &Release, sets: Vec<Vec<Unit>>) -> Result<(), Error> {
    item::put(tx, &name_of(release)?, &Kept { sets })
}

/// The labels that an earlier release of ours counted, of each of its sets: as it was kept, or as the register tells it, where that agrees.
/// None where it does not.
pub(super) fn counted_in<S: Source>(context: &Context, tx: &Tx<S>, placed: &Placed) -> Result<Option<Vec<Vec<Unit>>>, Error> {
    if let Some(kept) = item::find::<Kept, S>(tx, &name_of(&placed.release)?)? {
        return Ok(Some(kept.sets));
    }
    let release = &placed.release;
    let at = release.period.end().min(context.now());
    let (rows, _) = held(context, tx, &release.catalogue, at, Some(context.me()), placed.index)?;
    let units: Vec<_> = rows.iter().map(|row| unit(context, row)).collect::<Result<_, Error>>()?;
    let sets = match release.by {
        None => vec![units],
        Some(by) => {
            let groups = shared_out(&units, by, &release.groups.iter().map(|part| part.value.clone()).collect());
            groups.into_values().map(|places| places.into_iter().map(|at| units[at].clone()).collect()).collect()
        }
    };
    let agrees = |(set, (_, population, _)): (&Vec<Unit>, _)| u32::try_from(set.len()).ok() == Some(population);
    Ok((sets.len() == release.parts().count() && sets.iter().zip(release.parts()).all(agrees)).then_some(sets))
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
pub(super) fn dated(row: &RegisterRow, at: Timestamp) -> bool {
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
