//! The node's API from outside: HTTP over its Unix socket, or over TCP with a token.

mod stream;
mod target;

use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_TYPE, HOST, HeaderMap, IF_MATCH};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::{DataDir, Global};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use target::{Stream, Target};

pub(crate) use target::encode;

/// Bytes of one answer. The largest is a statistics export of some hundred kilobytes.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Pages of a list that are followed: 10,000 pages of 100 are a million labels.
const PAGES: usize = 10_000;

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// A JSON value.
    Json(Value),
    /// A file as it is, with its media type.
    File(&'static str, Vec<u8>),
    /// A file with more said of it in headers.
    Document(Document),
}

/// A file of evidence.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Its media type.
    pub(crate) media: &'static str,
    /// Its file name.
    pub(crate) name: String,
    /// The language of its content.
    pub(crate) language: Option<String>,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
}

/// What came back with a status of 2xx.
#[derive(Debug)]
pub(crate) struct Answer {
    headers: HeaderMap,
    /// The body as it is.
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// The body as JSON; an empty one is an empty object.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        if self.bytes.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.bytes).map_err(|error| Failure::failed(format!("the node's answer is not JSON: {error}")))
    }

    /// The path of the next page (RFC 8288, `rel="next"`).
    fn next_page(&self) -> Option<String> {
        let links = self.headers.get("link")?.to_str().ok()?;
        links.split(',').find_map(|link| {
            let (target, parameters) = link.trim().split_once('>')?;
            let is_next = parameters.split(';').any(|p| matches!(p.trim(), "rel=next" | "rel=\"next\""));
            is_next.then(|| target.trim_start_matches('<').to_owned())
        })
    }
}

/// A node's API.
#[derive(Debug)]
pub(crate) struct Client {
    target: Target,
    token: Option<Zeroizing<String>>,
    timeout: Duration,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    /// Finds out where the node is; nothing is sent yet.
    pub(crate) fn open(global: &Global, data: &DataDir) -> Result<Self, Failure> {
        let target = Target::choose(global.node.as_deref(), data)?;
        let token = global.token_file.as_deref().map(read_token).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        Ok(Self { target, token, timeout: Duration::from_secs(global.timeout), runtime })
    }

    /// The API of a node in this process, on its socket.
    pub(crate) fn on_socket(global: &Global, socket: &Path) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        Ok(Self { target: Target::Socket(socket.to_owned()), token: None, timeout: Duration::from_secs(global.timeout), runtime })
    }

    /// The API of a node in this process, on its port, with a token.
    pub(crate) fn on_port(global: &Global, address: std::net::SocketAddr, token: &str) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        let token = Some(Zeroizing::new(token.to_owned()));
        Ok(Self { target: Target::Tcp(address.to_string()), token, timeout: Duration::from_secs(global.timeout), runtime })
    }

    /// `GET`, as JSON.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, Body::Empty, None)?.json()
    }

    /// `GET`, as bytes.
    pub(crate) fn download(&self, path: &str) -> Result<Bytes, Failure> {
        Ok(self.send(Method::GET, path, Body::Empty, None)?.bytes)
    }

    /// Every page of a list, up to `limit` entries.
    pub(crate) fn list(&self, path: &str, limit: Option<usize>) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        for _ in 0..PAGES {
            let Some(path) = next.take() else { break };
            let answer = self.send(Method::GET, &path, Body::Empty, None)?;
            match answer.json()? {
                Value::Array(page) => items.extend(page),
                _ => return Err(Failure::failed(format!("the node's answer to {path} is not a list"))),
            }
            if limit.is_some_and(|limit| items.len() >= limit) {
                break;
            }
            next = answer.next_page();
        }
        items.truncate(limit.unwrap_or(usize::MAX));
        Ok(items)
    }

    /// `POST` of a JSON value.
    pub(crate) fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, Body::Json(body), None)?.json()
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::DELETE, path, Body::Empty, None)?.json()
    }

    /// Any request. `version` is sent as `If-Match`.
    pub(crate) fn send(&self, method: Method, path: &str, body: Body, version: Option<&str>) -> Result<Answer, Failure> {
        let request = self.request(method, path, body, version)?;
        let answer = self.runtime.block_on(async { tokio::time::timeout(self.timeout, self.exchange(request)).await });
        answer.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs();
            let failure = Failure::new(Exit::Unreachable, format!("{} did not answer within {seconds} s ({path})", self.target));
            Err(failure.next("whether the command took effect is not known: look before you repeat it, or wait longer with --timeout"))
        })
    }

    fn request(&self, method: Method, path: &str, body: Body, version: Option<&str>) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.target.host());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.as_str()));
        }
        if let Some(version) = version {
            let quoted = if version.starts_with('"') || version == "*" { version.to_owned() } else { format!("\"{version}\"") };
            request = request.header(IF_MATCH, quoted);
        }
        let (kind, bytes) = match body {
            Body::Empty => (None, Vec::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Body::File(kind, bytes) => (Some(kind), bytes),
            Body::Document(document) => {
                request = request.header(CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encode(&document.name)));
                if let Some(language) = document.language {
                    request = request.header(CONTENT_LANGUAGE, language);
                }
                (Some(document.media), document.bytes)
            }
        };
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        request.body(Full::new(bytes.into())).map_err(|error| Failure::usage(format!("this cannot be sent: {error}")))
    }

    /// Sends the request; the body of the answer is not read yet.
    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Response<hyper::body::Incoming>, Failure> {
        let lost = |error: hyper::Error| Failure::new(Exit::Unreachable, format!("the connection to {} broke: {error}", self.target));
        let response = match self.target.connect().await? {
            Stream::Unix(stream) => talk(TokioIo::new(stream), request).await,
            Stream::Tcp(stream) => talk(TokioIo::new(stream), request).await,
        };
        response.map_err(lost)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let (parts, body) = self.answer(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let bytes = body.map_err(|error| Failure::new(Exit::Unreachable, format!("the answer broke off: {error}")))?.to_bytes();
        if parts.status.is_success() {
            return Ok(Answer { headers: parts.headers, bytes });
        }
        Err(Failure::answered(parts.status.as_u16(), problem(parts.status, &bytes)))
    }
}

/// One request on one connection.
async fn talk<S>(stream: TokioIo<S>, request: Request<Full<Bytes>>) -> Result<Response<hyper::body::Incoming>, hyper::Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await?;
    // Ends by itself when the answer is read and the sender dropped.
    drop(tokio::spawn(connection));
    sender.send_request(request).await
}

/// The problem document, or one made from the status when something else answered.
fn problem(status: hyper::StatusCode, bytes: &[u8]) -> Problem {
    let title = status.canonical_reason().unwrap_or("the node refused").to_owned();
    let read = serde_json::from_slice::<Problem>(bytes).ok();
    let problem = read.unwrap_or_else(|| Problem { detail: format!("HTTP status {}", status.as_u16()), ..Problem::default() });
    if problem.title.is_empty() { Problem { title, ..problem } } else { problem }
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, Failure> {
    const TOKEN_BYTES: usize = 1024;
    let bytes = Zeroizing::new(crate::files::read(path, TOKEN_BYTES)?);
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    let is_token = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if is_token { Ok(Zeroizing::new(text.to_owned())) } else { Err(Failure::usage(format!("{} holds no token", path.display()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let answer = |link: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("link", link.parse().expect("a header"));
            Answer { headers, bytes: Bytes::new() }.next_page()
        };
        assert_eq!(answer("</a?cursor=1>; rel=\"next\"").as_deref(), Some("/a?cursor=1"));
        assert_eq!(answer("</z>; rel=\"prev\", </a?cursor=1>; rel=next").as_deref(), Some("/a?cursor=1"));
        assert_eq!(answer("</z>; rel=\"prev\""), None);
    }

    #[test]
    fn an_answer_that_is_no_problem_document_still_says_something() {
        let made = problem(hyper::StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!((made.title.as_str(), made.detail.as_str()), ("Bad Gateway", "HTTP status 502"));
        let sent = problem(hyper::StatusCode::CONFLICT, br#"{"type":"x","title":"No","status":409,"code":"PGN-0803","detail":"why"}"#);
        assert_eq!((sent.code.as_str(), sent.detail.as_str()), ("PGN-0803", "why"));
    }

    #[test]
    fn a_token_is_one_word() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("token");
        std::fs::write(&path, "pgn_abc\n").expect("written");
        assert_eq!(read_token(&path).expect("read").as_str(), "pgn_abc");
        for bad in ["", "\n", "two words", "tok\u{e9}n"] {
            std::fs::write(&path, bad).expect("written");
            assert_eq!(read_token(&path).expect_err(bad).exit, Exit::Usage);
        }
    }
}
