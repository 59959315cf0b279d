//! What changed from one catalogue to another, so that people see it before a charter takes the newer one. Answers are never
//! carried over by this: two versions are compared only through an explicit mapping.

use std::fmt;

use super::{Catalogue, Indicator};
use crate::id::{IndicatorId, Name};

/// The parts of an indicator that can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Name,
    /// Its dimension.
    Dimension,
    /// Points per level.
    Points,
    /// The minimum.
    Minimum,
    /// What it asks.
    Asks,
    /// What its levels mean.
    Texts,
}

impl Part {
    const ALL: [Self; 6] = [Self::Name, Self::Dimension, Self::Points, Self::Minimum, Self::Asks, Self::Texts];

    /// `name`, `dimension`, `points`, `minimum`, `asks` or `texts`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Dimension => "dimension",
            Self::Points => "points",
            Self::Minimum => "minimum",
            Self::Asks => "asks",
            Self::Texts => "texts",
        }
    }

    fn of(self, indicator: &Indicator) -> String {
        let joined = |texts: &[Name]| texts.iter().map(Name::as_str).collect::<Vec<_>>().join(" | ");
        match self {
            Self::Name => indicator.name.to_string(),
            Self::Dimension => indicator.dimension.to_string(),
            Self::Points => indicator.levels.map(|points| points.to_string()).join(" "),
            Self::Minimum => indicator.minimum.map_or_else(String::new, |level| level.to_string()),
            Self::Asks => indicator.asks.as_ref().map_or_else(String::new, Name::to_string),
            Self::Texts => indicator.texts.as_ref().map_or_else(String::new, |texts| joined(texts)),
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A field of the catalogue itself: `scheme`, `version`, `title`, `note`, `max_points` or `questionnaire`.
    Header {
        /// Which.
        field: &'static str,
        /// In the older one.
        from: String,
        /// In the newer one.
        to: String,
    },
    /// A dimension that came, went or has another name.
    Dimension {
        /// Its code.
        code: IndicatorId,
        /// In the older one.
        from: Option<Name>,
        /// In the newer one.
        to: Option<Name>,
    },
    /// An indicator that only the newer one has.
    Added(IndicatorId),
    /// An indicator that only the older one has.
    Removed(IndicatorId),
    /// A part of an indicator that both have.
    Changed {
        /// Which indicator.
        code: IndicatorId,
        /// Which part.
        part: Part,
        /// In the older one; empty for nothing.
        from: String,
        /// In the newer one; empty for nothing.
        to: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        let name = |name: &Option<Name>| name.as_ref().map_or_else(|| "nothing".to_owned(), Name::to_string);
        match self {
            Self::Header { field, from, to } => write!(f, "{field}: {} -> {}", shown(from), shown(to)),
            Self::Dimension { code, from, to } => write!(f, "dimension {code}: {} -> {}", name(from), name(to)),
            Self::Added(code) => write!(f, "{code}: new"),
            Self::Removed(code) => write!(f, "{code}: gone"),
            Self::Changed { code, part, from, to } => write!(f, "{code}, {}: {} -> {}", part.as_str(), shown(from), shown(to)),
        }
    }
}

/// Everything in which `newer` differs from `older`, but for their ids: header, dimensions, then indicators in the newer
/// one's order, then what is gone. Empty exactly for two catalogues of the same content.
#[must_use]
pub fn difference(older: &Catalogue, newer: &Catalogue) -> Vec<Difference> {
    let headers = |catalogue: &Catalogue| {
        [
            ("scheme", catalogue.scheme.to_string()),
            ("version", catalogue.version.to_string()),
            ("title", catalogue.title.to_string()),
            ("note", catalogue.note.clone().unwrap_or_default()),
            ("max_points", catalogue.max_points.to_string()),
            ("questionnaire", catalogue.questionnaire.to_string()),
        ]
    };
    let pairs = headers(older).into_iter().zip(headers(newer));
    let mut found: Vec<_> =
        pairs.filter(|((_, from), (_, to))| from != to).map(|((field, from), (_, to))| Difference::Header { field, from, to }).collect();
    let dimension = |catalogue: &Catalogue, code: &IndicatorId| {
        catalogue.dimensions.iter().find(|dimension| dimension.code == *code).map(|dimension| dimension.name.clone())
    };
    let gone = older.dimensions.iter().filter(|known| dimension(newer, &known.code).is_none());
    for code in newer.dimensions.iter().chain(gone).map(|dimension| &dimension.code) {
        let (from, to) = (dimension(older, code), dimension(newer, code));
        if from != to {
            found.push(Difference::Dimension { code: code.clone(), from, to });
        }
    }
    for indicator in &newer.indicators {
        match older.indicator(&indicator.code) {
            Err(_) => found.push(Difference::Added(indicator.code.clone())),
            Ok(before) => found.extend(changed(before, indicator)),
        }
    }
    let gone = older.indicators.iter().filter(|indicator| newer.indicator(&indicator.code).is_err());
    found.extend(gone.map(|indicator| Difference::Removed(indicator.code.clone())));
    let codes = |catalogue: &Catalogue| {
        let dimensions = catalogue.dimensions.iter().map(|dimension| dimension.code.as_str());
        dimensions.chain(catalogue.indicators.iter().map(|indicator| indicator.code.as_str())).collect::<Vec<_>>().join(" ")
    };
    let (from, to) = (codes(older), codes(newer));
    if found.is_empty() && from != to {
        found.push(Difference::Header { field: "order", from, to });
    }
    found
}

fn changed<'a>(before: &'a Indicator, after: &'a Indicator) -> impl Iterator<Item = Difference> + 'a {
    Part::ALL.into_iter().filter_map(move |part| {
        let (from, to) = (part.of(before), part.of(after));
        (from != to).then(|| Difference::Changed { code: after.code.clone(), part, from, to })
    })
}
