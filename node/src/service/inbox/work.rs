//! Our review while it is being written: every field is kept as it is left, also from a workbook that was filled in away from the node.
//! It stays here until it is submitted, and goes with the dossier.

use std::collections::BTreeMap;

use parangon_protocol::assessment::Scores;
use parangon_protocol::catalogue::{Catalogue, Translation};
use parangon_protocol::id::IndicatorId;
use parangon_protocol::limits;
use parangon_protocol::review::{ReviewContent, State};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::review::open;
use super::{Assigned, ScoreMap, load};
use crate::service::assessments::{Change, Edit, changes};
use crate::service::item::{self, Item};
use crate::service::spreadsheet::{self, Workbook, WorkbookRow};
use crate::service::{Context, Error, catalogues, one_line};
use crate::store::{Source, Tx, WriteTx};

/// What is written so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) scores: Scores,
    notes: BTreeMap<IndicatorId, String>,
    pub(super) improvements: u8,
    pub(super) eligible: Option<bool>,
    pub(super) findings: String,
    version: u64,
    changed: Timestamp,
}

impl Item for Work {
    const KIND: u8 = 16;
    const WHAT: &'static str = "review in progress";
}

/// What is written so far. Confidential.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkView {
    /// The offer's hash.
    pub offer: String,
    /// Our answers by indicator code.
    pub scores: BTreeMap<String, String>,
    /// Our own notes by indicator code: they stay with us.
    pub notes: BTreeMap<String, String>,
    /// Improvement areas found proven.
    pub improvements: u8,
    /// Whether the cluster is confirmed as eligible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligible: Option<bool>,
    /// What was found, for the owner.
    pub findings: String,
    /// Indicators without an answer.
    pub missing: Vec<String>,
    /// When something was saved last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub changed: Option<Timestamp>,
    /// Names this version, for `If-Match`.
    pub etag: String,
}

impl std::fmt::Debug for WorkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WorkView({})", self.offer)
    }
}

/// Fields of a review: what is absent stays as it was saved.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewInput {
    /// Levels by indicator code: 0 to 4, `"not-known"`, or `null` to take one back.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub scores: ScoreMap,
    /// Our own notes by indicator code; an empty one is taken out.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// Improvement areas found proven.
    #[serde(default)]
    pub improvements: Option<u8>,
    /// Whether the cluster is confirmed as eligible.
    #[serde(default)]
    pub eligible: Option<bool>,
    /// What was found, for the owner. Line breaks become spaces.
    #[serde(default)]
    pub findings: Option<String>,
}

impl std::fmt::Debug for ReviewInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReviewInput({} scores)", self.scores.len())
    }
}

/// What a spreadsheet changes, and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkPreview {
    /// What the file was read as.
    pub format: &'static str,
    /// The file was made from an earlier version: what was saved since may be among the changes.
    pub outdated: bool,
    /// Rows that were read.
    pub read: usize,
    /// Answers and notes that change.
    pub changes: Vec<Change>,
    /// Rows that cannot be used.
    pub problems: Vec<spreadsheet::Problem>,
    /// What is written as it is now: changed, unless this was a dry run.
    pub work: WorkView,
}

impl std::fmt::Debug for WorkPreview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WorkPreview({} changes, {} problems)", self.changes.len(), self.problems.len())
    }
}

impl Work {
    /// What a draft says.
    pub(super) fn of(draft: &ReviewContent) -> Self {
        let ReviewContent { scores, improvements, eligible, findings, created, .. } = draft.clone();
        Self { scores, improvements, eligible: Some(eligible), findings, changed: created, ..Self::default() }
    }

    fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    fn is_version(&self, if_match: Option<&str>) -> Result<(), Error> {
        let if_match = if_match.ok_or(Error::Unconditional { what: "review" })?;
        if if_match == "*" || if_match == self.etag() { Ok(()) } else { Err(Error::Changed { what: "review", at: self.changed }) }
    }

    fn view(&self, offer: &str, catalogue: &Catalogue) -> WorkView {
        let text = |code: &IndicatorId, value: &dyn ToString| (code.to_string(), value.to_string());
        WorkView {
            offer: offer.to_owned(),
            scores: self.scores.iter().map(|(code, answer)| text(code, &answer)).collect(),
            notes: self.notes.iter().map(|(code, note)| text(code, note)).collect(),
            improvements: self.improvements,
            eligible: self.eligible,
            findings: self.findings.clone(),
            missing: self.scores.missing(catalogue).iter().map(ToString::to_string).collect(),
            changed: (self.version > 0).then_some(self.changed),
            etag: self.etag(),
        }
    }

    /// Answers and notes of the rows; what changed by them.
    fn take(&mut self, catalogue: &Catalogue, rows: &[spreadsheet::ScoreRow]) -> Result<Vec<Change>, Error> {
        changes(catalogue, rows, &mut self.scores, &mut self.notes)
    }

    /// What the fields say.
    pub(super) fn enter(&mut self, catalogue: &Catalogue, input: &ReviewInput) -> Result<(), Error> {
        if !input.scores.is_empty() {
            let spreadsheet::Reading { rows, problems, .. } = spreadsheet::scores_of_map(&input.scores, catalogue);
            if !problems.is_empty() {
                return Err(Error::Table(problems));
            }
            self.take(catalogue, &rows)?;
        }
        for (code, note) in &input.notes {
            let indicator = catalogue.find(code).map_err(|error| Error::field("/notes", error))?.code.clone();
            let row = spreadsheet::ScoreRow { answer: self.scores.get(&indicator), indicator, note: Some(note.clone()) };
            self.take(catalogue, &[row])?;
        }
        self.improvements = input.improvements.unwrap_or(self.improvements);
        self.eligible = input.eligible.or(self.eligible);
        if let Some(findings) = &input.findings {
            let findings = one_line(findings);
            if findings.chars().count() > limits::TEXT_CHARS {
                return Err(Error::field("/findings", format!("at most {} characters", limits::TEXT_CHARS)));
            }
            self.findings = findings;
        }
        Ok(())
    }

    /// Keeps it, as a new version.
    pub(super) fn save(&mut self, tx: &mut WriteTx, offer: &str, now: Timestamp) -> Result<(), Error> {
        self.version += 1;
        self.changed = now;
        item::put(tx, offer, self)
    }
}

/// What is written so far; nothing yet is an empty one.
pub(super) fn find<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Work, Error> {
    Ok(item::find::<Work, S>(tx, offer)?.unwrap_or_default())
}

/// The request, while its review can be written: the dossier is here, and no review counts yet.
fn writable<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Assigned, Error> {
    let assigned = load(tx, offer)?;
    match assigned.assignment.state() {
        State::DossierSent => Ok(assigned),
        State::Reviewed if assigned.offer.body.comments => Ok(assigned),
        state => Err(Error::State { what: "review", state: state.to_string(), needed: "it is written while we have the dossier" }),
    }
}

/// What is written so far.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] before the dossier arrived and after the review.
pub fn work(context: &Context, offer: &str) -> Result<WorkView, Error> {
    let tx = context.store().read()?;
    let assigned = writable(&tx, offer)?;
    let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
    Ok(find(&tx, offer)?.view(offer, &catalogue))
}

/// Saves some fields.
///
/// # Errors
/// As [`work`]; [`Error::Unconditional`] and [`Error::Changed`] for `If-Match`; [`Error::Table`] and [`Error::Field`] for what does not fit.
pub fn write(context: &Context, offer: &str, input: &ReviewInput, if_match: Option<&str>) -> Result<WorkView, Error> {
    context.transact(|tx| {
        let assigned = writable(tx, offer)?;
        let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
        let mut work = find(tx, offer)?;
        work.is_version(if_match)?;
        work.enter(&catalogue, input)?;
        work.save(tx, offer, context.now())?;
        Ok(work.view(offer, &catalogue))
    })
}

/// Saves the answers and notes of a spreadsheet, all or none.
///
/// # Errors
/// As [`write()`], but that a dry run needs no version and lists what is wrong instead of refusing it.
pub fn import(context: &Context, offer: &str, edit: &Edit, if_match: Option<&str>, dry_run: bool) -> Result<WorkPreview, Error> {
    let assigned = writable(&context.store().read()?, offer)?;
    let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
    let spreadsheet::Reading { format, version, rows, problems } = edit.read(&catalogue, offer);
    context.transact(|tx| {
        writable(tx, offer)?;
        let before = find(tx, offer)?;
        let mut work = before.clone();
        let outdated = version.is_some_and(|version| version != before.version.to_string());
        let changes = work.take(&catalogue, &rows)?;
        let read = rows.len();
        if dry_run {
            return Ok(WorkPreview { format, outdated, read, changes, problems, work: before.view(offer, &catalogue) });
        }
        before.is_version(if_match)?;
        if !problems.is_empty() {
            return Err(Error::Table(problems));
        }
        if !changes.is_empty() {
            work.save(tx, offer, context.now())?;
        }
        Ok(WorkPreview { format, outdated, read, changes, problems, work: work.view(offer, &catalogue) })
    })
}

/// A workbook with what is written so far, to be filled in away from the node. The owner's scores are not in it.
///
/// # Errors
/// As [`work`], or [`Error::NotFound`] for the catalogue's translation into `language`.
pub fn workbook(context: &Context, offer: &str, language: Option<&str>) -> Result<Vec<u8>, Error> {
    let tx = context.store().read()?;
    let assigned = writable(&tx, offer)?;
    open(&tx, offer)?;
    let body = &assigned.offer.body;
    let catalogue = catalogues::by_reference(context, &body.catalogue)?;
    let translation: Option<Translation> = language.map(|language| catalogues::translation(&tx, &catalogue, language)).transpose()?;
    let work = find(&tx, offer)?;
    let about = vec![
        ("cluster", body.cluster.name.to_string()),
        ("asked by", body.owner.to_string()),
        ("level sought", body.level.to_string()),
        ("assessment", offer.to_owned()),
        ("version", work.version.to_string()),
        ("due", body.due.to_string()),
        ("catalogue name", catalogue.title.to_string()),
    ];
    let title = format!("Review of {}", body.cluster.name);
    Workbook { title, about, catalogue: &catalogue, translation: translation.as_ref() }.to_xlsx(|code| {
        let code: Option<IndicatorId> = code.parse().ok();
        let level = code.as_ref().and_then(|code| work.scores.get(code)).map(|answer| answer.to_string()).unwrap_or_default();
        let note = code.as_ref().and_then(|code| work.notes.get(code)).cloned().unwrap_or_default();
        WorkbookRow { level, note, last: None }
    })
}
