//! One process per store (case D9). The lock belongs to the open file, so a process that was killed leaves none behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StoreError;

/// Its file.
const NAME: &str = "parangon.lock";

/// A data directory's lock, held while its store is open or something else must not happen to it twice.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody has it: a store that was used by many tasks is closed when the last of them ends.
    ///
    /// # Errors
    /// [`StoreError::NoLocks`], [`StoreError::Disk`].
    pub fn wait(dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(NAME);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StoreError::Disk)?;
        file.lock().map_err(|source| StoreError::NoLocks { path, source })
    }

    /// Takes it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NoLocks`], [`StoreError::Disk`].
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(StoreError::Disk)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.take(20).read_to_string(&mut text); // only for the message
                return Err(StoreError::InUse { dir: dir.into(), process: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::NoLocks { path, source }),
        }
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(StoreError::Disk)?;
        Ok(Self { _file: file })
    }
}
