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
use crate::label::bundle::Sliced;
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
        let Self { trust, at, shared } = self;
        let (text, beside, is_whole) = match carrier::look(file) {
            Ok(Found::Json(text)) => (Cow::Borrowed(text), vec![], true),
            Ok(Found::Content(Content::Bundle(text, beside))) => (text, beside, false),
            Ok(Found::Content(Content::Credential(text))) => return alone::credential(&text, trust, *at),
            Ok(Found::Content(Content::Code(digits))) => return alone::code(digits, trust, *at),
            Ok(Found::Content(Content::Proof)) => return self.stop(Outcome::CannotTell, Cause::ProofAlone),
            Err(CarrierError::TooLarge) => return self.stop(Outcome::NoLabel, Cause::TooLarge),
            Err(CarrierError::Several) => return self.stop(Outcome::CannotTell, Cause::Several),
            Err(CarrierError::Nothing) => return self.unreadable(file),
        };
        match Sliced::read(&text) {
            Ok(sliced) => steps::run(&sliced, &beside, &Asked { trust, at: *at, shared }),
            Err(_) if text.len() > limits::DOCUMENT_BYTES => self.stop(Outcome::NoLabel, Cause::TooLarge),
            Err(_) if is_whole && carrier::is_credential(&text) => alone::credential(&text, trust, *at),
            Err(_) => self.unreadable(&text),
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
