//! What the cores can verify strictly, and nothing else.

use std::time::Instant;

use parangon_protocol::keys::{KeyError, PublicKey, SecretKey, Signature};
use rayon::prelude::*;

use super::federation::seed;
use super::measure::cpu_seconds;

/// Signatures over 64 bytes, as a credential's are, by five keys.
pub(crate) struct Limit(Vec<(PublicKey, [u8; 64], Signature)>);

impl Limit {
    pub(crate) fn new(count: usize) -> Self {
        let keys: Vec<SecretKey> = (0..5).map(|n| SecretKey::from_seed(&seed("limit", n, 0))).collect();
        let make = |n: usize| {
            let mut message = [0; 64];
            message[..32].copy_from_slice(&seed("message", n, 0));
            let key = &keys[n % keys.len()];
            (key.public(), message, key.sign_raw(&message))
        };
        Self((0..count).into_par_iter().map(make).collect())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// One check.
    pub(crate) fn one(&self) -> Result<(), KeyError> {
        let (key, message, signature) = &self.0[0];
        key.verify_raw(message, signature)
    }

    /// Checks all of them on all cores: seconds by the clock, and of CPU.
    pub(crate) fn run(&self) -> (f64, f64) {
        let (begun, cpu) = (Instant::now(), cpu_seconds());
        self.0.par_iter().for_each(|(key, message, signature)| key.verify_raw(message, signature).expect("made here"));
        (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu)
    }
}
