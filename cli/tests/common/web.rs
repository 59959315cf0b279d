//! A web server as small as one can be: files below a directory, one request a connection, over TLS where it has a certificate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// It serves until the test's process ends.
pub(crate) struct Web(SocketAddr);

impl Web {
    /// Over plain HTTP.
    pub(crate) fn serve(root: PathBuf) -> Self {
        Self::start(root, None)
    }

    /// Over TLS, by a certificate of a new authority; that one's certificate is written into `ca`.
    pub(crate) fn serve_tls(root: PathBuf, ca: &Path) -> Self {
        let authority_key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = authority.self_signed(&authority_key).expect("signed");
        std::fs::write(ca, authority.pem()).expect("written");
        let key = rcgen::KeyPair::generate().expect("a key");
        let server = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
        let server = server.signed_by(&key, &authority, &authority_key).expect("signed");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![server.der().clone()], key);
        Self::start(root, Some(Arc::new(config.expect("a certificate"))))
    }

    fn start(root: PathBuf, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, tls) = (root.clone(), tls.clone());
                std::thread::spawn(move || {
                    let _slow = stream.set_read_timeout(Some(Duration::from_secs(30)));
                    match tls {
                        None => answer(&root, stream),
                        Some(config) => {
                            let session = ServerConnection::new(config).expect("a configuration");
                            answer(&root, StreamOwned::new(session, stream));
                        }
                    }
                });
            }
        });
        Self(address)
    }

    /// The address of what is below its directory.
    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}/{path}", self.0)
    }
}

/// Closes what a test's server need not.
trait Channel: Read + Write {}
impl Channel for TcpStream {}
impl Channel for StreamOwned<ServerConnection, TcpStream> {}

fn answer(root: &Path, mut stream: impl Channel) {
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).expect("a request");
    let path = request.split(' ').nth(1).expect("a path").trim_start_matches('/');
    assert!(!path.contains(".."), "{request}");
    let (status, body) = match std::fs::read(root.join(path)) {
        Ok(bytes) => ("200 OK", bytes),
        Err(_) => ("404 Not Found", vec![]),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).and_then(|()| stream.flush());
}
