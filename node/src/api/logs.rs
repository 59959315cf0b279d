//! The members' logs.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::{evidence, logs};

/// Every log that this node holds, and its newest head with a quorum.
#[utoipa::path(get, path = "/api/v1/logs", tag = "node", responses(
    (status = 200, body = Vec<logs::LogView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<logs::LogView>>, ApiError> {
    Ok(Json(app.context.run(logs::list).await?))
}

/// The one file that proves that an agency's log told two stories: `parangon verify` needs nothing else. 404 when its log
/// is not frozen, or is frozen for a status that was not true.
#[utoipa::path(get, path = "/api/v1/logs/{agency}/evidence", tag = "node", params(("agency" = String, Path)), responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn evidence(State(app): State<App>, Path(agency): Path<String>) -> Result<Response, ApiError> {
    let bytes = app.context.run(move |context| evidence::evidence(context, &agency)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
