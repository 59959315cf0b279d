//! A small server that says what a test has it say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is answered to one path.
pub(super) enum Reply {
    /// The file, with a tag.
    File(Vec<u8>),
    /// It is not there.
    Missing,
    /// Exactly these bytes, then the end.
    Raw(String),
    /// A body without an end.
    Endless,
    /// Nothing.
    Silence,
}

type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

pub(super) struct Server {
    address: SocketAddr,
    /// How often each path was sent whole.
    asked: Asked,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (reply, asked) = (Arc::new(reply), Asked::default());
        let counts = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, counts) = (reply.clone(), counts.clone());
                tokio::spawn(async move { serve(stream, &*reply, &counts).await });
            }
        });
        Self { address, asked, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/pub", self.address)
    }

    pub(super) fn sent(&self, path: &str) -> u32 {
        self.asked.lock().expect("whole").get(path).copied().unwrap_or(0)
    }
}

async fn serve(mut stream: TcpStream, reply: &(dyn Fn(&str) -> Reply + Send + Sync), asked: &Asked) -> Option<()> {
    let mut waiting = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = waiting.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes).await.ok()? {
                0 => return None,
                count => waiting.extend_from_slice(&bytes[..count]),
            }
        };
        let head = String::from_utf8(waiting.drain(..end).collect()).expect("a request");
        let path = head.split(' ').nth(1).expect("a path").strip_prefix("/pub/").expect("below the prefix").to_owned();
        let known = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("if-none-match: ").map(str::to_owned));
        match reply(&path) {
            Reply::File(bytes) => {
                let tag = format!("\"{}\"", hex::encode(Sha256::digest(&bytes)));
                if known.as_deref() == Some(&tag) {
                    stream.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n").await.ok()?;
                    continue;
                }
                *asked.lock().expect("whole").entry(path).or_default() += 1;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: {tag}\r\n\r\n", bytes.len());
                stream.write_all(head.as_bytes()).await.ok()?;
                stream.write_all(&bytes).await.ok()?;
            }
            Reply::Missing => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n").await.ok()?,
            Reply::Raw(text) => {
                stream.write_all(text.as_bytes()).await.ok()?;
                return None;
            }
            Reply::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
                let chunk = [b"10000\r\n".to_vec(), vec![b' '; 65_536], b"\r\n".to_vec()].concat();
                while stream.write_all(&chunk).await.is_ok() {}
                return None;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}
