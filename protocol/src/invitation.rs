//! How an agency that is no member yet is let in to look, to ask, and to be recognised (protocol, "Invitation").
//!
//! An invitation is one string. It holds the seed of a transport key that was drawn for it alone: who has the string can
//! connect to the node that made it, with that key, and can do nothing there but have this conversation. Once it was used to
//! ask, it belongs to the membership card that asked. Four check words, read aloud on both sides, tell whether somebody
//! stands in between: the guest commits to its nonce before it learns the host's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::canonical::{self, CanonicalError};
use crate::charter::{CardBody, Charter};
use crate::id::{AgencyId, Fingerprint, Hash, Name};
use crate::keys::{PublicKey, SecretKey};
use crate::limits;
use crate::time::Timestamp;

/// What every invitation begins with, so that scanners find leaked ones.
pub const PREFIX: &str = "pgn1-";

/// Days in which an invitation has to be used.
pub const DAYS: u64 = 14;

/// Days for which an agency that has asked is answered: members may be on holiday.
pub const WAITING_DAYS: u64 = 90;

/// Characters of an invitation: eight addresses of 300 bytes, twice.
const CHARS: usize = 8 * 1024;

/// Bytes of its check sum.
const CHECK: usize = 4;

/// One agency's invitation to another one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Who invites.
    pub agency: AgencyId,
    /// Whom: the name or the short name on its membership card, in whatever case.
    pub to: Name,
    /// The federation.
    pub federation: Fingerprint,
    /// When it has to be used.
    pub expires: Timestamp,
    /// Transport key of the node that answers.
    pub transport: PublicKey,
    /// Where that node is: multiaddresses without PeerId, at least one.
    pub addresses: Vec<String>,
    /// Seed of the transport key to come with.
    pub secret: Secret,
}

/// The seed of an invitation's key. Wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(Zeroizing<[u8; 32]>);

/// Why a text is no invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// It begins otherwise.
    #[error("an invite begins with {PREFIX}, and this does not")]
    Prefix,
    /// A character is missing, too much or another one.
    #[error("the invite is damaged: a part of it is missing, or a character was changed on the way")]
    Damaged,
    /// What it says is no invitation.
    #[error("the invite does not say what it has to: {0}")]
    Content(#[from] CanonicalError),
    /// Nowhere to go.
    #[error("the invite names no address")]
    NoAddress,
}

impl Secret {
    /// From a seed that was drawn for this.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = crate::id::NameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        text.parse::<Hash>().map(|hash| Self::new(hash.0))
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        hex::encode(&secret.0[..])
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("agency", &self.agency).field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Invitation {
    /// The one string: the canonical text and four bytes of its hash, in base64url without padding.
    ///
    /// # Errors
    /// [`InvitationError::Content`], [`InvitationError::NoAddress`].
    pub fn to_text(&self) -> Result<Zeroizing<String>, InvitationError> {
        let mut bytes = Zeroizing::new(canonical::encode(self, limits::RECORD_BYTES)?);
        self.check()?;
        let sum = sum(&bytes);
        bytes.extend_from_slice(&sum);
        Ok(Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes[..]))))
    }

    /// Reads the string, also where a mail program has broken it into lines.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub fn read(text: &str) -> Result<Self, InvitationError> {
        let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).take(CHARS + 1).collect());
        let coded = text.strip_prefix(PREFIX).ok_or(InvitationError::Prefix)?;
        if text.len() > CHARS {
            return Err(InvitationError::Damaged);
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(coded).map_err(|_| InvitationError::Damaged)?);
        let (json, check) = bytes.split_last_chunk::<CHECK>().ok_or(InvitationError::Damaged)?;
        if sum(json) != *check {
            return Err(InvitationError::Damaged);
        }
        let invitation: Self = canonical::decode(json, limits::RECORD_BYTES)?;
        invitation.check()?;
        Ok(invitation)
    }

    /// The key that whoever has the string connects with.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        SecretKey::from_seed(self.secret.seed()).public()
    }

    fn check(&self) -> Result<(), InvitationError> {
        if self.addresses.is_empty() { Err(InvitationError::NoAddress) } else { Ok(()) }
    }
}

fn sum(bytes: &[u8]) -> [u8; CHECK] {
    let [a, b, c, d, ..] = Hash::of(&[PREFIX.as_bytes(), bytes]).0;
    [a, b, c, d]
}

/// Whether an invitation to `to` is for the agency of this card.
#[must_use]
pub fn is_for(to: &Name, card: &CardBody) -> bool {
    let to = to.as_str().trim().to_lowercase();
    to == card.name.as_str().trim().to_lowercase() || to == card.id.as_str()
}

/// What the guest commits to before it learns the host's nonce.
#[must_use]
pub fn commitment(nonce: &Hash, card: &[u8]) -> Hash {
    Hash::commitment("parangon/v1/invitation", &nonce.0, card)
}

/// What both sides compare: 44 bits of everything that they have to agree on.
#[derive(Debug, Clone, Copy)]
pub struct Meeting<'a> {
    /// The federation that is joined.
    pub federation: &'a Fingerprint,
    /// Transport key of the node that answers.
    pub host: &'a PublicKey,
    /// Canonical text of the card that asks.
    pub card: &'a [u8],
    /// The guest's nonce, committed to first and revealed last.
    pub theirs: &'a Hash,
    /// The host's.
    pub ours: &'a Hash,
}

impl Meeting<'_> {
    /// Four words. Who stands in between has one try in 2^44: it has to fix its own nonce before it knows the words.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { federation, host, card, theirs, ours } = self;
        let card = Hash::of(&[card]);
        let all: [&[u8]; 6] = [b"parangon/v1/check-words\n", &federation.0.0, host.as_bytes(), &card.0, &theirs.0, &ours.0];
        Hash::of(&all).words::<4>().join("-")
    }
}

/// What a guest asks. Each may be asked again, and is answered as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which federation this is.
    Look,
    /// To be admitted, with a nonce that is told later.
    Ask {
        /// Canonical text of the membership card.
        card: Vec<u8>,
        /// [`commitment`] to the nonce.
        commitment: Hash,
    },
    /// Tells the nonce.
    Reveal {
        /// The nonce.
        nonce: Hash,
    },
    /// What has become of it.
    Standing,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The federation as the host knows it.
    Federation {
        /// Canonical text of a `charter::ChainText`.
        chain: Vec<u8>,
        /// The host's clock.
        now: Timestamp,
        /// Records in all logs that it holds.
        records: u64,
    },
    /// The host's nonce. The invitation belongs to this card now.
    Nonce(Hash),
    /// What has become of it.
    Standing(Standing),
    /// Why not.
    Refused(Refusal),
}

/// What became of a request to be admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Standing {
    /// The host has not proposed it yet: the words have to be compared first.
    Asked,
    /// The members vote.
    Proposed {
        /// Voices for it.
        have: u32,
        /// Voices that it takes.
        needed: u32,
    },
    /// They said no. It may be proposed again.
    Rejected,
    /// It is a member.
    Admitted,
}

/// Why a host does not do what its guest asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The card is none.
    #[error("the membership card cannot be read or is not signed by its own key")]
    Card,
    /// It is for another agency.
    #[error("the invite is for another agency: it names neither the name nor the short name of this one")]
    OtherName,
    /// Another card, or another nonce, has asked with it.
    #[error("the invite has been used already, with another card or from another directory")]
    Used,
    /// A member has this short name.
    #[error("a member has this short name already")]
    Member,
    /// The nonce is not the one that was committed to.
    #[error("the nonce is not the one that was committed to")]
    Nonce,
    /// Nothing was asked yet.
    #[error("nothing was asked with this invite yet")]
    NotAsked,
    /// It was cancelled, or its time is over.
    #[error("the invite was cancelled, or its time is over")]
    Ended,
}

/// Whether the agency of this card may ask to be admitted with an invitation to `to`.
///
/// # Errors
/// [`Refusal::OtherName`], [`Refusal::Member`].
pub fn may_ask(to: &Name, card: &CardBody, charter: &Charter) -> Result<(), Refusal> {
    if !is_for(to, card) {
        return Err(Refusal::OtherName);
    }
    if charter.member(&card.id).is_some() { Err(Refusal::Member) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation() -> Invitation {
        Invitation {
            agency: "oslo".parse().expect("slug"),
            to: "Cluster Bergen".parse().expect("name"),
            federation: Fingerprint(Hash([7; 32])),
            expires: "2026-12-13T00:00:00Z".parse().expect("time"),
            transport: SecretKey::from_seed(&[1; 32]).public(),
            addresses: vec!["/dns/node.oslo.example/tcp/7443".to_owned()],
            secret: Secret::new([2; 32]),
        }
    }

    #[test]
    fn it_survives_a_mail_program() {
        let text = invitation().to_text().expect("text");
        let broken: String = text.chars().enumerate().flat_map(|(n, c)| [Some(c), (n % 70 == 69).then_some('\n')]).flatten().collect();
        assert_eq!(Invitation::read(&format!("  {broken}\r\n")), Ok(invitation()));
        assert_eq!(invitation().key(), SecretKey::from_seed(&[2; 32]).public());
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let text = invitation().to_text().expect("text");
        for at in PREFIX.len()..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            let mut changed = text.to_string();
            changed.replace_range(at..=at, other);
            assert_eq!(Invitation::read(&changed), Err(InvitationError::Damaged), "{at}");
        }
        for cut in [PREFIX.len(), PREFIX.len() + 3, text.len() - 1] {
            assert_eq!(Invitation::read(&text[..cut]), Err(InvitationError::Damaged), "{cut}");
        }
        assert_eq!(Invitation::read("pgn_123"), Err(InvitationError::Prefix));
        assert_eq!(Invitation::read(&format!("{PREFIX}{}", "A".repeat(CHARS))), Err(InvitationError::Damaged));
    }

    #[test]
    fn other_content_is_refused() {
        let coded = |json: &str| {
            let mut bytes = json.as_bytes().to_vec();
            bytes.extend(sum(json.as_bytes()));
            Invitation::read(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
        };
        let json = String::from_utf8(canonical::encode(&invitation(), limits::RECORD_BYTES).expect("text")).expect("utf-8");
        assert_eq!(coded(&json), Ok(invitation()));
        assert_eq!(coded(&json.replace("[\"/dns/node.oslo.example/tcp/7443\"]", "[]")), Err(InvitationError::NoAddress));
        for bad in [json.replacen('{', "{\"a\":1,", 1), json.replace(':', ": "), json.replace(&"02".repeat(32), "02"), "{}".into()] {
            assert!(matches!(coded(&bad), Err(InvitationError::Content(_))), "{bad}");
        }
        let nowhere = Invitation { addresses: vec![], ..invitation() };
        assert_eq!(nowhere.to_text().map(drop), Err(InvitationError::NoAddress));
    }

    #[test]
    fn its_secret_is_never_shown() {
        let shown = format!("{:?} {:?}", invitation(), invitation().secret);
        assert!(!shown.contains(&"02".repeat(4)), "{shown}");
    }

    #[test]
    fn the_words_hang_on_everything() {
        let (federation, host) = (Fingerprint(Hash([1; 32])), SecretKey::from_seed(&[1; 32]).public());
        let (theirs, ours) = (Hash([3; 32]), Hash([4; 32]));
        let all = Meeting { federation: &federation, host: &host, card: b"card", theirs: &theirs, ours: &ours };
        let words = all.words();
        assert_eq!(words.split('-').count(), 4);
        let (other, stranger, nonce) = (Fingerprint(Hash([2; 32])), SecretKey::from_seed(&[2; 32]).public(), Hash([5; 32]));
        for changed in [
            Meeting { federation: &other, ..all },
            Meeting { host: &stranger, ..all },
            Meeting { card: b"another card", ..all },
            Meeting { theirs: &nonce, ..all },
            Meeting { ours: &nonce, ..all },
            Meeting { theirs: &ours, ours: &theirs, ..all },
        ] {
            assert_ne!(changed.words(), words, "{changed:?}");
        }
        assert_ne!(commitment(&theirs, b"card"), commitment(&theirs, b"other"));
        assert_ne!(commitment(&theirs, b"card"), commitment(&ours, b"card"));
    }
}
