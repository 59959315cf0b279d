//! The next version of the charter, as the logs bring it about (protocol, "Amending"): votes stand in logs, texts are asked
//! for by hash, and a version takes effect here as soon as the chain can be extended by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::state::LogState;
use super::{Change, Deferred, Effect, Refusal, Replica, Write, epoch, rekeying, sync};
use crate::canonical;
use crate::charter::{Amendment, AmendmentError, Chain, Charter, Counting, LastHead, Standing, Vote};
use crate::check::CheckedProposal;
use crate::id::{AgencyId, Hash, LogId};
use crate::limits;
use crate::message::Request;
use crate::time::Timestamp;

/// Texts asked for at once, texts of ours kept, and votes kept of one agency and version.
const PROPOSALS: usize = 16;

/// Versions ahead of the newest whose votes are kept: a node that was away for that many asks for the versions themselves.
const AHEAD: u32 = 16;

/// A witness cosigns no head that has not adopted a version which took effect this long ago.
const GRACE_SECONDS: u64 = 7 * 86_400;

/// What is kept beside the chain while its next version is voted on.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Texts of the next version, by hash.
    proposals: BTreeMap<Hash, Arc<Proposal>>,
    /// When each version took effect here, of those that came since the node was set up.
    since: BTreeMap<u32, Timestamp>,
    /// Two texts of this version were both agreed to: nothing follows by itself.
    torn: Option<u32>,
}

/// A text of the next version and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The text, with votes that stand in no log here: those of agencies that would become members.
    amendment: Amendment,
    counting: Counting,
    /// So many are against it that it cannot be agreed to any more: whoever voted for it is free to vote for another text.
    pub failed: bool,
    /// How many voices are for it, and how many it takes.
    pub standing: Standing,
}

impl Proposal {
    /// The text.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.amendment.charter
    }

    /// Who is for it.
    #[must_use]
    pub fn accepted(&self) -> BTreeSet<AgencyId> {
        self.counting.agencies().cloned().collect()
    }

    /// Who is against it.
    #[must_use]
    pub fn rejected(&self) -> &BTreeSet<AgencyId> {
        self.counting.against()
    }

    /// As it is passed on: the text with the votes that came with it.
    #[must_use]
    pub fn amendment(&self) -> &Amendment {
        &self.amendment
    }
}

impl Replica {
    /// Takes back what was kept of the next version, since when each is in effect here, and which version two texts contend for.
    #[must_use]
    pub fn with_proposals(
        mut self,
        since: BTreeMap<u32, Timestamp>,
        torn: Option<u32>,
        proposals: impl IntoIterator<Item = CheckedProposal>,
    ) -> Self {
        self.assembly.since = since;
        self.assembly.torn = torn;
        for proposal in proposals {
            keep(&mut self, proposal);
        }
        count(&mut self);
        // What a version cut off may not have been marked before the last stop.
        let ends = self.book.chain().cut_offs_after(0);
        recut(&mut self, &ends);
        self
    }

    /// Texts of the next version, by hash.
    #[must_use]
    pub fn proposals(&self) -> &BTreeMap<Hash, Arc<Proposal>> {
        &self.assembly.proposals
    }

    /// The answer to [`Request::Proposal`]: the text with the votes that came with it; with all its votes when it is in effect.
    #[must_use]
    pub fn answer_proposal(&self, hash: &Hash) -> Option<Vec<u8>> {
        let in_effect = || self.book.chain().amendments().find(|amendment| amendment.charter.hash().is_ok_and(|found| found == *hash));
        let amendment = self.assembly.proposals.get(hash).map(|proposal| proposal.amendment()).or_else(in_effect)?;
        canonical::encode(amendment, limits::AMENDMENTS_BYTES).ok()
    }

    /// The version of which two texts were both agreed to, if that has happened: nothing follows by itself then.
    #[must_use]
    pub fn torn(&self) -> Option<u32> {
        self.assembly.torn
    }

    /// What a vote for this text has to say of the logs whose end it decides.
    ///
    /// # Errors
    /// [`Refusal::Proposal`] when the text does not follow the charter in effect; [`Refusal::RekeyingWaits`] and
    /// [`Refusal::RekeyingObjected`] when this node does not vote for it.
    pub fn last_heads(&self, now: Timestamp, charter: &Charter) -> Result<Vec<LastHead>, Refusal> {
        let changes = self.book.chain().follows(charter).map_err(|_| Refusal::Proposal)?;
        rekeying::may_vote(self, now, &changes)?;
        let others = Amendment::concerned(&changes).into_iter().filter(|log| log.agency != self.me);
        let seen = |log: LogId| {
            let note = self.logs.get(&log).and_then(|state| state.last_cosigned.as_deref());
            LastHead::new(log, note)
        };
        Ok(others.map(seen).collect())
    }

    /// Votes for different texts of one version by one agency: the places of both in its log.
    #[must_use]
    pub fn double_votes(&self) -> Vec<(LogId, u64, u64)> {
        let failed = failed(&self.assembly.proposals);
        let pairs = self.logs.iter().flat_map(|(log, state)| {
            let accepts = || state.votes.iter().filter(|(_, vote)| vote.body.accept && !failed.contains(&vote.body.charter));
            accepts().flat_map(move |(first, vote)| {
                let other = accepts().find(|(second, other)| second > first && contradict(vote, other));
                other.map(|(second, _)| (log.clone(), *first, *second))
            })
        });
        pairs.collect()
    }
}

/// Texts that cannot be agreed to any more.
fn failed(proposals: &BTreeMap<Hash, Arc<Proposal>>) -> BTreeSet<Hash> {
    proposals.iter().filter(|(_, proposal)| proposal.failed).map(|(hash, _)| *hash).collect()
}

/// Two votes for different texts of one version. A vote against a text leaves the voter free to vote for another one.
fn contradict(one: &Vote, other: &Vote) -> bool {
    let (one, other) = (&one.body, &other.body);
    one.accept && other.accept && one.version == other.version && one.charter != other.charter
}

/// A vote that stands in a log. Of a version in effect it may still say where a log ends; of one far away it says nothing.
pub(super) fn vote(replica: &mut Replica, now: Timestamp, log: &LogId, index: u64, vote: &Vote, out: &mut Vec<Effect>) {
    let newest = replica.book.chain().newest().version;
    let ballot = &vote.body;
    if ballot.agency != log.agency {
        return;
    }
    if ballot.version.saturating_sub(newest) > AHEAD {
        return;
    }
    heed(replica, log, vote);
    if ballot.version <= newest {
        return late(replica, now, std::iter::once(vote), out);
    }
    let state = replica.logs.entry(log.clone()).or_default();
    let same = state.votes.iter().filter(|(_, other)| other.body.version == ballot.version && other.body.accept == ballot.accept);
    // Of one agency the first vote for a text counts. Another one is kept as evidence, a third adds nothing.
    let known = same.clone().any(|(_, other)| other.body.charter == ballot.charter);
    if known || same.count() >= PROPOSALS {
        return;
    }
    state.votes.push((index, vote.clone()));
    replica.touched.insert(log.clone());
    replica.later(Change::Proposal);
    if ballot.version > newest + 1 {
        let request = Request::Charter { after: newest };
        return ask_owner(replica, log, request, out);
    }
    // Nobody needs a text that is only rejected.
    if ballot.accept && !replica.assembly.proposals.contains_key(&ballot.charter) {
        let request = Request::Proposal { hash: ballot.charter };
        ask_owner(replica, log, request, out);
    }
    decide(replica, now, out);
}

/// The votes that stand in logs and are still of use.
fn votes(replica: &Replica) -> Vec<Vote> {
    replica.logs.values().flat_map(|state| &state.votes).map(|(_, vote)| vote.clone()).collect()
}

/// Notes that an agency has its identity key, or the one that it committed to.
fn heed(replica: &mut Replica, log: &LogId, vote: &Vote) {
    let known = replica.logs.get(log).map_or(0, |state| state.voted);
    if vote.body.version > known && rekeying::is_its_own(replica, vote) {
        replica.logs.entry(log.clone()).or_default().voted = vote.body.version;
        replica.touched.insert(log.clone());
    }
}

/// Votes that come after their version took effect say more of where a log ends.
fn late<'a>(replica: &mut Replica, now: Timestamp, votes: impl Iterator<Item = &'a Vote>, out: &mut Vec<Effect>) {
    let before = replica.book.chain().clone();
    let Some(chain) = before.with_votes(votes) else { return };
    let changed = chain.amendments().zip(before.amendments()).filter(|(now, before)| now != before);
    out.extend(changed.map(|(amendment, _)| {
        let at = since(replica, amendment.charter.version);
        Effect::Persist(Write::Amendment { amendment: Box::new(amendment.clone()), at })
    }));
    let version = chain.newest().version;
    Arc::make_mut(&mut replica.book).extend(Arc::new(chain));
    recut(replica, &before.cut_offs_after(0));
    replica.later(Change::Charter { version });
    sync::pull_all(replica, now, out);
}

/// Has the labels at and above these ends checked again.
fn recut(replica: &mut Replica, ends: &[(LogId, u64)]) {
    for (log, end) in ends {
        for index in replica.labels.from(log, *end) {
            replica.deferred.push(Deferred::Emit(Effect::Recheck { log: log.clone(), index }));
        }
    }
}

fn ask_owner(replica: &Replica, log: &LogId, request: Request, out: &mut Vec<Effect>) {
    if replica.connected.contains(&log.agency) {
        out.push(Effect::Ask { to: log.agency.clone(), request });
    }
}

/// What is asked of everybody whose heads are asked for: texts that somebody voted for, and versions that others adopted.
pub(super) fn missing(replica: &Replica) -> Vec<Request> {
    let newest = replica.book.chain().newest().version;
    let behind =
        replica.logs.values().any(|state| state.stalled.is_some() || state.votes.iter().any(|(_, vote)| vote.body.version > newest + 1));
    let failed = failed(&replica.assembly.proposals);
    let first = |state: &LogState| standing_vote(state, newest + 1, &failed).map(|vote| vote.body.charter);
    let wanted: BTreeSet<Hash> = replica.logs.values().filter_map(first).collect();
    let texts = wanted.into_iter().filter(|hash| !replica.assembly.proposals.contains_key(hash)).take(PROPOSALS);
    let texts = texts.map(|hash| Request::Proposal { hash });
    behind.then_some(Request::Charter { after: newest }).into_iter().chain(texts).collect()
}

/// A text of the next version, from us or from somebody who voted for it.
pub(super) fn proposal(replica: &mut Replica, now: Timestamp, proposal: CheckedProposal, out: &mut Vec<Effect>) {
    let (hash, text) = (*proposal.hash(), proposal.bytes().to_vec());
    let version = proposal.amendment().charter.version;
    if keep(replica, proposal) {
        // Some were read before the text that tells whose keys count.
        for vote in votes(replica).into_iter().filter(|vote| vote.body.charter == hash) {
            heed(replica, &LogId::first(vote.body.agency.clone()), &vote);
        }
        out.push(Effect::Persist(Write::Proposal { version, hash, text }));
        replica.later(Change::Proposal);
        decide(replica, now, out);
    }
}

/// Keeps a text that follows the charter in effect. There is room for one of each agency, and for some of ours.
fn keep(replica: &mut Replica, proposal: CheckedProposal) -> bool {
    let chain = replica.book.chain().clone();
    let present = chain.newest();
    let (hash, amendment) = (*proposal.hash(), proposal.into_amendment());
    let held = replica.assembly.proposals.get(&hash);
    let full = replica.assembly.proposals.len() >= present.members.len() + PROPOSALS;
    if held.map_or(full, |held| held.amendment.votes.len() >= amendment.votes.len()) {
        return false;
    }
    // One that could never take effect would bind whoever votes for it.
    if chain.follows(&amendment.charter).is_err() {
        return false;
    }
    let Ok(mut counting) = Counting::new(present, amendment.charter.clone()) else { return false };
    // Members vote in their logs. Whoever would become one has none yet.
    for vote in amendment.votes.iter().filter(|vote| present.member(&vote.body.agency).is_none()) {
        let _void = counting.add(chain.fingerprint(), present, vote);
    }
    let standing = counting.standing(present);
    let proposal = Proposal { amendment, counting, failed: false, standing };
    replica.assembly.proposals.insert(hash, Arc::new(proposal));
    true
}

/// Counts the votes that stand in logs, each once, and gives back the chains that follow.
fn count(replica: &mut Replica) -> Vec<Chain> {
    let chain = replica.book.chain().clone();
    let (present, federation) = (chain.newest(), chain.fingerprint());
    let next = present.version.saturating_add(1);
    let mut proposals = std::mem::take(&mut replica.assembly.proposals);
    let mut follow = Vec::new();
    for (_, vote) in replica.logs.values().flat_map(|state| &state.votes).filter(|(_, vote)| vote.body.version == next && !vote.body.accept)
    {
        let proposal = proposals.get_mut(&vote.body.charter).filter(|proposal| !proposal.rejected().contains(&vote.body.agency));
        if let Some(proposal) = proposal {
            let proposal = Arc::make_mut(proposal);
            let _void = proposal.counting.object(federation, present, vote);
            proposal.failed = proposal.counting.failed(present);
        }
    }
    let failed = failed(&proposals);
    for state in replica.logs.values() {
        if let Some(vote) = standing_vote(state, next, &failed)
            && let Some(proposal) = proposals.get_mut(&vote.body.charter)
            && !proposal.counting.has(&vote.body.agency)
        {
            let _void = Arc::make_mut(proposal).counting.add(federation, present, vote);
        }
    }
    for proposal in proposals.values_mut() {
        let standing = proposal.counting.standing(present);
        if standing != proposal.standing {
            Arc::make_mut(proposal).standing = standing;
        }
        if standing.accepted() {
            follow.extend(Chain::clone(&chain).extend(proposal.counting.amendment()).ok());
        }
    }
    replica.assembly.proposals = proposals;
    follow
}

/// An agency's first vote for a text of a version is its vote, unless that text has failed.
fn standing_vote<'a>(state: &'a LogState, version: u32, failed: &BTreeSet<Hash>) -> Option<&'a Vote> {
    let mut votes = state.votes.iter().map(|(_, vote)| vote);
    votes.find(|vote| vote.body.version == version && vote.body.accept && !failed.contains(&vote.body.charter))
}

/// Extends the chain by what enough members agreed to. Two different texts of one version leave everything as it is.
fn decide(replica: &mut Replica, now: Timestamp, out: &mut Vec<Effect>) {
    let mut follow = count(replica);
    match (follow.pop(), follow.is_empty()) {
        (Some(chain), true) => install(replica, now, chain, out),
        (Some(chain), false) => {
            let version = chain.newest().version;
            for chain in follow.iter().chain([&chain]) {
                rival(replica, chain, version, out);
            }
        }
        (None, _) => {}
    }
}

/// A longer chain, from somebody or from a file. What contradicts the one in effect is kept as evidence.
pub(super) fn chain(replica: &mut Replica, now: Timestamp, chain: Chain, out: &mut Vec<Effect>) {
    if let Some(version) = replica.book.chain().parts_from(&chain) {
        return rival(replica, &chain, version, out);
    }
    let newest = replica.book.chain().newest().version;
    let votes: Vec<Vote> =
        chain.amendments().filter(|amendment| amendment.charter.version <= newest).flat_map(|amendment| amendment.votes.clone()).collect();
    late(replica, now, votes.iter(), out);
    if chain.newest().version <= newest || chain.fingerprint() != replica.book.chain().fingerprint() {
        return;
    }
    // Two texts of the version that comes next, both agreed to, are for people to sort out.
    let other = count(replica).into_iter().find(|other| other.parts_from(&chain).is_some());
    if let Some(other) = other {
        for rivals in [&chain, &other] {
            rival(replica, rivals, newest + 1, out);
        }
        return;
    }
    install(replica, now, chain, out);
}

/// Keeps a version that contradicts another one, and says so once.
fn rival(replica: &mut Replica, chain: &Chain, version: u32, out: &mut Vec<Effect>) {
    let Some(amendment) = chain.amendments().find(|amendment| amendment.charter.version == version) else { return };
    let Ok(hash) = amendment.charter.hash() else { return };
    out.push(Effect::Persist(Write::Rival { version, hash, amendment: Box::new(amendment.clone()) }));
    if replica.assembly.torn != Some(version) {
        replica.assembly.torn = Some(version);
        replica.later(Change::Torn { version });
    }
}

/// Puts versions into effect, unless another text of the next one was agreed to as well.
fn install(replica: &mut Replica, now: Timestamp, chain: Chain, out: &mut Vec<Effect>) {
    let former = replica.book.chain().newest().clone();
    let before = former.version;
    if replica.assembly.torn == Some(before + 1) {
        return;
    }
    // Whoever brings the versions may have read fewer votes than stand in the logs held here.
    let version = chain.newest().version;
    let read = votes(replica);
    let chain = chain.with_votes(read.iter().filter(|vote| vote.body.version <= version)).unwrap_or(chain);
    for amendment in chain.amendments().filter(|amendment| amendment.charter.version > before) {
        replica.assembly.since.insert(amendment.charter.version, now);
        out.push(Effect::Persist(Write::Amendment { amendment: Box::new(amendment.clone()), at: now }));
    }
    let failed = failed(&replica.assembly.proposals);
    replica.assembly.torn = replica.assembly.torn.filter(|torn| *torn >= version);
    let cuts = chain.cut_offs_after(before);
    Arc::make_mut(&mut replica.book).extend(Arc::new(chain));
    // By the keys of the version that is in effect now: a node that was behind could not tell before, and a key that was given up counts
    // no more.
    let present = replica.book.chain().newest().clone();
    let rekeyed = present.members.iter().filter(|member| former.member(&member.id).is_none_or(|before| before.identity != member.identity));
    for member in rekeyed {
        if let Some(state) = replica.logs.get_mut(&LogId::first(member.id.clone())) {
            state.voted = 0;
        }
    }
    for vote in &read {
        heed(replica, &LogId::first(vote.body.agency.clone()), vote);
    }
    replica.assembly.proposals.retain(|_, proposal| proposal.charter().version > version);
    for (log, state) in &mut replica.logs {
        let votes = state.votes.len();
        let accepts = |(_, vote): &&(u64, Vote)| vote.body.accept && !failed.contains(&vote.body.charter);
        let contradicts = |(_, vote): &(u64, Vote)| state.votes.iter().filter(accepts).any(|(_, other)| contradict(vote, other));
        let pairs: Vec<u64> = state.votes.iter().filter(accepts).filter(|vote| contradicts(vote)).map(|(at, _)| *at).collect();
        state.votes.retain(|(at, vote)| vote.body.version > version || pairs.contains(at));
        let stalled = state.stalled.take_if(|behind| *behind <= version).is_some();
        state.needed = OnceLock::new();
        if stalled || state.votes.len() != votes {
            replica.touched.insert(log.clone());
        }
    }
    recut(replica, &cuts);
    replica.later(Change::Charter { version });
    epoch::resume(replica, out);
    sync::pull_all(replica, now, out);
    decide(replica, now, out);
}

/// When a version took effect here; of one that was there from the beginning, what it says itself.
pub(super) fn since(replica: &Replica, version: u32) -> Timestamp {
    let drafted = || replica.book.chain().version(version).map_or(Timestamp::default(), |charter| charter.created);
    replica.assembly.since.get(&version).copied().unwrap_or_else(drafted)
}

/// Whether a witness may cosign a head of that size: it says nothing above what it named in a vote, and nothing of a log
/// that does not follow the charter.
pub(super) fn may_cosign(replica: &Replica, now: Timestamp, log: &LogId, size: u64) -> bool {
    let chain = replica.book.chain();
    let newest = chain.newest().version;
    let adopted = replica.logs.get(log).and_then(|state| state.ruling(size)).map_or(0, |(_, version)| version);
    let late = adopted < newest && now.since(since(replica, newest)) > GRACE_SECONDS;
    let ended = chain.end_of(log).is_some_and(|end| size > end);
    !late && !ended && !epoch::is_over(replica, log) && named(replica, log).is_none_or(|last| size <= last)
}

/// The highest head of a log that we named in a vote for a version that is still open.
fn named(replica: &Replica, log: &LogId) -> Option<u64> {
    let newest = replica.book.chain().newest().version;
    let own = replica.logs.get(&replica.own_log())?;
    let failed = |vote: &Vote| replica.assembly.proposals.get(&vote.body.charter).is_some_and(|proposal| proposal.failed);
    let open = own.votes.iter().filter(|(_, vote)| vote.body.accept && vote.body.version > newest && !failed(vote));
    let heads = open.flat_map(|(_, vote)| &vote.body.heads).filter(|head| head.log == *log);
    heads.filter_map(|head| head.size(replica.book.federation())).min()
}

/// Whether our own vote may stand in our log.
pub(super) fn admit(replica: &Replica, now: Timestamp, vote: &Vote) -> Result<(), Refusal> {
    let (chain, ballot) = (replica.book.chain(), &vote.body);
    let proposal = replica.assembly.proposals.get(&ballot.charter).ok_or(Refusal::Proposal)?;
    let own = replica.logs.get(&replica.own_log());
    // One word on every text; of each version one vote for a text that has not failed.
    let failed = failed(&replica.assembly.proposals);
    let said = own.into_iter().flat_map(|state| &state.votes).map(|(_, other)| &other.body).any(|other| {
        let binds = other.accept && ballot.accept && !failed.contains(&other.charter);
        other.version == ballot.version && (other.charter == ballot.charter || binds)
    });
    if ballot.agency != replica.me || said {
        return Err(Refusal::Voted);
    }
    if !ballot.accept {
        let valid =
            vote.verify(chain.fingerprint(), chain.newest(), proposal.charter()).is_ok() && ballot.version == proposal.charter().version;
        return if valid && ballot.heads.is_empty() { Ok(()) } else { Err(Refusal::Ballot) };
    }
    let alone = Amendment { charter: proposal.charter().clone(), votes: vec![vote.clone()] };
    match alone.standing(chain.fingerprint(), chain.newest()) {
        Ok(_) => {}
        Err(AmendmentError::Heads { .. }) => return Err(Refusal::Heads),
        Err(_) => return Err(Refusal::Ballot),
    }
    let expected = replica.last_heads(now, proposal.charter())?;
    if ballot.heads == expected { Ok(()) } else { Err(Refusal::Heads) }
}
