//! Another identity key by the members' decision: announced, then carried out or dropped (protocol, "Re-keying").

use super::*;
use crate::limits;

const DAYS_30: u64 = limits::REKEYING_SECONDS;

/// The version after the newest, drafted at that second.
fn drafted(chain: &Chain, at: u64, change: impl FnOnce(&mut Charter)) -> Charter {
    let mut charter = next(chain, change);
    charter.created = Timestamp::default().plus(at);
    charter
}

fn waiting(agency: u8, at: u64, seed: u8) -> Rekeying {
    Rekeying {
        agency: id(agency),
        announced: Timestamp::default().plus(at),
        identity: key(seed).public(),
        successor: key(seed + 1).public().hash(),
    }
}

/// Puts the announced keys of the first member into place.
fn carry_out(charter: &mut Charter, seed: u8) {
    charter.rekeyings.clear();
    charter.members[0].identity = key(seed).public();
    charter.members[0].successor = key(seed + 1).public().hash();
}

/// Five members, whose first is to have the key of seed 210, announced at second 1,000.
fn announced() -> Chain {
    let chain = chain(&seeds(5));
    let version = drafted(&chain, 1_000, |charter| charter.rekeyings.push(waiting(1, 1_000, 210)));
    let few = refusal(&chain, amend(&chain, &version, &[2, 3, 4], &[]));
    assert_eq!(few, AmendmentError::TooFew { have: 3, needed: 4, version: 1 }, "it takes two thirds");
    let text = amend(&chain, &version, &[2, 3, 4, 5], &[]);
    chain.extend(text).expect("announced")
}

#[test]
fn a_key_by_the_majority_waits_thirty_days_to_the_second() {
    let chain = announced();
    assert_eq!(chain.newest().rekeying(&id(1)), Some(&waiting(1, 1_000, 210)));
    assert!(chain.rekeyed(&id(1)).is_empty());
    let early = drafted(&chain, 1_000 + DAYS_30 - 1, |charter| carry_out(charter, 210));
    let due = Timestamp::default().plus(1_000 + DAYS_30);
    let cause = RekeyingError::TooSoon { agency: id(1), from: due };
    assert_eq!(refusal(&chain, amend(&chain, &early, &[2, 3, 4, 5], &[])), cause.into());
    let version = drafted(&chain, 1_000 + DAYS_30, |charter| carry_out(charter, 210));
    let few = refusal(&chain, amend(&chain, &version, &[2, 3, 4], &[]));
    assert_eq!(few, AmendmentError::TooFew { have: 3, needed: 4, version: 2 });
    let done = chain.clone().extend(amend(&chain, &version, &[2, 3, 4, 5], &[])).expect("carried out");
    assert_eq!((done.rekeyed(&id(1)), done.rekeyed(&id(2))), (vec![3], vec![]));
    // As a label file tells it.
    let told = Chain::revised(done.founding().clone(), done.revisions().expect("text")).expect("the same chain");
    assert_eq!(told.newest(), done.newest());
    assert_eq!(told.rekeyed(&id(1)), [3]);
    // The key given up is not given back, neither at once nor by another announcement.
    let former = Rekeying { identity: key(1).public(), ..waiting(1, 2 * DAYS_30, 230) };
    let back = drafted(&done, 2 * DAYS_30, |charter| charter.rekeyings.push(former));
    assert_eq!(refusal(&done, amend(&done, &back, &[2, 3, 4, 5], &[])), AmendmentError::Reused(id(1)));
    assert_eq!(done.follows(&back), Err(AmendmentError::Reused(id(1))), "and nobody is asked to vote for that");
    let committed = Rekeying { successor: key(1).public().hash(), ..waiting(2, 2 * DAYS_30, 230) };
    let back = drafted(&done, 2 * DAYS_30, |charter| charter.rekeyings.push(committed));
    assert_eq!(done.follows(&back), Err(AmendmentError::Reused(id(2))), "nor committed to");
}

#[test]
fn nothing_is_carried_out_that_was_not_announced() {
    let chain = announced();
    for change in [
        // Another key than the one announced, and another successor.
        (|charter: &mut Charter| carry_out(charter, 220)) as fn(&mut Charter),
        |charter| {
            carry_out(charter, 210);
            charter.members[0].successor = key(230).public().hash();
        },
        // Another member.
        |charter| {
            charter.rekeyings.clear();
            charter.members[1].identity = key(210).public();
        },
    ] {
        let version = drafted(&chain, 1_000 + DAYS_30, change);
        let cause = refusal(&chain, amend(&chain, &version, &[2, 3, 4, 5], &[]));
        assert!(matches!(cause, AmendmentError::NotCommitted(_)), "{cause:?}");
    }
    // Announced under an earlier time than its version's, it would not wait.
    let chain = super::chain(&seeds(5));
    let version = drafted(&chain, DAYS_30 + 5, |charter| charter.rekeyings.push(waiting(1, 5, 210)));
    let cause = RekeyingError::Time(id(1));
    assert_eq!(refusal(&chain, amend(&chain, &version, &[2, 3, 4, 5], &[])), cause.into());
    // Nor does one of the future, which nobody could carry out for years.
    let chain = super::chain(&seeds(5));
    let version = drafted(&chain, 1_000, |charter| charter.rekeyings.push(waiting(1, 2_000, 210)));
    let cause = RekeyingError::Time(id(1));
    assert_eq!(refusal(&chain, amend(&chain, &version, &[2, 3, 4, 5], &[])), cause.into());
    // A key kept waiting is not announced again under an earlier time either.
    let chain = announced();
    let version = drafted(&chain, 2_000, |charter| charter.rekeyings[0].announced = Timestamp::default());
    let cause = RekeyingError::Time(id(1));
    assert_eq!(refusal(&chain, amend(&chain, &version, &[2, 3, 4, 5], &[])), cause.into());
}

#[test]
fn what_was_announced_is_dropped_by_a_simple_majority_or_by_the_successor() {
    let chain = announced();
    let version = drafted(&chain, 2_000, |charter| charter.rekeyings.clear());
    assert_eq!(refusal(&chain, amend(&chain, &version, &[1, 2], &[])), AmendmentError::TooFew { have: 2, needed: 3, version: 2 });
    assert!(chain.clone().extend(amend(&chain, &version, &[1, 2, 3], &[])).is_ok());
    // The committed successor takes over: then the other key does not wait on.
    let succeed = |charter: &mut Charter| {
        charter.members[0].identity = key(101).public();
        charter.members[0].successor = key(170).public().hash();
    };
    let version = drafted(&chain, 2_000, succeed);
    let cause = RekeyingError::Overtaken(id(1));
    assert_eq!(refusal(&chain, amend(&chain, &version, &[2, 3, 4, 5], &[])), cause.into());
    let version = drafted(&chain, 2_000, |charter| {
        succeed(charter);
        charter.rekeyings.clear();
    });
    let done = chain.clone().extend(amend(&chain, &version, &[2, 3, 4, 5], &[])).expect("it had committed to that key");
    assert!(done.rekeyed(&id(1)).is_empty());
}

#[test]
fn who_witnesses_stays_while_a_key_waits() {
    let chain = announced();
    let newcomer = super::super::charter(&[50]).members.remove(0);
    for change in [
        (|charter, newcomer| charter.members.push(newcomer)) as fn(&mut Charter, Member),
        |charter, _| drop(charter.members.pop()),
        |charter, _| charter.members[2].parent = Some("A ministry".parse().expect("name")),
    ] {
        let version = drafted(&chain, 2_000, |charter| change(charter, newcomer.clone()));
        let amendment = amend(&chain, &version, &[1, 2, 3, 4], &[(5, 9)]);
        assert_eq!(version.follows(chain.newest()), Err(RekeyingError::Witnesses(id(1)).into()), "{amendment:?}");
        // Dropped in the same step, nothing waits.
        let version = drafted(&chain, 2_000, |charter| {
            change(charter, newcomer.clone());
            charter.rekeyings.clear();
        });
        assert!(version.follows(chain.newest()).is_ok());
        // Carried out in the same step, whoever got the key would choose who watches it.
        let version = drafted(&chain, 1_000 + DAYS_30, |charter| {
            carry_out(charter, 210);
            change(charter, newcomer.clone());
        });
        assert_eq!(version.follows(chain.newest()), Err(AmendmentError::KeyAndWitnesses));
    }
    // Everything else may change meanwhile.
    let version = drafted(&chain, 2_000, |charter| charter.status_max_age_days = 21);
    assert!(chain.clone().extend(amend(&chain, &version, &[2, 3, 4], &[])).is_ok());
}

#[test]
fn a_rekeying_is_of_a_member_and_to_a_key_that_nobody_has() {
    let chain = chain(&seeds(5));
    let refused = |change: fn(&mut Charter)| {
        let version = drafted(&chain, 1_000, change);
        version.follows(chain.newest()).expect_err("refused")
    };
    let cause = |agency: u8| AmendmentError::Charter(CharterError::Rekeying(id(agency)));
    assert_eq!(refused(|charter| charter.rekeyings.push(waiting(9, 1_000, 210))), cause(9));
    // The key of another, the successor of another, its own successor: that one takes over by its own right.
    for seed in [2, 102, 101] {
        let mut other = waiting(1, 1_000, 210);
        other.identity = key(seed).public();
        let version = drafted(&chain, 1_000, |charter| charter.rekeyings.push(other));
        assert_eq!(version.follows(chain.newest()), Err(cause(1)), "{seed}");
    }
    assert_eq!(refused(|charter| charter.rekeyings.extend([waiting(1, 1_000, 210), waiting(1, 1_000, 220)])), cause(1));
    assert_eq!(refused(|charter| charter.rekeyings.extend([waiting(2, 1_000, 210), waiting(1, 1_000, 220)])), cause(1));
    assert_eq!(refused(|charter| charter.rekeyings.extend([waiting(1, 1_000, 210), waiting(2, 1_000, 210)])), cause(2));
    let mut founding = super::super::charter(&seeds(5));
    founding.rekeyings.push(waiting(1, 0, 210));
    assert_eq!(founding.check(), Err(CharterError::Rekeying(id(1))));
}

#[test]
fn rekeyings_are_told_in_words() {
    let chain = announced();
    let words = |before: &Charter, after: &Charter| differences(before, after).iter().map(ToString::to_string).collect::<Vec<_>>();
    let first = chain.version(1).expect("the first");
    let new = key(210).public();
    let announced = format!(
        "agency-001 is to have another identity key by the members' decision, thirty days after 1970-01-01T00:16:40Z unless its present key objects: {new}"
    );
    assert_eq!(words(first, chain.newest()), [announced]);
    let dropped = drafted(&chain, 2_000, |charter| charter.rekeyings.clear());
    assert_eq!(words(chain.newest(), &dropped), ["agency-001 keeps its identity key: the one that was announced comes to nothing"]);
    let done = drafted(&chain, 1_000 + DAYS_30, |charter| carry_out(charter, 210));
    let told =
        format!("agency-001 has another identity key by the members' decision of 1970-01-01T00:16:40Z, NOT by its own commitment: {new}");
    assert_eq!(words(chain.newest(), &done), [told]);
}
