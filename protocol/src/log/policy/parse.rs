//! The strict reader: every name defined before it is used, every key and every membership once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Log, POLICY_BYTES, POLICY_ENTRIES, Policy, PolicyError, Witness};
use crate::log::checkpoint::decimal;
use crate::log::note::{Algorithm, VerifierKey};

impl Policy {
    /// Reads a policy text. Comments and spacing are not kept.
    ///
    /// # Errors
    /// [`PolicyError`] with the line.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES {
            return Err(PolicyError::TooLarge { actual: text.len() });
        }
        let lines = match text {
            [] => return Err(PolicyError::NoQuorum),
            [lines @ .., b'\n'] => lines,
            _ => return Err(PolicyError::CutOff),
        };
        let mut reader = Reader::default();
        for (index, bytes) in lines.split(|byte| *byte == b'\n').enumerate() {
            let line = index + 1;
            if bytes.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
                return Err(PolicyError::ControlCharacter { line });
            }
            let mut items = bytes.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).peekable();
            // A comment may hold any octets; it is not decoded.
            if items.peek().is_none_or(|first| first.starts_with(b"#")) {
                continue;
            }
            let items: Option<Vec<&str>> = items.map(|item| std::str::from_utf8(item).ok()).collect();
            reader.line(line, &items.ok_or(PolicyError::Encoding { line })?)?;
        }
        let quorum = reader.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self { logs: reader.logs, witnesses: reader.witnesses, groups: reader.groups, quorum })
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Option<String>>,
    log_keys: BTreeSet<[u8; 32]>,
    witness_keys: BTreeSet<[u8; 32]>,
    /// Every defined name, and whether it is in a group already.
    names: BTreeMap<String, bool>,
}

impl Reader {
    fn line(&mut self, line: usize, items: &[&str]) -> Result<(), PolicyError> {
        match items {
            ["log", key, url @ ..] => {
                let key = read_key(line, key, Algorithm::Ed25519)?;
                room(line, self.logs.len())?;
                once(line, &mut self.log_keys, &key)?;
                self.logs.push(Log { key, url: read_url(line, url)? });
            }
            ["witness", name, key, url @ ..] => {
                let key = read_key(line, key, Algorithm::Cosignature)?;
                room(line, self.witnesses.len())?;
                once(line, &mut self.witness_keys, &key)?;
                self.define(line, name)?;
                self.witnesses.push(Witness { name: (*name).to_owned(), key, url: read_url(line, url)? });
            }
            ["group", name, threshold, members @ ..] => {
                room(line, self.groups.len())?;
                let threshold = match *threshold {
                    "all" => members.len(),
                    "any" => 1,
                    number => decimal(number).and_then(|n| usize::try_from(n).ok()).ok_or(PolicyError::Threshold { line })?,
                };
                if !(1..=members.len()).contains(&threshold) {
                    return Err(PolicyError::Threshold { line });
                }
                for member in members {
                    let used = self.names.get_mut(*member).ok_or(PolicyError::UnknownName { line })?;
                    if std::mem::replace(used, true) {
                        return Err(PolicyError::SecondMembership { line });
                    }
                }
                self.define(line, name)?;
                let members = members.iter().map(|member| (*member).to_owned()).collect();
                self.groups.push(Group { name: (*name).to_owned(), threshold, members });
            }
            ["quorum", name] => {
                if self.quorum.is_some() {
                    return Err(PolicyError::SecondQuorum { line });
                }
                if *name != "none" && !self.names.contains_key(*name) {
                    return Err(PolicyError::UnknownName { line });
                }
                self.quorum = Some((*name != "none").then(|| (*name).to_owned()));
            }
            _ => return Err(PolicyError::Line { line }),
        }
        Ok(())
    }

    fn define(&mut self, line: usize, name: &str) -> Result<(), PolicyError> {
        if name == "none" || self.names.insert(name.to_owned(), false).is_some() {
            return Err(PolicyError::DuplicateName { line });
        }
        Ok(())
    }
}

fn room(line: usize, count: usize) -> Result<(), PolicyError> {
    if count < POLICY_ENTRIES { Ok(()) } else { Err(PolicyError::TooMany { line }) }
}

fn read_key(line: usize, text: &str, algorithm: Algorithm) -> Result<VerifierKey, PolicyError> {
    let key: VerifierKey = text.parse().map_err(|error| PolicyError::Key { line, error })?;
    if key.algorithm() == algorithm { Ok(key) } else { Err(PolicyError::KeyType { line }) }
}

fn once(line: usize, keys: &mut BTreeSet<[u8; 32]>, key: &VerifierKey) -> Result<(), PolicyError> {
    if keys.insert(*key.key().as_bytes()) { Ok(()) } else { Err(PolicyError::DuplicateKey { line }) }
}

fn read_url(line: usize, items: &[&str]) -> Result<Option<String>, PolicyError> {
    match items {
        [] => Ok(None),
        [url] => Ok(Some((*url).to_owned())),
        _ => Err(PolicyError::Line { line }),
    }
}
