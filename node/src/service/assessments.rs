//! Assessments of our clusters: answers as they come in, until an offer freezes them.

mod answers;
mod edit;
mod evidence;
mod scores;

use std::collections::BTreeSet;

use parangon_protocol::assessment::{Assessment, Eligibility, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::id::AgencyId;
use parangon_protocol::time::{Month, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use answers::{AnswerView, AnswersView, DimensionAnswers, LastView, answers, workbook};
pub use edit::{EditedAssessment, edit};
pub use evidence::{EvidenceFile, EvidenceView, NewEvidence, attach, detach, fetch};
pub(crate) use evidence::{content, part};
pub(crate) use scores::changes;
pub use scores::{Change, Edit, Preview, ScoreMap, export, set};

use super::catalogues::Sought;
use super::item::{self, Item};
use super::{Context, Error, catalogues, clusters, random_bytes};
use crate::store::{Source, Tx, WriteTx};

/// What the eligibility rule looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EligibilityView {
    /// Listed on the European Cluster Collaboration Platform.
    pub eccp_listed: bool,
    /// Management staff in hundredths of a full-time post.
    pub management_fte_hundredths: u32,
    /// Committed members.
    pub members: u32,
    /// Kinds of members.
    pub member_types: u32,
}

impl From<&Eligibility> for EligibilityView {
    fn from(from: &Eligibility) -> Self {
        let Eligibility { eccp_listed, management_fte_hundredths, members, member_types } = *from;
        Self { eccp_listed, management_fte_hundredths, members, member_types }
    }
}

impl From<EligibilityView> for Eligibility {
    fn from(from: EligibilityView) -> Self {
        let EligibilityView { eccp_listed, management_fte_hundredths, members, member_types } = from;
        Self { eccp_listed, management_fte_hundredths, members, member_types }
    }
}

/// An assessment to be begun.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssessment {
    /// Which of our clusters.
    pub cluster: String,
    /// On which catalogue; when absent the charter's only one, or that of the level.
    #[serde(default)]
    pub catalogue: Option<String>,
    /// The level that is sought, where it says which catalogue.
    #[serde(default)]
    pub level: Option<String>,
    /// Its label system, where several have that level.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The month of the assessment, `2026-11`; this month when absent.
    #[serde(default)]
    pub month: Option<String>,
    /// What the eligibility rule looks at.
    pub eligibility: EligibilityView,
    /// Improvement areas proven since the previous assessment.
    #[serde(default)]
    pub improvements: u8,
}

/// How far the answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Completeness {
    /// Indicators with an answer.
    pub answered: usize,
    /// Indicators of the catalogue.
    pub total: usize,
}

/// An assessment without its scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AssessmentView {
    /// Names it.
    pub id: String,
    /// Which cluster.
    pub cluster: String,
    /// On which catalogue.
    pub catalogue: String,
    /// The month of the assessment.
    #[schema(value_type = String)]
    pub month: Month,
    /// `draft`, or `frozen` by an offer.
    pub state: &'static str,
    /// The offer that froze it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Names this version, for `If-Match`.
    pub etag: String,
    /// How far the answers are.
    pub completeness: Completeness,
    /// What the eligibility rule looks at.
    pub eligibility: EligibilityView,
    /// Improvement areas proven.
    pub improvements: u8,
    /// Agencies that are not asked again: they reviewed it before an appeal was upheld.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<String>,
    /// Files of evidence.
    pub files: usize,
    /// Their bytes.
    pub file_bytes: u64,
    /// When it was last changed.
    #[schema(value_type = String)]
    pub changed: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Sheet {
    pub(crate) assessment: Assessment,
    /// Hash of the offer that froze it.
    pub(crate) offer: Option<parangon_protocol::id::Hash>,
    version: u64,
    changed: Timestamp,
    #[serde(default)]
    created: Option<Timestamp>,
    /// Who reviewed it before an appeal was upheld: they are not asked again.
    #[serde(default)]
    pub(crate) barred: BTreeSet<AgencyId>,
}

impl Item for Sheet {
    const KIND: u8 = 3;
    const WHAT: &'static str = "assessment";
}

impl Sheet {
    fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// When it was last changed.
    pub(crate) fn changed(&self) -> Timestamp {
        self.changed
    }

    /// When it was begun. Assessments from before this was kept come first in their month.
    fn created(&self) -> Timestamp {
        self.created.unwrap_or_default()
    }

    /// Whether `if_match` names this version and nothing froze it.
    fn is_open(&self, if_match: &str) -> Result<(), Error> {
        if if_match != "*" && if_match != self.etag() {
            return Err(Error::Changed { what: "assessment", at: self.changed });
        }
        match self.offer {
            Some(_) => Err(Error::State { what: "assessment", state: "frozen".into(), needed: "withdraw the offer first" }),
            None => Ok(()),
        }
    }

    fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.changed = now;
    }

    fn view(&self, id: String, catalogue: &Catalogue) -> AssessmentView {
        let Assessment { cluster, catalogue: reference, month, scores, eligibility, improvements, .. } = &self.assessment;
        AssessmentView {
            id,
            cluster: cluster.to_string(),
            catalogue: reference.id.to_string(),
            month: *month,
            state: if self.offer.is_some() { "frozen" } else { "draft" },
            offer: self.offer.map(|offer| offer.to_string()),
            etag: self.etag(),
            completeness: Completeness { answered: scores.len(), total: catalogue.indicators.len() },
            eligibility: eligibility.into(),
            improvements: *improvements,
            barred: self.barred.iter().map(ToString::to_string).collect(),
            files: self.assessment.files().count(),
            file_bytes: self.assessment.files().map(|(_, file)| file.bytes).sum(),
            changed: self.changed,
        }
    }
}

/// Begins an assessment without answers.
///
/// # Errors
/// [`Error::NotFound`] for the cluster, [`Error::Field`] for catalogue, scheme, level or month.
pub fn create(context: &Context, new: NewAssessment) -> Result<AssessmentView, Error> {
    let now = context.now();
    let sought = Sought { catalogue: new.catalogue.as_deref(), scheme: new.scheme.as_deref(), level: new.level.as_deref() };
    let reference = catalogues::choose(&context.charter(), sought)?;
    let catalogue = catalogues::by_reference(context, &reference)?;
    let month = new.month.map_or_else(|| Ok(now.month()), |text| edit::month(context, &text))?;
    let id = hex::encode(random_bytes::<12>()?);
    context.transact(|tx| {
        let cluster = clusters::facts(tx, &new.cluster)?.id;
        let assessment = Assessment {
            cluster,
            catalogue: reference,
            month,
            scores: Scores::new(),
            eligibility: new.eligibility.into(),
            notes: Default::default(),
            improvements: new.improvements,
            evidence: Default::default(),
        };
        let sheet = Sheet { assessment, offer: None, version: 1, changed: now, created: Some(now), barred: BTreeSet::new() };
        item::put(tx, &id, &sheet)?;
        Ok(sheet.view(id, &catalogue))
    })
}

/// One assessment without its scores.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<AssessmentView, Error> {
    let sheet = sheet(&context.store().read()?, id)?;
    let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
    Ok(sheet.view(id.to_owned(), &catalogue))
}

/// Up to `limit` assessments by id, those after `after`.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context, after: Option<&str>, limit: usize) -> Result<Vec<AssessmentView>, Error> {
    let found = item::page::<Sheet, _>(&context.store().read()?, after, limit)?;
    let view = |(id, sheet): (String, Sheet)| {
        let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
        Ok(sheet.view(id, &catalogue))
    };
    found.into_iter().map(view).collect()
}

/// How many assessments there are.
///
/// # Errors
/// [`Error::Store`].
pub fn count(context: &Context) -> Result<usize, Error> {
    item::count::<Sheet, _>(&context.store().read()?)
}

pub(crate) fn sheet<S: Source>(tx: &Tx<S>, id: &str) -> Result<Sheet, Error> {
    item::get(tx, id)
}

/// Deletes an assessment with its files, their parts and their keys. Returns how many items that were.
pub(crate) fn erase(tx: &mut WriteTx, id: &str, sheet: &Sheet) -> Result<u64, Error> {
    let parts = evidence::erase(tx, id, sheet)?;
    Ok(parts + u64::from(tx.delete_private(Sheet::KIND, id)?))
}

/// Freezes an assessment under an offer, or thaws it.
pub(crate) fn freeze(tx: &mut WriteTx, id: &str, offer: Option<parangon_protocol::id::Hash>, now: Timestamp) -> Result<(), Error> {
    let mut sheet = sheet(tx, id)?;
    sheet.offer = offer;
    sheet.touch(now);
    item::put(tx, id, &sheet)
}

/// Thaws an assessment after an appeal: those who reviewed it are not asked again.
pub(crate) fn thaw_for_others(tx: &mut WriteTx, id: &str, judges: BTreeSet<AgencyId>, now: Timestamp) -> Result<(), Error> {
    let mut sheet = sheet(tx, id)?;
    sheet.offer = None;
    sheet.barred.extend(judges);
    sheet.touch(now);
    item::put(tx, id, &sheet)
}
