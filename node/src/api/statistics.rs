//! Anonymous statistics.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parangon_protocol::id::Hash;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query, tagged};
use super::page::encode;
use crate::service::Error;
use crate::service::pools::{self, RoundView};
use crate::service::statistics::{self, AggregateView, NewRelease, PreparedView, ReleaseView, Sought, Wanted};

/// What to add up.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    /// Which catalogue; the charter's only one that gives points when absent.
    #[serde(default)]
    catalogue: Option<String>,
    /// One indicator's code; all when absent.
    #[serde(default)]
    indicator: Option<String>,
    /// Which quarter, `2026-Q3`; the newest with a release when absent.
    #[serde(default)]
    period: Option<String>,
}

/// Which quarter.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodQuery {
    /// Which catalogue; the charter's only one that gives points when absent.
    #[serde(default)]
    catalogue: Option<String>,
    /// `2026-Q3`; the last one that is over when absent.
    #[serde(default)]
    period: Option<String>,
}

impl Selection {
    fn wanted(&self) -> Wanted<'_> {
        let Self { catalogue, indicator, period } = self;
        Wanted { catalogue: catalogue.as_deref(), indicator: indicator.as_deref(), period: period.as_deref() }
    }
}

/// The sum of all agencies' releases: how many clusters stand at which level.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "statistics", params(Selection), responses(
    (status = 200, body = AggregateView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn aggregate(State(app): State<App>, Query(query): Query<Selection>) -> Result<Json<AggregateView>, ApiError> {
    let sum = move |context: &_| statistics::aggregate(context, &query.wanted());
    Ok(Json(app.context.run(sum).await?))
}

/// The same as a spreadsheet.
#[utoipa::path(get, path = "/api/v1/statistics.csv", tag = "statistics", params(Selection), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn aggregate_csv(State(app): State<App>, Query(query): Query<Selection>) -> Result<Response, ApiError> {
    let sum = move |context: &_| statistics::aggregate_csv(context, &query.wanted());
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], app.context.run(sum).await?).into_response())
}

/// What our next release would say. Nothing is published.
#[utoipa::path(get, path = "/api/v1/statistics/prepare", tag = "statistics", params(PeriodQuery), responses(
    (status = 200, body = PreparedView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn prepare(State(app): State<App>, Query(query): Query<PeriodQuery>) -> Result<Json<PreparedView>, ApiError> {
    Ok(Json(app.context.run(move |context| statistics::prepare(context, query.catalogue.as_deref(), query.period.as_deref())).await?))
}

/// Every release that is known here.
#[utoipa::path(get, path = "/api/v1/statistics/releases", tag = "statistics", responses(
    (status = 200, body = Vec<ReleaseView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn releases(State(app): State<App>) -> Result<Json<Vec<ReleaseView>>, ApiError> {
    Ok(Json(app.context.run(statistics::releases).await?))
}

/// The rounds of pools for the last quarters: where they stand, who is awaited, and why there is no total. Never a counter.
#[utoipa::path(get, path = "/api/v1/statistics/pools", tag = "statistics", responses(
    (status = 200, body = Vec<RoundView>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn rounds(State(app): State<App>) -> Result<Json<Vec<RoundView>>, ApiError> {
    Ok(Json(app.context.run(pools::list).await?))
}

/// Publishes our release of a quarter, or a correction with a reason.
#[utoipa::path(post, path = "/api/v1/statistics/releases", tag = "statistics", request_body = NewRelease, responses(
    (status = 201, body = ReleaseView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn release(State(app): State<App>, Json(new): Json<NewRelease>) -> Result<(StatusCode, Json<ReleaseView>), ApiError> {
    Ok((StatusCode::CREATED, Json(statistics::release(&app.context, new).await?)))
}

/// Which rows.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FileQuery {
    /// Which catalogue; the charter's only one that gives points when absent.
    #[serde(default)]
    catalogue: Option<String>,
    /// One indicator's code; all when absent.
    #[serde(default)]
    indicator: Option<String>,
    /// What the table is divided by: `all` (nothing, when absent), `country`, `region`, `field` or `level`.
    #[serde(default)]
    by: Option<String>,
}

/// A file of figures. Its name says in which format: `figures.csv`, `figures.json`, `figures.jsonstat.json`, `figures.sdmx.csv`,
/// `structure.xml` (of the SDMX data), `figures.xlsx`, `figures.parquet`, `levels.svg`, `spread.svg`, `panels.svg`,
/// `chart-CODE.svg` (one indicator), or `figures.zip` with all of them. `period` is `2026-Q3`, `latest`, or `all` for a time series.
#[utoipa::path(get, path = "/api/v1/statistics/{period}/{file}", tag = "statistics",
    params(("period" = String, Path), ("file" = String, Path), FileQuery), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream", headers(("ETag" = String), ("Content-Location" = String)),
        description = "With the media type of the format."),
    (status = 304, description = "`If-None-Match` names the present one."),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn file(
    State(app): State<App>,
    Path((period, file)): Path<(String, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let made = move |context: &_| {
        let FileQuery { catalogue, indicator, by } = &query;
        let (catalogue, indicator, by) = (catalogue.as_deref(), indicator.as_deref(), by.as_deref());
        let made = statistics::file(context, &Sought { period: &period, file: &file, catalogue, indicator, by })?;
        let location = location(&made.period, &file, &[("catalogue", catalogue), ("indicator", indicator), ("by", by)]);
        Ok::<_, Error>((made, location))
    };
    let (made, location) = app.context.run(made).await?;
    let tag = format!("\"{}\"", Hash::of(&[&made.bytes]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let caching = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::CONTENT_LOCATION, location)];
    // Compared weakly, as RFC 9110 asks for.
    if known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag) {
        return Ok(tagged((StatusCode::NOT_MODIFIED, caching).into_response(), &tag));
    }
    let disposition = format!("attachment; filename=\"{}\"", made.name);
    let headers = [(header::CONTENT_TYPE, made.media.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok(tagged((headers, caching, made.bytes).into_response(), &tag))
}

/// The address that stays: with the period, whatever word it was asked for by.
fn location(period: &str, file: &str, query: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<_> = query.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?)))).collect();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    format!("/api/v1/statistics/{period}/{file}{query}")
}
