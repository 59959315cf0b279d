//! What is remembered of one log.

use std::collections::BTreeMap;

use crate::check::{CheckedHead, CheckedSpan, Cosignature};
use crate::id::{AgencyId, Hash};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::merkle::Frontier;
use crate::time::Timestamp;

/// Heads below the newest that still wait for their quorum: cosignatures trickle in behind a growing log.
const WAITING_HEADS: usize = 8;

/// A head with the cosignatures gathered for it.
#[derive(Debug, Clone)]
pub(super) struct HeldHead {
    pub(super) signed: SignedCheckpoint,
    pub(super) cosignatures: BTreeMap<AgencyId, Cosignature>,
}

impl HeldHead {
    pub(super) fn new(signed: SignedCheckpoint) -> Self {
        Self { signed, cosignatures: BTreeMap::new() }
    }

    /// The note with every cosignature gathered.
    pub(super) fn note(&self) -> String {
        let mut signed = self.signed.clone();
        // A note that is full keeps what it has: the quorum needs fewer lines than a note may carry.
        let _full = signed.add(self.cosignatures.values().map(|cosignature| cosignature.line.clone()));
        signed.note().to_string()
    }

    /// Adds cosignatures; an agency's newest counts. True when something was new.
    pub(super) fn merge(&mut self, others: &BTreeMap<AgencyId, Cosignature>) -> bool {
        let mut grown = false;
        for (witness, cosignature) in others {
            let known = self.cosignatures.get(witness);
            if known.is_none_or(|known| known.time < cosignature.time) {
                grown |= known.is_none();
                self.cosignatures.insert(witness.clone(), cosignature.clone());
            }
        }
        grown
    }

    /// Differs between two sets of cosigners (but for one chance in 65,536, which the next poll repairs).
    pub(super) fn digest(&self) -> u16 {
        self.cosignatures.keys().fold(0, |sum, witness| {
            let hash = Hash::of(&[witness.as_str().as_bytes()]);
            sum ^ u16::from_be_bytes([hash.0[0], hash.0[1]])
        })
    }
}

/// A range that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) from: AgencyId,
    pub(super) count: u64,
    pub(super) deadline: Timestamp,
}

/// Everything about one log but its records, which are in the store.
#[derive(Debug, Default)]
pub(super) struct LogState {
    /// The tree over all records held.
    pub(super) frontier: Frontier,
    /// Verified heads by size: the newest, those that wait for a quorum, and one that is ahead of the records.
    pub(super) heads: BTreeMap<u64, HeldHead>,
    /// Size of the largest head that has its quorum.
    pub(super) final_size: u64,
    /// The head that we cosigned last: never another of its size, never a smaller one.
    pub(super) cosigned: Option<(u64, Hash)>,
    /// It told two stories, or an untrue status: nothing more is taken from it.
    pub(super) frozen: bool,
    /// Index of the newest status record, and whether the labels changed since.
    pub(super) status: Option<u64>,
    pub(super) status_due: bool,
    /// Key sets with their index, as signed.
    pub(super) keysets: Vec<(u64, crate::keys::SignedKeySet)>,
    /// Ranges asked for, by their first index.
    pub(super) pulls: BTreeMap<u64, Pull>,
    /// Spans that came before what precedes them.
    pub(super) early: BTreeMap<u64, (AgencyId, CheckedSpan)>,
    /// Who is known to have more of it.
    pub(super) sources: Vec<AgencyId>,
    /// Our own records that were not announced yet, from this index.
    pub(super) unannounced: Vec<Vec<u8>>,
}

impl LogState {
    /// The newest head whose records are all here.
    pub(super) fn current(&self) -> Option<&HeldHead> {
        self.heads.get(&self.frontier.size())
    }

    /// The size to reach: that of the largest verified head.
    pub(super) fn target(&self) -> u64 {
        self.heads.keys().next_back().copied().unwrap_or(0)
    }

    /// Keeps a verified head, or adds its cosignatures to the one held. True when anything was new.
    pub(super) fn hold(&mut self, head: &CheckedHead) -> bool {
        let size = head.checkpoint().size;
        let new = !self.heads.contains_key(&size);
        let held = self.heads.entry(size).or_insert_with(|| HeldHead::new(head.signed().clone()));
        let grown = held.merge(head.cosignatures());
        self.prune();
        new || grown
    }

    /// Forgets heads that nothing waits for.
    pub(super) fn prune(&mut self) {
        let size = self.frontier.size();
        let ahead: Vec<u64> = self.heads.range(size + 1..).map(|(at, _)| *at).collect();
        for at in ahead.iter().rev().skip(1) {
            self.heads.remove(at);
        }
        let below: Vec<u64> = self.heads.range(..size).map(|(at, _)| *at).collect();
        for at in below.iter().rev().skip(WAITING_HEADS) {
            self.heads.remove(at);
        }
        let done = self.final_size;
        self.heads.retain(|at, _| *at >= done || *at == size);
    }
}
