//! Heads, cosignatures and inclusion proofs that do not prove what they are shown for.

use parangon_protocol::label::Label;
use parangon_protocol::label::bundle::{Bundle, Proven};
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::note::{Note, NoteSignature};
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::record::Record;
use parangon_protocol::verify::{Cause, Outcome};

use crate::support::award::sign_with;
use crate::support::federation::key;
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{log, time};
use crate::{assert_altered, assert_outcome, today};

fn proof(proven: &Proven) -> TlogProof {
    proven.proof.join("\n").parse().unwrap()
}

fn with(proven: &Proven, proof: &TlogProof) -> Proven {
    Proven { record: proven.record.clone(), proof: proof.to_string().split('\n').map(str::to_owned).collect() }
}

/// The label's proof after `change`.
fn label_proof(good: &Bundle, change: impl FnOnce(&mut TlogProof)) -> Bundle {
    let mut proof = proof(&good.label);
    change(&mut proof);
    Bundle { label: with(&good.label, &proof), ..good.clone() }
}

/// The note over the label after `change`.
fn label_note(good: &Bundle, change: impl FnOnce(&mut Note)) -> Bundle {
    label_proof(good, |proof| {
        let mut note = Note::parse(&proof.checkpoint).unwrap();
        change(&mut note);
        proof.checkpoint = note.to_string();
    })
}

/// Case L13: another index, another size, hashes missing, too many, out of order, or of another record.
#[test]
fn l13_an_inclusion_proof_proves_one_place() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let hashes = proof(&good.label).hashes;
    assert!(hashes.len() >= 2 && hashes[0] != hashes[1]);
    let changes: [fn(&mut TlogProof); 8] = [
        |proof| proof.index -= 1,
        |proof| proof.index += 1,
        |proof| proof.index = u64::MAX,
        |proof| proof.hashes.truncate(1),
        |proof| proof.hashes.rotate_left(1),
        |proof| proof.hashes.push(proof.hashes[0]),
        |proof| proof.hashes = proof.hashes[1..].to_vec(),
        |proof| proof.hashes.clear(),
    ];
    for change in changes {
        assert_altered(&today(&scene.federation, &label_proof(&good, change)), "label");
    }
    let adoption = proof(&good.adoption);
    assert_altered(&today(&scene.federation, &label_proof(&good, |proof| *proof = adoption)), "label");
    assert_altered(&today(&scene.federation, &label_proof(&good, |proof| proof.extra = Some(b"seen?".to_vec()))), "label");
    let foreign = proof(&good.confirmations[0].entry).checkpoint;
    assert_altered(&today(&scene.federation, &label_proof(&good, |proof| proof.checkpoint = foreign)), "label");
}

/// Case C13: a head of one log shown as another's, also when the same hand signs both.
#[test]
fn c13_a_head_is_good_for_its_origin() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let theirs = |signer: &str, origin: &str| {
        let ledger = &scene.logs[&log("stuttgart")];
        let root = ledger.frontier(ledger.size()).root();
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: ledger.size(), root };
        let mut note = parangon_protocol::log::checkpoint::sign(&checkpoint, &key("log", signer));
        let line = |id: &str| cosign(&checkpoint, &key("witness", id), &scene.federation.witness_name(id), time(WITNESSED));
        note.signatures.extend(["lyon", "madrid", "oslo", "porto"].map(line));
        label_proof(&good, |proof| proof.checkpoint = note.to_string())
    };
    let own = log("stuttgart").origin(scene.federation.fingerprint());
    assert_outcome(&today(&scene.federation, &theirs("stuttgart", &own)), Outcome::Valid, 0);
    let origins =
        [log("porto").origin(scene.federation.fingerprint()), format!("{own}/1"), format!("{own}/02"), "parangon/x/stuttgart".to_owned()];
    for origin in origins {
        assert_altered(&today(&scene.federation, &theirs("stuttgart", &origin)), "label");
    }
    assert_altered(&today(&scene.federation, &theirs("porto", &own)), "label");
}

/// Case C14: a cosignature holds for one head at one time under one name.
#[test]
fn c14_a_cosignature_is_not_lifted() {
    let (mut scene, id) = Scene::gold();
    let old = Note::parse(&proof(&scene.bundle(id).label).checkpoint).unwrap();
    scene.state("stuttgart");
    scene.cosign_all("2026-11-25T00:00:00Z");
    let good = scene.bundle(id);
    let lyon = scene.federation.witness_name("lyon");
    let line = |note: &mut Note, change: &dyn Fn(&mut NoteSignature)| {
        let line = note.signatures.iter_mut().find(|line| line.name == lyon).unwrap();
        change(line);
    };
    let from_before = old.signatures.iter().find(|line| line.name == lyon).unwrap().clone();
    let changes: [&dyn Fn(&mut NoteSignature); 7] = [
        &|line| *line = from_before.clone(),
        &|line| line.bytes[7] ^= 1, // a second later or earlier
        &|line| line.bytes[70] ^= 1,
        &|line| line.id[0] ^= 1,
        &|line| (line.id[3], line.bytes[0]) = (line.id[3] ^ 1, 0xf0), // one character of base64
        &|line| line.bytes.truncate(71),
        &|line| line.name = scene.federation.witness_name("oslo"),
    ];
    for change in changes {
        let bundle = label_note(&good, |note| line(note, change));
        assert_altered(&today(&scene.federation, &bundle), "label");
    }
    // A time after the year 9999.
    let bundle = label_note(&good, |note| line(note, &|line| line.bytes[..8].fill(0xff)));
    assert_altered(&today(&scene.federation, &bundle), "label");
}

/// What C2SP asks for: lines by unknown keys are ignored. A member's own line under another name is no such line.
#[test]
fn foreign_lines_are_ignored_and_altered_ones_are_not() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let foreign = NoteSignature { name: "witness.example/w1".into(), id: [1, 2, 3, 4], bytes: vec![0; 72] };
    let bundle = label_note(&good, |note| note.signatures.push(foreign));
    assert_outcome(&today(&scene.federation, &bundle), Outcome::Valid, 0);
    // By a key that Porto had before, or has from later on: not counted, and not held against the file.
    let bundle = label_note(&good, |note| {
        let head = Checkpoint::parse(&note.text).unwrap();
        *note.signatures.last_mut().unwrap() =
            cosign(&head, &key("old witness", "porto"), &scene.federation.witness_name("porto"), time(WITNESSED));
    });
    assert_outcome(&today(&scene.federation, &bundle), Outcome::Valid, 0);
    for line in 1..5 {
        let bundle = label_note(&good, |note| note.signatures[line].name.push('s'));
        assert_altered(&today(&scene.federation, &bundle), "label");
        let bundle = label_note(&good, |note| note.signatures[line].id[3] ^= 1);
        assert_altered(&today(&scene.federation, &bundle), "label");
    }
}

#[test]
fn a_line_given_twice_counts_once() {
    let (mut scene, id) = Scene::gold();
    scene.cosign("stuttgart", &["lyon", "oslo"], WITNESSED);
    let bundle = label_note(&scene.bundle(id), |note| {
        let again = note.signatures[1].clone();
        note.signatures.extend([again.clone(), again]);
    });
    let verdict = today(&scene.federation, &bundle);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert!(matches!(verdict.cause, Some(Cause::NoQuorum { have: 2, needed: 3, .. })), "{:?}", verdict.cause);
}

/// The owner's witness key does not watch its own log.
#[test]
fn an_agency_does_not_witness_itself() {
    let (mut scene, id) = Scene::gold();
    scene.cosign("stuttgart", &["lyon", "oslo", "stuttgart"], WITNESSED);
    let verdict = today(&scene.federation, &scene.bundle(id));
    assert!(matches!(verdict.cause, Some(Cause::NoQuorum { have: 2, needed: 3, .. })), "{:?}", verdict.cause);
}

#[test]
fn a_key_set_needs_its_identity_key_and_its_place() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    for at in 0..5 {
        let mut bundle = good.clone();
        bundle.keysets[at].index = 1;
        assert_altered(&today(&scene.federation, &bundle), "key set");
        let mut bundle = good.clone();
        bundle.keysets[at].keyset.signature = good.keysets[(at + 1) % 5].keyset.signature;
        assert_altered(&today(&scene.federation, &bundle), "key set");
        let mut bundle = good.clone();
        bundle.keysets[at].keyset.body.issue = key("issue", "nobody").public();
        assert_altered(&today(&scene.federation, &bundle), "key set");
    }
}

/// The index of a key set decides which key had to sign: labels from before a replacement stay valid.
#[test]
fn each_label_is_checked_with_the_key_set_that_it_names() {
    let (mut scene, before) = Scene::gold();
    let second = scene.federation.keyset_with("stuttgart", 2, "second issue");
    let index = scene.append("stuttgart", &Record::KeySet(Box::new(second)));
    let label = Label { keyset: index, ..another().sign(&scene.federation) };
    let issue = |scene: &Scene, label: Label| {
        let (mut scene, id) = (scene.clone(), label.common.id().unwrap());
        scene.issue(label);
        scene.state("stuttgart");
        scene.cosign_all(WITNESSED);
        assert_outcome(&today(&scene.federation, &scene.bundle(before)), Outcome::Valid, 0);
        today(&scene.federation, &scene.bundle(id))
    };
    let signed = sign_with("second issue", &scene.federation, label.clone());
    assert_outcome(&issue(&scene, signed.clone()), Outcome::Valid, 0);
    let old_key = sign_with("issue", &scene.federation, label);
    assert_altered(&issue(&scene, old_key), "signature");
    let new_key = Label { keyset: 0, ..signed };
    assert_altered(&issue(&scene, new_key), "signature");
}

/// Every founder signed the charter; nobody else did.
#[test]
fn a_charter_needs_every_founder() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    for at in 0..5 {
        let mut bundle = good.clone();
        bundle.founding.signatures.remove(at);
        assert_altered(&today(&scene.federation, &bundle), "charter");
        let mut bundle = good.clone();
        bundle.founding.signatures[at].signature = good.founding.signatures[(at + 1) % 5].signature;
        assert_altered(&today(&scene.federation, &bundle), "charter");
    }
    let mut bundle = good.clone();
    bundle.founding.charter.status_max_age_days = 36_500;
    assert_altered(&today(&scene.federation, &bundle), "charter");
}

/// What nobody asks for has no place in the file.
#[test]
fn a_confirmation_by_somebody_else_is_no_part_of_the_file() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let mut bundle = good.clone();
    bundle.confirmations.push(good.confirmations[0].clone());
    assert_altered(&today(&scene.federation, &bundle), "confirmation");
    bundle.confirmations[2].agency = crate::support::agency("porto");
    assert_altered(&today(&scene.federation, &bundle), "confirmation");
}
