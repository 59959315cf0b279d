//! What is said between the dossier and the final review: the reviewer's questions, the owner's answers, and the one response
//! that the owner gives when all reviews are in.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ReviewContent, ReviewError, Signed, Statement, bounded};
use crate::assessment::Answer;
use crate::id::{AgencyId, Hash, IndicatorId};
use crate::keys::Purpose;
use crate::limits;
use crate::time::Timestamp;

/// Questions of one reviewer about one dossier.
pub const QUESTIONS: u32 = 20;

/// Levels by which reviewers differ before an indicator is shown to them again.
const APART: u8 = 2;

/// Indicators on which reviewers differ, with the level that each gave.
pub type Differences = BTreeMap<IndicatorId, BTreeMap<AgencyId, Answer>>;

/// A reviewer's question. The envelope around it says who asks. `Debug` does not show its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Hash of the offer.
    pub offer: Hash,
    /// Counts the reviewer's questions from 1.
    pub number: u32,
    /// What it is about; none for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<IndicatorId>,
    /// The question, at most [`limits::QUESTION_CHARS`] characters.
    pub text: String,
}

/// The owner's answer to one question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Hash of the offer.
    pub offer: Hash,
    /// The question's number.
    pub number: u32,
    /// The answer, at most [`limits::QUESTION_CHARS`] characters.
    pub text: String,
}

/// The owner's response to the reviews: once, the same to all reviewers. It shows where they differ, and nothing else of each
/// other's reviews.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Hash of the offer.
    pub offer: Hash,
    /// Who responds.
    pub owner: AgencyId,
    /// What it says, at most [`limits::TEXT_CHARS`] characters; may be empty.
    pub text: String,
    /// Where the reviewers differ by two levels or more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differences: Differences,
    /// When it was given: a claim.
    pub created: Timestamp,
}

/// A response with the owner's signature.
pub type SignedResponse = Signed<Response>;

/// Where these reviews differ by two levels or more. What is not known has no level and differs from none.
#[must_use]
pub fn differences(reviews: &[&ReviewContent]) -> Differences {
    let mut found = Differences::new();
    for review in reviews {
        for (indicator, answer) in review.scores.iter() {
            found.entry(indicator.clone()).or_default().insert(review.reviewer.clone(), answer);
        }
    }
    found.retain(|_, answers| {
        let levels = || answers.values().filter_map(|answer| answer.level());
        levels().max().zip(levels().min()).is_some_and(|(most, least)| most.get() - least.get() >= APART)
    });
    found
}

impl Question {
    pub(super) fn well_formed(&self) -> Result<(), ReviewError> {
        said("a question", &self.text)?;
        number(self.number)
    }
}

impl Reply {
    pub(super) fn well_formed(&self) -> Result<(), ReviewError> {
        said("an answer", &self.text)?;
        number(self.number)
    }
}

fn said(field: &'static str, text: &str) -> Result<(), ReviewError> {
    let chars = text.chars().count();
    match chars {
        0 => Err(ReviewError::Nothing { field }),
        _ if chars > limits::QUESTION_CHARS => Err(ReviewError::TooLong { field, chars }),
        _ => Ok(()),
    }
}

fn number(number: u32) -> Result<(), ReviewError> {
    if (1..=QUESTIONS).contains(&number) { Ok(()) } else { Err(ReviewError::Questions) }
}

impl Statement for Response {
    const PURPOSE: Purpose = Purpose::Response;

    fn author(&self) -> &AgencyId {
        &self.owner
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        bounded("the response", &self.text)?;
        let fits = |answers: &BTreeMap<_, _>| (2..=limits::ENDORSEMENTS).contains(&answers.len());
        if self.differences.len() <= limits::INDICATORS && self.differences.values().all(fits) {
            Ok(())
        } else {
            Err(ReviewError::Differences)
        }
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({} of {})", self.number, self.offer)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} of {})", self.number, self.offer)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response(to {})", self.offer)
    }
}
