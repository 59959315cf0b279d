//! Another identity key by the members' decision, for an agency that lost both of its own: announced first, carried out thirty days
//! later at the earliest (protocol, "Re-keying").

use serde::{Deserialize, Serialize};

use super::Charter;
use super::difference::Difference;
use crate::id::{AgencyId, Hash};
use crate::keys::PublicKey;
use crate::limits;
use crate::time::Timestamp;

/// An identity key that was announced for an agency and waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rekeying {
    /// Whose.
    pub agency: AgencyId,
    /// When: that of the version that announced it.
    pub announced: Timestamp,
    /// The identity key that it is to have.
    pub identity: PublicKey,
    /// Hash of the identity key after that one.
    pub successor: Hash,
}

/// Why a version may not do what it does to a re-keying.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RekeyingError {
    /// Its time is not that of the version that announces it.
    #[error("the re-keying of {0} is announced under another time than its version's")]
    Time(AgencyId),
    /// It was announced less than thirty days before.
    #[error("the re-keying of {agency} has to wait until {from}: thirty days from its announcement, in which the present key may object")]
    TooSoon {
        /// Whose.
        agency: AgencyId,
        /// From when on a version may carry it out.
        from: Timestamp,
    },
    /// The present key gives way to its committed successor while the re-keying goes on waiting.
    #[error("the identity keys of {0} change: its re-keying has to be dropped with that")]
    Overtaken(AgencyId),
    /// Who witnesses changes while a re-keying waits.
    #[error("while the re-keying of {0} waits, who witnesses cannot change; drop it first")]
    Witnesses(AgencyId),
}

impl Rekeying {
    /// From when on a version may carry it out.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.announced.plus(limits::REKEYING_SECONDS)
    }

    /// Whether the agency has these keys in that version.
    pub(super) fn is_done_in(&self, charter: &Charter) -> bool {
        charter.member(&self.agency).is_some_and(|member| (member.identity, member.successor) == (self.identity, self.successor))
    }
}

impl Charter {
    /// The re-keying of this agency that waits.
    #[must_use]
    pub fn rekeying(&self, agency: &AgencyId) -> Option<&Rekeying> {
        self.rekeyings.iter().find(|waiting| waiting.agency == *agency)
    }

    /// Whether re-keyings stand in order, are of members, and bring keys that nobody has.
    pub(super) fn has_sound_rekeyings(&self) -> Result<(), AgencyId> {
        let mut keys: std::collections::HashSet<Hash> =
            self.members.iter().flat_map(|member| [member.identity.hash(), member.successor]).collect();
        let mut before = None;
        for waiting in &self.rekeyings {
            let new = keys.insert(waiting.identity.hash()) && keys.insert(waiting.successor);
            let in_order = before.is_none_or(|before| before < &waiting.agency);
            if !new || !in_order || self.version == 1 || self.member(&waiting.agency).is_none() {
                return Err(waiting.agency.clone());
            }
            before = Some(&waiting.agency);
        }
        Ok(())
    }
}

/// What `next` does to re-keyings, of which those carried out take the place of a change of identity keys.
pub(super) fn differences(present: &Charter, next: &Charter) -> Vec<Difference> {
    let ended = present.rekeyings.iter().filter(|waiting| !next.rekeyings.contains(waiting));
    let ended = ended.map(|waiting| match carried_out(present, next, &waiting.agency) {
        Some(done) => Difference::Rekeyed(done.clone()),
        None => Difference::RekeyingDropped(waiting.agency.clone()),
    });
    let announced = next.rekeyings.iter().filter(|waiting| !present.rekeyings.contains(waiting));
    ended.chain(announced.map(|waiting| Difference::RekeyingAnnounced(waiting.clone()))).collect()
}

/// The re-keying of this agency that `next` carries out.
pub(super) fn carried_out<'a>(present: &'a Charter, next: &Charter, agency: &AgencyId) -> Option<&'a Rekeying> {
    present.rekeying(agency).filter(|waiting| waiting.is_done_in(next) && next.rekeying(agency).is_none())
}

/// The rules of what `next` does to re-keyings.
pub(super) fn check(changes: &[Difference], next: &Charter) -> Result<(), RekeyingError> {
    for change in changes {
        match change {
            // Else it would not wait.
            Difference::RekeyingAnnounced(new) if new.announced != next.created => return Err(RekeyingError::Time(new.agency.clone())),
            Difference::Rekeyed(done) if next.created < done.due() => {
                return Err(RekeyingError::TooSoon { agency: done.agency.clone(), from: done.due() });
            }
            Difference::Identity { agency, .. } | Difference::Successor(agency) if next.rekeying(agency).is_some() => {
                return Err(RekeyingError::Overtaken(agency.clone()));
            }
            _ => {}
        }
    }
    match next.rekeyings.first() {
        Some(waiting) if changes.iter().any(Difference::changes_witnesses) => Err(RekeyingError::Witnesses(waiting.agency.clone())),
        _ => Ok(()),
    }
}
