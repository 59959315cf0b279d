//! Public documents by name: charters, catalogues, evidence of forks, the vouched time. Opaque here.

use parangon_protocol::limits;
use redb::ReadableTable;

use super::tables::{DOCUMENTS, Source, content, row};
use super::{StoreError, Tx, WriteTx};

const DOCUMENTS_NAME: &str = "documents";

impl<S: Source> Tx<S> {
    /// One document.
    ///
    /// # Errors
    /// An error of the database.
    pub fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let documents = self.source.table(DOCUMENTS)?;
        let Some(row) = documents.get(name)? else { return Ok(None) };
        Ok(Some(content(DOCUMENTS_NAME, row.value())?.to_vec()))
    }

    /// Shows the documents whose names begin with `prefix` to `visit`, in order.
    ///
    /// # Errors
    /// The visitor's, or an error of the database.
    pub fn each_document(&self, prefix: &str, mut visit: impl FnMut(&str, &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for entry in self.source.table(DOCUMENTS)?.range(prefix..)? {
            let (name, row) = entry?;
            if !name.value().starts_with(prefix) {
                break;
            }
            visit(name.value(), content(DOCUMENTS_NAME, row.value())?)?;
        }
        Ok(())
    }

    /// The names that begin with `prefix`, in order.
    ///
    /// # Errors
    /// An error of the database.
    pub fn document_names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in self.source.table(DOCUMENTS)?.range(prefix..)? {
            let (name, _) = entry?;
            if !name.value().starts_with(prefix) {
                break;
            }
            names.push(name.value().to_owned());
        }
        Ok(names)
    }
}

impl WriteTx {
    /// Adds a document or replaces it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`limits::DOCUMENT_BYTES`].
    pub fn put_document(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (actual, limit) = (bytes.len(), limits::DOCUMENT_BYTES);
        if actual > limit {
            return Err(StoreError::TooLarge { what: "a document", actual, limit });
        }
        self.source.open_table(DOCUMENTS)?.insert(name, row(&[bytes]).as_slice())?;
        Ok(())
    }

    /// Removes a document. Says whether it was there.
    ///
    /// # Errors
    /// An error of the database.
    pub fn delete_document(&mut self, name: &str) -> Result<bool, StoreError> {
        Ok(self.source.open_table(DOCUMENTS)?.remove(name)?.is_some())
    }
}
