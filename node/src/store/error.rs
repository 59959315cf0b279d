//! Why the store refused. Every refusal leaves what is stored as it was.

use std::io;
use std::path::PathBuf;

use parangon_protocol::id::LogId;

use crate::codec::CodecError;
use crate::keystore::RandomError;

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open (case D9).
    #[error("the store in {} is in use by {}", dir.display(), process.map_or("another process".to_owned(), |id| format!("process {id}")))]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// Who holds it, when the lock file says so.
        process: Option<u32>,
    },
    /// The file system has no locks, so that two processes could write at once (case D10).
    #[error("{}: this file system cannot lock files, the store needs a local disk: {source}", path.display())]
    NoLocks {
        /// The lock file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Made by a newer program (case O2). The file was not touched.
    #[error("store format {found}, this program reads up to {reads}")]
    Newer {
        /// Its format.
        found: u32,
        /// The newest format known here.
        reads: u32,
    },
    /// The master key is not the one this store was made with.
    #[error("the keystore does not belong to this store: its master key does not open it")]
    WrongKey,
    /// The bytes on disk are not what was written (case D5).
    #[error("the store is damaged: {0}")]
    Corrupted(String),
    /// A private row was altered, moved to another name, or sealed with another key.
    #[error("a private row of the table {table} does not open: it was altered or moved")]
    Refused {
        /// Which table.
        table: &'static str,
    },
    /// A row has a format that this program does not know, or is cut short.
    #[error("a row of the table {table} is malformed")]
    Row {
        /// Which table.
        table: &'static str,
    },
    /// No space is left, or less than [`super::RESERVE_BYTES`] (case D4). Reading goes on; writing goes on when there is
    /// space again.
    #[error("the disk is full: {} has {free} bytes left", dir.display())]
    DiskFull {
        /// The data directory.
        dir: PathBuf,
        /// Bytes that are still free.
        free: u64,
    },
    /// The disk failed (case D3). What was written last is not known to be durable, so nothing more is written until a
    /// restart.
    #[error("disk error: {0}")]
    Disk(#[source] io::Error),
    /// An earlier disk error or a lost file made the store read-only; a restart opens it again.
    #[error("the store is read-only after an earlier disk error: restart the node")]
    ReadOnly,
    /// The store file was deleted or moved while it was open (case D11).
    #[error("{} was deleted or moved while the node was running", .0.display())]
    Moved(PathBuf),
    /// The records do not continue the log.
    #[error("record {offered} does not continue {log}, which has {size}")]
    NotNext {
        /// Which log.
        log: LogId,
        /// Its size.
        size: u64,
        /// The index that was offered.
        offered: u64,
    },
    /// Not as many hashes as the record at this index completes.
    #[error("record {index} of {log} completes {expected} hashes, {given} were given")]
    Hashes {
        /// Which log.
        log: LogId,
        /// Which record.
        index: u64,
        /// How many it completes.
        expected: usize,
        /// How many came with it.
        given: usize,
    },
    /// A hash was asked for that no stored record completes.
    #[error("no record {index} in this log")]
    NoRecord {
        /// The index asked for.
        index: u64,
    },
    /// Over a bound.
    #[error("{what} of {actual} bytes, at most {limit}")]
    TooLarge {
        /// What was offered.
        what: &'static str,
        /// Its size in bytes.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The own head would go back, or change without growing: that would be a fork.
    #[error("the own head of {log} may not go from size {from} to {to}")]
    HighWater {
        /// Which log.
        log: LogId,
        /// The size that is durable.
        from: u64,
        /// The size that was offered.
        to: u64,
    },
    /// The store is recovering: it signs nothing, so it moves no own head (protocol, "Restore").
    #[error("the store is recovering: nothing is signed")]
    Recovering,
    /// There is no recovery to finish.
    #[error("the store is not recovering")]
    NotRecovering,
    /// No randomness for a data key.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Anything else that the database reports.
    #[error("database: {0}")]
    Database(Box<redb::Error>),
}

impl StoreError {
    pub(super) fn row(table: &'static str) -> impl Fn(CodecError) -> Self {
        move |_| Self::Row { table }
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(source) if source.kind() == io::ErrorKind::StorageFull => Self::DiskFull { dir: PathBuf::new(), free: 0 },
            // redb reports a file that is no database this way.
            redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => Self::Corrupted(source.to_string()),
            redb::Error::Io(source) => Self::Disk(source),
            redb::Error::Corrupted(what) => Self::Corrupted(what),
            redb::Error::PreviousIo => Self::ReadOnly,
            other => Self::Database(Box::new(other)),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(StorageError, TableError, TransactionError, CommitError, DatabaseError, SetDurabilityError);
