use proptest::prelude::*;

use super::*;
use crate::canonical;
use crate::limits;

fn id(n: u16) -> LabelId {
    LabelId(Hash::of(&[&n.to_be_bytes()]))
}

fn status(tree: &StatusTree) -> Status {
    Status { covered: 1000, count: u64::try_from(tree.count()).expect("small"), root: tree.root() }
}

fn state(n: u8) -> State {
    State::ALL[usize::from(n) % 4]
}

#[test]
fn a_leaf_is_the_canonical_text() {
    #[derive(Serialize)]
    struct Leaf {
        label: LabelId,
        state: State,
    }
    for state in State::ALL {
        let text = canonical::encode(&Leaf { label: id(1), state }, 1000).expect("text");
        assert_eq!(tree::leaf(&id(1), state), merkle::leaf_hash(&text));
    }
}

#[test]
fn an_agency_without_labels_proves_that_too() {
    let tree = StatusTree::new([]);
    let proof = tree.prove(&id(1));
    assert_eq!(proof.verify(&status(&tree), &id(1)), Ok(None));
    // The empty proof fits no other tree, and a size of 0 has one root only.
    let other = StatusTree::new([(id(2), State::Active)]);
    assert_eq!(proof.verify(&status(&other), &id(1)), Err(StatusError::NotNeighbours));
    assert_eq!(proof.verify(&Status { count: 0, ..status(&other) }, &id(1)), Err(MerkleError::WrongRoot.into()));
}

#[test]
fn the_last_state_of_a_label_counts() {
    let tree = StatusTree::new([(id(1), State::Active), (id(2), State::Active), (id(1), State::Withdrawn)]);
    assert_eq!(tree.prove(&id(1)).verify(&status(&tree), &id(1)), Ok(Some(State::Withdrawn)));
    assert_eq!(tree.count(), 2);
}

#[test]
fn a_withdrawn_label_cannot_be_hidden_between_strangers() {
    let tree = StatusTree::new((0..9).map(|n| (id(n), State::Withdrawn)));
    let status = status(&tree);
    let mut sorted: Vec<_> = (0..9).map(id).collect();
    sorted.sort();
    let place = |at: usize| match tree.prove(&sorted[at]) {
        StatusProof::Presence(place) => Some(Neighbour { label: sorted[at], place }),
        StatusProof::Absence { .. } => None,
    };
    let hidden = sorted[4];
    let ends: Vec<Option<usize>> = (0..9).map(Some).chain([None]).collect();
    for (left, right) in ends.iter().flat_map(|left| ends.iter().map(move |right| (left, right))) {
        let proof = StatusProof::Absence { left: left.and_then(place), right: right.and_then(place) };
        assert_eq!(proof.verify(&status, &hidden), Err(StatusError::NotNeighbours), "{left:?} {right:?}");
    }
}

#[test]
fn a_proof_is_strict_json() {
    let tree = StatusTree::new((0..5).map(|n| (id(n), State::Active)));
    for n in [0, 77] {
        let proof = tree.prove(&id(n));
        let text = canonical::encode(&proof, limits::DOCUMENT_BYTES).expect("text");
        assert_eq!(canonical::decode::<StatusProof>(&text, limits::DOCUMENT_BYTES), Ok(proof));
    }
    for bad in [r#"{"absence":{"middle":1}}"#, r#"{"presence":{"hashes":[],"index":-1,"state":"active"}}"#, r#"{"maybe":{}}"#] {
        assert!(canonical::decode::<StatusProof>(bad.as_bytes(), 1000).is_err(), "{bad}");
    }
    assert!(canonical::decode::<StatusProof>(br#"{"absence":{}}"#, 1000).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_label_is_proven_and_every_other_is_not(states in prop::collection::btree_map(0u16..100, 0u8..4, 0..40), other in 0u16..100) {
        let tree = StatusTree::new(states.iter().map(|(n, s)| (id(*n), state(*s))));
        let status = status(&tree);
        for n in 0..100 {
            let label = id(n);
            let proof = tree.prove(&label);
            let expected = states.get(&n).map(|s| state(*s));
            prop_assert_eq!(proof.verify(&status, &label), Ok(expected));
            // The proof is about this label: for another it says the same only if that is true of the other.
            if let Ok(said) = proof.verify(&status, &id(other)) {
                prop_assert_eq!(said, states.get(&other).map(|s| state(*s)));
            }
            let other_root = Status { root: Hash::of(&[b"x"]), ..status };
            prop_assert!(proof.verify(&other_root, &label).is_err());
        }
    }

    #[test]
    fn a_changed_proof_is_refused(states in prop::collection::btree_map(0u16..100, 0u8..4, 1..40), pick in any::<prop::sample::Index>(), bit in 0usize..256) {
        let tree = StatusTree::new(states.iter().map(|(n, s)| (id(*n), state(*s))));
        let status = status(&tree);
        let label = id(*states.keys().nth(pick.index(states.len())).expect("in range"));
        let StatusProof::Presence(place) = tree.prove(&label) else { panic!("it is there") };
        let refused = |place: Presence| StatusProof::Presence(place).verify(&status, &label).is_err();
        for other in State::ALL.into_iter().filter(|other| *other != place.state) {
            prop_assert!(refused(Presence { state: other, ..place.clone() }), "another state");
        }
        for index in (0..status.count + 2).filter(|index| *index != place.index) {
            prop_assert!(refused(Presence { index, ..place.clone() }), "another place");
        }
        for at in 0..place.hashes.len() {
            let mut changed = place.clone();
            changed.hashes[at].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(refused(changed));
        }
        let mut longer = place.clone();
        longer.hashes.push(status.root);
        prop_assert!(refused(longer));
    }
}
