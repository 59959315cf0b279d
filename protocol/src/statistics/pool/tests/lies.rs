//! Members that lie, each in its way: the exact total, or a failure by name.

use super::world::{Lie, Trouble, World, world};
use super::*;

fn lying(number: usize, lie: Lie) -> (usize, Trouble) {
    (number, Trouble { lie: Some(lie), ..Trouble::default() })
}

fn run(seed: u64, lie: Lie) -> (World, Outcome) {
    let mut world = world(7, seed, &[lying(5, lie)]);
    world.run();
    let outcome = world.check();
    (world, outcome)
}

fn failed(outcome: &Outcome, agency: Option<AgencyId>, fault: Fault) {
    let Outcome::Failed { attempt: 1, named } = outcome else { panic!("{outcome:?}") };
    assert_eq!(named, &[Named { agency, fault }]);
}

fn members(outcome: &Outcome) -> (u32, usize) {
    let Outcome::Total(total) = outcome else { panic!("{outcome:?}") };
    (total.attempt, total.members.len())
}

#[test]
fn a_wrong_share_shows_in_the_levels_and_nothing_is_published() {
    for lie in [Lie::WrongShare(2), Lie::MoreUnits] {
        let (world, outcome) = run(1, lie);
        failed(&outcome, None, Fault::Levels);
        assert!(world.nodes.iter().all(|node| !node.log.iter().any(|(_, record)| matches!(record, PoolRecord::Total(_)))), "{lie:?}");
    }
}

#[test]
fn of_two_shares_the_first_stands() {
    let (world, outcome) = run(2, Lie::Twice);
    assert!(world.refused.contains(&PoolError::Twice(agency(5))));
    // Which one is first differs: then the levels do not add up, or they do.
    match &outcome {
        Outcome::Failed { .. } => failed(&outcome, None, Fault::Levels),
        outcome => assert_eq!(members(outcome), (1, 7)),
    }
}

#[test]
fn shares_that_count_nowhere_leave_their_sender_out() {
    for (seed, lie) in [(3, Lie::OtherRound), (4, Lie::BadSignature)] {
        let (world, outcome) = run(seed, lie);
        let refused = |error: &PoolError| match lie {
            Lie::OtherRound => *error == PoolError::OtherRound(agency(5)),
            _ => matches!(error, PoolError::Statement(_)),
        };
        assert!(world.refused.iter().any(refused), "{lie:?}: {:?}", world.refused);
        // The liar says in its log that it takes part: one of those who lack its share leaves with it.
        let (attempt, count) = members(&outcome);
        assert_eq!((attempt, count), (2, 5), "{lie:?}");
        let Outcome::Total(total) = &outcome else { unreachable!() };
        assert!(!total.members.contains(&agency(5)), "{lie:?}");
    }
}

#[test]
fn a_share_that_one_member_does_not_get_takes_both_out() {
    let (world, outcome) = run(6, Lie::NoShareFor(2));
    assert_eq!(members(&outcome), (2, 5));
    let Outcome::Total(total) = &outcome else { unreachable!() };
    assert!(!total.members.contains(&agency(5)) && !total.members.contains(&agency(2)));
    let accusation = |record: &PoolRecord| match record {
        PoolRecord::Fault(fault) => fault.faults.contains(&Named { agency: Some(agency(5)), fault: Fault::Share }),
        _ => false,
    };
    assert!(world.nodes[1].log.iter().any(|(_, record)| accusation(record)));
}

#[test]
fn whoever_accuses_falsely_leaves_with_the_accused() {
    let (_, outcome) = run(7, Lie::Accuses(2));
    assert_eq!(members(&outcome), (2, 5));
    let Outcome::Total(total) = &outcome else { unreachable!() };
    assert!(!total.members.contains(&agency(5)) && !total.members.contains(&agency(2)));
}

#[test]
fn a_sum_that_is_not_the_logged_one_is_named() {
    for (seed, lie) in [(8, Lie::OtherHash), (9, Lie::OtherSum)] {
        let (_, outcome) = run(seed, lie);
        failed(&outcome, Some(agency(5)), Fault::Mismatch);
    }
}

#[test]
fn what_is_opened_to_some_reaches_all() {
    for (seed, lie) in [(10, Lie::OtherSumTo(2)), (11, Lie::OpensOnlyTo(2))] {
        let (world, outcome) = run(seed, lie);
        assert_eq!(members(&outcome), (1, 7), "{lie:?}");
        let published = world.nodes.iter().filter(|node| node.log.iter().any(|(_, record)| matches!(record, PoolRecord::Total(_))));
        assert_eq!(published.count(), 7, "{lie:?}");
    }
}

#[test]
fn whoever_does_not_open_is_named_and_there_is_no_second_attempt() {
    let (world, outcome) = run(12, Lie::Closed);
    failed(&outcome, Some(agency(5)), Fault::Opening);
    assert!(world.nodes.iter().filter(|node| node.is_honest()).all(|node| node.log.iter().all(|(_, record)| record.attempt() == 1)));
}

#[test]
fn what_is_taken_back_stands() {
    let (_, outcome) = run(13, Lie::TakesBack);
    assert_eq!(members(&outcome), (1, 7));
}

#[test]
fn totals_that_differ_are_named_and_none_counts() {
    let (_, outcome) = run(14, Lie::OtherTotal);
    let Outcome::Contradiction { agencies } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(agencies, &[agency(5)], "the others say the same");
}

#[test]
fn liars_together_with_killed_and_cut_off_members_never_make_two_figures() {
    let lies = [
        Lie::WrongShare(1),
        Lie::Twice,
        Lie::OtherRound,
        Lie::NoShareFor(1),
        Lie::MoreUnits,
        Lie::OtherHash,
        Lie::OtherSum,
        Lie::OtherSumTo(1),
        Lie::OpensOnlyTo(1),
        Lie::Closed,
        Lie::Accuses(1),
        Lie::TakesBack,
    ];
    for (seed, lie) in (200..).zip(lies) {
        let other = lies[usize::try_from(seed).unwrap() * 5 % lies.len()];
        let cut = Trouble { cut: Some((3, 9)), ..Trouble::default() };
        let mut world = world(9, seed, &[lying(5, lie), lying(6, other), (7, cut)]);
        world.run();
        world.check();
    }
}

#[test]
fn done_when_five_seven_members_one_killed_one_lying_one_cut_off() {
    for (seed, phase) in (300..).zip(super::world::PHASES) {
        for lie in [Lie::NoShareFor(1), Lie::WrongShare(2), Lie::OtherSum, Lie::Closed, Lie::Accuses(3)] {
            let killed = Trouble { killed: Some((phase, 365)), ..Trouble::default() };
            let cut = Trouble { cut: Some((3, 9)), ..Trouble::default() };
            let mut world = world(7, seed, &[lying(5, lie), (6, killed), (7, cut)]);
            world.run();
            match world.check() {
                Outcome::Total(_) => {}
                Outcome::Failed { named, .. } => assert_ne!(named, [], "{phase:?}, {lie:?}"),
                Outcome::Closed { named, .. } => assert_ne!(named, [], "{phase:?}, {lie:?}"),
                other => panic!("{phase:?}, {lie:?}: {other:?}"),
            }
        }
    }
}
