//! Fetches files of one mirror, over plain HTTP or TLS: one connection, kept; one file at a time, bounded in time and bytes. Redirects
//! are not followed, and nothing compressed is asked for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HOST, IF_NONE_MATCH};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::MirrorError;
use crate::config::{MirrorUrl, Mirrors};

/// For one file: the connection where there is none, and everything to the last byte.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a tag that is kept.
const TAG_BYTES: usize = 256;

/// What came for a file.
#[derive(Debug)]
pub(super) enum Fetched {
    /// It, with the tag that it is asked for next time.
    File { bytes: Bytes, tag: Option<String> },
    /// It is what it was.
    Same,
    /// It is not there.
    Missing,
}

/// How TLS connections are checked.
///
/// # Errors
/// Why there are no certificates, in words.
pub(super) fn tls(mirrors: &Mirrors) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let certificates = match &mirrors.ca_file {
        Some(file) => read(file).map_err(|reason| format!("{}: {reason}", file.display()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err("there are none".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(file)?.collect()
}

struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// One mirror, and the connection to it.
pub(super) struct Fetcher {
    url: MirrorUrl,
    tls: Option<Arc<ClientConfig>>,
    connection: Option<Connection>,
    timeout: Duration,
    /// When the present reading has to be over, where it has to.
    until: Option<Instant>,
}

impl Fetcher {
    /// Nothing is asked yet. Where `url` is one of TLS, `tls` says how it is checked.
    pub(super) fn new(url: MirrorUrl, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { url, tls, connection: None, timeout: TIMEOUT, until: None }
    }

    #[cfg(test)]
    pub(super) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Begins a reading, which ends with [`MirrorError::Long`] where it asks for a file after so long.
    pub(super) fn begin(&mut self, reading: Duration) {
        self.until = Some(Instant::now() + reading);
    }

    /// A file of at most `limit` bytes, unless it is still the one with this tag.
    ///
    /// # Errors
    /// [`MirrorError`] of the way there, or of what came.
    pub(super) async fn get(&mut self, path: &str, limit: usize, tag: Option<&str>) -> Result<Fetched, MirrorError> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Err(MirrorError::Long);
        }
        let late = MirrorError::Slow { path: path.to_owned(), seconds: self.timeout.as_secs() };
        let outcome = tokio::time::timeout(self.timeout, self.exchange(path, limit, tag)).await.unwrap_or(Err(late));
        if outcome.is_err() {
            self.connection = None; // what else comes over it nobody waits for
        }
        outcome
    }

    async fn exchange(&mut self, path: &str, limit: usize, tag: Option<&str>) -> Result<Fetched, MirrorError> {
        let response = self.send(path, tag).await?;
        let status = response.status().as_u16();
        let path = || path.to_owned();
        match status {
            200 => {}
            304 if tag.is_some() => return Ok(Fetched::Same),
            404 | 410 => {
                self.connection = None; // the page that comes with it is not read
                return Ok(Fetched::Missing);
            }
            300..304 | 305..400 => return Err(MirrorError::Redirected { path: path(), status }),
            _ => return Err(MirrorError::Status { path: path(), status }),
        }
        let headers = response.headers();
        if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(MirrorError::Encoded { path: path() });
        }
        let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.len() <= TAG_BYTES).map(str::to_owned);
        let body = response.into_body();
        let too_large = || MirrorError::TooLarge { path: path(), limit };
        if usize::try_from(body.size_hint().lower()).map_or(true, |bytes| bytes > limit) {
            return Err(too_large());
        }
        let collected = Limited::new(body, limit).collect().await;
        let bytes = collected.map_err(|error| if error.is::<LengthLimitError>() { too_large() } else { broken(&*error) })?.to_bytes();
        Ok(Fetched::File { bytes, tag })
    }

    /// Sends a request, over a new connection where the one that was kept has ended.
    async fn send(&mut self, path: &str, tag: Option<&str>) -> Result<Response<hyper::body::Incoming>, MirrorError> {
        if let Some(mut kept) = self.connection.take()
            && kept.sender.ready().await.is_ok()
            && let Ok(response) = kept.sender.send_request(self.request(path, tag)?).await
        {
            self.connection = Some(kept);
            return Ok(response);
        }
        let mut connection = self.connect().await?;
        let response = connection.sender.send_request(self.request(path, tag)?).await.map_err(|error| broken(&error))?;
        self.connection = Some(connection);
        Ok(response)
    }

    fn request(&self, path: &str, tag: Option<&str>) -> Result<Request<Empty<Bytes>>, MirrorError> {
        let uri = format!("{}/{path}", self.url.path);
        let mut request = Request::get(uri).header(HOST, &self.url.authority).header(ACCEPT_ENCODING, "identity");
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        request.body(Empty::new()).map_err(|error| MirrorError::Unreachable { reason: error.to_string() })
    }

    async fn connect(&self) -> Result<Connection, MirrorError> {
        let unreachable = |error: std::io::Error| MirrorError::Unreachable { reason: error.to_string() };
        let stream = TcpStream::connect(self.url.address()).await.map_err(unreachable)?;
        match &self.tls {
            Some(config) if self.url.secure => {
                let name = ServerName::try_from(self.url.host().to_owned());
                let name = name.map_err(|error| MirrorError::Unreachable { reason: error.to_string() })?;
                open(TlsConnector::from(config.clone()).connect(name, stream).await.map_err(unreachable)?).await
            }
            None if self.url.secure => Err(MirrorError::Certificates { reason: "there are none".into() }),
            _ => open(stream).await,
        }
    }
}

async fn open<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Result<Connection, MirrorError> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to a mirror ended");
        }
    });
    Ok(Connection { sender, driver })
}

fn broken(error: &(dyn std::error::Error + 'static)) -> MirrorError {
    MirrorError::Broken { reason: error.to_string() }
}
