//! The one verifier: behind the command line and the API (design, decision 10).
//!
//! It takes one file and what the reader trusts, and answers with one of eight outcomes and what that rests on. It
//! has no network and no clock: the date asked for is an argument.

mod alone;
pub mod fork;
mod shared;
mod steps;
mod trust;
mod verdict;

use std::borrow::Cow;

use crate::carrier::{self, CarrierError, Content, Found};
use crate::label::bundle::{BundleError, Sliced};
use crate::limits;
use crate::time::Timestamp;

use shared::Shared;
use steps::Asked;

pub use trust::{Known, Trust, TrustError, TrustFile};
pub use verdict::{Cause, Check, Facts, Federation, Outcome, Rekeyed, Verdict};

/// The verdict on a file that carries a label at the date `at`. Never fails: whatever the bytes are, there is a verdict.
#[must_use]
pub fn verify(file: &[u8], trust: &Trust, at: Timestamp) -> Verdict {
    Verifier::new(trust, at).verify(file)
}

/// Judges many files at one date: what they have in common is checked once. The verdicts are those of [`verify`].
#[derive(Debug)]
pub struct Verifier<'a> {
    trust: &'a Trust,
    at: Timestamp,
    shared: Shared,
}

impl<'a> Verifier<'a> {
    /// For a reader that trusts these federations.
    #[must_use]
    pub fn new(trust: &'a Trust, at: Timestamp) -> Self {
        Self { trust, at, shared: Shared::default() }
    }

    /// The verdict on a file that carries a label. Never fails.
    #[must_use]
    pub fn verify(&self, file: &[u8]) -> Verdict {
        let Self { trust, at, .. } = self;
        match carrier::look(file) {
            Ok(Found::Json(text)) => self.whole(text),
            Ok(Found::Content(Content::Bundle(text, beside))) => pictured(self.bundle(&text, Sliced::read(&text), &beside)),
            Ok(Found::Content(Content::Credential(text))) => pictured(alone::credential(&text, trust, *at)),
            Ok(Found::Content(Content::Code(digits))) => pictured(alone::code(digits, trust, *at)),
            Ok(Found::Content(Content::Proof)) => self.stop(Outcome::CannotTell, Cause::ProofAlone),
            Err(CarrierError::TooLarge) => self.stop(Outcome::NoLabel, Cause::TooLarge),
            Err(CarrierError::Several) => self.stop(Outcome::CannotTell, Cause::Several),
            Err(CarrierError::Nothing) => self.unreadable(file),
        }
    }

    /// A text that is a label file, or a credential.
    fn whole(&self, text: &[u8]) -> Verdict {
        match Sliced::read(text) {
            Err(_) if text.len() <= limits::DOCUMENT_BYTES && carrier::is_credential(text) => alone::credential(text, self.trust, self.at),
            read => self.bundle(text, read, &[]),
        }
    }

    /// What was read of a text, and the credentials that lie beside it.
    fn bundle(&self, text: &[u8], read: Result<Sliced<'_>, BundleError>, beside: &[Cow<'_, [u8]>]) -> Verdict {
        match read {
            Ok(sliced) => steps::run(&sliced, beside, &Asked { trust: self.trust, at: self.at, shared: &self.shared }),
            Err(_) if text.len() > limits::DOCUMENT_BYTES => self.stop(Outcome::NoLabel, Cause::TooLarge),
            Err(_) => self.unreadable(text),
        }
    }

    fn unreadable(&self, file: &[u8]) -> Verdict {
        let (outcome, cause) = steps::unreadable(file);
        self.stop(outcome, cause)
    }

    fn stop(&self, outcome: Outcome, cause: Cause) -> Verdict {
        Verdict::new(outcome, Some(cause), self.at).say()
    }
}

/// Of a label in a picture, a document or a printed code: only what stands in it for programs was read.
fn pictured(mut verdict: Verdict) -> Verdict {
    if verdict.label.is_some() {
        verdict.not_checked.push("what is drawn or printed around the label: compare it with this");
    }
    verdict
}
