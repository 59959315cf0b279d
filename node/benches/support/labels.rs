//! GOLD labels with two endorsements: three signatures each, made on all cores.

use parangon_protocol::charter::Level;
use parangon_protocol::id::{ClusterId, Hash};
use parangon_protocol::keys::Signature;
use parangon_protocol::label::credential::{EndorsementSubject, LabelSubject};
use parangon_protocol::label::{ClusterFacts, Common, Conflicts, Endorsement, HeadRef, Label, LabelId, ProofValue, validity};
use parangon_protocol::record::{EndorsementEntry, Record};
use parangon_protocol::time::Timestamp;
use rayon::prelude::*;

use super::federation::{Federation, Member, seed};

/// When everything is signed.
pub(crate) fn issued() -> Timestamp {
    "2026-11-20T10:30:00Z".parse().expect("a time")
}

/// The record texts of `count` labels by `issuer`; `salt` tells two sets apart.
pub(crate) fn texts(federation: &Federation, issuer: usize, count: usize, salt: u64) -> Vec<Vec<u8>> {
    labels(federation, issuer, count, salt)
        .into_par_iter()
        .map(|label| Record::Label(Box::new(label)).to_text().expect("labels are small"))
        .collect()
}

/// `count` labels by `issuer`, endorsed by the two members after it. The last member never endorses: it can be the node
/// under test, whose own log nobody feeds.
pub(crate) fn labels(federation: &Federation, issuer: usize, count: usize, salt: u64) -> Vec<Label> {
    (0..count).into_par_iter().map(|n| label(federation, issuer, u64::try_from(n).expect("small"), salt)).collect()
}

/// What the two endorsers state in their logs: `(endorser, record)`.
pub(crate) fn confirmations(federation: &Federation, label: &Label) -> Vec<(usize, Record)> {
    let id = label.common.id().expect("a label that was made");
    let entry = |endorsement: &Endorsement| {
        let endorser = federation.members.iter().position(|member| member.id == endorsement.endorser).expect("a member");
        (endorser, Record::Endorsement(id, EndorsementEntry { endorsement: endorsement.id(&id).expect("a label that was made") }))
    };
    label.endorsements.iter().map(entry).collect()
}

fn label(federation: &Federation, issuer: usize, n: u64, salt: u64) -> Label {
    let charter = federation.chain.newest();
    let (members, fingerprint) = (&federation.members, federation.fingerprint());
    let owner = &members[issuer];
    let key = |member: &Member| member.keys.issue_key();
    let hash = |word: &str| Hash(seed(&format!("{word}/{salt}"), issuer, n));
    let scheme = charter.schemes[0].id.clone();
    let rule = charter.rule(&scheme, Level::Gold).expect("the scheme has it");
    let assessed = issued().month();
    let random = hash("cluster").0[..12].try_into().expect("twelve bytes");
    let common = Common {
        charter: charter.version,
        owner: owner.id.clone(),
        offer: hash("offer"),
        cluster: ClusterFacts {
            id: ClusterId::new(&owner.id, random),
            name: format!("Photonics and Sensors Cluster {salt}-{n}").parse().expect("a name"),
            country: charter.members[issuer].country.clone(),
            nuts: None,
            region: Some("Steiermark".parse().expect("a name")),
            field: Some("Optical technologies and photonics".parse().expect("a name")),
        },
        scheme,
        catalogue: charter.catalogue(&rule.catalogue).expect("listed").clone(),
        level: Level::Gold,
        assessed,
        valid_until: validity::valid_until(rule, assessed, None),
        dossier: hash("dossier"),
    };
    let id = common.id().expect("small fields");
    let mut endorsers = [1, 2].map(|step| &members[(issuer + step) % (members.len() - 1)]);
    endorsers.sort_by(|a, b| a.id.cmp(&b.id));
    let endorse = |member: &&Member| {
        let mut endorsement = Endorsement {
            endorser: member.id.clone(),
            keyset: 0,
            copy: hash("copy"),
            review: hash("review"),
            conflicts: Conflicts::None,
            created: issued(),
            expires: issued().plus(90 * 86_400),
            proof: ProofValue(Signature([0; 64])),
        };
        let key = key(member);
        let subject = EndorsementSubject {
            federation: fingerprint,
            charter,
            label_common: &common,
            label_id: id,
            endorsement: &endorsement,
            key: &key.public(),
        };
        endorsement.proof = subject.sign(&key).expect("its own key");
        endorsement
    };
    let endorsements: Vec<Endorsement> = endorsers.iter().map(endorse).collect();
    let heads = endorsers.iter().map(|member| HeadRef { log: member.log(), size: 2, root: hash("head") }).collect();
    let mut label = Label {
        common: common.clone(),
        issued: issued(),
        status_index: u32::try_from(n % 131_072).expect("below 2^17"),
        draw: None,
        keyset: 0,
        adoption: 1,
        endorsements,
        heads,
        supersedes: None,
        proof: ProofValue(Signature([0; 64])),
    };
    let key = key(owner);
    label.proof =
        LabelSubject { federation: fingerprint, charter, label: &label, issuer_key: &key.public() }.sign(&key).expect("its own key");
    label
}

/// The id of a label made here.
pub(crate) fn id(label: &Label) -> LabelId {
    label.common.id().expect("a label that was made")
}
