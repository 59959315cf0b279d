//! What clap has to say, in our form: help on stdout, mistakes with exit code 2, also as JSON.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit::Exit;
use crate::failure::Failure;

/// Options that other programs have for secrets. Arguments are visible to every user of the machine.
const SECRETS: [&str; 5] = ["--password", "--passphrase", "--token", "--secret", "--identity-passphrase"];

/// Shows help, the version or a mistake; returns how the process ends.
pub(crate) fn report(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let secret = secret(error).or_else(|| words(error, arguments));
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let detail = secret.unwrap_or_else(|| text.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned());
        let failure = Failure::usage(detail);
        let json = serde_json::json!({ "error": failure.problem });
        let _ = writeln!(std::io::stdout(), "{json}");
    } else if let Some(text) = secret {
        let _ = writeln!(std::io::stderr(), "parangon: {text}");
    } else {
        let _ = error.print();
    }
    ExitCode::from(Exit::Usage.number())
}

fn secret(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = given.split(['=', ' ']).next().unwrap_or_default();
    let known = SECRETS.contains(&option) && error.kind() == ErrorKind::UnknownArgument;
    known.then(|| format!("secrets are never read from the command line, where other users can see them; use {option}-file FILE"))
}

/// Words of a recovery sheet where only options are expected: clap would repeat them.
fn words(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let stray = error.kind() == ErrorKind::UnknownArgument
        && !given.starts_with('-')
        && arguments.iter().any(|argument| ["key", "backup", "restore"].iter().any(|noun| argument == noun));
    stray.then(|| "words of a recovery sheet are never read from the command line, where other users can see them; use stdin".to_owned())
}
