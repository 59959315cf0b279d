//! What a person wants to know of each member's connection: since when, over which address, and if not, why not.

use std::collections::BTreeMap;
use std::time::Instant;

use libp2p::Multiaddr;
use parangon_protocol::id::AgencyId;

use super::error::LinkError;

/// One member as seen from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerState {
    /// Since when there is a connection; `None` when there is none.
    pub connected_since: Option<Instant>,
    /// Where the other end of the newest connection is.
    pub address: Option<Multiaddr>,
    /// Why the last attempt failed or the last connection ended. Kept while connected.
    pub last_error: Option<LinkError>,
    /// Where we dial it.
    pub addresses: Vec<Multiaddr>,
}

/// Every member whose transport key is known, by agency.
pub type PeerStates = BTreeMap<AgencyId, PeerState>;
