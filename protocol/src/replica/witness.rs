//! Members watch members: cosigning heads that were replayed, counting quorums, keeping evidence.

use std::collections::BTreeMap;

use super::state::{LogState, RENEWED, UNTRUE};
use super::{Change, Deferred, Effect, Replica, Write, assembly, epoch};
use crate::check::{CheckedCosignature, CheckedFork, CheckedHead, Cosignature};
use crate::id::{AgencyId, LogId, witness_name};
use crate::log::cosignature;
use crate::log::quorum::{Tally, Witnesses};
use crate::message::{Gossip, Request};
use crate::time::Timestamp;

/// Seconds after which a head that did not grow is cosigned again.
const REFRESHED: u64 = 24 * 3600;

/// Seconds by which a vouched time has to be later than the one before to be written down.
const VOUCHED: u64 = 60;

/// Who watches a log, by the charter that its head of this size had adopted: all other members of that version, agencies
/// under one parent counted once.
pub(super) fn witnesses(replica: &Replica, log: &LogId, size: u64) -> Witnesses {
    let adopted = replica.logs.get(log).and_then(|state| state.ruling(size)).map_or(1, |(_, version)| version);
    let chain = replica.book.chain();
    chain.version(adopted).unwrap_or(&chain.founding().charter).witnesses(&log.agency)
}

/// How many cosignatures the smallest quorum takes of those that the log's heads may need.
fn least_needed(replica: &Replica, log: &LogId) -> usize {
    let places = replica.logs.get(log).map(|state| state.adopted.iter().map(|(at, _)| at + 1).collect::<Vec<_>>());
    let sizes = places.filter(|sizes| !sizes.is_empty()).unwrap_or(vec![1]);
    sizes.into_iter().map(|size| witnesses(replica, log, size).threshold()).min().unwrap_or(usize::MAX)
}

/// Notes, durably, that the newest head of `log` is about to be cosigned; the signature follows when that is on
/// disk. Never a head of a size cosigned before, never a smaller one.
pub(super) fn consider(replica: &mut Replica, now: Timestamp, log: &LogId) {
    if log.agency == replica.me || replica.recovery.is_some() {
        return;
    }
    let Some(held) = replica.logs.get(log).and_then(|state| state.current()) else { return };
    let (size, root) = (held.signed.checkpoint().size, held.signed.checkpoint().root);
    let may = assembly::may_cosign(replica, now, log, size);
    let Some(state) = replica.logs.get_mut(log) else { return };
    // A log's first two records are its key set and the charter it adopts; before that there is nothing to watch.
    let grown = state.cosigned.is_none_or(|(last, _)| last < size);
    if state.frozen || state.barred || state.leaving() || size < 2 || !grown || !may {
        return;
    }
    state.cosigned = Some((size, root));
    replica.touched.insert(log.clone());
    replica.deferred.push(Deferred::Cosign { log: log.clone(), size });
}

/// Cosigns what it could not when it came: this node was recovering then, or bound by a vote that has failed since. Nobody tells a head
/// again that has not changed.
pub(super) fn catch_up(replica: &mut Replica, now: Timestamp) {
    let logs: Vec<LogId> = replica.logs.keys().cloned().collect();
    for log in logs {
        consider(replica, now, &log);
    }
}

/// A head that has not grown for a day is cosigned again, so that those who read it know that it is still the newest: the mark of
/// its size and root is on disk.
pub(super) fn refresh(replica: &mut Replica, now: Timestamp) {
    if replica.recovery.is_some() {
        return;
    }
    let still = |(log, state): (&LogId, &LogState)| {
        let size = state.frontier.size();
        let held = state.heads.get(&size).filter(|_| state.is_final(size))?;
        let marked = state.cosigned == Some((size, held.signed.checkpoint().root));
        let may = log.agency != replica.me && marked && !state.frozen && !state.barred && !state.leaving();
        let may = may && assembly::may_cosign(replica, now, log, size);
        let due = may && held.last(&replica.me, &witnesses(replica, log, size)).is_some_and(|last| now >= last.plus(REFRESHED));
        due.then(|| (log.clone(), size))
    };
    let due: Vec<(LogId, u64)> = replica.logs.iter().filter_map(still).collect();
    for (log, size) in due {
        // Written once more, since what is deferred waits for the disk.
        replica.touched.insert(log.clone());
        replica.deferred.push(Deferred::Cosign { log, size });
    }
}

/// Cosigns a head whose mark is on disk, and hands the line to the log's owner.
pub(super) fn sign(replica: &mut Replica, now: Timestamp, log: &LogId, size: u64, out: &mut Vec<Effect>) {
    let name = witness_name(replica.book.federation(), &replica.me);
    let may = assembly::may_cosign(replica, now, log, size);
    let witnesses = witnesses(replica, log, size);
    let Some(state) = replica.logs.get_mut(log) else { return };
    let (marked, over) = (state.cosigned, state.frozen || state.leaving());
    let Some(held) = state.heads.get_mut(&size) else { return };
    if over || !may || marked != Some((size, held.signed.checkpoint().root)) {
        return;
    }
    // A head that has its quorum by now needs no more, for a day.
    let enough = held.last(&replica.me, &witnesses).is_some_and(|last| now < last.plus(RENEWED));
    if size < state.final_size || (size == state.final_size && enough) {
        return;
    }
    let line = cosignature::cosign(held.signed.checkpoint(), &replica.keys.witness, &name, now);
    let own = [(replica.me.clone(), Cosignature { time: now, line: line.clone() })].into();
    if size == state.final_size {
        renew(replica, log, size, &own, out);
    } else {
        held.merge(&own);
    }
    let Some(state) = replica.logs.get_mut(log) else { return };
    state.last_cosigned = state.heads.get(&size).map(|held| format!("{}{line}\n", held.signed));
    replica.touched.insert(log.clone());
    if replica.connected.contains(&log.agency) {
        let request = Request::Cosigned { log: log.clone(), size, line: line.to_string() };
        out.push(Effect::Ask { to: log.agency.clone(), request });
    }
    check_quorum(replica, log, out);
}

/// What a restart may have left undone: a mark without its signature, our own head without one.
pub(super) fn resume(replica: &mut Replica) {
    if replica.recovery.is_some() {
        return;
    }
    for (log, state) in &replica.logs {
        let size = state.frontier.size();
        if log.agency == replica.me {
            if size > 0 && state.current().is_none() && state.target() <= size {
                replica.deferred.push(Deferred::SignOwn);
            }
        } else if size > state.final_size
            && state.cosigned.is_some_and(|(at, _)| at == size)
            && state.current().is_some_and(|held| !held.cosignatures.contains_key(&replica.me))
        {
            replica.deferred.push(Deferred::Cosign { log: log.clone(), size });
        }
    }
}

/// A cosignature from its witness, or passed on.
pub(super) fn cosignature(replica: &mut Replica, checked: &CheckedCosignature, out: &mut Vec<Effect>) {
    let (log, size, witness, cosignature) = checked.parts();
    let Some(state) = replica.logs.get_mut(log) else { return };
    if state.is_final(size) {
        return renew(replica, log, size, &[(witness.clone(), cosignature.clone())].into(), out);
    }
    let Some(held) = state.heads.get_mut(&size).filter(|_| size > state.final_size) else { return };
    if held.merge(&[(witness.clone(), cosignature.clone())].into()) {
        replica.touched.insert(log.clone());
        check_quorum(replica, log, out);
    }
}

/// Cosignatures that a head with its quorum got later. They say nothing but that it is still the newest: the note is kept anew when so
/// many say so that it is true even if some lie, and its owner tells everybody.
pub(super) fn renew(replica: &mut Replica, log: &LogId, size: u64, others: &BTreeMap<AgencyId, Cosignature>, out: &mut Vec<Effect>) {
    let witnesses = witnesses(replica, log, size);
    let Some(held) = replica.logs.get_mut(log).and_then(|state| state.heads.get_mut(&size)) else { return };
    let newer = held.newer(others, &witnesses);
    if newer.is_empty() {
        return;
    }
    let before = held.fresh_as_of(&witnesses);
    held.merge(&newer);
    let tally = held.tally(&witnesses);
    let renewed = tally.fresh_as_of().is_some_and(|fresh| before.is_none_or(|before| fresh >= before.plus(RENEWED)));
    let note = held.note().to_owned();
    replica.touched.insert(log.clone());
    vouch(replica, &tally, out);
    if renewed {
        out.push(Effect::Persist(Write::Final { log: log.clone(), size, note: note.clone() }));
        announce(replica, log, size, note);
    }
}

/// Notes the time that a head's cosigners vouch for, where it is a minute later than what is known.
fn vouch(replica: &mut Replica, tally: &Tally, out: &mut Vec<Effect>) {
    if let Some(at) = tally.vouched().filter(|at| *at >= replica.vouched.plus(VOUCHED)) {
        replica.vouched = at;
        out.push(Effect::Persist(Write::Vouched { at }));
    }
}

/// Our own head, with what it takes to see that it has its quorum, for everybody.
fn announce(replica: &mut Replica, log: &LogId, size: u64, note: String) {
    if log.agency == replica.me {
        let head = crate::message::Head { log: log.clone(), note };
        let announce = Effect::Publish(super::own::grown(head, size, vec![]));
        replica.deferred.push(Deferred::Emit(announce));
    }
}

/// Looks for a larger head with its quorum; the owner announces it, so that everybody learns it.
pub(super) fn check_quorum(replica: &mut Replica, log: &LogId, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.get(log) else { return };
    let (done, have) = (state.final_size, state.frontier.size());
    // Before anything is counted: agencies are never fewer than groups.
    let needed = *state.needed.get_or_init(|| least_needed(replica, log));
    if !state.heads.range(..=have).any(|(size, held)| *size > done && held.cosignatures.len() >= needed) {
        return;
    }
    let reached = state.heads.range(..=have).rev().find_map(|(size, held)| {
        let tally = (*size > done && held.cosignatures.len() >= needed).then(|| held.tally(&witnesses(replica, log, *size)))?;
        tally.reached().then(|| (*size, held.note().to_owned(), tally))
    });
    let Some((size, note, tally)) = reached else { return };
    let Some(state) = replica.logs.get_mut(log) else { return };
    state.final_size = size;
    state.prune();
    if state.barred && state.former_epoch() <= replica.book.chain().resumed(&log.agency) {
        // The members declared over what we had cosigned, and a quorum has confirmed what follows without us: we join in from here.
        (state.barred, state.strayed, state.cosigned, state.last_cosigned) = (false, false, None, None);
    }
    replica.touched.insert(log.clone());
    vouch(replica, &tally, out);
    out.push(Effect::Persist(Write::Final { log: log.clone(), size, note: note.clone() }));
    replica.later(Change::Final { log: log.clone(), size });
    announce(replica, log, size, note);
}

/// Takes nothing more of a log.
///
/// Nothing of an epoch that the members declared over is cosigned anyway; a log that goes on behind it must not be stopped before it has
/// begun, by whoever has its key. An untrue status is another matter.
pub(super) fn freeze(replica: &mut Replica, log: &LogId, rank: (u32, u32)) {
    if rank.1 != UNTRUE && epoch::is_over(replica, log) {
        return;
    }
    let Some(state) = replica.logs.get_mut(log).filter(|state| !state.frozen) else { return };
    state.freeze();
    state.frozen_by = rank;
    replica.touched.insert(log.clone());
    replica.later(Change::Frozen { log: log.clone() });
}

/// A head by a later log key that a quorum has cosigned ends what rests on what an earlier key said: nobody honest would have
/// cosigned it for a log that had told two stories before.
pub(super) fn reconsider(replica: &mut Replica, head: &CheckedHead) {
    let log = head.log();
    let Some(state) = replica.logs.get(log).filter(|state| state.frozen && head.rank().0 > state.frozen_by.0) else { return };
    let size = head.checkpoint().size.min(state.frontier.size());
    let times = head.cosignatures().iter().map(|(witness, line)| (witness.clone(), line.time));
    if !witnesses(replica, log, size).tally(times).reached() {
        return;
    }
    let Some(state) = replica.logs.get_mut(log) else { return };
    (state.frozen, state.evidence) = (false, None);
    if state.successor.as_ref().is_some_and(|successor| successor.rank < head.rank()) {
        state.successor = None;
    }
    replica.touched.insert(log.clone());
    replica.later(Change::Epoch { log: log.clone() });
}

/// Freezes a log that told two stories, and passes the proof on once.
pub(super) fn fork(replica: &mut Replica, fork: &CheckedFork, out: &mut Vec<Effect>) {
    let (log, proof) = fork.parts();
    let state = replica.logs.entry(log.clone()).or_default();
    // What an epoch that is over told twice changes nothing of what follows it.
    let past = state.frozen || fork.epoch() < state.epoch() || fork.keyset() < state.rank().0;
    if past || epoch::is_over(replica, log) || epoch::is_out_of_reach(replica, log, fork.epoch()) {
        return;
    }
    let state = replica.logs.entry(log.clone()).or_default();
    // Nor does what a replaced key says, once a quorum has cosigned a head by a later one.
    if let Some(successor) = state.successor.as_ref().filter(|successor| successor.rank.0 > fork.keyset()) {
        let held = successor.held.clone();
        let size = state.frontier.size();
        if held.tally(&witnesses(replica, log, size)).reached() {
            return;
        }
    }
    let state = replica.logs.entry(log.clone()).or_default();
    state.evidence = Some(Box::new(proof.clone()));
    freeze(replica, log, (fork.keyset(), fork.epoch()));
    out.push(Effect::Persist(Write::Fork { log: log.clone(), proof: Box::new(proof.clone()) }));
    if let Ok(text) = serde_json::to_vec(proof) {
        replica.deferred.push(Deferred::Emit(Effect::Publish(Gossip::Fork { proof: text })));
    }
}
