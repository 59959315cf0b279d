//! Who is pooled, by the register alone, and our own counters.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::Scores;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::AgencyId;
use parangon_protocol::label::LabelId;
use parangon_protocol::statistics::pool::{Group, Known, Outcome, Plan, Seat, outcome};
use parangon_protocol::statistics::{Member, Period, Table};
use parangon_protocol::time::Timestamp;

use super::{board, find};
use crate::engine::RegisterRow;
use crate::service::statistics::population::{self, implied, proven, valid_at};
use crate::service::{Context, Error, catalogues};
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

/// The plan of a round; none where the charter has no pools for this period.
pub(super) fn plan<S: Source>(context: &Context, tx: &Tx<S>, reference: &CatalogueRef, period: Period) -> Result<Option<Plan>, Error> {
    let charter = context.charter();
    let Some((rule, counted)) = charter.disclosure.pool.and_then(|rule| Some((rule, rule.counted_at(period)?))) else { return Ok(None) };
    let catalogue = catalogues::by_reference(context, reference)?;
    let before = by_agency(context, tx, &catalogue, counted.end())?;
    let now = by_agency(context, tx, &catalogue, period.end())?;
    let last = last_total(context, tx, reference, period)?;
    if let Some((members, then)) = &last {
        // The difference of the two totals would tell of the labels that came and went.
        let then = by_agency(context, tx, &catalogue, then.end())?;
        if labels(members, &then) != labels(members, &now) {
            return Ok(None);
        }
    }
    let fixed = last.map(|(members, _)| members);
    let takes_part = |agency: &AgencyId| match &fixed {
        Some(members) => members.contains(agency),
        None => rule.pools(count(before.get(agency))),
    };
    let mut seats = Vec::new();
    for member in charter.members.iter().filter(|member| takes_part(&member.id)) {
        let rows = now.get(&member.id).map(Vec::as_slice).unwrap_or_default();
        // What labels prove, and nothing else: the floors are public.
        let units: Vec<(Scores, Option<u8>)> =
            rows.iter().map(|row| implied(context, row).map(|implied| (proven(implied, &catalogue), implied))).collect::<Result<_, _>>()?;
        let table = Table::tally(&catalogue, units.iter().map(|(scores, implied)| Member { scores, implied: *implied }))?;
        let floors = table.rows().iter().map(parangon_protocol::statistics::Counts::floors).collect();
        seats.push(Seat { agency: member.id.clone(), groups: vec![Known { units: table.population(), floors }] });
    }
    let mut indicators: Vec<_> = catalogue.indicators.iter().map(|indicator| indicator.code.clone()).collect();
    indicators.sort();
    let groups = vec![Group { value: None }];
    let plan = Plan::new(reference.clone(), period, groups, indicators, seats, &charter.disclosure)?;
    Ok(Some(if fixed.is_some() { plan.fix()? } else { plan }))
}

/// The labels of these agencies.
fn labels(members: &[AgencyId], of: &BTreeMap<AgencyId, Vec<RegisterRow>>) -> BTreeSet<LabelId> {
    members.iter().filter_map(|member| of.get(member)).flatten().map(|row| row.label.id).collect()
}

/// The last total of the same year, where there is one: its members are those of every later one.
fn last_total<S: Source>(
    context: &Context,
    tx: &Tx<S>,
    reference: &CatalogueRef,
    period: Period,
) -> Result<Option<(Vec<AgencyId>, Period)>, Error> {
    let Some(rule) = context.charter().disclosure.pool else { return Ok(None) };
    let mut earlier = period.previous();
    while let Some(before) =
        earlier.filter(|before| rule.counted_at(*before).is_some() && rule.counted_at(*before) == rule.counted_at(period))
    {
        let plan = match find(tx, reference, before)? {
            Some(round) => Some(round.plan()?),
            None => plan(context, tx, reference, before)?,
        };
        if let Some(plan) = plan
            && let Outcome::Total(total) = outcome(&plan, &board(context, tx, plan.round())?, context.now())
        {
            return Ok(Some((total.members, before)));
        }
        earlier = before.previous();
    }
    Ok(None)
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
    Ok(rule.pools(count(Some(&ours))))
}
