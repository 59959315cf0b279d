//! The file itself: JSON in any spacing when read, canonical when written.

use serde::{Deserialize, Serialize};

use super::{ForkFileError, VERSION};
use crate::canonical::{self, CanonicalError, Value};
use crate::charter::{Amendment, Chain, ChainText, Founding};
use crate::keys::SignedKeySet;
use crate::label::bundle::PlacedKeySet;
use crate::limits;
use crate::log::fork::{ForkEvidence, ForkProof};

/// The `type` of the file.
pub const KIND: &str = "parangon-fork";

/// What an outsider needs to see that a log told two stories. Nothing of it is checked before [`super::examine`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkFile {
    /// [`KIND`].
    pub r#type: String,
    /// 1.
    pub v: u32,
    /// The charter with its founders' signatures.
    pub founding: Founding,
    /// Every later version of the charter, with the votes that made it one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Amendment>,
    /// The key set that the log begins with: its log key signed both heads.
    pub keyset: SignedKeySet,
    /// Key sets of the other members: whose cosignatures the heads have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<PlacedKeySet>,
    /// The lines of the smaller head's signed note (texts here hold no line ends).
    pub first: Vec<String>,
    /// The lines of the other head's signed note.
    pub second: Vec<String>,
    /// What shows that the heads contradict each other.
    pub evidence: ForkEvidence,
    /// The lines of the largest head that had its quorum, where the maker of the file knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Vec<String>>,
}

fn lines(note: &str) -> Vec<String> {
    note.split('\n').map(str::to_owned).collect()
}

impl ForkFile {
    /// A file about the log that begins with `keyset`. The notes of `proof` may carry cosignatures.
    #[must_use]
    pub fn new(chain: &Chain, keyset: SignedKeySet, witnesses: Vec<PlacedKeySet>, proof: &ForkProof, settled: Option<&str>) -> Self {
        let ChainText { founding, amendments } = chain.to_text();
        Self {
            r#type: KIND.to_owned(),
            v: VERSION,
            founding,
            amendments,
            keyset,
            witnesses,
            first: lines(&proof.first),
            second: lines(&proof.second),
            evidence: proof.evidence.clone(),
            settled: settled.map(lines),
        }
    }

    /// Whether the input says that it is such a file, be it damaged or not.
    #[must_use]
    pub fn claimed(text: &[u8]) -> bool {
        match Value::read(text, limits::DOCUMENT_BYTES) {
            Ok(value) => value.get("type").and_then(Value::as_text) == Some(KIND),
            Err(CanonicalError::TooLarge { .. }) => false,
            Err(_) => text.windows(KIND.len()).any(|window| window == KIND.as_bytes()),
        }
    }

    /// Reads a file as people pass it on (any spacing and key order).
    ///
    /// # Errors
    /// [`ForkFileError::TooLarge`], [`ForkFileError::NotEvidence`] or [`ForkFileError::Damaged`].
    pub fn read(text: &[u8]) -> Result<Self, ForkFileError> {
        if text.len() > limits::DOCUMENT_BYTES {
            return Err(ForkFileError::TooLarge);
        }
        if !Self::claimed(text) {
            return Err(ForkFileError::NotEvidence);
        }
        canonical::decode_relaxed(text, limits::DOCUMENT_BYTES).map_err(ForkFileError::Damaged)
    }

    /// Its text: canonical JSON.
    ///
    /// # Errors
    /// When a part cannot be written, or all of it is too large.
    pub fn to_text(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::encode(self, limits::DOCUMENT_BYTES)
    }

    pub(super) fn chain(&self) -> ChainText {
        ChainText { founding: self.founding.clone(), amendments: self.amendments.clone() }
    }

    /// The two heads and what shows that they contradict each other, unchecked: [`crate::check::fork`] checks it against known keys.
    #[must_use]
    pub fn proof(&self) -> ForkProof {
        ForkProof { first: self.first.join("\n"), second: self.second.join("\n"), evidence: self.evidence.clone() }
    }

    pub(super) fn settled(&self) -> Option<String> {
        self.settled.as_ref().map(|lines| lines.join("\n"))
    }
}
