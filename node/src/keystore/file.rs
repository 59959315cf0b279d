//! Secret files on disk: readable by the owner alone, never half-written, never overwritten by accident.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::sealed::FILE_BYTES;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is there already; overwriting could destroy the only copy of a key.
    #[error("{} exists already and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// More bytes than a key file has.
    #[error("{} is too large for a key file", .0.display())]
    TooLarge(PathBuf),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Writes a new file of mode 0600 and makes it durable: file and directory are synced before this returns.
///
/// # Errors
/// [`FileError::Exists`] when something is there; nothing is changed then.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, 0o600)
}

/// The same with mode 0644, for what everybody may read.
///
/// # Errors
/// [`FileError::Exists`] when something is there; nothing is changed then.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |source| FileError::Io { path: path.into(), source };
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(FileError::Exists(path.into())),
        Err(error) => return Err(failed(error)),
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(path); // ours, half-written
        failed(error)
    })
}

/// Puts `bytes` in the place of the file at `path`, or a new one there, in one step: after a power cut there is the old
/// content or the new one, never a mixture.
///
/// # Errors
/// [`FileError::Io`]; the old file stays.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    put(path, bytes, 0o600)
}

/// The same with mode 0644, for what everybody may read.
///
/// # Errors
/// [`FileError::Io`]; the old file stays.
pub fn replace_public(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    put(path, bytes, 0o644)
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |source| FileError::Io { path: path.into(), source };
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => write(&draft, bytes, mode)?,
    }
    std::fs::rename(&draft, path).and_then(|()| sync_parent(path)).map_err(failed)
}

/// Reads a key file of bounded size.
///
/// # Errors
/// [`FileError::Io`] or [`FileError::TooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > FILE_BYTES { Err(FileError::TooLarge(path.into())) } else { Ok(bytes) }
}

/// Makes a new name in a directory durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
