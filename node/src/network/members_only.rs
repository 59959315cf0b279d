//! Keeps a protocol from invited agencies: on their connections it does not exist, so that nothing of theirs is read and nothing
//! is sent to them, whatever they speak.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};

use either::Either;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

/// A protocol for members.
pub(super) struct MembersOnly<B> {
    inner: B,
    guests: HashSet<PeerId>,
    /// Connections of guests, which the protocol never hears of.
    hidden: HashSet<ConnectionId>,
}

impl<B> MembersOnly<B> {
    pub(super) fn new(inner: B) -> Self {
        Self { inner, guests: HashSet::new(), hidden: HashSet::new() }
    }

    /// Whose connections are guests' from now on.
    pub(super) fn set_guests(&mut self, guests: &HashSet<PeerId>) {
        self.guests.clone_from(guests);
    }
}

impl<B> Deref for MembersOnly<B> {
    type Target = B;
    fn deref(&self) -> &B {
        &self.inner
    }
}

impl<B> DerefMut for MembersOnly<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for MembersOnly<B> {
    type ConnectionHandler = Either<THandler<B>, dummy::ConnectionHandler>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if self.guests.contains(&peer) {
            self.hidden.insert(id);
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.inner.handle_established_inbound_connection(id, peer, local, remote).map(Either::Left)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(id, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        // Guests dial; nobody dials them.
        self.inner.handle_established_outbound_connection(id, peer, address, role, port).map(Either::Left)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let hidden = match &event {
            FromSwarm::ConnectionEstablished(event) => self.hidden.contains(&event.connection_id),
            FromSwarm::AddressChange(event) => self.hidden.contains(&event.connection_id),
            FromSwarm::ConnectionClosed(event) => self.hidden.remove(&event.connection_id),
            // Denied by another protocol after this one was asked.
            FromSwarm::ListenFailure(event) => self.hidden.remove(&event.connection_id),
            _ => false,
        };
        if !hidden {
            self.inner.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Either::Left(event) => self.inner.on_connection_handler_event(peer, id, event),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(cx).map(|event| event.map_in(Either::Left))
    }
}
