//! The database's file, and a fresh one in its place. A freed page keeps its bytes until it is used again, with the wrapped
//! data keys of deleted rows; a file into which only the rows that are left were written has no such pages. Who reads a
//! snapshot of the file before goes on reading it: it has no name any more, and is closed when nobody does.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, Value, WriteTransaction};

use super::column::Column;
use super::tables::{self, Source, Visit};
use super::{RESERVE_BYTES, STORE_FILE, StoreError, free_bytes, open_database};
use crate::keystore::file;

/// The fresh file until it takes the other's name. One that is left behind by a crash is worth nothing.
const FRESH_FILE: &str = "parangon.redb.fresh";

/// Says that somebody reads a file.
pub(super) type Reading = Arc<()>;

struct Generation {
    db: Database,
    inode: u64,
    reading: Reading,
}

impl Generation {
    fn new(db: Database, path: &Path) -> Result<Self, StoreError> {
        let inode = fs::metadata(path).map_err(StoreError::Disk)?.ino();
        Ok(Self { db, inode, reading: Arc::default() })
    }

    fn is_read(&self) -> bool {
        Arc::strong_count(&self.reading) > 1
    }
}

/// The file that has the name, and those that are still read.
pub(super) struct File {
    current: RwLock<Generation>,
    retired: Mutex<Vec<Generation>>,
}

impl File {
    pub(super) fn new(db: Database, path: &Path) -> Result<Self, StoreError> {
        Ok(Self { current: RwLock::new(Generation::new(db, path)?), retired: Mutex::default() })
    }

    pub(super) fn begin_read(&self) -> Result<(ReadTransaction, Reading), StoreError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Ok((current.db.begin_read()?, Arc::clone(&current.reading)))
    }

    /// For the one writer.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).retain(Generation::is_read);
        Ok(self.current.read().unwrap_or_else(PoisonError::into_inner).db.begin_write()?)
    }

    pub(super) fn inode(&self) -> u64 {
        self.current.read().unwrap_or_else(PoisonError::into_inner).inode
    }

    pub(super) fn check(&mut self) -> Result<(), StoreError> {
        self.current.get_mut().unwrap_or_else(PoisonError::into_inner).db.check_integrity()?;
        Ok(())
    }

    /// Writes every row into a fresh file, which takes this one's name. The caller keeps everybody from writing meanwhile. An error
    /// leaves the file that was there.
    pub(super) fn renew(&self, dir: &Path) -> Result<(), StoreError> {
        forget_fresh(dir)?;
        let (path, fresh) = (dir.join(STORE_FILE), dir.join(FRESH_FILE));
        let (length, free) = (fs::metadata(&path).map_err(StoreError::Disk)?.len(), free_bytes(dir)?);
        if free < length.saturating_add(RESERVE_BYTES) {
            return Err(StoreError::DiskFull { dir: dir.into(), free });
        }
        let (from, _reading) = self.begin_read()?;
        let next = fill(&from, &fresh).inspect_err(|_| drop(fs::remove_file(&fresh)))?;
        drop(from);
        let next = Generation::new(next, &fresh)?;
        fs::rename(&fresh, &path).map_err(StoreError::Disk)?;
        let before = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), next);
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(before);
        file::sync_parent(&path).map_err(StoreError::Disk)
    }
}

/// Removes what a crash left of a fresh file.
pub(super) fn forget_fresh(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_file(dir.join(FRESH_FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Disk(error)),
        _ => Ok(()),
    }
}

struct Copy<'a> {
    from: &'a ReadTransaction,
    to: &'a WriteTransaction,
}

impl Visit for Copy<'_> {
    type Error = StoreError;

    fn table<K: Key + Column + 'static, V: Value + Column + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let (rows, mut copy) = (self.from.table(table)?, self.to.open_table(table)?);
        for entry in rows.iter()? {
            let (key, value) = entry?;
            copy.insert(key.value(), value.value())?;
        }
        Ok(())
    }
}

fn fill(from: &ReadTransaction, path: &Path) -> Result<Database, StoreError> {
    let mut db = open_database(path)?;
    for table in tables::NAMES {
        let mut to = db.begin_write()?;
        to.set_durability(Durability::Immediate)?;
        tables::visit(table, &mut Copy { from, to: &to })?;
        to.commit()?;
    }
    match db.compact() {
        Ok(_) => Ok(db),
        Err(redb::CompactionError::Storage(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(Box::new(other.into()))),
    }
}
