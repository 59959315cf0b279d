//! SVG: an element with the JSON text in it, as Open Badges 3.0 bakes a credential. The file is searched, not parsed: no
//! two readers of broken XML agree.

use std::borrow::Cow;

use super::{PARTS, Part, find};

/// The element of a credential (Open Badges 3.0, "Baking specification").
pub const CREDENTIAL: &str = "openbadges:credential";

/// Its namespace.
pub const CREDENTIAL_SPACE: &str = "https://purl.imsglobal.org/ob/v3p0";

/// The element of a label file.
pub const BUNDLE: &str = "parangon:label";

/// Its namespace.
pub const BUNDLE_SPACE: &str = "urn:parangon:label";

/// The element for a JSON text, to be put right behind the opening tag of `svg`.
#[must_use]
pub fn element(name: &str, space: &str, json: &str) -> String {
    let prefix = name.split(':').next().unwrap_or_default();
    // Within a JSON text `]]>` can only stand in a string, where the escape says the same.
    let json = json.replace("]]>", "]]\\u003e");
    format!("<{name} xmlns:{prefix}=\"{space}\"><![CDATA[{json}]]></{name}>")
}

/// The texts of a picture. None when an element does not end.
pub(super) fn parts(text: &[u8]) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    for name in [BUNDLE, CREDENTIAL] {
        let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
        let mut rest = text;
        while let Some(at) = find(rest, opening.as_bytes()) {
            rest = &rest[at + opening.len()..];
            if !rest.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'>') {
                continue;
            }
            rest = &rest[find(rest, b">")? + 1..];
            let end = find(rest, closing.as_bytes())?;
            let content = content(rest[..end].trim_ascii());
            if parts.len() < PARTS {
                parts.push(if name == BUNDLE { Part::Bundle(content) } else { Part::Credential(content) });
            }
            rest = &rest[end..];
        }
    }
    Some(parts)
}

fn content(text: &[u8]) -> Cow<'_, [u8]> {
    let marked = text.strip_prefix(b"<![CDATA[").and_then(|text| text.strip_suffix(b"]]>"));
    match marked {
        Some(text) => Cow::Borrowed(text),
        None if text.contains(&b'&') => Cow::Owned(unescaped(text)),
        None => Cow::Borrowed(text),
    }
}

/// With the five named references and the numeric ones replaced; others stay.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = find(rest, b"&") {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';');
        match end.and_then(|end| Some((referenced(&rest[1..end])?, end))) {
            Some((meant, end)) => {
                out.extend_from_slice(meant.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[end + 1..];
            }
            None => {
                out.push(b'&');
                rest = &rest[1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Bytes from `&` to `;` of a reference that is looked at.
const LONGEST_REFERENCE: usize = 12;

fn referenced(name: &[u8]) -> Option<char> {
    let number = |digits: &[u8], radix| {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
        char::from_u32(u32::from_str_radix(digits, radix).ok()?)
    };
    match name {
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        [b'#', b'x', hex @ ..] => number(hex, 16),
        [b'#', decimal @ ..] => number(decimal, 10),
        _ => None,
    }
}
