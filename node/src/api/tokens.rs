//! API tokens.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::roles::Caller;
use crate::service::tokens::{self, MadeToken, NewToken, TokenView};

/// Every token, without its secret.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses(
    (status = 200, body = Vec<TokenView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<TokenView>>, ApiError> {
    Ok(Json(app.context.run(tokens::list).await?))
}

/// Makes a token, of roles that whoever makes it has. Its secret is in this answer and nowhere else, so `Idempotency-Key` is not honoured here.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken, responses(
    (status = 201, body = MadeToken),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), ApiError> {
    Ok((StatusCode::CREATED, Json(app.context.run(move |context| tokens::create(context, &caller, &new)).await?)))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)), responses(
    (status = 204),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.context.run(move |context| tokens::revoke(context, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
