//! `parangon key`: the identity key, its recovery sheet, and the operational keys. Only `rotate` and `compromised` need a node.

mod agency;
mod card;
mod compromised;
mod drill;
mod next;
mod page;
mod record;
mod recover;
mod rotate;
mod sheet;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use parangon_node::keystore::identity::IdentityFile;

use super::unlock::{IDENTITY_KEYS, IdentityPassphrase};
use crate::args::{Global, Noun};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use drill::confirm_printed;
pub(crate) use record::{IDENTITY_SHEET, SheetRecord, now};
pub(crate) use recover::words as sheet_words;
pub(crate) use sheet::{NewPage, page_path};

/// Verbs of `parangon key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Show the public keys, the key sets in the log, and when the recovery sheet was last seen
    Show(show::ShowArgs),
    /// Replace the keys that this agency's node works with; what they signed stays valid
    Rotate(rotate::RotateArgs),
    /// A key was stolen: replace it, and withdraw the labels that it may have signed
    Compromised(compromised::CompromisedArgs),
    /// Type one word of the recovery sheet, so that a lost sheet is noticed in time
    Drill(drill::DrillArgs),
    /// Make the identity key again from the words of its recovery sheet
    Recover(recover::RecoverArgs),
    /// Make the page with the recovery sheet again
    Sheet(sheet::SheetArgs),
    /// Write the card of an identity key that is to take the place of a member's present one
    ///
    /// Examples:
    ///   parangon key recover --successor --id lyon --name Lyon --data next   # the present one was stolen
    ///   parangon key recover --lost --id lyon --name Lyon --data next        # both are lost
    ///   parangon key card --trust federation.trust.json --id lyon --data next
    #[command(verbatim_doc_comment)]
    Card(card::CardArgs),
}

/// Where the identity key is.
#[derive(Debug, Clone, Args)]
pub(crate) struct IdentityPlace {
    /// Directory that holds identity.keys, when they are not in the data directory
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    passphrase: IdentityPassphrase,
}

impl IdentityPlace {
    /// The directory that was named, or the data directory.
    fn dir<'a>(&'a self, data: &'a Path) -> &'a Path {
        self.identity.as_deref().unwrap_or(data)
    }

    /// Opens the identity key.
    fn open(&self, data: &Path) -> Result<IdentityFile, Failure> {
        let path = self.dir(data).join(IDENTITY_KEYS);
        if !path.exists() {
            let failure = Failure::new(Exit::NotFound, format!("{} is not there", path.display()));
            return Err(failure.next("name the directory to which it was moved with --identity DIR"));
        }
        self.passphrase.open(self.dir(data))
    }
}

/// Runs one verb.
pub(crate) fn run(noun: Noun<KeyCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    let data = noun.data.path();
    match noun.verb {
        KeyCommand::Show(args) => show::run(&args, &data, &Client::open(global, &noun.data)?, out),
        KeyCommand::Rotate(args) => rotate::run(&args, &data, &Client::open(global, &noun.data)?, out),
        KeyCommand::Compromised(args) => compromised::run(&args, &data, &Client::open(global, &noun.data)?, out),
        KeyCommand::Drill(args) => drill::run(&args, &data, out),
        KeyCommand::Recover(args) => recover::run(&args, &data, out),
        KeyCommand::Sheet(args) => sheet::run(&args, &data, out),
        KeyCommand::Card(args) => card::run(&args, &data, out),
    }
}
