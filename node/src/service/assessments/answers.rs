//! Answers as staff see them: each beside what it was last time, and how far each dimension is.

use std::collections::BTreeMap;

use parangon_protocol::catalogue::{Catalogue, Translation};
use parangon_protocol::time::Month;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AssessmentView, Completeness, EvidenceView, Sheet, item, sheet};
use crate::service::spreadsheet::{Workbook, WorkbookRow};
use crate::service::{Context, Error, catalogues, clusters};
use crate::store::{Source, Tx};

/// All answers of an assessment. Confidential.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnswersView {
    /// The assessment.
    pub assessment: AssessmentView,
    /// The assessment before, whose answers stand beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<LastView>,
    /// Dimensions in the catalogue's order.
    pub dimensions: Vec<DimensionAnswers>,
}

impl std::fmt::Debug for AnswersView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AnswersView({})", self.assessment.id)
    }
}

/// The assessment before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastView {
    /// Names it.
    pub id: String,
    /// Its month.
    #[schema(value_type = String)]
    pub month: Month,
}

/// A dimension's answers.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DimensionAnswers {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub completeness: Completeness,
    /// Its indicators.
    pub indicators: Vec<AnswerView>,
}

/// One indicator's answer.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnswerView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The answer: `0` to `4` or `not-known`; absent when there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The answer of the assessment before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_level: Option<String>,
    /// The note of the assessment before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_note: Option<String>,
    /// The level that labels with minimums ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u8>,
    /// Files of evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceView>,
}

/// The newest assessment of the same cluster on the same catalogue before this one.
fn last<S: Source>(tx: &Tx<S>, id: &str, of: &Sheet) -> Result<Option<(String, Sheet)>, Error> {
    let mut found: Option<(String, Sheet)> = None;
    item::each::<Sheet, S>(tx, |other, sheet| {
        let (ours, theirs) = (&of.assessment, &sheet.assessment);
        let is_before = (theirs.month, sheet.created()) < (ours.month, of.created());
        let fits = other != id && theirs.cluster == ours.cluster && theirs.catalogue == ours.catalogue && is_before;
        let is_newer = found.as_ref().is_none_or(|(_, known)| (known.assessment.month, known.created()) < (theirs.month, sheet.created()));
        if fits && is_newer {
            found = Some((other, sheet));
        }
        Ok(())
    })?;
    Ok(found)
}

/// All answers, each with what it was last time.
///
/// # Errors
/// [`Error::NotFound`].
pub fn answers(context: &Context, id: &str) -> Result<AnswersView, Error> {
    let tx = context.store().read()?;
    let sheet = sheet(&tx, id)?;
    let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
    let last = last(&tx, id, &sheet)?;
    let rows = rows(&catalogue, &sheet, last.as_ref().map(|(_, last)| last));
    let dimensions = catalogue.dimensions.iter().map(|dimension| {
        let indicators: Vec<_> =
            catalogue.indicators.iter().filter(|i| i.dimension == dimension.code).map(|i| rows[i.code.as_str()].clone()).collect();
        let answered = indicators.iter().filter(|row| row.level.is_some()).count();
        let completeness = Completeness { answered, total: indicators.len() };
        DimensionAnswers { code: dimension.code.to_string(), name: dimension.name.to_string(), completeness, indicators }
    });
    Ok(AnswersView {
        dimensions: dimensions.collect(),
        last: last.map(|(id, last)| LastView { id, month: last.assessment.month }),
        assessment: sheet.view(id.to_owned(), &catalogue),
    })
}

fn rows<'a>(catalogue: &'a Catalogue, sheet: &Sheet, last: Option<&Sheet>) -> BTreeMap<&'a str, AnswerView> {
    let row = |indicator: &'a parangon_protocol::catalogue::Indicator| {
        let level = |sheet: &Sheet| sheet.assessment.scores.get(&indicator.code).map(|answer| answer.to_string());
        let note = |sheet: &Sheet| sheet.assessment.notes.get(&indicator.code).cloned();
        let view = AnswerView {
            code: indicator.code.to_string(),
            name: indicator.name.to_string(),
            level: level(sheet),
            note: note(sheet),
            last_level: last.and_then(level),
            last_note: last.and_then(note),
            minimum: indicator.minimum,
            evidence: sheet.assessment.evidence.get(&indicator.code).into_iter().flatten().map(EvidenceView::from).collect(),
        };
        (indicator.code.as_str(), view)
    };
    catalogue.indicators.iter().map(row).collect()
}

/// A workbook with the answers so far, to be filled in away from the node and read back by [`super::set`].
///
/// # Errors
/// [`Error::NotFound`] for the assessment, or for the catalogue's translation into `language`.
pub fn workbook(context: &Context, id: &str, language: Option<&str>) -> Result<Vec<u8>, Error> {
    let tx = context.store().read()?;
    let sheet = sheet(&tx, id)?;
    let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
    let translation: Option<Translation> = language.map(|language| catalogues::translation(&tx, &catalogue, language)).transpose()?;
    let last = last(&tx, id, &sheet)?;
    let rows = rows(&catalogue, &sheet, last.as_ref().map(|(_, last)| last));
    let cluster = clusters::name(&tx, sheet.assessment.cluster.as_str())?;
    let mut about = vec![
        ("cluster", cluster.to_string()),
        ("assessment", id.to_owned()),
        ("version", sheet.version.to_string()),
        ("month", sheet.assessment.month.to_string()),
        ("catalogue name", catalogue.title.to_string()),
    ];
    if let Some((_, last)) = &last {
        about.push(("last time", last.assessment.month.to_string()));
    }
    let title = format!("Assessment of {cluster}");
    Workbook { title, about, catalogue: &catalogue, translation: translation.as_ref() }.to_xlsx(|code| {
        let row = &rows[code];
        WorkbookRow {
            level: row.level.clone().unwrap_or_default(),
            note: row.note.clone().unwrap_or_default(),
            last: last.is_some().then(|| row.last_level.clone().unwrap_or_default()),
        }
    })
}
