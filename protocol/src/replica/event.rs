//! What happens to a replica, and what it wants done.

use super::{Confirmation, LabelRow, LogSnapshot};
use crate::check::{CheckedCosignature, CheckedFork, CheckedHead, CheckedRecord, CheckedSpan, Flaw, Soundness};
use crate::id::{AgencyId, Hash, LogId};
use crate::label::LabelId;
use crate::label::status::State;
use crate::log::fork::ForkProof;
use crate::message::{Gossip, Request};

/// What can happen to a replica.
#[derive(Debug, Clone)]
pub enum Event {
    /// Our agency states something.
    Append {
        /// Returned in [`Effect::Answer`].
        ticket: u64,
        /// Checked like foreign ones.
        records: Vec<CheckedRecord>,
    },
    /// Our agency states the standing of its labels, if that changed since it last did.
    AppendStatus {
        /// Returned in [`Effect::Answer`].
        ticket: u64,
    },
    /// Records of a log, gossiped or pulled.
    Span {
        /// Who sent them.
        from: AgencyId,
        /// The records with their head.
        span: CheckedSpan,
    },
    /// A head alone.
    Head {
        /// Who sent it.
        from: AgencyId,
        /// The head.
        head: CheckedHead,
    },
    /// Somebody has a head of a member's log whose keys are not known here yet.
    Stranger {
        /// Who has it.
        from: AgencyId,
        /// Which log.
        log: LogId,
    },
    /// A witness's cosignature on a head that is held here.
    Cosignature(CheckedCosignature),
    /// A proof that a log told two stories.
    Fork(CheckedFork),
    /// The signatures of a label were checked again, with more keys.
    Rechecked {
        /// Which label.
        label: LabelId,
        /// The new finding.
        soundness: Soundness,
    },
    /// A request to this peer failed, or it had nothing.
    Failed {
        /// Who.
        from: AgencyId,
        /// What was asked.
        request: Request,
    },
    /// A member is reachable.
    Connected(AgencyId),
    /// A member is not.
    Disconnected(AgencyId),
    /// Time passed.
    Tick,
    /// Everything persisted so far is on disk.
    Durable,
}

/// What a replica wants done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Make this durable, with all others of the same batch, before anything else.
    Persist(Write),
    /// Tell everybody.
    Publish(Gossip),
    /// Ask one member; its answer comes back as an event.
    Ask {
        /// Whom.
        to: AgencyId,
        /// What.
        request: Request,
    },
    /// Compare this head with what the store holds of the log, whose newest head is not smaller; a contradiction comes
    /// back as [`Event::Fork`].
    Compare {
        /// Who sent it.
        from: AgencyId,
        /// The head.
        head: CheckedHead,
    },
    /// Check this label's signatures again; the keys it waited for are known.
    Recheck {
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
    },
    /// A caller's answer.
    Answer {
        /// From the event.
        ticket: u64,
        /// The indices of its records, or why there are none.
        outcome: Result<Vec<u64>, Refusal>,
    },
    /// Something that others in the node may care about.
    Changed(Change),
}

/// A row to make durable.
#[derive(Debug, Clone)]
pub enum Write {
    /// Records, each with the hashes that it completes in the tree.
    Records {
        /// Which log.
        log: LogId,
        /// Index of the first.
        start: u64,
        /// Text and completed hashes.
        records: Vec<(Vec<u8>, Vec<Hash>)>,
    },
    /// Before our own head is signed: its size and root, for the high-water mark.
    HighWater {
        /// Records.
        size: u64,
        /// Root.
        root: Hash,
    },
    /// What the replica must remember of a log.
    Log(Box<LogSnapshot>),
    /// A head that has its quorum.
    Final {
        /// Which log.
        log: LogId,
        /// Its size.
        size: u64,
        /// The note with the cosignatures.
        note: String,
    },
    /// A label seen for the first time.
    Label(Box<LabelRow>),
    /// A label's state changed.
    LabelState {
        /// Which label.
        label: LabelId,
        /// To what.
        state: State,
        /// By the record at this index of its log.
        index: u64,
    },
    /// A label's signatures were checked again.
    LabelSoundness {
        /// Which label.
        label: LabelId,
        /// The finding.
        soundness: Soundness,
    },
    /// An endorser confirms its part in a label, known or not yet known here.
    Confirmation(Confirmation),
    /// A statistics release stands at this place.
    Release {
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
    },
    /// Evidence of a fork.
    Fork {
        /// Which log.
        log: LogId,
        /// The proof.
        proof: Box<ForkProof>,
    },
}

/// Why our own records were refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A label breaks a rule.
    #[error("the label breaks a rule: {0}")]
    Void(Flaw),
    /// The keys of an endorser are not known here yet.
    #[error("the keys of an endorser are not known here yet")]
    Waiting,
    /// The standing or the status does not apply: no such label, its state does not allow it, or it is not so.
    #[error("there is no such label of ours, or its state does not allow this")]
    Standing,
    /// The log is frozen: it told two stories.
    #[error("our log is frozen: two contradicting heads of it exist")]
    Frozen,
    /// Store and high-water mark do not agree: what was signed before is not known.
    #[error("this node is recovering: it signs nothing until it knows what it had signed")]
    Recovering,
    /// Two copies of this node are running, or it was restored from a backup.
    #[error("others hold a longer log of ours than we do")]
    Behind,
}

/// News for the rest of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A label is new, changed its state or its confirmations.
    Label(LabelId),
    /// A record became visible.
    Record {
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
    },
    /// A head reached its quorum.
    Final {
        /// Which log.
        log: LogId,
        /// Its size.
        size: u64,
    },
    /// A log told two stories, or an untrue status.
    Frozen {
        /// Which log.
        log: LogId,
    },
    /// New keys are known.
    Keys {
        /// Whose log.
        log: LogId,
    },
}
