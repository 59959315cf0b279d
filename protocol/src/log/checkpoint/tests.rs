use super::*;
use crate::log::cosignature::cosign;

const ORIGIN: &str = "parangon/test/oslo";
const ROOT: &str = "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn head(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: if size == 0 { EMPTY_ROOT } else { Hash::of(&[&size.to_be_bytes()]) } }
}

fn witness(seed: u8, agency: &str) -> WitnessKey {
    WitnessKey { agency: agency.parse().expect("slug"), name: format!("parangon/test/{agency}/witness"), key: key(seed).public() }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("in range")
}

#[test]
fn a_body_is_three_exact_lines() {
    let size = limits::LOG_SIZE;
    for (body, verdict) in [
        (format!("o\n123\n{ROOT}\n"), None),
        (format!("o\n{size}\n{ROOT}\n"), None),
        (format!("o\n{}\n{ROOT}\n", size + 1), Some(CheckpointError::TooLong(size + 1))),
        (format!("o\n18446744073709551615\n{ROOT}\n"), Some(CheckpointError::TooLong(u64::MAX))),
        (format!("o\n18446744073709551616\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n0123\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n+123\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n-1\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n1 \n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n١\n{ROOT}\n"), Some(CheckpointError::Size)),
        (format!("o\n0\n{ROOT}\n"), Some(CheckpointError::EmptyRoot)),
        (format!("o\n0\n{}\n", STANDARD.encode(EMPTY_ROOT.0)), None),
        (format!("o\n123\n{}\n", &ROOT[..43]), Some(CheckpointError::Root)),
        (format!("o\n123\n{}\n", ROOT.replace('=', "A")), Some(CheckpointError::Root)),
        (format!("o\n123\n{}\n", ROOT.replace("0=", "1=")), Some(CheckpointError::Root)),
        (format!("o\n123\n{ROOT}"), Some(CheckpointError::Lines)),
        ("o\n123\n".to_owned(), Some(CheckpointError::Lines)),
        (String::new(), Some(CheckpointError::Lines)),
        (format!("\n123\n{ROOT}\n"), Some(CheckpointError::Origin)),
        (format!("o o\n123\n{ROOT}\n"), Some(CheckpointError::Origin)),
        (format!("o\n123\n{ROOT}\nx\n"), Some(CheckpointError::Extensions)),
        (format!("o\n123\n{ROOT}\n\n"), Some(CheckpointError::Lines)),
    ] {
        let read = Checkpoint::parse(&body);
        assert_eq!(read.as_ref().err().copied(), verdict, "{body:?}");
        if let Ok(read) = read {
            assert_eq!(read.body(), body);
        }
    }
}

#[test]
fn a_foreign_log_may_have_more_lines_and_more_records() {
    let body = format!("o o\n18446744073709551615\n{ROOT}\nabc\ndef\n");
    let (checkpoint, extensions) = Checkpoint::parse_foreign(&body).expect("the format allows it");
    assert_eq!((checkpoint.size, extensions), (u64::MAX, vec!["abc".to_owned(), "def".to_owned()]));
    assert_eq!(Checkpoint::parse_foreign(&format!("o\n1\n{ROOT}\nabc\n\n")), Err(CheckpointError::Lines));
}

#[test]
fn a_signed_head_opens_for_its_key_and_origin_only() {
    let head = head(7);
    let text = sign(&head, &key(1)).to_string();
    let signed = open(&text, &key(1).public(), ORIGIN).expect("signed");
    assert_eq!((signed.checkpoint(), signed.to_string()), (&head, text.clone()));
    assert_eq!(open(&text, &key(2).public(), ORIGIN), Err(NoteError::Unsigned.into()));
    assert_eq!(open(&text, &key(1).public(), "parangon/test/porto"), Err(NoteError::Unsigned.into()));
    assert_eq!(open(&text, &key(1).public(), "no name"), Err(CheckpointError::Origin));
    assert_eq!(open(&text.replace("\n7\n", "\n8\n"), &key(1).public(), ORIGIN), Err(NoteError::Forged.into()));
}

#[test]
fn a_key_that_signs_another_origin_under_its_name_is_refused() {
    let other = Checkpoint { origin: "parangon/test/porto".to_owned(), ..head(7) };
    let id = super::super::note::key_id(ORIGIN, Algorithm::Ed25519, &key(1).public());
    let bytes = key(1).sign_raw(other.body().as_bytes()).0.to_vec();
    let note = Note { text: other.body(), signatures: vec![NoteSignature { name: ORIGIN.to_owned(), id, bytes }] };
    assert_eq!(open(&note.to_string(), &key(1).public(), ORIGIN), Err(CheckpointError::OtherOrigin));
}

#[test]
fn only_a_checkpoint_of_ours_is_signed() {
    assert!(SignedCheckpoint::sign(&head(3), &key(1)).is_ok());
    for bad in [
        Checkpoint { origin: "a\nb".to_owned(), ..head(3) },
        Checkpoint { size: limits::LOG_SIZE + 1, ..head(3) },
        Checkpoint { size: 0, ..head(3) },
    ] {
        assert!(SignedCheckpoint::sign(&bad, &key(1)).is_err(), "{bad:?}");
    }
}

#[test]
fn cosignatures_are_gathered_once_each() {
    let mut signed = SignedCheckpoint::sign(&head(3), &key(1)).expect("ours");
    let mut copy = signed.clone();
    let (wien, porto) = (witness(2, "wien"), witness(3, "porto"));
    signed.add([cosign(&head(3), &key(2), &wien.name, at(100))]).expect("room");
    copy.add([cosign(&head(3), &key(2), &wien.name, at(100)), cosign(&head(3), &key(3), &porto.name, at(200))]).expect("room");
    signed.merge(&copy).expect("the same head");
    assert_eq!(signed.note().signatures.len(), 3);
    let read = open(&signed.to_string(), &key(1).public(), ORIGIN).expect("signed");
    assert_eq!(read.cosignatures([&wien, &porto]), Ok(vec![(wien.agency.clone(), at(100)), (porto.agency.clone(), at(200))]));
    assert_eq!(read.cosignatures([&porto]), Ok(vec![(porto.agency.clone(), at(200))]));
    assert_eq!(read.cosignatures([]), Ok(vec![]));

    let other = SignedCheckpoint::sign(&head(4), &key(1)).expect("ours");
    assert_eq!(signed.merge(&other), Err(CheckpointError::OtherHead));
}

#[test]
fn a_false_cosignature_by_a_known_witness_is_an_error() {
    let mut signed = SignedCheckpoint::sign(&head(3), &key(1)).expect("ours");
    let wien = witness(2, "wien");
    signed.add([cosign(&head(4), &key(2), &wien.name, at(100))]).expect("room");
    assert_eq!(signed.cosignatures([&wien]), Err(CosignatureError::Forged));
    assert_eq!(signed.cosignatures([&witness(3, "wien")]), Ok(vec![]), "another key of the same witness");
}

#[test]
fn a_note_does_not_grow_beyond_its_bounds() {
    let mut signed = SignedCheckpoint::sign(&head(3), &key(1)).expect("ours");
    let line = |n: usize| NoteSignature { name: format!("w{n}"), id: [0; 4], bytes: vec![1] };
    signed.add((1..limits::NOTE_SIGNATURES).map(line)).expect("just room");
    let full = signed.clone();
    assert_eq!(signed.add([line(0)]), Err(NoteError::TooManySignatures));
    assert_eq!(signed.add([line(1)]), Ok(()), "it is there already");
    let long = NoteSignature { name: "a".repeat(limits::NOTE_BYTES), id: [0; 4], bytes: vec![1] };
    let mut fresh = SignedCheckpoint::sign(&head(3), &key(1)).expect("ours");
    assert!(matches!(fresh.add([long]), Err(NoteError::TooLarge { .. })));
    assert_eq!(fresh.add([NoteSignature { name: "a b".to_owned(), ..line(1) }]), Err(NoteError::KeyName));
    assert_eq!(fresh.add([NoteSignature { bytes: vec![], ..line(1) }]), Err(NoteError::SignatureLine { line: 2 }));
    assert_eq!(fresh.note().signatures.len(), 1);
    assert_eq!(open(&full.to_string(), &key(1).public(), ORIGIN), Ok(full));
}
