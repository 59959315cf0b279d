//! Reads the file: first its keys with their lines, then its values.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use libp2p::Multiaddr;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::mirrors::MirrorsSection;
use super::witness::WitnessSection;
use super::{Config, ConfigError, KeySource, LogFormat, LogLevel, Origin};
use crate::carriers::CarrierError;

/// Every key with its section, in the order of the documentation.
pub const KEYS: [&str; 20] = [
    "data_dir",
    "network.listen",
    "network.gossip",
    "api.listen",
    "api.allow_remote",
    "api.socket",
    "api.allowed_hosts",
    "witness.listen",
    "witness.logs",
    "witness.outside",
    "mirrors.urls",
    "mirrors.ca_file",
    "mirrors.every_seconds",
    "labels.two_people",
    "labels.public_url",
    "audit.retention_days",
    "keys.passphrase_file",
    "keys.key_file",
    "log.level",
    "log.format",
];

const SECTIONS: [&str; 8] = ["network", "api", "witness", "mirrors", "labels", "audit", "keys", "log"];

/// Days that entries of the audit trail may be kept: a hundred years.
const LONGEST_AUDIT_DAYS: u32 = 36_525;

/// How similar a key must be to be suggested (Jaro-Winkler, 1 is equal).
const SIMILAR: f64 = 0.75;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
struct File {
    data_dir: Option<PathBuf>,
    network: NetworkSection,
    api: ApiSection,
    witness: WitnessSection,
    mirrors: MirrorsSection,
    labels: LabelsSection,
    audit: AuditSection,
    keys: KeysSection,
    log: LogSection,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct NetworkSection {
    listen: Option<Vec<String>>,
    gossip: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct ApiSection {
    listen: Option<String>,
    allow_remote: Option<bool>,
    socket: Option<PathBuf>,
    allowed_hosts: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct LabelsSection {
    two_people: Option<bool>,
    public_url: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct AuditSection {
    retention_days: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct KeysSection {
    passphrase_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct LogSection {
    level: Option<LogLevel>,
    format: Option<LogFormat>,
}

/// Puts a file over `config`.
pub(super) fn apply(config: &mut Config, text: &str, file: &str) -> Result<(), ConfigError> {
    let line_of = |span: Option<Range<usize>>| line(text, span.map_or(0, |span| span.start));
    let syntax = |error: toml::de::Error| ConfigError::Syntax {
        file: file.into(),
        line: line_of(error.span()),
        reason: error.message().lines().next().unwrap_or("not TOML").to_owned(),
    };
    let table = DeTable::parse(text).map_err(syntax)?;
    let mut places = BTreeMap::new();
    walk(table.get_ref(), "", &mut |key, span, is_table| {
        let line = line_of(Some(span));
        match known(&key) {
            Some(known) => {
                places.insert(known, Origin::File { file: file.into(), line });
                Ok(())
            }
            None => Err(ConfigError::UnknownKey { file: file.into(), line, suggestion: nearest(&key, is_table), key }),
        }
    })?;
    let read: File = toml::from_str(text).map_err(|error| {
        let at = line_of(error.span());
        let key = places.iter().find(|(_, origin)| matches!(origin, Origin::File { line, .. } if *line == at));
        match key {
            Some((key, origin)) => {
                let reason = error.message().lines().next().unwrap_or("not a value for this key").to_owned();
                ConfigError::Value { origin: origin.clone(), key, reason }
            }
            None => syntax(error),
        }
    })?;
    config.origins = places;
    fill(config, read)
}

fn fill(config: &mut Config, read: File) -> Result<(), ConfigError> {
    let File { data_dir, network, api, witness, mirrors, labels, audit, keys, log } = read;
    if let Some(dir) = data_dir {
        let origin = config.origin("data_dir");
        config.set_data_dir(dir, origin)?;
    }
    if let Some(list) = network.listen {
        config.network.listen = addresses(&list, &config.origin("network.listen"))?;
    }
    config.network.gossip = network.gossip.unwrap_or(config.network.gossip);
    if let Some(text) = api.listen {
        config.api.listen = socket("api.listen", &text, &config.origin("api.listen"))?;
    }
    config.api.allow_remote = api.allow_remote.unwrap_or(config.api.allow_remote);
    config.api.socket = api.socket;
    config.api.allowed_hosts = api.allowed_hosts.unwrap_or_default();
    if let Some(host) = config.api.allowed_hosts.iter().find(|host| !is_host(host)) {
        let reason = format!("{host:?} is not a host name (no scheme, no port, no '*')");
        return Err(ConfigError::Value { origin: config.origin("api.allowed_hosts"), key: "api.allowed_hosts", reason });
    }
    config.witness = witness.read(|key| config.origin(key))?;
    config.mirrors = mirrors.read(|key| config.origin(key))?;
    config.policy.two_people = labels.two_people.unwrap_or(config.policy.two_people);
    if let Some(text) = labels.public_url {
        let key = "labels.public_url";
        let wrong = |error: CarrierError| ConfigError::Value { origin: config.origin(key), key, reason: error.to_string() };
        config.policy.public_url = Some(text.parse().map_err(wrong)?);
    }
    config.policy.audit_days = audit.retention_days.unwrap_or(config.policy.audit_days);
    if !(1..=LONGEST_AUDIT_DAYS).contains(&config.policy.audit_days) {
        let (key, reason) = ("audit.retention_days", format!("between 1 and {LONGEST_AUDIT_DAYS}"));
        return Err(ConfigError::Value { origin: config.origin(key), key, reason });
    }
    config.keys = match (keys.passphrase_file, keys.key_file) {
        (None, None) => KeySource::Ask,
        (Some(file), None) => KeySource::PassphraseFile(file),
        (None, Some(file)) => KeySource::KeyFile(file),
        (Some(_), Some(_)) => {
            let reason = "either passphrase_file or key_file, not both".into();
            return Err(ConfigError::Value { origin: config.origin("keys.key_file"), key: "keys.key_file", reason });
        }
    };
    config.log_level = log.level.unwrap_or(config.log_level);
    config.log_format = log.format.unwrap_or(config.log_format);
    Ok(())
}

/// Visits every key that is not a known section, with its place and whether a table stands there.
fn walk(
    table: &DeTable<'_>,
    section: &str,
    visit: &mut impl FnMut(String, Range<usize>, bool) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) if is_section(&key) => walk(inner, &key, visit)?,
            _ if is_section(&key) => {} // a value where a section belongs: the second reading says so
            value => visit(key, name.span(), matches!(value, DeValue::Table(_)))?,
        }
    }
    Ok(())
}

fn is_section(key: &str) -> bool {
    SECTIONS.contains(&key)
}

fn known(key: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|known| *known == key)
}

/// The nearest key: by the whole name, or by the last part where that was put into the wrong section. For a table, the
/// nearest section.
fn nearest(key: &str, is_table: bool) -> Option<&'static str> {
    let last = |key: &str| key.rsplit_once('.').map_or(key, |(_, last)| last).to_owned();
    let score = |known: &str| {
        let whole = strsim::jaro_winkler(known, key);
        let part = strsim::jaro_winkler(&last(known), &last(key)) * 0.95;
        whole.max(part)
    };
    let candidates: &[&'static str] = if is_table { &SECTIONS } else { &KEYS };
    let best = candidates.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)));
    best.filter(|known| score(known) >= SIMILAR)
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

pub(super) fn socket(key: &'static str, text: &str, origin: &Origin) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::Value {
        origin: origin.clone(),
        key,
        reason: format!("{text:?} is not an address with a port, such as \"127.0.0.1:7480\""),
    })
}

pub(super) fn addresses(list: &[String], origin: &Origin) -> Result<Vec<Multiaddr>, ConfigError> {
    let key = "network.listen";
    if list.is_empty() {
        return Err(ConfigError::Value { origin: origin.clone(), key, reason: "at least one address".into() });
    }
    let read = |text: &String| {
        text.parse().map_err(|_| ConfigError::Value {
            origin: origin.clone(),
            key,
            reason: format!("{text:?} is not a multiaddress, such as \"/ip4/0.0.0.0/tcp/7443\""),
        })
    };
    list.iter().map(read).collect()
}

pub(super) fn level(text: &str, origin: &Origin) -> Result<LogLevel, ConfigError> {
    let read = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    LogLevel::deserialize(read).map_err(|error| ConfigError::Value { origin: origin.clone(), key: "log.level", reason: error.to_string() })
}
