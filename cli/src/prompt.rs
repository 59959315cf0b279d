//! Questions. They are asked only of somebody who is there, and every one has an option that answers it.

use std::io::{BufRead, Write};

use crate::failure::Failure;
use crate::output::{Output, clean};

/// `y/N`, or `--yes`.
pub(crate) fn confirm(out: &Output, question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !out.is_interactive() {
        return Err(Failure::usage(format!("this needs a yes: {question}")).next("add --yes"));
    }
    let answer = ask(&format!("{question} [y/N] "))?;
    if matches!(answer.to_lowercase().as_str(), "y" | "yes") { Ok(()) } else { Err(cancelled()) }
}

/// What somebody says to a question that has two answers; `--yes` says yes.
pub(crate) fn agree(out: &Output, question: &str, yes: bool) -> Result<bool, Failure> {
    match confirm(out, question, yes) {
        Ok(()) => Ok(true),
        Err(failure) if failure == cancelled() => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The name of what is about to be changed for good, typed or in `--confirm`.
pub(crate) fn confirm_name(out: &Output, what: &str, name: &str, given: Option<&str>) -> Result<(), Failure> {
    let shown = clean(name).into_owned();
    let answer = match given {
        Some(given) => given.to_owned(),
        None if out.is_interactive() => ask(&format!("{what}\nType the name to go on ({shown}): "))?,
        None => return Err(Failure::usage(format!("{what} It needs the name")).next(format!("add --confirm \"{shown}\""))),
    };
    if answer.trim() == name { Ok(()) } else { Err(Failure::usage(format!("the name is \"{shown}\"; nothing was changed"))) }
}

/// Somebody did not go on: nothing was changed.
pub(crate) fn cancelled() -> Failure {
    let mut failure = Failure::usage("nothing was changed");
    "Cancelled".clone_into(&mut failure.problem.title);
    failure
}

fn ask(question: &str) -> Result<String, Failure> {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question}").and_then(|()| err.flush());
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => Err(cancelled()),
        Ok(_) => Ok(line.trim().to_owned()),
    }
}
