//! Objections to labels, of honest agencies and of others, and what counts of them.

use std::collections::BTreeMap;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::{Ground, Objection};
use parangon_protocol::limits;
use parangon_protocol::record::Record;
use parangon_protocol::replica::LabelRow;
use parangon_protocol::time::Timestamp;

use super::Sim;
use super::audit::{Breach, breach};
use super::disk::{Disk, DiskLabel};
use super::model::Model;

fn record(label: LabelId, objection: Objection) -> Vec<u8> {
    Record::Objection(label, objection).to_text().expect("a record of constants")
}

fn raise(label: LabelId, ground: Ground, at: Timestamp) -> Vec<u8> {
    record(label, Objection::Raise { ground, at })
}

impl Disk {
    /// Who objects to the label, by the index of its objection.
    pub(super) fn objected(&self, row: &LabelRow) -> BTreeMap<AgencyId, u64> {
        let stands = |(agency, said): (&AgencyId, _)| Some((agency.clone(), row.questioned_by(agency, said, u64::MAX)?.index));
        self.objections.get(&row.id).into_iter().flatten().filter_map(stands).collect()
    }
}

impl Sim<'_> {
    /// An endorser withdraws its endorsement; somebody else has counted differently. Refused where the label has not arrived.
    pub(super) fn object(&mut self, who: usize, pick: u64, lifts: bool) -> Result<(), Breach> {
        let others: Vec<_> = self.issued.iter().filter(|issued| issued.owner != who).collect();
        let Some(place) = pick.checked_rem(u64::try_from(others.len()).unwrap_or(0)) else { return Ok(()) };
        let issued = others[usize::try_from(place).unwrap_or(0)];
        let (label, at) = (issued.id, self.clock(who));
        let mine = issued.endorsements.iter().find(|(endorser, _)| *endorser == who);
        let ground = mine.map_or(Ground::ConflictOfInterest, |(_, endorsement)| Ground::EndorsementWithdrawn(*endorsement));
        self.count("objections");
        let text = if lifts { record(label, Objection::Lift { at }) } else { raise(label, ground, at) };
        self.append(who, vec![text], None)
    }

    /// What has no effect: against its own label, of an endorsement that is not its own, of no label at all; and more than is listened to.
    pub(super) fn liar_objects(&mut self, who: usize) {
        let at = self.clock(who);
        let own = self.issued.iter().find(|issued| issued.owner == who).map(|issued| issued.id);
        let other = self.others_label(who);
        let mut texts = vec![raise(LabelId(Hash(self.rng.bytes())), Ground::RuleBroken, at)];
        texts.extend(own.map(|label| raise(label, Ground::Misrepresentation, at)));
        if let Some(issued) = other {
            match (self.rng.below(2), issued.endorsements.first()) {
                (0, Some((_, foreign))) => texts.push(raise(issued.id, Ground::EndorsementWithdrawn(*foreign), at)),
                _ => {
                    let steps = limits::OBJECTIONS + self.rng.index(3);
                    for _ in 0..steps {
                        texts.push(raise(issued.id, Ground::ConflictOfInterest, at));
                        texts.push(record(issued.id, Objection::Lift { at }));
                    }
                    texts.push(raise(issued.id, Ground::Misrepresentation, at));
                }
            }
        }
        self.grow(who, 0, texts);
    }

    /// Exactly the objections that the logs held here say, and none of the issuer itself or in another endorser's name.
    pub(super) fn objections_are_true(&self, who: usize, label: &DiskLabel, told: &[Model]) -> Result<(), Breach> {
        let row = &label.row;
        let mut truth = BTreeMap::new();
        for (seat, model) in self.federation.seats.iter().zip(told) {
            let Some((index, ground)) = model.objected.get(&row.id) else { continue };
            let counts = match ground {
                Ground::EndorsementWithdrawn(id) => row.endorsements.contains(&(seat.id.clone(), *id)),
                _ => true,
            };
            if counts && row.common.owner != seat.id {
                truth.insert(seat.id.clone(), *index);
            }
        }
        let held = self.nodes[who].disk.objected(row);
        if held != truth {
            let what = format!("agency {who}: to label {} object {held:?}, in truth {truth:?}", row.id);
            return breach("R5 who objects stands in its log", what);
        }
        Ok(())
    }
}
