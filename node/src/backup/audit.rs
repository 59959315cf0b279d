//! Whether a restored store is what it should be: every page, every record, every tree, every signature of a head, every
//! label of the register, every private row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use parangon_protocol::check::{self, KeyBook};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::limits;
use parangon_protocol::log::merkle::{self, Frontier, HashReader};
use parangon_protocol::message::Head;
use parangon_protocol::record::Record;
use parangon_protocol::replica::LogSnapshot;
use serde::de::DeserializeOwned;

use super::manifest::OwnLog;
use super::{BackupError, Unpacked};
use crate::engine::{self, RegisterRow};
use crate::keystore::MasterKey;
use crate::store::{Counts, LogReader, Opened, ReadTx, Recovery, Store};

/// Labels read at a time.
const PAGE: usize = 1024;

/// What was found, all of it sound.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// How much there is.
    pub counts: Counts,
    /// Signed heads whose signatures verify and whose roots are those of the records.
    pub heads: u64,
    /// The size of each log.
    pub logs: BTreeMap<String, u64>,
    /// The newest version of the charter that the store knows.
    pub charter: u32,
}

fn inconsistent(what: impl ToString) -> BackupError {
    BackupError::Inconsistent(what.to_string())
}

fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, BackupError> {
    serde_json::from_slice(bytes).map_err(|error| inconsistent(format!("{what} cannot be read ({error})")))
}

/// Opens the store that was unpacked into `dir`, reads all of it, and closes it again. It stays *recovering*.
///
/// # Errors
/// [`BackupError::Inconsistent`] with the first thing that does not fit, or [`BackupError::Store`].
pub fn audit(unpacked: &Unpacked, dir: &Path) -> Result<Report, BackupError> {
    let master: MasterKey = unpacked.keystore().master_key();
    let (mut store, opened) = Store::open(dir, &master)?;
    if opened != (Opened::Recovering { reason: Recovery::Restored }) {
        return Err(inconsistent("the restored store does not recover"));
    }
    store.check()?;
    let tx = store.read()?;
    let manifest = unpacked.manifest();
    if (tx.store_id()?.to_string(), tx.counts()?, tx.own_head()?.map(OwnLog::from))
        != (manifest.store.clone(), manifest.counts, manifest.own_log.clone())
    {
        return Err(inconsistent("its manifest names another store, other counts or another own head than its content"));
    }
    let (chain, _) = engine::chain(&tx, unpacked.chain()).map_err(inconsistent)?;
    let mut audit = Audit { tx: &tx, book: KeyBook::new(Arc::new(chain)), labels: BTreeMap::new() };
    let logs = tx.logs()?;
    let sizes = logs.iter().map(|log| Ok((log.to_string(), audit.records(log)?))).collect::<Result<BTreeMap<_, _>, BackupError>>()?;
    let mut heads = 0;
    let snapshots = tx.states()?;
    for log in &logs {
        let bytes = snapshots.iter().find(|(of, _)| of == log).map(|(_, bytes)| bytes.as_slice());
        heads += audit.heads(log, bytes.map(|bytes| parse("a log's state", bytes)).transpose()?.as_ref())?;
    }
    audit.own_head(unpacked)?;
    audit.register()?;
    tx.open_sealed()?; // every private item, message and token opens with the keys of the backup
    Ok(Report { counts: manifest.counts, heads, logs: sizes, charter: audit.book.chain().newest().version })
}

struct Audit<'a> {
    tx: &'a ReadTx,
    book: KeyBook,
    /// Labels that the records make, with their place.
    labels: BTreeMap<LabelId, (LogId, u64)>,
}

impl Audit<'_> {
    /// Reads every record of a log, rebuilds its tree, and takes key sets and labels from it. Returns its size.
    fn records(&mut self, log: &LogId) -> Result<u64, BackupError> {
        let (size, hashes) = (self.tx.size(log)?, self.tx.log_reader(log)?);
        let end = self.book.chain().end_of(log).unwrap_or(u64::MAX);
        let mut tree = Frontier::new();
        while tree.size() < size {
            let page = self.tx.records(log, tree.size()..size, limits::DOCUMENT_BYTES)?;
            if page.is_empty() {
                return Err(inconsistent(format!("record {} of {log} is missing", tree.size())));
            }
            for bytes in page {
                let index = tree.size();
                let completed = tree.push_leaf(merkle::leaf_hash(&bytes));
                same_hashes(&hashes, log, index, &completed)?;
                let record = check::record(&self.book, log, index, bytes).map_err(|error| inconsistent(format!("{log}: {error}")))?;
                match record.record() {
                    Record::KeySet(set) => self.book.insert(log, index, set).map_err(inconsistent)?,
                    Record::Label(label) if label.common.owner == log.agency && index < end => {
                        let id = label.common.id().map_err(inconsistent)?;
                        self.labels.entry(id).or_insert_with(|| (log.clone(), index));
                    }
                    _ => {}
                }
            }
        }
        Ok(size)
    }

    /// Verifies every signed head that is kept of a log, and holds its root against the records. Returns how many there are.
    fn heads(&self, log: &LogId, state: Option<&LogSnapshot>) -> Result<u64, BackupError> {
        let (size, hashes) = (self.tx.size(log)?, self.tx.log_reader(log)?);
        let mut notes: BTreeSet<String> = self.tx.note(log)?.into_iter().map(|(_, note)| note).collect();
        let mut after = 0;
        while let Some((size, note)) = self.tx.note_covering(log, after)? {
            notes.insert(note);
            after = size;
        }
        let mut frozen = false;
        if let Some(state) = state {
            let tree = merkle::frontier(&hashes, size)?;
            if state.log != *log || (state.size, state.peaks.as_slice()) != (size, tree.peaks()) {
                return Err(inconsistent(format!("the state of {log} is not that of its records")));
            }
            notes.extend(state.notes.iter().cloned());
            frozen = state.frozen;
        }
        for note in &notes {
            let head = Head { log: log.clone(), note: note.clone() };
            let head = check::head(&self.book, &head).map_err(|error| inconsistent(format!("a head of {log}: {error}")))?;
            let head = head.checkpoint();
            // A frozen log has heads of both its stories; what is announced may be larger than what has arrived.
            if !frozen && head.size <= size && merkle::frontier(&hashes, head.size)?.root() != head.root {
                return Err(inconsistent(format!("the head of {log} with size {} has another root than its records", head.size)));
            }
        }
        Ok(notes.len() as u64)
    }

    /// What may have been signed last is what the own log's records say.
    fn own_head(&self, unpacked: &Unpacked) -> Result<(), BackupError> {
        let Some(head) = self.tx.own_head()? else { return Ok(()) };
        let log = LogId::first(head.log.agency);
        if log.agency != unpacked.manifest().agency || self.tx.size(&log)? < head.size {
            return Err(inconsistent("the own head is not of the agency's own log, or beyond its records"));
        }
        let root = merkle::frontier(&self.tx.log_reader(&log)?, head.size)?.root();
        if root == head.root { Ok(()) } else { Err(inconsistent("the own head has another root than the own records")) }
    }

    /// The register has exactly the labels of the logs, each at its place.
    fn register(&self) -> Result<(), BackupError> {
        let mut after: Option<Hash> = None;
        let mut count = 0;
        loop {
            let page = self.tx.labels(after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (id, bytes) in &page {
                let row = RegisterRow::parse(bytes)?.label;
                if row.id.0 != *id || self.labels.get(&row.id) != Some(&(row.log.clone(), row.index)) {
                    return Err(inconsistent(format!("the register has a label {} that its log does not have there", row.id)));
                }
                count += 1;
            }
        }
        if count == self.labels.len() { Ok(()) } else { Err(inconsistent("the register lacks labels that the logs have")) }
    }
}

/// The stored hashes of a leaf are those that its record completes.
fn same_hashes(stored: &LogReader, log: &LogId, index: u64, completed: &[Hash]) -> Result<(), BackupError> {
    for (level, hash) in (0u8..).zip(completed) {
        if stored.hash(level, index >> level)? != *hash {
            return Err(inconsistent(format!("record {index} of {log} is not what its hashes say")));
        }
    }
    Ok(())
}
