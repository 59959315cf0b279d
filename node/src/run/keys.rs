//! Which keys a node starts with: those of the key set in force in its log, whichever of the two files holds them.

use std::sync::Arc;

use parangon_protocol::charter::Chain;
use parangon_protocol::check::KeyBook;
use parangon_protocol::id::LogId;
use parangon_protocol::keys::{KeySet, Place, SignedKeySet};
use parangon_protocol::replica::LogSnapshot;

use super::{NodeError, NodeFiles};
use crate::keystore::{KeyFiles, Keystore};
use crate::store::{Store, StoreError};

/// What a node starts with.
pub(super) struct InForce {
    /// The keys of the key set in force.
    pub(super) keys: Keystore,
    /// Those before, while the others may know this node by their transport key only.
    pub(super) former: Option<Keystore>,
}

impl From<Keystore> for InForce {
    fn from(keys: Keystore) -> Self {
        Self { keys, former: None }
    }
}

/// The keys in force. Where a rotation was cut off between the log and the files, it is finished here, or by `service::moving` where
/// the transport key is another; where it had not come to the log, the keys that follow are left for another attempt.
pub(super) fn in_force(
    chain: &Arc<Chain>,
    first: &SignedKeySet,
    store: &Store,
    keystore: Keystore,
    files: &KeyFiles,
) -> Result<InForce, NodeError> {
    let log = LogId::first(first.body.agency.clone());
    let current = match stated(store, &log)? {
        Some(set) => set,
        // What the log states is still to come back.
        None if store.is_recovering() => return Ok(keystore.into()),
        None => {
            // The log is still to begin. What stands in it was checked before it came there.
            KeyBook::new(chain.clone()).insert(&log, 0, first)?;
            first.body.clone()
        }
    };
    if keystore.key_set(log.agency.clone(), current.number) == current {
        return Ok(keystore.into());
    }
    let next = match files.open_next(&current) {
        Ok(next) => next,
        // Made again from the recovery sheet, which knows the first keys of the agency and not those of later rotations; or with an
        // identity key that has signed none yet.
        Err(_) if files.made_again() && (is_earlier(store, &log, &keystore)? || is_by_former(chain, store, &log)?) => {
            tracing::warn!(number = current.number, "the keys of the key set in force are lost: rotate them (parangon key rotate)");
            return Ok(keystore.into());
        }
        Err(error) => {
            tracing::debug!(%error, "no keys that follow");
            return Err(NodeError::OtherKeys { number: current.number });
        }
    };
    if keystore.key_set(log.agency.clone(), current.number).transport != current.transport {
        tracing::info!(number = current.number, "the former transport key goes on until the others know of the new one");
        return Ok(InForce { keys: next, former: Some(keystore) });
    }
    files.finish()?;
    tracing::info!(number = current.number, "the keys of the key set in force are in their place");
    Ok(next.into())
}

/// The key set with another log key that the next epoch of our log begins with, and its keys: it was signed by our identity key, and
/// is not in the log yet.
pub(super) fn succession(
    chain: &Arc<Chain>,
    first: &SignedKeySet,
    store: &Store,
    files: &KeyFiles,
) -> Result<Option<(SignedKeySet, Keystore)>, NodeError> {
    let log = LogId::first(first.body.agency.clone());
    let Some(set) = files.epoch_set() else { return Ok(None) };
    let known = sets(store, &log)?;
    if known.contains(&set.body) {
        return Ok(None); // it has begun
    }
    let refused = match (KeyBook::new(chain.clone()).verify_set(&log, &set), set.body.follows(Place::Epoch, known.iter())) {
        (Err(error), _) => error.to_string(),
        // While our own records are still to come back, what follows them is not known yet.
        (_, Err(error)) if !store.is_recovering() => error.to_string(),
        _ => match files.open_next(&set.body) {
            Ok(next) => return Ok(Some((set, next))),
            Err(error) => error.to_string(),
        },
    };
    tracing::warn!(%refused, "the key set that was to begin an epoch is left out; the present keys go on: parangon key rotate");
    Ok(None)
}

/// The key set that brought the log key in use, where it is not the first one.
pub(super) fn of_epoch(store: &Store, first: &SignedKeySet, keystore: &Keystore) -> Result<Option<SignedKeySet>, StoreError> {
    let signed = signed(store, &LogId::first(first.body.agency.clone()))?;
    let Some(newest) = signed.last().filter(|newest| newest.body.log != first.body.log && newest.body.log == keystore.log_key().public())
    else {
        return Ok(None);
    };
    Ok(signed.iter().find(|set| set.body.log == newest.body.log).cloned())
}

/// Whether these keys are of the log that began with the first key set, whatever else was rotated since.
///
/// # Errors
/// [`NodeError::KeySet`] when no version of the charter lists the identity key that signed it, [`NodeError::OtherKeys`].
pub(crate) fn check_keys(chain: &Chain, files: &NodeFiles, keystore: &Keystore) -> Result<(), NodeError> {
    let first = &files.keyset;
    let log = LogId::first(first.body.agency.clone());
    let mut book = KeyBook::new(Arc::new(chain.clone()));
    book.insert(&log, 0, first)?;
    let newest = files.epoch_keyset.as_ref().unwrap_or(first);
    book.verify_set(&log, newest)?;
    let fits = keystore.log_key().public() == newest.body.log;
    if fits { Ok(()) } else { Err(NodeError::OtherKeys { number: newest.body.number }) }
}

/// Whether these are the keys of an earlier key set, with the transport key of the one in force.
fn is_earlier(store: &Store, log: &LogId, keystore: &Keystore) -> Result<bool, StoreError> {
    let sets = sets(store, log)?;
    let same = |set: &KeySet| keystore.key_set(log.agency.clone(), set.number) == *set;
    let connects = sets.last().is_some_and(|last| {
        let ours = keystore.key_set(log.agency.clone(), last.number);
        ours.transport == last.transport
    });
    Ok(connects && sets.iter().any(same))
}

/// Whether the key set in force is by an identity key that the charter lists no more.
fn is_by_former(chain: &Chain, store: &Store, log: &LogId) -> Result<bool, StoreError> {
    let member = chain.newest().member(&log.agency);
    let by_present = |set: &SignedKeySet| member.is_some_and(|member| set.verify(chain.fingerprint(), &member.identity).is_ok());
    Ok(signed(store, log)?.last().is_some_and(|set| !by_present(set)))
}

/// The newest key set of our log that counts.
fn stated(store: &Store, log: &LogId) -> Result<Option<KeySet>, StoreError> {
    Ok(sets(store, log)?.pop())
}

/// Those of our log that count, the oldest first.
fn sets(store: &Store, log: &LogId) -> Result<Vec<KeySet>, StoreError> {
    Ok(signed(store, log)?.into_iter().map(|set| set.body).collect())
}

fn signed(store: &Store, log: &LogId) -> Result<Vec<SignedKeySet>, StoreError> {
    let Some((_, bytes)) = store.read()?.states()?.into_iter().find(|(held, _)| held == log) else { return Ok(vec![]) };
    let snapshot: LogSnapshot = serde_json::from_slice(&bytes).map_err(|_| StoreError::Row { table: "states" })?;
    Ok(snapshot.keysets.into_iter().map(|(_, set)| set).collect())
}
