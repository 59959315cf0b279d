//! What is stored about a person, and taking a name out. Both are bodies of `POST`: a name stands in no URL.

use axum::extract::State;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::access::{self, AccessView, ErasedPersonView, Unwanted, Wanted};

/// Every place of the private items in which a text stands, and what kinds of data are kept, why, and how long.
#[utoipa::path(post, path = "/api/v1/access", tag = "erasure", request_body = Wanted, responses(
    (status = 200, body = AccessView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn report(State(app): State<App>, Json(wanted): Json<Wanted>) -> Result<Json<AccessView>, ApiError> {
    Ok(Json(app.context.run(move |context| access::report(context, &wanted)).await?))
}

/// Puts `[erased]` where the text stands in free texts, and says what goes only as a whole.
#[utoipa::path(post, path = "/api/v1/access/erase", tag = "erasure", request_body = Unwanted, responses(
    (status = 200, body = ErasedPersonView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn erase(State(app): State<App>, Json(unwanted): Json<Unwanted>) -> Result<Json<ErasedPersonView>, ApiError> {
    Ok(Json(app.context.run(move |context| access::erase(context, &unwanted)).await?))
}
