//! What an assessment says beside its answers.

use parangon_protocol::time::Month;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AssessmentView, EligibilityView, item, sheet};
use crate::service::{Context, Error, catalogues};

/// What changes; what is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedAssessment {
    /// The month of the assessment, `2026-11`.
    #[serde(default)]
    pub month: Option<String>,
    /// What the eligibility rule looks at.
    #[serde(default)]
    pub eligibility: Option<EligibilityView>,
    /// Improvement areas proven since the previous assessment.
    #[serde(default)]
    pub improvements: Option<u8>,
}

/// Changes an assessment that nothing froze.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`] for the month, [`Error::Unconditional`] and [`Error::Changed`] for `If-Match`,
/// [`Error::State`] when an offer froze it.
pub fn edit(context: &Context, id: &str, edit: EditedAssessment, if_match: Option<&str>) -> Result<AssessmentView, Error> {
    let if_match = if_match.ok_or(Error::Unconditional { what: "assessment" })?;
    let month = edit.month.map(|text| month(context, &text)).transpose()?;
    context.transact(|tx| {
        let mut sheet = sheet(tx, id)?;
        sheet.is_open(if_match)?;
        let before = sheet.assessment.clone();
        let assessment = &mut sheet.assessment;
        assessment.month = month.unwrap_or(assessment.month);
        assessment.improvements = edit.improvements.unwrap_or(assessment.improvements);
        if let Some(eligibility) = edit.eligibility {
            assessment.eligibility = eligibility.into();
        }
        if sheet.assessment != before {
            sheet.touch(context.now());
            item::put(tx, id, &sheet)?;
        }
        let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
        Ok(sheet.view(id.to_owned(), &catalogue))
    })
}

/// A month that is not in the future.
pub(super) fn month(context: &Context, text: &str) -> Result<Month, Error> {
    let month: Month = text.parse().map_err(|error| Error::field("/month", error))?;
    if month > context.now().month() { Err(Error::field("/month", "it lies in the future")) } else { Ok(month) }
}
