//! The agency's private items as typed documents. Each lies in the store under a kind and an id, sealed with a data key
//! of its own; ids hold no person and no free text.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Error;
use crate::store::{Source, Tx, WriteTx};

/// Ids read at once when all items of a kind are wanted.
const PAGE: usize = 256;

/// A document with its place. Kinds are numbers on disk: they are never used again for something else.
pub(crate) trait Item: Serialize + DeserializeOwned {
    /// Its kind.
    const KIND: u8;
    /// What people call it.
    const WHAT: &'static str;
}

/// The item of that id, if there is one.
pub(crate) fn find<T: Item, S: Source>(tx: &Tx<S>, id: &str) -> Result<Option<T>, Error> {
    let Some(bytes) = tx.private(T::KIND, id)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| Error::Damaged { what: T::WHAT })
}

/// The item of that id.
pub(crate) fn get<T: Item, S: Source>(tx: &Tx<S>, id: &str) -> Result<T, Error> {
    find(tx, id)?.ok_or_else(|| Error::missing(T::WHAT, id))
}

/// Adds or replaces an item.
pub(crate) fn put<T: Item>(tx: &mut WriteTx, id: &str, item: &T) -> Result<(), Error> {
    let bytes = Zeroizing::new(serde_json::to_vec(item).map_err(|_| Error::Damaged { what: T::WHAT })?);
    Ok(tx.put_private(T::KIND, id, &bytes)?)
}

/// Up to `limit` items in the order of their ids, those after `after`.
pub(crate) fn page<T: Item, S: Source>(tx: &Tx<S>, after: Option<&str>, limit: usize) -> Result<Vec<(String, T)>, Error> {
    let ids = tx.private_ids(T::KIND, after, limit)?;
    ids.into_iter().map(|id| get(tx, &id).map(|item| (id, item))).collect()
}

/// Hands every item of a kind to `each`, one page at a time.
pub(crate) fn each<T: Item, S: Source>(tx: &Tx<S>, mut each: impl FnMut(String, T) -> Result<(), Error>) -> Result<(), Error> {
    let mut after: Option<String> = None;
    loop {
        let found = page::<T, S>(tx, after.as_deref(), PAGE)?;
        let last = found.last().map(|(id, _)| id.clone());
        for (id, item) in found {
            each(id, item)?;
        }
        match last {
            Some(id) => after = Some(id),
            None => return Ok(()),
        }
    }
}

/// How many items of a kind there are.
pub(crate) fn count<T: Item, S: Source>(tx: &Tx<S>) -> Result<usize, Error> {
    let (mut count, mut after) = (0, None::<String>);
    loop {
        let ids = tx.private_ids(T::KIND, after.as_deref(), PAGE)?;
        count += ids.len();
        match ids.into_iter().next_back() {
            Some(id) => after = Some(id),
            None => return Ok(count),
        }
    }
}
