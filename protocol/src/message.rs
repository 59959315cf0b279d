//! What nodes say to each other about logs. Gossip carries [`Gossip`]; everything else is asked and answered.
//! How it is framed is the node's business; what it means is decided here.

use crate::id::{AgencyId, Hash, LogId};
use crate::log::last_seen::LastSeen;

/// Versions of the charter in one answer. A node that was away for longer asks again.
pub const VERSIONS: usize = 32;

/// A log's newest head as one node knows it: a signed note with the cosignatures gathered so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which log.
    pub log: LogId,
    /// The C2SP note.
    pub note: String,
}

/// Flooded hints. Losing one loses nothing: pulling proves (ARCHITECTURE.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gossip {
    /// A log has grown, or its head has more cosignatures. `records` start at `start` and end at the head's
    /// size; empty when they are larger than [`crate::limits::INLINE_BYTES`].
    Grown {
        /// The new head.
        head: Head,
        /// Index of the first record.
        start: u64,
        /// The records' texts.
        records: Vec<Vec<u8>>,
    },
    /// Two heads of one log that cannot both be true: a `log::fork::ForkProof` as JSON.
    Fork {
        /// The proof's text.
        proof: Vec<u8>,
    },
}

/// What a node asks another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Which heads differ from these: `(log, size, digest of the set of cosigners)`.
    Heads {
        /// What the asker holds; the log is named by the epoch that its records have come to. Two nodes with different cosigners of one head have different digests until it has
        /// its quorum. Of a frozen log the asker says that it holds nothing: who sends a head of it lacks the evidence.
        known: Vec<(LogId, u64, u16)>,
    },
    /// Records from `start`, at most `count`, with a proof towards the answerer's newest head.
    Range {
        /// Which log.
        log: LogId,
        /// First index.
        start: u64,
        /// At most this many, bounded by [`crate::limits::RANGE_RECORDS`].
        count: u64,
    },
    /// A head that the other side may not know: how two views of a forked log meet.
    Tell(Head),
    /// A witness hands its cosignature line to the log's owner (or anyone who collects).
    Cosigned {
        /// Which log.
        log: LogId,
        /// Size of the head.
        size: u64,
        /// The note's signature line.
        line: String,
    },
    /// The text of a version of the charter that somebody voted for.
    Proposal {
        /// Its hash.
        hash: Hash,
    },
    /// The versions of the charter that took effect after this one.
    Charter {
        /// The newest that the asker knows.
        after: u32,
    },
    /// What the other side saw last of the asker's own log: the asker does not know what it had signed (protocol, "Restore").
    LastSeen {
        /// Drawn for this recovery: an answer to an earlier one is none.
        nonce: Hash,
    },
    /// Evidence that the other side seems to lack: a `log::fork::ForkProof` as JSON. Gossip tells it once; this is how
    /// it reaches whoever was away.
    Fork {
        /// The proof's text.
        proof: Vec<u8>,
    },
}

/// What it gets back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Heads that are newer or better cosigned than the asker's.
    Heads(Vec<Head>),
    /// A span of a log.
    Range(Range),
    /// Versions of the charter, each as canonical text with its votes; a proposal is one, with the votes that came with it.
    Amendments(Vec<Vec<u8>>),
    /// What the answerer saw last of the asker's log, signed.
    LastSeen(LastSeen),
    /// Understood, nothing to add.
    Done,
    /// Not here: the log is unknown, or shorter than asked.
    Missing,
}

/// A span of a log with what it takes to trust it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Which log.
    pub log: LogId,
    /// Index of the first record.
    pub start: u64,
    /// The records' texts, at least one.
    pub records: Vec<Vec<u8>>,
    /// The head that `proof` leads to, a signed note.
    pub note: String,
    /// Consistency of size `start + records.len()` with the head's size; empty when they are equal.
    pub proof: Vec<Hash>,
}

/// Who sent it, as the connection proved.
pub type Peer = AgencyId;
