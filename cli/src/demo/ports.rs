//! Ports for the nodes: free ones that no outgoing connection can take before the nodes listen on them.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use parangon_node::keystore::random;

use crate::failure::Failure;

/// Where Linux says from which ports it serves outgoing connections.
const EPHEMERAL_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The first of those ports where the system does not say.
const EPHEMERAL: u16 = 32_768;

/// Ports from here on are preferred: services have theirs further down.
const PREFERRED: u16 = 20_000;

/// The lowest port that needs no privilege.
const LOWEST: u16 = 1024;

/// How many ports a range needs to be worth a search.
const ENOUGH: u16 = 500;

/// Listens on `count` different ports. They are free again when the listeners are dropped.
pub(super) fn free(count: usize) -> Result<Vec<TcpListener>, Failure> {
    let range = below_ephemeral(&std::fs::read_to_string(EPHEMERAL_FILE).unwrap_or_default());
    let mut random = [0; 2];
    random::system(&mut random).map_err(Failure::failed)?;
    let start = range.start + u16::from_be_bytes(random) % (range.end - range.start);
    let candidates = (start..range.end).chain(range.start..start);
    let found: Vec<_> = candidates.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).take(count).collect();
    if found.len() < count {
        return Err(Failure::failed(format!("there are no {count} free ports from {} to {}", range.start, range.end)));
    }
    Ok(found)
}

/// The ports to choose from, given what the system says about its own.
fn below_ephemeral(text: &str) -> Range<u16> {
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(EPHEMERAL);
    let enough = |lowest: &u16| first >= lowest + ENOUGH;
    match [PREFERRED, LOWEST].into_iter().find(enough) {
        Some(lowest) => lowest..first,
        // The system uses every port for outgoing connections: none is better than another.
        None => PREFERRED..EPHEMERAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_lie_below_those_of_outgoing_connections() {
        assert_eq!(below_ephemeral("32768\t60999\n"), 20_000..32_768);
        assert_eq!(below_ephemeral("9000\t65535\n"), 1024..9000);
        assert_eq!(below_ephemeral("1024 65535"), 20_000..32_768);
        assert_eq!(below_ephemeral(""), 20_000..32_768);
    }

    #[test]
    fn as_many_different_ports_are_found_as_were_asked_for() {
        let listeners = free(20).expect("ports");
        let mut ports: Vec<_> = listeners.iter().map(|listener| listener.local_addr().expect("bound").port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }
}
