#![allow(clippy::unwrap_used)]

use super::*;
use crate::assessment::{Answer, Scores};
use crate::id::Name;
use crate::statistics::{Cell, Member, Period, Table};

const RULE: Disclosure = Disclosure { minimum: 3, protection: 2, pool: None };

fn scores(level: u8) -> Scores {
    Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(level).unwrap())).collect()
}

/// A release of clusters at these levels.
fn release(quarter: u8, levels: &[u8]) -> Release {
    let scores: Vec<_> = levels.iter().map(|level| scores(*level)).collect();
    let table = Table::tally(Catalogue::ecei(), scores.iter().map(|scores| Member { scores, implied: None })).unwrap();
    Release::first(Catalogue::ecei().reference(), Period::new(2026, quarter).unwrap(), &table, &RULE)
}

fn guarded(mut now: Release, counted: &[usize], before: &[(&Release, Vec<usize>)], labels: usize) -> Release {
    let earlier: Vec<_> = before.iter().map(|(release, units)| Earlier { release, units: units.clone() }).collect();
    guard(&mut now, counted, &earlier, &vec![None; labels], Catalogue::ecei(), &RULE);
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
