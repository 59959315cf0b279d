//! `parangon backup`: make, list and check backups of a node.

mod check;
mod create;
mod key;
mod list;
mod progress;
mod recipient;
mod refusal;

use clap::Subcommand;

use crate::args::{Global, Noun};
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use check::{describe, found, read};
pub(crate) use key::BackupKey;
pub(crate) use progress::Progress;
pub(crate) use refusal::refused;

/// Verbs of `parangon backup`.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup: of the running node, or of a data directory whose node does not run
    Create(create::CreateArgs),
    /// Restore a backup into a temporary directory and check everything in it
    Check(check::CheckArgs),
    /// List the backups in a directory
    List(list::ListArgs),
    /// Make backup.recipient, to which backups are encrypted, from the identity key
    Recipient(recipient::RecipientArgs),
}

/// Runs one verb.
pub(crate) fn run(noun: Noun<BackupCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    let data = noun.data.path();
    match noun.verb {
        BackupCommand::Create(args) => create::run(&args, &noun.data, global, out),
        BackupCommand::Check(args) => check::run(&args, &data, out),
        BackupCommand::List(args) => list::run(&args, &data, out),
        BackupCommand::Recipient(args) => recipient::run(&args, &data, out),
    }
}
