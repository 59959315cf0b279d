//! The federation of a run: one owner that lies about its log, and those who witness it.

use std::sync::Arc;

use parangon_protocol::charter::Chain;
use parangon_protocol::check::KeyBook;
use parangon_protocol::id::{AgencyId, LogId, Name, witness_name};
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::cosignature::{self, WitnessKey};
use parangon_protocol::log::note::{Algorithm, NoteSignature, VerifierKey};
use parangon_protocol::log::policy::{Log, Policy};
use parangon_protocol::log::quorum::Witnesses;
use parangon_protocol::time::Timestamp;

use crate::sim::federation::{beginning, founded, keyset, secret};

/// The seat of the owner.
pub(super) const OWNER: usize = 0;

/// A founded federation: the owner in seat 0, behind it the agencies of each witness group in turn.
#[derive(Debug)]
pub struct World {
    pub(super) chain: Arc<Chain>,
    /// Everybody's keys.
    pub(super) book: KeyBook,
    /// The owner's log.
    pub(super) log: LogId,
    pub(super) ids: Vec<AgencyId>,
    /// The seats of each group.
    pub(super) groups: Vec<Vec<usize>>,
    /// The owner's first two records.
    pub(super) beginning: [Vec<u8>; 2],
    /// The policy by which programs of others judge a file, with every quorum from 1 to n.
    policies: Vec<Policy>,
}

impl World {
    /// A federation in which the owner's log has a witness group of each of these sizes. A group of one is an agency on its own,
    /// a larger one the agencies under one parent.
    ///
    /// # Panics
    /// When the protocol refuses its own founding, which is a bug in it.
    #[must_use]
    pub fn found(groups: &[usize]) -> Self {
        let mut seats = Vec::new();
        for size in groups {
            let first = 1 + seats.iter().map(Vec::len).sum::<usize>();
            seats.push((first..first + size).collect::<Vec<usize>>());
        }
        let count = 1 + groups.iter().sum::<usize>();
        let parent = |seat: usize| -> Option<Name> {
            let group = seats.iter().position(|group| group.contains(&seat) && group.len() > 1)?;
            Some(format!("Ministry {group}").parse().expect("a name"))
        };
        let chain = Arc::new(founded(count, parent));
        let charter = chain.newest().clone();
        let ids: Vec<AgencyId> = charter.members.iter().map(|member| member.id.clone()).collect();
        let mut book = KeyBook::new(chain.clone());
        for (seat, id) in ids.iter().enumerate() {
            book.insert(&LogId::first(id.clone()), 0, &keyset(&chain, seat)).expect("signed by its identity key");
        }
        let log = LogId::first(ids[OWNER].clone());
        let hash = charter.hash().expect("a charter of constants");
        let beginning = beginning(&keyset(&chain, OWNER), hash);
        let mut world = Self { chain, book, log, ids, groups: seats, beginning, policies: vec![] };
        world.policies = world.read_policies();
        world
    }

    /// Who counts, and how many of them it takes, as the product has it.
    #[must_use]
    pub fn witnesses(&self) -> Witnesses {
        self.chain.newest().witnesses(&self.log.agency)
    }

    pub(super) fn origin(&self) -> String {
        self.log.origin(self.chain.fingerprint())
    }

    pub(super) fn seat(&self, id: &AgencyId) -> usize {
        self.ids.iter().position(|other| other == id).expect("a member")
    }

    /// The witness key of a seat, under the name that it signs with.
    pub(super) fn witness_key(&self, seat: usize) -> WitnessKey {
        let agency = self.ids[seat].clone();
        WitnessKey { name: witness_name(self.chain.fingerprint(), &agency), agency, key: secret("witness", seat).public() }
    }

    pub(super) fn cosign(&self, seat: usize, head: &Checkpoint, now: Timestamp) -> NoteSignature {
        cosignature::cosign(head, &secret("witness", seat), &self.witness_key(seat).name, now)
    }

    /// The policy by which programs of others judge a file, with this quorum. `None` where the log has fewer witnesses.
    pub(super) fn policy(&self, quorum: usize) -> Option<&Policy> {
        self.policies.get(quorum.checked_sub(1)?)
    }

    /// Other quorums come about in the text: the product has no such door.
    fn read_policies(&self) -> Vec<Policy> {
        let key = VerifierKey::new(&self.origin(), Algorithm::Ed25519, secret("log", OWNER).public()).expect("a name");
        let keys: Vec<WitnessKey> = (1..self.ids.len()).map(|seat| self.witness_key(seat)).collect();
        let ours = Policy::federation(Log { key, url: None }, &self.witnesses(), &keys).expect("a log with witnesses").to_string();
        let quorum = |k: usize| format!("group federation.quorum {k} ");
        let line = quorum(self.witnesses().threshold());
        assert_eq!(ours.matches(&line).count(), 1, "one line with the quorum in {ours}");
        let with = |k: usize| Policy::parse(ours.replace(&line, &quorum(k)).as_bytes()).expect("a policy with another number");
        (1..=self.groups.len()).map(with).collect()
    }
}
