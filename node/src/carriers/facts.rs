//! What a label says, as carriers print it: from its file alone.

use parangon_protocol::canonical;
use parangon_protocol::charter::{Chain, Level};
use parangon_protocol::id::{AgencyId, Country, Fingerprint};
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::{Label, LabelId};
use parangon_protocol::limits;
use parangon_protocol::record::Record;
use parangon_protocol::time::{Month, Timestamp};

use super::CarrierError;
use super::words::Language;

/// An agency as the label's charter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: Country,
}

/// A label's file with what carriers print of it. Nothing is verified here.
#[derive(Debug, Clone)]
pub struct Facts {
    pub(super) chain: Chain,
    pub(super) label: Label,
    /// The file's text as it goes into carriers.
    pub(super) text: String,
    /// The label's credential, canonical.
    pub(super) credential: String,
    /// The label's id.
    pub id: LabelId,
    /// The federation.
    pub federation: Fingerprint,
    /// Its name.
    pub federation_name: String,
    /// A label of a demonstration proves nothing, and every carrier says so.
    pub demonstration: bool,
    /// The cluster's name.
    pub cluster: String,
    /// Where it is.
    pub country: Country,
    /// Its region, as the agency writes it.
    pub region: Option<String>,
    /// The level.
    pub level: Level,
    /// The label system's name.
    pub scheme: String,
    /// The catalogue of the assessment.
    pub catalogue: String,
    /// Who issued it.
    pub issuer: Agency,
    /// Who endorsed it, in the record's order.
    pub endorsers: Vec<Agency>,
    /// Month of the assessment.
    pub assessed: Month,
    /// When it was issued, as the issuer says.
    pub issued: Timestamp,
    /// Valid to the end of this month.
    pub valid_until: Month,
}

impl Facts {
    /// Reads `NAME.label.json`.
    ///
    /// # Errors
    /// [`CarrierError::NoBundle`] when it is none; [`CarrierError::Incomplete`] when its charter does not have what the label names.
    pub fn read(file: &[u8]) -> Result<Self, CarrierError> {
        let bundle = Bundle::read(file).map_err(CarrierError::NoBundle)?;
        let text = String::from_utf8(bundle.to_text().map_err(CarrierError::NoBundle)?).map_err(|_| CarrierError::Incomplete("text"))?;
        let Ok(record) = canonical::encode(&bundle.label.record, limits::RECORD_BYTES) else {
            return Err(CarrierError::Incomplete("label"));
        };
        let Ok(Record::Label(label)) = Record::read(&record) else { return Err(CarrierError::Incomplete("label")) };
        let chain = bundle.chain().map_err(|_| CarrierError::Incomplete("charter"))?;
        let charter = chain.version(label.common.charter).ok_or(CarrierError::Incomplete("charter"))?;
        let credential =
            canonical::encode(&bundle.credential, limits::DOCUMENT_BYTES).map_err(|_| CarrierError::Incomplete("credential"))?;
        let credential = String::from_utf8(credential).map_err(|_| CarrierError::Incomplete("credential"))?;
        let common = &label.common;
        let agency = |id: &AgencyId| {
            let member = charter.members.iter().find(|member| member.id == *id).ok_or(CarrierError::Incomplete("agency"))?;
            Ok(Agency { name: member.name.as_str().to_owned(), country: member.country.clone() })
        };
        let scheme = charter.schemes.iter().find(|scheme| scheme.id == common.scheme).ok_or(CarrierError::Incomplete("scheme"))?;
        Ok(Self {
            id: common.id().map_err(|_| CarrierError::Incomplete("label"))?,
            federation: *chain.fingerprint(),
            federation_name: charter.name.as_str().to_owned(),
            demonstration: charter.demonstration,
            cluster: common.cluster.name.as_str().to_owned(),
            country: common.cluster.country.clone(),
            region: common.cluster.region.as_ref().map(|region| region.as_str().to_owned()),
            level: common.level,
            scheme: scheme.name.as_str().to_owned(),
            catalogue: common.catalogue.id.to_string(),
            issuer: agency(&common.owner)?,
            endorsers: label.endorsements.iter().map(|part| agency(&part.endorser)).collect::<Result<_, _>>()?,
            assessed: common.assessed,
            issued: label.issued,
            valid_until: common.valid_until,
            label: *label,
            text,
            credential,
            chain,
        })
    }

    /// The language of the cluster's country, where certificates have it.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::of(self.country.as_str())
    }

    /// The first eight digits of its id.
    #[must_use]
    pub fn short_id(&self) -> String {
        self.id.to_string().chars().take(8).collect()
    }

    /// A name for files: the cluster's, in small letters, digits and `-`; the short id where nothing is left of it.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let mut stem = String::new();
        for c in self.cluster.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                stem.push(c);
            } else if !stem.ends_with('-') && !stem.is_empty() {
                stem.push('-');
            }
        }
        let stem: String = stem.trim_end_matches('-').chars().take(60).collect();
        if stem.is_empty() { self.short_id() } else { stem }
    }
}
