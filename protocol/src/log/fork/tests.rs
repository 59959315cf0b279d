use std::convert::Infallible;

use super::*;
use crate::keys::SecretKey;
use crate::log::merkle::{completing_leaf, inclusion_proof, leaf_hash, root_of, slice_proof};

struct Tree(Vec<Hash>);

impl Tree {
    /// A log of `size` records that differs from the others of its kind from `at` on.
    fn new(size: u64, at: u64, story: u8) -> Self {
        Self((0..size).map(|n| leaf_hash(&[n.to_be_bytes().as_slice(), &[if n >= at { story } else { 0 }]].concat())).collect())
    }

    fn head(&self, size: usize) -> SignedCheckpoint {
        self.head_of(size, "parangon/test/oslo", 1)
    }

    fn head_of(&self, size: usize, origin: &str, seed: u8) -> SignedCheckpoint {
        let head = Checkpoint { origin: origin.to_owned(), size: size as u64, root: root_of(&self.0[..size]) };
        SignedCheckpoint::sign(&head, &SecretKey::from_seed(&[seed; 32])).expect("ours")
    }
}

impl HashReader for Tree {
    type Error = Infallible;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let last = usize::try_from(completing_leaf(level, index).expect("small")).expect("small");
        Ok(root_of(&self.0[last + 1 - (1 << level)..=last]))
    }
}

fn key() -> PublicKey {
    SecretKey::from_seed(&[1; 32]).public()
}

fn find(a: &SignedCheckpoint, b: &SignedCheckpoint, tree: &Tree) -> Option<ForkProof> {
    let Ok(found) = ForkProof::find(a, b, tree);
    found
}

#[test]
fn every_pair_of_heads_is_either_consistent_or_a_proof() {
    for at in [0, 3, 6] {
        let (left, right) = (Tree::new(9, at, 1), Tree::new(9, at, 2));
        for small in 0..=9usize {
            for large in small..=9 {
                let fork = find(&left.head(small), &right.head(large), &right);
                assert_eq!(fork.is_some(), small as u64 > at, "{small} and {large} parting at {at}");
                if let Some(fork) = fork {
                    assert_eq!(fork.verify(&key()), Ok(()), "{small} and {large}");
                    assert_eq!(fork, find(&right.head(large), &left.head(small), &right).expect("in any order"));
                }
                assert_eq!(find(&left.head(small), &left.head(large), &left), None);
            }
        }
    }
}

#[test]
fn a_proof_survives_json_and_needs_the_logs_key() {
    let (left, right) = (Tree::new(9, 3, 1), Tree::new(9, 3, 2));
    for (small, large) in [(7, 7), (5, 9)] {
        let fork = find(&left.head(small), &right.head(large), &right).expect("they part at 3");
        let text = serde_json::to_string(&fork).expect("plain data");
        let read: ForkProof = serde_json::from_str(&text).expect("just written");
        assert_eq!(read, fork);
        assert_eq!(read.origin().as_deref(), Ok("parangon/test/oslo"));
        assert_eq!(read.heads(&key()).map(|heads| heads.map(|head| head.checkpoint().size)), Ok([small as u64, large as u64]));
        let other = SecretKey::from_seed(&[2; 32]).public();
        assert!(matches!(read.verify(&other), Err(ForkError::Checkpoint(_))));
        assert!(serde_json::from_str::<ForkProof>(&text.replacen('{', "{\"more\":1,", 1)).is_err());
    }
}

#[test]
fn two_leaves_at_one_index_are_a_proof() {
    let (left, right) = (Tree::new(6, 3, 1), Tree::new(9, 3, 2));
    let (first, second) = (left.head(6), right.head(9));
    let leaf = |index: usize| ForkProof {
        first: first.to_string(),
        second: second.to_string(),
        evidence: ForkEvidence::Leaf {
            index: index as u64,
            first: Inclusion { leaf: left.0[index], proof: slice_proof(&left.0, index).expect("inside") },
            second: Inclusion { leaf: right.0[index], proof: slice_proof(&right.0, index).expect("inside") },
        },
    };
    assert_eq!(leaf(4).verify(&key()), Ok(()));
    assert_eq!(leaf(2).verify(&key()), Err(ForkError::Consistent), "before they part");
    let read: ForkProof = serde_json::from_str(&serde_json::to_string(&leaf(4)).expect("plain data")).expect("just written");
    assert_eq!(read, leaf(4));
}

#[test]
fn consistent_heads_cannot_be_made_to_look_like_a_fork() {
    let tree = Tree::new(9, 9, 0);
    let (first, second) = (tree.head(5), tree.head(9));
    let Ok(proof) = merkle::consistency_proof(&tree, 5, 9);
    let Ok(inclusion) = inclusion_proof(&tree, 2, 9);
    let wrong = Hash::of(&[b"wrong"]);
    let evidence = |evidence| ForkProof { first: first.to_string(), second: second.to_string(), evidence }.verify(&key());
    assert_eq!(evidence(ForkEvidence::SameSize), Err(ForkError::NoEvidence));
    assert_eq!(evidence(ForkEvidence::Beginning { root: root_of(&tree.0[..5]), proof: proof.clone() }), Err(ForkError::Consistent));
    assert_eq!(evidence(ForkEvidence::Beginning { root: wrong, proof }), Err(MerkleError::WrongRoot.into()));
    assert!(matches!(evidence(ForkEvidence::Beginning { root: wrong, proof: vec![] }), Err(ForkError::Merkle(_))));
    let good = Inclusion { leaf: tree.0[2], proof: slice_proof(&tree.0[..5], 2).expect("inside") };
    let bad = Inclusion { leaf: wrong, proof: inclusion };
    assert_eq!(evidence(ForkEvidence::Leaf { index: 2, first: good.clone(), second: bad.clone() }), Err(MerkleError::WrongRoot.into()));
    assert!(matches!(evidence(ForkEvidence::Leaf { index: 7, first: good, second: bad }), Err(ForkError::Merkle(_))));
}

#[test]
fn heads_out_of_order_or_of_other_logs_prove_nothing() {
    let (left, right) = (Tree::new(9, 3, 1), Tree::new(9, 3, 2));
    let fork = find(&left.head(5), &right.head(9), &right).expect("they part at 3");
    let turned = ForkProof { first: fork.second.clone(), second: fork.first.clone(), evidence: fork.evidence.clone() };
    assert_eq!(turned.verify(&key()), Err(ForkError::Order));
    let porto = right.head_of(9, "parangon/test/porto", 1);
    let mixed = ForkProof { second: porto.to_string(), ..fork.clone() };
    assert_eq!(mixed.verify(&key()), Err(ForkError::OtherLog));
    assert_eq!(find(&left.head(9), &porto, &right), None);
    let garbage = ForkProof { first: String::new(), ..fork };
    assert!(garbage.verify(&key()).is_err() && garbage.origin().is_err());
}
