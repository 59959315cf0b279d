//! Which totals may follow which: no difference of any of them tells of a few labels.

use super::*;

fn kind(held: &[(usize, u32, u32)]) -> Kind {
    Kind(held.iter().map(|(number, stays, gone)| Held { agency: agency(*number), gone: *gone, stays: *stays }).collect())
}

/// Six agencies with so many units each, of which those of these kinds were in earlier totals. The minimum is 3.
fn after(units: &[u32], kinds: &[Kind]) -> Plan {
    plan_of(units).after(kinds.to_vec()).unwrap()
}

fn opens(plan: &Plan) -> Result<(), PoolError> {
    plan.first().map(drop)
}

/// The first `members` of so many each, all of which stay.
fn all(members: usize, each: u32) -> Kind {
    kind(&(1..=members).map(|number| (number, each, 0)).collect::<Vec<_>>())
}

#[test]
fn the_same_labels_again_tell_nothing() {
    assert_eq!(opens(&after(&[2; 6], &[all(6, 2)])), Ok(()));
    // Each kind is in it whole, also a small one.
    let rest = kind(&(2..=6).map(|number| (number, 1, 0)).collect::<Vec<_>>());
    assert_eq!(opens(&after(&[2; 6], &[all(6, 1), kind(&[(1, 1, 0)]), rest])), Ok(()));
}

#[test]
fn labels_that_came_are_none_or_enough_without_any_two() {
    let came = |more: [u32; 6]| opens(&after(&more.map(|more| 2 + more), &[all(6, 2)]));
    assert_eq!(came([1, 0, 0, 0, 0, 0]), Err(PoolError::Close), "one label, whose answers would be the difference");
    assert_eq!(came([9, 9, 0, 0, 0, 0]), Err(PoolError::Close), "of two, who know their own");
    assert_eq!(came([9, 9, 2, 0, 0, 0]), Err(PoolError::Close));
    assert_eq!(came([9, 9, 2, 1, 0, 0]), Ok(()));
    assert_eq!(came([1; 6]), Ok(()));
}

#[test]
fn labels_that_went_are_none_or_enough_without_any_two() {
    let went = |gone: [u32; 6]| {
        let held: Vec<_> = gone.iter().enumerate().map(|(at, gone)| (at + 1, 2, *gone)).collect();
        opens(&after(&[2; 6], &[kind(&held)]))
    };
    assert_eq!(went([0; 6]), Ok(()));
    assert_eq!(went([0, 1, 0, 0, 0, 0]), Err(PoolError::Close));
    assert_eq!(went([5, 5, 1, 1, 0, 0]), Err(PoolError::Close));
    assert_eq!(went([5, 5, 1, 1, 1, 0]), Ok(()));
    // What is left of an earlier total has to be enough too: else what went is that total, nearly.
    let nearly = kind(&[(1, 1, 5), (2, 0, 5), (3, 0, 5), (4, 0, 5), (5, 0, 5)]);
    assert_eq!(opens(&after(&[5; 6], &[nearly])), Err(PoolError::Close));
    // Of an earlier total of which nothing is left, nothing is told.
    let over = kind(&[(1, 0, 1), (7, 0, 1)]);
    assert_eq!(after(&[5; 6], std::slice::from_ref(&over)), plan_of(&[5; 6]));
}

#[test]
fn an_agency_that_was_in_an_earlier_total_is_not_left_out() {
    let plan = after(&[2; 7], &[all(7, 2)]);
    let six = plan.agencies().take(6).cloned().collect();
    assert_eq!((opens(&plan), plan.attempt(2, &six)), (Ok(()), Err(PoolError::Close)));
    assert!(plan.attempt(2, &plan.agencies().cloned().collect()).is_ok(), "the same members may try again");
    // One that was in none is.
    let other = after(&[2; 7], &[all(6, 2)]);
    assert_eq!((opens(&other), other.attempt(2, &six).map(drop)), (Err(PoolError::Close), Ok(())));
    // Nor does one leave the pool, or the federation.
    assert_eq!(
        opens(&after(&[2; 6], &[kind(&[(1, 2, 0), (2, 2, 0), (3, 2, 0), (4, 2, 0), (5, 2, 0), (6, 2, 0), (7, 0, 9)])])),
        Err(PoolError::Close)
    );
}

#[test]
fn a_kind_of_several_totals_is_not_split_although_each_pair_of_totals_differs_enough() {
    // A kind for each pattern of two earlier totals. The new one splits the labels of the first total that were not in the second.
    let both = all(6, 4);
    let first = kind(&[(1, 1, 2), (2, 1, 2), (3, 1, 2), (4, 0, 2), (5, 0, 2)]);
    assert_eq!(opens(&after(&[5, 5, 5, 4, 4, 4], &[both.clone(), first])), Err(PoolError::Close));
    let first = kind(&[(1, 1, 2), (2, 1, 2), (3, 1, 2), (4, 1, 2), (5, 1, 2)]);
    assert_eq!(opens(&after(&[5, 5, 5, 5, 5, 4], &[both, first])), Ok(()));
}

#[test]
fn an_unclear_past_gives_no_round() {
    let plan = plan_of(&[5; 6]).unclear().unwrap();
    assert_eq!(opens(&plan), Err(PoolError::Unclear));
    assert_eq!(Plan::read(&plan.to_text().unwrap()).as_ref(), Ok(&plan));
}

#[test]
fn kinds_are_in_the_rounds_name_and_survive_its_text() {
    let plan = after(&[3; 6], &[all(5, 1), all(6, 2)]);
    assert_eq!(Plan::read(&plan.to_text().unwrap()).as_ref(), Ok(&plan));
    assert_eq!(after(&[3; 6], &[all(6, 2), all(5, 1)]), plan, "in whatever order they are told");
    assert_ne!(plan.round(), plan_of(&[3; 6]).round());
    for bad in [vec![all(6, 4)], vec![all(6, 2), all(6, 2)], vec![kind(&[(2, 1, 0), (1, 1, 0)])], vec![kind(&[(9, 1, 0)])]] {
        assert_eq!(plan_of(&[3; 6]).after(bad), Err(PoolError::Plan));
    }
}

fn push(board: &mut Board, number: usize, attempt: &Attempt, ready: bool) {
    let (number_of, round, set) = (attempt.number(), *attempt.round(), *attempt.set());
    board.push(&agency(number), PoolRecord::Hash(PoolHash { attempt: number_of, hash: Hash::of(&[b"sum"]), round, set }));
    let faults = vec![Named { agency: Some(agency(1)), fault: Fault::Share }];
    board.push(
        &agency(number),
        if ready {
            PoolRecord::Ready(PoolReady { attempt: number_of, round, set })
        } else {
            PoolRecord::Fault(PoolFault { attempt: number_of, faults, round, set })
        },
    );
}

#[test]
fn what_may_have_been_seen_counts_although_nobody_published_it() {
    let plan = plan_of(&[5; 9]);
    let first = plan.first().unwrap();
    let second = plan.attempt(2, &plan.agencies().take(7).cloned().collect()).unwrap();
    let opened = |attempt: &Attempt, ready: &[usize], not: &[usize]| {
        let mut board = Board::new(*plan.round());
        ready.iter().for_each(|number| push(&mut board, *number, attempt, true));
        not.iter().for_each(|number| push(&mut board, *number, attempt, false));
        board.opened(&plan)
    };
    let of = |attempt: &Attempt| Opened::Of(attempt.members().to_vec());
    assert_eq!(opened(&first, &[1, 2, 3, 4, 5, 6, 7, 8, 9], &[]), of(&first));
    assert_eq!(opened(&first, &[1, 2, 3, 4, 5, 6, 7, 8], &[9]), Opened::Nothing);
    assert_eq!(opened(&second, &[1, 2, 3, 4, 5, 6, 7], &[]), of(&second));
    assert_eq!(opened(&second, &[1, 2, 3, 4, 5, 6], &[7]), Opened::Nothing);
    // Who is not in the set says that it is ready, too.
    assert_eq!(opened(&second, &[1, 2, 3, 4, 5, 6, 7, 9], &[]), of(&second));
    assert_eq!(opened(&second, &[1, 2, 3, 4], &[]), Opened::Nothing);
    assert_eq!(opened(&second, &[1, 2, 3, 4, 5, 8, 9], &[]), Opened::Unclear);
}

#[test]
fn some_members_alone_make_no_first_attempt() {
    let plan = plan_of(&[5; 9]);
    let some = plan.agencies().take(5).cloned().collect();
    assert_eq!(plan.attempt(1, &some), Err(PoolError::TooFew { needed: 9, found: 5 }));
}
