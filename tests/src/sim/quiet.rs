//! After the last disturbance: everybody comes back, the network is calm, and in bounded time all honest nodes hold the
//! same. Then the auditor compares everything with the records.

use std::collections::BTreeMap;

use parangon_protocol::check::Soundness;
use parangon_protocol::label::LabelId;
use parangon_protocol::label::status::State;

use super::audit::{Breach, breach};
use super::disk::count;
use super::model::{self, Model};
use super::plan::{CALM, HEAL, Op};
use super::{Happening, Sim};

/// How long the federation may take to agree. Simulated milliseconds.
const PATIENCE: u64 = 400_000;

/// How often the auditor looks.
const LOOK: u64 = 4_000;

/// What a node's row says of a label, with the places of confirmations and of objections.
type Seen = (Soundness, State, u64, [Vec<u64>; 2]);

impl Sim<'_> {
    pub(super) fn look(&mut self) -> Result<(), Breach> {
        if !self.quiet {
            return self.settle();
        }
        match self.agreed() {
            Ok(()) => {
                self.done = true;
                self.conclude()
            }
            Err(_) if self.now < HEAL + PATIENCE => {
                self.schedule(LOOK, Happening::Look);
                Ok(())
            }
            Err(breach) => Err(breach),
        }
    }

    /// Ends every disturbance.
    fn settle(&mut self) -> Result<(), Breach> {
        self.trace.say(self.now, format_args!("all is quiet from here on"));
        self.net.weather = CALM;
        self.net.reachable.fill(true);
        self.heal()?;
        for who in self.honest() {
            if self.nodes[who].replica.is_none() {
                self.restart(who)?;
            }
        }
        self.quiet = true;
        self.schedule(LOOK, Happening::Look);
        Ok(())
    }

    /// Whether all honest nodes hold the same of every log (I4), and evidence where one holds it.
    fn agreed(&self) -> Result<(), Breach> {
        let honest = self.honest();
        for (owner, seat) in self.federation.seats.iter().enumerate().filter(|(owner, _)| self.followed(*owner)) {
            let frozen: Vec<usize> = honest.iter().copied().filter(|who| self.frozen(*who, owner)).collect();
            if !frozen.is_empty() && frozen.len() < honest.len() {
                let lacks = honest.iter().find(|who| !frozen.contains(who)).copied().unwrap_or_default();
                let what = format!("agency {lacks} does not know that {} is frozen, {} others do", seat.log, frozen.len());
                return breach("L1 evidence reaches everybody", what);
            }
            // Of a log that told two stories each holds what it was shown; behind an untrue status nothing counts.
            // A liar that shows nobody the last record of its newest head keeps its second story from being proven: then
            // nothing of it is final, and some hold more of it than others.
            let hidden = self.audit.forked.contains(&owner) && honest.iter().any(|who| !self.covered(*who, owner));
            let disputed = !frozen.is_empty() || hidden;
            let first = self.held(honest[0], owner);
            for who in &honest {
                let held = self.held(*who, owner);
                if !disputed && held.0 != first.0 {
                    let what = format!("{}: agency {} holds {}, agency {who} {}", seat.log, honest[0], first.0, held.0);
                    return breach("I4 all hold the same", what);
                }
                // The founding heads stand in the snapshots without the cosignatures that made them final. A liar can always
                // keep its own log from its quorum: by a head whose last record it shows to nobody.
                if frozen.is_empty() && !self.is_liar(owner) && held.1 < held.0 && held.0 > 2 {
                    let what = format!("{}: agency {who} holds {} records, final {}", seat.log, held.0, held.1);
                    return breach("L3 the quorum is reached", what);
                }
            }
        }
        let version = |who: usize| self.nodes[who].replica.as_ref().map(|replica| replica.book().chain().newest().version);
        let expected = self.expected_version();
        if let Some(who) = honest.iter().find(|who| version(**who) != Some(expected)) {
            let what = format!("agency {who} follows version {:?}, everybody voted for {expected}", version(*who));
            return breach("G1 what is agreed to takes effect", what);
        }
        self.ended_alike(&honest)?;
        let first = self.rows(honest[0]);
        for who in &honest {
            let node = &self.nodes[*who];
            if node.disk.recovering {
                return breach("L10 a recovery ends", format!("agency {who} still does not know what it had signed"));
            }
            if !node.writes.is_empty() || !node.chores.is_empty() {
                return breach("I9 work ends", format!("agency {who} still has work to do"));
            }
            if let Some(id) = differs(&first, &self.rows(*who)) {
                return breach("I4 all hold the same", format!("label {id} differs between agencies {} and {who}", honest[0]));
            }
        }
        Ok(())
    }

    /// Whether nodes go on with this log: not with that of a member that left.
    fn followed(&self, owner: usize) -> bool {
        self.federation.member(owner, 2) || self.expected_version() == 1
    }

    /// Which version everybody must follow in the end.
    fn expected_version(&self) -> u32 {
        let vote = |(_, op): &(u64, Op)| if let Op::Vote { who } = op { Some(*who) } else { None };
        let voted: Vec<usize> = self.plan.steps.iter().filter_map(vote).collect();
        if self.federation.agreed(&voted) { 2 } else { 1 }
    }

    /// Everybody ends the log of a member that left at the same place, and never below what was final.
    fn ended_alike(&self, honest: &[usize]) -> Result<(), Breach> {
        let Some(gone) = self.federation.gone.filter(|gone| !self.followed(*gone)) else { return Ok(()) };
        let log = &self.federation.seats[gone].log;
        let end = |who: usize| self.nodes[who].replica.as_ref().and_then(|replica| replica.book().chain().end_of(log));
        let first = end(honest[0]);
        if let Some(who) = honest.iter().find(|who| end(**who) != first) {
            let what = format!("{log} ends at {first:?} for agency {}, at {:?} for agency {who}", honest[0], end(*who));
            return breach("G6 a log ends at one place", what);
        }
        if first.is_none_or(|end| end < self.audit.settled(gone)) {
            return breach("G6 what is final stays", format!("{log} ends at {first:?}, {} records were final", self.audit.settled(gone)));
        }
        Ok(())
    }

    fn frozen(&self, who: usize, owner: usize) -> bool {
        self.nodes[who].replica.as_ref().is_some_and(|replica| replica.frozen(&self.federation.seats[owner].log))
    }

    /// Whether the node has a head of exactly what it holds of a log.
    fn covered(&self, who: usize, owner: usize) -> bool {
        self.nodes[who].replica.as_ref().is_some_and(|replica| replica.newest_head(&self.federation.seats[owner].log).is_some())
    }

    fn held(&self, who: usize, owner: usize) -> (u64, u64) {
        let log = &self.federation.seats[owner].log;
        let final_size = self.nodes[who].replica.as_ref().map_or(0, |replica| replica.final_size(log));
        (count(self.nodes[who].disk.logs[owner].rows.len()), final_size)
    }

    /// Label rows of logs that are not disputed, with what such logs say of them.
    fn rows(&self, who: usize) -> BTreeMap<LabelId, Seen> {
        let node = &self.nodes[who];
        let counted = |owner: usize| !self.audit.forked.contains(&owner);
        let confirmations = |label: &super::disk::DiskLabel| -> Vec<u64> {
            let counts = label.confirmations.iter().filter(|(agency, _)| counted(self.federation.who(agency)));
            counts.map(|(_, index)| *index).collect()
        };
        let rows = node.disk.labels.iter().filter(|(_, label)| counted(self.federation.who(&label.row.log.agency)));
        rows.map(|(id, label)| {
            let row = &label.row;
            let objections = node.disk.objected(row).into_iter().filter(|(agency, _)| counted(self.federation.who(agency)));
            let objections = objections.map(|(_, index)| index).collect();
            (*id, (row.soundness.clone(), row.state, row.state_index, [confirmations(label), objections]))
        })
        .collect()
    }

    /// All agree; now compare that with what is true.
    fn conclude(&mut self) -> Result<(), Breach> {
        if let Some(gone) = self.federation.gone.filter(|gone| !self.followed(*gone)) {
            self.count("expulsions");
            self.audit.left(gone);
        }
        let mut models: BTreeMap<(usize, [u8; 32]), Model> = BTreeMap::new();
        for who in self.honest() {
            self.logs_are_true(who)?;
            self.audit.survived(&self.nodes[who].disk, who, None)?;
            let mut told: Vec<Model> = Vec::new();
            for (owner, log) in self.nodes[who].disk.logs.iter().enumerate() {
                let root = super::disk::root_at(&log.rows, count(log.rows.len())).unwrap_or_default();
                let believed = self.audit.untrue.get(&owner).and_then(|at| usize::try_from(*at).ok()).unwrap_or(log.rows.len());
                let rows = &log.rows[..believed.min(log.rows.len())];
                let fresh = || model::tell(&self.federation.seats[owner].log, rows);
                told.push(models.entry((owner, root.0)).or_insert_with(fresh).clone());
            }
            self.labels_are_true(who, &told)?;
        }
        self.counts.insert("quiet after", (self.now - HEAL) / 1000);
        Ok(())
    }

    fn logs_are_true(&self, who: usize) -> Result<(), Breach> {
        for (owner, seat) in self.federation.seats.iter().enumerate() {
            let held = &self.nodes[who].disk.logs[owner];
            let frozen = self.frozen(who, owner);
            let (forked, untrue) = (self.audit.forked.contains(&owner), self.audit.untrue.get(&owner));
            let has_untrue = untrue.is_some_and(|at| count(held.rows.len()) > *at);
            if frozen && !forked && !has_untrue {
                return breach("L1 no false accusation", format!("agency {who} froze {}, which did nothing", seat.log));
            }
            if has_untrue && !frozen {
                return breach("I2 an untrue status freezes", format!("agency {who} goes on with {}", seat.log));
            }
            if frozen && forked && held.fork.is_none() && !has_untrue {
                return breach("L1 evidence reaches everybody", format!("agency {who} froze {} without evidence", seat.log));
            }
            let differs = |other: &usize| {
                let theirs = &self.nodes[*other].disk.logs[owner].rows;
                held.rows.iter().zip(theirs).any(|(a, b)| a.leaf() != b.leaf())
            };
            let covered = |who: usize| self.covered(who, owner);
            let other = self.honest().into_iter().find(|other| differs(other) && covered(who) && covered(*other));
            if let Some(other) = other.filter(|_| !frozen) {
                return breach("I2 one history", format!("agencies {who} and {other} hold two stories of {}, not frozen", seat.log));
            }
        }
        Ok(())
    }

    /// Rows say what the records say; a label counts only when everything that it needs is there (I3).
    fn labels_are_true(&self, who: usize, told: &[Model]) -> Result<(), Breach> {
        let node = &self.nodes[who];
        let known: usize = told.iter().map(|model| model.labels.len()).sum();
        if node.disk.labels.len() != known {
            let what = format!("agency {who} has {} label rows, its records have {known} labels", node.disk.labels.len());
            return breach("I4 rows follow from records", what);
        }
        for (id, label) in &node.disk.labels {
            let owner = self.federation.who(&label.row.log.agency);
            let row = &label.row;
            let Some(model) = told[owner].labels.get(id).filter(|model| model.index == row.index) else {
                return breach("I4 rows follow from records", format!("agency {who}: no label {id} at {} of agency {owner}", row.index));
            };
            if (model.state, model.state_index) != (row.state, row.state_index) {
                let what = format!("agency {who}: label {id} is {:?}, its records say {:?}", row.state, model.state);
                return breach("W12 the log's order decides", what);
            }
            let sound = self.audit.sound.contains(id);
            if sound != (row.soundness == Soundness::Sound) {
                let what = format!("agency {who}: label {id} of agency {owner} is {:?}, in truth sound: {sound}", row.soundness);
                return breach("I3 only what keeps the rules", what);
            }
            let confirmed = |(agency, endorsement): &(String, parangon_protocol::id::Hash)| {
                let endorser = self.federation.seats.iter().position(|seat| seat.id.as_str() == agency)?;
                told[endorser].confirmed.get(&(*id, *endorsement)).map(|index| (self.federation.seats[endorser].id.clone(), *index))
            };
            let truth: BTreeMap<_, _> = model.endorsements.iter().filter_map(confirmed).collect();
            if truth != label.confirmations {
                let what = format!("agency {who}: label {id} has confirmations {:?}, in truth {truth:?}", label.confirmations);
                return breach("I3 confirmed by its endorsers", what);
            }
            self.objections_are_true(who, label, told)?;
        }
        Ok(())
    }
}

fn differs<K: Ord + Copy, V: PartialEq>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> Option<K> {
    let one = a.iter().find(|(key, value)| b.get(key) != Some(value));
    one.or_else(|| b.iter().find(|(key, _)| !a.contains_key(key))).map(|(key, _)| *key)
}
