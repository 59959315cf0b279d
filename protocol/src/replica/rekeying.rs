//! Re-keyings that wait, as this node saw them: it votes for carrying one out no sooner than thirty days after the announcement took
//! effect here, and not when the present key has signed anything since (protocol, "Re-keying").

use super::{Refusal, Replica, assembly};
use crate::canonical;
use crate::charter::{Difference, Rekeying, Vote};
use crate::id::{AgencyId, LogId};
use crate::keys::Purpose;
use crate::limits;
use crate::time::Timestamp;

/// A re-keying that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingKey {
    /// What was announced.
    pub rekeying: Rekeying,
    /// The version that announced it.
    pub version: u32,
    /// From when on this node votes for it.
    pub due: Timestamp,
    /// The present key, or the successor that it committed to, has signed something since.
    pub objected: bool,
}

impl Replica {
    /// The re-keyings that wait, by agency.
    #[must_use]
    pub fn rekeyings(&self) -> Vec<WaitingKey> {
        self.book.chain().newest().rekeyings.iter().map(|rekeying| waiting(self, rekeying)).collect()
    }
}

fn waiting(replica: &Replica, rekeying: &Rekeying) -> WaitingKey {
    let announced = replica.book.chain().versions().find(|charter| charter.rekeyings.contains(rekeying));
    let version = announced.map_or(u32::MAX, |charter| charter.version);
    let since = assembly::since(replica, version);
    WaitingKey {
        rekeying: rekeying.clone(),
        version,
        due: since.plus(limits::REKEYING_SECONDS).max(rekeying.due()),
        objected: objected(replica, &rekeying.agency, version),
    }
}

/// Whether what stands in logs and charters shows that somebody has the agency's keys: a key set behind the record by which its log
/// adopted that version, or a vote on a later one.
fn objected(replica: &Replica, agency: &AgencyId, version: u32) -> bool {
    let chain = replica.book.chain();
    let mut later = chain.amendments().filter(|amendment| amendment.charter.version > version);
    if later.any(|amendment| amendment.votes.iter().any(|vote| vote.body.agency == *agency)) {
        return true;
    }
    let Some(state) = replica.logs.get(&LogId::first(agency.clone())) else { return false };
    let adopted = state.adopted.iter().find(|(_, adopted)| *adopted >= version).map(|(index, _)| *index);
    let rotated = adopted.is_some_and(|adopted| state.keysets.iter().any(|(index, _)| *index > adopted));
    rotated || state.votes.iter().any(|(_, vote)| vote.body.version > version && is_signed(replica, agency, vote))
}

/// Whether a vote is by the agency's identity key, or by the one that it committed to where the text voted on lists that.
fn is_signed(replica: &Replica, agency: &AgencyId, vote: &Vote) -> bool {
    let (chain, text) = (replica.book.chain(), canonical::encode(&vote.body, limits::RECORD_BYTES));
    let Some((member, text)) = chain.newest().member(agency).zip(text.ok()) else { return false };
    let next = replica.proposals().get(&vote.body.charter).and_then(|proposal| proposal.charter().member(agency));
    let successor = next.map(|next| next.identity).filter(|identity| identity.hash() == member.successor);
    let mut keys = [member.identity].into_iter().chain(successor);
    keys.any(|key| key.verify(Purpose::Vote, chain.fingerprint(), &text, &vote.signature).is_ok())
}

/// Whether this node may vote for a text: what it carries out has waited long enough, and nobody has objected.
pub(super) fn may_vote(replica: &Replica, now: Timestamp, changes: &[Difference]) -> Result<(), Refusal> {
    for change in changes {
        let Difference::Rekeyed(done) = change else { continue };
        let WaitingKey { due, objected, .. } = waiting(replica, done);
        if objected {
            return Err(Refusal::RekeyingObjected);
        }
        if now < due {
            return Err(Refusal::RekeyingWaits { until: due });
        }
    }
    Ok(())
}
