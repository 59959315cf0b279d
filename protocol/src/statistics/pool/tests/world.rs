//! A pool in simulated time: logs that become final with a delay, messages that are late, doubled and out of order, members that are
//! killed, cut off, or lie. One seed gives one run.

use super::*;
use crate::statistics::pool::Action;

/// Seconds of one step.
const STEP: u64 = 6 * 3_600;

/// What a member does that it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Deals this member another share than the one that belongs to its counters.
    WrongShare(usize),
    /// Deals two different shares to everybody.
    Twice,
    /// Deals shares of another round.
    OtherRound,
    /// Deals shares that somebody else signed.
    BadSignature,
    /// Deals nothing to this member.
    NoShareFor(usize),
    /// Counts units that it does not have.
    MoreUnits,
    /// Logs the hash of something else.
    OtherHash,
    /// Opens another sum than the logged one, to all.
    OtherSum,
    /// Opens another sum to this member, and the right one to the others.
    OtherSumTo(usize),
    /// Opens to this member only.
    OpensOnlyTo(usize),
    /// Does not open.
    Closed,
    /// Says that this member dealt it nothing, although it did.
    Accuses(usize),
    /// Logs, after being ready, that it gives up; and logs two hashes.
    TakesBack,
    /// Publishes a total that is not the total.
    OtherTotal,
}

/// When a member is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    BeforeDealing,
    AfterDealing,
    AfterHash,
    AfterReady,
    AfterOpening,
    AfterTotal,
}

pub(super) const PHASES: [Phase; 6] =
    [Phase::BeforeDealing, Phase::AfterDealing, Phase::AfterHash, Phase::AfterReady, Phase::AfterOpening, Phase::AfterTotal];

/// What is wrong with one member.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble {
    pub(super) lie: Option<Lie>,
    /// Killed in this phase, for so many days.
    pub(super) killed: Option<(Phase, u64)>,
    /// Cut off from this day after the period's end to that one.
    pub(super) cut: Option<(u64, u64)>,
}

pub(super) struct Node {
    pub(super) id: AgencyId,
    party: Party,
    pub(super) trouble: Trouble,
    /// Its log, each record with the date from which it is final.
    pub(super) log: Vec<(Timestamp, PoolRecord)>,
    /// How many records of each log it has read.
    seen: Vec<usize>,
    dealt: bool,
    opened: bool,
    back: Option<Timestamp>,
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) nodes: Vec<Node>,
    pub(super) now: Timestamp,
    queue: Vec<(Timestamp, usize, usize, Message)>,
    stream: Stream,
    /// Refusals, by name.
    pub(super) refused: Vec<PoolError>,
}

/// A pool of so many, with these troubles by member number.
pub(super) fn world(size: usize, seed: u64, troubles: &[(usize, Trouble)]) -> World {
    let plan = plan(size);
    let node = |number: usize| {
        let trouble = troubles.iter().find(|(who, _)| *who == number).map(|(_, trouble)| trouble.clone()).unwrap_or_default();
        let mut counts = counters(number);
        if trouble.lie == Some(Lie::MoreUnits) {
            counts[0] += 1;
        }
        Node {
            id: agency(number),
            party: Party::new(&plan, agency(number), counts).unwrap(),
            trouble,
            log: vec![],
            seen: vec![0; size],
            dealt: false,
            opened: false,
            back: None,
        }
    };
    let nodes = (1..=size).map(node).collect();
    World { nodes, now: period().end().plus(1), queue: vec![], stream: Stream::new(seed), refused: vec![], plan }
}

impl Node {
    pub(super) fn is_honest(&self) -> bool {
        self.trouble.lie.is_none()
    }

    fn has_logged(&self, is: impl Fn(&PoolRecord) -> bool) -> bool {
        self.log.iter().any(|(_, record)| is(record))
    }

    fn has_reached(&self, phase: Phase) -> bool {
        match phase {
            Phase::BeforeDealing => true,
            Phase::AfterDealing => self.dealt,
            Phase::AfterHash => self.has_logged(|record| matches!(record, PoolRecord::Hash(_))),
            Phase::AfterReady => self.has_logged(|record| matches!(record, PoolRecord::Ready(_))),
            Phase::AfterOpening => self.opened,
            Phase::AfterTotal => self.has_logged(|record| matches!(record, PoolRecord::Total(_))),
        }
    }

    fn is_cut(&self, now: Timestamp) -> bool {
        let at = |days| period().end().plus(1 + seconds(days));
        self.trouble.cut.is_some_and(|(from, to)| now >= at(from) && now < at(to))
    }
}

impl World {
    /// Goes on until all dates are over.
    pub(super) fn run(&mut self) {
        let end = Calendar::new(period(), ATTEMPTS).over().plus(seconds(2));
        while self.now < end {
            self.now = self.now.plus(STEP);
            self.step();
        }
    }

    fn step(&mut self) {
        self.deliver();
        for who in 0..self.nodes.len() {
            if self.is_up(who) {
                self.read(who);
                self.advance(who);
            }
        }
    }

    /// Kills and revives; whether this member does anything now.
    fn is_up(&mut self, who: usize) -> bool {
        let now = self.now;
        let node = &mut self.nodes[who];
        if let Some((phase, days)) = node.trouble.killed
            && node.back.is_none()
            && node.has_reached(phase)
        {
            node.back = Some(now.plus(seconds(days)));
        }
        node.back.is_none_or(|back| now >= back)
    }

    /// Reads on in others' logs: not always all of it, and nothing while cut off.
    fn read(&mut self, who: usize) {
        for of in 0..self.nodes.len() {
            let seen = self.nodes[who].seen[of];
            let is_next = self.nodes[of].log.get(seen).is_some_and(|(when, _)| *when <= self.now);
            let cut = self.nodes[who].is_cut(self.now);
            if is_next && (!cut || of == who && self.nodes[of].log[seen].0 == Timestamp::default()) && self.stream.draw(4) > 0 {
                self.nodes[who].seen[of] += 1;
            }
        }
    }

    /// What this member has read.
    pub(super) fn board(&self, who: usize) -> Board {
        self.board_of(|of| self.nodes[who].seen[of])
    }

    /// What a reader has who has read everything.
    pub(super) fn whole_board(&self) -> Board {
        self.board_of(|of| self.nodes[of].log.iter().filter(|(when, _)| *when <= self.now).count())
    }

    fn board_of(&self, read: impl Fn(usize) -> usize) -> Board {
        let mut board = Board::new(*self.plan.round());
        for (of, node) in self.nodes.iter().enumerate() {
            node.log[..read(of)].iter().for_each(|(_, record)| board.push(&node.id, record.clone()));
        }
        board
    }

    fn advance(&mut self, who: usize) {
        let board = self.board(who);
        let key = key(&self.nodes[who].id);
        // What was kept is all that is left after a restart.
        let mut party = self.nodes[who].party.clone();
        if self.stream.draw(16) == 0 {
            let kept = serde_json::to_string(&party).unwrap();
            party = serde_json::from_str(&kept).unwrap();
        }
        let stream = &mut self.stream;
        let mut random = |bytes: &mut [u8]| stream.fill(bytes);
        let means = &mut Means { federation: &federation(), issue: &key, random: &mut random };
        let actions = party.advance(&self.plan, &board, self.now, means).unwrap();
        self.nodes[who].party = party;
        for action in actions {
            match action {
                Action::Send { to, message } => self.send(who, &to, message),
                Action::Append(record) => self.append(who, record),
            }
        }
    }

    fn place(&self, id: &AgencyId) -> usize {
        self.nodes.iter().position(|node| node.id == *id).unwrap()
    }

    fn send(&mut self, from: usize, to: &AgencyId, message: Message) {
        let to_number = self.place(to);
        let number = to_number + 1;
        let author = self.nodes[from].id.clone();
        match &message {
            Message::Share { .. } => self.nodes[from].dealt = true,
            Message::Sum { sum } if sum.body.member == author => self.nodes[from].opened = true,
            Message::Sum { .. } | Message::Ask { .. } => {}
        }
        let other = |values: &Vector| {
            let mut elements = values.elements().to_vec();
            elements[0] = (elements[0] + 1) % PRIME;
            Vector::new(elements).unwrap()
        };
        let messages = match (self.nodes[from].trouble.lie, message) {
            (Some(Lie::WrongShare(victim)), Message::Share { share }) if victim == number => {
                let values = other(&share.body.values);
                vec![Message::Share { share: Box::new(signed(Share { values, ..share.body })) }]
            }
            (Some(Lie::Twice), Message::Share { share }) => {
                let values = other(&share.body.values);
                vec![Message::Share { share: Box::new(signed(Share { values, ..share.body.clone() })) }, Message::Share { share }]
            }
            (Some(Lie::OtherRound), Message::Share { share }) => {
                vec![Message::Share { share: Box::new(signed(Share { round: Hash::of(&[b"last quarter"]), ..share.body })) }]
            }
            (Some(Lie::BadSignature), Message::Share { mut share }) => {
                share.signature.0[3] ^= 1;
                vec![Message::Share { share }]
            }
            (Some(Lie::NoShareFor(victim)), Message::Share { .. }) if victim == number => vec![],
            (Some(Lie::OtherSum), Message::Sum { sum }) => {
                let values = other(&sum.body.values);
                vec![Message::Sum { sum: Box::new(signed(Sum { values, ..sum.body })) }]
            }
            (Some(Lie::OtherSumTo(victim)), Message::Sum { sum }) if victim == number && sum.body.member == author => {
                let values = other(&sum.body.values);
                vec![Message::Sum { sum: Box::new(signed(Sum { values, ..sum.body })) }]
            }
            (Some(Lie::OpensOnlyTo(friend)), Message::Sum { .. }) if friend != number => vec![],
            (Some(Lie::Closed), Message::Sum { .. }) => vec![],
            (_, message) => vec![message],
        };
        for message in messages {
            // Out of order, and now and then twice.
            let late = self.stream.draw(4) * STEP;
            self.queue.push((self.now.plus(late), from, to_number, message.clone()));
            if self.stream.draw(5) == 0 {
                let later = self.stream.draw(12) * STEP;
                self.queue.push((self.now.plus(later), from, to_number, message));
            }
        }
    }

    fn append(&mut self, who: usize, record: PoolRecord) {
        let records = match (self.nodes[who].trouble.lie, record) {
            (Some(Lie::OtherHash), PoolRecord::Hash(hash)) => {
                vec![PoolRecord::Hash(PoolHash { hash: Hash::of(&[b"something else"]), ..hash })]
            }
            (Some(Lie::Accuses(victim)), PoolRecord::Hash(hash)) => {
                let (attempt, round, set) = (hash.attempt, hash.round, hash.set);
                let faults = vec![Named { agency: Some(agency(victim)), fault: Fault::Share }];
                vec![PoolRecord::Fault(PoolFault { attempt, faults, round, set })]
            }
            (Some(Lie::TakesBack), PoolRecord::Ready(ready)) => {
                let (attempt, round, set) = (ready.attempt, ready.round, ready.set);
                let faults = vec![Named { agency: Some(agency(1)), fault: Fault::Share }];
                let again = PoolHash { attempt, hash: Hash::of(&[b"again"]), round, set: Hash::of(&[b"another set"]) };
                vec![
                    PoolRecord::Ready(ready),
                    PoolRecord::Fault(PoolFault { attempt, faults, round, set }),
                    PoolRecord::Hash(again),
                    PoolRecord::Hash(PoolHash { attempt: attempt + 1, hash: Hash::of(&[b"next"]), round, set }),
                ]
            }
            (Some(Lie::OtherTotal), PoolRecord::Total(mut total)) => {
                // Everything hidden: it breaks no rule of disclosure.
                for row in &mut total.groups[0].rows {
                    row.cells = [crate::statistics::Cell::Hidden(crate::statistics::Reason::Group); 5];
                    row.unknown = crate::statistics::Cell::Hidden(crate::statistics::Reason::Group);
                }
                vec![PoolRecord::Total(total)]
            }
            (_, record) => vec![record],
        };
        for record in records {
            // Final when others have cosigned, which needs a connection.
            let node = &self.nodes[who];
            let mut when = self.now.plus(self.stream.draw(3) * STEP);
            while node.is_cut(when) {
                when = when.plus(STEP);
            }
            // A log is one line: nothing is final before what stands before it.
            let before = node.log.last().map_or(when, |(before, _)| *before);
            self.nodes[who].log.push((when.max(before), record));
        }
    }

    /// Members whose sums this one is sent when it asks for them.
    pub(super) fn ask(&mut self, who: usize, from: usize, of: &[usize]) -> Vec<AgencyId> {
        let (board, round, sender) = (self.board(who), *self.plan.round(), self.nodes[from].id.clone());
        let message = Message::Ask { attempt: 1, of: of.iter().map(|at| self.nodes[*at].id.clone()).collect(), round };
        let actions = self.nodes[who].party.receive(&self.plan, &board, &sender, &message, keys()).unwrap();
        let told = |action| match action {
            Action::Send { to, message: Message::Sum { sum } } if to == sender => sum.body.member.clone(),
            other => panic!("{other:?}"),
        };
        actions.into_iter().map(told).collect()
    }

    /// Delivers what is due. What cannot be delivered waits, as it does in an outbox; a killed sender sends nothing.
    fn deliver(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queue).into_iter().partition(|(when, ..)| *when <= self.now);
        self.queue = later;
        for (when, from, to, message) in due {
            let away = |node: &Node| node.is_cut(self.now) || node.back.is_some_and(|back| self.now < back);
            if away(&self.nodes[from]) || away(&self.nodes[to]) {
                self.queue.push((when.plus(STEP), from, to, message));
                continue;
            }
            let message = Message::decode(&message.encode().unwrap()).unwrap();
            let (board, sender) = (self.board(to), self.nodes[from].id.clone());
            // Of a refused message nothing is kept.
            let mut party = self.nodes[to].party.clone();
            match party.receive(&self.plan, &board, &sender, &message, keys()) {
                Ok(actions) => {
                    self.nodes[to].party = party;
                    for action in actions {
                        let Action::Send { to: back, message } = action else { panic!("a message does not make a record") };
                        self.send(to, &back, message);
                    }
                }
                Err(error) => self.refused.push(error),
            }
        }
    }

    /// The outcome for readers; every honest member that was not killed for good has the same.
    pub(super) fn outcome(&self) -> Outcome {
        let whole = outcome(&self.plan, &self.whole_board(), self.now);
        for (who, node) in self.nodes.iter().enumerate() {
            let reads_all = (0..self.nodes.len()).all(|of| node.seen[of] == self.nodes[of].log.len());
            if reads_all {
                assert_eq!(outcome(&self.plan, &self.board(who), self.now), whole, "{}", node.id);
            }
        }
        whole
    }

    /// What must hold whatever happened: one figure at most, and an exact one.
    pub(super) fn check(&self) -> Outcome {
        let mut totals: Vec<&PoolTotal> = vec![];
        for node in self.nodes.iter().filter(|node| node.is_honest()) {
            let found = node.log.iter().filter_map(|(_, record)| if let PoolRecord::Total(total) = record { Some(&**total) } else { None });
            totals.extend(found);
        }
        totals.dedup();
        assert!(totals.windows(2).all(|pair| pair[0] == pair[1]), "two figures");
        if let Some(total) = totals.first() {
            assert_eq!(**total, self.exact(&total.members, total.attempt), "not the exact total");
        }
        let outcome = self.outcome();
        if let Outcome::Total(total) = &outcome {
            assert_eq!(totals.first(), Some(&&**total), "a figure that no honest member published");
        }
        assert!(outcome.is_settled(), "{outcome:?}");
        outcome
    }

    /// The total that these members' true counters have.
    fn exact(&self, members: &[AgencyId], number: u32) -> PoolTotal {
        let attempt = self.plan.attempt(number, &members.iter().cloned().collect()).unwrap();
        let sum = |member: &AgencyId| {
            let values = Vector::new(counters(self.place(member) + 1)).unwrap();
            signed(Sum {
                attempt: number,
                member: member.clone(),
                round: *attempt.round(),
                salt: Hash::default(),
                set: *attempt.set(),
                values,
            })
        };
        PoolTotal::of(&self.plan, &attempt, &members.iter().map(sum).collect::<Vec<_>>()).unwrap()
    }
}
