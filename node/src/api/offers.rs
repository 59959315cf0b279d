//! Reviews that we ask of others.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use super::page::{Page, Paging};
use crate::service::offers::{self, Appeal, NewOffer, OfferView, Ruling, Said};
use crate::service::panel::{self, EligibleView, Wanted};
use crate::service::roles::Caller;

/// Whom to ask.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Eligible {
    /// `BRONZE`, `SILVER` or `GOLD`.
    level: String,
    /// The label system; the charter's, when it has only one.
    #[serde(default)]
    scheme: Option<String>,
    /// One of our clusters: then what was published before counts too.
    #[serde(default)]
    cluster: Option<String>,
    /// One of its assessments: then also who reviewed that before an appeal was upheld.
    #[serde(default)]
    assessment: Option<String>,
}

/// Every offer, by id.
#[utoipa::path(get, path = "/api/v1/offers", tag = "reviews", params(Paging), responses(
    (status = 200, body = Vec<OfferView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Page<OfferView>, ApiError> {
    let limit = paging.limit()?;
    let items = app.context.run(move |context| offers::list(context, paging.cursor.as_deref(), limit + 1)).await?;
    Ok(Page::of(items, limit, "/api/v1/offers", |offer| &offer.id))
}

/// Freezes an assessment and asks agencies to review it.
#[utoipa::path(post, path = "/api/v1/offers", tag = "reviews", request_body = NewOffer, responses(
    (status = 201, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(State(app): State<App>, Json(new): Json<NewOffer>) -> Result<(StatusCode, Json<OfferView>), ApiError> {
    let view = app.context.run(move |context| offers::create(context, new)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// One offer, with who answered what.
#[utoipa::path(get, path = "/api/v1/offers/{id}", tag = "reviews", params(("id" = String, Path)), responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(app.context.run(move |context| offers::show(context, &id)).await?))
}

/// Withdraws an offer; its assessment can be changed again.
#[utoipa::path(post, path = "/api/v1/offers/{id}/withdraw", tag = "reviews", params(("id" = String, Path)), responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn withdraw(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(offers::withdraw(&app.context, &id).await?))
}

/// Decides that the level is not awarded: nothing becomes public, the exchange is over, and the assessment stays frozen.
#[utoipa::path(post, path = "/api/v1/offers/{id}/refuse", tag = "reviews", params(("id" = String, Path)), responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn refuse(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(offers::refuse(&app.context, &id).await?))
}

/// Records that the cluster appeals against a refusal. Its note stays with this agency.
#[utoipa::path(post, path = "/api/v1/offers/{id}/appeal", tag = "reviews", params(("id" = String, Path)), request_body = Appeal, responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn appeal(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(appeal): Json<Appeal>,
) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(app.context.run(move |context| offers::appeal(context, &id, &appeal)).await?))
}

/// What becomes of an appeal.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRuling {
    /// `uphold` or `dismiss`.
    decision: Ruling,
}

/// Decides on an appeal. Where two people decide, the first one gets 202.
#[utoipa::path(post, path = "/api/v1/offers/{id}/appeal/decision", tag = "reviews", params(("id" = String, Path)),
    request_body = NewRuling, responses(
    (status = 200, body = OfferView),
    (status = 202, body = OfferView, description = "Another person of this agency has to confirm."),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn rule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(new): Json<NewRuling>,
) -> Result<(StatusCode, Json<OfferView>), ApiError> {
    let view = app.context.run(move |context| offers::rule(context, &id, new.decision, &caller.actor)).await?;
    Ok((if view.decision.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK }, Json(view)))
}

/// Answers a reviewer's question, once.
#[utoipa::path(post, path = "/api/v1/offers/{id}/reviewers/{agency}/questions/{number}/answer", tag = "reviews",
    params(("id" = String, Path), ("agency" = String, Path), ("number" = u32, Path)), request_body = Said, responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answer(
    State(app): State<App>,
    Path((id, agency, number)): Path<(String, String, String)>,
    Json(said): Json<Said>,
) -> Result<Json<OfferView>, ApiError> {
    let number = number.parse().map_err(|_| ApiError::Route)?;
    Ok(Json(app.context.run(move |context| offers::answer(context, &id, &agency, number, &said)).await?))
}

/// Responds to the reviews, once and to all reviewers, when all who accepted have reviewed. They also learn where they differ.
#[utoipa::path(post, path = "/api/v1/offers/{id}/respond", tag = "reviews", params(("id" = String, Path)), request_body = Said, responses(
    (status = 200, body = OfferView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn respond(State(app): State<App>, Path(id): Path<String>, Json(said): Json<Said>) -> Result<Json<OfferView>, ApiError> {
    Ok(Json(app.context.run(move |context| offers::respond(context, &id, &said)).await?))
}

/// Every member, with whether the conflict rules allow it to review for us.
#[utoipa::path(get, path = "/api/v1/eligible", tag = "reviews", params(Eligible), responses(
    (status = 200, body = Vec<EligibleView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn eligible(State(app): State<App>, Query(query): Query<Eligible>) -> Result<Json<Vec<EligibleView>>, ApiError> {
    let Eligible { level, scheme, cluster, assessment } = query;
    let wanted = Wanted { scheme, level, cluster, assessment };
    Ok(Json(app.context.run(move |context| panel::eligible(context, &wanted)).await?))
}
