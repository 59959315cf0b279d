use super::*;
use crate::keys::Signature;
use crate::label::credential::EndorsementSubject;
use crate::label::{Endorsement, ProofValue};

fn at(day: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + day * 86_400).unwrap()
}

fn endorse_with(common: &Common, dossier: &Dossier, review: &ReviewContent) -> Result<EndorsementDraft, EndorseError> {
    endorse(common, dossier, review, 4, at(0), at(90))
}

fn proof() -> ProofValue {
    ProofValue(Signature([9; 64]))
}

fn endorsement() -> Endorsement {
    endorse_with(&common(), &dossier("lyon"), &review("lyon", 0)).unwrap().with_proof(proof())
}

#[test]
fn an_endorsement_carries_commitments_only() {
    let made = endorsement();
    assert_eq!((made.endorser.as_str(), made.keyset, made.created, made.expires), ("lyon", 4, at(0), at(90)));
    assert_eq!(made.copy, dossier("lyon").copy_commitment().unwrap());
    assert_eq!(made.review, review("lyon", 0).commitment().unwrap());
}

#[test]
fn an_endorsement_is_proven_by_its_credential() {
    let (federation, charter, label_common, key) = (federation(), charter(), common(), key("lyon"));
    let (label_id, public) = (label_common.id().unwrap(), key.public());
    let draft = endorse_with(&label_common, &dossier("lyon"), &review("lyon", 0)).unwrap();
    let unproven = draft.clone().with_proof(proof());
    let subject = EndorsementSubject {
        federation: &federation,
        charter: &charter,
        label_common: &label_common,
        label_id,
        endorsement: &unproven,
        key: &public,
    };
    let proven = draft.prove(|endorsement| EndorsementSubject { endorsement, ..subject }.sign(&key)).unwrap();
    assert_eq!(EndorsementSubject { endorsement: &proven, ..subject }.verify(), Ok(()));
    assert_eq!(supports(&label_common, &proven.copy, &review("lyon", 0), &proven), Ok(()));
    assert!(subject.verify().is_err(), "a proof that nobody made");
}

#[test]
fn r4_a_review_endorses_one_label_only() {
    let mismatch = |part| Err(EndorseError::Mismatch { part });
    let other = Hash::of(&[b"last year"]);
    let good = review("lyon", 0);
    for (part, replayed) in [
        ("offer", ReviewContent { offer: other, ..good.clone() }),
        ("dossier", ReviewContent { dossier: other, ..good.clone() }),
        ("catalogue", ReviewContent { catalogue: other, ..good.clone() }),
    ] {
        assert_eq!(endorse_with(&common(), &dossier("lyon"), &replayed), mismatch(part));
        assert_eq!(supports(&common(), &endorsement().copy, &replayed, &endorsement()), Err(EndorseError::Mismatch { part }));
    }
    let altered = Dossier { salt: other, ..dossier("lyon") };
    assert_eq!(endorse_with(&common(), &altered, &good), mismatch("dossier"));
    let replayed = Dossier { offer: other, ..dossier("lyon") };
    assert_eq!(endorse_with(&common(), &replayed, &good), mismatch("offer"));
    let leaked = EndorseError::OtherCopy { reviewer: agency("lyon"), recipient: agency("oslo") };
    assert_eq!(endorse_with(&common(), &dossier("oslo"), &good), Err(leaked));
}

#[test]
fn r1_an_owner_does_not_endorse_itself_nor_anybody_an_ineligible_cluster() {
    let own = endorse_with(&common(), &dossier("stuttgart"), &review("stuttgart", 0));
    assert_eq!(own, Err(EndorseError::OwnLabel(owner())));
    let ineligible = ReviewContent { eligible: false, ..review("lyon", 0) };
    assert_eq!(endorse_with(&common(), &dossier("lyon"), &ineligible), Err(EndorseError::NotEligible(agency("lyon"))));
    assert_eq!(endorse(&common(), &dossier("lyon"), &review("lyon", 0), 4, at(1), at(0)), Err(EndorseError::Expired));
}

#[test]
fn an_owner_takes_the_endorsement_of_the_review_it_got() {
    let (copy, review) = (dossier("lyon").copy_commitment().unwrap(), review("lyon", 0));
    let support = |endorsement: &Endorsement| supports(&common(), &copy, &review, endorsement);
    let good = endorsement();
    let other = Hash::of(&[b"other"]);
    let mismatch = |part| Err(EndorseError::Mismatch { part });
    assert_eq!(support(&good), Ok(()));
    assert_eq!(support(&Endorsement { endorser: agency("oslo"), ..good.clone() }), mismatch("endorser"));
    assert_eq!(support(&Endorsement { copy: other, ..good.clone() }), mismatch("copy"));
    assert_eq!(support(&Endorsement { review: other, ..good.clone() }), mismatch("commitment"));
    assert_eq!(support(&Endorsement { expires: Timestamp::default(), ..good }), Err(EndorseError::Expired));
}
