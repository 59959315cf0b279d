//! The checks of RFC 9162, 2.1.3.2 and 2.1.4.2, which are those of RFC 6962 written as loops.

use super::{EMPTY_ROOT, node_hash};
use crate::id::Hash;

/// Why a Merkle proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The index is not below the size.
    #[error("index {index} is outside a tree of {size} leaves")]
    Outside {
        /// The index asked about.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The size that should be the older one is the larger one.
    #[error("a tree of {old} leaves cannot be a beginning of one of {new}")]
    Shrinks {
        /// The old size.
        old: u64,
        /// The new size.
        new: u64,
    },
    /// More or fewer hashes than these sizes need.
    #[error("a proof of {actual} hashes does not fit these sizes")]
    WrongLength {
        /// Hashes received.
        actual: usize,
    },
    /// The hashes lead to another root than the one claimed.
    #[error("the proof leads to another root")]
    WrongRoot,
}

/// The root that an inclusion proof leads to.
///
/// # Errors
/// [`MerkleError::Outside`], [`MerkleError::WrongLength`].
pub fn root_from_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, MerkleError> {
    if index >= size {
        return Err(MerkleError::Outside { index, size });
    }
    let wrong = MerkleError::WrongLength { actual: proof.len() };
    let (mut at, mut last) = (index, size - 1);
    let mut root = *leaf;
    for hash in proof {
        if last == 0 {
            return Err(wrong);
        }
        if at & 1 == 1 || at == last {
            root = node_hash(hash, &root);
            // On the right edge: levels at which this node has no sibling are skipped.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(root) } else { Err(wrong) }
}

/// Checks that `leaf` is at `index` in the tree with this size and root.
///
/// # Errors
/// [`MerkleError`], but not `Shrinks`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), MerkleError> {
    if root_from_inclusion(leaf, index, size, proof)? == *root { Ok(()) } else { Err(MerkleError::WrongRoot) }
}

/// Checks that the tree (`old`, `old_root`) is the beginning of (`new`, `new_root`). Between equal sizes, and from
/// the empty tree, the proof is empty; the empty tree has only one root.
///
/// # Errors
/// [`MerkleError`], but not `Outside`.
pub fn verify_consistency(old: u64, new: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> Result<(), MerkleError> {
    if old > new {
        return Err(MerkleError::Shrinks { old, new });
    }
    let wrong = MerkleError::WrongLength { actual: proof.len() };
    if old == 0 || old == new {
        let empty = old != 0 || *old_root == EMPTY_ROOT;
        let same = old != new || old_root == new_root;
        return match (proof.is_empty(), empty && same) {
            (false, _) => Err(wrong),
            (true, false) => Err(MerkleError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    // A power of two is one complete subtree, so the proof starts from the old root itself.
    let (start, rest) = match proof {
        [] => return Err(wrong),
        all if old.is_power_of_two() => (*old_root, all),
        [first, rest @ ..] => (*first, rest),
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_side, mut new_side) = (start, start);
    for hash in rest {
        if last == 0 {
            return Err(wrong);
        }
        if at & 1 == 1 || at == last {
            old_side = node_hash(hash, &old_side);
            new_side = node_hash(hash, &new_side);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_side = node_hash(&new_side, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong);
    }
    if old_side == *old_root && new_side == *new_root { Ok(()) } else { Err(MerkleError::WrongRoot) }
}
