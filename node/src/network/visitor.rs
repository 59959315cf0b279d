//! The other end of an invitation: an agency that has no federation yet, and asks a member's node. It dials with the
//! invitation's own key; it listens nowhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self as rr, OutboundFailure, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{DialError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId};
use parangon_protocol::invitation::{Answer as Told, Invitation, Question};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::behaviour::exchange;
use super::error::{NetworkError, Refusal, Unanswered};
use super::frame::{self, Frames, InvitationExchange, Parcel};
use super::wire::{Answer, invitation};
use super::{limits, peer_of, transport};

/// One connection, name or port; the other side may be far away.
const PATIENCE: Duration = Duration::from_secs(10);

/// A question is asked anew when its connection ends: all of them may be repeated.
const TRIES: usize = 3;

/// What was found on the way to the other node, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A name has addresses.
    Resolved {
        /// The name.
        name: String,
        /// Its addresses.
        addresses: Vec<IpAddr>,
    },
    /// Something listens there.
    Open(SocketAddr),
    /// The connection is encrypted, and the other end has the key that the invitation names.
    Encrypted(Multiaddr),
}

/// Why the other node cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The name has no address.
    #[error("the name {name} cannot be resolved: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Nothing answers there.
    #[error("{address} does not answer: {reason}")]
    Closed {
        /// Where.
        address: String,
        /// Why.
        reason: Unanswered,
    },
    /// Somebody answers with another key.
    #[error("another node answers at {address}: its key is not the one that the invite names")]
    OtherNode {
        /// Where.
        address: Multiaddr,
    },
    /// It closes every connection with this key before it answers.
    #[error("the node closes the connection: the invite was cancelled or has expired, or its agency is a member by now")]
    TurnedAway,
    /// It has too much to do.
    #[error("the node has too much to do at the moment")]
    Busy,
    /// The exchange failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The answer is to another question.
    #[error("the node answered something else than was asked")]
    OtherAnswer,
}

/// A connection to the node that an invitation names.
pub struct Visitor {
    swarm: Swarm<rr::Behaviour<Frames<InvitationExchange>>>,
    host: PeerId,
    addresses: Vec<Multiaddr>,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Visitor {
    /// Connects, and tells each step as it is done.
    ///
    /// # Errors
    /// [`VisitError`]: the one of the last address that was tried.
    pub async fn connect(invited: &Invitation, mut progress: impl FnMut(Progress)) -> Result<Self, VisitError> {
        let addresses: Vec<Multiaddr> =
            invited.addresses.iter().take(limits::ADDRESSES).filter_map(|address| address.parse().ok()).collect();
        look(&addresses, &mut progress).await?;
        let mut seed = invited.secret.seed().clone();
        let keypair = Keypair::ed25519_from_bytes(seed.as_mut_slice()).map_err(|_| NetworkError::Setting("transport key"))?;
        let memory = addresses.iter().any(|address| matches!(address.iter().next(), Some(Protocol::Memory(_))));
        let budget = Arc::new(Semaphore::new(limits::INFLIGHT_KIB));
        let behaviour = exchange(&invited.federation, "invitation", ProtocolSupport::Outbound, limits::GUEST_STREAMS, &budget)?;
        let local = keypair.public().to_peer_id();
        let swarm = Swarm::new(transport::build(&keypair, memory)?, behaviour, local, transport::swarm_config());
        let mut visitor = Self { swarm, host: peer_of(&invited.transport), addresses };
        let address = visitor.dial().await?;
        progress(Progress::Encrypted(address));
        Ok(visitor)
    }

    /// Asks one question.
    ///
    /// # Errors
    /// [`VisitError::TurnedAway`] when every connection is closed before the answer, [`VisitError::Busy`], else what went wrong.
    pub async fn ask(&mut self, question: Question) -> Result<Told, VisitError> {
        let frame = frame::frame(&invitation::encode_question(question).map_err(NetworkError::from)?);
        let mut last = VisitError::TurnedAway;
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.rest(limits::BACKOFF_FIRST).await;
            }
            if !self.swarm.is_connected(&self.host) {
                self.dial().await?;
            }
            let id = self.swarm.behaviour_mut().send_request(&self.host, Parcel::Frame(frame.clone()));
            match self.answer(id).await {
                Err(OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure | OutboundFailure::Io(_)) => {
                    last = VisitError::TurnedAway
                }
                Err(OutboundFailure::Timeout) => return Err(NetworkError::Timeout(limits::REQUEST_TIMEOUT.as_secs()).into()),
                Err(OutboundFailure::UnsupportedProtocols) => {
                    return Err(NetworkError::UnsupportedVersion { ours: limits::WIRE_VERSION }.into());
                }
                Ok(Parcel::Read(Ok(Ok(answer)), _)) => return Ok(answer),
                Ok(Parcel::Read(Ok(Err(Refusal::Busy)), _)) => last = VisitError::Busy,
                Ok(Parcel::Read(Ok(Err(refusal)), _)) => return Err(NetworkError::from(refusal).into()),
                Ok(Parcel::Read(Err(error), _)) => return Err(NetworkError::from(error).into()),
                Ok(Parcel::Frame(_)) => return Err(NetworkError::Disconnected.into()),
            }
        }
        Err(last)
    }

    /// Keeps the connection for so long, or lets it end.
    pub async fn rest(&mut self, time: Duration) {
        let end = tokio::time::sleep(time);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return,
                _ = self.swarm.select_next_some() => {}
            }
        }
    }

    async fn answer(&mut self, asked: rr::OutboundRequestId) -> Result<Parcel<Answer<Told>>, OutboundFailure> {
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::Behaviour(rr::Event::Message { message: rr::Message::Response { request_id, response }, .. })
                    if request_id == asked =>
                {
                    return Ok(response);
                }
                SwarmEvent::Behaviour(rr::Event::OutboundFailure { request_id, error, .. }) if request_id == asked => return Err(error),
                _ => {}
            }
        }
    }

    /// One connection, by the first address that answers; TCP before QUIC, as members are dialled. The other side's key was proved
    /// when this returns.
    async fn dial(&mut self) -> Result<Multiaddr, VisitError> {
        let is_quic = |address: &Multiaddr| address.iter().any(|part| part == Protocol::QuicV1);
        let (quic, plain): (Vec<_>, Vec<_>) = self.addresses.iter().cloned().partition(is_quic);
        let mut last = VisitError::Closed { address: String::new(), reason: Unanswered::Other("there is no address".to_owned()) };
        for address in plain.into_iter().chain(quic) {
            match self.dial_at(address).await {
                Ok(reached) => return Ok(reached),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn dial_at(&mut self, address: Multiaddr) -> Result<Multiaddr, VisitError> {
        let options = DialOpts::peer_id(self.host).addresses(vec![address.clone()]).allocate_new_port().build();
        self.swarm.dial(options).map_err(|error| not_reached(&address, error))?;
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } if peer_id == self.host => {
                    return Ok(endpoint.get_remote_address().clone());
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(not_reached(&address, error)),
                _ => {}
            }
        }
    }
}

fn not_reached(address: &Multiaddr, error: DialError) -> VisitError {
    let closed = |reason| VisitError::Closed { address: address.to_string(), reason };
    match error {
        DialError::WrongPeerId { address, .. } => VisitError::OtherNode { address },
        DialError::Transport(mut errors) => match errors.pop() {
            Some((_, libp2p::TransportError::Other(error))) => closed(Unanswered::of(&error)),
            Some(_) => closed(Unanswered::Other("it cannot be dialled".to_owned())),
            None => closed(Unanswered::TimedOut),
        },
        other => closed(Unanswered::Other(other.to_string())),
    }
}

/// Names and ports, one address after the other: who has to mend something wants to know which of them it is. Only what can be
/// asked for by itself is; whether QUIC answers shows when it is dialled.
async fn look(addresses: &[Multiaddr], progress: &mut impl FnMut(Progress)) -> Result<(), VisitError> {
    let (mut found, mut failed) = (false, None);
    for address in addresses {
        match look_at(address, progress).await {
            Ok(()) => found = true,
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if !found => Err(error),
        _ => Ok(()),
    }
}

async fn look_at(address: &Multiaddr, progress: &mut impl FnMut(Progress)) -> Result<(), VisitError> {
    let mut parts = address.iter();
    let mut ips: Vec<IpAddr> = match parts.next() {
        Some(Protocol::Ip4(ip)) => vec![ip.into()],
        Some(Protocol::Ip6(ip)) => vec![ip.into()],
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => resolve(&name, progress).await?,
        _ => return Ok(()),
    };
    let Some(Protocol::Tcp(port)) = parts.next() else { return Ok(()) };
    let mut reason = Unanswered::TimedOut;
    for ip in ips.drain(..) {
        match tokio::time::timeout(PATIENCE, TcpStream::connect((ip, port))).await {
            Ok(Ok(_)) => {
                progress(Progress::Open((ip, port).into()));
                return Ok(());
            }
            Ok(Err(error)) => reason = Unanswered::of(&error),
            Err(_) => {}
        }
    }
    Err(VisitError::Closed { address: address.to_string(), reason })
}

async fn resolve(name: &str, progress: &mut impl FnMut(Progress)) -> Result<Vec<IpAddr>, VisitError> {
    let failed = |reason: String| VisitError::Name { name: name.to_owned(), reason };
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await;
    let found = found.map_err(|_| failed("it timed out".to_owned()))?.map_err(|error| failed(error.to_string()))?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if addresses.is_empty() {
        return Err(failed("it has no address".to_owned()));
    }
    progress(Progress::Resolved { name: name.to_owned(), addresses: addresses.clone() });
    Ok(addresses)
}
