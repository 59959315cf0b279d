//! The rows of a store on their way into a backup, and back into an empty directory. One read transaction gives all of
//! them, so that what is written meanwhile is either wholly in it or not at all (case O8).

use std::borrow::Borrow;
use std::fs;
use std::marker::PhantomData;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use redb::{Database, Key, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, Value};

use super::column::Column;
use super::highwater::{Stored, restored};
use super::mailbox::OUTBOX_NAME;
use super::private::PRIVATE_NAME;
use super::tables::{self, LABELS, LOGS, OUTBOX, PRIVATE, RECORDS, Source, TOKENS, Visit};
use super::tokens::TOKENS_NAME;
use super::{META_ID, OwnHead, ReadTx, STORE_FILE, StoreError, StoreId, content, open_database};

/// The tables of a snapshot, in its order. Each name has the version of its rows in it.
pub const TABLES: &[&str] = tables::NAMES;

/// Bytes of one row of a snapshot, key and value. The largest is a private item.
pub const ROW_BYTES: usize = super::PRIVATE_ROW_BYTES + 64 * 1024;

/// How much there is in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Logs with any row.
    pub logs: u64,
    /// Records of all logs.
    pub records: u64,
    /// Labels in the register.
    pub labels: u64,
    /// Private items: assessments, offers, dossiers, reviews.
    pub private: u64,
    /// Messages that wait for an acknowledgement.
    pub outbox: u64,
    /// API tokens.
    pub tokens: u64,
}

struct Export<'a, F> {
    tx: &'a ReadTx,
    sink: F,
}

impl<E: From<StoreError>, F: FnMut(&[u8]) -> Result<(), E>> Visit for Export<'_, F> {
    type Error = E;

    fn table<K: Key + Column + 'static, V: Value + Column + 'static>(&mut self, table: TableDefinition<'static, K, V>) -> Result<(), E> {
        let rows = self.tx.source.table(table)?;
        let mut row = Vec::new();
        for entry in rows.iter().map_err(StoreError::from)? {
            let (key, value) = entry.map_err(StoreError::from)?;
            row.clear();
            K::put(&key.value(), &mut row);
            V::put(&value.value(), &mut row);
            if row.len() > ROW_BYTES {
                return Err(StoreError::TooLarge { what: "a row of a snapshot", actual: row.len(), limit: ROW_BYTES }.into());
            }
            (self.sink)(&row)?;
        }
        Ok(())
    }
}

impl ReadTx {
    /// Gives every row of one of [`TABLES`] to `sink`, in order. A name that is not among them has no rows.
    ///
    /// # Errors
    /// What `sink` returned, or an error of the database.
    pub fn export<E: From<StoreError>>(&self, table: &str, sink: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        tables::visit(table, &mut Export { tx: self, sink }).map(drop)
    }

    /// How much there is.
    ///
    /// # Errors
    /// An error of the database.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        Ok(Counts {
            logs: self.source.table(LOGS)?.len()?,
            records: self.source.table(RECORDS)?.len()?,
            labels: self.source.table(LABELS)?.len()?,
            private: self.source.table(PRIVATE)?.len()?,
            outbox: self.source.table(OUTBOX)?.len()?,
            tokens: self.source.table(TOKENS)?.len()?,
        })
    }

    /// Opens every sealed row, one at a time.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for the first one that was altered, moved, or sealed with another key.
    pub fn open_sealed(&self) -> Result<(), StoreError> {
        for entry in self.source.table(PRIVATE)?.iter()? {
            let (place, row) = entry?;
            let (kind, id) = place.value();
            self.vault.open(PRIVATE_NAME, &[&[kind], id.as_bytes()], content(PRIVATE_NAME, row.value())?)?;
        }
        for entry in self.source.table(OUTBOX)?.iter()? {
            let (place, row) = entry?;
            let (to, number) = place.value();
            self.vault.open(OUTBOX_NAME, &[to.as_bytes(), &number.to_be_bytes()], content(OUTBOX_NAME, row.value())?)?;
        }
        for entry in self.source.table(TOKENS)?.iter()? {
            let (hash, row) = entry?;
            self.vault.open(TOKENS_NAME, &[hash.value()], content(TOKENS_NAME, row.value())?)?;
        }
        Ok(())
    }

    /// The own head that may have been signed, as of this snapshot.
    ///
    /// # Errors
    /// An error of the database.
    pub fn own_head(&self) -> Result<Option<OwnHead>, StoreError> {
        Ok(Stored::read(&self.source)?.head)
    }

    /// Which store it is a snapshot of.
    ///
    /// # Errors
    /// An error of the database.
    pub fn store_id(&self) -> Result<StoreId, StoreError> {
        let meta = self.source.table(tables::META)?;
        let missing = || StoreError::Row { table: "meta" };
        let row = meta.get(META_ID)?.ok_or_else(missing)?;
        Ok(StoreId(content("meta", row.value())?.try_into().map_err(|_| missing())?))
    }
}

/// A store that is being filled from a snapshot. It may not be opened before [`Import::finish`], and recovers from then
/// on (protocol, "Restore").
pub struct Import {
    db: Database,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

struct Fill<'a, F, E> {
    tx: &'a redb::WriteTransaction,
    name: &'a str,
    next: F,
    error: PhantomData<E>,
}

impl<E: From<StoreError>, F: FnMut(&mut Vec<u8>) -> Result<bool, E>> Visit for Fill<'_, F, E> {
    type Error = E;

    fn table<K: Key + Column + 'static, V: Value + Column + 'static>(&mut self, table: TableDefinition<'static, K, V>) -> Result<(), E> {
        let malformed = || StoreError::Corrupted(format!("a row of {} in the snapshot is malformed or there twice", self.name));
        let mut rows = self.tx.open_table(table).map_err(StoreError::from)?;
        let mut row = Vec::new();
        while (self.next)(&mut row)? {
            let mut rest = row.as_slice();
            let (Some(key), Some(value)) = (K::take(&mut rest), V::take(&mut rest)) else { return Err(malformed().into()) };
            if !rest.is_empty() || rows.insert(key.borrow(), value.borrow()).map_err(StoreError::from)?.is_some() {
                return Err(malformed().into());
            }
        }
        Ok(())
    }
}

impl Import {
    /// Makes an empty store in `dir`, which is made where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`] when there is a store already, or an error of the disk.
    pub fn begin(dir: &Path) -> Result<Self, StoreError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(StoreError::Disk)?;
        let path = dir.join(STORE_FILE);
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Corrupted(format!("{} is there already", path.display())));
        }
        Ok(Self { db: open_database(&path)? })
    }

    /// Fills one of [`TABLES`] with the rows that `next` puts into its buffer, until it says that there are no more.
    ///
    /// # Errors
    /// What `next` returned; [`StoreError::Corrupted`] for a row that is none of this table's, or there twice.
    pub fn table<E: From<StoreError>>(&mut self, name: &str, next: impl FnMut(&mut Vec<u8>) -> Result<bool, E>) -> Result<(), E> {
        let tx = self.db.begin_write().map_err(StoreError::from)?;
        tables::visit(name, &mut Fill { tx: &tx, name, next, error: PhantomData })?;
        tx.commit().map_err(StoreError::from)?;
        Ok(())
    }

    /// Marks the store as restored and closes it.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`] when the snapshot had no table of facts about the store, or an error of the database.
    pub fn finish(self) -> Result<(), StoreError> {
        let source = self.db.begin_write()?;
        tables::create_all(&source)?;
        restored(&source)?;
        source.commit()?;
        let tx = self.db.begin_read()?;
        if super::schema(&tx)?.is_none() { Err(StoreError::Corrupted("the snapshot names no schema".into())) } else { Ok(()) }
    }
}
