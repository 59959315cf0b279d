//! What is made durable of a log beside its records, and how a replica comes back from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::epoch::Successor;
use super::register::LabelRow;
use super::state::{HeldHead, LogState, Promise, UNTRUE};
use super::{Replica, witness};
use crate::charter::Vote;
use crate::check;
use crate::id::{Hash, LogId};
use crate::keys::SignedKeySet;
use crate::log::fork::ForkProof;
use crate::log::merkle::Frontier;
use crate::message::Head;

/// A log's state in a form that survives a restart. A few hundred bytes and the notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSnapshot {
    /// Which log.
    pub log: LogId,
    /// Records held.
    pub size: u64,
    /// Roots of the complete subtrees.
    pub peaks: Vec<Hash>,
    /// Verified heads, as notes with their cosignatures.
    pub notes: Vec<String>,
    /// Size of the largest head with a quorum.
    pub final_size: u64,
    /// Epochs after the first one, each with the index of the record that began it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<(u64, u32)>,
    /// The note of the best head of an epoch that the records held have not come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Of records that were given up for a later epoch, those that a quorum had cosigned.
    #[serde(default)]
    pub settled: u64,
    /// Whether we promised to cosign nothing more of this epoch, whose owner lost track of it.
    #[serde(default)]
    pub promised: bool,
    /// Whether the log came back without what we cosigned of it.
    #[serde(default)]
    pub strayed: bool,
    /// Whether we cosign nothing in this epoch.
    #[serde(default)]
    pub barred: bool,
    /// What we cosigned last.
    pub cosigned: Option<(u64, Hash)>,
    /// The note of that head with our line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_cosigned: Option<String>,
    /// Votes on versions of the charter to come, and pairs that contradict each other, with their index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<(u64, Vote)>,
    /// The latest version that its agency voted on with its identity key.
    #[serde(default)]
    pub voted: u32,
    /// Whether it is frozen.
    pub frozen: bool,
    /// The key set that brought the key by which it came to that.
    #[serde(default)]
    pub frozen_by: u32,
    /// The epoch that told two stories; the largest number there is for an untrue status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_in: Option<u32>,
    /// Index of the newest status record.
    pub status: Option<u64>,
    /// Whether labels changed since.
    pub status_due: bool,
    /// Why it is frozen, when it told two stories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<ForkProof>>,
    /// Key sets.
    pub keysets: Vec<(u64, SignedKeySet)>,
    /// Charter versions adopted, each with the index of its record.
    pub adopted: Vec<(u64, u32)>,
}

pub(super) fn of(replica: &Replica, log: &LogId) -> LogSnapshot {
    let empty = LogState::default();
    let state = replica.logs.get(log).unwrap_or(&empty);
    LogSnapshot {
        log: log.clone(),
        size: state.frontier.size(),
        peaks: state.frontier.peaks().to_vec(),
        notes: state.heads.values().map(|held| held.note().to_owned()).collect(),
        final_size: state.final_size,
        epochs: state.epochs.clone(),
        successor: state.successor.as_ref().map(|successor| successor.held.note().to_owned()),
        settled: state.settled,
        promised: state.promised.is_some(),
        strayed: state.strayed,
        barred: state.barred,
        cosigned: state.cosigned,
        last_cosigned: state.last_cosigned.clone(),
        votes: state.votes.clone(),
        voted: state.voted,
        frozen: state.frozen,
        frozen_by: state.frozen_by.0,
        frozen_in: state.frozen.then_some(state.frozen_by.1),
        evidence: state.evidence.clone(),
        status: state.status,
        status_due: state.status_due,
        keysets: state.keysets.clone(),
        adopted: state.adopted.clone(),
    }
}

/// Takes back what was remembered. Notes are checked again; a snapshot whose parts do not fit is dropped, and the
/// log is pulled anew.
pub(super) fn restore(replica: &mut Replica, logs: Vec<LogSnapshot>, labels: impl IntoIterator<Item = LabelRow>) {
    for snapshot in &logs {
        for (index, set) in &snapshot.keysets {
            let book = Arc::make_mut(&mut replica.book);
            let _refused = match snapshot.epochs.iter().find(|(at, _)| at == index) {
                Some((_, number)) => book.begin_epoch(&snapshot.log, *index, *number, set),
                None => book.insert(&snapshot.log, *index, set),
            };
        }
    }
    for snapshot in logs {
        let Some(frontier) = Frontier::from_parts(snapshot.size, snapshot.peaks) else { continue };
        let origin = snapshot.evidence.as_ref().and_then(|proof| proof.origin().ok());
        let told = origin.and_then(|origin| LogId::from_origin(&origin, replica.book.federation()).ok()).map(|log| log.epoch);
        let mut state = LogState {
            frontier,
            final_size: snapshot.final_size,
            epochs: snapshot.epochs,
            settled: snapshot.settled,
            promised: snapshot.promised.then_some(Promise::Kept),
            strayed: snapshot.strayed,
            barred: snapshot.barred,
            cosigned: snapshot.cosigned,
            last_cosigned: snapshot.last_cosigned,
            votes: snapshot.votes,
            voted: snapshot.voted,
            frozen: snapshot.frozen,
            frozen_by: (snapshot.frozen_by, snapshot.frozen_in.or(told).unwrap_or(UNTRUE)),
            evidence: snapshot.evidence,
            status: snapshot.status,
            status_due: snapshot.status_due,
            keysets: snapshot.keysets,
            adopted: snapshot.adopted,
            ..LogState::default()
        };
        for note in snapshot.notes {
            let head = check::head(&replica.book, &Head { log: snapshot.log.clone(), note }).ok();
            if let Some(head) = head.filter(|head| head.rank() == state.rank()) {
                state.hold(&head);
            }
        }
        let successor = snapshot.successor.and_then(|note| check::head(&replica.book, &Head { log: snapshot.log.clone(), note }).ok());
        state.successor = successor.filter(|head| head.rank() > state.rank()).map(|head| {
            let mut held = HeldHead::new(head.signed());
            held.merge(head.cosignatures());
            Successor { rank: head.rank(), held }
        });
        replica.logs.insert(snapshot.log, state);
    }
    for row in labels {
        replica.labels.restore(row);
    }
    witness::resume(replica);
}
