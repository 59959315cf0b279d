//! The claim is tested against an attacker that shares no code with the algorithm: it publishes every possible
//! table, groups those that look alike, and tries to work out something in each group.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use super::*;

type Published = Vec<Option<u32>>;

fn rule(minimum: u32, protection: u32) -> Disclosure {
    Disclosure::new(minimum, protection)
}

/// Every way to place `total` clusters in `cells` cells.
fn tables(total: u32, cells: usize) -> Vec<Vec<u32>> {
    if cells == 1 {
        return vec![vec![total]];
    }
    let with = |first: u32| tables(total - first, cells - 1).into_iter().map(move |rest| [vec![first], rest].concat());
    (0..=total).flat_map(with).collect()
}

/// `counts[i]` times `i`, ascending: one entry a cluster.
fn spread(counts: &[u32]) -> Vec<usize> {
    counts.iter().enumerate().flat_map(|(i, count)| (0..*count).map(move |_| i)).collect()
}

/// Clusters with these floors can be placed in these cells: so they can when the lowest floor takes the lowest
/// cell, and so on.
fn fits(cells: &[u32], floors: &[u32]) -> bool {
    spread(floors).iter().zip(spread(cells)).all(|(floor, cell)| *floor <= cell)
}

/// Whether some cluster with this floor may stand in `cell`, when the counts are `table`.
fn may_stand(table: &[u32], floors: &[u32], floor: usize, cell: usize) -> bool {
    let without = |counts: &[u32], i: usize| counts.iter().enumerate().map(|(j, n)| n - u32::from(i == j)).collect::<Vec<_>>();
    table[cell] > 0 && cell >= floor && fits(&without(table, cell), &without(floors, floor))
}

/// What an attacker works out from one published row, given every table that is published like it.
fn attack(published: &Published, alike: &[&Vec<u32>], possible: &[Vec<u32>], floors: &[u32], rule: &Disclosure) -> Option<String> {
    let range = |cell: usize, tables: &mut dyn Iterator<Item = &Vec<u32>>| {
        let values: Vec<_> = tables.map(|t| t[cell]).collect();
        values.iter().max().unwrap() - values.iter().min().unwrap()
    };
    for (cell, count) in published.iter().enumerate() {
        match count {
            Some(count) if (1..rule.minimum).contains(count) => return Some(format!("cell {cell} shows {count}")),
            Some(_) => {}
            None => {
                // Labels alone may narrow a cell more than the rule asks; a release must not narrow it further.
                let wanted = rule.protection.min(range(cell, &mut possible.iter()));
                let left = range(cell, &mut alike.iter().copied());
                if left < wanted {
                    return Some(format!("cell {cell} is known within {left}, {wanted} wanted"));
                }
            }
        }
    }
    let hidden: u32 = alike[0].iter().zip(published).filter(|(_, shown)| shown.is_none()).map(|(count, _)| count).sum();
    if published.contains(&None) && hidden < rule.minimum {
        return Some(format!("the hidden cells count {hidden} together"));
    }
    for floor in (0..floors.len() - 1).filter(|floor| floors[*floor] > 0) {
        let places: BTreeSet<_> =
            (0..floors.len()).filter(|cell| alike.iter().any(|table| may_stand(table, floors, floor, *cell))).collect();
        if places.len() < 2 {
            return Some(format!("every cluster with floor {floor} stands in {places:?}"));
        }
    }
    None
}

/// Publishes every table there can be with `hide`, and attacks every outcome. Tells how many rows were published
/// whole, in part and not at all, and every success of the attack.
fn attack_all(total: u32, floors: &[u32], rule: &Disclosure, hide: &mut dyn FnMut(&[u32]) -> Mask) -> ([usize; 3], Vec<String>) {
    let possible: Vec<_> = tables(total, floors.len()).into_iter().filter(|t| fits(t, floors)).collect();
    let mut outcomes = BTreeMap::<Published, Vec<&Vec<u32>>>::new();
    for table in &possible {
        let mask = hide(table);
        outcomes.entry(table.iter().enumerate().map(|(i, n)| (!has(mask, i)).then_some(*n)).collect()).or_default().push(table);
    }
    let (mut kinds, mut successes) = ([0; 3], Vec::new());
    for (published, alike) in &outcomes {
        if let Some(found) = attack(published, alike, &possible, floors, rule) {
            successes.push(format!("{total} clusters, floors {floors:?}, {rule:?}: {published:?} is published for {alike:?}: {found}"));
        }
        let kind = if !published.contains(&None) {
            0
        } else if published.iter().flatten().any(|count| *count > 0) {
            1
        } else {
            2
        };
        kinds[kind] += alike.len();
    }
    (kinds, successes)
}

fn ours(total: u32, floors: &[u32], rule: &Disclosure) -> [usize; 3] {
    let mut guard = Guard::new(total, floors, rule);
    let (kinds, successes) = attack_all(total, floors, rule, &mut |table| guard.pattern(table));
    assert_eq!(successes, Vec::<String>::new());
    kinds
}

#[test]
fn nothing_hidden_is_derivable_in_any_table_of_three_cells() {
    let mut kinds = [0; 3];
    for (minimum, protection) in [(2, 1), (3, 1), (3, 2), (3, 3), (4, 2), (5, 2), (5, 4)] {
        for total in minimum..=14 {
            for floors in tables(total, 3) {
                let found = ours(total, &floors, &rule(minimum, protection));
                kinds = std::array::from_fn(|i| kinds[i] + found[i]);
            }
        }
    }
    // The attack must have met every kind of row, or it shows nothing.
    assert!(kinds.iter().all(|count| *count > 1_000), "{kinds:?}");
}

#[test]
fn nothing_hidden_is_derivable_in_any_table_of_six_cells() {
    let mut kinds = [0; 3];
    for (minimum, protection, most) in [(3, 1, 11), (3, 2, 10), (4, 2, 10), (5, 3, 10)] {
        for total in minimum..=most {
            // No label says anything, all do, half do, and one does; with two kinds of labels in the last.
            let half = total / 2;
            for floors in [
                [total, 0, 0, 0, 0, 0],
                [0, 0, 0, total, 0, 0],
                [total - half, 0, 0, half, 0, 0],
                [total - 1, 0, 0, 1, 0, 0],
                [1, 0, 0, total - 1, 0, 0],
                [0, 1, 0, total - half - 1, half, 0],
            ] {
                let found = ours(total, &floors, &rule(minimum, protection));
                kinds = std::array::from_fn(|i| kinds[i] + found[i]);
            }
        }
    }
    assert!(kinds.iter().all(|count| *count > 100), "{kinds:?}");
}

#[test]
fn the_attack_finds_what_weaker_rules_give_away() {
    let small = |rule: &Disclosure, t: &[u32]| (0..t.len()).filter(|i| (1..rule.minimum).contains(&t[*i])).fold(0, |m: Mask, i| m | 1 << i);
    let rule = rule(3, 2);
    let found = |total: u32, floors: &[u32], hide: &mut dyn FnMut(&[u32]) -> Mask, what: &str| {
        let (_, successes) = attack_all(total, floors, &rule, hide);
        assert!(successes.iter().any(|success| success.contains(what)), "{what}: {successes:?}");
    };
    // Hide small cells only: the total gives a lone one away.
    found(8, &[8, 0, 0, 0], &mut |t| small(&rule, t), "is known within 0");
    // Hide a second cell whenever one is hidden, but publish rows with all clusters in one cell.
    let mut with_next = |t: &[u32]| {
        let mask = small(&rule, t);
        let next = (0..t.len()).filter(|i| t[*i] >= rule.minimum).min_by_key(|i| t[*i]);
        if mask == 0 { 0 } else { mask | next.map_or(0, |i| 1 << i) }
    };
    found(8, &[8, 0, 0], &mut with_next, "every cluster with floor 0 stands in {1}");
    // The same rule, where the choice of the second cell tells: beside a visible 3 the hidden 5 are 2 and 3, since
    // for 1 and 4 the 3 would have been hidden. The total alone would leave 1 to 4.
    found(8, &[8, 0, 0], &mut with_next, "[None, None, Some(3)] is published for [[2, 3, 3], [3, 2, 3]]: cell 0 is known within 1");
    // Ignore what labels say: the four without one all stand in the lowest cell.
    let mut guard = Guard::new(8, &[8, 0, 0], &rule);
    found(8, &[4, 4, 0], &mut |t| guard.pattern(t), "every cluster with floor 0 stands in {0}");
}

fn counts(cells: [u32; CELLS], floors: [u32; CELLS]) -> Counts {
    Counts { indicator: "4.1.3".parse().unwrap(), cells, floors }
}

fn published(cells: [u32; CELLS], floors: [u32; CELLS], rule: &Disclosure) -> String {
    let row = row(&counts(cells, floors), cells.iter().sum(), rule);
    row.all().map(|cell| cell.count().map_or("-".into(), |n| n.to_string())).collect::<Vec<_>>().join(" ")
}

#[test]
fn rows_are_hidden_as_documented() {
    let rule = rule(3, 2);
    for (cells, silver, shown) in [
        ([0, 0, 4, 9, 5, 0], 0, "0 0 4 9 5 0"),   // nothing is small
        ([0, 0, 0, 9, 8, 2], 0, "0 0 0 9 - -"),   // the smallest other cell protects a lone small one
        ([0, 0, 1, 9, 8, 2], 0, "0 0 - 9 - -"),   // 1 and 2 alone would leave a choice of two values
        ([0, 0, 2, 9, 8, 2], 0, "0 0 - 9 8 -"),   // 2 and 2 may also be 1 and 3
        ([0, 0, 0, 18, 0, 0], 0, "- - - - - -"),  // every cluster at one level
        ([0, 0, 0, 18, 0, 0], 18, "0 0 0 - - -"), // what labels exclude stays visible
        ([0, 0, 0, 0, 1, 1], 0, "- - - - - -"),   // a population of two
        ([0, 5, 0, 6, 7, 0], 13, "- - - - - -"),  // the five without a label stand at level 0: any part would say so
        ([0, 4, 0, 7, 7, 0], 13, "0 4 0 7 7 0"),  // one of the five is higher, nobody knows which
        ([3, 2, 0, 6, 7, 0], 0, "- - 0 6 7 0"),
    ] {
        let total = cells.iter().sum::<u32>();
        assert_eq!(published(cells, [total - silver, 0, 0, silver, 0, 0], &rule), shown, "{cells:?}");
    }
}

#[test]
fn reasons_follow_from_the_pattern() {
    let reasons = |cells: [u32; CELLS]| {
        let row = row(&counts(cells, [cells.iter().sum(), 0, 0, 0, 0, 0]), cells.iter().sum(), &rule(3, 2));
        row.all().filter_map(|c| if let Cell::Hidden(r) = c { Some(r) } else { None }).collect::<Vec<_>>()
    };
    assert_eq!(reasons([0, 0, 0, 9, 8, 2]), [Reason::Small; 2]);
    assert_eq!(reasons([0, 0, 0, 9, 0, 0]), [Reason::Group; 6]);
    assert_eq!(reasons([0, 0, 0, 2, 0, 0]), [Reason::Population; 6]);
    assert_eq!(reasons([0; 6]), [Reason::Population; 6]);
}

#[test]
fn a_rule_that_protects_nothing_is_not_applied_as_such() {
    let floors = [10, 0, 0, 0, 0, 0];
    assert_eq!(published([0, 0, 0, 1, 4, 5], floors, &rule(0, 0)), published([0, 0, 0, 1, 4, 5], floors, &rule(2, 1)));
    assert!(published([0, 0, 0, 1, 4, 5], floors, &rule(0, 0)).contains('-'));
}

#[test]
fn large_populations_take_bounded_time() {
    let rule = rule(10, 8);
    let mut shown = 0;
    for seed in 0..60u32 {
        // Small, middling and large cells in every mixture.
        let cells: [u32; CELLS] =
            std::array::from_fn(|i| (seed * 7919 + 1 + u32::try_from(i).unwrap() * 104_729) % [9, 40, 1_000][(seed as usize + i) % 3]);
        let total: u32 = cells.iter().sum();
        let row = row(&counts(cells, [total, 0, 0, 0, 0, 0]), total, &rule);
        assert!(row.all().filter_map(Cell::count).all(|n| n == 0 || n >= 10) && row.hidden() != 1);
        shown += CELLS - row.hidden();
    }
    assert!(shown > 60, "{shown}");
}
