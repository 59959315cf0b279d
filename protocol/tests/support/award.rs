//! What goes into a label, open to every change a test can think of, and its signatures.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::Level;
use parangon_protocol::id::{ClusterId, Hash};
use parangon_protocol::keys::Signature;
use parangon_protocol::label::credential::{EndorsementSubject, LabelSubject};
use parangon_protocol::label::{ClusterFacts, Common, Conflicts, Endorsement, Label, LabelId, ProofValue};
use parangon_protocol::time::Timestamp;

use super::federation::{Federation, key};
use super::{agency, time};

#[derive(Clone)]
pub struct Award {
    pub common: Common,
    pub issued: Timestamp,
    pub adoption: u64,
    pub endorsers: Vec<&'static str>,
    pub supersedes: Option<LabelId>,
}

/// GOLD for a cluster of this agency, endorsed by two agencies, valid to the end of October 2028.
pub fn gold(owner: &str, offer: &str, endorsers: &[&'static str]) -> Award {
    let cluster = ClusterFacts {
        id: ClusterId::new(&agency(owner), [7; 12]),
        name: "Céréales Vallée \"Nord\"".parse().unwrap(),
        country: "DE".parse().unwrap(),
        nuts: None,
        region: None,
        field: Some("Food industry".parse().unwrap()),
    };
    let common = Common {
        charter: 1,
        owner: agency(owner),
        offer: Hash::of(&[b"offer", offer.as_bytes()]),
        cluster,
        scheme: "ecei".parse().unwrap(),
        catalogue: Catalogue::ecei().reference(),
        level: Level::Gold,
        assessed: "2026-10".parse().unwrap(),
        valid_until: "2028-10".parse().unwrap(),
        dossier: Hash::of(&[b"dossier", offer.as_bytes()]),
    };
    Award { common, issued: time("2026-11-24T05:00:00Z"), adoption: 1, endorsers: endorsers.to_vec(), supersedes: None }
}

impl Award {
    pub fn id(&self) -> LabelId {
        self.common.id().unwrap()
    }

    /// The endorsements and the label, signed by the issue keys of those named in it.
    pub fn sign(&self, federation: &Federation) -> Label {
        let endorsements = self.endorsers.iter().map(|endorser| self.endorse(federation, endorser)).collect();
        let label = Label {
            common: self.common.clone(),
            issued: self.issued,
            status_index: 4711,
            draw: None,
            keyset: 0,
            adoption: self.adoption,
            endorsements,
            heads: vec![],
            supersedes: self.supersedes,
            proof: ProofValue(Signature([0; 64])),
        };
        sign_again(federation, label)
    }

    pub fn endorse(&self, federation: &Federation, endorser: &str) -> Endorsement {
        let unsigned = Endorsement {
            endorser: agency(endorser),
            keyset: 0,
            copy: Hash::of(&[b"copy", endorser.as_bytes()]),
            review: Hash::of(&[b"review", endorser.as_bytes()]),
            conflicts: Conflicts::None,
            created: time("2026-11-20T10:00:00Z"),
            expires: time("2027-02-20T10:00:00Z"),
            proof: ProofValue(Signature([0; 64])),
        };
        let issue = key("issue", endorser);
        let subject = EndorsementSubject {
            federation: federation.fingerprint(),
            charter: federation.charter_of(&self.common),
            label_common: &self.common,
            label_id: self.id(),
            endorsement: &unsigned,
            key: &issue.public(),
        };
        Endorsement { proof: subject.sign(&issue).unwrap(), ..unsigned }
    }
}

/// The label with its issuer's proof made anew.
pub fn sign_again(federation: &Federation, label: Label) -> Label {
    sign_with("issue", federation, label)
}

/// The same with the owner's key of that role.
pub fn sign_with(role: &str, federation: &Federation, mut label: Label) -> Label {
    let issue = key(role, label.common.owner.as_str());
    let subject = LabelSubject {
        federation: federation.fingerprint(),
        charter: federation.charter_of(&label.common),
        label: &label,
        issuer_key: &issue.public(),
    };
    label.proof = subject.sign(&issue).unwrap();
    label
}
