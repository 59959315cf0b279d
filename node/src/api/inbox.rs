//! Reviews that others ask of us.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use parangon_protocol::label::Conflicts;
use parangon_protocol::review::DeclineReason;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::catalogues::Language;
use super::clusters::DryRun;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query, Spreadsheet, XLSX, if_match, tagged};
use crate::service::assessments::Edit;
use crate::service::inbox::{
    self, ConversationView, DossierView, InboxView, NewQuestion, ReviewInput, ReviewResult, WorkPreview, WorkView,
};

/// Why we step back.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepBack {
    /// `conflict`, `no-capacity`, `language`, `expertise`, `deadline` or `other`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reason: Option<DeclineReason>,
}

/// The declaration that comes before anything of the dossier is shown.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    /// `none`: no expert of ours coached, funds or works for the cluster. With a tie, decline.
    #[schema(value_type = String)]
    conflicts: Conflicts,
}

/// Why not.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclineInput {
    /// `conflict`, `no-capacity`, `language`, `expertise`, `deadline` or `other`.
    #[schema(value_type = String)]
    reason: DeclineReason,
}

/// Every review that others ask of us, newest last.
#[utoipa::path(get, path = "/api/v1/inbox", tag = "reviews", responses(
    (status = 200, body = Vec<InboxView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<InboxView>>, ApiError> {
    Ok(Json(app.context.run(inbox::list).await?))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}", tag = "reviews", params(("offer" = String, Path)), responses(
    (status = 200, body = InboxView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(offer): Path<String>) -> Result<Json<InboxView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::show(context, &offer)).await?))
}

/// Accepts a review, with the conflict declaration. The dossier follows by itself.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/accept", tag = "reviews", params(("offer" = String, Path)),
    request_body = Accept, responses(
    (status = 200, body = InboxView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn accept(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(declared): Json<Accept>,
) -> Result<Json<InboxView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::accept(context, &offer, declared.conflicts)).await?))
}

/// Declines a review.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/decline", tag = "reviews", params(("offer" = String, Path)),
    request_body = DeclineInput, responses(
    (status = 200, body = InboxView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn decline(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(input): Json<DeclineInput>,
) -> Result<Json<InboxView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::decline(context, &offer, input.reason)).await?))
}

/// Steps back after accepting; the dossier becomes unreadable at once. With the reason `conflict` it is a recusal.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/step-back", tag = "reviews", params(("offer" = String, Path)),
    request_body = StepBack, responses(
    (status = 200, body = InboxView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn step_back(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(input): Json<StepBack>,
) -> Result<Json<InboxView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::step_back(context, &offer, input.reason)).await?))
}

/// What was said about a dossier that we have: our questions with their answers, and the owner's response.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}/conversation", tag = "reviews", params(("offer" = String, Path)), responses(
    (status = 200, body = ConversationView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn conversation(State(app): State<App>, Path(offer): Path<String>) -> Result<Json<ConversationView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::conversation(context, &offer)).await?))
}

/// Asks the owner a question about the dossier.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/questions", tag = "reviews", params(("offer" = String, Path)),
    request_body = NewQuestion, responses(
    (status = 200, body = ConversationView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn ask(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(new): Json<NewQuestion>,
) -> Result<Json<ConversationView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::ask(context, &offer, &new)).await?))
}

/// Makes our review final: as the draft has it, but for what changes. Our endorsement goes with it when it supports the level, and
/// the dossier is deleted.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/finalise", tag = "reviews", params(("offer" = String, Path)),
    request_body = ReviewInput, responses(
    (status = 200, body = ReviewResult),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn finalise(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(input): Json<ReviewInput>,
) -> Result<Json<ReviewResult>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::finalise(context, &offer, &input)).await?))
}

/// The dossier without the owner's scores: what a reviewer sees before its own are saved.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}/dossier", tag = "reviews", params(("offer" = String, Path)), responses(
    (status = 200, body = DossierView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn dossier(State(app): State<App>, Path(offer): Path<String>) -> Result<Json<DossierView>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::dossier(context, &offer)).await?))
}

/// A file of evidence of the dossier.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}/evidence/{file}", tag = "reviews",
    params(("offer" = String, Path), ("file" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn evidence(State(app): State<App>, Path((offer, file)): Path<(String, String)>) -> Result<Response, ApiError> {
    Ok(super::evidence::answer(app.context.run(move |context| inbox::evidence(context, &offer, &file)).await?))
}

/// Our review as far as it is written. Confidential.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}/work", tag = "reviews", params(("offer" = String, Path)), responses(
    (status = 200, body = WorkView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn work(State(app): State<App>, Path(offer): Path<String>) -> Result<Response, ApiError> {
    Ok(written(app.context.run(move |context| inbox::work(context, &offer)).await?))
}

/// Saves fields of our review; what is not named stays as it is. Needs `If-Match`.
#[utoipa::path(patch, path = "/api/v1/inbox/{offer}/work", tag = "reviews",
    params(("offer" = String, Path), ("If-Match" = String, Header, description = "The version that is changed")),
    request_body = ReviewInput, responses(
    (status = 200, body = WorkView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn write(
    State(app): State<App>,
    Path(offer): Path<String>,
    headers: HeaderMap,
    Json(input): Json<ReviewInput>,
) -> Result<Response, ApiError> {
    let version = if_match(&headers);
    Ok(written(app.context.run(move |context| inbox::write(context, &offer, &input, version.as_deref())).await?))
}

/// Saves answers and notes of a spreadsheet with the columns `indicator`, `level` and maybe `note`, all or none. Needs `If-Match`, except with
/// `dry_run`.
#[utoipa::path(put, path = "/api/v1/inbox/{offer}/work", tag = "reviews",
    params(("offer" = String, Path), DryRun, ("If-Match" = Option<String>, Header, description = "The version that is changed")),
    request_body(content(
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.oasis.opendocument.spreadsheet"),
    )), responses(
    (status = 200, body = WorkPreview, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn import(
    State(app): State<App>,
    Path(offer): Path<String>,
    Query(query): Query<DryRun>,
    headers: HeaderMap,
    Spreadsheet(file): Spreadsheet,
) -> Result<Response, ApiError> {
    let (version, edit) = (if_match(&headers), Edit::Spreadsheet(file));
    let import = move |context: &_| inbox::import(context, &offer, &edit, version.as_deref(), query.dry_run);
    let preview: WorkPreview = app.context.run(import).await?;
    let tag = preview.work.etag.clone();
    Ok(tagged(Json(preview).into_response(), &tag))
}

/// A workbook of our review as far as it is written: one sheet a dimension, levels to choose from, everything else locked. The owner's scores
/// are not in it.
#[utoipa::path(get, path = "/api/v1/inbox/{offer}/workbook", tag = "reviews", params(("offer" = String, Path), Language), responses(
    (status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn workbook(
    State(app): State<App>,
    Path(offer): Path<String>,
    Query(language): Query<Language>,
) -> Result<Response, ApiError> {
    let book = app.context.run(move |context| inbox::workbook(context, &offer, language.language.as_deref())).await?;
    Ok(([(header::CONTENT_TYPE, XLSX)], book).into_response())
}

fn written(work: WorkView) -> Response {
    let tag = work.etag.clone();
    tagged(Json(work).into_response(), &tag)
}

/// Signs our review and sends it. Where the owner comments it is a draft, and `finalise` follows; else our endorsement goes with it when
/// it supports the level, and the dossier is deleted.
#[utoipa::path(post, path = "/api/v1/inbox/{offer}/review", tag = "reviews", params(("offer" = String, Path)),
    request_body = ReviewInput, responses(
    (status = 200, body = ReviewResult),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn review(
    State(app): State<App>,
    Path(offer): Path<String>,
    Json(input): Json<ReviewInput>,
) -> Result<Json<ReviewResult>, ApiError> {
    Ok(Json(app.context.run(move |context| inbox::submit(context, &offer, &input)).await?))
}
