//! Making a backup: what can go wrong goes wrong before the first byte is written, except for the disk.

use std::io::{self, Write};
use std::path::Path;

use parangon_protocol::canonical;
use parangon_protocol::charter::{Chain, ChainText};
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use zeroize::Zeroizing;

use super::container::Writer;
use super::manifest::Manifest;
use super::restore::Small;
use super::{BackupError, RECIPIENT_FILE};
use crate::config;
use crate::keystore::file::{self, FileError};
use crate::keystore::{Keystore, Unlock, random};
use crate::run::{NodeFiles, check_keys};
use crate::store::{ReadTx, Store, TABLES};

/// A backup that is about to be written: the snapshot is taken, nothing can be refused any more.
pub struct Plan {
    manifest: Manifest,
    recipient: age::x25519::Recipient,
    files: Vec<(Small, Zeroizing<Vec<u8>>)>,
    tx: ReadTx,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// What backups of this data directory are sealed to.
///
/// # Errors
/// [`BackupError::NoRecipient`], [`BackupError::BadRecipient`].
pub fn read_recipient(dir: &Path) -> Result<age::x25519::Recipient, BackupError> {
    let path = dir.join(RECIPIENT_FILE);
    let bytes = match file::read(&path) {
        Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Err(BackupError::NoRecipient(path)),
        other => other?,
    };
    let text = std::str::from_utf8(&bytes).ok().map(str::trim_ascii);
    text.and_then(|text| text.parse().ok()).ok_or(BackupError::BadRecipient(path))
}

/// Makes the file that names what backups are sealed to. Says whether there was none with this recipient.
///
/// # Errors
/// [`FileError`]; what was there stays.
pub fn write_recipient(dir: &Path, recipient: &str) -> Result<bool, FileError> {
    let path = dir.join(RECIPIENT_FILE);
    let text = format!("{recipient}\n");
    if file::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(false);
    }
    file::replace_public(&path, text.as_bytes()).map(|()| true)
}

impl Plan {
    /// Takes the snapshot, with the files beside the store.
    ///
    /// # Errors
    /// [`BackupError::NoRecipient`], [`BackupError::BadRecipient`], [`BackupError::OtherKeys`]; [`BackupError::File`] for a file
    /// that cannot be read.
    pub fn new(store: &Store, keystore: &Keystore, now: Timestamp) -> Result<Self, BackupError> {
        let dir = store.dir();
        let recipient = read_recipient(dir)?;
        let other = |reason: &dyn std::fmt::Display| BackupError::OtherKeys(reason.to_string());
        let node = NodeFiles::load(dir).map_err(|error| other(&error))?;
        let text = ChainText { founding: node.founding.clone(), amendments: node.amendments.clone() };
        let chain = Chain::read(text, None).map_err(|error| other(&error))?;
        check_keys(&chain, &node, keystore).map_err(|error| other(&error))?;

        let mut files = vec![(Small::Recipient, Zeroizing::new(format!("{recipient}\n").into_bytes()))];
        let federation = canonical::encode(&node, limits::DOCUMENT_BYTES).map_err(|error| other(&error))?;
        files.push((Small::Federation, Zeroizing::new(federation)));
        for (entry, limit) in [(Small::Config, config::FILE_BYTES), (Small::Sheet, Small::Sheet.limit() as u64)] {
            if let Some(bytes) = optional(&dir.join(entry.name()), limit)? {
                files.push((entry, bytes));
            }
        }
        // Sealed anew with a key of this backup's own: it opens with the backup's key alone, whatever opens it on the node.
        let key = Zeroizing::new(random::draw::<32>(&mut random::system)?);
        let text = Zeroizing::new(hex::encode(&key[..]));
        let sealed = keystore.seal(&Unlock::KeyFile(key), random::system)?;
        files.push((Small::Keys, Zeroizing::new(sealed)));
        files.push((Small::Key, Zeroizing::new(text.as_bytes().to_vec())));

        let tx = store.read()?;
        let manifest = Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            agency: node.keyset.body.agency,
            federation: *chain.fingerprint(),
            store: tx.store_id()?.to_string(),
            own_log: tx.own_head()?.map(Into::into),
            made: now,
            counts: tx.counts()?,
        };
        Ok(Self { manifest, recipient, files, tx })
    }

    /// What the backup will say of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Writes the file. Whoever gets an error has a part of it, which nothing will open.
    ///
    /// # Errors
    /// [`BackupError::Io`] of `out`, or an error of the store.
    pub fn write<W: Write>(self, out: W) -> Result<W, BackupError> {
        let Self { manifest, recipient, files, tx } = self;
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).map_err(io::Error::other)?;
        let mut writer = Writer::new(encryptor.wrap_output(out)?)?;
        let whole = |writer: &mut Writer<_>, name: &str, bytes: &[u8]| writer.entry(name, |content| content.write_all(bytes));
        whole(&mut writer, Small::Manifest.name(), &manifest.to_bytes())?;
        for (entry, bytes) in files {
            whole(&mut writer, entry.name(), &bytes)?;
        }
        for table in TABLES {
            writer.entry(&format!("store/{table}"), |content| {
                tx.export::<BackupError>(table, |row| {
                    let length = u32::try_from(row.len()).map_err(io::Error::other)?;
                    content.write_all(&length.to_be_bytes())?;
                    Ok(content.write_all(row)?)
                })
            })?;
        }
        drop(tx);
        Ok(writer.finish()?.finish()?)
    }
}

/// A file that may be missing.
fn optional(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
    use std::io::Read;
    let failed = |source| BackupError::File(FileError::Io { path: path.into(), source });
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        Err(FileError::TooLarge(path.into()).into())
    } else {
        Ok(Some(bytes))
    }
}

impl From<BackupError> for io::Error {
    /// For what writes into a stream: the cause survives as text.
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Io(error) => error,
            BackupError::DiskFull => io::ErrorKind::StorageFull.into(),
            other => Self::other(other),
        }
    }
}
