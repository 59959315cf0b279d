//! Backups: one file, an age file for the agency's backup key, around a consistent snapshot of the store and the few small
//! files that a node needs to come back (docs/operating.md, "Backup and restore").
//!
//! The node has the public half of the key only, so a stolen node or backup opens no backup. In the file is everything but
//! the identity key and the high-water mark: a node that comes back from a backup therefore recovers before it signs
//! (protocol, "Restore"). Anybody can seal something to a public key: what is read here is foreign, bounded before it is
//! kept, and believed only as far as the identity key, the charter and the logs carry it.

mod audit;
mod container;
mod create;
mod manifest;
mod restore;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use crate::keystore::file::FileError;
use crate::keystore::{RandomError, SealedError};
use crate::store::StoreError;

pub use audit::{Report, audit};
pub use create::{Plan, read_recipient, write_recipient};
pub use manifest::Manifest;
pub use restore::{Backup, Unpacked, open};

/// The file in the data directory that names what backups are sealed to: `age1…`. Not a secret.
pub const RECIPIENT_FILE: &str = "backup.recipient";

/// How names of backups end: `AGENCY-YYYYMMDDTHHMMSSZ.pgnbak`.
pub const EXTENSION: &str = "pgnbak";

/// The newest format that is read here, and the one that is written.
pub const FORMAT: u32 = 1;

/// Why a backup was not made, not believed or not restored. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No recipient in the data directory: it was made by a version without backups.
    #[error("{} is not there, so nobody could open a backup", .0.display())]
    NoRecipient(PathBuf),
    /// The file does not hold an age recipient.
    #[error("{} holds no age recipient (age1…)", .0.display())]
    BadRecipient(PathBuf),
    /// Key set and keystore changed since the node started.
    #[error("federation.json and node.keys do not belong together: {0}")]
    OtherKeys(String),
    /// Not an age file.
    #[error("this is no backup: it is not an age file")]
    NotABackup,
    /// Sealed to somebody else, or its header was altered: age cannot tell which.
    #[error("this backup is not sealed to the backup key of this identity key")]
    OtherKey,
    /// Cut short or altered.
    #[error("the backup is damaged or cut short: {0}")]
    Damaged(String),
    /// Made by a newer program.
    #[error("backup format {found}, this program reads up to {reads}")]
    Newer {
        /// Its format.
        found: u32,
        /// The newest format known here.
        reads: u32,
    },
    /// An entry claims more than it may have.
    #[error("the entry {entry} of the backup is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        entry: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// The parts contradict each other, a log, or a signature.
    #[error("the backup does not hold together: {0}")]
    Inconsistent(String),
    /// The store refused, here or in the backup.
    #[error(transparent)]
    Store(StoreError),
    /// The keys cannot be sealed or opened.
    #[error("the node's keys: {0}")]
    Keys(#[from] SealedError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A file of the data directory cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No space for the backup, or for what is unpacked from it.
    #[error("the disk is full")]
    DiskFull,
    /// Reading or writing the backup itself failed.
    #[error("reading or writing the backup: {0}")]
    Io(io::Error),
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::DiskFull { .. }) { Self::DiskFull } else { Self::Store(error) }
    }
}

impl From<io::Error> for BackupError {
    /// age and the container report what does not fit as invalid data, and what is missing as an early end.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged(error.to_string()),
            io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}
