use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

/// A tree kept as the store keeps it: with each leaf, the hashes that it completes.
#[derive(Default)]
struct Rows {
    frontier: Frontier,
    rows: Vec<Vec<Hash>>,
}

#[derive(Debug, PartialEq)]
struct Missing(u8, u64);

impl Rows {
    fn of(size: u64) -> (Self, Oracle) {
        let (mut rows, mut oracle) = (Self::default(), Oracle::new());
        for index in 0..size {
            rows.rows.push(rows.frontier.push_leaf(leaf_hash(&index.to_be_bytes())));
            oracle.push(index.to_be_bytes().to_vec());
        }
        (rows, oracle)
    }
}

impl HashReader for Rows {
    type Error = Missing;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        let row = completing_leaf(level, index).and_then(|leaf| self.rows.get(usize::try_from(leaf).ok()?));
        row.and_then(|row| row.get(usize::from(level))).copied().ok_or(Missing(level, index))
    }
}

/// A tree of any size whose leaves are all alike: one hash a level is all there is.
struct Alike(Vec<Hash>);

impl Alike {
    fn new() -> Self {
        let mut levels = vec![leaf_hash(b"alike")];
        for level in 0..63 {
            levels.push(node_hash(&levels[level], &levels[level]));
        }
        Self(levels)
    }
}

impl HashReader for Alike {
    type Error = Infallible;
    fn hash(&self, level: u8, _: u64) -> Result<Hash, Infallible> {
        Ok(self.0[usize::from(level)])
    }
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Every simple way to spoil a proof.
fn spoilt(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, leaf_hash(b"inserted"));
        all.push(longer);
    }
    for at in 0..proof.len() {
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut flipped = proof.to_vec();
        flipped[at].0[at % 32] ^= 1;
        all.push(flipped);
        if at > 0 && proof[at] != proof[at - 1] {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all
}

/// The length of an inclusion proof, counted from the bits instead of by walking (RFC 6962, 2.1.1).
fn length(index: u64, size: u64) -> u32 {
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    inner + index.checked_shr(inner).unwrap_or(0).count_ones()
}

#[test]
fn roots_and_proofs_are_those_of_another_implementation() {
    for size in 0..=66u64 {
        let (rows, oracle) = Rows::of(size);
        assert_eq!(rows.frontier.root().0, <[u8; 32]>::from(*oracle.root().as_bytes()), "size {size}");
        assert_eq!(frontier(&rows, size).as_ref(), Ok(&rows.frontier), "size {size}");
        let root = rows.frontier.root();
        for index in 0..size {
            let at = usize::try_from(index).expect("small");
            let proof = inclusion_proof(&rows, index, size).expect("all hashes are there");
            assert_eq!(bytes(&proof), oracle.prove_inclusion(at).as_bytes(), "{index} in {size}");
            assert_eq!(verify_inclusion(&rows.rows[at][0], index, size, &proof, &root), Ok(()), "{index} in {size}");
        }
        for old in 1..=size {
            let added = usize::try_from(size - old).expect("small");
            let proof = consistency_proof(&rows, old, size).expect("all hashes are there");
            assert_eq!(bytes(&proof), oracle.prove_consistency(added).as_bytes(), "{old} to {size}");
            let old_root = frontier(&rows, old).expect("all hashes are there").root();
            assert_eq!(verify_consistency(old, size, &proof, &old_root, &root), Ok(()), "{old} to {size}");
        }
    }
}

#[test]
fn a_beginning_can_be_proven_from_a_longer_log() {
    let (long, _) = Rows::of(100);
    for size in [1, 7, 64, 99] {
        let (short, _) = Rows::of(size);
        assert_eq!(inclusion_proof(&long, size / 2, size), inclusion_proof(&short, size / 2, size));
        assert_eq!(frontier(&long, size), Ok(short.frontier.clone()));
        let leaves: Vec<Hash> = short.rows.iter().map(|row| row[0]).collect();
        assert_eq!(root_of(&leaves), short.frontier.root());
    }
    assert_eq!(inclusion_proof(&long, 0, 101), Err(Missing(0, 100)));
}

#[test]
fn a_spoilt_proof_is_refused() {
    let sizes = [1u64, 2, 3, 5, 8, 13, 21, 32];
    for size in sizes {
        let (rows, _) = Rows::of(size);
        let root = rows.frontier.root();
        for index in 0..size {
            let leaf = rows.rows[usize::try_from(index).expect("small")][0];
            let proof = inclusion_proof(&rows, index, size).expect("all hashes are there");
            for bad in spoilt(&proof) {
                assert!(verify_inclusion(&leaf, index, size, &bad, &root).is_err(), "{index} in {size}: {bad:?}");
            }
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(verify_inclusion(&leaf, other, size, &proof, &root).is_err(), "{index} as {other} in {size}");
            }
            assert_eq!(verify_inclusion(&EMPTY_ROOT, index, size, &proof, &root), Err(MerkleError::WrongRoot));
        }
        for old in 1..=size {
            let old_root = frontier(&rows, old).expect("all hashes are there").root();
            let proof = consistency_proof(&rows, old, size).expect("all hashes are there");
            for bad in spoilt(&proof) {
                assert!(verify_consistency(old, size, &bad, &old_root, &root).is_err(), "{old} to {size}: {bad:?}");
            }
            // The sizes are part of what is proven: the same roots and hashes must not pass for others.
            let other = |new| verify_consistency(old, new, &proof, &old_root, &root).is_err();
            assert!(other(size * 2) && other(size * 4), "{old} to {size}");
            assert!(verify_consistency(old, size, &proof, &EMPTY_ROOT, &root).is_err());
            assert!(verify_consistency(old, size, &proof, &old_root, &EMPTY_ROOT).is_err());
        }
    }
}

#[test]
fn the_empty_tree_has_one_root_and_is_the_beginning_of_all() {
    assert_eq!(EMPTY_ROOT, Hash::of(&[]));
    assert_eq!(Frontier::new().root(), EMPTY_ROOT);
    let root = leaf_hash(b"");
    assert_eq!(verify_consistency(0, 0, &[], &EMPTY_ROOT, &EMPTY_ROOT), Ok(()));
    assert_eq!(verify_consistency(0, 1, &[], &EMPTY_ROOT, &root), Ok(()));
    assert_eq!(verify_consistency(0, 1, &[], &root, &root), Err(MerkleError::WrongRoot));
    assert_eq!(verify_consistency(0, 0, &[], &root, &root), Err(MerkleError::WrongRoot));
    assert_eq!(verify_consistency(0, 1, &[root], &EMPTY_ROOT, &root), Err(MerkleError::WrongLength { actual: 1 }));
    assert_eq!(verify_consistency(1, 1, &[], &root, &EMPTY_ROOT), Err(MerkleError::WrongRoot));
    assert_eq!(verify_consistency(2, 1, &[], &root, &root), Err(MerkleError::Shrinks { old: 2, new: 1 }));
    assert_eq!(verify_inclusion(&root, 0, 0, &[], &EMPTY_ROOT), Err(MerkleError::Outside { index: 0, size: 0 }));
}

#[test]
fn what_is_outside_has_no_proof_that_verifies() {
    let (rows, _) = Rows::of(5);
    let root = rows.frontier.root();
    for (index, size) in [(5, 5), (0, 0), (u64::MAX, 5)] {
        let proof = inclusion_proof(&rows, index, size).expect("asks for nothing");
        assert_eq!(verify_inclusion(&rows.rows[0][0], index, size, &proof, &root), Err(MerkleError::Outside { index, size }));
    }
    assert_eq!(consistency_proof(&rows, 5, 3), Ok(vec![]));
    assert_eq!(slice_proof(&[root], 1), None);
    assert_eq!(slice_proof(&[], 0), None);
    assert_eq!(slice_proof(&[root], 0), Some(vec![]));
}

#[test]
fn a_frontier_is_made_of_its_parts_only() {
    let (rows, _) = Rows::of(11);
    let frontier = rows.frontier;
    assert_eq!(Frontier::from_parts(11, frontier.peaks().to_vec()), Some(frontier.clone()));
    assert_eq!(Frontier::from_parts(11, frontier.peaks()[1..].to_vec()), None);
    assert_eq!(Frontier::from_parts(9, frontier.peaks().to_vec()), None);
    let mut full = Frontier::from_parts(limits::LOG_SIZE, vec![EMPTY_ROOT]).expect("the largest");
    assert_eq!(full.push_leaf(EMPTY_ROOT).len(), 1);
    assert_eq!(Frontier::from_parts(full.size(), full.peaks().to_vec()), None);
}

#[test]
fn each_subtree_is_completed_by_one_leaf() {
    for index in 0..64u64 {
        let (mut rows, _) = Rows::of(index);
        assert_eq!(rows.frontier.push_leaf(EMPTY_ROOT).len(), completed_by(index), "{index}");
    }
    assert_eq!(completing_leaf(0, 7), Some(7));
    assert_eq!(completing_leaf(3, 0), Some(7));
    assert_eq!(completing_leaf(63, 1), Some(u64::MAX));
    assert_eq!(completing_leaf(63, 2), None);
    assert_eq!(completing_leaf(64, 0), None);
}

proptest! {
    #[test]
    fn slices_prove_their_leaves(leaves in proptest::collection::vec(any::<[u8; 32]>(), 1..200), at in any::<prop::sample::Index>()) {
        let leaves: Vec<Hash> = leaves.into_iter().map(Hash).collect();
        let index = at.index(leaves.len());
        let proof = slice_proof(&leaves, index).expect("inside");
        let (at, size) = (index as u64, leaves.len() as u64);
        prop_assert_eq!(verify_inclusion(&leaves[index], at, size, &proof, &root_of(&leaves)), Ok(()));
    }

    #[test]
    fn trees_of_any_size_prove_and_verify(a in any::<u64>(), b in any::<u64>(), shift in 0..64u32) {
        let alike = Alike::new();
        let (old, new) = ((a >> shift).min(b), (a >> shift).max(b));
        let root_at = |size| frontier(&alike, size).map(|frontier| frontier.root()).expect("infallible");
        let proof = consistency_proof(&alike, old, new).expect("infallible");
        prop_assert_eq!(verify_consistency(old, new, &proof, &root_at(old), &root_at(new)), Ok(()));
        if old < new {
            let proof = inclusion_proof(&alike, old, new).expect("infallible");
            prop_assert_eq!(proof.len(), length(old, new) as usize);
            prop_assert_eq!(verify_inclusion(&alike.0[0], old, new, &proof, &root_at(new)), Ok(()));
            if old > 0 {
                prop_assert!(verify_consistency(old, new, &proof, &EMPTY_ROOT, &root_at(new)).is_err());
            }
        }
    }

    #[test]
    fn proofs_from_strangers_are_measured_and_refused(
        index in any::<u64>(), size in any::<u64>(), shift in 0..64u32, count in 0..=limits::PROOF_HASHES,
    ) {
        let (index, size) = (index >> shift, size >> (shift / 2));
        let proof = vec![leaf_hash(b"foreign"); count];
        let root = leaf_hash(b"root");
        let reached = root_from_inclusion(&root, index, size, &proof);
        if index >= size {
            prop_assert_eq!(reached, Err(MerkleError::Outside { index, size }));
        } else if count != length(index, size) as usize {
            prop_assert_eq!(reached, Err(MerkleError::WrongLength { actual: count }));
        } else {
            prop_assert!(reached.is_ok());
        }
        // One leaf is the tree itself: then, and only then, the empty proof is right.
        prop_assert_eq!(verify_inclusion(&root, index, size, &proof, &root).is_ok(), (index, size, count) == (0, 1, 0));
        let same = index == size && index > 0 && count == 0;
        prop_assert_eq!(verify_consistency(index, size, &proof, &root, &root).is_ok(), same);
    }
}

#[test]
fn the_ends_of_the_number_range_are_ordinary() {
    let alike = Alike::new();
    let root_at = |size| frontier(&alike, size).map(|frontier| frontier.root()).expect("infallible");
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 63) - 1] {
        for index in [0, 1, size / 2, size - 2, size - 1] {
            let proof = inclusion_proof(&alike, index, size).expect("infallible");
            assert_eq!(verify_inclusion(&alike.0[0], index, size, &proof, &root_at(size)), Ok(()), "{index} in {size}");
            let proof = consistency_proof(&alike, index, size).expect("infallible");
            assert_eq!(verify_consistency(index, size, &proof, &root_at(index), &root_at(size)), Ok(()), "{index} to {size}");
        }
    }
}
