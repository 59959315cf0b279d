//! The request by which a log asks a witness for a cosignature over HTTP (c2sp.org/tlog-witness, `add-checkpoint`), and
//! what each side decides. Nothing here opens a connection or keeps a state.
//!
//! The witness: [`AddCheckpoint::from_str`], [`admit`], then, in the transaction that also writes the result,
//! [`Admitted::follows`]; only after that [`Admitted::cosign`]. The log: [`answer`].

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError, base64_hash, decimal};
use super::cosignature::cosign_body;
use super::merkle::{self, MerkleError};
use super::note::{Algorithm, Note, NoteError, NoteSignature, VerifierKey};
use crate::id::Hash;
use crate::keys::SecretKey;
use crate::limits;
use crate::time::Timestamp;

/// Hashes of the consistency proof: what c2sp.org/tlog-witness allows.
pub const PROOF_LINES: usize = 63;

/// Bytes of a request: the note, one line of 45 characters a hash, and the line with the old size.
pub const REQUEST_BYTES: usize = limits::NOTE_BYTES + PROOF_LINES * 45 + 32;

/// Bytes of an answer: a few lines of cosignatures, or a size. A witness with many keys has one line for each.
pub const ANSWER_BYTES: usize = 16 * 1024;

/// The media type of the size that a witness answers a conflict with.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A request as it was read; nothing of it is checked. Its text form is its `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the proof starts from.
    pub old: u64,
    /// The consistency proof; empty when `old` is zero or the checkpoint's own size.
    pub proof: Vec<Hash>,
    /// The checkpoint with its signature lines.
    pub checkpoint: String,
}

/// Why a witness does not cosign. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request, or one with an old size above the checkpoint's.
    #[error("not an add-checkpoint request: {0}")]
    Malformed(&'static str),
    /// The note in it is malformed.
    #[error("the checkpoint is malformed: {0}")]
    Checkpoint(CheckpointError),
    /// A log that this witness does not watch.
    #[error("this witness does not watch that log")]
    UnknownOrigin,
    /// No signature of the log's key, or a forged one.
    #[error("not signed by the log's key: {0}")]
    Unsigned(NoteError),
    /// The request does not start from the newest head that was cosigned.
    #[error("the newest head cosigned of this log has {size} entries")]
    Conflict {
        /// That head's size.
        size: u64,
    },
    /// The newest head cosigned has this size and another root: the log told two stories.
    #[error("a head of {size} entries with another root was cosigned")]
    OtherRoot {
        /// That head's size.
        size: u64,
    },
    /// The proof does not lead from the one to the other.
    #[error("the consistency proof does not verify: {0}")]
    Inconsistent(MerkleError),
    /// The empty log has one root.
    #[error("the empty log has another root")]
    EmptyRoot,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Checkpoint(_) => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } | Self::OtherRoot { .. } => 409,
            Self::Inconsistent(_) | Self::EmptyRoot => 422,
        }
    }

    /// The body that goes with a conflict, of type [`SIZE_TYPE`].
    #[must_use]
    pub fn size(&self) -> Option<String> {
        match self {
            Self::Conflict { size } | Self::OtherRoot { size } => Some(format!("{size}\n")),
            _ => None,
        }
    }
}

/// The newest head of a log that a witness cosigned: all that it has to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > REQUEST_BYTES {
            return Err(Refusal::Malformed("too large"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(Refusal::Malformed("no blank line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(Refusal::Malformed("no line with the old size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_LINES {
                return Err(Refusal::Malformed("more than 63 proof lines"));
            }
            proof.push(base64_hash(line).ok_or(Refusal::Malformed("a proof line that is no hash"))?);
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// A request for a head that the log's key signed. Only [`admit`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    old: u64,
    proof: Vec<Hash>,
    checkpoint: Checkpoint,
    /// What is cosigned: the text with its extension lines.
    body: String,
}

/// Checks everything that needs no state: the note's form, that one of `logs` signed it under the checkpoint's origin, and
/// that the sizes are in order.
///
/// # Errors
/// [`Refusal`], but not `Conflict`, `OtherRoot` or `Inconsistent`.
pub fn admit(request: AddCheckpoint, logs: &[VerifierKey]) -> Result<Admitted, Refusal> {
    let note = Note::parse(&request.checkpoint).map_err(|error| Refusal::Checkpoint(error.into()))?;
    let (checkpoint, _) = Checkpoint::parse_foreign(&note.text).map_err(|error| match error {
        CheckpointError::EmptyRoot => Refusal::EmptyRoot,
        other => Refusal::Checkpoint(other),
    })?;
    let keys: Vec<VerifierKey> = logs.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
    if keys.is_empty() {
        return Err(Refusal::UnknownOrigin);
    }
    note.verify(&keys).map_err(Refusal::Unsigned)?;
    if request.old > checkpoint.size {
        return Err(Refusal::Malformed("the old size is above the checkpoint's"));
    }
    Ok(Admitted { old: request.old, proof: request.proof, checkpoint, body: note.text })
}

impl Admitted {
    /// Which log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// Decides against the newest head that was cosigned of this log, `None` for the first. What is returned has to be
    /// durable before [`Admitted::cosign`], and no other decision on this log may lie between reading and writing it.
    ///
    /// # Errors
    /// [`Refusal::Conflict`], [`Refusal::OtherRoot`] or [`Refusal::Inconsistent`].
    pub fn follows(&self, last: Option<&Seen>) -> Result<Seen, Refusal> {
        let last = last.copied().unwrap_or(Seen { size: 0, root: merkle::EMPTY_ROOT });
        if self.old != last.size {
            return Err(Refusal::Conflict { size: last.size });
        }
        let Checkpoint { size, root, .. } = self.checkpoint;
        if size == last.size && root != last.root {
            return Err(Refusal::OtherRoot { size });
        }
        merkle::verify_consistency(last.size, size, &self.proof, &last.root, &root).map_err(Refusal::Inconsistent)?;
        Ok(Seen { size, root })
    }

    /// The cosignature line.
    #[must_use]
    pub fn cosign(&self, key: &SecretKey, name: &str, time: Timestamp) -> NoteSignature {
        cosign_body(&self.body, key, name, time)
    }
}

/// Why a log keeps nothing of what a witness answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Over [`ANSWER_BYTES`], or not text.
    #[error("an answer that is too large or no text")]
    Unreadable,
    /// A line that is no signature line.
    #[error("an answer with a malformed line: {0}")]
    Line(NoteError),
    /// No line by the witness's key, or one that does not verify.
    #[error("the witness's own cosignature is missing or forged: {0}")]
    Cosignature(NoteError),
    /// A conflict without a size.
    #[error("a conflict that does not say at which size")]
    NoSize,
    /// The witness refuses, for good as far as can be seen.
    #[error("the witness answered with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its cosignature of the head, checked.
    Cosigned(NoteSignature),
    /// It cosigned another size last: the proof has to start from there. A size above our own is a sign that somebody else
    /// signs with the log's key.
    Conflict {
        /// That size.
        size: u64,
    },
}

/// Reads a witness's answer to a request for `checkpoint`; `key` is its cosignature key. Lines by other keys are ignored.
///
/// # Errors
/// [`AnswerError`].
pub fn answer(checkpoint: &Checkpoint, key: &VerifierKey, status: u16, media_type: &str, body: &[u8]) -> Result<Answer, AnswerError> {
    if body.len() > ANSWER_BYTES {
        return Err(AnswerError::Unreadable);
    }
    let text = str::from_utf8(body).map_err(|_| AnswerError::Unreadable)?;
    match status {
        200 => cosigned(checkpoint, key, text).map(Answer::Cosigned),
        409 if media_type == SIZE_TYPE => {
            let size = text.strip_suffix('\n').and_then(decimal).ok_or(AnswerError::NoSize)?;
            Ok(Answer::Conflict { size })
        }
        409 => Err(AnswerError::NoSize),
        status => Err(AnswerError::Refused { status }),
    }
}

fn cosigned(checkpoint: &Checkpoint, key: &VerifierKey, text: &str) -> Result<NoteSignature, AnswerError> {
    let missing = AnswerError::Cosignature(NoteError::Unsigned);
    if key.algorithm() != Algorithm::Cosignature {
        return Err(missing);
    }
    let mut found = None;
    for line in text.strip_suffix('\n').ok_or(AnswerError::Line(NoteError::Structure))?.split('\n') {
        let line = NoteSignature::parse(line).map_err(AnswerError::Line)?;
        if key.made(&line) {
            key.check(&checkpoint.body(), &line).map_err(AnswerError::Cosignature)?;
            found = Some(line);
        }
    }
    found.ok_or(missing)
}
