//! What a label travels in: the label file itself, a credential, a picture, a document, a printed code (protocol, "Carriers").
//!
//! Bytes are searched and never rendered. Whatever a file holds besides the label, scripts for instance, is not looked at.

pub mod code;
mod pdf;
pub mod png;
pub mod svg;

use std::borrow::Cow;

use crate::canonical::Value;
use crate::label::bundle;
use crate::limits;

/// The first line of a C2SP tlog-proof.
const PROOF: &[u8] = b"c2sp.org/tlog-proof@v1";

/// Parts that are looked at in one file: each may unpack to a document's size.
const PARTS: usize = 8;

/// What a file holds. Nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// The text of a label file, and the credentials that lie beside it.
    Bundle(Cow<'a, [u8]>, Vec<Cow<'a, [u8]>>),
    /// A label's credential without its record.
    Credential(Cow<'a, [u8]>),
    /// The digits of a printed code.
    Code(&'a str),
    /// A proof of inclusion without its record.
    Proof,
}

/// Why nothing was taken out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// Larger than any file with a label.
    #[error("the input has more than {} bytes", limits::CARRIER_BYTES)]
    TooLarge,
    /// Two different labels: nobody could say which one is meant.
    #[error("there is more than one label in this input")]
    Several,
    /// None, or the file is broken.
    #[error("there is no label in this input, or it is broken")]
    Nothing,
}

/// One text in a file, as its place there calls it.
#[derive(Debug)]
enum Part<'a> {
    Bundle(Cow<'a, [u8]>),
    Credential(Cow<'a, [u8]>),
}

/// Takes out of a file what it carries.
///
/// # Errors
/// [`CarrierError`].
pub fn open(file: &[u8]) -> Result<Content<'_>, CarrierError> {
    Ok(match look(file)? {
        Found::Json(text) if is_credential(text) => Content::Credential(text.into()),
        Found::Json(text) => Content::Bundle(text.into(), vec![]),
        Found::Content(content) => content,
    })
}

/// What a file holds, where JSON was not read yet: most of it is a label file.
pub(crate) enum Found<'a> {
    /// The text of a label file, or of a credential, or none of both.
    Json(&'a [u8]),
    /// Anything else.
    Content(Content<'a>),
}

/// As [`open`], without reading JSON that is the whole file.
pub(crate) fn look(file: &[u8]) -> Result<Found<'_>, CarrierError> {
    if file.len() > limits::CARRIER_BYTES {
        return Err(CarrierError::TooLarge);
    }
    if file.starts_with(png::SIGNATURE) {
        return one(png::parts(file).ok_or(CarrierError::Nothing)?).map(Found::Content);
    }
    if find(&file[..file.len().min(1024)], b"%PDF-").is_some() {
        return one(pdf::parts(file)).map(Found::Content);
    }
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let text = text.trim_ascii();
    match text.first() {
        Some(b'{') => Ok(Found::Json(text)),
        Some(b'<') => one(svg::parts(text).ok_or(CarrierError::Nothing)?).map(Found::Content),
        _ if text.starts_with(PROOF) => Ok(Found::Content(Content::Proof)),
        _ => {
            let digits = std::str::from_utf8(text).ok().and_then(code::digits);
            digits.map(|digits| Found::Content(Content::Code(digits))).ok_or(CarrierError::Nothing)
        }
    }
}

/// Whether a JSON text is a credential and no label file.
pub(crate) fn is_credential(text: &[u8]) -> bool {
    matches!(sniffed(Cow::Borrowed(text)), Some(Part::Credential(_)))
}

/// The one label of these parts.
fn one(parts: Vec<Part<'_>>) -> Result<Content<'_>, CarrierError> {
    let (mut bundles, mut credentials) = (Vec::new(), Vec::new());
    for part in parts {
        let (list, text) = match part {
            Part::Bundle(text) => (&mut bundles, text),
            Part::Credential(text) => (&mut credentials, text),
        };
        if !list.contains(&text) {
            list.push(text);
        }
    }
    match (bundles.len(), credentials.len()) {
        (1, _) => Ok(Content::Bundle(bundles.remove(0), credentials)),
        (0, 1) => Ok(Content::Credential(credentials.remove(0))),
        (0, 0) => Err(CarrierError::Nothing),
        _ => Err(CarrierError::Several),
    }
}

/// What a JSON text is by what stands in it; none of both, or no JSON within our rules.
fn sniffed(text: Cow<'_, [u8]>) -> Option<Part<'_>> {
    let value = Value::read(&text, limits::DOCUMENT_BYTES).ok()?;
    if value.get("type").and_then(Value::as_text) == Some(bundle::KIND) {
        return Some(Part::Bundle(text));
    }
    value.get("@context").is_some().then_some(Part::Credential(text))
}

/// Where `needle` begins in `hay`.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay[from..].iter().position(|byte| *byte == first) {
        if hay[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// What a zlib stream holds: it must fill the bytes given, and unpack to a document's size at most.
fn unpack(zlib: &[u8]) -> Option<Vec<u8>> {
    let most = limits::DOCUMENT_BYTES + 1;
    let mut stream = flate2::Decompress::new(true);
    let mut out = Vec::with_capacity(zlib.len().saturating_mul(4).clamp(1024, most));
    loop {
        let read = usize::try_from(stream.total_in()).ok()?;
        let before = (read, out.len());
        let status = stream.decompress_vec(&zlib[read..], &mut out, flate2::FlushDecompress::None).ok()?;
        let read = usize::try_from(stream.total_in()).ok()?;
        if status == flate2::Status::StreamEnd {
            return (read == zlib.len() && out.len() < most).then_some(out);
        }
        if out.len() == out.capacity() && out.len() < most {
            out.reserve_exact(out.len().min(most - out.len()));
        } else if before == (read, out.len()) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests;
