//! Our own log: append, then durable, then sign, then announce, then answer.

use std::collections::BTreeSet;

use super::{Deferred, Effect, Refusal, Replica, Write, assembly, register, witness};
use crate::check::{CheckedRecord, Flaw, Soundness};
use crate::id::LogId;
use crate::label::LabelId;
use crate::label::status::{State, Status, StatusTree};
use crate::limits;
use crate::log::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::log::stated;
use crate::message::{Gossip, Head};
use crate::record::{Action, Record};
use crate::time::Timestamp;

pub(super) fn append(replica: &mut Replica, now: Timestamp, ticket: u64, records: Vec<CheckedRecord>, out: &mut Vec<Effect>) {
    match admit(replica, now, &records) {
        Ok(()) => {
            let indices = write(replica, now, &records, out);
            replica.deferred.push(Deferred::Answer { ticket, indices });
        }
        Err(refusal) => out.push(Effect::Answer { ticket, outcome: Err(refusal) }),
    }
}

/// A status record speaks about everything before it, so only the state machine can write it.
pub(super) fn append_status(replica: &mut Replica, now: Timestamp, ticket: u64, out: &mut Vec<Effect>) {
    let log = replica.own_log();
    let Some(state) = replica.logs.get(&log) else { return out.push(Effect::Answer { ticket, outcome: Ok(vec![]) }) };
    if state.frozen {
        return out.push(Effect::Answer { ticket, outcome: Err(Refusal::Frozen) });
    }
    let covered = state.frontier.size();
    let record = Record::Status(status_of(replica.states(&log), covered));
    let checked = record.to_text().ok().and_then(|text| crate::check::record(&replica.book, &log, covered, text).ok());
    match checked {
        Some(record) => append(replica, now, ticket, vec![record], out),
        None => out.push(Effect::Answer { ticket, outcome: Err(Refusal::Standing) }),
    }
}

/// The status of these labels at that size of their log.
pub(super) fn status_of(states: Vec<(LabelId, State)>, covered: u64) -> Status {
    let count = u64::try_from(states.len()).unwrap_or(u64::MAX);
    Status { covered, count, root: StatusTree::new(states).root() }
}

/// Refuses what would be void, before anything changes.
fn admit(replica: &Replica, now: Timestamp, records: &[CheckedRecord]) -> Result<(), Refusal> {
    if let Some(progress) = replica.recovery() {
        return Err(if progress.rival { Refusal::Rival } else { Refusal::Recovering });
    }
    if replica.book.chain().newest().member(&replica.me).is_none() {
        return Err(Refusal::Left);
    }
    let log = replica.own_log();
    if let Some(state) = replica.logs.get(&log) {
        if state.frozen {
            return Err(Refusal::Frozen);
        }
        if state.target() > state.frontier.size() {
            return Err(Refusal::Behind);
        }
    }
    let size = replica.logs.get(&log).map_or(0, |state| state.frontier.size());
    // What the records of one batch do to each other shows only when they are applied: none may depend on another.
    let (mut subjects, mut offers) = (BTreeSet::new(), BTreeSet::new());
    for (record, place) in records.iter().zip(0..) {
        match record.soundness() {
            Soundness::Sound => {}
            Soundness::Void(flaw) => return Err(Refusal::Void(*flaw)),
            Soundness::Waiting(_) => return Err(Refusal::Waiting),
        }
        match record.record() {
            Record::Label(label) => {
                let index = size.saturating_add(place);
                replica.labels.admits(&log, label).and_then(|()| register::placed(replica, &log, index, label)).map_err(Refusal::Void)?;
                if !offers.insert(label.common.offer) {
                    return Err(Refusal::Void(Flaw::Offer));
                }
                if label.supersedes.is_some_and(|older| !subjects.insert(older)) {
                    return Err(Refusal::Void(Flaw::Supersedes));
                }
            }
            Record::Standing(label, standing) => {
                let state = replica.labels.own_state(&log, label).ok_or(Refusal::Standing)?;
                let fits = match standing.action {
                    Action::Withdraw => state != State::Withdrawn,
                    Action::Suspend => state == State::Active,
                    Action::Reinstate => state == State::Suspended,
                };
                if !fits || !subjects.insert(*label) {
                    return Err(Refusal::Standing);
                }
            }
            Record::Objection(label, _) if !replica.labels.is_anothers(&log, label) => return Err(Refusal::Objection),
            Record::Vote(_) if place > 0 => return Err(Refusal::Ballot),
            Record::Vote(vote) => assembly::admit(replica, now, vote)?,
            Record::Charter(adoption) => {
                let chain = replica.book.chain();
                let known = chain.version(adoption.version).and_then(|charter| charter.hash().ok()) == Some(adoption.hash);
                let later = replica.adopted(&log).is_none_or(|(_, version)| version < adoption.version);
                if !known || !later {
                    return Err(Refusal::Adoption);
                }
            }
            // Only the end of a recovery begins an epoch.
            Record::Epoch(_) => return Err(Refusal::Epoch),
            Record::Status(status) if place > 0 || *status != status_of(replica.states(&log), size) => {
                return Err(Refusal::Standing);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Appends records that were admitted; their head is signed once they are durable.
pub(super) fn write(replica: &mut Replica, now: Timestamp, records: &[CheckedRecord], out: &mut Vec<Effect>) -> Vec<u64> {
    let log = replica.own_log();
    let state = replica.logs.entry(log.clone()).or_default();
    let start = state.frontier.size();
    let rows: Vec<_> = records.iter().map(|record| (record.bytes().to_vec(), state.frontier.push_leaf(*record.leaf()))).collect();
    state.unannounced.extend(records.iter().map(|record| record.bytes().to_vec()));
    let (size, root) = (state.frontier.size(), state.frontier.root());
    out.push(Effect::Persist(Write::Records { log: log.clone(), start, records: rows }));
    for (record, index) in records.iter().zip(start..) {
        register::apply(replica, now, &log, index, record, out);
    }
    let epoch = replica.epoch(&log);
    out.push(Effect::Persist(Write::HighWater { epoch, size, root }));
    replica.touched.insert(log);
    replica.deferred.push(Deferred::SignOwn);
    (start..size).collect()
}

/// Signs the head that is durable by now, and announces it with its records where they are small.
pub(super) fn sign(replica: &mut Replica, out: &mut Vec<Effect>) {
    let log = replica.own_log();
    let origin = LogId { epoch: replica.epoch(&log), ..log.clone() }.origin(replica.book.federation());
    let Some(state) = replica.logs.get_mut(&log) else { return };
    let checkpoint = Checkpoint { origin, size: state.frontier.size(), root: state.frontier.root() };
    let Ok(mut signed) = SignedCheckpoint::sign(&checkpoint, &replica.keys.log) else { return };
    // Who lags behind learns the key from the head itself.
    let line = state.epoch_set().and_then(stated::line);
    if signed.add(line).is_err() {
        return;
    }
    state.heads.insert(checkpoint.size, super::state::HeldHead::new(&signed));
    state.prune();
    let records = std::mem::take(&mut state.unannounced);
    let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let bytes: usize = records.iter().map(Vec::len).sum();
    let inline = bytes <= limits::INLINE_BYTES && count <= limits::RANGE_RECORDS;
    let start = checkpoint.size.saturating_sub(count);
    if let Some(head) = replica.newest_head(&log) {
        out.push(Effect::Publish(grown(head, start, if inline { records } else { vec![] })));
    }
    replica.touched.insert(log.clone());
    witness::check_quorum(replica, &log, out);
}

pub(super) fn grown(head: Head, start: u64, records: Vec<Vec<u8>>) -> Gossip {
    Gossip::Grown { head, start, records }
}
