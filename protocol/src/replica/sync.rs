//! Pull proves: heads are compared with several members, what is missing is fetched in ranges, each range is
//! checked against a signed head before it is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Early, LogState, Pull};
use super::{Deferred, Effect, Replica, assembly, epoch, recovery, register, witness};
use crate::check::{CheckedFork, CheckedHead, CheckedRecord, CheckedSpan, Flaw, Soundness};
use crate::id::{AgencyId, LogId};
use crate::limits::RANGE_RECORDS;
use crate::log::merkle::{self, Frontier};
use crate::message::{Head, Request};
use crate::record::Record;
use crate::time::Timestamp;

/// Ranges of one log that are on their way at once: enough to hide a round trip, few enough to bound memory.
const PULLS: usize = 4;

/// Spans kept that came before what precedes them.
const EARLY: usize = 8;

/// Spans kept beside them that nobody asked for: announcements that overtook each other.
const UNASKED: usize = 2;

/// Members that are asked for one log before a pause: what none of them gives is asked again later.
const TRIES: usize = 4;

/// In place of a digest: evidence against this log is held.
pub(super) const FROZEN: u16 = 1;

pub(super) fn tick(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    // A clock that was set back must not stop the polling until it is there again.
    let poll = replica.settings.poll_seconds;
    if now >= replica.next_poll || replica.next_poll > now.plus(poll) {
        replica.next_poll = now.plus(poll);
        ask_peers(replica, now, out);
        // Also where nobody is connected: cosignatures travel by mirrors too.
        witness::catch_up(replica, now);
        witness::refresh(replica, now);
    }
    let timeout = replica.settings.timeout_seconds;
    for state in replica.logs.values_mut() {
        state.expire(now, timeout);
    }
    pull_all(replica, now, out);
    register::recheck(replica);
    recovery::finish(replica, now, out);
}

/// Asks the next few members for heads that differ, and for what is missing.
fn ask_peers(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    let peers: Vec<AgencyId> = replica.connected.iter().cloned().collect();
    if peers.is_empty() {
        return;
    }
    let missing = assembly::missing(replica);
    // Nobody tells heads of a frozen log: its beginning is asked for.
    let blank: Vec<LogId> = replica.logs.iter().filter(|(_, state)| state.frozen_blank()).map(|(log, _)| log.clone()).collect();
    for step in 0..replica.settings.fanout.min(peers.len()) {
        let to = &peers[(replica.round + step) % peers.len()];
        ask_heads(replica, to, out);
        out.extend(missing.iter().map(|request| Effect::Ask { to: to.clone(), request: request.clone() }));
        for log in blank.iter().filter(|log| log.agency != *to) {
            stranger(replica, now, to.clone(), log.clone(), out);
        }
    }
    recovery::ask(replica, peers.iter().cloned(), out);
    replica.round = (replica.round + replica.settings.fanout) % peers.len();
}

pub(super) fn connected(replica: &mut Replica, now: Timestamp, peer: AgencyId, out: &mut Vec<Effect>) {
    if peer == replica.me {
        return;
    }
    if replica.connected.is_empty() {
        replica.next_poll = Timestamp::default();
    }
    replica.connected.insert(peer.clone());
    ask_heads(replica, &peer, out);
    recovery::ask(replica, [peer.clone()], out);
    // Cosignatures of that member's log that it may have missed while it was away.
    let log = LogId::first(peer.clone());
    if let Some(held) = replica.logs.get(&log).and_then(LogState::current)
        && let Some(own) = held.cosignatures.get(&replica.me)
    {
        let request = Request::Cosigned { log: log.clone(), size: held.signed.checkpoint().size, line: own.line.to_string() };
        out.push(Effect::Ask { to: peer, request });
    }
    pull_all(replica, now, out);
}

pub(super) fn disconnected(replica: &mut Replica, now: Timestamp, peer: &AgencyId, out: &mut Vec<Effect>) {
    replica.connected.remove(peer);
    for state in replica.logs.values_mut() {
        state.pulls.retain(|_, pull| pull.from != *peer);
        state.sources.retain(|source| source != peer);
    }
    pull_all(replica, now, out);
}

pub(super) fn pull_all(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    let lacking = |(_, state): &(&LogId, &LogState)| state.target() > state.frontier.size();
    let logs: Vec<LogId> = replica.logs.iter().filter(lacking).map(|(log, _)| log.clone()).collect();
    for log in logs {
        pull(replica, now, &log, out);
    }
}

fn ask_heads(replica: &Replica, to: &AgencyId, out: &mut Vec<Effect>) {
    let known = replica.logs.iter().map(|(log, state)| {
        let log = LogId { agency: log.agency.clone(), epoch: state.epoch() };
        if state.evidence.is_some() { (log, 0, FROZEN) } else { (log, state.frontier.size(), state.digest()) }
    });
    out.push(Effect::Ask { to: to.clone(), request: Request::Heads { known: known.collect() } });
}

/// The log of a member, or of one that left, of which nothing is held yet: its first range brings its keys.
pub(super) fn stranger(replica: &mut Replica, now: Timestamp, from: AgencyId, log: LogId, out: &mut Vec<Effect>) {
    if !replica.book.chain().knows(&log.agency) || log.epoch != 1 || replica.book.knows(&log) {
        return;
    }
    let deadline = now.plus(replica.settings.timeout_seconds);
    let state = replica.logs.entry(log.clone()).or_default();
    if state.pulls.contains_key(&0) {
        return;
    }
    state.pulls.insert(0, Pull { from: from.clone(), count: RANGE_RECORDS, deadline });
    out.push(Effect::Ask { to: from, request: Request::Range { log, start: 0, count: RANGE_RECORDS } });
}

pub(super) fn failed(replica: &mut Replica, now: Timestamp, from: &AgencyId, request: &Request, out: &mut Vec<Effect>) {
    let Request::Range { log, start, .. } = request else { return };
    let Some(state) = replica.logs.get_mut(log) else { return };
    if state.pulls.get(start).is_some_and(|pull| pull.from == *from) {
        state.pulls.remove(start);
        state.fail(from, now.plus(replica.settings.timeout_seconds));
        pull(replica, now, log, out);
    }
}

pub(super) fn head(replica: &mut Replica, now: Timestamp, from: &AgencyId, head: &CheckedHead, out: &mut Vec<Effect>) {
    let log = head.log().clone();
    if log.agency == replica.me && epoch::is_resumed(replica) {
        return; // what it is, the own disk says
    }
    witness::reconsider(replica, head);
    if let Some(evidence) = replica.logs.get(&log).and_then(|state| state.evidence.as_deref())
        && let Ok(proof) = serde_json::to_vec(evidence)
    {
        // Who goes on with a log that told two stories does not know it.
        return out.push(Effect::Ask { to: from.clone(), request: Request::Fork { proof } });
    }
    if take_head(replica, from, head, out) {
        witness::consider(replica, now, &log);
        witness::check_quorum(replica, &log, out);
        pull(replica, now, &log, out);
    }
}

/// Keeps a head that fits what is held. A doubtful one is proof of a fork, or is compared with the store's records.
/// True when it was kept.
fn take_head(replica: &mut Replica, from: &AgencyId, head: &CheckedHead, out: &mut Vec<Effect>) -> bool {
    let log = head.log().clone();
    let state = replica.logs.entry(log.clone()).or_default();
    // An epoch that is over says nothing more, also where the records have yet to come to the next one.
    if state.frozen || head.rank() < state.newest_rank() {
        return false;
    }
    let (size, root) = (head.checkpoint().size, head.checkpoint().root);
    let (have, held) = (state.frontier.size(), state.frontier.root());
    let news = head.rank() > state.rank() || size > have || (size == have && root != held);
    if log.agency == replica.me && news {
        recovery::rival(replica, out);
        // What others have of it counts, and not what they never saw.
        if size == have && head.epoch() == replica.epoch(&log) && recovery::yields(replica, &log) {
            epoch::give_up(replica, &log, 0, out);
        }
    }
    let state = replica.logs.entry(log.clone()).or_default();
    if head.rank() > state.rank() {
        return epoch::succeed(replica, from, head, out);
    }
    if let Some(held) = state.heads.get(&size) {
        if held.signed.checkpoint().root != root {
            if let Some(fork) = CheckedFork::between(&held.signed, head) {
                witness::fork(replica, &fork, out);
            }
            return false;
        }
    } else if size < state.frontier.size() || (size == state.frontier.size() && state.frontier.root() != root) {
        state.doubtful = Some((from.clone(), head.clone()));
        resolve(replica, &log);
        return false;
    }
    if state.is_final(size) {
        witness::renew(replica, &log, size, head.cosignatures(), out);
        return true;
    }
    if size > state.frontier.size() {
        state.source(from);
    }
    if state.hold(head) {
        replica.touched.insert(log);
    }
    true
}

/// Has a doubtful head compared with what the store holds, once all of that is durable and a head of ours covers it.
fn resolve(replica: &mut Replica, log: &LogId) {
    let Some(state) = replica.logs.get_mut(log) else { return };
    if state.current().is_some()
        && let Some((from, head)) = state.doubtful.take()
    {
        replica.deferred.push(Deferred::Emit(Effect::Compare { from, head }));
    }
}

pub(super) fn span(replica: &mut Replica, now: Timestamp, from: &AgencyId, span: CheckedSpan, out: &mut Vec<Effect>) {
    let log = span.head().log().clone();
    if log.agency == replica.me && epoch::is_resumed(replica) {
        return;
    }
    witness::reconsider(replica, span.head());
    let state = replica.logs.entry(log.clone()).or_default();
    let asked = state.pulls.get(&span.start()).is_some_and(|pull| pull.from == *from);
    if asked {
        state.pulls.remove(&span.start());
    }
    let blank = log.agency != replica.me && replica.logs.get(&log).is_some_and(LogState::frozen_blank);
    if !blank && !take_head(replica, from, span.head(), out) {
        if let Some(state) = replica.logs.get_mut(&log).filter(|_| asked) {
            state.fail(from, now.plus(replica.settings.timeout_seconds));
        }
        return;
    }
    let mut next = Some(Early { from: from.clone(), span, asked });
    while let Some(early) = next.take() {
        if !take_records(replica, now, early, out) {
            break;
        }
        let Some(state) = replica.logs.get_mut(&log) else { break };
        let size = state.frontier.size();
        if let Some(start) = state.early.range(..=size).next().map(|(start, _)| *start) {
            next = state.early.remove(&start);
        }
    }
    resolve(replica, &log);
    witness::consider(replica, now, &log);
    witness::check_quorum(replica, &log, out);
    register::recheck(replica);
    pull(replica, now, &log, out);
    recovery::finish(replica, now, out);
}

/// Appends what a span adds, when it leads to its head. False when it did not.
fn take_records(replica: &mut Replica, now: Timestamp, early: Early, out: &mut Vec<Effect>) -> bool {
    let log = early.span.head().log().clone();
    let Some(state) = replica.logs.get_mut(&log) else { return false };
    let blank = log.agency != replica.me && state.frozen_blank();
    if state.frozen && !blank {
        return false;
    }
    let size = state.frontier.size();
    let (start, count) = (early.span.start(), u64::try_from(early.span.records().len()).unwrap_or(0));
    let end = start.saturating_add(count);
    if start > size {
        state.keep(early);
        return false;
    }
    if epoch::holds_what_we_cosigned(state, &early.span, end) {
        epoch::give_up(replica, &log, end, out);
        return true;
    }
    if end <= size {
        return true;
    }
    let Early { from, span, asked } = early;
    let skip = usize::try_from(size - start).unwrap_or(usize::MAX);
    let fresh = span.records().get(skip..).unwrap_or_default();
    // A head that covers the beginning of an epoch is of that epoch, or a later one, and by its key.
    let covers = |record: &CheckedRecord| match record.record() {
        Record::Epoch(opening) if epoch::opens(state, opening) => {
            let keyset = opening.keyset.as_ref().map_or(0, |set| set.body.number);
            span.head().epoch() >= opening.number && span.head().rank().0 >= keyset
        }
        _ => true,
    };
    if !fresh.iter().all(covers) {
        state.fail(&from, now.plus(replica.settings.timeout_seconds));
        return false;
    }
    let before = state.frontier.clone();
    let mut frontier = before.clone();
    let mut rows = Vec::with_capacity(fresh.len());
    let mut contradicted = Vec::new();
    for record in fresh {
        rows.push((record.bytes().to_vec(), frontier.push_leaf(*record.leaf())));
        state.strayed |= state.cosigned.is_some_and(|(size, root)| size == frontier.size() && root != frontier.root());
        // Heads of the epoch that ends with this span say nothing of what comes behind it.
        let same = span.head().rank() == state.rank();
        let passed = state.heads.get(&frontier.size()).filter(|held| same && held.signed.checkpoint().root != frontier.root());
        contradicted.extend(passed.map(|held| held.signed.clone()));
    }
    let head = span.head().checkpoint();
    let fits = if end == head.size {
        frontier.root() == head.root
    } else {
        merkle::verify_consistency(end, head.size, span.proof(), &frontier.root(), &head.root).is_ok()
    };
    if !fits {
        // Either the sender altered the records, or the log forked and its owner signed a head that does not extend ours.
        // Only who has the longer log can prove that: it is told what we hold.
        state.fail(&from, now.plus(replica.settings.timeout_seconds));
        if span.head().rank() > state.rank() {
            epoch::abandon(replica, &log, &from, true, out);
        } else if asked && let Some(note) = state.current().map(|held| held.note().to_owned()) {
            out.push(Effect::Ask { to: from, request: Request::Tell(Head { log, note }) });
        }
        return false;
    }
    // Heads that were held ahead of the records, and that the records now contradict.
    for signed in contradicted {
        state.heads.remove(&signed.checkpoint().size);
        state.doubtful = Some((from.clone(), CheckedHead::alone(log.clone(), span.head().rank(), signed)));
    }
    state.frontier = frontier;
    let first = out.len();
    for ((record, index), taken) in fresh.iter().zip(size..).zip(0..) {
        if let Some(stop) = stop(replica, &span, index, record) {
            let mut kept = before;
            rows.truncate(taken);
            for record in &fresh[..taken] {
                kept.push_leaf(*record.leaf());
            }
            halt(replica, &from, &log, kept, stop, out);
            break;
        }
        register::apply(replica, now, &log, index, record, out);
        if register::is_untrue(replica, &log, index, record) || (replica.frozen(&log) && !blank) {
            // An untrue status. Nobody believes anything behind it, wherever the span ended; the records are kept, so
            // that others can be shown what it says.
            break;
        }
    }
    if !rows.is_empty() {
        out.insert(first, Effect::Persist(super::Write::Records { log: log.clone(), start: size, records: rows }));
    }
    if let Some(state) = replica.logs.get_mut(&log) {
        state.prune();
    }
    replica.touched.insert(log.clone());
    if let Some(rank) = replica.logs.get(&log).and_then(LogState::claims_in_vain) {
        epoch::in_vain(replica, &log, rank);
    }
    true
}

/// Why the rest of a span is not taken yet.
enum Stop {
    /// The next record adopts a version of the charter that is not known here.
    Unknown(u32),
    /// The next record was checked before the version that it names was known here.
    Stale,
    /// The charter ends the log here: its owner is no member any more.
    Ended,
}

fn stop(replica: &Replica, span: &CheckedSpan, index: u64, record: &CheckedRecord) -> Option<Stop> {
    if ended(replica, span.head().log(), index) {
        return Some(Stop::Ended);
    }
    let newest = replica.book.chain().newest().version;
    match (record.record(), record.soundness()) {
        (Record::Charter(adoption), _) if adoption.version > newest => Some(Stop::Unknown(adoption.version)),
        (Record::Label(_), Soundness::Void(Flaw::Charter)) if span.head().charter() < newest => Some(Stop::Stale),
        _ => None,
    }
}

/// Whether a log ends at or below this index.
fn ended(replica: &Replica, log: &LogId, index: u64) -> bool {
    replica.book.chain().end_of(log).is_some_and(|end| index >= end)
}

/// Goes on from what was taken: with the versions that the sender must have, or with the same records checked anew.
fn halt(replica: &mut Replica, from: &AgencyId, log: &LogId, kept: Frontier, stop: Stop, out: &mut Vec<Effect>) {
    let Some(state) = replica.logs.get_mut(log) else { return };
    state.frontier = kept;
    if let Stop::Unknown(version) = stop {
        state.stalled = Some(version);
        let after = replica.book.chain().newest().version;
        out.push(Effect::Ask { to: from.clone(), request: Request::Charter { after } });
    }
}

/// Asks for what is missing between the records held and the largest head, in several ranges at once.
fn pull(replica: &mut Replica, now: Timestamp, log: &LogId, out: &mut Vec<Effect>) {
    let deadline = now.plus(replica.settings.timeout_seconds);
    let end = replica.book.chain().end_of(log).unwrap_or(u64::MAX);
    let Some(state) = replica.logs.get_mut(log) else { return };
    let (size, target) = (state.frontier.size(), state.target().min(end));
    if state.frozen || state.stalled.is_some() || target <= size {
        return;
    }
    state.early.retain(|start, _| *start > size);
    let candidates = candidates(state, &replica.connected, replica.round);
    if candidates.is_empty() {
        return;
    }
    let mut covered: BTreeMap<u64, u64> = state.pulls.iter().map(|(start, pull)| (*start, start.saturating_add(pull.count))).collect();
    covered.extend(
        state.early.iter().map(|(start, early)| (*start, start.saturating_add(u64::try_from(early.span.records().len()).unwrap_or(0)))),
    );
    let mut cursor = size;
    // However much waits for it, what comes next is always asked for.
    while cursor < target && state.pulls.len() < PULLS && (cursor == size || state.early.len() < EARLY) {
        if let Some((_, end)) = covered.range(..=cursor).find(|(_, end)| **end > cursor) {
            cursor = *end;
            continue;
        }
        let gap = covered.range(cursor..).next().map_or(target, |(start, _)| *start).min(target) - cursor;
        let count = gap.min(RANGE_RECORDS);
        let from = candidates[state.pulls.len() % candidates.len().min(2)].clone();
        state.pulls.insert(cursor, Pull { from: from.clone(), count, deadline });
        out.push(Effect::Ask { to: from, request: Request::Range { log: log.clone(), start: cursor, count } });
        cursor += count;
    }
}

/// Whom to ask for a log: who is known to have more of it, then anybody, beginning with another one each time. Nobody
/// who has just failed, and nobody at all when several have.
fn candidates(state: &LogState, connected: &BTreeSet<AgencyId>, round: usize) -> Vec<AgencyId> {
    if state.failed.len() >= TRIES {
        return vec![];
    }
    let others = connected.iter().cycle().skip(round % connected.len().max(1)).take(connected.len());
    let all = state.sources.iter().filter(|source| connected.contains(*source)).chain(others.filter(|peer| !state.sources.contains(peer)));
    all.filter(|peer| !state.failed.contains_key(*peer)).take(PULLS).cloned().collect()
}

impl LogState {
    /// Whether evidence came before the first record. One holder's records are taken then, as far as they lead to their own head: they
    /// hold the key sets by which the owner's earlier endorsements elsewhere are judged, and everybody else has them.
    fn frozen_blank(&self) -> bool {
        self.frozen && self.frontier.size() == 0
    }

    /// Keeps a span for later, where there is room. Those that nobody asked for never take that of the others.
    fn keep(&mut self, early: Early) {
        let same = self.early.values().filter(|held| held.asked == early.asked).count();
        let room = if early.asked { EARLY } else { UNASKED };
        if same < room && self.early.get(&early.span.start()).is_none_or(|held| !held.asked) {
            self.early.insert(early.span.start(), early);
        }
    }

    /// Remembers until when nothing of this log is asked of a peer.
    fn fail(&mut self, peer: &AgencyId, until: Timestamp) {
        self.failed.insert(peer.clone(), until);
        self.sources.retain(|source| source != peer);
    }

    /// Forgets questions that nobody answered in time, and failures that are long ago. A deadline farther away than
    /// any can be was set by a clock that ran ahead.
    fn expire(&mut self, now: Timestamp, timeout: u64) {
        let open = |until: Timestamp| until > now && until <= now.plus(timeout);
        self.failed.retain(|_, until| open(*until));
        let late: Vec<u64> = self.pulls.iter().filter(|(_, pull)| !open(pull.deadline)).map(|(start, _)| *start).collect();
        for start in late {
            if let Some(pull) = self.pulls.remove(&start) {
                self.fail(&pull.from, now.plus(timeout));
            }
        }
    }
}
