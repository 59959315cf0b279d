//! Names of things. Each newtype accepts only its own grammar, so a value of the type is a valid name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is not a name of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {kind}: {rule}")]
pub struct NameError {
    /// What was read, shortened and with control characters escaped by `Debug`.
    pub text: String,
    /// What it should have been.
    pub kind: &'static str,
    /// The grammar it breaks.
    pub rule: &'static str,
}

impl NameError {
    fn new(text: &str, kind: &'static str, rule: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), kind, rule }
    }
}

/// Declares a text newtype with one check, used by `FromStr`, serde and nothing else.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(NameError::new(text, $kind, $rule)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_slug(text: &str, longest: usize) -> bool {
    (3..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

text_id!(
    /// An agency: a slug, unique in the charter and never reused (protocol, "Identity and keys").
    AgencyId, "an agency id", "3 to 32 of a-z, 0-9 and '-'", |t| is_slug(t, 32)
);
text_id!(
    /// A label scheme of the charter, such as `ecei`.
    SchemeId, "a scheme id", "3 to 32 of a-z, 0-9 and '-'", |t| is_slug(t, 32)
);
text_id!(
    /// A catalogue of indicators with its version, such as `ecei-2026`.
    CatalogueId, "a catalogue id", "3 to 48 of a-z, 0-9 and '-'", |t| is_slug(t, 48)
);
text_id!(
    /// An indicator's code inside its catalogue, such as `4.1.3`.
    IndicatorId, "an indicator code", "1 to 16 of A-Z, a-z, 0-9, '.' and '-'",
    |t| (1..=16).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
);
text_id!(
    /// A country, ISO 3166-1 alpha-2.
    Country, "a country code", "two letters A-Z (ISO 3166-1)", |t| t.len() == 2 && t.bytes().all(|b| b.is_ascii_uppercase())
);
text_id!(
    /// The name of an organisation or a public term: 1 to 200 characters, no control characters, no
    /// bidirectional overrides, no leading or trailing white space.
    Name, "a name", "1 to 200 characters without control characters or outer spaces", is_name
);
text_id!(
    /// A file of evidence: 24 random hex digits, so that the id tells nothing of the content.
    EvidenceId, "an evidence id", "24 hex digits", |t| t.len() == 24 && is_hex(t)
);
text_id!(
    /// A cluster: `<registering agency>/<24 hex>` (protocol, "Labels").
    ClusterId, "a cluster id", "<agency>/<24 hex digits>", is_cluster
);

fn is_name(text: &str) -> bool {
    let count = text.chars().count();
    (1..=crate::limits::NAME_CHARS).contains(&count) && text.trim() == text && !text.chars().any(is_unprintable)
}

/// Control characters, the bidirectional overrides that make a text read as another, and non-characters: XML cannot
/// hold U+FFFE and U+FFFF, so no certificate could show them.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    let non_character = u32::from(c) & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}');
    c.is_control()
        || non_character
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The shape of a BCP 47 tag: a language of two or three letters, then subtags of at most eight. Whether the
/// registry lists them is left to those who read it.
#[must_use]
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    tag.len() <= 35
        && (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_cluster(text: &str) -> bool {
    text.split_once('/').is_some_and(|(agency, rest)| is_slug(agency, 32) && rest.len() == 24 && is_hex(rest))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl ClusterId {
    /// A cluster registered by `agency`, from 12 random bytes.
    #[must_use]
    pub fn new(agency: &AgencyId, random: [u8; 12]) -> Self {
        Self(format!("{agency}/{}", hex::encode(random)).into())
    }

    /// The agency that registered the cluster: only that one issues labels for it.
    ///
    /// # Panics
    /// Never: the grammar was checked when the value was made.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        let (agency, _) = self.0.split_once('/').expect("checked by the grammar");
        AgencyId(agency.into())
    }
}

/// A SHA-256 value, written as 64 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of the concatenation of `parts`.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Its first `11 * N` bits as English words of the BIP 39 list, to be read aloud. N is at most 23.
    #[must_use]
    pub fn words<const N: usize>(&self) -> [&'static str; N] {
        let list = bip39::Language::English.word_list();
        std::array::from_fn(|position| {
            let bits = position * 11..position * 11 + 11;
            list[bits.fold(0, |index, bit| index << 1 | usize::from(self.0[bit / 8] >> (7 - bit % 8) & 1))]
        })
    }

    /// A commitment, `SHA-256(tag || salt || content)` (protocol, "Formats"). `tag` separates purposes; deleting the
    /// salt makes the commitment meaningless.
    #[must_use]
    pub fn commitment(tag: &str, salt: &[u8; 32], content: &[u8]) -> Self {
        Self::of(&[tag.as_bytes(), b"\n", salt, content])
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).expect("two digits a byte");
        f.write_str(str::from_utf8(&digits).expect("digits are ASCII"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError::new(text, "a SHA-256 value", "64 lowercase hex digits");
        if text.len() != 64 || !is_hex(text) {
            return Err(error());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| error())?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Hash {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}

/// The federation's name for itself: SHA-256 of the text of charter version 1 (protocol, "Charter").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub Hash);

impl Fingerprint {
    /// What signatures bind before a federation exists (a membership card made by `init`).
    pub const NONE: Self = Self(Hash([0; 32]));

    /// The first 88 bits as eight English words of the BIP 39 list, as printed on every certificate.
    #[must_use]
    pub fn words(&self) -> String {
        self.0.words::<8>().join("-")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Fingerprint {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

/// The log of one agency, in one of its epochs. The epochs, from 1, are stretches of one and the same tree: what its
/// records say goes by the first one's name, and only heads belong to a later one (protocol, "Epoch").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogId {
    /// Whose log it is.
    pub agency: AgencyId,
    /// Which of the agency's logs, from 1.
    pub epoch: u32,
}

impl LogId {
    /// The agency's log by its first epoch: the name of the tree with all its records.
    #[must_use]
    pub fn first(agency: AgencyId) -> Self {
        Self { agency, epoch: 1 }
    }

    /// The epoch that a note claims to be a head of: what its first line says. That of `self` when it says nothing of this
    /// agency's; then no signature will fit.
    #[must_use]
    pub fn claimed_by(&self, note: &str, federation: &Fingerprint) -> Self {
        let origin = note.split('\n').next().unwrap_or_default();
        let named = Self::from_origin(origin, federation).ok().filter(|named| named.agency == self.agency);
        named.unwrap_or_else(|| self.clone())
    }

    /// The origin line of its checkpoints: `parangon/<fingerprint>/<agency>`, with `/<epoch>` from 2.
    #[must_use]
    pub fn origin(&self, federation: &Fingerprint) -> String {
        if self.epoch == 1 {
            format!("parangon/{federation}/{}", self.agency)
        } else {
            format!("parangon/{federation}/{}/{}", self.agency, self.epoch)
        }
    }

    /// Reads an origin of this federation back.
    ///
    /// # Errors
    /// When the text is no origin or names another federation.
    pub fn from_origin(origin: &str, federation: &Fingerprint) -> Result<Self, NameError> {
        let error = || NameError::new(origin, "an origin of this federation", "parangon/<fingerprint>/<agency>[/<epoch>]");
        let rest = origin.strip_prefix("parangon/").ok_or_else(error)?;
        let (fingerprint, rest) = rest.split_once('/').ok_or_else(error)?;
        if fingerprint.parse() != Ok(*federation) {
            return Err(error());
        }
        let log = match rest.split_once('/') {
            None => Self::first(rest.parse()?),
            Some((agency, epoch)) => Self { agency: agency.parse()?, epoch: epoch.parse().map_err(|_| error())? },
        };
        if log.epoch == 0 || log.origin(federation) != origin { Err(error()) } else { Ok(log) }
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch == 1 { self.agency.fmt(f) } else { write!(f, "{}/{}", self.agency, self.epoch) }
    }
}

/// The name under which an agency's witness key signs: its first origin with `/witness`.
#[must_use]
pub fn witness_name(federation: &Fingerprint, agency: &AgencyId) -> String {
    format!("parangon/{federation}/{agency}/witness")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_accept_their_grammar_only() {
        assert!("bw-agency".parse::<AgencyId>().is_ok());
        for bad in ["", "ab", "Bw-agency", "bw_agency", "a/b", "ä-agency", &"a".repeat(33)] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad:?}");
        }
        for non_character in ['\u{FDD0}', '\u{FDEF}', '\u{FFFE}', '\u{FFFF}', '\u{1FFFE}', '\u{10FFFF}'] {
            assert!(format!("a{non_character}b").parse::<Name>().is_err(), "{non_character:?}");
        }
        for neighbour in ['\u{FDCF}', '\u{FDF0}', '\u{FFFD}', '\u{10000}', '\u{1FFFD}'] {
            assert!(format!("a{neighbour}b").parse::<Name>().is_ok(), "{neighbour:?}");
        }
        for bad in ["", " x", "x ", "a\u{202e}b", "a\nb", "a\u{0}b", &"é".repeat(201)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!("Céréales Vallée".parse::<Name>().is_ok());
    }

    #[test]
    fn an_origin_names_its_federation() {
        let ours = Fingerprint(Hash::of(&[b"a"]));
        let log = LogId { agency: "oslo".parse().expect("slug"), epoch: 2 };
        assert_eq!(LogId::from_origin(&log.origin(&ours), &ours), Ok(log.clone()));
        assert!(LogId::from_origin(&log.origin(&ours), &Fingerprint(Hash::of(&[b"b"]))).is_err());
        for bad in ["/0", "/1", "/02", "/x"] {
            let origin = format!("parangon/{ours}/oslo{bad}");
            assert!(LogId::from_origin(&origin, &ours).is_err(), "{bad}");
        }
    }

    #[test]
    fn eight_words_are_88_bits() {
        let words = Fingerprint(Hash([0; 32])).words();
        assert_eq!(words.split('-').count(), 8);
        assert_eq!(words, ["abandon"; 8].join("-"));
        let mut other = [0; 32];
        other[10] = 1; // bit 87, the last one shown
        assert_ne!(Fingerprint(Hash(other)).words(), words);
    }
}
