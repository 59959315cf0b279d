//! A federation whose keys follow from the members' numbers: every run has the same bytes.

use std::sync::Arc;

use parangon_node::keystore::{Keystore, RandomError};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{
    Amendment, Ballot, CatalogueRef, Chain, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, Member as CharterMember,
    Right, demo_scheme,
};
use parangon_protocol::check::KeyBook;
use parangon_protocol::id::{AgencyId, Fingerprint, Hash, LogId};
use parangon_protocol::keys::{SecretKey, SignedKeySet};
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::time::Timestamp;

const COUNTRIES: [&str; 8] = ["AT", "DE", "ES", "FR", "IT", "NL", "PL", "SE"];

/// One member with all its secrets.
pub(crate) struct Member {
    pub(crate) id: AgencyId,
    pub(crate) keys: Keystore,
    pub(crate) keyset: SignedKeySet,
}

impl Member {
    pub(crate) fn log(&self) -> LogId {
        LogId::first(self.id.clone())
    }
}

/// A founded federation.
pub(crate) struct Federation {
    pub(crate) chain: Arc<Chain>,
    pub(crate) members: Vec<Member>,
    /// Every member's first key set.
    pub(crate) book: Arc<KeyBook>,
}

/// 32 bytes that follow from a word and two numbers.
pub(crate) fn seed(word: &str, a: usize, b: u64) -> [u8; 32] {
    Hash::of(&[word.as_bytes(), b"/", a.to_string().as_bytes(), b"/", b.to_string().as_bytes()]).0
}

fn keystore(member: usize) -> Keystore {
    let mut drawn = 0;
    let random = |bytes: &mut [u8]| -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            drawn += 1;
            chunk.copy_from_slice(&seed("key", member, drawn)[..chunk.len()]);
        }
        Ok(())
    };
    Keystore::generate(random).expect("no two seeds are equal")
}

impl Federation {
    /// `size` members in up to eight countries. The demonstration's scheme: GOLD takes two endorsements, one from abroad.
    pub(crate) fn new(size: usize) -> Self {
        Self::amended(size, 1)
    }

    /// The same with so many versions of its charter, each agreed to by everybody.
    pub(crate) fn amended(size: usize, versions: u32) -> Self {
        let identities: Vec<SecretKey> = (0..size).map(|n| SecretKey::from_seed(&seed("identity", n, 0))).collect();
        let ids: Vec<AgencyId> = (0..size).map(|n| format!("agency-{n:03}").parse().expect("a slug")).collect();
        let charter = charter(&ids, &identities);
        let sign =
            |(id, key): (&AgencyId, &SecretKey)| FoundingSignature { agency: id.clone(), signature: charter.sign(key).expect("text") };
        let signatures = ids.iter().zip(&identities).map(sign).collect();
        let mut chain = Chain::verify(Founding { charter, signatures }).expect("a charter that holds");
        for version in 2..=versions {
            let charter = Charter {
                version,
                previous: Some(chain.newest().hash().expect("text")),
                name: format!("Benchmark, version {version}").parse().expect("a name"),
                ..chain.newest().clone()
            };
            let hash = charter.hash().expect("text");
            let vote = |(agency, key): (&AgencyId, &SecretKey)| {
                let ballot = Ballot { version, charter: hash, agency: agency.clone(), accept: true, heads: vec![] };
                ballot.sign(chain.fingerprint(), key).expect("text")
            };
            let votes = ids.iter().zip(&identities).map(vote).collect();
            chain = chain.clone().extend(Amendment { charter, votes }).expect("agreed to by everybody");
        }
        let chain = Arc::new(chain);
        let mut book = KeyBook::new(chain.clone());
        let member = |(n, (id, identity)): (usize, (AgencyId, &SecretKey))| {
            let keys = keystore(n);
            let keyset = keys.key_set(id.clone(), 1).sign(chain.fingerprint(), identity).expect("five different keys");
            book.insert(&LogId::first(id.clone()), 0, &keyset).expect("signed by its identity key");
            Member { id, keys, keyset }
        };
        let members = ids.into_iter().zip(&identities).enumerate().map(member).collect();
        Self { chain, members, book: Arc::new(book) }
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        self.chain.fingerprint()
    }

    /// The first two records of every log.
    pub(crate) fn beginning(&self, member: usize) -> Vec<Record> {
        let charter = self.chain.newest();
        let adoption = Adoption { version: charter.version, hash: charter.hash().expect("a charter that was read") };
        vec![Record::KeySet(Box::new(self.members[member].keyset.clone())), Record::Charter(adoption)]
    }
}

fn charter(ids: &[AgencyId], identities: &[SecretKey]) -> Charter {
    let scheme = demo_scheme();
    let catalogue = Catalogue::ecei();
    let levels = scheme.rules.iter().map(|rule| rule.level).collect();
    let rights = vec![Right { scheme: scheme.id.clone(), levels }];
    let member = |(n, id): (usize, &AgencyId)| CharterMember {
        id: id.clone(),
        name: format!("Agency for Clusters, number {n}").parse().expect("a name"),
        country: COUNTRIES[n % COUNTRIES.len()].parse().expect("a country"),
        parent: None,
        rights: rights.clone(),
        identity: identities[n].public(),
        successor: Hash(seed("successor", n, 0)),
        contacts: vec![],
    };
    let created = "2026-11-01T08:00:00Z".parse::<Timestamp>().expect("a time");
    Charter {
        version: 1,
        previous: None,
        name: "Benchmark".parse().expect("a name"),
        created,
        review_by: created.month().plus(24),
        demonstration: true,
        members: ids.iter().enumerate().map(member).collect(),
        schemes: vec![scheme],
        catalogues: vec![CatalogueRef { id: catalogue.id.clone(), hash: catalogue.hash() }],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(3, 2),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    }
}
