//! Noise that stays the same: the cell-key method.
//!
//! Each unit has a *record key*, which follows from the agency's secret and the cluster's id. The *cell key* of a count is the sum
//! of the record keys of those that it counts, modulo 2^32. It looks up the noise in a [`PerturbationTable`]. So the same clusters get the
//! same noise in every table, query and year, and asking again averages nothing away; one cluster more, and the noise is drawn anew.
//! The idea is that of Fraser and Wooton (2005, Australian Bureau of Statistics); tables of maximum entropy for it are Giessing's (2016).
//!
//! Whoever learns the secret can take the noise off. It is never public, nor are the keys that follow from it: all are wiped when
//! dropped, and none can be printed. Parameters and the table are public.

mod entropy;
mod perturbation;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use perturbation::{MAXIMUM_NOISE, PerturbationError, PerturbationTable};

use crate::id::ClusterId;

/// An agency's secret for noise: 32 random bytes, which are backed up. Without it the noise of earlier tables cannot be repeated.
pub struct CellSecret(Zeroizing<[u8; 32]>);

impl CellSecret {
    /// From bytes that were drawn for this.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// The record key of a cluster: the first four bytes, most significant first, of HMAC-SHA256 with the secret as key over the id's text.
    #[must_use]
    pub fn record_key(&self, cluster: &ClusterId) -> RecordKey {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("HMAC takes a key of any length");
        mac.update(cluster.as_str().as_bytes());
        let mut tag = mac.finalize().into_bytes();
        let key = RecordKey(tag.iter().take(4).fold(0, |key, byte| key << 8 | u32::from(*byte)));
        tag.zeroize();
        key
    }
}

/// What one cluster adds to cell keys. Uniform for whoever does not know the secret.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecordKey(u32);

/// The key of one count. Uniform too, and independent between sets that differ.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct CellKey(u32);

impl CellKey {
    /// Of those that are counted, in any order. Each cluster once.
    #[must_use]
    pub fn of<'a>(records: impl IntoIterator<Item = &'a RecordKey>) -> Self {
        Self(records.into_iter().fold(0, |sum, record| sum.wrapping_add(record.0)))
    }
}
