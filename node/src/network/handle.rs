//! The network as the rest of the node sees it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::{Multiaddr, PeerId};
use parangon_protocol::id::AgencyId;
use parangon_protocol::message::{Gossip, Request, Response};
use prometheus_client::registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use super::MemberAddress;
use super::actor::{Command, Listening};
use super::error::{FrameError, NetworkError};
use super::frame;
use super::limits;
use super::metrics::Metrics;
use super::peers::PeerStates;
use super::wire;

/// Speaks to the actor that owns the swarm. Cheap to clone; when the last clone is gone the network stops.
#[derive(Clone)]
pub struct NetworkHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) local: PeerId,
    pub(super) gossip: bool,
    pub(super) peers: watch::Receiver<PeerStates>,
    pub(super) listening: watch::Receiver<Listening>,
    pub(super) registry: Arc<Registry>,
    pub(super) metrics: Metrics,
    pub(super) turns: Arc<Mutex<Turns>>,
}

/// Who may ask whom next.
pub(super) type Turns = HashMap<(AgencyId, Kind), Arc<Semaphore>>;

/// Requests of different protocols do not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Log,
    Private,
}

impl NetworkHandle {
    /// Floods a hint to whoever is connected. Returns when it is queued, which says nothing of who receives it. What was published
    /// in the last ten minutes already is not published again.
    ///
    /// # Errors
    /// [`NetworkError::GossipOff`], [`NetworkError::NobodyListens`], [`NetworkError::QueuesFull`], [`NetworkError::Frame`] for a message over
    /// a bound, or [`NetworkError::Stopped`]. None of them is worth a retry: pulling finds it.
    pub async fn publish(&self, message: Gossip) -> Result<(), NetworkError> {
        if !self.gossip {
            return Err(NetworkError::GossipOff);
        }
        let bytes = wire::encode_gossip(message)?;
        self.ask(|reply| Command::Publish { bytes, reply }).await?
    }

    /// Asks a connected member. Waits for a turn while eight others are in flight to it; the exchange itself takes at most
    /// 30 seconds. All requests may be repeated.
    ///
    /// # Errors
    /// Everything in [`NetworkError`] but the gossip variants; never waits for a connection.
    pub async fn request(&self, to: &AgencyId, request: Request) -> Result<Response, NetworkError> {
        let frame = frame::frame(&wire::encode_request(request)?);
        self.request_frame(to, frame).await
    }

    pub(super) async fn request_frame(&self, to: &AgencyId, frame: Vec<u8>) -> Result<Response, NetworkError> {
        let turn = self.turn(to, Kind::Log).await;
        let answer = self.ask(|reply| Command::Request { to: to.clone(), frame, reply, turn }).await?;
        self.metrics.request(outcome(&answer));
        answer
    }

    /// Hands a sealed message to a connected member and waits for its acknowledgement, which means that it is durable there. After an
    /// error the message may still have arrived: the receiver must recognise it when it comes again.
    ///
    /// # Errors
    /// As [`NetworkHandle::request`]; [`super::Refusal::Application`] carries the receiver's own code.
    pub async fn private(&self, to: &AgencyId, message: Vec<u8>) -> Result<(), NetworkError> {
        if message.len() > limits::PRIVATE_BYTES {
            return Err(FrameError::TooLarge { bytes: message.len(), limit: limits::PRIVATE_BYTES }.into());
        }
        let turn = self.turn(to, Kind::Private).await;
        let answer = self.ask(|reply| Command::Private { to: to.clone(), frame: frame::frame(&message), reply, turn }).await?;
        self.metrics.request(outcome(&answer));
        answer
    }

    /// The members with a connection, sorted.
    #[must_use]
    pub fn connected(&self) -> Vec<AgencyId> {
        self.peers.borrow().iter().filter(|(_, state)| state.connected_since.is_some()).map(|(agency, _)| agency.clone()).collect()
    }

    /// Every member's connection, as it changes.
    #[must_use]
    pub fn peers(&self) -> watch::Receiver<PeerStates> {
        self.peers.clone()
    }

    /// Where this node listens, once every configured address has an answer from the system. Ports given as 0 are resolved.
    ///
    /// # Errors
    /// [`NetworkError::Stopped`].
    pub async fn listen_addrs(&self) -> Result<Vec<Multiaddr>, NetworkError> {
        let mut listening = self.listening.clone();
        let ready = listening.wait_for(|listening| listening.pending.is_empty()).await.map_err(|_| NetworkError::Stopped)?;
        Ok(ready.addresses.clone())
    }

    /// This node's own PeerId.
    #[must_use]
    pub fn local_peer(&self) -> PeerId {
        self.local
    }

    /// Replaces the list of members: who is not on it any more is disconnected, who is new is dialled.
    ///
    /// # Errors
    /// [`NetworkError::Stopped`].
    pub async fn set_members(&self, members: Vec<MemberAddress>) -> Result<(), NetworkError> {
        self.ask(|reply| Command::SetMembers { members, reply }).await
    }

    /// Replaces the list of invited agencies' keys: who is not on it any more is disconnected, unless it is a member.
    ///
    /// # Errors
    /// [`NetworkError::Stopped`].
    pub async fn set_guests(&self, guests: Vec<PeerId>) -> Result<(), NetworkError> {
        self.ask(|reply| Command::SetGuests { guests, reply }).await
    }

    /// Cuts the connection to a member and refuses new ones, until [`NetworkHandle::unblock`]. For partitions in tests: block on both sides.
    ///
    /// # Errors
    /// [`NetworkError::Stopped`].
    pub async fn block(&self, agency: &AgencyId) -> Result<(), NetworkError> {
        self.ask(|reply| Command::Block { agency: agency.clone(), reply }).await
    }

    /// Ends a block and dials.
    ///
    /// # Errors
    /// [`NetworkError::Stopped`].
    pub async fn unblock(&self, agency: &AgencyId) -> Result<(), NetworkError> {
        self.ask(|reply| Command::Unblock { agency: agency.clone(), reply }).await
    }

    /// The network's metrics, for `prometheus_client::encoding::text`.
    #[must_use]
    pub fn metrics(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Closes all connections and listeners and ends the actor. What was under way fails with [`NetworkError::Stopped`].
    pub async fn stop(&self) {
        // A failure means that it has stopped already.
        let _ = self.ask(|reply| Command::Stop { reply }).await;
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, NetworkError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| NetworkError::Stopped)?;
        answer.await.map_err(|_| NetworkError::Stopped)
    }

    async fn turn(&self, to: &AgencyId, kind: Kind) -> OwnedSemaphorePermit {
        let turns = {
            let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry((to.clone(), kind)).or_insert_with(|| Arc::new(Semaphore::new(limits::REQUESTS_PER_PEER))))
        };
        turns.acquire_owned().await.expect("these semaphores are never closed")
    }
}

impl std::fmt::Debug for NetworkHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkHandle").field("local", &self.local).finish_non_exhaustive()
    }
}

fn outcome<T>(answer: &Result<T, NetworkError>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(NetworkError::Refused(_)) => "refused",
        Err(NetworkError::Timeout(_)) => "timeout",
        Err(NetworkError::NotConnected(_) | NetworkError::UnknownAgency(_)) => "not connected",
        Err(NetworkError::Frame(_)) => "bad answer",
        Err(_) => "failed",
    }
}
