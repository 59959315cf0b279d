//! Backups, streamed: a file of gigabytes passes through a few chunks of memory.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::App;
use super::error::{ApiError, Problem};
use crate::service::{Error, backups};

/// Bytes of one chunk.
const CHUNK: usize = 64 * 1024;

/// Chunks that wait for the reader.
const WAITING: usize = 8;

/// For each chunk to be taken: a reader that stops reading does not hold the snapshot for ever.
const STALLED: Duration = Duration::from_secs(60);

/// A backup of the node as it is now.
///
/// It is encrypted to the agency's backup key: only the identity key opens it. `Content-Disposition` suggests a file name.
/// When the node cannot finish it, the connection breaks off.
#[utoipa::path(post, path = "/api/v1/backups", tag = "node", responses(
    (status = 200, body = String, content_type = "application/octet-stream"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(State(app): State<App>) -> Result<Response, ApiError> {
    let begun = app.context.run(backups::begin).await?;
    let name = begun.file_name();
    let (chunks, sent) = mpsc::channel(WAITING);
    let mut pipe = Pipe { chunks, chunk: Vec::with_capacity(CHUNK), stop: app.stop.clone(), runtime: Handle::current() };
    tokio::task::spawn_blocking(move || {
        let written = begun.write(&mut pipe).and_then(|()| pipe.flush().map_err(|error| Error::Backup(error.into())));
        // An empty chunk is the end; without it the reader's connection breaks off.
        if let Err(error) = written.and_then(|()| pipe.send(Bytes::new()).map_err(|error| Error::Backup(error.into()))) {
            tracing::warn!(%error, "a backup was not finished");
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(stream::unfold(Some(sent), next))).into_response())
}

type Sent = Option<mpsc::Receiver<Bytes>>;

/// The next part of the body. A writer that went away before the end is an error, so that nobody takes a part for the whole.
async fn next(sent: Sent) -> Option<(io::Result<Bytes>, Sent)> {
    let mut sent = sent?;
    match sent.recv().await {
        Some(chunk) if chunk.is_empty() => None,
        Some(chunk) => Some((Ok(chunk), Some(sent))),
        None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
    }
}

/// Takes what a blocking thread writes to the connection.
struct Pipe {
    chunks: mpsc::Sender<Bytes>,
    chunk: Vec<u8>,
    stop: CancellationToken,
    runtime: Handle,
}

impl Pipe {
    fn send(&self, chunk: Bytes) -> io::Result<()> {
        self.runtime.block_on(async {
            tokio::select! {
                () = self.stop.cancelled() => Err(io::Error::other("the node is stopping")),
                sent = tokio::time::timeout(STALLED, self.chunks.send(chunk)) => match sent {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                },
            }
        })
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.send(chunk.into())
    }
}
