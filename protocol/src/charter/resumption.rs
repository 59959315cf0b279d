//! A log that told two stories may go on in a new epoch when the members say so (protocol, "After a fork").

use serde::{Deserialize, Serialize};

use super::Charter;
use super::difference::Difference;
use crate::id::AgencyId;

/// The members' word that an epoch of a log is over, whatever stories it told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resumption {
    /// Whose log.
    pub agency: AgencyId,
    /// The last epoch that is over: the log goes on in a later one.
    pub epoch: u32,
}

/// Why a version may not list the resumptions that it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumptionError {
    /// One is left out while the agency is still a member, or names an earlier epoch.
    #[error("what was decided about the log of {0} cannot be taken back, nor for an earlier epoch")]
    TakenBack(AgencyId),
}

impl Charter {
    /// The last epoch of an agency's log that this version declares over; 0 for none.
    #[must_use]
    pub fn resumed(&self, agency: &AgencyId) -> u32 {
        self.resumptions.iter().find(|resumption| resumption.agency == *agency).map_or(0, |resumption| resumption.epoch)
    }

    /// Whether resumptions are of members, in order, each once, and of an epoch that there can be.
    pub(super) fn has_sound_resumptions(&self) -> Result<(), AgencyId> {
        let mut before = None;
        for resumption in &self.resumptions {
            let in_order = before.is_none_or(|before| before < &resumption.agency);
            if !in_order || !(1..u32::MAX).contains(&resumption.epoch) || self.version == 1 || self.member(&resumption.agency).is_none() {
                return Err(resumption.agency.clone());
            }
            before = Some(&resumption.agency);
        }
        Ok(())
    }
}

/// What `next` decides about logs that forked.
pub(super) fn differences(present: &Charter, next: &Charter) -> Vec<Difference> {
    let new = next.resumptions.iter().filter(|resumption| resumption.epoch > present.resumed(&resumption.agency));
    new.map(|resumption| Difference::Resumed(resumption.clone())).collect()
}

/// What was decided stays.
pub(super) fn check(present: &Charter, next: &Charter) -> Result<(), ResumptionError> {
    let still = present.resumptions.iter().filter(|resumption| next.member(&resumption.agency).is_some());
    let mut taken_back = still.filter(|resumption| next.resumed(&resumption.agency) < resumption.epoch);
    taken_back.next().map_or(Ok(()), |resumption| Err(ResumptionError::TakenBack(resumption.agency.clone())))
}
