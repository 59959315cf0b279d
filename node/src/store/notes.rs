//! Signed heads: the latest of each log with its cosignatures, and those with a quorum, from which proofs are made.

use std::collections::BTreeSet;

use parangon_protocol::id::LogId;
use parangon_protocol::limits;
use redb::ReadableTable;

use super::tables::{HEADS, NOTES, Source, content, row};
use super::{StoreError, Tx, WriteTx};

const HEADS_NAME: &str = "heads";
const NOTES_NAME: &str = "notes";

fn text(table: &'static str, bytes: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| StoreError::Row { table })
}

fn bounded(note: &str) -> Result<(), StoreError> {
    let (actual, limit) = (note.len(), limits::NOTE_BYTES);
    if actual > limit { Err(StoreError::TooLarge { what: "a note", actual, limit }) } else { Ok(()) }
}

impl<S: Source> Tx<S> {
    /// The latest head of a log: its size and its note.
    ///
    /// # Errors
    /// An error of the database.
    pub fn note(&self, log: &LogId) -> Result<Option<(u64, String)>, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(None) };
        let heads = self.source.table(HEADS)?;
        let Some(row) = heads.get(number)? else { return Ok(None) };
        let malformed = StoreError::Row { table: HEADS_NAME };
        let (size, note) = content(HEADS_NAME, row.value())?.split_first_chunk().ok_or(malformed)?;
        Ok(Some((u64::from_be_bytes(*size), text(HEADS_NAME, note)?)))
    }

    /// The smallest kept note whose head contains record `index`: the earliest proof of it.
    ///
    /// # Errors
    /// An error of the database.
    pub fn note_covering(&self, log: &LogId, index: u64) -> Result<Option<(u64, String)>, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(None) };
        let Some(least) = index.checked_add(1) else { return Ok(None) };
        let notes = self.source.table(NOTES)?;
        let Some((place, row)) = notes.range((number, least)..=(number, u64::MAX))?.next().transpose()? else { return Ok(None) };
        Ok(Some((place.value().1, text(NOTES_NAME, content(NOTES_NAME, row.value())?)?)))
    }

    /// The largest kept note.
    ///
    /// # Errors
    /// An error of the database.
    pub fn last_kept_note(&self, log: &LogId) -> Result<Option<(u64, String)>, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(None) };
        let notes = self.source.table(NOTES)?;
        let Some((place, row)) = notes.range((number, 0)..=(number, u64::MAX))?.next_back().transpose()? else { return Ok(None) };
        Ok(Some((place.value().1, text(NOTES_NAME, content(NOTES_NAME, row.value())?)?)))
    }
}

impl WriteTx {
    /// Keeps the latest head of a log in the place of the one before.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`limits::NOTE_BYTES`].
    pub fn put_note(&mut self, log: &LogId, size: u64, note: &str) -> Result<(), StoreError> {
        bounded(note)?;
        let number = self.number_for(log)?;
        self.source.open_table(HEADS)?.insert(number, row(&[&size.to_be_bytes(), note.as_bytes()]).as_slice())?;
        Ok(())
    }

    /// Keeps a note that has its quorum, for [`Tx::note_covering`]. A second one of the same size replaces the first.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`limits::NOTE_BYTES`].
    pub fn keep_note(&mut self, log: &LogId, size: u64, note: &str) -> Result<(), StoreError> {
        bounded(note)?;
        let number = self.number_for(log)?;
        self.source.open_table(NOTES)?.insert((number, size), row(&[note.as_bytes()]).as_slice())?;
        Ok(())
    }

    /// Removes kept notes of a log below size `below`, except those whose size is in `needed`. Records between are
    /// then covered by the next larger note: still proven, as existing by a later time. Returns how many went.
    ///
    /// # Errors
    /// An error of the database.
    pub fn prune_notes(&mut self, log: &LogId, below: u64, needed: &BTreeSet<u64>) -> Result<u64, StoreError> {
        let Some(number) = self.number(log)? else { return Ok(0) };
        let mut removed = 0;
        self.source.open_table(NOTES)?.retain_in((number, 0)..(number, below), |(_, size), _| {
            let keep = needed.contains(&size);
            removed += u64::from(!keep);
            keep
        })?;
        Ok(removed)
    }
}
