//! The configuration: one TOML file, every key of it optional, read once at the start.
//!
//! Order of precedence: flags, `PARANGON_*` variables, the file, defaults; every value remembers where it came from. A
//! mistake names file, line and key and suggests the nearest key (case O10).

mod check;
mod mirrors;
mod witness;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use libp2p::Multiaddr;
use serde::Deserialize;

use crate::service::Policy;

pub use check::KEYS;
pub use mirrors::{MirrorUrl, Mirrors};
pub use witness::{HttpUrl, Outside, Witness};

/// Bytes of a configuration file at most; the one that `init` writes has 1 KiB.
pub const FILE_BYTES: u64 = 256 * 1024;

/// Where the machine-wide file is.
pub const SYSTEM_FILE: &str = "/etc/parangon/parangon.toml";

/// Days that entries of the audit trail are kept, unless another number is set.
pub const AUDIT_DAYS: u32 = 730;

const SYSTEM_DATA_DIR: &str = "/var/lib/parangon";

/// A mistake in the configuration. The first one found is reported; nothing is started.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Larger than [`FILE_BYTES`].
    #[error("{} is larger than {FILE_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Not TOML.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// Which file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What the parser expected.
        reason: String,
    },
    /// A key that is not known.
    #[error("{file}:{line}: unknown key {key:?}{}", suggestion.map_or(String::new(), |near| format!(" (did you mean {near:?}?)")))]
    UnknownKey {
        /// Which file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The key with its section.
        key: String,
        /// The nearest known key.
        suggestion: Option<&'static str>,
    },
    /// A known key with a value that it cannot have.
    #[error("{origin}: {key}: {reason}")]
    Value {
        /// Where it was set.
        origin: Origin,
        /// The key with its section.
        key: &'static str,
        /// What it should be.
        reason: String,
    },
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file, with the line from 1.
    File {
        /// Which file.
        file: String,
        /// Which line.
        line: usize,
    },
    /// An environment variable.
    Variable(&'static str),
    /// The command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What stopped something.
    Error,
    /// What someone should look at.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

/// The form of log lines on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Journal fields under systemd, text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One line of text per event.
    Text,
    /// One JSON object per event.
    Json,
    /// Journal fields.
    Journald,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
            Self::Journald => "journald",
        })
    }
}

/// What opens the keystore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// Nothing names it. `serve` then looks for the key file that `init` left, and refuses to start without one.
    Ask,
    /// The first line of this file.
    PassphraseFile(PathBuf),
    /// 64 hex digits in this file.
    KeyFile(PathBuf),
}

/// The effective configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where store, keystore and high-water file live.
    pub data_dir: PathBuf,
    /// The connection to other nodes.
    pub network: Network,
    /// The API.
    pub api: Api,
    /// Witnessing beyond the federation.
    pub witness: Witness,
    /// Mirrors that are read where no member can be reached.
    pub mirrors: Mirrors,
    /// How many people decide on a label, and how long is kept who did what.
    pub policy: Policy,
    /// What opens the keystore.
    pub keys: KeySource,
    /// How much is logged.
    pub log_level: LogLevel,
    /// In which form.
    pub log_format: LogFormat,
    origins: BTreeMap<&'static str, Origin>,
}

/// The connection to other nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Whether heads are announced. Off only in tests: everything still arrives, by pulling.
    pub gossip: bool,
}

/// The API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Address to listen on, a loopback one unless `allow_remote`.
    pub listen: SocketAddr,
    /// Whether `listen` may be reached from elsewhere, behind a proxy that adds TLS.
    pub allow_remote: bool,
    /// A Unix socket for the command line.
    pub socket: Option<PathBuf>,
    /// Names in `Host` that are answered besides loopback ones: against DNS rebinding.
    pub allowed_hosts: Vec<String>,
}

/// One value for `config show --origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key with its section.
    pub key: &'static str,
    /// The effective value in TOML; `None` where nothing is set.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

impl Default for Config {
    fn default() -> Self {
        let listen = ["/ip4/0.0.0.0/tcp/7443", "/ip4/0.0.0.0/udp/7443/quic-v1"];
        Self {
            data_dir: SYSTEM_DATA_DIR.into(),
            network: Network { listen: listen.map(|text| text.parse().expect("a valid address")).into(), gossip: true },
            api: Api { listen: SocketAddr::from(([127, 0, 0, 1], 7480)), allow_remote: false, socket: None, allowed_hosts: Vec::new() },
            witness: Witness::default(),
            mirrors: Mirrors::default(),
            policy: Policy { two_people: true, audit_days: AUDIT_DAYS, public_url: None },
            keys: KeySource::Ask,
            log_level: LogLevel::default(),
            log_format: LogFormat::default(),
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the text of a file; `file` is its name for messages. Relative paths stay as they are.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        check::apply(&mut config, text, file)?;
        config.checked()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::TooLarge`] or the first mistake in it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        use std::io::Read;
        let unreadable = |source| ConfigError::Unreadable { path: path.into(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES) {
            return Err(ConfigError::TooLarge(path.into()));
        }
        Self::parse(&text, &path.display().to_string())
    }

    /// The file that is read when none is named: the user's if there is one, else the machine's if there is one.
    #[must_use]
    pub fn find(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let user = variable("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let user = user.or_else(|| variable("HOME").filter(|dir| !dir.is_empty()).map(|home| Path::new(&home).join(".config")));
        let user = user.map(|dir| dir.join("parangon/parangon.toml"));
        user.into_iter().chain([PathBuf::from(SYSTEM_FILE)]).find(|path| path.is_file())
    }

    /// Puts `PARANGON_*` variables over the file. `variable` is normally `|name| std::env::var(name).ok()`; lists are
    /// separated by commas. Without a key source, the credential `node-key` that systemd handed over is one.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with the variable's name.
    pub fn with_variables(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        const DATA_DIR: &str = "PARANGON_DATA_DIR";
        const API: &str = "PARANGON_API_LISTEN";
        const NETWORK: &str = "PARANGON_NETWORK_LISTEN";
        const LEVEL: &str = "PARANGON_LOG_LEVEL";
        const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
        if let Some(dir) = variable(DATA_DIR) {
            self.set_data_dir(dir.into(), Origin::Variable(DATA_DIR))?;
        } else if self.origin("data_dir") == Origin::Default {
            self.usual_data_dir(&variable);
        }
        if let Some(text) = variable(API) {
            self.api.listen = check::socket("api.listen", &text, &Origin::Variable(API))?;
            self.origins.insert("api.listen", Origin::Variable(API));
        }
        if let Some(text) = variable(NETWORK) {
            let list: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
            self.network.listen = check::addresses(&list, &Origin::Variable(NETWORK))?;
            self.origins.insert("network.listen", Origin::Variable(NETWORK));
        }
        if let Some(text) = variable(LEVEL) {
            self.log_level = check::level(&text, &Origin::Variable(LEVEL))?;
            self.origins.insert("log.level", Origin::Variable(LEVEL));
        }
        if self.keys == KeySource::Ask
            && let Some(file) = variable(CREDENTIALS).map(|dir| Path::new(&dir).join("node-key")).filter(|file| file.is_file())
        {
            self.keys = KeySource::KeyFile(file);
            self.origins.insert("keys.key_file", Origin::Variable(CREDENTIALS));
        }
        self.checked()
    }

    /// systemd names the state directory; a person without a machine-wide file keeps it under the home directory.
    fn usual_data_dir(&mut self, variable: &impl Fn(&str) -> Option<String>) {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let system = self.origins.values().any(|origin| matches!(origin, Origin::File { file, .. } if file.starts_with("/etc/")));
        if let Some(dir) = set("STATE_DIRECTORY") {
            self.data_dir = dir.into();
            self.origins.insert("data_dir", Origin::Variable("STATE_DIRECTORY"));
        } else if system {
            // The default of the machine stays.
        } else if let Some(dir) = set("XDG_STATE_HOME") {
            self.data_dir = Path::new(&dir).join("parangon");
            self.origins.insert("data_dir", Origin::Variable("XDG_STATE_HOME"));
        } else if let Some(home) = set("HOME") {
            self.data_dir = Path::new(&home).join(".local/state/parangon");
            self.origins.insert("data_dir", Origin::Variable("HOME"));
        }
    }

    /// Sets the data directory from a flag or variable.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when it is empty.
    pub fn set_data_dir(&mut self, dir: PathBuf, origin: Origin) -> Result<(), ConfigError> {
        if dir.as_os_str().is_empty() {
            return Err(ConfigError::Value { origin, key: "data_dir", reason: "a directory, not nothing".into() });
        }
        self.data_dir = dir;
        self.origins.insert("data_dir", origin);
        Ok(())
    }

    /// Where a value came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Every key with its effective value and origin, in the order of the documentation.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        KEYS.iter().map(|key| Setting { key, value: self.value(key), origin: self.origin(key) }).collect()
    }

    fn value(&self, key: &str) -> Option<String> {
        let text = |value: &dyn fmt::Display| Some(toml::Value::String(value.to_string()).to_string());
        let path = |value: &Path| text(&value.display());
        let list = |items: Vec<String>| Some(toml::Value::from(items).to_string());
        match key {
            "data_dir" => path(&self.data_dir),
            "network.listen" => list(self.network.listen.iter().map(ToString::to_string).collect()),
            "network.gossip" => Some(self.network.gossip.to_string()),
            "api.listen" => text(&self.api.listen),
            "api.allow_remote" => Some(self.api.allow_remote.to_string()),
            "api.socket" => self.api.socket.as_deref().and_then(path),
            "api.allowed_hosts" => list(self.api.allowed_hosts.clone()),
            "witness.listen" => self.witness.listen.as_ref().and_then(|address| text(address)),
            "witness.logs" => list(self.witness.logs.iter().map(ToString::to_string).collect()),
            "witness.outside" => list(self.witness.outside.iter().map(|witness| format!("{} {}", witness.key, witness.url)).collect()),
            "mirrors.urls" => list(self.mirrors.urls.iter().map(ToString::to_string).collect()),
            "mirrors.ca_file" => self.mirrors.ca_file.as_deref().and_then(path),
            "mirrors.every_seconds" => Some(self.mirrors.every_seconds.to_string()),
            "labels.two_people" => Some(self.policy.two_people.to_string()),
            "labels.public_url" => self.policy.public_url.as_ref().map(|url| format!("{:?}", url.to_string())),
            "audit.retention_days" => Some(self.policy.audit_days.to_string()),
            "keys.passphrase_file" => match &self.keys {
                KeySource::PassphraseFile(file) => path(file),
                _ => None,
            },
            "keys.key_file" => match &self.keys {
                KeySource::KeyFile(file) => path(file),
                _ => None,
            },
            "log.level" => text(&self.log_level),
            "log.format" => text(&self.log_format),
            _ => None,
        }
    }

    /// The rules that concern several keys, after every layer.
    fn checked(self) -> Result<Self, ConfigError> {
        if !self.api.listen.ip().is_loopback() && !self.api.allow_remote {
            let reason = format!(
                "{} can be reached from elsewhere; use a loopback address, or set allow_remote = true behind a proxy that adds TLS",
                self.api.listen
            );
            return Err(ConfigError::Value { origin: self.origin("api.listen"), key: "api.listen", reason });
        }
        Ok(self)
    }
}
