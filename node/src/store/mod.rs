//! What a node keeps: the public records of every log, and its own private items, in one redb file.
//!
//! One writer at a time; every write is one transaction that is durable when [`Store::write`] returns (ARCHITECTURE.md,
//! "A record's way"). Callers put what belongs together, and as many records as they have, into one closure: a commit
//! costs about as much for a hundred records as for one. Reading goes on beside it, on snapshots.
//!
//! The public part can be rebuilt from peers; the private part is sealed with one data key per item, wrapped by the
//! keystore's master key. Names of private items are not sealed: they hold no person and no free text.

mod column;
mod documents;
mod error;
mod generation;
mod highwater;
mod labels;
mod lock;
mod log;
mod mailbox;
mod notes;
mod private;
mod releases;
mod snapshot;
mod tables;
mod tokens;
mod vault;

#[cfg(test)]
pub(crate) mod tests;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, TableHandle, WriteTransaction};

pub use error::StoreError;
pub use highwater::{HIGH_WATER_FILE, HighWater, Opened, OwnHead, Recovery, StoreId};
pub use lock::Lock;
pub use log::LogReader;
pub use private::{PRIVATE_NAME_BYTES, PRIVATE_ROW_BYTES};
pub use releases::Released;
pub use snapshot::{Counts, Import, ROW_BYTES, TABLES};
pub use tables::Source;
pub use tokens::TokenRow;

use crate::keystore::{MasterKey, file, random};
use highwater::Stored;
use tables::{META, content, create_all, row};
use vault::Vault;

/// The database's file name inside the data directory.
pub const STORE_FILE: &str = "parangon.redb";

/// The format of the whole store. A newer one is refused untouched (case O2).
pub const SCHEMA: u32 = 1;

/// Free space that is never used: a write that would start with less is refused before anything is changed (case D4).
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// Memory for cached pages. redb would take 1 GiB.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Stores up to this size are checked whole whenever they are opened (0.1 s per 100 MiB); larger ones after an
/// unclean stop, which redb does itself, and in `doctor`.
const CHECKED_BYTES: u64 = 256 * 1024 * 1024;

const META_SCHEMA: &str = "schema";
const META_ID: &str = "store-id";
const META_KEY_CHECK: &str = "key-check";
const META_FILE_WRITTEN: &str = "high-water-written";

/// The open store. Shared by reference; it is closed when dropped.
pub struct Store {
    // Before the lock, so that the file is closed when the lock goes.
    db: generation::File,
    _lock: Lock,
    dir: PathBuf,
    id: StoreId,
    vault: Arc<Vault>,
    recovering: AtomicBool,
    /// Set by a failure after which nothing is known to be durable.
    read_only: AtomicBool,
    /// Commit and high-water file, one at a time.
    writer: Mutex<()>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).field("id", &self.id).finish_non_exhaustive()
    }
}

/// A transaction. [`ReadTx`] has the reading methods, [`WriteTx`] these and the writing ones, spread over the
/// modules by subject.
pub struct Tx<S: Source> {
    source: S,
    /// Keeps the file of a snapshot open.
    _reading: Option<generation::Reading>,
    vault: Arc<Vault>,
    recovering: bool,
    recovered: bool,
    own_head: Option<OwnHead>,
}

impl<S: Source> std::fmt::Debug for Tx<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

/// A snapshot: what was durable when it began. One that is held long keeps old pages from being reused.
pub type ReadTx = Tx<ReadTransaction>;

/// The one writer's transaction.
pub type WriteTx = Tx<WriteTransaction>;

impl Store {
    /// Opens the store in `dir`, or makes an empty one, and says whether the node may sign.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`] and [`StoreError::WrongKey`] leave every stored row as it was; so do
    /// [`StoreError::Corrupted`] and the disk's errors.
    pub fn open(dir: &Path, master: &MasterKey) -> Result<(Self, Opened), StoreError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(StoreError::Disk)?;
        let lock = Lock::take(dir)?;
        generation::forget_fresh(dir)?;
        let high_water = highwater::read(dir)?;
        let path = dir.join(STORE_FILE);
        refuse_newer(&path)?;
        let db = open_database(&path)?;
        let vault = Arc::new(Vault::new(master.clone()));
        let id = match identify(&db, &vault)? {
            Some(id) => id,
            None => initialise(&db, &vault, dir)?,
        };
        let fresh = {
            let tx = db.begin_read()?;
            tx.table(META)?.get(META_FILE_WRITTEN)?.is_none()
        };
        let stored = Stored::read(&db.begin_read()?)?;
        let opened = if fresh && matches!(high_water, Err(Recovery::FileMissing)) { Opened::Clean } else { stored.compare(id, high_water) };
        if opened == Opened::Clean {
            HighWater { store: id, head: stored.head }.write(dir)?;
        }
        if fresh {
            let tx = db.begin_write()?;
            tx.open_table(META)?.insert(META_FILE_WRITTEN, row(&[]).as_slice())?;
            tx.commit()?;
        }
        let recovering = AtomicBool::new(opened != Opened::Clean);
        let store = Self {
            db: generation::File::new(db, &path)?,
            _lock: lock,
            dir: dir.into(),
            id,
            vault,
            recovering,
            read_only: AtomicBool::new(false),
            writer: Mutex::new(()),
        };
        Ok((store, opened))
    }

    /// Runs `body` in one transaction. When this returns `Ok`, everything in it is on disk; otherwise nothing of it is,
    /// except after [`StoreError::Disk`], where a restart tells.
    ///
    /// # Errors
    /// What `body` returned, [`StoreError::DiskFull`], [`StoreError::Moved`], [`StoreError::ReadOnly`] or an error of the
    /// database.
    pub fn write<R>(&self, body: impl FnOnce(&mut WriteTx) -> Result<R, StoreError>) -> Result<R, StoreError> {
        // A panic inside `body` aborted its transaction: the lock protects no state that could be half-changed.
        let _one = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.writable()?;
        self.transact(body).map_err(|error| self.failed(error))
    }

    fn transact<R>(&self, body: impl FnOnce(&mut WriteTx) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let mut source = self.db.begin_write()?;
        source.set_durability(Durability::Immediate)?;
        let recovering = self.recovering.load(Ordering::Acquire);
        let mut tx = Tx { source, _reading: None, vault: Arc::clone(&self.vault), recovering, recovered: false, own_head: None };
        let answer = body(&mut tx)?; // dropping `tx` aborts
        let head = tx.settle_high_water()?;
        let recovering = tx.recovering;
        tx.source.commit()?;
        if let Some(head) = head {
            // Where this fails the head is not signed and nothing more is written: the file stays one step behind.
            HighWater { store: self.id, head }.write(&self.dir).inspect_err(|_| self.read_only.store(true, Ordering::Release))?;
        }
        self.recovering.store(recovering, Ordering::Release);
        Ok(answer)
    }

    /// A snapshot to read from.
    ///
    /// # Errors
    /// An error of the database.
    pub fn read(&self) -> Result<ReadTx, StoreError> {
        let (source, reading) = self.db.begin_read()?;
        let vault = Arc::clone(&self.vault);
        Ok(Tx { source, _reading: Some(reading), vault, recovering: false, recovered: false, own_head: None })
    }

    /// Which store this is.
    #[must_use]
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// The directory it is in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the node must not sign yet.
    #[must_use]
    pub fn is_recovering(&self) -> bool {
        self.recovering.load(Ordering::Acquire)
    }

    /// The own head that may have been signed.
    ///
    /// # Errors
    /// An error of the database.
    pub fn high_water(&self) -> Result<HighWater, StoreError> {
        Ok(HighWater { store: self.id, head: Stored::read(&self.db.begin_read()?.0)?.head })
    }

    /// Bytes of the store's file, for the metrics.
    ///
    /// # Errors
    /// [`StoreError::Moved`].
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let path = self.dir.join(STORE_FILE);
        fs::metadata(&path).map(|file| file.len()).map_err(|_| StoreError::Moved(path))
    }

    /// Reads every page and compares its checksum, as `doctor` does. Needs the store to itself.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`].
    pub fn check(&mut self) -> Result<(), StoreError> {
        self.db.check()
    }

    /// Writes what is in the store into a fresh file, which takes the place of the one before: deleted rows, with their wrapped
    /// data keys, stay in free pages until then. Who reads goes on; who writes waits, about a second for a hundred megabytes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] without room for the fresh file, or as [`Store::write`]. The store is as it was then.
    pub fn compact(&self) -> Result<(), StoreError> {
        let _one = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.writable()?;
        self.db.renew(&self.dir)
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.read_only.load(Ordering::Acquire) {
            return Err(StoreError::ReadOnly);
        }
        let path = self.dir.join(STORE_FILE);
        if fs::metadata(&path).map(|file| file.ino()).ok() != Some(self.db.inode()) {
            return Err(StoreError::Moved(path));
        }
        let free = free_bytes(&self.dir)?;
        if free < RESERVE_BYTES { Err(StoreError::DiskFull { dir: self.dir.clone(), free }) } else { Ok(()) }
    }

    /// After an error of the disk nothing is known of what was written last: a failed sync is never tried again.
    fn failed(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Disk(_) | StoreError::Corrupted(_) => self.read_only.store(true, Ordering::Release),
            StoreError::DiskFull { .. } => {
                self.read_only.store(true, Ordering::Release);
                return StoreError::DiskFull { dir: self.dir.clone(), free: free_bytes(&self.dir).unwrap_or(0) };
            }
            _ => {}
        }
        error
    }
}

fn free_bytes(dir: &Path) -> Result<u64, StoreError> {
    let space = rustix::fs::statvfs(dir).map_err(|error| StoreError::Disk(error.into()))?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Looks at the schema without touching the file, as far as that can be done: a store that was not closed is repaired by
/// opening it, but then the high-water file has told its format already.
fn refuse_newer(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    // Opening trusts a file that was closed cleanly and may panic where that was damaged since.
    let look = || -> Result<Option<u32>, StoreError> {
        let db = redb::Builder::new().set_cache_size(CACHE_BYTES).open_read_only(path)?;
        let tx = db.begin_read()?;
        schema(&tx)
    };
    match std::panic::catch_unwind(AssertUnwindSafe(look)) {
        Ok(Ok(Some(found))) if found > SCHEMA => Err(StoreError::Newer { found, reads: SCHEMA }),
        _ => Ok(()), // opening it for writing gives every other reason
    }
}

fn schema(tx: &ReadTransaction) -> Result<Option<u32>, StoreError> {
    if !tx.list_tables()?.any(|table| table.name() == META.name()) {
        return Ok(None);
    }
    let meta = tx.table(META)?;
    let Some(value) = meta.get(META_SCHEMA)? else { return Ok(None) };
    // Never changes, in whatever format the rest is: four bytes, big-endian.
    let bytes = value.value().try_into().map_err(|_| StoreError::Row { table: "meta" })?;
    Ok(Some(u32::from_be_bytes(bytes)))
}

fn open_database(path: &Path) -> Result<Database, StoreError> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => file::sync_parent(path).map_err(StoreError::Disk)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::Disk(error)),
    }
    let length = fs::metadata(path).map_err(StoreError::Disk)?.len();
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(length > 0 && length <= CHECKED_BYTES);
    Ok(builder.create(path)?)
}

/// The store's id, once schema and master key are known to be right. `None` for a store without tables.
fn identify(db: &Database, vault: &Vault) -> Result<Option<StoreId>, StoreError> {
    let tx = db.begin_read()?;
    match schema(&tx)? {
        Some(found) if found > SCHEMA => return Err(StoreError::Newer { found, reads: SCHEMA }),
        Some(_) => {}
        None if tx.list_tables()?.next().is_none() => return Ok(None),
        None => return Err(StoreError::Corrupted("tables without a schema".into())),
    }
    let meta = tx.table(META)?;
    let missing = || StoreError::Row { table: "meta" };
    let check = meta.get(META_KEY_CHECK)?.ok_or_else(missing)?;
    vault.open("key-check", &[], content("meta", check.value())?).map_err(|_| StoreError::WrongKey)?;
    let id = meta.get(META_ID)?.ok_or_else(missing)?;
    Ok(Some(StoreId(content("meta", id.value())?.try_into().map_err(|_| missing())?)))
}

fn initialise(db: &Database, vault: &Vault, dir: &Path) -> Result<StoreId, StoreError> {
    let free = free_bytes(dir)?;
    if free < RESERVE_BYTES {
        return Err(StoreError::DiskFull { dir: dir.into(), free });
    }
    let id = StoreId(random::draw(&mut random::system)?);
    let tx = db.begin_write()?;
    create_all(&tx)?;
    {
        let mut meta = tx.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA.to_be_bytes().as_slice())?;
        meta.insert(META_ID, row(&[&id.0]).as_slice())?;
        meta.insert(META_KEY_CHECK, row(&[&vault.seal("key-check", &[], b"parangon")?]).as_slice())?;
    }
    tx.commit()?;
    Ok(id)
}
