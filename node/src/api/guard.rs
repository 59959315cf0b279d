//! What every request passes before it is routed: who it claims to talk to, and from where it was sent. A page on another
//! site must not be able to use this API through the operator's browser (cases A2, A3).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// The page that checks labels. It is the same for everybody and holds nothing of anybody, so links to it may stand anywhere.
pub(super) const PAGE: &str = "/verify";

/// The names under which this node answers.
#[derive(Debug, Clone)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// Loopback names with the port of `address`, the address itself, and what the configuration adds.
    #[must_use]
    pub fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let port = address.port();
        let mut hosts = vec![format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("localhost:{port}")];
        if !address.ip().is_unspecified() {
            hosts.push(address.to_string());
        }
        hosts.extend(allowed.iter().map(|host| host.to_ascii_lowercase()));
        Self(hosts.into())
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.contains(&host)
    }

    /// `http://HOST` of one of ours; `https://` for a proxy in front.
    fn allows_origin(&self, origin: &str) -> bool {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.allows(host))
    }
}

/// How a request reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over TCP.
    Tcp,
    /// Over the Unix socket: the file's mode says who may.
    Unix {
        /// The user at the other end, as the operating system says.
        uid: u32,
    },
}

/// Refuses what was not sent to us, or by a page of somebody else.
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let way = request.extensions().get::<Way>().copied().unwrap_or(Way::Tcp);
    let refused = match way {
        Way::Unix { .. } => None, // no browser reaches it
        Way::Tcp if *request.method() == Method::GET && request.uri().path() == PAGE => named(&hosts, request.headers()).err(),
        Way::Tcp => inspect(&hosts, request.headers()).err(),
    };
    let mut response = match refused {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    secure(response.headers_mut());
    response
}

/// Judges the headers of a request over TCP.
///
/// # Errors
/// [`ApiError::Host`] or [`ApiError::Origin`].
pub(super) fn inspect(hosts: &Hosts, headers: &HeaderMap) -> Result<(), ApiError> {
    named(hosts, headers)?;
    let foreign = |origin: &HeaderValue| !origin.to_str().is_ok_and(|origin| hosts.allows_origin(origin));
    if headers.get_all(header::ORIGIN).iter().any(foreign) {
        return Err(ApiError::Origin);
    }
    // Browsers say where a request comes from; programs do not send this header.
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(ApiError::Origin),
    }
}

/// Judges the name that a request was sent to.
fn named(hosts: &Hosts, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok()).ok_or(ApiError::Host)?;
    if named.next().is_some() || !hosts.allows(host) { Err(ApiError::Host) } else { Ok(()) }
}

/// Nothing that this API answers is a page, but for one that has a policy of its own: nothing may be loaded, framed, sniffed or kept.
fn secure(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(([127, 0, 0, 1], 7480).into(), &["Node.Example:443".to_owned()])
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(header::HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for good in ["127.0.0.1:7480", "localhost:7480", "LOCALHOST:7480", "[::1]:7480", "node.example:443"] {
            assert!(inspect(&hosts(), &headers(&[("host", good)])).is_ok(), "{good}");
        }
        for bad in ["evil.test", "evil.test:7480", "127.0.0.1", "127.0.0.1:80", "localhost.evil.test:7480", "localhost:7480@evil.test", ""]
        {
            assert!(matches!(inspect(&hosts(), &headers(&[("host", bad)])), Err(ApiError::Host)), "{bad}");
        }
        assert!(matches!(inspect(&hosts(), &headers(&[])), Err(ApiError::Host)));
        let twice = headers(&[("host", "localhost:7480"), ("host", "evil.test")]);
        assert!(matches!(inspect(&hosts(), &twice), Err(ApiError::Host)));
    }

    #[test]
    fn pages_of_others_are_refused() {
        let with = |name, value| headers(&[("host", "localhost:7480"), (name, value)]);
        for good in ["http://localhost:7480", "http://127.0.0.1:7480", "https://node.example:443"] {
            assert!(inspect(&hosts(), &with("origin", good)).is_ok(), "{good}");
        }
        for bad in ["http://evil.test", "null", "http://localhost:7481", "file://", "http://localhost:7480.evil.test", ""] {
            assert!(matches!(inspect(&hosts(), &with("origin", bad)), Err(ApiError::Origin)), "{bad}");
        }
        for (site, ok) in [("same-origin", true), ("none", true), ("cross-site", false), ("same-site", false), ("x", false)] {
            assert_eq!(inspect(&hosts(), &with("sec-fetch-site", site)).is_ok(), ok, "{site}");
        }
    }

    #[test]
    fn an_unspecified_address_is_no_name() {
        let hosts = Hosts::new(([0, 0, 0, 0], 80).into(), &[]);
        assert!(!hosts.allows("0.0.0.0:80"));
        assert!(hosts.allows("localhost:80"));
    }
}
