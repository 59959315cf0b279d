//! Erasures: what would go, orders, and the receipts of those who were asked to do the same.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use super::page::{Page, Paging};
use crate::service::erasure::{self, ErasureView, NewErasure, PlanView};

/// Every erasure, by id.
#[utoipa::path(get, path = "/api/v1/erasures", tag = "erasure", params(Paging), responses(
    (status = 200, body = Vec<ErasureView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Page<ErasureView>, ApiError> {
    let limit = paging.limit()?;
    let items = app.context.run(move |context| erasure::list(context, paging.cursor.as_deref(), limit + 1)).await?;
    Ok(Page::of(items, limit, "/api/v1/erasures", |erasure| &erasure.id))
}

/// Erases an assessment, an offer or a cluster, and asks everybody who was sent something of it to do the same. It cannot be undone.
#[utoipa::path(post, path = "/api/v1/erasures", tag = "erasure", request_body = NewErasure, responses(
    (status = 201, body = ErasureView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn order(State(app): State<App>, Json(new): Json<NewErasure>) -> Result<(StatusCode, Json<ErasureView>), ApiError> {
    let view = app.context.run(move |context| erasure::order(context, &new)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// What would go and what stays. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/erasures/plan", tag = "erasure", request_body = NewErasure, responses(
    (status = 200, body = PlanView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn plan(State(app): State<App>, Json(new): Json<NewErasure>) -> Result<Json<PlanView>, ApiError> {
    Ok(Json(app.context.run(move |context| erasure::preview(context, &new)).await?))
}

/// One erasure, with who was asked and what they say.
#[utoipa::path(get, path = "/api/v1/erasures/{id}", tag = "erasure", params(("id" = String, Path)), responses(
    (status = 200, body = ErasureView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<ErasureView>, ApiError> {
    Ok(Json(app.context.run(move |context| erasure::show(context, &id)).await?))
}
