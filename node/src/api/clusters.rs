//! The agency's clusters.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Csv, Json, Query};
use super::page::{Page, Paging};
use crate::service::clusters::{self, ClusterView, Imported, NewCluster};

/// Whether to save.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRun {
    /// Show what would happen, and save nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// Every cluster, by id.
#[utoipa::path(get, path = "/api/v1/clusters", tag = "clusters", params(Paging), responses(
    (status = 200, body = Vec<ClusterView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Page<ClusterView>, ApiError> {
    let limit = paging.limit()?;
    let items = app.context.run(move |context| clusters::list(context, paging.cursor.as_deref(), limit + 1)).await?;
    Ok(Page::of(items, limit, "/api/v1/clusters", |cluster| &cluster.id))
}

/// Adds a cluster.
#[utoipa::path(post, path = "/api/v1/clusters", tag = "clusters", request_body = NewCluster, responses(
    (status = 201, body = ClusterView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add(State(app): State<App>, Json(new): Json<NewCluster>) -> Result<(StatusCode, Json<ClusterView>), ApiError> {
    let added = app.context.run(move |context| clusters::add(context, &new)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Adds the clusters of a spreadsheet, `name,country[,region][,field]`: all rows or none.
#[utoipa::path(post, path = "/api/v1/clusters/import", tag = "clusters", params(DryRun),
    request_body(content = String, content_type = "text/csv"), responses(
    (status = 200, body = Imported),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn import(State(app): State<App>, Query(query): Query<DryRun>, Csv(file): Csv) -> Result<Json<Imported>, ApiError> {
    Ok(Json(app.context.run(move |context| clusters::import(context, &file, query.dry_run)).await?))
}

/// One cluster. Its id has a slash in it: two parts of the path.
#[utoipa::path(get, path = "/api/v1/clusters/{agency}/{id}", tag = "clusters",
    params(("agency" = String, Path), ("id" = String, Path)), responses(
    (status = 200, body = ClusterView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(State(app): State<App>, Path((agency, id)): Path<(String, String)>) -> Result<Json<ClusterView>, ApiError> {
    Ok(Json(app.context.run(move |context| clusters::show(context, &format!("{agency}/{id}"))).await?))
}
