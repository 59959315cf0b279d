//! How much a replica keeps in flight: for metrics, and for the simulation, which holds it to its bounds.

use super::Replica;

/// How much a replica keeps in flight: of each log the most, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Ranges asked for, of one log.
    pub pulls: usize,
    /// Spans that came before what precedes them, of one log.
    pub early: usize,
    /// Heads kept, of one log.
    pub heads: usize,
    /// Members remembered as having more, of one log.
    pub sources: usize,
    /// What waits for the disk.
    pub deferred: usize,
    /// Labels that wait for keys.
    pub waiting: usize,
}

impl Replica {
    /// How much is in flight: bounded, whatever others send.
    #[must_use]
    pub fn load(&self) -> Load {
        let start = Load { deferred: self.deferred.len(), waiting: self.labels.waiting(), ..Load::default() };
        self.logs.values().fold(start, |most, state| Load {
            pulls: most.pulls.max(state.pulls.len()),
            early: most.early.max(state.early.len()),
            heads: most.heads.max(state.heads.len()),
            sources: most.sources.max(state.sources.len()),
            ..most
        })
    }
}
