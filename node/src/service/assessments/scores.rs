//! Answers in and out. A preview shows everything before anything is saved.

use std::collections::BTreeMap;

use parangon_protocol::assessment::{self, Answer, AssessmentError, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::id::IndicatorId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AssessmentView, Sheet, item, sheet};
use crate::service::spreadsheet::{self, ScoreRow};
use crate::service::{Context, Error, catalogues};

/// Answers by indicator code: a level 0 to 4, `"not-known"`, or `null` to take an answer back.
pub type ScoreMap = BTreeMap<String, serde_json::Value>;

/// Answers to be saved. Indicators that are not in it stay as they are.
pub enum Edit {
    /// A spreadsheet with `indicator`, `level` and maybe `note`.
    Spreadsheet(Vec<u8>),
    /// By code.
    Map(ScoreMap),
}

impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edit")
    }
}

/// One answer that would change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Which indicator.
    pub indicator: String,
    /// The answer so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The new answer; absent when it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether its note changes.
    pub note: bool,
    /// The note so far, when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_from: Option<String>,
    /// The new note, when it changes; absent when it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_to: Option<String>,
}

/// What an edit changes, and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Preview {
    /// What the file was read as, such as `CSV, Windows-1252`.
    pub format: &'static str,
    /// The file was made from an earlier version of the assessment: what others saved since may be among the changes.
    pub outdated: bool,
    /// Rows that were read.
    pub read: usize,
    /// Answers that change.
    pub changes: Vec<Change>,
    /// Rows that cannot be used.
    pub problems: Vec<spreadsheet::Problem>,
    /// The assessment as it is now: changed, unless this was a dry run.
    pub assessment: AssessmentView,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Preview({} changes, {} problems)", self.changes.len(), self.problems.len())
    }
}

impl Edit {
    pub(crate) fn read(&self, catalogue: &Catalogue, assessment: &str) -> spreadsheet::Reading<ScoreRow> {
        match self {
            Self::Spreadsheet(bytes) => spreadsheet::read_scores(bytes, catalogue, Some(assessment)),
            Self::Map(map) => spreadsheet::scores_of_map(map, catalogue),
        }
    }
}

/// Saves answers: all of them or none.
///
/// # Errors
/// [`Error::Unconditional`] and [`Error::Changed`] for `If-Match`, [`Error::State`] when an offer froze it,
/// [`Error::Table`] when anything is wrong and this is no dry run.
pub fn set(context: &Context, id: &str, edit: &Edit, if_match: Option<&str>, dry_run: bool) -> Result<Preview, Error> {
    let found = sheet(&context.store().read()?, id)?;
    let catalogue = catalogues::by_reference(context, &found.assessment.catalogue)?;
    let spreadsheet::Reading { format, version, rows, problems } = edit.read(&catalogue, id);
    let outdated = version.is_some_and(|version| version != found.version.to_string());
    if dry_run {
        let mut copy = found;
        let changes = apply(&mut copy, &catalogue, &rows)?;
        let assessment = super::show(context, id)?;
        return Ok(Preview { format, outdated, read: rows.len(), changes, problems, assessment });
    }
    let if_match = if_match.ok_or(Error::Unconditional { what: "assessment" })?;
    context.transact(|tx| {
        let mut sheet = sheet(tx, id)?;
        sheet.is_open(if_match)?;
        if !problems.is_empty() {
            return Err(Error::Table(problems));
        }
        let changes = apply(&mut sheet, &catalogue, &rows)?;
        if !changes.is_empty() {
            sheet.touch(context.now());
            item::put(tx, id, &sheet)?;
        }
        Ok(Preview { format, outdated, read: rows.len(), changes, problems: Vec::new(), assessment: sheet.view(id.to_owned(), &catalogue) })
    })
}

fn apply(sheet: &mut Sheet, catalogue: &Catalogue, rows: &[ScoreRow]) -> Result<Vec<Change>, Error> {
    changes(catalogue, rows, &mut sheet.assessment.scores, &mut sheet.assessment.notes)
}

/// Puts rows into answers and notes, and says what changed by it.
///
/// # Errors
/// [`Error::Assessment`] for a note that is too long.
pub(crate) fn changes(
    catalogue: &Catalogue,
    rows: &[ScoreRow],
    scores: &mut Scores,
    notes: &mut BTreeMap<IndicatorId, String>,
) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    for ScoreRow { indicator, answer, note } in rows {
        let from = scores.get(indicator);
        match answer {
            Some(answer) => scores.set(catalogue, indicator, *answer).map_err(AssessmentError::from)?,
            None => scores.clear(indicator),
        }
        let before = notes.get(indicator).cloned();
        if let Some(note) = note {
            assessment::set_note(notes, indicator.clone(), note)?;
        }
        let after = notes.get(indicator).cloned();
        let noted = before != after;
        if from != *answer || noted {
            let text = |answer: Option<Answer>| answer.map(|answer| answer.to_string());
            let (note_from, note_to) = if noted { (before, after) } else { (None, None) };
            changes.push(Change { indicator: indicator.to_string(), from: text(from), to: text(*answer), note: noted, note_from, note_to });
        }
    }
    Ok(changes)
}

/// The answers as a spreadsheet: every indicator of the catalogue, answered or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn export(context: &Context, id: &str) -> Result<String, Error> {
    let sheet = sheet(&context.store().read()?, id)?;
    let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
    let mut writer = spreadsheet::CsvWriter::new(&["indicator", "name", "level", "note"]);
    for indicator in &catalogue.indicators {
        let answer = sheet.assessment.scores.get(&indicator.code).map_or_else(String::new, |answer| answer.to_string());
        let note = sheet.assessment.notes.get(&indicator.code).map_or("", String::as_str);
        writer.row([indicator.code.as_str(), indicator.name.as_str(), &answer, note]);
    }
    Ok(writer.finish())
}
