//! Keys by role, and the only two ways to use them: strict Ed25519, bound to a purpose and a federation.

mod base58;
mod set;

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as DalekSignature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

pub use set::{KeySet, KeySetError, Place, SignedKeySet};

use crate::id::{Fingerprint, Hash};

/// Why a key or a signature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes that encode a point, canonically.
    #[error("not an Ed25519 public key")]
    Malformed,
    /// A point of small order: signatures by it prove nothing (CVE class "weak key").
    #[error("a weak (small-order) public key")]
    Weak,
    /// Not 64 bytes of lowercase hex.
    #[error("not an Ed25519 signature")]
    MalformedSignature,
    /// The strict check failed: altered content, another key, purpose or federation, or a malleated signature.
    #[error("the signature does not verify")]
    Forged,
}

/// What a key is for. No key serves two roles (protocol, "Identity and keys").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Offline: key sets, charter votes.
    Identity,
    /// Checkpoints of the agency's own log.
    Log,
    /// Cosignatures on others' heads.
    Witness,
    /// Credentials, endorsements, our own messages.
    Issue,
    /// X25519: dossiers are encrypted to it. Signs nothing.
    Sealing,
    /// The libp2p connection.
    Transport,
}

/// What a signature of ours says. Each purpose has its own preimage: a signature made for one verifies as
/// nothing else (case C9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A membership card made before the federation exists.
    Member,
    /// A founder's consent to charter version 1.
    Charter,
    /// A key set, by the identity key.
    KeySet,
    /// A sealed private message's envelope.
    Envelope,
    /// A review offer.
    Offer,
    /// An acceptance with its fresh dossier key.
    Acceptance,
    /// A review's content.
    Review,
    /// An owner's response to the reviews of one offer.
    Response,
    /// A vote on the next version of the charter, by the identity key.
    Vote,
    /// What a witness saw last of a log whose owner is recovering, by its witness key.
    LastSeen,
    /// An owner's call for a draw of reviewers.
    DrawCall,
    /// A contributor's commitment in a draw.
    DrawCommitment,
    /// Which commitments of a draw count.
    DrawSelection,
    /// A contributor's opened value.
    DrawOpening,
    /// A holder's share of a value that its contributor withholds.
    DrawRelease,
    /// A member's share for another member of a pool.
    PoolShare,
    /// A member's sum in a pool.
    PoolSum,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 17] = [
        Self::Member,
        Self::Charter,
        Self::KeySet,
        Self::Envelope,
        Self::Offer,
        Self::Acceptance,
        Self::Review,
        Self::Response,
        Self::Vote,
        Self::LastSeen,
        Self::DrawCall,
        Self::DrawCommitment,
        Self::DrawSelection,
        Self::DrawOpening,
        Self::DrawRelease,
        Self::PoolShare,
        Self::PoolSum,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Charter => "charter",
            Self::KeySet => "keyset",
            Self::Envelope => "envelope",
            Self::Offer => "offer",
            Self::Acceptance => "acceptance",
            Self::Review => "review",
            Self::Response => "response",
            Self::Vote => "vote",
            Self::LastSeen => "last-seen",
            Self::DrawCall => "draw-call",
            Self::DrawCommitment => "draw-commitment",
            Self::DrawSelection => "draw-selection",
            Self::DrawOpening => "draw-opening",
            Self::DrawRelease => "draw-release",
            Self::PoolShare => "pool-share",
            Self::PoolSum => "pool-sum",
        }
    }

    /// `parangon/v1/<purpose>\n<fingerprint>\n` + text (protocol, "Identity and keys").
    fn preimage(self, federation: &Fingerprint, text: &[u8]) -> Vec<u8> {
        let mut bytes = format!("parangon/v1/{}\n{federation}\n", self.as_str()).into_bytes();
        bytes.extend_from_slice(text);
        bytes
    }
}

/// An Ed25519 public key: canonical, not weak. Written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] or [`KeyError::Weak`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Malformed)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        // Decompression accepts y >= p; the encoding must be the one and only.
        if key.to_edwards().compress().as_bytes() == bytes { Ok(Self(key)) } else { Err(KeyError::Malformed) }
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// SHA-256 of the key: how a successor is committed to in advance.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[self.as_bytes()])
    }

    /// Checks a raw signature over exactly `message`, strictly: no small order, no malleability. Used where a
    /// foreign format fixes the preimage (notes, credentials); our own messages use [`PublicKey::verify`].
    ///
    /// # Errors
    /// [`KeyError::Forged`].
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.0.verify_strict(message, &DalekSignature::from_bytes(&signature.0)).map_err(|_| KeyError::Forged)
    }

    /// Checks that `text` was signed for this purpose in this federation.
    ///
    /// # Errors
    /// [`KeyError::Forged`].
    pub fn verify(&self, purpose: Purpose, federation: &Fingerprint, text: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.verify_raw(&purpose.preimage(federation, text), signature)
    }

    /// The key as a `did:key` identifier: `did:key:z` + base58btc(0xed01 || key).
    #[must_use]
    pub fn did(&self) -> String {
        format!("did:key:{}", self.multikey())
    }

    /// The key in multibase, `z6Mk…`.
    #[must_use]
    pub fn multikey(&self) -> String {
        let mut bytes = vec![0xed, 0x01];
        bytes.extend_from_slice(self.as_bytes());
        format!("z{}", base58::encode(&bytes))
    }

    /// Reads a `did:key` back.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for any other method, base, header or length (case C17).
    pub fn from_did(did: &str) -> Result<Self, KeyError> {
        let text = did.strip_prefix("did:key:z").ok_or(KeyError::Malformed)?;
        let mut bytes = [0u8; 34];
        let length = bs58::decode(text).onto(&mut bytes).map_err(|_| KeyError::Malformed)?;
        match (length, bytes) {
            (34, [0xed, 0x01, key @ ..]) => Self::from_bytes(&key),
            _ => Err(KeyError::Malformed),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let hash: Hash = text.parse().map_err(|_| KeyError::Malformed)?;
        Self::from_bytes(&hash.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

/// 64 bytes that claim to be a signature. Written as 128 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// `z` + base58btc: a Data Integrity `proofValue`.
    #[must_use]
    pub fn to_multibase(&self) -> String {
        format!("z{}", base58::encode(&self.0))
    }

    /// Reads a `proofValue` back.
    ///
    /// # Errors
    /// [`KeyError::MalformedSignature`] for another base or length.
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_prefix('z').ok_or(KeyError::MalformedSignature)?;
        base58::decode(text).map(Self).ok_or(KeyError::MalformedSignature)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl TryFrom<String> for Signature {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| KeyError::MalformedSignature)?;
        let value = Self(bytes);
        if value.to_string() == text { Ok(value) } else { Err(KeyError::MalformedSignature) }
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> String {
        signature.to_string()
    }
}

/// A secret key. Wiped when dropped; never printed, never serialised here.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From 32 random bytes that the caller drew: this crate has no randomness.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs exactly `message`, deterministically. For notes and credentials; see [`PublicKey::verify_raw`].
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> Signature {
        use ed25519_dalek::Signer;
        Signature(self.0.sign(message).to_bytes())
    }

    /// Signs `text` for one purpose in one federation.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, federation: &Fingerprint, text: &[u8]) -> Signature {
        self.sign_raw(&purpose.preimage(federation, text))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    #[test]
    fn a_signature_is_good_for_one_purpose_and_federation() {
        let key = key(1);
        let federations = [Fingerprint(Hash::of(&[b"a"])), Fingerprint(Hash::of(&[b"b"]))];
        for made in Purpose::ALL {
            let signature = key.sign(made, &federations[0], b"{}");
            for read in Purpose::ALL {
                for federation in &federations {
                    let ok = key.public().verify(read, federation, b"{}", &signature).is_ok();
                    assert_eq!(ok, made == read && federation == &federations[0], "{made:?} as {read:?}");
                }
            }
        }
    }

    #[test]
    fn adding_the_group_order_is_refused() {
        const L: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0x10,
        ];
        let key = key(2);
        for n in 0..200u8 {
            let mut signature = key.sign_raw(&[n]);
            let mut carry = 0u16;
            for (byte, add) in signature.0[32..].iter_mut().zip(L) {
                carry += u16::from(*byte) + u16::from(add);
                *byte = carry.to_le_bytes()[0];
                carry >>= 8;
            }
            assert_eq!(key.public().verify_raw(&[n], &signature), Err(KeyError::Forged));
        }
    }

    #[test]
    fn weak_and_malformed_keys_are_refused() {
        let mut identity = [0u8; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::Weak));
        assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::Weak));
        let mut above = [0xff; 32];
        above[0] = 0xf0; // y = p + 3: not canonical
        above[31] = 0x7f;
        assert!(PublicKey::from_bytes(&above).is_err());
    }

    #[test]
    fn a_did_names_one_kind_of_key() {
        let key = key(3).public();
        assert_eq!(PublicKey::from_did(&key.did()), Ok(key));
        let other = |header: [u8; 2], body: &[u8]| format!("did:key:z{}", bs58::encode([&header, body].concat()).into_string());
        assert!(PublicKey::from_did(&other([0xec, 0x01], key.as_bytes())).is_err());
        assert!(PublicKey::from_did(&other([0xed, 0x01], &key.as_bytes()[..31])).is_err());
        assert!(PublicKey::from_did(&other([0xed, 0x01], &[1; 33])).is_err());
        assert!(PublicKey::from_did(&key.did().replace("key:z", "key:m")).is_err());
    }
}
