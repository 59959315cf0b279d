//! The section `[witness]`: whom we witness outside the federation, and who witnesses us (c2sp.org/tlog-witness).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use parangon_protocol::log::VerifierKey;
use parangon_protocol::log::note::Algorithm;
use serde::Deserialize;

use super::{ConfigError, Origin, check};

/// Logs that one node witnesses over HTTP. Each costs one row.
const LOGS: usize = 1_000;

/// Witnesses outside the federation. Each final head is shown to all of them, one after the other.
const OUTSIDE: usize = 32;

/// Witnessing beyond the federation. Nothing of it counts towards a quorum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witness {
    /// Where other logs ask for our cosignature. Nowhere when it is not set.
    pub listen: Option<SocketAddr>,
    /// The keys of the logs that get it; each key's name is the log's origin.
    pub logs: Vec<VerifierKey>,
    /// Who is asked to cosign our log.
    pub outside: Vec<Outside>,
}

/// A witness outside the federation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Its cosignature key, under the name that it signs with.
    pub key: VerifierKey,
    /// Its submission prefix.
    pub url: HttpUrl,
}

/// `http://host[:port][/path]`: TLS is for a proxy to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl {
    /// Host and port, as they stand in `Host`.
    pub authority: String,
    /// The path without a slash at its end.
    pub path: String,
}

impl HttpUrl {
    /// Where to connect: the port is 80 when none is named.
    #[must_use]
    pub fn address(&self) -> String {
        let port = self.authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        if port { self.authority.clone() } else { format!("{}:80", self.authority) }
    }
}

impl FromStr for HttpUrl {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let form = "not of the form http://HOST[:PORT][/PATH]; for https put a proxy in front that adds TLS";
        let rest = text.strip_prefix("http://").ok_or(form)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~' | b'/');
        if authority.is_empty() || authority.starts_with(':') || !authority.bytes().all(host) || !path.bytes().all(plain) {
            return Err(form);
        }
        Ok(Self { authority: authority.to_owned(), path: path.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
pub(super) struct WitnessSection {
    listen: Option<String>,
    logs: Option<Vec<String>>,
    outside: Option<Vec<OutsideEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "{ key, url }")]
struct OutsideEntry {
    key: String,
    url: String,
}

impl WitnessSection {
    pub(super) fn read(self, origin: impl Fn(&str) -> Origin) -> Result<Witness, ConfigError> {
        let wrong = |key: &'static str| {
            let origin = origin(key);
            move |reason: String| ConfigError::Value { origin: origin.clone(), key, reason }
        };
        let listen = self.listen.map(|text| check::socket("witness.listen", &text, &origin("witness.listen"))).transpose()?;
        let logs = self.logs.unwrap_or_default();
        let logs = logs.iter().map(|text| key(text, Algorithm::Ed25519)).collect::<Result<Vec<_>, _>>().map_err(wrong("witness.logs"))?;
        if logs.len() > LOGS {
            return Err(wrong("witness.logs")(format!("at most {LOGS} logs")));
        }
        let entry = |entry: &OutsideEntry| {
            let url = entry.url.parse::<HttpUrl>().map_err(|reason| format!("{:?} is {reason}", entry.url))?;
            Ok(Outside { key: key(&entry.key, Algorithm::Cosignature)?, url })
        };
        let outside = self.outside.unwrap_or_default();
        let outside = outside.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(wrong("witness.outside"))?;
        if outside.len() > OUTSIDE {
            return Err(wrong("witness.outside")(format!("at most {OUTSIDE} witnesses")));
        }
        Ok(Witness { listen, logs, outside })
    }
}

fn key(text: &str, algorithm: Algorithm) -> Result<VerifierKey, String> {
    let kind = if algorithm == Algorithm::Ed25519 { "the key of a log (type 0x01)" } else { "the key of a witness (type 0x04)" };
    let key: VerifierKey = text.parse().map_err(|error| format!("{text:?}: {error}; NAME+HASH+KEY is expected, {kind}"))?;
    if key.algorithm() == algorithm { Ok(key) } else { Err(format!("{text:?} is not {kind}")) }
}
