//! The canonical N-Quads (RDFC-1.0) of a graph in which every node has an IRI: the lines, sorted by their bytes.
//!
//! RDFC-1.0's work is naming blank nodes. Where there are none, its answer is the set of lines in code point order,
//! which for UTF-8 is byte order. IRIs are ours and need no escape; control characters were refused when the texts
//! were read, so only `"` and `\` need one.

use sha2::{Digest, Sha256};

/// The statements of one graph, in any order.
#[derive(Debug, Clone, Default)]
pub struct Quads {
    text: String,
    /// Where each line ends in `text`.
    ends: Vec<usize>,
}

impl Quads {
    /// No statements, with room for `bytes` of text and `lines`.
    #[must_use]
    pub fn with_capacity(bytes: usize, lines: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(lines) }
    }

    /// `subject` stands in the relation `predicate` to `object`: three IRIs.
    pub fn link(&mut self, subject: &str, predicate: &str, object: &str) {
        self.start(subject, predicate);
        self.push(&["<", object, "> .\n"]);
        self.ends.push(self.text.len());
    }

    /// `subject` has the text `value` as its `predicate`; `datatype` is an IRI, none for a plain string.
    pub fn text(&mut self, subject: &str, predicate: &str, value: &str, datatype: Option<&str>) {
        self.start(subject, predicate);
        self.push(&["\""]);
        escape(value, &mut self.text);
        match datatype {
            Some(datatype) => self.push(&["\"^^<", datatype, "> .\n"]),
            None => self.push(&["\" .\n"]),
        }
        self.ends.push(self.text.len());
    }

    /// The canonical text.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.sorted().concat()
    }

    /// SHA-256 of the canonical text.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for line in self.sorted() {
            hasher.update(line);
        }
        hasher.finalize().into()
    }

    /// A graph is a set: a statement made twice counts once.
    fn sorted(&self) -> Vec<&str> {
        let mut start = 0;
        let mut lines: Vec<&str> = Vec::with_capacity(self.ends.len());
        for end in &self.ends {
            lines.push(&self.text[start..*end]);
            start = *end;
        }
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    fn start(&mut self, subject: &str, predicate: &str) {
        self.push(&["<", subject, "> <", predicate, "> "]);
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
    }
}

fn escape(value: &str, out: &mut String) {
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
