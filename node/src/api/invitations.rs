//! Invitations to other agencies.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::invitations::{self, InvitationView, MadeInvitation, NewInvitation};

/// Every invite, without its string.
#[utoipa::path(get, path = "/api/v1/invitations", tag = "invitations", responses(
    (status = 200, body = Vec<InvitationView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<InvitationView>>, ApiError> {
    Ok(Json(app.context.run(invitations::list).await?))
}

/// Makes an invite. Its string is in this answer and nowhere else, so `Idempotency-Key` is not honoured here.
#[utoipa::path(post, path = "/api/v1/invitations", tag = "invitations", request_body = NewInvitation, responses(
    (status = 201, body = MadeInvitation),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(State(app): State<App>, Json(new): Json<NewInvitation>) -> Result<(StatusCode, Json<MadeInvitation>), ApiError> {
    Ok((StatusCode::CREATED, Json(app.context.run(move |context| invitations::create(context, &new)).await?)))
}

/// One invite, and who asks with it.
#[utoipa::path(get, path = "/api/v1/invitations/{id}", tag = "invitations", params(("id" = String, Path)), responses(
    (status = 200, body = InvitationView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<InvitationView>, ApiError> {
    Ok(Json(app.context.run(move |context| invitations::show(context, &id)).await?))
}

/// Takes an invite back: who holds it is turned away. A proposal that was made of it stays.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", tag = "invitations", params(("id" = String, Path)), responses(
    (status = 204),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.context.run(move |context| invitations::cancel(context, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
