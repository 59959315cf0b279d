//! What opens a sealed key file: a passphrase or a key file, both read from files that nobody else can read.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

/// Bytes of a passphrase or key file that are read at most.
const SECRET_FILE_BYTES: u64 = 1024;

/// Characters of a passphrase at least. Argon2id slows guessing down, it cannot save a short word.
pub const PASSPHRASE_CHARS: usize = 8;

/// The price of one guess at a passphrase (Argon2id). Stored with the file, so that it can grow later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// 19 MiB, 2 passes, 1 lane: the first choice of OWASP's password storage cheat sheet, about 25 ms.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// As little as Argon2id accepts. For tests and the demonstration only, where secrets live for minutes.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// The most that a file may ask for: 1 GiB, 16 passes, 4 lanes. More would be an attack on the reader.
    pub(super) fn is_bearable(self) -> bool {
        (8 * self.lanes..=1 << 20).contains(&self.memory_kib) && (1..=16).contains(&self.passes) && (1..=4).contains(&self.lanes)
    }
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Others can read or write it (case A15).
    #[error("{} has mode {mode:04o}: it must be readable by its owner alone (chmod 0600)", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not 64 hex digits.
    #[error("{} does not hold 64 hex digits", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
    /// Shorter than [`PASSPHRASE_CHARS`].
    #[error("a passphrase needs at least {PASSPHRASE_CHARS} characters")]
    TooShort,
    /// More than 1 KiB or not UTF-8.
    #[error("{} is not a passphrase: over 1 KiB or not UTF-8", path.display())]
    NotAPassphrase {
        /// Which file.
        path: PathBuf,
    },
}

/// What opens a sealed key file. Wiped when dropped, never printed.
pub enum Unlock {
    /// A passphrase, and the cost with which new files are sealed; opening takes the cost from the file.
    Passphrase(Zeroizing<String>, Cost),
    /// 32 random bytes.
    KeyFile(Zeroizing<[u8; 32]>),
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase(_, cost) => write!(f, "Unlock::Passphrase(…, {cost:?})"),
            Self::KeyFile(_) => f.write_str("Unlock::KeyFile(…)"),
        }
    }
}

impl Unlock {
    /// A passphrase as typed.
    ///
    /// # Errors
    /// [`UnlockError::TooShort`].
    pub fn passphrase(text: Zeroizing<String>, cost: Cost) -> Result<Self, UnlockError> {
        if text.chars().count() < PASSPHRASE_CHARS { Err(UnlockError::TooShort) } else { Ok(Self::Passphrase(text, cost)) }
    }

    /// The first line of a file that its owner alone can read.
    ///
    /// # Errors
    /// [`UnlockError`]: unreadable, exposed, too short.
    pub fn read_passphrase_file(path: &Path, cost: Cost) -> Result<Self, UnlockError> {
        let bytes = read_secret(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| UnlockError::NotAPassphrase { path: path.into() })?;
        Self::passphrase(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()), cost)
    }

    /// 32 bytes in hex from a file that its owner alone can read.
    ///
    /// # Errors
    /// [`UnlockError`]: unreadable, exposed, not a key.
    pub fn read_key_file(path: &Path) -> Result<Self, UnlockError> {
        let bytes = read_secret(path)?;
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(bytes.trim_ascii(), &mut key[..]).map_err(|_| UnlockError::NotAKey { path: path.into() })?;
        Ok(Self::KeyFile(key))
    }
}

/// Reads a small secret after its permissions were checked on the open file, so that they cannot change between.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, UnlockError> {
    let unreadable = |source| UnlockError::Unreadable { path: path.into(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if !is_private(path, mode) {
        return Err(UnlockError::Exposed { path: path.into(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(2048)); // never grows, so no copy is left behind
    Read::by_ref(&mut file).take(SECRET_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > SECRET_FILE_BYTES {
        bytes.zeroize();
        return Err(UnlockError::NotAPassphrase { path: path.into() });
    }
    Ok(bytes)
}

/// 0600 or 0400. systemd hands credentials over with an access list, which shows as 0440: that is accepted inside
/// its credentials directory, where only the service can look.
fn is_private(path: &Path, mode: u32) -> bool {
    let from_systemd = || std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|dir| path.parent() == Some(Path::new(&dir)));
    matches!(mode, 0o600 | 0o400) || (mode == 0o440 && from_systemd())
}
