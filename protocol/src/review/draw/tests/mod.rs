//! Federations of any size, and whole draws in them.

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

mod call;
mod choice;
mod evidence;
mod golden;
mod message;
mod parties;
mod selection;
mod uniform;
mod void;
mod withholding;

use super::*;
use crate::catalogue::Catalogue;
use crate::charter::{Charter, ConflictRules, Disclosure, Level, Member, ecei_scheme};
use crate::id::{ClusterId, Hash, LogId};
use crate::keys::SecretKey;
use crate::label::HeadRef;
use crate::time::Timestamp;

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn agencies(ids: &[&str]) -> Vec<AgencyId> {
    ids.iter().map(|id| agency(id)).collect()
}

fn federation() -> Fingerprint {
    Fingerprint(Hash::of(&[b"federation"]))
}

fn key(agency: &AgencyId) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[b"issue", agency.as_str().as_bytes()]).0)
}

fn issue(agency: &AgencyId) -> Vec<PublicKey> {
    vec![key(agency).public()]
}

/// The keys of everybody.
fn keys() -> Keys<'static> {
    static FEDERATION: std::sync::LazyLock<Fingerprint> = std::sync::LazyLock::new(federation);
    Keys { federation: &FEDERATION, issue: &issue }
}

fn signed<T: Statement>(body: T) -> Signed<T> {
    let key = key(body.author());
    Signed::sign(body, &federation(), &key).unwrap()
}

/// `(id, country, parent)`, sorted.
fn charter(members: &[(&str, &str, Option<&str>)]) -> Charter {
    let member = |(id, country, parent): &(&str, &str, Option<&str>)| Member {
        id: agency(id),
        name: format!("Agency {id}").parse().unwrap(),
        country: country.parse().unwrap(),
        parent: parent.map(|name| name.parse().unwrap()),
        rights: vec![],
        identity: SecretKey::from_seed(&Hash::of(&[b"identity", id.as_bytes()]).0).public(),
        successor: Hash::of(&[b"successor", id.as_bytes()]),
        contacts: vec![],
    };
    Charter {
        version: 1,
        previous: None,
        name: "Test".parse().unwrap(),
        created: Timestamp::default(),
        review_by: "2030-01".parse().unwrap(),
        demonstration: false,
        members: members.iter().map(member).collect(),
        schemes: vec![ecei_scheme()],
        catalogues: vec![Catalogue::ecei().reference()],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(5, 2),
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        retention: None,
        resumptions: vec![],
        ties: vec![],
    }
}

/// `size` agencies, agency-01 the first. With parents two of each three are under one body, the owner and agency-02 among them.
fn members_of(size: usize, parents: bool) -> Charter {
    let ids: Vec<_> = (1..=size).map(|number| format!("agency-{number:02}")).collect();
    let bodies: Vec<_> = (0..size).map(|at| format!("Body {}", at / 3)).collect();
    let entry = |at: usize| (ids[at].as_str(), "DE", (parents && at % 3 < 2).then_some(bodies[at].as_str()));
    charter(&(0..size).map(entry).collect::<Vec<_>>())
}

/// The owner is the first of [`members_of`].
fn call(salt: &str) -> Call {
    let owner = agency("agency-01");
    Call {
        after: None,
        assessed: "2026-10".parse().unwrap(),
        charter: 1,
        cluster: ClusterId::new(&owner, [7; 12]),
        created: "2026-11-24T05:00:00Z".parse().unwrap(),
        heads: vec![HeadRef { log: LogId::first(owner.clone()), root: Hash::of(&[b"root"]), size: 9 }],
        level: Level::Gold,
        owner,
        salt: Hash::of(&[b"salt", salt.as_bytes()]),
        scheme: "ecei".parse().unwrap(),
        until: "2026-11-26T05:00:00Z".parse().unwrap(),
    }
}

fn committed() -> Timestamp {
    "2026-11-25T05:00:00Z".parse().unwrap()
}

/// The value that an agency contributes to a call, the same each time.
fn value_of(parties: &Parties, contributor: &AgencyId) -> Value {
    Value::new(Hash::of(&[b"value", &parties.call().0, contributor.as_str().as_bytes()]).0)
}

fn dealing<'p>(parties: &'p Parties, contributor: &AgencyId) -> Dealing<'p> {
    Dealing::new(parties, contributor, value_of(parties, contributor)).unwrap()
}

/// The commitments of the first `count` contributors.
fn commitments(parties: &Parties, count: usize) -> Vec<SignedCommitment> {
    parties.order().iter().take(count).map(|contributor| signed(dealing(parties, contributor).commitment(committed()))).collect()
}

fn selection(parties: &Parties, commitments: &[SignedCommitment], created: Timestamp) -> SignedSelection {
    let commitments = commitments.iter().map(|commitment| commitment.body.hash().unwrap()).collect();
    signed(Selection { call: *parties.call(), commitments, created, owner: parties.owner().clone() })
}

/// A draw in which everybody does what it should, but for these contributors, which open nothing.
fn draw(charter: &Charter, call: &Call, withhold: &[AgencyId]) -> Draw {
    let parties = Parties::of(charter, call).unwrap();
    let commitments = commitments(&parties, parties.needed());
    let selection = selection(&parties, &commitments, committed());
    let selected = Selected::verify(&parties, call, keys(), &selection, &commitments).unwrap();
    let disclose = |contributor: &AgencyId| {
        if withhold.contains(contributor) {
            let dealing = dealing(&parties, contributor);
            by_holders(&selected, &parties, contributor, &dealing.list(), |place| dealing.share(place))
        } else {
            let opening = selected.opening(contributor, value_of(&parties, contributor)).unwrap();
            Disclosed::Contributor { opening: Box::new(signed(opening)) }
        }
    };
    let disclosed = selected.contributors().map(disclose).collect();
    Draw { call: signed(call.clone()), commitments: commitments.clone(), disclosed, selection: selection.clone() }
}

/// As many shares as are needed, from the last places.
fn by_holders(
    selected: &Selected<'_>,
    parties: &Parties,
    contributor: &AgencyId,
    list: &[Hash],
    share: impl Fn(std::num::NonZeroU8) -> Share,
) -> Disclosed {
    let holders = parties.holders(contributor).unwrap();
    let last = holders.iter().rev().take(parties.threshold());
    let release = |(place, agencies): (&std::num::NonZeroU8, &std::collections::BTreeSet<&AgencyId>)| {
        signed(selected.release(contributor, agencies.first().unwrap(), share(*place)).unwrap())
    };
    Disclosed::Holders { releases: last.map(release).collect(), shares: list.to_vec() }
}

/// splitmix64: random numbers that have nothing to do with the hash under test, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()));
        bytes
    }

    fn value(&mut self) -> Value {
        Value::new(self.bytes())
    }
}

/// Pearson's statistic for counts that should all be alike, in standard deviations above what chance gives.
fn unevenness(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    assert!(expected >= 20.0, "too few to say anything");
    let statistic: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    (statistic - freedom) / (2.0 * freedom).sqrt()
}
