//! Cells as they stand in a file, whatever the file's format is. Which of them mean something is asked in [`super::table`].

use super::{FILE_BYTES, Kind, Problem, delimited, office};

/// What a cell is beside its text. Only texts and numbers can be read; the others are named when somebody needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CellKind {
    /// Text, or nothing.
    #[default]
    Text,
    /// A number: its zeros at the end are lost.
    Number,
    /// A date or a duration, which spreadsheets make of `1.2` or `3-4`.
    Date,
    /// A formula whose result is not in the file.
    Formula,
    /// An error such as `#REF!`.
    Error,
    /// Covered by a merged neighbour.
    Merged,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cell {
    /// Its text, without white space around it.
    pub text: String,
    /// What it is.
    pub kind: CellKind,
}

impl Cell {
    pub(super) fn new(text: &str, kind: CellKind) -> Self {
        Self { text: text.trim().to_owned(), kind }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && matches!(self.kind, CellKind::Text | CellKind::Merged)
    }
}

/// One sheet: rows that are not empty, with the number that a spreadsheet gives them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sheet {
    /// Its name; none in CSV.
    pub name: Option<String>,
    /// Rows in order.
    pub rows: Vec<(usize, Vec<Cell>)>,
}

/// A file's sheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// What the file was read as, in words.
    pub format: &'static str,
    /// At least one.
    pub sheets: Vec<Sheet>,
}

impl Grid {
    /// Reads a file of any format that is understood: which one it is shows in its first bytes, not in its name.
    ///
    /// # Errors
    /// The problem of the file as a whole.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > FILE_BYTES {
            return Err(Problem::file(Kind::TooLarge, format!("the file has {} bytes, at most {FILE_BYTES} are read", bytes.len())));
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return office::read(bytes);
        }
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
            let text = "an Excel file of the old format, or one with a password; save it as .xlsx without a password";
            return Err(Problem::file(Kind::Malformed, text));
        }
        delimited::read(bytes)
    }

    /// What a sheet says about itself: the cell beside the one that holds exactly `name`, among the first columns and rows.
    pub(super) fn stated(&self, name: &str) -> Option<&str> {
        let rows = self.sheets.iter().flat_map(|sheet| sheet.rows.iter().take(super::table::HEADER_ROWS));
        rows.filter_map(|(_, cells)| cells.first().zip(cells.get(1)))
            .find(|(first, _)| first.text == name)
            .map(|(_, beside)| beside.text.as_str())
    }
}

/// `A`, `B`, … as spreadsheets name columns; column 1 is `A`.
pub(super) fn letter(column: usize) -> String {
    let mut rest = column.max(1);
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).expect("below 26")));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
