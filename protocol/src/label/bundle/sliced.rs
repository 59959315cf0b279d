//! A label file taken apart at its top level. What all labels of a federation share, charter and key sets, stays text: whoever
//! judges many files reads it once.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{BundleError, Confirmed, KIND, Place, PlacedKeySet, StatusPart};
use crate::canonical::{self, CanonicalError};
use crate::charter::{Founding, Revision};
use crate::check::CheckedHead;
use crate::id::AgencyId;
use crate::limits;
use crate::log::proof::ProofError;
use crate::record::Record;

/// The parts that are the label's own.
#[derive(Debug)]
pub(crate) struct Proofs {
    /// The label record in the issuer's log.
    pub(crate) label: Entry,
    /// The charter record that ruled when it was issued.
    pub(crate) adoption: Entry,
    /// The endorsers' confirmations.
    pub(crate) confirmations: Vec<Confirmed<Entry>>,
    /// The issuer's status.
    pub(crate) status: Option<StatusPart<Entry>>,
    /// The label as an Open Badges credential, in its canonical text.
    pub(crate) credential: Box<RawValue>,
}

/// [`super::Proven`] with the record as it stands in the log: a part of a file is read from its canonical text, so the record's
/// is canonical as well.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    record: Box<RawValue>,
    proof: Vec<String>,
}

/// What a label record says of its owner, whatever else it says.
#[derive(Deserialize)]
struct Claim {
    body: Body,
}

#[derive(Deserialize)]
struct Body {
    common: Owner,
}

#[derive(Deserialize)]
struct Owner {
    owner: AgencyId,
}

impl Entry {
    /// Whose log the record claims to stand in, as a label does: its owner's.
    pub(crate) fn owner(&self) -> Option<AgencyId> {
        serde_json::from_str(self.record.get()).ok().map(|claim: Claim| claim.body.common.owner)
    }

    /// The record.
    ///
    /// # Errors
    /// [`BundleError::Record`] when it is malformed.
    pub(crate) fn record(&self) -> Result<Record, BundleError> {
        Ok(Record::read(self.record.get().as_bytes())?)
    }

    /// Shows that the record stands in a log under its head, which `check` verifies.
    ///
    /// # Errors
    /// [`BundleError::Proof`], or what `check` says.
    pub(crate) fn place(&self, check: impl FnOnce(&str) -> Result<CheckedHead, BundleError>) -> Result<Place, BundleError> {
        let place = super::place(self.record.get().as_bytes(), &self.proof, check)?;
        // Nothing authenticates an extra line, so it has no place in the file.
        if self.proof.iter().any(|line| line.starts_with("extra ")) { Err(ProofError::Extra.into()) } else { Ok(place) }
    }
}

/// A label file with its own parts read, and those that others share as they stand.
#[derive(Debug)]
pub(crate) struct Sliced<'a> {
    /// The file's version.
    pub(crate) v: u32,
    /// The whole text.
    pub(crate) text: &'a [u8],
    /// The label's own parts.
    pub(crate) proofs: Proofs,
    founding: &'a str,
    revisions: Option<&'a str>,
    keysets: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slices<'a> {
    r#type: String,
    v: u32,
    #[serde(borrow)]
    founding: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "given")]
    revisions: Option<&'a RawValue>,
    #[serde(borrow)]
    keysets: &'a RawValue,
    #[serde(borrow)]
    label: &'a RawValue,
    #[serde(borrow)]
    adoption: &'a RawValue,
    #[serde(borrow)]
    confirmations: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "given")]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    credential: &'a RawValue,
}

/// What stands there, `null` included: it is refused where the part is read, not taken for nothing.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Sliced<'a> {
    /// Reads what [`super::Bundle::read`] reads, as strictly; charter and key sets are read when they are asked for.
    ///
    /// # Errors
    /// As [`super::Bundle::read`].
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, BundleError> {
        if text.len() > limits::DOCUMENT_BYTES {
            return Err(CanonicalError::TooLarge { actual: text.len(), limit: limits::DOCUMENT_BYTES }.into());
        }
        // A list of the same values would do for serde.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(BundleError::Kind);
        }
        let slices: Slices<'_> = serde_json::from_slice(text).map_err(|_| CanonicalError::Shape)?;
        if slices.r#type != KIND {
            return Err(BundleError::Kind);
        }
        let proofs = Proofs {
            label: part(slices.label)?,
            adoption: part(slices.adoption)?,
            confirmations: part(slices.confirmations)?,
            status: slices.status.map(part).transpose()?,
            credential: part(slices.credential)?,
        };
        let (founding, revisions, keysets) = (slices.founding.get(), slices.revisions.map(RawValue::get), slices.keysets.get());
        Ok(Self { v: slices.v, text, proofs, founding, revisions, keysets })
    }

    /// The texts of the charter chain: the same texts are the same chain.
    pub(crate) fn charter_texts(&self) -> [&'a str; 2] {
        [self.founding, self.revisions.unwrap_or_default()]
    }

    /// The charter chain, not checked.
    pub(crate) fn charter(&self) -> Result<(Founding, Vec<Revision>), CanonicalError> {
        let revisions = self.revisions.map(canonical::decode_part).transpose()?.unwrap_or_default();
        Ok((canonical::decode_part(self.founding)?, revisions))
    }

    /// The text of the key sets.
    pub(crate) fn keysets_text(&self) -> &'a str {
        self.keysets
    }

    /// The key sets, not checked.
    pub(crate) fn keysets(&self) -> Result<Vec<PlacedKeySet>, CanonicalError> {
        canonical::decode_part(self.keysets)
    }
}

fn part<T: serde::de::DeserializeOwned>(text: &RawValue) -> Result<T, CanonicalError> {
    canonical::decode_part(text.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_or_holds_null_is_no_label_file() {
        let proven = r#"{"proof":[],"record":1}"#;
        let object = |more: &str| {
            let parts = format!(r#""adoption":{proven},"confirmations":[],"credential":1,"founding":{{}},"keysets":[],"label":{proven}"#);
            format!(r#"{{{parts},"type":"parangon-label","v":1{more}}}"#)
        };
        let read = |text: &str| Sliced::read(text.as_bytes()).map(|sliced| sliced.charter().map(drop)).map_err(drop);
        assert_eq!(read(&object("")), Ok(Err(CanonicalError::Shape)), "an empty charter");
        assert_eq!(read(&object(r#","status":null"#)), Err(()));
        assert_eq!(read(&object(r#","revisions":null"#)), Ok(Err(CanonicalError::Null)));
        assert_eq!(read(&format!(r#"["parangon-label",1,{{}},[],[],{proven},{proven},[],{proven},1]"#)), Err(()));
    }
}
