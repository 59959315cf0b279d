//! Store, network and engine of one member, as a node has them, without services and API.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parangon_node::clock::SystemClock;
use parangon_node::engine::{Engine, EngineConfig};
use parangon_node::network::{self, MemberAddress, NetworkConfig, NetworkHandle};
use parangon_node::store::Store;
use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::replica::{Keys, Settings};
use parangon_protocol::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::federation::Federation;

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Node {
    pub(crate) id: AgencyId,
    pub(crate) engine: Engine,
    pub(crate) network: NetworkHandle,
    stop: CancellationToken,
    core: JoinHandle<()>,
}

/// On a loopback port that the system chooses. Members without a known address are let in, but not dialled.
pub(crate) fn network_config(federation: &Federation, me: usize, gossip: bool, peers: &[MemberAddress]) -> NetworkConfig {
    let own = &federation.members[me];
    let member = |member: &super::federation::Member| {
        let known = peers.iter().find(|peer| peer.agency == member.id);
        known.cloned().unwrap_or_else(|| MemberAddress {
            agency: member.id.clone(),
            peer: Some(network::peer_of(&member.keyset.body.transport)),
            addresses: vec![],
        })
    };
    NetworkConfig {
        federation: *federation.fingerprint(),
        me: own.id.clone(),
        transport_seed: own.keys.transport_seed(),
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
        gossip,
        members: federation.members.iter().map(member).collect(),
        guests: None,
        memory: false,
    }
}

impl Node {
    /// Opens the store in `dir` and starts. `peers` are dialled.
    pub(crate) async fn start(federation: &Federation, me: usize, dir: &Path, gossip: bool, peers: &[MemberAddress]) -> Self {
        let own = &federation.members[me];
        let (network, incoming) = network::start(network_config(federation, me, gossip, peers)).expect("a free port");
        let (store, _) = Store::open(dir, &own.keys.master_key()).expect("a store");
        let (private, mut unused) = mpsc::channel(1);
        tokio::spawn(async move { while unused.recv().await.is_some() {} });
        let stop = CancellationToken::new();
        let (engine, core) = Engine::start(EngineConfig {
            me: own.id.clone(),
            chain: federation.chain.clone(),
            keys: Keys { log: own.keys.log_key(), witness: own.keys.witness_key() },
            settings: Settings { poll_seconds: 1, ..Settings::default() },
            store: Arc::new(store),
            clock: Arc::new(SystemClock::new(Timestamp::default())),
            network: network.clone(),
            incoming,
            private,
            stop: stop.clone(),
        })
        .await
        .expect("a store that can be read");
        Self { id: own.id.clone(), engine, network, stop, core }
    }

    /// Appends the first two records, where they are missing.
    pub(crate) async fn begin(&self, federation: &Federation, me: usize) {
        if self.size(&LogId::first(self.id.clone())) == 0 {
            self.engine.append(federation.beginning(me)).await.expect("a new log");
        }
    }

    pub(crate) async fn as_member(&self) -> MemberAddress {
        let addresses = self.network.listen_addrs().await.expect("running");
        MemberAddress { agency: self.id.clone(), peer: Some(self.network.local_peer()), addresses }
    }

    pub(crate) fn size(&self, log: &LogId) -> u64 {
        self.engine.overview().logs.get(log).map_or(0, |log| log.size)
    }

    /// Until `size` records of `log` are durable here. The overview shows nothing that is not.
    pub(crate) async fn holds(&self, log: &LogId, size: u64) {
        let mut overview = self.engine.watch();
        let there = overview.wait_for(|overview| overview.logs.get(log).is_some_and(|log| log.size >= size));
        drop(tokio::time::timeout(PATIENCE, there).await.expect("in time").expect("running"));
    }

    /// Until a connection with each of them is up.
    pub(crate) async fn meets(&self, others: &[AgencyId]) {
        meets(&self.network, others).await;
    }

    /// Stops it; the store is closed when this returns.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.network.stop().await;
        let Self { engine, network, core, .. } = self;
        drop((engine, network));
        core.await.expect("no panic");
    }
}

/// Until a connection with each of `others` is up, as seen from `network`.
pub(crate) async fn meets(network: &NetworkHandle, others: &[AgencyId]) {
    let mut peers = network.peers();
    let up = peers.wait_for(|states| others.iter().all(|id| states.get(id).is_some_and(|state| state.connected_since.is_some())));
    drop(tokio::time::timeout(PATIENCE, up).await.expect("in time").expect("running"));
}

/// The files of a closed store, as a new directory.
pub(crate) fn copy_store(from: &Path) -> TempDir {
    let to = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        std::fs::copy(entry.path(), to.path().join(entry.file_name())).expect("writable");
    }
    to
}
