//! One row of the tidy table: what is known of the clusters at one level of one indicator in one group and period.

use std::borrow::Cow;
use std::fmt;

use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{IndicatorId, Name};
use parangon_protocol::statistics::{self, Cause as Reason, Period};
use serde::{Serialize, Serializer};

/// What a table divides the clusters by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Nothing: all clusters.
    All,
    /// What their labels say.
    By(statistics::Dimension),
}

impl Dimension {
    /// All of them, in the order of the table.
    pub const EVERY: [Self; 5] = {
        let [country, region, field, level] = statistics::Dimension::EVERY;
        [Self::All, Self::By(country), Self::By(region), Self::By(field), Self::By(level)]
    };

    /// Its word in files, addresses and options.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::By(dimension) => dimension.as_str(),
        }
    }

    /// The dimension of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|dimension| dimension.as_str() == word)
    }
}

/// The clusters that a row is about. In this order: all, then by value, then the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// All clusters: the only group of [`Dimension::All`].
    All,
    /// Those with this value of the dimension.
    Value(Name),
    /// The groups that are too small to be shown by themselves, together.
    Rest,
}

impl Group {
    /// Its word in files. A value that is itself one of the two words stands in quotation marks, so that no two groups have one.
    #[must_use]
    pub fn word(&self) -> Cow<'_, str> {
        match self {
            Self::All => "all".into(),
            Self::Rest => "rest".into(),
            Self::Value(value) => match value.as_str().trim_matches('"') {
                "all" | "rest" => format!("\"{value}\"").into(),
                _ => value.as_str().into(),
            },
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word())
    }
}

/// How much a count says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is the true number.
    Exact,
    /// It is the sum of those who publish; others hide theirs. The true number is between `count` and `upper`.
    AtLeast,
    /// Noise was added. The true number is between `lower` and `upper`.
    Perturbed,
    /// No number is published, or only zeros of some agencies while others hide theirs.
    Hidden,
}

impl Status {
    /// All of them.
    pub const EVERY: [Self; 4] = [Self::Exact, Self::AtLeast, Self::Perturbed, Self::Hidden];

    /// Its word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at-least",
            Self::Perturbed => "perturbed",
            Self::Hidden => "hidden",
        }
    }
}

macro_rules! words {
    ($($kind:ty),*) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

words!(Dimension, Status);

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// On which catalogue. Levels of two catalogues mean different things and are never one series.
    pub catalogue: CatalogueRef,
    /// For which quarter.
    pub period: Period,
    /// What the table divides by.
    pub dimension: Dimension,
    /// Which clusters.
    pub group: Group,
    /// Which indicator.
    pub indicator: IndicatorId,
    /// Level 0 to 4; none for clusters whose level is not known.
    pub level: Option<u8>,
    /// The published number of clusters; none where it is hidden. Never 0 for something that is not known to be 0.
    pub count: Option<u64>,
    /// The true number is this or more.
    pub lower: u64,
    /// The true number is this or less.
    pub upper: u64,
    /// Clusters of the group, whatever their level: n.
    pub clusters: u64,
    /// Agencies counted, those in pools too.
    pub agencies: u32,
    /// Of these, agencies that are counted in the total of a pool and not alone.
    pub pooled: u32,
    /// Agencies and pools that hide their number.
    pub hidden_in: u32,
    /// Why they do, sorted, each once.
    pub reasons: Vec<Reason>,
}

impl Observation {
    /// How much the count says. It follows from count and bounds alone.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.count {
            None => Status::Hidden,
            Some(_) if self.lower == self.upper => Status::Exact,
            Some(count) if count == self.lower => Status::AtLeast,
            Some(_) => Status::Perturbed,
        }
    }

    /// The level as files write it.
    #[must_use]
    pub fn level_word(&self) -> String {
        self.level.map_or_else(|| "unknown".to_owned(), |level| level.to_string())
    }

    /// The reasons as files write them, `group+small`.
    #[must_use]
    pub fn reasons_word(&self) -> String {
        self.reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join("+")
    }
}
