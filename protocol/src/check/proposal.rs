//! Foreign texts about the charter: proposals of its next version, and versions that have taken effect elsewhere.

use super::KeyBook;
use crate::canonical::{self, CanonicalError};
use crate::charter::{Amendment, Chain, ChainError, Charter, CharterError};
use crate::id::Hash;
use crate::limits;
use crate::message::VERSIONS;

/// Why a text about the charter was refused. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// Not canonical, or not of this shape.
    #[error("not a version of the charter: {0}")]
    Canonical(#[from] CanonicalError),
    /// The text breaks a rule that holds whatever it follows.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A version does not follow the one before.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Another text than the one asked for.
    #[error("another text than the one asked for")]
    Other,
    /// More votes than the text has members, or more versions than one answer may carry.
    #[error("more votes or versions than there can be")]
    TooMany,
}

/// A text of the charter's next version, with votes of those who would become members. What it follows and whether the votes
/// count depends on the charter in effect, which the state machine knows.
#[derive(Debug, Clone)]
pub struct CheckedProposal {
    hash: Hash,
    bytes: Vec<u8>,
    amendment: Amendment,
}

impl CheckedProposal {
    /// Hash of the charter's text.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Canonical text of all of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text and the votes that came with it.
    #[must_use]
    pub fn amendment(&self) -> &Amendment {
        &self.amendment
    }

    /// The text and the votes that came with it.
    #[must_use]
    pub fn into_amendment(self) -> Amendment {
        self.amendment
    }
}

/// Reads a proposal strictly.
///
/// # Errors
/// [`ProposalError`] but for `Chain`.
pub fn proposal(bytes: Vec<u8>) -> Result<CheckedProposal, ProposalError> {
    let amendment: Amendment = canonical::decode(&bytes, limits::AMENDMENTS_BYTES)?;
    let text = amendment.charter.to_text()?;
    Charter::read(&text)?;
    if amendment.votes.len() > amendment.charter.members.len() {
        return Err(ProposalError::TooMany);
    }
    Ok(CheckedProposal { hash: Hash::of(&[&text]), bytes, amendment })
}

/// Reads versions that follow each other, and checks them against the chain known here. Those known already are skipped; where
/// one contradicts a version known here, the answer is the other chain up to that version.
///
/// # Errors
/// [`ProposalError`]; the first one found.
pub fn chain(book: &KeyBook, texts: &[Vec<u8>]) -> Result<Chain, ProposalError> {
    if texts.len() > VERSIONS {
        return Err(ProposalError::TooMany);
    }
    let mut chain = Chain::clone(book.chain());
    for text in texts {
        let amendment: Amendment = canonical::decode(text, limits::AMENDMENTS_BYTES)?;
        let version = amendment.charter.version;
        match chain.version(version) {
            Some(known) if *known == amendment.charter => {}
            Some(_) => return Ok(chain.up_to(version.saturating_sub(1)).extend(amendment)?),
            None => chain = chain.extend(amendment)?,
        }
    }
    Ok(chain)
}
