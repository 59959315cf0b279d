//! What the two credentials print, field by field: all that whoever holds nothing but a credential, or a code with its
//! fields, needs in order to render it and to check its signature.

use std::borrow::Cow;

use serde::Serialize;

use super::{EndorsementSubject, LabelSubject};
use crate::canonical::{self, CanonicalError};
use crate::charter::{Charter, Level};
use crate::id::{AgencyId, ClusterId, Fingerprint, Hash, Name, SchemeId};
use crate::label::status::Bitstring;
use crate::label::{Common, Conflicts, HeadRef, Label, LabelId};
use crate::limits;
use crate::time::{Month, Timestamp};

/// What a label's credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSheet<'a> {
    /// The federation, in every IRI.
    pub federation: Fingerprint,
    /// Whether the federation is a demonstration.
    pub demonstration: bool,
    /// The label's id.
    pub label: LabelId,
    /// The label system.
    pub scheme: SchemeId,
    /// Its name.
    pub scheme_name: Cow<'a, str>,
    /// The level awarded.
    pub level: Level,
    /// The catalogue's id.
    pub catalogue: Cow<'a, str>,
    /// The catalogue's hash.
    pub catalogue_hash: Hash,
    /// The cluster's id.
    pub cluster: ClusterId,
    /// The cluster's name.
    pub cluster_name: Name,
    /// The issuing agency.
    pub owner: AgencyId,
    /// Its name.
    pub owner_name: Cow<'a, str>,
    /// Month of the assessment.
    pub assessed: Month,
    /// When it was issued.
    pub issued: Timestamp,
    /// The last month.
    pub valid_until: Month,
    /// Its place in the issuer's bitstring status list.
    pub status_index: u32,
    /// The endorsements: their ids, and the endorsers' names.
    pub endorsements: Vec<(Hash, Cow<'a, str>)>,
    /// Hash of what else the label stands on.
    pub basis: Hash,
}

/// What an endorsement's credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndorsementSheet<'a> {
    /// The federation, in every IRI.
    pub federation: Fingerprint,
    /// Whether the federation is a demonstration.
    pub demonstration: bool,
    /// The label's id.
    pub label: LabelId,
    /// The name of the label system.
    pub scheme_name: Cow<'a, str>,
    /// The level awarded.
    pub level: Level,
    /// The cluster's name.
    pub cluster_name: Name,
    /// Month of the assessment.
    pub assessed: Month,
    /// The last month.
    pub valid_until: Month,
    /// The endorsement's id.
    pub endorsement: Hash,
    /// The endorser's name.
    pub endorser_name: Cow<'a, str>,
    /// What it declared.
    pub conflicts: Conflicts,
    /// When it was signed.
    pub created: Timestamp,
}

/// What the credential of an agency's Bitstring Status List says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusListSheet<'a> {
    /// The federation, in every IRI.
    pub federation: Fingerprint,
    /// Whether the federation is a demonstration.
    pub demonstration: bool,
    /// The agency.
    pub owner: AgencyId,
    /// Its name.
    pub owner_name: Cow<'a, str>,
    /// When the agency stated what the list says.
    pub stated: Timestamp,
    /// The list.
    pub list: Bitstring,
}

impl<'a> LabelSheet<'a> {
    /// What the credential of a label prints.
    ///
    /// # Errors
    /// When the fields cannot be written canonically.
    pub fn of(subject: &LabelSubject<'a>) -> Result<Self, CanonicalError> {
        let LabelSubject { federation, charter, label, .. } = *subject;
        let common = &label.common;
        let id = common.id()?;
        let endorsement = |endorsement: &'a super::Endorsement| Ok((endorsement.id(&id)?, agency_name(charter, &endorsement.endorser)));
        Ok(Self {
            federation: *federation,
            demonstration: charter.demonstration,
            label: id,
            scheme: common.scheme.clone(),
            scheme_name: scheme_name(charter, common),
            level: common.level,
            catalogue: Cow::Borrowed(common.catalogue.id.as_str()),
            catalogue_hash: common.catalogue.hash,
            cluster: common.cluster.id.clone(),
            cluster_name: common.cluster.name.clone(),
            owner: common.owner.clone(),
            owner_name: agency_name(charter, &common.owner),
            assessed: common.assessed,
            issued: label.issued,
            valid_until: common.valid_until,
            status_index: label.status_index,
            endorsements: label.endorsements.iter().map(endorsement).collect::<Result<_, CanonicalError>>()?,
            basis: basis(label)?,
        })
    }

    /// What the credential of its endorsement number `at` prints, signed at `created`. None where there is no such endorsement.
    #[must_use]
    pub fn endorsement(&self, at: usize, created: Timestamp) -> Option<EndorsementSheet<'a>> {
        let (endorsement, endorser_name) = self.endorsements.get(at)?.clone();
        Some(EndorsementSheet {
            federation: self.federation,
            demonstration: self.demonstration,
            label: self.label,
            scheme_name: self.scheme_name.clone(),
            level: self.level,
            cluster_name: self.cluster_name.clone(),
            assessed: self.assessed,
            valid_until: self.valid_until,
            endorsement,
            endorser_name,
            conflicts: Conflicts::None,
            created,
        })
    }
}

impl<'a> EndorsementSheet<'a> {
    /// What the credential of an endorsement prints.
    ///
    /// # Errors
    /// When the fields cannot be written canonically.
    pub fn of(subject: &EndorsementSubject<'a>) -> Result<Self, CanonicalError> {
        let EndorsementSubject { federation, charter, label_common: common, label_id, endorsement, .. } = *subject;
        Ok(Self {
            federation: *federation,
            demonstration: charter.demonstration,
            label: label_id,
            scheme_name: scheme_name(charter, common),
            level: common.level,
            cluster_name: common.cluster.name.clone(),
            assessed: common.assessed,
            valid_until: common.valid_until,
            endorsement: endorsement.id(&label_id)?,
            endorser_name: agency_name(charter, &endorsement.endorser),
            conflicts: endorsement.conflicts,
            created: endorsement.created,
        })
    }
}

/// What a label stands on besides its common fields and endorsements. Its hash is in the credential, so the
/// signature binds these fields too.
#[derive(Serialize)]
struct Basis<'a> {
    adoption: u64,
    heads: &'a [HeadRef],
    keyset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: &'a Option<LabelId>,
}

fn basis(label: &Label) -> Result<Hash, CanonicalError> {
    let Label { adoption, heads, keyset, supersedes, .. } = label;
    let basis = Basis { adoption: *adoption, heads, keyset: *keyset, supersedes };
    Ok(Hash::of(&[&canonical::encode(&basis, limits::RECORD_BYTES)?]))
}

/// Whether an agency or scheme is in the charter is not decided here: one that is not shows its slug.
pub(super) fn agency_name<'a>(charter: &'a Charter, id: &'a AgencyId) -> Cow<'a, str> {
    Cow::Borrowed(charter.member(id).map_or(id.as_str(), |member| member.name.as_str()))
}

fn scheme_name<'a>(charter: &'a Charter, common: &'a Common) -> Cow<'a, str> {
    let scheme = charter.schemes.iter().find(|scheme| scheme.id == common.scheme);
    Cow::Borrowed(scheme.map_or(common.scheme.as_str(), |scheme| scheme.name.as_str()))
}
