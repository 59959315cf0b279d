//! One simulated node: the driver of a replica, with the contract that a real one has to keep.
//!
//! Writes are gathered and made durable by a commit that takes its time; then the replica is told. A crash between
//! the two leaves all of a batch on the disk or nothing of it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use parangon_protocol::charter::Chain;
use parangon_protocol::check::{self, KeyBook};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::message::{Head, Request};
use parangon_protocol::replica::{Change, Effect, Event, Refusal, Replica, Settings, Write, serve};
use parangon_protocol::time::Timestamp;

use super::audit::{Breach, breach};
use super::disk::{Disk, Reader};
use super::federation::{Federation, START};
use super::{Happening, Sim, memo};

/// A record that the agency means to append, and tries again until it is acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Chore {
    pub(super) record: Vec<u8>,
}

/// A node, up or down.
pub(super) struct Node {
    /// `None` while it is down.
    pub(super) replica: Option<Replica>,
    pub(super) disk: Disk,
    /// A copy of the disk, put aside.
    pub(super) backup: Option<Box<Disk>>,
    pub(super) writes: Vec<Write>,
    held: Vec<Effect>,
    committing: bool,
    /// Grows with each crash: what was meant for an earlier life is dropped.
    pub(super) life: u32,
    /// Seconds by which its clock is wrong.
    pub(super) offset: i64,
    /// Stands for what its key book holds.
    pub(super) tag: u64,
    book: Option<Arc<KeyBook>>,
    pub(super) seen: HashSet<u32>,
    pub(super) calls: BTreeMap<u32, (usize, Rc<Request>)>,
    next_call: u32,
    /// Appended and not yet answered, by ticket: the leaves, and whether it is a chore.
    tickets: BTreeMap<u64, (Vec<Hash>, Option<Chore>)>,
    next_ticket: u64,
    pub(super) chores: VecDeque<Chore>,
    /// Per log the largest size that was announced as final.
    announced: Vec<u64>,
}

impl Node {
    pub(super) fn new(federation: &Federation, me: usize, newcomer: bool) -> Self {
        Self {
            replica: None,
            disk: Disk::new(federation, me, newcomer),
            backup: None,
            writes: Vec::new(),
            held: Vec::new(),
            committing: false,
            life: 0,
            offset: 0,
            tag: 0,
            book: None,
            seen: HashSet::new(),
            calls: BTreeMap::new(),
            next_call: 0,
            tickets: BTreeMap::new(),
            next_ticket: 0,
            chores: VecDeque::new(),
            announced: vec![0; federation.len()],
        }
    }

    /// Another call under way.
    pub(super) fn call(&mut self, to: usize, request: Rc<Request>) -> u32 {
        self.next_call += 1;
        self.calls.insert(self.next_call, (to, request));
        self.next_call
    }

    /// Everything a refused input must leave as it was. Of the logs in `forked` any head can be the missing half of the
    /// proof.
    pub(super) fn digest(&self, federation: &Federation, forked: &HashSet<usize>) -> Vec<(u64, Hash, bool)> {
        let Some(replica) = &self.replica else { return vec![] };
        let log = |(owner, seat): (usize, &super::federation::Seat)| {
            let frozen = replica.frozen(&seat.log) && !forked.contains(&owner);
            replica.held(&seat.log).map(|(size, root)| (size, root, frozen)).unwrap_or_default()
        };
        let mut digest: Vec<_> = federation.seats.iter().enumerate().map(log).collect();
        digest.push((u64::try_from(replica.label_count()).unwrap_or(0), Hash::default(), false));
        digest
    }
}

impl Sim<'_> {
    /// What this node's clock shows.
    pub(super) fn clock(&self, who: usize) -> Timestamp {
        let now = START.saturating_add(self.now / 1000).saturating_add_signed(self.nodes[who].offset);
        Timestamp::from_seconds(now).unwrap_or_default()
    }

    /// Gives an event to a node and does what it wants done.
    pub(super) fn step(&mut self, who: usize, event: Event) -> Result<(), Breach> {
        let now = self.clock(who);
        let Some(replica) = self.nodes[who].replica.as_mut() else { return Ok(()) };
        let effects = replica.step(now, event);
        self.rebook(who);
        self.perform(who, effects)
    }

    /// Nothing inside a replica grows without bound (I9). Says whether something waits for the disk.
    fn bounded(&self, who: usize) -> Result<bool, Breach> {
        let Some(replica) = &self.nodes[who].replica else { return Ok(false) };
        let load = replica.load();
        if load.pulls > 4 || load.early > 10 || load.heads > 16 || load.sources > 8 {
            return breach("I9 queues are bounded", format!("agency {who}: {load:?} for one log"));
        }
        Ok(load.deferred > 0)
    }

    /// Notices that the key book has changed.
    fn rebook(&mut self, who: usize) {
        let node = &mut self.nodes[who];
        let Some(replica) = &node.replica else { return };
        let book = replica.book();
        if node.book.as_ref().is_none_or(|known| !Arc::ptr_eq(known, book)) {
            node.tag = memo::tag(self.federation, book);
            node.book = Some(book.clone());
        }
    }

    fn perform(&mut self, who: usize, effects: Vec<Effect>) -> Result<(), Breach> {
        for effect in effects {
            match effect {
                Effect::Persist(write) => self.nodes[who].writes.push(write),
                Effect::Reread { log, size } => self.reread(who, &log, size)?,
                effect if self.plan.eager => self.act(who, effect)?,
                effect => self.nodes[who].held.push(effect),
            }
        }
        let waits = self.bounded(who)?;
        let node = &mut self.nodes[who];
        if node.writes.is_empty() && !waits {
            for effect in std::mem::take(&mut node.held) {
                self.act(who, effect)?;
            }
        } else if !node.committing {
            node.committing = true;
            let life = node.life;
            let after = self.rng.between(1, self.plan.commit);
            self.schedule(after, Happening::Commit { who, life });
        }
        Ok(())
    }

    /// The batch is on disk. `life` tells commits of a dead process.
    pub(super) fn commit(&mut self, who: usize, life: u32) -> Result<(), Breach> {
        if self.nodes[who].life != life {
            return Ok(());
        }
        self.nodes[who].committing = false;
        self.write(who)?;
        for effect in std::mem::take(&mut self.nodes[who].held) {
            self.act(who, effect)?;
        }
        self.step(who, Event::Durable)
    }

    /// Makes what is pending durable.
    fn write(&mut self, who: usize) -> Result<(), Breach> {
        let writes = std::mem::take(&mut self.nodes[who].writes);
        self.trace.note(self.now, "commit", &[index(who), index(writes.len())]);
        let disks: Vec<&Disk> = self.nodes.iter().map(|node| &node.disk).collect();
        self.audit.records(self.federation, who, &writes, &disks)?;
        self.nodes[who].disk.apply(self.federation, who, &writes)?;
        self.audit.committed(self.federation, who, &writes, &self.nodes[who].disk)
    }

    fn act(&mut self, who: usize, effect: Effect) -> Result<(), Breach> {
        match effect {
            Effect::Persist(_) | Effect::Reread { .. } => Ok(()),
            Effect::Publish(gossip) => self.publish(who, gossip),
            Effect::Ask { to, request } => self.ask(who, self.federation.who(&to), request),
            Effect::Compare { from, head } => {
                self.compare(who, self.federation.who(&from), &head);
                Ok(())
            }
            Effect::Recheck { log, index } => {
                self.recheck(who, &log, index);
                Ok(())
            }
            Effect::Answer { ticket, outcome } => {
                self.acknowledged(who, ticket, outcome);
                Ok(())
            }
            Effect::Changed(change) => self.changed(who, change),
        }
    }

    fn compare(&mut self, who: usize, from: usize, head: &check::CheckedHead) {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return };
        let log = head.log();
        let Some(ours) = replica.newest_head(log) else { return };
        let Ok(ours) = self.memo.head(node.tag, replica.book(), &ours).as_ref().clone() else { return };
        let rows = &node.disk.logs[self.federation.who(&log.agency)].rows;
        let life = node.life;
        match serve::compare(&Reader(rows), ours.signed(), head.signed()) {
            Ok(Some(proof)) => {
                if let Ok(fork) = check::fork(replica.book(), proof) {
                    self.schedule(2, Happening::Local { who, life, event: Box::new(Event::Fork(fork)) });
                }
            }
            Ok(None) if head.checkpoint().size > ours.checkpoint().size => {
                let request = Request::Tell(Head { log: log.clone(), note: ours.signed().note().to_string() });
                self.send(who, from, request);
            }
            Ok(None) | Err(_) => {}
        }
    }

    /// Before the batch that forgets them is written.
    fn reread(&mut self, who: usize, log: &LogId, size: u64) -> Result<(), Breach> {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return Ok(()) };
        let rows = node.disk.logs[self.federation.who(&log.agency)].rows.iter().take(usize::try_from(size).unwrap_or(0));
        let checked = rows.zip(0..).map_while(|(row, at)| check::record(replica.book(), log, at, row.text.clone()).ok()).collect();
        self.count("logs read again");
        self.step(who, Event::Reread { log: log.clone(), records: checked })
    }

    fn recheck(&mut self, who: usize, log: &LogId, at: u64) {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return };
        let rows = &node.disk.logs[self.federation.who(&log.agency)].rows;
        let Some(row) = usize::try_from(at).ok().and_then(|at| rows.get(at)) else { return };
        let Ok(checked) = check::record(replica.book(), log, at, row.text.clone()) else { return };
        let (event, life) = (Event::Rechecked { log: log.clone(), index: at, record: Box::new(checked) }, node.life);
        self.schedule(3, Happening::Local { who, life, event: Box::new(event) });
    }

    /// An agency appends; a chore is tried again when it is refused or forgotten.
    pub(super) fn append(&mut self, who: usize, texts: Vec<Vec<u8>>, chore: Option<Chore>) -> Result<(), Breach> {
        let node = &mut self.nodes[who];
        let Some(replica) = &node.replica else {
            node.chores.extend(chore);
            return Ok(());
        };
        let log = replica.own_log();
        let size = replica.held(&log).map_or(0, |(size, _)| size);
        let checked: Result<Vec<_>, _> =
            texts.into_iter().zip(size..).map(|(text, index)| check::record(replica.book(), &log, index, text)).collect();
        let records = match checked {
            Ok(records) => records,
            Err(error) => return breach("I1 honest records pass", format!("agency {who}: {error}")),
        };
        let leaves = records.iter().map(|record| *record.leaf()).collect();
        node.next_ticket += 1;
        let ticket = node.next_ticket;
        node.tickets.insert(ticket, (leaves, chore));
        self.step(who, Event::Append { ticket, records })
    }

    pub(super) fn append_status(&mut self, who: usize) -> Result<(), Breach> {
        let node = &mut self.nodes[who];
        if node.replica.as_ref().is_some_and(Replica::status_due) {
            node.next_ticket += 1;
            let ticket = node.next_ticket;
            node.tickets.insert(ticket, (vec![], None));
            return self.step(who, Event::AppendStatus { ticket });
        }
        Ok(())
    }

    fn acknowledged(&mut self, who: usize, ticket: u64, outcome: Result<Vec<u64>, Refusal>) {
        let Some((leaves, chore)) = self.nodes[who].tickets.remove(&ticket) else { return };
        match outcome {
            Ok(indices) => {
                self.count("appended");
                self.audit.acknowledged.extend(indices.into_iter().zip(leaves).map(|(at, leaf)| (who, at, leaf)));
            }
            Err(refusal) => {
                self.trace.say(self.now, format_args!("agency {who}: refused: {refusal}"));
                self.count("refused");
                // What can never be done any more is not tried again.
                let pointless = matches!(refusal, Refusal::Voted | Refusal::Proposal | Refusal::Adoption | Refusal::Left);
                if let Some(chore) = chore.filter(|_| !pointless) {
                    self.nodes[who].chores.push_back(chore);
                    let life = self.nodes[who].life;
                    self.schedule(3_000, Happening::Chores { who, life });
                }
            }
        }
    }

    pub(super) fn chores(&mut self, who: usize) -> Result<(), Breach> {
        for chore in std::mem::take(&mut self.nodes[who].chores) {
            if chore.record.is_empty() {
                self.cast(who)?;
                continue;
            }
            self.append(who, vec![chore.record.clone()], Some(chore))?;
        }
        Ok(())
    }

    /// Proposes the second version, and votes for it.
    pub(super) fn cast(&mut self, who: usize) -> Result<(), Breach> {
        let again = Chore { record: vec![] };
        if self.nodes[who].replica.is_none() {
            self.nodes[who].chores.push_back(again);
            return Ok(());
        }
        self.step(who, Event::Proposal(self.federation.proposal.clone()))?;
        // What it says of the log that ends is what the node has cosigned at this moment.
        let heads =
            self.nodes[who].replica.as_ref().and_then(|replica| replica.last_heads(self.clock(who), self.federation.chain.newest()).ok());
        self.append(who, vec![self.federation.vote(who, heads.unwrap_or_default())], Some(again))
    }

    /// Adopts the version in effect after a while, where our log has not.
    fn adopt_soon(&mut self, who: usize) {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return };
        let adopted = replica.adopted(&replica.own_log()).map_or(1, |(_, version)| version);
        let record = &self.federation.adoption.0;
        let due = node.chores.iter().any(|chore| chore.record == *record);
        // Some adopt at once, others after a restart, many not within the run: a week is theirs.
        if adopted < replica.book().chain().newest().version && !due && self.rng.chance(400) {
            let (record, life) = (record.clone(), node.life);
            self.count("adoptions");
            self.nodes[who].chores.push_back(Chore { record });
            let after = self.rng.between(0, 4_000);
            self.schedule(after, Happening::Chores { who, life });
        }
    }

    fn changed(&mut self, who: usize, change: Change) -> Result<(), Breach> {
        if let Change::Charter { .. } = change {
            self.adopt_soon(who);
        }
        if let Change::Recovery = change
            && self.nodes[who].replica.as_ref().is_some_and(|replica| replica.recovery().is_none())
        {
            self.count("recoveries");
        }
        if let Change::Final { log, size } = change {
            let owner = self.federation.who(&log.agency);
            let node = &mut self.nodes[who];
            node.announced[owner] = node.announced[owner].max(size);
            if node.disk.logs[owner].final_size < size {
                return breach("I3 final stays final", format!("agency {who} announced {log} ({size}) before it was durable"));
            }
        }
        Ok(())
    }

    /// Stops a node at once.
    pub(super) fn crash(&mut self, who: usize, torn: bool, down: u64) -> Result<(), Breach> {
        if self.nodes[who].replica.is_none() {
            return Ok(());
        }
        self.count("crashes");
        if torn {
            self.write(who)?;
        }
        let node = &mut self.nodes[who];
        node.life += 1;
        node.replica = None;
        node.book = None;
        node.committing = false;
        node.writes.clear();
        node.held.clear();
        node.calls.clear();
        node.seen.clear();
        for (_, chore) in std::mem::take(&mut node.tickets).into_values() {
            node.chores.extend(chore);
        }
        if self.rng.chance(300) {
            self.hang_up(who);
        }
        self.schedule(down, Happening::Start { who });
        Ok(())
    }

    /// A node loses its disk, and comes back with the copy put aside.
    pub(super) fn lose(&mut self, who: usize, down: u64) -> Result<(), Breach> {
        let Some(backup) = self.nodes[who].backup.clone() else { return Ok(()) };
        if self.nodes[who].replica.is_none() {
            return Ok(()); // it is down, and has a disk to come back with
        }
        self.crash(who, false, down)?;
        self.count("disks lost");
        self.audit.lost(who, &self.nodes[who].disk);
        let node = &mut self.nodes[who];
        node.disk = *backup;
        node.disk.recovering = true;
        node.announced.fill(0);
        Ok(())
    }

    pub(super) fn restart(&mut self, who: usize) -> Result<(), Breach> {
        if self.nodes[who].replica.is_some() {
            return Ok(()); // woken before its time, when all came back
        }
        self.start(who)?;
        self.greet(who)?;
        let life = self.nodes[who].life;
        self.schedule(500, Happening::Tick { who, life });
        self.schedule(300, Happening::Chores { who, life });
        Ok(())
    }

    /// Starts a node from its disk.
    pub(super) fn start(&mut self, who: usize) -> Result<(), Breach> {
        let seat = &self.federation.seats[who];
        let node = &mut self.nodes[who];
        let nonce = || Hash::of(&[&self.plan.seed.to_be_bytes(), &index(who).to_be_bytes(), &node.life.to_be_bytes()]);
        let recovery = node.disk.recovering.then(nonce);
        let settings = Settings { poll_seconds: 10, timeout_seconds: 6, fanout: 3, recovery, ..Settings::default() };
        let rows = node.disk.labels.values().map(|label| label.row.clone()).collect::<Vec<_>>();
        let book = self.federation.book.clone();
        let mut book = if self.plan.newcomers.contains(&who) { KeyBook::new(self.federation.founded.clone()) } else { book };
        for amendment in node.disk.amendments.values() {
            match Chain::clone(book.chain()).extend(amendment.clone()) {
                Ok(chain) => book.extend(Arc::new(chain)),
                Err(error) => return breach("D1 restart keeps all", format!("agency {who}: a charter that does not follow: {error}")),
            }
        }
        let proposals: Vec<_> = node.disk.proposals.values().filter_map(|text| check::proposal(text.clone()).ok()).collect();
        let since = node.disk.amendments.keys().map(|version| (*version, super::federation::now())).collect();
        let replica = Replica::new(seat.id.clone(), settings, self.federation.keys(who), book, node.disk.snapshots(), rows)
            .with_proposals(since, None, proposals);
        node.replica = Some(replica);
        self.rebook(who);
        self.resumed(who)?;
        self.adopt_soon(who);
        self.step(who, Event::Durable)
    }

    /// A restart takes nothing back.
    fn resumed(&self, who: usize) -> Result<(), Breach> {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return Ok(()) };
        if !node.disk.recovering {
            self.audit.survived(&node.disk, who, Some(who))?;
        }
        for (owner, seat) in self.federation.seats.iter().enumerate() {
            let rows = super::disk::count(node.disk.logs[owner].rows.len());
            let held = replica.held(&seat.log).map_or(0, |(size, _)| size);
            if held != rows {
                return breach("D1 restart keeps all", format!("agency {who} restarted with {held} of {rows} records of {}", seat.log));
            }
            let (known, now) = (node.announced[owner], replica.final_size(&seat.log));
            if now < known {
                return breach("I3 final stays final", format!("agency {who}: {} was final to {known}, now to {now}", seat.log));
            }
            let frozen = node.disk.logs[owner].snapshot.as_ref().is_some_and(|snapshot| snapshot.frozen);
            if frozen != replica.frozen(&seat.log) {
                return breach("I2 frozen stays frozen", format!("agency {who} restarted with {} thawed", seat.log));
            }
        }
        for (id, label) in &node.disk.labels {
            self.restored(who, replica, id, label.row.state)?;
        }
        Ok(())
    }

    fn restored(&self, who: usize, replica: &Replica, id: &LabelId, state: parangon_protocol::label::status::State) -> Result<(), Breach> {
        if replica.label(id) == Some(state) {
            return Ok(());
        }
        breach("D1 restart keeps all", format!("agency {who}: label {id} was {state:?}, is {:?}", replica.label(id)))
    }
}

pub(super) fn index(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
