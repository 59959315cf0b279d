//! Our key sets, and the next one (protocol, "Identity and keys").
//!
//! The identity key is not here. The command line draws the new operational keys, has their key set signed, and leaves them
//! sealed beside those in use ([`crate::keystore::KeyFiles`]); this node then puts the key set into its log. From that record on the
//! new keys act. Log and network were started with theirs: a new witness or transport key waits for the next start.

use parangon_protocol::charter::peer_id;
use parangon_protocol::id::AgencyId;
use parangon_protocol::keys::{KeySet, KeySetError, Place, PublicKey, SignedKeySet};
use parangon_protocol::record::Record;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Context, Error, moving};
use crate::keystore::{KeyFiles, Keystore};
use crate::sealing;

/// A key set of this agency in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeySetView {
    /// 1 for the first, a larger one for each that follows.
    pub number: u32,
    /// Where it stands: it holds for the records behind it, until the next one.
    pub index: u64,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// Signs our heads.
    #[schema(value_type = String)]
    pub log: PublicKey,
    /// Cosigns others' heads.
    #[schema(value_type = String)]
    pub witness: PublicKey,
    /// Signs labels, endorsements and messages.
    #[schema(value_type = String)]
    pub issue: PublicKey,
    /// What others seal messages to.
    pub sealing: String,
    /// The connection's key.
    #[schema(value_type = String)]
    pub transport: PublicKey,
    /// The PeerId that follows from it.
    pub peer_id: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeySetsView {
    /// Whose.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// The oldest first.
    pub keysets: Vec<KeySetView>,
    /// Roles whose new key this process uses only after its next start.
    pub waiting: Vec<&'static str>,
    /// Whether this node has other keys than the key set in force states: it was made again from its recovery sheet, and the keys
    /// are to be rotated.
    pub lost: bool,
}

/// A key set that was signed elsewhere.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeySet {
    /// The public halves of the keys in `node.keys.next`, signed by the identity key.
    #[schema(value_type = serde_json::Value)]
    pub keyset: Box<SignedKeySet>,
}

/// Our key sets, as our log has them.
#[must_use]
pub fn list(context: &Context) -> KeySetsView {
    let book = context.engine().book();
    let sets: Vec<_> = book.sets(&context.own_log()).collect();
    let newest = sets.last().map(|(index, _)| *index);
    let view = |(index, set): &(u64, &KeySet)| KeySetView {
        number: set.number,
        index: *index,
        in_force: Some(*index) == newest,
        log: set.log,
        witness: set.witness,
        issue: set.issue,
        sealing: set.sealing.clone(),
        transport: set.transport,
        peer_id: peer_id(&set.transport),
    };
    let newest_keys = context.keyring().newest();
    // An epoch with another log key: to begin, or begun and not yet this process's.
    let next = context.key_files().ok().and_then(KeyFiles::epoch_set);
    let new_log = next.is_some_and(|next| sets.last().is_some_and(|(_, set)| set.number < next.body.number || **set == next.body));
    let other = |set: &KeySet| newest_keys.key_set(context.me().clone(), set.number) != *set;
    let lost = !new_log && sets.last().is_some_and(|(_, set)| other(set));
    let waiting = match sets.last() {
        _ if new_log => vec!["log"],
        Some((_, set)) if !lost => context.keyring().waiting(set),
        _ => vec![],
    };
    KeySetsView { agency: context.me().clone(), keysets: sets.iter().map(view).collect(), waiting, lost }
}

/// Takes the next key set into our log and its keys into use. The same one again finishes what was left undone.
///
/// # Errors
/// [`Error::KeySet`] for one that the identity key did not sign or that cannot follow, [`Error::KeySetNumber`],
/// [`Error::KeyFiles`] where `node.keys.next` does not hold its keys, [`Error::Alone`], and [`Error::Engine`]. Nothing is changed.
pub async fn replace(context: &Context, new: NewKeySet) -> Result<KeySetsView, Error> {
    let set = *new.keyset;
    let _one = context.issuing().lock().await; // no label between two keys
    let book = context.engine().book();
    let (_, current) = book.current(context.me()).ok_or_else(|| Error::KeysUnknown(context.me().clone()))?;
    let body = set.body.clone();
    let next = context.run(move |context| Ok(context.key_files()?.open_next(&body)?)).await;
    if *current != set.body {
        check(context, current, &set)?;
        if set.body.log != current.log {
            return begin_epoch(context, next?, set).await;
        }
        context.keyring().add(next?);
        if let Err(error) = context.engine().append(vec![Record::KeySet(Box::new(set))]).await {
            context.keyring().forget();
            return Err(error.into());
        }
        context.keyring().keep();
        context.queued().notify_one(); // what waits is sent in new envelopes
    } else if next.is_err() {
        return Ok(list(context)); // their file is in its place, or not ours to touch
    } else if context.keyring().newest().log_key().public() != current.log {
        context.rekey(); // the next start puts their file into its place
        return Ok(list(context));
    }
    if moving::waits(context) {
        return Ok(list(context)); // it finishes once the others know of the new transport key
    }
    if let Err(error) = context.run(|context| Ok(context.key_files()?.finish()?)).await {
        tracing::warn!(%error, "the new keys are in use; the next start puts their file into its place");
    }
    let view = list(context);
    if !view.waiting.is_empty() {
        context.rekey();
    }
    Ok(view)
}

/// Whether our log has begun an epoch with the key set that is to begin one; `None` where none is.
pub(crate) fn begins_epoch(context: &Context) -> Option<bool> {
    let next = context.key_files().ok().and_then(KeyFiles::epoch_set)?;
    let book = context.engine().book();
    Some(book.current(context.me()).is_some_and(|(_, set)| *set == next.body))
}

/// Another log key: the next start asks the others what the former one had signed, and begins an epoch with this key set.
async fn begin_epoch(context: &Context, next: Keystore, set: SignedKeySet) -> Result<KeySetsView, Error> {
    // The others know this node by its transport key until they have the epoch.
    let ours = context.keyring().newest().key_set(context.me().clone(), 0);
    if ours.transport != set.body.transport || next.log_key().public() != set.body.log {
        return Err(Error::field("/keyset", "a new log key leaves the transport key as it is: replace that one before or afterwards"));
    }
    // What follows our own records is known only once they are all here.
    if let Some(progress) = context.engine().overview().recovery.as_ref().filter(|progress| progress.records.0 < progress.records.1) {
        let (held, all) = progress.records;
        let state = format!("coming back: {held} of {all} records are here");
        return Err(Error::State { what: "log", state, needed: "wait until all are, then run the same command again" });
    }
    context.run(move |context| Ok(context.key_files()?.keep_epoch_set(&set)?)).await?;
    context.rekey();
    Ok(list(context))
}

/// What must hold before anything is touched.
fn check(context: &Context, current: &KeySet, set: &SignedKeySet) -> Result<(), Error> {
    let (book, charter) = (context.engine().book(), context.charter());
    let log = context.own_log();
    if set.body.agency != *context.me() {
        return Err(Error::KeySet(KeySetError::Key(parangon_protocol::keys::KeyError::Forged)));
    }
    // Elsewhere an identity key counts until a later one has signed. Here it is the present one's turn.
    let member = charter.member(context.me()).ok_or_else(|| Error::missing("member", context.me()))?;
    set.verify(context.federation(), &member.identity)?;
    // Elsewhere its characters are looked at. Ours has to be one that others can use.
    sealing::check(&set.body.sealing).map_err(|_| KeySetError::Sealing)?;
    // Elsewhere numbers grow; ours leave none out.
    let needed = current.number.saturating_add(1);
    if set.body.number != needed {
        return Err(Error::KeySetNumber { found: set.body.number, needed });
    }
    let place = if set.body.log == current.log { Place::Within } else { Place::Epoch };
    set.body.follows(place, book.sets(&log).map(|(_, set)| set))?;
    let connected = || context.carrier().links().iter().any(|link| link.is_connected());
    if set.body.transport != current.transport && charter.members.len() > 1 && !connected() {
        return Err(Error::Alone);
    }
    Ok(())
}
