#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::cell::tilt;
use super::*;
use crate::assessment::{Answer, Scores};
use crate::catalogue::Catalogue;
use crate::charter::Disclosure;
use crate::id::{Hash, Name};
use crate::statistics::pool::{PoolGroup, PoolTotal};
use crate::statistics::{Cell, Dimension, Member, Reason, Row, Table, disclose, pattern};

const RULE: Disclosure = Disclosure::new(3, 2);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn agency(n: usize) -> Contributor {
    Contributor::Agency(format!("agency-{n}").parse().unwrap())
}

/// A cluster: its country, its field if it says one, and the level at which it stands.
type Cluster = (u8, Option<u8>, Option<u8>);

fn clusters(most: usize) -> impl Strategy<Value = Vec<Cluster>> {
    prop_oneof![
        prop::collection::vec((0u8..3, prop::option::of(0u8..3), prop::option::weighted(0.9, 0u8..5)), 0..most),
        // One country and one field.
        prop::collection::vec((Just(1u8), Just(Some(2u8)), prop::option::weighted(0.9, 0u8..5)), 0..most),
    ]
}

/// At which level a cluster stands in the row of this number.
fn level(cluster: &Cluster, row: usize) -> Option<usize> {
    cluster.2.filter(|_| row != 3).map(|level| if row % 2 == 0 { level.into() } else { 4 - usize::from(level) })
}

fn value(by: Dimension, cluster: &Cluster) -> Option<Name> {
    match by {
        Dimension::Country => Some(name(&format!("C{}", cluster.0))),
        _ => cluster.1.map(|field| name(&format!("field {field}"))),
    }
}

fn table<'a>(clusters: impl Iterator<Item = &'a Cluster>) -> Table {
    let answer = |cluster: &Cluster, row| level(cluster, row).map(|level| Answer::of_level(u8::try_from(level).unwrap()).unwrap());
    let codes = || Catalogue::ecei().indicators.iter().map(|indicator| &indicator.code).enumerate();
    let scores: Vec<Scores> =
        clusters.map(|cluster| codes().filter_map(|(row, code)| Some((code.clone(), answer(cluster, row)?))).collect()).collect();
    Table::tally(Catalogue::ecei(), scores.iter().map(|scores| Member { scores, implied: None })).unwrap()
}

const BY: [Dimension; 2] = [Dimension::Country, Dimension::Field];

fn registered(clusters: &[Cluster]) -> Registered {
    let mut found = Registered::new();
    for by in BY {
        let counts = found.entry(by).or_default();
        clusters.iter().for_each(|cluster| *counts.entry(value(by, cluster)).or_default() += 1);
    }
    found
}

/// The clusters of each group of a table.
fn parts(by: Dimension, clusters: &[Cluster]) -> BTreeMap<Option<Name>, Table> {
    let groups = pattern(&registered(clusters)[&by], 3);
    let group = |cluster: &Cluster| value(by, cluster).filter(|value| groups.contains_key(&Some(value.clone())));
    groups.keys().map(|key| (key.clone(), table(clusters.iter().filter(|cluster| group(cluster) == *key)))).collect()
}

fn of_agency(clusters: &[Cluster], version: u32) -> Knowledge {
    let reason = (version > 1).then(|| name("Counted anew"));
    let first = Release::first(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap(), &table(clusters.iter()), &RULE);
    let release = Release { version, reason, ..first };
    let tables = BY.into_iter().map(|by| (by, parts(by, clusters))).filter(|(_, parts)| !parts.is_empty());
    let tables = tables.map(|(by, parts)| Arc::new(release.divided(by, &parts, &RULE))).collect();
    Knowledge::Agency { release: Arc::new(release), tables, registered: registered(clusters) }
}

fn of_pool(clusters: &[Cluster], by: Option<Dimension>) -> Knowledge {
    let units = |table: &Table| (table.population(), disclose(table, &RULE));
    let group = |(value, table): (Option<Name>, Table)| {
        let (population, rows) = units(&table);
        PoolGroup { population, rows, value }
    };
    let groups = match by {
        None => vec![group((None, table(clusters.iter())))],
        // The rest of a pool that is too small for a group is left out.
        Some(by) => parts(by, clusters).into_iter().filter(|(value, _)| value.is_some()).map(group).collect(),
    };
    let total = PoolTotal {
        attempt: 1,
        catalogue: Catalogue::ecei().reference(),
        groups,
        members: (0..5).map(|n| format!("small-{n}").parse().unwrap()).collect(),
        period: "2026-Q4".parse().unwrap(),
        round: Hash::default(),
        set: Hash::default(),
    };
    let population = u32::try_from(clusters.len()).unwrap();
    Knowledge::Pool { total: Arc::new(total), by, population, registered: registered(clusters) }
}

fn ledger() -> Ledger {
    Ledger::new(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap())
}

/// All ways to put `rest` clusters into the hidden cells.
fn completions(cells: &[Cell], rest: u32) -> Vec<Vec<u32>> {
    let Some((first, others)) = cells.split_first() else { return if rest == 0 { vec![vec![]] } else { vec![] } };
    let range = match first {
        Cell::Count(count) => return completions(others, rest).into_iter().map(|tail| [vec![*count], tail].concat()).collect(),
        Cell::Hidden(_) => 0..=rest,
    };
    range.flat_map(|n| completions(others, rest - n).into_iter().map(move |tail| [vec![n], tail].concat())).collect()
}

/// The lower median of these levels.
fn median(levels: &[u32]) -> Option<usize> {
    let total: u32 = levels.iter().sum();
    (0..levels.len()).find(|level| total > 0 && 2 * levels[..=*level].iter().sum::<u32>() >= total)
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![(0u32..6).prop_map(Cell::Count), Just(Cell::Hidden(Reason::Small))]
}

/// A release of one row, unknown first, with these clusters in its hidden cells.
fn of_row([unknown, cells @ ..]: [Cell; 6], hidden: u32) -> Release {
    let row = Row { indicator: "4.1.3".parse().unwrap(), cells, unknown };
    let population = u32::try_from(row.visible()).unwrap() + hidden;
    Release {
        population,
        rows: vec![row],
        ..Release::first(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap(), &table([].iter()), &RULE)
    }
}

#[test]
fn a_value_is_counted_where_it_has_a_group_and_bounded_where_it_has_none() {
    // Four in country 0, three in country 1, and two in country 2, which has to join country 1 in the rest.
    let mixed: Vec<Cluster> = [0, 0, 0, 0, 1, 1, 1, 2, 2].map(|country| (country, None, Some(2))).into();
    let alone: Vec<Cluster> = vec![(1, None, Some(2)); 6];
    let mut ledger = ledger();
    ledger.put(agency(0), of_agency(&mixed, 1)).unwrap();
    ledger.put(agency(1), of_agency(&alone, 1)).unwrap();
    let withheld = Knowledge::Withheld { population: 2, registered: registered(&[(0, None, None); 2]), cause: Cause::Pool };
    ledger.put(agency(2), withheld).unwrap();
    let seen = |group: GroupKey| {
        let sum = ledger.totals().aggregate(&group).unwrap();
        (sum.agencies, sum.clusters, sum.rows[0].unknown.hidden_in, sum.rows[0].unknown.causes.iter().collect::<Vec<_>>())
    };
    let country = |n: u8| GroupKey::Value(Dimension::Country, name(&format!("C{n}")));
    // All in one level is hidden as a group.
    assert_eq!(seen(GroupKey::All), (3, 17, 3, vec![Cause::Group, Cause::Pool]));
    assert_eq!(seen(country(0)), (2, 6, 2, vec![Cause::Group, Cause::Pool]));
    assert_eq!(seen(country(1)), (2, 9, 2, vec![Cause::Population, Cause::Group]));
    assert_eq!(seen(country(2)), (1, 2, 1, vec![Cause::Population]));
    assert_eq!(ledger.totals().groups().count(), 4, "no cluster says a field");
}

#[test]
fn what_does_not_belong_together_is_refused_and_changes_nothing() {
    let many: Vec<Cluster> = (0..12u8).map(|n| (n % 2, Some(n % 3), Some(n % 5))).collect();
    let mut ledger = ledger();
    ledger.put(agency(0), of_agency(&many, 1)).unwrap();
    let before = ledger.clone();
    let Knowledge::Agency { release, tables, registered } = of_agency(&many, 1) else { unreachable!() };
    let of = |release: Release, tables: Vec<Release>| Knowledge::Agency {
        release: Arc::new(release),
        tables: tables.into_iter().map(Arc::new).collect(),
        registered: registered.clone(),
    };
    let (whole, table) = (|| Release::clone(&release), || Release::clone(&tables[0]));
    let foreign = CatalogueRef { hash: Hash::default(), ..whole().catalogue };
    for (knowledge, because) in [
        (of(Release { catalogue: foreign, ..whole() }, vec![]), "on another catalogue"),
        (of(Release { period: "2027-Q1".parse().unwrap(), ..whole() }, vec![]), "for 2027-Q1"),
        (of(Release { version: 0, ..whole() }, vec![]), "is void"),
        (of(table(), vec![]), "do not belong together"),
        (of(whole(), vec![whole()]), "do not belong together"),
        (of(whole(), vec![table(), table()]), "do not belong together"),
        (of(whole(), vec![Release { version: 2, reason: Some(name("Anew")), ..table() }]), "do not belong together"),
        (of_pool(&many, None), "total of a pool"),
    ] {
        let refused = ledger.put(agency(0), knowledge).unwrap_err().to_string();
        assert!(refused.contains(because), "{refused}");
        assert_eq!(ledger, before, "{because}");
    }
    assert!(ledger.put(Contributor::Pool(Hash([1; 32])), of_pool(&many, None)).is_err(), "of another round");
    assert_eq!(ledger.put(agency(0), of_agency(&many, 1)), Ok(false));
}

#[test]
fn a_share_is_rounded_outwards() {
    let share = |lower, upper, clusters| Sum { lower, upper, ..Sum::default() }.share(clusters);
    assert_eq!(share(1, 1, 3), Some(Share { low: 333, high: 334 }));
    assert_eq!(share(0, 3, 3), Some(Share { low: 0, high: 1_000 }));
    assert_eq!(share(1, 2, 4), Some(Share { low: 250, high: 500 }));
    assert_eq!(share(0, 0, 0), None);
}

proptest! {
    #[test]
    fn the_median_lies_where_the_hidden_cells_let_it(
        one in prop::array::uniform6(cell()), other in prop::array::uniform6(cell()), hidden in (0u32..5, 0u32..5)
    ) {
        let mut totals = Totals::new(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap());
        let mut all = Vec::new();
        for (cells, hidden) in [(one, hidden.0), (other, hidden.1)] {
            let hidden = if cells.iter().any(|cell| matches!(cell, Cell::Hidden(_))) { hidden } else { 0 };
            totals.add(&contribution::of_all(&of_row(cells, hidden)));
            all.push(completions(&cells, hidden));
        }
        let mut found = BTreeSet::new();
        for one in &all[0] {
            for other in &all[1] {
                let sum: Vec<u32> = one.iter().zip(other).map(|(a, b)| a + b).collect();
                found.extend(median(&sum[1..]));
            }
        }
        match totals.aggregate(&GroupKey::All).unwrap().rows[0].median {
            Some(Median { low, high }) => {
                prop_assert_eq!(found.first().copied(), Some(usize::from(low)));
                prop_assert_eq!(found.last().copied(), Some(usize::from(high)));
            }
            None => prop_assert!(![one, other].iter().any(|cells| cells[1..].iter().any(|cell| cell.count().is_some_and(|n| n > 0)))),
        }
    }

    #[test]
    fn a_balance_tips_as_far_as_there_is_room(adding in 0i64..6, neutral in 0i64..6, taking in 0i64..6, free in 0i64..12) {
        let free = free.min(adding + neutral + taking);
        let ways = (0..=adding).flat_map(|adds| (0..=taking).map(move |takes| (adds, takes)));
        let best = ways.filter(|(adds, takes)| (0..=neutral).contains(&(free - adds - takes))).map(|(adds, takes)| adds - takes).max();
        prop_assert_eq!(Some(tilt(free, adding, neutral, taking)), best);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever agencies and pools hide, the true figures of each group lie within its bounds, and every cluster is counted once.
    #[test]
    fn the_true_figures_lie_within_the_bounds(
        agencies in prop::collection::vec(clusters(24), 1..4), pool in clusters(24), by in prop::option::of(prop::sample::select(&BY[..]))
    ) {
        let mut ledger = ledger();
        for (n, clusters) in agencies.iter().enumerate() {
            ledger.put(agency(n), of_agency(clusters, 1)).unwrap();
        }
        ledger.put(Contributor::Pool(Hash::default()), of_pool(&pool, by)).unwrap();
        let all: Vec<&Cluster> = agencies.iter().flatten().chain(&pool).collect();
        let sums = ledger.totals().aggregates();
        prop_assert_eq!(sums[0].clusters, u64::try_from(all.len()).unwrap());
        let named = |by| all.iter().filter_map(|cluster| value(by, cluster)).collect::<BTreeSet<_>>();
        let expected = BY.into_iter().flat_map(|by| named(by).into_iter().map(move |value| GroupKey::Value(by, value)));
        prop_assert_eq!(sums.iter().map(|sum| sum.group.clone()).skip(1).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        for sum in &sums {
            let is_in = |cluster: &&&Cluster| match &sum.group {
                GroupKey::All => true,
                GroupKey::Value(by, own) => value(*by, cluster).as_ref() == Some(own),
            };
            let own: Vec<_> = all.iter().filter(is_in).collect();
            prop_assert_eq!(sum.clusters, u64::try_from(own.len()).unwrap());
            for (at, indicator) in Catalogue::ecei().indicators.iter().enumerate() {
                let row = sum.row(&indicator.code).unwrap();
                let count = |of: Option<usize>| own.iter().filter(|cluster| level(cluster, at) == of).count();
                for (of, cell) in [(None, &row.unknown)].into_iter().chain(row.cells.iter().enumerate().map(|(level, cell)| (Some(level), cell))) {
                    let count = u64::try_from(count(of)).unwrap();
                    prop_assert!((cell.lower..=cell.upper).contains(&count), "{}, {:?}: {} in {:?}", sum.group, of, count, cell);
                    prop_assert!(cell.upper <= sum.clusters && cell.hidden_in <= sum.agencies && sum.pooled <= sum.agencies);
                    prop_assert_eq!(cell.hidden_in == 0, cell.causes.is_empty());
                    prop_assert!(cell.hidden_in > 0 || cell.lower == cell.upper);
                }
                let levels: Vec<_> = (0..5).map(|level| u32::try_from(count(Some(level))).unwrap()).collect();
                if let Some(Median { low, high }) = row.median {
                    let median = median(&levels).unwrap();
                    prop_assert!((usize::from(low)..=usize::from(high)).contains(&median));
                }
            }
        }
    }

    /// Corrections, changed registers and withdrawals in any order give what the last state of each gives by itself.
    #[test]
    fn increments_give_what_a_recomputation_gives(
        versions in prop::collection::vec(clusters(16), 1..5), pool in clusters(16),
        history in prop::collection::vec((0usize..4, 0usize..7), 1..20)
    ) {
        let round = Contributor::Pool(Hash::default());
        let known: Vec<_> = (1..).zip(&versions).map(|(version, clusters)| of_agency(clusters, version)).collect();
        let pools = [of_pool(&pool, None), of_pool(&pool, Some(Dimension::Field))];
        let (mut grown, mut last) = (ledger(), BTreeMap::new());
        for (who, what) in history {
            let contributor = if who == 3 { round.clone() } else { agency(who) };
            let knowledge = match (what, who) {
                (0, _) => None,
                (n, 3) => Some(pools[n % pools.len()].clone()),
                (1, _) => Some(Knowledge::Withheld { population: 4, registered: registered(&versions[0]), cause: Cause::Population }),
                (n, _) => Some(known[n % known.len()].clone()),
            };
            match knowledge {
                None => {
                    let was_in = last.remove(&contributor).is_some();
                    prop_assert_eq!(grown.remove(&contributor), was_in);
                }
                Some(knowledge) => {
                    let is_new = last.insert(contributor.clone(), knowledge.clone()).as_ref() != Some(&knowledge);
                    prop_assert_eq!(grown.put(contributor, knowledge), Ok(is_new));
                }
            }
        }
        let (mut anew, mut backwards) = (ledger(), Totals::new(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap()));
        for (contributor, knowledge) in &last {
            anew.put(contributor.clone(), knowledge.clone()).unwrap();
        }
        for knowledge in last.values().rev() {
            knowledge.contributions().iter().rev().for_each(|contribution| backwards.add(contribution));
        }
        prop_assert_eq!(&grown, &anew);
        prop_assert_eq!(grown.totals(), &backwards);
        for contributor in last.keys() {
            grown.remove(contributor);
        }
        prop_assert_eq!(grown, ledger());
    }
}
