//! Answers on a catalogue.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue::{Catalogue, LEVELS, UnknownIndicator};
use crate::id::IndicatorId;
use crate::limits;

/// A text or number that is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an answer: a level 0, 1, 2, 3, 4 or not-known")]
pub struct AnswerError {
    /// What was read, shortened.
    pub text: String,
}

/// A level of an answer, 0 (none) to 4 (excellent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScoreLevel(u8);

impl ScoreLevel {
    /// `None` above 4.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (usize::from(level) < LEVELS).then_some(Self(level))
    }

    /// 0 to 4.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// 0 to 4, for tables with one entry a level.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// An answer to one indicator. Written as the integer 0 to 4 or the text `not-known`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// A level.
    Level(ScoreLevel),
    /// Looked at, and it could not be said: an answer, but it earns nothing and meets no minimum.
    NotKnown,
}

const NOT_KNOWN: &str = "not-known";

impl Answer {
    /// The answer of this level.
    ///
    /// # Errors
    /// Above 4.
    pub fn of_level(level: u8) -> Result<Self, AnswerError> {
        ScoreLevel::new(level).map(Self::Level).ok_or_else(|| AnswerError { text: level.to_string() })
    }

    /// Its level, if it has one.
    #[must_use]
    pub fn level(self) -> Option<ScoreLevel> {
        match self {
            Self::Level(level) => Some(level),
            Self::NotKnown => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => level.0.fmt(f),
            Self::NotKnown => f.write_str(NOT_KNOWN),
        }
    }
}

impl FromStr for Answer {
    type Err = AnswerError;
    fn from_str(text: &str) -> Result<Self, AnswerError> {
        match text.as_bytes() {
            [digit @ b'0'..=b'4'] => Self::of_level(digit - b'0'),
            _ if text == NOT_KNOWN => Ok(Self::NotKnown),
            _ => Err(AnswerError { text: text.chars().take(40).collect() }),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Level(level) => serializer.serialize_u8(level.0),
            Self::NotKnown => serializer.serialize_str(NOT_KNOWN),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Level(u8),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Level(level) => Self::of_level(level).map_err(D::Error::custom),
            Written::Text(text) if text == NOT_KNOWN => Ok(Self::NotKnown),
            Written::Text(text) => Err(D::Error::custom(AnswerError { text: text.chars().take(40).collect() })),
        }
    }
}

/// Answers by indicator. Confidential: `Debug` tells how many there are, not what they say.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Scores(BTreeMap<IndicatorId, Answer>);

impl Scores {
    /// No answers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or replaces an answer.
    ///
    /// # Errors
    /// When the catalogue has no such indicator; nothing changes then.
    pub fn set(&mut self, catalogue: &Catalogue, indicator: &IndicatorId, answer: Answer) -> Result<(), UnknownIndicator> {
        catalogue.indicator(indicator)?;
        self.0.insert(indicator.clone(), answer);
        Ok(())
    }

    /// Takes an answer back.
    pub fn clear(&mut self, indicator: &IndicatorId) {
        self.0.remove(indicator);
    }

    /// The answer to `indicator`; `None` when there is none yet.
    #[must_use]
    pub fn get(&self, indicator: &IndicatorId) -> Option<Answer> {
        self.0.get(indicator).copied()
    }

    /// All answers, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&IndicatorId, Answer)> {
        self.0.iter().map(|(indicator, answer)| (indicator, *answer))
    }

    /// How many answers there are, [`Answer::NotKnown`] included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// No answer yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every answer is to an indicator of `catalogue`.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), UnknownIndicator> {
        self.0.keys().try_for_each(|code| catalogue.indicator(code).map(|_| ()))
    }

    /// Points earned on `catalogue`. Not known and missing earn none; an indicator of another catalogue counts
    /// nothing.
    #[must_use]
    pub fn points(&self, catalogue: &Catalogue) -> u32 {
        let earned = |code| self.get(code).and_then(Answer::level);
        catalogue.indicators.iter().filter_map(|i| earned(&i.code).map(|level| i.levels[level.index()])).sum()
    }

    /// Indicators of `catalogue` without an answer, in its order. [`Answer::NotKnown`] is an answer.
    #[must_use]
    pub fn missing(&self, catalogue: &Catalogue) -> Vec<IndicatorId> {
        catalogue.indicators.iter().filter(|i| !self.0.contains_key(&i.code)).map(|i| i.code.clone()).collect()
    }
}

impl FromIterator<(IndicatorId, Answer)> for Scores {
    /// Collects answers unchecked; [`Scores::check`] tells whether they fit a catalogue. A later one replaces an
    /// earlier one.
    fn from_iter<I: IntoIterator<Item = (IndicatorId, Answer)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let answers = BTreeMap::deserialize(deserializer)?;
        if answers.len() > limits::INDICATORS {
            return Err(D::Error::custom("too many answers"));
        }
        Ok(Self(answers))
    }
}

impl fmt::Debug for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scores({} answers)", self.0.len())
    }
}
