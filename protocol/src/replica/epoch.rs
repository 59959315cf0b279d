//! Epochs: a log whose owner lost track of what it had signed, or whose key was stolen, goes on in a new one. All of them are one
//! tree; a head belongs to one of them (protocol, "Epoch").

use std::sync::Arc;

use super::state::{HeldHead, LogState};
use super::{Change, Effect, Replica, Write, recovery, witness};
use crate::check::{CheckedFork, CheckedHead, CheckedSpan};
use crate::id::{AgencyId, LogId};
use crate::log::merkle;
use crate::message::Request;
use crate::record::Epoch;

/// The best head of an epoch that the records held have not come to.
#[derive(Debug, Clone)]
pub(super) struct Successor {
    pub(super) epoch: u32,
    pub(super) held: HeldHead,
}

impl LogState {
    /// The epoch that the records held have come to.
    pub(super) fn epoch(&self) -> u32 {
        self.epochs.last().map_or(1, |(_, number)| *number)
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
    let (epoch, size) = (head.epoch(), head.checkpoint().size);
    let mut new = true;
    match &mut state.successor {
        Some(known) if (known.epoch, known.held.size()) == (epoch, size) => {
            if known.held.signed.checkpoint().root != head.checkpoint().root {
                if let Some(fork) = CheckedFork::between(&known.held.signed, head) {
                    witness::fork(replica, &fork, out);
                }
                return false;
            }
            new = known.held.merge(head.cosignatures());
        }
        Some(known) if known.epoch > epoch => return false,
        Some(known) if known.epoch == epoch && known.held.size() > size => new = false,
        successor => {
            let mut held = HeldHead::new(head.signed());
            held.merge(head.cosignatures());
            *successor = Some(Successor { epoch, held });
        }
    }
    state.source(from);
    if new {
        replica.touched.insert(log.clone());
    }
    abandon(replica, &log, from, false, out);
    true
}

/// An epoch record that became part of a log: what follows is of that epoch, and heads of earlier ones say no more.
pub(super) fn open(replica: &mut Replica, log: &LogId, index: u64, opening: Epoch) {
    let state = replica.logs.entry(log.clone()).or_default();
    if opening.number <= state.epoch() {
        return;
    }
    state.epochs.push((index, opening.number));
    state.heads.clear();
    state.doubtful = None;
    if let Some(successor) = state.successor.take_if(|successor| successor.epoch <= opening.number)
        && successor.epoch == opening.number
    {
        state.heads.insert(successor.held.size(), successor.held);
    }
    // A witness goes on only from where it had come to.
    state.promised = None;
    state.barred = state.cosigned.is_some_and(|(size, _)| size > index);
    if state.settled > index {
        // Two quorums that contradict each other: more members lie than may.
        state.freeze();
        replica.later(Change::Frozen { log: log.clone() });
    }
    Arc::make_mut(&mut replica.book).cut(log, index);
    replica.later(Change::Epoch { log: log.clone() });
}

/// A log whose later epoch may begin below what is held of the earlier one: `contradicted` says that the records held were seen
/// not to lead to the later head. What is held is given up, and the log is pulled anew, once a head of the later epoch has its
/// quorum; or, of what we have not cosigned, once the later epoch is known to hold all that we have.
pub(super) fn abandon(replica: &mut Replica, log: &LogId, from: &AgencyId, contradicted: bool, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.get(log) else { return };
    let Some(successor) = &state.successor else { return };
    let have = state.frontier.size();
    let ours = log.agency == replica.me && !recovery::yields(replica, log);
    if state.frozen || ours || !(contradicted || successor.held.size() <= have) {
        return;
    }
    let times = successor.held.cosignatures.iter().map(|(witness, cosignature)| (witness.clone(), cosignature.time));
    let final_later = witness::witnesses(replica, log, have).tally(times).reached();
    match state.cosigned {
        Some((size, _)) if !final_later => {
            if size < have && size > 0 {
                let request = Request::Range { log: log.clone(), start: size - 1, count: 1 };
                out.push(Effect::Ask { to: from.clone(), request });
            }
        }
        _ => give_up(replica, log, out),
    }
}

/// Whether a span proves that its head, of a later epoch, holds all that we cosigned: an answer to the question of [`abandon`].
pub(super) fn holds_what_we_cosigned(state: &LogState, span: &CheckedSpan, end: u64) -> bool {
    let head = span.head().checkpoint();
    span.head().epoch() > state.epoch()
        && state.cosigned.is_some_and(|(size, root)| {
            size == end
                && size < state.frontier.size()
                && merkle::verify_consistency(size, head.size, span.proof(), &root, &head.root).is_ok()
        })
}

/// Forgets a log but for what it takes to pull it anew, and for what we cosigned.
pub(super) fn give_up(replica: &mut Replica, log: &LogId, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.remove(log) else { return };
    let fresh = LogState {
        settled: state.settled.max(state.final_size),
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
    replica.touched.insert(log.clone());
    replica.later(Change::Epoch { log: log.clone() });
}
