//! An agency's log: an RFC 6962 Merkle tree whose heads are C2SP checkpoints, cosigned by witnesses.
//!
//! Nothing here knows what a record says. [`merkle`] hashes and proves, [`note`], [`checkpoint`] and [`cosignature`]
//! are the signed texts, [`quorum`] counts witnesses, [`proof`] and [`policy`] are the files that other tools read,
//! [`fork`] is the evidence that a log told two stories, [`last_seen`] tells a recovering owner what its witnesses saw,
//! [`stated`] names the key of a head whose epoch has another one, [`tiles`] is a log as files, and [`tlog_witness`] is how witnesses outside the
//! federation are asked.

pub mod checkpoint;
pub mod cosignature;
pub mod fork;
pub mod last_seen;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod quorum;
pub mod stated;
pub mod tiles;
pub mod tlog_witness;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use cosignature::{CosignatureError, WitnessKey};
pub use fork::{ForkError, ForkEvidence, ForkProof};
pub use merkle::{EMPTY_ROOT, Frontier, HashReader, MerkleError, leaf_hash, node_hash};
pub use note::{Note, NoteError, NoteSignature, VerifierKey};
pub use policy::{Policy, PolicyError};
pub use proof::{ProofError, TlogProof};
pub use quorum::{Tally, Witnesses};
