//! The federation that every run starts from: founded long ago, each log with its key set and its charter record,
//! which everybody holds. Made once and shared by all runs of one size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parangon_protocol::canonical;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{
    Amendment, Ballot, Chain, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, LastHead, Level, Member, Right, demo_scheme,
};
use parangon_protocol::check::{self, CheckedProposal, KeyBook};
use parangon_protocol::id::{AgencyId, Hash, LogId, Name};
use parangon_protocol::keys::{KeySet, SecretKey, SignedKeySet};
use parangon_protocol::limits;
use parangon_protocol::log::checkpoint::{self, Checkpoint};
use parangon_protocol::log::merkle::{self, Frontier};
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::replica::{Keys, LogSnapshot};
use parangon_protocol::time::{Month, Timestamp};

use super::disk::Row;
use super::rng::Rng;

/// The simulation's first second: 2026-11-24T06:00:00Z.
pub(super) const START: u64 = 1_795_500_000;

const COUNTRIES: [&str; 6] = ["AT", "BE", "DE", "ES", "FR", "NO"];

/// One agency with its keys and the beginning of its log.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: AgencyId,
    pub(super) log: LogId,
    /// Agencies under one parent share a number, by the charter's second version; in the first one fewer share.
    pub(super) group: usize,
    first_group: usize,
    pub(super) log_key: SecretKey,
    pub(super) witness_key: SecretKey,
    pub(super) issue_key: SecretKey,
    pub(super) identity: SecretKey,
    pub(super) keyset: SignedKeySet,
    pub(super) rows: Vec<Arc<Row>>,
    pub(super) snapshot: LogSnapshot,
}

/// All of it.
#[derive(Debug)]
pub struct Federation {
    /// Both versions of the charter. Nodes begin with the first one only, and vote on the other.
    pub(super) chain: Arc<Chain>,
    pub(super) founded: Arc<Chain>,
    pub(super) seats: Vec<Seat>,
    pub(super) index: BTreeMap<AgencyId, usize>,
    /// All key sets.
    pub(super) book: KeyBook,
    /// The second version as it is proposed.
    pub(super) proposal: CheckedProposal,
    /// Who is no member any more by the second version.
    pub(super) gone: Option<usize>,
    /// The same federation, where the second version expels the last member.
    expelling: Option<Box<Self>>,
    /// The record by which an agency adopts the second version, and its leaf.
    pub(super) adoption: (Vec<u8>, Hash),
}

/// The key of an agency's role.
pub(crate) fn secret(role: &str, seat: usize) -> SecretKey {
    SecretKey::from_seed(&seed(role, seat))
}

fn seed(role: &str, seat: usize) -> [u8; 32] {
    Hash::of(&[role.as_bytes(), b" of simulated agency ", seat.to_string().as_bytes()]).0
}

/// The first four agencies answer to two parents: votes and cosignatures of a pair count once. By the second version of the
/// charter the next four do too.
fn parent(seat: usize, count: usize, version: u32) -> Option<Name> {
    let bound = if version == 1 { 4 } else { 8 };
    (seat < bound && count >= 8).then(|| format!("Ministry {}", seat / 2).parse().expect("a name"))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(START).expect("in range")
}

impl Federation {
    /// Founds a federation of `count` agencies.
    ///
    /// # Panics
    /// When the protocol refuses its own founding, which is a bug in it.
    #[must_use]
    pub fn found(count: usize) -> Self {
        let expelling = (count >= 8).then(|| Box::new(Self::with(count, Some(count - 1))));
        Self { expelling, ..Self::with(count, None) }
    }

    fn with(count: usize, gone: Option<usize>) -> Self {
        let founded = founded(count, |seat| parent(seat, count, 1));
        let text = founded.newest().to_text().expect("a charter of constants");
        let chain = Arc::new(amended(founded.clone(), count, gone));
        let founded = Arc::new(founded);
        let proposal = proposed(&chain);
        let hash = chain.newest().hash().expect("a charter of constants");
        let adoption = Record::Charter(Adoption { version: 2, hash }).to_text().expect("a record of constants");
        let adoption = (adoption.clone(), merkle::leaf_hash(&adoption));
        let mut book = KeyBook::new(founded.clone());
        let seats: Vec<Seat> = (0..count).map(|at| seat(&chain, Hash::of(&[&text]), at, count, gone)).collect();
        for seat in &seats {
            book.insert(&seat.log, 0, &seat.keyset).expect("signed by its identity key");
        }
        let index = seats.iter().enumerate().map(|(at, seat)| (seat.id.clone(), at)).collect();
        Self { chain, founded, proposal, gone, expelling: None, seats, index, book, adoption }
    }

    /// In one of a hundred runs the second version expels a member.
    pub(super) fn of_run(&self, seed: u64) -> &Self {
        self.expelling.as_deref().filter(|_| Rng::part(seed, 4).chance(10)).unwrap_or(self)
    }

    /// Whether this agency is a member by that version.
    pub(super) fn member(&self, seat: usize, version: u32) -> bool {
        version == 1 || self.gone != Some(seat)
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn who(&self, agency: &AgencyId) -> usize {
        self.index[agency]
    }

    pub(super) fn keys(&self, seat: usize) -> Keys {
        Keys { log: secret("log", seat), witness: secret("witness", seat) }
    }

    /// The first version, which lists all agencies; the second changes parents, or expels one.
    pub(super) fn charter(&self) -> &Charter {
        self.founded.newest()
    }

    /// An agency's vote for the second version, as a record.
    pub(super) fn vote(&self, seat: usize, heads: Vec<LastHead>) -> Vec<u8> {
        let charter = self.chain.newest();
        let agency = self.seats[seat].id.clone();
        let body = Ballot { version: 2, charter: charter_hash(charter), agency, accept: true, heads };
        let vote = body.sign(self.chain.fingerprint(), &self.seats[seat].identity).expect("a vote of constants");
        Record::Vote(Box::new(vote)).to_text().expect("a vote of constants")
    }

    /// What counts as one, by that version.
    pub(super) fn group(&self, seat: usize, version: u32) -> usize {
        let seat = &self.seats[seat];
        if version == 1 { seat.first_group } else { seat.group }
    }

    /// Agencies that count as this one.
    pub(super) fn size_of(&self, group: usize, version: u32) -> usize {
        (0..self.len()).filter(|seat| self.member(*seat, version) && self.group(*seat, version) == group).count()
    }

    /// n and k as the paper has them, counted here without the protocol's help.
    pub(super) fn quorum(&self, owner: usize, version: u32) -> usize {
        2 * self.witnesses(owner, version) / 3 + 1
    }

    /// Whether the second version takes effect when these have voted for it: two thirds of the first one's voices, for it changes
    /// who counts as one; more than half of its own.
    pub(super) fn agreed(&self, voters: &[usize]) -> bool {
        // Agencies under one parent are a voice when more than half of them vote.
        let count = |seats: &BTreeSet<usize>, version| {
            let seats: BTreeSet<usize> = seats.iter().copied().filter(|seat| self.member(*seat, version)).collect();
            let groups: BTreeSet<usize> = seats.iter().map(|seat| self.group(*seat, version)).collect();
            let voting = |group: usize| seats.iter().filter(|seat| self.group(**seat, version) == group).count();
            groups.into_iter().filter(|group| 2 * voting(*group) > self.size_of(*group, version)).count()
        };
        let all = |version| count(&(0..self.len()).collect(), version);
        let of = |version| count(&voters.iter().copied().collect(), version);
        of(1) > 2 * all(1) / 3 && of(2) > all(2) / 2
    }

    /// How many may lie: f of the smallest witness set.
    pub(super) fn tolerated(&self) -> usize {
        let of = |version| (0..self.len()).map(move |owner| self.witnesses(owner, version) - self.quorum(owner, version));
        of(1).chain(of(2)).min().unwrap_or(0)
    }

    fn witnesses(&self, owner: usize, version: u32) -> usize {
        let own = self.group(owner, version);
        let members = (0..self.len()).filter(|seat| self.member(*seat, version));
        let mut groups: Vec<usize> = members.map(|seat| self.group(seat, version)).filter(|group| *group != own).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.len()
    }

    /// A key set that follows the first: a new witness and issue key, everything else as it was.
    pub(super) fn rotated(&self, seat: usize, number: u32) -> SignedKeySet {
        let it = &self.seats[seat];
        let body = KeySet {
            number,
            witness: secret(&format!("witness {number}"), seat).public(),
            issue: secret(&format!("issue {number}"), seat).public(),
            ..it.keyset.body.clone()
        };
        body.sign(self.chain.fingerprint(), &it.identity).expect("a key set of constants")
    }
}

/// A first version that all its members signed. Seat by seat, who answers to a parent.
pub(crate) fn founded(count: usize, parent: impl Fn(usize) -> Option<Name>) -> Chain {
    let charter = charter(count, parent);
    let sign = |(seat, member): (usize, &Member)| FoundingSignature {
        agency: member.id.clone(),
        signature: charter.sign(&secret("identity", seat)).expect("a charter of constants"),
    };
    let signatures = charter.members.iter().enumerate().map(sign).collect();
    Chain::verify(Founding { signatures, charter }).expect("signed by all")
}

fn charter(count: usize, parent: impl Fn(usize) -> Option<Name>) -> Charter {
    let scheme = demo_scheme();
    let member = |seat: usize| Member {
        id: format!("agency-{seat:03}").parse().expect("a slug"),
        name: format!("Agency {seat}").parse().expect("a name"),
        country: COUNTRIES[seat % COUNTRIES.len()].parse().expect("a country"),
        parent: parent(seat),
        // The last one may award BRONZE only.
        rights: vec![Right {
            scheme: scheme.id.clone(),
            levels: if seat + 1 == count { vec![Level::Bronze] } else { vec![Level::Bronze, Level::Silver, Level::Gold] },
        }],
        identity: secret("identity", seat).public(),
        successor: secret("successor", seat).public().hash(),
        contacts: vec![],
    };
    Charter {
        version: 1,
        previous: None,
        name: "Simulation".parse().expect("a name"),
        created: now(),
        review_by: Month::new(2030, 1).expect("a month"),
        demonstration: true,
        members: (0..count).map(member).collect(),
        schemes: vec![scheme],
        catalogues: vec![Catalogue::ecei().reference()],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(5, 2),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    }
}

/// The second version, for which everybody voted: other parents, or a member less.
fn amended(chain: Chain, count: usize, gone: Option<usize>) -> Chain {
    let mut charter = chain.newest().clone();
    charter.version = 2;
    charter.previous = Some(charter_hash(chain.newest()));
    charter.status_max_age_days += 1;
    match gone {
        Some(gone) => drop(charter.members.remove(gone)),
        None => charter.members.iter_mut().enumerate().for_each(|(seat, member)| member.parent = parent(seat, count, 2)),
    }
    let log = |seat: usize| LogId::first(chain.newest().members[seat].id.clone());
    let ballot = |seat: usize| {
        let agency = chain.newest().members[seat].id.clone();
        let heads = gone.filter(|gone| *gone != seat).map(|gone| LastHead::new(log(gone), None)).into_iter().collect();
        let body = Ballot { version: 2, charter: charter_hash(&charter), agency, accept: true, heads };
        body.sign(chain.fingerprint(), &secret("identity", seat)).expect("a vote of constants")
    };
    let votes = (0..count).map(ballot).collect();
    chain.extend(Amendment { charter, votes }).expect("everybody voted for it")
}

/// The second version before anybody voted for it.
fn proposed(chain: &Chain) -> CheckedProposal {
    let amendment = chain.amendments().next().expect("there are two versions");
    let bare = Amendment { charter: amendment.charter.clone(), votes: vec![] };
    let text = canonical::encode(&bare, limits::AMENDMENTS_BYTES).expect("a charter of constants");
    check::proposal(text).expect("a charter of constants")
}

fn charter_hash(charter: &Charter) -> Hash {
    charter.hash().expect("a charter of constants")
}

/// An agency's first key set.
pub(crate) fn keyset(chain: &Chain, at: usize) -> SignedKeySet {
    let body = KeySet {
        agency: chain.founding().charter.members[at].id.clone(),
        number: 1,
        log: secret("log", at).public(),
        witness: secret("witness", at).public(),
        issue: secret("issue", at).public(),
        sealing: format!("age1{}", &hex::encode(seed("sealing", at))[..58]),
        transport: secret("transport", at).public(),
    };
    body.sign(chain.fingerprint(), &secret("identity", at)).expect("a key set of constants")
}

/// What every log begins with.
pub(crate) fn beginning(keyset: &SignedKeySet, charter: Hash) -> [Vec<u8>; 2] {
    let records = [Record::KeySet(Box::new(keyset.clone())), Record::Charter(Adoption { version: 1, hash: charter })];
    records.map(|record| record.to_text().expect("a record of constants"))
}

fn seat(chain: &Chain, charter: Hash, at: usize, count: usize, gone: Option<usize>) -> Seat {
    let id = chain.founding().charter.members[at].id.clone();
    let log = LogId::first(id.clone());
    let identity = secret("identity", at);
    let keyset = keyset(chain, at);
    let mut frontier = Frontier::new();
    let rows = beginning(&keyset, charter).map(|text| {
        let hashes = frontier.push_leaf(merkle::leaf_hash(&text));
        Arc::new(Row { text, hashes })
    });
    let log_key = secret("log", at);
    let head = Checkpoint { origin: log.origin(chain.fingerprint()), size: frontier.size(), root: frontier.root() };
    let note = checkpoint::sign(&head, &log_key).to_string();
    let snapshot = LogSnapshot {
        log: log.clone(),
        size: frontier.size(),
        peaks: frontier.peaks().to_vec(),
        notes: vec![note.clone()],
        final_size: frontier.size(),
        epochs: vec![],
        successor: None,
        settled: 0,
        promised: false,
        strayed: false,
        barred: false,
        cosigned: Some((frontier.size(), frontier.root())),
        last_cosigned: Some(note),
        votes: vec![],
        voted: 0,
        frozen: false,
        frozen_by: 0,
        frozen_in: None,
        evidence: None,
        status: None,
        status_due: false,
        keysets: vec![(0, keyset.clone())],
        adopted: vec![(1, 1)],
    };
    // Pairs get a number that no single agency has.
    let group = |version| if parent(at, count, version).is_some() { count + at / 2 } else { at };
    let (witness_key, issue_key) = (secret("witness", at), secret("issue", at));
    let (first_group, group) = (group(1), group(if gone.is_some() { 1 } else { 2 }));
    Seat { id, log, group, first_group, log_key, witness_key, issue_key, identity, keyset, rows: rows.to_vec(), snapshot }
}
