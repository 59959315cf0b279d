//! What the audit trail learns of a request: who asked for which route, and how it ended. Never a body, and of the path only
//! what is certainly an id: anything else that somebody wrote there could be a secret or a name.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::ApiError;
use super::permissions::{Rule, Trace};
use crate::service::audit::{self, Asked, Outcome};
use crate::service::roles::Caller;

/// Characters of an id at most: a hash has 64.
const ID_CHARS: usize = 64;

/// Characters of a slug at most: a catalogue's has 48.
const SLUG_CHARS: usize = 48;

/// The code of a refusal, for whoever looks at the response afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code(pub(super) &'static str);

/// Lets the request through and notes it as its rule says. What changes something is noted twice: that it was asked for is on
/// disk before it begins, and how it ended before it is answered. What is read is not shown before that is noted.
pub(super) async fn follow(app: &App, caller: &Caller, rule: Rule, request: Request, next: Next) -> Response {
    match rule.trace {
        Trace::Nothing => next.run(request).await,
        Trace::Reading => {
            let (asked, request) = asked(caller, request).await;
            let response = next.run(request).await;
            let outcome = outcome(&response);
            match app.context.run(move |context| audit::note(context, &asked, &outcome)).await {
                Ok(()) => response,
                Err(error) => ApiError::from(error).into_response(),
            }
        }
        Trace::Change => {
            let (asked, request) = asked(caller, request).await;
            // In a task of its own: a caller that hangs up must not leave a change without its end.
            let app = app.clone();
            let task = tokio::spawn(async move { change(&app, asked, request, next).await });
            task.await.unwrap_or_else(|_| ApiError::Panicked.into_response())
        }
    }
}

async fn change(app: &App, asked: Asked, request: Request, next: Next) -> Response {
    let begun = app.context.run(move |context| audit::begin(context, &asked).map(|begun| (asked, begun))).await;
    let (asked, begun) = match begun {
        Ok(begun) => begun,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let response = next.run(request).await;
    let outcome = outcome(&response);
    if let Err(error) = app.context.run(move |context| audit::end(context, begun, &asked, &outcome)).await {
        tracing::error!(%error, "the audit trail does not say how a request ended");
    }
    response
}

/// Notes that somebody was refused, where their request would have left an entry.
pub(super) async fn refused(app: &App, caller: &Caller, rule: Rule, request: Request, refusal: ApiError) -> Response {
    if rule.trace != Trace::Nothing {
        let (asked, _) = asked(caller, request).await;
        let outcome = Outcome { status: refusal.status().as_u16(), code: Some(refusal.code().to_owned()) };
        if let Err(error) = app.context.run(move |context| audit::note(context, &asked, &outcome)).await {
            tracing::error!(%error, "the audit trail misses a refused request");
        }
    }
    refusal.into_response()
}

fn outcome(response: &Response) -> Outcome {
    let code = response.extensions().get::<Code>().map(|code| code.0.to_owned());
    Outcome { status: response.status().as_u16(), code: code.filter(|_| response.status() >= StatusCode::BAD_REQUEST) }
}

async fn asked(caller: &Caller, request: Request) -> (Asked, Request) {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map_or_else(String::new, |path| path.as_str().to_owned());
    let mut ids = BTreeMap::new();
    if let Ok(params) = RawPathParams::from_request_parts(&mut parts, &()).await {
        ids.extend(params.iter().map(|(name, value)| (name.to_owned(), shown(&route, name, value))));
    }
    let asked = Asked { actor: caller.actor.to_string(), roles: caller.roles.clone(), method: parts.method.to_string(), route, ids };
    (asked, Request::from_parts(parts, body))
}

/// What has the form of our ids: random or hashed hex digits, a number, and an agency's or a catalogue's slug. Everything else is
/// `?`.
fn shown(route: &str, name: &str, value: &str) -> String {
    let is_hex = value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_slug = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let may_be_slug = name == "agency" || route.starts_with("/api/v1/catalogues/");
    let fits = (is_hex && value.len() <= ID_CHARS) || (is_slug && may_be_slug && value.len() <= SLUG_CHARS);
    if fits && !value.is_empty() { value.to_owned() } else { "?".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_kept_of_a_path() {
        let token = "/api/v1/tokens/{id}";
        for id in ["0a1b2c3d4e5f", &"ab".repeat(32), "3"] {
            assert_eq!(shown(token, "id", id), id);
        }
        for other in ["", "pgn_abc", "anna", "Anna", "anna muster", "a/b", "ä", "a.b", "AB12", &"a".repeat(65), "a%20b"] {
            assert_eq!(shown(token, "id", other), "?", "{other}");
        }
        assert_eq!(shown("/api/v1/catalogues/{id}", "id", "ecei-2026"), "ecei-2026");
        assert_eq!(shown("/api/v1/logs/{agency}/evidence", "agency", "oslo"), "oslo");
        assert_eq!(shown("/api/v1/logs/{agency}/evidence", "agency", &"z".repeat(49)), "?");
    }
}
