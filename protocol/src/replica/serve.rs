//! Answers that need the store: ranges with their proof, and the comparison of a doubtful head with what is held.

use crate::canonical;
use crate::charter::Chain;
use crate::id::LogId;
use crate::limits::{AMENDMENTS_BYTES, RANGE_BYTES, RANGE_RECORDS};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::fork::ForkProof;
use crate::log::merkle::{self, HashReader};
use crate::message::{Range, VERSIONS};

/// One log as a store holds it.
pub trait LogReader: HashReader {
    /// The text of the record at `index`.
    ///
    /// # Errors
    /// The store's own.
    fn record(&self, index: u64) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// The answer to a pull: records from `start` with the proof towards the head in `note`, whose size is `head`.
/// `None` when there is nothing at `start`.
///
/// # Errors
/// The store's own.
pub fn range<R: LogReader>(reader: &R, log: &LogId, note: String, head: u64, start: u64, count: u64) -> Result<Option<Range>, R::Error> {
    let last = head.min(start.saturating_add(count.min(RANGE_RECORDS)));
    let mut records = Vec::new();
    let mut bytes = 0;
    for index in start..last {
        let Some(record) = reader.record(index)? else { break };
        if !records.is_empty() && bytes + record.len() > RANGE_BYTES {
            break;
        }
        bytes += record.len();
        records.push(record);
    }
    if records.is_empty() {
        return Ok(None);
    }
    let end = start + u64::try_from(records.len()).unwrap_or(0);
    let proof = if end == head { vec![] } else { merkle::consistency_proof(reader, end, head)? };
    Ok(Some(Range { log: log.clone(), start, records, note, proof }))
}

/// The answer to [`crate::message::Request::Charter`]: versions after that one, the next one first, as many as fit.
#[must_use]
pub fn versions(chain: &Chain, after: u32) -> Vec<Vec<u8>> {
    let mut room = AMENDMENTS_BYTES;
    let later = chain.amendments().filter(|amendment| amendment.charter.version > after).take(VERSIONS);
    let texts = later.map_while(|amendment| canonical::encode(amendment, AMENDMENTS_BYTES).ok());
    texts
        .take_while(|text| {
            let fits = text.len() <= room;
            room = room.saturating_sub(text.len());
            fits
        })
        .collect()
}

/// Whether two signed heads of one log contradict each other, as far as the records held tell.
///
/// # Errors
/// The store's own.
pub fn compare<R: LogReader>(reader: &R, ours: &SignedCheckpoint, theirs: &SignedCheckpoint) -> Result<Option<ForkProof>, R::Error> {
    ForkProof::find(ours, theirs, reader)
}
