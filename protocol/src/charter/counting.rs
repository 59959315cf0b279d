//! Counting the votes for one text while they come in, each checked once.

use std::collections::{BTreeMap, BTreeSet};

use super::amendment::{check_vote, standing};
use super::difference::Difference;
use super::vote::{self, Voice, Vote};
use super::{Amendment, AmendmentError, Charter, Standing};
use crate::id::{AgencyId, Fingerprint, Hash, LogId};

/// The votes for a text that follows the charter in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    charter: Charter,
    hash: Hash,
    concerned: Vec<LogId>,
    major: bool,
    votes: BTreeMap<AgencyId, (Voice, Vote)>,
    against: BTreeSet<AgencyId>,
}

impl Counting {
    /// Begins with no vote.
    ///
    /// # Errors
    /// [`AmendmentError`] when the text does not follow `present`.
    pub fn new(present: &Charter, charter: Charter) -> Result<Self, AmendmentError> {
        let changes = charter.follows(present)?;
        let (concerned, major) = (Amendment::concerned(&changes), changes.iter().any(Difference::needs_two_thirds));
        Ok(Self { hash: charter.hash()?, charter, concerned, major, votes: BTreeMap::new(), against: BTreeSet::new() })
    }

    /// The text.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The agencies whose votes for it count.
    pub fn agencies(&self) -> impl Iterator<Item = &AgencyId> {
        self.votes.keys()
    }

    /// Whether this agency's vote was counted.
    #[must_use]
    pub fn has(&self, agency: &AgencyId) -> bool {
        self.votes.contains_key(agency)
    }

    /// Counts a vote, when it is the agency's first and right; `present` is the charter that the text follows.
    ///
    /// # Errors
    /// [`AmendmentError`] when it does not count.
    pub fn add(&mut self, federation: &Fingerprint, present: &Charter, vote: &Vote) -> Result<(), AmendmentError> {
        if self.has(&vote.body.agency) {
            return Err(AmendmentError::Twice(vote.body.agency.clone()));
        }
        let (voice, _) = check_vote(vote, federation, present, (&self.charter, &self.hash), &self.concerned)?;
        self.votes.insert(vote.body.agency.clone(), (voice, vote.clone()));
        Ok(())
    }

    /// Who is against it.
    #[must_use]
    pub fn against(&self) -> &BTreeSet<AgencyId> {
        &self.against
    }

    /// Counts a vote against it.
    ///
    /// # Errors
    /// [`AmendmentError`] when it is about something else, or not signed by its voter.
    pub fn object(&mut self, federation: &Fingerprint, present: &Charter, vote: &Vote) -> Result<(), AmendmentError> {
        let ballot = &vote.body;
        if ballot.accept || (ballot.version, ballot.charter) != (self.charter.version, self.hash) {
            return Err(AmendmentError::OtherBallot(ballot.agency.clone()));
        }
        vote.verify(federation, present, &self.charter)?;
        self.against.insert(ballot.agency.clone());
        Ok(())
    }

    /// Whether so many present members are against it that it can never be agreed to.
    #[must_use]
    pub fn failed(&self, present: &Charter) -> bool {
        let against = vote::count(present, self.against.iter().filter(|agency| !self.has(agency)));
        vote::voices(present).saturating_sub(against) < vote::voices_needed(vote::voices(present), self.major)
    }

    /// Whether the votes decide where a log ends.
    #[must_use]
    pub fn ends_a_log(&self) -> bool {
        !self.concerned.is_empty()
    }

    /// How far it has come.
    #[must_use]
    pub fn standing(&self, present: &Charter) -> Standing {
        standing(present, &self.charter, self.major, self.votes.iter().map(|(agency, (voice, _))| (agency, *voice)))
    }

    /// The text with the votes counted so far.
    #[must_use]
    pub fn amendment(&self) -> Amendment {
        Amendment { charter: self.charter.clone(), votes: self.votes.values().map(|(_, vote)| vote.clone()).collect() }
    }
}
