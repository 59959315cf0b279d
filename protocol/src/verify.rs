//! The one verifier: behind the command line and the API (design, decision 10).
//!
//! It takes one file and what the reader trusts, and answers with one of eight outcomes and what that rests on. It
//! has no network and no clock: the date asked for is an argument.

mod alone;
pub mod fork;
mod steps;
mod trust;
mod verdict;

use crate::carrier::{self, CarrierError, Content};
use crate::time::Timestamp;

pub use trust::{Known, Trust, TrustError, TrustFile};
pub use verdict::{Cause, Check, Facts, Federation, Outcome, Rekeyed, Verdict};

/// The verdict on a file that carries a label at the date `at`. Never fails: whatever the bytes are, there is a verdict.
#[must_use]
pub fn verify(file: &[u8], trust: &Trust, at: Timestamp) -> Verdict {
    let stop = match carrier::open(file) {
        Ok(Content::Bundle(text, beside)) => return steps::run(&text, &beside, trust, at),
        Ok(Content::Credential(text)) => return alone::credential(&text, trust, at),
        Ok(Content::Code(digits)) => return alone::code(digits, trust, at),
        Ok(Content::Proof) => (Outcome::CannotTell, Cause::ProofAlone),
        Err(CarrierError::TooLarge) => (Outcome::NoLabel, Cause::TooLarge),
        Err(CarrierError::Several) => (Outcome::CannotTell, Cause::Several),
        Err(CarrierError::Nothing) => steps::unreadable(file),
    };
    Verdict::new(stop.0, Some(stop.1), at).say()
}
