//! `AGENCY.fork.json`: evidence that a log told two stories, for whoever has nothing but this file and a pinned
//! fingerprint (protocol, "Logs and witnesses").
//!
//! It accuses an agency, so it shows nothing that is not proven from the charter down: the agency's identity key stands in
//! the chain, signed the log's first key set, whose log key signed both heads, which cannot both be true. Who reads it
//! learns who cosigned which head, and what of the log still holds.

mod file;

use std::sync::Arc;

use serde::Serialize;

pub use file::{ForkFile, KIND};

use super::Trust;
use super::verdict::{Federation, Outcome};
use crate::canonical::CanonicalError;
use crate::charter::Chain;
use crate::check::{self, CheckError, CheckedHead, KeyBook};
use crate::id::{AgencyId, Hash, LogId, Name};
use crate::limits;
use crate::log::fork::{ForkError, ForkEvidence};
use crate::message::Head;
use crate::time::Timestamp;

/// The `v` of the files that are read here.
const VERSION: u32 = 1;

/// Why a file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkFileError {
    /// The input is larger than any such file.
    #[error("the input has more than {} bytes, which no such file has", limits::DOCUMENT_BYTES)]
    TooLarge,
    /// The input is something else.
    #[error("there is no evidence of a fork in this input")]
    NotEvidence,
    /// It says that it is such a file, but cannot be read.
    #[error("this was evidence of a fork, but it is damaged or was changed: {0}")]
    Damaged(CanonicalError),
    /// A format that this program does not read.
    #[error("it is a file of version {version}, and this program reads version {VERSION}: use a newer program")]
    OtherVersion {
        /// The file's.
        version: u32,
    },
    /// The charter chain does not hold.
    #[error("the charter in the file is not signed as it has to be")]
    Charter,
    /// Another federation than the reader's.
    #[error("it is about a log of the federation {words}, which you do not trust")]
    OtherFederation {
        /// Eight words of its fingerprint.
        words: String,
    },
    /// The file's charter chain and the reader's part ways.
    #[error("the file follows another version {version} of the charter than the one you know")]
    OtherCharter {
        /// The first version that differs.
        version: u32,
    },
    /// The heads are of no member's log.
    #[error("the heads are of no log of a member of this federation")]
    OtherLog,
    /// A key set was not signed by the identity key of its agency, or stands twice.
    #[error("the key set of {agency} is not signed by its identity key, or does not belong here")]
    KeySet {
        /// Whose.
        agency: AgencyId,
    },
    /// More hashes than any proof has.
    #[error("the evidence has more than {} hashes in one proof", limits::PROOF_HASHES)]
    TooManyHashes,
    /// The two heads do not contradict each other, or are not signed by the log's key.
    #[error("the two heads prove nothing: {0}")]
    Unproven(ForkError),
    /// A cosignature fails, or the settled head is none of this log.
    #[error("a head in the file is not what it says: {0}")]
    Head(CheckError),
}

impl ForkFileError {
    /// The same in one word, with its exit code, as for labels.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::OtherFederation { .. } => Outcome::UnknownSigner,
            Self::OtherVersion { .. } | Self::OtherCharter { .. } => Outcome::CannotTell,
            Self::TooLarge | Self::NotEvidence => Outcome::NoLabel,
            _ => Outcome::NotAuthentic,
        }
    }

    /// The exit code of `parangon verify`.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.outcome().code()
    }
}

/// A member that cosigned a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosigner {
    /// Who.
    pub agency: AgencyId,
    /// When, as it says.
    pub time: Timestamp,
}

/// A head that the log's key signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForkHead {
    /// Records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The members whose cosignatures the file has.
    pub cosigned_by: Vec<Cosigner>,
    /// Whether they are a quorum, whichever version of the charter rules the head.
    pub quorum: bool,
}

/// How the heads contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Difference {
    /// One size, two roots.
    SameSize,
    /// The second head's tree begins with other records than the first head's.
    Beginning,
    /// Other records at this index.
    Record {
        /// The index.
        index: u64,
    },
}

/// What the file proves. Field names are stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForkStatement {
    /// Always `forked`: a label file has other verdicts.
    pub verdict: &'static str,
    /// The exit code that goes with it, 15: nothing new of this log can be told to be true.
    pub code: u8,
    /// One sentence for people.
    pub sentence: String,
    /// The federation.
    pub federation: Federation,
    /// Whose log.
    pub agency: AgencyId,
    /// Its name in the newest charter that lists it.
    pub name: Name,
    /// Which of its logs, from 1.
    pub epoch: u32,
    /// The head with fewer records, or the one with the smaller root.
    pub first: ForkHead,
    /// The other head.
    pub second: ForkHead,
    /// How they contradict each other.
    pub difference: Difference,
    /// The largest head that had its quorum before the log was frozen, as the maker of the file knew it: what stands
    /// under it still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<ForkHead>,
}

/// What a file proves to a reader with this trust. Without a pin it is shown as *not pinned*; the accused is then only as
/// real as the federation in the file.
///
/// # Errors
/// [`ForkFileError`]: it proves nothing, and nothing of its content may be shown.
pub fn examine(file: &[u8], trust: &Trust) -> Result<ForkStatement, ForkFileError> {
    let file = ForkFile::read(file)?;
    if file.v != VERSION {
        return Err(ForkFileError::OtherVersion { version: file.v });
    }
    let chain = Chain::read(file.chain(), None).map_err(|_| ForkFileError::Charter)?;
    let fingerprint = *chain.fingerprint();
    let pinned = trust.pinned(&fingerprint);
    if pinned == Some(false) {
        return Err(ForkFileError::OtherFederation { words: fingerprint.words() });
    }
    let chain = Arc::new(trust.newest(chain).map_err(|version| ForkFileError::OtherCharter { version })?);
    let proof = file.proof();
    bounded(&proof.evidence)?;
    let origin = proof.origin().map_err(ForkFileError::Unproven)?;
    let LogId { agency, epoch } = LogId::from_origin(&origin, &fingerprint).map_err(|_| ForkFileError::OtherLog)?;
    let log = LogId::first(agency);
    let name = chain.versions().rev().find_map(|charter| charter.member(&log.agency)).ok_or(ForkFileError::OtherLog)?.name.clone();
    let book = keys(&file, &log, &chain)?;
    check::fork(&book, proof.clone()).map_err(unproven)?;
    let head = |note: String| check::head(&book, &Head { log: log.clone(), note }).map(|head| facts(&chain, &head));
    let [first, second] = [head(proof.first), head(proof.second)].map(|head| head.map_err(ForkFileError::Head));
    let (first, second) = (first?, second?);
    let settled = file.settled().map(head).transpose().map_err(ForkFileError::Head)?;
    let federation = Federation::of(&chain, pinned == Some(true));
    let difference = difference(&proof.evidence);
    let sentence = sentence(&log, &first, &second, difference, &federation);
    Ok(ForkStatement {
        verdict: "forked",
        code: Outcome::CannotTell.code(),
        sentence,
        federation,
        agency: log.agency,
        name,
        epoch,
        first,
        second,
        difference,
        settled,
    })
}

fn bounded(evidence: &ForkEvidence) -> Result<(), ForkFileError> {
    let longest = match evidence {
        ForkEvidence::SameSize => 0,
        ForkEvidence::Beginning { proof, .. } => proof.len(),
        ForkEvidence::Leaf { first, second, .. } => first.proof.len().max(second.proof.len()),
    };
    if longest > limits::PROOF_HASHES { Err(ForkFileError::TooManyHashes) } else { Ok(()) }
}

/// The log's first key set, and the witness keys of the other members.
fn keys(file: &ForkFile, log: &LogId, chain: &Arc<Chain>) -> Result<KeyBook, ForkFileError> {
    let mut book = KeyBook::new(chain.clone());
    let wrong = |agency: &AgencyId| ForkFileError::KeySet { agency: agency.clone() };
    book.insert(log, 0, &file.keyset).map_err(|_| wrong(&log.agency))?;
    for placed in &file.witnesses {
        let agency = &placed.keyset.body.agency;
        if *agency == log.agency {
            return Err(wrong(agency));
        }
        placed.place(&mut book).map_err(|_| wrong(agency))?;
    }
    Ok(book)
}

fn unproven(error: CheckError) -> ForkFileError {
    match error {
        CheckError::Fork(cause) => ForkFileError::Unproven(cause),
        other => ForkFileError::Head(other),
    }
}

fn facts(chain: &Chain, head: &CheckedHead) -> ForkHead {
    let times = || head.cosignatures().iter().map(|(agency, cosignature)| (agency.clone(), cosignature.time));
    // Which version rules the head stands in a record that is not in the file: so it has to be a quorum under all.
    let quorum = chain.versions().all(|charter| charter.witnesses(&head.log().agency).tally(times()).reached());
    let checkpoint = head.checkpoint();
    ForkHead {
        size: checkpoint.size,
        root: checkpoint.root,
        cosigned_by: times().map(|(agency, time)| Cosigner { agency, time }).collect(),
        quorum,
    }
}

fn difference(evidence: &ForkEvidence) -> Difference {
    match evidence {
        ForkEvidence::SameSize => Difference::SameSize,
        ForkEvidence::Beginning { .. } => Difference::Beginning,
        ForkEvidence::Leaf { index, .. } => Difference::Record { index: *index },
    }
}

fn sentence(log: &LogId, first: &ForkHead, second: &ForkHead, difference: Difference, federation: &Federation) -> String {
    let (small, large) = (first.size, second.size);
    let story = match difference {
        Difference::SameSize => format!("it signed two different heads of {small} records"),
        Difference::Beginning => {
            format!("it signed heads of {small} and of {large} records, and the larger one begins with other records than the smaller one")
        }
        Difference::Record { index } => {
            format!("it signed heads of {small} and of {large} records that hold different records at index {index}")
        }
    };
    let story = format!("The log of {log} told two stories: {story}.");
    if federation.pinned {
        story
    } else {
        format!("{story} That is consistent with the federation {}, which you have not pinned.", federation.words)
    }
}
