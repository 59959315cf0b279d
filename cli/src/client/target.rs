//! Where a node listens.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tokio::net::{TcpStream, UnixStream};

use crate::args::{DataDir, default_data};
use crate::exit::Exit;
use crate::failure::Failure;

/// Where the service of the system package listens.
const SYSTEM_SOCKET: &str = "/run/parangon/admin.sock";

/// The socket's name in a data directory.
const SOCKET: &str = "admin.sock";

/// A node's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Its socket; whoever may open it needs no token.
    Socket(PathBuf),
    /// `host:port`.
    Tcp(String),
}

/// An open connection.
pub(super) enum Stream {
    /// To the socket.
    Unix(UnixStream),
    /// To the port.
    Tcp(TcpStream),
}

impl Target {
    /// `--node`, else the socket in `--data`, the system's, the user's.
    pub(super) fn choose(node: Option<&str>, data: &DataDir) -> Result<Self, Failure> {
        if let Some(node) = node {
            return Self::parse(node);
        }
        if let Some(dir) = data.given() {
            return Ok(Self::Socket(dir.join(SOCKET)));
        }
        let system = Path::new(SYSTEM_SOCKET);
        Ok(Self::Socket(if system.exists() { system.into() } else { default_data().join(SOCKET) }))
    }

    fn parse(node: &str) -> Result<Self, Failure> {
        if node.starts_with("https://") {
            return Err(Failure::usage("this program speaks plain HTTP only")
                .next("forward a port: ssh -L 7480:127.0.0.1:7480 HOST, then --node http://127.0.0.1:7480"));
        }
        let Some(rest) = node.strip_prefix("http://") else { return Ok(Self::Socket(node.into())) };
        let authority = rest.trim_end_matches('/');
        let parsed: Result<hyper::http::uri::Authority, _> = authority.parse();
        match parsed {
            Ok(parsed) if !parsed.as_str().contains('@') && parsed.port_u16().is_some() => Ok(Self::Tcp(authority.to_owned())),
            _ => Err(Failure::usage(format!("{node:?} is not http://HOST:PORT"))),
        }
    }

    /// The `Host` header.
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Socket(_) => "localhost",
            Self::Tcp(authority) => authority,
        }
    }

    /// Connects, or says why not and what to do.
    pub(super) async fn connect(&self) -> Result<Stream, Failure> {
        let connected = match self {
            Self::Socket(path) => UnixStream::connect(path).await.map(Stream::Unix),
            Self::Tcp(authority) => TcpStream::connect(authority.as_str()).await.map(Stream::Tcp),
        };
        connected.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => Failure::new(Exit::Denied, format!("you may not open {self}: {error}"))
                .next("join the group that owns the socket, or use --node http://HOST:PORT with --token-file"),
            _ => Failure::new(Exit::Unreachable, format!("no node answers at {self}: {error}"))
                .next("start it with `parangon serve`, or name it with --data DIR or --node"),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Tcp(authority) => write!(f, "http://{authority}"),
        }
    }
}

/// A value as it may stand in a path segment or a query: everything but letters, digits and `-._~` is escaped.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_a_socket_or_a_plain_address() {
        assert_eq!(Target::parse("/run/x.sock"), Ok(Target::Socket("/run/x.sock".into())));
        assert_eq!(Target::parse("http://127.0.0.1:7480/"), Ok(Target::Tcp("127.0.0.1:7480".into())));
        assert_eq!(Target::parse("http://[::1]:7480"), Ok(Target::Tcp("[::1]:7480".into())));
        for bad in ["https://x:1", "http://x", "http://", "http://u:p@x:1", "http://x:1/path", "http://x:99999"] {
            assert_eq!(Target::parse(bad).expect_err(bad).exit, Exit::Usage, "{bad}");
        }
    }

    #[test]
    fn a_value_stays_one_segment() {
        assert_eq!(encode("a/b?c=d&é"), "a%2Fb%3Fc%3Dd%26%C3%A9");
        assert_eq!(encode("4.1.3"), "4.1.3");
    }
}
