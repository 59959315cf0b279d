//! What honest agencies do: records that say nothing, labels with their confirmations, standing, status.

use parangon_protocol::charter::Level;
use parangon_protocol::id::Hash;
use parangon_protocol::label::status::State;
use parangon_protocol::label::{ClusterFacts, Label, LabelId};
use parangon_protocol::record::{Action, Anchor, EndorsementEntry, Reason, Record, Standing};
use parangon_protocol::time::{Month, Timestamp};

use super::audit::Breach;
use super::labels::{self, Award, Older};
use super::node::Chore;
use super::{Happening, Sim};

/// A label that somebody issued or made up.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) id: LabelId,
    pub(super) owner: usize,
    pub(super) text: Vec<u8>,
    pub(super) offer: Hash,
    pub(super) cluster: ClusterFacts,
    pub(super) level: Level,
    pub(super) valid_until: Month,
    /// Who endorsed it, with the endorsement's id.
    pub(super) endorsements: Vec<(usize, Hash)>,
}

impl Issued {
    pub(super) fn new(owner: usize, label: &Label, endorsers: &[usize], text: Vec<u8>) -> Self {
        let id = label.common.id().expect("fields of constants");
        let endorsement = |who: &usize, at: usize| (*who, label.endorsements[at].id(&id).expect("fields of constants"));
        Self {
            id,
            owner,
            text,
            offer: label.common.offer,
            cluster: label.common.cluster.clone(),
            level: label.common.level,
            valid_until: label.common.valid_until,
            endorsements: endorsers.iter().enumerate().map(|(at, who)| endorsement(who, at)).collect(),
        }
    }
}

/// A record that says nothing, different for each number.
pub(crate) fn anchor(number: u64, now: Timestamp) -> Vec<u8> {
    let record = Record::Anchor(Anchor { day: now, root: Hash::of(&[&number.to_be_bytes()]) });
    record.to_text().expect("a record of constants")
}

pub(super) fn standing(label: LabelId, action: Action, at: Timestamp) -> Vec<u8> {
    let record = Record::Standing(label, Standing { action, reason: Reason::UnderReview, at });
    record.to_text().expect("a record of constants")
}

pub(super) fn confirmation(label: LabelId, endorsement: Hash) -> Vec<u8> {
    Record::Endorsement(label, EndorsementEntry { endorsement }).to_text().expect("a record of constants")
}

impl Sim<'_> {
    pub(crate) fn anchors(&mut self, who: usize, count: u64) -> Result<(), Breach> {
        let now = self.clock(who);
        let texts = (0..count).map(|_| anchor(self.rng.next(), now)).collect();
        self.append(who, texts, None)
    }

    pub(super) fn award(&mut self, who: usize, level: Level, endorsers: &[usize], renews: bool) -> Result<(), Breach> {
        let older = if renews { self.renewable(who, level) } else { None };
        let adopted = self.nodes[who].replica.as_ref().and_then(|replica| replica.adopted(&replica.own_log()));
        let ruling = adopted.unwrap_or((1, 1));
        let award = Award { owner: who, level, endorsers, older: older.as_ref(), offer: None, now: self.clock(who), ruling, flaw: None };
        let label = labels::label(self.federation, &mut self.rng, &award);
        let text = Record::Label(Box::new(label.clone())).to_text().expect("a label of constants");
        let issued = Issued::new(who, &label, endorsers, text.clone());
        self.audit.sound.insert(issued.id);
        self.count("labels");
        let number = self.issued.len();
        self.issued.push(issued);
        // The endorsers know of it before it is issued: some confirm before, some after.
        self.confirm_soon(number);
        self.append(who, vec![text], None)
    }

    /// An active label of ours that this one may replace.
    fn renewable(&mut self, who: usize, level: Level) -> Option<Older> {
        let replica = self.nodes[who].replica.as_ref()?;
        let fits = |issued: &&Issued| issued.owner == who && issued.level <= level && replica.label(&issued.id) == Some(State::Active);
        let found: Vec<&Issued> = self.issued.iter().filter(fits).collect();
        let one = if found.is_empty() { None } else { Some(*self.rng.pick(&found)) };
        one.map(|one| Older { id: one.id, cluster: one.cluster.clone(), level: one.level, valid_until: one.valid_until })
    }

    pub(super) fn confirm_soon(&mut self, number: usize) {
        let issued = self.issued[number].clone();
        for (who, endorsement) in &issued.endorsements {
            let after = self.rng.between(0, 4_000);
            if self.is_liar(*who) {
                self.schedule(after, Happening::Confirm { who: *who, issued: number });
            } else {
                let record = confirmation(issued.id, *endorsement);
                self.nodes[*who].chores.push_back(Chore { record });
                let life = self.nodes[*who].life;
                self.schedule(after, Happening::Chores { who: *who, life });
            }
        }
    }

    pub(super) fn standing(&mut self, who: usize, pick: u64, action: Action) -> Result<(), Breach> {
        let own: Vec<LabelId> = self.issued.iter().filter(|issued| issued.owner == who).map(|issued| issued.id).collect();
        let Some(at) = pick.checked_rem(u64::try_from(own.len()).unwrap_or(0)) else { return Ok(()) };
        let label = own[usize::try_from(at).unwrap_or(0)];
        let text = standing(label, action, self.clock(who));
        self.append(who, vec![text], None)
    }

    pub(super) fn status(&mut self, who: usize) -> Result<(), Breach> {
        self.append_status(who)
    }
}
