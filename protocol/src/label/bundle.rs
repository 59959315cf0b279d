//! `NAME.label.json`: one file with everything a verdict needs (protocol, "Formats"). Records stand in it as JSON; their
//! canonical text is what the logs hold.

mod sliced;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Endorsement;
use super::credential::EndorsementSubject;
use super::status::StatusProof;
use crate::canonical::{self, CanonicalError, Value};
use crate::charter::{Chain, ChainError, Founding, Revision};
use crate::check::{self, CheckError, CheckedHead, KeyBook};
use crate::id::{AgencyId, LogId};
use crate::keys::{KeySetError, SignedKeySet};
use crate::limits;
use crate::log::merkle;
use crate::log::proof::{ProofError, TlogProof};
use crate::message::Head;
use crate::record::{Epoch, Record, RecordError};

pub(crate) use sliced::{Entry, Proofs, Sliced};

/// The `type` of a bundle.
pub const KIND: &str = "parangon-label";

/// A record with its inclusion proof under a signed head (a C2SP tlog-proof).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// The record, as JSON.
    #[serde(deserialize_with = "canonical::plain")]
    pub record: serde_json::Value,
    /// The lines of a `c2sp.org/tlog-proof@v1` (texts here hold no line ends).
    pub proof: Vec<String>,
}

/// A key set and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedKeySet {
    /// The epoch of the log that it begins, where it does: then it may have another log key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// Index in the agency's log.
    pub index: u64,
    /// The key set, signed by the identity key.
    pub keyset: SignedKeySet,
}

impl PlacedKeySet {
    /// That of a record at this index of its agency's log; none of another record.
    #[must_use]
    pub fn of(index: u64, record: Record) -> Option<Self> {
        match record {
            Record::KeySet(keyset) => Some(Self { epoch: None, index, keyset: *keyset }),
            Record::Epoch(Epoch { keyset: Some(keyset), number }) => Some(Self { epoch: Some(number), index, keyset: *keyset }),
            _ => None,
        }
    }

    /// Puts it into a book of keys.
    ///
    /// # Errors
    /// As [`KeyBook::insert`].
    pub fn place(&self, book: &mut KeyBook) -> Result<(), KeySetError> {
        let log = LogId::first(self.keyset.body.agency.clone());
        match self.epoch {
            Some(number) => book.begin_epoch(&log, self.index, number, &self.keyset),
            None => book.insert(&log, self.index, &self.keyset),
        }
    }
}

/// An endorser's confirmation, from its own log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed<P = Proven> {
    /// The endorser.
    pub agency: AgencyId,
    /// Its record.
    pub entry: P,
}

/// The issuer's newest status and the label's place in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "P: Deserialize<'de>"))]
pub struct StatusPart<P = Proven> {
    /// The status record.
    pub entry: P,
    /// The label's leaf in the status tree, or its absence.
    pub path: StatusProof,
    /// The issuer's charter record that rules the status's head, when it is a later one than the label's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<P>,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`KIND`].
    pub r#type: String,
    /// 1.
    pub v: u32,
    /// The charter with its founders' signatures.
    pub founding: Founding,
    /// What every later version of the charter changes, with the votes that made it one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// The key sets of issuer, endorsers and witnesses.
    pub keysets: Vec<PlacedKeySet>,
    /// The label record in the issuer's log.
    pub label: Proven,
    /// The charter record that ruled when it was issued.
    pub adoption: Proven,
    /// The endorsers' confirmations.
    pub confirmations: Vec<Confirmed>,
    /// The issuer's status, when it has stated one since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusPart>,
    /// The label as an Open Badges credential: derived from the record, and compared with it.
    #[serde(deserialize_with = "canonical::plain")]
    pub credential: serde_json::Value,
}

/// Where a record was shown to stand.
#[derive(Debug)]
pub struct Place {
    /// Its index.
    pub index: u64,
    /// The head under which it stands.
    pub head: CheckedHead,
}

/// Why a file is no bundle, or a part of it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not JSON of this shape.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// JSON, but something else.
    #[error("not a label file")]
    Kind,
    /// A record in it is malformed.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A proof in it is malformed, or does not lead to its head.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A member's cosignature stands under another name or key id than its own.
    #[error("a line of a head was altered")]
    AlteredLine,
    /// A head in it is not what it claims.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl Bundle {
    /// Reads a bundle as people pass it on (any spacing and key order).
    ///
    /// # Errors
    /// [`BundleError::Kind`] when it is JSON but no bundle; [`BundleError::Canonical`] otherwise.
    pub fn read(text: &[u8]) -> Result<Self, BundleError> {
        let value = Value::read(text, limits::DOCUMENT_BYTES)?;
        if value.get("type").and_then(Value::as_text) != Some(KIND) {
            return Err(BundleError::Kind);
        }
        Ok(canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)?)
    }

    /// The charter chain that it carries.
    ///
    /// # Errors
    /// [`ChainError`] when a version was not agreed to.
    pub fn chain(&self) -> Result<Chain, ChainError> {
        Chain::revised(self.founding.clone(), self.revisions.clone())
    }

    /// The endorsements as credentials, with who made them. Nothing is verified by this: it is for files that were.
    ///
    /// # Errors
    /// [`BundleError`] where the file lacks a key, a version of the charter or the label itself.
    pub fn endorsements(&self) -> Result<Vec<(AgencyId, String)>, BundleError> {
        let chain = Arc::new(self.chain().map_err(|_| BundleError::Kind)?);
        let mut book = KeyBook::new(chain.clone());
        for placed in &self.keysets {
            placed.place(&mut book).map_err(|_| BundleError::Kind)?;
        }
        let Record::Label(label) = Record::read(&self.label.text()?)? else { return Err(BundleError::Kind) };
        let charter = chain.version(label.common.charter).ok_or(BundleError::Kind)?;
        let (federation, label_common, label_id) = (chain.fingerprint(), &label.common, label.common.id()?);
        let credential = |endorsement: &Endorsement| {
            let log = LogId::first(endorsement.endorser.clone());
            let key = &book.issue_key(&log, endorsement.keyset).ok_or(BundleError::Kind)?;
            let subject = EndorsementSubject { federation, charter, label_common, label_id, endorsement, key };
            Ok((endorsement.endorser.clone(), subject.to_json()?))
        };
        label.endorsements.iter().map(credential).collect()
    }

    /// Its text: canonical JSON.
    ///
    /// # Errors
    /// [`BundleError::Canonical`] when a part cannot be written.
    pub fn to_text(&self) -> Result<Vec<u8>, BundleError> {
        Ok(canonical::encode(self, limits::DOCUMENT_BYTES)?)
    }
}

impl Proven {
    /// A record's text with its proof.
    ///
    /// # Errors
    /// [`BundleError::Record`] when the text is no record.
    pub fn new(record: &[u8], proof: &TlogProof) -> Result<Self, BundleError> {
        Record::read(record)?;
        let record = serde_json::from_slice(record).map_err(|_| CanonicalError::Shape)?;
        Ok(Self { record, proof: proof.to_string().split('\n').map(str::to_owned).collect() })
    }

    /// The record's canonical text.
    ///
    /// # Errors
    /// [`BundleError::Canonical`] when it cannot be written.
    pub fn text(&self) -> Result<Vec<u8>, BundleError> {
        Ok(canonical::encode(&self.record, limits::RECORD_BYTES)?)
    }

    /// Checks that the record stands in `log` under a head that the log's key signed.
    ///
    /// # Errors
    /// Everything in [`BundleError`] but `Kind`.
    pub fn open(&self, book: &KeyBook, log: &LogId) -> Result<(Record, Place), BundleError> {
        let text = self.text()?;
        let check = |note: &str| Ok(check::head(book, &Head { log: log.clone(), note: note.to_owned() })?);
        Ok((Record::read(&text)?, place(&text, &self.proof, check)?))
    }
}

/// Where the record with this text stands, by the lines of its proof. Its head is what `check` makes of the note.
fn place(text: &[u8], proof: &[String], check: impl FnOnce(&str) -> Result<CheckedHead, BundleError>) -> Result<Place, BundleError> {
    let proof = TlogProof::around(&proof.join("\n"))?;
    let head = check(&proof.checkpoint)?;
    let under = head.checkpoint();
    merkle::verify_inclusion(&merkle::leaf_hash(text), proof.index, under.size, &proof.hashes, &under.root).map_err(ProofError::from)?;
    Ok(Place { index: proof.index, head })
}
