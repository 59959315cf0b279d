//! The section `[mirrors]`: where the federation's logs are read over HTTP(S), besides or instead of from the members' nodes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::{ConfigError, HttpUrl, Origin};

/// Mirrors that one node reads, one after the other.
const URLS: usize = 32;

/// How often they are read, unless another number is set.
const EVERY_SECONDS: u32 = 300;

/// Mirrors, and how they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrors {
    /// Their addresses.
    pub urls: Vec<MirrorUrl>,
    /// Certificates (PEM) that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Seconds between two readings.
    pub every_seconds: u32,
}

impl Default for Mirrors {
    fn default() -> Self {
        Self { urls: vec![], ca_file: None, every_seconds: EVERY_SECONDS }
    }
}

/// `http[s]://host[:port][/path]`, without user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MirrorUrl {
    /// Whether the connection is TLS.
    pub secure: bool,
    /// Host and port, as they stand in `Host`.
    pub authority: String,
    /// The path without a slash at its end.
    pub path: String,
}

impl MirrorUrl {
    /// Host and port to connect to: 443 or 80 when none is named.
    #[must_use]
    pub fn address(&self) -> String {
        let url = HttpUrl { authority: self.authority.clone(), path: String::new() };
        let address = url.address();
        if self.secure && address != self.authority { format!("{}:443", self.authority) } else { address }
    }

    /// The host alone, without brackets: the name that its certificate has to be for.
    #[must_use]
    pub fn host(&self) -> &str {
        let port = self.authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        port.map_or(self.authority.as_str(), |(host, _)| host).trim_start_matches('[').trim_end_matches(']')
    }
}

impl FromStr for MirrorUrl {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let secure = text.starts_with("https://");
        let plain = if secure { text.replacen("https://", "http://", 1) } else { text.to_owned() };
        let form = "not of the form http[s]://HOST[:PORT][/PATH], without user, '?' or '#'";
        let HttpUrl { authority, path } = plain.parse().map_err(|_| form)?;
        Ok(Self { secure, authority, path })
    }
}

impl fmt::Display for MirrorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http{}://{}{}", if self.secure { "s" } else { "" }, self.authority, self.path)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
pub(super) struct MirrorsSection {
    urls: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    every_seconds: Option<u32>,
}

impl MirrorsSection {
    pub(super) fn read(self, origin: impl Fn(&str) -> Origin) -> Result<Mirrors, ConfigError> {
        let wrong = |key: &'static str, reason: String| ConfigError::Value { origin: origin(key), key, reason };
        let urls = self.urls.unwrap_or_default();
        let urls =
            urls.iter().map(|text| text.parse::<MirrorUrl>().map_err(|reason| wrong("mirrors.urls", format!("{text:?} is {reason}"))));
        let urls = urls.collect::<Result<Vec<_>, _>>()?;
        if urls.len() > URLS {
            return Err(wrong("mirrors.urls", format!("at most {URLS} mirrors")));
        }
        let every_seconds = self.every_seconds.unwrap_or(EVERY_SECONDS);
        if !(1..=86_400).contains(&every_seconds) {
            return Err(wrong("mirrors.every_seconds", "between 1 and 86400".into()));
        }
        Ok(Mirrors { urls, ca_file: self.ca_file, every_seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_address_is_read_and_nothing_else() {
        let url = |text: &str| text.parse::<MirrorUrl>().expect("read");
        let one = url("https://mirror.example/parangon/");
        assert_eq!((one.address().as_str(), one.host(), one.path.as_str()), ("mirror.example:443", "mirror.example", "/parangon"));
        assert_eq!(one.to_string(), "https://mirror.example/parangon");
        assert_eq!(url("http://[::1]:8080").host(), "::1");
        assert_eq!((url("https://h:8443").address(), url("http://h").address()), ("h:8443".to_owned(), "h:80".to_owned()));
        for bad in
            ["mirror.example", "ftp://h", "https://", "https://a@b/", "https://h/?q", "https://h/#f", "https://h/a b", "https://h/%2e"]
        {
            assert!(bad.parse::<MirrorUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_section_is_read_with_its_bounds() {
        let config =
            Config::parse("[mirrors]\nurls = [\"https://a.example\"]\nca_file = \"/etc/ca.pem\"\nevery_seconds = 60\n", "x").expect("read");
        assert_eq!((config.mirrors.urls.len(), config.mirrors.every_seconds), (1, 60));
        for (bad, key) in [("every_seconds = 0", "mirrors.every_seconds"), ("urls = [\"h\"]", "mirrors.urls")] {
            let error = Config::parse(&format!("[mirrors]\n{bad}\n"), "x").expect_err("refused").to_string();
            assert!(error.starts_with("x:2: ") && error.contains(key), "{error}");
        }
        let error = Config::parse("[mirrors]\nurl = []\n", "x").expect_err("refused").to_string();
        assert!(error.contains("did you mean \"mirrors.urls\""), "{error}");
    }
}
