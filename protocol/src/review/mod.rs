//! The review exchange: offer, answer, dossier, review, endorsement (protocol, "Labels" and "Private messages").
//!
//! An owner offers one review to agencies that [`panel`] allows. Each declines, or accepts with a fresh key to
//! which its copy of the dossier is sealed. Its review comes back signed, with an endorsement when it supports the
//! level. Where the owner asked to comment, that review is a draft: when all are in, the owner responds once, and each
//! reviewer makes its final one. [`decision`] says whether the reviews carry the level; [`Exchange`] and [`Assignment`] keep the order on
//! the owner's and the reviewer's side. All of it stays between the two agencies: public are only hashes,
//! commitments and, in the label, the endorsements.
//!
//! Sealing (age) is the node's business: here the sealed bytes are an opaque text with a hash.

mod answer;
mod content;
pub mod decision;
mod dossier;
pub mod draw;
mod endorse;
mod envelope;
mod exchange;
pub mod history;
mod message;
mod offer;
pub mod panel;
mod part;
mod response;
mod signed;

use crate::assessment::AssessmentError;
use crate::canonical::CanonicalError;
use crate::charter::Level;
use crate::id::{AgencyId, CatalogueId, ClusterId, SchemeId};
use crate::keys::{KeyError, Purpose};
use crate::limits;

pub use answer::{Acceptance, Decline, DeclineReason, SignedAcceptance};
pub use content::{ReviewContent, SignedReview, Stage};
pub use dossier::Dossier;
pub use endorse::{EndorseError, EndorsementDraft, endorse, supports};
pub use envelope::{Envelope, EnvelopeError, SignedEnvelope};
pub use exchange::{Assignment, Event, Exchange, ExchangeError, Outcome, State};
pub use message::Message;
pub use offer::{Offer, SignedOffer};
pub use part::{PARTS_AT_ONCE, PartContent, PartPlace};
pub use response::{Differences, QUESTIONS, Question, Reply, Response, SignedResponse, differences};
pub use signed::{Signed, Statement, Verified};

/// Languages named by one offer. No agency reviews in more.
pub const LANGUAGES: usize = 8;

/// Why an offer, an answer, a dossier or a review was refused. None of them quotes confidential content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Not canonical, too large, or not of the shape of its type.
    #[error("not a review message: {0}")]
    Canonical(#[from] CanonicalError),
    /// The author's issue key did not sign it for this purpose in this federation.
    #[error("{author}'s {purpose:?} signature: {cause}")]
    Signature {
        /// Who should have signed.
        author: AgencyId,
        /// What for.
        purpose: Purpose,
        /// What is wrong.
        cause: KeyError,
    },
    /// A free text is too long.
    #[error("{field}: {chars} characters are too many")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// Characters found.
        chars: usize,
    },
    /// No language, more than [`LANGUAGES`], one twice, or a tag that BCP 47 does not allow.
    #[error("languages must be 1 to {LANGUAGES} different BCP 47 tags such as de or pt-BR")]
    Languages,
    /// A text that must say something.
    #[error("{field} says nothing")]
    Nothing {
        /// Which.
        field: &'static str,
    },
    /// Questions are numbered from 1 to [`QUESTIONS`].
    #[error("questions are numbered from 1 to {QUESTIONS}")]
    Questions,
    /// A table of differences that cannot be one.
    #[error("the differences are not those of 2 to {} reviews on one catalogue", limits::ENDORSEMENTS)]
    Differences,
    /// A review that names a response without being final.
    #[error("only a final review takes a response into account")]
    Stage,
    /// Heads out of order, one twice, or more than there can be members.
    #[error("the heads must be sorted by log, each once, and at most {}", limits::MEMBERS)]
    Heads,
    /// No commitment, more than [`draw::SELECTED`], or one twice.
    #[error("a selection names 1 to {} different commitments", draw::SELECTED)]
    Selection,
    /// More shares than there can be members.
    #[error("at most {} shares are dealt", limits::MEMBERS)]
    Shares,
    /// A question about no member of a pool, or about more than there can be.
    #[error("a question is about 1 to {} members", limits::MEMBERS)]
    Asked,
    /// A proof of a date that is larger than any can be, or of another shape.
    #[error("the proof of a date is larger than any can be, or of another shape")]
    Dated,
    /// No part, more than [`PARTS_AT_ONCE`], or one twice.
    #[error("a message asks for 1 to {PARTS_AT_ONCE} different parts")]
    Places,
    /// Not an age X25519 recipient.
    #[error("the dossier key is not an age recipient (age1…)")]
    DossierKey,
    /// The dossier key is the agency's sealing key: it could not be destroyed with the dossier.
    #[error("the dossier key must be fresh, not the agency's sealing key")]
    StandingKey,
    /// Dates that contradict each other.
    #[error("{later} lies before {earlier}")]
    Dates {
        /// What should come first.
        earlier: &'static str,
        /// What should follow.
        later: &'static str,
    },
    /// Only the agency that registered a cluster offers its reviews.
    #[error("{owner} cannot offer a review of {cluster}: another agency registered it")]
    OtherOwner {
        /// Who offers.
        owner: AgencyId,
        /// Which cluster.
        cluster: ClusterId,
    },
    /// A dossier that is not about what was offered.
    #[error("the {part} of the dossier is not the offer's")]
    OtherDossier {
        /// Which part differs.
        part: &'static str,
    },
    /// A dossier whose assessment does not fit its catalogue.
    #[error(transparent)]
    Assessment(#[from] AssessmentError),
    /// Another charter version than the one given.
    #[error("the offer stands on charter version {offer}, not on {given}")]
    OtherCharter {
        /// What the offer says.
        offer: u32,
        /// What it was compared with.
        given: u32,
    },
    /// The charter does not let this agency issue that level.
    #[error("{owner} may not issue {level} of {scheme}")]
    NoRight {
        /// Who offers.
        owner: AgencyId,
        /// Which scheme.
        scheme: SchemeId,
        /// Which level.
        level: Level,
    },
    /// The charter has no rule for that level, or another catalogue than the offer's.
    #[error("the charter has no rule for {level} of {scheme} with this version of {catalogue}")]
    NoRule {
        /// Which scheme.
        scheme: SchemeId,
        /// Which level.
        level: Level,
        /// Which catalogue.
        catalogue: CatalogueId,
    },
}

/// Counts characters, not bytes: the bound must not depend on the language.
fn bounded(field: &'static str, text: &str) -> Result<(), ReviewError> {
    let chars = text.chars().count();
    if chars > limits::TEXT_CHARS { Err(ReviewError::TooLong { field, chars }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
