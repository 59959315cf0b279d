//! The final records of one round, by member, in the order of each log: all that members and readers agree on.
//!
//! In each attempt a member's first record binds it to one set of members, and its first `ready` or early fault is its vote. A log
//! only grows, so both are the same for everybody who has read far enough. Sums are opened when all votes are `ready`; the next
//! attempt begins where one is not. So never both, whoever lies.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, Fault, Plan, PoolError, PoolFault, PoolHash, PoolRecord, PoolTotal};
use crate::id::{AgencyId, Hash};

/// Records of one member that are looked at. Without repeating itself it needs three for each attempt.
const RECORDS: usize = 16;

/// Records of one round in one log that are looked at for sound ones: whoever writes on and on makes nobody read all of it.
pub const LOOKED_AT: usize = 64;

/// What the logs say of one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    round: Hash,
    records: BTreeMap<AgencyId, Vec<PoolRecord>>,
}

/// What may have been seen of a round's total, whether or not it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Nothing: in no attempt all were ready.
    Nothing,
    /// The sums of these members.
    Of(Vec<AgencyId>),
    /// As many were ready as an attempt needs, and of which set they are cannot be told.
    Unclear,
}

/// A member's vote in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote<'a> {
    /// It sees every hash and will open.
    Ready,
    /// It gives the attempt up.
    GivesUp(&'a PoolFault),
}

impl Board {
    /// Of this round, with no record yet.
    #[must_use]
    pub fn new(round: Hash) -> Self {
        Self { round, records: BTreeMap::new() }
    }

    /// Adds what stands next in an agency's log. Records of other rounds, and void ones, say nothing.
    pub fn push(&mut self, agency: &AgencyId, record: PoolRecord) {
        let sound = if let PoolRecord::Fault(fault) = &record { fault.check().is_ok() } else { true };
        if *record.round() != self.round || !sound {
            return;
        }
        let records = self.records.entry(agency.clone()).or_default();
        if records.len() < RECORDS {
            records.push(record);
        }
    }

    /// What this agency said of an attempt before it went on to a later one: anything after that is void.
    fn of(&self, agency: &AgencyId, number: u32) -> impl Iterator<Item = &PoolRecord> {
        let records = self.records.get(agency).map(Vec::as_slice).unwrap_or_default();
        records.iter().take_while(move |record| record.attempt() <= number).filter(move |record| record.attempt() == number)
    }

    /// Whether the first thing that this agency says of an attempt is about this set.
    fn is_bound(&self, agency: &AgencyId, number: u32, set: &Hash) -> bool {
        match self.of(agency, number).next() {
            Some(PoolRecord::Hash(hash)) => hash.set == *set,
            Some(PoolRecord::Fault(fault)) => fault.set == *set,
            Some(PoolRecord::Ready(_) | PoolRecord::Total(_)) | None => false,
        }
    }

    /// The hash of this member's sum for this set, if its log binds it to that.
    #[must_use]
    pub fn committed(&self, agency: &AgencyId, attempt: &Attempt) -> Option<&PoolHash> {
        match self.of(agency, attempt.number()).next() {
            Some(PoolRecord::Hash(hash)) if hash.set == *attempt.set() => Some(hash),
            _ => None,
        }
    }

    /// This member's vote in the attempt of this set, if its log binds it to that.
    #[must_use]
    pub fn vote(&self, agency: &AgencyId, number: u32, set: &Hash) -> Option<Vote<'_>> {
        let votes = self.of(agency, number).find_map(|record| match record {
            PoolRecord::Ready(ready) => Some((&ready.set, Vote::Ready)),
            PoolRecord::Fault(fault) if fault.gives_up() => Some((&fault.set, Vote::GivesUp(fault))),
            PoolRecord::Hash(_) | PoolRecord::Fault(_) | PoolRecord::Total(_) => None,
        });
        let (of, vote) = votes?;
        (self.is_bound(agency, number, set) && of == set).then_some(vote)
    }

    fn gave_up(&self, agency: &AgencyId, number: u32, set: &Hash) -> Option<&PoolFault> {
        if let Some(Vote::GivesUp(fault)) = self.vote(agency, number, set) { Some(fault) } else { None }
    }

    /// Whether every member's sum is fixed: whoever sees that is ready.
    #[must_use]
    pub fn is_complete(&self, attempt: &Attempt) -> bool {
        attempt.members().iter().all(|member| self.committed(member, attempt).is_some())
    }

    /// Whether this member's sum is fixed and it is ready.
    #[must_use]
    pub fn is_ready(&self, member: &AgencyId, attempt: &Attempt) -> bool {
        let vote = self.vote(member, attempt.number(), attempt.set());
        self.committed(member, attempt).is_some() && vote == Some(Vote::Ready)
    }

    /// Whether every member is ready: sums are opened.
    #[must_use]
    pub fn is_open(&self, attempt: &Attempt) -> bool {
        attempt.members().iter().all(|member| self.is_ready(member, attempt))
    }

    /// Whether some member gave the attempt up: nothing will ever be opened in it.
    #[must_use]
    pub fn is_given_up(&self, attempt: &Attempt) -> bool {
        attempt.members().iter().any(|member| self.gave_up(member, attempt.number(), attempt.set()).is_some())
    }

    /// What a member that was ready says of why the attempt came to nothing.
    #[must_use]
    pub fn failed(&self, agency: &AgencyId, attempt: &Attempt) -> Option<&PoolFault> {
        let faults = self.of(agency, attempt.number()).filter_map(|record| match record {
            PoolRecord::Fault(fault) => Some(fault),
            PoolRecord::Hash(_) | PoolRecord::Ready(_) | PoolRecord::Total(_) => None,
        });
        let mut late = faults.filter(|fault| fault.set == *attempt.set() && !fault.gives_up());
        if self.is_ready(agency, attempt) { late.next() } else { None }
    }

    /// Every total that somebody published, by whom.
    pub fn totals(&self) -> impl Iterator<Item = (&AgencyId, &PoolTotal)> {
        self.records.iter().flat_map(|(agency, records)| {
            records.iter().filter_map(move |record| if let PoolRecord::Total(total) = record { Some((agency, &**total)) } else { None })
        })
    }

    /// Who is left when an attempt is given up: those who voted in it. A member that says it got no share of another one of them is
    /// left out together with that one: of two such members one at least is faulty, and nobody can tell which. So a liar that
    /// accuses honest members leaves with each of them, and the part of the liars never grows. Only who names itself, and is accused by
    /// more than two thirds, leaves alone: it was cut off.
    #[must_use]
    pub fn remaining(&self, attempt: &Attempt) -> BTreeSet<AgencyId> {
        let voted = |member: &&AgencyId| self.vote(member, attempt.number(), attempt.set()).is_some();
        let mut left: BTreeSet<_> = attempt.members().iter().filter(voted).cloned().collect();
        let accused_by = |of: &AgencyId| {
            let accuses = |member: &&AgencyId| {
                let pairs = self.accusations(member, attempt.number(), attempt.set());
                *member != of && pairs.iter().any(|(one, other)| one == of || other == of)
            };
            left.iter().filter(accuses).count()
        };
        let names_itself = |member: &AgencyId| {
            let fault = self.gave_up(member, attempt.number(), attempt.set());
            fault.is_some_and(|fault| fault.faults.iter().any(|named| named.agency.as_ref() == Some(member)))
        };
        let is_off = |member: &&AgencyId| names_itself(member) && 3 * accused_by(member) > 2 * left.len();
        let off: BTreeSet<_> = left.iter().filter(is_off).cloned().collect();
        left.retain(|member| !off.contains(member));
        let pairs: BTreeSet<_> = left.iter().flat_map(|member| self.accusations(member, attempt.number(), attempt.set())).collect();
        for (one, other) in pairs {
            if left.contains(&one) && left.contains(&other) {
                left.remove(&one);
                left.remove(&other);
            }
        }
        left
    }

    /// Pairs of this member and each of whom it says that no share came.
    fn accusations(&self, member: &AgencyId, number: u32, set: &Hash) -> Vec<(AgencyId, AgencyId)> {
        let faults = self.gave_up(member, number, set).map(|fault| fault.faults.as_slice()).unwrap_or_default();
        let accused = faults.iter().filter(|named| named.fault == Fault::Share).filter_map(|named| named.agency.clone());
        accused.filter(|other| other != member).map(|other| (member.clone().min(other.clone()), member.clone().max(other))).collect()
    }

    /// Whose sums may have been opened. For that all of a set are ready, so as many as an attempt needs: fewer liars cannot feign it.
    #[must_use]
    pub fn opened(&self, plan: &Plan) -> Opened {
        let votes = self.records.values().flatten().filter_map(|record| match record {
            PoolRecord::Ready(ready) => Some((ready.attempt, ready.set)),
            PoolRecord::Hash(_) | PoolRecord::Fault(_) | PoolRecord::Total(_) => None,
        });
        let mut opened = Opened::Nothing;
        for (number, set) in votes.collect::<BTreeSet<_>>() {
            let those = |is: &dyn Fn(&AgencyId) -> bool| plan.agencies().filter(|agency| is(agency)).cloned().collect::<BTreeSet<_>>();
            let ready = those(&|agency| self.vote(agency, number, &set) == Some(Vote::Ready));
            if ready.len() < plan.needed(number) {
                continue;
            }
            // Somebody outside of the set may say that it is ready as well.
            let without = |agency: &AgencyId| ready.iter().filter(|other| *other != agency).cloned().collect();
            let mut sets = vec![those(&|_| true), those(&|agency| self.is_bound(agency, number, &set)), ready.clone()];
            sets.extend(ready.iter().map(without));
            match sets.iter().filter_map(|members| plan.attempt(number, members).ok()).find(|attempt| *attempt.set() == set) {
                Some(attempt) if self.is_open(&attempt) => return Opened::Of(attempt.members().to_vec()),
                Some(_) => {}
                None => opened = Opened::Unclear,
            }
        }
        opened
    }

    /// The next attempt, of those who remain.
    ///
    /// # Errors
    /// As [`Plan::attempt`]: the round ends.
    pub fn next(&self, plan: &Plan, attempt: &Attempt) -> Result<Attempt, PoolError> {
        plan.attempt(attempt.number() + 1, &self.remaining(attempt))
    }

    /// Whether a reader may take this for an attempt of the round, although it does not know what its members had seen when they began
    /// it: everybody in it was in one attempt before, and nobody accuses another one of them.
    #[must_use]
    pub fn follows(&self, attempt: &Attempt) -> bool {
        let Some(before) = attempt.number().checked_sub(1).filter(|before| *before > 0) else { return true };
        let members = attempt.members();
        let first = members.first().and_then(|member| self.of(member, before).next());
        let set = match first {
            Some(PoolRecord::Hash(hash)) => &hash.set,
            Some(PoolRecord::Fault(fault)) => &fault.set,
            Some(PoolRecord::Ready(_) | PoolRecord::Total(_)) | None => return false,
        };
        let voted = members.iter().all(|member| self.vote(member, before, set).is_some());
        let accused = |(one, other): &(AgencyId, AgencyId)| attempt.has(one) && attempt.has(other);
        voted && !members.iter().flat_map(|member| self.accusations(member, before, set)).any(|pair| accused(&pair))
    }
}
