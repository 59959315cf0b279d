//! Foreign bytes on their way in: bounded, checked in a pool of workers, then handed to the core.

use std::sync::Arc;
use std::time::Duration;

use parangon_protocol::check::{self, CheckError, CheckedSpan, KeyBook};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::message::{Gossip, Request, Response};
use parangon_protocol::replica::{Event, serve};
use rayon::prelude::*;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::core::Command;
use super::outgoing::head_event;
use super::{News, Overview, PrivateMessage, reader};
use crate::network::{Incoming, ReplySlot, Verdict};
use crate::store::Store;

/// Messages that are checked or answered at once. Each holds at most one range in memory.
const AT_ONCE: usize = 64;

/// How often the replica looks at its timers.
const TICK: Duration = Duration::from_millis(250);

pub(super) struct Intake {
    pub(super) incoming: mpsc::Receiver<Incoming>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) book: watch::Receiver<Arc<KeyBook>>,
    pub(super) overview: watch::Receiver<Arc<Overview>>,
    pub(super) store: Arc<Store>,
    pub(super) private: mpsc::Sender<PrivateMessage>,
    pub(super) news: broadcast::Sender<News>,
    pub(super) stop: CancellationToken,
}

/// What the tasks share.
#[derive(Clone)]
struct Desk {
    commands: mpsc::Sender<Command>,
    book: watch::Receiver<Arc<KeyBook>>,
    overview: watch::Receiver<Arc<Overview>>,
    store: Arc<Store>,
}

pub(super) fn start(intake: Intake) {
    tokio::spawn(async move {
        let Intake { mut incoming, commands, book, overview, store, private, news, stop } = intake;
        let desk = Desk { commands, book, overview, store };
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let message = tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {
                    if desk.event(Event::Tick).await.is_err() {
                        return;
                    }
                    continue;
                }
                message = incoming.recv() => message,
            };
            let Some(message) = message else { return };
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match message {
                Incoming::Connected(peer) => {
                    let _stopping = desk.event(Event::Connected(peer.clone())).await;
                    let _nobody = news.send(News::Peer(peer));
                }
                Incoming::Disconnected(peer) => {
                    let _stopping = desk.event(Event::Disconnected(peer.clone())).await;
                    let _nobody = news.send(News::Peer(peer));
                }
                Incoming::Private { from, message, ack } => {
                    // A full queue leaves the message unacknowledged: its sender keeps it and tries again.
                    if private.try_send(PrivateMessage { from, message, ack }).is_err() {
                        tracing::debug!("a private message has to wait");
                    }
                }
                Incoming::Gossip { from_connection, message, verdict } => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        desk.gossip(from_connection, message, verdict).await;
                        drop(place);
                    });
                }
                Incoming::Request { from, request, reply } => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        desk.request(from, request, reply).await;
                        drop(place);
                    });
                }
            }
        }
    });
}

impl Desk {
    async fn event(&self, event: Event) -> Result<(), mpsc::error::SendError<Command>> {
        self.commands.send(Command::Event(Box::new(event))).await
    }

    async fn gossip(&self, from: AgencyId, message: Gossip, verdict: Verdict) {
        let book = self.book.borrow().clone();
        let event = match message {
            Gossip::Grown { head, records, .. } if records.is_empty() => match check::head(&book, &head) {
                Ok(head) => Ok(Event::Head { from, head }),
                Err(error) => Err((error, from)),
            },
            Gossip::Grown { head, start, records } => {
                let checked = checked_span(book, head.log, head.note, start, records, vec![]).await;
                checked.map(|span| Event::Span { from: from.clone(), span }).map_err(|error| (error, from))
            }
            Gossip::Fork { proof } => match serde_json::from_slice::<ForkProof>(&proof) {
                Ok(proof) => check::fork(&book, proof).map(Event::Fork).map_err(|error| (error, from)),
                Err(_) => return verdict.reject(),
            },
        };
        match event {
            Ok(event) => {
                verdict.accept();
                let _stopping = self.event(event).await;
            }
            // Not wrong, only too early: the keys follow by pulling.
            Err((CheckError::UnknownKey(log), from)) => {
                verdict.ignore();
                let _stopping = self.event(Event::Stranger { from, log }).await;
            }
            Err((error, from)) => {
                tracing::warn!(peer = %from, %error, "gossip was refused");
                verdict.reject();
            }
        }
    }

    async fn request(&self, from: AgencyId, request: Request, reply: ReplySlot) {
        let response = match request {
            Request::Heads { known } => {
                let (answer, heads) = oneshot::channel();
                let sent = self.commands.send(Command::Heads { known, reply: answer }).await;
                match (sent, heads.await) {
                    (Ok(()), Ok(heads)) => Response::Heads(heads),
                    _ => Response::Missing,
                }
            }
            Request::Range { log, start, count } => self.range(log, start, count).await,
            Request::Cosigned { log, size, line } => {
                let _stopping = self.commands.send(Command::Cosigned { log, size, line }).await;
                Response::Done
            }
            Request::Proposal { hash } => {
                let (answer, text) = oneshot::channel();
                let sent = self.commands.send(Command::Proposal { hash, reply: answer }).await;
                match (sent, text.await) {
                    (Ok(()), Ok(Some(text))) => Response::Amendments(vec![text]),
                    _ => Response::Missing,
                }
            }
            Request::LastSeen { nonce } => {
                let (answer, seen) = oneshot::channel();
                let sent = self.commands.send(Command::LastSeen { agency: from.clone(), nonce, reply: answer }).await;
                match (sent, seen.await) {
                    (Ok(()), Ok(Some(seen))) => Response::LastSeen(seen),
                    _ => Response::Missing,
                }
            }
            Request::Charter { after } => {
                let texts = serve::versions(self.book.borrow().chain(), after);
                if texts.is_empty() { Response::Missing } else { Response::Amendments(texts) }
            }
            Request::Fork { proof } => {
                if let Some(event) = fork_event(&self.book, &from, &proof) {
                    let _stopping = self.event(event).await;
                }
                Response::Done
            }
            Request::Tell(head) => {
                if let Some(event) = head_event(&self.book, &from, &head) {
                    let _stopping = self.event(event).await;
                }
                Response::Done
            }
        };
        if let Err(error) = reply.send(response) {
            tracing::debug!(peer = %from, %error, "an answer was not sent");
        }
    }

    async fn range(&self, log: LogId, start: u64, count: u64) -> Response {
        let known = self.overview.borrow().logs.get(&log).and_then(|known| Some((known.head.clone()?, known.size)));
        let Some((note, size)) = known else { return Response::Missing };
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || reader::range(&store, &log, note, size, start, count)).await {
            Ok(Ok(Some(range))) => Response::Range(range),
            Ok(Ok(None)) | Err(_) => Response::Missing,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a range could not be read");
                Response::Missing
            }
        }
    }
}

/// Evidence as an event; that of a log whose keys are not known yet leads to a pull from the start.
fn fork_event(book: &watch::Receiver<Arc<KeyBook>>, from: &AgencyId, proof: &[u8]) -> Option<Event> {
    let book = book.borrow().clone();
    let proof = serde_json::from_slice::<ForkProof>(proof).ok()?;
    match check::fork(&book, proof) {
        Ok(fork) => Some(Event::Fork(fork)),
        Err(CheckError::UnknownKey(log)) => Some(Event::Stranger { from: from.clone(), log }),
        Err(error) => {
            tracing::warn!(peer = %from, %error, "evidence was refused");
            None
        }
    }
}

/// Checks a span in the pool, its records side by side on all cores.
///
/// # Errors
/// The first [`CheckError`] found.
pub(super) async fn checked_span(
    book: Arc<KeyBook>,
    log: LogId,
    note: String,
    start: u64,
    records: Vec<Vec<u8>>,
    proof: Vec<Hash>,
) -> Result<CheckedSpan, CheckError> {
    let (done, checked) = oneshot::channel();
    rayon::spawn(move || {
        let check = || {
            let (head, book) = check::span_head(&book, &log, &note, start, &records, &proof)?;
            let records: Vec<_> = records.into_iter().zip(start..).collect();
            let records =
                records.into_par_iter().map(|(bytes, index)| check::record(&book, &log, index, bytes)).collect::<Result<_, _>>()?;
            Ok(check::assemble(head, start, records, proof))
        };
        let _gone = done.send(check());
    });
    checked.await.unwrap_or(Err(CheckError::TooLarge))
}
