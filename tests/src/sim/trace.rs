//! A hash over everything that happened, in order; and the same as text for people.

use std::fmt::Arguments;

use sha2::{Digest, Sha256};

/// Collects what happens.
#[derive(Debug)]
pub(super) struct Trace {
    hash: Sha256,
    events: u64,
    text: bool,
}

impl Trace {
    pub(super) fn new(text: bool) -> Self {
        Self { hash: Sha256::new(), events: 0, text }
    }

    /// One event: its time, its kind and what tells it from others of its kind.
    pub(super) fn note(&mut self, at: u64, kind: &str, parts: &[u64]) {
        self.events += 1;
        self.hash.update(at.to_le_bytes());
        self.hash.update(kind.as_bytes());
        for part in parts {
            self.hash.update(part.to_le_bytes());
        }
    }

    /// Says it in words where somebody listens.
    pub(super) fn say(&self, at: u64, words: Arguments<'_>) {
        if self.text {
            eprintln!("{:>7}.{:03} {words}", at / 1000, at % 1000);
        }
    }

    pub(super) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn finish(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}
