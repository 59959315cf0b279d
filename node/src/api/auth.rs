//! Who may do what: a bearer token over TCP, none on the Unix socket, where the operating system says who is there. Tokens
//! travel in the header only; there is no cookie that a foreign page could ride on.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::guard::{PAGE, Way};
use super::permissions::{self, Line};
use super::{App, trace};
use crate::service::Error;
use crate::service::roles::Caller;
use crate::service::tokens;

/// Paths that tell nothing, or what is for everybody, and need no token.
pub(super) const OPEN: [&str; 4] = ["/healthz", "/readyz", "/api/openapi.json", PAGE];

pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    if path.as_deref().is_some_and(|path| OPEN.contains(&path)) {
        return next.run(request).await;
    }
    let caller = match presented(&request) {
        Ok(Presented::User(uid)) => Ok(Caller::user(uid)),
        Ok(Presented::Token(token)) => app.context.run(move |context| tokens::check(context, &token)).await,
        Err(error) => Err(error),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return ApiError::from(error).into_response(),
    };
    // What leads nowhere is answered by nobody's route.
    let Some(path) = path else { return next.run(request).await };
    let rule = match permissions::line(request.method(), &path) {
        Line::Rule(rule) => rule,
        Line::OtherMethod => return ApiError::Method.into_response(),
        Line::Missing => return ApiError::from(Error::Role { needed: "of nobody".to_owned() }).into_response(),
    };
    if !caller.roles.allow(rule.who) {
        let refused = ApiError::from(Error::Role { needed: permissions::words(rule.who) });
        return trace::refused(&app, &caller, rule, request, refused).await;
    }
    request.extensions_mut().insert(caller.clone());
    trace::follow(&app, &caller, rule, request, next).await
}

enum Presented {
    User(u32),
    Token(String),
}

fn presented(request: &Request) -> Result<Presented, Error> {
    if let Some(Way::Unix { uid }) = request.extensions().get::<Way>() {
        return Ok(Presented::User(*uid));
    }
    let mut named = request.headers().get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (named.next(), named.next()) else { return Err(Error::Unauthenticated) };
    let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or(Error::Unauthenticated)?;
    Ok(Presented::Token(token.to_owned()))
}
