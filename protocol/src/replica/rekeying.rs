//! Re-keyings that wait, as this node saw them: it votes for carrying one out no sooner than thirty days after the announcement took
//! effect here, and not when the present key has signed anything since (protocol, "Re-keying").

use super::{Refusal, Replica, assembly, epoch};
use crate::charter::{Charter, Difference, Rekeying, Resumption, Vote};
use crate::id::{AgencyId, LogId};
use crate::limits;
use crate::time::Timestamp;

/// How far it may be ahead of the node's clock, in seconds: clocks differ.
const AHEAD: u64 = 3_600;

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
    // Announced again after it was dropped, it waits again.
    let since_then = replica.book.chain().versions().rev().take_while(|charter| charter.rekeyings.contains(rekeying));
    let version = since_then.last().map_or(u32::MAX, |charter| charter.version);
    let since = assembly::since(replica, version);
    WaitingKey {
        rekeying: rekeying.clone(),
        version,
        due: since.plus(limits::REKEYING_SECONDS).max(rekeying.due()),
        objected: objected(replica, &rekeying.agency, version),
    }
}

/// Whether the agency's log shows that somebody has its keys: a key set behind the record by which it adopted that version, or a vote
/// on a later one.
fn objected(replica: &Replica, agency: &AgencyId, version: u32) -> bool {
    let (chain, state) = (replica.book.chain(), replica.logs.get(&LogId::first(agency.clone())));
    let Some((member, state)) = chain.newest().member(agency).zip(state) else { return false };
    let adopted = state.adopted.iter().find(|(_, adopted)| *adopted >= version).map(|(index, _)| *index);
    let later = state.keysets.iter().filter(|(index, _)| adopted.is_some_and(|adopted| *index > adopted));
    let rotated = later.map(|(_, set)| set).any(|set| set.verify(chain.fingerprint(), &member.identity).is_ok());
    rotated || state.voted > version
}

/// Whether a vote is by its agency's present identity key; or, where the text voted on lets that take over, by the one that the agency
/// had committed to. Not by a key that others announced for it.
pub(super) fn is_its_own(replica: &Replica, vote: &Vote) -> bool {
    let (chain, ballot) = (replica.book.chain(), &vote.body);
    let Some(present) = chain.newest().member(&ballot.agency) else { return false };
    let proposed = replica.proposals().get(&ballot.charter).map(|proposal| proposal.charter());
    let committed = |next: &&Charter| next.member(&ballot.agency).is_some_and(|member| member.identity.hash() == present.successor);
    vote.verify(chain.fingerprint(), chain.newest(), proposed.filter(committed).unwrap_or(chain.newest())).is_ok()
}

/// Whether this node may vote for a text: what it announces is not dated ahead; what it carries out has waited long enough, and nobody
/// has objected; an epoch that it declares over is one that the log can leave. None of this may come to be refused later but for an
/// objection, against which those can vote who are left: else those who have voted would be bound by what cannot come about.
pub(super) fn may_vote(replica: &Replica, now: Timestamp, changes: &[Difference]) -> Result<(), Refusal> {
    for change in changes {
        match change {
            Difference::RekeyingAnnounced(new) if new.announced > now.plus(AHEAD) => {
                return Err(Refusal::RekeyingDate { announced: new.announced });
            }
            Difference::Rekeyed(done) => {
                let WaitingKey { due, objected, .. } = waiting(replica, done);
                if objected {
                    return Err(Refusal::RekeyingObjected);
                }
                if now < due {
                    return Err(Refusal::RekeyingWaits { until: due });
                }
            }
            Difference::Resumed(Resumption { agency, epoch }) if epoch::is_too_late(replica, &LogId::first(agency.clone()), *epoch) => {
                return Err(Refusal::ResumptionEpoch { epoch: *epoch });
            }
            _ => {}
        }
    }
    Ok(())
}
