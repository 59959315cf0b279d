//! Bodies and queries, bounded in size and time before anything is read into memory.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::service::spreadsheet::FILE_BYTES;

/// Bytes of a JSON body. A review of 200 indicators with notes has 50 KiB.
pub(super) const JSON_BYTES: usize = 1024 * 1024;

/// Bytes of a label file or another document.
pub(super) const UPLOAD_BYTES: usize = parangon_protocol::limits::DOCUMENT_BYTES;

/// Bytes of a file that may carry a label.
const CARRIER_BYTES: usize = parangon_protocol::limits::CARRIER_BYTES;

/// Bytes of a spreadsheet.
pub(super) const SPREADSHEET_BYTES: usize = FILE_BYTES;

/// Media types of spreadsheets.
const SPREADSHEETS: [&str; 3] = ["text/csv", XLSX, "application/vnd.oasis.opendocument.spreadsheet"];

/// Of workbooks that we write.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// For the whole body: 4 MiB in this time is 140 KiB/s, 16 MiB half a MiB/s.
const BODY_SECONDS: u64 = 30;

/// For a file of evidence: 25 MiB over a line of half a megabit a second.
pub(super) const EVIDENCE_SECONDS: u64 = 600;

/// A JSON body of the shape asked for.
#[derive(Debug, Clone)]
pub(super) struct Json<T>(pub(super) T);

/// A spreadsheet. Which format it has shows in its bytes; the media type only keeps forms of other sites out.
#[derive(Debug, Clone)]
pub(super) struct Spreadsheet(pub(super) Vec<u8>);

/// A file that may carry a label.
#[derive(Debug, Clone)]
pub(super) struct Carrier(pub(super) Vec<u8>);

/// A file of any kind.
#[derive(Debug, Clone)]
pub(super) struct File(pub(super) Vec<u8>);

/// The query of the shape asked for.
#[derive(Debug, Clone)]
pub(super) struct Query<T>(pub(super) T);

/// The media type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    read_within(headers, body, limit, BODY_SECONDS).await
}

/// The same within a time of its own.
pub(super) async fn read_within(headers: &HeaderMap, body: Body, limit: usize, seconds: u64) -> Result<Vec<u8>, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ApiError::TooLarge { limit });
    }
    let read = tokio::time::timeout(Duration::from_secs(seconds), axum::body::to_bytes(body, limit)).await;
    match read {
        Err(_) => Err(ApiError::Slow { seconds }),
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_limit(&error) => Err(ApiError::TooLarge { limit }),
        Ok(Err(_)) => Err(ApiError::Malformed { problem: "the body was cut short".to_owned() }),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads JSON of the shape asked for. The error names a place, never the text.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a field is missing, unknown or of another kind",
            _ => "not JSON",
        };
        let unknown = error.is_data().then(|| field_named(&error.to_string())).flatten();
        let name = unknown.map_or_else(String::new, |name| format!(" ({name})"));
        ApiError::Malformed { problem: format!("{kind}{name}, line {}, column {}", error.line(), error.column()) }
    })
}

/// serde names fields and variants of ours in backquotes; only what follows "missing field" is certainly ours.
fn field_named(text: &str) -> Option<String> {
    let rest = text.strip_prefix("missing field `")?;
    Some(format!("{} is missing", rest.split('`').next()?))
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if media_type(&parts.headers).as_deref() != Some("application/json") {
            return Err(ApiError::MediaType { expected: "application/json" });
        }
        parse(&read(&parts.headers, body, JSON_BYTES).await?).map(Self)
    }
}

/// A form of another site can send these without being asked first (case A2).
pub(super) fn refuse_forms(headers: &HeaderMap) -> Result<(), ApiError> {
    let formlike = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    match media_type(headers) {
        Some(media) if !formlike.contains(&media.as_str()) => Ok(()),
        _ => Err(ApiError::MediaType { expected: "application/json or application/octet-stream" }),
    }
}

/// Whether it is the media type of a spreadsheet.
pub(super) fn is_spreadsheet(media: &str) -> bool {
    SPREADSHEETS.contains(&media)
}

impl<S: Send + Sync> FromRequest<S> for Spreadsheet {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if !media_type(&parts.headers).is_some_and(|media| is_spreadsheet(&media)) {
            return Err(ApiError::MediaType { expected: "text/csv, or the media type of XLSX or ODS" });
        }
        read(&parts.headers, body, SPREADSHEET_BYTES).await.map(Self)
    }
}

/// The version that a request changes.
pub(super) fn if_match(headers: &HeaderMap) -> Option<String> {
    headers.get(header::IF_MATCH)?.to_str().ok().map(str::to_owned)
}

/// The answer with the version that it shows.
pub(super) fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

impl<S: Send + Sync> FromRequest<S> for Carrier {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        refuse_forms(&parts.headers)?;
        read(&parts.headers, body, CARRIER_BYTES).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for File {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        refuse_forms(&parts.headers)?;
        read(&parts.headers, body, UPLOAD_BYTES).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        let malformed = |_| ApiError::Malformed { problem: "a query parameter is unknown or of another kind".to_owned() };
        query.map(|axum::extract::Query(value)| Self(value)).map_err(malformed)
    }
}

impl<T: serde::Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
