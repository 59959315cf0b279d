//! What the records say about labels: the few fields per label that later records depend on. Everything a person
//! wants to see is in the store's rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::state::UNTRUE;
use super::{Change, Deferred, Effect, Replica, Write, assembly, epoch, own, witness};
use crate::charter::{Entitlement, Level};
use crate::check::{CheckedRecord, Flaw, Soundness};
use crate::id::{AgencyId, Hash, LogId};
use crate::label::objection::{Ground, Objection, Objections, Raised};
use crate::label::status::State;
use crate::label::{Common, Label, LabelId, validity};
use crate::record::{Action, Adoption, Record};
use crate::statistics::pool::{PoolFault, PoolHash, PoolReady};
use crate::time::{Month, Timestamp};

/// A label as the register shows it. Derived from records; can be rebuilt from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRow {
    /// Its id.
    pub id: LabelId,
    /// The issuer's log.
    pub log: LogId,
    /// Its index there.
    pub index: u64,
    /// What everybody signed.
    pub common: Common,
    /// When it was issued, as the issuer says.
    pub issued: Timestamp,
    /// The endorsements: who, and the id of each.
    pub endorsements: Vec<(AgencyId, Hash)>,
    /// The label it replaces.
    pub supersedes: Option<LabelId>,
    /// Whether it keeps the rules.
    pub soundness: Soundness,
    /// What became of it.
    pub state: State,
    /// Index of the record that last changed the state.
    pub state_index: u64,
}

/// An endorser's confirmation, as it stands in the endorser's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Which label.
    pub label: LabelId,
    /// The endorser's log.
    pub log: LogId,
    /// Its index there.
    pub index: u64,
    /// The endorsement's id: counts only when it is the one in the label.
    pub endorsement: Hash,
}

impl LabelRow {
    /// Whether this is a confirmation of an endorsement that the label carries: others say nothing about it.
    #[must_use]
    pub fn carries(&self, confirmation: &Confirmation) -> bool {
        let endorser = &confirmation.log.agency;
        self.endorsements.iter().any(|(agency, id)| agency == endorser && *id == confirmation.endorsement)
    }
}

impl LabelRow {
    /// The confirmation of an endorsement that the label carries, as the endorser's log has it at this index.
    #[must_use]
    pub fn confirmed(&self, endorser: &AgencyId, index: u64) -> Option<Confirmation> {
        let (_, endorsement) = self.endorsements.iter().find(|(agency, _)| agency == endorser)?;
        Some(Confirmation { label: self.id, log: LogId::first(endorser.clone()), index, endorsement: *endorsement })
    }

    /// The objection of this agency that stands against the label, by what its log says below its end. The issuer itself withdraws
    /// or suspends, and only an endorsement that the label carries can be withdrawn (protocol, "Objections").
    #[must_use]
    pub fn questioned_by<'a>(&self, agency: &AgencyId, said: &'a Objections, end: u64) -> Option<&'a Raised> {
        let carries = |id: &Hash| self.endorsements.iter().any(|(endorser, endorsement)| endorser == agency && endorsement == id);
        said.standing(end).filter(|raised| match &raised.ground {
            _ if *agency == self.common.owner => false,
            Ground::EndorsementWithdrawn(endorsement) => carries(endorsement),
            Ground::ConflictOfInterest | Ground::RuleBroken | Ground::Misrepresentation => true,
        })
    }
}

/// What a log says against a label, or that it takes it back. Its effect is [`Objections::take`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objected {
    /// Which label.
    pub label: LabelId,
    /// The log of the agency that objects.
    pub log: LogId,
    /// Its index there.
    pub index: u64,
    /// What it says.
    pub objection: Objection,
}

/// What is kept in memory of one label: about 80 bytes.
#[derive(Debug, Clone)]
struct Entry {
    index: u64,
    state: State,
    sound: bool,
    /// Void only because a version of the charter cut it off: a later vote may move the cut.
    cut: bool,
    level: Level,
    valid_until: Month,
    /// 64 bits of SHA-256 over cluster and scheme: which labels can replace each other.
    subject: u64,
}

/// A label whose signatures could not be checked yet: where it stands, and which key sets are missing.
type Waiting = (LogId, u64, Vec<(LogId, u64)>);

/// All labels known, by log.
#[derive(Debug, Default)]
pub(super) struct Register {
    by_log: HashMap<LogId, BTreeMap<LabelId, Entry>>,
    owner: HashMap<LabelId, LogId>,
    /// Per log: only the issuer's own log tells which label of an offer came first.
    offers: HashMap<LogId, HashSet<Hash>>,
    waiting: BTreeMap<LabelId, Waiting>,
}

fn subject(common: &Common) -> u64 {
    let hash = Hash::of(&[common.cluster.id.as_str().as_bytes(), b"\n", common.scheme.as_str().as_bytes()]);
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Register {
    pub(super) fn len(&self) -> usize {
        self.owner.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn entry(&self, label: &LabelId) -> Option<&Entry> {
        self.by_log.get(self.owner.get(label)?)?.get(label)
    }

    pub(super) fn state(&self, label: &LabelId) -> Option<State> {
        self.entry(label).map(|entry| entry.state)
    }

    pub(super) fn own_state(&self, log: &LogId, label: &LabelId) -> Option<State> {
        self.by_log.get(log)?.get(label).map(|entry| entry.state)
    }

    /// Whether the label is known, and stands in another log.
    pub(super) fn is_anothers(&self, log: &LogId, label: &LabelId) -> bool {
        self.owner.get(label).is_some_and(|owner| owner != log)
    }

    pub(super) fn states(&self, log: &LogId) -> Vec<(LabelId, State)> {
        self.by_log.get(log).map(|labels| labels.iter().map(|(id, entry)| (*id, entry.state)).collect()).unwrap_or_default()
    }

    /// The rules of a label that depend on the labels before it.
    pub(super) fn admits(&self, log: &LogId, label: &Label) -> Result<(), Flaw> {
        if self.offers.get(log).is_some_and(|offers| offers.contains(&label.common.offer)) {
            return Err(Flaw::Offer);
        }
        let Some(older) = &label.supersedes else { return Ok(()) };
        let older = self.by_log.get(log).and_then(|labels| labels.get(older)).ok_or(Flaw::Supersedes)?;
        let lower = label.common.level < older.level && older.valid_until >= label.issued.month();
        if older.subject != subject(&label.common) || lower { Err(Flaw::Supersedes) } else { Ok(()) }
    }

    /// Forgets a log's labels: it is read anew.
    pub(super) fn forget(&mut self, log: &LogId) {
        for label in self.by_log.remove(log).into_iter().flatten().map(|(label, _)| label) {
            self.owner.remove(&label);
            self.waiting.remove(&label);
        }
        self.offers.remove(log);
    }

    /// Where the labels stand that a log holds from this index on.
    pub(super) fn from(&self, log: &LogId, index: u64) -> Vec<u64> {
        let labels = self.by_log.get(log).into_iter().flat_map(BTreeMap::values);
        labels.map(|entry| entry.index).filter(|at| *at >= index).collect()
    }

    pub(super) fn restore(&mut self, row: LabelRow) {
        if let Soundness::Waiting(keys) = &row.soundness {
            self.waiting.insert(row.id, (row.log.clone(), row.index, keys.clone()));
        }
        let entry = Entry {
            index: row.index,
            state: row.state,
            sound: !matches!(row.soundness, Soundness::Void(_)),
            cut: row.soundness == Soundness::Void(Flaw::Ended),
            level: row.common.level,
            valid_until: row.common.valid_until,
            subject: subject(&row.common),
        };
        self.offers.entry(row.log.clone()).or_default().insert(row.common.offer);
        self.owner.insert(row.id, row.log.clone());
        self.by_log.entry(row.log).or_default().insert(row.id, entry);
    }
}

/// Whether this record, once applied, turned out to be a status that is not true: nothing behind it counts.
pub(super) fn is_untrue(replica: &Replica, log: &LogId, index: u64, record: &CheckedRecord) -> bool {
    let member = replica.book.chain().end_of(log).is_none_or(|end| index < end);
    let counts = replica.logs.get(log).is_some_and(|state| state.status == Some(index));
    member && matches!(record.record(), Record::Status(_)) && !counts
}

/// Takes what a record says, once it is part of a log that is held.
pub(super) fn apply(replica: &mut Replica, now: Timestamp, log: &LogId, index: u64, record: &CheckedRecord, out: &mut Vec<Effect>) {
    if replica.book.chain().end_of(log).is_some_and(|end| index >= end) {
        // No member's any more: kept, as part of the log, and without effect.
        return replica.later(Change::Record { log: log.clone(), index });
    }
    match record.record() {
        Record::Charter(adoption) => adopt(replica, log, index, adoption),
        Record::Epoch(opening) => epoch::open(replica, log, index, opening),
        Record::KeySet(set) => keyset(replica, log, index, set),
        Record::Label(label) => add(replica, log, index, label, record.soundness(), out),
        Record::Endorsement(label, entry) => {
            let row = Confirmation { label: *label, log: log.clone(), index, endorsement: entry.endorsement };
            out.push(Effect::Persist(Write::Confirmation(row)));
            replica.later(Change::Label(*label));
        }
        Record::Standing(label, standing) => {
            let to = match standing.action {
                Action::Withdraw => State::Withdrawn,
                Action::Suspend => State::Suspended,
                Action::Reinstate => State::Active,
            };
            change(replica, log, index, label, to, out);
        }
        Record::Objection(label, objection) => {
            let row = Objected { label: *label, log: log.clone(), index, objection: objection.clone() };
            out.push(Effect::Persist(Write::Objected(row)));
            replica.later(Change::Label(*label));
        }
        Record::Status(status) => {
            let truth = own::status_of(replica.states(log), index);
            let state = replica.logs.entry(log.clone()).or_default();
            if status == &truth {
                state.status = Some(index);
                state.status_due = false;
            } else {
                // An untrue status is treated like a fork (protocol, "Logs and witnesses").
                let keyset = replica.logs.get(log).map_or(1, |state| state.rank().0);
                witness::freeze(replica, log, (keyset, UNTRUE));
            }
        }
        Record::Release(_) => out.push(Effect::Persist(Write::Release { log: log.clone(), index })),
        Record::PoolHash(PoolHash { round, .. })
        | Record::PoolReady(PoolReady { round, .. })
        | Record::PoolFault(PoolFault { round, .. }) => {
            out.push(Effect::Persist(Write::Pooled { round: *round, log: log.clone(), index }));
        }
        Record::PoolTotal(total) => out.push(Effect::Persist(Write::Pooled { round: total.round, log: log.clone(), index })),
        Record::Vote(vote) => assembly::vote(replica, now, log, index, vote, out),
        Record::Anchor(_) | Record::Unknown { .. } => {}
    }
    replica.later(Change::Record { log: log.clone(), index });
}

/// A log adopts a version of the chain that is known here, and never an earlier one than before.
fn adopt(replica: &mut Replica, log: &LogId, index: u64, adoption: &Adoption) {
    let known = replica.book.chain().version(adoption.version).and_then(|charter| charter.hash().ok()) == Some(adoption.hash);
    let state = replica.logs.entry(log.clone()).or_default();
    if known && state.adopted.last().is_none_or(|(_, version)| *version < adoption.version) {
        state.adopted.push((index, adoption.version));
        state.needed = OnceLock::new();
    }
}

fn keyset(replica: &mut Replica, log: &LogId, index: u64, set: &crate::keys::SignedKeySet) {
    let placed = Arc::make_mut(&mut replica.book).insert(log, index, set).is_ok();
    stated(replica, log, index, set, placed);
}

/// What follows from a key set that stands in a log, and counts or is void.
pub(super) fn stated(replica: &mut Replica, log: &LogId, index: u64, set: &crate::keys::SignedKeySet, counts: bool) {
    if counts {
        replica.logs.entry(log.clone()).or_default().keysets.push((index, set.clone()));
        replica.later(Change::Keys { log: log.clone() });
    }
    recheck(replica);
}

/// Asks for another check of the labels whose keys can be decided by now, once their records are in the store.
pub(super) fn recheck(replica: &mut Replica) {
    let mut due = BTreeSet::new();
    for (label, (log, index, keys)) in &replica.labels.waiting {
        let decided = |(owner, at): &(LogId, u64)| {
            replica.book.set_at(owner, *at).is_some() || replica.logs.get(owner).is_some_and(|state| state.frontier.size() > *at)
        };
        if keys.iter().all(decided) {
            due.insert(*label);
            replica.deferred.push(Deferred::Emit(Effect::Recheck { log: log.clone(), index: *index }));
        }
    }
    replica.labels.waiting.retain(|label, _| !due.contains(label));
}

/// The outcome of another check. What still waits now names a key set that does not exist; what a later version of the
/// charter cut off has no right any more; what was void stays void, for its reason.
pub(super) fn rechecked(replica: &mut Replica, log: &LogId, index: u64, record: &CheckedRecord, out: &mut Vec<Effect>) {
    let Record::Label(label) = record.record() else { return };
    let Ok(id) = label.common.id() else { return };
    let common = &label.common;
    let chain = replica.book.chain();
    let entitled = chain.entitlement(log, index, common.charter, &common.scheme, common.level) == Entitlement::Holds;
    let soundness = match record.soundness() {
        _ if !entitled => Soundness::Void(Flaw::Ended),
        Soundness::Waiting(_) => Soundness::Void(Flaw::KeySet),
        other => other.clone(),
    };
    let entry = replica.labels.by_log.get_mut(log).and_then(|labels| labels.get_mut(&id));
    if let Some(entry) = entry.filter(|entry| entry.index == index && (entry.sound || entry.cut)) {
        entry.sound = !matches!(soundness, Soundness::Void(_));
        entry.cut = !entitled;
        out.push(Effect::Persist(Write::LabelSoundness { label: id, soundness }));
        replica.later(Change::Label(id));
    }
}

fn add(replica: &mut Replica, log: &LogId, index: u64, label: &Label, soundness: &Soundness, out: &mut Vec<Effect>) {
    let Ok(id) = label.common.id() else { return };
    // A copy in another agency's log is nothing, or whoever was first to copy a label could take it from its owner; of
    // two in one log the first one counts.
    if label.common.owner != log.agency || replica.labels.owner.contains_key(&id) {
        return;
    }
    // What the log alone decides comes first: then the reason does not depend on which keys were known when it arrived.
    let placed = replica.labels.admits(log, label).and_then(|()| placed(replica, log, index, label));
    let soundness = placed.map_or_else(Soundness::Void, |()| soundness.clone());
    let endorsements = label.endorsements.iter().filter_map(|e| e.id(&id).ok().map(|hash| (e.endorser.clone(), hash))).collect();
    let row = LabelRow {
        id,
        log: log.clone(),
        index,
        common: label.common.clone(),
        issued: label.issued,
        endorsements,
        supersedes: label.supersedes,
        soundness,
        state: State::Active,
        state_index: index,
    };
    replica.labels.restore(row.clone());
    replica.logs.entry(log.clone()).or_default().status_due = true;
    out.push(Effect::Persist(Write::Label(Box::new(row))));
    replica.later(Change::Label(id));
    if let Some(older) = &label.supersedes {
        change(replica, log, index, older, State::Superseded, out);
    }
}

/// The rules that depend on where a label stands: the charter, the right and the key set in force there, and the label that it
/// replaces.
pub(super) fn placed(replica: &Replica, log: &LogId, index: u64, label: &Label) -> Result<(), Flaw> {
    let common = &label.common;
    let ruling = replica.logs.get(log).and_then(|state| state.ruling(index));
    if ruling != Some((label.adoption, common.charter)) {
        return Err(Flaw::Charter);
    }
    if replica.book.in_force(log, index) != Some(label.keyset) {
        return Err(Flaw::KeySet);
    }
    renewal(replica, log, label)?;
    // Last: what is void for nothing else can come back when more votes say where the right ends.
    match replica.book.chain().entitlement(log, index, common.charter, &common.scheme, common.level) {
        Entitlement::Holds => Ok(()),
        Entitlement::Never => Err(Flaw::Right),
        Entitlement::Ended => Err(Flaw::Ended),
    }
}

/// A label that replaces another may count its months from the other's expiry.
fn renewal(replica: &Replica, log: &LogId, label: &Label) -> Result<(), Flaw> {
    let common = &label.common;
    let charter = replica.book.chain().version(common.charter).ok_or(Flaw::Charter)?;
    let rule = charter.rule(&common.scheme, common.level).ok_or(Flaw::Rule)?;
    let older = label.supersedes.and_then(|older| replica.labels.by_log.get(log)?.get(&older));
    let same_level = older.filter(|older| older.level == common.level).map(|older| older.valid_until);
    let allowed = [validity::valid_until(rule, common.assessed, None), validity::valid_until(rule, common.assessed, same_level)];
    if allowed.contains(&common.valid_until) { Ok(()) } else { Err(Flaw::Validity) }
}

fn change(replica: &mut Replica, log: &LogId, index: u64, label: &LabelId, to: State, out: &mut Vec<Effect>) {
    let Some(entry) = replica.labels.by_log.get_mut(log).and_then(|labels| labels.get_mut(label)) else { return };
    // Withdrawn is for good; a replaced label does not come back; nothing precedes the label itself.
    let final_state = matches!(entry.state, State::Withdrawn) || (entry.state == State::Superseded && to != State::Withdrawn);
    let pointless = to == State::Active && entry.state != State::Suspended;
    if final_state || pointless || entry.state == to || index < entry.index {
        return;
    }
    entry.state = to;
    out.push(Effect::Persist(Write::LabelState { label: *label, state: to, index }));
    replica.logs.entry(log.clone()).or_default().status_due = true;
    replica.later(Change::Label(*label));
}
