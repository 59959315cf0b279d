//! Spreadsheets in and out: what is read is shown with row and column, and nothing is changed before all of it is good.
//!
//! XLSX, ODS and text files are read. Spreadsheet programs differ in separators, byte order marks and encodings, so these are
//! recognised; what the file was read as is shown with the preview, since a wrong guess would print a wrong name on a label.

mod clusters;
mod csv_writer;
mod delimited;
mod grid;
mod guard;
mod office;
mod scores;
mod table;
mod workbook;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;

pub use clusters::{ClusterRow, read_clusters};
pub use csv_writer::CsvWriter;
pub use scores::{ScoreRow, read_scores, scores_of_map};
pub use workbook::{Workbook, WorkbookRow};

/// Bytes of one file that is read: a sheet with ten megabytes of empty rows, as programs leave them, is among them.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Rows of one file: the largest register has 2,000 clusters.
pub const ROWS: usize = 20_000;

/// Columns that are looked at: more than any of ours has, with room for those of others.
const COLUMNS: usize = 64;

/// Problems reported from one file; a file of another kind has one on each line.
pub const PROBLEMS: usize = 100;

/// The kinds of things that are wrong with a cell or a file. Each has one stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No row beyond the header, or no bytes at all.
    Empty,
    /// Bytes that are no text.
    Encoding,
    /// More than [`FILE_BYTES`] or [`ROWS`].
    TooLarge,
    /// A column that is unknown, missing or stands twice.
    Column,
    /// A row with more or fewer cells than the header.
    Cells,
    /// Quotes that do not close, or other text that is not CSV.
    Malformed,
    /// An indicator that the catalogue does not have.
    Indicator,
    /// A level that the catalogue does not have.
    Level,
    /// A broken number where a whole one belongs.
    DecimalComma,
    /// The same indicator or cluster twice.
    Twice,
    /// A value of another form: a name, a country, a date, a formula without a result.
    Value,
    /// A workbook that was made for another catalogue or assessment.
    Catalogue,
}

impl Kind {
    /// The stable code of a refusal that starts with this problem.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "PGN-0711",
            Self::Encoding => "PGN-0712",
            Self::TooLarge => "PGN-0713",
            Self::Column => "PGN-0714",
            Self::Cells => "PGN-0715",
            Self::Malformed => "PGN-0716",
            Self::Indicator => "PGN-0717",
            Self::Level => "PGN-0718",
            Self::DecimalComma => "PGN-0719",
            Self::Twice => "PGN-0720",
            Self::Value => "PGN-0721",
            Self::Catalogue => "PGN-0722",
        }
    }
}

/// One thing that is wrong with a file, where it stands, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The sheet, in a file that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The row as a spreadsheet counts it: the header is row 1.
    pub row: usize,
    /// The column's name as the header has it, or its letter when there is none.
    pub column: String,
    /// The cell, shortened; control characters are left out.
    pub value: String,
    /// What kind of problem it is.
    pub kind: Kind,
    /// What is wrong, in words, with a suggestion where there is one.
    pub problem: String,
}

impl Problem {
    fn new(row: usize, column: &str, value: &str, kind: Kind, problem: impl Into<String>) -> Self {
        Self { sheet: None, row, column: column.to_owned(), value: shown(value), kind, problem: problem.into() }
    }

    /// Where it stands: `row 3, column level`, with the sheet's name where there are several.
    #[must_use]
    pub fn place(&self) -> String {
        let sheet = self.sheet.as_ref().map_or_else(String::new, |sheet| format!("sheet {:?}, ", shown(sheet)));
        format!("{sheet}row {}, column {}", self.row, self.column)
    }

    /// A problem of the file as a whole.
    fn file(kind: Kind, problem: impl Into<String>) -> Self {
        Self::new(1, "A", "", kind, problem)
    }
}

/// What was read, and everything that is wrong with it. Only a reading without problems may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<T> {
    /// What the file was read as, such as `CSV, Windows-1252`; empty when it could not be.
    pub format: &'static str,
    /// The version that the file says it was made from.
    pub version: Option<String>,
    /// The rows that are good.
    pub rows: Vec<T>,
    /// The others, at most [`PROBLEMS`].
    pub problems: Vec<Problem>,
}

impl<T> Reading<T> {
    fn refused(problem: Problem) -> Self {
        Self { format: "", version: None, rows: Vec::new(), problems: vec![problem] }
    }

    fn of(format: &'static str) -> Self {
        Self { format, version: None, rows: Vec::new(), problems: Vec::new() }
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// A cell as it may be shown: at most 40 characters, nothing that moves a cursor or turns a text around.
fn shown(value: &str) -> String {
    value.chars().filter(|c| !parangon_protocol::id::is_unprintable(*c)).take(40).collect()
}

/// The best of `known` for a misspelt `name`, if one is close.
fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
