#![allow(clippy::unwrap_used)]

use super::*;
use crate::assessment::{Answer, Scores};
use crate::charter::Noise;
use crate::id::Name;
use crate::statistics::{Cell, CellKeys, CellSecret, Dimension, Member, Period, Table};
use std::collections::BTreeMap;

const RULE: Disclosure = Disclosure::new(3, 2);

fn scores(level: u8) -> Scores {
    Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(level).unwrap())).collect()
}

fn table(levels: &[u8]) -> Table {
    let scores: Vec<_> = levels.iter().map(|level| scores(*level)).collect();
    Table::tally(Catalogue::ecei(), scores.iter().map(|scores| Member { scores, implied: None })).unwrap()
}

/// A release of clusters at these levels.
fn release(quarter: u8, levels: &[u8]) -> Release {
    Release::first(Catalogue::ecei().reference(), Period::new(2026, quarter).unwrap(), &table(levels), &RULE)
}

/// The same clusters by field: this many in each group, in the order of `all`.
fn by_field(all: &Release, levels: &[u8], sizes: &[usize]) -> (Release, Vec<Vec<usize>>) {
    let mut parts = BTreeMap::new();
    let (mut units, mut first) = (Vec::new(), 0);
    for (at, size) in sizes.iter().enumerate() {
        parts.insert(Some(format!("field {at}").parse::<Name>().unwrap()), table(&levels[first..first + size]));
        units.push((first..first + size).collect());
        first += size;
    }
    (all.divided(Dimension::Field, &parts, &RULE), units)
}

fn guarded(mut now: Release, counted: &[usize], before: &[(&Release, Vec<usize>)], labels: usize) -> Release {
    let earlier: Vec<_> = before.iter().map(|(release, units)| Counted { release: *release, units: vec![units.clone()] }).collect();
    let ours = Counted { release: &mut now, units: vec![counted.to_vec()] };
    guard(&mut [ours], &earlier, &vec![None; labels], Catalogue::ecei(), &RULE);
    now.check_disclosure(&RULE).unwrap();
    now
}

fn derivable(release: &Release) -> usize {
    release.rows.iter().filter(|row| row.unknown == Cell::Hidden(Reason::Derivable)).count()
}

#[test]
fn one_cluster_more_is_not_told_by_the_difference() {
    let first = release(1, &[1, 1, 1, 1, 3, 3, 3, 3]);
    let second = release(2, &[1, 1, 1, 1, 3, 3, 3, 3, 3]);
    assert_eq!(first.rows[0].cells[3].count().zip(second.rows[0].cells[3].count()), Some((4, 5)), "each alone is published");
    let eight: Vec<_> = (0..8).collect();
    let now = guarded(second.clone(), &(0..9).collect::<Vec<_>>(), &[(&first, eight.clone())], 9);
    assert_eq!(derivable(&now), now.rows.len());
    // As a third one, after the second was hidden, it says no more than the first.
    let third = guarded(release(3, &[1, 1, 1, 1, 3, 3, 3, 3]), &eight, &[(&first, eight.clone()), (&now, (0..9).collect())], 9);
    assert_eq!(derivable(&third), 0);
    // Had the second one been published, a third one without it would tell nothing new: what is public stays so.
    let third = guarded(release(3, &[1, 1, 1, 1, 3, 3, 3, 3]), &eight, &[(&first, eight.clone()), (&second, (0..9).collect())], 9);
    assert_eq!(derivable(&third), 0);
}

#[test]
fn enough_new_ones_are_published() {
    let first = release(1, &[1, 1, 1, 1, 3, 3, 3, 3]);
    let many = [1, 1, 1, 1, 3, 3, 3, 3, 1, 1, 1, 1, 3, 3, 3, 3];
    let now = guarded(release(2, &many), &(0..16).collect::<Vec<_>>(), &[(&first, (0..8).collect())], 16);
    assert_eq!(derivable(&now), 0);
    // As many who all stand at one level: that they do would be told.
    let equal = [1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3];
    let now = guarded(release(2, &equal), &(0..16).collect::<Vec<_>>(), &[(&first, (0..8).collect())], 16);
    assert_eq!(derivable(&now), now.rows.len());
}

#[test]
fn a_correction_is_compared_with_what_it_corrects() {
    let first = release(1, &[1, 1, 1, 1, 3, 3, 3, 3]);
    let corrected = release(1, &[1, 1, 1, 3, 3, 3, 3, 3]);
    let reason: Name = "one label was counted with the wrong scores".parse().unwrap();
    let corrected = Release { version: 2, reason: Some(reason), ..corrected };
    // The eighth label rests on another assessment now: another unit.
    let units = [0, 1, 2, 8, 4, 5, 6, 7];
    let now = guarded(corrected, &units, &[(&first, (0..8).collect())], 9);
    assert_eq!(derivable(&now), now.rows.len());
}

#[test]
fn rows_that_contradict_each_other_are_hidden() {
    let first = release(1, &[1, 1, 1, 1, 3, 3, 3, 3]);
    let eight: Vec<_> = (0..8).collect();
    let now = guarded(release(2, &[1, 1, 1, 3, 3, 3, 3, 3]), &eight, &[(&first, eight.clone())], 8);
    assert_eq!(derivable(&now), now.rows.len());
}

/// What a table of groups shows, after it was guarded together with the table of all.
fn divided(levels: &[u8], sizes: &[usize]) -> (Release, Release) {
    let mut all = release(1, levels);
    let (mut fields, units) = by_field(&all, levels, sizes);
    let everyone = (0..levels.len()).collect();
    let now = &mut [Counted { release: &mut all, units: vec![everyone] }, Counted { release: &mut fields, units }];
    guard(now, &[], &vec![None; levels.len()], Catalogue::ecei(), &RULE);
    for release in [&all, &fields] {
        release.check_disclosure(&RULE).unwrap();
    }
    (all, fields)
}

#[test]
fn what_two_tables_tell_together_is_hidden_in_the_later_one() {
    // Alone each group is published; with the sum of both the two at level 1 in the second group are known.
    let levels = [1, 1, 1, 3, 3, 3, 1, 1, 3, 3, 3, 3];
    let groups = |fields: &Release| fields.groups.iter().map(|part| part.rows[0].cells).collect::<Vec<_>>();
    let all = release(1, &levels);
    let shown = groups(&by_field(&all, &levels, &[6, 6]).0);
    assert_eq!((shown[0][1], shown[1][1]), (Cell::Count(3), Cell::Hidden(Reason::Small)));
    let (all, fields) = divided(&levels, &[6, 6]);
    assert_eq!(derivable(&all), 0);
    let hidden = groups(&fields);
    assert!(hidden.iter().any(|cells| cells[1] == Cell::Hidden(Reason::Derivable)), "{hidden:?}");
    // Where nothing small is hidden in any group, everything stays.
    let levels = [1, 1, 1, 3, 3, 3, 1, 1, 1, 3, 3, 3];
    let (_, fields) = divided(&levels, &[6, 6]);
    assert!(groups(&fields).iter().flatten().all(|cell| cell.count().is_some()), "{fields:?}");
}

#[test]
fn a_population_below_the_minimum_stays_hidden_as_such() {
    let (first, mut now) = (release(1, &[1, 1, 1, 1, 3, 3, 3, 3]), release(2, &[1, 3]));
    let ours = Counted { release: &mut now, units: vec![vec![0, 9]] };
    // A unit that is nowhere: nothing can be judged.
    guard(&mut [ours], &[Counted { release: &first, units: vec![(0..8).collect()] }], &[None; 9], Catalogue::ecei(), &RULE);
    now.check_disclosure(&RULE).unwrap();
    assert_eq!(now.rows[0].unknown, Cell::Hidden(Reason::Population));
}

/// A release of clusters at these levels with noise, and whom it counts: the first of all.
fn noisy(quarter: u8, levels: &[u8], secret: u8, rule: &Disclosure) -> Release {
    let (secret, scores) = (CellSecret::new([secret; 32]), levels.iter().map(|level| scores(*level)).collect::<Vec<_>>());
    let key = |at: usize| secret.record_key(&format!("aei/{at:024x}").parse().unwrap());
    let keys: Vec<_> = (0..levels.len()).map(key).collect();
    let members: Vec<_> = scores.iter().zip(&keys).map(|(scores, key)| (Member { scores, implied: None }, key)).collect();
    let mut release = Release { rows: crate::statistics::disclose(&table(levels), rule), ..release(quarter, levels) };
    release.perturb(rule, &[CellKeys::tally(Catalogue::ecei(), &members)]).unwrap();
    release
}

#[test]
fn noise_keeps_rows_that_exact_counts_would_have_to_hide() {
    let rule = Disclosure { noise: Some(Noise { maximum: 3, tenths: 20 }), ..RULE };
    rule.check().unwrap();
    let (before, after) = (&[1, 1, 1, 1, 3, 3, 3, 3][..], &[1, 1, 1, 1, 3, 3, 3, 3, 3][..]);
    let now_with = |rule: &Disclosure, first: &Release, mut now: Release| {
        let earlier = Counted { release: first, units: vec![(0..8).collect()] };
        guard(&mut [Counted { release: &mut now, units: vec![(0..9).collect()] }], &[earlier], &[None; 9], Catalogue::ecei(), rule);
        now.check_disclosure(rule).unwrap();
        derivable(&now)
    };
    let exact = now_with(&RULE, &release(1, before), release(2, after));
    assert_eq!(exact, 31, "the difference is one cluster");
    let hidden: Vec<_> = (0..40).map(|secret| now_with(&rule, &noisy(1, before, secret, &rule), noisy(2, after, secret, &rule))).collect();
    // The noise of a set is one for all indicators, which are alike here: all rows, or none.
    let kept = hidden.iter().filter(|hidden| **hidden == 0).count();
    assert!(kept > 20, "{hidden:?}");
    // Noise that gives itself away is found: 5 and 4 published of 8 clusters in each cell tell more than it promises.
    assert!(hidden.iter().all(|hidden| *hidden == 0 || *hidden == 31), "{hidden:?}");
}

#[test]
fn earlier_releases_may_be_exact_or_rounded() {
    let rule = Disclosure { rounding: Some(5), ..RULE };
    let (before, after) = (&[1, 1, 1, 1, 3, 3, 3, 3][..], &[1, 1, 1, 1, 3, 3, 3, 3, 3][..]);
    let rounded = |quarter, levels| noisy(quarter, levels, 0, &rule);
    assert_eq!(rounded(2, after).rows[0].cells[3], Cell::Count(5));
    let hidden = |first: &Release| {
        let mut now = rounded(2, after);
        let earlier = Counted { release: first, units: vec![(0..8).collect()] };
        guard(&mut [Counted { release: &mut now, units: vec![(0..9).collect()] }], &[earlier], &[None; 9], Catalogue::ecei(), &rule);
        derivable(&now)
    };
    assert_eq!((hidden(&rounded(1, before)), hidden(&release(1, before))), (0, 0));
}
