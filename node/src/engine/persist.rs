//! What the replica wants durable, as rows; and what the rows say when a node starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parangon_protocol::charter::{Amendment, Chain};
use parangon_protocol::check::{self, KeyBook};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::Objections;
use parangon_protocol::label::status::State;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::record::Record;
use parangon_protocol::replica::{Confirmation, Keys, LabelRow, LogSnapshot, Objected, Replica, Settings, Write};
use parangon_protocol::statistics::pool::LOOKED_AT;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{OwnHead, ReadTx, Source, Store, StoreError, Tx, WriteTx};

/// A label as the store keeps it: the register's row with the confirmations seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRow {
    /// The row.
    pub label: LabelRow,
    /// Endorsers that confirmed their endorsement, with the index of the entry in their log.
    pub confirmations: BTreeMap<AgencyId, u64>,
    /// What its issuer had said of it in records that its log has given up since, and has not said again: that it is withdrawn or
    /// suspended counts on sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<State>,
}

impl RegisterRow {
    /// The register's row of a label.
    ///
    /// # Errors
    /// An error of the store, or a row that cannot be read.
    pub fn read<S: Source>(tx: &Tx<S>, label: &LabelId) -> Result<Option<Self>, StoreError> {
        tx.label(&label.0)?.map(|bytes| parse(&bytes)).transpose()
    }

    /// What became of it, as far as it counts here: also what its log has lost.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.label.state, self.lost) {
            (State::Withdrawn, _) | (_, Some(State::Withdrawn)) => State::Withdrawn,
            (State::Active, Some(lost)) => lost,
            (state, _) => state,
        }
    }

    /// Reads a row's bytes.
    ///
    /// # Errors
    /// [`StoreError::Row`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        parse(bytes)
    }

    fn write(&self, tx: &mut WriteTx) -> Result<(), StoreError> {
        tx.put_label(&self.label.id.0, &self.label.common.cluster.id, &text(self))
    }
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Row { table: "register" })
}

fn text<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("rows hold texts and integers, which always have a JSON form")
}

/// Names of documents in the store.
const CONFIRMATION: &str = "confirmation/";
const OBJECTIONS: &str = "objections/";
const LOST: &str = "lost/";
const RELEASE: &str = "release/";
const POOL: &str = "pool/";
const FORK: &str = "fork/";
const CHARTER: &str = "charter/";
const PROPOSAL: &str = "proposal/";
const RIVAL: &str = "rival/";
const VOUCHED: &str = "vouched-time";

/// A version of the charter, and when it took effect here.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InEffect {
    amendment: Amendment,
    at: Timestamp,
}

fn lost_name(label: &LabelId) -> String {
    format!("{LOST}{label}")
}

/// Labels of which something was lost: see [`RegisterRow::lost`]. Those that their log holds no more are among them.
///
/// # Errors
/// An error of the store.
pub(crate) fn lost_standings<S: Source>(tx: &Tx<S>) -> Result<Vec<LabelId>, StoreError> {
    let names = tx.document_names(LOST)?;
    Ok(names.iter().filter_map(|name| name.strip_prefix(LOST)?.parse().ok().map(LabelId)).collect())
}

fn proposal_name(version: u32, hash: &Hash) -> String {
    format!("{PROPOSAL}{version:08x}/{hash}")
}

/// Writes all of it in one transaction. When it returns it is on disk.
pub(super) fn write(store: &Store, me: &AgencyId, writes: &[Write]) -> Result<(), StoreError> {
    // Of several snapshots of one log in a group only the last one counts.
    let mut last: BTreeMap<&LogId, &LogSnapshot> = BTreeMap::new();
    store.write(|tx| {
        for write in writes {
            match write {
                Write::Log(snapshot) => {
                    last.insert(&snapshot.log, snapshot);
                }
                other => row(tx, me, other)?,
            }
        }
        for (log, snapshot) in &last {
            tx.put_state(log, &text(snapshot))?;
        }
        Ok(())
    })
}

fn row(tx: &mut WriteTx, me: &AgencyId, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Records { log, start, records } => tx.append(log, *start, records),
        Write::HighWater { epoch, size, root } => {
            tx.set_high_water(&OwnHead { log: LogId { agency: me.clone(), epoch: *epoch }, size: *size, root: *root })
        }
        Write::Recovering => tx.begin_doubt(),
        Write::Recovered => tx.finish_recovery(None),
        Write::Forgotten { log } => forget(tx, log),
        Write::Log(_) => Ok(()),
        Write::Final { log, size, note } => tx.keep_note(log, *size, note),
        Write::Vouched { at } if vouched(tx)? < *at => tx.put_document(VOUCHED, &text(at)),
        Write::Vouched { .. } => Ok(()),
        Write::Label(label) => label_row(tx, label),
        Write::LabelState { label, state, index } => {
            // The log says it again, or what came of it; what was withdrawn does not come back.
            let settled = |lost: Option<State>| *state == State::Withdrawn || lost != Some(State::Withdrawn);
            if RegisterRow::read(tx, label)?.is_some_and(|row| settled(row.lost)) {
                tx.delete_document(&lost_name(label))?;
            }
            change(tx, label, |row| {
                row.label.state = *state;
                row.label.state_index = *index;
                row.lost = row.lost.filter(|lost| !settled(Some(*lost)));
            })
        }
        Write::LabelSoundness { label, soundness } => change(tx, label, |row| row.label.soundness = soundness.clone()),
        Write::Confirmation(confirmation) => confirm(tx, confirmation),
        Write::Objected(objected) => object(tx, objected),
        Write::Release { log, index } => {
            tx.put_document(&format!("{RELEASE}{}/{index:016x}", log.agency), &text(log))?;
            keep_release(tx, log, *index)
        }
        Write::Pooled { round, log, index } => tx.put_document(&format!("{POOL}{round}/{}/{index:016x}", log.agency), &text(log)),
        Write::Proposal { version, hash, text } => tx.put_document(&proposal_name(*version, hash), text),
        Write::Amendment { amendment, at } => in_effect(tx, amendment, *at),
        Write::Rival { version, hash, amendment } => tx.put_document(&format!("{RIVAL}{version:08x}/{hash}"), &text(amendment)),
        Write::Fork { log, proof } => tx.put_document(&format!("{FORK}{log}"), &text(proof)),
    }
}

/// Removes what came from a log: its records, labels, releases, its confirmations of others' labels, and what it said against them.
fn forget(tx: &mut WriteTx, log: &LogId) -> Result<(), StoreError> {
    tx.clear_log(log)?;
    for name in tx.document_names(&format!("{RELEASE}{}/", log.agency))? {
        tx.delete_document(&name)?;
    }
    tx.delete_releases(&log.agency)?;
    let pooled = format!("/{}/", log.agency);
    for name in tx.document_names(POOL)?.into_iter().filter(|name| name.contains(&pooled)) {
        tx.delete_document(&name)?;
    }
    let waiting = format!("/{}", log.agency);
    for names in [tx.document_names(CONFIRMATION)?, tx.document_names(OBJECTIONS)?] {
        for name in names.into_iter().filter(|name| name.ends_with(&waiting)) {
            tx.delete_document(&name)?;
        }
    }
    let mut after: Option<Hash> = None;
    loop {
        let page = tx.labels(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (id, bytes) in &page {
            let mut row: RegisterRow = parse(bytes)?;
            if row.label.log == *log {
                tx.delete_label(id, &row.label.common.cluster.id)?;
                if let Some(state) = row.lost.or(Some(row.label.state).filter(|state| matches!(state, State::Withdrawn | State::Suspended)))
                {
                    tx.put_document(&lost_name(&row.label.id), &text(&state))?;
                }
                // What others confirmed waits for the label to come again.
                for (endorser, index) in row.confirmations.iter().filter(|(endorser, _)| **endorser != log.agency) {
                    if let Some(confirmation) = row.label.confirmed(endorser, *index) {
                        confirm(tx, &confirmation)?;
                    }
                }
            } else if row.confirmations.remove(&log.agency).is_some() {
                row.write(tx)?;
            }
        }
    }
}

/// A version takes effect: what was proposed for it and for earlier ones is history.
fn in_effect(tx: &mut WriteTx, amendment: &Amendment, at: Timestamp) -> Result<(), StoreError> {
    let version = amendment.charter.version;
    let past = format!("{PROPOSAL}{:08x}/", version.saturating_add(1));
    for name in tx.document_names(PROPOSAL)?.into_iter().filter(|name| *name < past) {
        tx.delete_document(&name)?;
    }
    tx.put_document(&format!("{CHARTER}{version:08x}"), &text(&InEffect { amendment: amendment.clone(), at }))
}

/// The chain as far as the store knows it, and since when each version is in effect here. `base` comes from the files,
/// which may know more versions, or fewer votes on where a log ends.
///
/// # Errors
/// [`StoreError::Row`] for a version that cannot be read, or does not follow.
pub(crate) fn chain(tx: &ReadTx, base: &Chain) -> Result<(Chain, BTreeMap<u32, Timestamp>), StoreError> {
    let (mut chain, mut since) = (base.clone(), BTreeMap::new());
    for name in tx.document_names(CHARTER)? {
        let bytes = tx.document(&name)?.ok_or(StoreError::Row { table: "charter" })?;
        let InEffect { amendment, at } = parse(&bytes)?;
        since.insert(amendment.charter.version, at);
        if amendment.charter.version > chain.newest().version {
            chain = chain.extend(amendment).map_err(|_| StoreError::Row { table: "charter" })?;
        } else if let Some(longer) = chain.with_votes(&amendment.votes) {
            chain = longer;
        }
    }
    Ok((chain, since))
}

/// The version that two texts contend for, where the store holds one that contradicts the chain or another one.
pub(super) fn torn(tx: &ReadTx, chain: &Chain) -> Result<Option<u32>, StoreError> {
    let names = tx.document_names(RIVAL)?;
    let version = |name: &String| u32::from_str_radix(name.strip_prefix(RIVAL)?.split('/').next()?, 16).ok();
    Ok(names.iter().filter_map(version).max().filter(|version| *version >= chain.newest().version))
}

fn label_row(tx: &mut WriteTx, label: &LabelRow) -> Result<(), StoreError> {
    let lost = tx.document(&lost_name(&label.id))?.map(|bytes| parse(&bytes)).transpose()?;
    let mut row = RegisterRow { label: label.clone(), confirmations: BTreeMap::new(), lost };
    let prefix = format!("{CONFIRMATION}{}/", label.id);
    for name in tx.document_names(&prefix)? {
        if let Some(bytes) = tx.document(&name)? {
            join(&mut row, &parse(&bytes)?);
            tx.delete_document(&name)?;
        }
    }
    row.write(tx)
}

fn change(tx: &mut WriteTx, label: &LabelId, change: impl FnOnce(&mut RegisterRow)) -> Result<(), StoreError> {
    if let Some(mut row) = RegisterRow::read(tx, label)? {
        change(&mut row);
        row.write(tx)?;
    }
    Ok(())
}

/// A confirmation may arrive before its label: then it waits under the label's name.
fn confirm(tx: &mut WriteTx, confirmation: &Confirmation) -> Result<(), StoreError> {
    match RegisterRow::read(tx, &confirmation.label)? {
        Some(mut row) => {
            if join(&mut row, confirmation) {
                row.write(tx)?;
            }
            Ok(())
        }
        None => tx.put_document(&format!("{CONFIRMATION}{}/{}", confirmation.label, confirmation.log.agency), &text(confirmation)),
    }
}

/// Counts only the endorsement that the label carries; the first entry of an endorser stays.
fn join(row: &mut RegisterRow, confirmation: &Confirmation) -> bool {
    let endorser = &confirmation.log.agency;
    let new = row.label.carries(confirmation) && !row.confirmations.contains_key(endorser);
    if new {
        row.confirmations.insert(endorser.clone(), confirmation.index);
    }
    new
}

/// What a log says against a label is kept beside it, whether the label is known or not: it depends on that log alone.
fn object(tx: &mut WriteTx, objected: &Objected) -> Result<(), StoreError> {
    let name = format!("{OBJECTIONS}{}/{}", objected.label, objected.log.agency);
    let mut said: Objections = tx.document(&name)?.map(|bytes| parse(&bytes)).transpose()?.unwrap_or_default();
    if said.take(objected.index, &objected.objection) {
        tx.put_document(&name, &text(&said))?;
    }
    Ok(())
}

/// What agencies have said against a label, taken back or not, counting or not.
///
/// # Errors
/// An error of the store, or what cannot be read.
pub(crate) fn objections<S: Source>(tx: &Tx<S>, label: &LabelId) -> Result<BTreeMap<AgencyId, Objections>, StoreError> {
    let prefix = format!("{OBJECTIONS}{label}/");
    let mut said = BTreeMap::new();
    for name in tx.document_names(&prefix)? {
        let agency = name.strip_prefix(&prefix).and_then(|agency| agency.parse().ok());
        if let (Some(agency), Some(bytes)) = (agency, tx.document(&name)?) {
            said.insert(agency, parse(&bytes)?);
        }
    }
    Ok(said)
}

/// Labels against which anything was ever said, also those that are not known here.
///
/// # Errors
/// An error of the store.
pub(crate) fn objected<S: Source>(tx: &Tx<S>) -> Result<BTreeSet<LabelId>, StoreError> {
    let names = tx.document_names(OBJECTIONS)?;
    Ok(names.iter().filter_map(|name| name.strip_prefix(OBJECTIONS)?.split('/').next()?.parse().ok().map(LabelId)).collect())
}

/// The latest time that others vouched for: the clock's floor.
///
/// # Errors
/// An error of the store, or a time that cannot be read.
pub(crate) fn vouched<S: Source>(tx: &Tx<S>) -> Result<Timestamp, StoreError> {
    tx.document(VOUCHED)?.map_or(Ok(Timestamp::default()), |bytes| parse(&bytes))
}

/// The proof that a log told two stories, when it did. `None` for one that is frozen for an untrue status.
///
/// # Errors
/// An error of the store, or a proof that cannot be read.
pub(crate) fn fork_proof<S: Source>(tx: &Tx<S>, log: &LogId) -> Result<Option<ForkProof>, StoreError> {
    tx.document(&format!("{FORK}{log}"))?.map(|bytes| parse(&bytes)).transpose()
}

/// Keeps what a release's record says once more, in the form in which it is added up.
fn keep_release(tx: &mut WriteTx, log: &LogId, index: u64) -> Result<(), StoreError> {
    let bytes = tx.record(log, index)?;
    match bytes.and_then(|bytes| Record::read(&bytes).ok()) {
        Some(Record::Release(release)) => tx.put_release(log, index, &release),
        _ => Ok(()),
    }
}

/// Keeps the releases that a store of an earlier version has only as records.
pub(super) fn keep_releases(store: &Store) -> Result<(), StoreError> {
    let tx = store.read()?;
    let kept: BTreeSet<_> = tx.release_places()?.into_iter().map(|(_, agency, index)| (agency, index)).collect();
    let mut places = places(&tx, RELEASE)?;
    places.retain(|(log, index)| !kept.contains(&(log.agency.clone(), *index)));
    if places.is_empty() {
        return Ok(());
    }
    store.write(|tx| places.iter().try_for_each(|(log, index)| keep_release(tx, log, *index)))
}

/// The places of the records of a pool's round, by agency and in the order of each log: as many of each as are looked at.
///
/// # Errors
/// An error of the store.
pub(crate) fn pooled<S: Source>(tx: &Tx<S>, round: &Hash) -> Result<Vec<(LogId, u64)>, StoreError> {
    let (mut places, mut agency, mut count) = (Vec::new(), String::new(), 0);
    for name in tx.document_names(&format!("{POOL}{round}/"))? {
        let Some((of, index)) = name.rsplit_once('/') else { continue };
        if of != agency {
            (agency, count) = (of.to_owned(), 0);
        }
        count += 1;
        if count <= LOOKED_AT {
            places.extend(place(tx, &name, index)?);
        }
    }
    Ok(places)
}

fn place<S: Source>(tx: &Tx<S>, name: &str, index: &str) -> Result<Option<(LogId, u64)>, StoreError> {
    let Ok(index) = u64::from_str_radix(index, 16) else { return Ok(None) };
    Ok(match tx.document(name)? {
        Some(bytes) => Some((parse(&bytes)?, index)),
        None => None,
    })
}

fn places<S: Source>(tx: &Tx<S>, prefix: &str) -> Result<Vec<(LogId, u64)>, StoreError> {
    let mut places = Vec::new();
    for name in tx.document_names(prefix)? {
        places.extend(place(tx, &name, name.rsplit('/').next().unwrap_or_default())?);
    }
    Ok(places)
}

/// Labels read at a time while starting.
const PAGE: usize = 1024;

/// The replica that the store remembers.
pub(super) fn restore(store: &Store, me: AgencyId, settings: Settings, keys: Keys, base: &Chain) -> Result<Replica, StoreError> {
    let tx = store.read()?;
    let (chain, since) = chain(&tx, base)?;
    let snapshots = tx.states()?.iter().map(|(_, bytes)| parse(bytes)).collect::<Result<Vec<LogSnapshot>, _>>()?;
    let mut rows = Vec::new();
    let mut after: Option<Hash> = None;
    loop {
        let page = tx.labels(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (_, bytes) in &page {
            rows.push(parse::<RegisterRow>(bytes)?.label);
        }
    }
    let mut proposals = Vec::new();
    for name in tx.document_names(PROPOSAL)? {
        proposals.extend(tx.document(&name)?.and_then(|text| check::proposal(text).ok()));
    }
    let torn = torn(&tx, &chain)?;
    let book = KeyBook::new(Arc::new(chain));
    Ok(Replica::new(me, settings, keys, book, snapshots, rows).with_proposals(since, torn, proposals))
}
