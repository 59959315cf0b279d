//! One label's file, as a node would write it, in a federation of any size.

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
/// Labels in the status tree.
const LABELS: u64 = 1_000;

/// When a reader asks.
pub(crate) fn asked() -> Timestamp {
    labels::issued().plus(5 * 86_400)
}

/// The text of a valid GOLD label's file.
pub(crate) fn text_of(federation: &Federation) -> Vec<u8> {
    let label = labels::labels(federation, 0, 1, 7).remove(0);
    let id = labels::id(&label);
    let mut log = filled(federation, 0);
    let place = log.size();
    log.push([text(&Record::Label(Box::new(label.clone())))]);
    let (status, tree) = status(id, log.size());
    log.push([text(&Record::Status(status))]);
    let confirmations = labels::confirmations(federation, &label).into_iter().map(|(endorser, record)| {
        let mut log = filled(federation, endorser);
        let index = log.size();
        log.push([text(&record)]);
        Confirmed { agency: federation.members[endorser].id.clone(), entry: proven(federation, &log, index) }
    });
    let keysets = federation.members.iter().map(|member| PlacedKeySet { epoch: None, index: 0, keyset: member.keyset.clone() });
    let bundle = Bundle {
        r#type: KIND.to_owned(),
        v: 1,
        founding: federation.chain.founding().clone(),
        revisions: vec![],
        keysets: keysets.collect(),
        label: proven(federation, &log, place),
        adoption: proven(federation, &log, 1),
        confirmations: confirmations.collect(),
        status: Some(StatusPart { entry: proven(federation, &log, place + 1), path: tree.prove(&id), adoption: None }),
        credential: credential(federation, &label),
    };
    bundle.to_text().expect("a bundle within its bound")
}

fn filled(federation: &Federation, owner: usize) -> LogText {
    let mut log = LogText::begun(federation, owner);
    log.push((0..BEFORE).map(|n| text(&Record::Anchor(Anchor { day: labels::issued(), root: Hash(seed("anchor", owner, n)) }))));
    log
}

fn proven(federation: &Federation, log: &LogText, index: u64) -> Proven {
    let note = log.note(federation, log.size(), labels::issued().plus(3_600));
    let record = &log.records[usize::try_from(index).expect("64 bits")];
    Proven::new(record, &log.proof(index, log.size(), &note)).expect("a record")
}

fn status(id: LabelId, covered: u64) -> (Status, StatusTree) {
    let others = (1..LABELS).map(|n| (LabelId(Hash(seed("label", 0, n))), State::Active));
    let tree = StatusTree::new(others.chain([(id, State::Active)]));
    (Status { covered, count: LABELS, root: tree.root() }, tree)
}

fn credential(federation: &Federation, label: &Label) -> serde_json::Value {
    let issuer_key = federation.members[0].keys.issue_key().public();
    let (fingerprint, charter) = (federation.fingerprint(), federation.chain.newest());
    let subject = LabelSubject { federation: fingerprint, charter, label, issuer_key: &issuer_key };
    serde_json::from_str(&subject.to_json().expect("small fields")).expect("JSON")
}
