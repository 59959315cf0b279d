//! Answers that need the store: ranges with their proof, and the comparison of a doubtful head with what is held.

use super::Replica;
use super::sync::FROZEN;
use crate::canonical;
use crate::charter::Chain;
use crate::id::LogId;
use crate::limits::{AMENDMENTS_BYTES, RANGE_BYTES, RANGE_RECORDS};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::fork::ForkProof;
use crate::log::merkle::{self, HashReader};
use crate::message::{Head, Range, VERSIONS};

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

impl Replica {
    /// The heads that differ from what the asker holds: the answer to [`crate::message::Request::Heads`]. `known` is in the order of
    /// the logs, as every replica asks; what stands out of order counts as not held.
    #[must_use]
    pub fn answer_heads(&self, known: &[(LogId, u64, u16)]) -> Vec<Head> {
        let mut known = known.iter().peekable();
        let mut heads = Vec::new();
        for (log, state) in &self.logs {
            while known.next_if(|(other, ..)| other.agency < log.agency).is_some() {}
            let theirs = known.next_if(|(other, ..)| other.agency == log.agency);
            // Who knows that a log forked is shown any head of it, and answers with the proof.
            let forked = theirs.is_some_and(|(_, size, digest)| (*size, *digest) == (0, FROZEN));
            let any = || state.heads.values().next_back().filter(|_| forked);
            let Some(held) = state.current().or_else(any) else { continue };
            let own = held.signed.checkpoint().size;
            let differs = match theirs {
                None => true,
                Some((_, 0, FROZEN)) => state.evidence.is_none(),
                Some((other, size, digest)) => {
                    let newer = own > *size || (own == *size && state.digest() != *digest);
                    state.epoch() > other.epoch || (state.epoch() == other.epoch && newer)
                }
            };
            if differs {
                heads.push(Head { log: log.clone(), note: held.note().to_owned() });
            }
        }
        heads
    }
}
