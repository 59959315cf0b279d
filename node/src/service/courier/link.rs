//! How a member is reached, and the network as a carrier.

use async_trait::async_trait;
use parangon_protocol::id::AgencyId;
use prometheus_client::encoding::text::encode;

use super::{Carrier, CarrierError};
use crate::network::{LinkError, NetworkError, NetworkHandle, Refusal};

/// Whether and why a member is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// For so many seconds.
    Connected {
        /// Seconds.
        seconds: u64,
    },
    /// Not at the moment.
    Down {
        /// Why, when a reason is known.
        reason: Option<String>,
        /// It answered, and then closed the connection.
        closed: bool,
    },
}

/// A member as the network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Who.
    pub agency: AgencyId,
    /// How.
    pub state: LinkState,
    /// Where it is dialled.
    pub addresses: Vec<String>,
}

impl Link {
    /// Whether messages can go out now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.state, LinkState::Connected { .. })
    }
}

#[async_trait]
impl Carrier for NetworkHandle {
    async fn deliver(&self, to: &AgencyId, message: Vec<u8>) -> Result<(), CarrierError> {
        self.private(to, message).await.map_err(|error| match error {
            NetworkError::Refused(Refusal::Application(code)) => CarrierError::Refused(code),
            other => CarrierError::Failed(other.to_string()),
        })
    }

    fn links(&self) -> Vec<Link> {
        let states = self.peers();
        let states = states.borrow();
        let link = |(agency, state): (&AgencyId, &crate::network::PeerState)| Link {
            agency: agency.clone(),
            state: match state.connected_since {
                Some(since) => LinkState::Connected { seconds: since.elapsed().as_secs() },
                None => LinkState::Down {
                    reason: state.last_error.as_ref().map(ToString::to_string),
                    closed: state.last_error == Some(LinkError::Closed),
                },
            },
            addresses: state.addresses.iter().map(ToString::to_string).collect(),
        };
        states.iter().map(link).collect()
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        // Writing to memory cannot fail; without metrics the node works on.
        let _ = encode(&mut text, &NetworkHandle::metrics(self));
        text
    }
}
