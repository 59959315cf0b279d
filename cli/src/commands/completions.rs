//! `parangon completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `parangon completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Your shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, out: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "parangon", &mut script);
    if out.is_json() {
        let json = serde_json::json!({ "shell": args.shell.to_string(), "script": String::from_utf8_lossy(&script) });
        return out.result(&json, |_| {});
    }
    out.raw(&script);
    Ok(())
}
