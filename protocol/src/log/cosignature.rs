//! Cosignatures (c2sp.org/tlog-cosignature, Ed25519): a witness saw this head, consistent with all it saw before,
//! at this time.

#[cfg(test)]
mod tests;

use super::checkpoint::Checkpoint;
use super::note::{Algorithm, NoteSignature, key_id};
use crate::id::AgencyId;
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::time::Timestamp;

/// Why a cosignature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The line names another key.
    #[error("a cosignature by another key")]
    OtherKey,
    /// Not 8 bytes of time and 64 of signature.
    #[error("not a cosignature: {actual} bytes instead of 72")]
    Length {
        /// Bytes received.
        actual: usize,
    },
    /// The time lies after the year 9999.
    #[error("a cosignature time after the year 9999")]
    Time,
    /// The strict check failed.
    #[error("the cosignature does not verify")]
    Forged,
}

/// A witness's key under the name it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    /// Whose key.
    pub agency: AgencyId,
    /// The name in its signature lines.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl WitnessKey {
    /// Whether the line says that it is by this key.
    #[must_use]
    pub fn made(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.id == key_id(&self.name, Algorithm::Cosignature, &self.key)
    }
}

/// `cosignature/v1`, the time, and the whole body of the checkpoint.
fn message(body: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{body}").into_bytes()
}

/// Cosigns a head as of `time`. The caller has checked and durably noted the head before.
#[must_use]
pub fn cosign(checkpoint: &Checkpoint, key: &SecretKey, witness_name: &str, time: Timestamp) -> NoteSignature {
    cosign_body(&checkpoint.body(), key, witness_name, time)
}

/// The same for a checkpoint's body as it stands in its note, extension lines included.
pub(super) fn cosign_body(body: &str, key: &SecretKey, witness_name: &str, time: Timestamp) -> NoteSignature {
    let signature = key.sign_raw(&message(body, time.seconds()));
    NoteSignature {
        name: witness_name.to_owned(),
        id: key_id(witness_name, Algorithm::Cosignature, &key.public()),
        bytes: [time.seconds().to_be_bytes().as_slice(), &signature.0].concat(),
    }
}

/// Checks a cosignature line of this witness; returns its time.
///
/// # Errors
/// [`CosignatureError`].
pub fn verify(checkpoint: &Checkpoint, name: &str, key: &PublicKey, line: &NoteSignature) -> Result<Timestamp, CosignatureError> {
    if line.name != name || line.id != key_id(name, Algorithm::Cosignature, key) {
        return Err(CosignatureError::OtherKey);
    }
    verify_body(&checkpoint.body(), key, &line.bytes)
}

/// The time that a cosignature line claims, before any check: it decides which key to check it by.
///
/// # Errors
/// [`CosignatureError::Length`] or [`CosignatureError::Time`].
pub fn claimed_time(line: &NoteSignature) -> Result<Timestamp, CosignatureError> {
    parts(&line.bytes).map(|(time, _)| time)
}

fn parts(bytes: &[u8]) -> Result<(Timestamp, Signature), CosignatureError> {
    let wrong = CosignatureError::Length { actual: bytes.len() };
    let (time, signature) = bytes.split_first_chunk::<8>().ok_or(wrong)?;
    let signature = signature.try_into().map_err(|_| wrong)?;
    let time = Timestamp::from_seconds(u64::from_be_bytes(*time)).ok_or(CosignatureError::Time)?;
    Ok((time, Signature(signature)))
}

/// Checks over a checkpoint's body as it stands in the note, extension lines included.
pub(super) fn verify_body(body: &str, key: &PublicKey, bytes: &[u8]) -> Result<Timestamp, CosignatureError> {
    let (time, signature) = parts(bytes)?;
    key.verify_raw(&message(body, time.seconds()), &signature).map_err(|_| CosignatureError::Forged)?;
    Ok(time)
}
