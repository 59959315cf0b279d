//! The one verifier: behind the command line, the API and the page (design, decision 10).
//!
//! It takes one file and what the reader trusts, and answers with one of eight outcomes and what that rests on. It
//! has no network and no clock: the date asked for is an argument.

mod steps;
mod verdict;

use crate::id::Fingerprint;
use crate::time::Timestamp;

pub use verdict::{Cause, Check, Facts, Outcome, Verdict};

/// Which federations the reader trusts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    pins: Vec<Fingerprint>,
}

impl Trust {
    /// Trusts exactly these; with none, no verdict is ever *valid*.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self { pins: pins.into_iter().collect() }
    }

    fn pinned(&self, fingerprint: &Fingerprint) -> Option<bool> {
        (!self.pins.is_empty()).then(|| self.pins.contains(fingerprint))
    }
}

/// The verdict on a label file at the date `at`. Never fails: whatever the bytes are, there is a verdict.
#[must_use]
pub fn verify(file: &[u8], trust: &Trust, at: Timestamp) -> Verdict {
    steps::run(file, trust, at)
}
