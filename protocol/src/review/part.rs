//! Parts of the dossier's files of evidence. The reviewer asks for those that it lacks, a few at a time; what came is checked
//! against the dossier and kept, so a cut costs no more than the parts that were under way.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::ReviewError;
use crate::id::EvidenceId;
use crate::limits;

/// Parts that one message may ask for.
pub const PARTS_AT_ONCE: usize = 8;

/// A place in a file: which file, and which of its parts from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartPlace {
    /// Which file.
    pub file: EvidenceId,
    /// Which part of it.
    pub part: u32,
}

impl PartPlace {
    /// The part's place in the list of hashes.
    #[must_use]
    pub fn index(&self) -> usize {
        usize::try_from(self.part).unwrap_or(usize::MAX)
    }
}

/// The bytes of one part, 1 to [`limits::PART_BYTES`]. Written in base64. `Debug` shows their number only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartContent(Vec<u8>);

impl PartContent {
    /// `None` for no bytes, or too many.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=limits::PART_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for PartContent {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text).map_err(|_| "not base64")?;
        Self::new(bytes).ok_or("empty, or larger than a part")
    }
}

impl From<PartContent> for String {
    fn from(content: PartContent) -> String {
        STANDARD.encode(content.0)
    }
}

impl fmt::Debug for PartContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartContent({} bytes)", self.0.len())
    }
}

/// Whether a message asks for a number of parts that it may ask for, each once.
pub(super) fn check_places(places: &[PartPlace]) -> Result<(), ReviewError> {
    let distinct = places.iter().enumerate().all(|(at, place)| !places[..at].contains(place));
    if distinct && (1..=PARTS_AT_ONCE).contains(&places.len()) { Ok(()) } else { Err(ReviewError::Places) }
}
