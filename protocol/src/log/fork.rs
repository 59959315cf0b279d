//! Evidence that a log told two stories: two heads, both signed, that cannot both be true.
//!
//! Anyone who holds the log's key can check it; nothing else is needed.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint};
use super::merkle::{self, HashReader, MerkleError};
use super::note::Note;
use crate::id::Hash;
use crate::keys::PublicKey;

/// Why two notes are no proof of a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// One of the notes is no head signed by this key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes given as evidence do not belong to the heads.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
    /// Heads of two logs.
    #[error("heads of different logs")]
    OtherLog,
    /// The first head must be the smaller one.
    #[error("the first head is the larger one")]
    Order,
    /// Heads of different sizes need hashes to show that they differ.
    #[error("the sizes differ, and nothing shows that the heads do")]
    NoEvidence,
    /// The heads agree on what the evidence is about.
    #[error("the heads agree")]
    Consistent,
}

/// A leaf and its way up to a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// The leaf hash.
    pub leaf: Hash,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
}

/// What shows that the two heads contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForkEvidence {
    /// One size, two roots: nothing else is needed.
    SameSize,
    /// The second head's own beginning, of the first head's size, has another root than the first head.
    #[serde(rename_all = "kebab-case")]
    Beginning {
        /// The root of the second tree's beginning.
        root: Hash,
        /// The consistency proof from that root to the second head.
        proof: Vec<Hash>,
    },
    /// The heads hold different leaves at one index.
    #[serde(rename_all = "kebab-case")]
    Leaf {
        /// The index, below both sizes.
        index: u64,
        /// The leaf in the first head.
        first: Inclusion,
        /// The leaf in the second head.
        second: Inclusion,
    },
}

/// Two signed heads of one log that cannot both be true, the smaller one first. Proven only after
/// [`ForkProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkProof {
    /// The note of the head with fewer records.
    pub first: String,
    /// The note of the head with more records, or as many.
    pub second: String,
    /// Why they contradict each other.
    pub evidence: ForkEvidence,
}

impl ForkProof {
    /// Looks for a fork between two signed heads of one log. `reader` holds the tree of the larger head; it is not
    /// asked when the sizes are equal. `None` when the heads are consistent, of different logs, or when what the
    /// reader holds is not the larger head's tree.
    ///
    /// # Errors
    /// The reader's, unchanged.
    pub fn find<R: HashReader + ?Sized>(a: &SignedCheckpoint, b: &SignedCheckpoint, reader: &R) -> Result<Option<Self>, R::Error> {
        // Of one size, the smaller root comes first: whoever finds the fork writes the same proof.
        let rank = |head: &SignedCheckpoint| (head.checkpoint().size, head.checkpoint().root);
        let (first, second) = if rank(a) <= rank(b) { (a, b) } else { (b, a) };
        let (small, large) = (first.checkpoint(), second.checkpoint());
        if small.origin != large.origin {
            return Ok(None);
        }
        let evidence = if small.size == large.size {
            ForkEvidence::SameSize
        } else {
            ForkEvidence::Beginning {
                root: merkle::frontier(reader, small.size)?.root(),
                proof: merkle::consistency_proof(reader, small.size, large.size)?,
            }
        };
        let found = evidence.check(small, large).is_ok();
        Ok(found.then(|| Self { first: first.bare().to_string(), second: second.bare().to_string(), evidence }))
    }

    /// Two signed heads of one log and size with two roots: a fork without further evidence. `None` for others.
    pub(crate) fn same_size(a: &SignedCheckpoint, b: &SignedCheckpoint) -> Option<Self> {
        let (one, other) = (a.checkpoint(), b.checkpoint());
        let fork = one.origin == other.origin && one.size == other.size && one.root != other.root;
        // The smaller root comes first: whoever finds the fork writes the same proof.
        let (first, second) = if one.root <= other.root { (a, b) } else { (b, a) };
        fork.then(|| Self { first: first.bare().to_string(), second: second.bare().to_string(), evidence: ForkEvidence::SameSize })
    }

    /// The log's origin as the first note has it, unchecked: it tells whose key to verify with.
    ///
    /// # Errors
    /// [`ForkError::Checkpoint`] when the first note is no checkpoint.
    pub fn origin(&self) -> Result<String, ForkError> {
        Ok(claimed_origin(&self.first)?)
    }

    /// Checks everything: both signatures by the log's key, one origin, and the contradiction.
    ///
    /// # Errors
    /// [`ForkError`]: then it proves nothing.
    pub fn verify(&self, key: &PublicKey) -> Result<(), ForkError> {
        self.heads(key).map(|_| ())
    }

    /// As [`ForkProof::verify`]; returns the two heads.
    ///
    /// # Errors
    /// [`ForkError`].
    pub fn heads(&self, key: &PublicKey) -> Result<[SignedCheckpoint; 2], ForkError> {
        let origin = self.origin()?;
        if claimed_origin(&self.second)? != origin {
            return Err(ForkError::OtherLog);
        }
        let first = checkpoint::open(&self.first, key, &origin)?;
        let second = checkpoint::open(&self.second, key, &origin)?;
        self.evidence.check(first.checkpoint(), second.checkpoint())?;
        Ok([first, second])
    }
}

fn claimed_origin(note: &str) -> Result<String, CheckpointError> {
    Ok(Checkpoint::parse(&Note::parse(note)?.text)?.origin)
}

impl ForkEvidence {
    fn check(&self, first: &Checkpoint, second: &Checkpoint) -> Result<(), ForkError> {
        if first.size > second.size {
            return Err(ForkError::Order);
        }
        let differs = match self {
            Self::SameSize if first.size != second.size => return Err(ForkError::NoEvidence),
            Self::SameSize => first.root != second.root,
            Self::Beginning { root, proof } => {
                merkle::verify_consistency(first.size, second.size, proof, root, &second.root)?;
                *root != first.root
            }
            Self::Leaf { index, first: a, second: b } => {
                merkle::verify_inclusion(&a.leaf, *index, first.size, &a.proof, &first.root)?;
                merkle::verify_inclusion(&b.leaf, *index, second.size, &b.proof, &second.root)?;
                a.leaf != b.leaf
            }
        };
        if differs { Ok(()) } else { Err(ForkError::Consistent) }
    }
}
