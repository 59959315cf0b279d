//! What came of a round, for members and readers alike: a function of public records and the date.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, Board, Calendar, Fault, Named, Plan, PoolError, PoolTotal};
use crate::id::AgencyId;
use crate::time::Timestamp;

/// Where a round stands that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Waiting,
    /// Shares travel, and sums are committed to.
    Sharing,
    /// Every sum is committed to; members say that they see it.
    Readying,
    /// Sums are opened, and the total is published.
    Opening,
    /// The attempt was given up; another one follows.
    Restarting,
}

impl Phase {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sharing => "sharing",
            Self::Readying => "readying",
            Self::Opening => "opening",
            Self::Restarting => "restarting",
        }
    }
}

/// What came of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It cannot begin, or not go on with those who are left.
    Closed {
        /// Attempts made.
        attempts: u32,
        /// Why not.
        reason: PoolError,
        /// Who was named in the last attempt.
        named: Vec<Named>,
    },
    /// It goes on.
    Running {
        /// The attempt's number.
        attempt: u32,
        /// Where it stands.
        phase: Phase,
        /// Who has not yet done what this phase asks for.
        awaited: Vec<AgencyId>,
    },
    /// The total that counts.
    Total(Box<PoolTotal>),
    /// It ended without one, for these reasons.
    Failed {
        /// In which attempt.
        attempt: u32,
        /// Who is named, and for what.
        named: Vec<Named>,
    },
    /// Totals that differ: none counts.
    Contradiction {
        /// Who published another one than more than half of the members; where there are not so many that say the same, who published one.
        agencies: Vec<AgencyId>,
    },
}

impl Outcome {
    /// Whether nothing more is to come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Running { .. })
    }
}

/// What came of the round of this plan, by these final records. A total counts once more than half of its members published it and
/// none of them another one.
#[must_use]
pub fn outcome(plan: &Plan, board: &Board, now: Timestamp) -> Outcome {
    if let Some(outcome) = published(plan, board) {
        return outcome;
    }
    let mut attempt = match plan.first() {
        Ok(attempt) => attempt,
        Err(reason) => return Outcome::Closed { attempts: 0, reason, named: vec![] },
    };
    loop {
        if !board.is_given_up(&attempt) {
            return standing(plan, board, &attempt, now);
        }
        // Until then somebody may still vote.
        if now < Calendar::new(plan.period(), attempt.number() + 1).start() {
            let (number, phase) = (attempt.number(), Phase::Restarting);
            let silent = |member: &&AgencyId| board.vote(member, number, attempt.set()).is_none();
            let awaited = attempt.members().iter().filter(silent).cloned().collect();
            return Outcome::Running { attempt: number, phase, awaited };
        }
        match board.next(plan, &attempt) {
            Ok(next) => attempt = next,
            Err(reason) => {
                let named = early(board, &attempt);
                return Outcome::Closed { attempts: attempt.number(), reason, named };
            }
        }
    }
}

/// What the published totals amount to, where they do.
fn published(plan: &Plan, board: &Board) -> Option<Outcome> {
    let mut found: Vec<(&PoolTotal, BTreeSet<&AgencyId>)> = vec![];
    for (agency, total) in board.totals().filter(|(agency, total)| total.members.contains(agency)) {
        if let Some((_, agencies)) = found.iter_mut().find(|(other, _)| *other == total) {
            agencies.insert(agency);
        } else if let Ok(attempt) = total.check(plan)
            && board.is_open(&attempt)
            && board.follows(&attempt)
        {
            found.push((total, BTreeSet::from([agency])));
        }
    }
    match found.as_slice() {
        [] => None,
        [(total, agencies)] => (2 * agencies.len() > total.members.len()).then(|| Outcome::Total(Box::new((*total).clone()))),
        several => {
            // Where most say the same, who says something else is named; else nobody can tell.
            let by_most = |(total, agencies): &&(&PoolTotal, BTreeSet<&AgencyId>)| 2 * agencies.len() > total.members.len();
            let differ = |one: &&(&PoolTotal, BTreeSet<&AgencyId>)| !several.iter().any(|most| by_most(&most)) || !by_most(one);
            let agencies: BTreeSet<_> = several.iter().filter(differ).flat_map(|(_, agencies)| agencies.iter().copied().cloned()).collect();
            Some(Outcome::Contradiction { agencies: agencies.into_iter().collect() })
        }
    }
}

/// Where an attempt stands that nobody gave up.
fn standing(plan: &Plan, board: &Board, attempt: &Attempt, now: Timestamp) -> Outcome {
    let (number, calendar) = (attempt.number(), Calendar::new(plan.period(), attempt.number()));
    let members = attempt.members();
    let failed: Vec<_> = members.iter().filter_map(|member| board.failed(member, attempt)).collect();
    let missing = |done: &dyn Fn(&AgencyId) -> bool| members.iter().filter(|member| !done(member)).cloned().collect::<Vec<_>>();
    if 2 * failed.len() > members.len() || now >= calendar.over() {
        let all: Vec<_> = failed.iter().flat_map(|fault| &fault.faults).collect();
        let by_most = |named: &&&Named| 2 * all.iter().filter(|other| *other == *named).count() > failed.len();
        // What most say, so that one that lies or was cut off names nobody; all of it where they say different things.
        let mut named: BTreeSet<Named> = all.iter().filter(by_most).map(|named| (*named).clone()).collect();
        if named.is_empty() {
            named.extend(all.iter().map(|named| (*named).clone()));
        }
        if named.is_empty() {
            let hashless = missing(&|member| board.committed(member, attempt).is_some());
            let unready = missing(&|member| board.is_ready(member, attempt));
            let all = hashless.iter().map(|agency| (agency, Fault::Hash)).chain(unready.iter().map(|agency| (agency, Fault::Ready)));
            let once: BTreeMap<_, _> = all.rev().collect();
            named.extend(once.into_iter().map(|(agency, fault)| Named { agency: Some(agency.clone()), fault }));
        }
        if named.is_empty() {
            // All were ready, and too few said what came of it.
            let silent = missing(&|member| board.totals().any(|(agency, total)| agency == member && total.set == *attempt.set()));
            named.extend(silent.into_iter().map(|agency| Named { agency: Some(agency), fault: Fault::Opening }));
        }
        return Outcome::Failed { attempt: number, named: named.into_iter().collect() };
    }
    let (phase, awaited) = if now < calendar.start() {
        (Phase::Waiting, vec![])
    } else if !board.is_complete(attempt) {
        (Phase::Sharing, missing(&|member| board.committed(member, attempt).is_some()))
    } else if !board.is_open(attempt) {
        (Phase::Readying, missing(&|member| board.is_ready(member, attempt)))
    } else {
        (Phase::Opening, missing(&|member| board.totals().any(|(agency, _)| agency == member)))
    };
    Outcome::Running { attempt: number, phase, awaited }
}

/// Who was named when an attempt was given up, and who said nothing. That somebody logged no hash is not held against it where its own
/// vote says of whom no share came: without all shares there is none, and whoever starves some members of them would make the
/// others name these.
fn early(board: &Board, attempt: &Attempt) -> Vec<Named> {
    let votes: BTreeMap<_, _> =
        attempt.members().iter().filter_map(|member| Some((member, board.vote(member, attempt.number(), attempt.set())?))).collect();
    let faults = |member: &AgencyId| match votes.get(member) {
        Some(super::Vote::GivesUp(fault)) => fault.faults.as_slice(),
        Some(super::Vote::Ready) | None => &[],
    };
    let lacks_shares = |member: &AgencyId| faults(member).iter().any(|named| named.fault == Fault::Share);
    let holds = |named: &&Named| named.fault != Fault::Hash || !named.agency.as_ref().is_some_and(lacks_shares);
    let mut named: BTreeSet<_> = votes.keys().flat_map(|member| faults(member)).filter(holds).cloned().collect();
    for member in attempt.members().iter().filter(|member| !votes.contains_key(member)) {
        if named.iter().all(|named| named.agency.as_ref() != Some(member)) {
            named.insert(Named { agency: Some(member.clone()), fault: Fault::Hash });
        }
    }
    named.into_iter().collect()
}
