//! Everything about foreign bytes that needs no state but the known keys: bounds, grammar, strict signatures.
//!
//! A node runs these in a pool of workers before its state machine, so that [`crate::replica::Replica::step`]
//! takes checked values only. The types here have private fields and no other constructor: holding one is proof
//! that its checks were made.
//!
//! ```compile_fail
//! # use parangon_protocol::check::CheckedHead;
//! fn claim(head: CheckedHead) -> CheckedHead {
//!     CheckedHead { ..head }
//! }
//! ```

mod book;
mod fork;
mod label;
mod memo;
mod proposal;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use book::KeyBook;
pub use fork::{CheckedFork, fork};
pub use label::{Flaw, Soundness, label as check_label, rules as label_rules};
pub use proposal::{CheckedProposal, ProposalError, chain, proposal};

use crate::id::{AgencyId, Hash, LogId, witness_name};
use crate::keys::{KeySetError, PublicKey};
use crate::limits;
use crate::log::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint};
use crate::log::cosignature::{self, CosignatureError};
use crate::log::fork::ForkError;
use crate::log::last_seen::{LastSeen, LastSeenError};
use crate::log::merkle;
use crate::log::note::{Note, NoteError, NoteSignature};
use crate::log::stated::stated;
use crate::message;
use crate::record::{Record, RecordError};
use crate::time::Timestamp;

/// Why bytes from another node were refused. Nothing was changed by them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The log belongs to nobody in the charter.
    #[error("{0} is not a member")]
    NotAMember(AgencyId),
    /// A log goes by the name of its first epoch, whichever its head is of.
    #[error("{0} is no name of a log: all its epochs go by that of the first one")]
    Epoch(LogId),
    /// The log's key is not known yet, and these bytes do not begin with its key set.
    #[error("the keys of {0} are not known yet")]
    UnknownKey(LogId),
    /// The note is malformed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is malformed, of another log, or not signed by the log's key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A member's cosignature fails.
    #[error("cosignature of {witness}: {cause}")]
    Cosignature {
        /// Whose.
        witness: AgencyId,
        /// Why.
        cause: CosignatureError,
    },
    /// Two heads that are no proof of a fork.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// What a witness says that it saw last is not signed by it, or answers another question.
    #[error("the answer of {witness} to what it saw last does not count")]
    LastSeen {
        /// Whose.
        witness: AgencyId,
        /// Why, where its signature fails.
        cause: Option<LastSeenError>,
    },
    /// A record is malformed.
    #[error("record {index}: {cause}")]
    Record {
        /// Its index.
        index: u64,
        /// Why.
        cause: RecordError,
    },
    /// A key set is not signed by the identity key of the log's owner.
    #[error("record {index}: {cause}")]
    KeySet {
        /// Its index.
        index: u64,
        /// Why.
        cause: KeySetError,
    },
    /// A log must begin with its owner's key set.
    #[error("the log does not begin with a key set of its owner")]
    NoKeySet,
    /// More records, bytes or hashes than one answer may carry.
    #[error("the answer is larger than allowed")]
    TooLarge,
    /// An empty answer, or one that does not end where its head says.
    #[error("records {start}..{end} do not fit a head of size {size}")]
    Extent {
        /// First index.
        start: u64,
        /// One past the last.
        end: u64,
        /// The head's size.
        size: u64,
    },
}

/// A head whose log signature and member cosignatures were verified strictly. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CheckedHead {
    /// The newest version of the charter that was known when this was checked.
    charter: u32,
    log: LogId,
    epoch: u32,
    /// The number of the key set that brought the log key which signed it.
    keyset: u32,
    signed: Arc<SignedCheckpoint>,
    cosignatures: Arc<BTreeMap<AgencyId, Cosignature>>,
}

/// A member's verified cosignature on one head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// When the witness says it signed.
    pub time: Timestamp,
    /// The note's signature line.
    pub line: NoteSignature,
}

/// A cosignature with the head it is for, verified.
#[derive(Debug, Clone)]
pub struct CheckedCosignature {
    log: LogId,
    witness: AgencyId,
    size: u64,
    cosignature: Cosignature,
}

/// A record that was parsed and whose own signatures were verified as far as the keys are known.
#[derive(Debug, Clone)]
pub struct CheckedRecord {
    bytes: Vec<u8>,
    leaf: Hash,
    record: Record,
    soundness: Soundness,
}

/// A span of a log with the head it leads to.
#[derive(Debug, Clone)]
pub struct CheckedSpan {
    head: CheckedHead,
    start: u64,
    records: Arc<[CheckedRecord]>,
    proof: Vec<Hash>,
}

/// A witness's verified answer to what it saw last of our log.
#[derive(Debug, Clone)]
pub struct CheckedLastSeen {
    witness: AgencyId,
    nonce: Hash,
    held: Option<CheckedHead>,
    seen: Option<CheckedHead>,
}

impl CheckedLastSeen {
    /// Who answers, to which question, the head whose records it holds, and another one that it saw.
    pub(crate) fn into_parts(self) -> (AgencyId, Hash, [Option<CheckedHead>; 2]) {
        (self.witness, self.nonce, [self.held, self.seen])
    }
}

impl CheckedHead {
    /// A head without cosignatures: a [`SignedCheckpoint`] is proof of the log's signature.
    pub(crate) fn alone(log: LogId, (keyset, epoch): (u32, u32), signed: SignedCheckpoint) -> Self {
        Self { charter: 0, log, epoch, keyset, signed: Arc::new(signed), cosignatures: Arc::default() }
    }

    /// The newest version of the charter that was known when this was checked.
    pub(crate) fn charter(&self) -> u32 {
        self.charter
    }

    /// Which log.
    #[must_use]
    pub fn log(&self) -> &LogId {
        &self.log
    }

    /// Which of its epochs.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What decides which of two heads is of the later story: the key set that brought the key, then the epoch.
    pub(crate) fn rank(&self) -> (u32, u32) {
        (self.keyset, self.epoch)
    }

    /// Size and root.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        self.signed.checkpoint()
    }

    /// The note as received, with lines by unknown keys.
    #[must_use]
    pub fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Members' cosignatures.
    #[must_use]
    pub fn cosignatures(&self) -> &BTreeMap<AgencyId, Cosignature> {
        &self.cosignatures
    }
}

impl CheckedCosignature {
    /// Which log, which size, who, and the line.
    #[must_use]
    pub fn parts(&self) -> (&LogId, u64, &AgencyId, &Cosignature) {
        (&self.log, self.size, &self.witness, &self.cosignature)
    }
}

impl CheckedRecord {
    /// The canonical text.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its Merkle leaf hash.
    #[must_use]
    pub fn leaf(&self) -> &Hash {
        &self.leaf
    }

    /// What it says.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether it keeps the rules that can be told from keys and charter.
    #[must_use]
    pub fn soundness(&self) -> &Soundness {
        &self.soundness
    }
}

impl CheckedSpan {
    /// The head.
    #[must_use]
    pub fn head(&self) -> &CheckedHead {
        &self.head
    }

    /// First index.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[CheckedRecord] {
        &self.records
    }

    /// Consistency of the span's end with the head.
    #[must_use]
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }
}

/// Checks a head on its own.
///
/// # Errors
/// [`CheckError`]: [`CheckError::UnknownKey`] means that the log has to be pulled from its start first.
pub fn head(book: &KeyBook, head: &message::Head) -> Result<CheckedHead, CheckError> {
    named(book, &head.log)?;
    if !book.knows(&head.log) {
        return Err(CheckError::UnknownKey(head.log.clone()));
    }
    head_with(book, &head.log, &head.note)
}

/// The key that a head of `log` has to be signed by, and the name of its epoch.
///
/// # Errors
/// [`CheckError`] for what is no note, or a log whose keys are not known.
pub fn signer(book: &KeyBook, log: &LogId, note: &str) -> Result<(PublicKey, LogId), CheckError> {
    numbered(book, log, note).map(|(key, _, claimed)| (key, claimed))
}

fn numbered(book: &KeyBook, log: &LogId, note: &str) -> Result<(PublicKey, u32, LogId), CheckError> {
    let claimed = log.claimed_by(note, book.federation());
    let stated = stated(&Note::parse(note)?);
    let (key, keyset) = book.signer(log, claimed.epoch, stated.as_ref()).ok_or_else(|| CheckError::UnknownKey(log.clone()))?;
    Ok((key, keyset, claimed))
}

fn member(book: &KeyBook, agency: &AgencyId) -> Result<(), CheckError> {
    if book.chain().knows(agency) { Ok(()) } else { Err(CheckError::NotAMember(agency.clone())) }
}

/// The log of somebody whom a version of the charter lists, by its name. Under another one the same head would be another log's.
fn named(book: &KeyBook, log: &LogId) -> Result<(), CheckError> {
    if log.epoch == 1 { member(book, &log.agency) } else { Err(CheckError::Epoch(log.clone())) }
}

fn head_with(book: &KeyBook, log: &LogId, note: &str) -> Result<CheckedHead, CheckError> {
    let (key, keyset, claimed) = numbered(book, log, note)?;
    let signed = checkpoint::open_once(note, &key, &claimed.origin(book.federation()), |by, text, signature| {
        book.memo().once(&[key.as_bytes(), text.as_bytes(), &signature.bytes], || by.check(text, signature))
    })?;
    let mut cosignatures = BTreeMap::new();
    for line in &signed.note().signatures {
        // A line under a member's name by a key that it is not known to have had is one by an unknown key.
        let Some((witness, key)) = book.witness_of(line) else { continue };
        if witness == log.agency {
            continue;
        }
        let time = witnessed(book, signed.checkpoint(), &witness, &key, line)?;
        cosignatures.insert(witness, Cosignature { time, line: line.clone() });
    }
    let charter = book.chain().newest().version;
    Ok(CheckedHead {
        charter,
        log: log.clone(),
        epoch: claimed.epoch,
        keyset,
        signed: Arc::new(signed),
        cosignatures: Arc::new(cosignatures),
    })
}

/// Checks a cosignature line, once.
fn witnessed(
    book: &KeyBook,
    head: &Checkpoint,
    witness: &AgencyId,
    key: &PublicKey,
    line: &NoteSignature,
) -> Result<Timestamp, CheckError> {
    let body = head.body();
    let wrong = |cause| CheckError::Cosignature { witness: witness.clone(), cause };
    let check = || cosignature::verify(head, &witness_name(book.federation(), witness), key, line).map(drop);
    book.memo().once(&[key.as_bytes(), line.name.as_bytes(), &line.id, &line.bytes, body.as_bytes()], check).map_err(wrong)?;
    cosignature::claimed_time(line).map_err(wrong)
}

/// Checks one cosignature line against the head that the receiver holds.
///
/// # Errors
/// [`CheckError`] when the line is malformed, by no member, or does not verify.
pub fn cosignature(book: &KeyBook, log: &LogId, head: &Checkpoint, line: &str) -> Result<CheckedCosignature, CheckError> {
    let line = NoteSignature::parse(line)?;
    let (witness, key) = book.witness_of(&line).ok_or_else(|| CheckError::UnknownKey(log.clone()))?;
    let time = witnessed(book, head, &witness, &key, &line)?;
    Ok(CheckedCosignature { log: log.clone(), witness, size: head.size, cosignature: Cosignature { time, line } })
}

/// Checks what `from` says that it saw last of `agency`'s log, in answer to the question with this nonce.
///
/// # Errors
/// [`CheckError`] when it answers another question, is not signed by a witness key of `from`, or holds a head that does not
/// verify. [`CheckError::UnknownKey`] when the keys of one of the two are not known yet.
pub fn last_seen(book: &KeyBook, agency: &AgencyId, from: &AgencyId, nonce: &Hash, seen: &LastSeen) -> Result<CheckedLastSeen, CheckError> {
    let wrong = |cause| CheckError::LastSeen { witness: from.clone(), cause };
    let body = &seen.body;
    if (&body.agency, &body.witness, &body.nonce) != (agency, from, nonce) {
        return Err(wrong(None));
    }
    let (_, keys) = book.current(from).ok_or_else(|| CheckError::UnknownKey(LogId::first(from.clone())))?;
    seen.verify(book.federation(), &keys.witness).map_err(|cause| wrong(Some(cause)))?;
    let log = LogId::first(agency.clone());
    let open = |note: Option<String>| note.map(|note| head(book, &message::Head { log: log.clone(), note })).transpose();
    let [held, seen] = body.notes();
    Ok(CheckedLastSeen { witness: from.clone(), nonce: *nonce, held: open(held)?, seen: open(seen)? })
}

/// Checks a gossiped growth or a pulled range: bounds first, then the head's signatures, then each record.
///
/// # Errors
/// [`CheckError`]; the first one found.
pub fn span(
    book: &KeyBook,
    log: &LogId,
    note: &str,
    start: u64,
    records: Vec<Vec<u8>>,
    proof: Vec<Hash>,
) -> Result<CheckedSpan, CheckError> {
    let (head, book) = span_head(book, log, note, start, &records, &proof)?;
    let records = records.into_iter().zip(start..).map(|(bytes, index)| record(&book, log, index, bytes)).collect::<Result<_, _>>()?;
    Ok(CheckedSpan { head, start, records, proof })
}

/// The part of [`span`] that comes before the records: its head, and the key book extended by a key set that the
/// span itself brings. A node that spreads the records over several workers calls this, [`record`] and [`assemble`].
///
/// # Errors
/// As [`span`].
pub fn span_head<'a>(
    book: &'a KeyBook,
    log: &LogId,
    note: &str,
    start: u64,
    records: &[Vec<u8>],
    proof: &[Hash],
) -> Result<(CheckedHead, std::borrow::Cow<'a, KeyBook>), CheckError> {
    named(book, log)?;
    let count = u64::try_from(records.len()).map_err(|_| CheckError::TooLarge)?;
    if count > limits::RANGE_RECORDS || proof.len() > limits::PROOF_HASHES {
        return Err(CheckError::TooLarge);
    }
    let mut book = std::borrow::Cow::Borrowed(book);
    if !book.knows(log) {
        if start > 0 {
            return Err(CheckError::UnknownKey(log.clone()));
        }
        let first = records.first().ok_or_else(|| CheckError::UnknownKey(log.clone()))?;
        let Record::KeySet(set) = Record::read(first).map_err(|cause| CheckError::Record { index: 0, cause })? else {
            return Err(CheckError::NoKeySet);
        };
        book.to_mut().insert(log, 0, &set).map_err(|cause| CheckError::KeySet { index: 0, cause })?;
    }
    let head = head_with(&book, log, note)?;
    let end = start.checked_add(count).ok_or(CheckError::TooLarge)?;
    let size = head.checkpoint().size;
    if end > size { Err(CheckError::Extent { start, end, size }) } else { Ok((head, book)) }
}

/// Checks one record of `log`: grammar, and its own signatures.
///
/// # Errors
/// [`CheckError::Record`] for malformed bytes, [`CheckError::KeySet`] and [`CheckError::NoKeySet`] for key sets. A
/// record that breaks a label's rules is no error: it is void and says so in its [`Soundness`].
pub fn record(book: &KeyBook, log: &LogId, index: u64, bytes: Vec<u8>) -> Result<CheckedRecord, CheckError> {
    let record = Record::read(&bytes).map_err(|cause| CheckError::Record { index, cause })?;
    if index == 0 && !matches!(record, Record::KeySet(_)) {
        return Err(CheckError::NoKeySet);
    }
    let soundness = match &record {
        Record::KeySet(set) => {
            book.verify_set(log, set).map_err(|cause| CheckError::KeySet { index, cause })?;
            Soundness::Sound
        }
        Record::Epoch(opening) => {
            if let Some(set) = &opening.keyset {
                book.verify_set(log, set).map_err(|cause| CheckError::KeySet { index, cause })?;
            }
            Soundness::Sound
        }
        Record::Label(label) => check_label(book, log, label),
        _ => Soundness::Sound,
    };
    let leaf = merkle::leaf_hash(&bytes);
    Ok(CheckedRecord { bytes, leaf, record, soundness })
}

/// Puts a span together again whose records were checked one by one under the book that [`span_head`] returned.
#[must_use]
pub fn assemble(head: CheckedHead, start: u64, records: Vec<CheckedRecord>, proof: Vec<Hash>) -> CheckedSpan {
    CheckedSpan { head, start, records: records.into(), proof }
}
