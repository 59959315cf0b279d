//! What was found on the way, line by line as it happens.

use parangon_node::network::Progress;
use serde_json::{Value, json};

use crate::output::{Output, clean};

/// The lines so far.
pub(super) struct Checklist<'a> {
    out: &'a Output,
    lines: Vec<Value>,
}

impl<'a> Checklist<'a> {
    /// None yet.
    pub(super) fn new(out: &'a Output) -> Self {
        Self { out, lines: Vec::new() }
    }

    /// A step of the connection.
    pub(super) fn progress(&mut self, step: &Progress) {
        match step {
            Progress::Resolved { name, addresses } => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                self.ok("name resolved", &format!("{name} is {}", addresses.join(", ")));
            }
            Progress::Open(address) => self.ok("port open", &address.to_string()),
            Progress::Encrypted(address) => self.ok("encrypted", &format!("the node has the key that the invite names, at {address}")),
        }
    }

    /// Done.
    pub(super) fn ok(&mut self, step: &str, detail: &str) {
        self.line(step, true, detail);
    }

    /// Not done.
    pub(super) fn fail(&mut self, step: &str, detail: &str) {
        self.line(step, false, detail);
    }

    fn line(&mut self, step: &str, ok: bool, detail: &str) {
        let tick = match (ok, self.out.is_unicode()) {
            (true, true) => "\u{2713}",
            (true, false) => "ok",
            (false, true) => "\u{2717}",
            (false, false) => "no",
        };
        self.out.say(&format!("  {tick:<2} {step:<16} {}", clean(detail)));
        self.lines.push(json!({ "step": step, "ok": ok, "detail": detail }));
    }

    /// For scripts.
    pub(super) fn lines(&self) -> &[Value] {
        &self.lines
    }
}
