//! `Idempotency-Key` on POST: the same request sent again, even at the same time, has one effect and one answer (case
//! A13). Kept in memory for the last thousand keys: a restart forgets them, and then the rules of the use cases decide.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parangon_protocol::id::Hash;
use tokio::sync::OnceCell;

use super::App;
use super::error::ApiError;
use super::extract::{UPLOAD_BYTES, read};
use super::trace::Code;
use crate::service::roles::Caller;

/// Keys remembered.
const KEYS: usize = 1_000;

/// Characters of a key.
const KEY_CHARS: usize = 128;

/// Bytes of an answer that is kept; a larger one is made anew.
const ANSWER_BYTES: usize = 256 * 1024;

/// The answer holds a secret or is too large, so it is not kept.
const NEVER: [&str; 3] = ["/api/v1/tokens", "/api/v1/invitations", "/api/v1/backups"];

/// An answer to be given again.
#[derive(Debug, Clone)]
struct Saved {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// Of a refusal.
    code: Option<Code>,
}

impl IntoResponse for Saved {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.headers, self.body).into_response();
        if let Some(code) = self.code {
            response.extensions_mut().insert(code);
        }
        response
    }
}

#[derive(Debug, Clone)]
struct Entry {
    /// What was asked.
    request: Hash,
    answer: Arc<OnceCell<Saved>>,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<Hash, Entry>,
    order: VecDeque<Hash>,
}

/// Keys used lately, by caller.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Known>);

impl Keys {
    fn entry(&self, key: Hash, request: Hash) -> Result<Arc<OnceCell<Saved>>, ApiError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.entries.get(&key) {
            return if entry.request == request { Ok(Arc::clone(&entry.answer)) } else { Err(ApiError::KeyReused) };
        }
        if known.order.len() >= KEYS
            && let Some(oldest) = known.order.pop_front()
        {
            known.entries.remove(&oldest);
        }
        let answer = Arc::new(OnceCell::new());
        known.order.push_back(key);
        known.entries.insert(key, Entry { request, answer: Arc::clone(&answer) });
        Ok(answer)
    }
}

pub(super) async fn replay(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").cloned();
    let Some(key) = key.filter(|_| request.method() == Method::POST && !NEVER.contains(&request.uri().path())) else {
        return next.run(request).await;
    };
    match once(&app, key.as_bytes(), request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn once(app: &App, key: &[u8], request: Request, next: Next) -> Result<Response, ApiError> {
    if key.is_empty() || key.len() > KEY_CHARS {
        return Err(ApiError::Malformed { problem: format!("an Idempotency-Key has 1 to {KEY_CHARS} characters") });
    }
    let (parts, body) = request.into_parts();
    let body = Bytes::from(read(&parts.headers, body, UPLOAD_BYTES).await?);
    let answer = app.keys.entry(caller_key(&parts, key), fingerprint(&parts, &body))?;
    // In a task of its own: a caller that hangs up must not undo half of the effect.
    let task = tokio::spawn(async move {
        let run = || async { keep(next.run(Request::from_parts(parts, Body::from(body))).await).await };
        answer.get_or_try_init(run).await.cloned()
    });
    match task.await {
        Ok(Ok(saved)) => Ok(saved.into_response()),
        Ok(Err(response)) => Ok(*response),
        Err(_) => Err(ApiError::Panicked),
    }
}

/// The answer to be kept, or the response itself when it must not be: the node failed, or it is too large.
async fn keep(response: Response) -> Result<Saved, Box<Response>> {
    if response.status().is_server_error() {
        return Err(Box::new(response));
    }
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, ANSWER_BYTES).await {
        Ok(body) => Ok(Saved { status: parts.status, headers: parts.headers, body, code: parts.extensions.get().copied() }),
        Err(_) => Err(Box::new(ApiError::Panicked.into_response())),
    }
}

/// A key belongs to its caller: two may choose the same.
fn caller_key(parts: &Parts, key: &[u8]) -> Hash {
    let caller = parts.extensions.get::<Caller>().map(|caller| caller.actor.to_string()).unwrap_or_default();
    Hash::of(&[Hash::of(&[caller.as_bytes()]).0.as_slice(), key])
}

fn fingerprint(parts: &Parts, body: &Bytes) -> Hash {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    Hash::of(&[Hash::of(&[target.as_bytes()]).0.as_slice(), body])
}
