//! Delivers the outbox: in order, at least once, to whoever is connected. It never sleeps in a loop: it wakes when a
//! message was queued, when a member connects, and when a back-off ends.

mod link;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use parangon_protocol::id::{AgencyId, Hash};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use link::{Link, LinkState};

use super::{Context, Error, erasure, inbox, mail, offers};
use crate::engine::{News, PrivateMessage};

/// The first wait after a failed delivery.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);

/// The longest wait: a member that is connected and still refuses is asked once a minute.
const BACKOFF_LAST: Duration = Duration::from_secs(60);

/// Bytes of queued messages read at once for one member.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Messages taken in with one commit.
const TAKEN_AT_ONCE: usize = 32;

/// Messages under way to one member.
const SENT_AT_ONCE: usize = 16;

/// Why a message did not arrive, as far as the courier cares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// The other node's services refused it, with their code: 1 is "later", everything else "never".
    #[error("refused with code {0}")]
    Refused(u16),
    /// It may not have arrived: not connected, no answer, a limit.
    #[error("{0}")]
    Failed(String),
}

/// The way to other agencies: the network, or a stand-in for tests.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Hands over one message and waits until it is durable there.
    async fn deliver(&self, to: &AgencyId, message: Vec<u8>) -> Result<(), CarrierError>;

    /// How each member is reached at the moment.
    fn links(&self) -> Vec<Link>;

    /// The carrier's own metrics in the Prometheus text format.
    fn metrics(&self) -> String {
        String::new()
    }
}

/// Far more than it takes to look up what a message is about.
pub(super) const REFUSAL_SLOT: Duration = Duration::from_millis(250);

/// How long a member is left alone after a failure.
struct Backoff {
    wait: Duration,
    until: Instant,
}

struct Courier {
    context: Context,
    /// One delivery a member at a time: messages arrive in the order they were queued.
    deliveries: JoinSet<(AgencyId, Result<(), Error>)>,
    busy: HashSet<AgencyId>,
    backoffs: HashMap<AgencyId, Backoff>,
}

/// Takes messages in and delivers ours, until `stop`. Deliveries under way are given up then: what was not acknowledged
/// stays queued.
pub async fn run(context: Context, inbox: mpsc::Receiver<PrivateMessage>, stop: CancellationToken) {
    tokio::join!(take_in(context.clone(), inbox, stop.clone()), send_out(context, stop));
}

/// Takes in what is waiting, with one commit where nothing is refused. What one agency sends is handled in the order it
/// was sent.
async fn take_in(context: Context, mut inbox: mpsc::Receiver<PrivateMessage>, stop: CancellationToken) {
    let mut waiting = Vec::with_capacity(TAKEN_AT_ONCE);
    loop {
        let count = tokio::select! {
            () = stop.cancelled() => return,
            count = inbox.recv_many(&mut waiting, TAKEN_AT_ONCE) => count,
        };
        if count == 0 {
            return;
        }
        let began = Instant::now();
        let (messages, acks): (Vec<_>, Vec<_>) =
            waiting.drain(..).map(|PrivateMessage { from, message, ack }| ((from, message), ack)).unzip();
        for (outcome, ack) in mail::receive(&context, messages).await.into_iter().zip(acks) {
            match outcome {
                Ok(()) => ack.accept(),
                Err(code) => {
                    let at = refused_at(began, Instant::now());
                    tokio::spawn(async move {
                        tokio::time::sleep_until(at).await;
                        ack.refuse(code);
                    });
                }
            }
        }
    }
}

/// When a refusal is told: at the end of a slot, so that its time does not tell what is here (case R8).
fn refused_at(began: Instant, now: Instant) -> Instant {
    let slots = now.duration_since(began).as_millis() / REFUSAL_SLOT.as_millis() + 1;
    began + REFUSAL_SLOT * u32::try_from(slots).unwrap_or(u32::MAX)
}

async fn send_out(context: Context, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    let mut courier = Courier { context, deliveries: JoinSet::new(), busy: HashSet::new(), backoffs: HashMap::new() };
    loop {
        courier.start().await;
        let now = Instant::now();
        let due = courier.backoffs.values().map(|backoff| backoff.until).filter(|until| *until > now).min();
        tokio::select! {
            () = stop.cancelled() => return,
            () = courier.context.queued().notified() => {}
            change = changes.recv() => match change {
                Ok(News::Peer(agency)) => { courier.backoffs.remove(&agency); }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => courier.backoffs.clear(),
                Err(broadcast::error::RecvError::Closed) => return,
            },
            Some(done) = courier.deliveries.join_next() => courier.settle(done.ok()),
            () = wait_until(due) => {}
        }
    }
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

impl Courier {
    /// Begins a delivery to every member that has messages waiting, is connected, idle and not backed off.
    async fn start(&mut self) {
        let waiting = match self.context.run(|context| Ok(context.store().read()?.outbox_counts()?)).await {
            Ok(counts) => counts,
            Err(error) => return tracing::warn!(%error, "the outbox cannot be read"),
        };
        let links = self.context.carrier().links();
        let now = Instant::now();
        for (agency, _) in waiting {
            let connected = links.iter().any(|link| link.agency == agency && link.is_connected());
            let backed_off = self.backoffs.get(&agency).is_some_and(|backoff| backoff.until > now);
            if connected && !backed_off && self.busy.insert(agency.clone()) {
                let context = self.context.clone();
                self.deliveries.spawn(async move {
                    let done = deliver(&context, &agency).await;
                    (agency, done)
                });
            }
        }
    }

    fn settle(&mut self, done: Option<(AgencyId, Result<(), Error>)>) {
        let Some((agency, done)) = done else {
            // A delivery panicked; nothing tells which. What is not acknowledged is delivered again.
            return self.busy.clear();
        };
        self.busy.remove(&agency);
        match done {
            Ok(()) => {
                self.backoffs.remove(&agency);
            }
            Err(error) => {
                tracing::debug!(%agency, %error, "messages wait");
                let wait = self.backoffs.get(&agency).map_or(BACKOFF_FIRST, |backoff| (backoff.wait * 2).min(BACKOFF_LAST));
                let until = Instant::now().checked_add(wait).unwrap_or_else(Instant::now);
                self.backoffs.insert(agency, Backoff { wait, until });
            }
        }
    }
}

/// A message that the other side has settled.
struct Settled {
    number: u64,
    offer: Hash,
    refused: bool,
}

/// Delivers everything that waits for `to`, until something fails for now. Messages about one offer go one after the
/// other, those about different offers side by side.
async fn deliver(context: &Context, to: &AgencyId) -> Result<(), Error> {
    loop {
        let agency = to.clone();
        let pending = context.run(move |context| Ok(context.store().read()?.outbox_pending(&agency, BATCH_BYTES)?)).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let mut offers = HashSet::new();
        let mut round = Vec::new();
        for (number, message) in pending {
            let offer = mail::offer_of(&message)?;
            if offers.insert(offer) && round.len() < SENT_AT_ONCE {
                round.push(hand_over(context, to, number, offer, message));
            }
        }
        let (done, failed): (Vec<_>, Vec<_>) = join_all(round).await.into_iter().partition(Result::is_ok);
        let agency = to.clone();
        let done: Vec<Settled> = done.into_iter().flatten().collect();
        context.run(move |context| settle(context, &agency, &done)).await?;
        if let Some(Err(error)) = failed.into_iter().next() {
            return Err(error.into());
        }
    }
}

async fn hand_over(context: &Context, to: &AgencyId, number: u64, offer: Hash, message: Vec<u8>) -> Result<Settled, CarrierError> {
    let message = mail::sealed_now(context, &message).map_err(|error| CarrierError::Failed(error.to_string()))?;
    match context.carrier().deliver(to, message).await {
        Ok(()) => Ok(Settled { number, offer, refused: false }),
        Err(CarrierError::Refused(code)) if code != mail::LATER => Ok(Settled { number, offer, refused: true }),
        Err(error) => Err(error),
    }
}

/// Forgets messages that arrived, or that the other side will never take; the latter is noted where people see it.
fn settle(context: &Context, to: &AgencyId, done: &[Settled]) -> Result<(), Error> {
    if done.is_empty() {
        return Ok(());
    }
    context.transact(|tx| {
        for Settled { number, offer, refused } in done {
            tx.outbox_ack(*number)?;
            if *refused {
                tracing::warn!(agency = %to, "a private message was refused for good");
                offers::on_refused(tx, to, offer)?;
                inbox::on_refused(tx, to, offer)?;
                erasure::on_refused(context, tx, to, offer)?;
            }
        }
        Ok(())
    })
}
