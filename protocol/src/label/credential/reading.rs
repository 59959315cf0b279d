//! A label's credential that somebody holds without its record: what it prints is read, rendered anew, and compared.
//! So nothing is believed that the template would not print.

use std::borrow::Cow;
use std::str::FromStr;

use super::sheet::LabelSheet;
use super::template::{ASSESSED, ENDORSED, MARK};
use super::{CredentialError, ProofValue};
use crate::canonical::Value;
use crate::charter::Level;
use crate::id::{AgencyId, Fingerprint, Hash, Name};
use crate::keys::{KeyError, PublicKey};
use crate::label::LabelId;

/// What a held credential says, by which key, and the proof. Reading it checks that it is the template's, not that the proof holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLabel {
    /// What it prints.
    pub sheet: LabelSheet<'static>,
    /// The issuer's key, as the credential names it.
    pub key: PublicKey,
    /// The proof.
    pub proof: ProofValue,
}

impl HeldLabel {
    /// Reads a credential: spacing and key order are free, nothing else is.
    ///
    /// # Errors
    /// [`CredentialError::Differs`] when it is not what our template prints.
    pub fn read(value: &Value) -> Result<Self, CredentialError> {
        let held = fields(value).ok_or(CredentialError::Differs)?;
        if held.sheet.to_json(&held.key, &held.proof) == value.to_text() { Ok(held) } else { Err(CredentialError::Differs) }
    }

    /// Checks the proof, strictly.
    ///
    /// # Errors
    /// [`KeyError::Forged`].
    pub fn verify(&self) -> Result<(), KeyError> {
        self.sheet.verify(&self.key, &self.proof)
    }
}

/// Where each field stands. What does not fit is left to the comparison.
fn fields(value: &Value) -> Option<HeldLabel> {
    let (federation, label) = iri(text(value, &["id"])?, "label")?;
    let holder = value.get("credentialSubject")?;
    let achievement = holder.get("achievement")?;
    let (_, award) = iri(text(achievement, &["id"])?, "level")?;
    let (scheme, level) = award.split_once(':')?;
    let level = Level::from_str(level).ok()?;
    let name = text(achievement, &["name"])?;
    let demonstration = name.starts_with(MARK);
    let scheme_name = name.strip_prefix(if demonstration { MARK } else { "" })?.strip_suffix(level.as_str())?.strip_suffix(' ')?;
    let (_, criteria) = iri(text(achievement, &["criteria", "id"])?, "criteria")?;
    let (catalogue, catalogue_hash) = criteria.rsplit_once(':')?;
    let (_, status) = iri(text(value, &["credentialStatus", "id"])?, "status")?;
    let (owner, status_index) = status.split_once('#')?;
    let assessed = text(value, &["description"])?.strip_prefix(ASSESSED)?.get(..7)?;
    let Value::List(evidence) = value.get("evidence")? else { return None };
    let (basis, endorsements) = evidence.split_last()?;
    let endorsement = |value: &Value| {
        let (_, id) = iri(text(value, &["id"])?, "endorsement")?;
        Some((Hash::from_str(id).ok()?, named(text(value, &["name"])?.strip_prefix(ENDORSED)?)?))
    };
    let sheet = LabelSheet {
        federation,
        demonstration,
        label: LabelId(label.parse().ok()?),
        scheme: scheme.parse().ok()?,
        scheme_name: named(scheme_name)?,
        level,
        catalogue: Cow::Owned(catalogue.to_owned()),
        catalogue_hash: catalogue_hash.parse().ok()?,
        cluster: iri(text(holder, &["id"])?, "cluster")?.1.parse().ok()?,
        cluster_name: text(holder, &["name"])?.parse().ok()?,
        owner: AgencyId::from_str(owner).ok()?,
        owner_name: named(text(value, &["issuer", "name"])?)?,
        assessed: assessed.parse().ok()?,
        issued: text(value, &["validFrom"])?.parse().ok()?,
        valid_until: text(value, &["validUntil"])?.get(..7)?.parse().ok()?,
        status_index: status_index.parse().ok()?,
        endorsements: endorsements.iter().map(endorsement).collect::<Option<_>>()?,
        basis: iri(text(basis, &["id"])?, "basis")?.1.parse().ok()?,
    };
    let key = PublicKey::from_did(text(value, &["issuer", "id"])?).ok()?;
    let proof = ProofValue::try_from(text(value, &["proof", "proofValue"])?.to_owned()).ok()?;
    Some(HeldLabel { sheet, key, proof })
}

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_text()
}

/// A name of an organisation.
fn named(text: &str) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(text.parse::<Name>().ok()?.into()))
}

/// The federation and the rest of `urn:parangon:<fingerprint>:<kind>:<rest>`.
fn iri<'a>(iri: &'a str, kind: &str) -> Option<(Fingerprint, &'a str)> {
    let (federation, rest) = iri.strip_prefix("urn:parangon:")?.split_once(':')?;
    Some((federation.parse().ok()?, rest.strip_prefix(kind)?.strip_prefix(':')?))
}
