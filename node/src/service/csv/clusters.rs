//! A list of clusters as a spreadsheet.

use std::collections::HashSet;

use parangon_protocol::id::{Country, Name};

use super::table::{Columns, Table};
use super::{Kind, Problem, Reading};

const COLUMNS: Columns = Columns {
    required: &["name", "country"],
    optional: &["region", "field"],
    aliases: &[("country_iso2", "country"), ("technology_field", "field")],
};

/// One cluster of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRow {
    /// Row in the file.
    pub row: usize,
    /// Its name.
    pub name: Name,
    /// Where it is.
    pub country: Country,
    /// Its region, if given.
    pub region: Option<Name>,
    /// Its technology field, if given.
    pub field: Option<Name>,
}

/// Reads `name,country[,region][,field]`. A name and country that stand twice are a problem of the second row.
#[must_use]
pub fn read_clusters(bytes: &[u8]) -> Reading<ClusterRow> {
    let table = match Table::read(bytes, &COLUMNS) {
        Ok(table) => table,
        Err(problem) => return Reading::refused(problem),
    };
    let mut reading = Reading { rows: Vec::new(), problems: Vec::new() };
    for problem in &table.problems {
        reading.report(problem.clone());
    }
    let mut seen = HashSet::new();
    for (row, cells) in &table.rows {
        match cluster(&table, *row, cells) {
            Ok(cluster) if !seen.insert((cluster.name.clone(), cluster.country.clone())) => {
                let text = "this name and country stand twice in the file";
                reading.report(Problem::new(*row, "name", cluster.name.as_str(), Kind::Twice, text));
            }
            Ok(cluster) => reading.rows.push(cluster),
            Err(problem) => reading.report(problem),
        }
    }
    reading
}

fn cluster(table: &Table, row: usize, cells: &[String]) -> Result<ClusterRow, Problem> {
    let name = |column: &'static str| {
        let cell = table.cell(cells, column);
        cell.parse::<Name>().map_err(|error| Problem::new(row, column, cell, Kind::Value, format!("not a name: {}", error.rule)))
    };
    let optional = |column| if table.cell(cells, column).is_empty() { Ok(None) } else { name(column).map(Some) };
    let country = table.cell(cells, "country");
    let parsed = country.parse::<Country>().map_err(|error| {
        let text = format!("not a country code: {}", error.rule);
        Problem::new(row, "country", country, Kind::Value, text)
    })?;
    Ok(ClusterRow { row, name: name("name")?, country: parsed, region: optional("region")?, field: optional("field")? })
}
