//! Labels with real endorsements and proofs, and labels that only look like it.

use parangon_protocol::charter::Level;
use parangon_protocol::id::{ClusterId, Hash};
use parangon_protocol::keys::{SecretKey, Signature};
use parangon_protocol::label::credential::{EndorsementSheet, EndorsementSubject, LabelSheet, LabelSubject};
use parangon_protocol::label::{ClusterFacts, Common, Conflicts, Endorsement, Label, LabelId, ProofValue, validity};
use parangon_protocol::time::{Month, Timestamp};

use super::federation::Federation;
use super::plan::Flawed;
use super::rng::Rng;

/// A label of ours that a new one replaces, with what the new one depends on.
#[derive(Debug, Clone)]
pub(super) struct Older {
    pub(super) id: LabelId,
    pub(super) cluster: ClusterFacts,
    pub(super) level: Level,
    pub(super) valid_until: Month,
}

/// What is to be awarded.
#[derive(Debug)]
pub(super) struct Award<'a> {
    pub(super) owner: usize,
    pub(super) level: Level,
    pub(super) endorsers: &'a [usize],
    pub(super) older: Option<&'a Older>,
    /// The offer of another label, used again.
    pub(super) offer: Option<Hash>,
    pub(super) now: Timestamp,
    /// The charter record that it names: its index and version.
    pub(super) ruling: (u64, u32),
    pub(super) flaw: Option<Flawed>,
}

const UNSIGNED: ProofValue = ProofValue(Signature([0; 64]));

/// Makes the label; its id can be told from it.
pub(super) fn label(federation: &Federation, rng: &mut Rng, award: &Award<'_>) -> Label {
    let charter = federation.chain.version(award.ruling.1).expect("there are two versions");
    let scheme = charter.schemes[0].id.clone();
    let rule = charter.rule(&scheme, award.level).expect("each level has a rule");
    let owner = &federation.seats[award.owner];
    let assessed = award.now.month();
    let previous = award.older.filter(|older| older.level == award.level).map(|older| older.valid_until);
    let mut valid_until = validity::valid_until(rule, assessed, previous);
    if award.flaw == Some(Flawed::Validity) {
        valid_until = valid_until.plus(7);
    }
    let cluster = award.older.map_or_else(|| cluster(rng, federation, award.owner), |older| older.cluster.clone());
    let common = Common {
        charter: award.ruling.1,
        owner: owner.id.clone(),
        offer: award.offer.unwrap_or(Hash(rng.bytes())),
        cluster,
        scheme,
        catalogue: charter.catalogues[0].clone(),
        level: award.level,
        assessed,
        valid_until,
        dossier: Hash(rng.bytes()),
    };
    let id = common.id().expect("fields of constants");
    let endorsements = award.endorsers.iter().map(|who| endorsement(federation, rng, *who, &common, id, award)).collect();
    let mut label = Label {
        common,
        issued: award.now,
        status_index: 0,
        draw: None,
        keyset: 0,
        adoption: award.ruling.0,
        endorsements,
        heads: vec![],
        supersedes: award.older.map(|older| older.id),
        proof: UNSIGNED,
    };
    let issuer_key = owner.issue_key.public();
    let subject = LabelSubject { federation: federation.chain.fingerprint(), charter, label: &label, issuer_key: &issuer_key };
    let hash = LabelSheet::of(&subject).expect("fields of constants").hash_to_sign(&issuer_key);
    // A flawed issuer's proof is one by another key of the same agency.
    let key = if award.flaw == Some(Flawed::Issuer) { &owner.witness_key } else { &owner.issue_key };
    label.proof = ProofValue(key.sign_raw(&hash));
    label
}

fn cluster(rng: &mut Rng, federation: &Federation, owner: usize) -> ClusterFacts {
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = rng.bytes();
    ClusterFacts {
        id: ClusterId::new(&federation.seats[owner].id, [a, b, c, d, e, f, g, h, i, j, k, l]),
        name: "Cluster".parse().expect("a name"),
        country: federation.charter().members[owner].country.clone(),
        nuts: None,
        region: None,
        field: None,
    }
}

fn endorsement(federation: &Federation, rng: &mut Rng, who: usize, common: &Common, id: LabelId, award: &Award<'_>) -> Endorsement {
    let seat = &federation.seats[who];
    let mut endorsement = Endorsement {
        endorser: seat.id.clone(),
        keyset: 0,
        copy: Hash(rng.bytes()),
        review: Hash(rng.bytes()),
        conflicts: Conflicts::None,
        created: award.now,
        expires: award.now.plus(90 * 86_400),
        proof: UNSIGNED,
    };
    let key = seat.issue_key.public();
    let subject = EndorsementSubject {
        federation: federation.chain.fingerprint(),
        charter: federation.chain.version(common.charter).expect("there are two versions"),
        label_common: common,
        label_id: id,
        endorsement: &endorsement,
        key: &key,
    };
    let hash = EndorsementSheet::of(&subject).expect("fields of constants").hash_to_sign(subject.key);
    let forger: &SecretKey = &federation.seats[award.owner].issue_key;
    let key = if award.flaw == Some(Flawed::Endorser) { forger } else { &seat.issue_key };
    endorsement.proof = ProofValue(key.sign_raw(&hash));
    endorsement
}
