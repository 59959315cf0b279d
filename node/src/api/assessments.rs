//! Assessments and their scores.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::catalogues::Language;
use super::clusters::DryRun;
use super::error::{ApiError, Problem};
use super::extract::{JSON_BYTES, Json, Query, SPREADSHEET_BYTES, XLSX, if_match, is_spreadsheet, media_type, parse, read, tagged};
use super::page::{Page, Paging};
use crate::service::assessments::{self, AnswersView, AssessmentView, Edit, EditedAssessment, NewAssessment, Preview};
use crate::service::statistics::{self, BenchmarkView};

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
    Ok((StatusCode::CREATED, answer(view)).into_response())
}

/// One assessment without its scores.
#[utoipa::path(get, path = "/api/v1/assessments/{id}", tag = "assessments", params(("id" = String, Path)), responses(
    (status = 200, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    Ok(answer(app.context.run(move |context| assessments::show(context, &id)).await?))
}

/// Saves scores, all or none: a spreadsheet with the columns `indicator`, `level` and maybe `note`, or a JSON object of level by code. What is not
/// named stays as it is. Needs `If-Match`, except with `dry_run`.
#[utoipa::path(put, path = "/api/v1/assessments/{id}/scores", tag = "assessments",
    params(("id" = String, Path), DryRun, ("If-Match" = Option<String>, Header, description = "The version that is changed")),
    request_body(content(
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.oasis.opendocument.spreadsheet"),
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
        Some(media) if is_spreadsheet(media) => Edit::Spreadsheet(read(&parts.headers, body, SPREADSHEET_BYTES).await?),
        Some("application/json") => Edit::Map(parse(&read(&parts.headers, body, JSON_BYTES).await?)?),
        _ => return Err(ApiError::MediaType { expected: "text/csv, the media type of XLSX or ODS, or application/json" }),
    };
    let if_match = if_match(&parts.headers);
    let set = move |context: &_| assessments::set(context, &id, &edit, if_match.as_deref(), query.dry_run);
    let preview: Preview = app.context.run(set).await?;
    let tag = preview.assessment.etag.clone();
    Ok(tagged(Json(preview).into_response(), &tag))
}

/// Changes month, eligibility or proven improvements; what is not named stays as it is. Needs `If-Match`.
#[utoipa::path(patch, path = "/api/v1/assessments/{id}", tag = "assessments",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "The version that is changed")),
    request_body = EditedAssessment, responses(
    (status = 200, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(edit): Json<EditedAssessment>,
) -> Result<Response, ApiError> {
    let version = if_match(&headers);
    Ok(answer(app.context.run(move |context| assessments::edit(context, &id, edit, version.as_deref())).await?))
}

/// All answers with notes, each beside what it was last time. Confidential.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/scores", tag = "assessments", params(("id" = String, Path)), responses(
    (status = 200, body = AnswersView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answers(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let view = app.context.run(move |context| assessments::answers(context, &id)).await?;
    let tag = view.assessment.etag.clone();
    Ok(tagged(Json(view).into_response(), &tag))
}

/// Which quarter.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Quarter {
    /// `2026-Q3`; the newest with figures when absent.
    #[serde(default)]
    period: Option<String>,
}

/// The levels beside what is published of all clusters, of the cluster's country and of its field. Confidential.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/benchmark", tag = "assessments", params(("id" = String, Path), Quarter), responses(
    (status = 200, body = BenchmarkView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn benchmark(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<Quarter>,
) -> Result<Json<BenchmarkView>, ApiError> {
    Ok(Json(app.context.run(move |context| statistics::benchmark(context, &id, query.period.as_deref())).await?))
}

/// A workbook with the answers so far: one sheet a dimension, levels to choose from, everything else locked.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/workbook", tag = "assessments", params(("id" = String, Path), Language), responses(
    (status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn workbook(State(app): State<App>, Path(id): Path<String>, Query(query): Query<Language>) -> Result<Response, ApiError> {
    let file = app.context.run(move |context| assessments::workbook(context, &id, query.language.as_deref())).await?;
    Ok(([(header::CONTENT_TYPE, XLSX)], file).into_response())
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

fn answer(view: AssessmentView) -> Response {
    let tag = view.etag.clone();
    tagged(Json(view).into_response(), &tag)
}
