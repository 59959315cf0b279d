//! What many label files have in common, checked once: the charter chain, and the key sets with the signatures that were
//! verified under them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Trust;
use crate::canonical::CanonicalError;
use crate::charter::Chain;
use crate::check::KeyBook;
use crate::id::Hash;
use crate::label::bundle::Sliced;

/// Chains, and books, that are remembered. Files of more federations, or of more states of one, begin anew.
const REMEMBERED: usize = 64;

/// A file's chain as it stands in it, and as it counts: with what the reader remembers.
#[derive(Debug, Clone)]
pub(super) struct Charters {
    pub(super) file: Arc<Chain>,
    /// Or the first version in which the two differ.
    pub(super) counting: Result<Arc<Chain>, u32>,
}

/// What came of a file's charter: [`None`] when its versions were not agreed to.
type Known = Option<Charters>;

#[derive(Debug, Default)]
pub(super) struct Shared {
    charters: Mutex<HashMap<Hash, Known>>,
    books: Mutex<HashMap<Hash, Option<KeyBook>>>,
}

impl Shared {
    /// The chain of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn charters(&self, file: &Sliced<'_>, trust: &Trust) -> Result<Known, CanonicalError> {
        let [founding, revisions] = file.charter_texts();
        remembered(&self.charters, name(&[founding, revisions]), || {
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
    pub(super) fn book(&self, file: &Sliced<'_>, chain: &Arc<Chain>) -> Result<Option<KeyBook>, CanonicalError> {
        let [founding, revisions] = file.charter_texts();
        remembered(&self.books, name(&[founding, revisions, file.keysets_text()]), || {
            let mut book = KeyBook::new(chain.clone());
            let placed = file.keysets()?.iter().all(|placed| placed.place(&mut book).is_ok());
            Ok(placed.then_some(book))
        })
    }
}

/// Over all bytes and lengths: a hash alone would be a place to slip something past a check.
fn name(texts: &[&str]) -> Hash {
    let lengths: Vec<u8> = texts.iter().flat_map(|text| text.len().to_be_bytes()).collect();
    let mut parts = vec![lengths.as_slice()];
    parts.extend(texts.iter().map(|text| text.as_bytes()));
    Hash::of(&parts)
}

fn remembered<T: Clone>(
    known: &Mutex<HashMap<Hash, T>>,
    name: Hash,
    make: impl FnOnce() -> Result<T, CanonicalError>,
) -> Result<T, CanonicalError> {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(&name) {
        return Ok(found.clone());
    }
    let made = make()?;
    let mut known = lock();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(name, made.clone());
    Ok(made)
}
