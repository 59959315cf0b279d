//! The auditor: knows what every honest agency wrote and who lies, and compares.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::note::Note;
use parangon_protocol::replica::Write;

use super::disk::{Disk, count, root_at};
use super::federation::Federation;

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which: the code of `tests/CASES.md` where it has one.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

pub(super) fn breach<T>(invariant: &'static str, what: String) -> Result<T, Breach> {
    Err(Breach { invariant, what })
}

/// A note as the auditor reads it: without checking a signature.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Of the log's epochs.
    epoch: u32,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// Who is named as a witness.
    pub(super) witnesses: Vec<usize>,
}

/// What the auditor remembers.
#[derive(Debug)]
pub(super) struct Audit {
    liars: HashSet<usize>,
    /// Leaves that liars put into their logs, on any branch.
    pub(super) forged: HashSet<(usize, u64, Hash)>,
    /// Liars whose log had two stories, or an untrue status from this index on.
    pub(super) forked: HashSet<usize>,
    pub(super) untrue: BTreeMap<usize, u64>,
    /// Heads that an honest witness durably noted before signing.
    marks: HashSet<(usize, usize, u64, Hash)>,
    /// What was acknowledged: owner, index, leaf.
    pub(super) acknowledged: Vec<(usize, u64, Hash)>,
    /// Of each log the longest beginning that any honest node held as final.
    finals: Vec<Vec<Hash>>,
    /// Labels that keep the rules.
    pub(super) sound: HashSet<LabelId>,
    shown: HashMap<String, Shown>,
    /// Heads signed by honest agencies that left their node, by epoch and size.
    heads: HashMap<(usize, u32, u64), Hash>,
    /// What honest agencies had written on disks that they lost.
    written: HashSet<(usize, u64, Hash)>,
    restored: HashSet<usize>,
}

impl Audit {
    pub(super) fn new(federation: &Federation, liars: impl Iterator<Item = usize>) -> Self {
        let n = federation.len();
        Self {
            liars: liars.collect(),
            forged: HashSet::new(),
            forked: HashSet::new(),
            untrue: BTreeMap::new(),
            marks: HashSet::new(),
            acknowledged: Vec::new(),
            finals: federation.seats.iter().map(|seat| seat.rows.iter().map(|row| row.leaf()).collect()).take(n).collect(),
            sound: HashSet::new(),
            shown: HashMap::new(),
            heads: HashMap::new(),
            written: HashSet::new(),
            restored: HashSet::new(),
        }
    }

    fn liar(&self, who: usize) -> bool {
        self.liars.contains(&who)
    }

    /// Reads a note. `None` when it is none.
    pub(super) fn shown(&mut self, federation: &Federation, note: &str) -> Option<Shown> {
        if let Some(shown) = self.shown.get(note) {
            return Some(shown.clone());
        }
        let parsed = Note::parse(note).ok()?;
        let head = Checkpoint::parse(&parsed.text).ok()?;
        let name = |name: &str| {
            let agency = name.strip_suffix("/witness")?.rsplit('/').next()?;
            federation.index.get(&agency.parse().ok()?).copied()
        };
        let witnesses = parsed.signatures.iter().filter_map(|line| name(&line.name)).collect();
        let epoch = LogId::from_origin(&head.origin, federation.chain.fingerprint()).map_or(1, |log| log.epoch);
        let shown = Shown { epoch, size: head.size, root: head.root, witnesses };
        self.shown.insert(note.to_owned(), shown.clone());
        Some(shown)
    }

    /// Before a batch is applied: records of honest logs must be those that their owner wrote, and first; those of
    /// liars must be forged by them.
    pub(super) fn records(&self, federation: &Federation, me: usize, writes: &[Write], disks: &[&Disk]) -> Result<(), Breach> {
        for write in writes {
            let Write::Records { log, start, records } = write else { continue };
            let owner = federation.who(&log.agency);
            if owner == me {
                continue;
            }
            for ((_, hashes), index) in records.iter().zip(*start..) {
                let leaf = hashes[0];
                let known = if self.liar(owner) {
                    index < 2 || self.forged.contains(&(owner, index, leaf))
                } else {
                    let at = usize::try_from(index).unwrap_or(usize::MAX);
                    let written = disks[owner].logs[owner].rows.get(at).is_some_and(|row| row.leaf() == leaf);
                    written || self.written.contains(&(owner, index, leaf))
                };
                if !known {
                    return breach("I2 one history", format!("agency {me} holds a record {index} of {log} that {log} never had"));
                }
            }
        }
        Ok(())
    }

    /// After a batch is on disk: marks, and heads that count as final.
    pub(super) fn committed(&mut self, federation: &Federation, me: usize, writes: &[Write], disk: &Disk) -> Result<(), Breach> {
        for write in writes {
            match write {
                Write::Log(snapshot) => {
                    if let Some((size, root)) = snapshot.cosigned {
                        self.marks.insert((me, federation.who(&snapshot.log.agency), size, root));
                    }
                }
                Write::Final { log, size, note } => self.finality(federation, me, federation.who(&log.agency), *size, note, disk)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn finality(&mut self, federation: &Federation, me: usize, owner: usize, size: u64, note: &str, disk: &Disk) -> Result<(), Breach> {
        let log = &federation.seats[owner].log;
        let Some(shown) = self.shown(federation, note) else {
            return breach("I3 witnessed", format!("agency {me} keeps a final head of {log} that is no note"));
        };
        let rows = &disk.logs[owner].rows;
        if shown.size != size || root_at(rows, size) != Some(shown.root) {
            return breach("I3 witnessed", format!("agency {me} keeps a final head of {log} ({size}) of records that it does not hold"));
        }
        // The version that the head had adopted decides who counts.
        let inside = &rows[..usize::try_from(size).unwrap_or(0)];
        let version = if inside.iter().any(|row| row.leaf() == federation.adoption.1) { 2 } else { 1 };
        let own = federation.group(owner, version);
        let mut groups: HashMap<usize, HashSet<usize>> = HashMap::new();
        for witness in &shown.witnesses {
            let group = federation.group(*witness, version);
            if group == own || !federation.member(*witness, version) {
                continue;
            }
            if !self.liar(*witness) && !self.marks.contains(&(*witness, owner, size, shown.root)) {
                let what = format!("agency {me} counts a cosignature of agency {witness} on {log} ({size}) that it never made");
                return breach("I3 witnessed", what);
            }
            groups.entry(group).or_default().insert(*witness);
        }
        // Agencies under one parent count when more than half of them signed.
        groups.retain(|group, signed| 2 * signed.len() > federation.size_of(*group, version));
        let needed = federation.quorum(owner, version);
        if groups.len() < needed {
            let what = format!("agency {me} holds {log} ({size}) as final with {} of {needed} witnesses", groups.len());
            return breach("I3 witnessed", what);
        }
        let known = &mut self.finals[owner];
        let held = &rows[..usize::try_from(size).unwrap_or(0)];
        if let Some(at) = known.iter().zip(held).position(|(leaf, row)| *leaf != row.leaf()) {
            return breach("L3 no split view", format!("two final heads of {log} differ in record {at}; one is agency {me}'s"));
        }
        known.extend(held.iter().skip(known.len()).map(|row| row.leaf()));
        Ok(())
    }

    /// An honest agency's own head leaves its node: it must be durable, and the only one of its size.
    pub(super) fn own_head(&mut self, federation: &Federation, me: usize, note: &str, disk: &Disk) -> Result<(), Breach> {
        let Some(shown) = self.shown(federation, note) else {
            return breach("I1 durable before signed", format!("agency {me} published a head that is no note"));
        };
        // One that recovers shows heads of its own that others kept for it, and signs none.
        if disk.recovering && self.heads.get(&(me, shown.epoch, shown.size)) == Some(&shown.root) {
            return Ok(());
        }
        if root_at(&disk.logs[me].rows, shown.size) != Some(shown.root) {
            return breach("I1 durable before signed", format!("agency {me} signed a head of size {} that is not on its disk", shown.size));
        }
        if disk.high_water.is_none_or(|(size, _)| size < shown.size) {
            return breach("L10 high-water before signing", format!("agency {me} signed size {} above its mark", shown.size));
        }
        let first = *self.heads.entry((me, shown.epoch, shown.size)).or_insert(shown.root);
        if first != shown.root {
            return breach("I2 one history", format!("agency {me} signed two heads of size {} in one epoch", shown.size));
        }
        Ok(())
    }

    /// An honest witness's cosignature leaves its node: everything it vouches for must be on its disk.
    pub(super) fn cosigned(&self, federation: &Federation, me: usize, owner: usize, size: u64, disk: &Disk) -> Result<(), Breach> {
        let log = &federation.seats[owner].log;
        let held = &disk.logs[owner];
        let Some(root) = root_at(&held.rows, size) else {
            let what = format!("agency {me} cosigned {log} ({size}) of which it holds {} records", count(held.rows.len()));
            return breach("L6 replayed before cosigned", what);
        };
        // A cosignature of before a disk was lost comes back with the head.
        let marked = held.snapshot.as_ref().and_then(|snapshot| snapshot.cosigned);
        let noted = self.restored.contains(&me) || marked.is_some_and(|(at, _)| at >= size);
        if !noted || !self.marks.contains(&(me, owner, size, root)) {
            return breach("L6 noted before cosigned", format!("agency {me} cosigned {log} ({size}), its disk says {marked:?}"));
        }
        Ok(())
    }

    /// An honest agency loses its disk. What a quorum had cosigned comes back from the others; what nobody else had seen is gone,
    /// and what some had seen may be.
    pub(super) fn lost(&mut self, me: usize, disk: &Disk) {
        let settled = count(self.finals[me].len());
        self.acknowledged.retain(|(owner, index, _)| *owner != me || *index < settled);
        self.restored.insert(me);
        self.written.extend(disk.logs[me].rows.iter().zip(0..).map(|(row, index)| (me, index, row.leaf())));
    }

    /// A member left: what others hold of its log ends where the votes say.
    pub(super) fn left(&mut self, who: usize) {
        self.acknowledged.retain(|(owner, ..)| *owner != who);
    }

    /// How much of a log any honest node held as final.
    pub(super) fn settled(&self, owner: usize) -> u64 {
        count(self.finals[owner].len())
    }

    /// What was acknowledged is there.
    pub(super) fn survived(&self, disk: &Disk, me: usize, only: Option<usize>) -> Result<(), Breach> {
        for (owner, index, leaf) in &self.acknowledged {
            if only.is_some_and(|only| only != *owner) {
                continue;
            }
            let row = disk.logs[*owner].rows.get(usize::try_from(*index).unwrap_or(usize::MAX));
            if row.is_none_or(|row| row.leaf() != *leaf) {
                let what = format!("record {index} of agency {owner} was acknowledged and is not on the disk of agency {me}");
                return breach("I1 acknowledged is durable", what);
            }
        }
        Ok(())
    }
}
