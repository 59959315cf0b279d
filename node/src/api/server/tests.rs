use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::*;
use crate::service::tests::support::{Agency, federation};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Running {
    address: SocketAddr,
    socket: std::path::PathBuf,
    stop: CancellationToken,
    task: JoinHandle<()>,
    agency: Agency,
    _dir: tempfile::TempDir,
}

async fn running() -> Running {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let dir = tempfile::TempDir::new().expect("a directory");
    let socket = dir.path().join("admin.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let listeners = Listeners::new(tcp, Some(UnixListener::bind(&socket).expect("a socket"))).expect("an address");
    let (address, stop) = (listeners.address(), CancellationToken::new());
    let task = tokio::spawn(crate::api::serve(agency.context.clone(), listeners, Vec::new(), stop.clone()));
    Running { address, socket, stop, task, agency, _dir: dir }
}

/// Sends text and reads until the other side ends the connection.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    let mut answer = Vec::new();
    let talk = async {
        // The other side may answer and close before it has read everything.
        let _cut = stream.write_all(text.as_bytes()).await;
        let _cut = stream.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

impl Running {
    async fn tcp(&self, text: &str) -> String {
        exchange(TcpStream::connect(self.address).await.expect("listening"), text).await
    }

    fn get(&self, path: &str, more: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}\r\n", self.address)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_needs_no_token_and_the_port_does() {
    let server = running().await;
    let unix = UnixStream::connect(&server.socket).await.expect("listening");
    let text = exchange(unix, "GET /api/v1/node HTTP/1.1\r\nHost: parangon\r\nConnection: close\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("\"agency\":\"stuttgart\""), "{text}");
    assert!(server.tcp(&server.get("/api/v1/node", "")).await.starts_with("HTTP/1.1 401"));
    assert!(server.tcp(&server.get("/healthz", "")).await.starts_with("HTTP/1.1 200"));
    let elsewhere = server.get("/healthz", "").replace(&server.address.to_string(), "evil.test");
    assert!(server.tcp(&elsewhere).await.starts_with("HTTP/1.1 403"));
    assert_eq!(server.agency.name(), "stuttgart");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_bounded_in_number_size_and_time() {
    let server = running().await;
    let many: String = (0..HEADERS + 1).map(|n| format!("X-{n}: 1\r\n")).collect();
    assert!(server.tcp(&server.get("/healthz", &many)).await.starts_with("HTTP/1.1 431"));
    let long = format!("X-Long: {}\r\n", "x".repeat(2 * BUFFER_BYTES));
    assert!(server.tcp(&server.get("/healthz", &long)).await.starts_with("HTTP/1.1 431"));
    // Nothing follows: the other side gives up by itself, while others are served.
    let slow = server.tcp("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow:");
    let quick = async { server.tcp(&server.get("/healthz", "")).await };
    let (slow, quick) = tokio::join!(slow, quick);
    assert!(!slow.starts_with("HTTP/1.1 200") && quick.starts_with("HTTP/1.1 200"), "{slow} {quick}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_that_are_open() {
    let server = running().await;
    let mut stream = UnixStream::connect(&server.socket).await.expect("listening");
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: parangon\r\n\r\n").await.expect("sent");
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.task).await.expect("it ends").expect("without a panic");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the stream is over");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}
