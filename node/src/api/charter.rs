//! The federation's charter, proposals for it, and votes. Votes arrive signed: no identity key ever comes near this node.

use axum::extract::State;
use axum::http::StatusCode;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Json;
use crate::service::charter::{self, BallotRequest, BallotView, CharterView, NewVersions, NewVote, ProposalView, VersionView, VotesView};

/// The charter in effect, and which version each agency's log has adopted.
#[utoipa::path(get, path = "/api/v1/charter", tag = "charter", responses(
    (status = 200, body = CharterView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>) -> Json<CharterView> {
    Json(charter::show(&app.context))
}

/// Every version with what it changed and who agreed to it.
#[utoipa::path(get, path = "/api/v1/charter/versions", tag = "charter", responses(
    (status = 200, body = Vec<VersionView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn versions(State(app): State<App>) -> Json<Vec<VersionView>> {
    Json(charter::versions(&app.context))
}

/// Takes versions that were agreed to elsewhere, when they extend the charter known here.
#[utoipa::path(post, path = "/api/v1/charter/versions", tag = "charter", request_body = NewVersions, responses(
    (status = 200, body = CharterView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn extend(State(app): State<App>, Json(new): Json<NewVersions>) -> Result<Json<CharterView>, ApiError> {
    Ok(Json(charter::extend(&app.context, new).await?))
}

/// Texts of the next version that are voted on.
#[utoipa::path(get, path = "/api/v1/charter/proposals", tag = "charter", responses(
    (status = 200, body = Vec<ProposalView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn proposals(State(app): State<App>) -> Json<Vec<ProposalView>> {
    Json(charter::proposals(&app.context))
}

/// The ballot that this agency would sign, for or against a text. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/charter/ballots", tag = "charter", request_body = BallotRequest, responses(
    (status = 200, body = BallotView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn ballot(State(app): State<App>, Json(request): Json<BallotRequest>) -> Result<Json<BallotView>, ApiError> {
    Ok(Json(charter::ballot(&app.context, request).await?))
}

/// Puts a vote that was signed elsewhere into this agency's log.
#[utoipa::path(post, path = "/api/v1/charter/votes", tag = "charter", request_body = NewVote, responses(
    (status = 201, body = VotesView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn vote(State(app): State<App>, Json(new): Json<NewVote>) -> Result<(StatusCode, Json<VotesView>), ApiError> {
    Ok((StatusCode::CREATED, Json(charter::vote(&app.context, new).await?)))
}
