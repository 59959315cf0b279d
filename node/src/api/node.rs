//! This node, its federation, and how things stand.

use axum::extract::State;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::members::{self, NodeView, PeerView, StatusView, WitnessesView};
use crate::service::reminders::{self, ReminderView};

/// This node and its federation.
#[utoipa::path(get, path = "/api/v1/node", tag = "node", responses(
    (status = 200, body = NodeView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn about(State(app): State<App>) -> Json<NodeView> {
    Json(members::about(&app.context))
}

/// How things stand: each line with its reason, since when, and the next step.
#[utoipa::path(get, path = "/api/v1/status", tag = "node", responses(
    (status = 200, body = StatusView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn status(State(app): State<App>) -> Result<Json<StatusView>, ApiError> {
    Ok(Json(app.context.run(members::status).await?))
}

/// What waits for one of us, since when and until when, what is due first. Computed from what is stored; it names no cluster and no person.
#[utoipa::path(get, path = "/api/v1/reminders", tag = "node", responses(
    (status = 200, body = Vec<ReminderView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn reminders(State(app): State<App>) -> Result<Json<Vec<ReminderView>>, ApiError> {
    Ok(Json(app.context.run(reminders::list).await?))
}

/// Who watches which log: confirmations in and missing, and how many may fail or lie.
#[utoipa::path(get, path = "/api/v1/witnesses", tag = "node", responses(
    (status = 200, body = Vec<WitnessesView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn witnesses(State(app): State<App>) -> Json<Vec<WitnessesView>> {
    Json(members::witnesses(&app.context))
}

/// The connection to every other member.
#[utoipa::path(get, path = "/api/v1/peers", tag = "node", responses(
    (status = 200, body = Vec<PeerView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn peers(State(app): State<App>) -> Result<Json<Vec<PeerView>>, ApiError> {
    Ok(Json(app.context.run(members::peers).await?))
}
