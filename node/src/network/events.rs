//! What the swarm reports, one handler for each kind.

use std::time::Instant;

use libp2p::gossipsub::{self, MessageAcceptance};
use libp2p::request_response::{self as rr, InboundFailure, OutboundFailure};
use libp2p::swarm::{ConnectionId, ListenError, SwarmEvent};
use libp2p::{PeerId, ping};
use parangon_protocol::id::AgencyId;
use parangon_protocol::message::{Request, Response};
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::mpsc::error::TrySendError;

use super::actor::{Actor, Pending, Undecoded, random};
use super::behaviour::BehaviourEvent;
use super::error::{FrameError, LinkError, NetworkError, Refusal};
use super::frame::{self, Parcel};
use super::links::{Closed, Link, Opened};
use super::peers::PeerState;
use super::slots::{self, AckSlot, Reply, ReplySlot, Verdict};
use super::wire::{self, Answer};
use super::{Incoming, limits};

type LogEvent = rr::Event<Parcel<Request>, Parcel<Answer<Response>>>;
type PrivateEvent = rr::Event<Parcel<Vec<u8>>, Parcel<Answer<()>>>;

impl Actor {
    pub(super) fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let link = Link { id: connection_id, ours: endpoint.is_dialer(), since: Instant::now() };
                self.on_opened(&peer_id, link);
                self.update(&peer_id, |state| state.address = Some(endpoint.get_remote_address().clone()));
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, .. } => self.on_closed(&peer_id, connection_id),
            SwarmEvent::IncomingConnectionError { error, peer_id, .. } => self.on_turned_away(&error, peer_id),
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => self.on_dial_error(&peer, error),
            SwarmEvent::NewListenAddr { listener_id, address } => self.listening.send_modify(|listening| {
                listening.pending.remove(&listener_id);
                listening.addresses.push(address);
            }),
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.listening.send_modify(|listening| listening.addresses.retain(|known| *known != address));
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                tracing::error!(?reason, ?addresses, "a listener closed");
                self.listening.send_modify(|listening| {
                    listening.pending.remove(&listener_id);
                    listening.addresses.retain(|known| !addresses.contains(known));
                });
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener has trouble"),
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(event) => self.on_gossip(event),
            BehaviourEvent::Log(event) => self.on_log(event),
            BehaviourEvent::Private(event) => self.on_private(event),
            BehaviourEvent::Invitation(event) => self.on_invitation(event),
            BehaviourEvent::Ping(ping::Event { peer, result: Err(ping::Failure::Timeout), .. }) => {
                self.update(&peer, |state| state.last_error = Some(LinkError::Silent));
                self.close_all(&peer);
            }
            BehaviourEvent::Ping(_) | BehaviourEvent::Identify(_) => {}
        }
    }

    fn on_opened(&mut self, peer: &PeerId, link: Link) {
        let (id, ours) = (link.id, link.ours);
        if self.roster.agency(peer).is_none() && self.guests.contains(peer) {
            if let Some(oldest) = self.guests.opened(*peer, id) {
                self.swarm.close_connection(oldest);
            }
            return;
        }
        self.redial.connected(peer, Instant::now());
        if ours {
            self.metrics.dial("connected");
        }
        match self.links.opened(*peer, link) {
            Opened::First => {
                self.update(peer, |state| state.connected_since = Some(Instant::now()));
                self.tell(peer, true);
                self.count();
            }
            Opened::Twin => {}
            Opened::Stale => self.close_all(peer),
            Opened::Unwanted => drop(self.swarm.close_connection(id)),
        }
    }

    fn on_closed(&mut self, peer: &PeerId, id: ConnectionId) {
        self.guests.closed(peer, id);
        match self.links.closed(peer, id) {
            Closed::Last => {
                self.quotas.remove(peer);
                self.redial.failed(peer, Instant::now(), random());
                self.update(peer, |state| {
                    state.connected_since = None;
                    if state.last_error != Some(LinkError::Silent) {
                        state.last_error = Some(LinkError::Closed);
                    }
                });
                self.tell(peer, false);
                self.count();
            }
            Closed::Survivor => self.close_all(peer),
            Closed::Expected => {}
        }
    }

    fn close_all(&mut self, peer: &PeerId) {
        self.links.closing(peer);
        // An error means that there is nothing to close.
        let _ = self.swarm.disconnect_peer_id(*peer);
    }

    /// A connection that ended before it began. Only a peer's authenticated key makes it a matter of membership.
    fn on_turned_away(&mut self, error: &ListenError, peer: Option<PeerId>) {
        match (error, peer) {
            (ListenError::Denied { .. }, Some(peer)) if self.roster.agency(&peer).is_none() => {
                tracing::info!(%peer, "E-W16 not a member");
                self.metrics.turned_away("E-W16");
            }
            (ListenError::Denied { .. }, Some(peer)) if self.roster.is_blocked(&peer) => self.metrics.turned_away("blocked"),
            (ListenError::Denied { .. }, _) => self.metrics.turned_away("limit"),
            _ => self.metrics.turned_away("handshake"),
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        let (source, id, message) = match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => (propagation_source, message_id, message),
            gossipsub::Event::SlowPeer { .. } => return self.metrics.dropped("gossip to a slow peer"),
            _ => return,
        };
        let agency = self.roster.agency(&source).cloned();
        let (Some(from), Ok(permit)) = (agency, self.decisions.0.clone().try_reserve_owned()) else {
            self.metrics.dropped("gossip");
            if let Some(gossip) = self.swarm.behaviour_mut().gossip.as_mut() {
                gossip.report_message_validation_result(&id, &source, MessageAcceptance::Ignore);
            }
            return;
        };
        // When the decoder's queue is full the verdict is dropped, which ignores the message.
        if self.undecoded.try_send(Undecoded { from, bytes: message.data, verdict: Verdict::new(id, source, permit) }).is_err() {
            self.metrics.dropped("gossip");
        }
    }

    fn on_log(&mut self, event: LogEvent) {
        match event {
            rr::Event::Message { peer, message: rr::Message::Request { request: Parcel::Read(request, _), channel, .. }, .. } => match self
                .admit(&peer, request)
            {
                Ok((from, request, permit)) => self.deliver(Incoming::Request { from, request, reply: ReplySlot::new(channel, permit) }),
                Err(refusal) => {
                    let answer = Parcel::Frame(frame::frame(&slots::refusal(refusal)));
                    drop(self.swarm.behaviour_mut().log.send_response(channel, answer));
                }
            },
            rr::Event::Message { message: rr::Message::Response { request_id, response }, .. } => {
                settle(self.requests.remove(&request_id), self.read(response));
            }
            rr::Event::OutboundFailure { request_id, error, .. } => settle(self.requests.remove(&request_id), Err(failure(error))),
            rr::Event::InboundFailure { error, .. } => self.on_inbound_failure(&error),
            rr::Event::Message { .. } | rr::Event::ResponseSent { .. } => {}
        }
    }

    fn on_private(&mut self, event: PrivateEvent) {
        match event {
            rr::Event::Message { peer, message: rr::Message::Request { request: Parcel::Read(request, held), channel, .. }, .. } => {
                match self.admit(&peer, request) {
                    Ok((from, message, permit)) => {
                        self.deliver(Incoming::Private { from, message, ack: AckSlot::new(channel, permit, held) });
                    }
                    Err(refusal) => {
                        let answer = Parcel::Frame(frame::frame(&wire::encode_ack(Err(refusal))));
                        drop(self.swarm.behaviour_mut().private.send_response(channel, answer));
                    }
                }
            }
            rr::Event::Message { message: rr::Message::Response { request_id, response }, .. } => {
                settle(self.messages.remove(&request_id), self.read(response));
            }
            rr::Event::OutboundFailure { request_id, error, .. } => settle(self.messages.remove(&request_id), Err(failure(error))),
            rr::Event::InboundFailure { error, .. } => self.on_inbound_failure(&error),
            rr::Event::Message { .. } | rr::Event::ResponseSent { .. } => {}
        }
    }

    /// A request's way in: well-formed, from a member, within its quota, and with room for its answer.
    fn admit<T>(&mut self, peer: &PeerId, request: Result<T, FrameError>) -> Result<(AgencyId, T, OwnedPermit<Reply>), Refusal> {
        let from = self.roster.agency(peer).cloned().ok_or(Refusal::NoAnswer)?;
        let request = request.map_err(|error| {
            tracing::debug!(%from, %error, "bad request");
            self.metrics.bad_frame(error);
            Refusal::from(error)
        })?;
        let permit = self.room(peer, Instant::now())?;
        Ok((from, request, permit))
    }

    /// An answer's content, or what it is instead.
    fn read<T>(&self, response: Parcel<Answer<T>>) -> Result<T, NetworkError> {
        match response {
            Parcel::Read(Ok(answer), _) => answer.map_err(|refusal| match refusal {
                Refusal::UnsupportedVersion => NetworkError::UnsupportedVersion { ours: limits::WIRE_VERSION },
                other => NetworkError::Refused(other),
            }),
            Parcel::Read(Err(error), _) => {
                self.metrics.bad_frame(error);
                Err(error.into())
            }
            Parcel::Frame(_) => Err(NetworkError::Disconnected),
        }
    }

    pub(super) fn on_inbound_failure(&self, error: &InboundFailure) {
        match error {
            InboundFailure::Timeout => self.metrics.dropped("request timed out"),
            InboundFailure::ConnectionClosed => self.metrics.dropped("request of a closed connection"),
            _ => self.metrics.dropped("request stream"),
        }
    }

    /// Hands a request to the application, after what it must be told first. When it is full the asker may try again later.
    fn deliver(&mut self, arrival: Incoming) {
        self.tell_waiting();
        let refused = if self.presence.next().is_some() {
            Some(arrival)
        } else {
            self.incoming.try_send(arrival).err().map(TrySendError::into_inner)
        };
        let Some(refused) = refused else { return };
        self.metrics.dropped("request");
        match refused {
            Incoming::Request { reply, .. } => reply.busy(),
            Incoming::Private { ack, .. } => ack.busy(),
            Incoming::Gossip { .. } | Incoming::Connected(_) | Incoming::Disconnected(_) => {}
        }
    }

    /// Notes that a peer came or went, for the application.
    pub(super) fn tell(&mut self, peer: &PeerId, connected: bool) {
        if let Some(agency) = self.roster.agency(peer).cloned() {
            self.presence.push(&agency, connected);
            self.tell_waiting();
        }
    }

    /// Tells as much of what is waiting as the application takes.
    pub(super) fn tell_waiting(&mut self) {
        while let Some((agency, connected)) = self.presence.next() {
            let agency = agency.clone();
            let arrival = if *connected { Incoming::Connected(agency) } else { Incoming::Disconnected(agency) };
            match self.incoming.try_send(arrival) {
                Ok(()) | Err(TrySendError::Closed(_)) => self.presence.told(),
                Err(TrySendError::Full(_)) => return,
            }
        }
    }

    pub(super) fn update(&self, peer: &PeerId, change: impl FnOnce(&mut PeerState)) {
        if let Some(agency) = self.roster.agency(peer) {
            self.peers.send_modify(|states| change(states.entry(agency.clone()).or_default()));
        }
    }

    pub(super) fn count(&self) {
        self.metrics.connected(self.links.peers().filter(|peer| self.roster.agency(peer).is_some()).count());
    }
}

/// Tells the asker, who may have gone away.
fn settle<T>(pending: Option<Pending<T>>, outcome: Result<T, NetworkError>) {
    if let Some(Pending { reply, .. }) = pending {
        let _ = reply.send(outcome);
    }
}

fn failure(error: OutboundFailure) -> NetworkError {
    match error {
        OutboundFailure::Timeout => NetworkError::Timeout(limits::REQUEST_TIMEOUT.as_secs()),
        OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure => NetworkError::Disconnected,
        OutboundFailure::UnsupportedProtocols => NetworkError::UnsupportedVersion { ours: limits::WIRE_VERSION },
        OutboundFailure::Io(error) => NetworkError::Stream(error.kind()),
    }
}
