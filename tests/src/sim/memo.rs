//! The strict checks, each made once for one content under one set of keys: nodes share the checked values.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash as _, Hasher};
use std::rc::Rc;

use parangon_protocol::check::{self, CheckError, CheckedFork, CheckedHead, CheckedSpan, KeyBook};
use parangon_protocol::id::Hash;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::message::{Gossip, Head, Range};

use super::federation::Federation;

/// What a message is when it has passed.
#[derive(Debug, Clone)]
pub(super) enum Checked {
    Head(CheckedHead),
    Span(CheckedSpan),
    Fork(CheckedFork),
}

type Verdict<T> = Rc<Result<T, CheckError>>;

/// Checks by content. A key is the hash of everything that the check depends on; `tag` stands for the key book.
#[derive(Debug, Default)]
pub(super) struct Memo {
    heads: HashMap<u64, Verdict<CheckedHead>>,
    spans: HashMap<u64, Verdict<CheckedSpan>>,
    forks: HashMap<u64, Verdict<CheckedFork>>,
}

fn key(content: &impl std::hash::Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content)
}

/// Tells key books apart: the charter's version and the newest key set of each agency.
pub(super) fn tag(federation: &Federation, book: &KeyBook) -> u64 {
    let mut hasher = DefaultHasher::new();
    book.chain().newest().version.hash(&mut hasher);
    for seat in &federation.seats {
        if let Some((index, set)) = book.current(&seat.id) {
            (seat.id.as_str(), index, set.witness.as_bytes(), set.issue.as_bytes()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

impl Memo {
    pub(super) fn head(&mut self, tag: u64, book: &KeyBook, head: &Head) -> Verdict<CheckedHead> {
        let key = key(&(tag, head.log.agency.as_str(), head.log.epoch, &head.note));
        self.heads.entry(key).or_insert_with(|| Rc::new(check::head(book, head))).clone()
    }

    pub(super) fn span(&mut self, tag: u64, book: &KeyBook, range: &Range) -> Verdict<CheckedSpan> {
        let hashes: Vec<&[u8; 32]> = range.proof.iter().map(|hash| &hash.0).collect();
        let key = key(&(tag, range.log.agency.as_str(), range.log.epoch, &range.note, range.start, &range.records, hashes));
        let check = || {
            let Range { log, start, records, note, proof } = range;
            Rc::new(check::span(book, log, note, *start, records.clone(), proof.clone()))
        };
        self.spans.entry(key).or_insert_with(check).clone()
    }

    fn fork(&mut self, tag: u64, book: &KeyBook, text: &[u8]) -> Option<Verdict<CheckedFork>> {
        let key = key(&(tag, text));
        if let Some(known) = self.forks.get(&key) {
            return Some(known.clone());
        }
        let proof: ForkProof = serde_json::from_slice(text).ok()?;
        let verdict = Rc::new(check::fork(book, proof));
        self.forks.insert(key, verdict.clone());
        Some(verdict)
    }

    /// As a node's intake treats gossip. `None` for bytes that are no message.
    pub(super) fn gossip(&mut self, tag: u64, book: &KeyBook, gossip: &Gossip) -> Option<Result<Checked, CheckError>> {
        Some(match gossip {
            Gossip::Grown { head, records, .. } if records.is_empty() => (*self.head(tag, book, head)).clone().map(Checked::Head),
            Gossip::Grown { head, start, records } => {
                let range =
                    Range { log: head.log.clone(), start: *start, records: records.clone(), note: head.note.clone(), proof: vec![] };
                (*self.span(tag, book, &range)).clone().map(Checked::Span)
            }
            Gossip::Fork { proof } => (*self.fork(tag, book, proof)?).clone().map(Checked::Fork),
        })
    }
}

/// A short name of any content, for the trace.
pub(super) fn digest(parts: &[&[u8]]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = Hash::of(parts).0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}
