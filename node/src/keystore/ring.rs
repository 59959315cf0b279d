//! The keys of a running node across a rotation: which of them acts follows from the key set in force, so that there is no
//! moment at which log and signatures disagree.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use parangon_protocol::id::AgencyId;
use parangon_protocol::keys::{KeySet, PublicKey};

use super::{KeyFiles, Keystore};

#[derive(Clone)]
struct Held {
    issue: PublicKey,
    keys: Arc<Keystore>,
}

impl Held {
    fn new(keys: Keystore) -> Self {
        Self { issue: keys.issue_key().public(), keys: Arc::new(keys) }
    }
}

/// One keystore, or two while a rotation is under way.
pub struct Keyring {
    /// The newest last, never empty.
    held: RwLock<Vec<Held>>,
    /// Those that log and network were started with.
    started: KeySet,
    files: Option<KeyFiles>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?})", self.newest())
    }
}

impl Keyring {
    /// Holds the keys that the node was started with. Without `files` none can follow.
    #[must_use]
    pub fn new(me: &AgencyId, keys: Keystore, files: Option<KeyFiles>) -> Self {
        let started = keys.key_set(me.clone(), 0);
        Self { held: RwLock::new(vec![Held::new(keys)]), started, files }
    }

    /// The same, on a network that was started with this transport key.
    #[must_use]
    pub fn connected_as(mut self, transport: PublicKey) -> Self {
        self.started.transport = transport;
        self
    }

    /// Where the keys lie on disk.
    #[must_use]
    pub fn files(&self) -> Option<&KeyFiles> {
        self.files.as_ref()
    }

    /// The keys of this key set, else the newest.
    #[must_use]
    pub fn of(&self, set: &KeySet) -> Arc<Keystore> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let found = held.iter().rev().find(|held| held.issue == set.issue && held.keys.sealing_recipient() == set.sealing);
        found.or(held.last()).map(|held| held.keys.clone()).expect("never empty")
    }

    /// The newest keys: they open everything that the earlier ones do.
    ///
    /// # Panics
    /// Never: there is one at least.
    #[must_use]
    pub fn newest(&self) -> Arc<Keystore> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.last().map(|held| held.keys.clone()).expect("never empty")
    }

    /// Holds the keys that follow, beside the others, until [`Keyring::keep`] or [`Keyring::forget`].
    pub fn add(&self, next: Keystore) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).push(Held::new(next));
    }

    /// The newest keys are those of the log by now: the others are wiped.
    pub fn keep(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let last = held.len().saturating_sub(1);
        held.drain(..last);
    }

    /// The newest keys did not come to the log: they are wiped.
    pub fn forget(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.len() > 1 {
            held.pop();
        }
    }

    /// Which keys of this set log and network use only after the next start, by name.
    #[must_use]
    pub fn waiting(&self, set: &KeySet) -> Vec<&'static str> {
        let roles = [("witness", set.witness != self.started.witness), ("transport", set.transport != self.started.transport)];
        roles.into_iter().filter(|(_, differs)| *differs).map(|(role, _)| role).collect()
    }
}
