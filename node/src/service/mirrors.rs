//! Mirrors: the files of one that this node can give, and how those stand that it reads (protocol, "Mirror").

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use parangon_protocol::id::{AgencyId, Fingerprint, LogId};
use parangon_protocol::log::tiles::{Kind, Tile, entry};
use parangon_protocol::log::{Checkpoint, Note};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Context, Error, outside};
use crate::config::MirrorUrl;
use crate::engine::{StoredLog, fork_proof};
use crate::mirrors::MirrorError;
use crate::store::StoreError;

/// The file that makes a directory a mirror.
pub const MARKER: &str = "mirror.json";

/// Bytes of it at most: 300 agencies twice.
pub const MARKER_BYTES: usize = 64 * 1024;

/// The trust file.
pub const TRUST: &str = "trust.json";

/// The `type` of the marker.
const KIND: &str = "parangon-mirror";

/// Where the evidence of a fork is.
#[must_use]
pub fn fork_path(agency: &AgencyId) -> String {
    format!("forks/{agency}.fork.json")
}

/// `mirror.json`: whose mirror it is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    r#type: String,
    v: u32,
    /// The federation.
    pub federation: Fingerprint,
    /// Whose logs there are.
    pub logs: Vec<AgencyId>,
    /// Against whose logs there is evidence of a fork.
    #[serde(default)]
    pub forks: Vec<AgencyId>,
}

impl Marker {
    /// The marker of a mirror.
    #[must_use]
    pub fn new(federation: Fingerprint, logs: Vec<AgencyId>, forks: Vec<AgencyId>) -> Self {
        Self { r#type: KIND.to_owned(), v: 1, federation, logs, forks }
    }

    /// Reads one; nothing for what is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let marker: Self = serde_json::from_slice(bytes.get(..MARKER_BYTES).unwrap_or(bytes)).ok()?;
        (marker.r#type == KIND && marker.v == 1).then_some(marker)
    }
}

/// A log as it can be mirrored now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MirroredLog {
    /// Whose.
    pub agency: String,
    /// Records under the checkpoint.
    pub size: u64,
    /// The Merkle root over them, 64 hex digits.
    pub root: String,
    /// The signed note with the cosignatures that are known.
    pub checkpoint: String,
}

/// What a mirror holds now, but for the files of the logs (`GET /api/v1/mirror/file`), labels and evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MirrorView {
    /// The federation's fingerprint.
    pub federation: String,
    /// Every log that is held here, by agency.
    pub logs: Vec<MirroredLog>,
    /// Agencies of which this node has a proof that their log told two stories.
    pub forks: Vec<String>,
}

/// What can be mirrored now.
///
/// # Errors
/// [`Error::Store`], or [`Error::Damaged`] for a head that cannot be read.
pub fn view(context: &Context) -> Result<MirrorView, Error> {
    let overview = context.engine().overview();
    let tx = context.store().read()?;
    let damaged = || Error::Damaged { what: "head" };
    let (mut logs, mut forks) = (Vec::new(), Vec::new());
    for (log, held) in &overview.logs {
        if held.frozen && fork_proof(&tx, log)?.is_some() {
            forks.push(log.agency.to_string());
        }
        // The newest head of which all records are here; on the way to it, the last one that has its quorum.
        let newest = held.head.clone().or(tx.last_kept_note(log)?.map(|(_, note)| note));
        let Some(note) = newest else { continue };
        let note = if *log == context.own_log() { outside::with_lines(&tx, note)? } else { note };
        let text = Note::parse(&note).map_err(|_| damaged())?.text;
        let head = Checkpoint::parse(&text).map_err(|_| damaged())?;
        if head.size > 0 && head.size <= tx.size(log)? {
            logs.push(MirroredLog { agency: log.agency.to_string(), size: head.size, root: head.root.to_string(), checkpoint: note });
        }
    }
    Ok(MirrorView { federation: context.federation().to_string(), logs, forks })
}

/// A file of a log: `<agency>/tile/…`.
///
/// # Errors
/// [`Error::NotFound`] for another path, and for a file that this node cannot fill.
pub fn file(context: &Context, path: &str) -> Result<Vec<u8>, Error> {
    let missing = || Error::missing("file of a mirror", path);
    let (agency, tile) = path.split_once('/').ok_or_else(missing)?;
    let log = LogId::first(agency.parse().map_err(|_| missing())?);
    let tile: Tile = tile.parse().map_err(|_| missing())?;
    let tx = context.store().read()?;
    if Tile::of(tile.kind, tile.index, tx.size(&log)?).is_none_or(|held| held.width < tile.width) {
        return Err(missing());
    }
    if tile.kind != Kind::Entries {
        return Ok(tile.read(&StoredLog::new(&tx, &log)?)?);
    }
    let first = tile.index * parangon_protocol::log::tiles::WIDTH;
    let mut bytes = Vec::new();
    for index in first..first + tile.width {
        let record = tx.record(&log, index)?.ok_or(StoreError::NoRecord { index })?;
        bytes.extend(entry(&record).ok_or(Error::Damaged { what: "record" })?);
    }
    Ok(bytes)
}

/// How a mirror stands that this node reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MirrorState {
    /// When all of it was read last.
    pub read: Option<Timestamp>,
    /// Records that came from it since the start.
    pub records: u64,
    /// Why not all of it was followed.
    pub problem: Option<MirrorProblem>,
}

/// Why a mirror was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorProblem {
    /// A stable code.
    pub code: &'static str,
    /// In words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// What to do.
    pub next_step: &'static str,
}

/// How all mirrors stand that this node reads.
#[derive(Debug, Default)]
pub struct Board(Mutex<BTreeMap<MirrorUrl, MirrorState>>);

impl Board {
    fn change(&self, url: &MirrorUrl, change: impl FnOnce(&mut MirrorState)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(url.clone()).or_default());
    }

    pub(crate) fn read(&self, url: &MirrorUrl, at: Timestamp, records: u64) {
        self.change(url, |state| *state = MirrorState { read: Some(at), records: state.records + records, problem: None });
    }

    pub(crate) fn failed(&self, url: &MirrorUrl, at: Timestamp, error: &MirrorError) {
        self.change(url, |state| {
            let (code, reason) = (error.code(), error.to_string());
            let since = state.problem.take().filter(|before| before.code == code).map_or(at, |before| before.since);
            state.problem = Some(MirrorProblem { code, reason, since, next_step: error.next_step() });
        });
    }

    /// Every mirror that was asked for, by address.
    #[must_use]
    pub fn states(&self) -> Vec<(MirrorUrl, MirrorState)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(url, state)| (url.clone(), state.clone())).collect()
    }
}
