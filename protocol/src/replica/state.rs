//! What is remembered of one log.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::epoch::Successor;
use crate::charter::Vote;
use crate::check::{CheckedHead, CheckedSpan, Cosignature};
use crate::id::{AgencyId, Hash};
use crate::limits;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::fork::ForkProof;
use crate::log::merkle::Frontier;
use crate::log::quorum::{Tally, Witnesses};
use crate::time::Timestamp;

/// Heads below the newest that still wait for their quorum: cosignatures trickle in behind a growing log.
const WAITING_HEADS: usize = 8;

/// Seconds by which a cosignature of a head that has its quorum must be newer than the one before to say anything: who repeats it
/// more often is not listened to.
pub(super) const RENEWED: u64 = 12 * 3600;

/// In place of the epoch of a fork, for a log that is frozen for an untrue status: no word of the members changes what it said.
pub(super) const UNTRUE: u32 = u32::MAX;

/// Members remembered as having more of a log.
const SOURCES: usize = 8;

/// A head with the cosignatures gathered for it.
#[derive(Debug, Clone)]
pub(super) struct HeldHead {
    pub(super) signed: SignedCheckpoint,
    pub(super) cosignatures: BTreeMap<AgencyId, Cosignature>,
    /// Both derived from the cosignatures, which change far less often than they are asked for.
    digest: u16,
    note: OnceLock<String>,
}

impl HeldHead {
    pub(super) fn new(signed: &SignedCheckpoint) -> Self {
        // Lines by unknown keys are not kept: a note full of them would have no room for those that count.
        Self { signed: signed.bare(), cosignatures: BTreeMap::new(), digest: 0, note: OnceLock::new() }
    }

    /// How many records it covers.
    pub(super) fn size(&self) -> u64 {
        self.signed.checkpoint().size
    }

    /// Those cosignatures that vouch for this head half a day longer than what is known.
    pub(super) fn newer(&self, others: &BTreeMap<AgencyId, Cosignature>, witnesses: &Witnesses) -> BTreeMap<AgencyId, Cosignature> {
        let known = |witness: &AgencyId| self.last(witness, witnesses);
        let is_newer = |witness: &AgencyId, new: &Cosignature| known(witness).is_none_or(|known| new.time >= known.plus(RENEWED));
        others.iter().filter(|(witness, new)| is_newer(witness, new)).map(|(witness, new)| (witness.clone(), new.clone())).collect()
    }

    /// When this witness cosigned it last; where it has not, until when it was surely the newest.
    pub(super) fn last(&self, witness: &AgencyId, witnesses: &Witnesses) -> Option<Timestamp> {
        let own = self.cosignatures.get(witness).map(|known| known.time);
        own.or_else(|| self.fresh_as_of(witnesses))
    }

    /// Until when it was surely the newest, once it has its quorum.
    pub(super) fn fresh_as_of(&self, witnesses: &Witnesses) -> Option<Timestamp> {
        self.tally(witnesses).fresh_as_of()
    }

    /// Its cosignatures, counted.
    pub(super) fn tally(&self, witnesses: &Witnesses) -> Tally {
        witnesses.tally(self.cosignatures.iter().map(|(witness, line)| (witness.clone(), line.time)))
    }

    /// The note with every cosignature gathered.
    pub(super) fn note(&self) -> &str {
        self.note.get_or_init(|| {
            let mut note = self.signed.to_string();
            for cosignature in self.cosignatures.values() {
                let line = format!("{}\n", cosignature.line);
                // A full note has room for a quorum: that needs fewer lines than there are members.
                if note.len() + line.len() <= limits::NOTE_BYTES {
                    note.push_str(&line);
                }
            }
            note
        })
    }

    fn insert(&mut self, witness: &AgencyId, cosignature: Cosignature) -> bool {
        let new = self.cosignatures.insert(witness.clone(), cosignature).is_none();
        if new {
            let hash = Hash::of(&[witness.as_str().as_bytes()]);
            self.digest ^= u16::from_be_bytes([hash.0[0], hash.0[1]]);
        }
        self.note = OnceLock::new();
        new
    }

    /// Adds cosignatures; an agency's newest counts. True when something was new.
    pub(super) fn merge(&mut self, others: &BTreeMap<AgencyId, Cosignature>) -> bool {
        let mut grown = false;
        for (witness, cosignature) in others {
            if self.cosignatures.get(witness).is_none_or(|known| known.time < cosignature.time) {
                grown |= self.insert(witness, cosignature.clone());
            }
        }
        grown
    }
}

/// To cosign nothing more of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// Not yet on disk.
    Made,
    /// On disk.
    Kept,
}

/// A range that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) from: AgencyId,
    pub(super) count: u64,
    pub(super) deadline: Timestamp,
}

/// A span that came before what precedes it.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) from: AgencyId,
    pub(super) span: CheckedSpan,
    /// Whether it answers a question of ours. Anybody can send the others, so they get little room.
    pub(super) asked: bool,
}

/// What two holders of one head with its quorum have in common, whoever cosigned it. No set of cosigners has it.
const SETTLED: u16 = u16::MAX;

/// Everything about one log but its records, which are in the store.
#[derive(Debug, Default)]
pub(super) struct LogState {
    /// The tree over all records held.
    pub(super) frontier: Frontier,
    /// Verified heads by size: the newest, those that wait for a quorum, and two that are ahead of the records.
    pub(super) heads: BTreeMap<u64, HeldHead>,
    /// Size of the largest head that has its quorum.
    pub(super) final_size: u64,
    /// Epochs after the first one, each with the index of the record that began it.
    pub(super) epochs: Vec<(u64, u32)>,
    /// The best head of an epoch that the records held have not come to.
    pub(super) successor: Option<Successor>,
    /// Of records that were given up for a later epoch, those that a quorum had cosigned: no honest one goes back below.
    pub(super) settled: u64,
    /// We told its owner what we saw last of this epoch, and cosign nothing more of it.
    pub(super) promised: Option<Promise>,
    /// The log came back without what we cosigned of it: we cosign nothing in an epoch that begins so.
    pub(super) strayed: bool,
    /// This epoch began below a head of an earlier one that we cosigned: we cosign nothing in it.
    pub(super) barred: bool,
    /// Charter versions that the log adopted, with the index of each record. Each rules what follows it.
    pub(super) adopted: Vec<(u64, u32)>,
    /// How many cosignatures no quorum does without, once that was counted; forgotten when a version is adopted.
    pub(super) needed: OnceLock<usize>,
    /// The head that we cosigned last: never another of its size, never a smaller one.
    pub(super) cosigned: Option<(u64, Hash)>,
    /// The note of the head that we cosigned last, with our line: what a vote about this log names.
    pub(super) last_cosigned: Option<String>,
    /// Votes on versions of the charter to come, and pairs that contradict each other, with their index.
    pub(super) votes: Vec<(u64, Vote)>,
    /// The latest version of the charter that its agency voted on with its identity key: nobody who has lost that does.
    pub(super) voted: u32,
    /// What comes next adopts this version of the charter, which is not known here: nothing behind it is taken yet.
    pub(super) stalled: Option<u32>,
    /// It told two stories, or an untrue status: nothing more is taken from it.
    pub(super) frozen: bool,
    /// Key set and epoch of what it was frozen for; [`UNTRUE`] in place of the epoch for a status.
    pub(super) frozen_by: (u32, u32),
    /// The proof of the two stories.
    pub(super) evidence: Option<Box<ForkProof>>,
    /// A head that contradicts the records held, until there is a head of ours to prove it with.
    pub(super) doubtful: Option<(AgencyId, CheckedHead)>,
    /// Index of the newest status record, and whether the labels changed since.
    pub(super) status: Option<u64>,
    pub(super) status_due: bool,
    /// Key sets with their index, as signed.
    pub(super) keysets: Vec<(u64, crate::keys::SignedKeySet)>,
    /// Ranges asked for, by their first index.
    pub(super) pulls: BTreeMap<u64, Pull>,
    /// Spans that came before what precedes them.
    pub(super) early: BTreeMap<u64, Early>,
    /// Who is known to have more of it.
    pub(super) sources: Vec<AgencyId>,
    /// Who failed to give it, and until when nothing of it is asked of them.
    pub(super) failed: BTreeMap<AgencyId, Timestamp>,
    /// Our own records that were not announced yet, from this index.
    pub(super) unannounced: Vec<Vec<u8>>,
}

impl LogState {
    /// The newest head whose records are all here.
    pub(super) fn current(&self) -> Option<&HeldHead> {
        self.heads.get(&self.frontier.size())
    }

    /// Differs between two sets of cosigners (but for one chance in 32,768, and others are asked too) as long as the
    /// quorum is open; then it matters no more who else cosigned.
    pub(super) fn digest(&self) -> u16 {
        let size = self.frontier.size();
        if self.final_size == size && size > 0 { SETTLED } else { self.current().map_or(0, |held| held.digest >> 1) }
    }

    /// The charter record that rules what stands at `index`, and the head of that size: where it stands, which version.
    pub(super) fn ruling(&self, index: u64) -> Option<(u64, u32)> {
        self.adopted.iter().rev().find(|(at, _)| *at < index).copied()
    }

    /// The size to reach: that of the largest verified head of the newest epoch known.
    pub(super) fn target(&self) -> u64 {
        self.largest().map_or(0, HeldHead::size)
    }

    /// Remembers who has more of it than is held.
    pub(super) fn source(&mut self, from: &AgencyId) {
        self.sources.retain(|source| source != from);
        self.sources.insert(0, from.clone());
        self.sources.truncate(SOURCES);
    }

    /// Keeps a verified head, or adds its cosignatures to the one held. True when anything was new. One that has its quorum
    /// is not for this: [`super::witness::renew`].
    pub(super) fn hold(&mut self, head: &CheckedHead) -> bool {
        let size = head.checkpoint().size;
        if self.is_final(size) {
            return false;
        }
        let new = !self.heads.contains_key(&size);
        let held = self.heads.entry(size).or_insert_with(|| HeldHead::new(head.signed()));
        let grown = held.merge(head.cosignatures());
        self.prune();
        new || grown
    }

    /// Whether the head of this size is held and has its quorum, as the newest one that has.
    pub(super) fn is_final(&self, size: u64) -> bool {
        size == self.final_size && self.heads.contains_key(&size)
    }

    /// Takes nothing more.
    pub(super) fn freeze(&mut self) {
        self.frozen = true;
        self.pulls.clear();
        self.early.clear();
    }

    /// Forgets heads that nothing waits for.
    pub(super) fn prune(&mut self) {
        let size = self.frontier.size();
        // The nearest and the farthest: a head that nobody can lead to must not keep others from being reached.
        let ahead: Vec<u64> = self.heads.range(size + 1..).map(|(at, _)| *at).collect();
        for at in ahead.iter().rev().skip(1).rev().skip(1) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::id::{Fingerprint, LogId};
    use crate::keys::SecretKey;
    use crate::log::checkpoint::Checkpoint;

    /// Seed 118 of an earlier simulation: a node one cosignature short of the quorum, whose digest happened to be the
    /// mark of those who had it, was told nothing by any of them.
    #[test]
    fn no_set_of_cosigners_looks_like_a_quorum() {
        let mut frontier = Frontier::default();
        frontier.push_leaf(Hash::of(&[b"a record"]));
        let log = LogId::first("agency-1".parse().unwrap());
        let head = Checkpoint { origin: log.origin(&Fingerprint(Hash::of(&[]))), size: 1, root: frontier.root() };
        let mut held = HeldHead::new(&SignedCheckpoint::sign(&head, &SecretKey::from_seed(&[1; 32])).unwrap());
        for digest in [0, SETTLED - 1, SETTLED] {
            held.digest = digest;
            let open = LogState { frontier: frontier.clone(), heads: [(1, held.clone())].into(), ..LogState::default() };
            assert_ne!(open.digest(), SETTLED, "{digest}");
            let settled = LogState { final_size: 1, ..open };
            assert_eq!(settled.digest(), SETTLED);
        }
    }
}
