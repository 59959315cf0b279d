//! The one place where a refusal becomes an HTTP answer: `application/problem+json` (RFC 9457) with a stable code and a
//! next step.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::trace::Code;
use crate::service;

/// What every problem's `type` begins with; the code follows. A name, not an address: nothing is to be fetched there.
const TYPE: &str = "urn:parangon:problem:";

/// Why a request got no result.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A use case refused.
    #[error(transparent)]
    Service(#[from] service::Error),
    /// `Host` names another place: DNS rebinding, or a proxy that is not configured.
    #[error("this node does not answer under that Host")]
    Host,
    /// A page of another origin sent it.
    #[error("requests from other origins are not answered")]
    Origin,
    /// The path leads nowhere.
    #[error("there is nothing at this path")]
    Route,
    /// The path knows other methods.
    #[error("this path does not know that method")]
    Method,
    /// The body is of another kind.
    #[error("the body must be {expected}")]
    MediaType {
        /// What is expected.
        expected: &'static str,
    },
    /// The body is over its bound.
    #[error("the body is over the bound of {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {seconds} seconds")]
    Slow {
        /// The bound.
        seconds: u64,
    },
    /// The body or the query cannot be read.
    #[error("the request cannot be read: {problem}")]
    Malformed {
        /// What is wrong; never the text itself.
        problem: String,
    },
    /// The `Idempotency-Key` was used with another request.
    #[error("this Idempotency-Key was used with another request")]
    KeyReused,
    /// The handler failed.
    #[error("the node failed while answering")]
    Panicked,
}

/// The answer to a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The name of the kind of problem, `urn:parangon:problem:` and the code. Stable.
    pub r#type: String,
    /// What happened, in short.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, `PGN-` and four digits. The first two are the command line's exit code.
    pub code: String,
    /// What happened, in words.
    pub detail: String,
    /// What to do now.
    pub next_step: String,
    /// One entry a cause, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemEntry>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemEntry {
    /// Where: a JSON pointer, or row and column. Empty for the whole.
    pub pointer: String,
    /// What, in words.
    pub detail: String,
}

impl ApiError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Service(error) => error.code(),
            Self::Panicked => "PGN-0100",
            Self::Host => "PGN-0410",
            Self::Origin => "PGN-0411",
            Self::Route => "PGN-0502",
            Self::Method => "PGN-0503",
            Self::KeyReused => "PGN-0606",
            Self::Malformed { .. } => "PGN-0701",
            Self::TooLarge { .. } => "PGN-0703",
            Self::MediaType { .. } => "PGN-0704",
            Self::Slow { .. } => "PGN-0705",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Service(error) => StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Route => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::KeyReused => StatusCode::CONFLICT,
            Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Slow { .. } => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn next_step(&self) -> &'static str {
        match self {
            Self::Service(error) => error.next_step(),
            Self::Panicked => "This is a fault of the program: report it with the time and the code.",
            Self::Host => "Use the address that the node prints at its start, or add the name to api.allowed_hosts.",
            Self::Origin => "Use the command line, or a program that is not a web page of another origin.",
            Self::Route | Self::Method => "See the description of the API: GET /api/openapi.json.",
            Self::KeyReused => "Use a new Idempotency-Key for another request.",
            Self::Malformed { .. } => "Correct the request; nothing was saved.",
            Self::TooLarge { .. } => "Send less at once; nothing was saved.",
            Self::MediaType { .. } => "Set the header Content-Type.",
            Self::Slow { .. } => "Send it again over a faster connection; nothing was saved.",
        }
    }

    /// What is answered.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let code = self.code();
        let errors = match self {
            Self::Service(error) => error.reasons(),
            _ => Vec::new(),
        };
        let errors = errors.into_iter().map(|reason| ProblemEntry { pointer: reason.pointer, detail: reason.detail }).collect();
        Problem {
            r#type: format!("{TYPE}{code}"),
            title: title(code).to_owned(),
            status: self.status().as_u16(),
            code: code.to_owned(),
            detail: sentence(&self.to_string()),
            next_step: self.next_step().to_owned(),
            errors,
        }
    }
}

/// What the first two digits mean: the same classes as the command line's exit codes.
fn title(code: &str) -> &'static str {
    match code.get(4..6) {
        Some("04") => "Not allowed",
        Some("05") => "Not found",
        Some("06") => "The state does not allow this",
        Some("07") => "The request did not validate",
        Some("08") => "Refused by a rule of the federation",
        _ => "The node could not do this",
    }
}

/// Starts with a capital and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        if self.status().is_server_error() {
            tracing::error!(code = problem.code, "{self}");
        }
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        response.extensions_mut().insert(Code(self.code()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
