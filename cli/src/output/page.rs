//! A result for people: lines, fields, tables, and words for states.

use comfy_table::{ContentArrangement, Table, presets};

use super::clean;
use crate::fields::short;

/// Every terminal code that this program writes; the last one ends the others.
pub(super) const PALETTE: [&str; 5] = ["\u{1b}[32m", "\u{1b}[33m", "\u{1b}[31m", "\u{1b}[1m", "\u{1b}[0m"];

/// How something is. Shown as a word; colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Waiting for somebody; nothing is wrong.
    Wait,
    /// Should be looked at.
    Warn,
    /// Broken.
    Fail,
}

impl State {
    /// From the API's word. An unknown word is a warning.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "wait" => Self::Wait,
            "fail" => Self::Fail,
            _ => Self::Warn,
        }
    }

    /// `ok`, `wait`, `warn` or `fail`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wait => "wait",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Ok => PALETTE[0],
            Self::Wait => PALETTE[3],
            Self::Warn => PALETTE[1],
            Self::Fail => PALETTE[2],
        }
    }
}

/// The text of one result, in the human or the plain form.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    plain: bool,
    colour: bool,
}

impl Page {
    pub(super) fn new(plain: bool, colour: bool) -> Self {
        Self { text: String::new(), plain, colour }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// A line of our own words; foreign text in it was cleaned.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// A line that only people read.
    pub(crate) fn remark(&mut self, text: impl AsRef<str>) {
        if !self.plain {
            self.line(text);
        }
    }

    /// `name   value`, or `name<tab>value`. The value is cleaned.
    pub(crate) fn field(&mut self, name: &str, value: impl AsRef<str>) {
        let value = clean(value.as_ref());
        if self.plain { self.line(format!("{name}\t{value}")) } else { self.line(format!("{name:<14} {value}")) }
    }

    /// A state word with what it is about. All texts are cleaned.
    pub(crate) fn state(&mut self, state: State, subject: &str, reason: &str) {
        let (subject, reason) = (clean(subject).into_owned(), clean(reason).into_owned());
        if self.plain {
            return self.line(format!("{}\t{subject}\t{reason}", state.word()));
        }
        let word = format!("{:<5}", state.word());
        let word = if self.colour { format!("{}{word}{}", state.code(), PALETTE[4]) } else { word };
        self.line(format!("  {word} {subject}   {reason}").trim_end());
    }

    /// Rows under headings; tab-separated without headings in the plain form. Cells are cleaned.
    pub(crate) fn table<const N: usize>(&mut self, headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        let rows = rows.into_iter().map(|row| row.map(|cell| clean(&cell).into_owned()));
        if self.plain {
            for row in rows {
                self.line(row.join("\t"));
            }
            return;
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(headings);
        for row in rows {
            table.add_row(row);
        }
        for line in table.lines() {
            self.line(line.trim_end());
        }
    }

    /// How ids are written in tables: short for people, whole for scripts.
    pub(crate) fn ids(&self) -> fn(&str) -> String {
        if self.plain { str::to_owned } else { short }
    }

    /// The one line that says what comes next. Only people read it.
    pub(crate) fn next(&mut self, text: impl AsRef<str>) {
        self.remark(format!("Next: {}", text.as_ref()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(plain: bool, colour: bool) -> String {
        let mut page = Page::new(plain, colour);
        page.field("Name", "a\nb");
        page.state(State::Wait, "Gdansk", "no answer");
        page.table(["ID", "NAME"], [["1".to_owned(), "x\u{1b}[2J".to_owned()]]);
        page.next("nothing");
        page.text
    }

    #[test]
    fn scripts_get_whole_ids() {
        let ids = [true, false].map(|plain| Page::new(plain, false).ids()("0123456789abcdef"));
        assert_eq!(ids, ["0123456789abcdef", "0123456789ab"]);
    }

    #[test]
    fn plain_is_for_scripts() {
        assert_eq!(filled(true, false), "Name\ta\\u{a}b\nwait\tGdansk\tno answer\n1\tx\\u{1b}[2J\n");
    }

    #[test]
    fn people_get_headings_and_a_next_step() {
        let text = filled(false, false);
        assert!(text.contains("ID") && text.ends_with("Next: nothing\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(filled(false, true).contains(PALETTE[3]));
    }
}
