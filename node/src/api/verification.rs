//! Verifying a label file, and what others need to trust this federation.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use parangon_protocol::verify::TrustFile;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{File, Json, Query};
use crate::service::verification;

/// At which date.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    /// RFC 3339 in UTC, `2026-11-24T05:00:00Z`; now when absent.
    #[serde(default)]
    at: Option<String>,
}

/// The verdict on a label file, with this federation pinned. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/verify", tag = "labels", params(At),
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn verify(
    State(app): State<App>,
    Query(query): Query<At>,
    File(file): File,
) -> Result<Json<parangon_protocol::verify::Verdict>, ApiError> {
    Ok(Json(app.context.run(move |context| verification::verify(context, &file, query.at.as_deref())).await?))
}

/// The trust file: fingerprint, its eight words, the charter with its versions, and the members' key sets.
#[utoipa::path(get, path = "/api/v1/trust", tag = "node", responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn trust(State(app): State<App>) -> Result<Json<TrustFile>, ApiError> {
    Ok(Json(app.context.run(|context| verification::trust(context)).await?))
}
