//! Verifying a label file, and what others need to trust this federation.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio::sync::Mutex;
use utoipa::IntoParams;

use parangon_protocol::verify::TrustFile;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Carrier, Json, Query};
use crate::service::{Error, verification};

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
    request_body(content = serde_json::Value, content_type = "application/octet-stream"), responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn verify(
    State(app): State<App>,
    Query(query): Query<At>,
    Carrier(file): Carrier,
) -> Result<Json<parangon_protocol::verify::Verdict>, ApiError> {
    Ok(Json(app.context.run(move |context| verification::verify(context, &file, query.at.as_deref())).await?))
}

/// The trust file: fingerprint, its eight words, the charter with its versions, and the members' key sets.
#[utoipa::path(get, path = "/api/v1/trust", tag = "node", responses(
    (status = 200, body = serde_json::Value),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn trust(State(app): State<App>) -> Result<Json<TrustFile>, ApiError> {
    Ok(Json(app.context.run(verification::trust).await?))
}

/// How long a page that was made is given out again: it is for everybody, and making it takes signatures to be checked.
const FRESH: Duration = Duration::from_secs(60);

/// The page as it was made last.
#[derive(Debug, Default)]
pub(super) struct Page(Mutex<Option<(Instant, Bytes)>>);

impl Page {
    async fn get(&self, app: &App) -> Result<Bytes, ApiError> {
        let mut last = self.0.lock().await;
        if let Some((made, page)) = &*last
            && made.elapsed() < FRESH
        {
            return Ok(page.clone());
        }
        let page = Bytes::from(app.context.run(verification::page).await?);
        *last = Some((Instant::now(), page.clone()));
        Ok(page)
    }
}

/// The page that checks labels in its reader's browser, with this federation pinned.
#[utoipa::path(get, path = "/verify", tag = "labels", security(()), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn page(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    // In a task of its own: whoever hangs up meanwhile does not make the next one begin anew.
    let making = tokio::spawn({
        let app = app.clone();
        async move { app.page.get(&app).await }
    });
    let page = making.await.map_err(|_| ApiError::from(Error::Stopping))??;
    let policy = format!("{}; frame-ancestors 'none'", crate::web::verify_page_policy());
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)], page))
}
