//! The agency's clusters.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query, Spreadsheet, if_match, tagged};
use super::page::{Page, Paging};
use crate::service::clusters::{self, ClusterFile, Description, Imported, NewObjection};

/// Whether to save.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRun {
    /// Show what would happen, and save nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// A cluster that takes another one over.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// Its id.
    into: String,
}

/// Every cluster, by id.
#[utoipa::path(get, path = "/api/v1/clusters", tag = "clusters", params(Paging), responses(
    (status = 200, body = Vec<ClusterFile>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Page<ClusterFile>, ApiError> {
    let limit = paging.limit()?;
    let items = app.context.run(move |context| clusters::list(context, paging.cursor.as_deref(), limit + 1)).await?;
    Ok(Page::of(items, limit, "/api/v1/clusters", |file| &file.cluster.id))
}

/// Adds a cluster.
#[utoipa::path(post, path = "/api/v1/clusters", tag = "clusters", request_body = Description, responses(
    (status = 201, body = ClusterFile, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add(State(app): State<App>, Json(new): Json<Description>) -> Result<Response, ApiError> {
    let added = app.context.run(move |context| clusters::add(context, &new)).await?;
    Ok((StatusCode::CREATED, answer(added)).into_response())
}

/// Takes a list of clusters from a spreadsheet: all rows or none. A row's cluster is found by `id`, a register number, or a
/// name that it has or had; empty cells leave what is said so far.
#[utoipa::path(post, path = "/api/v1/clusters/import", tag = "clusters", params(DryRun),
    request_body(content(
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.oasis.opendocument.spreadsheet"),
    )), responses(
    (status = 200, body = Imported),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn import(
    State(app): State<App>,
    Query(query): Query<DryRun>,
    Spreadsheet(file): Spreadsheet,
) -> Result<Json<Imported>, ApiError> {
    Ok(Json(app.context.run(move |context| clusters::import(context, &file, query.dry_run)).await?))
}

/// One cluster. Its id has a slash in it: two parts of the path.
#[utoipa::path(get, path = "/api/v1/clusters/{agency}/{id}", tag = "clusters",
    params(("agency" = String, Path), ("id" = String, Path)), responses(
    (status = 200, body = ClusterFile, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path((agency, id)): Path<(String, String)>) -> Result<Response, ApiError> {
    Ok(answer(app.context.run(move |context| clusters::show(context, &format!("{agency}/{id}"))).await?))
}

/// Replaces what is said of a cluster. A name that changes becomes a former one, and goes on to find it.
#[utoipa::path(put, path = "/api/v1/clusters/{agency}/{id}", tag = "clusters",
    params(("agency" = String, Path), ("id" = String, Path), ("If-Match" = String, Header, description = "The version that is changed")),
    request_body = Description, responses(
    (status = 200, body = ClusterFile, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn edit(
    State(app): State<App>,
    Path((agency, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(new): Json<Description>,
) -> Result<Response, ApiError> {
    let version = if_match(&headers);
    let edit = move |context: &_| clusters::edit(context, &format!("{agency}/{id}"), &new, version.as_deref());
    Ok(answer(app.context.run(edit).await?))
}

/// Makes one cluster of two. This one stays readable, and nothing new begins on it; the answer is the one that goes on.
#[utoipa::path(post, path = "/api/v1/clusters/{agency}/{id}/merge", tag = "clusters",
    params(("agency" = String, Path), ("id" = String, Path), ("If-Match" = String, Header, description = "The version that ends")),
    request_body = Merge, responses(
    (status = 200, body = ClusterFile, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn merge(
    State(app): State<App>,
    Path((agency, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(Merge { into }): Json<Merge>,
) -> Result<Response, ApiError> {
    let version = if_match(&headers);
    let merge = move |context: &_| clusters::merge(context, &format!("{agency}/{id}"), &into, version.as_deref());
    Ok(answer(app.context.run(merge).await?))
}

/// Notes the one agency that the cluster does not want as a reviewer; without an agency takes that back.
#[utoipa::path(put, path = "/api/v1/clusters/{agency}/{id}/objection", tag = "clusters",
    params(("agency" = String, Path), ("id" = String, Path)), request_body = NewObjection, responses(
    (status = 200, body = ClusterFile, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn object(
    State(app): State<App>,
    Path((agency, id)): Path<(String, String)>,
    Json(new): Json<NewObjection>,
) -> Result<Response, ApiError> {
    Ok(answer(app.context.run(move |context| clusters::object(context, &format!("{agency}/{id}"), &new)).await?))
}

fn answer(file: ClusterFile) -> Response {
    let tag = file.etag.clone();
    tagged(Json(file).into_response(), &tag)
}
