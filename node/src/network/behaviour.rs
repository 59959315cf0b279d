//! The protocols of one connection, put together. The allow-list stands first: a peer that is not a member is
//! turned away before any other protocol learns of it.

use std::collections::HashSet;
use std::sync::Arc;

use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::identity::PublicKey;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, StreamProtocol, identify, ping};
use parangon_protocol::id::Fingerprint;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use super::error::NetworkError;
use super::frame::{Exchange, Frames, InvitationExchange, LogExchange, PrivateExchange};
use super::gossip::{self, Gossipsub};
use super::limits;
use super::members_only::MembersOnly;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) allowed: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    pub(super) gossip: MembersOnly<Toggle<Gossipsub>>,
    pub(super) log: MembersOnly<request_response::Behaviour<Frames<LogExchange>>>,
    pub(super) private: MembersOnly<request_response::Behaviour<Frames<PrivateExchange>>>,
    pub(super) invitation: request_response::Behaviour<Frames<InvitationExchange>>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl Behaviour {
    /// Tells the members' protocols whose connections they do not exist on.
    pub(super) fn set_guests(&mut self, guests: &HashSet<PeerId>) {
        self.gossip.set_guests(guests);
        self.log.set_guests(guests);
        self.private.set_guests(guests);
    }

    pub(super) fn new(federation: &Fingerprint, key: PublicKey, gossip: bool, registry: &mut Registry) -> Result<Self, NetworkError> {
        let gossip = if gossip { Some(gossip::behaviour(federation, registry)?) } else { None };
        let budget = Arc::new(Semaphore::new(limits::INFLIGHT_KIB));
        Ok(Self {
            allowed: allow_block_list::Behaviour::default(),
            limits: connection_limits::Behaviour::new(connections()),
            gossip: MembersOnly::new(gossip.into()),
            log: MembersOnly::new(exchange(federation, "log", ProtocolSupport::Full, limits::CONCURRENT_STREAMS, &budget)?),
            private: MembersOnly::new(exchange(federation, "private", ProtocolSupport::Full, limits::CONCURRENT_STREAMS, &budget)?),
            // Guests have a small budget of their own: what they send takes nothing from members.
            invitation: exchange(
                federation,
                "invitation",
                ProtocolSupport::Inbound,
                limits::GUEST_STREAMS,
                &Arc::new(Semaphore::new(limits::GUESTS_KIB)),
            )?,
            identify: identify::Behaviour::new(
                identify::Config::new(format!("parangon/{}", limits::WIRE_VERSION), key)
                    .with_agent_version("parangon".into())
                    .with_hide_listen_addrs(true)
                    .with_push_listen_addr_updates(false)
                    .with_cache_size(0),
            ),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(limits::PING_EVERY).with_timeout(limits::PING_TIMEOUT)),
        })
    }
}

/// One protocol of this federation.
pub(super) fn exchange<E: Exchange>(
    federation: &Fingerprint,
    name: &str,
    support: ProtocolSupport,
    streams: usize,
    budget: &Arc<Semaphore>,
) -> Result<request_response::Behaviour<Frames<E>>, NetworkError> {
    let protocol = StreamProtocol::try_from_owned(format!("/parangon/{federation}/{name}/{}", limits::WIRE_VERSION))
        .map_err(|_| NetworkError::Setting("protocol name"))?;
    let config = request_response::Config::default().with_request_timeout(limits::REQUEST_TIMEOUT).with_max_concurrent_streams(streams);
    Ok(request_response::Behaviour::with_codec(Frames::new(Arc::clone(budget)), [(protocol, support)], config))
}

fn connections() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits::PENDING_INCOMING))
        .with_max_pending_outgoing(Some(limits::PENDING_OUTGOING))
        .with_max_established_incoming(Some(limits::ESTABLISHED_INCOMING))
        .with_max_established_outgoing(Some(limits::ESTABLISHED_OUTGOING))
        .with_max_established(Some(limits::ESTABLISHED))
        .with_max_established_per_peer(Some(limits::ESTABLISHED_PER_PEER))
}
