//! The chain of charter versions, from the founding document on.

use serde::{Deserialize, Serialize};

use super::{Charter, CharterError};
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::{KeyError, Purpose, Signature};
use crate::limits;

/// A founder's signature over version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingSignature {
    /// Who.
    pub agency: AgencyId,
    /// By its identity key, purpose `charter`.
    pub signature: Signature,
}

/// Version 1 with the signatures of all its founders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The founding document.
    pub charter: Charter,
    /// One of each founder.
    pub signatures: Vec<FoundingSignature>,
}

/// A verified chain. The only way to make one is [`Chain::verify`], so holding one is proof that every version
/// was agreed to. Amendments will extend it; today it has one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    founding: Founding,
    fingerprint: Fingerprint,
}

/// Why a chain was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A link is wrong.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// It starts from another federation's founding document.
    #[error("this is the charter of federation {found}, not of {expected}")]
    OtherFederation {
        /// The chain's own fingerprint.
        found: Fingerprint,
        /// The one pinned.
        expected: Fingerprint,
    },
}

impl Founding {
    /// Reads a founding document as people pass it on (any spacing).
    ///
    /// # Errors
    /// When the text is not of this shape; signatures are checked by [`Chain::verify`].
    pub fn read(text: &[u8]) -> Result<Self, CharterError> {
        Ok(canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)?)
    }
}

impl Chain {
    /// Checks the founding document: its rules, and one signature of every founder.
    ///
    /// # Errors
    /// [`ChainError::Charter`].
    pub fn verify(founding: Founding) -> Result<Self, ChainError> {
        let charter = &founding.charter;
        charter.check()?;
        let text = charter.to_text()?;
        let fingerprint = Fingerprint(Hash::of(&[&text]));
        if charter.version != 1 {
            return Err(CharterError::Version { version: charter.version, previous: charter.previous.is_some() }.into());
        }
        let mut missing: std::collections::BTreeSet<_> = charter.members.iter().map(|member| member.id.clone()).collect();
        for FoundingSignature { agency, signature } in &founding.signatures {
            let member = charter.member(agency).ok_or_else(|| CharterError::NotAMember(agency.clone()))?;
            let wrong = |cause: KeyError| CharterError::Signature { agency: agency.clone(), cause };
            member.identity.verify(Purpose::Charter, &fingerprint, &text, signature).map_err(wrong)?;
            missing.remove(agency);
        }
        if !missing.is_empty() {
            return Err(CharterError::Unsigned(missing.into_iter().collect()).into());
        }
        Ok(Self { founding, fingerprint })
    }

    /// The same, and the fingerprint must be the pinned one.
    ///
    /// # Errors
    /// [`ChainError::OtherFederation`] before any signature is looked at, else as [`Chain::verify`].
    pub fn verify_pinned(founding: Founding, expected: &Fingerprint) -> Result<Self, ChainError> {
        let found = Fingerprint(founding.charter.hash()?);
        if found != *expected {
            return Err(ChainError::OtherFederation { found, expected: *expected });
        }
        Self::verify(founding)
    }

    /// The federation's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The founding document with its signatures.
    #[must_use]
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// The charter of that version.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Charter> {
        (version == self.founding.charter.version).then_some(&self.founding.charter)
    }

    /// The newest version.
    #[must_use]
    pub fn newest(&self) -> &Charter {
        &self.founding.charter
    }
}
