//! Proofs, heads and cosignatures that do not show what they are there for.

use parangon_protocol::label::bundle::{Bundle, Proven};
use parangon_protocol::log::checkpoint::{Checkpoint, sign};
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::note::{Note, NoteSignature};
use parangon_protocol::log::proof::TlogProof;
use serde_json::json;

use crate::kit::{Facet, Kit};
use crate::support::award::gold;
use crate::support::federation::key;
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{anchor, log, time};

pub fn proof(proven: &Proven) -> TlogProof {
    proven.proof.join("\n").parse().unwrap()
}

fn with(proven: &Proven, proof: &TlogProof) -> Proven {
    Proven { record: proven.record.clone(), proof: proof.to_string().split('\n').map(str::to_owned).collect() }
}

/// The label's proof after `change`.
pub fn label_proof(good: &Bundle, change: impl FnOnce(&mut TlogProof)) -> Bundle {
    let mut proof = proof(&good.label);
    change(&mut proof);
    Bundle { label: with(&good.label, &proof), ..good.clone() }
}

/// The note over the label after `change`.
pub fn label_note(good: &Bundle, change: impl FnOnce(&mut Note)) -> Bundle {
    label_proof(good, |proof| {
        let mut note = Note::parse(&proof.checkpoint).unwrap();
        change(&mut note);
        proof.checkpoint = note.to_string();
    })
}

/// The label's proof by its lines.
fn label_lines(good: &Bundle, change: impl FnOnce(&mut Vec<String>)) -> Bundle {
    let mut bundle = good.clone();
    change(&mut bundle.label.proof);
    bundle
}

pub fn add(kit: &mut Kit) {
    paths(kit);
    lines(kit);
    heads(kit);
    cosignatures(kit);
    forks(kit);
}

fn paths(kit: &mut Kit) {
    let mut family = kit.family("proofs", "usual");
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    type Change = fn(&mut TlogProof);
    let changes: [(&str, Change); 8] = [
        ("index-before", |proof| proof.index -= 1),
        ("index-after", |proof| proof.index += 1),
        ("index-largest", |proof| proof.index = u64::MAX),
        ("hashes-few", |proof| proof.hashes.truncate(1)),
        ("hashes-turned", |proof| proof.hashes.rotate_left(1)),
        ("hashes-more", |proof| proof.hashes.push(proof.hashes[0])),
        ("hashes-without-first", |proof| proof.hashes = proof.hashes[1..].to_vec()),
        ("hashes-none", |proof| proof.hashes.clear()),
    ];
    for (name, change) in changes {
        let case = family.bundle(name, "Not the label's place in its log.", &label_proof(&good, change));
        case.inclusion(Facet::Fails).altered("label");
    }
    // Each hash of each proof, one bit of it.
    type Place = fn(&mut Bundle) -> &mut Proven;
    let parts: [(&str, &str, Place); 5] = [
        ("label", "label", |bundle| &mut bundle.label),
        ("adoption", "charter record", |bundle| &mut bundle.adoption),
        ("confirmation-0", "confirmation", |bundle| &mut bundle.confirmations[0].entry),
        ("confirmation-1", "confirmation", |bundle| &mut bundle.confirmations[1].entry),
        ("status", "status", |bundle| &mut bundle.status.as_mut().unwrap().entry),
    ];
    for (name, part, place) in parts {
        for at in 0..proof(place(&mut good.clone())).hashes.len() {
            let mut bad = good.clone();
            let mut changed = proof(place(&mut bad));
            changed.hashes[at].0[at] ^= 1;
            *place(&mut bad) = with(place(&mut bad), &changed);
            let case = family.bundle(format!("hash-{name}-{at}"), "One bit of one hash.", &bad);
            case.inclusion(Facet::Fails).altered(part);
        }
    }
    let adoption = proof(&good.adoption);
    let bad = label_proof(&good, |proof| *proof = adoption);
    family.bundle("proof-of-another-leaf", "The charter record's proof.", &bad).inclusion(Facet::Fails).altered("label");
    let mut bad = good.clone();
    bad.adoption = Proven { record: good.adoption.record.clone(), proof: good.confirmations[0].entry.proof.clone() };
    let case = family.bundle("proof-of-another-log", "The charter record under an endorser's head.", &bad);
    case.inclusion(Facet::Fails).altered("charter record");
}

fn lines(kit: &mut Kit) {
    let mut family = kit.family("proofs", "usual");
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let bad = label_proof(&good, |proof| proof.extra = Some(b"seen?".to_vec()));
    // The proof is a sound one to others; here nothing authenticates that line.
    family.bundle("extra-line", "A line of extra data, which nothing authenticates.", &bad).altered("label");
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change); 9] = [
        ("header", |lines| lines[0] = "c2sp.org/tlog-proof@v2".into()),
        ("no-header", |lines| drop(lines.remove(0))),
        ("no-index", |lines| drop(lines.remove(1))),
        ("index-zero-padded", |lines| lines[1] = lines[1].replace("index ", "index 0")),
        ("index-signed", |lines| lines[1] = lines[1].replace("index ", "index +")),
        ("hash-short", |lines| lines[2].truncate(43)),
        ("no-blank-line", |lines| lines.retain(|line| !line.is_empty())),
        ("no-last-line-feed", |lines| drop(lines.pop())),
        ("carriage-returns", |lines| lines[2].push('\r')),
    ];
    for (name, change) in changes {
        let bad = label_lines(&good, change);
        // A control character is not even written into a file.
        let Ok(text) = bad.to_text() else {
            let text = serde_json::to_string(&bad).unwrap();
            family.file(format!("lines-{name}"), "No control character stands in a label file.", text).damaged();
            continue;
        };
        family.file(format!("lines-{name}"), "Not the lines of a tlog-proof.", text).inclusion(Facet::Fails).altered("label");
    }
    let bad = label_lines(&good, |lines| lines[2].replace_range(43..44, "B"));
    let case = family.bundle("lines-hash-base64", "Base64 with bits behind its end.", &bad);
    case.inclusion(Facet::Fails).altered("label");
}

fn heads(kit: &mut Kit) {
    let mut family = kit.family("proofs", "usual");
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let own = log("stuttgart").origin(scene.federation.fingerprint());
    let theirs = |signer: &str, origin: &str| {
        let ledger = &scene.logs[&log("stuttgart")];
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: ledger.size(), root: ledger.frontier(ledger.size()).root() };
        let mut note = sign(&checkpoint, &key("log", signer));
        let line = |id: &str| cosign(&checkpoint, &key("witness", id), &scene.federation.witness_name(id), time(WITNESSED));
        note.signatures.extend(["lyon", "madrid", "oslo", "porto"].map(line));
        label_proof(&good, |proof| proof.checkpoint = note.to_string())
    };
    family.bundle("head-own", "Another head by the log itself.", &theirs("stuttgart", &own)).valid();
    let fingerprint = scene.federation.fingerprint();
    for (name, signer, origin) in [
        ("head-origin-of-another", "stuttgart", log("porto").origin(fingerprint)),
        ("head-origin-epoch-1", "stuttgart", format!("{own}/1")),
        ("head-origin-epoch-02", "stuttgart", format!("{own}/02")),
        ("head-origin-epoch-0", "stuttgart", format!("{own}/0")),
        ("head-origin-other-federation", "stuttgart", format!("parangon/{}/stuttgart", "0".repeat(64))),
        ("head-signed-by-another", "porto", own.clone()),
    ] {
        let case = family.bundle(name, "A head by another log, or under another name.", &theirs(signer, &origin));
        case.inclusion(Facet::Fails).altered("label");
    }
    let foreign = proof(&good.confirmations[0].entry).checkpoint;
    let bad = label_proof(&good, |proof| proof.checkpoint = foreign);
    family.bundle("head-of-another-log", "An endorser's head, whole.", &bad).inclusion(Facet::Fails).altered("label");
    type Change = fn(&mut Note);
    let changes: [(&str, Change); 6] = [
        ("size", |note| note.text = note.text.replacen("\n4\n", "\n5\n", 1)),
        ("root", |note| note.text = note.text.replacen('A', "B", 1)),
        ("extension", |note| note.text.push_str("more\n")),
        ("unsigned", |note| drop(note.signatures.remove(0))),
        ("signature", |note| note.signatures[0].bytes[3] ^= 1),
        ("signature-short", |note| note.signatures[0].bytes.truncate(63)),
    ];
    for (name, change) in changes {
        let bad = label_note(&good, change);
        assert_ne!(bad, good, "{name}");
        family.bundle(format!("head-{name}"), "A head that its log did not sign.", &bad).inclusion(Facet::Fails).altered("label");
    }
}

fn cosignatures(kit: &mut Kit) {
    let mut family = kit.family("proofs", "usual");
    let (mut scene, id) = Scene::gold();
    let old = Note::parse(&proof(&scene.bundle(id).label).checkpoint).unwrap();
    scene.state("stuttgart");
    scene.cosign_all("2026-11-25T00:00:00Z");
    let good = scene.bundle(id);
    let lyon = scene.federation.witness_name("lyon");
    let line =
        |note: &mut Note, change: &dyn Fn(&mut NoteSignature)| change(note.signatures.iter_mut().find(|line| line.name == lyon).unwrap());
    let before = old.signatures.iter().find(|line| line.name == lyon).unwrap().clone();
    type Change<'a> = &'a dyn Fn(&mut NoteSignature);
    let changes: [(&str, Change<'_>); 8] = [
        ("of-an-older-head", &|line| *line = before.clone()),
        ("time", &|line| line.bytes[7] ^= 1),
        ("signature", &|line| line.bytes[70] ^= 1),
        ("key-id", &|line| line.id[0] ^= 1),
        ("short", &|line| line.bytes.truncate(71)),
        ("long", &|line| line.bytes.push(0)),
        ("name", &|line| line.name = scene.federation.witness_name("oslo")),
        ("after-9999", &|line| line.bytes[..8].fill(0xff)),
    ];
    for (name, change) in changes {
        let bad = label_note(&good, |note| line(note, change));
        family.bundle(format!("cosignature-{name}"), "A member's line that it did not make like this.", &bad).altered("label");
    }
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    for at in [1, 4] {
        let bad = label_note(&good, |note| note.signatures[at].name.push('s'));
        family.bundle(format!("cosignature-{at}-renamed"), "A member's line under another name.", &bad).altered("label");
    }
    let foreign = NoteSignature { name: "witness.example/w1".into(), id: [1, 2, 3, 4], bytes: vec![0; 72] };
    let more = label_note(&good, |note| note.signatures.push(foreign.clone()));
    family.bundle("cosignature-foreign", "A line by an unknown key is ignored.", &more).valid();
    let former = label_note(&good, |note| {
        let head = Checkpoint::parse(&note.text).unwrap();
        let last = note.signatures.last_mut().unwrap();
        *last = cosign(&head, &key("old witness", "porto"), &scene.federation.witness_name("porto"), time(WITNESSED));
    });
    family.bundle("cosignature-unknown-key", "A member's line by a key that the file does not know is ignored.", &former).valid();
    let mut few = scene.clone();
    few.cosign("stuttgart", &["lyon", "oslo"], WITNESSED);
    let short = json!({ "agency": "stuttgart", "have": 2, "needed": 3 });
    let twice = label_note(&few.bundle(id), |note| {
        let again = note.signatures[1].clone();
        note.signatures.extend([again.clone(), again]);
    });
    family.bundle("cosignature-repeated", "One line three times counts once.", &twice).unsure("no-quorum", short.clone());
    let foreign = label_note(&few.bundle(id), |note| note.signatures.extend([foreign.clone(), foreign.clone()]));
    family.bundle("cosignature-strangers", "Lines of strangers count nothing.", &foreign).unsure("no-quorum", short.clone());
    few.cosign("stuttgart", &["lyon", "oslo", "stuttgart"], WITNESSED);
    family.bundle("cosignature-own", "A log's owner is no witness of it.", &few.bundle(id)).unsure("no-quorum", short.clone());
    let mut weak = scene.clone();
    weak.state("stuttgart");
    weak.cosign("stuttgart", &["lyon", "madrid"], "2026-11-25T00:00:00Z");
    let weak = weak.bundle(id);
    for (name, part) in [("label", 0), ("adoption", 1), ("status", 2)] {
        let mut mixed = good.clone();
        match part {
            0 => mixed.label = weak.label.clone(),
            1 => mixed.adoption = weak.adoption.clone(),
            _ => mixed.status = weak.status.clone(),
        }
        let about = "Each head needs its quorum, not one of them.";
        family.bundle(format!("quorum-{name}"), about, &mixed).unsure("no-quorum", short.clone());
    }
    let mut bad = good.clone();
    bad.confirmations.push(good.confirmations[0].clone());
    family.bundle("confirmation-repeated", "A confirmation too many.", &bad).altered("confirmation");
    bad.confirmations[2].agency = crate::support::agency("porto");
    let case = family.bundle("confirmation-by-a-stranger", "By one who did not endorse.", &bad);
    case.inclusion(Facet::Fails).altered("confirmation");
    let mut bad = good.clone();
    let (first, second) = (good.confirmations[0].entry.clone(), good.confirmations[1].entry.clone());
    (bad.confirmations[0].entry, bad.confirmations[1].entry) = (second, first);
    let case = family.bundle("confirmations-swapped", "Each under the other's name.", &bad);
    case.inclusion(Facet::Fails).altered("confirmation");
}

/// Two stories of one log: what one file shows of them.
fn forks(kit: &mut Kit) {
    let mut family = kit.family("proofs", "usual");
    let (story, id) = Scene::gold();
    // Behind the label the other story goes another way; only its accomplice cosigned that.
    let mut other = Scene::founded(story.federation.clone());
    other.award(&gold("stuttgart", "first", &["lyon", "oslo"]));
    other.append("stuttgart", &anchor(7));
    other.state("stuttgart");
    other.cosign("stuttgart", &["madrid"], "2026-11-25T00:00:00Z");
    for owner in ["lyon", "oslo"] {
        let others: Vec<&str> = ["lyon", "madrid", "oslo", "porto", "stuttgart"].into_iter().filter(|id| *id != owner).collect();
        other.cosign(owner, &others, WITNESSED);
    }
    let (good, forked) = (story.bundle(id), other.bundle(id));
    let mut mixed = good.clone();
    mixed.status = forked.status;
    let short = json!({ "agency": "stuttgart", "have": 1, "needed": 3 });
    let about = "Its log told two stories behind the label; the status is of the one that one witness saw.";
    family.bundle("fork-status", about, &mixed).unsure("no-quorum", short);
    family.bundle("fork-other-story", "The story that the quorum saw.", &good).valid();
    let (elsewhere, second) = Scene::awarded(&gold("stuttgart", "second", &["lyon", "oslo"]));
    let mut both = good.clone();
    both.status = elsewhere.bundle(second).status;
    let about = "Two heads of one size with two roots, and a quorum under each.";
    family.bundle("fork-both-stories", about, &both).unsure("forked", json!({ "agency": "stuttgart" }));
    let (mut more, id) = Scene::gold();
    more.award(&another());
    more.state("stuttgart");
    more.cosign_all("2026-11-25T00:00:00Z");
    let mut older = more.bundle(id);
    older.label = good.label;
    family.bundle("heads-of-two-days", "Parts under an older and a newer head of one log.", &older).valid();
}
