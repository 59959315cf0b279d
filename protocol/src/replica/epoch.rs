//! Epochs: a log whose owner lost track of what it had signed, or whose key was stolen, goes on in a new one. All of them are one
//! tree; a head belongs to one of them (protocol, "Epoch").

use std::sync::Arc;

use super::recovery::Recovery;
use super::state::{HeldHead, LogState};
use super::{Change, Deferred, Effect, Replica, Write, recovery, register, sync, witness};
use crate::check::{CheckedFork, CheckedHead, CheckedRecord, CheckedSpan};
use crate::id::{AgencyId, Hash, LogId};
use crate::keys::SignedKeySet;
use crate::log::merkle;
use crate::message::Request;
use crate::record::Epoch;
use crate::time::Timestamp;

/// The best head of an epoch that the records held have not come to.
#[derive(Debug, Clone)]
pub(super) struct Successor {
    /// The key set that brought the key which signed it, and the epoch.
    pub(super) rank: (u32, u32),
    pub(super) held: HeldHead,
}

/// How far the number of an epoch may be above the one before: a gap of 16 random bits, and room. Otherwise who had the key once
/// could use the numbers up.
pub(super) const NUMBERS: u32 = 1 << 17;

impl LogState {
    /// The epoch that the records held have come to.
    pub(super) fn epoch(&self) -> u32 {
        self.epochs.last().map_or(1, |(_, number)| *number)
    }

    /// The epoch before that one.
    pub(super) fn former_epoch(&self) -> u32 {
        self.epochs.iter().rev().nth(1).map_or(1, |(_, number)| *number)
    }

    /// The newest epoch that is known.
    pub(super) fn newest_epoch(&self) -> u32 {
        self.successor.as_ref().map_or(self.epoch(), |successor| successor.rank.1)
    }

    /// The key set that the present log key comes from, and the epoch that the records held have come to.
    pub(super) fn rank(&self) -> (u32, u32) {
        (self.epoch_set().map_or(1, |set| set.body.number), self.epoch())
    }

    /// Of the heads known, those of the latest key and epoch.
    pub(super) fn newest_rank(&self) -> (u32, u32) {
        self.successor.as_ref().map_or(self.rank(), |successor| successor.rank.max(self.rank()))
    }

    /// Whether its head claims an epoch that its records do not begin: which one.
    pub(super) fn claims_in_vain(&self) -> Option<(u32, u32)> {
        let covers = |successor: &&Successor| {
            let head = successor.held.signed.checkpoint();
            successor.rank > self.rank() && (head.size, head.root) == (self.frontier.size(), self.frontier.root())
        };
        self.successor.as_ref().filter(covers).map(|successor| successor.rank)
    }

    /// The key set that the present log key comes from, where it is not that of the log's beginning.
    pub(super) fn epoch_set(&self) -> Option<&SignedKeySet> {
        let begins = |index: &u64| self.epochs.iter().any(|(at, _)| at == index);
        self.keysets.iter().rev().find(|(index, _)| begins(index)).map(|(_, set)| set)
    }

    /// Whether nothing more of the present epoch is cosigned: a later one is known, or will be.
    pub(super) fn leaving(&self) -> bool {
        self.successor.is_some() || self.promised.is_some()
    }

    /// The largest head of the newest epoch that is known.
    pub(super) fn largest(&self) -> Option<&HeldHead> {
        self.successor.as_ref().map(|successor| &successor.held).or_else(|| self.heads.values().next_back())
    }
}

/// Keeps a head of a later epoch: its records are pulled like any others. False for one that is of no use.
pub(super) fn succeed(replica: &mut Replica, from: &AgencyId, head: &CheckedHead, out: &mut Vec<Effect>) -> bool {
    let log = head.log().clone();
    let state = replica.logs.entry(log.clone()).or_default();
    let (rank, size) = (head.rank(), head.checkpoint().size);
    let mut new = true;
    match &mut state.successor {
        Some(known) if (known.rank, known.held.size()) == (rank, size) => {
            if known.held.signed.checkpoint().root != head.checkpoint().root {
                if let Some(fork) = CheckedFork::between(&known.held.signed, head) {
                    witness::fork(replica, &fork, out);
                }
                return false;
            }
            new = known.held.merge(head.cosignatures());
        }
        Some(known) if known.rank > rank => return false,
        Some(known) if known.rank == rank && known.held.size() > size => new = false,
        successor => {
            let mut held = HeldHead::new(head.signed());
            held.merge(head.cosignatures());
            *successor = Some(Successor { rank, held });
        }
    }
    state.source(from);
    if new {
        replica.touched.insert(log.clone());
    }
    abandon(replica, &log, from, false, out);
    true
}

/// Whether the members declared the epoch over that the records held of a log have come to: nothing more of it is cosigned.
pub(super) fn is_over(replica: &Replica, log: &LogId) -> bool {
    replica.epoch(log) <= replica.book.chain().resumed(&log.agency)
}

/// Whether our own log goes on behind a fork: then our disk says what it is, and not what others were told. A disk that may lack
/// something says nothing of the kind.
pub(super) fn is_resumed(replica: &Replica) -> bool {
    replica.recovery.as_ref().is_some_and(|recovery| recovery.intact) && is_over(replica, &replica.own_log())
}

/// What logs told twice in epochs that the members declared over is held against them no more. If ours is among them we begin
/// its next epoch as after a recovery, but with all that we have.
pub(super) fn resume(replica: &mut Replica, out: &mut Vec<Effect>) {
    let chain = replica.book.chain().clone();
    for (log, state) in &mut replica.logs {
        if state.frozen && state.frozen_by.1 <= chain.resumed(&log.agency) {
            (state.frozen, state.evidence, state.doubtful) = (false, None, None);
            replica.touched.insert(log.clone());
            replica.deferred.push(Deferred::Emit(Effect::Changed(Change::Epoch { log: log.clone() })));
        }
    }
    let own = replica.own_log();
    if replica.recovery.is_some() || !replica.logs.contains_key(&own) || !is_over(replica, &own) {
        return;
    }
    replica.recovery = Some(Recovery::new(Hash::of(&[b"parangon/v1/resumption\n", &replica.settings.salt.0]), true));
    out.push(Effect::Persist(Write::Recovering));
    replica.later(Change::Recovery);
    recovery::ask(replica, replica.connected.iter().cloned(), out);
}

/// Whether an epoch is so far on that a log could begin none behind it.
pub(super) fn is_too_late(replica: &Replica, log: &LogId, epoch: u32) -> bool {
    epoch.saturating_sub(replica.epoch(log)) > NUMBERS / 2
}

/// Whether a log cannot come to an epoch: whoever has its key could else name one that is out of reach.
pub(super) fn is_out_of_reach(replica: &Replica, log: &LogId, epoch: u32) -> bool {
    epoch.saturating_sub(replica.epoch(log)) > NUMBERS
}

/// Whether an epoch record begins one: its number is larger than any before, and not out of reach.
pub(super) fn opens(state: &LogState, opening: &Epoch) -> bool {
    opening.number > state.epoch() && opening.number - state.epoch() <= NUMBERS
}

/// An epoch record that became part of a log: what follows is of that epoch, and heads of earlier ones say no more.
pub(super) fn open(replica: &mut Replica, log: &LogId, index: u64, opening: &Epoch) {
    let state = replica.logs.entry(log.clone()).or_default();
    if !opens(state, opening) {
        return;
    }
    state.epochs.push((index, opening.number));
    state.heads.clear();
    state.doubtful = None;
    // A witness goes on only from where it had come to.
    state.promised = None;
    state.barred = state.strayed || state.cosigned.is_some_and(|(size, _)| size > index);
    let contradicted = state.settled > index;
    let book = Arc::make_mut(&mut replica.book);
    book.cut(log, index);
    if let Some(set) = &opening.keyset {
        let counts = book.begin_epoch(log, index, opening.number, set).is_ok();
        register::stated(replica, log, index, set, counts);
    }
    let state = replica.logs.entry(log.clone()).or_default();
    let rank = state.rank();
    if let Some(successor) = state.successor.take_if(|successor| successor.rank <= rank)
        && successor.rank == rank
    {
        state.heads.insert(successor.held.size(), successor.held);
    }
    if contradicted {
        // Two quorums that contradict each other: more members lie than may.
        witness::freeze(replica, log, rank);
    }
    replica.later(Change::Epoch { log: log.clone() });
}

/// A log whose later epoch may begin below what is held of the earlier one: `contradicted` says that the records held were seen
/// not to lead to the later head. What is held is given up, and the log is pulled anew, once a head of the later epoch has its
/// quorum; or, of what we have not cosigned, once the later epoch is known to hold all that we have.
pub(super) fn abandon(replica: &mut Replica, log: &LogId, from: &AgencyId, contradicted: bool, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.get(log) else { return };
    let Some(successor) = &state.successor else { return };
    let have = state.frontier.size();
    if let Some(rank) = state.claims_in_vain() {
        return in_vain(replica, log, rank);
    }
    let ours = log.agency == replica.me && !recovery::yields(replica, log);
    if state.frozen || ours || !(contradicted || successor.held.size() <= have) {
        return;
    }
    let times = successor.held.cosignatures.iter().map(|(witness, cosignature)| (witness.clone(), cosignature.time));
    let final_later = witness::witnesses(replica, log, have).tally(times).reached();
    let cosigned = state.cosigned.map_or(0, |(size, _)| size);
    if final_later {
        give_up(replica, log, 0, out);
    } else if cosigned >= have || state.final_size > cosigned {
        // What was cosigned, here or by a quorum, is not given up for what nobody has confirmed.
    } else if cosigned == 0 {
        give_up(replica, log, 0, out);
    } else {
        out.push(Effect::Ask { to: from.clone(), request: Request::Range { log: log.clone(), start: cosigned - 1, count: 1 } });
    }
}

/// Whether a span proves that its head, of a later epoch, holds all that we cosigned: an answer to the question of [`abandon`].
pub(super) fn holds_what_we_cosigned(state: &LogState, span: &CheckedSpan, end: u64) -> bool {
    let head = span.head().checkpoint();
    span.head().rank() > state.rank()
        && state.cosigned.is_some_and(|(size, root)| {
            size == end
                && size < state.frontier.size()
                && state.final_size <= size
                && merkle::verify_consistency(size, head.size, span.proof(), &root, &head.root).is_ok()
        })
}

/// A head claims an epoch that its records do not begin: two stories, unless that is far away from all that can follow.
pub(super) fn in_vain(replica: &mut Replica, log: &LogId, rank: (u32, u32)) {
    if is_out_of_reach(replica, log, rank.1) {
        if let Some(state) = replica.logs.get_mut(log) {
            state.successor = None;
        }
    } else {
        witness::freeze(replica, log, rank);
    }
}

/// Forgets a log but for its first `keep` records, which are read again from the own disk, and for what it takes to pull the rest.
pub(super) fn give_up(replica: &mut Replica, log: &LogId, keep: u64, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.remove(log) else { return };
    let fresh = LogState {
        settled: state.settled.max(state.final_size),
        strayed: state.strayed,
        voted: state.voted,
        successor: state.successor,
        cosigned: state.cosigned,
        last_cosigned: state.last_cosigned,
        promised: state.promised,
        sources: state.sources,
        failed: state.failed,
        ..LogState::default()
    };
    replica.logs.insert(log.clone(), fresh);
    replica.labels.forget(log);
    out.push(Effect::Persist(Write::Forgotten { log: log.clone() }));
    if keep > 0 {
        replica.reread.push((log.clone(), keep));
    }
    replica.touched.insert(log.clone());
    replica.later(Change::Epoch { log: log.clone() });
}

/// Records of a log that was given up, read again from the own disk: from its beginning on, in their order.
pub(super) fn reread(replica: &mut Replica, now: Timestamp, log: &LogId, records: &[CheckedRecord], out: &mut Vec<Effect>) {
    let state = replica.logs.entry(log.clone()).or_default();
    let start = state.frontier.size();
    let rows = records.iter().map(|record| (record.bytes().to_vec(), state.frontier.push_leaf(*record.leaf()))).collect();
    out.push(Effect::Persist(Write::Records { log: log.clone(), start, records: rows }));
    for (record, index) in records.iter().zip(start..) {
        register::apply(replica, now, log, index, record, out);
    }
    if let Some(state) = replica.logs.get_mut(log) {
        state.final_size = state.settled.min(state.frontier.size());
    }
    replica.touched.insert(log.clone());
    sync::pull_all(replica, now, out);
}
