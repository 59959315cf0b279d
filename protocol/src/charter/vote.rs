//! Votes on the next version of a charter: who may cast one, what each says, and how many it takes (protocol,
//! "Amending").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Charter, CharterError};
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash, LogId};
use crate::keys::{Purpose, SecretKey, Signature};
use crate::limits;
use crate::log::checkpoint::Checkpoint;
use crate::log::note::Note;

/// The highest head of a log that the voter cosigned, whole. It cosigns none above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastHead {
    /// Which log.
    pub log: LogId,
    /// The lines of the note; none when it never cosigned a head of this log.
    pub note: Vec<String>,
}

impl LastHead {
    /// A note as the lines of a record: canonical text holds no line feeds.
    #[must_use]
    pub fn new(log: LogId, note: Option<&str>) -> Self {
        Self { log, note: note.map(|note| note.split('\n').map(str::to_owned).collect()).unwrap_or_default() }
    }

    /// Records that the head covers: 0 without one. `None` when the note is no head of this log.
    #[must_use]
    pub fn size(&self, federation: &Fingerprint) -> Option<u64> {
        if self.note.is_empty() {
            return Some(0);
        }
        let note = Note::parse(&self.note.join("\n")).ok()?;
        let head = Checkpoint::parse(&note.text).ok()?;
        // Of whichever epoch: all are one tree.
        let log = LogId::from_origin(&head.origin, federation).ok()?;
        (log.agency == self.log.agency).then_some(head.size)
    }
}

/// What one member says of a proposed version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// Which version is voted on.
    pub version: u32,
    /// The hash of its text.
    pub charter: Hash,
    /// Who votes.
    pub agency: AgencyId,
    /// For it or against it.
    pub accept: bool,
    /// Of each log that the version ends or takes rights from, by log: what the voter saw of it.
    pub heads: Vec<LastHead>,
}

/// A ballot signed by the voter's identity key. It stands in the voter's log, so that two different ones are evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// What is said.
    pub body: Ballot,
    /// By the voter's identity key, purpose `vote`.
    pub signature: Signature,
}

impl Ballot {
    /// Signs it with the identity key.
    ///
    /// # Errors
    /// [`CharterError::Canonical`] when a field cannot be written.
    pub fn sign(self, federation: &Fingerprint, identity: &SecretKey) -> Result<Vote, CharterError> {
        let text = canonical::encode(&self, limits::RECORD_BYTES)?;
        let signature = identity.sign(Purpose::Vote, federation, &text);
        Ok(Vote { body: self, signature })
    }
}

/// In which version's electorate a vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A member now, and still one afterwards or not.
    Present,
    /// A member only of the version voted on, or by the key that it lists.
    Future,
}

impl Vote {
    /// Checks the signature: by the key that the present version lists, else by the one that the next does.
    ///
    /// # Errors
    /// [`CharterError::NotAMember`] of neither version, [`CharterError::Signature`].
    pub fn verify(&self, federation: &Fingerprint, present: &Charter, next: &Charter) -> Result<Voice, CharterError> {
        let text = canonical::encode(&self.body, limits::RECORD_BYTES)?;
        let agency = &self.body.agency;
        let mut outcome = Err(CharterError::NotAMember(agency.clone()));
        for (charter, voice) in [(present, Voice::Present), (next, Voice::Future)] {
            let Some(member) = charter.member(agency) else { continue };
            match member.identity.verify(Purpose::Vote, federation, &text, &self.signature) {
                Ok(()) => return Ok(voice),
                Err(cause) => outcome = Err(CharterError::Signature { agency: agency.clone(), cause }),
            }
        }
        outcome
    }
}

/// Voices needed of `voices`: more than half, or floor(2N/3) + 1 where members, identity keys or witnesses change.
#[must_use]
pub fn voices_needed(voices: usize, changes_members: bool) -> usize {
    if changes_members { voices - voices.div_ceil(3) + 1 } else { voices / 2 + 1 }
}

/// Voices of a version: members, those under one parent counted once.
#[must_use]
pub fn voices(charter: &Charter) -> usize {
    charter.members.iter().map(|member| charter.group(&member.id)).collect::<BTreeSet<_>>().len()
}

/// Voices of a version among these agencies. Agencies under one parent are a voice when more than half of them are among these:
/// else two of them could give it to two texts.
pub(super) fn count<'a>(charter: &Charter, agencies: impl IntoIterator<Item = &'a AgencyId>) -> usize {
    let agencies: BTreeSet<&AgencyId> = agencies.into_iter().collect();
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for member in &charter.members {
        let (all, among) = groups.entry(charter.group(&member.id)).or_default();
        *all += 1;
        *among += usize::from(agencies.contains(&member.id));
    }
    groups.values().filter(|(all, among)| 2 * among > *all).count()
}

/// Where a log ends for good by what its witnesses among the voters saw: the (n-k+1)-th largest of their heads, so that
/// at least one honest witness saw it, and never below a head that had its quorum. `None` with too few of them.
pub(super) fn cut_off(present: &Charter, log: &LogId, seen: &BTreeMap<AgencyId, u64>) -> Option<u64> {
    let witnesses = present.witnesses(&log.agency);
    let mut largest: BTreeMap<_, u64> = BTreeMap::new();
    for (agency, group) in witnesses.agencies() {
        if let Some(size) = seen.get(agency) {
            let entry = largest.entry(group.clone()).or_default();
            *entry = (*size).max(*entry);
        }
    }
    let mut sizes: Vec<u64> = largest.into_values().collect();
    sizes.sort_unstable();
    sizes.iter().rev().nth(witnesses.tolerated()).copied()
}
