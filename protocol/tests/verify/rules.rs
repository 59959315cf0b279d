//! Exit code 17: everything is signed, logged and cosigned, and the rules do not allow it.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Charter, Level};
use parangon_protocol::check::Flaw;
use parangon_protocol::id::{ClusterId, Hash};
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::verify::{Cause, Outcome, Verdict};

use crate::support::award::{Award, gold};
use crate::support::federation::{Federation, place_under};
use crate::support::scene::{Scene, WITNESSED, states};
use crate::support::{agency, log, time};
use crate::{assert_outcome, shown};

fn usual() -> Award {
    gold("stuttgart", "first", &["lyon", "oslo"])
}

fn awarded(federation: Federation, award: &Award) -> Verdict {
    let (scene, id) = Scene::awarded_in(federation, award);
    shown(&scene, id)
}

#[track_caller]
fn assert_flaw(award: &Award, flaw: Flaw) {
    assert_flaw_in(|_| (), award, flaw);
}

#[track_caller]
fn assert_flaw_in(change: impl FnOnce(&mut Charter), award: &Award, flaw: Flaw) {
    let verdict = awarded(Federation::found(change), award);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!((verdict.cause, verdict.label), (Some(Cause::Rule { flaw }), None));
}

#[test]
fn r1_an_agency_does_not_endorse_itself() {
    assert_flaw(&gold("stuttgart", "first", &["oslo", "stuttgart"]), Flaw::Panel);
    assert_flaw(&gold("stuttgart", "first", &["lyon", "oslo", "stuttgart"]), Flaw::Panel);
}

#[test]
fn r2_agencies_under_one_parent_count_once_and_never_for_each_other() {
    let related = |a: &'static str, b: &'static str| {
        move |charter: &mut Charter| {
            place_under(charter, a, "One house");
            place_under(charter, b, "One house");
        }
    };
    assert_flaw_in(related("lyon", "oslo"), &usual(), Flaw::Panel);
    assert_flaw_in(related("lyon", "stuttgart"), &usual(), Flaw::Panel);
    let third = gold("stuttgart", "first", &["lyon", "oslo", "porto"]);
    let verdict = awarded(Federation::found(related("lyon", "oslo")), &third);
    assert_outcome(&verdict, Outcome::Valid, 0);
}

#[test]
fn a_level_needs_its_number_of_endorsers() {
    assert_flaw(&gold("stuttgart", "first", &[]), Flaw::Panel);
    assert_flaw(&gold("stuttgart", "first", &["oslo"]), Flaw::Panel);
    let mut bronze = gold("stuttgart", "first", &["oslo"]);
    bronze.common.level = Level::Bronze;
    assert_flaw(&bronze, Flaw::Rule);
    bronze.common.catalogue = Catalogue::ecei_bronze().reference();
    assert_outcome(&awarded(Federation::default(), &bronze), Outcome::Valid, 0);
}

#[test]
fn gold_needs_an_endorser_from_abroad() {
    let german = |ids: &'static [&'static str]| {
        move |charter: &mut Charter| {
            for member in charter.members.iter_mut().filter(|member| ids.contains(&member.id.as_str())) {
                member.country = "DE".parse().unwrap();
            }
        }
    };
    assert_flaw_in(german(&["lyon", "oslo"]), &usual(), Flaw::Panel);
    assert_outcome(&awarded(Federation::found(german(&["lyon"])), &usual()), Outcome::Valid, 0);
}

#[test]
fn endorsers_are_members_in_their_order_each_once() {
    assert_flaw(&gold("stuttgart", "first", &["oslo", "lyon"]), Flaw::Endorsements);
    assert_flaw(&gold("stuttgart", "first", &["lyon", "lyon"]), Flaw::Endorsements);
}

#[test]
fn an_endorsement_is_used_before_it_expires() {
    let mut late = usual();
    late.issued = time("2027-02-20T10:00:00Z");
    let (scene, id) = Scene::awarded(&late);
    assert_outcome(&crate::judge(&scene.federation, &scene.text(id), "2027-02-21T00:00:00Z"), Outcome::CannotTell, 15);
    late.issued = time("2027-02-20T10:00:01Z");
    assert_flaw(&late, Flaw::Endorsements);
}

#[test]
fn validity_follows_from_the_month_of_the_assessment() {
    for wrong in ["2028-09", "2028-11", "2031-10", "9999-12", "1970-01"] {
        let mut award = usual();
        award.common.valid_until = wrong.parse().unwrap();
        assert_flaw(&award, Flaw::Validity);
    }
}

#[test]
fn an_issuer_needs_the_right_to_the_level() {
    let without = |levels: &'static [Level]| {
        move |charter: &mut Charter| {
            let stuttgart = charter.members.iter_mut().find(|member| member.id == agency("stuttgart")).unwrap();
            stuttgart.rights[0].levels = levels.to_vec();
        }
    };
    assert_flaw_in(without(&[Level::Bronze, Level::Silver]), &usual(), Flaw::Right);
    assert_flaw_in(without(&[]), &usual(), Flaw::Right);
    assert_outcome(&awarded(Federation::found(without(&[Level::Gold])), &usual()), Outcome::Valid, 0);
}

/// Case C11: the catalogue is the charter's, by name and content.
#[test]
fn c11_the_catalogue_is_the_charters() {
    let mut award = usual();
    award.common.catalogue.hash = Hash::of(&[b"another text"]);
    assert_flaw(&award, Flaw::Rule);
    let mut award = usual();
    award.common.catalogue.id = "ecei-2027".parse().unwrap();
    assert_flaw(&award, Flaw::Rule);
}

#[test]
fn a_scheme_that_the_charter_does_not_have_gives_no_right() {
    let mut award = usual();
    award.common.scheme = "demo".parse().unwrap();
    assert_flaw(&award, Flaw::Right);
}

#[test]
fn only_the_agency_that_registered_a_cluster_issues_for_it() {
    let mut award = usual();
    award.common.cluster.id = ClusterId::new(&agency("porto"), [7; 12]);
    assert_flaw(&award, Flaw::Owner);
}

#[test]
fn an_unknown_charter_version_entitles_nobody() {
    let mut award = usual();
    award.common.charter = 2;
    let mut scene = Scene::founded(Federation::default());
    let label = award.sign(&scene.federation);
    scene.issue(label);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let verdict = shown(&scene, award.id());
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::Rule { flaw: Flaw::Charter }));
}

/// The record at the index that the label names is not the adoption of its charter version.
#[test]
fn the_issuer_must_have_adopted_the_charter() {
    let mut award = usual();
    award.adoption = 0;
    let verdict = awarded(Federation::default(), &award);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::NotAdopted));

    let hash = Federation::default().charter().hash().unwrap();
    for adoption in [Adoption { version: 2, hash }, Adoption { version: 1, hash: Hash::of(&[b"another"]) }] {
        let mut scene = Scene::founded(Federation::default());
        award.adoption = scene.append("stuttgart", &Record::Charter(adoption));
        crate::assert_not_adopted(scene, &award);
    }
}

#[test]
fn an_adoption_elsewhere_is_not_the_one_that_the_label_names() {
    let mut scene = Scene::founded(Federation::default());
    let [_, adoption] = scene.federation.first_records("stuttgart");
    let again = scene.append("stuttgart", &adoption);
    scene.award(&usual());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let mut bundle = scene.bundle(usual().id());
    assert_outcome(&crate::today(&scene.federation, &bundle), Outcome::Valid, 0);
    bundle.adoption = scene.proven(&log("stuttgart"), again);
    assert_eq!(crate::today(&scene.federation, &bundle).cause, Some(Cause::NotAdopted));
}

/// A status that covers the label and does not list it: witnesses would have refused it, and so does the verifier.
#[test]
fn a_label_that_its_issuer_does_not_list_is_none() {
    for others in [vec![], vec![crate::support::scene::another()]] {
        let mut scene = Scene::founded(Federation::default());
        scene.award(&usual());
        for other in &others {
            scene.award(other);
        }
        let log = log("stuttgart");
        let mut listed = states(&scene.logs[&log], scene.logs[&log].size());
        listed.retain(|(label, _)| *label != usual().id());
        scene.state_as("stuttgart", listed);
        scene.cosign_all(WITNESSED);
        let verdict = shown(&scene, usual().id());
        assert_outcome(&verdict, Outcome::NotEntitled, 17);
        assert_eq!(verdict.cause, Some(Cause::NotListed));
    }
}
