//! One member's side of a round: a state machine that is driven by the date, the final records, and messages.
//!
//! It decides nothing by the order in which messages come. Whatever it sends or logs is part of its state before it leaves, so a
//! member that was down goes on where it was, and says nothing twice in two ways.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    ASKED_EVERY, ATTEMPTS, Attempt, Board, Calendar, Fault, Keys, Message, Named, Outcome, Plan, PoolError, PoolFault, PoolHash, PoolReady,
    PoolRecord, PoolTotal, Share, SignedShare, SignedSum, Sum, Vector, outcome,
};
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::SecretKey;
use crate::review::Signed;
use crate::time::Timestamp;

/// Shares of one sender for one attempt that are kept, each for another member set: which one counts may only show later.
const SETS: usize = 3;

/// What a member signs and draws with.
pub struct Means<'a> {
    /// Which federation.
    pub federation: &'a Fingerprint,
    /// Its issue key.
    pub issue: &'a SecretKey,
    /// Fills a slice with uniform bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

/// What a member is to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Seal this for another member.
    Send {
        /// To whom.
        to: AgencyId,
        /// What.
        message: Message,
    },
    /// Log this.
    Append(PoolRecord),
}

/// A member's part in a round. Confidential: it holds the counters. `Debug` does not show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    me: AgencyId,
    round: Hash,
    /// Our counters in the plan's order, as they were when the round began: every attempt adds up the same.
    counters: Vector,
    parts: BTreeMap<u32, Part>,
    /// Parts of the same attempt with other sets, for which we dealt: votes that come late may bring one of them back, and then the
    /// share that we kept must be the one that belongs to those that we dealt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    aside: BTreeMap<u32, Vec<Part>>,
    shares: BTreeMap<u32, BTreeMap<AgencyId, Vec<SignedShare>>>,
}

/// A member's part in one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    members: BTreeSet<AgencyId>,
    set: Hash,
    /// The share of our own that we keep. None where we came too late to deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own: Option<Vector>,
    /// Our sum, once its hash is logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<SignedSum>,
    /// Whether we voted, either way.
    voted: bool,
    /// When we opened our sum, or asked for others' last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<Timestamp>,
    /// What others opened.
    sums: BTreeMap<AgencyId, SignedSum>,
    /// Who opened something else than its log holds the hash of.
    wrong: BTreeSet<AgencyId>,
    /// Whom we told whose sum when it asked: what is queued arrives, so nobody is told twice.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    told: BTreeMap<AgencyId, BTreeSet<AgencyId>>,
    /// Whether we said what came of it.
    ended: bool,
}

impl Party {
    /// Our part in the round of this plan. `counters` are our true counts, in the plan's order.
    ///
    /// # Errors
    /// [`PoolError::Length`] for counters of another layout, [`PoolError::NotAMember`] when the plan has no seat for us.
    pub fn new(plan: &Plan, me: AgencyId, counters: Vec<u64>) -> Result<Self, PoolError> {
        let (expected, found) = (plan.counters(), counters.len());
        if expected != found {
            return Err(PoolError::Length { expected, found });
        }
        if !plan.agencies().any(|agency| *agency == me) {
            return Err(PoolError::NotAMember(me));
        }
        let (round, counters) = (*plan.round(), Vector::new(counters)?);
        Ok(Self { me, round, counters, parts: BTreeMap::new(), aside: BTreeMap::new(), shares: BTreeMap::new() })
    }

    /// The round's id.
    #[must_use]
    pub fn round(&self) -> &Hash {
        &self.round
    }

    /// Whether a record of ours is made: until then nothing of this round can count us in, and whoever has left it has said nothing.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.parts.values().any(Part::is_bound)
    }

    /// The attempt that we are in. None while one that was given up waits for the next, and when the round is over for us.
    fn current(&self, plan: &Plan, board: &Board, now: Timestamp) -> Result<Option<Attempt>, PoolError> {
        let Ok(mut attempt) = plan.first() else { return Ok(None) };
        loop {
            let part = self.parts.get(&attempt.number());
            if let Some(part) = part.filter(|part| part.is_bound()) {
                attempt = plan.attempt(attempt.number(), &part.members)?;
            }
            // Our own vote has to be final too: what follows from it would be void without.
            let voted = board.vote(&self.me, attempt.number(), attempt.set()).is_some();
            if !(board.is_given_up(&attempt) && voted) {
                return Ok(Some(attempt));
            }
            let calendar = Calendar::new(plan.period(), attempt.number() + 1);
            match board.next(plan, &attempt) {
                Ok(next) if next.has(&self.me) && now >= calendar.start() => attempt = next,
                Ok(_) | Err(_) => return Ok(None),
            }
        }
    }

    /// Those of the others whose shares have not come, while that can still be mended. Nobody before an attempt, after it, and when
    /// our sum is fixed.
    ///
    /// # Errors
    /// As [`Plan::attempt`].
    pub fn lacks(&self, plan: &Plan, board: &Board, now: Timestamp) -> Result<Vec<AgencyId>, PoolError> {
        let Some(attempt) = self.current(plan, board, now)? else { return Ok(vec![]) };
        let calendar = Calendar::new(plan.period(), attempt.number());
        let is_fixed = self.parts.get(&attempt.number()).is_some_and(Part::is_bound);
        if is_fixed || now < calendar.start() || now >= calendar.given_up() {
            return Ok(vec![]);
        }
        Ok(self.others(&attempt).filter(|member| self.share(plan, &attempt, member).is_none()).cloned().collect())
    }

    /// Does what is due. The caller keeps the changed state before it carries the actions out, and carries out all of them.
    ///
    /// # Errors
    /// [`PoolError::Canonical`] or [`PoolError::Statement`] when something cannot be written; then nothing was changed that matters.
    pub fn advance(&mut self, plan: &Plan, board: &Board, now: Timestamp, means: &mut Means<'_>) -> Result<Vec<Action>, PoolError> {
        let outcome = outcome(plan, board, now);
        let counts = matches!(outcome, Outcome::Total(_) | Outcome::Contradiction { .. });
        if outcome.is_settled() && !counts {
            return Ok(vec![]);
        }
        let Some(attempt) = self.current(plan, board, now)? else { return Ok(vec![]) };
        let calendar = Calendar::new(plan.period(), attempt.number());
        if now < calendar.start() || now >= calendar.over() {
            return Ok(vec![]);
        }
        let mut actions = vec![];
        if counts {
            // It stands, and ours is one more that says the same; or somebody published another one, and ours shows who.
            self.open(plan, board, &attempt, now, &mut actions)?;
            actions.retain(|action| !matches!(action, Action::Append(PoolRecord::Fault(_))));
            return Ok(actions);
        }
        if self.parts.get(&attempt.number()).is_none_or(|part| part.set != *attempt.set()) {
            self.turn_to(plan, &attempt, now, means, &mut actions)?;
        }
        self.commit(plan, &attempt, now, means, &mut actions)?;
        self.vote(plan, board, &attempt, now, &mut actions);
        self.open(plan, board, &attempt, now, &mut actions)?;
        Ok(actions)
    }

    /// Begins our part with this set, or takes it up again. Nobody keeps shares for more than [`SETS`] of them.
    fn turn_to(
        &mut self,
        plan: &Plan,
        attempt: &Attempt,
        now: Timestamp,
        means: &mut Means<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), PoolError> {
        let number = attempt.number();
        let dealt = |part: &&Part| part.own.is_some();
        let count = self.aside.get(&number).map_or(0, Vec::len) + self.parts.get(&number).iter().filter(|part| dealt(part)).count();
        let former = self.aside.get(&number).and_then(|aside| aside.iter().position(|part| part.set == *attempt.set()));
        let part = match former {
            Some(at) => self.aside.entry(number).or_default().remove(at),
            None if now < Calendar::new(plan.period(), number).given_up() && count < SETS => self.deal(plan, attempt, means, actions)?,
            None => Part::late(attempt),
        };
        if let Some(left) = self.parts.insert(number, part).filter(|left| dealt(&left)) {
            self.aside.entry(number).or_default().push(left);
        }
        Ok(())
    }

    /// Splits our counters, one share for each member, the own one kept.
    fn deal(&self, plan: &Plan, attempt: &Attempt, means: &mut Means<'_>, actions: &mut Vec<Action>) -> Result<Part, PoolError> {
        let counters = Vector::new(attempt.select(plan, self.counters.elements()))?;
        let mut shares = counters.split(attempt.members().len(), means.random).into_iter();
        let mut part = Part::late(attempt);
        part.own = shares.next();
        for (recipient, values) in attempt.members().iter().filter(|member| **member != self.me).zip(shares) {
            let share = Share {
                attempt: attempt.number(),
                recipient: recipient.clone(),
                round: self.round,
                sender: self.me.clone(),
                set: *attempt.set(),
                table: *attempt.table(),
                values,
            };
            let share = Box::new(Signed::sign(share, means.federation, means.issue)?);
            actions.push(Action::Send { to: recipient.clone(), message: Message::Share { share } });
        }
        Ok(part)
    }

    /// The share of this member that counts in this attempt.
    fn share(&self, plan: &Plan, attempt: &Attempt, from: &AgencyId) -> Option<&SignedShare> {
        let held = self.shares.get(&attempt.number())?.get(from)?;
        held.iter().find(|share| share.body.fits(attempt, &self.me, attempt.counters(plan)).is_ok())
    }

    fn others<'a>(&'a self, attempt: &'a Attempt) -> impl Iterator<Item = &'a AgencyId> {
        attempt.members().iter().filter(|member| **member != self.me)
    }

    /// Adds up what came, once all of it is here, and logs the salted hash.
    fn commit(
        &mut self,
        plan: &Plan,
        attempt: &Attempt,
        now: Timestamp,
        means: &mut Means<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), PoolError> {
        let Some(part) = self.parts.get(&attempt.number()) else { return Ok(()) };
        let Some(own) = part.own.as_ref().filter(|_| part.sum.is_none() && !part.voted) else { return Ok(()) };
        if now >= Calendar::new(plan.period(), attempt.number()).given_up() {
            return Ok(());
        }
        let mut values = own.clone();
        for member in self.others(attempt) {
            let Some(share) = self.share(plan, attempt, member) else { return Ok(()) };
            values = values.add(&share.body.values)?;
        }
        let mut salt = [0; 32];
        (means.random)(&mut salt);
        let (number, set) = (attempt.number(), *attempt.set());
        let sum = Sum { attempt: number, member: self.me.clone(), round: self.round, salt: Hash(salt), set, values };
        let hash = sum.commitment()?;
        let sum = Signed::sign(sum, means.federation, means.issue)?;
        if let Some(part) = self.parts.get_mut(&number) {
            part.sum = Some(sum);
        }
        actions.push(Action::Append(PoolRecord::Hash(PoolHash { attempt: number, hash, round: self.round, set })));
        Ok(())
    }

    /// Votes once: ready when every hash is final, and otherwise against, when the time is over.
    fn vote(&mut self, plan: &Plan, board: &Board, attempt: &Attempt, now: Timestamp, actions: &mut Vec<Action>) {
        let (number, set, round) = (attempt.number(), *attempt.set(), self.round);
        let Some(part) = self.parts.get(&number).filter(|part| !part.voted) else { return };
        let record = if part.sum.is_some() && board.is_complete(attempt) {
            PoolRecord::Ready(PoolReady { attempt: number, round, set })
        } else if now >= Calendar::new(plan.period(), number).given_up() {
            PoolRecord::Fault(PoolFault { attempt: number, faults: self.missing(plan, board, attempt), round, set })
        } else {
            return;
        };
        if let Some(part) = self.parts.get_mut(&number) {
            part.voted = true;
        }
        actions.push(Action::Append(record));
    }

    /// Why we give an attempt up: whose shares or, where we have all, whose hashes are missing. Whoever lacks the shares of more than a
    /// third looks for the cause at its own end: it names itself and accuses nobody.
    fn missing(&self, plan: &Plan, board: &Board, attempt: &Attempt) -> Vec<Named> {
        let no_share: BTreeSet<_> = self.others(attempt).filter(|member| self.share(plan, attempt, member).is_none()).collect();
        let dealt = self.parts.get(&attempt.number()).is_some_and(|part| part.own.is_some());
        let name = |fault: Fault| move |member: &AgencyId| Named { agency: Some(member.clone()), fault };
        if !dealt || 3 * no_share.len() > attempt.members().len() {
            return vec![name(Fault::Hash)(&self.me)];
        }
        if !no_share.is_empty() {
            return no_share.into_iter().map(name(Fault::Share)).collect();
        }
        attempt.members().iter().filter(|member| board.committed(member, attempt).is_none()).map(name(Fault::Hash)).collect()
    }

    /// Opens our sum once all are ready, and publishes the total once all are open.
    fn open(&mut self, plan: &Plan, board: &Board, attempt: &Attempt, now: Timestamp, actions: &mut Vec<Action>) -> Result<(), PoolError> {
        let (me, round, number, set) = (self.me.clone(), self.round, attempt.number(), *attempt.set());
        let calendar = Calendar::new(plan.period(), number);
        let Some(part) = self.parts.get_mut(&number).filter(|part| part.voted && !part.ended) else { return Ok(()) };
        let Some(sum) = part.sum.clone().filter(|_| !board.is_given_up(attempt)) else { return Ok(()) };
        let is_open = board.is_open(attempt);
        let mut late = vec![];
        if is_open {
            if part.opened.is_none() {
                for to in attempt.members().iter().filter(|member| **member != me) {
                    actions.push(Action::Send { to: to.clone(), message: Message::Sum { sum: Box::new(sum.clone()) } });
                }
                part.opened = Some(now);
                part.sums.insert(me.clone(), sum);
            }
            part.sums.retain(|member, sum| {
                let fits = board.committed(member, attempt).map(|hash| hash.hash) == sum.body.commitment().ok();
                if !fits {
                    part.wrong.insert(member.clone());
                }
                fits
            });
            let missing: Vec<_> = attempt.members().iter().filter(|member| !part.sums.contains_key(*member)).cloned().collect();
            if missing.is_empty() {
                part.ended = true;
                match PoolTotal::of(plan, attempt, part.sums.values()) {
                    Ok(total) => actions.push(Action::Append(PoolRecord::Total(Box::new(total)))),
                    Err(PoolError::Levels | PoolError::Length { .. }) => late.push(Named { agency: None, fault: Fault::Levels }),
                    Err(error) => return Err(error),
                }
            } else if now >= calendar.opened() {
                part.ended = true;
                let fault = |member: &AgencyId| if part.wrong.contains(member) { Fault::Mismatch } else { Fault::Opening };
                late.extend(missing.iter().map(|member| Named { fault: fault(member), agency: Some(member.clone()) }));
            } else if part.opened.is_some_and(|asked| now.since(asked) >= ASKED_EVERY) {
                part.opened = Some(now);
                for to in attempt.members().iter().filter(|member| **member != me) {
                    let message = Message::Ask { attempt: number, of: missing.clone(), round };
                    actions.push(Action::Send { to: to.clone(), message });
                }
            }
        } else if now >= calendar.opened() {
            part.ended = true;
            let unready = attempt.members().iter().filter(|member| !board.is_ready(member, attempt));
            late.extend(unready.map(|member| Named { agency: Some(member.clone()), fault: Fault::Ready }));
        }
        if !late.is_empty() {
            actions.push(Action::Append(PoolRecord::Fault(PoolFault { attempt: number, faults: late, round, set })));
        }
        Ok(())
    }

    /// Takes a message. A refused one changes nothing.
    ///
    /// # Errors
    /// What it is refused for, with who sent it. [`PoolError::NoKey`] may pass: keys can still come.
    pub fn receive(
        &mut self,
        plan: &Plan,
        board: &Board,
        from: &AgencyId,
        message: &Message,
        keys: Keys<'_>,
    ) -> Result<Vec<Action>, PoolError> {
        if *message.round() != self.round {
            return Err(PoolError::OtherRound(from.clone()));
        }
        match message {
            Message::Share { share } => self.on_share(plan, board, from, share, keys).map(|()| vec![]),
            Message::Sum { sum } => self.on_sum(plan, board, from, sum, keys).map(|()| vec![]),
            Message::Ask { attempt, of, .. } => self.on_ask(from, *attempt, of),
        }
    }

    fn on_share(&mut self, plan: &Plan, board: &Board, from: &AgencyId, signed: &SignedShare, keys: Keys<'_>) -> Result<(), PoolError> {
        let share = &signed.body;
        if share.sender != *from {
            return Err(PoolError::OtherSender { sender: share.sender.clone(), from: from.clone() });
        }
        if !(1..=ATTEMPTS).contains(&share.attempt) {
            return Err(PoolError::OtherAttempt(from.clone()));
        }
        if share.recipient != self.me {
            return Err(PoolError::OtherRecipient(from.clone()));
        }
        if !plan.agencies().any(|agency| agency == from) {
            return Err(PoolError::NotAMember(from.clone()));
        }
        // An attempt that we gave up, or in which we are bound to another set, takes no share any more.
        let bound = self.parts.get(&share.attempt).filter(|part| part.is_bound());
        if let Some(part) = bound {
            let attempt = plan.attempt(share.attempt, &part.members)?;
            share.fits(&attempt, &self.me, attempt.counters(plan))?;
        }
        if self.parts.range(share.attempt + 1..).next().is_some() {
            return Err(PoolError::OtherAttempt(from.clone()));
        }
        if share.attempt == 1 {
            let attempt = plan.first()?;
            share.fits(&attempt, &self.me, attempt.counters(plan))?;
        } else if let Ok(next) = plan.first().and_then(|first| board.next(plan, &first))
            && share.attempt == next.number()
            && share.set == *next.set()
        {
            share.fits(&next, &self.me, next.counters(plan))?;
        }
        keys.verify(signed)?;
        let held = self.shares.entry(share.attempt).or_default().entry(from.clone()).or_default();
        match held.iter().find(|other| other.body.set == share.set) {
            Some(other) if other.body == *share => Ok(()),
            Some(_) => Err(PoolError::Twice(from.clone())),
            None if held.len() >= SETS => Err(PoolError::OtherSet(from.clone())),
            None => {
                held.push(signed.clone());
                Ok(())
            }
        }
    }

    fn on_sum(&mut self, plan: &Plan, board: &Board, from: &AgencyId, signed: &SignedSum, keys: Keys<'_>) -> Result<(), PoolError> {
        let sum = &signed.body;
        let other = || PoolError::OtherAttempt(from.clone());
        let part = self.parts.get_mut(&sum.attempt).ok_or_else(other)?;
        if sum.set != part.set {
            return Err(PoolError::OtherSet(from.clone()));
        }
        if !part.members.contains(from) || !part.members.contains(&sum.member) {
            return Err(PoolError::NotAMember(sum.member.clone()));
        }
        let attempt = plan.attempt(sum.attempt, &part.members)?;
        let (expected, found) = (attempt.counters(plan), sum.values.len());
        if expected != found {
            return Err(PoolError::Length { expected, found });
        }
        keys.verify(signed)?;
        let commitment = sum.commitment()?;
        if board.committed(&sum.member, &attempt).is_some_and(|hash| hash.hash != commitment) {
            // Taken, since what is refused leaves no trace: its author is named for it.
            part.wrong.insert(sum.member.clone());
            return Ok(());
        }
        // Where the hash is not here yet, it is compared when everything is opened.
        part.sums.entry(sum.member.clone()).or_insert_with(|| signed.clone());
        Ok(())
    }

    /// Passes on what others opened, and our own sum, to a member that lacks it. There is nothing to say before we have opened ours.
    fn on_ask(&mut self, from: &AgencyId, attempt: u32, of: &[AgencyId]) -> Result<Vec<Action>, PoolError> {
        let part = self.parts.get_mut(&attempt).ok_or_else(|| PoolError::OtherAttempt(from.clone()))?;
        if !part.members.contains(from) {
            return Err(PoolError::NotAMember(from.clone()));
        }
        if part.opened.is_none() {
            return Ok(vec![]);
        }
        let told = part.told.entry(from.clone()).or_default();
        let sums = of.iter().filter_map(|member| part.sums.get(member).filter(|_| told.insert(member.clone())));
        Ok(sums.map(|sum| Action::Send { to: from.clone(), message: Message::Sum { sum: Box::new(sum.clone()) } }).collect())
    }
}

impl Part {
    /// A part of a member that deals nothing.
    fn late(attempt: &Attempt) -> Self {
        Self {
            members: attempt.members().iter().cloned().collect(),
            set: *attempt.set(),
            own: None,
            sum: None,
            voted: false,
            opened: None,
            sums: BTreeMap::new(),
            wrong: BTreeSet::new(),
            told: BTreeMap::new(),
            ended: false,
        }
    }

    /// Whether something of it is logged, so that its set is fixed for us.
    fn is_bound(&self) -> bool {
        self.sum.is_some() || self.voted
    }
}
