use proptest::prelude::*;

use super::*;
use crate::keys::SecretKey;
use crate::log::merkle::{Frontier, leaf_hash, root_of, slice_proof};

const ORIGIN: &str = "parangon/test/oslo";

/// The example of the specification with its elided signatures replaced: their form counts here, not their truth.
const EXAMPLE: &str = "c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJwA=
— witness1.example mJIrIgA=
";

fn made() -> (SecretKey, Vec<Hash>, TlogProof) {
    let key = SecretKey::from_seed(&[1; 32]);
    let leaves: Vec<Hash> = (0..11u8).map(|n| leaf_hash(&[n])).collect();
    let head = Checkpoint { origin: ORIGIN.to_owned(), size: 11, root: root_of(&leaves) };
    let checkpoint = checkpoint::sign(&head, &key).to_string();
    let hashes = slice_proof(&leaves, 4).expect("inside");
    (key, leaves, TlogProof { index: 4, hashes, extra: None, checkpoint })
}

#[test]
fn the_specifications_example_is_read_and_written() {
    let proof: TlogProof = EXAMPLE.parse().expect("its form is right");
    assert_eq!((proof.index, proof.hashes.len(), proof.extra.as_ref().map(Vec::len)), (73894, 5, Some(39)));
    assert!(proof.checkpoint.starts_with("example.com/fancylog\n109482\n"));
    assert_eq!(proof.to_string(), EXAMPLE);
}

#[test]
fn a_proof_holds_for_its_record_log_and_key() {
    let (key, leaves, proof) = made();
    let read: TlogProof = proof.to_string().parse().expect("just written");
    assert_eq!(read, proof);
    let head = read.verify(&leaves[4], &key.public(), ORIGIN).expect("it is there");
    assert_eq!(head.checkpoint().size, 11);
    assert_eq!(read.verify(&leaves[5], &key.public(), ORIGIN), Err(MerkleError::WrongRoot.into()));
    assert!(matches!(read.verify(&leaves[4], &key.public(), "parangon/test/wien"), Err(ProofError::Checkpoint(_))));
    let moved = TlogProof { index: 5, ..read.clone() };
    assert_eq!(moved.verify(&leaves[4], &key.public(), ORIGIN), Err(MerkleError::WrongRoot.into()));
    let outside = TlogProof { index: u64::MAX, ..read };
    assert_eq!(outside.verify(&leaves[4], &key.public(), ORIGIN), Err(MerkleError::Outside { index: u64::MAX, size: 11 }.into()));
}

#[test]
fn a_log_of_one_record_needs_no_hashes() {
    let key = SecretKey::from_seed(&[1; 32]);
    let mut frontier = Frontier::new();
    frontier.push_leaf(leaf_hash(b"only"));
    let head = Checkpoint { origin: ORIGIN.to_owned(), size: 1, root: frontier.root() };
    let proof = TlogProof { index: 0, hashes: vec![], extra: Some(vec![]), checkpoint: checkpoint::sign(&head, &key).to_string() };
    let read: TlogProof = proof.to_string().parse().expect("just written");
    assert_eq!(read, proof);
    assert!(read.verify(&leaf_hash(b"only"), &key.public(), ORIGIN).is_ok());
}

#[test]
fn what_is_no_proof_is_refused_by_name() {
    let (_, _, proof) = made();
    let text = proof.to_string();
    let hash = format!("{}\n", STANDARD.encode(proof.hashes[0].0));
    let many = |count: usize| TlogProof { hashes: vec![Hash::default(); count], ..proof.clone() }.to_string();
    assert!(many(limits::PROOF_HASHES).parse::<TlogProof>().is_ok());
    for (bad, error) in [
        (String::new(), ProofError::NoCheckpoint),
        (text.replace("@v1", "@v2"), ProofError::Header),
        (format!("\n{text}"), ProofError::Header),
        (text.replace("index 4", "index 04"), ProofError::Index),
        (text.replace("index 4", "index +4"), ProofError::Index),
        (text.replace("index 4", "index 18446744073709551616"), ProofError::Index),
        (text.replace("index 4\n", ""), ProofError::Index),
        (text.replace("index 4", "extra AA=="), ProofError::Index),
        (text.replace("index 4", "extra A\nindex 4"), ProofError::Extra),
        (text.replace("index 4", "extra AA==\nextra AA==\nindex 4"), ProofError::Index),
        (text.replace("index 4", "index 4\nextra AA=="), ProofError::Hash { line: 1 }),
        (text.replace(&hash, &hash.to_lowercase().replace('=', "")), ProofError::Hash { line: 1 }),
        (many(limits::PROOF_HASHES + 1), ProofError::TooManyHashes),
        (text.replace("\n\n", "\n"), ProofError::NoCheckpoint),
        (text[..text.len() - 1].to_owned(), NoteError::Structure.into()),
        ("c2sp.org/tlog-proof@v1\nindex 4\n\n".to_owned(), NoteError::Structure.into()),
        ("a".repeat(PROOF_BYTES + 1), ProofError::TooLarge { actual: PROOF_BYTES + 1 }),
    ] {
        assert_eq!(bad.parse::<TlogProof>(), Err(error), "{:?}", &bad[..bad.len().min(200)]);
    }
    let extra = TlogProof { extra: Some(vec![0; limits::RECORD_BYTES + 8]), ..proof };
    assert_eq!(extra.to_string().parse::<TlogProof>(), Err(ProofError::Extra));
}

proptest! {
    #[test]
    fn what_is_read_writes_back_the_same(at in any::<prop::sample::Index>(), with in "[ \nA=0x]{0,3}", drop in 0..4usize) {
        let text = made().2.to_string();
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let start = boundaries[at.index(boundaries.len())];
        let end = boundaries.iter().copied().find(|b| *b >= start + drop).unwrap_or(text.len());
        let altered = format!("{}{with}{}", &text[..start], &text[end..]);
        if let Ok(read) = altered.parse::<TlogProof>() {
            prop_assert_eq!(read.to_string(), altered);
        }
    }
}
