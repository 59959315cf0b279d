//! A review: what one agency's experts found. Its content stays between owner and reviewer; public is its commitment.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ReviewError, Signed, Statement, bounded};
use crate::assessment::Scores;
use crate::canonical;
use crate::id::{AgencyId, Hash};
use crate::keys::Purpose;
use crate::limits;
use crate::time::Timestamp;

/// At which point of an exchange a review was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The owner did not ask to comment: it is the only one and counts.
    #[default]
    Only,
    /// The owner may comment on it. It does not count.
    Draft,
    /// It counts.
    Final,
}

impl Stage {
    fn is_only(&self) -> bool {
        *self == Self::Only
    }
}

/// One agency's review of one dossier. `Debug` shows no score, no finding and no salt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewContent {
    /// Hash of the offer.
    pub offer: Hash,
    /// Who reviewed.
    pub reviewer: AgencyId,
    /// The commitment common to all copies of the dossier.
    pub dossier: Hash,
    /// Hash of the catalogue that the scores are on.
    pub catalogue: Hash,
    /// The reviewer's own scores.
    pub scores: Scores,
    /// Improvement areas that the reviewer found proven.
    pub improvements: u8,
    /// Whether the reviewer confirms that the cluster is eligible.
    pub eligible: bool,
    /// What was found, at most [`limits::TEXT_CHARS`] characters, without line breaks.
    pub findings: String,
    /// When it was finished: a claim, dated by the day's anchor.
    pub created: Timestamp,
    /// Random: the commitment stands in public and must not tell the scores.
    pub salt: Hash,
    /// At which point it was made.
    #[serde(default, skip_serializing_if = "Stage::is_only")]
    pub stage: Stage,
    /// Hash of the response that a final review takes into account; none when the owner gave none in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Hash>,
}

/// A review with the reviewer's signature.
pub type SignedReview = Signed<ReviewContent>;

impl ReviewContent {
    /// The commitment that stands in the endorsement.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a field cannot be written.
    pub fn commitment(&self) -> Result<Hash, ReviewError> {
        let text = canonical::encode(self, limits::DOCUMENT_BYTES)?;
        Ok(Hash::commitment("parangon/review", &self.salt.0, &text))
    }
}

impl Statement for ReviewContent {
    const PURPOSE: Purpose = Purpose::Review;

    fn author(&self) -> &AgencyId {
        &self.reviewer
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        if self.response.is_some() && self.stage != Stage::Final {
            return Err(ReviewError::Stage);
        }
        bounded("the findings", &self.findings)
    }
}

impl fmt::Debug for ReviewContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offer, reviewer, dossier, .. } = self;
        f.debug_struct("ReviewContent").field("offer", offer).field("reviewer", reviewer).field("dossier", dossier).finish_non_exhaustive()
    }
}
