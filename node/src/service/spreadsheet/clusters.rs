//! A list of clusters as a spreadsheet.

use parangon_protocol::id::{ClusterId, Country, Name};
use parangon_protocol::region::Nuts;

use super::grid::{Cell, Grid};
use super::table::{Columns, Table};
use super::{Kind, Problem, Reading};
use crate::service::clusters::RegisterNumber;

const COLUMNS: Columns = Columns {
    required: &["name", "country"],
    optional: &["id", "region", "field", "legal_form", "nuts", "nuts_version", "register_numbers"],
    ignored: &["former_names", "level", "awarded", "expires", "source"],
    aliases: &[
        ("country_iso2", "country"),
        ("technology_field", "field"),
        ("legal form", "legal_form"),
        ("register", "register_numbers"),
        ("register number", "register_numbers"),
        ("nuts version", "nuts_version"),
    ],
};

/// One cluster of the file. What is absent was not said, and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRow {
    /// Sheet and row in the file.
    pub place: (Option<String>, usize),
    /// Its id, for one that is here.
    pub id: Option<ClusterId>,
    /// Its name.
    pub name: Name,
    /// Where it is.
    pub country: Country,
    /// Its region.
    pub region: Option<Name>,
    /// Its technology field.
    pub field: Option<Name>,
    /// Its legal form.
    pub legal_form: Option<Name>,
    /// Its NUTS region.
    pub nuts: Option<Nuts>,
    /// Its numbers in registers.
    pub registers: Vec<RegisterNumber>,
}

impl ClusterRow {
    /// A problem of this row.
    #[must_use]
    pub fn problem(&self, column: &str, value: &str, kind: Kind, problem: impl Into<String>) -> Problem {
        Problem { sheet: self.place.0.clone(), ..Problem::new(self.place.1, column, value, kind, problem) }
    }
}

/// Reads `name` and `country`, and what else there is. `register_numbers` has entries such as `REAEI=REAEI-00023`, with `|`
/// between them; `nuts` has `DE11/2024`, or the version stands in `nuts_version`.
#[must_use]
pub fn read_clusters(bytes: &[u8]) -> Reading<ClusterRow> {
    let grid = match Grid::read(bytes) {
        Ok(grid) => grid,
        Err(problem) => return Reading::refused(problem),
    };
    let tables = match Table::read(&grid, &COLUMNS) {
        Ok(tables) => tables,
        Err(problem) => return Reading::refused(problem),
    };
    let mut reading = Reading::of(grid.format);
    for table in &tables {
        table.problems.iter().for_each(|problem| reading.report(problem.clone()));
        for (row, cells) in &table.rows {
            match cluster(table, *row, cells) {
                Ok(cluster) => reading.rows.push(cluster),
                Err(problem) => reading.report(problem),
            }
        }
    }
    reading
}

fn cluster(table: &Table, row: usize, cells: &[Cell]) -> Result<ClusterRow, Problem> {
    let wrong = |column: &'static str, cell: &str, text: String| table.problem(row, column, cell, Kind::Value, text);
    let optional = |column: &'static str| {
        let cell = table.cell(row, cells, column)?;
        let parse = |cell: &str| cell.parse::<Name>().map_err(|error| wrong(column, cell, format!("not a name: {}", error.rule)));
        Some(cell).filter(|cell| !cell.is_empty()).map(parse).transpose()
    };
    let name = optional("name")?.ok_or_else(|| wrong("name", "", "the name is missing".to_owned()))?;
    let cell = table.cell(row, cells, "country")?;
    let country: Country =
        cell.parse().map_err(|_| wrong("country", cell, "not a country code: two letters A-Z (ISO 3166-1)".to_owned()))?;
    let id = match table.cell(row, cells, "id")? {
        "" => None,
        cell => Some(cell.parse().map_err(|_| wrong("id", cell, "not the id of a cluster; leave it empty for a new one".to_owned()))?),
    };
    let nuts = nuts(table, row, cells)?;
    if let Some(nuts) = &nuts {
        nuts.check_country(&country).map_err(|error| wrong("nuts", nuts.code(), error.to_string()))?;
    }
    let cell = table.cell(row, cells, "register_numbers")?;
    let entries = cell.split('|').map(str::trim).filter(|entry| !entry.is_empty());
    let registers = entries.map(|entry| entry.parse().map_err(|error: String| wrong("register_numbers", entry, error)));
    let registers = registers.collect::<Result<_, _>>()?;
    let (region, field, legal_form) = (optional("region")?, optional("field")?, optional("legal_form")?);
    Ok(ClusterRow { place: (table.sheet(), row), id, name, country, region, field, legal_form, nuts, registers })
}

fn nuts(table: &Table, row: usize, cells: &[Cell]) -> Result<Option<Nuts>, Problem> {
    let (code, version) = (table.cell(row, cells, "nuts")?, table.cell(row, cells, "nuts_version")?);
    if code.is_empty() {
        return Ok(None);
    }
    let text = if code.contains('/') || version.is_empty() { code.to_owned() } else { format!("{code}/{version}") };
    text.parse()
        .map(Some)
        .map_err(|error: parangon_protocol::region::NutsError| table.problem(row, "nuts", code, Kind::Value, error.to_string()))
}
