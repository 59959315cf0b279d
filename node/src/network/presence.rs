//! Connected and disconnected, in order and never lost, however long the application sleeps.

use std::collections::{BTreeSet, VecDeque};

use parangon_protocol::id::AgencyId;

/// Changes that the application has not been told yet: at most two for each agency.
#[derive(Debug, Default)]
pub(super) struct Presence {
    waiting: VecDeque<(AgencyId, bool)>,
    /// Who is connected once everything has been told.
    up: BTreeSet<AgencyId>,
}

impl Presence {
    /// Notes a change. "Down, up" that waits already and a new "down" are one "down": the last "up" is taken back.
    pub(super) fn push(&mut self, agency: &AgencyId, connected: bool) {
        let changed = if connected { self.up.insert(agency.clone()) } else { self.up.remove(agency) };
        if !changed {
            return;
        }
        if self.waiting.iter().filter(|(other, _)| other == agency).count() < 2 {
            self.waiting.push_back((agency.clone(), connected));
        } else if let Some(last) = self.waiting.iter().rposition(|(other, _)| other == agency) {
            self.waiting.remove(last);
        }
    }

    /// What to tell next.
    pub(super) fn next(&self) -> Option<&(AgencyId, bool)> {
        self.waiting.front()
    }

    /// The next one has been told.
    pub(super) fn told(&mut self) {
        self.waiting.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flapping_peer_takes_two_places_and_ends_right() {
        let oslo: AgencyId = "oslo".parse().expect("slug");
        let mut presence = Presence::default();
        for round in 0..100 {
            presence.push(&oslo, round % 2 == 0);
            presence.push(&oslo, round % 2 == 0);
            let mut state = false;
            let waiting: Vec<bool> = presence.waiting.iter().map(|(_, connected)| *connected).collect();
            assert!(waiting.len() <= 2);
            for connected in waiting {
                assert_ne!(state, connected, "a change that is none, in round {round}");
                state = connected;
            }
            assert_eq!(state, round % 2 == 0);
        }
    }

    #[test]
    fn a_reconnection_that_was_slept_through_is_told() {
        let oslo: AgencyId = "oslo".parse().expect("slug");
        let mut presence = Presence::default();
        presence.push(&oslo, true);
        presence.told();
        presence.push(&oslo, false);
        presence.push(&oslo, true);
        assert_eq!(presence.next(), Some(&(oslo.clone(), false)));
        presence.told();
        assert_eq!(presence.next(), Some(&(oslo, true)));
        presence.told();
        assert_eq!(presence.next(), None);
    }
}
