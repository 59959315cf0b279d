//! The operational keys of one agency, as its log states them.

use serde::{Deserialize, Serialize};

use super::{KeyError, PublicKey, Purpose, SecretKey, Signature};
use crate::canonical::{self, CanonicalError};
use crate::id::{AgencyId, Fingerprint};
use crate::limits;

/// Which keys act for an agency from the record's index on (protocol, "Charter": no operational key stands in
/// the charter).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// Whose keys.
    pub agency: AgencyId,
    /// 1 for the first, one more for each replacement.
    pub number: u32,
    /// Signs checkpoints of this epoch.
    pub log: PublicKey,
    /// Cosigns others' heads.
    pub witness: PublicKey,
    /// Signs credentials, endorsements and messages.
    pub issue: PublicKey,
    /// The age recipient (`age1…`) that messages are sealed to.
    pub sealing: String,
    /// The key of the libp2p connection; its PeerId follows from it.
    pub transport: PublicKey,
}

/// Where a key set stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It begins the log.
    First,
    /// In an epoch, whose log key it keeps.
    Within,
    /// It begins an epoch.
    Epoch,
}

/// Why a key set was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// One key in two roles (case C12).
    #[error("one key serves two roles")]
    SharedKey,
    /// Not an age X25519 recipient.
    #[error("the sealing key is not an age recipient")]
    Sealing,
    /// Number 1 stands at the beginning of a log and nowhere else; a later set has a larger number than the one before it.
    #[error("key set {found} cannot follow key set {before} (0: it would be the log's first)")]
    Number {
        /// Its number.
        found: u32,
        /// That of the set before it, 0 where there is none.
        before: u32,
    },
    /// Another log key: that needs a new epoch.
    #[error("an epoch keeps its log key")]
    LogKey,
    /// A key that had been replaced, or that had served in another role.
    #[error("a new key of this set was used in this log before")]
    Reused,
    /// The identity key did not sign it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It cannot be written as a record.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

/// A key set with the identity key's signature over its canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedKeySet {
    /// The keys.
    pub body: KeySet,
    /// By the agency's identity key, purpose `keyset`.
    pub signature: Signature,
}

impl KeySet {
    /// Signs it with the identity key.
    ///
    /// # Errors
    /// [`KeySetError::SharedKey`], [`KeySetError::Sealing`], or a body that cannot be written.
    pub fn sign(self, federation: &Fingerprint, identity: &SecretKey) -> Result<SignedKeySet, KeySetError> {
        self.well_formed(&identity.public())?;
        let text = canonical::encode(&self, limits::RECORD_BYTES)?;
        let signature = identity.sign(Purpose::KeySet, federation, &text);
        Ok(SignedKeySet { body: self, signature })
    }

    /// Whether it may stand behind `earlier`, the key sets that the log holds before it, oldest first, at this place. A selection of them is enough for everything but a gap: a number may be skipped, since one
    /// file holds only the sets that its label needs.
    ///
    /// # Errors
    /// [`KeySetError::Number`], [`KeySetError::LogKey`], [`KeySetError::Reused`].
    pub fn follows<'a>(&self, place: Place, earlier: impl DoubleEndedIterator<Item = &'a Self> + Clone) -> Result<(), KeySetError> {
        let last = earlier.clone().next_back();
        let before = last.map_or(0, |set| set.number);
        if (place == Place::First) != (self.number == 1) || self.number <= before {
            return Err(KeySetError::Number { found: self.number, before });
        }
        let Some(last) = last else { return Ok(()) };
        if place == Place::Within && self.log != last.log {
            return Err(KeySetError::LogKey);
        }
        let kept = last.public();
        let new = self.public().into_iter().enumerate().filter(|(role, key)| *key != kept[*role]).map(|(_, key)| key);
        let sealing = self.sealing != last.sealing && earlier.clone().any(|set| set.sealing == self.sealing);
        let used = |key: &PublicKey| earlier.clone().any(|set| set.public().contains(&key));
        if sealing || new.into_iter().any(used) { Err(KeySetError::Reused) } else { Ok(()) }
    }

    /// The signing keys, by role.
    fn public(&self) -> [&PublicKey; 4] {
        [&self.log, &self.witness, &self.issue, &self.transport]
    }

    fn well_formed(&self, identity: &PublicKey) -> Result<(), KeySetError> {
        let keys = [identity, &self.log, &self.witness, &self.issue, &self.transport];
        for (position, key) in keys.iter().enumerate() {
            if keys[..position].contains(key) {
                return Err(KeySetError::SharedKey);
            }
        }
        let tail = self.sealing.strip_prefix("age1").ok_or(KeySetError::Sealing)?;
        if tail.len() == 58 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            Ok(())
        } else {
            Err(KeySetError::Sealing)
        }
    }
}

impl SignedKeySet {
    /// Checks shape and signature against the agency's identity key.
    ///
    /// # Errors
    /// Everything in [`KeySetError`].
    pub fn verify(&self, federation: &Fingerprint, identity: &PublicKey) -> Result<&KeySet, KeySetError> {
        self.body.well_formed(identity)?;
        let text = canonical::encode(&self.body, limits::RECORD_BYTES)?;
        identity.verify(Purpose::KeySet, federation, &text, &self.signature)?;
        Ok(&self.body)
    }
}
