//! From a dossier and its review to the endorsement that the label carries.

use super::{Dossier, ReviewContent, ReviewError};
use crate::id::{AgencyId, Hash};
use crate::keys::Signature;
use crate::label::{Common, Conflicts, Endorsement, ProofValue};
use crate::time::Timestamp;

/// Every field of an [`Endorsement`] but its proof, which is the signature of its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndorsementDraft {
    /// Who endorses.
    pub endorser: AgencyId,
    /// Index of its key set in its own log.
    pub keyset: u64,
    /// Commitment to its own copy of the dossier.
    pub copy: Hash,
    /// Commitment to its review.
    pub review: Hash,
    /// Its declaration.
    pub conflicts: Conflicts,
    /// When it is signed.
    pub created: Timestamp,
    /// A label issued later may not carry it.
    pub expires: Timestamp,
}

/// Why a review does not support a label, or an endorsement is not the review's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndorseError {
    /// Label, dossier and review do not belong together (case R4).
    #[error("the {part} of the review is not the label's")]
    Mismatch {
        /// Which part differs.
        part: &'static str,
    },
    /// The dossier is another agency's copy.
    #[error("{reviewer} reviewed the copy of {recipient}")]
    OtherCopy {
        /// Who reviewed.
        reviewer: AgencyId,
        /// Whose copy it is.
        recipient: AgencyId,
    },
    /// Nobody endorses its own cluster (case R1).
    #[error("{0} would endorse its own label")]
    OwnLabel(AgencyId),
    /// The reviewer did not confirm that the cluster is eligible.
    #[error("{0} does not confirm that the cluster is eligible")]
    NotEligible(AgencyId),
    /// It would have expired before it was made.
    #[error("the endorsement expires before it is made")]
    Expired,
    /// A commitment cannot be computed.
    #[error(transparent)]
    Review(#[from] ReviewError),
}

impl EndorsementDraft {
    /// The endorsement with its credential's proof.
    #[must_use]
    pub fn with_proof(self, proof: ProofValue) -> Endorsement {
        let Self { endorser, keyset, copy, review, conflicts, created, expires } = self;
        Endorsement { endorser, keyset, copy, review, conflicts, created, expires, proof }
    }

    /// The endorsement with the proof that `sign` makes of it. What `sign` sees has a proof of zeros: a credential
    /// signs the fields, never the proof.
    ///
    /// # Errors
    /// What `sign` refuses.
    pub fn prove<E>(self, sign: impl FnOnce(&Endorsement) -> Result<ProofValue, E>) -> Result<Endorsement, E> {
        let unproven = self.with_proof(ProofValue(Signature([0; 64])));
        let proof = sign(&unproven)?;
        Ok(Endorsement { proof, ..unproven })
    }
}

/// Builds the reviewer's endorsement. `keyset` is the index of its key set in its own log. Whether the scores carry
/// the level is asked of [`super::decision::shortfalls`] first.
///
/// # Errors
/// Everything in [`EndorseError`].
pub fn endorse(
    common: &Common,
    dossier: &Dossier,
    review: &ReviewContent,
    keyset: u64,
    created: Timestamp,
    expires: Timestamp,
) -> Result<EndorsementDraft, EndorseError> {
    belongs(common, review)?;
    if dossier.offer != common.offer {
        return Err(EndorseError::Mismatch { part: "offer" });
    }
    if dossier.commitment()? != common.dossier {
        return Err(EndorseError::Mismatch { part: "dossier" });
    }
    if dossier.recipient != review.reviewer {
        return Err(EndorseError::OtherCopy { reviewer: review.reviewer.clone(), recipient: dossier.recipient.clone() });
    }
    if expires < created {
        return Err(EndorseError::Expired);
    }
    Ok(EndorsementDraft {
        endorser: review.reviewer.clone(),
        keyset,
        copy: dossier.copy_commitment()?,
        review: review.commitment()?,
        conflicts: Conflicts::None,
        created,
        expires,
    })
}

/// Whether an endorsement that came with a review is the one that [`endorse`] makes of it. The owner asks this before
/// it puts it into a label; `copy` is the commitment of the copy that it sent. The proof is checked with its
/// credential.
///
/// # Errors
/// Everything in [`EndorseError`].
pub fn supports(common: &Common, copy: &Hash, review: &ReviewContent, endorsement: &Endorsement) -> Result<(), EndorseError> {
    belongs(common, review)?;
    let parts = [
        ("endorser", endorsement.endorser == review.reviewer),
        ("copy", &endorsement.copy == copy),
        ("commitment", endorsement.review == review.commitment()?),
    ];
    if let Some((part, _)) = parts.into_iter().find(|(_, same)| !same) {
        return Err(EndorseError::Mismatch { part });
    }
    if endorsement.expires < endorsement.created { Err(EndorseError::Expired) } else { Ok(()) }
}

/// What binds a review to one label: offer, dossier, catalogue, and an eligible cluster of somebody else.
fn belongs(common: &Common, review: &ReviewContent) -> Result<(), EndorseError> {
    let parts = [
        ("offer", review.offer == common.offer),
        ("dossier", review.dossier == common.dossier),
        ("catalogue", review.catalogue == common.catalogue.hash),
    ];
    if let Some((part, _)) = parts.into_iter().find(|(_, same)| !same) {
        return Err(EndorseError::Mismatch { part });
    }
    if review.reviewer == common.owner {
        return Err(EndorseError::OwnLabel(common.owner.clone()));
    }
    if review.eligible { Ok(()) } else { Err(EndorseError::NotEligible(review.reviewer.clone())) }
}
