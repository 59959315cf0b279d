//! Anonymous statistics.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use crate::service::pools::{self, RoundView};
use crate::service::statistics::{self, AggregateView, NewRelease, PreparedView, ReleaseView, Wanted};

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
