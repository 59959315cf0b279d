//! PNG: international text chunks, as Open Badges 3.0 bakes a credential.

use std::borrow::Cow;

use super::{PARTS, Part, unpack};

/// The first bytes of every PNG.
pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The keyword of a credential (Open Badges 3.0, "Baking specification").
pub const CREDENTIAL: &str = "openbadgecredential";

/// The keyword of a label file.
pub const BUNDLE: &str = "parangon-label";

struct Chunk<'a> {
    kind: &'a [u8],
    data: &'a [u8],
}

/// The next chunk and what follows it. None when it is cut off or its checksum is wrong.
fn chunk(rest: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let (length, body) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let checked = body.get(..length.checked_add(4)?)?;
    let (sum, rest) = body[checked.len()..].split_first_chunk::<4>()?;
    let (kind, data) = checked.split_at(4);
    (crc(checked) == u32::from_be_bytes(*sum)).then_some((Chunk { kind, data }, rest))
}

/// The texts of a picture. None when it is broken.
pub(super) fn parts(file: &[u8]) -> Option<Vec<Part<'_>>> {
    let (mut rest, mut parts) = (file.strip_prefix(SIGNATURE)?, Vec::new());
    loop {
        let (Chunk { kind, data }, next) = chunk(rest)?;
        rest = next;
        if kind == b"IEND" {
            return Some(parts);
        }
        let wanted =
            kind == b"iTXt" && [CREDENTIAL, BUNDLE].iter().any(|keyword| data.split(|byte| *byte == 0).next() == Some(keyword.as_bytes()));
        if wanted && parts.len() < PARTS {
            parts.push(part(data)?);
        }
    }
}

fn part(data: &[u8]) -> Option<Part<'_>> {
    let until_zero = |bytes| <[u8]>::split_once_zero(bytes);
    let (keyword, rest) = until_zero(data)?;
    let ([packed, method], rest) = rest.split_first_chunk::<2>()?;
    let (_, rest) = until_zero(rest)?;
    let (_, text) = until_zero(rest)?;
    let text = match (packed, method) {
        (0, 0) => Cow::Borrowed(text),
        (1, 0) => Cow::Owned(unpack(text)?),
        _ => return None,
    };
    Some(if keyword == BUNDLE.as_bytes() { Part::Bundle(text) } else { Part::Credential(text) })
}

/// Splits at the first zero byte.
trait SplitAtZero {
    fn split_once_zero(&self) -> Option<(&[u8], &[u8])>;
}

impl SplitAtZero for [u8] {
    fn split_once_zero(&self) -> Option<(&[u8], &[u8])> {
        let at = self.iter().position(|byte| *byte == 0)?;
        Some((&self[..at], &self[at + 1..]))
    }
}

/// Puts texts into a picture, before its end: each a keyword and a JSON text. None when the picture is broken.
#[must_use]
pub fn bake(picture: &[u8], texts: &[(&str, &str)]) -> Option<Vec<u8>> {
    let mut rest = picture.strip_prefix(SIGNATURE)?;
    loop {
        let (found, next) = chunk(rest)?;
        if found.kind == b"IEND" {
            break;
        }
        rest = next;
    }
    let (head, end) = picture.split_at(picture.len() - rest.len());
    let mut out = head.to_vec();
    for (keyword, text) in texts {
        let mut body = b"iTXt".to_vec();
        body.extend_from_slice(keyword.as_bytes());
        body.extend_from_slice(&[0; 5]);
        body.extend_from_slice(text.as_bytes());
        out.extend_from_slice(&u32::try_from(body.len() - 4).ok()?.to_be_bytes());
        out.extend_from_slice(&body);
        out.extend_from_slice(&crc(&body).to_be_bytes());
    }
    out.extend_from_slice(end);
    Some(out)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes);
    hasher.finalize()
}
