//! `parangon reminders`: what waits for one of us, for people, for cron, and for calendars.

mod ics;

use std::path::{Path, PathBuf};

use clap::Args;
use parangon_node::keystore::file;
use serde_json::Value;

use crate::args::{DataDir, Global};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{plain, text};
use crate::files;
use crate::output::{Output, State, clean};

/// Something waits of which it is time to remind.
const REMINDED: u8 = 20;

/// Something is overdue.
const OVERDUE: u8 = 21;

/// Arguments of `parangon reminders`.
#[derive(Debug, Args)]
pub(crate) struct RemindersArgs {
    #[command(flatten)]
    data: DataDir,
    /// Also write a calendar file with the due dates (an earlier one is replaced), or - for stdout
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
}

/// Lists what waits; the exit code says how much of a hurry it is.
pub(crate) fn run(args: &RemindersArgs, global: &Global, out: &Output) -> Result<u8, Failure> {
    let reminders = Client::open(global, &args.data)?.list("/api/v1/reminders", None)?;
    let calendar = args.ics.as_deref().map(|path| Ok((path, ics::calendar(&reminders)?))).transpose()?;
    match calendar {
        Some((path, calendar)) if path == Path::new("-") => out.raw(calendar.as_bytes()),
        other => {
            if let Some((path, calendar)) = other {
                keep(path, &calendar)?;
            }
            out.result(&reminders, |page| {
                for reminder in &reminders {
                    let id = page.ids()(&text(reminder, "offer"));
                    page.state(state(reminder), &format!("{id} {:<6}", text(reminder, "level")), &text(reminder, "reason"));
                    page.remark(format!("          {}", clean(&text(reminder, "next_step"))));
                }
                if reminders.is_empty() {
                    page.remark("Nothing waits for you.");
                }
            })?;
        }
    }
    Ok(reminders.iter().map(code).max().unwrap_or(0))
}

/// What the exit code says of one of them.
fn code(reminder: &Value) -> u8 {
    match (reminder["overdue"] == true, plain(reminder, "reminder")) {
        (true, _) => OVERDUE,
        (false, Some(_)) => REMINDED,
        (false, None) => 0,
    }
}

fn state(reminder: &Value) -> State {
    State::from_word(if code(reminder) == OVERDUE { "warn" } else { "wait" })
}

/// Writes the calendar, over an earlier one but over nothing else.
fn keep(path: &Path, calendar: &str) -> Result<(), Failure> {
    let is_there = path.symlink_metadata().is_ok();
    if is_there && files::read_start(path, ics::BEGIN.len())? != ics::BEGIN.as_bytes() {
        let failure = Failure::new(Exit::Conflict, format!("{} is no calendar file and is not overwritten", path.display()));
        return Err(failure.next("choose another name with --ics"));
    }
    file::replace_public(path, calendar.as_bytes()).map_err(Failure::failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_most_urgent() {
        let code = |list: &[Value]| list.iter().map(code).max().unwrap_or(0);
        let (early, said) = (json!({ "overdue": false }), json!({ "overdue": false, "reminder": "waits-3-days" }));
        let late = json!({ "overdue": true, "reminder": "overdue" });
        assert_eq!(code(&[]), 0);
        assert_eq!(code(std::slice::from_ref(&early)), 0);
        assert_eq!(code(&[early.clone(), said.clone()]), REMINDED);
        assert_eq!(code(&[late, early, said]), OVERDUE);
    }

    #[test]
    fn a_calendar_replaces_a_calendar_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("due.ics");
        let calendar = ics::calendar(&[]).expect("a calendar");
        for _ in 0..2 {
            keep(&path, &calendar).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), calendar);
        }
        std::fs::write(&path, "[node]\n").expect("written");
        assert_eq!(keep(&path, &calendar).expect_err("refused").exit, Exit::Conflict);
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "[node]\n");
    }
}
