//! The witness's own listener: `POST /add-checkpoint` (c2sp.org/tlog-witness) and nothing else. It is for strangers: no
//! token, no admin resource, and nothing that a request does not itself bring is told.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use parangon_protocol::log::tlog_witness::{REQUEST_BYTES, SIZE_TYPE};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::server::{self, Listeners};
use crate::service::Context;
use crate::service::witness::{Witness, WitnessError};

/// For one request, body included.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";

#[derive(Clone)]
struct Desk {
    context: Context,
    witness: Arc<Witness>,
}

fn router(context: Context, witness: Witness) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(REQUEST_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .with_state(Desk { context, witness: Arc::new(witness) })
}

async fn add_checkpoint(State(desk): State<Desk>, body: Bytes) -> Response {
    let Ok(request) = String::from_utf8(body.into()) else {
        return answer(StatusCode::BAD_REQUEST, TEXT, "not an add-checkpoint request: not UTF-8\n".to_owned());
    };
    let Desk { context, witness } = desk;
    let decided = context.run(move |context| Ok(witness.add_checkpoint(context, &request))).await;
    match decided {
        Ok(Ok(line)) => answer(StatusCode::OK, TEXT, line),
        Ok(Err(WitnessError::Refused(refusal))) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            match refusal.size() {
                Some(size) => answer(status, SIZE_TYPE, size),
                None => answer(status, TEXT, format!("{refusal}\n")),
            }
        }
        Ok(Err(WitnessError::Recovering)) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "this witness is recovering\n".to_owned()),
        Ok(Err(WitnessError::Failed(error))) | Err(error) => {
            tracing::error!(%error, code = error.code(), "a head could not be witnessed");
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "the witness failed\n".to_owned())
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Answers logs until `stop`.
pub(crate) async fn serve(context: Context, listener: TcpListener, witness: Witness, stop: CancellationToken) {
    match Listeners::new(listener, None) {
        Ok(listeners) => server::run(listeners, router(context, witness), stop).await,
        Err(error) => tracing::error!(%error, "the witness cannot listen"),
    }
}
