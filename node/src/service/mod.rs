//! Use cases, one file each. They decide; the engine, the store and the network carry out.
//!
//! Reading and writing private items blocks, so those functions are synchronous and run under [`Context::run`]; what
//! waits for the log or the network is asynchronous. A state change and the messages it causes are one transaction.

pub mod access;
pub mod anchors;
pub mod assessments;
pub mod audit;
pub mod backups;
pub mod catalogues;
pub mod charter;
pub mod clusters;
pub mod courier;
pub mod draws;
pub mod erasure;
pub mod error;
pub mod evidence;
pub mod inbox;
pub mod invitations;
mod item;
pub mod keys;
pub mod labels;
pub mod logs;
mod mail;
pub mod members;
pub mod mirrors;
pub(crate) mod moving;
pub mod offers;
pub mod outside;
pub mod panel;
pub mod pools;
pub mod reactor;
pub mod register;
pub mod reminders;
pub mod roles;
pub mod spreadsheet;
pub mod statistics;
pub mod tokens;
pub mod verification;
pub mod witness;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use parangon_protocol::charter::{Chain, Charter};
use parangon_protocol::id::{AgencyId, Fingerprint, Hash, LogId};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::time::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::sync::Notify;

pub use courier::{Carrier, CarrierError, Link, LinkState};
pub use error::{Error, Reason};

use crate::carriers::PublicUrl;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::keystore::{KeyFiles, KeyFilesError, Keyring, Keystore, random};
use crate::store::{Store, StoreError, WriteTx};

/// What the agency decided for its own node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether a label takes two people of this agency.
    pub two_people: bool,
    /// Days that entries of the audit trail are kept.
    pub audit_days: u32,
    /// Where people check labels: certificates print it, codes begin with it.
    pub public_url: Option<PublicUrl>,
}

/// What a node's use cases stand on.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    engine: Engine,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    carrier: Arc<dyn Carrier>,
    policy: Policy,
    /// Woken when a message was queued.
    queued: Notify,
    /// Woken when an invite was made or taken back.
    invited: Notify,
    /// Woken when something was deleted for whom somebody waits.
    erasing: Notify,
    /// Woken when log or network need another key.
    rekeyed: Notify,
    /// One label at a time: the rules of the second are judged with the first in the log.
    issuing: tokio::sync::Mutex<()>,
    /// One anchor at a time.
    anchoring: tokio::sync::Mutex<()>,
    /// One round of pools at a time.
    pooling: tokio::sync::Mutex<()>,
    /// One place: a backup holds a snapshot, and pages of that age are not reused meanwhile.
    backing_up: Arc<tokio::sync::Semaphore>,
    counters: Counters,
    mirrors: mirrors::Board,
    started: Timestamp,
}

/// One version of the charter, which stays as it is while this is held.
#[derive(Debug, Clone)]
pub struct CharterVersion {
    chain: Arc<Chain>,
    /// One that the chain has.
    version: u32,
}

impl std::ops::Deref for CharterVersion {
    type Target = Charter;
    fn deref(&self) -> &Charter {
        self.chain.version(self.version).unwrap_or_else(|| self.chain.newest())
    }
}

/// What is counted while the node runs.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Private messages that were not taken, by code.
    pub rejected: Family<Vec<(&'static str, String)>, Counter>,
    /// Private items that were erased, by cause.
    pub erased: Family<Vec<(&'static str, String)>, Counter>,
}

impl Counters {
    pub(crate) fn count_erased(&self, cause: &'static str, items: u64) {
        self.erased.get_or_create(&vec![("cause", cause.to_owned())]).inc_by(items);
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context(of {})", self.me())
    }
}

impl Context {
    /// Puts the parts together. Nothing runs yet: see [`courier::run`] and [`reactor::run`].
    #[must_use]
    pub fn new(engine: Engine, keys: Keyring, clock: Arc<dyn Clock>, carrier: Arc<dyn Carrier>, policy: Policy) -> Self {
        let started = clock.now();
        Self(Arc::new(Inner {
            engine,
            keys,
            clock,
            carrier,
            policy,
            queued: Notify::new(),
            invited: Notify::new(),
            erasing: Notify::new(),
            rekeyed: Notify::new(),
            issuing: tokio::sync::Mutex::new(()),
            anchoring: tokio::sync::Mutex::new(()),
            pooling: tokio::sync::Mutex::new(()),
            backing_up: Arc::new(tokio::sync::Semaphore::new(1)),
            counters: Counters::default(),
            mirrors: mirrors::Board::default(),
            started,
        }))
    }

    /// Runs `task` where blocking is allowed.
    ///
    /// # Errors
    /// What `task` returned, or [`Error::Stopping`].
    pub async fn run<R: Send + 'static>(&self, task: impl FnOnce(&Self) -> Result<R, Error> + Send + 'static) -> Result<R, Error> {
        let context = self.clone();
        tokio::task::spawn_blocking(move || task(&context)).await.map_err(|_| Error::Stopping)?
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        self.0.engine.store()
    }

    /// Who we are.
    #[must_use]
    pub fn me(&self) -> &AgencyId {
        self.0.engine.me()
    }

    /// Our log.
    #[must_use]
    pub fn own_log(&self) -> LogId {
        LogId::first(self.me().clone())
    }

    /// The charter chain.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        self.0.engine.chain()
    }

    /// The charter in effect, as it is now.
    #[must_use]
    pub fn charter(&self) -> CharterVersion {
        let chain = self.chain();
        CharterVersion { version: chain.newest().version, chain }
    }

    /// A version of the charter by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is not known here.
    pub fn charter_version(&self, version: u32) -> Result<CharterVersion, Error> {
        let chain = self.chain();
        match chain.version(version) {
            Some(_) => Ok(CharterVersion { version, chain }),
            None => Err(Error::missing("charter version", version)),
        }
    }

    /// The federation.
    #[must_use]
    pub fn federation(&self) -> &Fingerprint {
        self.0.engine.federation()
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Seconds by which this machine's clock is behind what others vouch for.
    #[must_use]
    pub fn clock_behind(&self) -> u64 {
        self.0.clock.behind()
    }

    /// Since when the node runs.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        self.0.started
    }

    /// The way to other agencies.
    #[must_use]
    pub fn carrier(&self) -> &Arc<dyn Carrier> {
        &self.0.carrier
    }

    /// What the agency decided for its own node.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// How the mirrors stand that this node reads.
    #[must_use]
    pub fn mirrors(&self) -> &mirrors::Board {
        &self.0.mirrors
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keys
    }

    pub(crate) fn key_files(&self) -> Result<&KeyFiles, KeyFilesError> {
        self.0.keys.files().ok_or(KeyFilesError::NoSecret)
    }

    /// The keys of the key set in force in our log.
    pub(crate) fn keys(&self) -> Arc<Keystore> {
        let book = self.engine().book();
        book.current(self.me()).map_or_else(|| self.0.keys.newest(), |(_, set)| self.0.keys.of(set))
    }

    pub(crate) fn issue_key(&self) -> SecretKey {
        self.keys().issue_key()
    }

    /// Resolves when the node was given keys that log and network use only after the next start.
    pub async fn rekeyed(&self) {
        self.0.rekeyed.notified().await;
    }

    pub(crate) fn rekey(&self) {
        self.0.rekeyed.notify_one();
    }

    pub(crate) fn queued(&self) -> &Notify {
        &self.0.queued
    }

    pub(crate) fn erasing(&self) -> &Notify {
        &self.0.erasing
    }

    pub(crate) fn invited(&self) -> &Notify {
        &self.0.invited
    }

    pub(crate) fn issuing(&self) -> &tokio::sync::Mutex<()> {
        &self.0.issuing
    }

    pub(crate) fn anchoring(&self) -> &tokio::sync::Mutex<()> {
        &self.0.anchoring
    }

    /// Held while records of pools are written.
    pub(crate) fn pooling(&self) -> &tokio::sync::Mutex<()> {
        &self.0.pooling
    }

    pub(crate) fn backing_up(&self) -> &Arc<tokio::sync::Semaphore> {
        &self.0.backing_up
    }

    /// One transaction. What `body` refuses leaves everything as it was.
    pub(crate) fn transact<R>(&self, body: impl FnOnce(&mut WriteTx) -> Result<R, Error>) -> Result<R, Error> {
        let mut refused = None;
        let done = self.store().write(|tx| {
            body(tx).map_err(|error| match error {
                Error::Store(error) => error,
                other => {
                    refused = Some(other);
                    StoreError::NotRecovering // any error aborts; this one is never seen
                }
            })
        });
        match refused {
            Some(error) => Err(error),
            None => Ok(done?),
        }
    }
}

/// The canonical text knows no control character: line breaks become spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// 32 random bytes as a salt.
pub(crate) fn salt() -> Result<Hash, Error> {
    random_bytes().map(Hash)
}

/// Random bytes of the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    random::system(&mut bytes)?;
    Ok(bytes)
}
