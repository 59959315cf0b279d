//! Nodes with a small application that remembers what arrives and settles it by rules that tests know.

use std::time::Duration;

use parangon_protocol::id::{AgencyId, Fingerprint, Hash, LogId};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::message::{Gossip, Head, Request, Response};
use prometheus_client::encoding::text::encode;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use crate::network::{Incoming, MemberAddress, Multiaddr, NetworkConfig, NetworkError, NetworkHandle, PeerId, peer_of, start};

/// Longer than anything here takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What a node's application has seen, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Gossip(String, Gossip),
    Request(String, Request),
    Private(String, Vec<u8>),
    Up(String),
    Down(String),
}

pub(super) struct Node {
    pub(super) name: String,
    pub(super) net: NetworkHandle,
    pub(super) seen: watch::Receiver<Vec<Seen>>,
}

pub(super) fn agency(name: &str) -> AgencyId {
    name.parse().expect("slug")
}

pub(super) fn seed(name: &str) -> [u8; 32] {
    Hash::of(&[name.as_bytes()]).0
}

pub(super) fn peer(name: &str) -> PeerId {
    peer_of(&SecretKey::from_seed(&seed(name)).public())
}

pub(super) fn member(name: &str, addresses: &[Multiaddr]) -> MemberAddress {
    MemberAddress { agency: agency(name), peer: Some(peer(name)), addresses: addresses.to_vec() }
}

pub(super) fn address(text: &str) -> Multiaddr {
    text.parse().expect("address")
}

pub(super) fn config(name: &str, listen: Multiaddr) -> NetworkConfig {
    let memory = listen.to_string().starts_with("/memory");
    NetworkConfig {
        federation: Fingerprint(Hash::of(&[b"tests"])),
        me: agency(name),
        transport_seed: Zeroizing::new(seed(name)),
        listen: vec![listen],
        gossip: true,
        members: Vec::new(),
        guests: None,
        memory,
    }
}

impl Node {
    /// On the current runtime.
    pub(super) fn start(config: NetworkConfig) -> Result<Self, NetworkError> {
        let name = config.me.to_string();
        let (net, incoming) = start(config)?;
        let (log, seen) = watch::channel(Vec::new());
        tokio::spawn(application(incoming, log));
        Ok(Self { name, net, seen })
    }

    pub(super) async fn addresses(&self) -> Vec<Multiaddr> {
        within(self.net.listen_addrs()).await.expect("running")
    }

    /// Waits until the application has seen enough.
    pub(super) async fn sees(&self, what: &str, enough: impl Fn(&[Seen]) -> bool) {
        let mut seen = self.seen.clone();
        let result = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| enough(seen))).await;
        match result {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => panic!("{} stopped before it saw {what}", self.name),
            Err(_) => {
                panic!("{} never saw {what}; it saw {:?}, its peers are {:?}", self.name, *self.seen.borrow(), *self.net.peers().borrow())
            }
        }
    }

    pub(super) async fn is_connected_to(&self, names: &[&str]) {
        let wanted: Vec<AgencyId> = names.iter().map(|name| agency(name)).collect();
        let connected =
            |states: &crate::network::PeerStates| wanted.iter().all(|a| states.get(a).is_some_and(|s| s.connected_since.is_some()));
        let mut peers = self.net.peers();
        let result = tokio::time::timeout(PATIENCE, peers.wait_for(connected)).await.map(|waited| waited.map(drop));
        assert!(matches!(result, Ok(Ok(()))), "{} is not connected to {names:?}: {:?}", self.name, *self.net.peers().borrow());
    }

    pub(super) fn has_seen(&self, seen: &Seen) -> bool {
        self.seen.borrow().contains(seen)
    }

    /// The value of one line of the metrics; 0 when there is no such line.
    pub(super) fn counts(&self, line: &str) -> u64 {
        let mut text = String::new();
        encode(&mut text, &self.net.metrics()).expect("text");
        let value = text.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a count"))
    }
}

/// Nodes in memory that all know each other.
pub(super) async fn crowd(names: &[&str]) -> Vec<Node> {
    connect(names.iter().map(|name| config(name, address("/memory/0"))).collect()).await
}

/// Starts nodes and tells each of all the others.
pub(super) async fn connect(configs: Vec<NetworkConfig>) -> Vec<Node> {
    let nodes: Vec<Node> = configs.into_iter().map(|config| Node::start(config).expect("free addresses")).collect();
    let mut members = Vec::new();
    for node in &nodes {
        members.push(member(&node.name, &node.addresses().await));
    }
    for node in &nodes {
        node.net.set_members(members.clone()).await.expect("running");
    }
    for node in &nodes {
        let others: Vec<&str> = nodes.iter().map(|other| other.name.as_str()).filter(|other| *other != node.name).collect();
        node.is_connected_to(&others).await;
    }
    nodes
}

pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("within a minute")
}

/// Tries again and again, with a bound.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut attempt: impl FnMut() -> F) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let all = async {
        loop {
            pace.tick().await;
            if attempt().await {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, all).await.is_ok(), "never: {what}");
}

/// An announcement that carries a text. Texts with "bad" are rejected by every application, those with "meh" ignored.
pub(super) fn news(text: &str) -> Gossip {
    let head = Head { log: LogId::first(agency("oslo")), note: "note".into() };
    Gossip::Grown { head, start: 7, records: vec![text.as_bytes().to_vec()] }
}

/// A question that is answered with `Missing`; one from index 13 on is dropped.
pub(super) fn question(start: u64) -> Request {
    Request::Range { log: LogId::first(agency("oslo")), start, count: 1 }
}

/// The code with which messages that begin with 0xff are refused.
pub(super) const UNWANTED: u16 = 77;

async fn application(mut incoming: mpsc::Receiver<Incoming>, log: watch::Sender<Vec<Seen>>) {
    while let Some(arrival) = incoming.recv().await {
        let seen = match arrival {
            Incoming::Gossip { from_connection, message, verdict } => {
                let text = format!(
                    "{:?}",
                    match &message {
                        Gossip::Grown { records, .. } => records.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect(),
                        Gossip::Fork { .. } => vec![],
                    }
                );
                if text.contains("bad") {
                    verdict.reject();
                } else if text.contains("meh") {
                    drop(verdict);
                } else {
                    verdict.accept();
                }
                Seen::Gossip(from_connection.into(), message)
            }
            Incoming::Request { from, request, reply } => {
                match &request {
                    Request::Range { start: 13, .. } => drop(reply),
                    Request::Range { .. } => reply.send(Response::Missing).expect("small"),
                    _ => reply.send(Response::Done).expect("small"),
                }
                Seen::Request(from.into(), request)
            }
            Incoming::Private { from, message, ack } => {
                if message.first() == Some(&0xff) {
                    ack.refuse(UNWANTED)
                } else {
                    ack.accept()
                }
                Seen::Private(from.into(), message)
            }
            Incoming::Connected(agency) => Seen::Up(agency.into()),
            Incoming::Disconnected(agency) => Seen::Down(agency.into()),
        };
        log.send_modify(|log| log.push(seen));
    }
}
