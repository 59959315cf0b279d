//! Proofs that a log told two stories.

use super::{CheckError, CheckedHead, KeyBook, member, numbered};
use crate::id::LogId;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::fork::{ForkError, ForkProof};

/// A verified proof that a log told two stories.
#[derive(Debug, Clone)]
pub struct CheckedFork {
    log: LogId,
    epoch: u32,
    keyset: u32,
    proof: ForkProof,
}

impl CheckedFork {
    /// Two heads of one log with one size and two roots: signed both, they need no other evidence. `None` when they
    /// are no such pair.
    pub(crate) fn between(ours: &SignedCheckpoint, theirs: &CheckedHead) -> Option<Self> {
        let proof = ForkProof::same_size(ours, &theirs.signed)?;
        Some(Self { log: theirs.log.clone(), epoch: theirs.epoch, keyset: theirs.keyset, proof })
    }

    /// Which log, and the proof.
    #[must_use]
    pub fn parts(&self) -> (&LogId, &ForkProof) {
        (&self.log, &self.proof)
    }

    /// The number of the key set that brought the log key which signed both.
    pub(crate) fn keyset(&self) -> u32 {
        self.keyset
    }

    /// In which of its epochs the log told two stories.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }
}

/// Checks a proof of a fork.
///
/// # Errors
/// [`CheckError`] when it proves nothing, or is about a log of nobody here.
pub fn fork(book: &KeyBook, proof: ForkProof) -> Result<CheckedFork, CheckError> {
    let origin = proof.origin()?;
    let LogId { agency, epoch } = LogId::from_origin(&origin, book.federation()).map_err(|_| CheckError::Fork(ForkError::OtherLog))?;
    let log = LogId::first(agency);
    member(book, &log.agency)?;
    if !book.knows(&log) {
        return Err(CheckError::UnknownKey(log));
    }
    let (key, keyset, _) = numbered(book, &log, &proof.first)?;
    // Only the log's own signatures are kept: cosignatures and unknown lines prove nothing here.
    let [first, second] = proof.heads(&key)?.map(|head| head.bare().to_string());
    Ok(CheckedFork { log, epoch, keyset, proof: ForkProof { first, second, evidence: proof.evidence } })
}
