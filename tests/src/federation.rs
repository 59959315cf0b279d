//! A federation of real nodes in this process: own stores, keys, networks on loopback ports of their own.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use parangon_node::clock::{Clock, SystemClock};
use parangon_node::config::{Config, KeySource};
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{KeyFiles, Keystore, NODE_KEYS, NODE_KEYS_NEXT, Replaceable, Unlock, file, random};
use parangon_node::{Node, NodeConfig, NodeError, NodeFiles};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{
    CatalogueRef, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, Level, Member, Right, demo_scheme, peer_id,
};
use parangon_protocol::id::{AgencyId, Fingerprint};
use parangon_protocol::keys::SignedKeySet;
use parangon_protocol::replica::Settings;
use parangon_protocol::time::Timestamp;

/// Countries of the agencies, in order.
const COUNTRIES: [&str; 7] = ["DE", "ES", "FR", "NO", "PL", "IT", "AT"];

/// After which a condition that does not come true fails its test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a node is started from again after it was stopped.
pub struct Seat {
    /// The agency.
    pub id: AgencyId,
    config: Config,
    identity: IdentityFile,
    files: NodeFiles,
    settings: Settings,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Seat {
    /// Changes what the node is configured with when it is next started.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// Starts the node, on the directory and the ports that it had before.
    ///
    /// # Panics
    /// When it does not start: the test has failed.
    pub async fn start(&self) -> Node {
        self.try_start().await.expect("the node starts")
    }

    /// Starts the node, or says why it does not.
    ///
    /// # Errors
    /// [`NodeError`].
    ///
    /// # Panics
    /// When its keys cannot be read.
    pub async fn try_start(&self) -> Result<Node, NodeError> {
        let keystore = self.key_files().open().expect("written when it was founded");
        let config = NodeConfig { config: self.config.clone(), keystore, files: self.files.clone(), settings: self.settings.clone() };
        Node::start(config).await
    }

    /// Its key files.
    #[must_use]
    pub fn key_files(&self) -> KeyFiles {
        KeyFiles::new(&self.config.data_dir, self.config.keys.clone())
    }

    /// A file of its data directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.config.data_dir.join(name)
    }

    /// Draws new keys for these roles into `node.keys.next`; their key set with this number, signed by the identity key.
    ///
    /// # Panics
    /// When a step fails: the test has failed.
    #[must_use]
    pub fn next_keys(&self, number: u32, roles: &[Replaceable]) -> SignedKeySet {
        let keys = self.key_files().open().expect("written").rotated(roles, random::system).expect("random");
        let sealed = keys.seal(&unlock(), random::system).expect("seals");
        file::replace(&self.path(NODE_KEYS_NEXT), &sealed).expect("written");
        let fingerprint = Fingerprint(self.files.founding.charter.hash().expect("a charter has a text"));
        keys.key_set(self.id.clone(), number).sign(&fingerprint, &self.identity.identity_key()).expect("distinct keys")
    }
}

/// What opens every keystore here.
fn unlock() -> Unlock {
    Unlock::KeyFile(zeroize::Zeroizing::new([7; 32]))
}

/// How a federation is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many agencies, at most 7.
    pub agencies: usize,
    /// Whether heads are gossiped.
    pub gossip: bool,
    /// Whether nodes connect over QUIC instead of TCP.
    pub quic: bool,
}

/// Founds a federation below `root`.
///
/// # Panics
/// When a step fails: the test has failed.
#[must_use]
pub fn found(root: &Path, plan: Plan) -> Vec<Seat> {
    let parts: Vec<_> = (0..plan.agencies).map(|n| part(n, plan.quic)).collect();
    let scheme = demo_scheme();
    let catalogue = Catalogue::ecei();
    let mut members: Vec<Member> = parts
        .iter()
        .map(|(id, country, keys, identity, address)| Member {
            id: id.clone(),
            name: format!("Agency of {country}").parse().expect("a name"),
            country: country.parse().expect("a country"),
            parent: None,
            rights: vec![Right { scheme: scheme.id.clone(), levels: vec![Level::Bronze, Level::Silver, Level::Gold] }],
            identity: identity.public(),
            successor: identity.successor_hash(),
            contacts: vec![format!("{address}/p2p/{}", peer_id(&keys.key_set(id.clone(), 1).transport))],
        })
        .collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let now = SystemClock::new(Timestamp::default()).now();
    let charter = Charter {
        version: 1,
        previous: None,
        name: "Test federation".parse().expect("a name"),
        created: now,
        review_by: now.month().plus(24),
        demonstration: true,
        members,
        schemes: vec![scheme],
        catalogues: vec![CatalogueRef { id: catalogue.id.clone(), hash: catalogue.hash() }],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(3, 1),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    };
    let sign = |id: &AgencyId, identity: &IdentityFile| FoundingSignature {
        agency: id.clone(),
        signature: charter.sign(&identity.identity_key()).expect("a charter has a text"),
    };
    let mut signatures: Vec<_> = parts.iter().map(|(id, _, _, identity, ..)| sign(id, identity)).collect();
    signatures.sort_by(|a, b| a.agency.cmp(&b.agency));
    let fingerprint = Fingerprint(charter.hash().expect("a charter has a text"));
    let founding = Founding { charter, signatures };
    let seat = |(id, _, keys, identity, address): Part| {
        let dir = root.join(id.as_str());
        std::fs::create_dir_all(&dir).expect("a directory");
        let keyset = keys.key_set(id.clone(), 1).sign(&fingerprint, &identity.identity_key()).expect("distinct keys");
        let key = dir.join("node.key");
        file::write_new(&key, "07".repeat(32).as_bytes()).expect("a new file");
        file::write_new(&dir.join(NODE_KEYS), &keys.seal(&unlock(), random::system).expect("seals")).expect("a new file");
        let mut config = Config::default();
        config.network.listen = vec![address.parse().expect("an address")];
        config.network.gossip = plan.gossip;
        config.api.listen = ([127, 0, 0, 1], 0).into();
        config.api.socket = Some(dir.join("admin.sock"));
        config.keys = KeySource::KeyFile(key);
        config.data_dir = dir;
        Seat {
            files: NodeFiles { founding: founding.clone(), amendments: vec![], keyset, epoch_keyset: None },
            settings: Settings { poll_seconds: 1, timeout_seconds: 5, ..Settings::default() },
            id,
            config,
            identity,
        }
    };
    parts.into_iter().map(seat).collect()
}

/// Id, country, keys, identity, and listen address.
type Part = (AgencyId, &'static str, Keystore, IdentityFile, String);

/// A port that is free, and stays so until its node starts: below those that the system gives to whoever asks for any, and none twice
/// in this process. Others that run beside it begin elsewhere.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 100).expect("below 100") * 80;
    loop {
        let port = 12_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 8_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn part(n: usize, quic: bool) -> Part {
    let country = COUNTRIES[n % COUNTRIES.len()];
    let id: AgencyId = format!("agency-{}", country.to_ascii_lowercase()).parse().expect("a slug");
    let keys = Keystore::generate(random::system).expect("random");
    let identity = IdentityFile::generate(random::system).expect("random");
    let port = port();
    let address = if quic { format!("/ip4/127.0.0.1/udp/{port}/quic-v1") } else { format!("/ip4/127.0.0.1/tcp/{port}") };
    (id, country, keys, identity, address)
}

/// Waits until `condition` holds for every node, looking again whenever a node's overview changes.
///
/// # Panics
/// After a minute, with what the nodes hold.
pub async fn until(nodes: &[&Node], condition: impl Fn(&parangon_node::engine::Overview) -> bool) {
    for node in nodes {
        let mut overview = node.context().engine().watch();
        let reached = tokio::time::timeout(PATIENCE, overview.wait_for(|overview| condition(overview))).await;
        match reached {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => panic!("{} has stopped", node.context().me()),
            Err(_) => panic!("{} holds {:#?}", node.context().me(), node.context().engine().overview()),
        }
    }
}
