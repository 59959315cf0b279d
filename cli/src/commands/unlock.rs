//! The key files of a data directory, and what opens them.

use std::path::{Path, PathBuf};

use clap::Args;
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{Cost, Keystore, Unlock, file, random};
use zeroize::Zeroizing;

use super::new_files::NewFiles;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use parangon_node::keystore::NODE_KEYS;
/// What opens them when no passphrase does.
pub(crate) const NODE_KEY: &str = "node.key";
/// The sealed identity key and its successor.
pub(crate) const IDENTITY_KEYS: &str = "identity.keys";
/// What opens them when no passphrase does.
pub(crate) const IDENTITY_KEY: &str = "identity.key";

/// Files that hold passphrases. Only their owner may read them (mode 0600).
#[derive(Debug, Clone, Args)]
pub(crate) struct Passphrases {
    /// File whose first line opens the node's keys; without it a key file beside them does
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) identity: IdentityPassphrase,
}

/// The file that holds the identity key's passphrase.
#[derive(Debug, Clone, Args)]
pub(crate) struct IdentityPassphrase {
    /// File whose first line opens the identity key; without it a key file beside it does
    #[arg(long, value_name = "FILE")]
    pub(crate) identity_passphrase_file: Option<PathBuf>,
}

impl Passphrases {
    /// What opens the node's keys in `dir`.
    pub(crate) fn node_unlock(&self, dir: &Path) -> Result<Unlock, Failure> {
        chosen(self.passphrase_file.as_deref(), &dir.join(NODE_KEY), "--passphrase-file")
    }

    /// Opens the node's keys in `dir`.
    pub(crate) fn open_node(&self, dir: &Path) -> Result<Keystore, Failure> {
        open_keystore(&dir.join(NODE_KEYS), &self.node_unlock(dir)?)
    }

    /// Opens the identity key in `dir`.
    pub(crate) fn open_identity(&self, dir: &Path) -> Result<IdentityFile, Failure> {
        self.identity.open(dir)
    }
}

/// Opens one sealed file of the node's keys.
pub(crate) fn open_keystore(path: &Path, unlock: &Unlock) -> Result<Keystore, Failure> {
    Keystore::open(&read(path)?, unlock).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

impl IdentityPassphrase {
    /// Opens the identity key in `dir`.
    pub(crate) fn open(&self, dir: &Path) -> Result<IdentityFile, Failure> {
        let unlock = chosen(self.identity_passphrase_file.as_deref(), &dir.join(IDENTITY_KEY), "--identity-passphrase-file")?;
        let bytes = read(&dir.join(IDENTITY_KEYS))?;
        IdentityFile::open(&bytes, &unlock).map_err(|error| Failure::failed(format!("{}: {error}", dir.join(IDENTITY_KEYS).display())))
    }

    /// What will open a new identity key: the passphrase, or a fresh key file that becomes one of the new files.
    pub(crate) fn fresh(&self, files: &mut NewFiles) -> Result<Unlock, Failure> {
        fresh(self.identity_passphrase_file.as_deref(), IDENTITY_KEY, files)
    }
}

/// What will open new keys: the passphrase, or a fresh key file that becomes one of the new files.
pub(crate) fn fresh(passphrase: Option<&Path>, key_name: &str, files: &mut NewFiles) -> Result<Unlock, Failure> {
    if let Some(path) = passphrase {
        return Unlock::read_passphrase_file(path, Cost::default()).map_err(Failure::failed);
    }
    let mut key = Zeroizing::new([0u8; 32]);
    random::system(&mut key[..]).map_err(Failure::failed)?;
    files.add(key_name, Zeroizing::new(hex::encode(&key[..])).as_bytes());
    Ok(Unlock::KeyFile(key))
}

fn chosen(passphrase: Option<&Path>, key: &Path, option: &str) -> Result<Unlock, Failure> {
    match passphrase {
        Some(path) => Unlock::read_passphrase_file(path, Cost::default()).map_err(Failure::failed),
        None if key.exists() => Unlock::read_key_file(key).map_err(Failure::failed),
        None => {
            Err(Failure::usage(format!("the keys need a passphrase, and there is no {}", key.display())).next(format!("add {option} FILE")))
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if !path.exists() {
        let failure = Failure::new(Exit::NotFound, format!("{} is not there", path.display()));
        return Err(failure.next("make the agency's keys with `parangon init`, or name its directory with --data"));
    }
    file::read(path).map_err(Failure::failed)
}
