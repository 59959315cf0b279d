//! What a reviewer gets, and the two commitments that name it without telling it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Offer, ReviewError};
use crate::assessment::Assessment;
use crate::canonical;
use crate::catalogue::Catalogue;
use crate::id::{AgencyId, Hash};
use crate::limits;

const DOSSIER: &str = "parangon/dossier";
const COPY: &str = "parangon/dossier-copy";

/// One reviewer's copy of the dossier. Confidential: it travels sealed to the key of the acceptance only, and `Debug`
/// shows neither content nor salts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// Hash of the offer.
    pub offer: Hash,
    /// Whose copy this is.
    pub recipient: AgencyId,
    /// The self-assessment under review.
    pub assessment: Assessment,
    /// Random, the same in every copy.
    pub salt: Hash,
    /// Random, another in each copy: a leaked one names whose it was (case R9).
    pub copy_salt: Hash,
}

impl Dossier {
    /// The commitment common to all reviewers: all have judged the same content.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when the assessment cannot be written.
    pub fn commitment(&self) -> Result<Hash, ReviewError> {
        let text = canonical::encode(&self.assessment, limits::PRIVATE_BYTES)?;
        Ok(Hash::commitment(DOSSIER, &self.salt.0, &text))
    }

    /// The commitment of this copy: it binds offer, recipient and content.
    ///
    /// # Errors
    /// As [`Dossier::commitment`].
    pub fn copy_commitment(&self) -> Result<Hash, ReviewError> {
        #[derive(Serialize)]
        struct Copy<'a> {
            dossier: Hash,
            offer: &'a Hash,
            recipient: &'a AgencyId,
        }
        let copy = Copy { dossier: self.commitment()?, offer: &self.offer, recipient: &self.recipient };
        Ok(Hash::commitment(COPY, &self.copy_salt.0, &canonical::encode(&copy, limits::RECORD_BYTES)?))
    }

    /// Whether it is about what was offered.
    ///
    /// # Errors
    /// [`ReviewError::OtherDossier`] names the part that differs.
    pub fn concerns(&self, offer: &Offer) -> Result<(), ReviewError> {
        let Assessment { cluster, catalogue, month, .. } = &self.assessment;
        let parts = [
            ("offer", self.offer == offer.hash()?),
            ("cluster", cluster == &offer.cluster.id),
            ("catalogue", catalogue == &offer.catalogue),
            ("month of assessment", month == &offer.assessed),
        ];
        match parts.into_iter().find(|(_, same)| !same) {
            Some((part, _)) => Err(ReviewError::OtherDossier { part }),
            None => Ok(()),
        }
    }

    /// The same, and the assessment fits the catalogue. Both sides ask this: the owner before it seals, the reviewer
    /// when it opens.
    ///
    /// # Errors
    /// As [`Dossier::concerns`], or [`ReviewError::Assessment`] with what does not fit.
    pub fn check(&self, offer: &Offer, catalogue: &Catalogue) -> Result<(), ReviewError> {
        self.concerns(offer)?;
        Ok(self.assessment.check(catalogue)?)
    }
}

impl fmt::Debug for Dossier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dossier").field("offer", &self.offer).field("recipient", &self.recipient).finish_non_exhaustive()
    }
}
