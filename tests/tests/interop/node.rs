//! What real nodes signed and cosigned, from their stores.

use std::time::Duration;

use parangon_node::Node;
use parangon_node::engine::StoredLog;
use parangon_protocol::id::{LogId, witness_name};
use parangon_protocol::keys::KeySet;
use parangon_protocol::log::note::Algorithm;
use parangon_protocol::log::{TlogProof, VerifierKey, merkle};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;
use parangon_tests::federation::{Plan, found, until};
use serde_json::json;

use crate::notes::verifier;
use crate::{count, python, tree};

/// One log as a node holds it: its newest head with a quorum, its records, and who it belongs to.
struct Held {
    origin: String,
    keys: KeySet,
    note: String,
    records: Vec<Vec<u8>>,
    /// A tlog-proof of each record.
    proofs: Vec<String>,
}

/// What the node has of a log that is final up to `size`. The overview is a commit ahead of the store.
async fn held(node: &Node, log: &LogId, size: u64) -> Held {
    let kept = || node.context().store().read().expect("a snapshot").last_kept_note(log).expect("reads");
    let asking = async {
        loop {
            match kept().filter(|(at, _)| *at == size) {
                Some((_, note)) => return note,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    let note = tokio::time::timeout(Duration::from_secs(60), asking).await.expect("the head with its quorum is kept");
    let tx = node.context().store().read().expect("a snapshot");
    let record = |index: u64| tx.record(log, index).expect("reads").expect("a record below the head");
    let Ok(Record::KeySet(keys)) = Record::read(&record(0)) else { panic!("a log begins with its key set") };
    let stored = StoredLog::new(&tx, log).expect("reads");
    let proof = |index: u64| {
        let hashes = merkle::inclusion_proof(&stored, index, size).expect("reads");
        TlogProof { index, hashes, extra: None, checkpoint: note.clone() }.to_string()
    };
    Held {
        origin: log.origin(node.context().federation()),
        keys: keys.body,
        records: (0..size).map(record).collect(),
        proofs: (0..size).map(proof).collect(),
        note,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_cosigned_is_read_by_others() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 4, gossip: true, quic: false });
    let mut nodes = Vec::new();
    for seat in &seats {
        nodes.push(seat.start().await);
    }
    let anchor = |n: u64| Record::Anchor(Anchor { day: Timestamp::from_seconds(n * 86_400).expect("a date"), root: Default::default() });
    nodes[0].context().engine().append((0..5).map(anchor).collect()).await.expect("appends");
    let sizes = |log: &LogId| if *log == LogId::first(seats[0].id.clone()) { 7 } else { 2 };
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, |overview| overview.logs.len() == 4 && overview.logs.iter().all(|(log, held)| held.final_size == sizes(log))).await;

    let logs: Vec<LogId> = seats.iter().map(|seat| LogId::first(seat.id.clone())).collect();
    let mut all = Vec::new();
    for log in &logs {
        all.push(held(&nodes[3], log, sizes(log)).await);
    }
    let federation = *nodes[3].context().federation();
    let python = python::there();
    for log in &all {
        let others: Vec<&KeySet> = all.iter().filter(|other| other.origin != log.origin).map(|other| &other.keys).collect();
        check(log, &others, |keys| witness_name(&federation, &keys.agency), python);
    }
    for node in nodes {
        node.stop().await;
    }
}

fn check(log: &Held, others: &[&KeySet], name: impl Fn(&KeySet) -> String, python: bool) {
    let key = VerifierKey::new(&log.origin, Algorithm::Ed25519, log.keys.log).expect("a name");
    let note = signed_note::Note::from_bytes(log.note.as_bytes()).expect("a note");
    let (own, lines) = note.verify(&verifier(&key)).expect("the log's signature");
    assert_eq!(own.len(), 1, "{}", log.origin);
    let head = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    assert_eq!((head.origin(), head.size()), (log.origin.as_str(), count(log.records.len())));
    assert_eq!(tree::Tiles::of(&log.records).root(log.records.len()).0, head.hash().0, "{}", log.origin);

    // Of four members all others cosign. Each line is a signature over what c2sp.org/tlog-cosignature prescribes.
    for other in others {
        let name = name(other);
        let material = [&[0x04], other.witness.as_bytes().as_slice()].concat();
        let id = signed_note::key_id(&name, &material);
        let line = lines.iter().find(|line| line.name() == name && line.id() == id).expect("a line of every other member");
        let (time, signature) = line.signature().split_first_chunk::<8>().expect("8 bytes of time");
        let body = str::from_utf8(note.text()).expect("text");
        let message = format!("cosignature/v1\ntime {}\n{body}", u64::from_be_bytes(*time));
        let signature = sigsum::Signature::from(<[u8; 64]>::try_from(signature).expect("64 bytes of signature"));
        assert!(sigsum::PublicKey::from(*other.witness.as_bytes()).verify_signature(message, &signature), "{name}");
    }
    for (index, (record, text)) in log.records.iter().zip(&log.proofs).enumerate() {
        let hashes = text.split_once("\n\n").expect("a checkpoint").0.lines().skip(2);
        let hashes = hashes.map(|line| tlog_tiles::Hash::parse_hash(line).expect("a hash")).collect();
        let leaf = tlog_tiles::record_hash(record);
        tlog_tiles::check_record(&hashes, head.size(), *head.hash(), count(index), leaf).expect("the record is in the log");
        if python {
            let witnesses = others.iter().map(|keys| VerifierKey::new(&name(keys), Algorithm::Cosignature, keys.witness));
            let witnesses: Vec<String> = witnesses.map(|key| key.expect("a name").to_string()).collect();
            let given = json!({ "proof": text, "record": hex::encode(record), "log": key.to_string(), "witnesses": witnesses });
            let said = python::ask("check", &given);
            assert_eq!((said["index"].as_u64(), said["size"].as_u64()), (Some(count(index)), Some(head.size())), "{said}");
            assert_eq!(said["times"].as_object().map(serde_json::Map::len), Some(3), "{said}");
        }
    }
}
