//! What many label files have in common, checked once: the charter chain, the key sets with the signatures that were verified
//! under them, and the heads that many records stand under.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::Trust;
use crate::canonical::CanonicalError;
use crate::charter::Chain;
use crate::check::{self, CheckError, CheckedHead, KeyBook};
use crate::id::{Hash, LogId};
use crate::label::bundle::Sliced;
use crate::message::Head;

/// Chains, and books, that are remembered. Files of more federations, or of more states of one, begin anew.
const REMEMBERED: usize = 16;

/// Heads that are remembered under one book.
const HEADS: usize = 1_024;

/// A file's chain as it stands in it, and as it counts: with what the reader remembers.
#[derive(Debug, Clone)]
pub(super) struct Charters {
    pub(super) file: Arc<Chain>,
    /// Or the first version in which the two differ.
    pub(super) counting: Result<Arc<Chain>, u32>,
}

/// What came of a file's charter: [`None`] when its versions were not agreed to.
type Known = Option<Charters>;

/// The keys of a federation in one state, and the heads that verified under them.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) book: KeyBook,
    /// Of each version of the charter, the first one first.
    hashes: Vec<Option<Hash>>,
    /// By log and text of the note: exact, so that nothing can be taken for another one.
    heads: Mutex<HashMap<LogId, HashMap<String, CheckedHead>>>,
}

impl Keys {
    fn new(book: KeyBook) -> Self {
        let hashes = book.chain().versions().map(|charter| charter.hash().ok()).collect();
        Self { book, hashes, heads: Mutex::default() }
    }

    /// The hash of a version's text, where the chain has that version.
    pub(super) fn charter_hash(&self, version: u32) -> Option<Hash> {
        *self.hashes.get(usize::try_from(version.checked_sub(1)?).ok()?)?
    }

    /// As [`check::head`], of a head that `accept` has nothing against.
    ///
    /// # Errors
    /// As [`check::head`], or from `accept`.
    pub(super) fn head<E: From<CheckError>>(
        &self,
        log: &LogId,
        note: &str,
        accept: impl FnOnce(&CheckedHead) -> Result<(), E>,
    ) -> Result<CheckedHead, E> {
        let lock = || self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(log).and_then(|notes| notes.get(note)) {
            return Ok(known.clone());
        }
        let head = check::head(&self.book, &Head { log: log.clone(), note: note.to_owned() })?;
        accept(&head)?;
        let mut heads = lock();
        if heads.values().map(HashMap::len).sum::<usize>() >= HEADS {
            heads.clear();
        }
        heads.entry(log.clone()).or_default().insert(note.to_owned(), head.clone());
        Ok(head)
    }
}

/// What was made of texts, oldest first.
type Remembered<T> = RwLock<Vec<(Vec<String>, T)>>;

#[derive(Debug, Default)]
pub(super) struct Shared {
    charters: Remembered<Known>,
    keys: Remembered<Option<Arc<Keys>>>,
}

impl Shared {
    /// The chain of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn charters(&self, file: &Sliced<'_>, trust: &Trust) -> Result<Known, CanonicalError> {
        remembered(&self.charters, &file.charter_texts(), || {
            let (founding, revisions) = file.charter()?;
            let chain = Chain::revised(founding, revisions).ok();
            Ok(chain.map(|chain| {
                let file = Arc::new(chain.clone());
                Charters { file, counting: trust.newest(chain).map(Arc::new) }
            }))
        })
    }

    /// The keys of a file, by a chain that counts. None when a key set is not its agency's.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn keys(&self, file: &Sliced<'_>, chain: &Arc<Chain>) -> Result<Option<Arc<Keys>>, CanonicalError> {
        let [founding, revisions] = file.charter_texts();
        remembered(&self.keys, &[founding, revisions, file.keysets_text()], || {
            let mut book = KeyBook::new(chain.clone());
            let placed = file.keysets()?.iter().all(|placed| placed.place(&mut book).is_ok());
            Ok(placed.then(|| Arc::new(Keys::new(book))))
        })
    }
}

/// Compares whole texts: a hash of them would be a place to slip something past a check.
fn remembered<T: Clone>(
    known: &Remembered<T>,
    texts: &[&str],
    make: impl FnOnce() -> Result<T, CanonicalError>,
) -> Result<T, CanonicalError> {
    let same = |(held, _): &&(Vec<String>, T)| held.iter().eq(texts.iter());
    if let Some((_, found)) = known.read().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
        return Ok(found.clone());
    }
    let made = make()?;
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED {
        known.remove(0);
    }
    known.push((texts.iter().map(|text| (*text).to_owned()).collect(), made.clone()));
    Ok(made)
}
