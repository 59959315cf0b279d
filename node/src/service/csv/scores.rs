//! Scores of one assessment as a spreadsheet.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::Answer;
use parangon_protocol::catalogue::{Catalogue, LEVELS};
use parangon_protocol::id::IndicatorId;
use parangon_protocol::limits;

use super::table::{Columns, Table};
use super::{Kind, Problem, Reading};

const COLUMNS: Columns =
    Columns { required: &["indicator", "level"], optional: &["note", "name"], aliases: &[("code", "indicator"), ("score", "level")] };

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

/// Reads `indicator,level[,note]`; a `name` column is allowed for people and not read.
#[must_use]
pub fn read_scores(bytes: &[u8], catalogue: &Catalogue) -> Reading<ScoreRow> {
    let table = match Table::read(bytes, &COLUMNS) {
        Ok(table) => table,
        Err(problem) => return Reading::refused(problem),
    };
    let mut reading = Reading { rows: Vec::new(), problems: Vec::new() };
    for problem in &table.problems {
        reading.report(problem.clone());
    }
    let mut seen = BTreeSet::new();
    for (row, cells) in &table.rows {
        match score(&table, *row, cells, catalogue) {
            Ok(score) if !seen.insert(score.indicator.clone()) => {
                let text = format!("the indicator {} stands twice", score.indicator);
                reading.report(Problem::new(*row, "indicator", score.indicator.as_str(), Kind::Twice, text));
            }
            Ok(score) => reading.rows.push(score),
            Err(problem) => reading.report(problem),
        }
    }
    reading
}

/// The same from a JSON object: a level, `"not-known"`, or `null` for no answer. Problems name the entry's position and
/// its code.
#[must_use]
pub fn scores_of_map(map: &BTreeMap<String, serde_json::Value>, catalogue: &Catalogue) -> Reading<ScoreRow> {
    let mut reading = Reading { rows: Vec::new(), problems: Vec::new() };
    if map.is_empty() {
        return Reading::refused(Problem::file(Kind::Empty, "there is no score"));
    }
    for (position, (code, value)) in map.iter().enumerate() {
        let cell = match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) if !text.is_empty() => text.clone(),
            other => other.to_string(),
        };
        let found = known(position + 1, code, code, catalogue).and_then(|indicator| {
            let answer = answer(position + 1, code, &cell)?;
            Ok(ScoreRow { indicator, answer, note: None })
        });
        match found {
            Ok(row) => reading.rows.push(row),
            Err(problem) => reading.report(problem),
        }
    }
    reading
}

fn known(row: usize, column: &str, code: &str, catalogue: &Catalogue) -> Result<IndicatorId, Problem> {
    catalogue.find(code).map(|indicator| indicator.code.clone()).map_err(|unknown| {
        let hint = unknown.suggestion.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let text = format!("the catalogue {} has no indicator {:?}{hint}", catalogue.id, super::shown(code));
        Problem::new(row, column, code, Kind::Indicator, text)
    })
}

fn score(table: &Table, row: usize, cells: &[String], catalogue: &Catalogue) -> Result<ScoreRow, Problem> {
    let indicator = known(row, "indicator", table.cell(cells, "indicator"), catalogue)?;
    let answer = answer(row, "level", table.cell(cells, "level"))?;
    let note = table.has("note").then(|| table.cell(cells, "note"));
    if let Some(note) = note.filter(|note| note.chars().count() > limits::TEXT_CHARS) {
        let text = format!("the note has more than {} characters", limits::TEXT_CHARS);
        return Err(Problem::new(row, "note", note, Kind::Value, text));
    }
    Ok(ScoreRow { indicator, answer, note: note.map(str::to_owned) })
}

fn answer(row: usize, column: &str, cell: &str) -> Result<Option<Answer>, Problem> {
    if cell.is_empty() {
        return Ok(None);
    }
    let wanted = cell.to_lowercase().replace([' ', '_'], "-");
    if let Ok(answer) = wanted.parse::<Answer>() {
        return Ok(Some(answer));
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let sign_off = cell.trim_start_matches(['-', '+']);
    let broken = [',', '.'].into_iter().find_map(|point| sign_off.split_once(point).filter(|(a, b)| digits(a) && digits(b)));
    let highest = LEVELS - 1;
    let (kind, text) = match broken {
        Some(_) => (Kind::DecimalComma, format!("{cell:?} is not a whole level: use 0 to {highest}")),
        None if digits(sign_off) => (Kind::Level, format!("level {cell} is out of range: use 0 to {highest}")),
        None => (Kind::Level, format!("{:?} is not a level: use 0 to {highest} or not-known", super::shown(cell))),
    };
    Err(Problem::new(row, column, cell, kind, text))
}
