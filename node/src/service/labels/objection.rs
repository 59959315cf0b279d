//! Objections: what members say in public against each other's labels, and what this agency says (protocol, "Objections").

use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::{Ground, Objection, Objections};
use parangon_protocol::record::Record;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LabelView, parse_id, show};
use crate::engine::{Overview, RegisterRow, objected, objections};
use crate::service::{Context, Error, register};
use crate::store::{Source, Tx};

/// An objection that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ObjectionView {
    /// Who objects.
    pub agency: String,
    /// `endorsement-withdrawn`, `conflict-of-interest`, `rule-broken` or `misrepresentation`.
    pub ground: &'static str,
    /// Since when, as that agency says.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// Its place in the log of that agency.
    pub index: u64,
    /// Whether a quorum has confirmed that place. It counts on sight.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// Why we object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLabelObjection {
    /// `endorsement-withdrawn` (of our own, where the label carries one), `conflict-of-interest`, `rule-broken` or `misrepresentation`.
    pub ground: String,
}

/// What would become public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ObjectionPreview {
    /// The record, as it would stand in our log; only its time is that of the moment when it is logged.
    pub record: serde_json::Value,
    /// The label as it is shown now.
    pub label: LabelView,
}

/// Why an objection is not taken. Nothing was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObjectionError {
    /// The label is our own.
    #[error("this agency issued the label itself")]
    Issuer,
    /// The label carries no endorsement of ours.
    #[error("the label carries no endorsement of this agency, so there is none to withdraw")]
    NoEndorsement,
    /// One of ours stands.
    #[error("an objection of this agency stands since {since}")]
    Stands {
        /// Since when.
        since: Timestamp,
    },
    /// None of ours stands.
    #[error("no objection of this agency stands")]
    None,
    /// Others would not listen to another one.
    #[error("this agency has objected to the label as often as others listen to")]
    Often,
}

impl ObjectionError {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Issuer => "PGN-0880",
            Self::NoEndorsement => "PGN-0881",
            Self::Stands { .. } => "PGN-0882",
            Self::None => "PGN-0883",
            Self::Often => "PGN-0884",
        }
    }
}

/// The objections that stand against a label, by agency. It is *under question* while there is one: a flag beside its state.
pub(crate) fn standing<S: Source>(tx: &Tx<S>, row: &RegisterRow, overview: &Overview) -> Result<Vec<ObjectionView>, Error> {
    let said = objections(tx, &row.label.id)?;
    let view = |(agency, said): (&AgencyId, &Objections)| {
        let held = overview.logs.get(&LogId::first(agency.clone()));
        let raised = row.label.questioned_by(agency, said, held.and_then(|log| log.end).unwrap_or(u64::MAX))?;
        Some(ObjectionView {
            agency: agency.to_string(),
            ground: raised.ground.code(),
            since: raised.at,
            index: raised.index,
            is_final: held.is_some_and(|log| log.final_size > raised.index),
        })
    };
    Ok(said.iter().filter_map(view).collect())
}

/// Our own labels that are under question.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn questioned(context: &Context) -> Result<Vec<(LabelId, Vec<ObjectionView>)>, Error> {
    let (tx, overview) = (context.store().read()?, context.engine().overview());
    let mut labels = Vec::new();
    for id in objected(&tx)? {
        let Some(row) = RegisterRow::read(&tx, &id)?.filter(|row| row.label.common.owner == *context.me()) else { continue };
        let standing = standing(&tx, &row, &overview)?;
        if !standing.is_empty() {
            labels.push((id, standing));
        }
    }
    Ok(labels)
}

/// The record that would stand in our log.
fn plan(context: &Context, id: LabelId, new: Option<&NewLabelObjection>) -> Result<Record, Error> {
    let tx = context.store().read()?;
    let row = register::row(&tx, &id)?;
    let me = context.me();
    if row.label.common.owner == *me {
        return Err(ObjectionError::Issuer.into());
    }
    let said = objections(&tx, &id)?.remove(me).unwrap_or_default();
    let (stands, at) = (said.standing(u64::MAX), context.now());
    let objection = match (new, stands) {
        (None, None) => return Err(ObjectionError::None.into()),
        (None, Some(_)) => Objection::Lift { at },
        (Some(_), Some(raised)) => return Err(ObjectionError::Stands { since: raised.at }.into()),
        (Some(_), None) if !said.may_raise() => return Err(ObjectionError::Often.into()),
        (Some(new), None) => Objection::Raise { ground: ground(&row, me, &new.ground)?, at },
    };
    Ok(Record::Objection(id, objection))
}

fn ground(row: &RegisterRow, me: &AgencyId, code: &str) -> Result<Ground, Error> {
    let mine = row.label.endorsements.iter().find(|(endorser, _)| endorser == me).map(|(_, endorsement)| *endorsement);
    let withdraws = code == Ground::CODES[0];
    match (withdraws, mine) {
        (true, None) => Err(ObjectionError::NoEndorsement.into()),
        _ => Ground::of(code, mine.filter(|_| withdraws))
            .ok_or_else(|| Error::field("/ground", format!("not one of {}", Ground::CODES.join(", ")))),
    }
}

/// What [`object`] or, without a ground, [`lift`] would publish: nothing is changed.
///
/// # Errors
/// As those.
pub fn preview_objection(context: &Context, id: &str, new: Option<&NewLabelObjection>) -> Result<ObjectionPreview, Error> {
    let text = plan(context, parse_id(id)?, new)?.to_text().map_err(|_| Error::Damaged { what: "objection" })?;
    let record = serde_json::from_slice(&text).map_err(|_| Error::Damaged { what: "objection" })?;
    Ok(ObjectionPreview { record, label: show(context, id)? })
}

/// Objects to a label of another agency, in our log. Nobody decides that but people.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Objection`], [`Error::Field`] for no ground that there is, [`Error::Engine`].
pub async fn object(context: &Context, id: &str, new: NewLabelObjection) -> Result<LabelView, Error> {
    log(context, id, Some(new)).await
}

/// Takes our objection back.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Objection`] where none stands, [`Error::Engine`].
pub async fn lift(context: &Context, id: &str) -> Result<LabelView, Error> {
    log(context, id, None).await
}

async fn log(context: &Context, id: &str, new: Option<NewLabelObjection>) -> Result<LabelView, Error> {
    let label = parse_id(id)?;
    let record = context.run(move |context| plan(context, label, new.as_ref())).await?;
    context.engine().append(vec![record]).await?;
    context.run(move |context| show(context, &label.to_string())).await
}
