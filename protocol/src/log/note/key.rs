//! Verifier keys: a name, an algorithm and an Ed25519 key, written `<name>+<key id>+<base64>`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{NoteError, NoteSignature, check_name};
use crate::id::Hash;
use crate::keys::{PublicKey, Signature};
use crate::log::cosignature;

/// What a signature is made over. The byte is part of the key id, so that a key never serves both by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 over the note's text.
    Ed25519,
    /// A timestamped cosignature of a checkpoint (c2sp.org/tlog-cosignature).
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A key by which notes are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: PublicKey,
}

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    /// [`NoteError::KeyName`].
    pub fn new(name: &str, algorithm: Algorithm, key: PublicKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), algorithm, key })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The first four bytes of `SHA-256(name || "\n" || algorithm || key)`.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        key_id(&self.name, self.algorithm, &self.key)
    }

    /// Whether the signature says that it is by this key.
    #[must_use]
    pub fn made(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.id == self.key_id()
    }

    /// Checks a signature by this key over a note's text.
    ///
    /// # Errors
    /// [`NoteError::Forged`], also for a signature by another key.
    pub fn check(&self, text: &str, signature: &NoteSignature) -> Result<(), NoteError> {
        if !self.made(signature) {
            return Err(NoteError::Forged);
        }
        match self.algorithm {
            Algorithm::Ed25519 => {
                let bytes = signature.bytes.as_slice().try_into().map_err(|_| NoteError::Forged)?;
                self.key.verify_raw(text.as_bytes(), &Signature(bytes)).map_err(|_| NoteError::Forged)
            }
            Algorithm::Cosignature => {
                cosignature::verify_body(text, &self.key, &signature.bytes).map(|_| ()).map_err(|_| NoteError::Forged)
            }
        }
    }
}

/// The id under which a key signs notes: four bytes of a hash, a hint only.
#[must_use]
pub fn key_id(name: &str, algorithm: Algorithm, key: &PublicKey) -> [u8; 4] {
    let [a, b, c, d, ..] = Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], key.as_bytes()]).0;
    [a, b, c, d]
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.algorithm.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.key_id()), STANDARD.encode(material))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::VerifierKey);
        };
        let material = STANDARD.decode(encoded).map_err(|_| NoteError::VerifierKey)?;
        let (byte, key) = material.split_first().ok_or(NoteError::VerifierKey)?;
        let algorithm = match byte {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::Cosignature,
            other => return Err(NoteError::Algorithm(*other)),
        };
        let key = key.try_into().ok().and_then(|bytes| PublicKey::from_bytes(bytes).ok()).ok_or(NoteError::VerifierKey)?;
        let key = Self::new(name, algorithm, key)?;
        if hex::encode(key.key_id()) == id { Ok(key) } else { Err(NoteError::KeyId) }
    }
}
