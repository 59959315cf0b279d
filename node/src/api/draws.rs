//! Draws of reviewers that we call for.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::draws::{self, DrawView, NewDraw};

/// Every draw of ours, the newest last.
#[utoipa::path(get, path = "/api/v1/draws", tag = "reviews", responses(
    (status = 200, body = Vec<DrawView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<DrawView>>, ApiError> {
    Ok(Json(app.context.run(draws::list).await?))
}

/// Calls for a draw of the reviewers of an assessment. Nodes do the rest by themselves, from the next midnight (UTC) on.
#[utoipa::path(post, path = "/api/v1/draws", tag = "reviews", request_body = NewDraw, responses(
    (status = 201, body = DrawView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn call(State(app): State<App>, Json(new): Json<NewDraw>) -> Result<(StatusCode, Json<DrawView>), ApiError> {
    let view = app.context.run(move |context| draws::call(context, &new)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// One draw: how far it is, the ranking, and whom to ask now.
#[utoipa::path(get, path = "/api/v1/draws/{id}", tag = "reviews", params(("id" = String, Path)), responses(
    (status = 200, body = DrawView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<DrawView>, ApiError> {
    Ok(Json(app.context.run(move |context| draws::show(context, &id)).await?))
}
