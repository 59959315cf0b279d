//! The index of labels. It is derived from the logs and can be rebuilt from them at any time.

use parangon_protocol::id::{ClusterId, Hash};
use redb::ReadableTable;

use super::tables::{LABELS, LABELS_BY_CLUSTER, Source, content, row};
use super::{StoreError, Tx, WriteTx};

const LABELS_NAME: &str = "labels";

impl<S: Source> Tx<S> {
    /// One label's row.
    ///
    /// # Errors
    /// An error of the database.
    pub fn label(&self, id: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let labels = self.source.table(LABELS)?;
        let Some(row) = labels.get(&id.0)? else { return Ok(None) };
        Ok(Some(content(LABELS_NAME, row.value())?.to_vec()))
    }

    /// Up to `limit` labels by id, those after `after`: the last id is the cursor of the next page.
    ///
    /// # Errors
    /// An error of the database.
    pub fn labels(&self, after: Option<&Hash>, limit: usize) -> Result<Vec<(Hash, Vec<u8>)>, StoreError> {
        let labels = self.source.table(LABELS)?;
        let first = after.map_or([0; 32], |hash| hash.0);
        let entries = labels.range::<&[u8; 32]>(&first..)?;
        let mut found = Vec::new();
        for entry in entries {
            let (id, row) = entry?;
            let id = Hash(*id.value());
            if after == Some(&id) {
                continue;
            }
            if found.len() == limit {
                break;
            }
            found.push((id, content(LABELS_NAME, row.value())?.to_vec()));
        }
        Ok(found)
    }

    /// The ids of a cluster's labels, of all schemes and times.
    ///
    /// # Errors
    /// An error of the database.
    pub fn labels_of(&self, cluster: &ClusterId) -> Result<Vec<Hash>, StoreError> {
        let index = self.source.table(LABELS_BY_CLUSTER)?;
        let range = (cluster.as_str(), &[0; 32])..=(cluster.as_str(), &[0xff; 32]);
        index.range::<(&str, &[u8; 32])>(range)?.map(|entry| Ok(Hash(*entry?.0.value().1))).collect()
    }
}

impl WriteTx {
    /// Adds a label or replaces its row. Its cluster follows from its id, so that never changes.
    ///
    /// # Errors
    /// An error of the database.
    pub fn put_label(&mut self, id: &Hash, cluster: &ClusterId, label: &[u8]) -> Result<(), StoreError> {
        self.source.open_table(LABELS)?.insert(&id.0, row(&[label]).as_slice())?;
        self.source.open_table(LABELS_BY_CLUSTER)?.insert((cluster.as_str(), &id.0), ())?;
        Ok(())
    }

    /// Removes a label's row.
    ///
    /// # Errors
    /// An error of the database.
    pub fn delete_label(&mut self, id: &Hash, cluster: &ClusterId) -> Result<(), StoreError> {
        self.source.open_table(LABELS)?.remove(&id.0)?;
        self.source.open_table(LABELS_BY_CLUSTER)?.remove((cluster.as_str(), &id.0))?;
        Ok(())
    }

    /// Empties the index before it is rebuilt from the logs.
    ///
    /// # Errors
    /// An error of the database.
    pub fn clear_labels(&mut self) -> Result<(), StoreError> {
        self.source.open_table(LABELS)?.retain(|_, _| false)?;
        self.source.open_table(LABELS_BY_CLUSTER)?.retain(|_, ()| false)?;
        Ok(())
    }
}
