//! What opens a backup: the identity key, from its file or from the recovery sheet.

use std::path::{Path, PathBuf};

use parangon_node::keystore::identity::IdentityFile;

use crate::commands::key::sheet_words;
use crate::commands::unlock::{IDENTITY_KEYS, IdentityPassphrase};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Where the identity key is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BackupKey {
    /// Directory that holds identity.keys [default: the data directory, else the words are asked for]
    #[arg(long, value_name = "DIR", conflicts_with = "sheet")]
    identity: Option<PathBuf>,
    /// File with the 48 words of the recovery sheet, mode 0600, or - for stdin
    #[arg(long, value_name = "FILE|-")]
    sheet: Option<PathBuf>,
    #[command(flatten)]
    passphrase: IdentityPassphrase,
}

impl BackupKey {
    /// Whether somebody said where the key is.
    pub(crate) fn is_given(&self) -> bool {
        self.identity.is_some() || self.sheet.is_some()
    }

    /// The identity key.
    pub(crate) fn open(&self, data: &Path, out: &Output) -> Result<IdentityFile, Failure> {
        if self.sheet.is_some() {
            return sheet_words(self.sheet.as_deref(), "--sheet", out);
        }
        let dir = self.identity.as_deref().unwrap_or(data);
        if dir.join(IDENTITY_KEYS).exists() {
            return self.passphrase.open(dir);
        }
        if let Some(dir) = &self.identity {
            return Err(Failure::new(Exit::NotFound, format!("{} is not there", dir.join(IDENTITY_KEYS).display())));
        }
        if out.is_interactive() {
            return sheet_words(None, "--sheet", out);
        }
        let failure = Failure::usage("a backup opens with the identity key only");
        Err(failure.next("name the directory of identity.keys with --identity DIR, or give the words with --sheet FILE or --sheet -"))
    }
}
