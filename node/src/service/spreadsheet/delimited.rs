//! Text files: cells between commas, semicolons or tabs, in the encodings that spreadsheet programs write.

use std::borrow::Cow;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::grid::{Cell, CellKind, Grid, Sheet};
use super::{Kind, Problem, ROWS, csv_writer};

/// Reads `bytes` as one sheet.
///
/// # Errors
/// [`Kind::Empty`], [`Kind::Encoding`], [`Kind::Malformed`] or [`Kind::TooLarge`].
pub(super) fn read(bytes: &[u8]) -> Result<Grid, Problem> {
    let (text, format) = decode(bytes)?;
    if text.trim().is_empty() {
        return Err(Problem::file(Kind::Empty, "the file is empty; its first row names the columns"));
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator(&text)).from_reader(text.as_bytes());
    let mut sheet = Sheet::default();
    for record in reader.records() {
        let record = record.map_err(|_| Problem::file(Kind::Malformed, "the text is not CSV: a quote does not close"))?;
        let cells: Vec<Cell> = record.iter().map(|cell| Cell::new(unescaped(cell.trim()), CellKind::Text)).collect();
        if cells.iter().all(Cell::is_empty) {
            continue;
        }
        if sheet.rows.len() > ROWS {
            return Err(Problem::file(Kind::TooLarge, format!("more than {ROWS} rows")));
        }
        sheet.rows.push((row_of(&text, &record), cells));
    }
    Ok(Grid { format, sheets: vec![sheet] })
}

/// UTF-8 with or without a mark, UTF-16 with one, else Windows-1252. The last is a guess, which is why the format is
/// shown before anything is saved.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), Problem> {
    let (text, format) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_16LE || encoding == UTF_16BE => {
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
            (text.ok_or_else(|| Problem::file(Kind::Encoding, "the file is not the UTF-16 that its mark announces"))?, "CSV, UTF-16")
        }
        other => {
            let bytes = &bytes[other.map_or(0, |(_, mark)| mark)..];
            match UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
                Some(text) => (text, "CSV, UTF-8"),
                None => (WINDOWS_1252.decode_without_bom_handling(bytes).0, "CSV, Windows-1252"),
            }
        }
    };
    match text.chars().position(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        None => Ok((text, format)),
        Some(at) => {
            let row = text.chars().take(at).filter(|c| *c == '\n').count() + 1;
            Err(Problem::new(row, "A", "", Kind::Encoding, "the file is no text: it holds control characters (CSV, XLSX and ODS are read)"))
        }
    }
}

/// The line a record starts on. The reader's own position is before the blank lines that it skips.
fn row_of(text: &str, record: &csv::StringRecord) -> usize {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.get(start..).unwrap_or_default().chars().take_while(|c| matches!(c, '\r' | '\n')).filter(|c| *c == '\n').count();
    usize::try_from(position.line()).unwrap_or(usize::MAX).saturating_add(blank)
}

/// The separator that the first line with one has most of, outside quotes.
fn separator(text: &str) -> u8 {
    for line in text.lines().take(super::table::HEADER_ROWS) {
        let mut quoted = false;
        let mut counts = [(b';', 0usize), (b',', 0), (b'\t', 0)];
        for byte in line.bytes() {
            quoted ^= byte == b'"';
            for (candidate, count) in &mut counts {
                *count += usize::from(!quoted && byte == *candidate);
            }
        }
        // Of equal ones the first: a decimal comma stands beside semicolons, never the other way round.
        let most = counts.iter().rev().max_by_key(|(_, count)| *count).expect("there are three");
        if most.1 > 0 {
            return most.0;
        }
    }
    b','
}

/// What [`super::CsvWriter`] put in front of a cell that a spreadsheet would run is taken off again.
fn unescaped(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if csv_writer::is_formula(rest) => rest,
        _ => cell,
    }
}
