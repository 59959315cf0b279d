//! The text that is signed, hashed and logged: JCS (RFC 8785) JSON with integers only.
//!
//! Strict both ways. A text is canonical when writing what was read gives the same bytes; everything else is
//! refused by name: other key order, white space, duplicate keys, floats, nulls, control characters, too deep,
//! too large (protocol, "Formats").

mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text is not canonical. None of them quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Over the bound given by the caller, in bytes.
    #[error("too large: {actual} bytes, at most {limit}")]
    TooLarge {
        /// Bytes received.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not JSON at all, or not UTF-8.
    #[error("not JSON (byte {at})")]
    NotJson {
        /// Column reported by the reader.
        at: usize,
    },
    /// An object names a key twice.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// A number with a fraction or an exponent, or an integer beyond ±(2^53 - 1).
    #[error("a number that is not an integer within ±(2^53 - 1)")]
    NotInteger,
    /// `null`: what is not there is left out.
    #[error("null (what is not there is left out)")]
    Null,
    /// U+0000 to U+001F or U+007F to U+009F in a string or key.
    #[error("a control character in a text")]
    ControlCharacter,
    /// More than [`limits::DEPTH`] levels.
    #[error("nested deeper than {} levels", limits::DEPTH)]
    TooDeep,
    /// More than [`limits::OBJECT_ENTRIES`] keys in one object.
    #[error("more than {} keys in one object", limits::OBJECT_ENTRIES)]
    TooManyKeys,
    /// Valid JSON that is written differently from its canonical form.
    #[error("not in canonical form (RFC 8785)")]
    NotCanonical,
    /// Canonical, but not of the shape asked for: a field is missing, unknown or of another kind.
    #[error("not of the expected shape (a missing, unknown or malformed field)")]
    Shape,
}

/// A canonical document as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An integer within ±(2^53 - 1).
    Integer(i64),
    /// A text without control characters.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object; keys in the order they were read.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads any JSON text within the rules; spacing and key order are free.
    ///
    /// # Errors
    /// Everything in [`CanonicalError`] except `NotCanonical` and `Shape`.
    pub fn read(text: &[u8], limit: usize) -> Result<Self, CanonicalError> {
        Self::read_within(text, limit, limits::DEPTH)
    }

    fn read_within(text: &[u8], limit: usize, depth: usize) -> Result<Self, CanonicalError> {
        if text.len() > limit {
            return Err(CanonicalError::TooLarge { actual: text.len(), limit });
        }
        let cause = Cell::new(None);
        let mut reader = serde_json::Deserializer::from_slice(text);
        let seed = Seed { depth, cause: &cause };
        let value = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
        value.map_err(|error| cause.get().unwrap_or_else(|| reader_error(&error)))
    }

    /// Reads a text that must be its own canonical form.
    ///
    /// # Errors
    /// Everything in [`CanonicalError`] except `Shape`.
    pub fn read_canonical(text: &[u8], limit: usize) -> Result<Self, CanonicalError> {
        let value = Self::read(text, limit)?;
        if value.to_text().as_bytes() == text { Ok(value) } else { Err(CanonicalError::NotCanonical) }
    }

    /// Its canonical text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(256);
        self.write(&mut out);
        out
    }

    /// The value under `key`, when this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            // Writing to a String cannot fail.
            Self::Integer(value) => drop(fmt::Write::write_fmt(out, format_args!("{value}"))),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| utf16_order(a, b));
                out.push('{');
                for (position, (key, value)) in sorted.into_iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// The order of RFC 8785, by UTF-16 code units. For ASCII, which is all that our own keys are, it is that of the bytes.
fn utf16_order(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Control characters were refused on the way in, so only two characters need an escape.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b == b'"' || b == b'\\') {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        out.push('\\');
        out.push_str(&tail[..1]);
        rest = &tail[1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn reader_error(error: &serde_json::Error) -> CanonicalError {
    // The reader's own recursion bound (128) lies above ours, so only syntax is left.
    CanonicalError::NotJson { at: error.column() }
}

/// The canonical text of `value`.
///
/// # Errors
/// `TooLarge`, or what the value itself breaks: a float, a null, a control character, its depth.
pub fn encode<T: Serialize>(value: &T, limit: usize) -> Result<Vec<u8>, CanonicalError> {
    let text = serde_json::to_vec(value).map_err(|_| CanonicalError::Shape)?;
    // Types that are written often declare their fields in the order of the canonical text.
    if text.len() <= limit && scan::is_canonical(&text, limits::DEPTH) {
        return Ok(text);
    }
    Ok(Value::read(&text, limit)?.to_text().into_bytes())
}

/// Reads `text` as a `T`, strictly: the text must be canonical, and writing the `T` must give it again.
///
/// # Errors
/// Everything in [`CanonicalError`].
pub fn decode<T: DeserializeOwned + Serialize>(text: &[u8], limit: usize) -> Result<T, CanonicalError> {
    if text.len() > limit || !scan::is_canonical(text, limits::DEPTH) {
        Value::read_canonical(text, limit)?;
    }
    let value: T = serde_json::from_slice(text).map_err(|_| CanonicalError::Shape)?;
    if encode(&value, limit)? == text { Ok(value) } else { Err(CanonicalError::NotCanonical) }
}

/// Reads a file that people may have reformatted: any spacing and key order, the same rules otherwise.
///
/// # Errors
/// Everything in [`CanonicalError`] except `NotCanonical`.
pub fn decode_relaxed<T: DeserializeOwned>(text: &[u8], limit: usize) -> Result<T, CanonicalError> {
    if text.len() <= limit && scan::is_canonical(text, limits::DEPTH) {
        return serde_json::from_slice(text).map_err(|_| CanonicalError::Shape);
    }
    let value = Value::read(text, limit)?;
    serde_json::from_str(&value.to_text()).map_err(|_| CanonicalError::Shape)
}

/// As [`decode_relaxed`], of a text that stands in an object of a document: it may be nested one level less. A `T` that keeps texts
/// of its fields ([`serde_json::value::RawValue`]) keeps canonical ones.
pub(crate) fn decode_part<T: DeserializeOwned>(text: &str) -> Result<T, CanonicalError> {
    if text.len() <= limits::DOCUMENT_BYTES && scan::is_canonical(text.as_bytes(), limits::DEPTH - 1) {
        return serde_json::from_str(text).map_err(|_| CanonicalError::Shape);
    }
    let value = Value::read_within(text.as_bytes(), limits::DOCUMENT_BYTES, limits::DEPTH - 1)?;
    serde_json::from_str(&value.to_text()).map_err(|_| CanonicalError::Shape)
}

/// Reads a [`serde_json::Value`] of a field for what it is. Its own reading takes an object whose key is a name of `serde_json`'s for
/// the JSON inside the text under that key.
///
/// # Errors
/// Everything that [`Value::read`] refuses.
pub(crate) fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Value, D::Error> {
    Seed { depth: limits::DEPTH, cause: &Cell::new(None) }.deserialize(deserializer).map(serde_json::Value::from)
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => value.into(),
            Value::Integer(value) => value.into(),
            Value::Text(text) => text.into(),
            Value::List(items) => items.into_iter().map(Self::from).collect(),
            Value::Object(entries) => Self::Object(entries.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

/// Carries the remaining depth down and the named cause of a refusal out, which serde's errors cannot.
struct Seed<'a> {
    depth: usize,
    cause: &'a Cell<Option<CanonicalError>>,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(&self, cause: CanonicalError) -> E {
        self.cause.set(Some(cause));
        E::custom(cause)
    }

    fn text<E: serde::de::Error>(&self, text: &str) -> Result<String, E> {
        let ascii = text.is_ascii();
        let control = if ascii { text.bytes().any(|b| b.is_ascii_control()) } else { text.chars().any(char::is_control) };
        if control { Err(self.refuse(CanonicalError::ControlCharacter)) } else { Ok(text.to_owned()) }
    }

    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Seed { depth, cause: self.cause }),
            None => Err(self.refuse(CanonicalError::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with integers only")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > limits::MAX_INTEGER.unsigned_abs() {
            Err(self.refuse(CanonicalError::NotInteger))
        } else {
            Ok(Value::Integer(value))
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(self.refuse(CanonicalError::NotInteger)),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(self.refuse(CanonicalError::NotInteger))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Err(self.refuse(CanonicalError::Null))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text).map(Value::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed { ..inner })? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object: Vec<(String, Value)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(key) = entries.next_key::<Key>()? {
            let key = inner.text(&key.0)?;
            if object.len() == limits::OBJECT_ENTRIES {
                return Err(inner.refuse(CanonicalError::TooManyKeys));
            }
            if stands_twice(&key, &object, &mut names) {
                return Err(inner.refuse(CanonicalError::DuplicateKey));
            }
            object.push((key, entries.next_value_seed(Seed { ..inner })?));
        }
        Ok(Value::Object(object))
    }
}

/// Up to this many keys are compared one by one; `names` is filled only beyond, where that would take quadratic time.
const FEW_KEYS: usize = 32;

fn stands_twice(key: &str, object: &[(String, Value)], names: &mut HashSet<String>) -> bool {
    if object.len() < FEW_KEYS {
        return object.iter().any(|(name, _)| name == key);
    }
    if names.is_empty() {
        names.extend(object.iter().map(|(name, _)| name.clone()));
    }
    !names.insert(key.to_owned())
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key(String);
