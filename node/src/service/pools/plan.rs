//! Who is pooled, by the register alone, and our own counters.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::Scores;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::AgencyId;
use parangon_protocol::label::LabelId;
use parangon_protocol::statistics::pool::{Group, Held, Kind, Known, Opened, Outcome, Party, Plan, PoolTotal, Seat, outcome};
use parangon_protocol::statistics::{Member, Period, Table};
use parangon_protocol::time::Timestamp;

use super::{Round, board};
use crate::engine::RegisterRow;
use crate::service::statistics::population::{self, implied, proven, valid_at};
use crate::service::{Context, Error, catalogues, item};
use crate::store::{Source, Tx};

/// The clusters of each agency with a valid label at `at`.
fn by_agency<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    of: &Catalogue,
    at: Timestamp,
) -> Result<BTreeMap<AgencyId, Vec<RegisterRow>>, Error> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in valid_at(context, tx, of, at, None)? {
        found.entry(row.label.common.owner.clone()).or_default().push(row);
    }
    Ok(found)
}

fn count(rows: Option<&Vec<RegisterRow>>) -> u32 {
    rows.map_or(0, |rows| u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

/// The labels of each agency that a plan counts.
pub(super) type Labels = BTreeMap<AgencyId, BTreeSet<LabelId>>;

/// A round that was to be.
pub(super) struct Made {
    pub(super) plan: Plan,
    /// The labels that it counts.
    pub(super) labels: Labels,
    /// Our part in it, where we have one.
    pub(super) party: Option<Party>,
}

/// What was added up before.
#[derive(Default)]
struct Past {
    /// Of each total that may have been seen the period and the labels of its members, the oldest first.
    totals: Vec<(Period, Labels)>,
    /// Whether there is one of labels that cannot be told.
    unclear: bool,
}

/// The rounds of a catalogue until `last`, the oldest first: each follows from the register and from the totals before it. A round
/// that began here is as it was then; the last one is made anew where that is asked for.
pub(super) fn made<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    reference: &CatalogueRef,
    last: Period,
    anew: bool,
) -> Result<Vec<Made>, Error> {
    let mut began = BTreeMap::new();
    item::each::<Round, S>(tx, |_, round| {
        let plan = round.plan()?;
        let is_wanted = !round.left && if anew { plan.period() < last } else { plan.period() <= last };
        if plan.catalogue() == reference && is_wanted {
            began.insert(plan.period(), Made { plan, labels: round.labels, party: round.party });
        }
        Ok(())
    })?;
    // Also where the charter begins its pools later by now.
    let from = began.keys().next().copied().into_iter().chain(context.charter().disclosure.pool.map(|rule| rule.from)).min();
    let mut periods: Vec<_> =
        std::iter::successors(Some(last), |period| period.previous()).take_while(|period| Some(*period) >= from).collect();
    periods.reverse();
    let (mut all, mut past) = (Vec::new(), Past::default());
    for period in periods.into_iter().filter(|_| from.is_some()) {
        let one = match began.remove(&period) {
            Some(one) => Some(one),
            None => make(context, tx, reference, period, &past)?,
        };
        let Some(one) = one else { continue };
        match board(context, tx, one.plan.round())?.opened(&one.plan) {
            Opened::Nothing => {}
            Opened::Of(members) => {
                let of = |member: &AgencyId| Some((member.clone(), one.labels.get(member)?.clone()));
                past.totals.push((period, members.iter().filter_map(of).collect()));
            }
            Opened::Unclear => past.unclear = true,
        }
        all.push(one);
    }
    Ok(all)
}

/// The totals of a catalogue until `last` that count.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub(crate) fn totals<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    reference: &CatalogueRef,
    last: Period,
) -> Result<BTreeMap<Period, PoolTotal>, Error> {
    let mut found = BTreeMap::new();
    for made in made(context, tx, reference, last, false)? {
        if let Outcome::Total(total) = outcome(&made.plan, &board(context, tx, made.plan.round())?, context.now()) {
            found.insert(made.plan.period(), *total);
        }
    }
    Ok(found)
}

/// The round of a period after what was added up before; none where the charter has no pools for it.
fn make<S: Source>(context: &Context, tx: &Tx<S>, reference: &CatalogueRef, period: Period, past: &Past) -> Result<Option<Made>, Error> {
    let charter = context.charter();
    let Some((rule, counted)) = charter.disclosure.pool.and_then(|rule| Some((rule, rule.counted_at(period)?))) else { return Ok(None) };
    let catalogue = catalogues::by_reference(context, reference)?;
    let before = by_agency(context, tx, &catalogue, counted.end())?;
    let now = by_agency(context, tx, &catalogue, period.end())?;
    // The first total of a year fixes who is in the later ones.
    let fixed = past.totals.last().filter(|(of, _)| rule.counted_at(*of) == Some(counted)).map(|(_, labels)| labels);
    let takes_part = |agency: &AgencyId| match fixed {
        Some(labels) => labels.contains_key(agency),
        None => rule.pools(count(before.get(agency))),
    };
    let (mut seats, mut labels) = (Vec::new(), Labels::new());
    for member in charter.members.iter().filter(|member| takes_part(&member.id)) {
        let rows = now.get(&member.id).map(Vec::as_slice).unwrap_or_default();
        // What labels prove, and nothing else: the floors are public.
        let units: Vec<(Scores, Option<u8>)> =
            rows.iter().map(|row| implied(context, row).map(|implied| (proven(implied, &catalogue), implied))).collect::<Result<_, _>>()?;
        let table = Table::tally(&catalogue, units.iter().map(|(scores, implied)| Member { scores, implied: *implied }))?;
        let floors = table.rows().iter().map(parangon_protocol::statistics::Counts::floors).collect();
        seats.push(Seat { agency: member.id.clone(), groups: vec![Known { units: table.population(), floors }] });
        labels.insert(member.id.clone(), rows.iter().map(|row| row.label.id).collect());
    }
    let mut indicators: Vec<_> = catalogue.indicators.iter().map(|indicator| indicator.code.clone()).collect();
    indicators.sort();
    let groups = vec![Group { value: None }];
    let plan = Plan::new(reference.clone(), period, groups, indicators, seats, &charter.disclosure)?.after(kinds(past, &labels))?;
    let plan = if past.unclear { plan.unclear()? } else { plan };
    Ok(Some(Made { plan, labels, party: None }))
}

/// How the labels of earlier totals, and those of now, divide by the totals that held them.
fn kinds(past: &Past, now: &Labels) -> Vec<Kind> {
    let mut held: BTreeMap<(LabelId, &AgencyId), Vec<usize>> = BTreeMap::new();
    for (total, (_, labels)) in past.totals.iter().enumerate() {
        for (agency, labels) in labels {
            labels.iter().for_each(|label| held.entry((*label, agency)).or_default().push(total));
        }
    }
    let mut kinds: BTreeMap<Vec<usize>, BTreeMap<&AgencyId, (u32, u32)>> = BTreeMap::new();
    for ((label, agency), totals) in held {
        let (stays, gone) = kinds.entry(totals).or_default().entry(agency).or_default();
        let is_here = now.get(agency).is_some_and(|labels| labels.contains(&label));
        *(if is_here { stays } else { gone }) += 1;
    }
    let kind = |held: BTreeMap<&AgencyId, (u32, u32)>| {
        Kind(held.into_iter().map(|(agency, (stays, gone))| Held { agency: agency.clone(), gone, stays }).collect())
    };
    kinds.into_values().map(kind).collect()
}

/// Whether a round of this period may have a seat for us: a look at our own labels alone.
pub(super) fn may_have_a_seat<S: Source>(context: &Context, tx: &Tx<S>, reference: &CatalogueRef, period: Period) -> Result<bool, Error> {
    let catalogue = catalogues::by_reference(context, reference)?;
    let has_units = || Ok::<_, Error>(!valid_at(context, tx, &catalogue, period.end(), Some(context.me()))?.is_empty());
    Ok(is_pooled(context, tx, &catalogue, period)? && has_units()?)
}

/// Our true counters, in the order of the plan.
pub(super) fn counters<S: Source>(context: &Context, tx: &Tx<S>, reference: &CatalogueRef, period: Period) -> Result<Vec<u64>, Error> {
    let catalogue = catalogues::by_reference(context, reference)?;
    let table = population::table(context, tx, &catalogue, period.end())?;
    Ok(table.rows().iter().flat_map(|row| std::iter::once(row.unknown()).chain(row.levels())).map(u64::from).collect())
}

/// Whether the charter pools us for this catalogue and period, so that we publish nothing of it alone.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub(crate) fn is_pooled<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue, period: Period) -> Result<bool, Error> {
    let rule = context.charter().disclosure.pool;
    let Some((rule, counted)) = rule.and_then(|rule| Some((rule, rule.counted_at(period)?))) else { return Ok(false) };
    let ours = valid_at(context, tx, catalogue, counted.end(), Some(context.me()))?;
    if rule.pools(count(Some(&ours))) {
        return Ok(true);
    }
    // A label that was confirmed late changes the number, and not who is in the totals of the year.
    let totals = totals(context, tx, &catalogue.reference(), period)?;
    Ok(totals.iter().any(|(of, total)| rule.counted_at(*of) == Some(counted) && total.members.contains(context.me())))
}
