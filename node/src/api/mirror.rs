//! What a mirror is made of: public data only.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use crate::service::mirrors::{self, MirrorView};

/// Which file.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// `AGENCY/tile/L/N[.p/W]` or `AGENCY/tile/entries/N[.p/W]` (c2sp.org/tlog-tiles).
    path: String,
}

/// The checkpoints that a mirror shows now, and against whom there is evidence of a fork. The rest of a mirror: the trust file, the
/// labels' bundles, the evidence, and the files of the logs.
#[utoipa::path(get, path = "/api/v1/mirror", tag = "node", responses(
    (status = 200, body = MirrorView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>) -> Result<Json<MirrorView>, ApiError> {
    Ok(Json(app.context.run(mirrors::view).await?))
}

/// A file of a log: hashes, or records.
#[utoipa::path(get, path = "/api/v1/mirror/file", tag = "node", params(File), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn file(State(app): State<App>, Query(query): Query<File>) -> Result<Response, ApiError> {
    let bytes = app.context.run(move |context| mirrors::file(context, &query.path)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
