//! `parangon man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `parangon man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The directory; it is made when it is missing, older pages in it are replaced
    directory: PathBuf,
}

/// Writes a page a command, `parangon-label-withdraw.1` and so on.
pub(crate) fn run(args: &ManArgs, out: &Output) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", args.directory.display()));
    std::fs::create_dir_all(&args.directory).map_err(failed)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    clap_mangen::generate_to(command, &args.directory).map_err(failed)?;
    let pages = std::fs::read_dir(&args.directory)
        .map_err(failed)?
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "1")));
    let json = serde_json::json!({ "directory": args.directory, "pages": pages.count() });
    out.result(&json, |page| page.field("manual pages", format!("{} in {}", json["pages"], args.directory.display())))
}
