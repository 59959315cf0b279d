//! The only place that knows libp2p. One actor owns the swarm; the rest of the node has a [`NetworkHandle`] and a channel of
//! [`Incoming`].
//!
//! Nothing that matters lives here: what a message means is decided behind the channel, and every operation may fail
//! or be repeated. Only members connect (by the transport keys of their key sets), and invited agencies, which get no further than
//! their conversation; gossip is a hint that waits for a verdict
//! before it is forwarded; everything else is asked and answered, each in its own bounded stream.

mod actor;
mod behaviour;
mod error;
mod events;
mod frame;
mod gossip;
mod guests;
mod handle;
pub mod limits;
mod links;
mod members_only;
mod metrics;
mod peers;
mod presence;
mod quota;
mod redial;
mod roster;
mod slots;
#[cfg(test)]
mod tests;
mod transport;
mod visitor;
mod wire;

pub use libp2p::{Multiaddr, PeerId};
use parangon_protocol::id::{AgencyId, Fingerprint};
use parangon_protocol::keys::PublicKey;
use parangon_protocol::message::{Gossip, Request};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub use self::error::{FrameError, LinkError, NetworkError, Refusal, Unanswered};
pub use self::guests::Visit;
pub use self::handle::NetworkHandle;
pub use self::peers::{PeerState, PeerStates};
pub use self::slots::{AckSlot, GuestSlot, ReplySlot, Verdict};
pub use self::visitor::{Progress, VisitError, Visitor};

/// What the network needs to know.
pub struct NetworkConfig {
    /// Names of protocols and topics contain it: federations cannot mix.
    pub federation: Fingerprint,
    /// This node's agency.
    pub me: AgencyId,
    /// The seed of the transport key.
    pub transport_seed: Zeroizing<[u8; 32]>,
    /// Where to listen. A port of 0 lets the system choose.
    pub listen: Vec<Multiaddr>,
    /// `false`: neither subscribe nor publish nor accept gossip.
    pub gossip: bool,
    /// Who may connect, and where to dial them. The own agency is left out by itself.
    pub members: Vec<MemberAddress>,
    /// Where questions of invited agencies go; without it nobody is let in who is no member.
    pub guests: Option<mpsc::Sender<Visit>>,
    /// For tests inside one process: `/memory/…` addresses only.
    pub memory: bool,
}

impl std::fmt::Debug for NetworkConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkConfig")
            .field("me", &self.me)
            .field("listen", &self.listen)
            .field("gossip", &self.gossip)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}

/// A member as the network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberAddress {
    /// Its name in the charter.
    pub agency: AgencyId,
    /// From the transport key of its newest key set; unknown until that has been read.
    pub peer: Option<PeerId>,
    /// Where it may be found, with or without `/p2p/…`; at most [`limits`]' bound is kept.
    pub addresses: Vec<Multiaddr>,
}

/// What arrives from members, as the connection proved. What invited agencies ask goes another way: [`Visit`].
#[derive(Debug)]
pub enum Incoming {
    /// A well-formed announcement. `from_connection` passed it on; who made it is for the signatures to say.
    Gossip {
        /// Who passed it on.
        from_connection: AgencyId,
        /// What it says.
        message: Gossip,
        /// To be settled within ten seconds.
        verdict: Verdict,
    },
    /// A question.
    Request {
        /// Who asks.
        from: AgencyId,
        /// What for.
        request: Request,
        /// Where the answer goes, within 30 seconds.
        reply: ReplySlot,
    },
    /// A sealed message.
    Private {
        /// Who sends it.
        from: AgencyId,
        /// The bytes as sent.
        message: Vec<u8>,
        /// To be settled within 30 seconds, once the message is durable.
        ack: AckSlot,
    },
    /// The first connection with a member came up.
    Connected(AgencyId),
    /// Its last connection ended.
    Disconnected(AgencyId),
}

/// The PeerId that follows from a transport key.
#[must_use]
pub fn peer_of(transport: &PublicKey) -> PeerId {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(transport.as_bytes())
        .expect("a PublicKey is a point of the curve, which is all that is asked here");
    libp2p::identity::PublicKey::from(key).to_peer_id()
}

/// Starts the actor on the current tokio runtime.
///
/// # Errors
/// [`NetworkError::Listen`] when an address cannot be listened on (a taken port); [`NetworkError::Setting`].
///
/// # Panics
/// Outside a tokio runtime.
pub fn start(config: NetworkConfig) -> Result<(NetworkHandle, mpsc::Receiver<Incoming>), NetworkError> {
    actor::start(config)
}
