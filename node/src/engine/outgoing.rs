//! Carries what the core wants said to the network, and brings answers back, checked.

use std::sync::Arc;

use parangon_protocol::check::{self, CheckError, KeyBook};
use parangon_protocol::id::AgencyId;
use parangon_protocol::log::last_seen::LastSeen;
use parangon_protocol::message::{Gossip, Head, Range, Request, Response};
use parangon_protocol::replica::Event;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::core::Command;
use super::intake::checked_span;
use crate::network::NetworkHandle;

/// Messages that wait to be handed to the network.
const WAITING: usize = 4096;

/// What the core wants said.
pub(super) enum Outgoing {
    Publish(Gossip),
    Ask { to: AgencyId, request: Request },
}

/// Starts the dispatcher. It spawns a task for each question, so it never waits for the core.
pub(super) fn start(
    me: AgencyId,
    network: NetworkHandle,
    commands: mpsc::Sender<Command>,
    book: watch::Receiver<Arc<KeyBook>>,
    stop: CancellationToken,
) -> mpsc::Sender<Outgoing> {
    let (sender, mut waiting) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let outgoing = tokio::select! {
                () = stop.cancelled() => return,
                outgoing = waiting.recv() => outgoing,
            };
            match outgoing {
                None => return,
                Some(Outgoing::Publish(gossip)) => {
                    if let Err(error) = network.publish(gossip).await {
                        tracing::debug!(%error, "not announced; others will pull it");
                    }
                }
                Some(Outgoing::Ask { to, request }) => {
                    let (network, commands, book, me) = (network.clone(), commands.clone(), book.clone(), me.clone());
                    tokio::spawn(async move { ask(&network, &commands, &book, &me, to, request).await });
                }
            }
        }
    });
    sender
}

async fn ask(
    network: &NetworkHandle,
    commands: &mpsc::Sender<Command>,
    book: &watch::Receiver<Arc<KeyBook>>,
    me: &AgencyId,
    to: AgencyId,
    request: Request,
) {
    let events = match network.request(&to, request.clone()).await {
        Ok(Response::Heads(heads)) => heads.into_iter().filter_map(|head| head_event(book, &to, &head)).collect(),
        Ok(Response::Range(range)) => vec![range_event(book, &to, &request, range).await],
        Ok(Response::Amendments(texts)) => amendments_event(book, &to, request, texts).await.into_iter().collect(),
        Ok(Response::LastSeen(seen)) => last_seen_event(book, me, &to, &request, &seen).into_iter().collect(),
        Ok(Response::Done) => vec![],
        Ok(Response::Missing) => vec![Event::Failed { from: to, request }],
        Err(error) => {
            tracing::debug!(peer = %to, %error, "a request failed");
            vec![Event::Failed { from: to, request }]
        }
    };
    for event in events {
        if commands.send(Command::Event(Box::new(event))).await.is_err() {
            return;
        }
    }
}

/// A head as an event; one whose keys are not known yet leads to a pull from the start.
pub(super) fn head_event(book: &watch::Receiver<Arc<KeyBook>>, from: &AgencyId, head: &Head) -> Option<Event> {
    let book = book.borrow().clone();
    match check::head(&book, head) {
        Ok(head) => Some(Event::Head { from: from.clone(), head }),
        Err(CheckError::UnknownKey(log)) => Some(Event::Stranger { from: from.clone(), log }),
        Err(error) => {
            tracing::warn!(peer = %from, %error, "a head was refused");
            None
        }
    }
}

/// What a witness saw last of our log, as an event; one whose keys are not known yet leads to a pull from the start.
fn last_seen_event(
    book: &watch::Receiver<Arc<KeyBook>>,
    me: &AgencyId,
    from: &AgencyId,
    request: &Request,
    seen: &LastSeen,
) -> Option<Event> {
    let Request::LastSeen { nonce } = request else { return None };
    let book = book.borrow().clone();
    match check::last_seen(&book, me, from, nonce, seen) {
        Ok(seen) => Some(Event::LastSeen(seen)),
        Err(CheckError::UnknownKey(log)) => Some(Event::Stranger { from: from.clone(), log }),
        Err(error) => {
            tracing::warn!(peer = %from, %error, "an answer was refused");
            None
        }
    }
}

/// Versions of the charter as an event. What is refused is asked of others at the next poll.
async fn amendments_event(book: &watch::Receiver<Arc<KeyBook>>, from: &AgencyId, request: Request, texts: Vec<Vec<u8>>) -> Option<Event> {
    let book = book.borrow().clone();
    let checked = tokio::task::spawn_blocking(move || Event::amendments(&book, &request, texts)).await.ok()?;
    checked.inspect_err(|error| tracing::warn!(peer = %from, %error, "a version of the charter was refused")).ok()
}

async fn range_event(book: &watch::Receiver<Arc<KeyBook>>, from: &AgencyId, request: &Request, range: Range) -> Event {
    let failed = || Event::Failed { from: from.clone(), request: request.clone() };
    let asked = matches!(request, Request::Range { log, start, .. } if *log == range.log && *start == range.start);
    if !asked || range.records.is_empty() {
        return failed();
    }
    let Range { log, start, records, note, proof } = range;
    let book = book.borrow().clone();
    match checked_span(book, log, note, start, records, proof).await {
        Ok(span) => Event::Span { from: from.clone(), span },
        Err(error) => {
            tracing::warn!(peer = %from, %error, "records were refused");
            failed()
        }
    }
}
