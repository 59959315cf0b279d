//! Sockets and connections: HTTP/1.1 only, with bounds on headers, time and number. `axum::serve` has none of these.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::guard::Way;

/// Open connections over TCP. A thousand that send a byte now and then must leave room for others (case A7).
const TCP_CONNECTIONS: usize = 1_200;

/// Open connections over the Unix socket.
const UNIX_CONNECTIONS: usize = 256;

/// For a request's headers, also while a connection waits for its next request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Headers of one request. Browsers send about 20.
const HEADERS: usize = 64;

/// Bytes of one request's headers, and of what is buffered for one connection.
const BUFFER_BYTES: usize = 32 * 1024;

/// For requests under way when the node stops.
const GRACE: Duration = Duration::from_secs(5);

/// After `accept` failed, usually for want of file descriptors: other connections must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where the API listens.
#[derive(Debug)]
pub struct Listeners {
    tcp: TcpListener,
    unix: Option<UnixListener>,
    address: SocketAddr,
}

impl Listeners {
    /// Takes bound listeners.
    ///
    /// # Errors
    /// When the address cannot be read back.
    pub fn new(tcp: TcpListener, unix: Option<UnixListener>) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        Ok(Self { tcp, unix, address })
    }

    /// The TCP address, with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

struct Server {
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
}

pub(super) async fn run(listeners: Listeners, router: Router, stop: CancellationToken) {
    let server = Arc::new(Server { router, tasks: TaskTracker::new(), stop });
    let Listeners { tcp, unix, .. } = listeners;
    tokio::join!(server.accept_tcp(&tcp), server.accept_unix(unix.as_ref()));
    server.tasks.close();
    if tokio::time::timeout(GRACE, server.tasks.wait()).await.is_err() {
        tracing::warn!(open = server.tasks.len(), "requests under way were cut off");
    }
}

impl Server {
    async fn accept_tcp(self: &Arc<Self>, listener: &TcpListener) {
        let places = Arc::new(Semaphore::new(TCP_CONNECTIONS));
        while let Some(place) = self.place(&places).await {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Answers are small: waiting for more of them only delays.
                    let _refused = stream.set_nodelay(true);
                    self.spawn(stream, Way::Tcp, place);
                }
                Err(error) => self.pause(&error).await,
            }
        }
    }

    async fn accept_unix(self: &Arc<Self>, listener: Option<&UnixListener>) {
        let Some(listener) = listener else { return };
        let places = Arc::new(Semaphore::new(UNIX_CONNECTIONS));
        while let Some(place) = self.place(&places).await {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => match stream.peer_cred() {
                    Ok(peer) => self.spawn(stream, Way::Unix { uid: peer.uid() }, place),
                    // Nobody is let in namelessly; it is as good as gone.
                    Err(error) => tracing::warn!(%error, "who opened the socket is not known"),
                },
                Err(error) => self.pause(&error).await,
            }
        }
    }

    /// A place for one more connection, or nothing once the node stops.
    async fn place(&self, places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            place = Arc::clone(places).acquire_owned() => place.ok(),
        }
    }

    async fn pause(&self, error: &io::Error) {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(ACCEPT_PAUSE) => {}
        }
    }

    fn spawn(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, way: Way, place: OwnedSemaphorePermit) {
        let server = Arc::clone(self);
        self.tasks.spawn(async move {
            server.connection(stream, way).await;
            drop(place);
        });
    }

    async fn connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, way: Way) {
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(way);
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_headers(HEADERS)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return quiet(ended),
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        quiet(connection.await);
    }
}

/// What ends a connection early is the other side's business.
fn quiet(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
