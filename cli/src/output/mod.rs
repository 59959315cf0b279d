//! What people and scripts read. stdout carries the result, stderr the talk.
//!
//! Three forms: for people, `--json` (the stable contract) and `--plain` (tab-separated, without headings). Everything
//! that came from elsewhere is cleaned before it reaches a terminal.

mod clean;
mod page;

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

pub(crate) use clean::clean;
pub(crate) use page::{Page, State};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Tables and sentences.
    Human,
    /// One JSON value.
    Json,
    /// Tab-separated lines.
    Plain,
}

/// Where results and talk go, and how.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    colour: bool,
    unicode: bool,
    quiet: bool,
    interactive: bool,
    /// Whether the one JSON value was written already.
    answered: AtomicBool,
}

impl Output {
    /// From the global options and the environment.
    pub(crate) fn new(global: &Global) -> Self {
        let format = match (global.json, global.plain) {
            (true, _) => Format::Json,
            (_, true) => Format::Plain,
            _ => Format::Human,
        };
        let terminal = std::io::stdout().is_terminal();
        let variable = |name| std::env::var(name).unwrap_or_default();
        let colour = colour(terminal && format == Format::Human && !global.no_color, &variable("NO_COLOR"), &variable("TERM"));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let interactive = terminal && std::io::stdin().is_terminal() && !global.no_input && format != Format::Json;
        Self { format, colour, unicode: is_utf8(&locale), quiet: global.quiet, interactive, answered: AtomicBool::new(false) }
    }

    /// Whether `--json` was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether tick and box characters can be shown.
    pub(crate) fn is_unicode(&self) -> bool {
        self.unicode
    }

    /// Whether nothing but errors is wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Writes the result: `json` as one line, or the page that `human` fills.
    pub(crate) fn result<T: Serialize + ?Sized>(&self, json: &T, human: impl FnOnce(&mut Page)) -> Result<(), Failure> {
        if self.quiet && self.format != Format::Json {
            return Ok(());
        }
        if self.format == Format::Json {
            let text = serde_json::to_string(json).map_err(Failure::failed)?;
            self.raw(format!("{text}\n").as_bytes());
            self.answered.store(true, Ordering::Relaxed);
        } else {
            let mut page = Page::new(self.format == Format::Plain, self.colour);
            human(&mut page);
            self.raw(clean::terminal(page.as_str(), self.colour).as_bytes());
        }
        Ok(())
    }

    /// Writes bytes as they are: an exported file on its way to a pipe. A closed pipe is not an error.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// Talks to the person, on stderr; silent with `--quiet`.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{}", clean::terminal(text, false));
        }
    }

    /// Shows what a question is about to whoever is there to answer it, also with `--quiet`.
    pub(crate) fn show(&self, text: &str) {
        if self.interactive {
            let _ = writeln!(std::io::stderr(), "{}", clean::terminal(text, false));
        }
    }

    /// Shows what a question is about as a page, on stderr: the result comes after the answer.
    pub(crate) fn preview(&self, human: impl FnOnce(&mut Page)) {
        if self.interactive {
            let mut page = Page::new(false, self.colour);
            human(&mut page);
            self.show(page.as_str().trim_end());
        }
    }

    /// Shows a failure: as `{"error":…}` on stdout with `--json`, else on stderr. Returns the exit code. A result that
    /// was written before, such as the rows that cannot be used, stays the only value on stdout.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        let problem = &failure.problem;
        if self.format == Format::Json {
            let text = serde_json::json!({ "error": problem }).to_string();
            if self.answered.load(Ordering::Relaxed) {
                let _ = writeln!(std::io::stderr(), "{text}");
            } else {
                self.raw(format!("{text}\n").as_bytes());
            }
            return failure.exit;
        }
        let mut text = match (problem.title.as_str(), problem.detail.as_str()) {
            (title, "") => format!("parangon: {}.", clean(title).trim_end_matches('.')),
            ("", detail) => format!("parangon: {}", clean(detail)),
            (title, detail) => format!("parangon: {}: {}", clean(title).trim_end_matches('.'), clean(detail)),
        };
        for error in &problem.errors {
            text.push_str(&format!("\n  {}  {}", clean(&error.pointer), clean(&error.detail)));
        }
        if let Some(step) = &problem.next_step {
            text.push_str(&format!("\n  Next: {}", clean(step)));
        }
        if problem.status.is_some() && !problem.code.is_empty() {
            text.push_str(&format!("\n  Code: {}", clean(&problem.code)));
        }
        let _ = writeln!(std::io::stderr(), "{}", clean::terminal(&text, false));
        failure.exit
    }
}

fn colour(wanted: bool, no_color: &str, term: &str) -> bool {
    wanted && no_color.is_empty() && term != "dumb"
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_needs_a_terminal_and_nobody_against_it() {
        assert!(colour(true, "", "xterm"));
        assert!(!colour(true, "1", "xterm"));
        assert!(!colour(true, "", "dumb"));
        assert!(!colour(false, "", "xterm"));
    }

    #[test]
    fn the_locale_decides_about_ticks() {
        assert!(is_utf8("de_DE.UTF-8") && is_utf8("C.utf8"));
        assert!(!is_utf8("C") && !is_utf8("") && !is_utf8("de_DE.ISO-8859-1"));
    }
}
