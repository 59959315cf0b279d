//! What an agency that was asked says: yes, with a key for this dossier only, or no.

use serde::{Deserialize, Serialize};

use super::{ReviewError, Signed, Statement};
use crate::id::{AgencyId, Hash};
use crate::keys::{KeySet, Purpose};
use crate::label::Conflicts;
use crate::time::Timestamp;

/// Yes. The conflict declaration comes before anything of the dossier is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Hash of the offer.
    pub offer: Hash,
    /// Who accepts.
    pub reviewer: AgencyId,
    /// A fresh age recipient (`age1…`) for this dossier only; its secret half is destroyed with the dossier.
    pub dossier_key: String,
    /// What it declares about ties to the cluster.
    pub conflicts: Conflicts,
    /// When it was made: a claim, dated by the day's anchor.
    pub created: Timestamp,
}

/// An acceptance with the reviewer's signature.
pub type SignedAcceptance = Signed<Acceptance>;

impl Acceptance {
    /// Refuses the agency's standing key: a dossier sealed to it would outlive its erasure.
    ///
    /// # Errors
    /// [`ReviewError::StandingKey`].
    pub fn is_fresh(&self, keys: &KeySet) -> Result<(), ReviewError> {
        if self.dossier_key == keys.sealing { Err(ReviewError::StandingKey) } else { Ok(()) }
    }
}

impl Statement for Acceptance {
    const PURPOSE: Purpose = Purpose::Acceptance;

    fn author(&self) -> &AgencyId {
        &self.reviewer
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        // Bech32 in lower case: 52 characters of key, 6 of checksum. The checksum is checked where it is sealed.
        let tail = self.dossier_key.strip_prefix("age1").ok_or(ReviewError::DossierKey)?;
        let bech32 = |b: u8| b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(&b);
        if tail.len() == 58 && tail.bytes().all(bech32) { Ok(()) } else { Err(ReviewError::DossierKey) }
    }
}

/// Why an agency does not review, as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineReason {
    /// A tie to the cluster or to its agency.
    Conflict,
    /// Nobody is free.
    NoCapacity,
    /// Nobody reads the dossier's languages.
    Language,
    /// Nobody knows the field.
    Expertise,
    /// Not until the due date.
    Deadline,
    /// Anything else.
    Other,
}

/// No. The signed envelope around it says who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// Hash of the offer.
    pub offer: Hash,
    /// Who declines.
    pub reviewer: AgencyId,
    /// Why.
    pub reason: DeclineReason,
}
