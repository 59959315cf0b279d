//! A whole node: store, engine, network, services and API, started and stopped as one. `serve` and `demo` use this and
//! nothing else.

mod keys;

pub(crate) use keys::check_keys;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parangon_protocol::canonical;
use parangon_protocol::charter::{Amendment, Chain, ChainError, ChainText, Charter, Founding};
use parangon_protocol::check::KeyBook;
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::keys::{KeySetError, SignedKeySet};
use parangon_protocol::limits;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::replica::{Keys, Settings};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, ApiError, Listeners};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engine::{self, Change, Engine, EngineConfig, EngineError, News};
use crate::keystore::file::{self, FileError};
use crate::keystore::random;
use crate::keystore::{KeyFiles, KeyFilesError, Keyring, Keystore};
use crate::mirrors;
use crate::network::{self, MemberAddress, Multiaddr, NetworkConfig, NetworkError, NetworkHandle, PeerId};
use crate::outside;
use crate::service::witness::Witness;
use crate::service::{Context, anchors, charter, courier, draws, erasure, invitations, moving, pools, reactor, reminders};
use crate::store::{Lock, Opened, Recovery, Store, StoreError, WriteTx};

/// Private messages that wait to be taken in. Each holds up to 4 MiB; a sender whose message finds no place keeps it.
const PRIVATE_WAITING: usize = 8;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The network did not start: a taken port, for example.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The federation's founding document does not hold.
    #[error("the federation in {}: {cause}", path.display())]
    Federation {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ChainError,
    },
    /// The file that names the federation is missing or unreadable.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Our key set does not fit the charter or the keystore.
    #[error("our key set: {0}")]
    KeySet(#[from] KeySetError),
    /// Neither node.keys nor node.keys.next holds the keys of the key set in force.
    #[error("node.keys holds other keys than key set {number}, which is in force")]
    OtherKeys {
        /// The number of the key set in force.
        number: u32,
    },
    /// The keys that follow could not be put into their place.
    #[error(transparent)]
    KeyFiles(#[from] KeyFilesError),
    /// The API cannot listen.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The API failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// `federation.json`: what makes a data directory a member's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFiles {
    /// The charter with its founders' signatures.
    pub founding: Founding,
    /// Later versions that were known when the file was written. The store adds those that came since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Amendment>,
    /// Our first operational keys, signed by our identity key.
    pub keyset: SignedKeySet,
    /// The key set that began the present epoch of our log, where its log key is not the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_keyset: Option<SignedKeySet>,
}

impl NodeFiles {
    /// Name of the file in the data directory.
    pub const NAME: &'static str = "federation.json";

    /// Bytes of the file at most: a charter of 300 members has 200 kB.
    const BYTES: u64 = 4 * 1024 * 1024;

    /// Reads it from a data directory.
    ///
    /// # Errors
    /// [`NodeError::Unreadable`].
    pub fn load(dir: &Path) -> Result<Self, NodeError> {
        let path = dir.join(Self::NAME);
        let unreadable = |reason: String| NodeError::Unreadable { path: path.clone(), reason };
        let size = std::fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > Self::BYTES {
            return Err(unreadable(format!("larger than {} bytes", Self::BYTES)));
        }
        let text = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
    }

    /// Puts the key set into the file that brought another log key.
    ///
    /// # Errors
    /// [`FileError`]; the file is as it was.
    fn remember_keys(dir: &Path, set: &SignedKeySet) -> Result<(), FileError> {
        match Self::load(dir) {
            Ok(files) if files.epoch_keyset.as_ref() != Some(set) => Self { epoch_keyset: Some(set.clone()), ..files }.replace(dir),
            _ => Ok(()),
        }
    }

    fn replace(&self, dir: &Path) -> Result<(), FileError> {
        let text = canonical::encode(self, limits::DOCUMENT_BYTES).unwrap_or_default();
        if text.is_empty() { Ok(()) } else { file::replace(&dir.join(Self::NAME), &text) }
    }

    /// Puts a longer chain into the file of a data directory, where there is one: commands without the node read it.
    ///
    /// # Errors
    /// [`FileError`]; the file is as it was.
    pub fn remember(dir: &Path, chain: &ChainText) -> Result<(), FileError> {
        match Self::load(dir) {
            Ok(files) if files.amendments.len() < chain.amendments.len() => {
                Self { amendments: chain.amendments.clone(), ..files }.replace(dir)
            }
            _ => Ok(()),
        }
    }
}

/// What a node starts from.
#[derive(Debug)]
pub struct NodeConfig {
    /// Directories, addresses, switches.
    pub config: Config,
    /// The unsealed keystore.
    pub keystore: Keystore,
    /// The federation and our place in it.
    pub files: NodeFiles,
    /// How eagerly to ask others.
    pub settings: Settings,
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    context: Context,
    network: NetworkHandle,
    api: std::net::SocketAddr,
    witness: Option<std::net::SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts everything; when this returns the API answers and the log holds key set and charter.
    ///
    /// # Errors
    /// [`NodeError`]; nothing is left running.
    pub async fn start(config: NodeConfig) -> Result<Self, NodeError> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let NodeConfig { config, keystore, files, mut settings } = config;
        let me = files.keyset.body.agency.clone();
        let path = config.data_dir.join(NodeFiles::NAME);
        let text = ChainText { founding: files.founding, amendments: files.amendments };
        let chain = Chain::read(text, None).map_err(|cause| NodeError::Federation { path, cause })?;
        let chain = Arc::new(chain);

        // The store first: its lock tells a second node on the same directory what is the matter, before it touches anything.
        let (store, opened) = open_store(&config, &keystore).await?;
        let key_files = KeyFiles::new(&config.data_dir, config.keys.clone());
        let keys::InForce { keys: keystore, former } = keys::in_force(&chain, &files.keyset, &store, keystore, &key_files)?;
        if let Some(set) = keys::of_epoch(&store, &files.keyset, &keystore)?
            && let Err(error) = NodeFiles::remember_keys(&config.data_dir, &set)
        {
            tracing::warn!(%error, "the file that names the federation does not name the new log key; backups need it");
        }
        let succession = keys::succession(&chain, &files.keyset, &store, &key_files)?;
        if let Opened::Recovering { reason } = &opened {
            tracing::warn!(%reason, "recovering: this node asks the others what it had signed, and signs nothing until it knows");
        } else if succession.is_some() {
            tracing::warn!("another log key: this node asks the others what the former one had signed, and signs nothing until it knows");
        }
        if opened != Opened::Clean || succession.is_some() {
            // From the first question on: who answers promises something.
            settings.intact = matches!(opened, Opened::Clean | Opened::Recovering { reason: Recovery::Doubt });
            store.write(if settings.intact { WriteTx::begin_doubt } else { WriteTx::begin_recovery })?;
            settings.recovery = Some(Hash(random::draw(&mut random::system).map_err(StoreError::from)?));
        }
        settings.salt = Hash(random::draw(&mut random::system).map_err(StoreError::from)?);
        let listeners = listen(&config).await?;
        let api = listeners.address();
        let witness = listen_as_witness(&config).await?;
        let witness_address = witness.as_ref().and_then(|listener| listener.local_addr().ok());
        let store = Arc::new(store);
        let clock = Arc::new(SystemClock::new(engine::vouched(&store.read()?)?));

        let (guests, visits) = mpsc::channel(network::limits::VISITS);
        let (network, incoming) = network::start(NetworkConfig {
            federation: *chain.fingerprint(),
            me: me.clone(),
            transport_seed: former.as_ref().unwrap_or(&keystore).transport_seed(),
            listen: config.network.listen.clone(),
            gossip: config.network.gossip,
            members: members(chain.newest(), None),
            guests: Some(guests),
            memory: false,
        })?;
        let (private, inbox) = mpsc::channel(PRIVATE_WAITING);
        let log = succession.as_ref().map_or_else(|| keystore.log_key(), |(_, next)| next.log_key());
        let keys = Keys { log, witness: keystore.witness_key() };
        settings.succession = succession.map(|(set, _)| Box::new(set));
        let (engine, core) = Engine::start(EngineConfig {
            me: me.clone(),
            chain: chain.clone(),
            keys,
            settings,
            store: store.clone(),
            clock: clock.clone(),
            network: network.clone(),
            incoming,
            private,
            stop: stop.clone(),
        })
        .await?;
        let beginning = Beginning { engine: engine.clone(), me: me.clone(), keyset: files.keyset };
        if !store.is_recovering() {
            beginning.write().await?;
        }

        let dir = config.data_dir.clone();
        let remember = move |chain: &ChainText| NodeFiles::remember(&dir, chain);
        let roster = tokio::spawn(keep_roster(engine.clone(), network.clone(), stop.clone()));
        let connected = former.as_ref().unwrap_or(&keystore).key_set(me.clone(), 0).transport;
        let keyring = Keyring::new(&me, keystore, Some(key_files)).connected_as(connected);
        let context = Context::new(engine, keyring, clock, Arc::new(network.clone()), config.policy.clone());
        let mut tasks = vec![
            core,
            roster,
            tokio::spawn(beginning.await_recovery(context.clone(), stop.clone())),
            tokio::spawn(courier::run(context.clone(), inbox, stop.clone())),
            tokio::spawn(reactor::run(context.clone(), stop.clone())),
            tokio::spawn(anchors::run(context.clone(), stop.clone())),
            tokio::spawn(draws::run(context.clone(), stop.clone())),
            tokio::spawn(pools::run(context.clone(), stop.clone())),
            tokio::spawn(erasure::run(context.clone(), stop.clone())),
            tokio::spawn(reminders::run(context.clone(), stop.clone())),
            tokio::spawn(moving::run(context.clone(), stop.clone())),
            tokio::spawn(invitations::run(context.clone(), network.clone(), visits, stop.clone())),
            tokio::spawn(charter::run(context.clone(), remember, stop.clone())),
            tokio::spawn(api::serve(context.clone(), listeners, config.api.allowed_hosts.clone(), stop.clone())),
        ];
        if let Some(listener) = witness {
            let witness = Witness::new(&context, &config.witness.logs);
            tasks.push(tokio::spawn(api::witness::serve(context.clone(), listener, witness, stop.clone())));
        }
        tasks.push(tokio::spawn(outside::run(context.clone(), config.witness.outside.clone(), stop.clone())));
        tasks.push(tokio::spawn(mirrors::run(context.clone(), config.mirrors.clone(), stop.clone())));
        guard.disarm();
        Ok(Self { context, network, api, witness: witness_address, stop, tasks })
    }

    /// The use cases.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The network, for its addresses and its peers' states.
    #[must_use]
    pub fn network(&self) -> &NetworkHandle {
        &self.network
    }

    /// Where the API listens.
    #[must_use]
    pub fn api_address(&self) -> std::net::SocketAddr {
        self.api
    }

    /// Where logs outside the federation ask for our cosignature, if they may.
    #[must_use]
    pub fn witness_address(&self) -> Option<std::net::SocketAddr> {
        self.witness
    }

    /// Stops accepting, lets what is under way end, and returns when the store is closed: not before whoever else holds the context
    /// lets go of it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.network.stop().await;
        let Self { context, network, tasks, .. } = self;
        let dir = context.store().dir().to_owned();
        drop((context, network));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the node ended badly");
            }
        }
        // What a connection or a job in the pool still holds ends by itself. In a thread that keeps nobody from ending the process.
        let (closed, store) = oneshot::channel();
        std::thread::spawn(move || closed.send(Lock::wait(&dir)));
        if let Ok(Err(error)) = store.await {
            tracing::warn!(%error, "whether the store is closed is not known");
        }
    }
}

/// Takes the store's lock and opens the store, away from the threads that answer.
async fn open_store(config: &Config, keystore: &Keystore) -> Result<(Store, Opened), NodeError> {
    let (dir, master) = (config.data_dir.clone(), keystore.master_key());
    let opened = tokio::task::spawn_blocking(move || Store::open(&dir, &master)).await.map_err(|_| EngineError::Stopped)?;
    Ok(opened?)
}

async fn listen(config: &Config) -> Result<Listeners, NodeError> {
    let address = config.api.listen;
    let refused = |address: String| move |source| NodeError::Listen { address, source };
    let tcp = TcpListener::bind(address).await.map_err(refused(address.to_string()))?;
    let unix = match &config.api.socket {
        None => None,
        Some(path) => {
            // A socket that a killed process left behind; one that answers belongs to a running node.
            if std::os::unix::net::UnixStream::connect(path).is_err() {
                let _absent = std::fs::remove_file(path);
            }
            let listener = UnixListener::bind(path).map_err(refused(path.display().to_string()))?;
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o660);
            std::fs::set_permissions(path, mode).map_err(refused(path.display().to_string()))?;
            Some(listener)
        }
    };
    Listeners::new(tcp, unix).map_err(refused(address.to_string()))
}

async fn listen_as_witness(config: &Config) -> Result<Option<TcpListener>, NodeError> {
    let Some(address) = config.witness.listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| NodeError::Listen { address: address.to_string(), source })
}

/// Where to dial the members: the charter's hints. Their PeerIds follow from their key sets, and from the hints until those
/// are known, or until those by another identity key are.
fn members(charter: &Charter, book: Option<&KeyBook>) -> Vec<MemberAddress> {
    let of = |contact: &String| contact.parse::<Multiaddr>().ok();
    charter
        .members
        .iter()
        .map(|member| {
            let addresses: Vec<Multiaddr> = member.contacts.iter().filter_map(of).collect();
            let known = book.and_then(|book| known(book, &member.id));
            let moved = book.and_then(|book| moved(book, &member.id));
            let peer = moved.or(known).or_else(|| addresses.iter().find_map(peer_in));
            MemberAddress { agency: member.id.clone(), peer, addresses }
        })
        .collect()
}

/// The PeerId that came with another identity key: that of a node which was made anew, and whose log knows nothing of it yet. None that
/// another member has.
fn moved(book: &KeyBook, agency: &AgencyId) -> Option<PeerId> {
    let (since, before) = book.awaits_keys(agency)?;
    let peers = |charter: &Charter| -> Vec<PeerId> {
        let contacts = charter.member(agency).map(|member| member.contacts.as_slice()).unwrap_or_default();
        contacts.iter().filter_map(|contact| peer_in(&contact.parse().ok()?)).collect()
    };
    let former = peers(before);
    let others: Vec<PeerId> =
        book.chain().newest().members.iter().filter(|member| member.id != *agency).filter_map(|member| known(book, &member.id)).collect();
    peers(since).into_iter().find(|peer| !former.contains(peer) && !others.contains(peer))
}

/// The PeerId that the newest key set known of an agency names.
fn known(book: &KeyBook, agency: &AgencyId) -> Option<PeerId> {
    book.current(agency).map(|(_, set)| network::peer_of(&set.transport))
}

/// Tells the network when a member's keys became known.
async fn keep_roster(engine: Engine, network: NetworkHandle, stop: CancellationToken) {
    let mut news = engine.subscribe();
    loop {
        let book = engine.book();
        if network.set_members(members(book.chain().newest(), Some(&book))).await.is_err() {
            return;
        }
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => return,
                change = news.recv() => change,
            };
            match change {
                Ok(News::Log(Change::Keys { .. } | Change::Charter { .. } | Change::Epoch { .. })) | Err(RecvError::Lagged(_)) => break,
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn peer_in(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| if let libp2p::multiaddr::Protocol::P2p(peer) = part { Some(peer) } else { None })
}

/// How a log begins: with the key set, then the charter (protocol, "Charter").
struct Beginning {
    engine: Engine,
    me: AgencyId,
    keyset: SignedKeySet,
}

impl Beginning {
    /// Writes it. Does nothing when it is there.
    async fn write(&self) -> Result<(), NodeError> {
        let log = LogId::first(self.me.clone());
        let store = self.engine.store().clone();
        let size = tokio::task::spawn_blocking(move || store.read()?.size(&log)).await.map_err(|_| EngineError::Stopped)??;
        if size > 0 {
            return Ok(());
        }
        let refused = |_| NodeError::Engine(EngineError::Stopped);
        let chain = self.engine.chain();
        let charter = chain.newest();
        let adoption = Adoption { version: charter.version, hash: charter.hash().map_err(refused)? };
        self.engine.append(vec![Record::KeySet(Box::new(self.keyset.clone())), Record::Charter(adoption)]).await?;
        Ok(())
    }

    /// Waits until it is known what this node had signed. When nobody ever saw a record of ours, the log begins then.
    async fn await_recovery(self, context: Context, stop: CancellationToken) {
        let mut news = self.engine.subscribe();
        let mut overview = self.engine.watch();
        let known = overview.wait_for(|overview| overview.recovery.is_none());
        let known = tokio::select! {
            () = stop.cancelled() => return,
            known = known => known.is_ok(),
        };
        if known && let Err(error) = self.write().await {
            tracing::warn!(%error, "our log could not be begun");
        }
        // The epoch that began with another log key: from here on its file is the one in use.
        while known && let Some(begun) = crate::service::keys::begins_epoch(&context) {
            if begun {
                return context.rekey();
            }
            // The key set is on its way to the book of keys.
            tokio::select! {
                () = stop.cancelled() => return,
                change = news.recv() => if change.is_err_and(|error| error == RecvError::Closed) { return },
            }
        }
    }
}
