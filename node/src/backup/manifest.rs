//! The first entry: what the backup is, in JSON. It stands inside the encryption.

use parangon_protocol::id::{AgencyId, Fingerprint, Hash};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, EXTENSION};
use crate::store::{Counts, OwnHead};

/// Bytes of a manifest at most; ours have 700.
pub(super) const MANIFEST_BYTES: usize = 64 * 1024;

/// What a backup says of itself. [`super::audit`] holds it against the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the program that made it.
    pub program: String,
    /// Whose node it was.
    pub agency: AgencyId,
    /// The federation.
    pub federation: Fingerprint,
    /// Which store, 32 hex digits.
    pub store: String,
    /// The agency's own log as it was; none before its first record.
    pub own_log: Option<OwnLog>,
    /// When it was made, by the clock of the machine.
    pub made: Timestamp,
    /// How much is in it.
    pub counts: Counts,
}

/// The head of the own log that may have been signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLog {
    /// The log's epoch.
    pub epoch: u32,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl From<OwnHead> for OwnLog {
    fn from(head: OwnHead) -> Self {
        Self { epoch: head.log.epoch, size: head.size, root: head.root }
    }
}

impl Manifest {
    /// The name that a backup's file gets: agency and time, and nothing else that its reader could not see anyway.
    #[must_use]
    pub fn file_name(&self) -> String {
        let made: String = self.made.to_string().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        format!("{}-{made}.{EXTENSION}", self.agency)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("texts and integers always have a JSON form")
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, BackupError> {
        serde_json::from_slice(bytes).map_err(|error| BackupError::Damaged(format!("its manifest cannot be read ({error})")))
    }
}
