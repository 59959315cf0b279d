use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::identity::IdentityFile;
use super::*;
use crate::config::KeySource;

/// A source that counts: 1, 1, 1… then 2, 2, 2…
fn counting() -> impl FnMut(&mut [u8]) -> Result<(), RandomError> {
    let mut next = 0u8;
    move |bytes| {
        next += 1;
        bytes.fill(next);
        Ok(())
    }
}

fn passphrase(text: &str) -> Unlock {
    Unlock::passphrase(Zeroizing::new(text.to_owned()), Cost::LEAST).expect("long enough")
}

fn key_file(byte: u8) -> Unlock {
    Unlock::KeyFile(Zeroizing::new([byte; 32]))
}

fn keystore() -> Keystore {
    Keystore::generate(counting()).expect("a working source")
}

#[test]
fn what_was_sealed_opens_with_the_same_secret_only() {
    let keys = keystore();
    for (right, wrong) in [(passphrase("correct horse"), passphrase("correct hors€")), (key_file(1), key_file(2))] {
        let bytes = keys.seal(&right, random::system).expect("sealed");
        let opened = Keystore::open(&bytes, &right).expect("opened");
        assert_eq!(*opened.payload(), *keys.payload());
        assert!(matches!(Keystore::open(&bytes, &wrong), Err(SealedError::Refused)));
    }
    let bytes = keys.seal(&key_file(1), random::system).expect("sealed");
    assert!(matches!(Keystore::open(&bytes, &passphrase("correct horse")), Err(SealedError::OtherUnlock { wanted: "a key file" })));
}

#[test]
fn every_altered_byte_is_refused() {
    let unlock = key_file(1);
    let bytes = keystore().seal(&unlock, random::system).expect("sealed");
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        if let Ok(opened) = Keystore::open(&altered, &unlock) {
            assert!(altered[at].is_ascii_whitespace(), "byte {at} does not count");
            assert_eq!(*opened.payload(), *keystore().payload());
        }
        assert!(Keystore::open(&bytes[..at], &unlock).is_err() || bytes[at..].trim_ascii().is_empty(), "cut at {at}");
    }
}

#[test]
fn the_cost_is_stored_bound_and_bounded() {
    let unlock = passphrase("correct horse");
    let text = String::from_utf8(keystore().seal(&unlock, random::system).expect("sealed")).expect("text");
    assert!(text.contains("\"memory_kib\": 8"), "{text}");
    let cheaper = text.replace("\"passes\": 1", "\"passes\": 2");
    assert!(matches!(Keystore::open(cheaper.as_bytes(), &unlock), Err(SealedError::Refused)));
    let greedy = text.replace("\"memory_kib\": 8", "\"memory_kib\": 4294967295");
    assert!(matches!(Keystore::open(greedy.as_bytes(), &unlock), Err(SealedError::Cost(_))));
    let newer = text.replace("\"v\": 1", "\"v\": 2");
    assert!(matches!(Keystore::open(newer.as_bytes(), &unlock), Err(SealedError::Newer { found: 2 })));
    assert_eq!(Cost::default().memory_kib, 19_456);
}

#[test]
fn a_broken_random_source_makes_no_keys() {
    let failing = |_: &mut [u8]| Err(RandomError::Unavailable(getrandom::Error::UNSUPPORTED));
    let zeros = |_: &mut [u8]| Ok(());
    let stuck = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    assert!(matches!(Keystore::generate(failing), Err(RandomError::Unavailable(_))));
    assert_eq!(Keystore::generate(zeros).err(), Some(RandomError::Zeros));
    assert_eq!(Keystore::generate(stuck).err(), Some(RandomError::Repeats));
    assert_eq!(IdentityFile::generate(stuck).err(), Some(RandomError::Repeats));
    assert!(matches!(keystore().seal(&key_file(1), zeros), Err(SealedError::Random(RandomError::Zeros))));
}

#[test]
fn identity_and_keystore_are_not_taken_for_each_other() {
    let unlock = key_file(1);
    let identity = IdentityFile::generate(counting()).expect("a working source");
    let bytes = identity.seal(&unlock, random::system).expect("sealed");
    assert!(matches!(Keystore::open(&bytes, &unlock), Err(SealedError::OtherKind { .. })));
    let disguised = String::from_utf8(bytes.clone()).expect("text").replace("\"identity\"", "\"keystore\"");
    assert!(matches!(Keystore::open(disguised.as_bytes(), &unlock), Err(SealedError::Refused)));

    let opened = IdentityFile::open(&bytes, &unlock).expect("opened");
    assert_eq!(opened.seeds(), identity.seeds());
    let next = opened.succeed(|bytes| {
        bytes.fill(9);
        Ok(())
    });
    let next = next.expect("drawn");
    assert_eq!(next.public(), identity.successor_key().public());
    assert_eq!(next.public().hash(), identity.successor_hash());
    assert_ne!(next.successor_hash(), identity.successor_hash());
}

#[test]
fn the_sealing_key_is_an_age_key() {
    let keys = keystore();
    let recipient: age::x25519::Recipient = keys.sealing_recipient().parse().expect("an age recipient");
    let sealed = age::encrypt(&recipient, b"dossier").expect("encrypted");
    assert_eq!(age::decrypt(&keys.sealing_key(), &sealed).expect("decrypted"), b"dossier");
    let set = keys.key_set("oslo".parse().expect("slug"), 1);
    assert_eq!(set.sealing, keys.sealing_recipient());
    assert_eq!(set.transport, SecretKey::from_seed(&keys.transport_seed()).public());
}

#[test]
fn one_key_is_replaced_and_no_other() {
    let keys = keystore();
    let fresh = |bytes: &mut [u8]| {
        bytes.fill(99);
        Ok(())
    };
    let next = keys.replaced(Replaceable::Issue, fresh).expect("drawn");
    assert_ne!(next.issue, keys.issue);
    assert_eq!((next.log, next.witness, next.transport), (keys.log, keys.witness, keys.transport));
    assert_eq!((next.sealing, next.master, next.cell), (keys.sealing, keys.master, keys.cell));
    assert_eq!(next.replaced(Replaceable::Issue, fresh).err(), Some(RandomError::Repeats));
}

#[test]
fn nothing_secret_is_printed() {
    let keys = Keystore::generate(counting()).expect("a working source");
    let identity = IdentityFile::generate(counting()).expect("a working source");
    let shown = format!("{keys:?} {identity:?} {:?} {:?} {:?}", keys.master_key(), passphrase("correct horse"), key_file(3));
    for secret in ["correct horse", &hex::encode([1; 32]), &hex::encode([6; 32]), "1, 1, 1", "3, 3, 3"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn secret_files_are_private_new_and_replaced_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("keys.json");
    file::write_new(&path, b"one").expect("written");
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o600);
    assert!(matches!(file::write_new(&path, b"two"), Err(file::FileError::Exists(_))));
    assert_eq!(file::read(&path).expect("read"), b"one");
    file::replace(&path, b"three").expect("replaced");
    assert_eq!(file::read(&path).expect("read"), b"three");
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    fs::write(&path, vec![b' '; sealed::FILE_BYTES + 1]).expect("written");
    assert!(matches!(file::read(&path), Err(file::FileError::TooLarge(_))));
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key");
    fs::write(&path, format!("{}\n", hex::encode([5; 32]))).expect("written");
    for mode in 0..=0o777u32 {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
        let outcome = Unlock::read_key_file(&path);
        match (mode, outcome) {
            (0o600 | 0o400, Ok(Unlock::KeyFile(key))) => assert_eq!(*key, [5; 32]),
            (mode, Err(UnlockError::Exposed { mode: found, .. })) => assert_eq!(mode, found),
            (_, Err(UnlockError::Unreadable { .. })) if mode & 0o400 == 0 => {}
            (mode, other) => panic!("mode {mode:04o}: {other:?}"),
        }
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
    fs::write(&path, "not a key").expect("written");
    assert!(matches!(Unlock::read_key_file(&path), Err(UnlockError::NotAKey { .. })));
    assert!(Unlock::read_passphrase_file(&path, Cost::LEAST).is_ok());
    fs::write(&path, "short\nsecond line").expect("written");
    assert!(matches!(Unlock::read_passphrase_file(&path, Cost::LEAST), Err(UnlockError::TooShort)));
    fs::write(&path, "x".repeat(2000)).expect("written");
    assert!(matches!(Unlock::read_passphrase_file(&path, Cost::LEAST), Err(UnlockError::NotAPassphrase { .. })));
}

#[test]
fn a_replaced_sealing_key_opens_what_arrives_for_four_rotations() {
    let mut random = counting();
    let mut keys = Keystore::generate(&mut random).expect("a working source");
    let first = keys.sealing_recipient();
    let message = crate::sealing::seal(&first, b"on its way").expect("sealed");
    let opens = |keys: &Keystore| keys.former_sealing_keys().any(|key| crate::sealing::open(&key, &message).is_ok());
    assert!(!opens(&keys), "it is the present one");
    for rotation in 1..=FORMER_SEALING {
        keys = keys.rotated(&[Replaceable::Sealing, Replaceable::Issue], &mut random).expect("drawn");
        let bytes = keys.seal(&key_file(1), random::system).expect("sealed");
        keys = Keystore::open(&bytes, &key_file(1)).expect("opened");
        assert!(opens(&keys), "rotation {rotation}");
        assert_ne!(keys.sealing_recipient(), first);
    }
    keys = keys.rotated(&[Replaceable::Witness, Replaceable::Transport], &mut random).expect("drawn");
    assert!(opens(&keys), "another role's rotation does not count");
    keys = keys.replaced(Replaceable::Sealing, &mut random).expect("drawn");
    assert!(!opens(&keys));
    assert_eq!(keys.payload().len(), (7 + FORMER_SEALING) * 32);
}

#[test]
fn the_next_keys_take_the_place_of_the_present_ones() {
    let dir = tempfile::tempdir().expect("a directory");
    let me = || "oslo".parse().expect("slug");
    let path = |name: &str| dir.path().join(name);
    file::write_new(&path("node.key"), "01".repeat(32).as_bytes()).expect("written");
    let files = KeyFiles::new(dir.path(), KeySource::KeyFile(path("node.key")));
    let mut random = counting();
    let present = Keystore::generate(&mut random).expect("a working source");
    let next = present.rotated(&[Replaceable::Issue], &mut random).expect("drawn");
    file::write_new(&path(NODE_KEYS), &present.seal(&key_file(1), random::system).expect("sealed")).expect("written");
    assert!(matches!(files.open_next(&next.key_set(me(), 2)), Err(KeyFilesError::File(_))), "not there yet");
    file::write_new(&path(NODE_KEYS_NEXT), &next.seal(&key_file(1), random::system).expect("sealed")).expect("written");
    fs::write(path(NEXT_SET), "{}").expect("written");

    assert!(matches!(files.open_next(&present.key_set(me(), 2)), Err(KeyFilesError::Other { number: 2, .. })));
    assert_eq!(*files.open_next(&next.key_set(me(), 2)).expect("they fit").payload(), *next.payload());
    assert_eq!(*files.open().expect("untouched").payload(), *present.payload());
    for _ in 0..2 {
        files.finish().expect("done, or done already");
        assert_eq!(*files.open().expect("in their place").payload(), *next.payload());
        assert!(!path(NODE_KEYS_NEXT).exists() && !path(NEXT_SET).exists());
    }
    let locked = KeyFiles::new(dir.path(), KeySource::Ask);
    assert!(matches!(locked.open(), Err(KeyFilesError::NoSecret)));
}

#[test]
fn the_backup_key_follows_from_the_identity_seed_alone() {
    let keys = IdentityFile::from_seeds([1; 32], [2; 32]).expect("two keys");
    // HKDF-SHA256 , X25519 and Bech32 by another program.
    assert_eq!(keys.backup_recipient(), "age1acjwexdqq7xyk9shce8ez6v9kgjm4zddn3lfpdqlkqyqm49tqccqnrfatd");
    let next = keys.succeed(random::system).expect("random");
    assert_eq!(next.backup_recipient(), keys.successor_backup_key().to_public().to_string());
    assert_ne!(next.backup_recipient(), keys.backup_recipient());
    let other = IdentityFile::from_seeds([1; 32], [3; 32]).expect("two keys");
    assert_eq!(other.backup_recipient(), keys.backup_recipient(), "the successor has no part in it");
}
