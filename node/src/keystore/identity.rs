//! The identity file: the agency's identity key and the successor it committed to. Only the command line opens it,
//! on a machine of the operator's choice; no code of the node does (protocol, "Identity and keys").

use std::fmt;

use parangon_protocol::id::Hash;
use parangon_protocol::keys::{PublicKey, SecretKey};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Replaceable;
use super::random::{RandomError, draw};
use super::sealed::{self, SealedError};
use super::unlock::Unlock;

const KIND: &str = "identity";

/// Sets the backup key apart from every other use of the seed.
pub const BACKUP_KEY_INFO: &[u8] = b"parangon/v1/backup-key";

/// Sets the operational keys apart; role and number of the key set follow.
const OPERATIONAL_KEY_INFO: &str = "parangon/v1/operational-key/";

fn backup_key(seed: &[u8; 32]) -> age::x25519::Identity {
    let mut secret = Zeroizing::new([0; 32]);
    let derive = hkdf::Hkdf::<sha2::Sha256>::new(None, seed);
    derive.expand(BACKUP_KEY_INFO, &mut secret[..]).expect("32 bytes are one block of SHA-256");
    super::age_key(&secret)
}

/// The identity key and its successor. Wiped when dropped, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct IdentityFile {
    identity: [u8; 32],
    successor: [u8; 32],
}

impl fmt::Debug for IdentityFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityFile(of {})", self.public())
    }
}

impl IdentityFile {
    /// Draws both keys.
    ///
    /// # Errors
    /// [`RandomError`]; nothing is made from a doubtful source (case C18).
    pub fn generate(mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Self, RandomError> {
        Self::from_seeds(draw(&mut random)?, draw(&mut random)?)
    }

    /// From the two seeds on a recovery sheet.
    ///
    /// # Errors
    /// [`RandomError::Repeats`] when they are equal.
    pub fn from_seeds(identity: [u8; 32], successor: [u8; 32]) -> Result<Self, RandomError> {
        let made = Self { identity, successor };
        if made.identity == made.successor { Err(RandomError::Repeats) } else { Ok(made) }
    }

    /// The seeds of identity and successor, to be printed on the recovery sheet and nowhere else.
    #[must_use]
    pub fn seeds(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.identity, &self.successor)
    }

    /// Signs key sets and charter votes.
    #[must_use]
    pub fn identity_key(&self) -> SecretKey {
        SecretKey::from_seed(&self.identity)
    }

    /// Replaces the identity key when that is lost or stolen.
    #[must_use]
    pub fn successor_key(&self) -> SecretKey {
        SecretKey::from_seed(&self.successor)
    }

    /// The public identity key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.identity_key().public()
    }

    /// What the charter says of the successor in advance.
    #[must_use]
    pub fn successor_hash(&self) -> Hash {
        self.successor_key().public().hash()
    }

    /// Opens backups that were sealed while this was the identity key: X25519 from HKDF-SHA256 (RFC 5869) over the identity
    /// seed, without salt, with the info [`BACKUP_KEY_INFO`]. So the words of the recovery sheet are enough, and no key
    /// serves two roles: neither seed nor signing key can be told from it.
    #[must_use]
    pub fn backup_key(&self) -> age::x25519::Identity {
        backup_key(&self.identity)
    }

    /// The same of the successor: an old sheet opens what was sealed after its successor took over.
    #[must_use]
    pub fn successor_backup_key(&self) -> age::x25519::Identity {
        backup_key(&self.successor)
    }

    /// What backups are sealed to, `age1…`: the one half of the backup key that a node has.
    #[must_use]
    pub fn backup_recipient(&self) -> String {
        self.backup_key().to_public().to_string()
    }

    /// The secret of an operational key that this identity key's agency begins to use with its key set of this number:
    /// HKDF-SHA256 over the identity seed, with the info `parangon/v1/operational-key/<role>/<number>`. So the words of the
    /// recovery sheet are enough to come back as the same node; no key can be told from another (decision 013).
    ///
    /// # Panics
    /// Never: 32 bytes are one block.
    #[must_use]
    pub fn operational(&self, role: Replaceable, number: u32) -> Zeroizing<[u8; 32]> {
        let mut secret = Zeroizing::new([0; 32]);
        let derive = hkdf::Hkdf::<sha2::Sha256>::new(None, &self.identity);
        let info = format!("{OPERATIONAL_KEY_INFO}{}/{number}", role.name());
        derive.expand(info.as_bytes(), &mut secret[..]).expect("32 bytes are one block of SHA-256");
        secret
    }

    /// The file after the successor took over: it becomes the identity, and a new successor is drawn.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn succeed(&self, mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Self, RandomError> {
        Self::from_seeds(self.successor, draw(&mut random)?)
    }

    /// The bytes of the sealed file.
    ///
    /// # Errors
    /// [`SealedError`]: no randomness, or a cost that Argon2id refuses.
    pub fn seal(&self, unlock: &Unlock, mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Vec<u8>, SealedError> {
        sealed::seal(KIND, &Zeroizing::new([self.identity, self.successor].concat()), unlock, &mut random)
    }

    /// Opens a sealed file.
    ///
    /// # Errors
    /// [`SealedError`]; a wrong passphrase is [`SealedError::Refused`].
    pub fn open(bytes: &[u8], unlock: &Unlock) -> Result<Self, SealedError> {
        let payload = sealed::open(KIND, bytes, unlock)?;
        let [identity, successor] = *sealed::keys(&payload).ok_or(SealedError::Malformed)?;
        Ok(Self { identity, successor })
    }
}
