//! The agency's private items: assessments, dossiers, reviews. Each is sealed with a data key of its own, which is
//! wrapped by the master key and bound to kind and id; deleting the row deletes the key with it.

use redb::ReadableTable;
use zeroize::Zeroizing;

use super::tables::{PRIVATE, Source, content, row};
use super::{StoreError, Tx, WriteTx};

/// Bytes of one private item: a dossier with evidence files, each bounded elsewhere.
pub const PRIVATE_ROW_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of an item's id. Ids are stored in the clear.
pub const PRIVATE_NAME_BYTES: usize = 256;

pub(super) const PRIVATE_NAME: &str = "private";

impl<S: Source> Tx<S> {
    /// One private item, wiped when dropped.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the row was altered or moved.
    pub fn private(&self, kind: u8, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let items = self.source.table(PRIVATE)?;
        let Some(row) = items.get((kind, id))? else { return Ok(None) };
        self.vault.open(PRIVATE_NAME, &[&[kind], id.as_bytes()], content(PRIVATE_NAME, row.value())?).map(Some)
    }

    /// Up to `limit` ids of a kind in order, those after `after`.
    ///
    /// # Errors
    /// An error of the database.
    pub fn private_ids(&self, kind: u8, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        for entry in self.source.table(PRIVATE)?.range((kind, after.unwrap_or(""))..)? {
            let (place, _) = entry?;
            let (found, id) = place.value();
            if found != kind || ids.len() == limit {
                break;
            }
            if after != Some(id) {
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }
}

impl WriteTx {
    /// Adds an item or replaces it, with a new data key either way. The id is stored in the clear: it holds no person and no
    /// free text.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] or [`StoreError::Random`].
    pub fn put_private(&mut self, kind: u8, id: &str, plain: &[u8]) -> Result<(), StoreError> {
        for (what, actual, limit) in
            [("a private item", plain.len(), PRIVATE_ROW_BYTES), ("the id of a private item", id.len(), PRIVATE_NAME_BYTES)]
        {
            if actual > limit {
                return Err(StoreError::TooLarge { what, actual, limit });
            }
        }
        let sealed = self.vault.seal(PRIVATE_NAME, &[&[kind], id.as_bytes()], plain)?;
        self.source.open_table(PRIVATE)?.insert((kind, id), row(&[&sealed]).as_slice())?;
        Ok(())
    }

    /// Removes an item and its data key. Says whether it was there. Pages that held it may keep it until they are
    /// reused, or until [`super::Store::compact`].
    ///
    /// # Errors
    /// An error of the database.
    pub fn delete_private(&mut self, kind: u8, id: &str) -> Result<bool, StoreError> {
        Ok(self.source.open_table(PRIVATE)?.remove((kind, id))?.is_some())
    }
}
