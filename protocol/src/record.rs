//! What may stand in a log: one enum, one door.
//!
//! A record is the canonical text of `{"type":…,"v":1,"about":[label ids],"body":{…}}`; `about` is left out when
//! empty. The received bytes are what is hashed, stored and served; they are never encoded again.

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError, Value};
use crate::charter::Vote;
use crate::id::Hash;
use crate::keys::SignedKeySet;
use crate::label::objection::Objection;
use crate::label::status::Status;
use crate::label::{Label, LabelId};
use crate::limits;
use crate::statistics::Release;
use crate::statistics::pool::{PoolFault, PoolHash, PoolReady, PoolTotal};
use crate::time::Timestamp;

/// An agency adopts a charter version: from here on it rules this log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// Which version.
    pub version: u32,
    /// Its hash.
    pub hash: Hash,
}

/// A new epoch of the log begins here: heads that cover this record are of that epoch, and those of earlier ones say nothing
/// of what stands from here on (protocol, "Epoch").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// The key set that it begins with, where the log key is another one from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyset: Option<Box<SignedKeySet>>,
    /// Its number, larger than that of any epoch before.
    pub number: u32,
}

/// An endorser states that it made this endorsement of the label in `about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndorsementEntry {
    /// The endorsement's id.
    pub endorsement: Hash,
}

/// What happens to a label after it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// For good.
    Withdraw,
    /// Until reinstated.
    Suspend,
    /// Ends a suspension.
    Reinstate,
}

/// Why, as a code: logs hold no free text about people or reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The cluster asked for it.
    AtRequest,
    /// The cluster no longer meets what it was awarded for.
    NoLongerMet,
    /// It was issued in error.
    Error,
    /// It rests on false statements.
    Misrepresentation,
    /// The cluster no longer exists.
    Dissolved,
    /// The issuing agency is looking into it.
    UnderReview,
}

/// A change of a label's standing. The label is the one in `about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// When: a claim.
    pub at: Timestamp,
}

/// The day's private acts, committed to without telling that there were any (protocol, "Anchor").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The day's first second.
    pub day: Timestamp,
    /// Root of the fixed-size tree of salted hashes.
    pub root: Hash,
}

/// Everything that may stand in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The agency's operational keys from here on.
    KeySet(Box<SignedKeySet>),
    /// The charter version that holds from here on.
    Charter(Adoption),
    /// A new epoch begins.
    Epoch(Epoch),
    /// A label.
    Label(Box<Label>),
    /// An endorser's confirmation of its part in the label.
    Endorsement(LabelId, EndorsementEntry),
    /// A withdrawal, suspension or reinstatement of the label.
    Standing(LabelId, Standing),
    /// Another member objects to the label, or takes that back.
    Objection(LabelId, Objection),
    /// The state of every label of the agency.
    Status(Status),
    /// Anonymised statistics.
    Release(Box<Release>),
    /// A day's anchor.
    Anchor(Anchor),
    /// A vote on the next version of the charter.
    Vote(Box<Vote>),
    /// A member's sum in a pool is fixed.
    PoolHash(PoolHash),
    /// A member of a pool sees the hashes of all, and will open its sum.
    PoolReady(PoolReady),
    /// A member gives an attempt of a pool up, or says why it came to nothing.
    PoolFault(PoolFault),
    /// What a pool publishes.
    PoolTotal(Box<PoolTotal>),
    /// A type or version that this program does not know: kept, not interpreted, reported.
    Unknown {
        /// Its type.
        kind: String,
        /// Its version.
        version: i64,
        /// The labels it concerns: their verdict becomes *cannot tell*.
        about: Vec<LabelId>,
    },
}

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not canonical, too large, or not of the shape of its type.
    #[error("not a record: {0}")]
    Canonical(#[from] CanonicalError),
    /// No `type` and `v`, or `about` is not a list of label ids.
    #[error("not a record: no type and version")]
    Untyped,
    /// `about` does not fit the type.
    #[error("not a record: it must be about {expected}")]
    About {
        /// What the type asks for.
        expected: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    about: Vec<LabelId>,
    body: T,
    r#type: String,
    v: i64,
}

impl Record {
    /// Reads a record strictly.
    ///
    /// # Errors
    /// Everything in [`RecordError`].
    pub fn read(text: &[u8]) -> Result<Self, RecordError> {
        if let Some(record) = ending(text).and_then(|kind| Self::known(kind, text)) {
            return record;
        }
        let value = Value::read_canonical(text, limits::RECORD_BYTES)?;
        let kind = value.get("type").and_then(Value::as_text).ok_or(RecordError::Untyped)?;
        let Some(Value::Integer(version)) = value.get("v") else { return Err(RecordError::Untyped) };
        // One of ours that ends differently has a field too many; reading it says so.
        let known = if *version == 1 { Self::known(kind, text) } else { None };
        known.unwrap_or_else(|| Self::unknown(kind, *version, &value))
    }

    /// A record of version 1 whose type is one of ours.
    fn known(kind: &str, text: &[u8]) -> Option<Result<Self, RecordError>> {
        Some(match kind {
            "keyset" => plain(text).map(Self::KeySet),
            "charter" => plain(text).map(Self::Charter),
            "epoch" => plain(text).map(Self::Epoch),
            "label" => label(text),
            "endorsement" => one(text).map(|(label, body)| Self::Endorsement(label, body)),
            "standing" => one(text).map(|(label, body)| Self::Standing(label, body)),
            "objection" => one(text).map(|(label, body)| Self::Objection(label, body)),
            "status" => plain(text).map(Self::Status),
            "release" => plain(text).map(Self::Release),
            "anchor" => plain(text).map(Self::Anchor),
            "vote" => plain(text).map(Self::Vote),
            "pool-hash" => plain(text).map(Self::PoolHash),
            "pool-ready" => plain(text).map(Self::PoolReady),
            "pool-fault" => plain(text).map(Self::PoolFault),
            "pool-total" => plain(text).map(Self::PoolTotal),
            _ => return None,
        })
    }

    /// Its canonical text. An unknown record has none: its bytes were kept where they arrived.
    ///
    /// # Errors
    /// [`RecordError::Canonical`] when a field cannot be written; [`RecordError::Untyped`] for an unknown record.
    pub fn to_text(&self) -> Result<Vec<u8>, RecordError> {
        match self {
            Self::KeySet(body) => write("keyset", vec![], body),
            Self::Charter(body) => write("charter", vec![], body),
            Self::Epoch(body) => write("epoch", vec![], body),
            Self::Label(body) => write("label", vec![body.common.id()?], body),
            Self::Endorsement(label, body) => write("endorsement", vec![*label], body),
            Self::Standing(label, body) => write("standing", vec![*label], body),
            Self::Objection(label, body) => write("objection", vec![*label], body),
            Self::Status(body) => write("status", vec![], body),
            Self::Release(body) => write("release", vec![], body),
            Self::Anchor(body) => write("anchor", vec![], body),
            Self::Vote(body) => write("vote", vec![], body),
            Self::PoolHash(body) => write("pool-hash", vec![], body),
            Self::PoolReady(body) => write("pool-ready", vec![], body),
            Self::PoolFault(body) => write("pool-fault", vec![], body),
            Self::PoolTotal(body) => write("pool-total", vec![], body),
            Self::Unknown { .. } => Err(RecordError::Untyped),
        }
    }

    fn unknown(kind: &str, version: i64, value: &Value) -> Result<Self, RecordError> {
        let about = match value.get("about") {
            None => vec![],
            Some(Value::List(items)) => items
                .iter()
                .map(|item| item.as_text().and_then(|text| text.parse().ok()).map(LabelId).ok_or(RecordError::Untyped))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(RecordError::Untyped),
        };
        Ok(Self::Unknown { kind: kind.to_owned(), version, about })
    }
}

/// The type, where `text` ends as the canonical text of a record of version 1 does: `"type"` and `"v"` sort last, and no
/// other JSON ends in these bytes. Saves reading the text twice.
fn ending(text: &[u8]) -> Option<&str> {
    let rest = text.strip_suffix(br#"","v":1}"#)?;
    let at = rest.iter().rposition(|byte| *byte == b'"')?;
    let (before, kind) = rest.split_at(at);
    before.ends_with(br#","type":"#).then(|| str::from_utf8(&kind[1..]).ok()).flatten()
}

fn write<T: Serialize>(kind: &str, about: Vec<LabelId>, body: T) -> Result<Vec<u8>, RecordError> {
    Ok(canonical::encode(&Envelope { about, body, r#type: kind.to_owned(), v: 1 }, limits::RECORD_BYTES)?)
}

fn typed<T: Serialize + serde::de::DeserializeOwned>(text: &[u8]) -> Result<(Vec<LabelId>, T), RecordError> {
    // What writes back as the same bytes is canonical, for only canonical text is written. Anything else is read again, step
    // by step, for the reason.
    if text.len() <= limits::RECORD_BYTES
        && let Ok(envelope) = serde_json::from_slice::<Envelope<T>>(text)
        && canonical::encode(&envelope, limits::RECORD_BYTES).is_ok_and(|again| again == text)
    {
        return Ok((envelope.about, envelope.body));
    }
    let envelope: Envelope<T> = canonical::decode(text, limits::RECORD_BYTES)?;
    Ok((envelope.about, envelope.body))
}

fn plain<T: Serialize + serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, RecordError> {
    match typed(text)? {
        (about, body) if about.is_empty() => Ok(body),
        _ => Err(RecordError::About { expected: "no label" }),
    }
}

fn label(text: &[u8]) -> Result<Record, RecordError> {
    match typed::<Box<Label>>(text)? {
        (about, label) if about == [label.common.id()?] => Ok(Record::Label(label)),
        _ => Err(RecordError::About { expected: "its own label id" }),
    }
}

fn one<T: Serialize + serde::de::DeserializeOwned>(text: &[u8]) -> Result<(LabelId, T), RecordError> {
    match typed(text)? {
        (about, body) if about.len() == 1 => Ok((about[0], body)),
        _ => Err(RecordError::About { expected: "one label" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_record_keeps_whom_it_is_about() {
        let id = LabelId(Hash::of(&[b"x"]));
        let text = format!(r#"{{"about":["{id}"],"body":{{"x":1}},"type":"appraisal","v":1}}"#);
        assert_eq!(Record::read(text.as_bytes()), Ok(Record::Unknown { kind: "appraisal".into(), version: 1, about: vec![id] }));
        let newer = text.replace("appraisal", "standing").replace("\"v\":1", "\"v\":2");
        assert!(matches!(Record::read(newer.as_bytes()), Ok(Record::Unknown { version: 2, .. })));
    }

    #[test]
    fn a_record_survives_its_text_and_nothing_else_does() {
        let standing = Record::Standing(
            LabelId(Hash::of(&[b"x"])),
            Standing { action: Action::Withdraw, reason: Reason::Error, at: Timestamp::default() },
        );
        let text = standing.to_text().expect("text");
        assert_eq!(Record::read(&text), Ok(standing));
        let text = String::from_utf8(text).expect("utf-8");
        let extra = text.replace(r#""at""#, r#""a":1,"at""#);
        assert_eq!(Record::read(extra.replace(r#""a":1,"#, "").as_bytes()).map(drop), Ok(()));
        assert!(Record::read(extra.as_bytes()).is_err());
        assert!(Record::read(text.replace(r#""error""#, r#""because""#).as_bytes()).is_err());
        assert!(Record::read(text.replace(r#""about":["#, r#""about":[],"x":["#).as_bytes()).is_err());
        assert!(Record::read(br#"{"type":"anchor"}"#).is_err());
        let later = text.replace(r#""v":1}"#, r#""v":1,"w":1}"#);
        assert_eq!(Record::read(later.as_bytes()), Err(CanonicalError::Shape.into()), "a field behind the usual end");
        assert!(Record::read(br#"[]"#).is_err());
    }
}
