//! The membership card: what an agency hands to those who found a federation, before there is one.

use serde::{Deserialize, Serialize};
use unicode_security::MixedScript;

use super::{Level, Member, Right, Scheme};
use crate::canonical::{self, CanonicalError};
use crate::id::{AgencyId, Country, Fingerprint, Hash, Name};
use crate::keys::{KeyError, PublicKey, Purpose, SecretKey, Signature};
use crate::limits;

/// Addresses on one card: a TCP and a QUIC address over IPv4, IPv6 and a name, and room for a move.
const CONTACTS: usize = 8;

/// Bytes of one address: a DNS name has at most 253, the protocols and the PeerId about 90.
const CONTACT_BYTES: usize = 384;

/// What an agency says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    /// The slug it wishes for.
    pub id: AgencyId,
    /// Its name as printed on labels.
    pub name: Name,
    /// Where it is.
    pub country: Country,
    /// The body above it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Name>,
    /// Its identity key.
    pub identity: PublicKey,
    /// Hash of the identity key that follows.
    pub successor: Hash,
    /// Multiaddresses that end in `/p2p/<PeerId>`.
    pub contacts: Vec<String>,
    /// What it wishes to issue; empty for every level of every scheme.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<Right>,
}

/// A card whose signature was checked: its maker holds the identity key. Whose key that is, people find out.
/// Only [`CardBody::sign`] and [`MemberCard::read`] make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberCard {
    body: CardBody,
    signature: Signature,
}

/// Why a card was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not JSON of this shape.
    #[error("not a membership card: {0}")]
    Canonical(#[from] CanonicalError),
    /// Signed by another key than the one on the card, or altered.
    #[error("the card of {agency}: {cause}")]
    Signature {
        /// Whose card it says it is.
        agency: AgencyId,
        /// What is wrong.
        cause: KeyError,
    },
    /// The key that was to sign is not the one on the card.
    #[error("the card of {0} names another identity key than the one that signs")]
    OtherKey(AgencyId),
    /// Letters of several scripts in one word of its name: it may look like another agency's.
    #[error("the card of {agency}: {word:?} in its name mixes scripts, which makes one name look like another")]
    MixedScripts {
        /// Whose card it is.
        agency: AgencyId,
        /// The word.
        word: String,
    },
    /// Too many addresses, one that is too long, or one without a PeerId.
    #[error("the card of {agency} has an address that is none: {contact:?} (at most {CONTACTS}, each /…/p2p/<PeerId>)")]
    Contact {
        /// Whose card it is.
        agency: AgencyId,
        /// The address, shortened.
        contact: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    body: CardBody,
    signature: Signature,
}

impl CardBody {
    /// Signs the card. There is no federation yet, so the signature binds [`Fingerprint::NONE`].
    ///
    /// # Errors
    /// Everything in [`CardError`].
    pub fn sign(self, identity: &SecretKey) -> Result<MemberCard, CardError> {
        if identity.public() != self.identity {
            return Err(CardError::OtherKey(self.id));
        }
        self.check()?;
        let signature = identity.sign(Purpose::Member, &Fingerprint::NONE, &canonical::encode(&self, limits::RECORD_BYTES)?);
        Ok(MemberCard { body: self, signature })
    }

    fn check(&self) -> Result<(), CardError> {
        let is_contact = |text: &String| {
            let peer = text.rsplit_once("/p2p/").map_or("", |(_, peer)| peer);
            text.len() <= CONTACT_BYTES && text.starts_with('/') && !peer.is_empty() && peer.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        // By the Unicode Consortium's TR 39. A Greek agency may well have a Latin word in its name.
        let words = self.name.as_str().split(|letter: char| !letter.is_alphanumeric());
        if let Some(word) = words.into_iter().find(|word| !word.is_single_script()) {
            return Err(CardError::MixedScripts { agency: self.id.clone(), word: word.to_owned() });
        }
        let wrong = self.contacts.get(CONTACTS).or_else(|| self.contacts.iter().find(|text| !is_contact(text)));
        match wrong {
            Some(text) => Err(CardError::Contact { agency: self.id.clone(), contact: text.chars().take(60).collect() }),
            None => Ok(()),
        }
    }
}

impl MemberCard {
    /// Reads a card in any spacing and checks its signature.
    ///
    /// # Errors
    /// Everything in [`CardError`] but `OtherKey`.
    pub fn read(text: &[u8]) -> Result<Self, CardError> {
        let Wire { body, signature } = canonical::decode_relaxed(text, limits::RECORD_BYTES)?;
        body.check()?;
        let signed = canonical::encode(&body, limits::RECORD_BYTES)?;
        let checked = body.identity.verify(Purpose::Member, &Fingerprint::NONE, &signed, &signature);
        checked.map_err(|cause| CardError::Signature { agency: body.id.clone(), cause })?;
        Ok(Self { body, signature })
    }

    /// Its canonical text.
    ///
    /// # Errors
    /// [`CardError::Canonical`] when a field cannot be written.
    pub fn to_text(&self) -> Result<Vec<u8>, CardError> {
        Ok(canonical::encode(self, limits::RECORD_BYTES)?)
    }

    /// What the agency says of itself.
    #[must_use]
    pub fn body(&self) -> &CardBody {
        &self.body
    }

    /// The charter's entry for this agency: the rights it wishes for, or every level of `schemes`.
    #[must_use]
    pub fn into_member(self, schemes: &[Scheme]) -> Member {
        let CardBody { id, name, country, parent, identity, successor, contacts, rights } = self.body;
        let all = |scheme: &Scheme| Right {
            scheme: scheme.id.clone(),
            levels: scheme.rules.iter().map(|rule| rule.level).collect::<Vec<Level>>(),
        };
        let rights = if rights.is_empty() { schemes.iter().map(all).collect() } else { rights };
        Member { id, name, country, parent, rights, identity, successor, contacts }
    }
}

/// The libp2p PeerId of an Ed25519 transport key: the identity multihash of its protobuf form, in base58btc.
#[must_use]
pub fn peer_id(transport: &PublicKey) -> String {
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend_from_slice(transport.as_bytes());
    bs58::encode(bytes).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charter::ecei_scheme;

    fn body(seed: u8) -> CardBody {
        CardBody {
            id: "oslo".parse().expect("slug"),
            name: "Klynge Oslo".parse().expect("name"),
            country: "NO".parse().expect("country"),
            parent: None,
            identity: SecretKey::from_seed(&[seed; 32]).public(),
            successor: SecretKey::from_seed(&[seed + 1; 32]).public().hash(),
            contacts: vec![format!("/ip4/192.0.2.1/tcp/7443/p2p/{}", peer_id(&SecretKey::from_seed(&[9; 32]).public()))],
            rights: vec![],
        }
    }

    /// Case G12.
    #[test]
    fn a_name_that_mixes_scripts_is_refused() {
        let named = |name: &str| CardBody { name: name.parse().expect("a name"), ..body(1) }.sign(&SecretKey::from_seed(&[1; 32]));
        for name in [
            "Réseau \u{c5}ngström-Œuvre 3",
            "Клъстер София",
            "Ελληνικό Δίκτυο",
            "Δίκτυο (ABC) Αθήνα",
            "Bio-Δίκτυο",
            "日本語の機関",
            "Klynge\u{2019}s Oslo",
        ] {
            assert!(named(name).is_ok(), "{name}");
        }
        // A Cyrillic A, a Greek o, a Cyrillic e in the middle of Latin words.
        for (name, word) in [("The \u{410}gency", "\u{410}gency"), ("Klynge \u{39f}slo", "\u{39f}slo"), ("Ag\u{435}ncy", "Ag\u{435}ncy")] {
            let refused = CardError::MixedScripts { agency: "oslo".parse().expect("slug"), word: word.to_owned() };
            assert_eq!(named(name), Err(refused.clone()), "{name}");
            // Nor is one that somebody signed by other means.
            let mut text =
                String::from_utf8(body(1).sign(&SecretKey::from_seed(&[1; 32])).expect("a card").to_text().expect("text")).expect("utf-8");
            text = text.replace("Klynge Oslo", name);
            assert_eq!(MemberCard::read(text.as_bytes()), Err(refused));
        }
    }

    #[test]
    fn a_card_is_read_in_any_spacing_and_no_other_content() {
        let card = body(1).sign(&SecretKey::from_seed(&[1; 32])).expect("signed");
        let text = String::from_utf8(card.to_text().expect("text")).expect("utf-8");
        assert_eq!(MemberCard::read(text.as_bytes()), Ok(card.clone()));
        assert_eq!(MemberCard::read(text.replace(',', " ,\n").as_bytes()), Ok(card));
        let altered = text.replace("\"NO\"", "\"SE\"");
        assert!(matches!(MemberCard::read(altered.as_bytes()), Err(CardError::Signature { cause: KeyError::Forged, .. })));
        let extra = text.replacen('{', "{\"x\":1,", 1);
        assert_eq!(MemberCard::read(extra.as_bytes()), Err(CardError::Canonical(CanonicalError::Shape)));
    }

    #[test]
    fn only_the_key_on_the_card_signs_it() {
        let refused = body(1).sign(&SecretKey::from_seed(&[2; 32]));
        assert_eq!(refused, Err(CardError::OtherKey("oslo".parse().expect("slug"))));
    }

    #[test]
    fn an_address_names_its_peer() {
        for bad in
            ["", "192.0.2.1:7443", "/ip4/192.0.2.1/tcp/7443", "/ip4/192.0.2.1/tcp/7443/p2p/", &format!("/dns/{}/p2p/x", "a".repeat(400))]
        {
            let body = CardBody { contacts: vec![bad.to_owned()], ..body(1) };
            assert!(matches!(body.sign(&SecretKey::from_seed(&[1; 32])), Err(CardError::Contact { .. })), "{bad}");
        }
        let many = CardBody { contacts: vec![body(1).contacts[0].clone(); CONTACTS + 1], ..body(1) };
        assert!(matches!(many.sign(&SecretKey::from_seed(&[1; 32])), Err(CardError::Contact { .. })));
    }

    #[test]
    fn without_a_wish_a_member_may_issue_everything() {
        let schemes = [ecei_scheme()];
        let member = body(1).sign(&SecretKey::from_seed(&[1; 32])).expect("signed").into_member(&schemes);
        assert!(member.may_issue(&schemes[0].id, Level::Gold) && member.may_issue(&schemes[0].id, Level::Bronze));
        let wish = vec![Right { scheme: schemes[0].id.clone(), levels: vec![Level::Bronze] }];
        let modest = CardBody { rights: wish, ..body(1) }.sign(&SecretKey::from_seed(&[1; 32])).expect("signed").into_member(&schemes);
        assert!(!modest.may_issue(&schemes[0].id, Level::Gold));
    }

    #[test]
    fn a_peer_id_is_that_of_libp2p() {
        // From libp2p-identity: the key pair of 32 bytes 0x01.
        let key = SecretKey::from_seed(&[1; 32]).public();
        assert_eq!(peer_id(&key), "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5");
    }
}
