//! News as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::sync::broadcast;

use super::App;
use super::error::Problem;
use crate::engine::{Change, News};

/// Between two signs of life on a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// News from now on: `label`, `record`, `final`, `frozen`, `keys`, `peer`, and `lagged` when the reader was too slow
/// and has to look for itself.
#[utoipa::path(get, path = "/api/v1/events", tag = "node", responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn events(State(app): State<App>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.context.engine().subscribe();
    let stop = app.stop.clone();
    let news = stream::unfold(changes, |mut changes| async move {
        let event = match changes.recv().await {
            Ok(news) => event(&news),
            Err(broadcast::error::RecvError::Lagged(missed)) => named("lagged", &json!({ "missed": missed })),
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        Some((Ok(event), changes))
    });
    Sse::new(news.take_until(async move { stop.cancelled().await })).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn event(news: &News) -> Event {
    let change = match news {
        News::Peer(agency) => return named("peer", &json!({ "agency": agency })),
        News::Log(change) => change,
    };
    match change {
        Change::Label(label) => named("label", &json!({ "label": label })),
        Change::Record { log, index } => named("record", &json!({ "log": log.to_string(), "index": index })),
        Change::Final { log, size } => named("final", &json!({ "log": log.to_string(), "size": size })),
        Change::Frozen { log } => named("frozen", &json!({ "log": log.to_string() })),
        Change::Epoch { log } => named("epoch", &json!({ "log": log.to_string() })),
        Change::Recovery => named("recovery", &json!({})),
        Change::Keys { log } => named("keys", &json!({ "log": log.to_string() })),
        Change::Proposal => named("proposal", &json!({})),
        Change::Charter { version } => named("charter", &json!({ "version": version })),
        Change::Torn { version } => named("torn", &json!({ "version": version })),
    }
}

fn named(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
