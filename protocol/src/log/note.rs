//! Signed notes (c2sp.org/signed-note): a text, a blank line, and signature lines.

mod key;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits;

pub use key::{Algorithm, VerifierKey, key_id};

/// Why a note, a signature line or a verifier key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Over [`limits::NOTE_BYTES`].
    #[error("a note of {actual} bytes, at most {}", limits::NOTE_BYTES)]
    TooLarge {
        /// Bytes received.
        actual: usize,
    },
    /// Over [`limits::NOTE_SIGNATURES`].
    #[error("more than {} signatures in one note", limits::NOTE_SIGNATURES)]
    TooManySignatures,
    /// A control character other than the line feed.
    #[error("a control character in a note")]
    ControlCharacter,
    /// No blank line between text and signatures, no signature, or no final line feed.
    #[error("not a text, a blank line and signature lines")]
    Structure,
    /// A signature line is not `— <name> <base64 of at least 5 bytes>`. Lines count from 1 after the blank line.
    #[error("signature line {line} is malformed")]
    SignatureLine {
        /// Which signature line, from 1.
        line: usize,
    },
    /// A key name is empty or has white space, a plus sign or a control character below U+0020.
    #[error("not a key name (no spaces, no '+')")]
    KeyName,
    /// Not `<name>+<8 hex>+<base64>`, or the key in it is no Ed25519 key or a weak one.
    #[error("not a verifier key")]
    VerifierKey,
    /// The four bytes in a verifier key are not the hash of the rest.
    #[error("the key id does not belong to this name and key")]
    KeyId,
    /// A verifier key of a kind that is not read here.
    #[error("signature type {0:#04x} is not known here")]
    Algorithm(u8),
    /// A signature that names a known key does not verify: the whole note is refused.
    #[error("a signature by a known key does not verify")]
    Forged,
    /// No signature is by a known key.
    #[error("no signature by a known key")]
    Unsigned,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id: a hint that is no proof of anything.
    pub id: [u8; 4],
    /// The signature, in the form of the key's algorithm; not empty.
    pub bytes: Vec<u8>,
}

impl NoteSignature {
    /// Reads one line, without its line feed.
    ///
    /// # Errors
    /// [`NoteError::SignatureLine`] (as line 1) or [`NoteError::KeyName`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        Self::parse_line(line, 1)
    }

    fn parse_line(text: &str, line: usize) -> Result<Self, NoteError> {
        let malformed = NoteError::SignatureLine { line };
        let (name, encoded) = text.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(malformed)?;
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed)?;
        match bytes.split_first_chunk::<4>() {
            Some((id, rest)) if !rest.is_empty() => Ok(Self { name: name.to_owned(), id: *id, bytes: rest.to_vec() }),
            _ => Err(malformed),
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, STANDARD.encode([&self.id, self.bytes.as_slice()].concat()))
    }
}

/// A note as it was read: nothing is known about its signatures yet. Its text form is its `Display`; a parsed note
/// writes back exactly the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed, with its final line feed.
    pub text: String,
    /// The signature lines in their order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note within the bounds of [`limits`].
    ///
    /// # Errors
    /// [`NoteError`]: the bounds, the structure, a signature line.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > limits::NOTE_BYTES {
            return Err(NoteError::TooLarge { actual: note.len() });
        }
        if note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::ControlCharacter);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Structure)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Structure)?;
        let mut signatures = Vec::new();
        for (index, line) in lines.split('\n').enumerate() {
            if index >= limits::NOTE_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(NoteSignature::parse_line(line, index + 1)?);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Checks the signatures by `known` keys; returns the keys that signed, in the order of their signatures.
    /// Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::Forged`] when any signature by a known key fails, [`NoteError::Unsigned`] when there is none.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for signature in &self.signatures {
            for key in known.iter().filter(|key| key.made(signature)) {
                key.check(&self.text, signature)?;
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Checks that `name` can stand in a signature line and in a verifier key.
///
/// # Errors
/// [`NoteError::KeyName`].
pub fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    if name.is_empty() || name.contains(bad) { Err(NoteError::KeyName) } else { Ok(()) }
}
