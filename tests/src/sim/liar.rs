//! A member that lies. It keeps no replica and no contract: it sees every honest node's disk, signs what it likes with
//! its own keys, and answers as it pleases.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use parangon_protocol::id::{Hash, LogId, witness_name};
use parangon_protocol::log::checkpoint::{self, Checkpoint, SignedCheckpoint};
use parangon_protocol::log::cosignature;
use parangon_protocol::log::merkle::{self, Frontier};
use parangon_protocol::log::note::{Note, NoteSignature};
use parangon_protocol::message::{Gossip, Head, Range, Request, Response};
use parangon_protocol::replica::serve;

use super::disk::{Reader, Row, count};
use super::federation::Federation;
use super::plan::Manner;
use super::work::{anchor, confirmation};
use super::{Happening, Sim};

/// One of the stories that a liar's log tells.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) rows: Vec<Arc<Row>>,
    frontier: Frontier,
    /// Cosignatures gathered for the newest head.
    lines: BTreeMap<usize, NoteSignature>,
    announced: bool,
}

/// One liar.
#[derive(Debug)]
pub(super) struct Liar {
    pub(super) manner: Manner,
    pub(super) branches: Vec<Branch>,
    /// Which branch each of the others is shown.
    pub(super) audience: Vec<usize>,
    /// A malformed record stands at the end: nothing behind it can reach anybody.
    pub(super) closed: bool,
    pub(super) keysets: u32,
    /// Heads that it signed without records, all of one size.
    pub(super) giants: u32,
}

impl Branch {
    fn push(&mut self, text: Vec<u8>) -> Arc<Row> {
        let hashes = self.frontier.push_leaf(merkle::leaf_hash(&text));
        let row = Arc::new(Row { text, hashes });
        self.rows.push(row.clone());
        self.lines.clear();
        self.announced = false;
        row
    }

    pub(super) fn head(&self, federation: &Federation, who: usize) -> Checkpoint {
        let origin = federation.seats[who].log.origin(federation.chain.fingerprint());
        Checkpoint { origin, size: self.frontier.size(), root: self.frontier.root() }
    }
}

impl Liar {
    pub(super) fn new(federation: &Federation, who: usize, manner: Manner) -> Self {
        let rows = federation.seats[who].rows.clone();
        let mut frontier = Frontier::new();
        for row in &rows {
            frontier.push_leaf(row.leaf());
        }
        let branch = Branch { rows, frontier, lines: BTreeMap::new(), announced: true };
        Self { manner, branches: vec![branch], audience: vec![0; federation.len()], closed: false, keysets: 1, giants: 0 }
    }
}

impl Sim<'_> {
    /// The newest head of a branch as a note, with what was gathered for it. Liars cosign for each other whatever it is.
    pub(super) fn branch_note(&self, who: usize, branch: usize) -> String {
        let liar = &self.liars[&who];
        let branch = &liar.branches[branch];
        let head = branch.head(self.federation, who);
        let mut note = checkpoint::sign(&head, &self.federation.seats[who].log_key);
        note.signatures.extend(branch.lines.values().cloned());
        if liar.branches.len() > 1 {
            for other in self.liars.keys().filter(|other| **other != who) {
                note.signatures.push(self.cosign(*other, &head));
            }
        }
        note.to_string()
    }

    fn cosign(&self, who: usize, head: &Checkpoint) -> NoteSignature {
        let seat = &self.federation.seats[who];
        let name = witness_name(self.federation.chain.fingerprint(), &seat.id);
        cosignature::cosign(head, &seat.witness_key, &name, self.clock(who))
    }

    /// Appends to a branch of the liar's own log and shows it to its audience.
    pub(super) fn grow(&mut self, who: usize, branch: usize, texts: Vec<Vec<u8>>) {
        let Some(liar) = self.liars.get_mut(&who) else { return };
        if liar.closed || liar.branches.len() <= branch {
            return;
        }
        let start = count(liar.branches[branch].rows.len());
        for (text, index) in texts.iter().zip(start..) {
            let row = liar.branches[branch].push(text.clone());
            self.audit.forged.insert((who, index, row.leaf()));
        }
        let head = Head { log: self.federation.seats[who].log.clone(), note: self.branch_note(who, branch) };
        self.net.archive[who].push(head.note.clone());
        self.show(who, branch, Gossip::Grown { head, start, records: texts });
    }

    /// Announces to those who see this branch, each with some luck; honest nodes pass it on.
    pub(super) fn show(&mut self, who: usize, branch: usize, gossip: Gossip) {
        let post = self.post(gossip, false);
        let audience = self.liars[&who].audience.clone();
        for (to, sees) in audience.iter().enumerate() {
            if to != who
                && *sees == branch
                && self.plan.gossip
                && self.rng.chance(if self.liars[&who].branches.len() > 1 { 800 } else { 250 })
            {
                self.throw(who, to, &post);
            }
        }
        if !self.plan.gossip {
            // Without gossip it tells a few.
            if let Gossip::Grown { head, .. } = &post.gossip {
                let some: Vec<usize> =
                    audience.iter().enumerate().filter(|(to, sees)| *to != who && **sees == branch).map(|(to, _)| to).collect();
                for to in self.rng.several(&some, 6) {
                    self.tell(who, to, Request::Tell(head.clone()), false);
                }
            }
        }
    }

    /// Says something without waiting for an answer.
    pub(super) fn tell(&mut self, from: usize, to: usize, request: Request, bogus: bool) {
        let after = self.rng.between(5, 400);
        self.schedule(after, Happening::Told { to, from, request: Rc::new(request), bogus });
    }

    /// Some liars cosign others' heads as everybody should.
    pub(super) fn liar_hears(&mut self, who: usize, gossip: &Gossip) {
        let Gossip::Grown { head, records, .. } = gossip else { return };
        if !self.liars[&who].manner.cosigns || records.is_empty() || self.federation.who(&head.log.agency) == who {
            return;
        }
        let parsed = Note::parse(&head.note).ok().and_then(|note| Checkpoint::parse(&note.text).ok());
        if let Some(checkpoint) = parsed {
            let line = self.cosign(who, &checkpoint).to_string();
            let owner = self.federation.who(&head.log.agency);
            self.tell(who, owner, Request::Cosigned { log: head.log.clone(), size: checkpoint.size, line }, false);
        }
    }

    /// A witness hands in its cosignature on the liar's own log.
    pub(super) fn liar_collects(&mut self, who: usize, from: usize, log: &LogId, size: u64, line: &str) {
        if self.federation.who(&log.agency) != who {
            return;
        }
        let Ok(line) = NoteSignature::parse(line) else { return };
        let seat = &self.federation.seats[from];
        let name = witness_name(self.federation.chain.fingerprint(), &seat.id);
        let key = seat.witness_key.public();
        let needed = self.federation.quorum(who, 1);
        let forked = self.liars[&who].branches.len() > 1;
        let colluding = if forked { self.liars.len() - 1 } else { 0 };
        let mut reached = None;
        if let Some(liar) = self.liars.get_mut(&who) {
            for (number, branch) in liar.branches.iter_mut().enumerate() {
                let head = branch.head(self.federation, who);
                if head.size == size && cosignature::verify(&head, &name, &key, &line).is_ok() {
                    branch.lines.insert(from, line.clone());
                    if branch.lines.len() + colluding >= needed && !branch.announced {
                        branch.announced = true;
                        reached = Some(number);
                    }
                }
            }
        }
        if let Some(branch) = reached {
            let head = Head { log: log.clone(), note: self.branch_note(who, branch) };
            self.show(who, branch, Gossip::Grown { head, start: size, records: vec![] });
        }
    }

    /// What a liar answers, and whether it is made up so that nobody may take it.
    pub(super) fn liar_answers(&mut self, who: usize, from: usize, request: &Rc<Request>) -> (Option<Response>, bool) {
        match request.as_ref() {
            Request::Heads { known } => (Some(Response::Heads(self.liar_heads(who, from, known))), false),
            Request::Range { log, start, count } => self.liar_range(who, from, log, *start, *count),
            Request::Cosigned { log, size, line } => {
                self.liar_collects(who, from, log, *size, line);
                (Some(Response::Done), false)
            }
            _ => (Some(Response::Done), false),
        }
    }

    fn liar_heads(&mut self, who: usize, from: usize, known: &[(LogId, u64, u16)]) -> Vec<Head> {
        let mut heads = Vec::new();
        let own = &self.federation.seats[who].log;
        let branch = self.liars[&who].audience[from];
        let size = count(self.liars[&who].branches[branch].rows.len());
        if known.iter().find(|(log, ..)| log == own).is_none_or(|(_, held, _)| *held < size) {
            heads.push(Head { log: own.clone(), note: self.branch_note(who, branch) });
        }
        let honest: Vec<usize> = self.honest().into_iter().filter(|who| self.nodes[*who].replica.is_some()).collect();
        if honest.is_empty() {
            return heads;
        }
        let other = *self.rng.pick(&honest);
        let stale = self.liars[&who].manner.stale;
        if let Some(replica) = &self.nodes[other].replica {
            heads.extend(replica.answer_heads(known).into_iter().filter(|head| head.log != *own));
        }
        for head in &mut heads {
            let archive = &self.net.archive[self.federation.who(&head.log.agency)];
            if !archive.is_empty() && self.rng.chance(stale) {
                head.note = self.rng.pick(archive).clone();
            }
        }
        heads
    }

    fn liar_range(&mut self, who: usize, from: usize, log: &LogId, start: u64, limit: u64) -> (Option<Response>, bool) {
        let limit = limit.min(self.plan.answer);
        let manner = self.liars[&who].manner;
        if self.rng.chance(manner.withholds) {
            self.count("ranges withheld");
            return (self.rng.chance(500).then_some(Response::Missing), false);
        }
        let owner = self.federation.who(&log.agency);
        let range = if owner == who {
            let branch = self.liars[&who].audience[from];
            let rows = &self.liars[&who].branches[branch].rows;
            serve::range(&Reader(rows), log, self.branch_note(who, branch), count(rows.len()), start, limit).ok().flatten()
        } else {
            self.copied_range(log, owner, start, limit)
        };
        let Some(mut range) = range else { return (Some(Response::Missing), false) };
        if self.rng.chance(manner.alters) {
            self.count("ranges altered");
            let bogus = self.alter(&mut range);
            return (Some(Response::Range(range)), bogus);
        }
        (Some(Response::Range(range)), false)
    }

    /// A true range, from the disk of somebody who has it.
    fn copied_range(&mut self, log: &LogId, owner: usize, start: u64, limit: u64) -> Option<Range> {
        let holders: Vec<usize> =
            self.honest().into_iter().filter(|who| count(self.nodes[*who].disk.logs[owner].rows.len()) > start).collect();
        if holders.is_empty() {
            return None;
        }
        let holder = &self.nodes[*self.rng.pick(&holders)];
        let head = holder.replica.as_ref()?.newest_head(log)?;
        let size = self.audit.shown(self.federation, &head.note)?.size;
        serve::range(&Reader(&holder.disk.logs[owner].rows), log, head.note, size, start, limit).ok().flatten()
    }

    /// Changes a range so that it no longer leads to its head. True when the change is at its end: of a range changed
    /// in the middle somebody who already has that part may well take the rest.
    fn alter(&mut self, range: &mut Range) -> bool {
        let last = range.records.len() - 1;
        let at = if self.rng.chance(500) { last } else { self.rng.index(range.records.len()) };
        match self.rng.below(3) {
            0 if range.records.len() > 1 => {
                range.records.remove(at);
            }
            1 if range.records.len() > 1 && at > 0 => range.records.swap(at, at - 1),
            _ => range.records[at] = anchor(self.rng.next(), self.clock(0)),
        }
        at == last
    }

    /// A liar that endorsed a label confirms it, or another endorsement, or nothing.
    pub(super) fn liar_confirms(&mut self, who: usize, issued: usize) {
        let issued = &self.issued[issued];
        let endorsement = issued.endorsements.iter().find(|(endorser, _)| *endorser == who).map(|(_, id)| *id);
        let (label, Some(endorsement)) = (issued.id, endorsement) else { return };
        match self.rng.below(3) {
            0 => self.grow(who, 0, vec![confirmation(label, endorsement)]),
            1 => {
                let wrong = Hash(self.rng.bytes());
                self.grow(who, 0, vec![confirmation(label, wrong)]);
            }
            _ => {}
        }
    }

    /// What an honest agency announced last, as a note that verifies.
    pub(super) fn newest_note(&self, owner: usize) -> Option<(Head, SignedCheckpoint)> {
        let seat = &self.federation.seats[owner];
        let note = self.net.archive[owner].last()?.clone();
        let origin = seat.log.origin(self.federation.chain.fingerprint());
        let signed = checkpoint::open(&note, &seat.log_key.public(), &origin).ok()?;
        Some((Head { log: seat.log.clone(), note }, signed))
    }
}
