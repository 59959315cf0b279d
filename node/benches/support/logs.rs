//! A log in memory: records, every completed hash of its tree, and heads signed and cosigned by all.

use std::convert::Infallible;

use parangon_protocol::id::{Hash, LogId, witness_name};
use parangon_protocol::log::checkpoint::{Checkpoint, SignedCheckpoint};
use parangon_protocol::log::cosignature;
use parangon_protocol::log::merkle::{self, Frontier, HashReader};
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::record::Record;
use parangon_protocol::replica::serve::LogReader;
use parangon_protocol::time::Timestamp;

use super::federation::Federation;

/// The log of one member.
#[derive(Clone)]
pub(crate) struct LogText {
    pub(crate) owner: usize,
    pub(crate) id: LogId,
    pub(crate) records: Vec<Vec<u8>>,
    levels: Vec<Vec<Hash>>,
    frontier: Frontier,
}

impl LogText {
    /// With its first two records.
    pub(crate) fn begun(federation: &Federation, owner: usize) -> Self {
        let id = federation.members[owner].log();
        let mut log = Self { owner, id, records: Vec::new(), levels: Vec::new(), frontier: Frontier::new() };
        log.push(federation.beginning(owner).iter().map(text));
        log
    }

    pub(crate) fn push(&mut self, records: impl IntoIterator<Item = Vec<u8>>) {
        for record in records {
            for (level, hash) in self.frontier.push_leaf(merkle::leaf_hash(&record)).into_iter().enumerate() {
                if self.levels.len() == level {
                    self.levels.push(Vec::new());
                }
                self.levels[level].push(hash);
            }
            self.records.push(record);
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// A head of this size as a note, signed by its log and cosigned by every other member at `time`.
    pub(crate) fn note(&self, federation: &Federation, size: u64, time: Timestamp) -> String {
        let origin = self.id.origin(federation.fingerprint());
        let root = merkle::frontier(self, size).unwrap_or_else(|never| match never {}).root();
        let checkpoint = Checkpoint { origin, size, root };
        let mut signed = SignedCheckpoint::sign(&checkpoint, &federation.members[self.owner].keys.log_key()).expect("a head");
        let others = federation.members.iter().enumerate().filter(|(n, _)| *n != self.owner);
        let lines = others.map(|(_, member)| {
            let name = witness_name(federation.fingerprint(), &member.id);
            cosignature::cosign(&checkpoint, &member.keys.witness_key(), &name, time)
        });
        signed.add(lines.collect::<Vec<_>>()).expect("a note has room for all members");
        signed.note().to_string()
    }

    /// A proof that the record at `index` stands under `note`, whose size is `size`.
    pub(crate) fn proof(&self, index: u64, size: u64, note: &str) -> TlogProof {
        let hashes = merkle::inclusion_proof(self, index, size).unwrap_or_else(|never| match never {});
        TlogProof { index, hashes, extra: None, checkpoint: note.to_owned() }
    }
}

/// A record's text.
pub(crate) fn text(record: &Record) -> Vec<u8> {
    record.to_text().expect("small records")
}

fn at(index: u64) -> usize {
    usize::try_from(index).expect("64 bits")
}

impl HashReader for LogText {
    type Error = Infallible;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[usize::from(level)][at(index)])
    }
}

impl LogReader for LogText {
    fn record(&self, index: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.records.get(at(index)).cloned())
    }
}
