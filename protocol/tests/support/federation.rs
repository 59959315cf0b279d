//! Five agencies in five countries and their charter. The keys depend on the agency's name only, so two federations
//! of one test have the same keys.

use std::sync::Arc;

use parangon_protocol::charter::{
    Amendment, Ballot, Chain, ChainError, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, LastHead, Level, Member, Right,
    bundled_catalogues, differences, ecei_scheme,
};
use parangon_protocol::check::KeyBook;
use parangon_protocol::id::{AgencyId, Fingerprint, Hash, witness_name};
use parangon_protocol::keys::{KeySet, SecretKey, SignedKeySet};
use parangon_protocol::label::Common;
use parangon_protocol::log::checkpoint::{Checkpoint, sign};
use parangon_protocol::record::{Adoption, Record};

use super::{log, time};

/// Sorted. Stuttgart is the owner of most labels here.
pub const MEMBERS: [(&str, &str); 5] = [("lyon", "FR"), ("madrid", "ES"), ("oslo", "NO"), ("porto", "PT"), ("stuttgart", "DE")];

#[derive(Clone)]
pub struct Federation {
    pub chain: Arc<Chain>,
}

/// The agency's key of one role.
pub fn key(role: &str, agency: &str) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[role.as_bytes(), b" ", agency.as_bytes()]).0)
}

impl Default for Federation {
    fn default() -> Self {
        Self::found(|_| ())
    }
}

impl Federation {
    /// Founded with the usual charter after `change` had its way with it.
    pub fn found(change: impl FnOnce(&mut Charter)) -> Self {
        let mut charter = draft();
        change(&mut charter);
        let sign = |member: &Member| FoundingSignature {
            agency: member.id.clone(),
            signature: charter.sign(&key("identity", member.id.as_str())).unwrap(),
        };
        let signatures = charter.members.iter().map(sign).collect();
        Self { chain: Arc::new(Chain::verify(Founding { charter, signatures }).unwrap()) }
    }

    /// With one version more, which these voted for. Each saw `seen` records of every log that it ends.
    pub fn amended(&self, change: impl FnOnce(&mut Charter), voters: &[&str], seen: u64) -> Result<Self, ChainError> {
        let mut charter = self.charter().clone();
        charter.version += 1;
        charter.previous = Some(self.charter().hash().unwrap());
        change(&mut charter);
        let concerned = Amendment::concerned(&differences(self.charter(), &charter));
        let vote = |voter: &&str| {
            let heads = concerned.iter().filter(|log| log.agency.as_str() != *voter).map(|log| {
                let head = Checkpoint { origin: log.origin(self.fingerprint()), size: seen, root: Hash::of(&[&seen.to_be_bytes()]) };
                LastHead::new(log.clone(), Some(&sign(&head, &key("log", log.agency.as_str())).to_string()))
            });
            let ballot = Ballot {
                version: charter.version,
                charter: charter.hash().unwrap(),
                agency: super::agency(voter),
                accept: true,
                heads: heads.collect(),
            };
            ballot.sign(self.fingerprint(), &key("identity", voter)).unwrap()
        };
        let votes = voters.iter().map(vote).collect();
        let chain = Chain::clone(&self.chain).extend(Amendment { charter, votes })?;
        Ok(Self { chain: Arc::new(chain) })
    }

    pub fn charter(&self) -> &Charter {
        self.chain.newest()
    }

    /// The version that a label names; the newest one where there is no such version.
    pub fn charter_of(&self, common: &Common) -> &Charter {
        self.chain.version(common.charter).unwrap_or(self.charter())
    }

    pub fn fingerprint(&self) -> &Fingerprint {
        self.chain.fingerprint()
    }

    pub fn ids(&self) -> Vec<AgencyId> {
        self.charter().members.iter().map(|member| member.id.clone()).collect()
    }

    pub fn witness_name(&self, agency: &str) -> String {
        witness_name(self.fingerprint(), &super::agency(agency))
    }

    /// The agency's first key set.
    pub fn keyset(&self, id: &str) -> SignedKeySet {
        self.keyset_with(id, 1, "issue")
    }

    /// The agency's key set of that number, with the issue key of that role and all other keys as before.
    pub fn keyset_with(&self, id: &str, number: u32, issue: &str) -> SignedKeySet {
        let set = KeySet {
            agency: super::agency(id),
            number,
            log: key("log", id).public(),
            witness: key("witness", id).public(),
            issue: key(issue, id).public(),
            sealing: format!("age1{}", "q".repeat(58)),
            transport: key("transport", id).public(),
        };
        set.sign(self.fingerprint(), &key("identity", id)).unwrap()
    }

    /// Every member's first key set.
    pub fn book(&self) -> KeyBook {
        let mut book = KeyBook::new(self.chain.clone());
        for id in self.ids() {
            book.insert(&log(id.as_str()), 0, &self.keyset(id.as_str())).unwrap();
        }
        book
    }

    /// What every log begins with.
    pub fn first_records(&self, id: &str) -> [Record; 2] {
        let adoption = Adoption { version: 1, hash: self.chain.founding().charter.hash().unwrap() };
        [Record::KeySet(Box::new(self.keyset(id))), Record::Charter(adoption)]
    }
}

/// Puts an agency under a parent.
pub fn place_under(charter: &mut Charter, id: &str, parent: &str) {
    let member = charter.members.iter_mut().find(|member| member.id.as_str() == id).unwrap();
    member.parent = Some(parent.parse().unwrap());
}

fn draft() -> Charter {
    let scheme = ecei_scheme();
    let rights = vec![Right { scheme: scheme.id.clone(), levels: vec![Level::Bronze, Level::Silver, Level::Gold] }];
    let members = MEMBERS.map(|(id, country)| Member {
        id: super::agency(id),
        name: format!("Agency of {id}").parse().unwrap(),
        country: country.parse().unwrap(),
        parent: None,
        rights: rights.clone(),
        identity: key("identity", id).public(),
        successor: key("successor", id).public().hash(),
        contacts: vec![],
    });
    Charter {
        version: 1,
        previous: None,
        name: "Federation of the test".parse().unwrap(),
        created: time("2026-09-01T00:00:00Z"),
        review_by: "2030-01".parse().unwrap(),
        demonstration: false,
        members: members.to_vec(),
        schemes: vec![scheme],
        catalogues: bundled_catalogues(&ecei_scheme()),
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
