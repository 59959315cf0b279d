use proptest::prelude::*;

use super::*;
use crate::keys::SecretKey;
use crate::log::note::key::key_id;

/// The example of the specification.
const EXAMPLE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn key(seed: u8, name: &str) -> (SecretKey, VerifierKey) {
    let secret = SecretKey::from_seed(&[seed; 32]);
    let public = VerifierKey::new(name, Algorithm::Ed25519, secret.public()).expect("a name");
    (secret, public)
}

fn line(secret: &SecretKey, name: &str, text: &str) -> NoteSignature {
    let id = key_id(name, Algorithm::Ed25519, &secret.public());
    NoteSignature { name: name.to_owned(), id, bytes: secret.sign_raw(text.as_bytes()).0.to_vec() }
}

#[test]
fn the_specifications_example_opens() {
    let key: VerifierKey = EXAMPLE_KEY.parse().expect("a key");
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::parse(EXAMPLE).expect("a note");
    assert_eq!(note.text, "This is an example message.\n");
    assert_eq!(note.to_string(), EXAMPLE);
    assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![&key]));
    let altered = Note { text: "This is another message.\n".to_owned(), ..note };
    assert_eq!(altered.verify(&[key]), Err(NoteError::Forged));
}

#[test]
fn unknown_signatures_are_ignored_and_false_ones_are_not() {
    let text = "text\n";
    let (good, good_key) = key(1, "good");
    let (other, other_key) = key(2, "other");
    let mut forged = line(&good, "good", text);
    forged.bytes[5] ^= 1;
    let short = NoteSignature { bytes: vec![1], ..line(&good, "good", text) };
    let named_alike = NoteSignature { name: "good".to_owned(), ..line(&other, "other", text) };
    let note = |signatures| Note { text: text.to_owned(), signatures };
    let known = [good_key.clone()];
    assert_eq!(note(vec![line(&other, "other", text), named_alike.clone(), line(&good, "good", text)]).verify(&known), Ok(vec![&known[0]]));
    assert_eq!(note(vec![line(&other, "other", text)]).verify(&known), Err(NoteError::Unsigned));
    assert_eq!(note(vec![named_alike]).verify(&known), Err(NoteError::Unsigned));
    let same_id = NoteSignature { name: "other".to_owned(), ..line(&good, "good", text) };
    assert_eq!(note(vec![same_id]).verify(&known), Err(NoteError::Unsigned));
    assert_eq!(note(vec![line(&good, "good", text)]).verify(&[]), Err(NoteError::Unsigned));
    // One false line by a known key spoils the note, whatever else stands there.
    for bad in [forged, short] {
        let both = note(vec![line(&good, "good", text), line(&other, "other", text), bad]);
        assert_eq!(both.verify(&[good_key.clone(), other_key.clone()]), Err(NoteError::Forged));
        assert_eq!(both.verify(std::slice::from_ref(&other_key)).map(|keys| keys.len()), Ok(1));
    }
}

#[test]
fn what_is_no_note_is_refused_by_name() {
    let ok = "a\n\n— n AAAAAAA=\n";
    assert!(Note::parse(ok).is_ok());
    for (text, error) in [
        ("", NoteError::Structure),
        ("\n", NoteError::Structure),
        ("a\n", NoteError::Structure),
        ("a\n\n", NoteError::Structure),
        ("a\n— n AAAAAAA=\n", NoteError::Structure),
        ("a\n\n— n AAAAAAA=", NoteError::Structure),
        ("a\r\n\n— n AAAAAAA=\n", NoteError::ControlCharacter),
        ("a\t\n\n— n AAAAAAA=\n", NoteError::ControlCharacter),
        ("a\n\n- n AAAAAAA=\n", NoteError::SignatureLine { line: 1 }),
        ("a\n\n— n\n", NoteError::SignatureLine { line: 1 }),
        ("a\n\n— n  AAAAAAA=\n", NoteError::SignatureLine { line: 1 }),
        ("a\n\n—  AAAAAAA=\n", NoteError::KeyName),
        ("a\n\n— n+m AAAAAAA=\n", NoteError::KeyName),
        ("a\n\n— n\u{a0}m AAAAAAA=\n", NoteError::KeyName),
        ("a\n\n— n AAAAAAA=\n— n AAAAAA==\n", NoteError::SignatureLine { line: 2 }), // an id and nothing after it
        ("a\n\n— n AAAAAAA\n", NoteError::SignatureLine { line: 1 }),
        ("a\n\n— n AAAAAAB=\n", NoteError::SignatureLine { line: 1 }), // bits beyond the last byte
        ("a\n\n— n AAAAAAA= \n", NoteError::SignatureLine { line: 1 }),
    ] {
        assert_eq!(Note::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn the_last_blank_line_ends_the_text() {
    let (secret, key) = key(3, "n");
    let text = "a\n\n— n AAAAAAA=\n\nb\n";
    let note = Note { text: text.to_owned(), signatures: vec![line(&secret, "n", text)] };
    let read = Note::parse(&note.to_string()).expect("a note");
    assert_eq!(read, note);
    assert!(read.verify(&[key]).is_ok());
}

#[test]
fn the_bounds_of_a_note_hold() {
    let many = |count: usize| format!("a\n\n{}", "— n AAAAAAA=\n".repeat(count));
    assert_eq!(Note::parse(&many(limits::NOTE_SIGNATURES)).map(|note| note.signatures.len()), Ok(limits::NOTE_SIGNATURES));
    assert_eq!(Note::parse(&many(limits::NOTE_SIGNATURES + 1)), Err(NoteError::TooManySignatures));
    let long = |bytes: usize| format!("{}\n\n— n AAAAAAA=\n", "a".repeat(bytes - 17));
    assert_eq!(long(100).len(), 100);
    assert!(Note::parse(&long(limits::NOTE_BYTES)).is_ok());
    assert_eq!(Note::parse(&long(limits::NOTE_BYTES + 1)), Err(NoteError::TooLarge { actual: limits::NOTE_BYTES + 1 }));
}

#[test]
fn a_verifier_key_is_read_as_it_is_written() {
    for algorithm in [Algorithm::Ed25519, Algorithm::Cosignature] {
        let key = VerifierKey::new("a/b", algorithm, SecretKey::from_seed(&[4; 32]).public()).expect("a name");
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    let upper = EXAMPLE_KEY.replace("530d903a", "530D903A");
    let other_id = EXAMPLE_KEY.replace("530d903a", "530d903b");
    let other_name = EXAMPLE_KEY.replace("foo", "bar");
    let shorter = &EXAMPLE_KEY[..EXAMPLE_KEY.len() - 4];
    // A key of small order, with a correct id.
    let mut weak = [0u8; 33];
    weak[..2].copy_from_slice(&[1, 1]);
    let id = crate::id::Hash::of(&[b"w\n", &weak]).to_string()[..8].to_owned();
    let weak = format!("w+{id}+{}", STANDARD.encode(weak));
    for (text, error) in [
        (upper.as_str(), NoteError::KeyId),
        (&other_id, NoteError::KeyId),
        (&other_name, NoteError::KeyId),
        (shorter, NoteError::VerifierKey),
        (&weak, NoteError::VerifierKey),
        ("", NoteError::VerifierKey),
        ("a+00000000", NoteError::VerifierKey),
        ("a+00000000+", NoteError::VerifierKey),
        ("a+00000000+AgAA", NoteError::Algorithm(2)),
    ] {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
    }
    for name in ["", " ", "a\u{1}", "a\nb", "a\u{2003}b", "a+b"] {
        let public = SecretKey::from_seed(&[4; 32]).public();
        assert_eq!(VerifierKey::new(name, Algorithm::Ed25519, public), Err(NoteError::KeyName), "{name:?}");
    }
    let unnamed = EXAMPLE_KEY.replace("example.com/foo", "");
    assert_eq!(unnamed.parse::<VerifierKey>(), Err(NoteError::KeyName));
}

proptest! {
    #[test]
    fn what_is_read_writes_back_the_same(text in "(a|b|\n|— n AAAAAAA=\n|\n\n|— |é| |=){0,24}") {
        if let Ok(note) = Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same(text in "([a-z ]{1,9}\n){1,4}", name in "[a-z/.]{1,12}", id in any::<[u8; 4]>(), bytes in proptest::collection::vec(any::<u8>(), 1..90)) {
        let note = Note { text, signatures: vec![NoteSignature { name, id, bytes }; 2] };
        prop_assert_eq!(Note::parse(&note.to_string()), Ok(note));
    }
}
