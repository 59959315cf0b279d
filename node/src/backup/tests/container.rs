use std::io::Read;

use proptest::prelude::*;

use super::super::container::{Reader, Writer};
use super::super::{BackupError, FORMAT};

fn written(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = Writer::new(Vec::new()).expect("memory");
    for (name, bytes) in entries {
        writer.entry::<std::io::Error>(name, |content| content.write_all(bytes)).expect("memory");
    }
    writer.finish().expect("memory")
}

fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let mut reader = Reader::new(bytes)?;
    let mut entries = Vec::new();
    while let Some(name) = reader.next()? {
        entries.push((name, reader.small(1 << 20)?));
    }
    Ok(entries)
}

fn entries() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        (0usize..200_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ];
    prop::collection::vec(("[a-z./-]{1,40}", content), 0..5)
}

proptest! {
    #[test]
    fn what_was_written_is_read(entries in entries()) {
        prop_assert_eq!(read(&written(&entries)).expect("whole"), entries);
    }

    #[test]
    fn nothing_that_was_altered_is_read_as_something_else(entries in entries(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let whole = written(&entries);
        let mut altered = whole.clone();
        altered[at.index(whole.len())] ^= 1 << bit;
        // A name is what nothing inside covers; the encryption around it does.
        if let Ok(found) = read(&altered) {
            let contents = |entries: &[(String, Vec<u8>)]| entries.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
            prop_assert_eq!(contents(&found), contents(&entries));
            prop_assert_ne!(found, entries);
        }
        prop_assert!(read(&whole[..at.index(whole.len())]).is_err());
        let longer = [whole.as_slice(), &[0]].concat();
        prop_assert!(read(&longer).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let title = format!("parangon-backup {FORMAT}\n").into_bytes();
        let _refused_or_not = read(&[title, bytes].concat());
    }
}

#[test]
fn a_newer_format_is_named_before_anything_else_is_read() {
    for (line, found) in [("parangon-backup 2\n", 2), ("parangon-backup 4294967295\nwhatever", u32::MAX)] {
        let error = Reader::new(line.as_bytes()).map(drop).expect_err(line);
        assert!(matches!(error, BackupError::Newer { found: named, reads: FORMAT } if named == found), "{error}");
    }
    for line in ["", "\n", "parangon-backup 0\n", "parangon-backup x\n", "parangon-backup 99999999999\n", "parangon-backup 1", "x"] {
        assert!(matches!(Reader::new(line.as_bytes()).map(drop), Err(BackupError::Damaged(_))), "{line}");
    }
}

#[test]
fn sizes_are_bounded_before_anything_is_kept() {
    let bomb = written(&[("a".to_owned(), vec![0; 300_000])]);
    let mut reader = Reader::new(bomb.as_slice()).expect("a title");
    reader.next().expect("a name");
    assert!(matches!(reader.small(1000), Err(BackupError::TooLarge { limit: 1000, .. })));
    assert!(reader.next().is_err(), "what was not read whole is not passed over");

    // A chunk that claims more than a chunk may have, and a row that claims more than a row may.
    let claims = |length: u32| [format!("parangon-backup {FORMAT}\n").as_bytes(), b"\x01a", &length.to_be_bytes(), &[7; 50]].concat();
    for (length, named) in [(u32::MAX, "chunk"), (65_537, "chunk"), (65_536, "end of file")] {
        let bytes = claims(length);
        let mut reader = Reader::new(bytes.as_slice()).expect("a title");
        reader.next().expect("a name");
        let error = reader.read_to_end(&mut Vec::new()).map_err(BackupError::from).expect_err("cut short");
        assert!(matches!(&error, BackupError::Damaged(text) if text.contains(named)), "{length}: {error}");
    }
    let rows = [&3u32.to_be_bytes()[..], b"abc", &0u32.to_be_bytes(), &u32::MAX.to_be_bytes(), b"x"].concat();
    let bytes = written(&[("t".to_owned(), rows)]);
    let mut reader = Reader::new(bytes.as_slice()).expect("a title");
    reader.next().expect("a name");
    let mut row = Vec::new();
    for expected in [&b"abc"[..], b""] {
        assert!(reader.row(&mut row, 3).expect("a row"));
        assert_eq!(row, expected);
    }
    assert!(matches!(reader.row(&mut row, 1 << 20), Err(BackupError::TooLarge { .. })));
    assert!(row.capacity() < 1 << 20);
}
