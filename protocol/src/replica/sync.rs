//! Pull proves: heads are compared with several members, what is missing is fetched in ranges, each range is
//! checked against a signed head before it is kept.

use std::collections::BTreeMap;

use super::state::{LogState, Pull};
use super::{Effect, Replica, register, witness};
use crate::check::{CheckedHead, CheckedSpan};
use crate::id::{AgencyId, LogId};
use crate::limits::RANGE_RECORDS;
use crate::log::merkle;
use crate::message::{Head, Request};
use crate::time::Timestamp;

/// Ranges of one log that are on their way at once: enough to hide a round trip, few enough to bound memory.
const PULLS: usize = 4;

/// Spans kept that came before what precedes them.
const EARLY: usize = 8;

/// Members remembered as having more of a log.
const SOURCES: usize = 8;

pub(super) fn tick(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    if now >= replica.next_poll && !replica.connected.is_empty() {
        replica.next_poll = now.plus(replica.settings.poll_seconds);
        let peers: Vec<AgencyId> = replica.connected.iter().cloned().collect();
        for step in 0..replica.settings.fanout.min(peers.len()) {
            ask_heads(replica, &peers[(replica.round + step) % peers.len()], out);
        }
        replica.round = (replica.round + replica.settings.fanout) % peers.len();
    }
    let logs: Vec<LogId> = replica.logs.keys().cloned().collect();
    for log in logs {
        if let Some(state) = replica.logs.get_mut(&log) {
            state.pulls.retain(|_, pull| pull.deadline > now);
        }
        pull(replica, now, &log, out);
    }
    register::recheck(replica, out);
}

pub(super) fn connected(replica: &mut Replica, now: Timestamp, peer: AgencyId, out: &mut Vec<Effect>) {
    if peer == replica.me {
        return;
    }
    replica.connected.insert(peer.clone());
    ask_heads(replica, &peer, out);
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

fn pull_all(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    let logs: Vec<LogId> = replica.logs.keys().cloned().collect();
    for log in logs {
        pull(replica, now, &log, out);
    }
}

fn ask_heads(replica: &Replica, to: &AgencyId, out: &mut Vec<Effect>) {
    let known = replica.logs.iter().map(|(log, state)| {
        let digest = state.current().map_or(0, super::state::HeldHead::digest);
        (log.clone(), state.frontier.size(), digest)
    });
    out.push(Effect::Ask { to: to.clone(), request: Request::Heads { known: known.collect() } });
}

/// A member's log of which nothing is held yet: its first range brings its keys.
pub(super) fn stranger(replica: &mut Replica, now: Timestamp, from: AgencyId, log: LogId, out: &mut Vec<Effect>) {
    if replica.book.chain().newest().member(&log.agency).is_none() || log.epoch != 1 || replica.book.log_key(&log).is_some() {
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
        state.sources.retain(|source| source != from);
        pull(replica, now, log, out);
    }
}

pub(super) fn head(replica: &mut Replica, now: Timestamp, from: &AgencyId, head: CheckedHead, out: &mut Vec<Effect>) {
    let log = head.log().clone();
    if take_head(replica, from, head, out) {
        witness::consider(replica, &log);
        witness::check_quorum(replica, &log, out);
        pull(replica, now, &log, out);
    }
}

/// Keeps a head that fits what is held; hands a doubtful one to the driver. True when it was kept.
fn take_head(replica: &mut Replica, from: &AgencyId, head: CheckedHead, out: &mut Vec<Effect>) -> bool {
    let log = head.log().clone();
    let mine = log.agency == replica.me;
    let state = replica.logs.entry(log.clone()).or_default();
    if state.frozen {
        return false;
    }
    let (size, root) = (head.checkpoint().size, head.checkpoint().root);
    if let Some(held) = state.heads.get(&size) {
        if held.signed.checkpoint().root != root {
            out.push(Effect::Compare { from: from.clone(), head });
            return false;
        }
    } else if size < state.frontier.size() || (size == state.frontier.size() && state.frontier.root() != root) {
        out.push(Effect::Compare { from: from.clone(), head });
        return false;
    }
    if size > state.frontier.size() {
        state.sources.retain(|source| source != from);
        state.sources.insert(0, from.clone());
        state.sources.truncate(SOURCES);
    }
    // Somebody shows a longer log of ours than we hold: we are a copy or a restored backup. Hold it as the target, so
    // that nothing is appended before the missing records are back.
    let news = state.hold(&head) || mine;
    if news {
        replica.touched.insert(log);
    }
    true
}

pub(super) fn span(replica: &mut Replica, now: Timestamp, from: &AgencyId, span: CheckedSpan, out: &mut Vec<Effect>) {
    let log = span.head().log().clone();
    let state = replica.logs.entry(log.clone()).or_default();
    state.pulls.remove(&span.start());
    if !take_head(replica, from, span.head().clone(), out) {
        return;
    }
    let mut next = Some((from.clone(), span));
    while let Some((from, span)) = next {
        next = None;
        if !take_records(replica, &from, span, out) {
            break;
        }
        let Some(state) = replica.logs.get_mut(&log) else { break };
        let size = state.frontier.size();
        if let Some(start) = state.early.range(..=size).next().map(|(start, _)| *start) {
            next = state.early.remove(&start);
        }
    }
    witness::consider(replica, &log);
    witness::check_quorum(replica, &log, out);
    register::recheck(replica, out);
    pull(replica, now, &log, out);
}

/// Appends what a span adds, when it leads to its head. False when it did not.
fn take_records(replica: &mut Replica, from: &AgencyId, span: CheckedSpan, out: &mut Vec<Effect>) -> bool {
    let log = span.head().log().clone();
    let Some(state) = replica.logs.get_mut(&log) else { return false };
    if state.frozen {
        return false;
    }
    let size = state.frontier.size();
    let count = u64::try_from(span.records().len()).unwrap_or(0);
    let end = span.start().saturating_add(count);
    if span.start() > size {
        if state.early.len() < EARLY {
            state.early.insert(span.start(), (from.clone(), span));
        }
        return false;
    }
    if end <= size {
        return true;
    }
    let skip = usize::try_from(size - span.start()).unwrap_or(usize::MAX);
    let fresh = span.records().get(skip..).unwrap_or_default();
    let mut frontier = state.frontier.clone();
    let rows: Vec<_> = fresh.iter().map(|record| (record.bytes().to_vec(), frontier.push_leaf(*record.leaf()))).collect();
    let head = span.head().checkpoint();
    let fits = if end == head.size {
        frontier.root() == head.root
    } else {
        merkle::verify_consistency(end, head.size, span.proof(), &frontier.root(), &head.root).is_ok()
    };
    if !fits {
        // Either the sender altered the records, or the log forked: its owner signed a head that does not extend ours.
        state.sources.retain(|source| source != from);
        state.heads.remove(&head.size);
        out.push(Effect::Compare { from: from.clone(), head: span.head().clone() });
        return false;
    }
    state.frontier = frontier;
    out.push(Effect::Persist(super::Write::Records { log: log.clone(), start: size, records: rows }));
    for (record, index) in fresh.iter().zip(size..) {
        register::apply(replica, &log, index, record, out);
    }
    if let Some(state) = replica.logs.get_mut(&log) {
        state.prune();
    }
    replica.touched.insert(log);
    true
}

/// Asks for what is missing between the records held and the largest head, in several ranges at once.
fn pull(replica: &mut Replica, now: Timestamp, log: &LogId, out: &mut Vec<Effect>) {
    let deadline = now.plus(replica.settings.timeout_seconds);
    let Some(state) = replica.logs.get_mut(log) else { return };
    let (size, target) = (state.frontier.size(), state.target());
    if state.frozen || target <= size {
        return;
    }
    state.early.retain(|start, _| *start > size);
    let candidates: Vec<AgencyId> = state
        .sources
        .iter()
        .chain(replica.connected.iter().filter(|peer| !state.sources.contains(peer)))
        .filter(|peer| replica.connected.contains(*peer))
        .cloned()
        .collect();
    if candidates.is_empty() {
        return;
    }
    let mut covered: BTreeMap<u64, u64> = state.pulls.iter().map(|(start, pull)| (*start, start.saturating_add(pull.count))).collect();
    covered.extend(
        state.early.iter().map(|(start, (_, span))| (*start, start.saturating_add(u64::try_from(span.records().len()).unwrap_or(0)))),
    );
    let mut cursor = size;
    while cursor < target && state.pulls.len() < PULLS && state.early.len() < EARLY {
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

impl Replica {
    /// The heads that differ from what the asker holds: the answer to [`Request::Heads`].
    #[must_use]
    pub fn answer_heads(&self, known: &[(LogId, u64, u16)]) -> Vec<Head> {
        let known: BTreeMap<&LogId, (u64, u16)> = known.iter().map(|(log, size, digest)| (log, (*size, *digest))).collect();
        let differs = |log: &LogId, state: &LogState| match (known.get(log), state.current()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some((size, digest)), Some(held)) => {
                let own = held.signed.checkpoint().size;
                own > *size || (own == *size && held.digest() != *digest)
            }
        };
        self.logs.iter().filter(|(log, state)| differs(log, state)).filter_map(|(log, _)| self.newest_head(log)).collect()
    }
}
