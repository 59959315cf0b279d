//! Whole rounds: everybody there, members killed in each phase, members cut off.

use super::world::{PHASES, Phase, Trouble, World, world};
use super::*;

fn killed(phase: Phase, days: u64) -> Trouble {
    Trouble { killed: Some((phase, days)), ..Trouble::default() }
}

fn run(size: usize, seed: u64, troubles: &[(usize, Trouble)]) -> (World, Outcome) {
    let mut world = world(size, seed, troubles);
    world.run();
    let outcome = world.check();
    (world, outcome)
}

fn total(outcome: &Outcome) -> &PoolTotal {
    let Outcome::Total(total) = outcome else { panic!("{outcome:?}") };
    total
}

#[test]
fn with_everybody_there_the_first_attempt_gives_the_total_of_all() {
    for size in 5..=9 {
        let (world, outcome) = run(size, size as u64, &[]);
        let total = total(&outcome);
        assert_eq!((total.attempt, total.members.len()), (1, size));
        assert_eq!(world.refused, []);
        let records: Vec<_> = world.nodes.iter().map(|node| node.log.len()).collect();
        assert_eq!(records, vec![3; size], "a hash, that it is ready, and the total");
    }
}

#[test]
fn a_member_killed_in_each_phase_ends_in_the_total_or_is_named() {
    for (seed, phase) in (10..).zip(PHASES) {
        let (_, outcome) = run(7, seed, &[(4, killed(phase, 365))]);
        let named = |outcome: &Outcome, fault| {
            let Outcome::Failed { attempt: 1, named } = outcome else { panic!("{phase:?}: {outcome:?}") };
            assert_eq!(named, &[Named { agency: Some(agency(4)), fault }], "{phase:?}");
        };
        match phase {
            // The others start again without it.
            Phase::BeforeDealing | Phase::AfterDealing => {
                let total = total(&outcome);
                assert_eq!((total.attempt, total.members.len()), (2, 6), "{phase:?}");
                assert!(!total.members.contains(&agency(4)));
            }
            // Nobody can tell whether it saw all hashes, and opened: no second attempt.
            Phase::AfterHash => named(&outcome, Fault::Ready),
            // It is ready and does not open.
            Phase::AfterReady => named(&outcome, Fault::Opening),
            Phase::AfterOpening | Phase::AfterTotal => assert_eq!(total(&outcome).members.len(), 7),
        }
    }
}

#[test]
fn a_member_that_comes_back_in_time_is_in_the_total() {
    for (seed, phase) in (20..).zip(PHASES) {
        let (_, outcome) = run(7, seed, &[(2, killed(phase, 2))]);
        assert_eq!((total(&outcome).attempt, total(&outcome).members.len()), (1, 7), "{phase:?}");
    }
}

#[test]
fn with_five_there_is_no_second_attempt_without_one() {
    let (world, outcome) = run(5, 30, &[(3, killed(Phase::BeforeDealing, 365))]);
    let Outcome::Closed { attempts: 1, reason: PoolError::TooFew { needed: 5, found: 4 }, named } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(named, &[Named { agency: Some(agency(3)), fault: Fault::Share }]);
    assert!(world.nodes.iter().all(|node| !node.log.iter().any(|(_, record)| matches!(record, PoolRecord::Total(_)))));
}

#[test]
fn three_attempts_find_who_is_there() {
    let troubles = [(1, killed(Phase::BeforeDealing, 365)), (9, Trouble { cut: Some((9, 60)), ..Trouble::default() })];
    let (_, outcome) = run(9, 40, &troubles);
    // 9 is cut off when the second attempt is dealt.
    assert_eq!((total(&outcome).attempt, total(&outcome).members.len()), (3, 7));
}

#[test]
fn a_member_that_is_cut_off_changes_no_figure() {
    for (seed, cut) in (50..).zip([(0, 4), (3, 8), (3, 10), (4, 9), (0, 60), (2, 30), (5, 12)]) {
        let (world, outcome) = run(7, seed, &[(6, Trouble { cut: Some(cut), ..Trouble::default() })]);
        match &outcome {
            Outcome::Total(total) => assert!(total.members.len() >= 6, "{cut:?}: {total:?}"),
            Outcome::Failed { named, .. } => assert!(named.iter().all(|named| named.agency == Some(agency(6))), "{cut:?}: {named:?}"),
            other => panic!("{cut:?}: {other:?}"),
        }
        assert_eq!(world.nodes.len(), 7);
    }
}

#[test]
fn a_federation_in_halves_gives_no_total_at_all_or_one() {
    for (seed, half) in [(60, 4), (61, 3), (62, 5)] {
        let troubles: Vec<_> = (1..=half).map(|number| (number, Trouble { cut: Some((3, 12)), ..Trouble::default() })).collect();
        let (_, outcome) = run(9, seed, &troubles);
        assert!(outcome.is_settled());
    }
}

#[test]
fn many_seeds_of_several_troubles_never_give_two_figures() {
    let mut counted = [0; 3];
    for seed in 100..118 {
        let mut stream = Stream::new(seed);
        let size = 5 + usize::try_from(stream.draw(5)).unwrap();
        let mut troubles = vec![];
        for number in 1..=size {
            let trouble = match stream.draw(8) {
                0 => killed(PHASES[usize::try_from(stream.draw(6)).unwrap()], stream.draw(12)),
                1 => {
                    let from = stream.draw(15);
                    Trouble { cut: Some((from, from + stream.draw(8))), ..Trouble::default() }
                }
                _ => Trouble::default(),
            };
            troubles.push((number, trouble));
        }
        let (_, outcome) = run(size, seed, &troubles);
        counted[match outcome {
            Outcome::Total(_) => 0,
            Outcome::Failed { named, .. } => {
                assert_ne!(named, [], "a failure names somebody");
                1
            }
            Outcome::Closed { .. } => 2,
            other => panic!("seed {seed}: {other:?}"),
        }] += 1;
    }
    assert!(counted[0] > 5 && counted[1] + counted[2] > 0, "{counted:?}");
}

#[test]
fn whoever_asks_on_and_on_is_told_once() {
    let (mut world, _) = run(5, 70, &[]);
    assert_eq!(world.ask(0, 3, &[1, 2, 1, 2]), [agency(2), agency(3)]);
    assert_eq!(world.ask(0, 3, &[0, 1, 2]), [agency(1)], "what it was told is on its way");
    assert_eq!(world.ask(0, 3, &[0, 1, 2]), []);
}
