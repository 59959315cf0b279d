//! The keys a node works with, sealed at rest by a passphrase or a key file (case O12).
//!
//! The identity key is not among them: it has a file of its own ([`identity`]) which only the command line opens. All
//! secrets are wiped when dropped; `Debug` shows public halves only.

pub(crate) mod aead;
pub mod file;
mod files;
pub mod identity;
pub mod random;
mod ring;
mod sealed;
pub mod sheet;
mod unlock;

#[cfg(test)]
mod tests;

use std::fmt;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::keys::{KeySet, SecretKey};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use files::{KeyFiles, KeyFilesError, MADE_AGAIN, NEXT_SET, NODE_KEYS, NODE_KEYS_NEXT};
pub use random::RandomError;
pub use ring::Keyring;
pub use sealed::SealedError;
pub use unlock::{Cost, PASSPHRASE_CHARS, Unlock, UnlockError};

use identity::IdentityFile;
use random::draw;

const KIND: &str = "keystore";

/// Sealing keys that were replaced and still open what arrives: those of the last four rotations. A sender seals to the key
/// that it knows, and what it could not deliver waits in its outbox for as long as it takes; nothing tells the recipient.
/// Rotated once a quarter, a message finds its key for a year.
pub const FORMER_SEALING: usize = 4;

/// Opens the private rows of the store. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// From its 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The age key whose secret these 32 bytes are: any 32 bytes are an X25519 secret.
fn age_key(secret: &[u8; 32]) -> age::x25519::Identity {
    let hrp = bech32::Hrp::parse("age-secret-key-").expect("a valid prefix");
    let text = bech32::encode_upper::<bech32::Bech32>(hrp, secret).expect("32 bytes are within the length of Bech32");
    Zeroizing::new(text).parse().expect("age reads its own form of 32 bytes")
}

/// An operational key that can be replaced on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaceable {
    /// Checkpoints: a new log key means a new epoch.
    Log,
    /// Cosignatures.
    Witness,
    /// Credentials, endorsements, messages.
    Issue,
    /// Messages are encrypted to it. The old one is kept for what is on its way: see [`FORMER_SEALING`].
    Sealing,
    /// The libp2p connection: the PeerId changes.
    Transport,
}

impl Replaceable {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Log, Self::Witness, Self::Issue, Self::Sealing, Self::Transport];

    fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Witness => "witness",
            Self::Issue => "issue",
            Self::Sealing => "sealing",
            Self::Transport => "transport",
        }
    }
}

/// The operational secrets of one node.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Keystore {
    log: [u8; 32],
    witness: [u8; 32],
    issue: [u8; 32],
    transport: [u8; 32],
    sealing: [u8; 32],
    master: [u8; 32],
    cell: [u8; 32],
    /// Sealing keys that were replaced, the newest first.
    former: Vec<[u8; 32]>,
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keystore(log key {})", self.log_key().public())
    }
}

impl Keystore {
    /// The keys of an agency's first key set, which follow from its identity key; those that only open its own store are drawn.
    ///
    /// # Errors
    /// [`RandomError`], as [`Keystore::generate`].
    pub fn first(identity: &IdentityFile, mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Self, RandomError> {
        let mut keys = Self::generate(&mut random)?.renewed(&Replaceable::ALL, identity, 1)?;
        keys.former.clear(); // nothing was ever sealed to the one drawn
        Ok(keys)
    }

    /// Draws every key from `random`, normally [`random::system`].
    ///
    /// # Errors
    /// [`RandomError`]: the source failed, returned zeros or repeats itself (case C18).
    pub fn generate(mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Self, RandomError> {
        let random = &mut random;
        Self {
            log: draw(random)?,
            witness: draw(random)?,
            issue: draw(random)?,
            transport: draw(random)?,
            sealing: draw(random)?,
            master: draw(random)?,
            cell: draw(random)?,
            former: Vec::new(),
        }
        .all_different()
    }

    /// The same keystore with the keys of these roles that the agency begins to use with its key set of this number.
    ///
    /// # Errors
    /// [`RandomError::Repeats`] when one of them is in use already.
    pub fn renewed(&self, roles: &[Replaceable], identity: &IdentityFile, number: u32) -> Result<Self, RandomError> {
        let mut roles_left = roles.iter();
        self.rotated(roles, move |bytes| {
            if let Some(role) = roles_left.next() {
                bytes.copy_from_slice(&identity.operational(*role, number)[..]);
            }
            Ok(())
        })
    }

    /// The same keystore with one key drawn anew. The master and cell keys are never replaced: the store and
    /// earlier releases depend on them.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn replaced(&self, key: Replaceable, mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Self, RandomError> {
        let Self { log, witness, issue, transport, sealing, master, cell, ref former } = *self;
        let replaced = (key == Replaceable::Sealing).then_some(sealing);
        // Never grows, so that no copy is left behind.
        let mut kept = Vec::with_capacity(FORMER_SEALING);
        kept.extend(replaced.iter().chain(former).take(FORMER_SEALING));
        let mut next = Self { log, witness, issue, transport, sealing, master, cell, former: kept };
        let place = match key {
            Replaceable::Log => &mut next.log,
            Replaceable::Witness => &mut next.witness,
            Replaceable::Issue => &mut next.issue,
            Replaceable::Sealing => &mut next.sealing,
            Replaceable::Transport => &mut next.transport,
        };
        let old = std::mem::replace(place, draw(&mut random)?);
        if *place == old { Err(RandomError::Repeats) } else { next.all_different() }
    }

    /// The same keystore with several keys drawn anew.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn rotated(
        &self,
        roles: &[Replaceable],
        mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>,
    ) -> Result<Self, RandomError> {
        let Self { log, witness, issue, transport, sealing, master, cell, ref former } = *self;
        let same = Self { log, witness, issue, transport, sealing, master, cell, former: former.clone() };
        roles.iter().try_fold(same, |keys, role| keys.replaced(*role, &mut random))
    }

    fn all_different(self) -> Result<Self, RandomError> {
        let keys = [&self.log, &self.witness, &self.issue, &self.transport, &self.sealing, &self.master, &self.cell];
        let repeats = keys.iter().enumerate().any(|(at, key)| keys[..at].contains(key) || self.former.contains(key));
        if repeats { Err(RandomError::Repeats) } else { Ok(self) }
    }

    /// The bytes of the sealed file.
    ///
    /// # Errors
    /// [`SealedError`]: no randomness, or a cost that Argon2id refuses.
    pub fn seal(&self, unlock: &Unlock, mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<Vec<u8>, SealedError> {
        sealed::seal(KIND, &self.payload(), unlock, &mut random)
    }

    /// Opens a sealed file.
    ///
    /// # Errors
    /// [`SealedError`]; a wrong passphrase is [`SealedError::Refused`].
    pub fn open(bytes: &[u8], unlock: &Unlock) -> Result<Self, SealedError> {
        let payload = sealed::open(KIND, bytes, unlock)?;
        let (first, former) = payload.split_at_checked(7 * 32).ok_or(SealedError::Malformed)?;
        let [log, witness, issue, transport, sealing, master, cell] = *sealed::keys(first).ok_or(SealedError::Malformed)?;
        let (former, rest) = former.as_chunks::<32>();
        if former.len() > FORMER_SEALING || !rest.is_empty() {
            return Err(SealedError::Malformed);
        }
        Ok(Self { log, witness, issue, transport, sealing, master, cell, former: former.to_vec() })
    }

    /// The keys one after the other, the former sealing keys last: what is sealed. Allocated once, so that nothing is left
    /// behind by growing.
    fn payload(&self) -> Zeroizing<Vec<u8>> {
        let Self { log, witness, issue, transport, sealing, master, cell, former } = self;
        let keys = [log, witness, issue, transport, sealing, master, cell].into_iter().chain(former);
        let mut payload = Zeroizing::new(Vec::with_capacity((7 + FORMER_SEALING) * 32));
        keys.for_each(|key| payload.extend_from_slice(key));
        payload
    }

    /// Signs checkpoints of the agency's own log.
    #[must_use]
    pub fn log_key(&self) -> SecretKey {
        SecretKey::from_seed(&self.log)
    }

    /// Cosigns others' heads.
    #[must_use]
    pub fn witness_key(&self) -> SecretKey {
        SecretKey::from_seed(&self.witness)
    }

    /// Cosigns heads of logs outside the federation: a key of its own, so that such a cosignature is never one of a member.
    /// It follows from the master key, which is never replaced, by a one-way function; sealed files stay as they are.
    #[must_use]
    pub fn outside_witness_key(&self) -> SecretKey {
        let seed = Zeroizing::new(Hash::of(&[b"parangon/v1/outside-witness\n", &self.master]).0);
        SecretKey::from_seed(&seed)
    }

    /// Signs credentials, endorsements and messages.
    #[must_use]
    pub fn issue_key(&self) -> SecretKey {
        SecretKey::from_seed(&self.issue)
    }

    /// The Ed25519 seed of the libp2p connection.
    #[must_use]
    pub fn transport_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.transport)
    }

    /// Opens what others sealed to this agency.
    ///
    /// # Panics
    /// Never: any 32 bytes are an X25519 secret.
    #[must_use]
    pub fn sealing_key(&self) -> age::x25519::Identity {
        age_key(&self.sealing)
    }

    /// Opens what others had sealed before they knew the present key, the newest first.
    ///
    /// # Panics
    /// Never, as [`Keystore::sealing_key`].
    pub fn former_sealing_keys(&self) -> impl Iterator<Item = age::x25519::Identity> {
        self.former.iter().map(age_key)
    }

    /// The age recipient (`age1…`) that others seal to.
    #[must_use]
    pub fn sealing_recipient(&self) -> String {
        self.sealing_key().to_public().to_string()
    }

    /// Opens the store's private rows.
    #[must_use]
    pub fn master_key(&self) -> MasterKey {
        MasterKey::from_bytes(self.master)
    }

    /// The secret behind the statistics' record keys (protocol, "Statistics").
    #[must_use]
    pub fn cell_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.cell)
    }

    /// The public halves, as a key set record states them. The identity key signs it elsewhere.
    #[must_use]
    pub fn key_set(&self, agency: AgencyId, number: u32) -> KeySet {
        KeySet {
            agency,
            number,
            log: self.log_key().public(),
            witness: self.witness_key().public(),
            issue: self.issue_key().public(),
            sealing: self.sealing_recipient(),
            transport: SecretKey::from_seed(&self.transport).public(),
        }
    }
}
