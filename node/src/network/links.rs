//! Which connections each peer has, and whether they can be trusted to be alive.
//!
//! A peer dials only while it believes to have no connection. So a second connection that it dials long after the first one
//! means that it has restarted, or lost the first one, while we still hold a dead end. Gossipsub tells its subscriptions
//! on a peer's first connection only (rust-libp2p 5097): the restarted peer would never hear them. The cure is to close
//! everything and begin anew. Two connections within [`limits::SIMULTANEOUS`], one each way, are innocent: both dialled
//! at once.

use std::collections::HashMap;
use std::time::Instant;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;

use super::limits;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: ConnectionId,
    /// We dialled it.
    pub(super) ours: bool,
    pub(super) since: Instant,
}

#[derive(Debug, Default)]
struct Ends {
    links: Vec<Link>,
    /// Everything is being closed.
    closing: bool,
}

/// Connections by peer.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<PeerId, Ends>);

/// What a new connection means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// The peer is connected now.
    First,
    /// Both sides dialled at once: both connections serve.
    Twin,
    /// The older connections are dead ends: close them all, this one as well.
    Stale,
    /// All connections of this peer are being closed: close this one as well.
    Unwanted,
}

/// What the end of a connection means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The peer is not connected any more.
    Last,
    /// The other connection may have missed what went over this one: close it as well.
    Survivor,
    /// Nothing to do.
    Expected,
}

impl Links {
    pub(super) fn opened(&mut self, peer: PeerId, link: Link) -> Opened {
        let ends = self.0.entry(peer).or_default();
        let verdict = if ends.links.is_empty() {
            Opened::First
        } else if ends.closing {
            Opened::Unwanted
        } else if ends.links.iter().all(|old| old.ours != link.ours && link.since.duration_since(old.since) < limits::SIMULTANEOUS) {
            Opened::Twin
        } else {
            ends.closing = true;
            Opened::Stale
        };
        ends.links.push(link);
        verdict
    }

    pub(super) fn closed(&mut self, peer: &PeerId, id: ConnectionId) -> Closed {
        let Some(ends) = self.0.get_mut(peer) else { return Closed::Expected };
        ends.links.retain(|link| link.id != id);
        if ends.links.is_empty() {
            self.0.remove(peer);
            return Closed::Last;
        }
        if ends.closing {
            return Closed::Expected;
        }
        ends.closing = true;
        Closed::Survivor
    }

    /// Remembers that all connections of the peer are being closed.
    pub(super) fn closing(&mut self, peer: &PeerId) {
        if let Some(ends) = self.0.get_mut(peer) {
            ends.closing = true;
        }
    }

    /// Connected, and not about to be disconnected.
    pub(super) fn usable(&self, peer: &PeerId) -> bool {
        self.0.get(peer).is_some_and(|ends| !ends.closing)
    }

    pub(super) fn connected(&self, peer: &PeerId) -> bool {
        self.0.contains_key(peer)
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = &PeerId> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn link(id: usize, ours: bool, since: Instant) -> Link {
        Link { id: ConnectionId::new_unchecked(id), ours, since }
    }

    #[test]
    fn twins_serve_and_dead_ends_are_closed() {
        let (peer, start) = (PeerId::random(), Instant::now());
        let later = start + limits::SIMULTANEOUS;
        for (name, first, second, expected) in [
            ("both dialled at once", (true, start), (false, start), Opened::Twin),
            ("both dialled at once, seen the other way round", (false, start), (true, start), Opened::Twin),
            ("it dials though we hold a connection", (true, start), (false, later), Opened::Stale),
            ("it dialled twice", (false, start), (false, start + Duration::from_millis(1)), Opened::Stale),
        ] {
            let mut links = Links::default();
            assert_eq!(links.opened(peer, link(1, first.0, first.1)), Opened::First);
            assert_eq!(links.opened(peer, link(2, second.0, second.1)), expected, "{name}");
        }
    }

    #[test]
    fn everything_is_closed_before_anything_new_counts() {
        let (peer, now) = (PeerId::random(), Instant::now());
        let mut links = Links::default();
        links.opened(peer, link(1, true, now));
        links.opened(peer, link(2, false, now));
        assert!(links.usable(&peer));
        assert_eq!(links.closed(&peer, ConnectionId::new_unchecked(1)), Closed::Survivor);
        assert!(!links.usable(&peer));
        assert_eq!(links.opened(peer, link(3, false, now)), Opened::Unwanted);
        assert_eq!(links.closed(&peer, ConnectionId::new_unchecked(2)), Closed::Expected);
        assert!(links.connected(&peer));
        assert_eq!(links.closed(&peer, ConnectionId::new_unchecked(3)), Closed::Last);
        assert_eq!(links.opened(peer, link(4, false, now)), Opened::First);
        assert!(links.usable(&peer));
    }
}
