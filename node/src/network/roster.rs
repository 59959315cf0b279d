//! Who may connect: agencies and the PeerIds that their key sets name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use libp2p::PeerId;
use parangon_protocol::id::AgencyId;

use super::MemberAddress;

/// Members by both names. The node itself is never in it.
#[derive(Debug, Default)]
pub(super) struct Roster {
    by_agency: BTreeMap<AgencyId, PeerId>,
    by_peer: HashMap<PeerId, AgencyId>,
    blocked: BTreeSet<AgencyId>,
}

/// What a new list means for the allow-list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Vec<PeerId>,
    pub(super) removed: Vec<(PeerId, AgencyId)>,
}

impl Roster {
    /// Takes a new list. A PeerId belongs to one agency, and an agency has one: a second claim is void, and a claim that we held
    /// before goes first. (A key set names a transport key without proof that its agency has it.)
    pub(super) fn replace(&mut self, members: &[MemberAddress], me: &AgencyId, local: &PeerId) -> Changes {
        let mut by_peer: HashMap<PeerId, AgencyId> = HashMap::new();
        let mut by_agency: BTreeMap<AgencyId, PeerId> = BTreeMap::new();
        let claims = || members.iter().filter(|m| m.agency != *me).filter_map(|m| m.peer.filter(|p| p != local).map(|p| (p, &m.agency)));
        let (held, new): (Vec<_>, Vec<_>) = claims().partition(|(peer, agency)| self.by_peer.get(peer) == Some(*agency));
        for (peer, agency) in held.into_iter().chain(new) {
            if by_peer.contains_key(&peer) || by_agency.contains_key(agency) {
                tracing::warn!(%peer, %agency, "a second claim to a transport key, or by an agency, is void");
                continue;
            }
            by_peer.insert(peer, agency.clone());
            by_agency.insert(agency.clone(), peer);
        }
        let changes = Changes {
            added: by_peer.iter().filter(|(peer, agency)| self.by_peer.get(*peer) != Some(*agency)).map(|(peer, _)| *peer).collect(),
            removed: self
                .by_peer
                .iter()
                .filter(|(peer, agency)| by_peer.get(*peer) != Some(*agency))
                .map(|(p, a)| (*p, a.clone()))
                .collect(),
        };
        self.by_agency = by_agency;
        self.by_peer = by_peer;
        changes
    }

    pub(super) fn peer(&self, agency: &AgencyId) -> Option<PeerId> {
        self.by_agency.get(agency).copied()
    }

    pub(super) fn agency(&self, peer: &PeerId) -> Option<&AgencyId> {
        self.by_peer.get(peer)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&AgencyId, &PeerId)> {
        self.by_agency.iter()
    }

    pub(super) fn is_blocked(&self, peer: &PeerId) -> bool {
        self.by_peer.get(peer).is_some_and(|agency| self.blocked.contains(agency))
    }

    /// Returns the peer when this changed anything.
    pub(super) fn block(&mut self, agency: &AgencyId) -> Option<PeerId> {
        self.blocked.insert(agency.clone()).then(|| self.peer(agency)).flatten()
    }

    /// Returns the peer when this changed anything.
    pub(super) fn unblock(&mut self, agency: &AgencyId) -> Option<PeerId> {
        self.blocked.remove(agency).then(|| self.peer(agency)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, peer: Option<PeerId>) -> MemberAddress {
        MemberAddress { agency: name.parse().expect("slug"), peer, addresses: Vec::new() }
    }

    #[test]
    fn a_transport_key_belongs_to_who_had_it_first() {
        let (local, oslo) = (PeerId::random(), PeerId::random());
        let me: AgencyId = "wien".parse().expect("slug");
        let mut roster = Roster::default();
        let changes = roster.replace(&[member("wien", Some(local)), member("oslo", Some(oslo)), member("porto", None)], &me, &local);
        assert_eq!(changes, Changes { added: vec![oslo], removed: vec![] });
        let changes = roster.replace(&[member("alba", Some(oslo)), member("oslo", Some(oslo)), member("riga", Some(local))], &me, &local);
        assert_eq!(changes, Changes::default());
        assert_eq!(roster.agency(&oslo).map(AgencyId::as_str), Some("oslo"));
        assert_eq!(roster.agency(&local), None);
        let changes = roster.replace(&[member("alba", Some(oslo))], &me, &local);
        assert_eq!(changes, Changes { added: vec![oslo], removed: vec![(oslo, "oslo".parse().expect("slug"))] });
        assert_eq!(roster.agency(&oslo).map(AgencyId::as_str), Some("alba"));
        assert_eq!(roster.replace(&[], &me, &local), Changes { added: vec![], removed: vec![(oslo, "alba".parse().expect("slug"))] });
    }

    #[test]
    fn a_block_outlives_a_new_list() {
        let (local, oslo) = (PeerId::random(), PeerId::random());
        let me: AgencyId = "wien".parse().expect("slug");
        let agency: AgencyId = "oslo".parse().expect("slug");
        let mut roster = Roster::default();
        assert_eq!(roster.block(&agency), None);
        roster.replace(&[member("oslo", Some(oslo))], &me, &local);
        assert!(roster.is_blocked(&oslo));
        assert_eq!(roster.unblock(&agency), Some(oslo));
        assert_eq!(roster.unblock(&agency), None);
        assert!(!roster.is_blocked(&oslo));
    }
}
