//! Seals rows: each has a random data key of its own, wrapped by the master key. Both are bound to the row's place,
//! so that a row does not open under another name.

use zeroize::Zeroizing;

use super::StoreError;
use crate::keystore::{MasterKey, aead, random};

/// Bytes of a wrapped data key: nonce, key, tag.
const WRAPPED: usize = aead::NONCE + 32 + 16;

pub(super) struct Vault {
    master: MasterKey,
}

impl Vault {
    pub(super) fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// `wrapped data key || sealed content`.
    pub(super) fn seal(&self, table: &'static str, place: &[&[u8]], content: &[u8]) -> Result<Vec<u8>, StoreError> {
        let data_key = Zeroizing::new(random::draw::<32>(&mut random::system)?);
        let wrapped = aead::seal(self.master.as_bytes(), random::draw(&mut random::system)?, &context("key", table, place), &data_key[..]);
        let sealed = aead::seal(&data_key, random::draw(&mut random::system)?, &context("content", table, place), content);
        Ok([wrapped, sealed].concat())
    }

    /// The content of what [`Vault::seal`] made for this place.
    pub(super) fn open(&self, table: &'static str, place: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let refused = |_| StoreError::Refused { table };
        let (wrapped, content) = sealed.split_at_checked(WRAPPED).ok_or(StoreError::Refused { table })?;
        let unwrapped = aead::open(self.master.as_bytes(), &context("key", table, place), wrapped).map_err(refused)?;
        let mut data_key = Zeroizing::new([0; 32]);
        data_key.copy_from_slice(unwrapped.get(..32).ok_or(StoreError::Refused { table })?);
        aead::open(&data_key, &context("content", table, place), content).map_err(refused)
    }
}

/// What a sealed part is bound to. Lengths stand before the parts, so that no two places read the same.
fn context(part: &str, table: &str, place: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("parangon/store/1/{table}/{part}\n").into_bytes();
    for part in place {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}
