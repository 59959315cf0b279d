//! Scores of one cluster and what they amount to. Confidential: nothing here enters a log or a gossip message,
//! and `Debug` shows no score and no note (protocol, "Formats" and "Private messages").

mod eligibility;
mod evidence;
mod outcome;
mod scores;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use eligibility::{Eligibility, EligibilityRule, Ineligible};
pub use evidence::{Evidence, EvidenceError, MediaType};
pub use outcome::{Outcome, Requirements, Shortfall, THRESHOLD_WHOLE};
pub use scores::{Answer, AnswerError, ScoreLevel, Scores};

use crate::catalogue::{Catalogue, UnknownIndicator};
use crate::charter::CatalogueRef;
use crate::id::{ClusterId, IndicatorId};
use crate::limits;
use crate::time::Month;

/// Why an assessment does not belong to a catalogue, or a note was refused. No variant quotes a note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssessmentError {
    /// It was made on another catalogue, or another text of it.
    #[error("made on catalogue {stated} ({hash_start}…), which is not the one at hand", stated = stated.id, hash_start = &stated.hash.to_string()[..8])]
    Catalogue {
        /// The catalogue it names.
        stated: CatalogueRef,
    },
    /// A score or note for an indicator that the catalogue does not have.
    #[error(transparent)]
    Indicator(#[from] UnknownIndicator),
    /// Files of evidence that break a bound.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A note is empty or longer than [`limits::TEXT_CHARS`].
    #[error("the note on {indicator} has {chars} characters, where 1 to {} are allowed", limits::TEXT_CHARS)]
    NoteLength {
        /// Which note.
        indicator: IndicatorId,
        /// Its length in characters.
        chars: usize,
    },
    /// A control character in a note.
    #[error("the note on {indicator} contains a control character")]
    NoteControl {
        /// Which note.
        indicator: IndicatorId,
    },
}

/// One assessment of one cluster on one catalogue. A body for [`crate::canonical`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Which cluster.
    pub cluster: ClusterId,
    /// On which catalogue; it stays on this version when a newer one appears.
    pub catalogue: CatalogueRef,
    /// The month of the assessment: validity counts from it.
    pub month: Month,
    /// The answers.
    pub scores: Scores,
    /// What the eligibility rule looks at.
    pub eligibility: Eligibility,
    /// Free text per indicator; see [`Self::set_note`].
    pub notes: BTreeMap<IndicatorId, String>,
    /// Improvement areas proven since the previous assessment.
    pub improvements: u8,
    /// Files per indicator: what they are, not what they hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<IndicatorId, Vec<Evidence>>,
}

impl Assessment {
    /// Whether it fits `catalogue`: to be asked of every assessment that was read, before it is used.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), AssessmentError> {
        if self.catalogue != catalogue.reference() {
            return Err(AssessmentError::Catalogue { stated: self.catalogue.clone() });
        }
        self.scores.check(catalogue)?;
        for (indicator, note) in &self.notes {
            catalogue.indicator(indicator)?;
            check_note(indicator, note)?;
        }
        for indicator in self.evidence.keys() {
            catalogue.indicator(indicator)?;
        }
        Ok(evidence::check(self.files().map(|(_, file)| file))?)
    }

    /// Its files of evidence, by indicator.
    pub fn files(&self) -> impl Iterator<Item = (&IndicatorId, &Evidence)> + Clone {
        self.evidence.iter().flat_map(|(indicator, files)| files.iter().map(move |file| (indicator, file)))
    }

    /// Sets or, with an empty text, removes a note. Line breaks and tabs become spaces, since the canonical text
    /// knows no control character.
    ///
    /// # Errors
    /// Too long, or any other control character.
    pub fn set_note(&mut self, indicator: IndicatorId, text: &str) -> Result<(), AssessmentError> {
        set_note(&mut self.notes, indicator, text)
    }

    /// What its scores amount to under `requirements`.
    #[must_use]
    pub fn outcome(&self, catalogue: &Catalogue, requirements: &Requirements) -> Outcome {
        self.scores.outcome(catalogue, requirements, self.improvements)
    }
}

/// [`Assessment::set_note`] among the notes of something else.
///
/// # Errors
/// The same.
pub fn set_note(notes: &mut BTreeMap<IndicatorId, String>, indicator: IndicatorId, text: &str) -> Result<(), AssessmentError> {
    let text = text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ");
    let text = text.trim();
    if text.is_empty() {
        notes.remove(&indicator);
        return Ok(());
    }
    check_note(&indicator, text)?;
    notes.insert(indicator, text.to_owned());
    Ok(())
}

fn check_note(indicator: &IndicatorId, text: &str) -> Result<(), AssessmentError> {
    let chars = text.chars().count();
    if !(1..=limits::TEXT_CHARS).contains(&chars) {
        return Err(AssessmentError::NoteLength { indicator: indicator.clone(), chars });
    }
    if text.chars().any(char::is_control) {
        return Err(AssessmentError::NoteControl { indicator: indicator.clone() });
    }
    Ok(())
}

impl fmt::Debug for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cluster, catalogue, month) = (&self.cluster, &self.catalogue.id, self.month);
        f.debug_struct("Assessment").field("cluster", cluster).field("catalogue", catalogue).field("month", &month).finish_non_exhaustive()
    }
}
