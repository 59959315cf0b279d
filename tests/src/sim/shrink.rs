//! Makes a failing run shorter: leaves out steps of its plan as long as the same invariant still breaks.

use super::{Config, Federation, Outcome, run_only};

/// The steps that are still needed, and how the run with only these ends. `budget` bounds the number of runs.
#[must_use]
pub fn shrink(failed: &Outcome, config: &Config, federation: &Federation, budget: usize) -> (Vec<usize>, Outcome) {
    let invariant = failed.breach.as_ref().map(|breach| breach.invariant);
    let mut kept: Vec<usize> = (0..failed.steps).collect();
    let mut best = failed.clone();
    let mut part = kept.len().div_ceil(2);
    let mut runs = 0;
    while part > 0 && runs < budget {
        let mut at = 0;
        while at < kept.len() && runs < budget {
            let mut fewer = kept.clone();
            fewer.drain(at..(at + part).min(kept.len()));
            runs += 1;
            let outcome = run_only(failed.seed, &fewer, config, federation);
            if outcome.breach.as_ref().map(|breach| breach.invariant) == invariant {
                kept = fewer;
                best = outcome;
            } else {
                at += part;
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    (kept, best)
}
