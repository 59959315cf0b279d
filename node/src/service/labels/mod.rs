//! Labels: issued from reviews that carry them, listed from the register, withdrawn by their issuer.

mod bundle;
mod issue;
mod objection;
mod recount;
mod status_list;

use parangon_protocol::charter::Level;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::record::{Action, Reason, Record, Standing as StandingRecord};
use parangon_protocol::time::{Month, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use bundle::bundle;
pub(crate) use bundle::{keysets, proven};
pub(crate) use issue::take_status_place;
pub use issue::{Issued, PreviewView, issue, preview};
pub(crate) use objection::questioned;
pub use objection::{NewLabelObjection, ObjectionError, ObjectionPreview, ObjectionView, lift, object, preview_objection};
pub use recount::{RecountView, RecountedRule, recount};
pub use status_list::status_list;

use super::clusters::ClusterView;
use super::register::{self, Standing};
use super::{Context, Error};
use crate::engine::{Overview, RegisterRow};
use crate::store::{Source, Tx};

/// Rows of the register that one request may look at before it has to come again with a cursor.
const SCAN: usize = 20_000;

/// A label as it is shown. It never holds points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LabelView {
    /// Its id: the hash of its common fields.
    pub id: String,
    /// The cluster.
    pub cluster: ClusterView,
    /// The label system.
    pub scheme: String,
    /// The catalogue of the assessment.
    pub catalogue: String,
    /// The level.
    pub level: &'static str,
    /// The issuing agency.
    pub owner: String,
    /// The endorsing agencies.
    pub endorsers: Vec<String>,
    /// Month of the assessment.
    #[schema(value_type = String)]
    pub assessed: Month,
    /// When it was issued, as the issuer says.
    #[schema(value_type = String)]
    pub issued: Timestamp,
    /// Valid to the end of this month.
    #[schema(value_type = String)]
    pub valid_until: Month,
    /// What it is worth now.
    pub state: Standing,
    /// What is missing, while it is provisional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisional_because: Option<String>,
    /// Why it is not valid otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who objects to it in public. While somebody does it is under question, whatever its state; its state does not change by that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub under_question: Vec<ObjectionView>,
    /// The label it replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Its place in the issuer's log.
    pub index: u64,
    /// A demonstration: scores are made up.
    pub demonstration: bool,
}

/// Which labels to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this level only.
    pub level: Option<Level>,
    /// Issued by this agency only.
    pub agency: Option<AgencyId>,
    /// In this standing only.
    pub state: Option<String>,
    /// Of this cluster only.
    pub cluster: Option<String>,
}

/// What happens to a label.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStanding {
    /// `withdraw`, `suspend` or `reinstate`.
    #[schema(value_type = String)]
    pub action: Action,
    /// `at-request`, `no-longer-met`, `error`, `misrepresentation`, `dissolved` or `under-review`.
    #[schema(value_type = String)]
    pub reason: Reason,
}

pub(crate) fn view<S: Source>(context: &Context, tx: &Tx<S>, row: &RegisterRow, overview: &Overview) -> Result<LabelView, Error> {
    let judged = register::judge(row, overview, context.now());
    let label = &row.label;
    let common = &label.common;
    let provisional = judged.standing == Standing::Provisional;
    Ok(LabelView {
        id: label.id.to_string(),
        cluster: (&common.cluster).into(),
        scheme: common.scheme.to_string(),
        catalogue: common.catalogue.id.to_string(),
        level: common.level.as_str(),
        owner: common.owner.to_string(),
        endorsers: label.endorsements.iter().map(|(agency, _)| agency.to_string()).collect(),
        assessed: common.assessed,
        issued: label.issued,
        valid_until: common.valid_until,
        state: judged.standing,
        provisional_because: judged.because.clone().filter(|_| provisional),
        reason: judged.because.filter(|_| !provisional),
        under_question: objection::standing(tx, row, overview)?,
        supersedes: label.supersedes.map(|older| older.to_string()),
        index: label.index,
        demonstration: context.charter().demonstration,
    })
}

/// The id in a path or a field.
pub(crate) fn parse_id(text: &str) -> Result<LabelId, Error> {
    text.parse::<Hash>().map(LabelId).map_err(|_| Error::missing("label", text))
}

/// One label.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<LabelView, Error> {
    let tx = context.store().read()?;
    view(context, &tx, &register::row(&tx, &parse_id(id)?)?, &context.engine().overview())
}

/// Up to `limit` labels by id, those after `after`, and the cursor of what follows.
///
/// # Errors
/// [`Error::Store`], or [`Error::NotFound`] for a cursor that is none.
pub fn list(context: &Context, filter: &Filter, after: Option<&str>, limit: usize) -> Result<(Vec<LabelView>, Option<String>), Error> {
    let overview = context.engine().overview();
    let tx = context.store().read()?;
    let mut after = after.map(parse_id).transpose()?.map(|id| id.0);
    let (mut views, mut scanned) = (Vec::new(), 0);
    loop {
        let page = tx.labels(after.as_ref(), limit.clamp(64, 1024))?;
        if page.is_empty() {
            return Ok((views, None));
        }
        for (id, bytes) in page {
            if views.len() == limit || scanned >= SCAN {
                return Ok((views, after.map(|hash| hash.to_string())));
            }
            after = Some(id);
            scanned += 1;
            let row = RegisterRow::parse(&bytes)?;
            let common = &row.label.common;
            let fits = filter.level.is_none_or(|level| common.level == level)
                && filter.agency.as_ref().is_none_or(|agency| common.owner == *agency)
                && filter.cluster.as_ref().is_none_or(|cluster| common.cluster.id.as_str() == cluster);
            if fits {
                let view = view(context, &tx, &row, &overview)?;
                if filter.state.as_ref().is_none_or(|state| view.state.as_str() == state) {
                    views.push(view);
                }
            }
        }
    }
}

/// Withdraws, suspends or reinstates a label of ours.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Engine`] when it is not ours or its state does not allow this.
pub async fn set_standing(context: &Context, id: &str, new: NewStanding) -> Result<LabelView, Error> {
    let id = parse_id(id)?;
    let at = context.now();
    let own = context.run(move |context| Ok(register::row(&context.store().read()?, &id)?.label.common.owner == *context.me())).await?;
    if !own {
        return Err(Error::NotIssuer);
    }
    let NewStanding { action, reason } = new;
    context.engine().append(vec![Record::Standing(id, StandingRecord { action, reason, at })]).await?;
    context.run(move |context| show(context, &id.to_string())).await
}
