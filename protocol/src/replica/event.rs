//! What happens to a replica, and what it wants done.

use super::{Confirmation, LabelRow, LogSnapshot, Objected};
use crate::charter::{Amendment, Chain};
use crate::check::{
    self, CheckedCosignature, CheckedFork, CheckedHead, CheckedLastSeen, CheckedProposal, CheckedRecord, CheckedSpan, Flaw, KeyBook,
    ProposalError, Soundness,
};
use crate::id::{AgencyId, Hash, LogId};
use crate::label::LabelId;
use crate::label::status::State;
use crate::log::fork::ForkProof;
use crate::message::{Gossip, Request};
use crate::time::Timestamp;

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
    /// This agency asks what we saw last of its log. The answer is [`Replica::answer_last_seen`](super::Replica::answer_last_seen), once
    /// that is durable.
    Asked {
        /// Whose log.
        agency: AgencyId,
    },
    /// What a witness saw last of our own log.
    LastSeen(CheckedLastSeen),
    /// A proof that a log told two stories.
    Fork(CheckedFork),
    /// A label was checked again: with more keys, or under a later charter.
    Rechecked {
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
        /// The record, checked with what is known by now.
        record: Box<CheckedRecord>,
    },
    /// The answer to [`Effect::Reread`]: the first records of a log.
    Reread {
        /// Which log.
        log: LogId,
        /// From its beginning on.
        records: Vec<CheckedRecord>,
    },
    /// A text of the charter's next version.
    Proposal(CheckedProposal),
    /// A charter chain: later versions than those known here, if it is longer.
    Chain(Box<Chain>),
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

impl Event {
    /// What an answer with versions of the charter says, checked: a proposal for the one that asked for a text, a longer chain
    /// for the one that asked for versions.
    ///
    /// # Errors
    /// [`ProposalError`], also when it answers something else than was asked.
    pub fn amendments(book: &KeyBook, request: &Request, texts: Vec<Vec<u8>>) -> Result<Self, ProposalError> {
        let Request::Proposal { hash } = request else { return Ok(Self::Chain(Box::new(check::chain(book, &texts)?))) };
        let [text] = <[Vec<u8>; 1]>::try_from(texts).map_err(|_| ProposalError::TooMany)?;
        let proposal = check::proposal(text)?;
        if proposal.hash() == hash { Ok(Self::Proposal(proposal)) } else { Err(ProposalError::Other) }
    }
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
    /// Read the records below `size` of this log from the store before anything else is written to it, check them, and give them back as
    /// [`Event::Reread`]: as many as are there.
    Reread {
        /// Which log.
        log: LogId,
        /// How many.
        size: u64,
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
        /// Its epoch.
        epoch: u32,
        /// Records.
        size: u64,
        /// Root.
        root: Hash,
    },
    /// It is not clear any more what this node had signed: it stays so until [`Write::Recovered`], also when it starts again.
    Recovering,
    /// It is clear again; before the new epoch's [`Write::HighWater`].
    Recovered,
    /// Everything that came from this log is to be forgotten, but for evidence: it is pulled anew.
    Forgotten {
        /// Which log.
        log: LogId,
    },
    /// What the replica must remember of a log.
    Log(Box<LogSnapshot>),
    /// Everybody who cosigned some head said that this time is over: the clock's floor.
    Vouched {
        /// The latest such time.
        at: Timestamp,
    },
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
    /// A log says something against a label, known or not yet known here, or takes it back.
    Objected(Objected),
    /// A statistics release stands at this place.
    Release {
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
    },
    /// A record of a pool's round stands at this place.
    Pooled {
        /// Which round.
        round: Hash,
        /// Which log.
        log: LogId,
        /// Its index.
        index: u64,
    },
    /// A text of the charter's next version.
    Proposal {
        /// The version.
        version: u32,
        /// The text's hash.
        hash: Hash,
        /// Canonical text of the amendment so far: the charter's text and votes that came with it.
        text: Vec<u8>,
    },
    /// A version of the charter takes effect here. Texts of this and earlier versions are proposals no more.
    Amendment {
        /// The version with its votes.
        amendment: Box<Amendment>,
        /// When.
        at: Timestamp,
    },
    /// A version that was agreed to and contradicts another one: evidence.
    Rival {
        /// The version.
        version: u32,
        /// The text's hash.
        hash: Hash,
        /// The version with its votes.
        amendment: Box<Amendment>,
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
    /// An objection to no label that is known here, or to one of our own.
    #[error("there is no such label of another agency here")]
    Objection,
    /// The log is frozen: it told two stories.
    #[error("our log is frozen: two contradicting heads of it exist")]
    Frozen,
    /// Store and high-water mark do not agree: what was signed before is not known.
    #[error("this node is recovering: it signs nothing until it knows what it had signed")]
    Recovering,
    /// The charter's next version has no such text here, or another version is next by now.
    #[error("there is no such proposal, or another version has taken effect since")]
    Proposal,
    /// A vote was cast on this text, or for another text of this version.
    #[error("this agency has voted already")]
    Voted,
    /// A vote of somebody else, wrongly signed, or of a shape that does not count.
    #[error("the vote does not count: it is not this agency's, or does not verify")]
    Ballot,
    /// A log that the vote ends has grown since the vote was made, and this node has cosigned that.
    #[error("the vote does not name the last heads that this node cosigned")]
    Heads,
    /// A text that carries out a re-keying before its time.
    #[error("this node does not vote for the other identity key before {until}: thirty days after its announcement took effect here")]
    RekeyingWaits {
        /// From when on it votes for it.
        until: Timestamp,
    },
    /// A text that announces a re-keying under a date ahead of this node's clock.
    #[error("this node does not vote for an identity key announced as of {announced}: that is ahead of its clock")]
    RekeyingDate {
        /// As of when.
        announced: Timestamp,
    },
    /// A text that declares an epoch over so far on that the log could begin none behind it.
    #[error("this node does not vote for declaring epoch {epoch} over: the log could begin none behind it")]
    ResumptionEpoch {
        /// Which.
        epoch: u32,
    },
    /// A text that carries out a re-keying to which the present key has objected.
    #[error("this node does not vote for the other identity key: the present one has signed since that was announced, so it is not lost")]
    RekeyingObjected,
    /// A charter record must adopt a version in effect, and a later one than the last.
    #[error("the log adopts a version of the charter in effect, and never an earlier one")]
    Adoption,
    /// This agency is no member any more.
    #[error("this agency is no member of the federation any more")]
    Left,
    /// Another node signs with this agency's keys.
    #[error("another node signs with this agency's keys: this one signs nothing until it is started again")]
    Rival,
    /// An epoch is begun by the node, when a recovery ends.
    #[error("a log's epoch begins when a recovery ends, and not otherwise")]
    Epoch,
    /// Others hold more of our log than this node.
    #[error("others hold a longer log of ours than we do")]
    Behind,
}

/// News for the rest of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A label is new, changed its state or its confirmations, or somebody objects to it.
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
    /// A log goes on in another epoch, or is read anew because of it.
    Epoch {
        /// Which log.
        log: LogId,
    },
    /// A recovery went on, ended, or was found necessary.
    Recovery,
    /// New keys are known.
    Keys {
        /// Whose log.
        log: LogId,
    },
    /// A text of the charter's next version, or a vote on one, is new.
    Proposal,
    /// A version of the charter took effect here.
    Charter {
        /// Which.
        version: u32,
    },
    /// Two texts of one version were both agreed to. Neither takes effect by itself.
    Torn {
        /// Which version.
        version: u32,
    },
}
