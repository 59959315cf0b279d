//! Reading a backup into an empty directory. Nothing of it counts before the last byte was read: that is what tells a whole
//! file from one that was cut short.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;

use age::DecryptError;
use parangon_protocol::charter::{Chain, ChainText};
use zeroize::Zeroizing;

use super::container::Reader;
use super::manifest::{MANIFEST_BYTES, Manifest};
use super::{BackupError, RECIPIENT_FILE};
use crate::config::{Config, KeySource};
use crate::keystore::file;
use crate::keystore::identity::IdentityFile;
use crate::keystore::{Keystore, MADE_AGAIN, Unlock};
use crate::run::{NodeFiles, check_keys};
use crate::store::{Import, ROW_BYTES, TABLES};

/// A small entry, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Small {
    Manifest,
    Recipient,
    Federation,
    Config,
    Sheet,
    Keys,
    Key,
}

impl Small {
    const ALL: [Self; 7] = [Self::Manifest, Self::Recipient, Self::Federation, Self::Config, Self::Sheet, Self::Keys, Self::Key];

    /// The entry's name, which is the file's.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.json",
            Self::Recipient => RECIPIENT_FILE,
            Self::Federation => NodeFiles::NAME,
            Self::Config => "parangon.toml",
            Self::Sheet => "identity.sheet",
            Self::Keys => "node.keys",
            Self::Key => "node.key",
        }
    }

    /// Bytes at most.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Manifest => MANIFEST_BYTES,
            Self::Recipient | Self::Key => 1024,
            Self::Federation => 4 * 1024 * 1024,
            Self::Config => 256 * 1024,
            Self::Sheet | Self::Keys => 16 * 1024,
        }
    }
}

/// A backup of which the manifest was read.
pub struct Backup<R: Read> {
    manifest: Manifest,
    reader: Reader<age::stream::StreamReader<BufReader<R>>>,
}

impl<R: Read> std::fmt::Debug for Backup<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backup").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// What was read, to the last byte. The keys inside are wiped when it is dropped.
pub struct Unpacked {
    manifest: Manifest,
    files: BTreeMap<&'static str, Zeroizing<Vec<u8>>>,
    keystore: Keystore,
    chain: Chain,
}

impl std::fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// Opens a backup with the backup key of an identity key, or of its successor, and reads the manifest.
///
/// # Errors
/// [`BackupError::NotABackup`], [`BackupError::OtherKey`], [`BackupError::Newer`], [`BackupError::Damaged`].
pub fn open<R: Read>(from: R, identity: &IdentityFile) -> Result<Backup<R>, BackupError> {
    let decryptor = age::Decryptor::new_buffered(BufReader::new(from)).map_err(refused)?;
    let keys = [identity.backup_key(), identity.successor_backup_key()];
    let stream = decryptor.decrypt(keys.iter().map(|key| key as _)).map_err(refused)?;
    let mut reader = Reader::new(stream)?;
    if reader.next()?.as_deref() != Some(Small::Manifest.name()) {
        return Err(BackupError::Damaged("it does not begin with its manifest".to_owned()));
    }
    let manifest = Manifest::read(&reader.small(MANIFEST_BYTES)?)?;
    Ok(Backup { manifest, reader })
}

fn refused(error: DecryptError) -> BackupError {
    match error {
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => BackupError::NotABackup,
        DecryptError::NoMatchingKeys => BackupError::OtherKey,
        DecryptError::Io(error) => error.into(),
        other => BackupError::Damaged(other.to_string()),
    }
}

impl<R: Read> Backup<R> {
    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Fills a new store in `dir` and reads the rest. The store is marked as restored; no other file is written.
    ///
    /// # Errors
    /// [`BackupError`]; `dir` then holds a part of a store, for the caller to remove.
    pub fn unpack(self, dir: &Path, identity: &IdentityFile) -> Result<Unpacked, BackupError> {
        let Self { manifest, mut reader } = self;
        let (mut import, mut files) = (Import::begin(dir)?, BTreeMap::new());
        let (mut last, mut tables) = (Small::Manifest, TABLES.iter());
        while let Some(name) = reader.next()? {
            let unexpected = || BackupError::Damaged("its entries are not those of this format".to_owned());
            if let Some(table) = name.strip_prefix("store/") {
                if tables.next() != Some(&table) {
                    return Err(unexpected());
                }
                import.table::<BackupError>(table, |row| reader.row(row, ROW_BYTES))?;
                continue;
            }
            let entry = Small::ALL.into_iter().find(|entry| entry.name() == name).filter(|entry| *entry > last).ok_or_else(unexpected)?;
            files.insert(entry.name(), Zeroizing::new(reader.small(entry.limit())?));
            last = entry;
        }
        if tables.next().is_some() {
            return Err(BackupError::Damaged("a table is missing".to_owned()));
        }
        import.finish()?;
        Unpacked::new(manifest, files, identity)
    }
}

impl Unpacked {
    /// Opens the keys and holds federation, key set, keystore and identity key against each other.
    fn new(manifest: Manifest, files: BTreeMap<&'static str, Zeroizing<Vec<u8>>>, identity: &IdentityFile) -> Result<Self, BackupError> {
        let inconsistent = |what: &dyn std::fmt::Display| BackupError::Inconsistent(what.to_string());
        let file = |entry: Small| {
            files.get(entry.name()).map(|bytes| bytes.as_slice()).ok_or_else(|| inconsistent(&format!("{} is missing", entry.name())))
        };
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(file(Small::Key)?, &mut key[..]).map_err(|_| inconsistent(&"node.key is not 64 hex digits"))?;
        let keystore = Keystore::open(file(Small::Keys)?, &Unlock::KeyFile(key))?;
        let node: NodeFiles = serde_json::from_slice(file(Small::Federation)?).map_err(|error| inconsistent(&error))?;
        let text = ChainText { founding: node.founding.clone(), amendments: node.amendments.clone() };
        let chain = Chain::read(text, None).map_err(|error| inconsistent(&error))?;
        check_keys(&chain, &node, &keystore).map_err(|error| inconsistent(&error))?;
        file(Small::Recipient)?;
        let agency = &node.keyset.body.agency;
        if manifest.agency != *agency || manifest.federation != *chain.fingerprint() {
            return Err(inconsistent(&"its manifest names another agency or federation than its key set"));
        }
        // Anybody can seal to a public key. Whose charter it is, only the identity key tells.
        let ours = [identity.public(), identity.successor_key().public()];
        let known = |charter: &parangon_protocol::charter::Charter| {
            charter.member(agency).is_some_and(|member| ours.contains(&member.identity) || member.successor == identity.public().hash())
        };
        if !chain.versions().any(known) {
            return Err(inconsistent(&format!("no version of its charter gives {agency} this identity key")));
        }
        Ok(Self { manifest, files, keystore, chain })
    }

    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The node's keys.
    #[must_use]
    pub fn keystore(&self) -> &Keystore {
        &self.keystore
    }

    /// The charter as `federation.json` has it.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Writes the small files into `dir`. `node.key` opens the keys from now on, so a setting that names something else is
    /// commented out. Says whether there was one. The keys may be earlier ones than the agency's log states by now: a mark lets the node
    /// start with them all the same.
    ///
    /// # Errors
    /// [`BackupError::File`].
    pub fn write_files(&self, dir: &Path) -> Result<bool, BackupError> {
        let mut changed = false;
        for (name, bytes) in &self.files {
            let path = dir.join(name);
            if *name == Small::Recipient.name() {
                file::write_public(&path, bytes)?;
            } else if *name == Small::Config.name() {
                let text = String::from_utf8_lossy(bytes);
                let without = without_key_source(&text);
                changed = without.is_some();
                file::write_new(&path, without.as_deref().unwrap_or(&text).as_bytes())?;
            } else {
                file::write_new(&path, bytes)?;
            }
        }
        file::write_new(&dir.join(MADE_AGAIN), b"")?;
        Ok(changed)
    }
}

/// The configuration with its key source commented out, where it has one.
fn without_key_source(text: &str) -> Option<String> {
    let source = |text: &str| Config::parse(text, Small::Config.name()).ok().map(|config| config.keys);
    if source(text)? == KeySource::Ask {
        return None;
    }
    let names = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        matches!(key.trim_start_matches("keys."), "passphrase_file" | "key_file")
    };
    let lines = text.lines().map(|line| if names(line) { format!("# before the restore: {line}\n") } else { format!("{line}\n") });
    let without: String = lines.collect();
    // Written in another way than `init` does, it stays as it is: the node says what it misses.
    (source(&without) == Some(KeySource::Ask)).then_some(without)
}
