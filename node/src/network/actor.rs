//! The owner of the swarm. Its handlers never wait and never compute: bodies are encoded by the callers, decoded in the
//! connections' tasks or in [`decode_gossip`], and everything that must wait has its place reserved beforehand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use libp2p::core::transport::ListenerId;
use libp2p::gossipsub::{IdentTopic, MessageAcceptance, PublishError};
use libp2p::identity::Keypair;
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{DialError, Swarm};
use libp2p::{Multiaddr, PeerId, TransportError};
use parangon_protocol::id::AgencyId;
use parangon_protocol::message::Response;
use prometheus_client::registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior};

use super::behaviour::Behaviour;
use super::error::{LinkError, NetworkError, Unanswered, plain};
use super::frame::Parcel;
use super::guests::Guests;
use super::handle::NetworkHandle;
use super::links::Links;
use super::metrics::{Metrics, SwarmMetrics};
use super::peers::PeerStates;
use super::presence::Presence;
use super::quota::Quota;
use super::redial::Redial;
use super::roster::Roster;
use super::slots::{Decision, Reply, Verdict};
use super::{Incoming, MemberAddress, NetworkConfig, gossip, limits, transport, wire};

/// Where the answer to a request goes.
pub(super) type Answering<T> = oneshot::Sender<Result<T, NetworkError>>;

/// What the handle asks of the actor.
pub(super) enum Command {
    Publish { bytes: Vec<u8>, reply: Answering<()> },
    Request { to: AgencyId, frame: Vec<u8>, reply: Answering<Response>, turn: OwnedSemaphorePermit },
    Private { to: AgencyId, frame: Vec<u8>, reply: Answering<()>, turn: OwnedSemaphorePermit },
    SetMembers { members: Vec<MemberAddress>, reply: oneshot::Sender<()> },
    SetGuests { guests: Vec<PeerId>, reply: oneshot::Sender<()> },
    Block { agency: AgencyId, reply: oneshot::Sender<()> },
    Unblock { agency: AgencyId, reply: oneshot::Sender<()> },
    Stop { reply: oneshot::Sender<()> },
}

/// Where we listen, and which listeners have not said so yet.
#[derive(Debug, Default)]
pub(super) struct Listening {
    pub(super) addresses: Vec<Multiaddr>,
    pub(super) pending: HashSet<ListenerId>,
}

/// A request under way, with its turn.
pub(super) struct Pending<T> {
    pub(super) reply: Answering<T>,
    pub(super) _turn: OwnedSemaphorePermit,
}

/// A gossiped message on its way to the decoder.
pub(super) struct Undecoded {
    pub(super) from: AgencyId,
    pub(super) bytes: Vec<u8>,
    pub(super) verdict: Verdict,
}

pub(super) struct Actor {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) me: AgencyId,
    pub(super) topic: IdentTopic,
    pub(super) roster: Roster,
    pub(super) guests: Guests,
    pub(super) links: Links,
    pub(super) redial: Redial,
    pub(super) quotas: HashMap<PeerId, Quota>,
    pub(super) presence: Presence,
    pub(super) requests: HashMap<OutboundRequestId, Pending<Response>>,
    pub(super) messages: HashMap<OutboundRequestId, Pending<()>>,
    pub(super) incoming: mpsc::Sender<Incoming>,
    pub(super) undecoded: mpsc::Sender<Undecoded>,
    pub(super) decisions: (mpsc::Sender<Decision>, mpsc::Receiver<Decision>),
    pub(super) replies: (mpsc::Sender<Reply>, mpsc::Receiver<Reply>),
    pub(super) peers: watch::Sender<PeerStates>,
    pub(super) listening: watch::Sender<Listening>,
    pub(super) metrics: Metrics,
    pub(super) swarm_metrics: SwarmMetrics,
}

pub(super) fn start(mut config: NetworkConfig) -> Result<(NetworkHandle, mpsc::Receiver<Incoming>), NetworkError> {
    let keypair = Keypair::ed25519_from_bytes(config.transport_seed.as_mut_slice()).map_err(|_| NetworkError::Setting("transport key"))?;
    let local = keypair.public().to_peer_id();
    let mut registry = Registry::default();
    let metrics = Metrics::default();
    metrics.register(&mut registry);
    let swarm_metrics = SwarmMetrics::register(&mut registry);
    let behaviour = Behaviour::new(&config.federation, keypair.public(), config.gossip, &mut registry)?;
    let mut swarm = Swarm::new(transport::build(&keypair, config.memory)?, behaviour, local, transport::swarm_config());
    for address in &config.listen {
        transport::check_free(address).map_err(|source| NetworkError::Listen { address: address.clone(), source })?;
    }
    let mut pending = HashSet::new();
    for address in config.listen {
        let listener = swarm.listen_on(address.clone()).map_err(|error| NetworkError::Listen { address, source: cause(error) })?;
        pending.insert(listener);
    }

    let (commands, commanded) = mpsc::channel(limits::COMMANDS);
    let (incoming, arrivals) = mpsc::channel(limits::INCOMING);
    let (undecoded, to_decode) = mpsc::channel(limits::UNDECODED);
    let (peers, peers_seen) = watch::channel(PeerStates::new());
    let (listening, listening_seen) = watch::channel(Listening { addresses: Vec::new(), pending });
    tokio::spawn(decode_gossip(to_decode, incoming.clone(), metrics.clone()));
    let mut actor = Actor {
        swarm,
        me: config.me,
        topic: gossip::topic(&config.federation),
        roster: Roster::default(),
        guests: Guests::new(config.guests),
        links: Links::default(),
        redial: Redial::default(),
        quotas: HashMap::new(),
        presence: Presence::default(),
        requests: HashMap::new(),
        messages: HashMap::new(),
        incoming,
        undecoded,
        decisions: mpsc::channel(limits::VERDICTS),
        replies: mpsc::channel(limits::REPLIES),
        peers,
        listening,
        metrics: metrics.clone(),
        swarm_metrics,
    };
    actor.set_members(&config.members);
    tokio::spawn(Box::pin(actor.run(commanded)));
    let handle = NetworkHandle {
        commands,
        local,
        gossip: config.gossip,
        peers: peers_seen,
        listening: listening_seen,
        registry: Arc::new(registry),
        metrics,
        turns: Arc::default(),
    };
    Ok((handle, arrivals))
}

fn cause(error: TransportError<std::io::Error>) -> std::io::Error {
    match error {
        TransportError::Other(error) => plain(error),
        TransportError::MultiaddrNotSupported(_) => std::io::ErrorKind::Unsupported.into(),
    }
}

/// Decodes gossip outside the swarm's loop. When the application is slow this waits, its queue fills, and more gossip is ignored.
async fn decode_gossip(mut undecoded: mpsc::Receiver<Undecoded>, incoming: mpsc::Sender<Incoming>, metrics: Metrics) {
    while let Some(Undecoded { from, bytes, verdict }) = undecoded.recv().await {
        match wire::decode_gossip(&bytes) {
            Ok(message) => {
                if incoming.send(Incoming::Gossip { from_connection: from, message, verdict }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%from, %error, "bad gossip");
                metrics.bad_frame(error);
                verdict.reject();
            }
        }
    }
}

impl Actor {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut tick: Interval = tokio::time::interval(limits::TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stop { reply }) => break Some(reply),
                    Some(command) => self.on_command(command),
                    None => break None,
                },
                Some(decision) = self.decisions.1.recv() => self.on_decision(decision),
                Some(reply) = self.replies.1.recv() => self.on_reply(reply),
                event = self.swarm.select_next_some() => {
                    self.swarm_metrics.record(&event);
                    self.on_swarm(event);
                }
                _ = tick.tick() => self.on_tick(Instant::now()),
            }
        };
        drop(self);
        if let Some(reply) = stopped {
            // Whoever asked may have gone away.
            let _ = reply.send(());
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Publish { bytes, reply } => {
                let _ = reply.send(self.publish(bytes));
            }
            Command::Request { to, frame, reply, turn } => match self.reachable(to) {
                Ok(peer) => {
                    let id = self.swarm.behaviour_mut().log.send_request(&peer, Parcel::Frame(frame));
                    self.requests.insert(id, Pending { reply, _turn: turn });
                }
                Err(error) => drop(reply.send(Err(error))),
            },
            Command::Private { to, frame, reply, turn } => match self.reachable(to) {
                Ok(peer) => {
                    let id = self.swarm.behaviour_mut().private.send_request(&peer, Parcel::Frame(frame));
                    self.messages.insert(id, Pending { reply, _turn: turn });
                }
                Err(error) => drop(reply.send(Err(error))),
            },
            Command::SetMembers { members, reply } => {
                self.set_members(&members);
                let _ = reply.send(());
            }
            Command::SetGuests { guests, reply } => {
                self.set_guests(&guests);
                let _ = reply.send(());
            }
            Command::Block { agency, reply } => {
                if let Some(peer) = self.roster.block(&agency) {
                    self.turn_away(&peer);
                    self.redial.pause(&peer);
                }
                let _ = reply.send(());
            }
            Command::Unblock { agency, reply } => {
                if let Some(peer) = self.roster.unblock(&agency) {
                    self.swarm.behaviour_mut().allowed.allow_peer(peer);
                    self.redial.resume(&peer, Instant::now());
                }
                let _ = reply.send(());
            }
            Command::Stop { .. } => unreachable!("taken by the loop"),
        }
    }

    fn publish(&mut self, bytes: Vec<u8>) -> Result<(), NetworkError> {
        let topic = self.topic.hash();
        let gossip = self.swarm.behaviour_mut().gossip.as_mut().ok_or(NetworkError::GossipOff)?;
        match gossip.publish(topic, bytes) {
            Ok(_) | Err(PublishError::Duplicate) => Ok(()),
            Err(PublishError::NoPeersSubscribedToTopic) => Err(NetworkError::NobodyListens),
            Err(PublishError::AllQueuesFull(members)) => Err(NetworkError::QueuesFull(members)),
            Err(_) => Err(NetworkError::Setting("gossipsub")),
        }
    }

    fn reachable(&self, agency: AgencyId) -> Result<PeerId, NetworkError> {
        match self.roster.peer(&agency) {
            Some(peer) if self.links.usable(&peer) => Ok(peer),
            Some(_) => Err(NetworkError::NotConnected(agency)),
            None => Err(NetworkError::UnknownAgency(agency)),
        }
    }

    /// Closes what is open and refuses what comes.
    pub(super) fn turn_away(&mut self, peer: &PeerId) {
        self.links.closing(peer);
        self.swarm.behaviour_mut().allowed.disallow_peer(*peer);
    }

    fn set_members(&mut self, members: &[MemberAddress]) {
        let local = *self.swarm.local_peer_id();
        let me = self.me.clone();
        let changes = self.roster.replace(members, &me, &local);
        for (peer, agency) in changes.removed {
            self.presence.push(&agency, false);
            self.peers.send_modify(|states| drop(states.remove(&agency)));
            self.turn_away(&peer);
            self.redial.remove(&peer);
            self.quotas.remove(&peer);
        }
        for peer in &changes.added {
            if !self.roster.is_blocked(peer) {
                self.swarm.behaviour_mut().allowed.allow_peer(*peer);
            }
        }
        let now = Instant::now();
        for member in members {
            let Some(peer) = member.peer.filter(|peer| self.roster.agency(peer) == Some(&member.agency)) else { continue };
            let due = if local < peer { now } else { now + limits::POLITENESS };
            self.redial.set(peer, &member.addresses, due);
            if self.roster.is_blocked(&peer) {
                self.redial.pause(&peer);
            }
        }
        self.peers.send_modify(|states| {
            states.retain(|agency, _| self.roster.peer(agency).is_some());
            for (agency, peer) in self.roster.members() {
                let state = states.entry(agency.clone()).or_default();
                state.addresses = self.redial.addresses(peer).to_vec();
                if state.addresses.is_empty() {
                    state.last_error = Some(LinkError::NoAddress);
                } else if state.last_error == Some(LinkError::NoAddress) {
                    state.last_error = None;
                }
            }
        });
        self.tell_waiting();
        self.count();
    }

    fn on_decision(&mut self, Decision { id, source, acceptance }: Decision) {
        let name = match acceptance {
            MessageAcceptance::Accept => "accept",
            MessageAcceptance::Ignore => "ignore",
            MessageAcceptance::Reject => "reject",
        };
        if let Some(gossip) = self.swarm.behaviour_mut().gossip.as_mut() {
            let in_time = gossip.report_message_validation_result(&id, &source, acceptance);
            self.metrics.verdict(name, in_time);
        }
    }

    /// A reply to a connection that has closed meanwhile goes nowhere: the asker was told already.
    fn on_reply(&mut self, reply: Reply) {
        let behaviour = self.swarm.behaviour_mut();
        match reply {
            Reply::Log(channel, frame) => drop(behaviour.log.send_response(channel, Parcel::Frame(frame))),
            Reply::Private(channel, frame) => drop(behaviour.private.send_response(channel, Parcel::Frame(frame))),
            Reply::Invitation(channel, frame) => drop(behaviour.invitation.send_response(channel, Parcel::Frame(frame))),
        }
    }

    pub(super) fn on_tick(&mut self, now: Instant) {
        self.tell_waiting();
        let room = usize::try_from(limits::PENDING_OUTGOING).unwrap_or(usize::MAX).saturating_sub(self.redial.dialling());
        for (peer, addresses) in self.redial.due(now, room) {
            // A port of its own: from the listening port, two nodes that dial at once, or one that has restarted, would make the
            // same pair of ends twice.
            let options = DialOpts::peer_id(peer).addresses(addresses).condition(PeerCondition::Disconnected).allocate_new_port().build();
            if let Err(error) = self.swarm.dial(options) {
                self.on_dial_error(&peer, error);
            }
        }
    }

    /// Any failure of a dial, at once or later.
    pub(super) fn on_dial_error(&mut self, peer: &PeerId, error: DialError) {
        let reason = match error {
            DialError::DialPeerConditionFalse(_) if self.links.connected(peer) => {
                self.redial.connected(peer, Instant::now());
                return;
            }
            DialError::WrongPeerId { obtained, address } => {
                self.metrics.turned_away("E-W16");
                LinkError::WrongPeer { obtained, address }
            }
            // Our dials have addresses. This is a request that met the end of its connection, and it has been told.
            DialError::NoAddresses => return,
            DialError::Transport(errors) => unreachable_by(errors),
            _ => LinkError::Denied,
        };
        self.metrics.dial("failed");
        if !self.links.connected(peer) {
            self.redial.failed(peer, Instant::now(), random());
        }
        self.update(peer, |state| state.last_error = Some(reason));
    }
}

/// The last address's reason.
fn unreachable_by(errors: Vec<(Multiaddr, TransportError<std::io::Error>)>) -> LinkError {
    match errors.into_iter().next_back() {
        Some((address, TransportError::Other(error))) => LinkError::Unreachable { address, reason: Unanswered::of(&error) },
        Some((address, TransportError::MultiaddrNotSupported(_))) => LinkError::Unsupported { address },
        None => LinkError::NoAddress,
    }
}

/// For jitter only: without randomness the wait is in the middle.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}
