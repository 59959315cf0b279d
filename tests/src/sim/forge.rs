//! The single lies: what each looks like on the wire.

use parangon_protocol::charter::Level;
use parangon_protocol::id::Hash;
use parangon_protocol::keys::Signature;
use parangon_protocol::label::status::Status;
use parangon_protocol::log::checkpoint::{self, Checkpoint};
use parangon_protocol::log::fork::{ForkEvidence, ForkProof};
use parangon_protocol::log::note::{Algorithm, Note, NoteSignature, key_id};
use parangon_protocol::message::{Gossip, Head, Request};
use parangon_protocol::record::{Action, Record};

use super::Sim;
use super::disk::count;
use super::labels::{self, Award, Older};
use super::liar::Branch;
use super::plan::{Flawed, Lie, panel};
use super::work::{Issued, anchor, confirmation, standing};

impl Sim<'_> {
    pub(super) fn lie(&mut self, who: usize, lie: Lie) {
        match lie {
            Lie::Anchors(count) => {
                let texts = (0..count).map(|_| anchor(self.rng.next(), self.clock(who))).collect();
                self.grow(who, 0, texts);
            }
            Lie::Fork => self.fork(who),
            Lie::Second => {
                let text = anchor(self.rng.next(), self.clock(who));
                self.grow(who, 1, vec![text]);
            }
            Lie::Status => self.untrue_status(who),
            Lie::Giant => self.giant(who),
            Lie::Malformed => self.malformed(who),
            Lie::Unknown => {
                let text = match self.issued.first() {
                    Some(issued) => format!(r#"{{"about":["{}"],"body":{{}},"type":"appraisal","v":1}}"#, issued.id),
                    None => r#"{"body":{},"type":"poem","v":1}"#.to_owned(),
                };
                self.grow(who, 0, vec![text.into_bytes()]);
            }
            Lie::Rotate => {
                self.rotate(who);
                if self.rng.chance(500) {
                    // By the key set that it has just replaced.
                    self.liar_label(who, None);
                }
            }
            Lie::Label => self.liar_label(who, None),
            Lie::Void(flaw) => self.liar_label(who, Some(flaw)),
            Lie::Reinstate => self.reinstate(who),
            Lie::Standing => {
                if let Some(label) = self.others_label(who) {
                    let text = standing(label.id, Action::Withdraw, self.clock(who));
                    self.grow(who, 0, vec![text]);
                }
            }
            Lie::Confirm => {
                if let Some(label) = self.others_label(who) {
                    let wrong = Hash(self.rng.bytes());
                    self.grow(who, 0, vec![confirmation(label.id, wrong)]);
                }
            }
            Lie::Object => self.liar_objects(who),
            Lie::OldHead => self.old_head(),
            Lie::Cosignatures => self.forged_cosignatures(who),
            Lie::Accuse => self.accuse(who),
            Lie::Poison => self.poison(who),
            Lie::Altered => self.altered(who),
        }
    }

    /// From here on a part of the others sees a second story. Once is enough.
    fn fork(&mut self, who: usize) {
        let Some(liar) = self.liars.get_mut(&who) else { return };
        if liar.branches.len() > 1 || liar.closed || self.audit.untrue.contains_key(&who) {
            return;
        }
        let second: Branch = liar.branches[0].clone();
        liar.branches.push(second);
        let share = self.rng.between(20, 980);
        for to in 0..self.nodes.len() {
            let sees = usize::from(self.rng.chance(share));
            if let Some(liar) = self.liars.get_mut(&who) {
                liar.audience[to] = sees;
            }
        }
        self.audit.forked.insert(who);
        for branch in 0..2 {
            let text = anchor(self.rng.next(), self.clock(who));
            self.grow(who, branch, vec![text]);
        }
    }

    fn untrue_status(&mut self, who: usize) {
        let Some(liar) = self.liars.get(&who) else { return };
        if liar.branches.len() > 1 || liar.closed {
            return;
        }
        let covered = count(liar.branches[0].rows.len());
        let status = Status { covered, count: 7, root: Hash(self.rng.bytes()) };
        let text = Record::Status(status).to_text().expect("a record of constants");
        self.audit.untrue.entry(who).or_insert(covered);
        let behind = anchor(self.rng.next(), self.clock(who));
        let texts = if self.rng.chance(500) { vec![text, behind] } else { vec![text] };
        self.grow(who, 0, texts);
    }

    /// A head without records: nothing may wait for it for ever.
    fn giant(&mut self, who: usize) {
        if let Some(liar) = self.liars.get_mut(&who) {
            liar.giants += 1;
            if liar.giants > 1 {
                // Two of one size are two stories.
                self.audit.forked.insert(who);
            }
        }
        let seat = &self.federation.seats[who];
        let origin = seat.log.origin(self.federation.chain.fingerprint());
        let head = Checkpoint { origin, size: 1 << 39, root: Hash(self.rng.bytes()) };
        let head = Head { log: seat.log.clone(), note: checkpoint::sign(&head, &seat.log_key).to_string() };
        let to = self.honest();
        for to in self.rng.several(&to, 12) {
            self.tell(who, to, Request::Tell(head.clone()), false);
        }
    }

    fn malformed(&mut self, who: usize) {
        self.grow(who, 0, vec![br#"{"v":1,"type":"anchor"}"#.to_vec()]);
        if let Some(liar) = self.liars.get_mut(&who) {
            liar.closed = true;
        }
    }

    fn rotate(&mut self, who: usize) {
        let Some(liar) = self.liars.get_mut(&who) else { return };
        if liar.branches.len() > 1 {
            return;
        }
        liar.keysets += 1;
        let number = liar.keysets;
        let set = self.federation.rotated(who, number);
        let text = Record::KeySet(Box::new(set)).to_text().expect("a record of constants");
        self.grow(who, 0, vec![text]);
    }

    pub(super) fn others_label(&mut self, who: usize) -> Option<Issued> {
        let others: Vec<&Issued> = self.issued.iter().filter(|issued| issued.owner != who).collect();
        if others.is_empty() { None } else { Some((*self.rng.pick(&others)).clone()) }
    }

    /// A label in the liar's own log, with this flaw.
    fn liar_label(&mut self, who: usize, flaw: Option<Flawed>) {
        if flaw == Some(Flawed::Copy) {
            if let Some(victim) = self.others_label(who) {
                self.grow(who, 0, vec![victim.text]);
            }
            return;
        }
        let level = if who + 1 == self.nodes.len() { Level::Bronze } else { Level::Gold };
        let mut endorsers = panel(&mut self.rng, who, level, self.federation);
        if flaw == Some(Flawed::Panel) {
            endorsers.pop();
        }
        let (mut offer, mut older) = (None, None);
        match flaw {
            // An offer that has led to a label of the same agency.
            Some(Flawed::Offer) => match self.issued.iter().find(|issued| issued.owner == who) {
                Some(first) => offer = Some(first.offer),
                None => return self.liar_label(who, None),
            },
            Some(Flawed::Supersedes) => match self.others_label(who) {
                Some(victim) => {
                    let cluster = victim.cluster;
                    older = Some(Older { id: victim.id, cluster, level: victim.level, valid_until: victim.valid_until });
                }
                None => return,
            },
            // Any label may carry the offer of another agency's: hashes tell nothing of who offered.
            None if self.rng.chance(500) => {
                let others = self.others_label(who).map(|victim| victim.offer);
                let used = |offer: &Hash| self.issued.iter().any(|issued| issued.owner == who && issued.offer == *offer);
                offer = others.filter(|offer| !used(offer));
            }
            _ => {}
        }
        let award =
            Award { owner: who, level, endorsers: &endorsers, older: older.as_ref(), offer, now: self.clock(who), ruling: (1, 1), flaw };
        let label = labels::label(self.federation, &mut self.rng, &award);
        let text = Record::Label(Box::new(label.clone())).to_text().expect("a label of constants");
        let issued = Issued::new(who, &label, &endorsers, text.clone());
        // By the key set that it replaced, a liar's label is void.
        if flaw.is_none() && self.liars[&who].keysets == 1 {
            self.audit.sound.insert(issued.id);
        }
        let number = self.issued.len();
        self.issued.push(issued);
        self.grow(who, 0, vec![text]);
        self.confirm_soon(number);
    }

    /// Withdrawn is for good, whatever stands behind it.
    fn reinstate(&mut self, who: usize) {
        if !self.issued.iter().any(|issued| issued.owner == who) {
            self.liar_label(who, None);
        }
        let Some(own) = self.issued.iter().rev().find(|issued| issued.owner == who).map(|issued| issued.id) else { return };
        let now = self.clock(who);
        let actions = [Action::Suspend, Action::Withdraw, Action::Reinstate, Action::Suspend];
        self.grow(who, 0, actions.iter().map(|action| standing(own, *action, now)).collect());
    }

    fn old_head(&mut self) {
        let owner = self.rng.index(self.nodes.len());
        let Some(note) = self.net.archive[owner].first().cloned() else { return };
        let head = Head { log: self.federation.seats[owner].log.clone(), note };
        let honest = self.honest();
        for to in self.rng.several(&honest, 8) {
            let from = self.rng.index(self.nodes.len());
            if from != to {
                self.tell(from, to, Request::Tell(head.clone()), false);
            }
        }
    }

    /// Some honest agency that has announced something.
    fn victim(&mut self) -> Option<usize> {
        let busy: Vec<usize> = self.honest().into_iter().filter(|who| !self.net.archive[*who].is_empty()).collect();
        if busy.is_empty() { None } else { Some(*self.rng.pick(&busy)) }
    }

    /// Lines in the names of honest witnesses, signed by the liar: to the owner one by one, to others as a whole note.
    fn forged_cosignatures(&mut self, who: usize) {
        let Some(victim) = self.victim() else { return };
        let Some((mut head, signed)) = self.newest_note(victim) else { return };
        let forger = &self.federation.seats[who].witness_key;
        let line = |witness: usize| {
            let seat = &self.federation.seats[witness];
            let name = parangon_protocol::id::witness_name(self.federation.chain.fingerprint(), &seat.id);
            let mut line = parangon_protocol::log::cosignature::cosign(signed.checkpoint(), forger, &name, self.clock(who));
            line.id = key_id(&name, Algorithm::Cosignature, &seat.witness_key.public());
            line
        };
        let lines: Vec<NoteSignature> = self.honest().into_iter().filter(|witness| *witness != victim).map(line).collect();
        for line in &lines {
            let request = Request::Cosigned { log: head.log.clone(), size: signed.checkpoint().size, line: line.to_string() };
            self.tell(who, victim, request, true);
        }
        let mut note: Note = signed.note().clone();
        note.signatures.extend(lines);
        head.note = note.to_string();
        let honest = self.honest();
        for to in self.rng.several(&honest, 8) {
            self.tell(who, to, Request::Tell(head.clone()), true);
        }
    }

    /// Evidence against a log that did not fork.
    fn accuse(&mut self, who: usize) {
        let Some(victim) = self.victim() else { return };
        let Some((_, signed)) = self.newest_note(victim) else { return };
        let seat = &self.federation.seats[victim];
        let evidence = match self.rng.below(3) {
            0 => ForkEvidence::SameSize,
            1 => ForkEvidence::Beginning { root: Hash(self.rng.bytes()), proof: vec![Hash(self.rng.bytes())] },
            _ => ForkEvidence::Beginning { root: signed.checkpoint().root, proof: vec![] },
        };
        let forged = Checkpoint { root: Hash(self.rng.bytes()), ..signed.checkpoint().clone() };
        let forged = if self.rng.chance(500) {
            checkpoint::sign(&forged, &self.federation.seats[who].log_key)
        } else {
            Note {
                text: forged.body(),
                signatures: vec![NoteSignature { bytes: Signature([7; 64]).0.to_vec(), ..signed.note().signatures[0].clone() }],
            }
        };
        let proof = ForkProof { first: signed.to_string(), second: forged.to_string(), evidence };
        let text = serde_json::to_vec(&proof).expect("texts and hashes");
        self.trace.say(self.now, format_args!("agency {who} accuses {}", seat.id));
        let post = self.post(Gossip::Fork { proof: text }, true);
        let honest = self.honest();
        for to in self.rng.several(&honest, 10) {
            self.throw(who, to, &post);
        }
    }

    /// Spans far ahead of what a node holds, under a true head, with made-up records.
    fn poison(&mut self, who: usize) {
        let Some(victim) = self.victim() else { return };
        let Some((head, signed)) = self.newest_note(victim) else { return };
        let size = signed.checkpoint().size;
        for to in self.honest() {
            let held = count(self.nodes[to].disk.logs[victim].rows.len());
            for start in held + 1..size.min(held + 14) {
                let records = vec![anchor(self.rng.next(), self.clock(who))];
                let post = self.post(Gossip::Grown { head: head.clone(), start, records }, true);
                self.throw(who, to, &post);
            }
        }
    }

    /// A true announcement with one record changed, early enough to be believed.
    fn altered(&mut self, who: usize) {
        let Some(victim) = self.victim() else { return };
        let Some((head, signed)) = self.newest_note(victim) else { return };
        let size = signed.checkpoint().size;
        let honest = self.honest();
        for to in self.rng.several(&honest, 12) {
            let held = count(self.nodes[to].disk.logs[victim].rows.len());
            let start = held.min(size - 1);
            let records: Vec<Vec<u8>> = (start..size.min(start + 100)).map(|_| anchor(self.rng.next(), self.clock(who))).collect();
            let post = self.post(Gossip::Grown { head: head.clone(), start, records }, true);
            self.throw(who, to, &post);
        }
    }
}
