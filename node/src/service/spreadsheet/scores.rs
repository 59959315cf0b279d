//! Answers of one assessment or review as a spreadsheet.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::Answer;
use parangon_protocol::catalogue::{Catalogue, LEVELS};
use parangon_protocol::id::IndicatorId;
use parangon_protocol::limits;

use super::grid::{Cell, Grid};
use super::table::{Columns, Table};
use super::{Kind, Problem, Reading, workbook};

const COLUMNS: Columns = Columns {
    required: &["indicator", "level"],
    optional: &["note"],
    ignored: &["name", "asks", "minimum", "last", "points", "level ", "dimension"],
    aliases: &[("code", "indicator"), ("score", "level")],
};

/// One answered indicator of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct ScoreRow {
    /// Which indicator.
    pub indicator: IndicatorId,
    /// Its answer; none where the cell is empty: not answered yet.
    pub answer: Option<Answer>,
    /// The note; none where the file has no such column.
    pub note: Option<String>,
}

impl std::fmt::Debug for ScoreRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScoreRow({})", self.indicator)
    }
}

/// Reads the columns `indicator`, `level` and, if it is there, `note` from every sheet that has them. Other columns of the
/// workbook that we write are for people.
/// A workbook that was made for another assessment than `assessment` is refused; one that names none is taken.
#[must_use]
pub fn read_scores(bytes: &[u8], catalogue: &Catalogue, assessment: Option<&str>) -> Reading<ScoreRow> {
    let grid = match Grid::read(bytes) {
        Ok(grid) => grid,
        Err(problem) => return Reading::refused(problem),
    };
    let other = grid.stated(workbook::CATALOGUE).filter(|stated| *stated != catalogue.hash().to_string());
    if let Some(stated) = other {
        let text = format!("this workbook was made for another catalogue than {} of the assessment", catalogue.id);
        return Reading::refused(Problem::new(1, "B", stated, Kind::Catalogue, text));
    }
    let other = grid.stated(workbook::ASSESSMENT).filter(|stated| assessment.is_some_and(|assessment| assessment != *stated));
    if let Some(stated) = other {
        return Reading::refused(Problem::new(1, "B", stated, Kind::Catalogue, "this workbook was made for another assessment"));
    }
    let tables = match Table::read(&grid, &COLUMNS) {
        Ok(tables) => tables,
        Err(problem) => return Reading::refused(problem),
    };
    let mut reading = Reading::of(grid.format);
    reading.version = grid.stated(workbook::VERSION).map(str::to_owned);
    let mut seen = BTreeSet::new();
    for table in &tables {
        table.problems.iter().for_each(|problem| reading.report(problem.clone()));
        for (row, cells) in &table.rows {
            match score(table, *row, cells, catalogue) {
                Ok(score) if !seen.insert(score.indicator.clone()) => {
                    let text = format!("the indicator {} stands twice", score.indicator);
                    reading.report(table.problem(*row, "indicator", score.indicator.as_str(), Kind::Twice, text));
                }
                Ok(score) => reading.rows.push(score),
                Err(problem) => reading.report(problem),
            }
        }
    }
    reading
}

/// The same from a JSON object: a level, `"not-known"`, or `null` for no answer. Problems name the entry's position and
/// its code.
#[must_use]
pub fn scores_of_map(map: &BTreeMap<String, serde_json::Value>, catalogue: &Catalogue) -> Reading<ScoreRow> {
    let mut reading = Reading::of("JSON");
    if map.is_empty() {
        return Reading::refused(Problem::file(Kind::Empty, "there is no score"));
    }
    for (position, (code, value)) in map.iter().enumerate() {
        let cell = match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) if !text.is_empty() => text.clone(),
            other => other.to_string(),
        };
        let found =
            known(code, catalogue).map_err(|text| Problem::new(position + 1, code, code, Kind::Indicator, text)).and_then(|indicator| {
                let answer = answer(&cell).map_err(|(kind, text)| Problem::new(position + 1, code, &cell, kind, text))?;
                Ok(ScoreRow { indicator, answer, note: None })
            });
        match found {
            Ok(row) => reading.rows.push(row),
            Err(problem) => reading.report(problem),
        }
    }
    reading
}

fn known(code: &str, catalogue: &Catalogue) -> Result<IndicatorId, String> {
    catalogue.find(code).map(|indicator| indicator.code.clone()).map_err(|unknown| {
        let hint = unknown.suggestion.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("the catalogue {} has no indicator {:?}{hint}", catalogue.id, super::shown(code))
    })
}

/// Spreadsheets take `4.10` for the number 4.1: a code that is a number may stand for any that is equal to it.
fn of_number(text: &str, catalogue: &Catalogue) -> Result<IndicatorId, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let equal = |code: &str| code.parse::<f64>().is_ok_and(|code| (code - number).abs() < 1e-9);
    let found: Vec<_> = catalogue.indicators.iter().map(|i| &i.code).filter(|code| equal(code.as_str())).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => known(text, catalogue),
        [first, second, ..] => {
            Err(format!("the cell is a number, and may be {first} or {second}: format the column as text and type it again"))
        }
    }
}

fn score(table: &Table, row: usize, cells: &[Cell], catalogue: &Catalogue) -> Result<ScoreRow, Problem> {
    let code = table.cell(row, cells, "indicator")?;
    let indicator = if table.is_number(cells, "indicator") { of_number(code, catalogue) } else { known(code, catalogue) };
    let indicator = indicator.map_err(|text| table.problem(row, "indicator", code, Kind::Indicator, text))?;
    let level = table.cell(row, cells, "level")?;
    let answer = answer(level).map_err(|(kind, text)| table.problem(row, "level", level, kind, text))?;
    let note = if table.has("note") { Some(table.cell(row, cells, "note")?) } else { None };
    if let Some(note) = note.filter(|note| note.chars().count() > limits::TEXT_CHARS) {
        let text = format!("the note has more than {} characters", limits::TEXT_CHARS);
        return Err(table.problem(row, "note", note, Kind::Value, text));
    }
    Ok(ScoreRow { indicator, answer, note: note.map(str::to_owned) })
}

fn answer(cell: &str) -> Result<Option<Answer>, (Kind, String)> {
    if cell.is_empty() {
        return Ok(None);
    }
    let wanted = cell.to_lowercase().replace([' ', '_'], "-");
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let split = |text: &str| {
        let (whole, rest) = text.split_once([',', '.'])?;
        (digits(whole) && digits(rest)).then(|| (whole.to_owned(), rest.bytes().all(|byte| byte == b'0')))
    };
    let whole = split(&wanted).filter(|(_, is_whole)| *is_whole).map(|(whole, _)| whole);
    if let Ok(answer) = whole.unwrap_or(wanted).parse::<Answer>() {
        return Ok(Some(answer));
    }
    let sign_off = cell.trim_start_matches(['-', '+']);
    let highest = LEVELS - 1;
    Err(match split(sign_off) {
        Some((_, false)) => (Kind::DecimalComma, format!("{cell:?} is not a whole level: use 0 to {highest}")),
        None if !digits(sign_off) => (Kind::Level, format!("{:?} is not a level: use 0 to {highest} or not-known", super::shown(cell))),
        _ => (Kind::Level, format!("level {} is out of range: use 0 to {highest}", super::shown(cell))),
    })
}
