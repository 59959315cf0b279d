//! The one file that proves a label: made from the logs held here, the same from every node.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::check::KeyBook;
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::bundle::{Bundle, BundleError, Confirmed, KIND, PlacedKeySet, Proven, StatusPart};
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::label::status::{State, Status, StatusTree};
use parangon_protocol::label::{Label, LabelId};
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::merkle;
use parangon_protocol::log::note::Note;
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::record::{Action, Record};

use super::super::{Context, Error, outside, register};
use crate::engine::{Overview, RegisterRow, StoredLog};
use crate::store::{ReadTx, StoreError};

/// Records looked back through for the newest status. An agency states one after each change of a label.
const LOOK_BACK: u64 = 4096;

/// The text of `NAME.label.json`.
///
/// # Errors
/// [`Error::NotFound`] when the label is not known here; [`Error::Damaged`] when the store cannot give what it holds.
pub fn bundle(context: &Context, label: &LabelId) -> Result<Vec<u8>, Error> {
    let tx = context.store().read()?;
    let row = register::row(&tx, label)?;
    let overview = context.engine().overview();
    let desk = Desk { tx: &tx, overview: &overview, book: &context.engine().book(), own: context.own_log() };
    let bundle = desk.bundle(context, &row)?;
    bundle.to_text().map_err(damaged)
}

/// A record of a log with its proof under the newest head that has its quorum, where that covers it.
///
/// # Errors
/// [`Error::Damaged`] when the store cannot give what it holds.
pub(crate) fn proven(context: &Context, tx: &ReadTx, log: &LogId, index: u64) -> Result<Proven, Error> {
    let overview = context.engine().overview();
    let desk = Desk { tx, overview: &overview, book: &context.engine().book(), own: context.own_log() };
    desk.proven(log, index, &desk.anchor(log, index)?)
}

/// Every key set that counts of everybody who ever was a member, as far as it is here.
///
/// # Errors
/// [`Error::Damaged`] when the store cannot give what it holds.
pub(crate) fn keysets(context: &Context) -> Result<Vec<PlacedKeySet>, Error> {
    let tx = context.store().read()?;
    let overview = context.engine().overview();
    let desk = Desk { tx: &tx, overview: &overview, book: &context.engine().book(), own: context.own_log() };
    let members = desk.book.chain().versions().flat_map(|charter| &charter.members);
    let logs: BTreeSet<LogId> = members.map(|member| LogId::first(member.id.clone())).collect();
    desk.placed(logs.iter().flat_map(|log| desk.book.sets(log).map(|(index, _)| (log.clone(), index))).collect())
}

fn damaged(_: BundleError) -> Error {
    Error::Damaged { what: "label" }
}

struct Desk<'a> {
    tx: &'a ReadTx,
    overview: &'a Overview,
    book: &'a KeyBook,
    /// Our log: witnesses outside the federation may have cosigned its heads.
    own: LogId,
}

/// A head to prove inclusion under.
struct Anchor {
    size: u64,
    note: String,
}

impl Desk<'_> {
    fn bundle(&self, context: &Context, row: &RegisterRow) -> Result<Bundle, Error> {
        let log = &row.label.log;
        let bytes = self.record(log, row.label.index)?;
        let Ok(Record::Label(label)) = Record::read(&bytes) else { return Err(Error::Damaged { what: "label" }) };
        let anchor = self.anchor(log, row.label.index)?;
        let confirmations = row.confirmations.iter().map(|(agency, index)| {
            let log = LogId::first(agency.clone());
            let anchor = self.anchor(&log, *index)?;
            Ok(Confirmed { agency: agency.clone(), entry: self.proven(&log, *index, &anchor)? })
        });
        let confirmations = confirmations.collect::<Result<Vec<_>, Error>>()?;
        let status = self.status(log, row, &anchor)?;
        let mut notes = vec![anchor.note.clone()];
        for (agency, index) in &row.confirmations {
            notes.push(self.anchor(&LogId::first(agency.clone()), *index)?.note);
        }
        Ok(Bundle {
            r#type: KIND.to_owned(),
            v: 1,
            founding: context.engine().chain().founding().clone(),
            revisions: context.chain().revisions().map_err(|_| Error::Damaged { what: "charter" })?,
            keysets: self.keysets(log, &label, &notes)?,
            label: self.proven(log, row.label.index, &anchor)?,
            adoption: self.proven(log, label.adoption, &anchor)?,
            confirmations,
            status,
            credential: self.credential(context, log, &label)?,
        })
    }

    fn record(&self, log: &LogId, index: u64) -> Result<Vec<u8>, Error> {
        Ok(self.tx.record(log, index)?.ok_or(StoreError::NoRecord { index })?)
    }

    /// The newest head with its quorum, where it covers `index`; else the newest head, whose quorum is still to come.
    fn anchor(&self, log: &LogId, index: u64) -> Result<Anchor, Error> {
        let with_lines = |note| if *log == self.own { outside::with_lines(self.tx, note) } else { Ok(note) };
        if let Some((size, note)) = self.tx.last_kept_note(log)?.filter(|(size, _)| *size > index) {
            return Ok(Anchor { size, note: with_lines(note)? });
        }
        let known = self.overview.logs.get(log).and_then(|known| known.head.clone());
        let note = known.ok_or(Error::Damaged { what: "head" })?;
        let text = Note::parse(&note).map_err(|_| Error::Damaged { what: "head" })?.text;
        let size = Checkpoint::parse(&text).map_err(|_| Error::Damaged { what: "head" })?.size;
        if size > index { Ok(Anchor { size, note: with_lines(note)? }) } else { Err(Error::Damaged { what: "head" }) }
    }

    fn proven(&self, log: &LogId, index: u64, anchor: &Anchor) -> Result<Proven, Error> {
        let hashes = merkle::inclusion_proof(&StoredLog::new(self.tx, log)?, index, anchor.size)?;
        let proof = TlogProof { index, hashes, extra: None, checkpoint: anchor.note.clone() };
        Proven::new(&self.record(log, index)?, &proof).map_err(damaged)
    }

    /// The key sets that the label names, those by whose witness keys the heads shown were cosigned, and the current ones of all
    /// who ever were members.
    fn keysets(&self, log: &LogId, label: &Label, notes: &[String]) -> Result<Vec<PlacedKeySet>, Error> {
        let mut places: BTreeSet<(LogId, u64)> = [(log.clone(), label.keyset)].into();
        places.extend(label.endorsements.iter().map(|e| (LogId::first(e.endorser.clone()), e.keyset)));
        for note in notes {
            let note = Note::parse(note).map_err(|_| Error::Damaged { what: "head" })?;
            places.extend(note.signatures.iter().filter_map(|line| self.book.witness_set(line).cloned()));
        }
        for member in self.book.chain().versions().flat_map(|charter| &charter.members) {
            if let Some((index, _)) = self.book.current(&member.id) {
                places.insert((LogId::first(member.id.clone()), index));
            }
        }
        // Whoever recounts a draw needs what those who took part signed with.
        for agency in label.draw.iter().flat_map(|draw| draw.authors()) {
            let log = LogId::first(agency.clone());
            places.extend(self.book.sets(&log).map(|(index, _)| (log.clone(), index)));
        }
        // Whoever reads a key set needs those that brought another log key before it.
        let logs: BTreeSet<LogId> = places.iter().map(|(log, _)| log.clone()).collect();
        places.extend(logs.iter().flat_map(|log| self.book.epochs(log).map(|index| (log.clone(), index))));
        self.placed(places)
    }

    /// The key sets at these places, of which some may not be here yet.
    fn placed(&self, places: BTreeSet<(LogId, u64)>) -> Result<Vec<PlacedKeySet>, Error> {
        let mut keysets = Vec::with_capacity(places.len());
        for (log, index) in places {
            if self.tx.size(&log)? <= index {
                continue; // not here yet: the verdict says whose keys are missing
            }
            keysets.extend(Record::read(&self.record(&log, index)?).ok().and_then(|record| PlacedKeySet::of(index, record)));
        }
        Ok(keysets)
    }

    /// The last charter record under the head, when it adopts a later version than the label's.
    fn later_adoption(&self, log: &LogId, row: &RegisterRow, anchor: &Anchor) -> Result<Option<Proven>, Error> {
        let version = row.label.common.charter;
        if self.book.chain().newest().version == version {
            return Ok(None);
        }
        for index in (row.label.index + 1..anchor.size).rev() {
            if let Ok(Record::Charter(adoption)) = Record::read(&self.record(log, index)?) {
                return if adoption.version > version { self.proven(log, index, anchor).map(Some) } else { Ok(None) };
            }
        }
        Ok(None)
    }

    /// The newest status under the head, with the label's place in its tree. None when nothing was stated since.
    fn status(&self, log: &LogId, row: &RegisterRow, anchor: &Anchor) -> Result<Option<StatusPart>, Error> {
        let first = anchor.size.saturating_sub(LOOK_BACK).max(row.label.index + 1);
        // What an agency states after it has left counts for nothing.
        let size = self.book.chain().end_of(log).unwrap_or(u64::MAX).min(anchor.size);
        for index in (first..size).rev() {
            if let Ok(Record::Status(status)) = Record::read(&self.record(log, index)?) {
                let path = self.tree(log, &status)?.prove(&row.label.id);
                let adoption = self.later_adoption(log, row, anchor)?;
                return Ok(Some(StatusPart { entry: self.proven(log, index, anchor)?, path, adoption }));
            }
        }
        Ok(None)
    }

    /// The states of the log's labels when the status was stated. States changed since are taken from the records.
    fn tree(&self, log: &LogId, status: &Status) -> Result<StatusTree, Error> {
        let mut states: BTreeMap<LabelId, State> = BTreeMap::new();
        let mut changed: BTreeSet<LabelId> = BTreeSet::new();
        let mut after: Option<Hash> = None;
        loop {
            let page = self.tx.labels(after.as_ref(), 1024)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (_, bytes) in &page {
                let row = RegisterRow::parse(bytes)?.label;
                if row.log != *log || row.index >= status.covered {
                    continue;
                }
                if row.state_index >= status.covered {
                    changed.insert(row.id);
                }
                states.insert(row.id, row.state);
            }
        }
        if !changed.is_empty() {
            self.rewind(log, status.covered, &changed, &mut states)?;
        }
        let tree = StatusTree::new(states);
        if tree.root() == status.root { Ok(tree) } else { Err(Error::Damaged { what: "status" }) }
    }

    /// Reads the states of `changed` from the log's first `covered` records.
    fn rewind(&self, log: &LogId, covered: u64, changed: &BTreeSet<LabelId>, states: &mut BTreeMap<LabelId, State>) -> Result<(), Error> {
        let mut set = |label: LabelId, state: State| {
            if changed.contains(&label) {
                let now = states.entry(label).or_insert(State::Active);
                if *now != State::Withdrawn || state == State::Active {
                    *now = state;
                }
            }
        };
        for label in changed {
            set(*label, State::Active);
        }
        for index in 0..covered {
            match Record::read(&self.record(log, index)?) {
                Ok(Record::Standing(label, standing)) => set(
                    label,
                    match standing.action {
                        Action::Withdraw => State::Withdrawn,
                        Action::Suspend => State::Suspended,
                        Action::Reinstate => State::Active,
                    },
                ),
                Ok(Record::Label(label)) => {
                    if let Some(older) = label.supersedes {
                        set(older, State::Superseded);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn credential(&self, context: &Context, log: &LogId, label: &Label) -> Result<serde_json::Value, Error> {
        let missing = || Error::Damaged { what: "credential" };
        let charter = self.book.chain().version(label.common.charter).ok_or_else(missing)?;
        let issuer_key = self.book.issue_key(log, label.keyset).ok_or_else(missing)?;
        let subject = LabelSubject { federation: context.federation(), charter, label, issuer_key: &issuer_key };
        let text = subject.to_json().map_err(|_| missing())?;
        serde_json::from_str(&text).map_err(|_| missing())
    }
}
