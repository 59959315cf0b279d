//! The highest own head that may have been signed, kept twice: in the store and in a small file beside it.
//!
//! A store that was put back from a copy would sign a second history. Its own records cannot tell it that, but the
//! file, which no backup contains, can: where both do not agree the node recovers instead of signing (protocol,
//! "Restore"). The file is written after the store's commit; a power cut between the two leaves the file exactly one
//! step behind, which the store knows because it keeps the previous head too.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use bincode::{Decode, Encode};
use parangon_protocol::id::{Hash, LogId};
use redb::{ReadableTable, WriteTransaction};

use super::tables::{META, Source, content, row};
use super::{SCHEMA, StoreError, WriteTx};
use crate::codec;
use crate::keystore::file::{self, FileError};

/// The file's name inside the data directory.
pub const HIGH_WATER_FILE: &str = "highwater";

const META_HEAD: &str = "own-head";
const META_PREVIOUS: &str = "own-head-previous";
const META_MARK: &str = "restored";
const HEAD_BYTES: usize = 256;
const TITLE: &str = "parangon high-water";
const NO_HEAD: &str = "no head";

/// Distinguishes this store from every other one, also from a copy's origin that was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The head of the agency's own log that may have been signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnHead {
    /// Which of its logs.
    pub log: LogId,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What the high-water file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighWater {
    /// Which store wrote it.
    pub store: StoreId,
    /// The own head; none before the first own record.
    pub head: Option<OwnHead>,
}

/// Why the store does not sign yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Recovery {
    /// The high-water file is missing.
    #[error("the high-water file is missing")]
    FileMissing,
    /// The high-water file cannot be read as one.
    #[error("the high-water file is damaged")]
    FileDamaged,
    /// The file names another store: this one was lost and made anew, or copied here.
    #[error("the high-water file was written by the store {file}")]
    OtherStore {
        /// The store that wrote it.
        file: StoreId,
        /// The own head it had.
        head: Option<OwnHead>,
    },
    /// Store and file name different heads.
    #[error("the store and the high-water file name different own heads")]
    Differs {
        /// The store's.
        store: Option<OwnHead>,
        /// The file's.
        file: Option<OwnHead>,
    },
    /// The store was filled from a backup, or was found to disagree with its file earlier: it may lack what was signed.
    #[error("the store was restored from a backup, or is not the one that signed last")]
    Restored,
    /// The store has all that this node signed, and others may have more: another node was seen to sign with the same keys, the log key
    /// is replaced, or the log goes on behind a fork.
    #[error("others may have signed with this node's keys")]
    Doubt,
}

/// What of [`Recovery`] is kept in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Restored,
    Doubt,
}

impl Mark {
    fn row(self) -> Vec<u8> {
        row(match self {
            Self::Restored => &[],
            Self::Doubt => &[b"doubt"],
        })
    }

    fn read(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Option<Self>, StoreError> {
        let Some(stored) = meta.get(META_MARK)? else { return Ok(None) };
        Ok(Some(if stored.value() == Self::Doubt.row().as_slice() { Self::Doubt } else { Self::Restored }))
    }
}

/// How the store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Store and high-water file agree: the node may sign.
    Clean,
    /// They do not: the node serves pulls and signs nothing until [`WriteTx::finish_recovery`].
    Recovering {
        /// Why.
        reason: Recovery,
    },
}

#[derive(Encode, Decode)]
struct HeadRow {
    agency: String,
    epoch: u32,
    size: u64,
    root: [u8; 32],
}

fn encode(head: &OwnHead) -> Vec<u8> {
    let OwnHead { log, size, root } = head;
    codec::encode(&HeadRow { agency: log.agency.to_string(), epoch: log.epoch, size: *size, root: root.0 })
}

fn decode(bytes: &[u8]) -> Result<OwnHead, StoreError> {
    let row: HeadRow = codec::decode::<_, HEAD_BYTES>(content("meta", bytes)?).map_err(StoreError::row("meta"))?;
    let agency = row.agency.parse().map_err(|_| StoreError::Row { table: "meta" })?;
    Ok(OwnHead { log: LogId { agency, epoch: row.epoch }, size: row.size, root: Hash(row.root) })
}

impl HighWater {
    fn text(&self) -> String {
        let head = match &self.head {
            Some(OwnHead { log, size, root }) => format!("agency {}\nepoch {}\nsize {size}\nroot {root}", log.agency, log.epoch),
            None => NO_HEAD.to_owned(),
        };
        format!("{TITLE} {SCHEMA}\nstore {}\n{head}\n", self.store)
    }

    fn parse(text: &str) -> Option<Self> {
        fn value<T: FromStr>(line: Option<&str>, name: &str) -> Option<T> {
            line?.strip_prefix(name)?.parse().ok()
        }
        let mut lines = text.lines().skip(1);
        let mut store = [0; 16];
        hex::decode_to_slice(lines.next()?.strip_prefix("store ")?, &mut store).ok()?;
        let head = match lines.next()? {
            NO_HEAD => None,
            line => {
                let agency = value(Some(line), "agency ")?;
                let epoch = value(lines.next(), "epoch ")?;
                let size = value(lines.next(), "size ")?;
                Some(OwnHead { log: LogId { agency, epoch }, size, root: value(lines.next(), "root ")? })
            }
        };
        let read = Self { store: StoreId(store), head };
        // Only what we would have written: a number with a leading zero, for one, is damage.
        let (_, body) = text.split_once('\n')?;
        (read.text().split_once('\n')?.1 == body).then_some(read)
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        file::replace(&dir.join(HIGH_WATER_FILE), self.text().as_bytes()).map_err(|error| match error {
            FileError::Io { source, .. } => StoreError::Disk(source),
            FileError::Exists(path) | FileError::TooLarge(path) => StoreError::Moved(path),
        })
    }
}

/// The file as it was found. `Newer` is reported before the store itself is touched.
pub(super) fn read(dir: &Path) -> Result<Result<HighWater, Recovery>, StoreError> {
    let bytes = match file::read(&dir.join(HIGH_WATER_FILE)) {
        Ok(bytes) => bytes,
        Err(FileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Err(Recovery::FileMissing)),
        Err(FileError::Io { source, .. }) => return Err(StoreError::Disk(source)),
        Err(FileError::Exists(_) | FileError::TooLarge(_)) => return Ok(Err(Recovery::FileDamaged)),
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Err(Recovery::FileDamaged)) };
    let format = text.lines().next().and_then(|line| line.strip_prefix(TITLE)?.trim().parse::<u32>().ok());
    match format {
        Some(found) if found > SCHEMA => Err(StoreError::Newer { found, reads: SCHEMA }),
        Some(1..) => Ok(HighWater::parse(&text).ok_or(Recovery::FileDamaged)),
        Some(0) | None => Ok(Err(Recovery::FileDamaged)),
    }
}

/// Marks the store as filled from a backup.
pub(super) fn restored(source: &WriteTransaction) -> Result<(), StoreError> {
    mark(source, Mark::Restored)
}

/// Marks the store. One that may lack what was signed is never said to be whole again.
fn mark(source: &WriteTransaction, mark: Mark) -> Result<(), StoreError> {
    let mut meta = source.open_table(META)?;
    if mark == Mark::Restored || Mark::read(&meta)?.is_none() {
        meta.insert(META_MARK, mark.row().as_slice())?;
    }
    Ok(())
}

/// What the store itself says.
pub(super) struct Stored {
    pub(super) head: Option<OwnHead>,
    previous: Option<OwnHead>,
    mark: Option<Mark>,
}

impl Stored {
    pub(super) fn read(source: &impl Source) -> Result<Self, StoreError> {
        let meta = source.table(META)?;
        let head = |name| meta.get(name)?.map(|row| decode(row.value())).transpose();
        Ok(Self { head: head(META_HEAD)?, previous: head(META_PREVIOUS)?, mark: Mark::read(&meta)? })
    }

    pub(super) fn compare(&self, store: StoreId, file: Result<HighWater, Recovery>) -> Opened {
        let reason = match file {
            _ if self.mark == Some(Mark::Restored) => Recovery::Restored,
            Err(reason) => reason,
            Ok(HighWater { store: other, head }) if other != store => Recovery::OtherStore { file: other, head },
            // One step behind: the power went between the commit and the file. Nothing above it was signed.
            Ok(HighWater { head, .. }) if head == self.head || head == self.previous => match self.mark {
                Some(_) => Recovery::Doubt,
                None => return Opened::Clean,
            },
            Ok(HighWater { head, .. }) => Recovery::Differs { store: self.head.clone(), file: head },
        };
        Opened::Recovering { reason }
    }
}

impl WriteTx {
    /// Makes `head` the own head that may be signed once this transaction is durable. The node signs only after
    /// [`super::Store::write`] returned.
    ///
    /// # Errors
    /// [`StoreError::HighWater`] when it goes back or changes without growing; [`StoreError::Recovering`].
    pub fn set_high_water(&mut self, head: &OwnHead) -> Result<(), StoreError> {
        if self.recovering {
            return Err(StoreError::Recovering);
        }
        let stored = match &self.own_head {
            Some(pending) => Some(pending.clone()),
            None => Stored::read(&self.source)?.head,
        };
        if let Some(OwnHead { log, size, root }) = stored {
            let goes_on = head.log.agency == log.agency
                && head.size >= size
                && (head.log.epoch > log.epoch || (head.log == log && (head.size > size || head.root == root)));
            if !goes_on {
                return Err(StoreError::HighWater { log: head.log.clone(), from: size, to: head.size });
            }
        }
        self.own_head = Some(head.clone());
        Ok(())
    }

    /// The store may lack what this node signed: it recovers, now and at every opening, until [`WriteTx::finish_recovery`].
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub fn begin_recovery(&mut self) -> Result<(), StoreError> {
        self.recovering = true;
        mark(&self.source, Mark::Restored)
    }

    /// The same, but the store has all that this node signed: what is not known is what others signed with its keys.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub fn begin_doubt(&mut self) -> Result<(), StoreError> {
        self.recovering = true;
        mark(&self.source, Mark::Doubt)
    }

    /// Ends the recovery: the node may sign again, from `head` on, which belongs to a new epoch. `None` when the
    /// witnesses have never seen an own head.
    ///
    /// # Errors
    /// [`StoreError::NotRecovering`].
    pub fn finish_recovery(&mut self, head: Option<&OwnHead>) -> Result<(), StoreError> {
        if !self.recovering {
            return Err(StoreError::NotRecovering);
        }
        self.source.open_table(META)?.remove(META_MARK)?;
        self.own_head = head.cloned();
        self.recovering = false;
        self.recovered = true;
        Ok(())
    }

    /// Marks a store that is being filled from a backup: it recovers from its next opening on, and until
    /// [`WriteTx::finish_recovery`].
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub fn mark_restored(&mut self) -> Result<(), StoreError> {
        mark(&self.source, Mark::Restored)
    }

    /// Stores the pending head. Returns what the file must say after the commit, when that changes.
    pub(super) fn settle_high_water(&self) -> Result<Option<Option<OwnHead>>, StoreError> {
        if self.own_head.is_none() && !self.recovered {
            return Ok(None);
        }
        let before = Stored::read(&self.source)?.head;
        if before == self.own_head && !self.recovered {
            return Ok(None);
        }
        let mut meta = self.source.open_table(META)?;
        for (name, head) in [(META_PREVIOUS, &before), (META_HEAD, &self.own_head)] {
            match head {
                Some(head) => meta.insert(name, row(&[&encode(head)]).as_slice())?,
                None => meta.remove(name)?,
            };
        }
        Ok(Some(self.own_head.clone()))
    }
}
