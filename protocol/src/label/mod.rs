//! Labels: what is awarded, what endorsers vouch for, and what became of it.
//!
//! Fields stand in the order of the canonical text: then writing it takes no sorting.

pub mod bundle;
pub mod credential;
pub mod objection;
pub mod status;
pub mod validity;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::charter::{CatalogueRef, Level};
use crate::id::{AgencyId, ClusterId, Country, Fingerprint, Hash, LogId, Name, SchemeId};
use crate::keys::{KeyError, Signature};
use crate::limits;
use crate::region::Nuts;
use crate::review::draw::Draw;
use crate::review::panel::Case;
use crate::time::{Month, Timestamp};

/// What a label says about the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFacts {
    /// Where it is.
    pub country: Country,
    /// Its technology field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Name>,
    /// Its stable id.
    pub id: ClusterId,
    /// Its name at the time of the award.
    pub name: Name,
    /// Its region by NUTS, with the version: what statistics group by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nuts: Option<Nuts>,
    /// Its region, as the agency writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Name>,
}

/// The fields that owner and endorsers agree on. Their hash is the label's id, so each signature that carries
/// the id binds all of them (protocol, "Labels").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Month of the assessment.
    pub assessed: Month,
    /// The catalogue the assessment used.
    pub catalogue: CatalogueRef,
    /// Charter version whose rules apply.
    pub charter: u32,
    /// The cluster.
    pub cluster: ClusterFacts,
    /// Commitment to the dossier that all reviewers got.
    pub dossier: Hash,
    /// The level awarded.
    pub level: Level,
    /// Hash of the offer. One offer carries one label.
    pub offer: Hash,
    /// The issuing agency, which registered the cluster.
    pub owner: AgencyId,
    /// The label system.
    pub scheme: SchemeId,
    /// Valid to the end of this month.
    pub valid_until: Month,
}

/// A label's id: the hash of its common fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelId(pub Hash);

impl LabelId {
    /// `urn:parangon:<fingerprint>:label:<hash>`.
    #[must_use]
    pub fn iri(&self, federation: &Fingerprint) -> String {
        format!("urn:parangon:{federation}:label:{self}")
    }
}

impl fmt::Display for LabelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Common {
    /// What the rules on reviewers need to know.
    #[must_use]
    pub fn case(&self) -> Case<'_> {
        Case { owner: &self.owner, cluster: Some(&self.cluster.id), scheme: &self.scheme, at: self.assessed }
    }

    /// The label's id.
    ///
    /// # Errors
    /// When the fields cannot be written canonically.
    pub fn id(&self) -> Result<LabelId, CanonicalError> {
        Ok(LabelId(Hash::of(&[&canonical::encode(self, limits::RECORD_BYTES)?])))
    }
}

/// A Data Integrity `proofValue`: a signature in multibase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProofValue(pub Signature);

impl TryFrom<String> for ProofValue {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        Signature::from_multibase(&text).map(Self)
    }
}

impl From<ProofValue> for String {
    fn from(value: ProofValue) -> String {
        value.0.to_multibase()
    }
}

/// What an endorser said about ties to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflicts {
    /// No expert coached, funds or works for the cluster.
    None,
}

/// An endorsing agency's part of a label. Its proof is that of an `EndorsementCredential`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// Its declaration.
    pub conflicts: Conflicts,
    /// Commitment to its own copy of the dossier.
    pub copy: Hash,
    /// When it was signed: a claim.
    pub created: Timestamp,
    /// Who.
    pub endorser: AgencyId,
    /// A label issued later may not carry it.
    pub expires: Timestamp,
    /// Index of its key set in its own log.
    pub keyset: u64,
    /// By the endorser's issue key.
    pub proof: ProofValue,
    /// Commitment to its review.
    pub review: Hash,
}

impl Endorsement {
    /// The endorsement's id: the hash of its own fields with the label's id, without the proof.
    ///
    /// # Errors
    /// When the fields cannot be written canonically.
    pub fn id(&self, label: &LabelId) -> Result<Hash, CanonicalError> {
        #[derive(Serialize)]
        struct Own<'a> {
            conflicts: Conflicts,
            copy: &'a Hash,
            created: Timestamp,
            endorser: &'a AgencyId,
            expires: Timestamp,
            keyset: u64,
            label: &'a LabelId,
            review: &'a Hash,
        }
        let Self { endorser, keyset, copy, review, conflicts, created, expires, proof: _ } = self;
        let own = Own { conflicts: *conflicts, copy, created: *created, endorser, expires: *expires, keyset: *keyset, label, review };
        Ok(Hash::of(&[&canonical::encode(&own, limits::RECORD_BYTES)?]))
    }

    /// `urn:parangon:<fingerprint>:endorsement:<hash>`.
    ///
    /// # Errors
    /// As [`Endorsement::id`].
    pub fn iri(&self, label: &LabelId, federation: &Fingerprint) -> Result<String, CanonicalError> {
        Ok(format!("urn:parangon:{federation}:endorsement:{}", self.id(label)?))
    }
}

/// A head of another log on which the conflict rules were computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRef {
    /// Which log.
    pub log: LogId,
    /// Its root then.
    pub root: Hash,
    /// Its size then.
    pub size: u64,
}

/// A label as it stands in its issuer's log: every field that both credential templates need, and the proofs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Index of the issuer's charter record in this log.
    pub adoption: u64,
    /// What everybody signed.
    pub common: Common,
    /// The draw of its reviewers, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Box<Draw>>,
    /// Who vouches, sorted by endorser.
    pub endorsements: Vec<Endorsement>,
    /// What the conflict rules were computed on.
    pub heads: Vec<HeadRef>,
    /// When it was issued: a claim, checked against witnesses' times.
    pub issued: Timestamp,
    /// Index of the issuer's key set in this log.
    pub keyset: u64,
    /// By the issuer's issue key, over the credential.
    pub proof: ProofValue,
    /// Its random place in the issuer's bitstring status list.
    pub status_index: u32,
    /// The label that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<LabelId>,
}
