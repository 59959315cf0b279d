//! XLSX and ODS. A file is looked at before it is handed to the reader: what it would unfold to is bounded first.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, DataRef, Ods, Reader, Xlsx};

use super::grid::{Cell, CellKind, Grid, Sheet};
use super::{COLUMNS, Kind, Problem, ROWS, guard};

/// Sheets of one file.
const SHEETS: usize = 64;

/// Rows of a sheet, as sparse as they are: by row and column, both from 0.
type Cells = BTreeMap<(u32, u32), Cell>;

/// Cells that merged ones may cover, in rows that hold something.
const COVERED: usize = 100_000;

/// What a file may still hold.
struct Budget {
    rows: usize,
    cells: usize,
}

impl Budget {
    fn new() -> Self {
        Self { rows: ROWS + super::table::HEADER_ROWS * SHEETS, cells: ROWS * 16 }
    }
}

/// Reads a file that begins like a ZIP archive.
///
/// # Errors
/// [`Kind::Malformed`] or [`Kind::TooLarge`].
pub(super) fn read(bytes: &[u8]) -> Result<Grid, Problem> {
    let plan = guard::inspect(bytes)?;
    let read = || match plan.kind {
        guard::Archive::Xlsx => xlsx(bytes),
        guard::Archive::Ods => ods(bytes, &plan),
    };
    // The reader is written for files that programs made; one that makes it fail is no spreadsheet.
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(grid) => grid,
        Err(_) => Err(malformed()),
    }
}

fn malformed() -> Problem {
    Problem::file(Kind::Malformed, "the spreadsheet is damaged, or of a kind that cannot be read; save it anew as .xlsx, .ods or CSV")
}

fn xlsx(bytes: &[u8]) -> Result<Grid, Problem> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| malformed())?;
    let names = book.sheet_names();
    let (mut sheets, mut budget) = (Vec::new(), Budget::new());
    for name in names.iter().take(SHEETS) {
        let merged = book.merge_cells_by_sheet_name(name).map_err(|_| malformed())?;
        let merged: Vec<_> = merged.into_iter().map(|area| (area.start, area.end)).collect();
        let mut cells = Cells::new();
        let mut reader = book.worksheet_cells_reader(name).map_err(|_| malformed())?;
        while let Some(found) = reader.next_cell_with_formula_metadata().map_err(|_| malformed())? {
            let (row, column) = found.pos;
            let cell = match found.value {
                DataRef::SharedString(text) => Cell::new(text, CellKind::Text),
                other => cell(&Data::from(other), found.formula.is_some()),
            };
            put(&mut cells, row, column, cell, &mut budget)?;
        }
        sheets.push(sheet(name, cells, &merged)?);
    }
    finish("XLSX", sheets)
}

fn ods(bytes: &[u8], plan: &guard::Plan) -> Result<Grid, Problem> {
    let mut book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(|_| malformed())?;
    let names = book.sheet_names();
    let (mut sheets, mut budget) = (Vec::new(), Budget::new());
    for (at, name) in names.iter().take(SHEETS).enumerate() {
        let range = book.worksheet_range(name).map_err(|_| malformed())?;
        let (top, left) = range.start().unwrap_or_default();
        let mut cells = Cells::new();
        for (row, column, value) in range.used_cells() {
            let (row, column) = (top + u32::try_from(row).unwrap_or(u32::MAX), left + u32::try_from(column).unwrap_or(u32::MAX));
            put(&mut cells, row, column, cell(value, false), &mut budget)?;
        }
        sheets.push(sheet(name, cells, plan.merged.get(at).map_or(&[], Vec::as_slice))?);
    }
    finish("ODS", sheets)
}

fn finish(format: &'static str, sheets: Vec<Sheet>) -> Result<Grid, Problem> {
    if sheets.iter().all(|sheet| sheet.rows.is_empty()) {
        return Err(Problem::file(Kind::Empty, "the file has no cell with anything in it"));
    }
    Ok(Grid { format, sheets })
}

fn put(cells: &mut Cells, row: u32, column: u32, cell: Cell, budget: &mut Budget) -> Result<(), Problem> {
    let width = u32::try_from(COLUMNS).unwrap_or(u32::MAX);
    if cell.is_empty() || column >= width {
        return Ok(());
    }
    let large = || Problem::file(Kind::TooLarge, format!("the file has more cells than {ROWS} rows need"));
    // Cells come row by row; one that comes later counts its row again, which costs a hostile file only.
    let is_new = cells.range((row, 0)..=(row, u32::MAX)).next().is_none();
    budget.rows = budget.rows.checked_sub(usize::from(is_new)).ok_or_else(large)?;
    budget.cells = budget.cells.checked_sub(1).ok_or_else(large)?;
    cells.insert((row, column), cell);
    Ok(())
}

fn cell(value: &Data, has_formula: bool) -> Cell {
    match value {
        Data::Empty if has_formula => Cell::new("", CellKind::Formula),
        Data::Empty => Cell::default(),
        Data::String(text) => Cell::new(text, CellKind::Text),
        Data::Int(number) => Cell::new(&number.to_string(), CellKind::Number),
        Data::Float(number) => Cell::new(&number.to_string(), CellKind::Number),
        Data::Bool(true) => Cell::new("yes", CellKind::Text),
        Data::Bool(false) => Cell::new("no", CellKind::Text),
        Data::DateTime(date) => Cell::new(&date.to_string(), CellKind::Date),
        Data::DateTimeIso(text) | Data::DurationIso(text) => Cell::new(text, CellKind::Date),
        Data::Error(error) => Cell::new(&error.to_string(), CellKind::Error),
    }
}

/// Rows of cells, with what merged cells cover marked: in rows that hold something, since no other is read.
fn sheet(name: &str, mut cells: Cells, merged: &[guard::Area]) -> Result<Sheet, Problem> {
    let rows: BTreeSet<u32> = cells.keys().map(|(row, _)| *row).collect();
    let width = u32::try_from(COLUMNS).unwrap_or(u32::MAX);
    let mut covered = 0usize;
    for (start, end) in merged.iter().filter(|(start, end)| start <= end && start.1 <= end.1 && start.0 <= end.0) {
        for row in rows.range(start.0..=end.0) {
            for column in start.1..=end.1.min(width) {
                covered += 1;
                if covered > COVERED {
                    return Err(Problem::file(Kind::TooLarge, "the file has more merged cells than a spreadsheet of this size needs"));
                }
                if (*row, column) != *start {
                    cells.entry((*row, column)).or_insert_with(|| Cell::new("", CellKind::Merged));
                }
            }
        }
    }
    let mut rows: Vec<(usize, Vec<Cell>)> = Vec::new();
    for ((row, column), cell) in cells {
        let number = row as usize + 1;
        if rows.last().is_none_or(|(last, _)| *last != number) {
            rows.push((number, Vec::new()));
        }
        if let Some((_, cells)) = rows.last_mut() {
            cells.resize(column as usize, Cell::default());
            cells.push(cell);
        }
    }
    rows.retain(|(_, cells)| !cells.iter().all(Cell::is_empty));
    Ok(Sheet { name: Some(name.to_owned()), rows })
}
