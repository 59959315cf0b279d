//! The Merkle tree of RFC 6962, section 2.1: hashes, the compact frontier, proofs and their checks.
//!
//! The tree itself is never held. Who has the records keeps the hashes of complete subtrees and gives them through
//! [`HashReader`]; who checks needs a proof and a root. Sizes and indices may be anything up to `u64::MAX`: they
//! come from strangers, and nothing here panics on them.

#[cfg(test)]
mod tests;
mod verify;

use std::convert::Infallible;

use crate::id::Hash;
use crate::limits;

pub use verify::{MerkleError, root_from_inclusion, verify_consistency, verify_inclusion};

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The hash of a leaf, `SHA-256(0x00 || record)`.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    Hash::of(&[&[0x00], record])
}

/// The hash of an inner node, `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[0x01], &left.0, &right.0])
}

/// How many hashes the leaf at `index` completes: its own, and one for each inner node that it is the last leaf of.
#[must_use]
pub fn completed_by(index: u64) -> usize {
    index.trailing_ones() as usize + 1
}

/// The leaf that completes the subtree `index` of 2^`level` leaves: `(index + 1) * 2^level - 1`. The hash is the
/// `level`-th (from 0) of those that [`Frontier::push_leaf`] returned for that leaf. `None` when there is no such leaf.
#[must_use]
pub fn completing_leaf(level: u8, index: u64) -> Option<u64> {
    let width = 1u64.checked_shl(u32::from(level))?;
    index.checked_mul(width)?.checked_add(width - 1)
}

/// What is needed of a tree to append to it and to know its root: the roots of its complete subtrees, largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From what [`Frontier::size`] and [`Frontier::peaks`] gave. `None` unless there is one peak for each bit set
    /// in `size` and the size is at most [`limits::LOG_SIZE`].
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size <= limits::LOG_SIZE && peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest (leftmost) first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf. Returns the hashes that this leaf completes: the leaf hash, then each finished inner node
    /// upwards ([`completed_by`] many).
    pub fn push_leaf(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut completed = Vec::with_capacity(completed_by(self.size));
        let mut hash = leaf;
        completed.push(hash);
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed.push(hash);
        }
        self.peaks.push(hash);
        // A frontier starts at most at LOG_SIZE, so the end of u64 is out of reach.
        self.size = self.size.saturating_add(1);
        completed
    }

    /// The root of the tree so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }
}

/// Gives the hashes of complete subtrees of one tree.
pub trait HashReader {
    /// Why a hash could not be read.
    type Error;

    /// The root of the `index`-th (from 0) complete subtree of 2^`level` leaves.
    ///
    /// # Errors
    /// When the reader does not have it.
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    type Error = R::Error;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, R::Error> {
        (**self).hash(level, index)
    }
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The level of a complete subtree of `count` leaves, which is a power of two.
fn level(count: u64) -> u8 {
    u8::try_from(count.trailing_zeros()).unwrap_or(u8::MAX)
}

/// The hash of the node over `count` leaves from `start`, as the tree is cut by RFC 6962; `count` is at least 1.
fn node<R: HashReader + ?Sized>(reader: &R, mut start: u64, mut count: u64) -> Result<Hash, R::Error> {
    let mut lefts = Vec::new();
    while !count.is_power_of_two() {
        let left = split(count);
        lefts.push(reader.hash(level(left), start / left)?);
        start += left;
        count -= left;
    }
    let last = reader.hash(level(count), start / count)?;
    Ok(lefts.iter().rev().fold(last, |right, left| node_hash(left, &right)))
}

/// The proof that leaf `index` is in the tree of `size` leaves, from the leaf's sibling up (RFC 6962, 2.1.1).
/// An index outside the tree has no proof: the answer is empty and verifies nowhere.
///
/// # Errors
/// The reader's, unchanged.
pub fn inclusion_proof<R: HashReader + ?Sized>(reader: &R, index: u64, size: u64) -> Result<Vec<Hash>, R::Error> {
    let mut proof = Vec::new();
    if index >= size {
        return Ok(proof);
    }
    let (mut start, mut count) = (0, size);
    while count > 1 {
        let left = split(count);
        if index - start < left {
            proof.push(node(reader, start + left, count - left)?);
            count = left;
        } else {
            proof.push(node(reader, start, left)?);
            start += left;
            count -= left;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `new` leaves extends the one of `old` leaves (RFC 6962, 2.1.2). It is empty for
/// equal sizes and for an empty old tree, and also when `old` is the larger one, where it verifies nowhere.
///
/// # Errors
/// The reader's, unchanged.
pub fn consistency_proof<R: HashReader + ?Sized>(reader: &R, old: u64, new: u64) -> Result<Vec<Hash>, R::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut start, mut within, mut count) = (0, old, new);
    while within != count {
        let left = split(count);
        if within <= left {
            proof.push(node(reader, start + left, count - left)?);
            count = left;
        } else {
            proof.push(node(reader, start, left)?);
            start += left;
            within -= left;
            count -= left;
        }
    }
    // The old root itself is known to whoever checks: it is only sent where it is not the whole old tree.
    if start != 0 {
        proof.push(node(reader, start, count)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The frontier of the first `size` leaves.
///
/// # Errors
/// The reader's, unchanged.
pub fn frontier<R: HashReader + ?Sized>(reader: &R, size: u64) -> Result<Frontier, R::Error> {
    let mut peaks = Vec::with_capacity(size.count_ones() as usize);
    let mut start = 0;
    for level in (0..64u8).rev().filter(|level| size >> level & 1 == 1) {
        peaks.push(reader.hash(level, start >> level)?);
        start |= 1 << level;
    }
    Ok(Frontier { size, peaks })
}

/// The root of the tree over these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push_leaf(*leaf);
    }
    frontier.root()
}

/// The inclusion proof of leaf `index` in the tree over these leaf hashes; `None` when there is no such leaf.
#[must_use]
pub fn slice_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (index, size) = (u64::try_from(index).ok()?, u64::try_from(leaves.len()).ok()?);
    match inclusion_proof(&Slice(leaves), index, size) {
        Ok(proof) => Some(proof),
        Err(never) => match never {},
    }
}

/// Leaf hashes in memory, read as a tree: the work is done anew at each reading.
struct Slice<'a>(&'a [Hash]);

impl HashReader for Slice<'_> {
    type Error = Infallible;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let part = completing_leaf(level, index).and_then(|last| {
            let last = usize::try_from(last).ok()?;
            let width = 1usize.checked_shl(u32::from(level))?;
            self.0.get((last + 1).checked_sub(width)?..=last)
        });
        Ok(root_of(part.unwrap_or_default()))
    }
}
