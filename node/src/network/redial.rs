//! Who is dialled when. libp2p does not redial by itself, and a request must not dial: this is the only place that
//! decides it. Waits double from half a second to a minute, with jitter, so that a federation that restarts at
//! once does not knock in step (cases N7, N11).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::limits;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Phase {
    /// To be dialled at this time.
    Waiting(Instant),
    Dialling,
    /// There is a connection since then, whoever dialled it: nothing to do.
    Connected(Instant),
    /// Not to be dialled.
    Paused,
}

#[derive(Debug)]
struct Entry {
    addresses: Vec<Multiaddr>,
    /// Dials since the last connection that lasted.
    attempts: u32,
    phase: Phase,
}

/// The members' addresses and the state of each.
#[derive(Debug, Default)]
pub(super) struct Redial(HashMap<PeerId, Entry>);

impl Redial {
    /// Sets the addresses of a peer; a peer without any has to dial us. A new peer, or one whose addresses changed
    /// while it is out of reach, is due at `due`.
    pub(super) fn set(&mut self, peer: PeerId, addresses: &[Multiaddr], due: Instant) {
        let mut usable: Vec<Multiaddr> = Vec::new();
        for address in addresses {
            match without_peer(address, &peer) {
                Some(address) if usable.len() < limits::ADDRESSES && !usable.contains(&address) => usable.push(address),
                Some(_) => {}
                None => tracing::warn!(%peer, %address, "an address that names another peer is left out"),
            }
        }
        let entry = self.0.entry(peer).or_insert(Entry { addresses: Vec::new(), attempts: 0, phase: Phase::Waiting(due) });
        if entry.addresses != usable {
            entry.addresses = usable;
            if let Phase::Waiting(at) = &mut entry.phase {
                *at = due.min(*at);
            }
        }
    }

    pub(super) fn remove(&mut self, peer: &PeerId) {
        self.0.remove(peer);
    }

    pub(super) fn addresses(&self, peer: &PeerId) -> &[Multiaddr] {
        self.0.get(peer).map_or(&[], |entry| &entry.addresses)
    }

    pub(super) fn connected(&mut self, peer: &PeerId, now: Instant) {
        if let Some(entry) = self.0.get_mut(peer)
            && !matches!(entry.phase, Phase::Connected(_))
        {
            entry.phase = Phase::Connected(now);
        }
    }

    /// A connection ended, or a dial failed: the next one comes after the wait that `attempts` dials have earned. A connection that
    /// did not last counts as a failure: who turns us away must not be dialled twice a second.
    pub(super) fn failed(&mut self, peer: &PeerId, now: Instant, random: u32) {
        if let Some(entry) = self.0.get_mut(peer)
            && entry.phase != Phase::Paused
        {
            if let Phase::Connected(since) = entry.phase
                && now.saturating_duration_since(since) >= limits::LASTING
            {
                entry.attempts = 0;
            }
            entry.phase = Phase::Waiting(now + backoff(entry.attempts, random));
        }
    }

    pub(super) fn pause(&mut self, peer: &PeerId) {
        if let Some(entry) = self.0.get_mut(peer) {
            entry.phase = Phase::Paused;
        }
    }

    pub(super) fn resume(&mut self, peer: &PeerId, now: Instant) {
        if let Some(entry) = self.0.get_mut(peer)
            && entry.phase == Phase::Paused
        {
            entry.attempts = 0;
            entry.phase = Phase::Waiting(now);
        }
    }

    /// Peers to be dialled now, at most `room` of them, with the addresses to try. Marks them as being dialled.
    pub(super) fn due(&mut self, now: Instant, room: usize) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let ready = |entry: &Entry| !entry.addresses.is_empty() && matches!(entry.phase, Phase::Waiting(at) if at <= now);
        self.0
            .iter_mut()
            .filter(|(_, entry)| ready(entry))
            .take(room)
            .map(|(peer, entry)| {
                let addresses = choose(&entry.addresses, entry.attempts);
                entry.attempts = entry.attempts.saturating_add(1);
                entry.phase = Phase::Dialling;
                (*peer, addresses)
            })
            .collect()
    }

    pub(super) fn dialling(&self) -> usize {
        self.0.values().filter(|entry| entry.phase == Phase::Dialling).count()
    }
}

/// TCP first, QUIC at the next attempt, and so on in turns: TCP is the default, and where one of them is blocked the other serves
/// (case N9).
fn choose(addresses: &[Multiaddr], attempt: u32) -> Vec<Multiaddr> {
    let (quic, plain): (Vec<_>, Vec<_>) = addresses.iter().cloned().partition(|a| a.iter().any(|part| part == Protocol::QuicV1));
    if plain.is_empty() || (attempt % 2 == 1 && !quic.is_empty()) { quic } else { plain }
}

/// The address without its `/p2p` part; `None` when that names another peer.
fn without_peer(address: &Multiaddr, peer: &PeerId) -> Option<Multiaddr> {
    let mut address = address.clone();
    match address.iter().last() {
        Some(Protocol::P2p(named)) if named != *peer => return None,
        Some(Protocol::P2p(_)) => drop(address.pop()),
        _ => {}
    }
    (!address.is_empty()).then_some(address)
}

/// The wait after `attempts` dials without success: half of it fixed, half of it random.
fn backoff(attempts: u32, random: u32) -> Duration {
    let doubled = limits::BACKOFF_FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let half = doubled.min(limits::BACKOFF_LAST) / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("address")
    }

    #[test]
    fn waits_double_up_to_a_minute_and_scatter() {
        for (attempts, least, most) in
            [(0, 250, 500), (1, 250, 500), (2, 500, 1000), (3, 1000, 2000), (8, 30_000, 60_000), (u32::MAX, 30_000, 60_000)]
        {
            assert_eq!(backoff(attempts, 0), Duration::from_millis(least), "{attempts}");
            assert_eq!(backoff(attempts, u32::MAX), Duration::from_millis(most), "{attempts}");
        }
        assert!(backoff(3, 1 << 31) > backoff(3, 1 << 30));
    }

    #[test]
    fn a_peer_is_dialled_until_it_is_connected() {
        let (peer, start) = (PeerId::random(), Instant::now());
        let mut redial = Redial::default();
        redial.set(peer, &[address("/ip4/10.0.0.1/tcp/1"), address("/ip4/10.0.0.1/udp/1/quic-v1")], start);
        assert_eq!(redial.due(start, 1), [(peer, vec![address("/ip4/10.0.0.1/tcp/1")])]);
        assert_eq!((redial.due(start, 1), redial.dialling()), (vec![], 1));
        redial.failed(&peer, start, u32::MAX);
        assert_eq!(redial.due(start, 1), []);
        let later = start + limits::BACKOFF_FIRST;
        assert_eq!(redial.due(later, 0), []);
        assert_eq!(redial.due(later, 1), [(peer, vec![address("/ip4/10.0.0.1/udp/1/quic-v1")])]);
        redial.connected(&peer, later);
        assert_eq!(redial.due(later + limits::BACKOFF_LAST, 1), []);
        // Turned away at once: the wait goes on growing.
        redial.failed(&peer, later, u32::MAX);
        assert_eq!(redial.due(later + limits::BACKOFF_FIRST, 1), []);
        let third = later + 2 * limits::BACKOFF_FIRST;
        assert_eq!(redial.due(third, 1), [(peer, vec![address("/ip4/10.0.0.1/tcp/1")])]);
        // A connection that lasted makes the next dial the first one again.
        redial.connected(&peer, third);
        redial.connected(&peer, third + limits::LASTING);
        let end = third + limits::LASTING;
        redial.failed(&peer, end, u32::MAX);
        assert_eq!(redial.due(end + limits::BACKOFF_FIRST, 1), [(peer, vec![address("/ip4/10.0.0.1/tcp/1")])]);
    }

    #[test]
    fn blocked_and_addressless_peers_are_not_dialled() {
        let (peer, mute, start) = (PeerId::random(), PeerId::random(), Instant::now());
        let mut redial = Redial::default();
        redial.set(mute, &[], start);
        redial.set(peer, &[address("/memory/1")], start);
        redial.pause(&peer);
        redial.failed(&peer, start, 0);
        assert_eq!(redial.due(start + limits::BACKOFF_LAST, 9), []);
        redial.resume(&peer, start);
        assert_eq!(redial.due(start, 9).len(), 1);
        redial.remove(&peer);
        assert_eq!(redial.dialling(), 0);
    }

    #[test]
    fn an_address_that_names_another_peer_is_left_out() {
        let (peer, other) = (PeerId::random(), PeerId::random());
        let mut redial = Redial::default();
        let with = |peer: PeerId| address("/ip4/10.0.0.1/tcp/1").with(Protocol::P2p(peer));
        redial.set(peer, &[with(other), with(peer), address("/ip4/10.0.0.1/tcp/1")], Instant::now());
        assert_eq!(redial.addresses(&peer), [address("/ip4/10.0.0.1/tcp/1")]);
    }
}
