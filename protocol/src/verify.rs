//! The one verifier: behind the command line and the API (design, decision 10).
//!
//! It takes one file and what the reader trusts, and answers with one of eight outcomes and what that rests on. It
//! has no network and no clock: the date asked for is an argument.

pub mod fork;
mod steps;
mod verdict;

use std::collections::BTreeMap;

use crate::charter::Chain;
use crate::id::Fingerprint;
use crate::time::Timestamp;

pub use verdict::{Cause, Check, Facts, Federation, Outcome, Rekeyed, Verdict};

/// Which federations the reader trusts, and how far their charters are known.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    pins: Vec<Fingerprint>,
    chains: BTreeMap<Fingerprint, Chain>,
}

impl Trust {
    /// Trusts exactly these; with none, no verdict is ever *valid*.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self { pins: pins.into_iter().collect(), chains: BTreeMap::new() }
    }

    /// Trusts these federations and remembers the versions of their charters: a file that knows fewer is judged by what is
    /// remembered, and one that follows another version is not believed (protocol, "Verifying").
    #[must_use]
    pub fn in_chains(chains: impl IntoIterator<Item = Chain>) -> Self {
        let chains: BTreeMap<_, _> = chains.into_iter().map(|chain| (*chain.fingerprint(), chain)).collect();
        Self { pins: chains.keys().copied().collect(), chains }
    }

    /// Trusts these federations as well, of whose charters nothing is remembered.
    #[must_use]
    pub fn and(mut self, pins: impl IntoIterator<Item = Fingerprint>) -> Self {
        self.pins.extend(pins);
        self
    }

    fn pinned(&self, fingerprint: &Fingerprint) -> Option<bool> {
        (!self.pins.is_empty()).then(|| self.pins.contains(fingerprint))
    }

    /// The longer one of the file's chain and the one remembered.
    ///
    /// # Errors
    /// The first version in which they differ.
    fn newest(&self, chain: Chain) -> Result<Chain, u32> {
        match self.chains.get(chain.fingerprint()) {
            None => Ok(chain),
            Some(known) => match chain.parts_from(known) {
                Some(version) => Err(version),
                // Of the longer one, with the votes of both: more of them may say that a log ended later.
                None => {
                    let (longer, other) = if known.newest().version > chain.newest().version { (known, &chain) } else { (&chain, known) };
                    let votes = other.amendments().flat_map(|amendment| &amendment.votes);
                    Ok(longer.with_votes(votes).unwrap_or_else(|| longer.clone()))
                }
            },
        }
    }
}

/// The verdict on a label file at the date `at`. Never fails: whatever the bytes are, there is a verdict.
#[must_use]
pub fn verify(file: &[u8], trust: &Trust, at: Timestamp) -> Verdict {
    steps::run(file, trust, at)
}
