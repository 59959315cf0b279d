//! Drives the replica: one owner on one thread, commands in, news out, durable before visible.
//!
//! Foreign bytes are checked by a pool of workers before they become commands (`intake`); the core takes what
//! waits, steps the replica through all of it, commits once, and only then lets anything out (`core`).

mod core;
mod elsewhere;
mod intake;
mod outgoing;
mod persist;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use parangon_protocol::charter::{Chain, Charter, LastHead};
use parangon_protocol::check::{self, CheckedProposal, KeyBook};
use parangon_protocol::id::{AgencyId, Fingerprint, Hash, LogId};
use parangon_protocol::record::{Record, RecordError};
use parangon_protocol::replica::{Event, Keys, Progress, Proposal, Refusal, Settings, WaitingKey};
use parangon_protocol::time::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::network::{Incoming, NetworkHandle};
use crate::store::{Store, StoreError};

pub use elsewhere::TakeError;
pub use parangon_protocol::replica::Change;
pub use persist::RegisterRow;
pub(crate) use persist::{chain, fork_proof, lost_standings, objected, objections, pooled, vouched};
pub use reader::StoredLog;

/// Commands that wait for the core. One commit takes a millisecond; more than this and senders wait.
const COMMANDS: usize = 1024;

/// News that a slow listener may lag behind by before it has to look for itself.
const NEWS_WAITING: usize = 4096;

/// What the engine refuses or fails with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// A rule forbids it. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record does not pass the checks that foreign ones have to pass.
    #[error(transparent)]
    Check(#[from] check::CheckError),
    /// The store failed. Whether the records are durable is known after a restart; until then nothing is accepted.
    #[error("the store failed: {0}")]
    Store(Arc<StoreError>),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// News from the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something changed in the logs, or follows from them.
    Log(Change),
    /// A member came or went.
    Peer(AgencyId),
}

/// How long what is known of a log can be believed to be the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// Until when it surely was, by the times of those who confirmed it.
    pub as_of: Timestamp,
    /// Until when the charter lets that be enough.
    pub until: Timestamp,
}

/// What is known of one log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOverview {
    /// The epoch that its records have come to.
    pub epoch: u32,
    /// Records held.
    pub size: u64,
    /// Records covered by a head that has its quorum.
    pub final_size: u64,
    /// The newest head with the cosignatures gathered, as a signed note.
    pub head: Option<String>,
    /// Who has cosigned it.
    pub cosigned_by: Vec<AgencyId>,
    /// How many must.
    pub quorum: usize,
    /// It told two stories.
    pub frozen: bool,
    /// The epoch that told two stories, where it is frozen for that.
    pub forked: Option<u32>,
    /// How long what is final of it is to be believed; none where nothing is, or where its owner is no member any more: what it
    /// stated last stays.
    pub fresh: Option<Fresh>,
    /// The charter record that rules what it appends next: index and version.
    pub adopted: Option<(u64, u32)>,
    /// Where the charter ends it: its owner left, and nothing at or above this index counts.
    pub end: Option<u64>,
    /// It adopts a version of the charter that is not known here: nothing behind that is taken yet.
    pub stalled: Option<u32>,
}

/// What is voted on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CharterOverview {
    /// Texts of the next version, by hash.
    pub proposals: BTreeMap<Hash, Arc<Proposal>>,
    /// The version of which two texts were both agreed to.
    pub torn: Option<u32>,
    /// Votes for two texts of one version: the log, and both places.
    pub double_votes: Vec<(LogId, u64, u64)>,
    /// Identity keys by the members' decision that wait.
    pub rekeyings: Vec<WaitingKey>,
}

/// What is known of all logs. Cheap to share; replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// By log.
    pub logs: BTreeMap<LogId, LogOverview>,
    /// Labels known.
    pub labels: usize,
    /// While it is not known what this node had signed: how far it has come to knowing it.
    pub recovery: Option<Progress>,
    /// The charter's next version.
    pub charter: CharterOverview,
}

/// What an engine needs to start.
pub struct EngineConfig {
    /// Whose node this is.
    pub me: AgencyId,
    /// The charter, as far as the files say; what the store knows beyond that is added.
    pub chain: Arc<Chain>,
    /// Log and witness keys.
    pub keys: Keys,
    /// How eagerly to ask, and whether to sign.
    pub settings: Settings,
    /// The store.
    pub store: Arc<Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The network, and what arrives from it.
    pub network: NetworkHandle,
    /// Its receiving end.
    pub incoming: mpsc::Receiver<Incoming>,
    /// Where sealed private messages go.
    pub private: mpsc::Sender<PrivateMessage>,
    /// Stops everything.
    pub stop: CancellationToken,
}

impl std::fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineConfig").field("me", &self.me).finish_non_exhaustive()
    }
}

/// A sealed message as it arrived, to be acknowledged when it is durable.
#[derive(Debug)]
pub struct PrivateMessage {
    /// Who sent it, as the connection proved.
    pub from: AgencyId,
    /// The bytes.
    pub message: Vec<u8>,
    /// To be settled once.
    pub ack: crate::network::AckSlot,
}

/// The handle. Clones share one engine.
#[derive(Clone, Debug)]
pub struct Engine {
    me: AgencyId,
    federation: Fingerprint,
    commands: mpsc::Sender<core::Command>,
    overview: watch::Receiver<Arc<Overview>>,
    book: watch::Receiver<Arc<KeyBook>>,
    news: broadcast::Sender<News>,
    store: Arc<Store>,
}

impl Engine {
    /// Reads what the store remembers, and starts the core and the tasks around it.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the store cannot be read.
    pub async fn start(config: EngineConfig) -> Result<(Self, tokio::task::JoinHandle<()>), EngineError> {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (news, _) = broadcast::channel(NEWS_WAITING);
        let EngineConfig { me, chain, keys, settings, store, clock, network, incoming, private, stop } = config;
        let federation = *chain.fingerprint();
        let replica = {
            let (store, me) = (store.clone(), me.clone());
            let task = tokio::task::spawn_blocking(move || {
                persist::keep_releases(&store)?;
                persist::restore(&store, me, settings, keys, &chain)
            });
            task.await.map_err(|_| EngineError::Stopped)??
        };
        let (overview_in, overview) = watch::channel(Arc::new(Overview::default()));
        let (book_in, book) = watch::channel(replica.book().clone());
        let asks = outgoing::start(me.clone(), network.clone(), commands.clone(), book.clone(), stop.clone());
        let core = core::Core::new(replica, store.clone(), clock, asks, overview_in, book_in, news.clone(), commands.downgrade());
        // Whoever asks first must not find that there is nothing.
        core.publish();
        let thread = tokio::task::spawn_blocking(move || core.run(inbox));
        intake::start(intake::Intake {
            incoming,
            commands: commands.clone(),
            book: book.clone(),
            overview: overview.clone(),
            store: store.clone(),
            private,
            news: news.clone(),
            stop,
        });
        Ok((Self { me, federation, commands, overview, book, news, store }, thread))
    }

    /// Appends records to our own log, all or none. When it returns they are durable and signed; the indices are
    /// theirs.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was changed, except after [`EngineError::Store`].
    pub async fn append(&self, records: Vec<Record>) -> Result<Vec<u64>, EngineError> {
        let (book, log) = (self.book(), LogId::first(self.me.clone()));
        let start = self.overview().logs.get(&log).map_or(0, |log| log.size);
        let texts = records.iter().map(Record::to_text).collect::<Result<Vec<_>, _>>()?;
        let check = move || texts.into_iter().zip(start..).map(|(text, index)| check::record(&book, &log, index, text)).collect();
        let records: Result<Vec<_>, _> = tokio::task::spawn_blocking(check).await.map_err(|_| EngineError::Stopped)?;
        let records = records?;
        self.ask(|reply| core::Command::Append { records, reply }).await
    }

    /// Appends a status record over our own labels; `None` when none of them changed since the last one.
    ///
    /// # Errors
    /// As [`Engine::append`].
    pub async fn append_status(&self) -> Result<Option<u64>, EngineError> {
        Ok(self.ask(|reply| core::Command::AppendStatus { reply }).await?.first().copied())
    }

    async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<Vec<u64>, EngineError>>) -> core::Command,
    ) -> Result<Vec<u64>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// What is known of all logs.
    #[must_use]
    pub fn overview(&self) -> Arc<Overview> {
        self.overview.borrow().clone()
    }

    /// The overview as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Overview>> {
        self.overview.clone()
    }

    /// News from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The charter chain as it is now.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        self.book.borrow().chain().clone()
    }

    /// The federation.
    #[must_use]
    pub fn federation(&self) -> &Fingerprint {
        &self.federation
    }

    /// Takes a text of the charter's next version, to be voted on.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn propose(&self, proposal: CheckedProposal) -> Result<(), EngineError> {
        self.event(Event::Proposal(proposal)).await
    }

    /// Takes versions of the charter that were agreed to elsewhere, when they extend those known here.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn extend(&self, chain: Chain) -> Result<(), EngineError> {
        self.event(Event::Chain(Box::new(chain))).await
    }

    async fn event(&self, event: Event) -> Result<(), EngineError> {
        self.commands.send(core::Command::Event(Box::new(event))).await.map_err(|_| EngineError::Stopped)
    }

    /// What a vote for this text has to say of the logs whose end it decides.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when the text does not follow the charter in effect.
    pub async fn last_heads(&self, charter: Charter) -> Result<Vec<LastHead>, EngineError> {
        let (reply, answer) = oneshot::channel();
        let command = core::Command::LastHeads { charter: Box::new(charter), reply };
        self.commands.send(command).await.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// Whose node this is.
    #[must_use]
    pub fn me(&self) -> &AgencyId {
        &self.me
    }

    /// The keys known so far.
    #[must_use]
    pub fn book(&self) -> Arc<KeyBook> {
        self.book.borrow().clone()
    }
}
