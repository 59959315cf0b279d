//! This agency's key sets. They arrive signed: no identity key ever comes near this node.

use axum::extract::State;
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::keys::{self, KeySetsView, NewKeySet};

/// This agency's key sets, as its log has them.
#[utoipa::path(get, path = "/api/v1/keysets", tag = "keys", responses(
    (status = 200, body = KeySetsView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Json<KeySetsView> {
    Json(keys::list(&app.context))
}

/// Puts the next key set, signed elsewhere, into this agency's log and takes its keys, which lie in the data directory, into
/// use. The one that is in force already is answered with 201 as well: it finishes what was left undone.
#[utoipa::path(post, path = "/api/v1/keysets", tag = "keys", request_body = NewKeySet, responses(
    (status = 201, body = KeySetsView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn replace(State(app): State<App>, Json(new): Json<NewKeySet>) -> Result<(StatusCode, Json<KeySetsView>), ApiError> {
    Ok((StatusCode::CREATED, Json(keys::replace(&app.context, new).await?)))
}
