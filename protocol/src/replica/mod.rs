//! The state machine of one node: what it holds of every log, what it asks for, what it signs.
//!
//! [`Replica::step`] takes an event and returns effects. It opens, sleeps and rolls nothing: time is an argument,
//! signatures were checked before ([`crate::check`]). The driver keeps one promise: it makes every
//! [`Effect::Persist`] durable, in one transaction, *then* reports [`Event::Durable`], and carries out the other
//! effects only after that. Signing happens in the answer to `Durable`, so nothing is signed or shown that is not
//! on disk (ARCHITECTURE.md, "A record's way").

mod assembly;
mod epoch;
mod event;
mod load;
mod own;
mod recovery;
mod register;
mod rekeying;
pub mod serve;
mod snapshot;
mod state;
mod sync;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use assembly::Proposal;
pub use event::{Change, Effect, Event, Refusal, Write};
pub use load::Load;
pub use recovery::Progress;
pub use register::{Confirmation, LabelRow, Objected};
pub use rekeying::WaitingKey;
pub use snapshot::LogSnapshot;

use self::state::LogState;
use crate::check::KeyBook;
use crate::id::{AgencyId, Hash, LogId};
use crate::keys::{SecretKey, SignedKeySet};
use crate::label::LabelId;
use crate::label::status::State;
use crate::message::Head;
use crate::time::Timestamp;

/// How eagerly a replica asks. Seconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Between two rounds of asking others for their heads.
    pub poll_seconds: u64,
    /// After which an unanswered pull is asked of somebody else.
    pub timeout_seconds: u64,
    /// How many others are asked in one round.
    pub fanout: usize,
    /// The nonce of the questions to the witnesses, when it is unclear what was signed before: nothing is signed then until they
    /// have answered (protocol, "Restore").
    pub recovery: Option<Hash>,
    /// Whether, when that is unclear, the own disk has all that this node signed: what is not known is what others signed with its keys.
    pub intact: bool,
    /// Random bytes, drawn at the start: they make the nonces of questions that arise while it runs.
    pub salt: Hash,
    /// The key set that the next epoch begins with: its log key is the one that we sign with from there on.
    pub succession: Option<Box<SignedKeySet>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { poll_seconds: 10, timeout_seconds: 10, fanout: 3, recovery: None, intact: false, salt: Hash::default(), succession: None }
    }
}

/// The secret keys that a replica signs with.
#[derive(Debug)]
pub struct Keys {
    /// Signs our heads.
    pub log: SecretKey,
    /// Cosigns others' heads.
    pub witness: SecretKey,
}

/// The state machine.
#[derive(Debug)]
pub struct Replica {
    me: AgencyId,
    settings: Settings,
    keys: Keys,
    book: Arc<KeyBook>,
    logs: BTreeMap<LogId, LogState>,
    labels: register::Register,
    assembly: assembly::Assembly,
    /// While it is unclear what was signed before.
    recovery: Option<recovery::Recovery>,
    connected: BTreeSet<AgencyId>,
    round: usize,
    next_poll: Timestamp,
    /// The latest time that everybody who cosigned some head vouches for.
    vouched: Timestamp,
    deferred: Vec<Deferred>,
    touched: BTreeSet<LogId>,
    /// Logs to be read again from the own disk, up to a size.
    reread: Vec<(LogId, u64)>,
    /// The first step is still to come: it does what a version of the charter asks for that came with the files.
    begun: bool,
}

/// What waits for the disk.
#[derive(Debug)]
enum Deferred {
    SignOwn,
    Cosign { log: LogId, size: u64 },
    Answer { ticket: u64, indices: Vec<u64> },
    Promised { log: LogId },
    Emit(Effect),
}

impl Replica {
    /// A replica that remembers `logs` and `labels` (none, when it is new). The key sets inside the snapshots are
    /// checked again.
    #[must_use]
    pub fn new(
        me: AgencyId,
        settings: Settings,
        keys: Keys,
        book: KeyBook,
        logs: Vec<LogSnapshot>,
        labels: impl IntoIterator<Item = LabelRow>,
    ) -> Self {
        let mut replica = Self {
            recovery: settings.recovery.map(|nonce| recovery::Recovery::new(nonce, settings.intact)),
            me,
            settings,
            keys,
            book: Arc::new(book),
            logs: BTreeMap::new(),
            labels: register::Register::default(),
            assembly: assembly::Assembly::default(),
            connected: BTreeSet::new(),
            round: 0,
            next_poll: Timestamp::default(),
            vouched: Timestamp::default(),
            deferred: Vec::new(),
            touched: BTreeSet::new(),
            reread: Vec::new(),
            begun: false,
        };
        snapshot::restore(&mut replica, logs, labels);
        replica
    }

    /// Takes one event at `now`.
    pub fn step(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            epoch::resume(self, &mut out);
        }
        match event {
            Event::Append { ticket, records } => own::append(self, now, ticket, records, &mut out),
            Event::AppendStatus { ticket } => own::append_status(self, now, ticket, &mut out),
            Event::Span { from, span } => sync::span(self, now, &from, span, &mut out),
            Event::Head { from, head } => sync::head(self, now, &from, &head, &mut out),
            Event::Stranger { from, log } => sync::stranger(self, now, from, log, &mut out),
            Event::Cosignature(cosignature) => witness::cosignature(self, &cosignature, &mut out),
            Event::Asked { agency } => recovery::asked(self, &agency),
            Event::LastSeen(seen) => recovery::last_seen(self, now, seen, &mut out),
            Event::Fork(fork) => witness::fork(self, &fork, &mut out),
            Event::Rechecked { log, index, record } => register::rechecked(self, &log, index, &record, &mut out),
            Event::Reread { log, records } => epoch::reread(self, now, &log, &records, &mut out),
            Event::Proposal(proposal) => assembly::proposal(self, now, proposal, &mut out),
            Event::Chain(chain) => assembly::chain(self, now, *chain, &mut out),
            Event::Failed { from, request } => sync::failed(self, now, &from, &request, &mut out),
            Event::Connected(peer) => sync::connected(self, now, peer, &mut out),
            Event::Disconnected(peer) => sync::disconnected(self, now, &peer, &mut out),
            Event::Tick => sync::tick(self, now, &mut out),
            Event::Durable => self.durable(now, &mut out),
        }
        for log in std::mem::take(&mut self.touched) {
            out.push(Effect::Persist(Write::Log(Box::new(snapshot::of(self, &log)))));
        }
        // Last: its answer writes behind everything above.
        out.extend(std::mem::take(&mut self.reread).into_iter().map(|(log, size)| Effect::Reread { log, size }));
        out
    }

    fn durable(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let mut sign = false;
        let mut answers = Vec::new();
        for deferred in std::mem::take(&mut self.deferred) {
            match deferred {
                Deferred::SignOwn => sign = true,
                Deferred::Cosign { log, size } => witness::sign(self, now, &log, size, out),
                Deferred::Answer { ticket, indices } => answers.push(Effect::Answer { ticket, outcome: Ok(indices) }),
                Deferred::Promised { log } => recovery::promised(self, &log),
                Deferred::Emit(effect) => out.push(effect),
            }
        }
        // Not when another node was seen to sign with our keys meanwhile.
        if sign && self.recovery.is_none() {
            own::sign(self, out);
        }
        out.extend(answers);
    }

    /// News for the rest of the node, once it is on disk.
    fn later(&mut self, change: Change) {
        self.deferred.push(Deferred::Emit(Effect::Changed(change)));
    }

    /// The keys known so far.
    #[must_use]
    pub fn book(&self) -> &Arc<KeyBook> {
        &self.book
    }

    /// Who this is.
    #[must_use]
    pub fn me(&self) -> &AgencyId {
        &self.me
    }

    /// Our own log.
    #[must_use]
    pub fn own_log(&self) -> LogId {
        LogId::first(self.me.clone())
    }

    /// Which logs are held.
    pub fn logs(&self) -> impl Iterator<Item = &LogId> {
        self.logs.keys()
    }

    /// The epoch that the records held of a log have come to.
    #[must_use]
    pub fn epoch(&self, log: &LogId) -> u32 {
        self.logs.get(log).map_or(1, LogState::epoch)
    }

    /// Whether a head of a later epoch is known whose records are still to come: what is held of the log may be given up for them
    /// (protocol, "Epoch").
    #[must_use]
    pub fn awaits_epoch(&self, log: &LogId) -> bool {
        self.logs.get(log).is_some_and(|state| state.successor.is_some())
    }

    /// Size and root of what is held of a log.
    #[must_use]
    pub fn held(&self, log: &LogId) -> Option<(u64, Hash)> {
        self.logs.get(log).map(|state| (state.frontier.size(), state.frontier.root()))
    }

    /// How much of a log is final: covered by a head that has its quorum.
    #[must_use]
    pub fn final_size(&self, log: &LogId) -> u64 {
        self.logs.get(log).map_or(0, |state| state.final_size)
    }

    /// Until when the largest head of a log that has its quorum was surely the newest.
    #[must_use]
    pub fn fresh_as_of(&self, log: &LogId) -> Option<Timestamp> {
        let state = self.logs.get(log)?;
        state.heads.get(&state.final_size)?.fresh_as_of(&witness::witnesses(self, log, state.final_size))
    }

    /// Whether a log was frozen.
    #[must_use]
    pub fn frozen(&self, log: &LogId) -> bool {
        self.logs.get(log).is_some_and(|state| state.frozen)
    }

    /// The epoch of a log that told two stories; `None` where it is not frozen, or for an untrue status.
    #[must_use]
    pub fn forked(&self, log: &LogId) -> Option<u32> {
        let (_, epoch) = self.logs.get(log).filter(|state| state.frozen)?.frozen_by;
        (epoch != state::UNTRUE).then_some(epoch)
    }

    /// The newest head held of a log, with the cosignatures gathered.
    #[must_use]
    pub fn newest_head(&self, log: &LogId) -> Option<Head> {
        let state = self.logs.get(log)?;
        state.current().map(|held| Head { log: log.clone(), note: held.note().to_owned() })
    }

    /// Who has cosigned the newest head, and how many must.
    #[must_use]
    pub fn cosigners(&self, log: &LogId) -> (Vec<AgencyId>, usize) {
        let size = self.held(log).map_or(0, |(size, _)| size);
        let needed = witness::witnesses(self, log, size).threshold();
        let by = self.logs.get(log).and_then(LogState::current).map(|held| held.cosignatures.keys().cloned().collect());
        (by.unwrap_or_default(), needed)
    }

    /// The head held of exactly this size, for checking a cosignature line against it.
    #[must_use]
    pub fn checkpoint(&self, log: &LogId, size: u64) -> Option<&crate::log::checkpoint::Checkpoint> {
        self.logs.get(log)?.heads.get(&size).map(|held| held.signed.checkpoint())
    }

    /// The charter record that rules what a log appends next: its index and version.
    #[must_use]
    pub fn adopted(&self, log: &LogId) -> Option<(u64, u32)> {
        self.logs.get(log)?.adopted.last().copied()
    }

    /// The version that a log adopts next, which is not known here: nothing behind it is taken yet.
    #[must_use]
    pub fn stalled(&self, log: &LogId) -> Option<u32> {
        self.logs.get(log).and_then(|state| state.stalled)
    }

    /// The state of a label, as the records held say.
    #[must_use]
    pub fn label(&self, label: &LabelId) -> Option<State> {
        self.labels.state(label)
    }

    /// Whether our labels changed since we last stated their standing.
    #[must_use]
    pub fn status_due(&self) -> bool {
        self.logs.get(&self.own_log()).is_some_and(|state| state.status_due)
    }

    /// How many labels are known.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels.len()
    }

    /// Which of our own labels are in which state: what a status record would say now.
    #[must_use]
    pub fn states(&self, log: &LogId) -> Vec<(LabelId, State)> {
        self.labels.states(log)
    }
}
