//! One log of the store as the protocol reads it.

use parangon_protocol::check::{self, CheckedRecord, KeyBook};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::log::checkpoint::SignedCheckpoint;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::log::merkle::HashReader;
use parangon_protocol::message::Range;
use parangon_protocol::replica::serve::{self, LogReader};

use crate::store::{self, ReadTx, Store, StoreError};

/// Records and inner hashes of one log, on one snapshot.
#[derive(Debug)]
pub struct StoredLog<'a> {
    tx: &'a ReadTx,
    log: &'a LogId,
    hashes: store::LogReader,
}

impl<'a> StoredLog<'a> {
    /// A reader of `log` on the snapshot `tx`.
    ///
    /// # Errors
    /// An error of the store.
    pub fn new(tx: &'a ReadTx, log: &'a LogId) -> Result<Self, StoreError> {
        Ok(Self { tx, log, hashes: tx.log_reader(log)? })
    }
}

impl HashReader for StoredLog<'_> {
    type Error = StoreError;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        self.hashes.hash(level, index)
    }
}

impl LogReader for StoredLog<'_> {
    fn record(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.tx.record(self.log, index)
    }
}

/// Answers a pull with the newest head that is known of the log.
pub(super) fn range(store: &Store, log: &LogId, note: String, head: u64, start: u64, count: u64) -> Result<Option<Range>, StoreError> {
    let tx = store.read()?;
    serve::range(&StoredLog::new(&tx, log)?, log, note, head, start, count)
}

pub(super) fn compare(
    store: &Store,
    log: &LogId,
    ours: &SignedCheckpoint,
    theirs: &SignedCheckpoint,
) -> Result<Option<ForkProof>, StoreError> {
    let tx = store.read()?;
    serve::compare(&StoredLog::new(&tx, log)?, ours, theirs)
}

/// Checks a stored label again. `None` when it cannot be read, which is logged.
pub(super) fn recheck(store: &Store, book: &KeyBook, log: &LogId, index: u64) -> Option<CheckedRecord> {
    let bytes = store.read().and_then(|tx| tx.record(log, index));
    let bytes = bytes.inspect_err(|error| tracing::warn!(%error, "a label could not be checked again")).ok()??;
    check::record(book, log, index, bytes).ok()
}

/// The first records of a log, checked; as many of `size` as can be read.
pub(super) fn reread(store: &Store, book: &KeyBook, log: &LogId, size: u64) -> Vec<CheckedRecord> {
    let read = || -> Result<Vec<CheckedRecord>, StoreError> {
        let tx = store.read()?;
        let mut records = Vec::new();
        for index in 0..size {
            let Some(record) = tx.record(log, index)?.and_then(|bytes| check::record(book, log, index, bytes).ok()) else { break };
            records.push(record);
        }
        Ok(records)
    };
    read().inspect_err(|error| tracing::warn!(%error, "a log could not be read again; it is asked of the others")).unwrap_or_default()
}
