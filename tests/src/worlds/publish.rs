//! What agencies publish alone: releases by the protocol's own code, in the order in which a node makes them.

use std::collections::BTreeMap;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::Disclosure;
use parangon_protocol::id::Name;
use parangon_protocol::statistics::{
    Cell, CellKeys, CellSecret, Counted, Counts, Dimension, Member, Reason, Release, Row, Table, guard, pattern,
};

use super::draw::Agency;
use super::{Draw, Unit, Without};
use crate::sim::rng::Rng;

/// A release, and the labels that each of its sets counts, as places in the agency's list.
pub(super) struct Issued {
    pub(super) release: Release,
    pub(super) sets: Vec<Vec<usize>>,
    /// Releases of one step are published together.
    pub(super) step: usize,
}

/// The true counts of some of the units.
pub(super) fn tally(catalogue: &Catalogue, units: &[Unit], of: &[usize]) -> Table {
    let member = |at: &usize| Member { scores: &units[*at].scores, implied: units[*at].implied };
    Table::tally(catalogue, of.iter().map(member)).expect("scores are drawn so that labels tell the truth about them")
}

/// The groups of a table by this dimension, each with its units: none where there is no table.
pub(super) fn groups(units: &[Unit], of: &[usize], by: Dimension, minimum: u32) -> BTreeMap<Option<Name>, Vec<usize>> {
    let value = |at: usize| by.value(&units[at].cluster, units[at].level);
    let mut counts = BTreeMap::new();
    of.iter().for_each(|at| *counts.entry(value(*at)).or_insert(0) += 1);
    let mut found: BTreeMap<_, Vec<_>> = pattern(&counts, minimum).into_keys().map(|value| (value, Vec::new())).collect();
    if found.is_empty() {
        return found;
    }
    for at in of {
        let value = Some(value(*at)).filter(|value| found.contains_key(value)).flatten();
        found.entry(value).or_default().push(*at);
    }
    found
}

/// Rows that hide counts below the minimum and nothing with them: what an office would publish that had never heard of complements.
pub(super) fn primary(table: &Table, rule: &Disclosure) -> Vec<Row> {
    let cell = |count: u32| if (1..rule.minimum).contains(&count) { Cell::Hidden(Reason::Small) } else { Cell::Count(count) };
    let row =
        |counts: &Counts| Row { indicator: counts.indicator().clone(), cells: counts.levels().map(cell), unknown: cell(counts.unknown()) };
    table.rows().iter().map(row).collect()
}

/// Whose counts are published.
struct Source<'a> {
    agency: &'a Agency,
    /// Of its noise.
    secret: CellSecret,
}

impl Source<'_> {
    /// Changes the counts of a release as the charter asks.
    fn perturb(&self, draw: &Draw, release: &mut Release, sets: &[Vec<usize>]) {
        let keys = |set: &Vec<usize>| {
            let unit = |at: &usize| &self.agency.units[*at];
            let keys: Vec<_> = set.iter().map(|at| self.secret.record_key(&unit(at).cluster.id)).collect();
            let member = |at: &usize| Member { scores: &unit(at).scores, implied: unit(at).implied };
            CellKeys::tally(&draw.catalogue, &set.iter().map(member).zip(&keys).collect::<Vec<_>>())
        };
        release.perturb(&draw.rule, &sets.iter().map(keys).collect::<Vec<_>>()).expect("noise that a charter may ask for");
    }
}

/// Everything that an agency publishes alone, quarter by quarter.
pub(super) fn publish(draw: &Draw, agency: &Agency, without: Without, rng: &mut Rng) -> Vec<Issued> {
    let mut issued = Vec::new();
    let source = Source { agency, secret: CellSecret::new(Rng::part(rng.clone().next(), 97).bytes()) };
    for quarter in 0..draw.quarters.len() {
        let valid = agency.valid(quarter);
        let is_late = rng.chance(draw.corrected) && valid.len() > 1;
        let mut first = valid.clone();
        if is_late {
            // One or two labels that were missing at first, or counted by mistake.
            let left_out = rng.between(1, 2);
            for _ in 0..left_out {
                first.remove(rng.index(first.len()));
            }
        }
        if is_late && rng.chance(300) {
            together(draw, &source, quarter, &valid, false, &mut issued, without);
            together(draw, &source, quarter, &first, true, &mut issued, without);
        } else {
            together(draw, &source, quarter, &first, false, &mut issued, without);
            if is_late {
                together(draw, &source, quarter, &valid, true, &mut issued, without);
            }
        }
    }
    issued
}

/// The table of all and those by groups, as `node/src/service/statistics/preparing.rs` puts them together.
fn together(
    draw: &Draw,
    source: &Source<'_>,
    quarter: usize,
    of: &[usize],
    is_correction: bool,
    issued: &mut Vec<Issued>,
    without: Without,
) {
    let Draw { rule, catalogue, .. } = draw;
    let units = &source.agency.units;
    let table = tally(catalogue, units, of);
    let period = draw.quarters[quarter];
    let before =
        issued.iter().filter(|issued| issued.release.period == period && issued.release.by.is_none()).map(|issued| &issued.release);
    let whole = match before.max_by_key(|release| release.version) {
        Some(before) if is_correction => before.corrected("labels were missing or too many".parse().expect("a name"), &table, rule),
        _ => Release::first(catalogue.reference(), period, &table, rule),
    };
    let (mut releases, mut sets, mut tables) = (vec![whole.clone()], vec![vec![of.to_vec()]], vec![vec![table]]);
    for by in &rule.tables {
        let groups = groups(units, of, *by, rule.minimum);
        if groups.is_empty() {
            continue;
        }
        let parts: BTreeMap<_, _> = groups.iter().map(|(value, of)| (value.clone(), tally(catalogue, units, of))).collect();
        releases.push(whole.divided(*by, &parts, rule));
        sets.push(groups.into_values().collect());
        tables.push(parts.into_values().collect());
    }
    if without == Without::Suppression {
        for (release, tables) in releases.iter_mut().zip(&tables) {
            for (rows, table) in release.rows_mut().zip(tables).filter(|(_, table)| table.population() >= rule.minimum) {
                rows.clone_from_slice(&primary(table, rule));
            }
        }
    }
    for (release, sets) in releases.iter_mut().zip(&sets) {
        if without == Without::Noise {
            release.perturbation = rule.perturbation();
        } else {
            source.perturb(draw, release, sets);
        }
    }
    if without != Without::Guard {
        // Only labels that exist by now, as a node sees them.
        let mut known: Vec<usize> = issued.iter().flat_map(|issued| &issued.sets).chain(sets.iter().flatten()).flatten().copied().collect();
        known.sort_unstable();
        known.dedup();
        let places = |sets: &[Vec<usize>]| -> Vec<Vec<usize>> {
            sets.iter().map(|set| set.iter().filter_map(|unit| known.binary_search(unit).ok()).collect()).collect()
        };
        let earlier: Vec<_> = issued.iter().map(|issued| Counted { release: &issued.release, units: places(&issued.sets) }).collect();
        let labels: Vec<_> = known.iter().map(|unit| units[*unit].implied).collect();
        let mut now: Vec<_> = releases.iter_mut().zip(&sets).map(|(release, sets)| Counted { release, units: places(sets) }).collect();
        guard(&mut now, &earlier, &labels, catalogue, rule);
    }
    for release in &releases {
        if matches!(without, Without::Suppression | Without::Noise) {
            release.check().expect("a release that keeps what holds under any rule");
        } else {
            release.check_disclosure(rule).expect("a release that others do not call void");
        }
    }
    let step = issued.last().map_or(0, |issued| issued.step + 1);
    issued.extend(releases.into_iter().zip(sets).map(|(release, sets)| Issued { release, sets, step }));
}
