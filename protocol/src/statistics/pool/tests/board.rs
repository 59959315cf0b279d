//! What binds a member, and who remains.

use super::*;

fn hash(attempt: &Attempt) -> PoolRecord {
    PoolRecord::Hash(PoolHash { attempt: attempt.number(), hash: Hash::of(&[b"sum"]), round: *attempt.round(), set: *attempt.set() })
}

fn ready(attempt: &Attempt) -> PoolRecord {
    PoolRecord::Ready(PoolReady { attempt: attempt.number(), round: *attempt.round(), set: *attempt.set() })
}

fn fault(attempt: &Attempt, faults: &[(usize, Fault)]) -> PoolRecord {
    let faults = faults.iter().map(|(number, fault)| Named { agency: Some(agency(*number)), fault: *fault }).collect();
    PoolRecord::Fault(PoolFault { attempt: attempt.number(), faults, round: *attempt.round(), set: *attempt.set() })
}

/// Board with these records of agency-1.
fn with(plan: &Plan, records: Vec<PoolRecord>) -> Board {
    let mut board = Board::new(*plan.round());
    records.into_iter().for_each(|record| board.push(&agency(1), record));
    board
}

#[test]
fn the_first_record_binds_and_the_first_vote_counts() {
    let plan = plan(9);
    let first = plan.first().unwrap();
    let set = |skip: usize| plan.attempt(2, &plan.agencies().take(9 - skip).cloned().collect()).unwrap();
    let (second, other) = (set(1), set(2));
    let vote = |records: Vec<PoolRecord>, attempt: &Attempt| {
        let board = with(&plan, records);
        let vote = board.vote(&agency(1), attempt.number(), attempt.set());
        (board.committed(&agency(1), attempt).is_some(), vote.map(|vote| vote == Vote::Ready))
    };
    let against = |attempt: &Attempt| fault(attempt, &[(3, Fault::Share)]);
    assert_eq!(vote(vec![], &first), (false, None));
    assert_eq!(vote(vec![hash(&first)], &first), (true, None));
    assert_eq!(vote(vec![hash(&first), ready(&first)], &first), (true, Some(true)));
    assert_eq!(vote(vec![hash(&first), ready(&first), against(&first)], &first), (true, Some(true)));
    assert_eq!(vote(vec![hash(&first), against(&first), ready(&first)], &first), (true, Some(false)));
    assert_eq!(vote(vec![against(&first), hash(&first), ready(&first)], &first), (false, Some(false)));
    assert_eq!(vote(vec![ready(&first), hash(&first)], &first), (false, None), "ready for what it never committed to");
    // In one attempt a log is in one set.
    let both = vec![hash(&second), hash(&other), ready(&other), ready(&second)];
    assert_eq!(vote(both.clone(), &other), (false, None));
    assert_eq!(vote(both, &second), (true, None), "its first vote is for a set that it is not bound to");
    // Whoever went on says nothing more of what was before.
    let late = vec![hash(&second), hash(&first), ready(&first)];
    assert_eq!(vote(late, &first), (false, None));
}

#[test]
fn records_of_other_rounds_and_void_ones_say_nothing() {
    let (plan, other) = (plan(9), plan_of(&[5; 6]));
    let (first, elsewhere) = (plan.first().unwrap(), other.first().unwrap());
    let empty = Board::new(*plan.round());
    let says_nothing = |record: PoolRecord| with(&plan, vec![record]) == empty;
    assert!(!says_nothing(hash(&first)));
    assert!(says_nothing(hash(&elsewhere)));
    for void in [
        fault(&first, &[]),
        fault(&first, &[(2, Fault::Share), (2, Fault::Hash)]),
        fault(&first, &[(3, Fault::Share), (2, Fault::Hash)]),
        fault(&first, &[(2, Fault::Share), (3, Fault::Opening)]),
        fault(&first, &[(2, Fault::Levels)]),
    ] {
        assert!(says_nothing(void.clone()), "{void:?}");
    }
    // However many an agency writes, a bounded number is looked at.
    let many = with(&plan, std::iter::repeat_n(hash(&first), 10_000).collect());
    assert!(format!("{many:?}").len() < 100_000);
}

#[test]
fn who_is_silent_leaves_alone_and_who_accuses_leaves_with_the_accused() {
    let plan = plan(9);
    let first = plan.first().unwrap();
    let remaining = |records: &[(usize, Vec<PoolRecord>)]| {
        let mut board = Board::new(*plan.round());
        for (number, records) in records {
            records.iter().for_each(|record| board.push(&agency(*number), record.clone()));
        }
        let left: Vec<_> = board.remaining(&first).iter().map(|agency| agency.as_str()[7..].parse::<usize>().unwrap()).collect();
        left
    };
    let lacks = |number: usize, of: usize| (number, vec![fault(&first, &[(of, Fault::Share)])]);
    // All lack the share of 9, which is silent.
    let silent: Vec<_> = (1..9).map(|number| lacks(number, 9)).collect();
    assert_eq!(remaining(&silent), (1..9).collect::<Vec<_>>());
    // 9 says something: it leaves with the first that lacks its share, the others stay.
    let all = [silent, vec![(9, vec![hash(&first), fault(&first, &[(1, Fault::Hash)])])]].concat();
    assert_eq!(remaining(&all), (2..9).collect::<Vec<_>>());
    // A liar that accuses four leaves with one of them, and so does each accomplice.
    let plain = |number: usize| (number, vec![hash(&first), fault(&first, &[(1, Fault::Hash)])]);
    let lie = (1, vec![fault(&first, &[(2, Fault::Share), (3, Fault::Share), (4, Fault::Share), (5, Fault::Share)])]);
    let one: Vec<_> = std::iter::once(lie.clone()).chain((2..=9).map(plain)).collect();
    assert_eq!(remaining(&one), (3..=9).collect::<Vec<_>>());
    // Who was cut off says so itself: then nobody leaves with it, and it stays where nobody lacks its share.
    let off = (9, vec![fault(&first, &[(9, Fault::Hash)])]);
    let accused: Vec<_> = (1..9).map(|number| lacks(number, 9)).chain([off.clone()]).collect();
    assert_eq!(remaining(&accused), (1..9).collect::<Vec<_>>());
    let few: Vec<_> =
        (1..9).map(plain).map(|(number, said)| if number < 4 { lacks(number, 9) } else { (number, said) }).chain([off]).collect();
    assert_eq!(remaining(&few), (2..9).collect::<Vec<_>>(), "a minority of accusers pays for it");
    let half: Vec<_> = (1..=9).map(|number| (number, vec![fault(&first, &[(number, Fault::Hash)])])).collect();
    assert_eq!(remaining(&half), (1..=9).collect::<Vec<_>>());
    // Votes of `ready` remain as well: nobody opened, since one gave up.
    let mixed: Vec<_> = std::iter::once(lie).chain((2..=9).map(|number| (number, vec![hash(&first), ready(&first)]))).collect();
    assert_eq!(remaining(&mixed), (3..=9).collect::<Vec<_>>());
}

#[test]
fn whoever_says_of_whom_no_share_came_is_not_named_for_its_missing_hash() {
    let plan = plan(5);
    let first = plan.first().unwrap();
    // 5 deals to 1 alone: 1 sees that the logs of 2 to 4 hold no hash.
    let starved = |number: usize| (number, vec![fault(&first, &[(5, Fault::Share)])]);
    let fed = (1, vec![hash(&first), fault(&first, &[(2, Fault::Hash), (3, Fault::Hash), (4, Fault::Hash)])]);
    let closed = |liar: Vec<PoolRecord>| {
        let mut board = Board::new(*plan.round());
        for (number, records) in [fed.clone(), starved(2), starved(3), starved(4), (5, liar)] {
            records.into_iter().for_each(|record| board.push(&agency(number), record));
        }
        let Outcome::Closed { named, .. } = outcome(&plan, &board, Calendar::new(period(), 2).start()) else { panic!("it is over") };
        named
    };
    let name = |number: usize, fault| Named { agency: Some(agency(number)), fault };
    assert_eq!(closed(vec![]), [name(5, Fault::Share)]);
    assert_eq!(closed(vec![hash(&first), fault(&first, &[(2, Fault::Hash)])]), [name(5, Fault::Share)]);
    // Whoever gives up for no reason of its own is.
    let mut board = Board::new(*plan.round());
    for (number, records) in [(1, vec![fault(&first, &[(2, Fault::Hash)])]), (2, vec![hash(&first), fault(&first, &[(1, Fault::Hash)])])] {
        records.into_iter().for_each(|record| board.push(&agency(number), record));
    }
    let outcome = outcome(&plan, &board, Calendar::new(period(), 2).start());
    let Outcome::Closed { named, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(named, [1, 2, 3, 4, 5].map(|number| name(number, Fault::Hash)));
}
