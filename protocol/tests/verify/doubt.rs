//! Exit codes 14 and 15: another federation, nothing pinned, something missing.

use parangon_protocol::charter::{FormerHead, Refounding};
use parangon_protocol::id::{Fingerprint, Hash};
use parangon_protocol::label::status::StatusProof;
use parangon_protocol::verify::{Cause, Outcome, Trust, verify};

use crate::support::award::gold;
use crate::support::federation::{Federation, MEMBERS, place_under};
use crate::support::scene::{Scene, WITNESSED};
use crate::support::{agency, time};
use crate::{TODAY, assert_outcome, shown, today};

/// Case C10, as the reader sees it.
#[test]
fn a_label_of_another_federation_is_signed_by_somebody_unknown() {
    let (scene, id) = Scene::gold();
    let other = Federation::found(|charter| charter.demonstration = true);
    let verdict = verify(&scene.text(id), &Trust::new([*other.fingerprint()]), time(TODAY));
    assert_outcome(&verdict, Outcome::UnknownSigner, 14);
    assert_eq!((verdict.cause, verdict.label), (Some(Cause::OtherFederation), None));
    let federation = verdict.federation.unwrap();
    assert_eq!((federation.fingerprint, federation.pinned), (Some(*scene.federation.fingerprint()), false));
    let both = Trust::new([*other.fingerprint(), *scene.federation.fingerprint()]);
    assert_outcome(&verify(&scene.text(id), &both, time(TODAY)), Outcome::Valid, 0);
}

/// A new federation that continues a former one is believed by nobody for that: whoever trusts the former one decides anew.
#[test]
fn a_federation_that_continues_a_trusted_one_has_to_be_accepted() {
    let former = Federation::found(|charter| charter.demonstration = true);
    let head = FormerHead { agency: agency("lyon"), size: 9, root: Hash::of(&[b"the last head"]) };
    let refounds =
        Refounding { federation: *former.fingerprint(), version: 1, charter: former.charter().hash().unwrap(), heads: vec![head] };
    let federation = Federation::found(|charter| charter.refounds = Some(Box::new(refounds)));
    let award = gold("stuttgart", "offer", &["lyon", "madrid"]);
    let (scene, id) = Scene::awarded_in(federation, &award);
    let verdict = verify(&scene.text(id), &Trust::new([*former.fingerprint()]), time(TODAY));
    assert_outcome(&verdict, Outcome::UnknownSigner, 14);
    let (former, words) = (former.fingerprint().words(), scene.federation.fingerprint().words());
    assert!(verdict.sentence.contains(&former) && verdict.sentence.contains(&words), "{}", verdict.sentence);
    assert_eq!((verdict.cause, verdict.label), (Some(Cause::Refounded { former, words }), None));
    let stranger = Trust::new([Fingerprint(Hash::of(&[b"x"]))]);
    assert_eq!(verify(&scene.text(id), &stranger, time(TODAY)).cause, Some(Cause::OtherFederation));
    let accepted = Trust::new([*scene.federation.fingerprint()]);
    assert_ne!(verify(&scene.text(id), &accepted, time(TODAY)).verdict, Outcome::UnknownSigner);
}

#[test]
fn with_nothing_pinned_it_is_consistent_and_never_valid() {
    let (scene, id) = Scene::gold();
    for at in [TODAY, "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"] {
        let verdict = verify(&scene.text(id), &Trust::default(), time(at));
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        let words = scene.federation.fingerprint().words();
        assert!(verdict.sentence.contains(&words), "{}", verdict.sentence);
        assert_eq!(verdict.cause, Some(Cause::Unpinned { words }));
        assert!(!verdict.federation.unwrap().pinned);
    }
    let other = Trust::new([Fingerprint(Hash::of(&[b"x"]))]);
    assert_outcome(&verify(&scene.text(id), &other, time(TODAY)), Outcome::UnknownSigner, 14);
}

/// Each log whose head the verdict rests on, with too few cosignatures and with just enough.
#[test]
fn without_its_quorum_a_label_is_provisional() {
    for owner in ["stuttgart", "lyon", "oslo"] {
        let (mut scene, id) = Scene::gold();
        let others: Vec<&str> = MEMBERS.iter().map(|(id, _)| *id).filter(|id| *id != owner).collect();
        for have in 0..=4 {
            scene.cosign(owner, &others[..have], WITNESSED);
            let verdict = shown(&scene, id);
            if have < 3 {
                assert_outcome(&verdict, Outcome::CannotTell, 15);
                assert_eq!(verdict.cause, Some(Cause::NoQuorum { agency: agency(owner), have, needed: 3 }));
                assert!(verdict.sentence.contains("provisional"), "{}", verdict.sentence);
            } else {
                assert_outcome(&verdict, Outcome::Valid, 0);
            }
        }
    }
}

/// A quorum is needed for every head in the file, not for one of them.
#[test]
fn no_part_leans_on_the_quorum_of_another_head() {
    let (scene, id) = Scene::gold();
    let mut later = scene.clone();
    later.state("stuttgart");
    later.cosign("stuttgart", &["lyon", "madrid"], "2026-11-25T00:00:00Z");
    let (good, weak) = (scene.bundle(id), later.bundle(id));
    let expected = Cause::NoQuorum { agency: agency("stuttgart"), have: 2, needed: 3 };
    let cases = [
        {
            let mut bundle = good.clone();
            bundle.label = weak.label;
            bundle
        },
        {
            let mut bundle = good.clone();
            bundle.adoption = weak.adoption;
            bundle
        },
        {
            let mut bundle = good.clone();
            bundle.status = weak.status;
            bundle
        },
    ];
    for bundle in cases {
        let verdict = today(&scene.federation, &bundle);
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(expected.clone()));
    }
}

#[test]
fn agencies_under_one_parent_are_one_witness() {
    let family = Federation::found(|charter| {
        place_under(charter, "madrid", "Iberia");
        place_under(charter, "porto", "Iberia");
    });
    let (mut scene, id) = Scene::awarded_in(family, &gold("stuttgart", "first", &["lyon", "oslo"]));
    assert_outcome(&shown(&scene, id), Outcome::Valid, 0);
    scene.cosign("stuttgart", &["lyon", "madrid", "porto"], WITNESSED);
    let verdict = shown(&scene, id);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::NoQuorum { agency: agency("stuttgart"), have: 2, needed: 3 }));
}

#[test]
fn a_federation_of_one_never_has_a_quorum() {
    let alone = Federation::found(|charter| {
        charter.members.retain(|member| member.id == agency("stuttgart"));
        charter.schemes[0].rules.iter_mut().for_each(|rule| (rule.reviewers, rule.foreign) = (0, 0));
    });
    let (scene, id) = Scene::awarded_in(alone, &gold("stuttgart", "first", &[]));
    let verdict = shown(&scene, id);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert!(matches!(verdict.cause, Some(Cause::NoQuorum { have: 0, .. })), "{:?}", verdict.cause);
}

/// Times of witnesses decide how fresh a status is: one liar moves nothing.
#[test]
fn one_lying_witness_makes_no_status_fresh() {
    let (mut scene, id) = Scene::gold();
    let old = time(WITNESSED);
    for (liar, as_of) in [("2027-06-01T00:00:00Z", old), ("1970-01-01T00:00:00Z", old)] {
        scene.cosign_at("stuttgart", &[("lyon", old), ("madrid", time(liar)), ("oslo", old)]);
        let verdict = crate::judge(&scene.federation, &scene.text(id), "2027-06-01T00:00:00Z");
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(Cause::StaleStatus { as_of }));
        assert_eq!(verdict.label.unwrap().witnessed, Some(as_of));
    }
}

#[test]
fn a_missing_confirmation_leaves_it_provisional() {
    let (scene, id) = Scene::gold();
    for missing in ["lyon", "oslo"] {
        let mut bundle = scene.bundle(id);
        bundle.confirmations.retain(|entry| entry.agency != agency(missing));
        let verdict = today(&scene.federation, &bundle);
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(Cause::Unconfirmed { endorser: agency(missing) }));
        assert!(verdict.sentence.contains("provisional"));
    }
}

#[test]
fn missing_keys_are_named() {
    let (scene, id) = Scene::gold();
    for missing in ["lyon", "oslo", "stuttgart"] {
        let mut bundle = scene.bundle(id);
        bundle.keysets.retain(|placed| placed.keyset.body.agency != agency(missing));
        let verdict = today(&scene.federation, &bundle);
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(Cause::MissingKeys { agency: agency(missing) }));
    }
    // A witness whose keys are not there does not count; the others are enough.
    let mut bundle = scene.bundle(id);
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("porto"));
    assert_outcome(&today(&scene.federation, &bundle), Outcome::Valid, 0);
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("madrid"));
    let verdict = today(&scene.federation, &bundle);
    assert_eq!(verdict.cause, Some(Cause::NoQuorum { agency: agency("stuttgart"), have: 2, needed: 3 }));
}

#[test]
fn without_a_status_nobody_knows_of_a_withdrawal() {
    let mut scene = Scene::founded(Federation::default());
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    scene.award(&award);
    scene.cosign_all(WITNESSED);
    let verdict = shown(&scene, award.id());
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::NoStatus));
}

/// A status from before the label proves nothing about it: neither that it stands nor that it was never issued.
#[test]
fn a_status_stated_before_the_label_says_nothing() {
    let mut scene = Scene::founded(Federation::default());
    scene.state("stuttgart");
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    scene.award(&award);
    scene.cosign_all(WITNESSED);
    let bundle = scene.bundle(award.id());
    assert!(matches!(bundle.status.as_ref().unwrap().path, StatusProof::Absence { .. }));
    let verdict = today(&scene.federation, &bundle);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::EarlierStatus));
}

/// Case L8: a status ages; the longest allowed age still counts, one second more does not.
#[test]
fn l08_a_status_that_is_too_old_is_not_believed() {
    let young = Federation::found(|charter| charter.status_max_age_days = 1);
    let (scene, id) = Scene::awarded_in(young, &gold("stuttgart", "first", &["lyon", "oslo"]));
    let at = |at: &str| crate::judge(&scene.federation, &scene.text(id), at);
    assert_outcome(&at("2026-11-25T06:02:00Z"), Outcome::Valid, 0);
    let verdict = at("2026-11-25T06:02:01Z");
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::StaleStatus { as_of: time("2026-11-24T06:02:00Z") }));
    assert_eq!(verdict.as_of, Some(time("2026-11-24T06:02:00Z")));
}
