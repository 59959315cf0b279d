//! CSV on the way out: RFC 4180 quoting, and no cell that a spreadsheet would run (case A9).

/// Whether a spreadsheet could take the cell for a formula, also behind quotes and spaces.
pub(super) fn is_formula(cell: &str) -> bool {
    let first = cell.trim_start_matches([' ', '\'', '"', '\u{a0}']).chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0'))
}

/// Builds one CSV file with `,` and CRLF.
pub struct CsvWriter {
    text: String,
}

impl CsvWriter {
    /// Starts with the header. The names are ours and need no care.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        Self { text: format!("{}\r\n", header.join(",")) }
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.cell(cell.as_ref());
        }
        self.text.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let guard = if is_formula(cell) { "'" } else { "" };
        if cell.contains(['"', ',', '\n', '\r', ';', '\t']) {
            self.text.push_str(&format!("\"{guard}{}\"", cell.replace('"', "\"\"")));
        } else {
            self.text.push_str(guard);
            self.text.push_str(cell);
        }
    }

    /// The file.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}
