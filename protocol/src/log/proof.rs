//! Transparency log proofs (c2sp.org/tlog-proof): one text that shows, offline, that a record is in a witnessed log.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint, base64_hash, decimal};
use super::merkle::{self, MerkleError};
use super::note::{Note, NoteError};
use crate::id::Hash;
use crate::keys::PublicKey;
use crate::limits;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Characters of the extra line. Ours have none; what others put there is at most a record, which base64 makes a
/// third longer.
const EXTRA_CHARS: usize = limits::RECORD_BYTES / 3 * 4 + 4;

/// Bytes of a whole proof: the note, the extra line, one line of 45 characters a hash, and the two short lines.
pub const PROOF_BYTES: usize = limits::NOTE_BYTES + EXTRA_CHARS + limits::PROOF_HASHES * 45 + 128;

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Over [`PROOF_BYTES`].
    #[error("a proof of {actual} bytes, at most {PROOF_BYTES}")]
    TooLarge {
        /// Bytes received.
        actual: usize,
    },
    /// The first line is another one.
    #[error("not a c2sp.org/tlog-proof@v1")]
    Header,
    /// The extra line is not base64, or too long.
    #[error("a malformed extra line")]
    Extra,
    /// No `index` line with a plain decimal number.
    #[error("a malformed index line")]
    Index,
    /// A line that is not the base64 of a hash.
    #[error("proof line {line} is not a hash")]
    Hash {
        /// Which hash line, from 1.
        line: usize,
    },
    /// Over [`limits::PROOF_HASHES`].
    #[error("more than {} hashes in one proof", limits::PROOF_HASHES)]
    TooManyHashes,
    /// No blank line before the checkpoint.
    #[error("no checkpoint after the hashes")]
    NoCheckpoint,
    /// The checkpoint is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is not a head of that log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead from the record to the checkpoint's root.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

/// A proof as it was read: only its form is known. Its text form is its `Display`; a parsed proof writes back exactly
/// the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The record's index.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// Opaque data that nothing authenticates.
    pub extra: Option<Vec<u8>>,
    /// The checkpoint with its signature lines, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// Checks that the record with this leaf hash is in the log `origin`, whose key is `key`; returns the head.
    /// Its cosignatures are for the caller to count.
    ///
    /// # Errors
    /// [`ProofError::Checkpoint`] or [`ProofError::Merkle`].
    pub fn verify(&self, leaf: &Hash, key: &PublicKey, origin: &str) -> Result<SignedCheckpoint, ProofError> {
        let head = checkpoint::open(&self.checkpoint, key, origin)?;
        let Checkpoint { size, root, .. } = head.checkpoint();
        merkle::verify_inclusion(leaf, self.index, *size, &self.hashes, root)?;
        Ok(head)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl TlogProof {
    /// Reads all but the note, which may be anything: for who reads it elsewhere, or has read it before.
    ///
    /// # Errors
    /// As [`TlogProof::from_str`] for the rest.
    pub(crate) fn around(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_BYTES {
            return Err(ProofError::TooLarge { actual: text.len() });
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::NoCheckpoint)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Header);
        }
        let mut line = lines.next().ok_or(ProofError::Index)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            if encoded.len() > EXTRA_CHARS {
                return Err(ProofError::Extra);
            }
            extra = Some(STANDARD.decode(encoded).map_err(|_| ProofError::Extra)?);
            line = lines.next().ok_or(ProofError::Index)?;
        }
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(ProofError::Index)?;
        let mut hashes = Vec::new();
        for (at, line) in lines.enumerate() {
            if at >= limits::PROOF_HASHES {
                return Err(ProofError::TooManyHashes);
            }
            hashes.push(base64_hash(line).ok_or(ProofError::Hash { line: at + 1 })?);
        }
        Ok(Self { index, hashes, extra, checkpoint: checkpoint.to_owned() })
    }
}

impl FromStr for TlogProof {
    type Err = ProofError;
    fn from_str(text: &str) -> Result<Self, ProofError> {
        let proof = Self::around(text)?;
        Note::parse(&proof.checkpoint)?;
        Ok(proof)
    }
}
