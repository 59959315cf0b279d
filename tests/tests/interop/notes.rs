//! Signed notes and checkpoints against `signed_note` and `tlog_tiles`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parangon_protocol::log::checkpoint::{self, CheckpointError, SignedCheckpoint};
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::note::{Algorithm, NoteSignature, check_name};
use parangon_protocol::log::{Checkpoint, Note, NoteError, VerifierKey};
use parangon_protocol::time::Timestamp;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, VerifierList};

use crate::{Ours, SIZES, count, origin, records, secret};

/// The signer that `signed_note` makes of a key of ours.
pub(crate) fn signer(name: &str, seed: u8) -> StandardSigner {
    let key = secret(seed).public();
    let id = signed_note::key_id(name, &[&[0x01], key.as_bytes().as_slice()].concat());
    let secret = STANDARD.encode([[0x01].as_slice(), &[seed; 32]].concat());
    StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id:08x}+{secret}")).expect("a signer key")
}

/// The list of verifiers that `signed_note` makes of the text of one of our keys.
pub(crate) fn verifier(key: &VerifierKey) -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).expect("a verifier key"))])
}

fn vkey(name: &str, seed: u8) -> VerifierKey {
    VerifierKey::new(name, Algorithm::Ed25519, secret(seed).public()).expect("a name")
}

#[test]
fn our_checkpoints_are_read_by_others() {
    for size in SIZES {
        let checkpoint = Ours::of(&records(size)).checkpoint(&origin());
        let mut signed = SignedCheckpoint::sign(&checkpoint, &secret(1)).expect("a checkpoint");
        let at = Timestamp::from_seconds(1_800_000_000).expect("a date");
        signed.add([cosign(&checkpoint, &secret(2), "parangon/witness", at)]).expect("one line more");

        let note = signed_note::Note::from_bytes(signed.to_string().as_bytes()).expect("a note");
        let (known, unknown) = note.verify(&verifier(&vkey(&origin(), 1))).expect("the log's signature");
        assert_eq!((known.len(), unknown.len()), (1, 1), "the cosignature is a line by a key it does not know");
        assert_eq!((known[0].name(), unknown[0].name()), (origin().as_str(), "parangon/witness"));
        let read = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
        assert_eq!((read.origin(), read.size(), read.hash().0), (origin().as_str(), count(size), checkpoint.root.0));
        assert_eq!(read.extension(), "");
        assert_eq!(note.to_bytes(), signed.to_string().into_bytes(), "and written back as it was");

        let other = signed_note::Note::from_bytes(signed.to_string().replace("/agency-de\n", "/agency-fr\n").as_bytes()).expect("a note");
        assert!(other.verify(&verifier(&vkey(&origin(), 1))).is_err(), "an altered text");
    }
}

#[test]
fn their_checkpoints_are_read_by_us() {
    for size in SIZES {
        let root = crate::tree::Tiles::of(&records(size)).root(size);
        let body = tlog_tiles::Checkpoint::new(&origin(), count(size), tlog_tiles::Hash(root.0), "").expect("a checkpoint").to_bytes();
        let mut note = signed_note::Note::new(&body, &[]).expect("a text");
        note.add_sigs(&[&signer("elsewhere.example/log", 9), &signer(&origin(), 1)]).expect("signs");
        let text = String::from_utf8(note.to_bytes()).expect("text");

        let read = checkpoint::open(&text, &secret(1).public(), &origin()).expect("signed by the key");
        assert_eq!(*read.checkpoint(), Checkpoint { origin: origin(), size: count(size), root });
        assert_eq!(read.to_string(), text, "written back as it was");
        let both = [vkey(&origin(), 1), vkey("elsewhere.example/log", 9)];
        assert_eq!(Note::parse(&text).and_then(|note| note.verify(&both).map(|signers| signers.len())), Ok(2));
        let stranger = checkpoint::open(&text, &secret(3).public(), &origin());
        assert_eq!(stranger, Err(CheckpointError::Note(NoteError::Unsigned)));
    }
    // The empty log has one root; the other library does not look, ours does.
    let mut note = signed_note::Note::new(format!("{}\n0\n{}\n", origin(), STANDARD.encode([7; 32])).as_bytes(), &[]).expect("a text");
    note.add_sigs(&[&signer(&origin(), 1)]).expect("signs");
    let text = String::from_utf8(note.to_bytes()).expect("text");
    assert_eq!(checkpoint::open(&text, &secret(1).public(), &origin()), Err(CheckpointError::EmptyRoot));
}

#[test]
fn extension_lines_are_read_where_they_are_allowed() {
    let body = tlog_tiles::Checkpoint::new("elsewhere.example/log", 3, tlog_tiles::Hash([7; 32]), "one\ntwo\n").expect("a checkpoint");
    let text = String::from_utf8(body.to_bytes()).expect("text");
    let (read, extensions) = Checkpoint::parse_foreign(&text).expect("a foreign log's checkpoint");
    assert_eq!((read.size, extensions.as_slice()), (3, ["one".to_owned(), "two".to_owned()].as_slice()));
    assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Extensions), "ours have none");
}

#[test]
fn the_same_names_are_refused() {
    for bad in ["", "a+b", "a b", " a", "a\u{a0}b", "a\u{2003}b", "a\tb"] {
        assert!(!signed_note::is_key_name_valid(bad), "{bad:?}");
        assert_eq!(check_name(bad), Err(NoteError::KeyName), "{bad:?}");
        assert!(signed_note::Signature::new(bad.to_owned(), 1, vec![1]).is_err(), "{bad:?}");
        assert_eq!(VerifierKey::new(bad, Algorithm::Ed25519, secret(1).public()), Err(NoteError::KeyName), "{bad:?}");
        let good = format!("text\n\n{}\n", NoteSignature { name: "name".into(), id: [1, 2, 3, 4], bytes: vec![5] });
        let line = good.replace("— name ", &format!("— {bad} "));
        assert!(signed_note::Note::from_bytes(good.as_bytes()).is_ok() && Note::parse(&good).is_ok());
        assert!(signed_note::Note::from_bytes(line.as_bytes()).is_err() && Note::parse(&line).is_err(), "{bad:?}");
        let key = vkey("name", 1).to_string().replace("name+", &format!("{bad}+"));
        assert!(StandardVerifier::new(&key).is_err() && key.parse::<VerifierKey>().is_err(), "{bad:?}");
    }
    for good in ["example.com/log", "agentur-für-cluster", &origin()] {
        assert!(signed_note::is_key_name_valid(good), "{good:?}");
        let key = vkey(good, 1);
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert!(StandardVerifier::new(&key.to_string()).is_ok(), "{good:?}");
        assert_eq!(u32::from_be_bytes(key.key_id()), signer(good, 1).key_id(), "{good:?}");
    }
}

#[test]
fn unknown_lines_are_passed_over_and_forged_ones_are_not() {
    let signed = SignedCheckpoint::sign(&Ours::of(&records(3)).checkpoint(&origin()), &secret(1)).expect("a checkpoint").to_string();
    let key = vkey(&origin(), 1);
    let both = |text: &str| {
        let theirs = signed_note::Note::from_bytes(text.as_bytes()).is_ok_and(|note| note.verify(&verifier(&key)).is_ok());
        let ours = Note::parse(text).is_ok_and(|note| note.verify(std::slice::from_ref(&key)).is_ok());
        assert_eq!(theirs, ours, "{text}");
        ours
    };
    let with = |line: NoteSignature| format!("{signed}{line}\n");
    let own = NoteSignature { name: origin(), id: key.key_id(), bytes: vec![0; 64] };
    assert!(both(&signed));
    assert!(both(&with(NoteSignature { name: "somebody".into(), id: [9; 4], bytes: vec![1] })), "an unknown name");
    assert!(both(&with(NoteSignature { id: [9; 4], ..own.clone() })), "our name with another key");
    let (text, line) = signed.split_once("\n\n").expect("a note");
    assert!(!both(&format!("{text}\n\n{own}\n{line}")), "a forged line by a known key, before the good one");
    assert!(!both(&format!("{text}\n\n{own}\n")), "only forged");
    assert!(!both(&format!("{text}\n\n")) && !both(text), "no signature");
    assert!(!both(&signed.replace("— ", "- ")), "another dash");
    assert!(!both(signed.trim_end()), "no final line feed");
}
