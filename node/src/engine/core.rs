//! The one owner of the replica. Takes what waits, steps through all of it, commits once, lets the rest out.

use std::collections::HashMap;
use std::sync::Arc;

use parangon_protocol::charter::{Charter, LastHead};
use parangon_protocol::check::{self, CheckedRecord, KeyBook};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::log::last_seen::LastSeen;
use parangon_protocol::message::{Head, Request};
use parangon_protocol::replica::{self, Effect, Event, Replica, Write};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::outgoing::Outgoing;
use super::{CharterOverview, EngineError, Fresh, LogOverview, News, Overview, persist, reader};
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// Commands taken into one commit: bounds the time until the first of them is answered.
const GROUP: usize = 512;

pub(super) type Reply = oneshot::Sender<Result<Vec<u64>, EngineError>>;

pub(super) enum Command {
    Append {
        records: Vec<CheckedRecord>,
        reply: Reply,
    },
    AppendStatus {
        reply: Reply,
    },
    Event(Box<Event>),
    Heads {
        known: Vec<(LogId, u64, u16)>,
        reply: oneshot::Sender<Vec<Head>>,
    },
    Cosigned {
        log: LogId,
        size: u64,
        line: String,
    },
    Proposal {
        hash: Hash,
        reply: oneshot::Sender<Option<Vec<u8>>>,
    },
    LastHeads {
        charter: Box<Charter>,
        reply: oneshot::Sender<Result<Vec<LastHead>, EngineError>>,
    },
    LastSeen {
        agency: AgencyId,
        nonce: Hash,
        reply: oneshot::Sender<Option<LastSeen>>,
    },
    /// Answered when what came before it is durable.
    Flush {
        reply: oneshot::Sender<()>,
    },
}

pub(super) struct Core {
    replica: Replica,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    outgoing: mpsc::Sender<Outgoing>,
    overview: watch::Sender<Arc<Overview>>,
    book: watch::Sender<Arc<KeyBook>>,
    news: broadcast::Sender<News>,
    commands: mpsc::WeakSender<Command>,
    tickets: HashMap<u64, Reply>,
    next_ticket: u64,
    writes: Vec<Write>,
    /// Answered once the promise in the answer is durable.
    asked: Vec<(AgencyId, Hash, oneshot::Sender<Option<LastSeen>>)>,
    flushes: Vec<oneshot::Sender<()>>,
    failed: Option<Arc<StoreError>>,
}

impl Core {
    #[expect(clippy::too_many_arguments, reason = "made in one place, from the parts that it owns")]
    pub(super) fn new(
        replica: Replica,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        outgoing: mpsc::Sender<Outgoing>,
        overview: watch::Sender<Arc<Overview>>,
        book: watch::Sender<Arc<KeyBook>>,
        news: broadcast::Sender<News>,
        commands: mpsc::WeakSender<Command>,
    ) -> Self {
        let (tickets, writes) = (HashMap::new(), Vec::new());
        Self {
            replica,
            store,
            clock,
            outgoing,
            overview,
            book,
            news,
            commands,
            tickets,
            next_ticket: 0,
            writes,
            asked: Vec::new(),
            flushes: Vec::new(),
            failed: None,
        }
    }

    /// Runs until every sender is gone. Blocking: has a thread of its own.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        self.commit(); // what a crash left unsigned
        while let Some(first) = inbox.blocking_recv() {
            self.take(first);
            for _ in 1..GROUP {
                match inbox.try_recv() {
                    Ok(command) => self.take(command),
                    Err(_) => break,
                }
            }
            self.commit();
            while !self.writes.is_empty() && inbox.is_empty() && self.failed.is_none() {
                self.commit();
            }
        }
    }

    fn take(&mut self, command: Command) {
        if let Some(cause) = &self.failed {
            if let Command::Append { reply, .. } | Command::AppendStatus { reply } = command {
                let _gone = reply.send(Err(EngineError::Store(cause.clone())));
            }
            return;
        }
        match command {
            Command::Append { records, reply } => {
                let ticket = self.ticket(reply);
                self.step(Event::Append { ticket, records });
            }
            Command::AppendStatus { reply } => {
                if self.replica.status_due() {
                    let ticket = self.ticket(reply);
                    self.step(Event::AppendStatus { ticket });
                } else {
                    let _gone = reply.send(Ok(vec![]));
                }
            }
            Command::Event(event) => self.step(*event),
            Command::Heads { known, reply } => {
                let _gone = reply.send(self.replica.answer_heads(&known));
            }
            Command::Proposal { hash, reply } => {
                let _gone = reply.send(self.replica.answer_proposal(&hash));
            }
            Command::LastHeads { charter, reply } => {
                let _gone = reply.send(self.replica.last_heads(self.clock.now(), &charter).map_err(EngineError::Refused));
            }
            Command::LastSeen { agency, nonce, reply } => {
                self.step(Event::Asked { agency: agency.clone() });
                self.asked.push((agency, nonce, reply));
            }
            Command::Flush { reply } => self.flushes.push(reply),
            Command::Cosigned { log, size, line } => {
                // 40 microseconds; there is at most one a member and head.
                let book = self.replica.book().clone();
                if let Some(head) = self.replica.checkpoint(&log, size)
                    && let Ok(checked) = check::cosignature(&book, &log, head, &line)
                {
                    self.step(Event::Cosignature(checked));
                }
            }
        }
    }

    fn ticket(&mut self, reply: Reply) -> u64 {
        self.next_ticket += 1;
        self.tickets.insert(self.next_ticket, reply);
        self.next_ticket
    }

    fn step(&mut self, event: Event) {
        let effects = self.replica.step(self.clock.now(), event);
        self.publish_book(&effects);
        self.perform(effects);
    }

    /// Makes durable what is pending, then lets out what waited for it.
    fn commit(&mut self) {
        if self.failed.is_some() {
            return; // what waits for the disk waits for ever: nothing of it may be signed or shown
        }
        if !self.writes.is_empty() {
            let writes = std::mem::take(&mut self.writes);
            if let Err(error) = persist::write(&self.store, self.replica.me(), &writes) {
                return self.fail(error);
            }
            for write in &writes {
                if let Write::Vouched { at } = write {
                    self.clock.raise(*at);
                }
            }
        }
        let effects = self.replica.step(self.clock.now(), Event::Durable);
        // Before the answers: who was answered finds it in the key book and in the overview, in this order.
        self.publish_book(&effects);
        self.publish();
        self.perform(effects);
        for (agency, nonce, reply) in std::mem::take(&mut self.asked) {
            let _gone = reply.send(self.replica.answer_last_seen(&agency, nonce));
        }
        for reply in self.flushes.drain(..) {
            let _gone = reply.send(());
        }
    }

    /// After a failed write the memory is ahead of the disk: nothing more is accepted, and nothing was let out.
    fn fail(&mut self, error: StoreError) {
        tracing::error!(%error, "the store failed; this node accepts nothing more until it is restarted");
        let cause = Arc::new(error);
        self.asked.clear();
        self.flushes.clear();
        for (_, reply) in self.tickets.drain() {
            let _gone = reply.send(Err(EngineError::Store(cause.clone())));
        }
        self.failed = Some(cause);
    }

    /// The key book, where these effects change it.
    fn publish_book(&self, effects: &[Effect]) {
        use replica::Change::{Charter, Epoch, Keys};
        let changes = |effect: &Effect| matches!(effect, Effect::Changed(Keys { .. } | Charter { .. } | Epoch { .. }));
        if effects.iter().any(changes) {
            self.book.send_replace(self.replica.book().clone());
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Persist(write) => self.writes.push(write),
                Effect::Publish(gossip) => self.send(Outgoing::Publish(gossip)),
                Effect::Ask { to, request } => self.send(Outgoing::Ask { to, request }),
                Effect::Compare { from, head } => self.compare(from, head),
                Effect::Reread { log, size } => self.reread(&log, size),
                Effect::Recheck { log, index } => self.recheck(log, index),
                Effect::Answer { ticket, outcome } => {
                    if let Some(reply) = self.tickets.remove(&ticket) {
                        let _gone = reply.send(outcome.map_err(EngineError::Refused));
                    }
                }
                Effect::Changed(change) => {
                    let _nobody = self.news.send(News::Log(change));
                }
            }
        }
    }

    /// The dispatcher never waits for the core, so this cannot lock up.
    fn send(&self, outgoing: Outgoing) {
        if self.outgoing.blocking_send(outgoing).is_err() {
            tracing::debug!("the network has stopped");
        }
    }

    fn compare(&self, from: AgencyId, head: check::CheckedHead) {
        let log = head.log().clone();
        let Some(ours) = self.replica.newest_head(&log).and_then(|ours| check::head(self.replica.book(), &ours).ok()) else { return };
        let (store, book, commands, outgoing) =
            (self.store.clone(), self.replica.book().clone(), self.commands.clone(), self.outgoing.clone());
        rayon::spawn(move || {
            let found = reader::compare(&store, &log, ours.signed(), head.signed());
            match found {
                Ok(Some(proof)) => {
                    if let (Ok(fork), Some(commands)) = (check::fork(&book, proof), commands.upgrade()) {
                        let _stopping = commands.blocking_send(Command::Event(Box::new(Event::Fork(fork))));
                    }
                }
                Ok(None) => {
                    if head.checkpoint().size > ours.checkpoint().size {
                        let request = Request::Tell(Head { log, note: ours.signed().note().to_string() });
                        let _stopping = outgoing.blocking_send(Outgoing::Ask { to: from, request });
                    }
                }
                Err(error) => tracing::warn!(%error, "a head could not be compared"),
            }
        });
    }

    /// Before the next commit forgets them. What cannot be read is pulled from the others.
    fn reread(&mut self, log: &LogId, size: u64) {
        let records = reader::reread(&self.store, self.replica.book(), log, size);
        self.step(Event::Reread { log: log.clone(), records });
    }

    fn recheck(&self, log: LogId, index: u64) {
        let (store, book, commands) = (self.store.clone(), self.replica.book().clone(), self.commands.clone());
        rayon::spawn(move || {
            let Some(record) = reader::recheck(&store, &book, &log, index) else { return };
            if let Some(commands) = commands.upgrade() {
                let event = Event::Rechecked { log, index, record: Box::new(record) };
                let _stopping = commands.blocking_send(Command::Event(Box::new(event)));
            }
        });
    }

    /// Shows the state that is durable by now.
    pub(super) fn publish(&self) {
        let logs = self.replica.logs().map(|log| (log.clone(), self.log(log))).collect();
        let charter = CharterOverview {
            proposals: self.replica.proposals().clone(),
            torn: self.replica.torn(),
            double_votes: self.replica.double_votes(),
            rekeyings: self.replica.rekeyings(),
        };
        let next = Overview { logs, labels: self.replica.label_count(), recovery: self.replica.recovery(), charter };
        self.overview.send_if_modified(|current| {
            let changed = **current != next;
            if changed {
                *current = Arc::new(next);
            }
            changed
        });
    }

    fn fresh(&self, log: &LogId) -> Option<Fresh> {
        let charter = self.replica.book().chain().newest();
        let as_of = self.replica.fresh_as_of(log).filter(|_| charter.member(&log.agency).is_some())?;
        Some(Fresh { as_of, until: as_of.plus(u64::from(charter.status_max_age_days) * 86_400) })
    }

    fn log(&self, log: &LogId) -> LogOverview {
        let (cosigned_by, quorum) = self.replica.cosigners(log);
        LogOverview {
            epoch: self.replica.epoch(log),
            size: self.replica.held(log).map_or(0, |(size, _)| size),
            final_size: self.replica.final_size(log),
            head: self.replica.newest_head(log).map(|head| head.note),
            cosigned_by,
            quorum,
            frozen: self.replica.frozen(log),
            forked: self.replica.forked(log),
            fresh: self.fresh(log),
            adopted: self.replica.adopted(log),
            end: self.replica.book().chain().end_of(log),
            stalled: self.replica.stalled(log),
        }
    }
}
