//! API tokens: found by the SHA-256 of the token, so that the store holds nothing that lets anyone in. What is kept of
//! each, with the holder's name, is sealed.

use parangon_protocol::id::Hash;
use redb::ReadableTable;
use zeroize::Zeroizing;

use super::tables::{Source, TOKENS, content, row};
use super::{StoreError, Tx, WriteTx};

/// What is kept of a token. Wiped when dropped.
pub type TokenRow = Zeroizing<Vec<u8>>;

pub(super) const TOKENS_NAME: &str = "tokens";

impl<S: Source> Tx<S> {
    /// The row of a token.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the row was altered or moved.
    pub fn token(&self, hash: &Hash) -> Result<Option<TokenRow>, StoreError> {
        let tokens = self.source.table(TOKENS)?;
        let Some(row) = tokens.get(&hash.0)? else { return Ok(None) };
        self.vault.open(TOKENS_NAME, &[&hash.0], content(TOKENS_NAME, row.value())?).map(Some)
    }

    /// Every token's hash and row. An agency has a few dozen.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a row was altered or moved.
    pub fn tokens(&self) -> Result<Vec<(Hash, TokenRow)>, StoreError> {
        let tokens = self.source.table(TOKENS)?;
        let mut found = Vec::new();
        for entry in tokens.iter()? {
            let (hash, row) = entry?;
            let hash = Hash(*hash.value());
            found.push((hash, self.vault.open(TOKENS_NAME, &[&hash.0], content(TOKENS_NAME, row.value())?)?));
        }
        Ok(found)
    }
}

impl WriteTx {
    /// Adds a token or replaces its row.
    ///
    /// # Errors
    /// [`StoreError::Random`] or an error of the database.
    pub fn put_token(&mut self, hash: &Hash, token: &[u8]) -> Result<(), StoreError> {
        let sealed = self.vault.seal(TOKENS_NAME, &[&hash.0], token)?;
        self.source.open_table(TOKENS)?.insert(&hash.0, row(&[&sealed]).as_slice())?;
        Ok(())
    }

    /// Removes a token: it opens nothing from then on. Says whether it was there.
    ///
    /// # Errors
    /// An error of the database.
    pub fn delete_token(&mut self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.source.open_table(TOKENS)?.remove(&hash.0)?.is_some())
    }
}
