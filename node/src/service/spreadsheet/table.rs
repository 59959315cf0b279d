//! From a sheet to rows of cells with named columns.

use super::grid::{Cell, CellKind, Grid, Sheet, letter};
use super::{Kind, Problem, ROWS, suggestion};

/// Rows at the top of a sheet among which the one that names the columns is looked for: titles and remarks may stand above.
pub(super) const HEADER_ROWS: usize = 12;

/// What a reader expects of the header.
pub(super) struct Columns {
    /// Must be there.
    pub required: &'static [&'static str],
    /// May be there.
    pub optional: &'static [&'static str],
    /// May be there and are for people: they are not read. Names that begin with one of these, too.
    pub ignored: &'static [&'static str],
    /// Other names that spreadsheets use for the same column.
    pub aliases: &'static [(&'static str, &'static str)],
}

/// One sheet's rows below its header. Cells are looked up by the column's own name.
pub(super) struct Table {
    /// The sheet's name, where there are several.
    sheet: Option<String>,
    /// Canonical names in the order of the file; none for a column that is not read.
    names: Vec<Option<&'static str>>,
    /// Row numbers as a spreadsheet counts them, and the cells.
    pub rows: Vec<(usize, Vec<Cell>)>,
    /// Rows with another number of cells.
    pub problems: Vec<Problem>,
}

impl Table {
    /// The cell of that column, as text; empty when the file does not have the column.
    ///
    /// # Errors
    /// A cell that holds something else than text or a number.
    pub(super) fn cell<'a>(&self, row: usize, cells: &'a [Cell], name: &str) -> Result<&'a str, Problem> {
        let Some(cell) = self.find(cells, name) else { return Ok("") };
        let said = match cell.kind {
            CellKind::Text | CellKind::Number => return Ok(&cell.text),
            CellKind::Date => "the cell is a date: spreadsheets make one of texts such as 1.2; format the column as text and type it again",
            CellKind::Formula => {
                "the cell is a formula without a result: open and save the file in a spreadsheet program, or type the value"
            }
            CellKind::Error => "the cell is the error of a formula",
            CellKind::Merged => "the cell is merged with another one: separate them, so that each row has its own value",
        };
        Err(self.problem(row, name, &cell.text, Kind::Value, said))
    }

    /// Whether the cell of that column is a number: then the zeros at its end are lost.
    pub(super) fn is_number(&self, cells: &[Cell], name: &str) -> bool {
        self.find(cells, name).is_some_and(|cell| cell.kind == CellKind::Number)
    }

    fn find<'a>(&self, cells: &'a [Cell], name: &str) -> Option<&'a Cell> {
        cells.get(self.names.iter().position(|known| *known == Some(name))?)
    }

    /// Whether the file has that column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&Some(name))
    }

    /// The sheet's name, where there are several.
    pub(super) fn sheet(&self) -> Option<String> {
        self.sheet.clone()
    }

    /// A problem of this sheet.
    pub(super) fn problem(&self, row: usize, column: &str, value: &str, kind: Kind, problem: impl Into<String>) -> Problem {
        Problem { sheet: self.sheet.clone(), ..Problem::new(row, column, value, kind, problem) }
    }

    /// The sheets of `grid` that have the columns asked for. A workbook may hold others, a file with one sheet may not.
    ///
    /// # Errors
    /// The problem of the file as a whole: no sheet has the columns, or none has a row.
    pub(super) fn read(grid: &Grid, columns: &Columns) -> Result<Vec<Self>, Problem> {
        let mut tables = Vec::new();
        let mut nearest = None;
        for sheet in &grid.sheets {
            match Self::of(sheet, grid.sheets.len() > 1, columns) {
                Ok(table) => tables.push(table),
                Err(problem) => nearest = nearest.or(Some(problem)),
            }
        }
        if tables.is_empty() {
            let missing = || Problem::file(Kind::Empty, format!("the first row names the columns: {}", columns.required.join(",")));
            return Err(nearest.unwrap_or_else(missing));
        }
        if tables.iter().map(|table| table.rows.len()).sum::<usize>() > ROWS {
            return Err(Problem::file(Kind::TooLarge, format!("more than {ROWS} rows")));
        }
        if tables.iter().all(|table| table.rows.is_empty() && table.problems.is_empty()) {
            return Err(Problem::file(Kind::Empty, "there is no row below the header"));
        }
        Ok(tables)
    }

    fn of(sheet: &Sheet, is_one_of_many: bool, columns: &Columns) -> Result<Self, Problem> {
        let name = sheet.name.clone().filter(|_| is_one_of_many);
        let empty =
            || Problem::file(Kind::Empty, format!("the file is empty; its first row names the columns: {}", columns.required.join(",")));
        let (first, _) = sheet.rows.first().ok_or_else(empty)?;
        let top = sheet.rows.iter().take(HEADER_ROWS).take_while(|(row, _)| row - first < HEADER_ROWS);
        // The row in which most columns are known, the first of equals: what is wrong with it is what people want to hear.
        let known = |cells: &[Cell]| cells.iter().filter(|cell| columns.name_of(&cell.text).is_some()).count();
        let candidates = top.enumerate().map(|(at, (row, cells))| (known(cells), std::cmp::Reverse(at), row, cells));
        let (_, std::cmp::Reverse(at), row, header) = candidates.max_by_key(|(known, at, ..)| (*known, *at)).ok_or_else(empty)?;
        let place = |problem: Problem| Problem { sheet: name.clone(), ..problem };
        let names = header_names(*row, header, columns).map_err(place)?;
        let mut table = Self { sheet: name, names, rows: Vec::new(), problems: Vec::new() };
        for (row, cells) in &sheet.rows[at + 1..] {
            table.push(*row, cells, sheet.name.is_some());
        }
        Ok(table)
    }

    fn push(&mut self, row: usize, cells: &[Cell], pads: bool) {
        // Spreadsheets pad rows with empty cells and leave them out; text beyond the header is a shifted row.
        let width = self.names.len();
        let extra = cells.get(width..).is_some_and(|rest| rest.iter().any(|cell| !cell.is_empty()));
        if extra || (cells.len() < width && !pads) {
            let text = format!("the row has {} cells, the header {width}", cells.len());
            let last = cells.last().map_or("", |cell| cell.text.as_str());
            self.problems.push(self.problem(row, &letter(cells.len()), last, Kind::Cells, text));
            return;
        }
        let mut cells = cells[..cells.len().min(width)].to_vec();
        cells.resize(width, Cell::default());
        let read = self.names.iter().zip(&cells).filter(|(name, _)| name.is_some());
        if read.clone().any(|(_, cell)| !cell.is_empty()) {
            self.rows.push((row, cells));
        }
    }
}

impl Columns {
    fn known(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.required.iter().chain(self.optional).copied()
    }

    /// The column that a header's cell names: inside, none for one that is not read.
    fn name_of(&self, cell: &str) -> Option<Option<&'static str>> {
        let wanted = cell.to_lowercase();
        let alias = self.aliases.iter().find(|(alias, _)| *alias == wanted).map(|(_, name)| *name);
        match alias.or_else(|| self.known().find(|name| *name == wanted)) {
            Some(name) => Some(Some(name)),
            None => self.ignored.iter().any(|name| wanted.starts_with(name)).then_some(None),
        }
    }
}

fn header_names(row: usize, header: &[Cell], columns: &Columns) -> Result<Vec<Option<&'static str>>, Problem> {
    let mut names: Vec<Option<&'static str>> = Vec::new();
    let width = header.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    for (at, cell) in header[..width].iter().enumerate() {
        let shown = super::shown(&cell.text);
        let Some(name) = columns.name_of(&cell.text) else {
            let hint = match suggestion(&cell.text.to_lowercase(), columns.known()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("the columns are {}", columns.known().collect::<Vec<_>>().join(", ")),
            };
            return Err(Problem::new(row, &letter(at + 1), &cell.text, Kind::Column, format!("unknown column {shown:?}; {hint}")));
        };
        if name.is_some() && names.contains(&name) {
            let text = format!("the column {:?} stands twice", name.unwrap_or_default());
            return Err(Problem::new(row, &letter(at + 1), &cell.text, Kind::Column, text));
        }
        names.push(name);
    }
    match columns.required.iter().find(|name| !names.contains(&Some(name))) {
        Some(missing) => Err(Problem::new(row, "A", "", Kind::Column, format!("the column {missing:?} is missing"))),
        None => Ok(names),
    }
}
