//! What people see of a label: files to be saved, of any label that this node knows.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, Problem};
use super::extract::Query;
use crate::carriers::{BADGE_SIZE, Language};
use crate::service::Error;
use crate::service::labels::{self, Certificate};

const PDF: &str = "application/pdf";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const TEXT: &str = "text/plain; charset=utf-8";
const CALENDAR: &str = "text/calendar; charset=utf-8";

/// A certificate's form.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CertificateFormat {
    #[default]
    Pdf,
    Svg,
}

/// A badge's form.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum BadgeFormat {
    #[default]
    Svg,
    Png,
}

/// How a certificate is made.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateQuery {
    /// `pdf` when absent.
    #[serde(default)]
    #[param(inline)]
    format: CertificateFormat,
    /// Besides English; that of the cluster's country when absent, where certificates have it. `en`: English alone.
    #[serde(default)]
    #[param(inline)]
    language: Option<Language>,
}

/// How a badge is made.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BadgeQuery {
    /// `svg` when absent.
    #[serde(default)]
    #[param(inline)]
    format: BadgeFormat,
    /// Pixels of a PNG's side, 24 to 4096; 600 when absent.
    #[serde(default)]
    #[param(minimum = 24, maximum = 4096)]
    size: Option<u16>,
}

/// In which language.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TextQuery {
    /// That of the cluster's country when absent, where it is one of these.
    #[serde(default)]
    #[param(inline)]
    language: Option<Language>,
}

fn file(media: &'static str, (bytes, name): (Vec<u8>, String)) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

/// The certificate, A4, with the label's file inside. PDF/A-3a and PDF/UA-1, or SVG.
#[utoipa::path(get, path = "/api/v1/labels/{id}/certificate", tag = "labels", params(("id" = String, Path), CertificateQuery), responses(
    (status = 200, body = Vec<u8>, content_type = PDF, description = "Or `image/svg+xml`."),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn certificate(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<CertificateQuery>,
) -> Result<Response, ApiError> {
    let (form, media) = match query.format {
        CertificateFormat::Pdf => (Certificate::Pdf, PDF),
        CertificateFormat::Svg => (Certificate::Svg, SVG),
    };
    Ok(file(media, app.context.run(move |context| labels::certificate(context, &id, form, query.language)).await?))
}

/// The badge, with the label's file and its Open Badges credential inside.
#[utoipa::path(get, path = "/api/v1/labels/{id}/badge", tag = "labels", params(("id" = String, Path), BadgeQuery), responses(
    (status = 200, body = Vec<u8>, content_type = SVG, description = "Or `image/png`."),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn badge(State(app): State<App>, Path(id): Path<String>, Query(query): Query<BadgeQuery>) -> Result<Response, ApiError> {
    let (size, media) = match (query.format, query.size) {
        (BadgeFormat::Png, size) => (Some(size.unwrap_or(BADGE_SIZE)), PNG),
        (BadgeFormat::Svg, None) => (None, SVG),
        (BadgeFormat::Svg, Some(_)) => return Err(Error::field("size", "an SVG has no size in pixels; ask for format=png").into()),
    };
    Ok(file(media, app.context.run(move |context| labels::badge(context, &id, size)).await?))
}

/// A few sentences for the press, as plain text.
#[utoipa::path(get, path = "/api/v1/labels/{id}/press", tag = "labels", params(("id" = String, Path), TextQuery), responses(
    (status = 200, body = String, content_type = TEXT),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn press(State(app): State<App>, Path(id): Path<String>, Query(query): Query<TextQuery>) -> Result<Response, ApiError> {
    Ok(file(TEXT, app.context.run(move |context| labels::press(context, &id, query.language)).await?))
}

/// A calendar file (RFC 5545) that reminds of the label's end, ninety days before.
#[utoipa::path(get, path = "/api/v1/labels/{id}/reminder", tag = "labels", params(("id" = String, Path), TextQuery), responses(
    (status = 200, body = String, content_type = CALENDAR),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn reminder(State(app): State<App>, Path(id): Path<String>, Query(query): Query<TextQuery>) -> Result<Response, ApiError> {
    Ok(file(CALENDAR, app.context.run(move |context| labels::reminder(context, &id, query.language)).await?))
}
