use super::*;
use crate::id::Hash;
use crate::log::note::Note;

/// The example of the specification; its keys are not printed there.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
const WITNESS: &str = "parangon/test/wien/witness";

fn head() -> Checkpoint {
    Checkpoint { origin: "parangon/test/oslo".to_owned(), size: 5, root: Hash::of(&[b"root"]) }
}

fn made() -> (SecretKey, Timestamp, NoteSignature) {
    let key = SecretKey::from_seed(&[9; 32]);
    let time = Timestamp::from_seconds(1_679_315_147).expect("in range");
    let line = cosign(&head(), &key, WITNESS, time);
    (key, time, line)
}

#[test]
fn the_specifications_example_has_its_form() {
    let note = Note::parse(EXAMPLE).expect("a note");
    assert!(Checkpoint::parse(&note.text).is_ok());
    assert_eq!(claimed_time(&note.signatures[1]).map(Timestamp::seconds), Ok(1_679_315_147));
    assert_eq!(note.signatures[1].id, [0x8d, 0x66, 0xcf, 0x3f]);
    let expected = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(message(&note.text, 1_679_315_147), expected.as_bytes());
}

#[test]
fn a_cosignature_binds_head_time_name_and_key() {
    let (key, time, line) = made();
    assert_eq!(verify(&head(), WITNESS, &key.public(), &line), Ok(time));
    for other in [
        Checkpoint { size: 6, ..head() },
        Checkpoint { root: Hash::of(&[b"other"]), ..head() },
        Checkpoint { origin: "parangon/test/porto".to_owned(), ..head() },
    ] {
        assert_eq!(verify(&other, WITNESS, &key.public(), &line), Err(CosignatureError::Forged), "{other:?}");
    }
    let mut later = line.clone();
    later.bytes[7] += 1;
    assert_eq!(verify(&head(), WITNESS, &key.public(), &later), Err(CosignatureError::Forged));
    assert_eq!(verify(&head(), "parangon/test/oslo/witness", &key.public(), &line), Err(CosignatureError::OtherKey));
    let renamed = NoteSignature { name: "parangon/test/oslo/witness".to_owned(), ..line.clone() };
    assert_eq!(verify(&head(), WITNESS, &key.public(), &renamed), Err(CosignatureError::OtherKey));
    let other = SecretKey::from_seed(&[8; 32]).public();
    assert_eq!(verify(&head(), WITNESS, &other, &line), Err(CosignatureError::OtherKey));
}

#[test]
fn a_logs_signature_is_no_cosignature_and_the_other_way_round() {
    let (key, _, line) = made();
    let name = &head().origin;
    let plain = super::super::checkpoint::sign(&head(), &key).signatures.remove(0);
    assert_eq!(verify(&head(), name, &key.public(), &plain), Err(CosignatureError::OtherKey));
    let relabelled = NoteSignature { id: key_id(WITNESS, Algorithm::Cosignature, &key.public()), name: WITNESS.to_owned(), ..plain };
    assert_eq!(verify(&head(), WITNESS, &key.public(), &relabelled), Err(CosignatureError::Length { actual: 64 }));
    let tail = Signature(line.bytes[8..].try_into().expect("64 bytes"));
    assert!(key.public().verify_raw(head().body().as_bytes(), &tail).is_err());
}

#[test]
fn another_length_or_an_impossible_time_is_refused() {
    let (key, _, line) = made();
    for length in [0, 7, 8, 71, 73, 200] {
        let mut bytes = line.bytes.clone();
        bytes.resize(length, 0);
        let bad = NoteSignature { bytes, ..line.clone() };
        assert_eq!(verify(&head(), WITNESS, &key.public(), &bad), Err(CosignatureError::Length { actual: length }));
        assert_eq!(claimed_time(&bad), Err(CosignatureError::Length { actual: length }));
    }
    let mut bad = line;
    bad.bytes[..8].fill(0xff);
    assert_eq!(verify(&head(), WITNESS, &key.public(), &bad), Err(CosignatureError::Time));
}
