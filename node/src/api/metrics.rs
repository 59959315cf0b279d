//! `GET /metrics` for Prometheus. Labels of metrics never name a cluster, a person or a score.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::App;
use super::error::ApiError;
use crate::service::{Context, Error, inbox, offers, register, reminders};

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<u64, AtomicU64>>;

/// Upper bounds of request durations, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0];

/// What is counted while the node runs; everything else is read when it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    requests: Family<Labels, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)) }
    }
}

/// Measures a request under its route, never under its path: paths name things.
pub(super) async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let began = Instant::now();
    let response = next.run(request).await;
    let labels = vec![("method", method), ("route", route), ("status", response.status().as_u16().to_string())];
    app.metrics.requests.get_or_create(&labels).observe(began.elapsed().as_secs_f64());
    response
}

/// The node's metrics in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn scrape(State(app): State<App>) -> Result<Response, ApiError> {
    let requests = app.metrics.requests.clone();
    let carrier = app.context.carrier().metrics();
    let text = app.context.run(move |context| text(context, requests)).await?;
    // Two registries in one answer: the first one's end mark goes.
    let text = format!("{}{carrier}", if carrier.is_empty() { &text } else { text.trim_end_matches("# EOF\n") });
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}

fn text(context: &Context, requests: Family<Labels, Histogram>) -> Result<String, Error> {
    let mut registry = Registry::with_prefix("parangon");
    let mut family = |name: &str, help: &str| {
        let gauges = Gauges::default();
        registry.register(name, help, gauges.clone());
        gauges
    };
    let set = |gauges: &Gauges, labels: Labels, value: u64| {
        gauges.get_or_create(&labels).set(value);
    };
    let build = family("build_info", "The program's version");
    set(&build, vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1);
    let up = family("peer_up", "Whether there is a connection to the member");
    let links = context.carrier().links();
    for member in context.charter().members.iter().filter(|member| member.id != *context.me()) {
        let connected = links.iter().any(|link| link.agency == member.id && link.is_connected());
        set(&up, vec![("peer", member.id.to_string())], u64::from(connected));
    }
    let outbox = family("outbox_messages", "Messages that wait for the member");
    for (agency, count) in context.store().read()?.outbox_counts()? {
        set(&outbox, vec![("peer", agency.to_string())], count);
    }
    let (states, _) = offers::tally(context)?;
    let reviews = family("reviews", "Reviews that we ask for, by state");
    for (state, count) in states {
        set(&reviews, vec![("state", state.to_owned())], count);
    }
    let (waiting, overdue) = inbox::waiting(context)?;
    for (name, help, count) in [
        ("review_waiting", "Reviews that others ask of us and that are not done", waiting),
        ("review_overdue", "Those of them that are overdue", overdue),
    ] {
        set(&family(name, help), Labels::new(), u64::try_from(count).unwrap_or(u64::MAX));
    }
    let (things, late) =
        (family("reminders", "What waits for one of us, by kind"), family("reminders_overdue", "What of it is overdue, by kind"));
    for (kind, (count, overdue)) in reminders::tally(context)? {
        set(&things, vec![("kind", kind.as_str().to_owned())], count);
        set(&late, vec![("kind", kind.as_str().to_owned())], overdue);
    }
    let labels = family("labels", "Labels known here, by level and what they are worth now");
    for ((level, standing), count) in register::tally(context)? {
        set(&labels, vec![("level", level.as_str().to_owned()), ("status", standing.as_str().to_owned())], count);
    }
    let (size, confirmed) =
        (family("log_records", "Records held of the member's log"), family("log_final_records", "Those that enough members confirmed"));
    for (log, held) in &context.engine().overview().logs {
        set(&size, vec![("log", log.to_string())], held.size);
        set(&confirmed, vec![("log", log.to_string())], held.final_size);
    }
    set(&family("store_bytes", "Bytes of the store's file"), Labels::new(), context.store().bytes()?);
    set(&family("clock_behind_seconds", "Seconds behind what other members vouch for"), Labels::new(), context.clock_behind());
    registry.register("rejected_messages", "Private messages that were not taken, by code", context.counters().rejected.clone());
    registry.register("erased_items", "Private items that were erased, by cause", context.counters().erased.clone());
    registry.register("http_request_duration_seconds", "Time to answer a request", requests);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| Error::Damaged { what: "metric" })?;
    Ok(text)
}
