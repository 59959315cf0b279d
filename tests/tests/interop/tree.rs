//! Roots, inclusion and consistency against two foreign trees, in both directions.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use parangon_protocol::id::Hash;
use parangon_protocol::log::merkle::{verify_consistency, verify_inclusion};
use parangon_protocol::log::{EMPTY_ROOT, leaf_hash};
use sha2::Sha256;

use crate::{Ours, SIZES, count, records};

/// The tree of `tlog_tiles`, stored in the order that it asks for.
#[derive(Default)]
pub(crate) struct Tiles(Vec<tlog_tiles::Hash>);

impl Tiles {
    pub(crate) fn of(records: &[Vec<u8>]) -> Self {
        let mut tree = Self::default();
        for (index, record) in records.iter().enumerate() {
            let completed = tlog_tiles::stored_hashes(count(index), record, &tree).expect("what it needs was stored");
            tree.0.extend(completed);
        }
        tree
    }

    pub(crate) fn root(&self, size: usize) -> Hash {
        Hash(tlog_tiles::tree_hash(count(size), self).expect("all hashes are there").0)
    }

    pub(crate) fn inclusion(&self, index: usize, size: usize) -> Vec<Hash> {
        ours(&tlog_tiles::prove_record(count(size), count(index), self).expect("a leaf of the tree"))
    }

    fn consistency(&self, old: usize, new: usize) -> Vec<Hash> {
        ours(&tlog_tiles::prove_tree(count(new), count(old), self).expect("an older tree"))
    }
}

impl tlog_tiles::HashReader for Tiles {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).expect("a small tree")]).collect())
    }
}

pub(crate) fn tiles(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

type Memory = MemoryBackedTree<Sha256, Vec<u8>>;

fn memory(records: &[Vec<u8>]) -> Memory {
    let mut tree = Memory::new();
    records.iter().for_each(|record| tree.push(record.clone()));
    tree
}

fn root_hash(root: Hash, size: usize) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), count(size))
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// `proof` with one hash altered, one left out, one too many.
fn damaged(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[Hash::of(&[b"more"])]].concat()];
    if let [first, rest @ ..] = proof {
        let mut altered = *first;
        altered.0[31] ^= 1;
        all.push([&[altered], rest].concat());
        all.push(rest.to_vec());
    }
    all
}

#[test]
fn the_roots_are_the_same() {
    assert_eq!(EMPTY_ROOT.0, tlog_tiles::EMPTY_HASH.0);
    for size in SIZES {
        let records = records(size);
        let root = Ours::of(&records).root();
        assert_eq!(root, Tiles::of(&records).root(size), "size {size}");
        assert_eq!(root_hash(root, size), memory(&records).root(), "size {size}");
    }
}

#[test]
fn inclusion_is_proven_both_ways() {
    for size in SIZES {
        let records = records(size);
        let (tree, foreign, memory) = (Ours::of(&records), Tiles::of(&records), memory(&records));
        let root = tree.root();
        for (index, record) in records.iter().enumerate() {
            let (at, leaf) = (count(index), tlog_tiles::record_hash(record));
            let theirs_accept = |at: u64, proof: &[Hash]| {
                let one = tlog_tiles::check_record(&tiles(proof), count(size), tlog_tiles::Hash(root.0), at, leaf).is_ok();
                let other = InclusionProof::<Sha256>::try_from_bytes(bytes(proof))
                    .is_ok_and(|proof| root_hash(root, size).verify_inclusion(record, at, &proof).is_ok());
                assert_eq!(one, other, "{index} of {size}");
                one
            };
            let we_accept = |at: u64, proof: &[Hash]| verify_inclusion(&leaf_hash(record), at, count(size), proof, &root).is_ok();

            let proof = tree.inclusion(index);
            assert!(theirs_accept(at, &proof), "{index} of {size}");
            assert!(we_accept(at, &foreign.inclusion(index, size)), "{index} of {size}");
            assert_eq!(bytes(&proof), memory.prove_inclusion(index).as_bytes(), "{index} of {size}");
            for bad in damaged(&proof) {
                assert!(!theirs_accept(at, &bad) && !we_accept(at, &bad), "{index} of {size}: {bad:?}");
            }
            assert!(!theirs_accept(at + 1, &proof) && !we_accept(at + 1, &proof), "{index} of {size} as the next one");
        }
    }
}

#[test]
fn consistency_is_proven_both_ways() {
    for new in SIZES {
        let records = records(new);
        let (tree, foreign, memory) = (Ours::of(&records), Tiles::of(&records), memory(&records));
        let root = tree.root();
        // Nothing is proven from the empty tree: others refuse to, our proof is empty.
        assert_eq!(verify_consistency(0, count(new), &tree.consistency(0), &EMPTY_ROOT, &root), Ok(()));
        for old in SIZES.into_iter().filter(|old| (1..=new).contains(old)) {
            let old_root = Ours::of(&records[..old]).root();
            let theirs_accept = |proof: &[Hash]| {
                let (new_root, old_hash) = (tlog_tiles::Hash(root.0), tlog_tiles::Hash(old_root.0));
                let one = tlog_tiles::check_tree(&tiles(proof), count(new), new_root, count(old), old_hash).is_ok();
                let other = ConsistencyProof::<Sha256>::try_from_bytes(bytes(proof))
                    .is_ok_and(|proof| root_hash(root, new).verify_consistency(&root_hash(old_root, old), &proof).is_ok());
                assert_eq!(one, other, "{old} to {new}");
                one
            };
            let we_accept = |proof: &[Hash]| verify_consistency(count(old), count(new), proof, &old_root, &root).is_ok();

            let proof = tree.consistency(old);
            assert!(theirs_accept(&proof), "{old} to {new}");
            assert!(we_accept(&foreign.consistency(old, new)), "{old} to {new}");
            assert_eq!(bytes(&proof), memory.prove_consistency(new - old).as_bytes(), "{old} to {new}");
            for bad in damaged(&proof) {
                assert!(!theirs_accept(&bad) && !we_accept(&bad), "{old} to {new}: {bad:?}");
            }
        }
    }
}
