//! Checkpoints (c2sp.org/tlog-checkpoint): the signed head of a log. Ours have three lines and no more.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cosignature::{self, CosignatureError, WitnessKey};
use super::merkle::EMPTY_ROOT;
use super::note::{Algorithm, Note, NoteError, NoteSignature, VerifierKey, check_name};
use crate::id::{AgencyId, Hash};
use crate::keys::{PublicKey, SecretKey};
use crate::limits;
use crate::time::Timestamp;

/// Why a checkpoint was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not three lines, each with its line feed.
    #[error("not an origin, a size and a root, one a line")]
    Lines,
    /// Extension lines: allowed by the format, not used here.
    #[error("extension lines")]
    Extensions,
    /// An empty origin, or for ours one that is no key name.
    #[error("not an origin")]
    Origin,
    /// Another log's checkpoint.
    #[error("a checkpoint of another log")]
    OtherOrigin,
    /// Not a decimal number without sign or leading zero.
    #[error("not a size")]
    Size,
    /// Over [`limits::LOG_SIZE`].
    #[error("a log of {0} entries, at most {limit}", limit = limits::LOG_SIZE)]
    TooLong(u64),
    /// Not the base64 of 32 bytes.
    #[error("not a root hash")]
    Root,
    /// Size 0 with another root than that of the empty tree.
    #[error("the empty log has another root")]
    EmptyRoot,
    /// Two checkpoints were to be merged that are not the same head.
    #[error("another head")]
    OtherHead,
}

/// A log's head: how many records, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which log; a key name in the sense of signed notes.
    pub origin: String,
    /// Number of records.
    pub size: u64,
    /// The Merkle root.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: three lines.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads a checkpoint of ours, without signatures: no extension lines, at most [`limits::LOG_SIZE`] records.
    ///
    /// # Errors
    /// [`CheckpointError`]: a line that is not as it must be.
    pub fn parse(body: &str) -> Result<Self, CheckpointError> {
        let (checkpoint, extensions) = Self::parse_foreign(body)?;
        if !extensions.is_empty() {
            return Err(CheckpointError::Extensions);
        }
        check_name(&checkpoint.origin).map_err(|_| CheckpointError::Origin)?;
        if checkpoint.size > limits::LOG_SIZE {
            return Err(CheckpointError::TooLong(checkpoint.size));
        }
        Ok(checkpoint)
    }

    /// Reads any log's checkpoint and its extension lines.
    ///
    /// # Errors
    /// [`CheckpointError`]: a line that is not as it must be.
    pub fn parse_foreign(body: &str) -> Result<(Self, Vec<String>), CheckpointError> {
        if body.len() > limits::NOTE_BYTES {
            return Err(NoteError::TooLarge { actual: body.len() }.into());
        }
        let mut lines = body.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Origin);
        }
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = base64_hash(root).ok_or(CheckpointError::Root)?;
        if size == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot);
        }
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok((Self { origin: origin.to_owned(), size, root }, extensions))
    }
}

/// A number as C2SP texts write it: digits only, no leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// 32 bytes in standard, padded, canonical base64.
pub(super) fn base64_hash(text: &str) -> Option<Hash> {
    // 44 characters are 33 bytes at most: nothing large is decoded.
    let bytes = if text.len() == 44 { STANDARD.decode(text).ok()? } else { return None };
    bytes.try_into().ok().map(Hash)
}

/// Signs a head with the log's key, under the origin as its name.
#[must_use]
pub fn sign(checkpoint: &Checkpoint, key: &SecretKey) -> Note {
    let text = checkpoint.body();
    let id = super::note::key_id(&checkpoint.origin, Algorithm::Ed25519, &key.public());
    let bytes = key.sign_raw(text.as_bytes()).0.to_vec();
    Note { signatures: vec![NoteSignature { name: checkpoint.origin.clone(), id, bytes }], text }
}

/// Reads a checkpoint that `key` signed for the log `origin`.
///
/// # Errors
/// [`CheckpointError`]: the note, the signature, then the lines.
pub fn open(note: &str, key: &PublicKey, origin: &str) -> Result<SignedCheckpoint, CheckpointError> {
    open_once(note, key, origin, VerifierKey::check)
}

/// As [`open`], with a `check` that may remember what it checked before: key, text and signature.
pub(crate) fn open_once(
    note: &str,
    key: &PublicKey,
    origin: &str,
    check: impl Fn(&VerifierKey, &str, &NoteSignature) -> Result<(), NoteError>,
) -> Result<SignedCheckpoint, CheckpointError> {
    let note = Note::parse(note)?;
    let key = VerifierKey::new(origin, Algorithm::Ed25519, *key).map_err(|_| CheckpointError::Origin)?;
    let mut signed = false;
    for signature in note.signatures.iter().filter(|signature| key.made(signature)) {
        check(&key, &note.text, signature)?;
        signed = true;
    }
    if !signed {
        return Err(NoteError::Unsigned.into());
    }
    let checkpoint = Checkpoint::parse(&note.text)?;
    if checkpoint.origin != origin {
        return Err(CheckpointError::OtherOrigin);
    }
    Ok(SignedCheckpoint { checkpoint, note, signer: key.key_id() })
}

/// A head signed by its log. Only [`open`] and [`SignedCheckpoint::sign`] make one; its cosignatures are unchecked.
///
/// ```compile_fail
/// # use parangon_protocol::log::{Checkpoint, Note, SignedCheckpoint};
/// fn claim(checkpoint: Checkpoint, note: Note) -> SignedCheckpoint {
///     SignedCheckpoint { checkpoint, note, signer: [0; 4] }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
    /// The id of the log's key.
    signer: [u8; 4],
}

impl SignedCheckpoint {
    /// Signs a head of our own log.
    ///
    /// # Errors
    /// [`CheckpointError`] when it is no checkpoint of ours: too long, or a bad origin.
    pub fn sign(checkpoint: &Checkpoint, key: &SecretKey) -> Result<Self, CheckpointError> {
        let note = sign(checkpoint, key);
        let signer = super::note::key_id(&checkpoint.origin, Algorithm::Ed25519, &key.public());
        Ok(Self { checkpoint: Checkpoint::parse(&note.text)?, note, signer })
    }

    /// The head.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with all its signature lines.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The same head with the signature of its log's key alone, and the line that states its key set, where there is one.
    pub(crate) fn bare(&self) -> Self {
        let own = |line: &&NoteSignature| line.name == self.checkpoint.origin && line.id == self.signer;
        let states = |line: &&NoteSignature| super::stated::is_it(line);
        let lines = || self.note.signatures.iter();
        let signatures = lines().find(own).into_iter().chain(lines().find(states)).cloned().collect();
        Self { note: Note { text: self.note.text.clone(), signatures }, checkpoint: self.checkpoint.clone(), signer: self.signer }
    }

    /// Adds signature lines that are not there yet, up to the bounds of a note. They are not checked here: a false
    /// line under a known name spoils the note for all who know that name.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`], [`NoteError::TooLarge`], or a line that could not be read back
    /// ([`NoteError::KeyName`], [`NoteError::SignatureLine`]); nothing is added then.
    pub fn add(&mut self, signatures: impl IntoIterator<Item = NoteSignature>) -> Result<(), NoteError> {
        let mut note = self.note.clone();
        for signature in signatures {
            check_name(&signature.name)?;
            if signature.bytes.is_empty() {
                return Err(NoteError::SignatureLine { line: note.signatures.len() + 1 });
            }
            if note.signatures.contains(&signature) {
                continue;
            }
            if note.signatures.len() == limits::NOTE_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            note.signatures.push(signature);
        }
        let actual = note.to_string().len();
        if actual > limits::NOTE_BYTES {
            return Err(NoteError::TooLarge { actual });
        }
        self.note = note;
        Ok(())
    }

    /// Adds the signature lines of another copy of the same head.
    ///
    /// # Errors
    /// [`CheckpointError::OtherHead`], or as [`SignedCheckpoint::add`].
    pub fn merge(&mut self, other: &Self) -> Result<(), CheckpointError> {
        if self.checkpoint != other.checkpoint {
            return Err(CheckpointError::OtherHead);
        }
        Ok(self.add(other.note.signatures.iter().cloned())?)
    }

    /// The cosignatures by these witnesses. Lines by other keys are ignored; one witness may have several.
    ///
    /// # Errors
    /// When any line by one of these keys fails: the whole note is then refused.
    pub fn cosignatures<'w>(
        &self,
        witnesses: impl IntoIterator<Item = &'w WitnessKey>,
    ) -> Result<Vec<(AgencyId, Timestamp)>, CosignatureError> {
        let mut found = Vec::new();
        let lines = self.note.signatures.as_slice();
        for witness in witnesses {
            for line in lines.iter().filter(|line| witness.made(line)) {
                let time = cosignature::verify(&self.checkpoint, &witness.name, &witness.key, line)?;
                found.push((witness.agency.clone(), time));
            }
        }
        Ok(found)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
