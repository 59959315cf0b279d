//! What agencies publish that are too small to do so alone: rounds of pools by the protocol's own code, from shares to totals.

use std::collections::BTreeMap;

use parangon_protocol::id::{Fingerprint, Hash, IndicatorId, Name};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::review::Signed;
use parangon_protocol::statistics::pool::{Attempt, Group, Known, Plan, PoolTotal, Seat, Sum, Vector};
use parangon_protocol::statistics::{Cell, Dimension};

use super::draw::Agency;
use super::publish::{groups, primary, tally};
use super::{Draw, Unit, Without};
use crate::sim::rng::Rng;

/// A total, and the labels in it by group and member: places in the members' lists.
pub(super) struct Pooled {
    pub(super) total: PoolTotal,
    /// For each group of the total, for each member of it, its units there.
    pub(super) sets: Vec<Vec<(usize, Vec<usize>)>>,
}

/// Whom a total of this quarter would count, by group.
pub(super) type Sets = BTreeMap<Option<Name>, Vec<(usize, Vec<usize>)>>;

/// The totals of a year. A later round opens only where all labels are those of the last total.
pub(super) fn publish(draw: &Draw, without: Without, rng: &mut Rng) -> Vec<Pooled> {
    let by = rng.chance(500).then_some(Dimension::Field);
    let (mut last, mut issued) = (None, Vec::new());
    for quarter in 0..draw.quarters.len() {
        let valid: Vec<_> = draw.pooled.iter().map(|agency| agency.valid(quarter)).collect();
        if last.as_ref().is_some_and(|last| *last != valid) {
            continue;
        }
        let sets = divided(&draw.pooled, &valid, by, draw.rule.minimum);
        if let Some(pooled) = round(draw, quarter, &sets, without, rng) {
            last = Some(valid);
            issued.push(pooled);
        }
    }
    issued
}

/// The units of all members by group: one group where nothing divides them.
pub(super) fn divided(members: &[Agency], valid: &[Vec<usize>], by: Option<Dimension>, minimum: u32) -> Sets {
    let places: Vec<_> = valid.iter().enumerate().flat_map(|(member, of)| of.iter().map(move |at| (member, *at))).collect();
    let units: Vec<Unit> = places.iter().map(|(member, at)| members[*member].units[*at].clone()).collect();
    let all: Vec<_> = (0..units.len()).collect();
    let mut found = by.map(|by| groups(&units, &all, by, minimum)).unwrap_or_default();
    // A field that would not open is one of the rest.
    let of_members =
        |of: &[usize]| (0..members.len()).map(|member| of.iter().filter(|at| places[**at].0 == member).count()).collect::<Vec<_>>();
    let small: Vec<_> =
        found.iter().filter(|(value, of)| value.is_some() && !meets(of_members(of), minimum)).map(|(value, _)| value.clone()).collect();
    for value in small {
        let of = found.remove(&value).unwrap_or_default();
        found.entry(None).or_default().extend(of);
    }
    if found.is_empty() {
        found.insert(None, all);
    }
    let shared = |of: Vec<usize>| {
        let each = |member: usize| of.iter().filter(|at| places[**at].0 == member).map(|at| places[*at].1).collect();
        (0..members.len()).map(|member| (member, each(member))).collect()
    };
    found.into_iter().map(|(value, of)| (value, shared(of))).collect()
}

/// Whether the minimum is met without the two that have most.
fn meets(mut units: Vec<usize>, minimum: u32) -> bool {
    units.sort_unstable_by(|a, b| b.cmp(a));
    u32::try_from(units.iter().skip(2).sum::<usize>()).is_ok_and(|units| units >= minimum)
}

/// A round in which everybody does what it should. None where it does not open.
pub(super) fn round(draw: &Draw, quarter: usize, sets: &Sets, without: Without, rng: &mut Rng) -> Option<Pooled> {
    let catalogue = &draw.catalogue;
    let known = |member: usize, of: &[usize]| {
        let table = tally(catalogue, &draw.pooled[member].units, of);
        Known { units: table.population(), floors: table.rows().iter().map(parangon_protocol::statistics::Counts::floors).collect() }
    };
    let seat = |member: usize| Seat {
        agency: draw.pooled[member].id.clone(),
        groups: sets.values().map(|set| known(member, &set[member].1)).collect(),
    };
    let groups = sets.keys().map(|value| Group { value: value.clone() }).collect();
    let indicators: Vec<IndicatorId> = catalogue.indicators.iter().map(|indicator| indicator.code.clone()).collect();
    let seats = (0..draw.pooled.len()).map(seat).collect();
    let plan = Plan::new(catalogue.reference(), draw.quarters[quarter], groups, indicators, seats, &draw.rule).expect("a plan");
    let attempt = plan.first().ok()?;
    let counted: Vec<_> = attempt.groups().iter().filter_map(|at| sets.values().nth(*at)).cloned().collect();
    let sums = sums(draw, &plan, &attempt, sets, rng);
    let mut total = PoolTotal::of(&plan, &attempt, &sums).expect("a total of honest members");
    for (group, set) in total.groups.iter_mut().zip(&counted) {
        let units = units(draw, set);
        let table = tally(catalogue, &units, &(0..units.len()).collect::<Vec<_>>());
        // Shares that were added up modulo a prime are the counts themselves, where they are shown.
        for (row, truth) in group.rows.iter().zip(table.rows()) {
            let is_exact = |(cell, count): (Cell, u32)| cell.count().is_none_or(|shown| shown == count);
            let cells = row.cells.into_iter().chain([row.unknown]).zip(truth.levels().into_iter().chain([truth.unknown()]));
            assert!(cells.into_iter().all(is_exact), "a total that is not exact");
        }
        if without == Without::Suppression {
            group.rows = primary(&table, &draw.rule);
        }
    }
    if without != Without::Suppression {
        total.check(&plan).expect("a total that others do not call void");
    }
    Some(Pooled { total, sets: counted })
}

/// The units of one group, of all members.
pub(super) fn units(draw: &Draw, set: &[(usize, Vec<usize>)]) -> Vec<Unit> {
    set.iter().flat_map(|(member, of)| of.iter().map(|at| draw.pooled[*member].units[*at].clone())).collect()
}

/// Each member deals shares of its counters, and signs the sum of those that it got.
fn sums(draw: &Draw, plan: &Plan, attempt: &Attempt, sets: &Sets, rng: &mut Rng) -> Vec<Signed<Sum>> {
    let members: Vec<_> = attempt.members().iter().filter_map(|id| draw.pooled.iter().position(|agency| agency.id == *id)).collect();
    let mut held: Vec<Option<Vector>> = vec![None; members.len()];
    for member in &members {
        let tables = sets.values().map(|set| tally(&draw.catalogue, &draw.pooled[*member].units, &set[*member].1));
        let counters: Vec<u64> = tables
            .flat_map(|table| table.rows().iter().flat_map(|row| [row.unknown()].into_iter().chain(row.levels())).collect::<Vec<_>>())
            .map(u64::from)
            .collect();
        let vector = Vector::new(attempt.select(plan, &counters)).expect("counts are small");
        let mut random = |bytes: &mut [u8]| bytes.chunks_mut(32).for_each(|part| part.copy_from_slice(&rng.bytes()[..part.len()]));
        for (held, share) in held.iter_mut().zip(vector.split(members.len(), &mut random)) {
            *held = Some(held.as_ref().map_or(share.clone(), |held| held.add(&share).expect("of one length")));
        }
    }
    let federation = Fingerprint(Hash::of(&[b"worlds"]));
    let sum = |(id, values): (&parangon_protocol::id::AgencyId, Option<Vector>)| {
        let (round, set, salt) = (*attempt.round(), *attempt.set(), Hash::of(&[id.as_str().as_bytes()]));
        let body = Sum { attempt: attempt.number(), member: id.clone(), round, salt, set, values: values.expect("everybody deals") };
        let key = SecretKey::from_seed(&Hash::of(&[b"issue", id.as_str().as_bytes()]).0);
        Signed::sign(body, &federation, &key).expect("a sum")
    };
    attempt.members().iter().zip(held).map(sum).collect()
}
