//! What survives a crash of a simulated node: the rows of its store, written by whole batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use parangon_protocol::charter::Amendment;
use parangon_protocol::check::Soundness;
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::Objections;
use parangon_protocol::label::status::State;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::log::merkle::{self, HashReader};
use parangon_protocol::replica::serve::LogReader;
use parangon_protocol::replica::{Confirmation, LabelRow, LogSnapshot, Write};

use super::audit::{Breach, breach};
use super::federation::Federation;

/// A record with the hashes that it completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) text: Vec<u8>,
    pub(crate) hashes: Vec<Hash>,
}

impl Row {
    pub(crate) fn leaf(&self) -> Hash {
        self.hashes[0]
    }
}

/// One log as it is stored.
#[derive(Debug, Default, Clone)]
pub(super) struct DiskLog {
    pub(super) rows: Vec<Arc<Row>>,
    pub(super) snapshot: Option<Arc<LogSnapshot>>,
    /// Size of the largest head kept as final.
    pub(super) final_size: u64,
    pub(super) fork: Option<Box<ForkProof>>,
}

/// A label with the confirmations that count.
#[derive(Debug, Clone)]
pub(super) struct DiskLabel {
    pub(super) row: LabelRow,
    pub(super) confirmations: BTreeMap<AgencyId, u64>,
}

/// All of a node's durable state. Logs are numbered as the agencies are.
#[derive(Debug, Default, Clone)]
pub(super) struct Disk {
    pub(super) logs: Vec<DiskLog>,
    pub(super) labels: BTreeMap<LabelId, DiskLabel>,
    early: BTreeMap<LabelId, Vec<Confirmation>>,
    /// What each agency says against labels, known or not.
    pub(super) objections: BTreeMap<LabelId, BTreeMap<AgencyId, Objections>>,
    pub(super) high_water: Option<(u64, Hash)>,
    /// Whether it is unclear what was signed.
    pub(super) recovering: bool,
    /// Versions of the charter that took effect here.
    pub(super) amendments: BTreeMap<u32, Amendment>,
    /// Texts of the next version.
    pub(super) proposals: BTreeMap<Hash, Vec<u8>>,
}

/// The reader has no such row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap;

/// Rows as the protocol reads them.
pub(crate) struct Reader<'a>(pub(crate) &'a [Arc<Row>]);

fn at(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

pub(super) fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

impl HashReader for Reader<'_> {
    type Error = Gap;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Gap> {
        let leaf = merkle::completing_leaf(level, index).ok_or(Gap)?;
        self.0.get(at(leaf)).and_then(|row| row.hashes.get(usize::from(level))).copied().ok_or(Gap)
    }
}

impl LogReader for Reader<'_> {
    fn record(&self, index: u64) -> Result<Option<Vec<u8>>, Gap> {
        Ok(self.0.get(at(index)).map(|row| row.text.clone()))
    }
}

/// The root over the first `size` rows.
pub(super) fn root_at(rows: &[Arc<Row>], size: u64) -> Option<Hash> {
    merkle::frontier(&Reader(rows), size).ok().map(|frontier| frontier.root())
}

impl Disk {
    /// A disk that holds the founded federation, or of a newcomer only its own log.
    pub(super) fn new(federation: &Federation, me: usize, newcomer: bool) -> Self {
        let log = |(owner, seat): (usize, &super::federation::Seat)| {
            if newcomer && owner != me {
                return DiskLog::default();
            }
            let mut snapshot = seat.snapshot.clone();
            if owner == me {
                (snapshot.cosigned, snapshot.last_cosigned) = (None, None);
            }
            DiskLog { rows: seat.rows.clone(), final_size: snapshot.final_size, snapshot: Some(Arc::new(snapshot)), fork: None }
        };
        let logs: Vec<DiskLog> = federation.seats.iter().enumerate().map(log).collect();
        let high_water = Some((count(logs[me].rows.len()), root_at(&logs[me].rows, 2).unwrap_or_default()));
        Self { logs, high_water, ..Self::default() }
    }

    /// Makes a batch durable, as one transaction.
    pub(super) fn apply(&mut self, federation: &Federation, me: usize, writes: &[Write]) -> Result<(), Breach> {
        let mut last: BTreeMap<usize, &LogSnapshot> = BTreeMap::new();
        for write in writes {
            match write {
                Write::Records { log, start, records } => {
                    let rows = &mut self.logs[federation.who(&log.agency)].rows;
                    if count(rows.len()) != *start {
                        return breach("I1 rows in order", format!("{log}: rows from {start} written behind {}", rows.len()));
                    }
                    rows.extend(records.iter().map(|(text, hashes)| Arc::new(Row { text: text.clone(), hashes: hashes.clone() })));
                }
                Write::HighWater { size, root, .. } => self.high_water = Some((*size, *root)),
                Write::Recovering => self.recovering = true,
                Write::Recovered => self.recovering = false,
                Write::Forgotten { log } => self.forget(federation.who(&log.agency), log),
                Write::Log(snapshot) => {
                    last.insert(federation.who(&snapshot.log.agency), snapshot);
                }
                Write::Final { log, size, .. } => {
                    let held = &mut self.logs[federation.who(&log.agency)];
                    held.final_size = held.final_size.max(*size);
                }
                Write::Label(row) => self.label(row),
                Write::LabelState { label, state, index } => self.state(label, *state, *index),
                Write::LabelSoundness { label, soundness } => self.soundness(label, soundness),
                Write::Confirmation(confirmation) => self.confirm(confirmation),
                Write::Objected(said) => {
                    let of_label = self.objections.entry(said.label).or_default();
                    of_label.entry(said.log.agency.clone()).or_default().take(said.index, &said.objection);
                }
                Write::Release { .. } | Write::Pooled { .. } | Write::Vouched { .. } => {}
                Write::Proposal { hash, text, .. } => drop(self.proposals.insert(*hash, text.clone())),
                Write::Amendment { amendment, .. } => {
                    self.amendments.insert(amendment.charter.version, (**amendment).clone());
                    self.proposals.clear();
                }
                Write::Rival { version, .. } => {
                    return breach("G4 one text of a version", format!("a rival of version {version}, and nobody proposed one"));
                }
                Write::Fork { log, proof } => self.logs[federation.who(&log.agency)].fork = Some(proof.clone()),
            }
        }
        for (owner, snapshot) in last {
            self.snapshot(owner, snapshot, owner == me)?;
        }
        Ok(())
    }

    /// Forgets what came from a log, but for the marks that nothing takes back.
    fn forget(&mut self, owner: usize, log: &LogId) {
        let held = &mut self.logs[owner];
        held.rows.clear();
        held.final_size = 0;
        held.snapshot = None;
        // What others confirmed waits for the label to come again.
        for (id, label) in self.labels.extract_if(.., |_, label| label.row.log == *log) {
            let confirmed = label.confirmations.iter().filter_map(|(endorser, index)| label.row.confirmed(endorser, *index));
            self.early.entry(id).or_default().extend(confirmed);
        }
        for label in self.labels.values_mut() {
            label.confirmations.remove(&log.agency);
        }
        for waiting in self.early.values_mut() {
            waiting.retain(|confirmation| confirmation.log != *log);
        }
        for said in self.objections.values_mut() {
            said.remove(&log.agency);
        }
    }

    /// What a snapshot says must fit the rows it is written with, and never take anything back.
    fn snapshot(&mut self, owner: usize, snapshot: &LogSnapshot, own: bool) -> Result<(), Breach> {
        let held = &mut self.logs[owner];
        let log = &snapshot.log;
        if snapshot.size != count(held.rows.len()) {
            return breach("I1 rows in order", format!("{log}: a snapshot of size {} with {} rows", snapshot.size, held.rows.len()));
        }
        let frontier = merkle::frontier(&Reader(&held.rows), snapshot.size);
        if frontier.as_ref().map(|frontier| frontier.peaks()) != Ok(&snapshot.peaks) {
            return breach("I2 the tree is its records", format!("{log}: a snapshot of size {} does not fit the rows", snapshot.size));
        }
        if let Some(before) = &held.snapshot {
            if before.cosigned.map(|(size, _)| size) > snapshot.cosigned.map(|(size, _)| size) {
                let what = format!("{log}: cosigned {:?}, then remembered as {:?}", before.cosigned, snapshot.cosigned);
                return breach("L6 a cosigned head is remembered", what);
            }
            if before.final_size > snapshot.final_size {
                return breach("I3 final stays final", format!("{log}: {} became {}", before.final_size, snapshot.final_size));
            }
            if before.frozen && !snapshot.frozen {
                return breach("I2 frozen stays frozen", format!("{log} thawed"));
            }
        }
        if own && !self.recovering && self.high_water.is_none_or(|(size, _)| size < snapshot.size) && !snapshot.frozen {
            let what = format!("{log}: size {} above the high-water mark {:?}", snapshot.size, self.high_water);
            return breach("L10 high-water before signing", what);
        }
        held.snapshot = Some(Arc::new(snapshot.clone()));
        Ok(())
    }

    fn label(&mut self, row: &LabelRow) {
        let mut label = DiskLabel { row: row.clone(), confirmations: BTreeMap::new() };
        for confirmation in self.early.remove(&row.id).unwrap_or_default() {
            join(&mut label, &confirmation);
        }
        self.labels.insert(row.id, label);
    }

    fn state(&mut self, label: &LabelId, state: State, index: u64) {
        if let Some(held) = self.labels.get_mut(label) {
            held.row.state = state;
            held.row.state_index = index;
        }
    }

    fn soundness(&mut self, label: &LabelId, soundness: &Soundness) {
        if let Some(held) = self.labels.get_mut(label) {
            held.row.soundness = soundness.clone();
        }
    }

    /// A confirmation may come before its label.
    fn confirm(&mut self, confirmation: &Confirmation) {
        match self.labels.get_mut(&confirmation.label) {
            Some(label) => join(label, confirmation),
            None => self.early.entry(confirmation.label).or_default().push(confirmation.clone()),
        }
    }

    /// Every log's snapshot, for a restart.
    pub(super) fn snapshots(&self) -> Vec<LogSnapshot> {
        self.logs.iter().filter_map(|log| log.snapshot.as_deref().cloned()).collect()
    }
}

/// The first entry of each endorser that counts stays.
fn join(label: &mut DiskLabel, confirmation: &Confirmation) {
    if label.row.carries(confirmation) {
        label.confirmations.entry(confirmation.log.agency.clone()).or_insert(confirmation.index);
    }
}
