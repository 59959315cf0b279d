//! Catalogues of indicators and their translations.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::clusters::DryRun;
use super::error::{ApiError, Problem};
use super::extract::{File, Json, Query};
use crate::service::catalogues::{self, CatalogueText, CatalogueView, ImportedCatalogue};

/// In which language.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    /// BCP 47; the catalogue's own when absent.
    #[serde(default)]
    pub(super) language: Option<String>,
}

/// Every catalogue that this node can read, those of the charter first.
#[utoipa::path(get, path = "/api/v1/catalogues", tag = "catalogues", responses(
    (status = 200, body = Vec<CatalogueView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<CatalogueView>>, ApiError> {
    Ok(Json(app.context.run(catalogues::list).await?))
}

/// Takes in a catalogue, or a translation of one: the file as it is.
#[utoipa::path(post, path = "/api/v1/catalogues", tag = "catalogues", params(DryRun),
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 200, body = ImportedCatalogue),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn import(
    State(app): State<App>,
    Query(query): Query<DryRun>,
    File(file): File,
) -> Result<Json<ImportedCatalogue>, ApiError> {
    Ok(Json(app.context.run(move |context| catalogues::import(context, &file, query.dry_run)).await?))
}

/// One catalogue in words, by its id or hash.
#[utoipa::path(get, path = "/api/v1/catalogues/{id}", tag = "catalogues", params(("id" = String, Path), Language), responses(
    (status = 200, body = CatalogueText),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<Language>,
) -> Result<Json<CatalogueText>, ApiError> {
    Ok(Json(app.context.run(move |context| catalogues::show(context, &id, query.language.as_deref())).await?))
}

/// The file of a catalogue in its canonical form, to hand on.
#[utoipa::path(get, path = "/api/v1/catalogues/{id}/file", tag = "catalogues", params(("id" = String, Path)), responses(
    (status = 200, body = serde_json::Value, content_type = "application/json"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let text = app.context.run(move |context| catalogues::file(context, &id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
