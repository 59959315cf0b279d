#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

use std::collections::BTreeSet;

use super::*;

fn hash(of: &str, number: usize) -> Hash {
    Hash::of(&[of.as_bytes(), &number.to_be_bytes()])
}

fn acts(count: usize) -> Vec<Act> {
    (0..count).map(|number| Act { statement: hash("statement", number), salt: hash("salt", number) }).collect()
}

fn anchor(tree: &Tree) -> Anchor {
    Anchor { day: "2026-11-30T00:00:00Z".parse().unwrap(), root: tree.root() }
}

#[test]
fn each_statement_has_one_place_and_nothing_else_fits_there() {
    let acts = acts(5);
    let tree = Tree::new(&acts, &hash("secret", 0)).unwrap();
    let (anchor, places) = (anchor(&tree), tree.places().collect::<Vec<_>>());
    for (at, place) in places.iter().enumerate() {
        for (other, act) in acts.iter().enumerate() {
            let expected = if at == other { Ok(()) } else { Err(AnchorError::NotCovered) };
            assert_eq!(place.check(&act.statement, &anchor), expected);
        }
        let moved = Place { index: place.index ^ 1, ..place.clone() };
        assert_eq!(moved.check(&acts[at].statement, &anchor), Err(AnchorError::NotCovered));
        let outside = Place { index: place.index + PLACES, ..place.clone() };
        assert_eq!(outside.check(&acts[at].statement, &anchor), Err(AnchorError::NotCovered));
        let salted = Place { salt: hash("other", 0), ..place.clone() };
        assert_eq!(salted.check(&acts[at].statement, &anchor), Err(AnchorError::NotCovered));
        let mut short = place.clone();
        short.path.pop();
        assert_eq!(short.check(&acts[at].statement, &anchor), Err(AnchorError::NotCovered));
    }
    let noon = Anchor { day: anchor.day.plus(DAY_SECONDS / 2), ..anchor };
    assert_eq!(places[0].check(&acts[0].statement, &noon), Err(AnchorError::NoAnchor));
}

#[test]
fn a_day_holds_as_many_as_there_are_places() {
    let full = Tree::new(&acts(PLACES.into()), &hash("secret", 1)).unwrap();
    let indices: BTreeSet<_> = full.places().map(|place| place.index).collect();
    assert_eq!(indices.len(), usize::from(PLACES));
    assert_eq!(Tree::new(&acts(usize::from(PLACES) + 1), &hash("secret", 1)).unwrap_err(), AnchorError::Full);
}

/// A day on which nothing happened looks like any other: one root, made of hashes that nobody can try out.
#[test]
fn an_empty_day_has_a_root_like_any_other() {
    let roots: BTreeSet<_> =
        (0..3).flat_map(|secret| [0, 1].map(|count| Tree::new(&acts(count), &hash("secret", secret)).unwrap().root())).collect();
    assert_eq!(roots.len(), 6);
}

/// Places tell nothing of the order in which things were done, or of how many there were.
#[test]
fn places_depend_on_the_days_secret_alone() {
    let place = |count, secret| Tree::new(&acts(count), &hash("secret", secret)).unwrap().places().next().unwrap().index;
    assert_eq!(place(1, 0), place(900, 0), "the first of one, the first of many");
    let seen: BTreeSet<_> = (0..64).map(|secret| place(1, secret)).collect();
    assert!(seen.len() > 48, "{} different places in 64 days", seen.len());
    let low = (0..64).filter(|secret| place(1, *secret) < PLACES / 2).count();
    assert!((12..=52).contains(&low), "{low} of 64 in the lower half");
}

/// What was done on the due day stands in that day's anchor, which is written when the day is over (case R11).
#[test]
fn a_deadline_is_kept_by_the_end_of_the_day_after() {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let due = time("2026-12-31T17:00:00Z");
    assert!(kept(time("2026-12-24T00:00:05Z"), due));
    assert!(kept(time("2027-01-01T00:00:05Z"), due), "the anchor of the due day");
    assert!(kept(time("2027-01-01T23:59:59Z"), due));
    assert!(!kept(time("2027-01-02T00:00:00Z"), due), "the anchor of the day after");
    assert_eq!(day_of(due), time("2026-12-31T00:00:00Z"));
    assert_eq!(day_of(Timestamp::default()), Timestamp::default());
}
