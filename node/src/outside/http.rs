//! One request to one witness, over plain HTTP, bounded in time and bytes.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use parangon_protocol::log::tlog_witness::ANSWER_BYTES;
use tokio::net::TcpStream;

use crate::config::HttpUrl;

/// For everything from the connection to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection.
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    /// More bytes than a cosignature has, or a body that ended early.
    #[error("an answer that is too large or ended early")]
    Body,
    /// It took too long.
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Slow,
    /// The address makes no request.
    #[error("the address makes no HTTP request")]
    Address,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: String,
    pub(super) body: Bytes,
}

pub(super) async fn post(url: &HttpUrl, body: String) -> Result<Answer, HttpError> {
    tokio::time::timeout(TIMEOUT, exchange(url, body)).await.map_err(|_| HttpError::Slow)?
}

async fn exchange(url: &HttpUrl, body: String) -> Result<Answer, HttpError> {
    let stream = TcpStream::connect(url.address()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/add-checkpoint", url.path))
        .header(HOST, &url.authority)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| HttpError::Address)?;
    let asking = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|_| HttpError::Body)?.to_bytes();
        Ok(Answer { status, media_type, body })
    };
    tokio::pin!(asking);
    // The connection is driven here and ends with the exchange.
    tokio::select! {
        answer = &mut asking => answer,
        ended = connection => match ended {
            Ok(()) => asking.await,
            Err(error) => Err(error.into()),
        },
    }
}
