//! Files of evidence of an assessment. Names of files stand in headers, never in an address.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{EVIDENCE_SECONDS, Json, Query, if_match, media_type, read_within, refuse_forms, tagged};
use crate::service::assessments::{self, AssessmentView, EvidenceFile, NewEvidence};

/// What a file is evidence for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct For {
    /// The indicator's code.
    indicator: String,
}

/// Adds a file of at most 25 MiB, 200 MiB for the whole assessment. The body is the file; its name stands in
/// `Content-Disposition` (`filename*=UTF-8''…`), its language in `Content-Language`. Needs `If-Match`.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/evidence", tag = "assessments",
    params(("id" = String, Path), For,
        ("If-Match" = String, Header, description = "The version that is changed"),
        ("Content-Disposition" = String, Header, description = "attachment; filename*=UTF-8''NAME, RFC 6266"),
        ("Content-Language" = Option<String>, Header, description = "BCP 47")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn attach(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<For>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    refuse_forms(&parts.headers)?;
    let name = file_name(&parts.headers).ok_or(ApiError::Malformed { problem: "Content-Disposition names no file".to_owned() })?;
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let new = NewEvidence { indicator: query.indicator, name, media: media_type(&parts.headers), language: text(header::CONTENT_LANGUAGE) };
    let version = if_match(&parts.headers);
    let content = read_within(&parts.headers, body, parangon_protocol::limits::EVIDENCE_BYTES, EVIDENCE_SECONDS).await?;
    let attach = move |context: &_| assessments::attach(context, &id, new, &content, version.as_deref());
    let view = app.context.run(attach).await?;
    let tag = view.etag.clone();
    Ok((StatusCode::CREATED, tagged(Json(view).into_response(), &tag)).into_response())
}

/// The file. Confidential.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/evidence/{file}", tag = "assessments",
    params(("id" = String, Path), ("file" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn fetch(State(app): State<App>, Path((id, file)): Path<(String, String)>) -> Result<Response, ApiError> {
    Ok(answer(app.context.run(move |context| assessments::fetch(context, &id, &file)).await?))
}

/// Removes a file. Needs `If-Match`.
#[utoipa::path(delete, path = "/api/v1/assessments/{id}/evidence/{file}", tag = "assessments",
    params(("id" = String, Path), ("file" = String, Path), ("If-Match" = String, Header, description = "The version that is changed")),
    responses(
    (status = 200, body = AssessmentView, headers(("ETag" = String))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn detach(
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let version = if_match(&headers);
    let view = app.context.run(move |context| assessments::detach(context, &id, &file, version.as_deref())).await?;
    let tag = view.etag.clone();
    Ok(tagged(Json(view).into_response(), &tag))
}

/// A file as an attachment: nothing shows it inside a page of ours, whatever it says it is.
pub(super) fn answer(EvidenceFile { file, content }: EvidenceFile) -> Response {
    let disposition = format!("attachment; filename*=UTF-8''{}", encoded(file.name.as_str()));
    let mut response = content.to_vec().into_response();
    let headers = [(header::CONTENT_TYPE, file.media.as_str().to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    let language = file.language.map(|language| (header::CONTENT_LANGUAGE, language));
    for (name, value) in headers.into_iter().chain(language) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Percent-encoded as RFC 8187 wants it.
fn encoded(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The name in `filename*=UTF-8''…`.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let encoded = value.split(';').find_map(|part| part.trim().strip_prefix("filename*=UTF-8''"))?;
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_first_chunk::<2>()?;
        bytes.extend(hex::decode(digits).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_it_went_out() {
        for name in ["a.pdf", "Stratégie 2026; \"neu\".pdf", "Ελλάδα 100 %.pdf", "x'y''z"] {
            let mut headers = HeaderMap::new();
            let value = format!("attachment; filename*=UTF-8''{}", encoded(name));
            headers.insert(header::CONTENT_DISPOSITION, value.parse().expect("a value"));
            assert_eq!(file_name(&headers).as_deref(), Some(name));
        }
        for bad in [
            "attachment",
            "attachment; filename=\"x\"",
            "attachment; filename*=UTF-8''%",
            "attachment; filename*=UTF-8''%zz",
            "filename*=UTF-8''%ff",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, bad.parse().expect("a value"));
            assert_eq!(file_name(&headers), None, "{bad}");
        }
    }
}
