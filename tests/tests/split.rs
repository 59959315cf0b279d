//! Case L3: an owner that tells two stories of its log, with every number of witnesses from 4 to 15 and every number of
//! colluding ones that is tolerated. More seeds: `sim --split`.

use parangon_tests::split::{Audience, World, play, sweep};

/// Played for each number of witnesses and of colluders.
const SEEDS: std::ops::Range<u64> = 0..10;

#[test]
fn no_split_view_is_accepted_and_with_a_smaller_quorum_one_is() {
    let rows = sweep(&SEEDS);
    for row in &rows {
        let n = row.witnesses();
        assert_eq!(row.breach, None, "{row}");
        assert_eq!(row.quorum, 2 * n / 3 + 1, "{row}");
        // The test sees what there is to see: every quorum that so many colluders can split was split, none above it.
        assert_eq!(row.split, row.splittable(), "{row}");
        assert!(row.quorum > row.split, "{row}");
    }
    // With as many colluders as are tolerated the quorum that was split is k' of case L3, for all n from 4 to 15.
    let found: Vec<usize> = rows.iter().filter(|row| row.colluders == row.tolerated).map(|row| row.witnesses()).collect();
    assert_eq!(found, (4..16).flat_map(|n| [n, n]).collect::<Vec<_>>());
    for row in rows.iter().filter(|row| row.colluders == row.tolerated) {
        assert_eq!(row.split, (row.witnesses() + row.tolerated) / 2, "{row}");
    }
}

#[test]
fn with_one_colluder_more_than_is_tolerated_the_quorum_itself_is_split() {
    // n = 3f + 1 is where nothing is to spare.
    for n in [4, 7, 10, 13] {
        let world = World::found(&vec![1; n]);
        let colluders = (n - 1) / 3 + 1;
        let broken = SEEDS.map(|seed| play(&world, colluders, Audience::Groups, seed)).filter(|outcome| outcome.breach.is_some());
        assert!(broken.count() > 0, "n = {n}");
    }
}

#[test]
fn a_seed_is_a_whole_run_and_those_who_were_told_both_stories_say_so() {
    let world = World::found(&[1; 7]);
    for seed in SEEDS {
        let outcome = play(&world, 2, Audience::Groups, seed);
        assert_eq!(outcome, play(&world, 2, Audience::Groups, seed), "seed {seed}");
        assert_eq!(outcome.frozen, 5, "seed {seed}: in the end every honest witness holds the proof");
    }
}

/// Agencies under one parent are one witness. The owner shows each of them what it likes.
#[test]
fn agencies_under_one_parent_that_see_different_stories_are_no_liar_more() {
    // Four witnesses of which one may lie, nobody does: two of them are pairs of honest agencies.
    let world = World::found(&[2, 2, 1, 1]);
    for seed in SEEDS {
        assert_eq!(play(&world, 0, Audience::Agencies, seed).breach, None, "seed {seed}");
    }
}
