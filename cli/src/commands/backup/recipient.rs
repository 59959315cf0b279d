//! `parangon backup recipient`: for directories that are older than backups, or after another identity key took over.

use std::path::Path;

use parangon_node::backup::{RECIPIENT_FILE, write_recipient};
use serde_json::json;

use super::BackupKey;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `parangon backup recipient`.
#[derive(Debug, clap::Args)]
pub(crate) struct RecipientArgs {
    #[command(flatten)]
    key: BackupKey,
}

/// Writes the file.
pub(super) fn run(args: &RecipientArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    if !data.is_dir() {
        return Err(Failure::new(Exit::NotFound, format!("{} is not there", data.display())).next("name the data directory with --data"));
    }
    let recipient = args.key.open(data, out)?.backup_recipient();
    let changed = write_recipient(data, &recipient).map_err(Failure::failed)?;
    let path = data.join(RECIPIENT_FILE);
    out.result(&json!({ "file": path, "recipient": recipient, "changed": changed }), |page| {
        page.field("file", path.to_string_lossy());
        page.field("recipient", &recipient);
        page.remark("Backups are encrypted to it. They open with the identity key, so the words of the recovery sheet are enough.");
        page.next("parangon backup create");
    })
}
