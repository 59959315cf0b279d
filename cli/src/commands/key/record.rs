//! `identity.sheet`: when the recovery sheet was made, and when somebody last read a word from it. Nothing in it is secret.

use std::path::Path;

use parangon_node::clock::{Clock, SystemClock};
use parangon_node::keystore::file;
use parangon_node::keystore::identity::IdentityFile;
use parangon_protocol::id::Hash;
use parangon_protocol::keys::PublicKey;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The file's name, beside the keys.
pub(crate) const IDENTITY_SHEET: &str = "identity.sheet";

const VERSION: u32 = 1;

/// What is known of the sheet of one identity key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SheetRecord {
    v: u32,
    /// The public identity key.
    pub(crate) identity: PublicKey,
    /// The hash of the public successor.
    pub(crate) successor: Hash,
    /// When the page was last made; unknown for keys that came from an older sheet.
    pub(crate) made: Option<Timestamp>,
    /// When somebody last typed a right word from it.
    pub(crate) confirmed: Option<Timestamp>,
}

impl SheetRecord {
    /// A sheet of which nothing is known yet.
    pub(crate) fn of(keys: &IdentityFile) -> Self {
        Self { v: VERSION, identity: keys.public(), successor: keys.successor_hash(), made: None, confirmed: None }
    }

    /// What a directory says of the sheet of these keys. What it says of other keys' sheet is dropped.
    pub(crate) fn of_keys(dir: &Path, keys: &IdentityFile) -> Result<Self, Failure> {
        Ok(Self::read(dir)?.filter(|record| record.is_of(keys)).unwrap_or_else(|| Self::of(keys)))
    }

    /// Whether it is of these keys.
    pub(crate) fn is_of(&self, keys: &IdentityFile) -> bool {
        (self.identity, self.successor) == (keys.public(), keys.successor_hash())
    }

    /// Reads the record of a directory, if there is one.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, Failure> {
        let path = dir.join(IDENTITY_SHEET);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |reason: &dyn std::fmt::Display| {
            let failure = Failure::invalid(format!("{}: {reason}", path.display()));
            failure.next("it holds no key: move it away, then `parangon key drill` makes it again")
        };
        let record: Self = serde_json::from_slice(&file::read(&path).map_err(Failure::failed)?)
            .map_err(|_| damaged(&"not a record of a recovery sheet"))?;
        if record.v == VERSION { Ok(Some(record)) } else { Err(damaged(&format!("version {}, this program reads {VERSION}", record.v))) }
    }

    /// The file's bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("text and numbers always serialise");
        text.push(b'\n');
        text
    }

    /// Writes it in place of the one that is there.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Failure> {
        file::replace(&dir.join(IDENTITY_SHEET), &self.to_bytes()).map_err(Failure::failed)
    }
}

/// What the clock says.
pub(crate) fn now() -> Timestamp {
    SystemClock::new(Timestamp::default()).now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_holds_no_secret() {
        let dir = tempfile::tempdir().expect("a directory");
        let (keys, others) = (IdentityFile::from_seeds([1; 32], [2; 32]), IdentityFile::from_seeds([1; 32], [3; 32]));
        let (keys, others) = (keys.expect("two keys"), others.expect("two keys"));
        assert_eq!(SheetRecord::read(dir.path()), Ok(None));
        let mut record = SheetRecord::of(&keys);
        record.confirmed = Timestamp::from_seconds(1_795_000_000);
        record.write(dir.path()).expect("written");
        assert_eq!(SheetRecord::read(dir.path()), Ok(Some(record.clone())));
        assert_eq!(SheetRecord::of_keys(dir.path(), &keys), Ok(record));
        assert_eq!(SheetRecord::of_keys(dir.path(), &others), Ok(SheetRecord::of(&others)), "another successor is another sheet");

        let text = std::fs::read_to_string(dir.path().join(IDENTITY_SHEET)).expect("read");
        for secret in [[1u8; 32], [2; 32]] {
            assert!(!text.contains(&hex::encode(secret)), "{text}");
        }
        for damaged in [text.replace("\"v\": 1", "\"v\": 2"), text.replace("made", "maid"), String::new()] {
            std::fs::write(dir.path().join(IDENTITY_SHEET), damaged).expect("written");
            assert_eq!(SheetRecord::read(dir.path()).expect_err("damaged").exit, crate::exit::Exit::Invalid);
        }
    }
}
