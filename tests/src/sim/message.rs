//! Messages in a few words, for the trace.

use std::fmt;

use parangon_protocol::message::{Request, Response};

use super::memo::digest;

/// An answer in a few words.
pub(super) struct Answer<'a>(pub(super) &'a Response);

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Response::Heads(heads) => write!(f, "{} heads", heads.len()),
            Response::Range(range) => write!(f, "{} records of {} from {}", range.records.len(), range.log, range.start),
            Response::Amendments(texts) => write!(f, "{} versions of the charter", texts.len()),
            Response::LastSeen(_) => f.write_str("what it saw last"),
            Response::Done => f.write_str("done"),
            Response::Missing => f.write_str("nothing"),
        }
    }
}

/// A question in a few words.
pub(super) struct Short<'a>(pub(super) &'a Request);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Request::Heads { .. } => f.write_str("heads"),
            Request::Range { log, start, count } => write!(f, "{count} records of {log} from {start}"),
            Request::Tell(head) => write!(f, "do you know this head of {}?", head.log),
            Request::Cosigned { log, size, .. } => write!(f, "I cosigned {log} ({size})"),
            Request::Fork { .. } => f.write_str("a log forked"),
            Request::LastSeen { .. } => f.write_str("what did you see last of my log?"),
            Request::Proposal { hash } => write!(f, "the proposal {hash}"),
            Request::Charter { after } => write!(f, "the charter after version {after}"),
        }
    }
}

/// Tells questions apart.
pub(super) fn kind(request: &Request) -> u64 {
    match request {
        Request::Heads { known } => known.iter().map(|(_, size, digest)| size.wrapping_mul(31).wrapping_add(u64::from(*digest))).sum(),
        Request::Range { start, count, .. } => 1 << 40 | start << 20 | count,
        Request::Tell(head) => digest(&[head.note.as_bytes()]),
        Request::Cosigned { size, .. } => 1 << 50 | size,
        Request::Fork { proof } => digest(&[proof]),
        Request::LastSeen { nonce } => digest(&[&nonce.0]),
        Request::Proposal { hash } => digest(&[&hash.0]),
        Request::Charter { after } => 1 << 51 | u64::from(*after),
    }
}
