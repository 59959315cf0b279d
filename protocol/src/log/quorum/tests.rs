use proptest::prelude::*;

use super::*;

fn agency(name: &str) -> AgencyId {
    name.parse().expect("slug")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("in range")
}

fn alone(names: &[&str]) -> Vec<(AgencyId, Option<String>)> {
    names.iter().map(|name| (agency(name), None)).collect()
}

#[test]
fn the_first_thresholds_are_those_of_the_protocol() {
    let expected = [(0, 1, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 3, 1), (5, 4, 1), (6, 5, 1), (7, 5, 2), (10, 7, 3), (299, 200, 99)];
    for (n, k, f) in expected {
        assert_eq!((threshold(n), tolerated(n)), (k, f), "n = {n}");
    }
    assert!(threshold(usize::MAX) > usize::MAX / 2);
}

#[test]
fn two_quorums_share_an_honest_witness() {
    for n in 1..=crate::limits::MEMBERS {
        let (k, f) = (threshold(n), tolerated(n));
        assert_eq!(k, 2 * n / 3 + 1, "n = {n}");
        assert!(2 * k - n > f, "n = {n}: two sets of {k} share only liars");
        assert!(n - f >= k, "n = {n}: the honest ones suffice");
    }
}

#[test]
fn times_are_those_that_an_honest_witness_vouches_for() {
    let times = [at(40), at(10), at(30), at(20)];
    assert_eq!((existed_by(&times, 0), fresh_as_of(&times, 0)), (Some(at(10)), Some(at(40))));
    assert_eq!((existed_by(&times, 1), fresh_as_of(&times, 1)), (Some(at(20)), Some(at(30))));
    assert_eq!((existed_by(&times, 4), fresh_as_of(&times, 4)), (None, None));
    assert_eq!((existed_by(&[], 0), fresh_as_of(&[], usize::MAX)), (None, None));
}

#[test]
fn a_federation_of_one_never_has_a_quorum() {
    let none = Witnesses::new(&agency("oslo"), alone(&["oslo"]));
    assert_eq!(none.count(), 0);
    let tally = none.tally([(agency("oslo"), at(1)), (agency("wien"), at(1))]);
    assert!(!tally.reached());
    assert_eq!((tally.existed_by(), tally.fresh_as_of()), (None, None));
}

#[test]
fn small_federations_need_everyone_else() {
    let names = ["oslo", "wien", "porto", "turku"];
    for count in 2..=4 {
        let witnesses = Witnesses::new(&agency("oslo"), alone(&names[..count]));
        let all: Vec<_> = names[1..count].iter().map(|name| (agency(name), at(1))).collect();
        assert!(witnesses.tally(all.clone()).reached(), "{count}");
        assert!(!witnesses.tally(all[1..].to_vec()).reached(), "{count}");
    }
}

#[test]
fn agencies_under_one_parent_count_once() {
    let mut members = alone(&["oslo", "wien", "porto", "turku", "malmo"]);
    members.push((agency("gent"), Some("Group".to_owned())));
    members.push((agency("lyon"), Some("Group".to_owned())));
    let witnesses = Witnesses::new(&agency("oslo"), members.clone());
    assert_eq!((witnesses.count(), witnesses.threshold(), witnesses.tolerated()), (5, 4, 1));
    assert_eq!(witnesses.agencies().count(), 6);
    let mut votes: Vec<_> =
        ["wien", "porto", "lyon", "gent"].iter().zip([10, 20, 90, 5]).map(|(name, time)| (agency(name), at(time))).collect();
    let tally = witnesses.tally(votes.clone());
    assert_eq!((tally.count(), tally.needed(), tally.reached()), (3, 4, false));
    votes.push((agency("turku"), at(30)));
    let tally = witnesses.tally(votes);
    assert!(tally.reached());
    // Groups: 10, 20, 30, and one that vouches from 90 on and until 5; one may lie.
    assert_eq!((tally.existed_by(), tally.fresh_as_of()), (Some(at(20)), Some(at(20))));
    // One of two under a parent may have been shown another story than the other.
    let half = witnesses.tally([(agency("lyon"), at(1)), (agency("lyon"), at(2)), (agency("wien"), at(1))]);
    assert_eq!(half.count(), 1);

    // Who shares the owner's parent is no witness of it.
    let related = Witnesses::new(&agency("gent"), members);
    assert!(!related.contains(&agency("lyon")) && !related.contains(&agency("gent")));
    assert_eq!(related.count(), 5);
}

#[test]
fn a_parent_named_like_an_agency_is_another_group() {
    let members = vec![(agency("oslo"), None), (agency("wien"), None), (agency("gent"), Some("wien".to_owned()))];
    assert_eq!(Witnesses::new(&agency("oslo"), members).count(), 2);
}

#[test]
fn a_repeated_cosignature_counts_once() {
    let witnesses = Witnesses::new(&agency("oslo"), alone(&["oslo", "wien", "porto"]));
    let tally = witnesses.tally([(agency("wien"), at(1)), (agency("wien"), at(2)), (agency("oslo"), at(3))]);
    assert_eq!((tally.count(), tally.reached()), (1, false));
}

proptest! {
    /// Whatever f liars say, the answers lie within what the honest ones said.
    #[test]
    fn liars_cannot_move_the_times(honest in proptest::collection::vec(1000..2000u64, 3..20), lies in proptest::collection::vec(0..100_000u64, 0..20)) {
        let n = honest.len() + lies.len();
        prop_assume!(lies.len() <= tolerated(n));
        let times: Vec<Timestamp> = honest.iter().chain(&lies).map(|time| at(*time)).collect();
        let f = tolerated(n);
        prop_assert!(existed_by(&times, f) >= honest.iter().min().map(|time| at(*time)));
        prop_assert!(fresh_as_of(&times, f) <= honest.iter().max().map(|time| at(*time)));
    }
}

/// One wrong clock moves nobody's: neither ahead of the others, nor as the only one that there is.
#[test]
fn a_time_is_vouched_for_by_all_who_cosigned() {
    let of = |names: &[&str]| Witnesses::new(&agency("owner"), alone(names));
    let tally = |names: &[&str], times: &[u64]| of(names).tally(names.iter().zip(times).map(|(name, time)| (agency(name), at(*time))));
    let four = ["lyon", "oslo", "porto", "riga"];
    assert_eq!(tally(&four, &[100, 90, 4_000_000_000]).vouched(), Some(at(90)));
    assert_eq!(tally(&four, &[100, 90]).vouched(), None, "no quorum");
    assert_eq!(tally(&["lyon"], &[4_000_000_000]).vouched(), None, "a single one");
    assert_eq!(tally(&["lyon", "oslo"], &[100, 4_000_000_000]).vouched(), Some(at(100)));
}
