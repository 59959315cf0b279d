//! One label's file, as a node would write it, in a federation of any size.

use std::collections::BTreeMap;

use parangon_protocol::id::Hash;
use parangon_protocol::label::bundle::{Bundle, Confirmed, KIND, PlacedKeySet, Proven, StatusPart};
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::label::status::{State, Status, StatusTree};
use parangon_protocol::label::{Label, LabelId};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;

use super::federation::{Federation, seed};
use super::labels;
use super::logs::{LogText, text};

/// Records in each log before the one that is proven: about 13 hashes in a proof.
const BEFORE: u64 = 5_000;
/// Other labels in the status tree.
const LABELS: u64 = 1_000;

/// When a reader asks.
pub(crate) fn asked() -> Timestamp {
    labels::issued().plus(5 * 86_400)
}

/// The text of a valid GOLD label's file.
pub(crate) fn text_of(federation: &Federation) -> Vec<u8> {
    texts_of(federation, 1).remove(0)
}

/// The files of so many labels of one issuer, all with the same endorsers.
pub(crate) fn texts_of(federation: &Federation, count: usize) -> Vec<Vec<u8>> {
    let labels = labels::labels(federation, 0, count, 7);
    let mut log = filled(federation, 0);
    let first = log.size();
    log.push(labels.iter().map(|label| text(&Record::Label(Box::new(label.clone())))));
    let (status, tree) = status(labels.iter().map(labels::id), log.size());
    log.push([text(&Record::Status(status))]);
    let mut confirmed: BTreeMap<usize, LogText> = BTreeMap::new();
    for (endorser, record) in labels.iter().flat_map(|label| labels::confirmations(federation, label)) {
        confirmed.entry(endorser).or_insert_with(|| filled(federation, endorser)).push([text(&record)]);
    }
    let notes: BTreeMap<usize, String> = confirmed.iter().map(|(endorser, log)| (*endorser, note(federation, log))).collect();
    let own = note(federation, &log);
    let bundle = |(n, label): (usize, &Label)| {
        let at = |base: u64| base + u64::try_from(n).expect("small");
        let confirmations = labels::confirmations(federation, label).into_iter().map(|(endorser, _)| {
            let log = &confirmed[&endorser];
            let index = at(log.size() - u64::try_from(count).expect("small"));
            Confirmed { agency: federation.members[endorser].id.clone(), entry: proven(log, index, &notes[&endorser]) }
        });
        let path = tree.prove(&labels::id(label));
        text_with(
            federation,
            label,
            [proven(&log, at(first), &own), proven(&log, 1, &own)],
            confirmations.collect(),
            StatusPart { entry: proven(&log, log.size() - 1, &own), path, adoption: None },
        )
    };
    labels.iter().enumerate().map(bundle).collect()
}

fn text_with(
    federation: &Federation,
    made: &Label,
    [label, adoption]: [Proven; 2],
    confirmations: Vec<Confirmed>,
    status: StatusPart,
) -> Vec<u8> {
    let keysets = federation.members.iter().map(|member| PlacedKeySet { epoch: None, index: 0, keyset: member.keyset.clone() });
    let bundle = Bundle {
        r#type: KIND.to_owned(),
        v: 1,
        founding: federation.chain.founding().clone(),
        revisions: federation.chain.revisions().expect("text"),
        keysets: keysets.collect(),
        label,
        adoption,
        confirmations,
        status: Some(status),
        credential: credential(federation, made),
    };
    bundle.to_text().expect("a bundle within its bound")
}

fn filled(federation: &Federation, owner: usize) -> LogText {
    let mut log = LogText::begun(federation, owner);
    log.push((0..BEFORE).map(|n| text(&Record::Anchor(Anchor { day: labels::issued(), root: Hash(seed("anchor", owner, n)) }))));
    log
}

fn note(federation: &Federation, log: &LogText) -> String {
    log.note(federation, log.size(), labels::issued().plus(3_600))
}

fn proven(log: &LogText, index: u64, note: &str) -> Proven {
    let record = &log.records[usize::try_from(index).expect("64 bits")];
    Proven::new(record, &log.proof(index, log.size(), note)).expect("a record")
}

fn status(ids: impl Iterator<Item = LabelId>, covered: u64) -> (Status, StatusTree) {
    let others = (0..LABELS).map(|n| (LabelId(Hash(seed("label", 0, n))), State::Active));
    let tree = StatusTree::new(others.chain(ids.map(|id| (id, State::Active))));
    (Status { covered, count: u64::try_from(tree.count()).expect("small"), root: tree.root() }, tree)
}

fn credential(federation: &Federation, label: &Label) -> serde_json::Value {
    let issuer_key = federation.members[0].keys.issue_key().public();
    let (fingerprint, charter) = (federation.fingerprint(), federation.chain.newest());
    let subject = LabelSubject { federation: fingerprint, charter, label, issuer_key: &issuer_key };
    serde_json::from_str(&subject.to_json().expect("small fields")).expect("JSON")
}
