//! Assessments and their scores.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::clusters::DryRun;
use super::error::{ApiError, Problem};
use super::extract::{JSON_BYTES, Json, Query, UPLOAD_BYTES, media_type, parse, read};
use super::page::{Page, Paging};
use crate::service::assessments::{self, AssessmentView, Edit, NewAssessment, Preview};

/// Every assessment, by id, without scores.
#[utoipa::path(get, path = "/api/v1/assessments", tag = "assessments", params(Paging), responses(
    (status = 200, body = Vec<AssessmentView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Page<AssessmentView>, ApiError> {
    let limit = paging.limit()?;
    let items = app.context.run(move |context| assessments::list(context, paging.cursor.as_deref(), limit + 1)).await?;
    Ok(Page::of(items, limit, "/api/v1/assessments", |assessment| &assessment.id))
}

/// Begins an assessment.
#[utoipa::path(post, path = "/api/v1/assessments", tag = "assessments", request_body = NewAssessment, responses(
    (status = 201, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(State(app): State<App>, Json(new): Json<NewAssessment>) -> Result<Response, ApiError> {
    let view = app.context.run(move |context| assessments::create(context, new)).await?;
    Ok((StatusCode::CREATED, tagged(view)).into_response())
}

/// One assessment without its scores.
#[utoipa::path(get, path = "/api/v1/assessments/{id}", tag = "assessments", params(("id" = String, Path)), responses(
    (status = 200, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    Ok(tagged(app.context.run(move |context| assessments::show(context, &id)).await?))
}

/// Saves scores, all or none: `text/csv` with `indicator,level[,note]`, or a JSON object of level by code. What is not
/// named stays as it is. Needs `If-Match`, except with `dry_run`.
#[utoipa::path(put, path = "/api/v1/assessments/{id}/scores", tag = "assessments",
    params(("id" = String, Path), DryRun, ("If-Match" = Option<String>, Header, description = "The version that is changed")),
    request_body(content(
        (String = "text/csv"),
        (std::collections::BTreeMap<String, serde_json::Value> = "application/json"),
    )), responses(
    (status = 200, body = Preview, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_scores(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let edit = match media_type(&parts.headers).as_deref() {
        Some("text/csv") => Edit::Csv(read(&parts.headers, body, UPLOAD_BYTES).await?),
        Some("application/json") => Edit::Map(parse(&read(&parts.headers, body, JSON_BYTES).await?)?),
        _ => return Err(ApiError::MediaType { expected: "text/csv or application/json" }),
    };
    let if_match = text(&parts.headers, &header::IF_MATCH);
    let set = move |context: &_| assessments::set(context, &id, &edit, if_match.as_deref(), query.dry_run);
    let preview: Preview = app.context.run(set).await?;
    let tag = preview.assessment.etag.clone();
    Ok(with_tag(Json(preview).into_response(), &tag))
}

/// The scores as a spreadsheet: every indicator of the catalogue.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/scores.csv", tag = "assessments", params(("id" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn export(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let text = app.context.run(move |context| assessments::export(context, &id)).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn tagged(view: AssessmentView) -> Response {
    let tag = view.etag.clone();
    with_tag(Json(view).into_response(), &tag)
}

fn with_tag(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
