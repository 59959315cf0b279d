//! The logs: records with the inner hashes they complete. No other row of the tree is kept, so that a record of 600
//! bytes costs about 64 bytes more.

use std::ops::Range;

use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::limits;
use parangon_protocol::log::merkle::{HashReader, completed_by, completing_leaf};
use redb::{ReadOnlyTable, ReadableTable, ReadableTableMetadata};

use super::tables::{Bytes, HEADS, LOGS, NOTES, Place, RECORDS, STATES, Source, content, row};
use super::{ReadTx, StoreError, Tx, WriteTx};

const RECORDS_NAME: &str = "records";

/// The key of a log: `agency/epoch`.
fn key(log: &LogId) -> String {
    format!("{}/{}", log.agency, log.epoch)
}

fn from_key(key: &str) -> Result<LogId, StoreError> {
    let read = || {
        let (agency, epoch) = key.split_once('/')?;
        Some(LogId { agency: agency.parse().ok()?, epoch: epoch.parse().ok()? })
    };
    read().ok_or(StoreError::Row { table: "logs" })
}

/// The hashes and the record of a row.
fn split(index: u64, row: &[u8]) -> Result<(&[u8], &[u8]), StoreError> {
    let malformed = StoreError::Row { table: RECORDS_NAME };
    content(RECORDS_NAME, row)?.split_at_checked(completed_by(index) * 32).ok_or(malformed)
}

impl<S: Source> Tx<S> {
    /// The short number of a log that has any row.
    pub(super) fn number(&self, log: &LogId) -> Result<Option<u32>, StoreError> {
        Ok(self.source.table(LOGS)?.get(key(log).as_str())?.map(|number| number.value()))
    }

    /// Every log that has rows, by agency and epoch as text.
    ///
    /// # Errors
    /// An error of the database.
    pub fn logs(&self) -> Result<Vec<LogId>, StoreError> {
        self.source.table(LOGS)?.iter()?.map(|entry| from_key(entry?.0.value())).collect()
    }

    /// The number of records of a log; zero for one that is not known.
    ///
    /// # Errors
    /// An error of the database.
    pub fn size(&self, log: &LogId) -> Result<u64, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(0) };
        let records = self.source.table(RECORDS)?;
        let last = records.range((number, 0)..=(number, u64::MAX))?.next_back().transpose()?;
        Ok(last.map_or(0, |(place, _)| place.value().1 + 1))
    }

    /// One record's bytes.
    ///
    /// # Errors
    /// An error of the database.
    pub fn record(&self, log: &LogId, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(None) };
        let records = self.source.table(RECORDS)?;
        let Some(row) = records.get((number, index))? else { return Ok(None) };
        Ok(Some(split(index, row.value())?.1.to_vec()))
    }

    /// The records of a range, as far as they are there and fit into `max_bytes`; a first record that is larger comes
    /// alone.
    ///
    /// # Errors
    /// An error of the database.
    pub fn records(&self, log: &LogId, range: Range<u64>, max_bytes: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        let Some(number) = self.number(log)? else { return Ok(found) };
        if range.is_empty() {
            return Ok(found);
        }
        let mut bytes = 0;
        let records = self.source.table(RECORDS)?;
        for entry in records.range((number, range.start)..(number, range.end))? {
            let (place, row) = entry?;
            let (_, record) = split(place.value().1, row.value())?;
            bytes += record.len();
            if bytes > max_bytes && !found.is_empty() {
                break;
            }
            found.push(record.to_vec());
        }
        Ok(found)
    }

    /// The replica's snapshot of every log that has one.
    ///
    /// # Errors
    /// An error of the database.
    pub fn states(&self) -> Result<Vec<(LogId, Vec<u8>)>, StoreError> {
        let states = self.source.table(STATES)?;
        let mut found = Vec::new();
        for entry in self.source.table(LOGS)?.iter()? {
            let (log, number) = entry?;
            if let Some(state) = states.get(number.value())? {
                found.push((from_key(log.value())?, content("states", state.value())?.to_vec()));
            }
        }
        Ok(found)
    }
}

impl WriteTx {
    /// The number of a log, a new one where it has none.
    pub(super) fn number_for(&mut self, log: &LogId) -> Result<u32, StoreError> {
        if let Some(number) = self.number(log)? {
            return Ok(number);
        }
        let mut logs = self.source.open_table(LOGS)?;
        let number = u32::try_from(logs.len()?).map_err(|_| StoreError::Corrupted("too many logs".into()))?;
        logs.insert(key(log).as_str(), number)?;
        Ok(number)
    }

    /// Appends records from index `start` on, each with the hashes that it completes (leaf hash first), as
    /// `Frontier::push_leaf` gave them. The records were verified before; here only their places are checked.
    ///
    /// # Errors
    /// [`StoreError::NotNext`], [`StoreError::Hashes`] or [`StoreError::TooLarge`]; the transaction should be given up
    /// then.
    pub fn append(&mut self, log: &LogId, start: u64, records: &[(Vec<u8>, Vec<Hash>)]) -> Result<(), StoreError> {
        let size = self.size(log)?;
        if start != size {
            return Err(StoreError::NotNext { log: log.clone(), size, offered: start });
        }
        let number = self.number_for(log)?;
        let mut table = self.source.open_table(RECORDS)?;
        for (index, (record, hashes)) in (start..).zip(records) {
            let expected = completed_by(index);
            if hashes.len() != expected {
                return Err(StoreError::Hashes { log: log.clone(), index, expected, given: hashes.len() });
            }
            if record.len() > limits::RECORD_BYTES {
                return Err(StoreError::TooLarge { what: "a record", actual: record.len(), limit: limits::RECORD_BYTES });
            }
            let hashes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            table.insert((number, index), row(&[&hashes, record]).as_slice())?;
        }
        Ok(())
    }

    /// Forgets the records of a log with everything kept beside them. Its rows of other tables are the caller's.
    ///
    /// # Errors
    /// An error of the database.
    pub fn clear_log(&mut self, log: &LogId) -> Result<(), StoreError> {
        let number = self.number_for(log)?;
        self.source.open_table(RECORDS)?.retain_in((number, 0)..=(number, u64::MAX), |_, _| false)?;
        self.source.open_table(NOTES)?.retain_in((number, 0)..=(number, u64::MAX), |_, _| false)?;
        self.source.open_table(HEADS)?.remove(number)?;
        self.source.open_table(STATES)?.remove(number)?;
        Ok(())
    }

    /// Keeps the replica's snapshot of a log, an opaque row.
    ///
    /// # Errors
    /// An error of the database.
    pub fn put_state(&mut self, log: &LogId, state: &[u8]) -> Result<(), StoreError> {
        let number = self.number_for(log)?;
        self.source.open_table(STATES)?.insert(number, row(&[state]).as_slice())?;
        Ok(())
    }
}

/// Reads the inner hashes of one log from a snapshot, for proofs.
pub struct LogReader {
    records: ReadOnlyTable<Place, Bytes>,
    number: Option<u32>,
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader").field("number", &self.number).finish_non_exhaustive()
    }
}

impl ReadTx {
    /// A reader of one log's hashes. It stays on this snapshot.
    ///
    /// # Errors
    /// An error of the database.
    pub fn log_reader(&self, log: &LogId) -> Result<LogReader, StoreError> {
        Ok(LogReader { records: self.source.open_table(RECORDS)?, number: self.number(log)? })
    }
}

impl HashReader for LogReader {
    type Error = StoreError;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let leaf = completing_leaf(level, index).ok_or(StoreError::NoRecord { index })?;
        let missing = StoreError::NoRecord { index: leaf };
        let Some(number) = self.number else { return Err(missing) };
        let Some(row) = self.records.get((number, leaf))? else { return Err(missing) };
        let (hashes, _) = split(leaf, row.value())?;
        let at = usize::from(level) * 32;
        let hash = hashes.get(at..at + 32).and_then(|hash| hash.try_into().ok());
        hash.map(Hash).ok_or(StoreError::Row { table: RECORDS_NAME })
    }
}
