//! Whether the process lives, and whether it can do its work. Both tell nothing else.

use axum::extract::State;
use axum::http::StatusCode;

use super::App;

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The node can do its work: the store is open and not recovering, the clock is right, the log has begun.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = 503, body = String, content_type = "text/plain"),
))]
pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    let context = &app.context;
    let began = context.engine().overview().logs.get(&context.own_log()).is_some_and(|log| log.size > 0);
    let ready = began && !context.store().is_recovering() && context.clock_behind() == 0 && !app.stop.is_cancelled();
    let readable = context.run(|context| Ok(context.store().read().map(drop)?)).await.is_ok();
    if ready && readable { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}
