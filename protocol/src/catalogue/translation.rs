//! Names and level texts of one catalogue in another language. A translation binds nobody: answers, labels and statistics
//! name the catalogue by its hash, and where a translation says nothing the catalogue's own words stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Catalogue, Indicator, LEVELS, UnknownIndicator};
use crate::canonical::{CanonicalError, Value};
use crate::charter::CatalogueRef;
use crate::id::{self, IndicatorId, Name};
use crate::limits;

/// Why a translation was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranslationError {
    /// Not JSON within the rules of [`crate::canonical`].
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// A field is missing, unknown or of another kind.
    #[error("not a translation: {detail}")]
    Shape {
        /// What the reader said.
        detail: String,
    },
    /// Not a language tag.
    #[error("{language:?} is not a BCP 47 tag such as de or pt-BR")]
    Language {
        /// What was read, shortened.
        language: String,
    },
    /// It was made for another catalogue, or another text of it.
    #[error("made for {made_for} with another content (hash {hash_start}…)", made_for = made_for.id, hash_start = &made_for.hash.to_string()[..8])]
    OtherCatalogue {
        /// What it names.
        made_for: CatalogueRef,
    },
    /// It names an indicator that the catalogue does not have.
    #[error(transparent)]
    Indicator(#[from] UnknownIndicator),
    /// It names a dimension that the catalogue does not have.
    #[error("the catalogue has no dimension {0}")]
    Dimension(IndicatorId),
}

/// The words of one indicator in one language. What is absent stands in the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorWords {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// What it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Name>,
    /// What each level means for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<[Name; LEVELS]>,
}

/// A translation file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translation {
    /// Which catalogue: its id and exactly this content.
    pub catalogue: CatalogueRef,
    /// BCP 47.
    pub language: String,
    /// Whether somebody who answers for it has read it. A machine's translation is shown with a remark.
    pub approved: bool,
    /// The catalogue's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Name>,
    /// Names of dimensions, by code.
    #[serde(default)]
    pub dimensions: BTreeMap<IndicatorId, Name>,
    /// Words of indicators, by code.
    #[serde(default)]
    pub indicators: BTreeMap<IndicatorId, IndicatorWords>,
}

impl Translation {
    /// Reads a translation file: JSON in any spacing and key order, at most [`limits::DOCUMENT_BYTES`]. Whether it fits
    /// a catalogue is asked of [`Self::check`].
    ///
    /// # Errors
    /// [`TranslationError::Canonical`], [`TranslationError::Shape`], [`TranslationError::Language`].
    pub fn read(bytes: &[u8]) -> Result<Self, TranslationError> {
        let text = Value::read(bytes, limits::DOCUMENT_BYTES)?.to_text();
        let read: Self = serde_json::from_str(&text).map_err(|error| TranslationError::Shape { detail: error.to_string() })?;
        if id::is_language(&read.language) {
            Ok(read)
        } else {
            Err(TranslationError::Language { language: read.language.chars().take(40).collect() })
        }
    }

    /// Whether it is of this very catalogue and names nothing that is not in it.
    ///
    /// # Errors
    /// [`TranslationError::OtherCatalogue`], [`TranslationError::Indicator`], [`TranslationError::Dimension`].
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), TranslationError> {
        if self.catalogue != catalogue.reference() {
            return Err(TranslationError::OtherCatalogue { made_for: self.catalogue.clone() });
        }
        for code in self.indicators.keys() {
            catalogue.indicator(code)?;
        }
        let unknown = self.dimensions.keys().find(|code| catalogue.dimensions.iter().all(|dimension| dimension.code != **code));
        unknown.map_or(Ok(()), |code| Err(TranslationError::Dimension(code.clone())))
    }

    /// How many of the catalogue's words it has, and how many there are: title, names of dimensions, and of each
    /// indicator its name and what else the catalogue says about it.
    #[must_use]
    pub fn coverage(&self, catalogue: &Catalogue) -> (usize, usize) {
        let (mut done, mut all) = (usize::from(self.title.is_some()) + self.dimensions.len(), 1 + catalogue.dimensions.len());
        for indicator in &catalogue.indicators {
            let words = self.indicators.get(&indicator.code);
            let parts = [
                (true, words.is_some_and(|words| words.name.is_some())),
                (indicator.asks.is_some(), words.is_some_and(|words| words.asks.is_some())),
                (indicator.texts.is_some(), words.is_some_and(|words| words.texts.is_some())),
            ];
            all += parts.iter().filter(|(wanted, _)| *wanted).count();
            done += parts.iter().filter(|(wanted, there)| *wanted && *there).count();
        }
        (done, all)
    }

    /// The words of `indicator`: this language's where it has them, the catalogue's own otherwise.
    #[must_use]
    pub fn words(&self, indicator: &Indicator) -> IndicatorWords {
        let own = indicator.words();
        match self.indicators.get(&indicator.code) {
            None => own,
            Some(IndicatorWords { name, asks, texts }) => {
                IndicatorWords { name: name.clone().or(own.name), asks: asks.clone().or(own.asks), texts: texts.clone().or(own.texts) }
            }
        }
    }
}

impl Indicator {
    /// Its words in the catalogue's own language.
    #[must_use]
    pub fn words(&self) -> IndicatorWords {
        IndicatorWords { name: Some(self.name.clone()), asks: self.asks.clone(), texts: self.texts.clone() }
    }
}
