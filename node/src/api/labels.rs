//! The register of labels, and our own labels.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parangon_protocol::id::AgencyId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use super::page::{Page, encode, limit};
use crate::service::Error;
use crate::service::labels::{self, Filter, Issued, LabelView, NewLabelObjection, NewStanding, ObjectionPreview, PreviewView, RecountView};
use crate::service::offers::{self, DecisionView, OfferView};
use crate::service::roles::Caller;

/// A label to be issued.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLabel {
    /// The offer whose reviews carry it.
    offer: String,
    /// `content` of the preview that was looked at: then this label is issued, or none.
    #[serde(default)]
    content: Option<String>,
}

/// Which labels to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// `BRONZE`, `SILVER` or `GOLD`.
    #[serde(default)]
    level: Option<String>,
    /// The issuing agency.
    #[serde(default)]
    agency: Option<String>,
    /// `valid`, `provisional`, `not-yet-valid`, `expired`, `withdrawn`, `suspended`, `replaced` or `void`.
    #[serde(default)]
    state: Option<String>,
    /// The cluster's id.
    #[serde(default)]
    cluster: Option<String>,
    /// Entries, 1 to 1000; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Where the page begins.
    #[serde(default)]
    cursor: Option<String>,
}

impl Listing {
    fn filter(&self) -> Result<Filter, Error> {
        let level = self.level.as_deref().map(|text| text.parse().map_err(Error::name("level"))).transpose()?;
        let agency = self.agency.as_deref().map(|text| text.parse::<AgencyId>().map_err(Error::name("agency"))).transpose()?;
        Ok(Filter { level, agency, state: self.state.clone(), cluster: self.cluster.clone() })
    }

    /// Path and query of the page that begins after `cursor`.
    fn after(&self, limit: usize, cursor: &str) -> String {
        let named = [("level", &self.level), ("agency", &self.agency), ("state", &self.state), ("cluster", &self.cluster)];
        let kept: String = named.iter().filter_map(|(name, value)| Some(format!("{name}={}&", encode(value.as_ref()?)))).collect();
        format!("/api/v1/labels?{kept}limit={limit}&cursor={cursor}")
    }
}

/// Which objection to show.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Objecting {
    /// On which ground; absent for what would lift the one that stands.
    #[serde(default)]
    ground: Option<String>,
}

/// Labels of all agencies as this node knows them, by id.
#[utoipa::path(get, path = "/api/v1/labels", tag = "labels", params(Listing), responses(
    (status = 200, body = Vec<LabelView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(listing): Query<Listing>) -> Result<Page<LabelView>, ApiError> {
    let limit = limit(listing.limit)?;
    let filter = listing.filter()?;
    let cursor = listing.cursor.clone();
    let (items, next) = app.context.run(move |context| labels::list(context, &filter, cursor.as_deref(), limit)).await?;
    Ok(Page { items, next: next.map(|cursor| listing.after(limit, &cursor)) })
}

/// Issues the label that an offer's reviews carry. Where two people decide, the first one gets 202, and the second one issues.
#[utoipa::path(post, path = "/api/v1/labels", tag = "labels", request_body = NewLabel, responses(
    (status = 201, body = LabelView),
    (status = 202, body = DecisionView, description = "Another person of this agency has to confirm."),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn issue(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewLabel>,
) -> Result<Response, ApiError> {
    let shown = new.content.as_deref().map(|text| text.parse().map_err(Error::name("/content"))).transpose()?;
    Ok(match labels::issue(&app.context, &new.offer, &caller.actor, shown).await? {
        Issued::Label(label) => (StatusCode::CREATED, Json(label)).into_response(),
        Issued::Decided(decision) => (StatusCode::ACCEPTED, Json(decision)).into_response(),
    })
}

/// What would become public by issuing, the rule with its numbers, and who has decided: nothing is changed.
#[utoipa::path(get, path = "/api/v1/offers/{id}/label", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = PreviewView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn preview(State(app): State<App>, Path(id): Path<String>) -> Result<Json<PreviewView>, ApiError> {
    Ok(Json(app.context.run(move |context| labels::preview(context, &id)).await?))
}

/// Takes back a decision that waits for a second person.
#[utoipa::path(delete, path = "/api/v1/offers/{id}/decision", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn take_back(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(offers::take_back(&app.context, &id).await?))
}

/// One label.
#[utoipa::path(get, path = "/api/v1/labels/{id}", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = LabelView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<LabelView>, ApiError> {
    Ok(Json(app.context.run(move |context| labels::show(context, &id)).await?))
}

/// A label recounted from the public records that this node holds, also one of another agency: each rule, and what came out.
#[utoipa::path(get, path = "/api/v1/labels/{id}/recount", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = RecountView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn recount(State(app): State<App>, Path(id): Path<String>) -> Result<Json<RecountView>, ApiError> {
    Ok(Json(app.context.run(move |context| labels::recount(context, &id)).await?))
}

/// The one file that proves a label: `parangon verify` needs nothing else.
#[utoipa::path(get, path = "/api/v1/labels/{id}/bundle", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn bundle(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let bytes = app.context.run(move |context| labels::bundle(context, &labels::parse_id(&id)?)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// The Bitstring Status List (W3C) of this agency's labels as a signed credential.
#[utoipa::path(get, path = "/api/v1/status-list", tag = "labels", responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn status_list(State(app): State<App>) -> Result<Response, ApiError> {
    let text = app.context.run(labels::status_list).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// Withdraws, suspends or reinstates a label of ours.
#[utoipa::path(post, path = "/api/v1/labels/{id}/standing", tag = "labels", params(("id" = String, Path)),
    request_body = NewStanding, responses(
    (status = 200, body = LabelView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn standing(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(new): Json<NewStanding>,
) -> Result<Json<LabelView>, ApiError> {
    Ok(Json(labels::set_standing(&app.context, &id, new).await?))
}

/// The record by which this agency would object to a label, or take that back: nothing is changed.
#[utoipa::path(get, path = "/api/v1/labels/{id}/objection", tag = "labels", params(("id" = String, Path), Objecting), responses(
    (status = 200, body = ObjectionPreview),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn preview_objection(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<Objecting>,
) -> Result<Json<ObjectionPreview>, ApiError> {
    let new = query.ground.map(|ground| NewLabelObjection { ground });
    Ok(Json(app.context.run(move |context| labels::preview_objection(context, &id, new.as_ref())).await?))
}

/// Objects to a label of another agency, in public: it is under question then, and as valid as before.
#[utoipa::path(post, path = "/api/v1/labels/{id}/objection", tag = "labels", params(("id" = String, Path)),
    request_body = NewLabelObjection, responses(
    (status = 200, body = LabelView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn object(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(new): Json<NewLabelObjection>,
) -> Result<Json<LabelView>, ApiError> {
    Ok(Json(labels::object(&app.context, &id, new).await?))
}

/// Takes this agency's objection to a label back.
#[utoipa::path(delete, path = "/api/v1/labels/{id}/objection", tag = "labels", params(("id" = String, Path)), responses(
    (status = 200, body = LabelView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn lift(State(app): State<App>, Path(id): Path<String>) -> Result<Json<LabelView>, ApiError> {
    Ok(Json(labels::lift(&app.context, &id).await?))
}
