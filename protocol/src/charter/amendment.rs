//! The next version of a charter with the votes that made it the law (protocol, "Amending", "Expelling, leaving").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::difference::{Difference, differences};
use super::vote::{self, Voice, Vote, voices, voices_needed};
use super::{Charter, CharterError, RekeyingError, ResumptionError, rekeying, resumption};
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash, LogId};
use crate::limits;

/// A version and who agreed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The version that follows.
    pub charter: Charter,
    /// Votes for it, one of an agency.
    pub votes: Vec<Vote>,
}

/// Why a version does not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmendmentError {
    /// The charter or a vote is wrong in itself.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// Another version than the next one: a step was left out, or this one is old.
    #[error("version {found} does not follow version {present}")]
    Version {
        /// The newest version known.
        present: u32,
        /// The one offered.
        found: u32,
    },
    /// It follows another text of the version before.
    #[error("it follows another text of version {0}")]
    Previous(u32),
    /// It changes nothing.
    #[error("it changes nothing")]
    Nothing,
    /// A federation for trying things out becomes a real one, or the other way round.
    #[error("a demonstration stays one")]
    Demonstration,
    /// What a federation continues is decided when it is founded.
    #[error("the federation that is continued cannot change")]
    Refounding,
    /// An identity key and the witnesses in one step: whoever stole the key could choose who watches.
    #[error("an identity key and the witnesses cannot change in one amendment")]
    KeyAndWitnesses,
    /// A new identity key that the member had not committed to: only the majority's re-keying can set one.
    #[error("{0} had not committed to this identity key")]
    NotCommitted(AgencyId),
    /// What it does to a re-keying.
    #[error(transparent)]
    Rekeying(#[from] RekeyingError),
    /// What it does to a resumption.
    #[error(transparent)]
    Resumption(#[from] ResumptionError),
    /// The id, or a key, of an agency that was a member earlier.
    #[error("{0} was used before: ids and keys of former members are not given away again")]
    Reused(AgencyId),
    /// A vote for another text or version.
    #[error("{0} voted on something else")]
    OtherBallot(AgencyId),
    /// A vote against it among those for it.
    #[error("{0} rejects it")]
    Rejected(AgencyId),
    /// Two votes of one agency.
    #[error("two votes of {0}")]
    Twice(AgencyId),
    /// Too few votes.
    #[error("{have} of {needed} votes needed of the members of version {version}")]
    TooFew {
        /// Voices for it, agencies under one parent counted once.
        have: usize,
        /// Voices needed.
        needed: usize,
        /// Of whose members.
        version: u32,
    },
    /// A vote that does not say what the voter saw of a log that ends, or says it of another.
    #[error("the vote of {voter} does not name, whole, the last head it cosigned of each log concerned")]
    Heads {
        /// Who voted.
        voter: AgencyId,
    },
    /// Too few of the voters witnessed a log that ends.
    #[error("too few of those who voted witnessed the log {0}")]
    CutOff(LogId),
}

/// How far a vote has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Voices of the present members for it, and how many it takes.
    pub present: (usize, usize),
    /// Voices of the next version's members for it, and how many it takes.
    pub next: (usize, usize),
}

impl Standing {
    /// Whether it is accepted.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.present.0 >= self.present.1 && self.next.0 >= self.next.1
    }
}

impl Amendment {
    /// Reads an amendment as people pass it on (any spacing).
    ///
    /// # Errors
    /// When the text is not of this shape. What it says is checked by [`super::Chain::extend`].
    pub fn read(text: &[u8]) -> Result<Self, CharterError> {
        Ok(canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)?)
    }

    /// The logs whose end the votes must agree on: those of members that leave or lose a right. Epoch 1 stands for the
    /// agency's present log until epochs are followed.
    #[must_use]
    pub fn concerned(differences: &[Difference]) -> Vec<LogId> {
        let agencies: BTreeSet<&AgencyId> = differences.iter().filter_map(Difference::cuts).collect();
        agencies.into_iter().cloned().map(LogId::first).collect()
    }

    /// Counts the votes so far; each must be right, and there may be too few.
    ///
    /// # Errors
    /// [`AmendmentError`] but for [`AmendmentError::TooFew`] and [`AmendmentError::CutOff`].
    pub fn standing(&self, federation: &Fingerprint, present: &Charter) -> Result<Standing, AmendmentError> {
        self.count(federation, present).map(|count| count.standing)
    }

    /// Whether this version follows `present`: how many records of each log concerned the earlier rights still cover.
    /// Nothing at or above that index is covered.
    ///
    /// # Errors
    /// [`AmendmentError`] but for [`AmendmentError::Reused`], which takes the whole chain to know.
    pub(super) fn check(&self, federation: &Fingerprint, present: &Charter) -> Result<BTreeMap<LogId, u64>, AmendmentError> {
        let Count { concerned, votes, standing } = self.count(federation, present)?;
        for ((have, needed), version) in [(standing.present, present.version), (standing.next, self.charter.version)] {
            if have < needed {
                return Err(AmendmentError::TooFew { have, needed, version });
            }
        }
        let end = |log: LogId| {
            let of_log = |(agency, (_, heads)): (&&AgencyId, &Seen<'_>)| heads.get(&log).map(|size| ((*agency).clone(), *size));
            let size = vote::cut_off(present, &log, &votes.iter().filter_map(of_log).collect());
            size.map(|size| (log.clone(), size)).ok_or(AmendmentError::CutOff(log))
        };
        concerned.into_iter().map(end).collect()
    }

    /// Checks text and votes, once, and counts these.
    fn count(&self, federation: &Fingerprint, present: &Charter) -> Result<Count<'_>, AmendmentError> {
        let changes = self.charter.follows(present)?;
        let concerned = Self::concerned(&changes);
        let votes = self.check_votes(federation, present, &concerned)?;
        let major = changes.iter().any(Difference::needs_two_thirds);
        let standing = standing(present, &self.charter, major, votes.iter().map(|(agency, (voice, _))| (*agency, *voice)));
        Ok(Count { concerned, votes, standing })
    }

    fn check_votes(&self, federation: &Fingerprint, present: &Charter, concerned: &[LogId]) -> Result<Votes<'_>, AmendmentError> {
        let hash = self.charter.hash()?;
        let mut votes = BTreeMap::new();
        for vote in &self.votes {
            let seen = check_vote(vote, federation, present, (&self.charter, &hash), concerned)?;
            if votes.insert(&vote.body.agency, seen).is_some() {
                return Err(AmendmentError::Twice(vote.body.agency.clone()));
            }
        }
        Ok(votes)
    }
}

/// Voices for a text by those whose votes count, and voices needed.
pub(super) fn standing<'a>(present: &Charter, next: &Charter, major: bool, votes: impl Iterator<Item = (&'a AgencyId, Voice)>) -> Standing {
    let votes: Vec<_> = votes.collect();
    let of_present = votes.iter().filter(|(_, voice)| *voice == Voice::Present).map(|(agency, _)| *agency);
    Standing {
        present: (vote::count(present, of_present), voices_needed(voices(present), major)),
        next: (vote::count(next, votes.iter().map(|(agency, _)| *agency)), voices_needed(voices(next), false)),
    }
}

/// One vote for this text: in which electorate it counts, and what it says of the logs concerned.
pub(super) fn check_vote<'a>(
    vote: &'a Vote,
    federation: &Fingerprint,
    present: &Charter,
    (next, hash): (&Charter, &Hash),
    concerned: &[LogId],
) -> Result<Seen<'a>, AmendmentError> {
    let (ballot, voter) = (&vote.body, &vote.body.agency);
    if (ballot.version, ballot.charter) != (next.version, *hash) {
        return Err(AmendmentError::OtherBallot(voter.clone()));
    }
    let voice = vote.verify(federation, present, next)?;
    if !ballot.accept {
        return Err(AmendmentError::Rejected(voter.clone()));
    }
    let heads = heads(vote, voice, federation, concerned).ok_or_else(|| AmendmentError::Heads { voter: voter.clone() })?;
    Ok((voice, heads))
}

/// The votes of an amendment, checked, and what they amount to.
struct Count<'a> {
    concerned: Vec<LogId>,
    votes: Votes<'a>,
    standing: Standing,
}

/// In which electorate a vote counts, and how large the logs concerned were that the voter saw.
pub(super) type Seen<'a> = (Voice, BTreeMap<&'a LogId, u64>);

/// By agency.
type Votes<'a> = BTreeMap<&'a AgencyId, Seen<'a>>;

/// What the voter saw of the logs concerned: of each that is not its own, when it is a member now.
fn heads<'a>(vote: &'a Vote, voice: Voice, federation: &Fingerprint, concerned: &[LogId]) -> Option<BTreeMap<&'a LogId, u64>> {
    let watched = concerned.iter().filter(|log| voice == Voice::Present && log.agency != vote.body.agency);
    let given = &vote.body.heads;
    if !watched.eq(given.iter().map(|head| &head.log)) {
        return None;
    }
    given.iter().map(|head| Some((&head.log, head.size(federation)?))).collect()
}

impl Charter {
    /// The rules of a text that follows `present`, whoever agrees to it: what it changes.
    ///
    /// # Errors
    /// [`AmendmentError`] of the text.
    pub fn follows(&self, present: &Self) -> Result<Vec<Difference>, AmendmentError> {
        check_text(present, self)
    }
}

fn check_text(present: &Charter, next: &Charter) -> Result<Vec<Difference>, AmendmentError> {
    next.check()?;
    if present.version.checked_add(1) != Some(next.version) {
        return Err(AmendmentError::Version { present: present.version, found: next.version });
    }
    if next.previous != Some(present.hash()?) {
        return Err(AmendmentError::Previous(present.version));
    }
    if present.demonstration != next.demonstration {
        return Err(AmendmentError::Demonstration);
    }
    if present.refounds != next.refounds {
        return Err(AmendmentError::Refounding);
    }
    resumption::check(present, next)?;
    let changes = differences(present, next);
    if changes.is_empty() {
        return Err(AmendmentError::Nothing);
    }
    if let Some(agency) = changes.iter().find_map(|change| match change {
        Difference::Identity { agency, committed: false, .. } => Some(agency.clone()),
        _ => None,
    }) {
        return Err(AmendmentError::NotCommitted(agency));
    }
    rekeying::check(&changes, next)?;
    let any = |of: fn(&Difference) -> bool| changes.iter().any(of);
    if any(Difference::changes_keys) && any(Difference::changes_witnesses) { Err(AmendmentError::KeyAndWitnesses) } else { Ok(changes) }
}
