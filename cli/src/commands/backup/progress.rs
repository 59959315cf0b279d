//! How far it is, on a terminal; nothing elsewhere.

use std::io::Read;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar, a count of bytes, or nothing.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of `total` bytes, or of a number that is not known.
    pub(crate) fn new(out: &Output, what: &str, total: Option<u64>) -> Self {
        if !out.is_interactive() || out.is_quiet() {
            return Self(ProgressBar::hidden());
        }
        let template = if total.is_some() { "{msg} {bar:30} {bytes} of {total_bytes}" } else { "{msg} {bytes}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many bytes more.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.inc(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Counts what is read.
    pub(crate) fn of<R: Read>(&self, from: R) -> impl Read {
        self.0.wrap_read(from)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
