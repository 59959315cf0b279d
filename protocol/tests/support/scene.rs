//! The logs of a federation as one observer holds them, and the file made from them. Nothing here refuses anything:
//! a dishonest agency, or a quorum that looked away, is made with the same calls.

use std::collections::BTreeMap;

use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::label::bundle::{Bundle, Confirmed, KIND, PlacedKeySet, Proven, StatusPart};
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::label::status::{State, Status, StatusTree};
use parangon_protocol::label::{Label, LabelId};
use parangon_protocol::log::checkpoint::{Checkpoint, SignedCheckpoint};
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::note::Note;
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::record::{Action, EndorsementEntry, Reason, Record, Standing};
use parangon_protocol::time::Timestamp;

use super::award::{Award, gold};
use super::federation::{Federation, key};
use super::ledger::Ledger;
use super::{agency, log, time};

#[derive(Clone)]
pub struct Scene {
    pub federation: Federation,
    pub logs: BTreeMap<LogId, Ledger>,
    /// The head under which each log is shown.
    pub notes: BTreeMap<LogId, String>,
}

/// When the witnesses of [`Scene::awarded`] cosigned; each a minute after the one before.
pub const WITNESSED: &str = "2026-11-24T06:00:00Z";

impl Scene {
    /// Every log begun, none shown to a witness.
    pub fn founded(federation: Federation) -> Self {
        let mut scene = Self { federation: federation.clone(), logs: BTreeMap::new(), notes: BTreeMap::new() };
        for id in federation.ids() {
            for record in federation.first_records(id.as_str()) {
                scene.append(id.as_str(), &record);
            }
        }
        scene
    }

    /// Stuttgart's GOLD label, endorsed and confirmed by Lyon and Oslo, with a status and all cosignatures.
    pub fn gold() -> (Self, LabelId) {
        Self::awarded(&gold("stuttgart", "first", &["lyon", "oslo"]))
    }

    pub fn awarded(award: &Award) -> (Self, LabelId) {
        Self::awarded_in(Federation::default(), award)
    }

    pub fn awarded_in(federation: Federation, award: &Award) -> (Self, LabelId) {
        let mut scene = Self::founded(federation);
        scene.award(award);
        scene.state(award.common.owner.as_str());
        scene.cosign_all(WITNESSED);
        (scene, award.id())
    }

    pub fn append(&mut self, id: &str, record: &Record) -> u64 {
        self.logs.entry(log(id)).or_default().push(record.to_text().unwrap())
    }

    /// Issues and confirms.
    pub fn award(&mut self, award: &Award) {
        self.issue(award.sign(&self.federation));
    }

    /// Logs the label, and each endorser's confirmation.
    pub fn issue(&mut self, label: Label) {
        let id = label.common.id().unwrap();
        for endorsement in &label.endorsements {
            let entry = EndorsementEntry { endorsement: endorsement.id(&id).unwrap() };
            self.append(endorsement.endorser.as_str(), &Record::Endorsement(id, entry));
        }
        self.append(label.common.owner.as_str(), &Record::Label(Box::new(label.clone())));
    }

    pub fn stand(&mut self, id: &str, label: LabelId, action: Action) {
        let standing = Standing { action, reason: Reason::AtRequest, at: time("2026-12-01T00:00:00Z") };
        self.append(id, &Record::Standing(label, standing));
    }

    /// The agency states the standing of all its labels.
    pub fn state(&mut self, id: &str) {
        let size = self.logs[&log(id)].size();
        self.state_as(id, states(&self.logs[&log(id)], size));
    }

    /// The agency states whatever it likes.
    pub fn state_as(&mut self, id: &str, states: Vec<(LabelId, State)>) {
        let covered = self.logs[&log(id)].size();
        let count = states.len() as u64;
        let status = Status { covered, count, root: StatusTree::new(states).root() };
        self.append(id, &Record::Status(status));
    }

    /// Every log's head is signed and cosigned by all other members, a minute apart.
    pub fn cosign_all(&mut self, at: &str) {
        let ids = self.federation.ids();
        for owner in &ids {
            let witnesses: Vec<&str> = ids.iter().filter(|id| *id != owner).map(AgencyId::as_str).collect();
            self.cosign(owner.as_str(), &witnesses, at);
        }
    }

    /// The log's head is signed and cosigned by these.
    pub fn cosign(&mut self, owner: &str, witnesses: &[&str], at: &str) {
        let minutes = (0u64..).map(|minute| time(at).plus(60 * minute));
        let lines: Vec<(&str, Timestamp)> = witnesses.iter().copied().zip(minutes).collect();
        self.cosign_at(owner, &lines);
    }

    pub fn cosign_at(&mut self, owner: &str, witnesses: &[(&str, Timestamp)]) {
        let log = log(owner);
        let ledger = &self.logs[&log];
        let origin = log.origin(self.federation.fingerprint());
        let checkpoint = Checkpoint { origin, size: ledger.size(), root: ledger.frontier(ledger.size()).root() };
        let mut signed = SignedCheckpoint::sign(&checkpoint, &key("log", owner)).unwrap();
        let line = |(id, at): &(&str, Timestamp)| cosign(&checkpoint, &key("witness", id), &self.federation.witness_name(id), *at);
        signed.add(witnesses.iter().map(line)).unwrap();
        self.notes.insert(log, signed.note().to_string());
    }

    /// The file that proves the label, with everything that stands under the heads shown.
    pub fn bundle(&self, id: LabelId) -> Bundle {
        let (log, index, label) = self.find(id);
        let confirmed = |record: &Record| matches!(record, Record::Endorsement(about, _) if *about == id);
        let confirmations = label.endorsements.iter().filter_map(|endorsement| {
            let log = LogId::first(endorsement.endorser.clone());
            let index = self.last(&log, self.shown(&log), confirmed)?;
            Some(Confirmed { agency: endorsement.endorser.clone(), entry: self.proven(&log, index) })
        });
        let placed = |(text, index): (&Vec<u8>, u64)| match Record::read(text).unwrap() {
            record @ (Record::KeySet(_) | Record::Epoch(_)) => PlacedKeySet::of(index, record),
            _ => None,
        };
        let keysets = self.logs.values().flat_map(|ledger| ledger.records().iter().zip(0..).filter_map(placed));
        Bundle {
            r#type: KIND.to_owned(),
            v: 1,
            founding: self.federation.chain.founding().clone(),
            revisions: self.federation.chain.revisions().unwrap(),
            keysets: keysets.collect(),
            label: self.proven(&log, index),
            adoption: self.proven(&log, label.adoption),
            confirmations: confirmations.collect(),
            status: self.status(&log, id),
            credential: serde_json::from_str(&self.credential(&label)).unwrap(),
        }
    }

    pub fn text(&self, id: LabelId) -> Vec<u8> {
        self.bundle(id).to_text().unwrap()
    }

    pub fn find(&self, id: LabelId) -> (LogId, u64, Label) {
        for (log, ledger) in &self.logs {
            for (text, index) in ledger.records().iter().zip(0..) {
                match Record::read(text).unwrap() {
                    Record::Label(label) if label.common.id() == Ok(id) => return (log.clone(), index, *label),
                    _ => {}
                }
            }
        }
        panic!("no label {id}");
    }

    pub fn proven(&self, log: &LogId, index: u64) -> Proven {
        let (ledger, checkpoint) = (&self.logs[log], self.notes[log].clone());
        let hashes = ledger.inclusion(index, self.shown(log));
        Proven::new(ledger.get(index), &TlogProof { index, hashes, extra: None, checkpoint }).unwrap()
    }

    pub fn credential(&self, label: &Label) -> String {
        let log = LogId::first(label.common.owner.clone());
        let placed = PlacedKeySet::of(label.keyset, Record::read(self.logs[&log].get(label.keyset)).unwrap()).expect("a key set");
        let issuer_key = &placed.keyset.body.issue;
        let (federation, charter) = (self.federation.fingerprint(), self.federation.charter_of(&label.common));
        LabelSubject { federation, charter, label, issuer_key }.to_json().unwrap()
    }

    /// Records under the head shown.
    fn shown(&self, log: &LogId) -> u64 {
        Checkpoint::parse(&Note::parse(&self.notes[log]).unwrap().text).unwrap().size
    }

    fn last(&self, log: &LogId, below: u64, wanted: impl Fn(&Record) -> bool) -> Option<u64> {
        (0..below).rev().find(|index| wanted(&Record::read(self.logs[log].get(*index)).unwrap()))
    }

    /// The newest status shown. Its tree is the true one, or one without the label: what [`Scene::state_as`] made.
    fn status(&self, log: &LogId, id: LabelId) -> Option<StatusPart> {
        let below = self.federation.chain.end_of(log).unwrap_or(u64::MAX).min(self.shown(log));
        let index = self.last(log, below, |record| matches!(record, Record::Status(_)))?;
        let Record::Status(status) = Record::read(self.logs[log].get(index)).unwrap() else { panic!("just found") };
        let truth = states(&self.logs[log], status.covered);
        let without = truth.iter().copied().filter(|(label, _)| *label != id).collect::<Vec<_>>();
        let tree = [truth, without].into_iter().map(StatusTree::new).find(|tree| tree.root() == status.root).unwrap();
        let (_, _, label) = self.find(id);
        let adopts_later = |record: &Record| matches!(record, Record::Charter(adoption) if adoption.version > label.common.charter);
        let later = self.last(log, self.shown(log), adopts_later);
        let adoption = later.map(|at| self.proven(log, at));
        Some(StatusPart { entry: self.proven(log, index), path: tree.prove(&id), adoption })
    }
}

/// What the log's first `covered` records make of its labels.
pub fn states(ledger: &Ledger, covered: u64) -> Vec<(LabelId, State)> {
    let mut states = BTreeMap::new();
    for index in 0..covered {
        match Record::read(ledger.get(index)).unwrap() {
            Record::Label(label) => {
                states.insert(label.common.id().unwrap(), State::Active);
                if let Some(older) = label.supersedes {
                    states.entry(older).and_modify(|state| *state = State::Superseded);
                }
            }
            Record::Standing(label, standing) => {
                let state = match standing.action {
                    Action::Withdraw => State::Withdrawn,
                    Action::Suspend => State::Suspended,
                    Action::Reinstate => State::Active,
                };
                states.entry(label).and_modify(|now| *now = state);
            }
            _ => {}
        }
    }
    states.into_iter().collect()
}

/// A second label of Stuttgart, for another cluster's offer, endorsed by Madrid and Porto.
pub fn another() -> Award {
    let mut award = gold("stuttgart", "second", &["madrid", "porto"]);
    award.common.cluster.id = parangon_protocol::id::ClusterId::new(&agency("stuttgart"), [8; 12]);
    award
}
