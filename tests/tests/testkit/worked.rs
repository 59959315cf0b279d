//! The texts of the smallest label file that docs/label-files.md walks through, and that it says of them what is so.

use std::fs;
use std::path::Path;

use parangon_protocol::canonical;
use parangon_protocol::id::Hash;
use parangon_protocol::label::Label;
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::credential::proof::ProofOptions;
use parangon_protocol::label::credential::{EndorsementSubject, LabelSubject};
use parangon_protocol::limits;
use parangon_protocol::log::merkle;
use parangon_protocol::log::note::Note;
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::record::Record;

use crate::kit::Kit;
use crate::support::federation::key;

struct Worked {
    record: Vec<u8>,
    label: Box<Label>,
    proof: TlogProof,
    options: String,
    statements: String,
    endorsement: String,
}

fn worked() -> Worked {
    let (scene, id) = crate::hostile::small();
    let bundle: Bundle = scene.bundle(id);
    let record = canonical::encode(&bundle.label.record, limits::RECORD_BYTES).unwrap();
    let Record::Label(label) = Record::read(&record).unwrap() else { panic!("a label") };
    let (federation, charter) = (scene.federation.fingerprint(), scene.federation.charter());
    let (ours, theirs) = (key("issue", "stuttgart").public(), key("issue", "oslo").public());
    let credential = LabelSubject { federation, charter, label: &label, issuer_key: &ours };
    let endorsement = &label.endorsements[0];
    let endorsement = EndorsementSubject { federation, charter, label_common: &label.common, label_id: id, endorsement, key: &theirs };
    Worked {
        proof: bundle.label.proof.join("\n").parse().unwrap(),
        options: ProofOptions::new(label.issued, &ours).canonical(),
        statements: credential.quads().unwrap().canonical(),
        endorsement: endorsement.quads().unwrap().canonical(),
        record,
        label,
    }
}

pub fn add(kit: &mut Kit) {
    let Worked { record, proof, options, statements, endorsement, .. } = worked();
    let head = Note::parse(&proof.checkpoint).unwrap().text;
    for (name, text) in [
        ("record.json", record),
        ("head.txt", head.into_bytes()),
        ("options.txt", options.into_bytes()),
        ("statements.txt", statements.into_bytes()),
        ("endorsement.txt", endorsement.into_bytes()),
    ] {
        kit.text(&format!("worked/{name}"), text);
    }
}

#[test]
fn the_documentation_walks_through_the_smallest_file() {
    let worked = worked();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/label-files.md")).unwrap();
    let hash = |text: &str| Hash::of(&[text.as_bytes()]).to_string();
    let leaf = merkle::leaf_hash(&worked.record);
    let inner = Hash::of(&[&[1], &leaf.0, &worked.proof.hashes[0].0]);
    let root = Hash::of(&[&[1], &worked.proof.hashes[1].0, &inner.0]);
    let note = Note::parse(&worked.proof.checkpoint).unwrap();
    let id = worked.label.common.id().unwrap();
    let lines = |text: &str| text.lines().count().to_string();
    let mut expected = vec![
        id.to_string(),
        worked.label.endorsements[0].id(&id).unwrap().to_string(),
        leaf.to_string(),
        worked.proof.hashes[0].to_string(),
        inner.to_string(),
        worked.proof.hashes[1].to_string(),
        root.to_string(),
        note.text.clone(),
        hex::encode(note.signatures[0].id),
        hex::encode(note.signatures[1].id),
        hex::encode(&note.signatures[1].bytes[..8]),
        hash(&worked.options),
        hash(&worked.statements),
        hash(&worked.endorsement),
        hex::encode(worked.label.proof.0.0),
        worked.label.proof.0.to_multibase(),
        worked.label.endorsements[0].proof.0.to_multibase(),
        format!("{} statements", lines(&worked.statements)),
        Hash::of(&[&[0], format!(r#"{{"label":"{id}","state":"active"}}"#).as_bytes()]).to_string(),
    ];
    expected.extend([key("issue", "stuttgart"), key("log", "stuttgart")].map(|key| key.public().to_string()));
    for value in expected {
        assert!(text.contains(&value), "{value} is missing");
    }
}
