//! A catalogue: one version of a scheme's indicators, as data. Adding one needs no code. Its names and level texts can be
//! translated; what is pinned by hash is the catalogue itself, in its own language.

mod difference;
mod document;
mod error;
mod translation;

#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::sync::LazyLock;

use crate::canonical::{self, Value};
use crate::charter::CatalogueRef;
use crate::id::{Hash, IndicatorId};
use crate::limits;

pub use difference::{Difference, Part, difference};
pub use document::{Dimension, Document, Indicator};
pub use error::{CatalogueError, UnknownIndicator};
pub use translation::{IndicatorWords, Translation, TranslationError};

/// Levels of an answer: 0 none, 1 initial, 2 managed, 3 established, 4 excellent.
pub const LEVELS: usize = 5;

/// The most points of a whole catalogue. Keeps `points * 10_000` far inside 64 bits.
pub const MAX_POINTS: u32 = 1_000_000;

/// A catalogue that was read and found sound. Only [`Catalogue::read`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    document: Document,
    hash: Hash,
}

impl Catalogue {
    /// Reads a catalogue file: JSON in any spacing and key order, integers only, at most
    /// [`limits::DOCUMENT_BYTES`].
    ///
    /// # Errors
    /// See [`CatalogueError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CatalogueError> {
        let text = Value::read(bytes, limits::DOCUMENT_BYTES)?.to_text();
        let document: Document = serde_json::from_str(&text).map_err(|error| CatalogueError::Shape { detail: error.to_string() })?;
        document.check()?;
        let hash = Hash::of(&[&canonical::encode(&document, limits::DOCUMENT_BYTES)?]);
        Ok(Self { document, hash })
    }

    /// The bundled ECEI catalogue of 2026. Which of its numbers and texts are assumptions stands in its note.
    ///
    /// # Panics
    /// Never: a test reads the bundled file.
    #[must_use]
    pub fn ecei() -> &'static Self {
        static ECEI: LazyLock<Catalogue> = LazyLock::new(|| bundled(include_bytes!("../../data/ecei-2026.json")));
        &ECEI
    }

    /// The bundled questionnaire of the benchmark interview that precedes BRONZE. It gives no points.
    ///
    /// # Panics
    /// Never: a test reads the bundled file.
    #[must_use]
    pub fn ecei_bronze() -> &'static Self {
        static BRONZE: LazyLock<Catalogue> = LazyLock::new(|| bundled(include_bytes!("../../data/ecei-bronze-2026.json")));
        &BRONZE
    }

    /// The catalogues that every node can read without importing them.
    #[must_use]
    pub fn bundled() -> [&'static Self; 2] {
        [Self::ecei(), Self::ecei_bronze()]
    }

    /// SHA-256 of its canonical text: independent of spacing and key order of the file.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Its id and hash, as labels, assessments and releases name it.
    #[must_use]
    pub fn reference(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.clone(), hash: self.hash }
    }

    /// Its canonical file text, without a final line break.
    ///
    /// # Panics
    /// Never: the same document was encoded when it was read.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        canonical::encode(&self.document, limits::DOCUMENT_BYTES).expect("encoded once when it was read")
    }

    /// Whether it gives points: a questionnaire gives none.
    #[must_use]
    pub fn gives_points(&self) -> bool {
        self.max_points > 0
    }

    /// The indicator of this code.
    ///
    /// # Errors
    /// [`UnknownIndicator`], with the nearest code.
    pub fn indicator(&self, code: &IndicatorId) -> Result<&Indicator, UnknownIndicator> {
        self.find(code.as_str())
    }

    /// As [`Self::indicator`], for a text that people typed.
    ///
    /// # Errors
    /// [`UnknownIndicator`], with the nearest code.
    pub fn find(&self, code: &str) -> Result<&Indicator, UnknownIndicator> {
        self.indicators.iter().find(|indicator| indicator.code.as_str() == code).ok_or_else(|| self.unknown(code))
    }

    fn unknown(&self, code: &str) -> UnknownIndicator {
        let code: String = code.chars().take(40).collect();
        let nearest = self.indicators.iter().map(|known| (distance(&code, known.code.as_str()), &known.code)).min();
        let suggestion = nearest.filter(|(distance, _)| *distance <= 2).map(|(_, known)| known.clone());
        UnknownIndicator { catalogue: self.id.clone(), code, suggestion }
    }
}

impl Deref for Catalogue {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.document
    }
}

fn bundled(bytes: &[u8]) -> Catalogue {
    Catalogue::read(bytes).expect("a bundled catalogue is sound")
}

/// Edits between two codes, not counting separators: `4,1,3`, `4-1-3` and `413` are all near `4.1.3`.
fn distance(typed: &str, known: &str) -> usize {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    strsim::damerau_levenshtein(&bare(typed), &bare(known))
}
