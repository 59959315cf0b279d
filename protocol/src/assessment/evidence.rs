//! Files of evidence: what an assessment says of them. Their content travels in parts, each named by its hash, and only to a
//! reviewing agency that accepted; the dossier's commitment binds the hashes and so the content.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{self, EvidenceId, Hash, Name};
use crate::limits;

/// Why files of evidence were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Nothing in it, or more than [`limits::EVIDENCE_BYTES`].
    #[error("a file has 1 to {} bytes, this one {bytes}", limits::EVIDENCE_BYTES)]
    Size {
        /// Its bytes.
        bytes: u64,
    },
    /// All files together have more than [`limits::EVIDENCE_TOTAL`] bytes.
    #[error("the evidence of one assessment has at most {} bytes in all", limits::EVIDENCE_TOTAL)]
    Total,
    /// More than [`limits::EVIDENCE_FILES`] files.
    #[error("an assessment has at most {} files of evidence", limits::EVIDENCE_FILES)]
    Count,
    /// A name with a slash: it would lead out of its directory.
    #[error("the name of a file has no slash and is not only dots")]
    Name,
    /// Not `type/subtype`.
    #[error("not a media type such as application/pdf")]
    MediaType,
    /// Not a BCP 47 tag.
    #[error("the language of a file is a BCP 47 tag such as de or pt-BR")]
    Language,
    /// Another number of parts than the size needs.
    #[error("{parts} parts where {needed} are needed")]
    Parts {
        /// How many are named.
        parts: usize,
        /// How many there must be.
        needed: usize,
    },
    /// An id stands twice.
    #[error("the file {0} stands twice")]
    Twice(EvidenceId),
}

/// A media type without parameters, such as `application/pdf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MediaType(String);

impl MediaType {
    /// What is not known better.
    #[must_use]
    pub fn unknown() -> Self {
        Self("application/octet-stream".to_owned())
    }

    /// The media type as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaType {
    type Err = EvidenceError;
    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let token = |part: &str| {
            (1..=64).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&^_.+-".contains(&b))
        };
        match text.split_once('/') {
            Some((kind, subtype)) if token(kind) && token(subtype) => Ok(Self(text.to_owned())),
            _ => Err(EvidenceError::MediaType),
        }
    }
}

impl TryFrom<String> for MediaType {
    type Error = EvidenceError;
    fn try_from(text: String) -> Result<Self, EvidenceError> {
        text.parse()
    }
}

impl From<MediaType> for String {
    fn from(media: MediaType) -> String {
        media.0
    }
}

/// One file. `Debug` shows neither its name nor what it holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Names it.
    pub id: EvidenceId,
    /// Its file name.
    pub name: Name,
    /// What kind of file it is, as its agency says.
    pub media: MediaType,
    /// The language of its content, where that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of each part: [`limits::PART_BYTES`] bytes, the last one less.
    pub parts: Vec<Hash>,
}

impl Evidence {
    /// Describes a file of this content.
    ///
    /// # Errors
    /// Everything in [`EvidenceError`] that one file can break.
    pub fn of(id: EvidenceId, name: Name, media: MediaType, language: Option<String>, content: &[u8]) -> Result<Self, EvidenceError> {
        let parts = Self::split(content).map(|part| Hash::of(&[part])).collect();
        let file = Self { id, name, media, language, bytes: content.len() as u64, parts };
        file.check()?;
        Ok(file)
    }

    /// The parts of a content, in order.
    pub fn split(content: &[u8]) -> impl Iterator<Item = &[u8]> {
        content.chunks(limits::PART_BYTES)
    }

    /// Whether `content` is the part at that place.
    #[must_use]
    pub fn is_part(&self, at: usize, content: &[u8]) -> bool {
        self.parts.get(at).is_some_and(|hash| *hash == Hash::of(&[content]))
    }

    fn check(&self) -> Result<(), EvidenceError> {
        if self.bytes == 0 || self.bytes > limits::EVIDENCE_BYTES as u64 {
            return Err(EvidenceError::Size { bytes: self.bytes });
        }
        let name = self.name.as_str();
        if name.contains(['/', '\\']) || name.bytes().all(|b| b == b'.') {
            return Err(EvidenceError::Name);
        }
        if self.language.as_ref().is_some_and(|tag| !id::is_language(tag)) {
            return Err(EvidenceError::Language);
        }
        let needed = usize::try_from(self.bytes.div_ceil(limits::PART_BYTES as u64)).unwrap_or(usize::MAX);
        let parts = self.parts.len();
        if parts == needed { Ok(()) } else { Err(EvidenceError::Parts { parts, needed }) }
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({}, {} bytes)", self.id, self.bytes)
    }
}

/// The bounds of each file and of all together.
pub(super) fn check<'a>(files: impl Iterator<Item = &'a Evidence>) -> Result<(), EvidenceError> {
    let (mut seen, mut total) = (BTreeSet::new(), 0u64);
    for file in files {
        file.check()?;
        if !seen.insert(&file.id) {
            return Err(EvidenceError::Twice(file.id.clone()));
        }
        total = total.saturating_add(file.bytes);
    }
    match (seen.len() > limits::EVIDENCE_FILES, total > limits::EVIDENCE_TOTAL) {
        (true, _) => Err(EvidenceError::Count),
        (_, true) => Err(EvidenceError::Total),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: u8, content: &[u8]) -> Result<Evidence, EvidenceError> {
        let id = format!("{id:02x}").repeat(12).parse().expect("an id");
        Evidence::of(id, "Strategy 2026.pdf".parse().expect("a name"), MediaType::unknown(), None, content)
    }

    #[test]
    fn a_file_is_its_parts() {
        let content = vec![7; limits::PART_BYTES + 1];
        let found = file(1, &content).expect("described");
        assert_eq!((found.parts.len(), found.bytes), (2, content.len() as u64));
        assert!(found.is_part(0, &content[..limits::PART_BYTES]) && found.is_part(1, &[7]));
        assert!(!found.is_part(1, &[8]) && !found.is_part(2, &[7]));
        assert!(!format!("{found:?}").contains("Strategy"));
    }

    #[test]
    fn bounds_hold_for_each_and_for_all() {
        assert_eq!(file(1, &[]), Err(EvidenceError::Size { bytes: 0 }));
        assert!(matches!(file(1, &vec![0; limits::EVIDENCE_BYTES + 1]), Err(EvidenceError::Size { .. })));
        let one = file(1, b"x").expect("described");
        assert_eq!(check([&one, &one].into_iter()), Err(EvidenceError::Twice(one.id.clone())));
        let changed = |change: fn(&mut Evidence)| {
            let mut file = one.clone();
            change(&mut file);
            check(std::iter::once(&file))
        };
        assert_eq!(changed(|file| file.parts.push(Hash::of(&[b"x"]))), Err(EvidenceError::Parts { parts: 2, needed: 1 }));
        assert_eq!(changed(|file| file.bytes = limits::PART_BYTES as u64 + 1), Err(EvidenceError::Parts { parts: 1, needed: 2 }));
        assert_eq!(changed(|file| file.name = "../x".parse().expect("a name")), Err(EvidenceError::Name));
        assert_eq!(changed(|file| file.name = "..".parse().expect("a name")), Err(EvidenceError::Name));
        assert_eq!(changed(|file| file.language = Some("german".to_owned())), Err(EvidenceError::Language));
        let large = |id: u8| Evidence {
            bytes: limits::EVIDENCE_BYTES as u64,
            parts: vec![Hash::of(&[b"x"]); 50],
            ..file(id, b"x").expect("described")
        };
        let eight: Vec<_> = (0..8).map(large).collect();
        assert_eq!(check(eight.iter()), Ok(()));
        let nine: Vec<_> = (0..9).map(large).collect();
        assert_eq!(check(nine.iter()), Err(EvidenceError::Total));
        let many: Vec<_> = (0..=200).map(|id| file(id, b"x").expect("described")).collect();
        assert_eq!(check(many.iter()), Err(EvidenceError::Count));
        for bad in ["", "pdf", "application/", "/pdf", "Application/PDF", "text/html; charset=x", "a/b/c"] {
            assert_eq!(bad.parse::<MediaType>(), Err(EvidenceError::MediaType), "{bad}");
        }
    }
}
