//! The two files of a rotation: the keys in use, and those that follow once their key set stands in the log.
//!
//! The command line writes `node.keys.next` and has the identity key sign its public halves; the node appends that key set and
//! renames the file. Dying in between loses nothing: which of the two files counts is what the log says.

use std::io;
use std::path::{Path, PathBuf};

use parangon_protocol::canonical;
use parangon_protocol::keys::{KeySet, SignedKeySet};
use parangon_protocol::limits;

use super::file::{self, FileError};
use super::unlock::{Cost, Unlock, UnlockError};
use super::{Keystore, SealedError};
use crate::config::KeySource;

/// The sealed operational keys in use.
pub const NODE_KEYS: &str = "node.keys";

/// Those that follow.
pub const NODE_KEYS_NEXT: &str = "node.keys.next";

/// Their key set, signed, for a second attempt.
pub const NEXT_SET: &str = "keyset.next.json";

/// The key set of an epoch that is to begin, once the node has taken it: the next start begins it.
const EPOCH_SET: &str = "keyset.epoch.json";

/// Says that the keys in use were made again from the recovery sheet, or came back from a backup: those of later rotations are
/// lost until the next.
pub const MADE_AGAIN: &str = "node.keys.made-again";

/// Where a node's keys are and what opens them.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    dir: PathBuf,
    source: KeySource,
}

/// Why no keys could be read that fit.
#[derive(Debug, thiserror::Error)]
pub enum KeyFilesError {
    /// Nothing is configured that opens them.
    #[error("nothing is configured that opens the node's keys")]
    NoSecret,
    /// The passphrase or the key file cannot be read.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// A file is missing or cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It does not open.
    #[error("{}: {cause}", path.display())]
    Sealed {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: SealedError,
    },
    /// It holds other keys than the key set states.
    #[error("{} holds other keys than key set {number} states", path.display())]
    Other {
        /// Which file.
        path: PathBuf,
        /// The key set's number.
        number: u32,
    },
}

impl KeyFiles {
    /// In this directory, opened by what the configuration names.
    #[must_use]
    pub fn new(dir: &Path, source: KeySource) -> Self {
        Self { dir: dir.into(), source }
    }

    /// The keys in use.
    ///
    /// # Errors
    /// [`KeyFilesError`].
    pub fn open(&self) -> Result<Keystore, KeyFilesError> {
        self.read(NODE_KEYS)
    }

    /// The keys that follow, when they are those of this key set.
    ///
    /// # Errors
    /// [`KeyFilesError`].
    pub fn open_next(&self, set: &KeySet) -> Result<Keystore, KeyFilesError> {
        let keystore = self.read(NODE_KEYS_NEXT)?;
        if keystore.key_set(set.agency.clone(), set.number) == *set {
            return Ok(keystore);
        }
        Err(KeyFilesError::Other { path: self.dir.join(NODE_KEYS_NEXT), number: set.number })
    }

    /// The key set of an epoch that is to begin; none where there is none that can be read.
    #[must_use]
    pub fn epoch_set(&self) -> Option<SignedKeySet> {
        let path = self.dir.join(EPOCH_SET);
        let bytes = path.exists().then(|| file::read(&path))?.ok()?;
        canonical::decode(&bytes, limits::RECORD_BYTES).ok()
    }

    /// Keeps this key set for the next start, which begins an epoch with it.
    ///
    /// # Errors
    /// [`KeyFilesError::File`].
    pub fn keep_epoch_set(&self, set: &SignedKeySet) -> Result<(), KeyFilesError> {
        let path = self.dir.join(EPOCH_SET);
        let text = canonical::encode(set, limits::RECORD_BYTES).unwrap_or_default();
        let write = if path.exists() { file::replace } else { file::write_new };
        Ok(write(&path, &text)?)
    }

    /// Whether the keys in use were made again from the recovery sheet.
    #[must_use]
    pub fn made_again(&self) -> bool {
        self.dir.join(MADE_AGAIN).exists()
    }

    /// Puts the keys that follow in the place of those in use. Done already, it does nothing.
    ///
    /// # Errors
    /// [`KeyFilesError::File`]; then the next start does it.
    pub fn finish(&self) -> Result<(), KeyFilesError> {
        let (next, used) = (self.dir.join(NODE_KEYS_NEXT), self.dir.join(NODE_KEYS));
        let done = |outcome: io::Result<()>, path: &Path| match outcome {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FileError::Io { path: path.into(), source }),
            _ => Ok(()),
        };
        done(std::fs::rename(&next, &used), &used)?;
        for name in [NEXT_SET, EPOCH_SET, MADE_AGAIN] {
            let path = self.dir.join(name);
            done(std::fs::remove_file(&path), &path)?;
        }
        Ok(file::sync_parent(&used).map_err(|source| FileError::Io { path: used, source })?)
    }

    fn read(&self, name: &str) -> Result<Keystore, KeyFilesError> {
        let unlock = match &self.source {
            KeySource::PassphraseFile(path) => Unlock::read_passphrase_file(path, Cost::default())?,
            KeySource::KeyFile(path) => Unlock::read_key_file(path)?,
            KeySource::Ask => return Err(KeyFilesError::NoSecret),
        };
        let path = self.dir.join(name);
        Keystore::open(&file::read(&path)?, &unlock).map_err(|cause| KeyFilesError::Sealed { path, cause })
    }
}
