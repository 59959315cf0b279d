//! Whole tlog-proofs with cosignatures, against `tlog.py`: another language, another Ed25519. Without python3 and its
//! package `cryptography` these tests say loudly that they were skipped; what the crates check is checked all the same.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use parangon_protocol::log::checkpoint::SignedCheckpoint;
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::note::Algorithm;
use parangon_protocol::log::{TlogProof, VerifierKey, WitnessKey, leaf_hash};
use parangon_protocol::time::Timestamp;
use serde_json::{Value, json};

use crate::{Ours, SIZES, count, origin, records, secret};

fn program() -> Command {
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/tlog.py"));
    command
}

/// Whether the other implementation can run here.
pub(crate) fn there() -> bool {
    let found = Command::new("python3").args(["-c", "import cryptography"]).stderr(Stdio::null()).status();
    let there = found.is_ok_and(|status| status.success());
    if !there {
        // Written to the stream itself: the test harness would swallow an `eprintln!` of a test that passes.
        let line = "\n*** SKIPPED: no python3 with the package `cryptography`: tlog-proofs were NOT checked by another language ***\n";
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
    }
    there
}

/// What the program answers; `{"refused": …}` when it does not accept.
pub(crate) fn ask(what: &str, given: &Value) -> Value {
    let mut child = program().arg(what).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts");
    child.stdin.take().expect("a pipe").write_all(given.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "tlog.py fails");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a date")
}

const TIME: u64 = 1_800_000_000;

/// Names and seeds of three witnesses.
fn witnesses() -> [(String, u8); 3] {
    [2, 3, 4].map(|seed| (format!("parangon/witness-{seed}"), seed))
}

fn vkey(name: &str, algorithm: Algorithm, seed: u8) -> String {
    VerifierKey::new(name, algorithm, secret(seed).public()).expect("a name").to_string()
}

#[test]
fn our_proofs_are_read_by_another_language() {
    if !there() {
        return;
    }
    for size in SIZES.into_iter().filter(|size| *size > 0) {
        let (records, index) = (records(size), size / 2);
        let tree = Ours::of(&records);
        let checkpoint = tree.checkpoint(&origin());
        let mut head = SignedCheckpoint::sign(&checkpoint, &secret(1)).expect("a checkpoint");
        head.add(witnesses().map(|(name, seed)| cosign(&checkpoint, &secret(seed), &name, at(TIME + u64::from(seed))))).expect("lines");
        let proof = TlogProof { index: count(index), hashes: tree.inclusion(index), extra: None, checkpoint: head.to_string() };
        let given = |proof: &str, record: &[u8]| {
            json!({
                "proof": proof,
                "record": hex::encode(record),
                "log": vkey(&origin(), Algorithm::Ed25519, 1),
                "witnesses": witnesses().map(|(name, seed)| vkey(&name, Algorithm::Cosignature, seed)),
            })
        };
        let times: serde_json::Map<String, Value> =
            witnesses().into_iter().map(|(name, seed)| (name, (TIME + u64::from(seed)).into())).collect();
        let said = json!({ "origin": origin(), "size": size, "root": tree.root().to_string(), "index": index, "times": times });
        let text = proof.to_string();
        assert_eq!(ask("check", &given(&text, &records[index])), said, "size {size}");
        let extra = TlogProof { extra: Some(b"for others".to_vec()), ..proof }.to_string();
        assert_eq!(ask("check", &given(&extra, &records[index])), said, "size {size}");

        let other = ask("check", &given(&text, b"another record"));
        assert_eq!(other, json!({ "refused": "the hashes lead to another root" }), "size {size}");
        let later = text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1);
        assert!(ask("check", &given(&later, &records[index]))["refused"].is_string(), "size {size}");
    }
}

#[test]
fn proofs_of_another_language_are_read_by_us() {
    if !there() {
        return;
    }
    for size in SIZES.into_iter().filter(|size| *size > 0) {
        let (records, index) = (records(size), size - 1);
        let made = ask(
            "make",
            &json!({
                "origin": origin(),
                "seed": hex::encode([1; 32]),
                "witnesses": witnesses().map(|(name, seed)| json!({ "name": name, "seed": hex::encode([seed; 32]) })),
                "records": records.iter().map(hex::encode).collect::<Vec<_>>(),
                "index": index,
                "time": TIME,
            }),
        );
        let text = made["proof"].as_str().expect("a proof");
        assert_eq!(made["log"], vkey(&origin(), Algorithm::Ed25519, 1), "the same verifier key");
        assert_eq!(made["witnesses"], json!(witnesses().map(|(name, seed)| vkey(&name, Algorithm::Cosignature, seed))));

        let proof: TlogProof = text.parse().expect("a tlog-proof");
        assert_eq!(proof.to_string(), text, "written back as it was");
        let head = proof.verify(&leaf_hash(&records[index]), &secret(1).public(), &origin()).expect("the record is in the log");
        assert_eq!(*head.checkpoint(), Ours::of(&records).checkpoint(&origin()));
        let keys = witnesses().map(|(name, seed)| WitnessKey {
            agency: format!("agency-{seed}").parse().expect("a slug"),
            name,
            key: secret(seed).public(),
        });
        let cosigned = head.cosignatures(&keys).expect("every line verifies");
        assert_eq!(cosigned, keys.iter().map(|key| (key.agency.clone(), at(TIME))).collect::<Vec<_>>());
        // Ed25519 signs the same bytes alike everywhere: the note is the one that we would have written.
        let mut own = SignedCheckpoint::sign(head.checkpoint(), &secret(1)).expect("a checkpoint");
        own.add(witnesses().map(|(name, seed)| cosign(head.checkpoint(), &secret(seed), &name, at(TIME)))).expect("lines");
        assert_eq!(own.to_string(), proof.checkpoint);
    }
}
