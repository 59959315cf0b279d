//! Who may do what: a bearer token over TCP, none on the Unix socket. Tokens travel in the header only; there is no
//! cookie that a foreign page could ride on.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::ApiError;
use super::guard::{Way, changes};
use crate::service::Error;
use crate::service::tokens::{self, Scope};

/// Paths that tell nothing and need no token.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/api/openapi.json"];

/// POSTs that only compute: a token that may read is enough.
const READING: [&str; 1] = ["/api/v1/verify"];

pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let shown = presented(&request);
    let asked = match shown {
        Ok(Presented::Scope(scope)) => Ok(scope),
        Ok(Presented::Token(token)) => app.context.run(move |context| tokens::check(context, &token)).await,
        Err(error) => Err(error),
    };
    let allowed = asked.and_then(|scope| {
        let needed = needed(&request);
        if scope < needed { Err(Error::Scope { needed: needed.as_str() }) } else { Ok(()) }
    });
    match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => ApiError::from(error).into_response(),
    }
}

enum Presented {
    /// No token is needed.
    Scope(Scope),
    Token(String),
}

fn path(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or_else(|| request.uri().path(), MatchedPath::as_str)
}

fn presented(request: &Request) -> Result<Presented, Error> {
    if OPEN.contains(&path(request)) {
        return Ok(Presented::Scope(Scope::Read));
    }
    if request.extensions().get::<Way>() == Some(&Way::Unix) {
        return Ok(Presented::Scope(Scope::Write));
    }
    let mut named = request.headers().get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (named.next(), named.next()) else { return Err(Error::Unauthenticated) };
    let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or(Error::Unauthenticated)?;
    Ok(Presented::Token(token.to_owned()))
}

fn needed(request: &Request) -> Scope {
    if changes(request.method()) && !READING.contains(&path(request)) { Scope::Write } else { Scope::Read }
}
