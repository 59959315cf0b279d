//! What many label files have in common, checked once: the charter chain, the key sets with the signatures that were verified
//! under them, and the heads that many records stand under.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::Trust;
use crate::canonical::CanonicalError;
use crate::charter::{Chain, Member};
use crate::check::{self, CheckError, CheckedHead, KeyBook};
use crate::id::{Hash, LogId, witness_name};
use crate::label::bundle::{BundleError, Sliced};
use crate::limits;
use crate::log::cosignature::{self, CosignatureError};
use crate::log::note::{Algorithm, Note, NoteSignature, key_id};
use crate::message::Head;

/// Chains, and books, that are remembered at once, and the bytes of their texts. The oldest goes first.
const REMEMBERED: usize = 64;
const REMEMBERED_BYTES: usize = 8 * limits::DOCUMENT_BYTES;

/// Bytes of the heads that are remembered under one book. Files with more begin anew.
const HEAD_BYTES: usize = 32 * limits::NOTE_BYTES;

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
    heads: Mutex<Heads>,
}

/// By log and text of the note: exact, so that nothing can be taken for another one.
#[derive(Debug, Default)]
struct Heads {
    bytes: usize,
    of: HashMap<LogId, HashMap<String, CheckedHead>>,
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

    /// As [`check::head`], and no line of it was altered. What is no note is that whether its log's keys are known or not.
    ///
    /// # Errors
    /// As [`check::head`]; [`BundleError::AlteredLine`].
    pub(super) fn head(&self, log: &LogId, note: &str) -> Result<CheckedHead, BundleError> {
        let lock = || self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().of.get(log).and_then(|notes| notes.get(note)) {
            return Ok(known.clone());
        }
        Note::parse(note).map_err(CheckError::from)?;
        let head = check::head(&self.book, &Head { log: log.clone(), note: note.to_owned() })?;
        if self.has_altered_line(&head) {
            return Err(BundleError::AlteredLine);
        }
        let mut heads = lock();
        if heads.bytes + note.len() > HEAD_BYTES {
            *heads = Heads::default();
        }
        heads.bytes += note.len();
        heads.of.entry(log.clone()).or_default().insert(note.to_owned(), head.clone());
        Ok(head)
    }

    /// Whether a member's cosignature stands under another name or key id: somebody altered the line. Lines by keys that
    /// are not known here are ignored, as C2SP asks.
    fn has_altered_line(&self, head: &CheckedHead) -> bool {
        let book = &self.book;
        let known = |member: &Member| {
            let name = witness_name(book.federation(), &member.id);
            let (_, key) = book.witness_named(&name)?;
            Some((key_id(&name, Algorithm::Cosignature, &key), name, key))
        };
        let members = book.chain().versions().flat_map(|charter| &charter.members);
        let keys: Vec<_> = members.filter_map(known).collect();
        head.signed().note().signatures.iter().any(|line| {
            keys.iter().filter(|(id, name, _)| (line.id == *id) != (line.name == *name)).any(|(id, name, key)| {
                let restored = NoteSignature { name: name.clone(), id: *id, bytes: line.bytes.clone() };
                match cosignature::verify(head.checkpoint(), name, key, &restored) {
                    Ok(_) => true,
                    // By a key that the member had before, or has by now; of another form no member ever made one.
                    Err(cause) => line.name == *name && cause != CosignatureError::Forged,
                }
            })
        })
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

/// Compares whole texts, which is faster than hashing them.
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
    // Another thread may have been faster.
    if let Some((_, found)) = known.iter().find(same) {
        return Ok(found.clone());
    }
    known.push((texts.iter().map(|text| (*text).to_owned()).collect(), made.clone()));
    let bytes = |known: &[(Vec<String>, T)]| known.iter().flat_map(|(texts, _)| texts).map(String::len).sum::<usize>();
    while known.len() > REMEMBERED || bytes(&known) > REMEMBERED_BYTES {
        known.remove(0);
    }
    Ok(made)
}
