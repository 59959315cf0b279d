//! PDF: an attached file. The bytes are searched for streams that call themselves so; the document's structure is not
//! followed, because a hostile one leads every reader elsewhere.

use std::borrow::Cow;

use super::{PARTS, Part, find, sniffed, unpack};

/// Bytes from `obj` to `stream` that are looked at.
const DICTIONARY: usize = 4096;

/// The attached JSON texts that are ours.
pub(super) fn parts(file: &[u8]) -> Vec<Part<'_>> {
    let (mut parts, mut from, mut seen) = (Vec::new(), 0, 0);
    while let Some(at) = find(&file[from..], b"/EmbeddedFile").map(|at| from + at) {
        from = at + b"/EmbeddedFile".len();
        if file.get(from).is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        seen += 1;
        if seen > PARTS {
            break;
        }
        if let Some((text, end)) = stream(file, at) {
            parts.extend(sniffed(text));
            // Whatever stands inside a stream is its content.
            from = end;
        }
    }
    parts
}

/// The stream whose dictionary holds the byte `at`, and where it ends.
fn stream(file: &[u8], at: usize) -> Option<(Cow<'_, [u8]>, usize)> {
    let before = &file[at.saturating_sub(DICTIONARY)..at];
    let begin = at - (before.len() - before.windows(3).rposition(|window| window == b"obj")?);
    let window = &file[at..file.len().min(begin + DICTIONARY)];
    let mut keyword = at;
    let start = loop {
        keyword += find(&window[keyword - at..], b"stream")?;
        match &file[keyword + b"stream".len()..] {
            [b'\n', ..] => break keyword + b"stream".len() + 1,
            [b'\r', b'\n', ..] => break keyword + b"stream".len() + 2,
            _ => keyword += 1,
        }
    };
    let end = start + find(&file[start..], b"endstream")?;
    let dictionary = &file[begin..keyword];
    let raw = &file[start..end];
    let raw = raw.strip_suffix(b"\r\n").or(raw.strip_suffix(b"\n")).or(raw.strip_suffix(b"\r")).unwrap_or(raw);
    let text = match filter(dictionary) {
        Filter::None => Cow::Borrowed(raw),
        Filter::Flate => Cow::Owned(unpack(raw)?),
        Filter::Other => return None,
    };
    match text {
        Cow::Borrowed(text) => Some((Cow::Borrowed(text.trim_ascii()), end)),
        Cow::Owned(text) => Some((Cow::Owned(text.trim_ascii().to_vec()), end)),
    }
}

enum Filter {
    None,
    Flate,
    Other,
}

fn filter(dictionary: &[u8]) -> Filter {
    let Some(at) = find(dictionary, b"/Filter") else { return Filter::None };
    let value = dictionary[at + b"/Filter".len()..].trim_ascii_start();
    let (value, listed) = match value.strip_prefix(b"[") {
        Some(value) => (value.trim_ascii_start(), true),
        None => (value, false),
    };
    let Some(rest) = value.strip_prefix(b"/FlateDecode") else { return Filter::Other };
    let ends = if listed { rest.trim_ascii_start().starts_with(b"]") } else { !rest.first().is_some_and(u8::is_ascii_alphanumeric) };
    if ends { Filter::Flate } else { Filter::Other }
}
