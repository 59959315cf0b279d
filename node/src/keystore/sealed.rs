//! The format of a sealed key file: one JSON object whose header is bound to the sealed part.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::aead;
use super::random::{RandomError, draw};
use super::unlock::{Cost, Unlock};

/// Bytes of a sealed key file at most; ours have about 1 KiB.
pub(super) const FILE_BYTES: usize = 16 * 1024;

const VERSION: u32 = 1;

/// Why a sealed file was not opened or made. None of them says anything of its content.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// Wrong passphrase or key, or altered bytes: the cipher cannot tell which.
    #[error("the passphrase or key does not open this file, or the file was altered")]
    Refused,
    /// It wants the other kind of secret.
    #[error("this file is sealed with {wanted}")]
    OtherUnlock {
        /// What opens it.
        wanted: &'static str,
    },
    /// Another kind of file, such as the identity where the keystore was expected.
    #[error("this is a file of kind {found:?}, not {expected:?}")]
    OtherKind {
        /// What was asked for.
        expected: &'static str,
        /// What it says, shortened.
        found: String,
    },
    /// Made by a newer program.
    #[error("key file format {found}, this program reads {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// Not a sealed key file at all.
    #[error("not a sealed key file")]
    Malformed,
    /// Costs beyond what a reader should pay, or below what Argon2id accepts.
    #[error("the file asks for an unreasonable cost ({0:?})")]
    Cost(Cost),
    /// No randomness for salt and nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    header: Header,
    /// nonce || ciphertext || tag, hex.
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    parangon: String,
    v: u32,
    unlock: With,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum With {
    KeyFile,
    Argon2id { memory_kib: u32, passes: u32, lanes: u32, salt: String },
}

/// Seals `plain` as a file of this kind.
pub(super) fn seal(
    kind: &'static str,
    plain: &[u8],
    unlock: &Unlock,
    random: &mut impl FnMut(&mut [u8]) -> Result<(), RandomError>,
) -> Result<Vec<u8>, SealedError> {
    let with = match unlock {
        Unlock::KeyFile(_) => With::KeyFile,
        Unlock::Passphrase(_, Cost { memory_kib, passes, lanes }) => {
            With::Argon2id { memory_kib: *memory_kib, passes: *passes, lanes: *lanes, salt: hex::encode(draw::<16>(random)?) }
        }
    };
    let header = Header { parangon: kind.into(), v: VERSION, unlock: with };
    let key = file_key(&header.unlock, unlock)?;
    let sealed = hex::encode(aead::seal(&key, draw(random)?, &context(&header), plain));
    let mut text = serde_json::to_vec_pretty(&Envelope { header, sealed }).expect("text and numbers always serialise");
    text.push(b'\n');
    Ok(text)
}

/// Opens a file of this kind.
pub(super) fn open(kind: &'static str, bytes: &[u8], unlock: &Unlock) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    if bytes.len() > FILE_BYTES {
        return Err(SealedError::Malformed);
    }
    // The version first: a newer file may have another shape.
    let loose: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| SealedError::Malformed)?;
    let version = loose["header"]["v"].as_u64().and_then(|v| u32::try_from(v).ok()).ok_or(SealedError::Malformed)?;
    if version > VERSION {
        return Err(SealedError::Newer { found: version });
    }
    let Envelope { header, sealed } = serde_json::from_slice(bytes).map_err(|_| SealedError::Malformed)?;
    if header.parangon != kind {
        return Err(SealedError::OtherKind { expected: kind, found: header.parangon.chars().take(20).collect() });
    }
    let key = file_key(&header.unlock, unlock)?;
    let sealed = hex::decode(sealed).map_err(|_| SealedError::Malformed)?;
    aead::open(&key, &context(&header), &sealed).map_err(|_| SealedError::Refused)
}

/// The header as it was written: kind, version and cost cannot be changed without the key.
fn context(header: &Header) -> Vec<u8> {
    serde_json::to_vec(header).expect("text and numbers always serialise")
}

fn file_key(with: &With, unlock: &Unlock) -> Result<Zeroizing<[u8; 32]>, SealedError> {
    match (with, unlock) {
        (With::KeyFile, Unlock::KeyFile(key)) => Ok(key.clone()),
        (With::Argon2id { memory_kib, passes, lanes, salt }, Unlock::Passphrase(passphrase, _)) => {
            let cost = Cost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes };
            if !cost.is_bearable() {
                return Err(SealedError::Cost(cost));
            }
            let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| SealedError::Cost(cost))?;
            let mut salt_bytes = [0; 16];
            hex::decode_to_slice(salt, &mut salt_bytes).map_err(|_| SealedError::Malformed)?;
            let mut key = Zeroizing::new([0; 32]);
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(passphrase.as_bytes(), &salt_bytes, &mut key[..])
                .map_err(|_| SealedError::Cost(cost))?;
            Ok(key)
        }
        (With::KeyFile, Unlock::Passphrase(..)) => Err(SealedError::OtherUnlock { wanted: "a key file" }),
        (With::Argon2id { .. }, Unlock::KeyFile(_)) => Err(SealedError::OtherUnlock { wanted: "a passphrase" }),
    }
}

/// Exactly `N` keys of 32 bytes.
pub(super) fn keys<const N: usize>(payload: &[u8]) -> Option<Zeroizing<[[u8; 32]; N]>> {
    let mut keys = Zeroizing::new([[0; 32]; N]);
    let (chunks, rest) = payload.as_chunks::<32>();
    if chunks.len() != N || !rest.is_empty() {
        return None;
    }
    keys.copy_from_slice(chunks);
    Some(keys)
}
