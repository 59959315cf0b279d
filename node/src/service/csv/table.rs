//! From bytes to rows of cells with named columns.

use super::{FILE_BYTES, Kind, Problem, ROWS, suggestion};

/// What a reader expects of the header.
pub(super) struct Columns {
    /// Must be there.
    pub required: &'static [&'static str],
    /// May be there.
    pub optional: &'static [&'static str],
    /// Other names that spreadsheets use for the same column.
    pub aliases: &'static [(&'static str, &'static str)],
}

/// A file's rows. Cells are looked up by the column's own name.
pub(super) struct Table {
    /// Canonical names in the order of the file.
    names: Vec<&'static str>,
    /// Row numbers as a spreadsheet counts them, and the trimmed cells.
    pub rows: Vec<(usize, Vec<String>)>,
    /// Rows with another number of cells.
    pub problems: Vec<Problem>,
}

impl Table {
    /// The cell of that column, empty when the file does not have the column.
    pub(super) fn cell<'a>(&self, cells: &'a [String], name: &str) -> &'a str {
        self.names.iter().position(|known| *known == name).and_then(|at| cells.get(at)).map_or("", String::as_str)
    }

    /// Whether the file has that column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Reads `bytes`; the problem returned is of the file as a whole.
    pub(super) fn read(bytes: &[u8], columns: &Columns) -> Result<Self, Problem> {
        if bytes.len() > FILE_BYTES {
            return Err(Problem::file(Kind::TooLarge, format!("the file has {} bytes, at most {FILE_BYTES} are read", bytes.len())));
        }
        let text = utf8(bytes)?;
        if text.trim().is_empty() {
            return Err(Problem::file(
                Kind::Empty,
                format!("the file is empty; its first row names the columns: {}", columns.required.join(",")),
            ));
        }
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator(text)).from_reader(text.as_bytes());
        let mut records = reader.records();
        let header = match records.next() {
            Some(Ok(header)) => header,
            _ => return Err(Problem::file(Kind::Malformed, "the first row cannot be read as CSV")),
        };
        let names = header_names(&header, columns)?;
        let mut table = Self { names, rows: Vec::new(), problems: Vec::new() };
        for record in records {
            let record = record.map_err(|_| Problem::file(Kind::Malformed, "the text is not CSV: a quote does not close"))?;
            table.push(row_of(text, &record), &record)?;
        }
        if table.rows.is_empty() && table.problems.is_empty() {
            return Err(Problem::file(Kind::Empty, "there is no row below the header"));
        }
        Ok(table)
    }

    fn push(&mut self, row: usize, record: &csv::StringRecord) -> Result<(), Problem> {
        let cells: Vec<String> = record.iter().map(|cell| unescaped(cell.trim()).to_owned()).collect();
        if cells.iter().all(String::is_empty) {
            return Ok(());
        }
        if self.rows.len() + self.problems.len() >= ROWS {
            return Err(Problem::file(Kind::TooLarge, format!("more than {ROWS} rows")));
        }
        // Spreadsheets pad rows with empty cells; text beyond the header is a shifted row.
        let extra = cells.get(self.names.len()..).is_some_and(|rest| rest.iter().any(|cell| !cell.is_empty()));
        if extra || cells.len() < self.names.len() {
            let text = format!("the row has {} cells, the header {}", cells.len(), self.names.len());
            let last = cells.last().map_or("", String::as_str);
            self.problems.push(Problem::new(row, &letter(cells.len()), last, Kind::Cells, text));
        } else {
            self.rows.push((row, cells));
        }
        Ok(())
    }
}

/// The line a record starts on. The reader's own position is before the blank lines that it skips.
fn row_of(text: &str, record: &csv::StringRecord) -> usize {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.get(start..).unwrap_or_default().chars().take_while(|c| matches!(c, '\r' | '\n')).filter(|c| *c == '\n').count();
    usize::try_from(position.line()).unwrap_or(usize::MAX).saturating_add(blank)
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes);
    let looks_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    text.map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let row = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line = bytes.split(|byte| *byte == b'\n').nth(row - 1).unwrap_or_default();
        let within = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let comma = separator(&String::from_utf8_lossy(bytes));
        let column = within.iter().filter(|byte| **byte == comma).count() + 1;
        let cell = line.split(|byte| *byte == comma).nth(column - 1).unwrap_or_default();
        let (guess, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(cell);
        let (name, value) = if looks_utf16 { ("UTF-16", "".into()) } else { ("Windows-1252", guess) };
        let text = format!("the file is not UTF-8 (it looks like {name}); save it as \"CSV UTF-8\" and try again");
        Problem::new(row, &letter(column), value.trim(), Kind::Encoding, text)
    })
}

/// The separator that the first line has most of, outside quotes.
fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b';', 0usize), (b',', 0), (b'\t', 0)];
    for byte in text.bytes().take_while(|byte| *byte != b'\n' && *byte != b'\r') {
        quoted ^= byte == b'"';
        for (candidate, count) in &mut counts {
            *count += usize::from(!quoted && byte == *candidate);
        }
    }
    let most = counts.iter().max_by_key(|(_, count)| *count).expect("there are three");
    if most.1 == 0 { b',' } else { most.0 }
}

fn header_names(header: &csv::StringRecord, columns: &Columns) -> Result<Vec<&'static str>, Problem> {
    let mut names: Vec<&'static str> = Vec::new();
    let known = || columns.required.iter().chain(columns.optional).copied();
    let mut cells: Vec<&str> = header.iter().map(str::trim).collect();
    while cells.last().is_some_and(|cell| cell.is_empty()) {
        cells.pop();
    }
    for (at, cell) in cells.iter().enumerate() {
        let wanted = cell.to_lowercase();
        let alias = columns.aliases.iter().find(|(alias, _)| *alias == wanted).map(|(_, name)| *name);
        let Some(name) = alias.or_else(|| known().find(|name| *name == wanted)) else {
            let hint = match suggestion(&wanted, known()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("the columns are {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(Problem::new(1, &letter(at + 1), cell, Kind::Column, format!("unknown column {:?}; {hint}", super::shown(cell))));
        };
        if names.contains(&name) {
            return Err(Problem::new(1, &letter(at + 1), cell, Kind::Column, format!("the column {name:?} stands twice")));
        }
        names.push(name);
    }
    match columns.required.iter().find(|name| !names.contains(name)) {
        Some(missing) => Err(Problem::new(1, "A", "", Kind::Column, format!("the column {missing:?} is missing"))),
        None => Ok(names),
    }
}

/// What [`super::Writer`] put in front of a cell that a spreadsheet would run is taken off again.
fn unescaped(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if super::write::is_formula(rest) => rest,
        _ => cell,
    }
}

/// `A`, `B`, … as spreadsheets name columns; column 1 is `A`.
fn letter(column: usize) -> String {
    let mut rest = column.max(1);
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).expect("below 26")));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
