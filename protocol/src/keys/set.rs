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

/// Why a key set was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// One key in two roles (case C12).
    #[error("one key serves two roles")]
    SharedKey,
    /// Not an age X25519 recipient.
    #[error("the sealing key is not an age recipient")]
    Sealing,
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
