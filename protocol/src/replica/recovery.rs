//! A node that does not know what it had signed: it asks the others for the last head of its own log that they saw, brings its
//! own records back, and goes on in a new epoch (protocol, "Restore").

use std::collections::BTreeMap;

use super::epoch::NUMBERS;
use super::state::{HeldHead, LogState, Promise};
use super::{Change, Deferred, Effect, Replica, Write, epoch, own, sync};
use crate::check::{self, CheckedHead, CheckedLastSeen};
use crate::id::{AgencyId, Hash, LogId};
use crate::keys::Place;
use crate::log::last_seen::{LastSeen, Sighting};
use crate::log::quorum::Witnesses;
use crate::message::Request;
use crate::record::{Epoch, Record};
use crate::time::Timestamp;

/// How a replica comes to know what it had signed.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    nonce: Hash,
    /// The newest epoch that each witness saw, and how many records it holds up to a head.
    answers: BTreeMap<AgencyId, (u32, u64)>,
    /// The own disk has all that this node signed.
    pub(super) intact: bool,
    /// Another node signs with our keys: this one signs nothing until people have sorted that out.
    rival: bool,
}

/// How far a recovery has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Members that said what they saw last of our log.
    pub answered: Vec<AgencyId>,
    /// How many have to, agencies under one parent counted once.
    pub needed: usize,
    /// How many have, counted so.
    pub have: usize,
    /// Own records that are held, and those that one of them has.
    pub records: (u64, u64),
    /// Another node signs with our keys: nothing goes on by itself.
    pub rival: bool,
    /// Our log states another log key than ours: a new key set has to begin the next epoch.
    pub other_key: bool,
}

impl Recovery {
    pub(super) fn new(nonce: Hash, intact: bool) -> Self {
        Self { nonce, intact, ..Self::default() }
    }

    /// How many own records have to be back. Of `have` witnesses that answered, at least have + k - n - f honest ones hold what a quorum
    /// had cosigned: with k answers all that any of them holds, with more what one liar alone claims can be missing.
    fn required(&self, witnesses: &Witnesses, have: usize) -> u64 {
        let mut held: Vec<u64> = self.answers.values().map(|(_, held)| *held).collect();
        held.sort_unstable();
        let honest = (have + witnesses.threshold()).saturating_sub(witnesses.count() + witnesses.tolerated()).max(1);
        held.iter().rev().nth(honest - 1).copied().unwrap_or_default()
    }
}

impl Replica {
    /// How far the recovery has come; `None` when this node signs.
    #[must_use]
    pub fn recovery(&self) -> Option<Progress> {
        let recovery = self.recovery.as_ref()?;
        let witnesses = self.book.chain().newest().witnesses(&self.me);
        let have = witnesses.tally(recovery.answers.keys().map(|agency| (agency.clone(), Timestamp::default()))).count();
        let size = self.held(&self.own_log()).map_or(0, |(size, _)| size);
        let required = if epoch::is_resumed(self) { 0 } else { recovery.required(&witnesses, have) };
        Some(Progress {
            answered: recovery.answers.keys().cloned().collect(),
            // At least 2f + 1, so that one of them saw what a quorum did; and as many as the next head needs.
            needed: if witnesses.count() == 0 { 0 } else { witnesses.threshold() },
            have,
            records: (size, size.max(required)),
            rival: recovery.rival,
            other_key: self.other_key(),
        })
    }

    /// Whether heads of ours would be signed by another key than our log states, with nothing to replace that.
    fn other_key(&self) -> bool {
        let log = self.own_log();
        let known = self.book.current(&self.me).map(|(_, set)| set);
        match &self.settings.succession {
            Some(next) if known != Some(&next.body) => next.body.follows(Place::Epoch, self.book.sets(&log).map(|(_, set)| set)).is_err(),
            _ => self.book.log_key(&log, u32::MAX, None).is_some_and(|stated| stated != self.keys.log.public()),
        }
    }

    /// The answer to [`Request::LastSeen`] of this agency, after [`super::Event::Asked`]: nothing before the promise in it is
    /// durable, nor while we do not know what we saw ourselves.
    #[must_use]
    pub fn answer_last_seen(&self, agency: &AgencyId, nonce: Hash) -> Option<LastSeen> {
        let state = self.logs.get(&LogId::first(agency.clone()));
        // Nor while we have not read again what we cosigned.
        let short = |state: &LogState| state.cosigned.is_some_and(|(size, _)| state.frontier.size() < size);
        if self.recovery.is_some() || state.is_none_or(|state| state.promised != Some(Promise::Kept) || short(state)) {
            return None;
        }
        let note = |head: Option<&HeldHead>| head.map(|head| head.signed.bare().to_string());
        let held = note(state.and_then(|state| state.heads.range(..=state.frontier.size()).next_back().map(|(_, head)| head)));
        let seen = note(state.and_then(LogState::largest));
        Sighting::new(agency.clone(), self.me.clone(), nonce, held.as_deref(), seen.as_deref())
            .sign(self.book.federation(), &self.keys.witness)
            .ok()
    }
}

/// A witness that answers promises to cosign nothing more of the epoch that its owner lost track of: else the answer would not
/// be true for long.
pub(super) fn asked(replica: &mut Replica, agency: &AgencyId) {
    if replica.recovery.is_some() || replica.book.chain().newest().member(agency).is_none() {
        return;
    }
    let log = LogId::first(agency.clone());
    let state = replica.logs.entry(log.clone()).or_default();
    if state.promised.is_none() {
        state.promised = Some(Promise::Made);
        replica.touched.insert(log.clone());
    }
    replica.deferred.push(Deferred::Promised { log });
}

/// The promise is on disk.
pub(super) fn promised(replica: &mut Replica, log: &LogId) {
    if let Some(promise) = replica.logs.get_mut(log).and_then(|state| state.promised.as_mut()) {
        *promise = Promise::Kept;
    }
}

/// Asks those connected who have not answered.
pub(super) fn ask(replica: &Replica, peers: impl IntoIterator<Item = AgencyId>, out: &mut Vec<Effect>) {
    let Some(recovery) = replica.recovery.as_ref().filter(|recovery| !recovery.rival) else { return };
    let open = peers.into_iter().filter(|peer| !recovery.answers.contains_key(peer));
    out.extend(open.map(|to| Effect::Ask { to, request: Request::LastSeen { nonce: recovery.nonce } }));
}

/// A witness's answer. The head whose records it holds is taken like any other, and leads to a pull of what is missing.
pub(super) fn last_seen(replica: &mut Replica, now: Timestamp, seen: CheckedLastSeen, out: &mut Vec<Effect>) {
    let (witness, nonce, [held, seen]) = seen.into_parts();
    let Some(recovery) = replica.recovery.as_mut().filter(|recovery| recovery.nonce == nonce) else { return };
    let epoch = [&held, &seen].into_iter().flatten().map(CheckedHead::epoch).max().unwrap_or_default();
    recovery.answers.insert(witness.clone(), (epoch, held.as_ref().map_or(0, |head| head.checkpoint().size)));
    replica.later(Change::Recovery);
    if let Some(head) = held {
        sync::head(replica, now, &witness, &head, out);
    }
    finish(replica, now, out);
}

/// Goes on in a new epoch, once enough witnesses have answered and everything that they saw is here.
pub(super) fn finish(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    let Some(progress) = replica.recovery() else { return };
    if progress.rival || progress.other_key || progress.have < progress.needed || progress.records.0 < progress.records.1 {
        return;
    }
    let log = replica.own_log();
    let state = replica.logs.get(&log);
    if state.is_some_and(|state| state.frozen || (state.doubtful.is_some() && state.current().is_some())) {
        return;
    }
    let (present, size) = state.map_or((1, 0), |state| (state.epoch(), state.frontier.size()));
    let claimed = state.map_or(1, LogState::newest_epoch);
    if size == 0 && state.is_some_and(|state| state.target() > 0) {
        return;
    }
    let seen = replica.recovery.iter().flat_map(|recovery| recovery.answers.values());
    let over = replica.book.chain().resumed(&replica.me);
    // What is out of reach begins no epoch, whoever claims it.
    let last = seen
        .map(|(other, _)| *other)
        .chain([claimed, over])
        .filter(|other| other.saturating_sub(present) <= NUMBERS / 2)
        .fold(present, u32::max);
    // Whoever has not answered may have seen a later epoch of ours: its number is not used again.
    let unheard = progress.answered.len() < replica.book.chain().newest().members.len().saturating_sub(1);
    let gap = replica
        .recovery
        .as_ref()
        .filter(|_| unheard)
        .map_or(0, |recovery| u32::from(u16::from_be_bytes([recovery.nonce.0[0], recovery.nonce.0[1]])));
    // Where nobody ever saw a record of ours, and we hold none, the log has yet to begin.
    let opening = if size == 0 {
        None
    } else {
        // Nor an epoch that is over already.
        let number = last.checked_add(1).map(|next| next.saturating_add(gap)).filter(|number| *number > over);
        number.and_then(|number| opening(replica, &log, size, number))
    };
    if size > 0 && opening.is_none() {
        return;
    }
    out.push(Effect::Persist(Write::Recovered));
    replica.recovery = None;
    replica.later(Change::Recovery);
    if let Some(record) = opening {
        own::write(replica, now, &[record], out);
    }
}

fn opening(replica: &Replica, log: &LogId, index: u64, number: u32) -> Option<check::CheckedRecord> {
    let known = replica.book.current(&log.agency).map(|(_, set)| set);
    // What the others held may have it already.
    let keyset = replica.settings.succession.clone().filter(|set| known != Some(&set.body));
    let text = Record::Epoch(Epoch { keyset, number }).to_text().ok()?;
    check::record(&replica.book, log, index, text).ok()
}

/// Whether what we hold of our own log may be given up for what the others hold: what nobody else ever saw.
pub(super) fn yields(replica: &Replica, log: &LogId) -> bool {
    log.agency == replica.me && replica.recovery.as_ref().is_some_and(|recovery| !recovery.rival)
}

/// A head of our own log that we have not signed: another node has our keys. The one that notices stops signing.
pub(super) fn rival(replica: &mut Replica, out: &mut Vec<Effect>) {
    if replica.recovery.is_none() {
        replica.recovery = Some(Recovery { rival: true, intact: true, ..Recovery::default() });
        out.push(Effect::Persist(Write::Recovering));
        replica.later(Change::Recovery);
    }
}
