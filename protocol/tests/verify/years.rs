//! Labels over the years: amended charters, members that left, rights that were taken away, keys that changed. What was
//! true stays verifiable, what is false never becomes valid (cases G3, G5 to G7, G9).

use parangon_protocol::charter::{AmendmentError, Chain, ChainError, Charter};
use parangon_protocol::check::{Flaw, KeyBook};
use parangon_protocol::keys::{KeyError, KeySetError};
use parangon_protocol::label::LabelId;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::verify::{Cause, Outcome, Trust, verify};

use crate::support::award::gold;
use crate::support::federation::{Federation, key};
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{log, time};
use crate::{assert_altered, assert_not_adopted, assert_outcome, shown, today};

const ALL_OTHERS: [&str; 4] = ["lyon", "madrid", "oslo", "porto"];

fn member<'a>(charter: &'a mut Charter, id: &str) -> &'a mut parangon_protocol::charter::Member {
    charter.members.iter_mut().find(|member| member.id.as_str() == id).unwrap()
}

fn expel(charter: &mut Charter, id: &str) {
    charter.members.retain(|member| member.id.as_str() != id);
}

/// The gold label, then another one; both confirmed, stated and witnessed under the first version.
fn two_labels() -> (Scene, LabelId, LabelId, u64) {
    let (mut scene, first) = Scene::gold();
    let between = scene.logs[&log("stuttgart")].size();
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    (scene, first, another().id(), between)
}

fn refused(scene: &Scene, label: LabelId, flaw: Flaw) {
    let verdict = shown(scene, label);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::Rule { flaw }));
}

fn adopt(scene: &mut Scene, id: &str) -> u64 {
    let charter = scene.federation.charter();
    let adoption = Adoption { version: charter.version, hash: charter.hash().unwrap() };
    scene.append(id, &Record::Charter(adoption))
}

#[test]
fn what_a_member_did_before_it_was_expelled_stays_and_nothing_later_counts() {
    let (mut scene, first, second, between) = two_labels();
    let before = scene.federation.clone();
    let expelled = |seen| before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS, seen).unwrap();
    scene.federation = expelled(between);
    assert_outcome(&shown(&scene, first), Outcome::Valid, 0);
    refused(&scene, second, Flaw::Ended);
    // The cut-off is exact: it is a number of records.
    let index = scene.find(first).1;
    scene.federation = expelled(index);
    refused(&scene, first, Flaw::Ended);
    scene.federation = expelled(index + 1);
    assert_outcome(&shown(&scene, first), Outcome::Valid, 0);
    // Three of five are too few to expel.
    let few = before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS[..3], between).map(drop);
    let cause = AmendmentError::TooFew { have: 3, needed: 4, version: 1 };
    assert_eq!(few, Err(ChainError::Amendment { version: 2, cause }));
}

#[test]
fn a_right_taken_away_ends_where_the_voters_last_looked() {
    let (mut scene, first, second, between) = two_labels();
    scene.federation = scene.federation.amended(|charter| member(charter, "stuttgart").rights.clear(), &ALL_OTHERS[..3], between).unwrap();
    assert_outcome(&shown(&scene, first), Outcome::Valid, 0);
    refused(&scene, second, Flaw::Ended);
}

#[test]
fn a_chain_that_nobody_agreed_to_is_not_authentic() {
    let (mut scene, first) = Scene::gold();
    scene.federation = scene.federation.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    let good = scene.bundle(first);
    assert_outcome(&today(&scene.federation, &good), Outcome::Valid, 0);
    let mut few = good.clone();
    few.amendments[0].votes.truncate(2);
    assert_altered(&today(&scene.federation, &few), "charter");
    let mut other = good.clone();
    other.amendments[0].charter.status_max_age_days = 36_500;
    assert_altered(&today(&scene.federation, &other), "charter");
    let mut twice = good.clone();
    twice.amendments.push(good.amendments[0].clone());
    assert_altered(&today(&scene.federation, &twice), "charter");
}

#[test]
fn a_reader_that_knows_more_versions_judges_by_them_and_believes_no_others() {
    let (scene, first, second, between) = two_labels();
    let before = scene.federation.clone();
    let after = before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS, between).unwrap();
    let judge = |trust: &Trust, label| verify(&scene.text(label), trust, time(crate::TODAY));
    let knows = |federation: &Federation| Trust::in_chains([Chain::clone(&federation.chain)]);
    // The files were made before the amendment and do not carry it.
    assert_outcome(&judge(&knows(&before), second), Outcome::Valid, 0);
    assert_outcome(&judge(&knows(&after), first), Outcome::Valid, 0);
    let verdict = judge(&knows(&after), second);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::Rule { flaw: Flaw::Ended }));
    // A file that knows more than the reader is judged by what it carries.
    let newer = Scene { federation: after.clone(), ..scene.clone() };
    assert_outcome(&verify(&newer.text(second), &knows(&before), time(crate::TODAY)), Outcome::NotEntitled, 17);
    // Two second versions: somebody voted twice. No verdict rests on either.
    let other = before.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    let verdict = verify(&newer.text(first), &knows(&other), time(crate::TODAY));
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::OtherCharter { version: 2 }));
    assert!(verdict.label.is_none());
}

#[test]
fn a_label_stands_under_the_version_that_its_log_had_adopted() {
    let mut scene = Scene::founded(Federation::default());
    scene.federation = scene.federation.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    award.common.charter = 2;
    award.adoption = adopt(&mut scene, "stuttgart");
    scene.award(&award);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    assert_outcome(&shown(&scene, award.id()), Outcome::Valid, 0);
    // The file must carry the version that the label names.
    let mut without = scene.bundle(award.id());
    without.amendments.clear();
    let verdict = today(&scene.federation, &without);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::Rule { flaw: Flaw::Charter }));
    // The record of the first version is not an adoption of the second.
    award.adoption = 1;
    assert_not_adopted(Scene::founded(scene.federation.clone()), &award);
}

#[test]
fn the_version_adopted_last_decides_who_counts_for_the_status() {
    let (mut scene, label) = Scene::gold();
    let seen = scene.logs[&log("porto")].size();
    let voters = ["lyon", "madrid", "oslo", "stuttgart"];
    scene.federation = scene.federation.amended(|charter| expel(charter, "porto"), &voters, seen).unwrap();
    adopt(&mut scene, "stuttgart");
    scene.state("stuttgart");
    // Four members: all three witnesses of a log must cosign. Porto's line is one of nobody's.
    scene.cosign("stuttgart", &["lyon", "madrid", "porto"], WITNESSED);
    let verdict = shown(&scene, label);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::NoQuorum { agency: crate::support::agency("stuttgart"), have: 2, needed: 3 }));
    scene.cosign("stuttgart", &["lyon", "madrid", "oslo"], WITNESSED);
    assert_outcome(&shown(&scene, label), Outcome::Valid, 0);
    // An adoption of the same version, or of none, is no later one.
    let mut same = scene.bundle(label);
    same.status.as_mut().unwrap().adoption = Some(same.adoption.clone());
    assert_altered(&today(&scene.federation, &same), "charter record");
    let mut none = scene.bundle(label);
    none.status.as_mut().unwrap().adoption = Some(none.label.clone());
    assert_eq!(today(&scene.federation, &none).cause, Some(Cause::NotAdopted));
}

#[test]
fn a_key_counts_until_it_is_replaced() {
    let (mut scene, first) = Scene::gold();
    let second = scene.federation.keyset_with("stuttgart", 2, "second issue");
    scene.append("stuttgart", &Record::KeySet(Box::new(second)));
    // By the key given up, which may be in other hands by now.
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    assert_outcome(&shown(&scene, first), Outcome::Valid, 0);
    refused(&scene, another().id(), Flaw::KeySet);
}

#[test]
fn an_identity_key_given_up_signs_no_more() {
    let before = Federation::default();
    let rekey = |charter: &mut Charter| {
        let lyon = member(charter, "lyon");
        lyon.identity = key("successor", "lyon").public();
        lyon.successor = key("next successor", "lyon").public().hash();
    };
    let after = before.amended(rekey, &["lyon", "madrid", "oslo", "porto"], 0).unwrap();
    let sign = |number: u32, role: &str| {
        let body = before.keyset_with("lyon", number, &format!("issue {number}")).body;
        body.sign(before.fingerprint(), &key(role, "lyon")).unwrap()
    };
    let lyon = log("lyon");
    let forged = Err(KeySetError::Key(KeyError::Forged));
    // Before the amendment the successor signs nothing.
    let mut early = KeyBook::new(before.chain.clone());
    assert_eq!(early.insert(&lyon, 0, &sign(1, "successor")), forged);
    // After it, what the old key signed earlier stays true.
    let mut book = KeyBook::new(after.chain.clone());
    book.insert(&lyon, 0, &sign(1, "identity")).unwrap();
    book.insert(&lyon, 4, &sign(2, "identity")).unwrap();
    book.insert(&lyon, 9, &sign(3, "successor")).unwrap();
    assert_eq!(book.insert(&lyon, 12, &sign(4, "identity")), forged);
    assert_eq!(book.insert(&lyon, 12, &sign(4, "next successor")), forged);
    let in_force = [0, 1, 4, 5, 9, 10, 50].map(|index| book.in_force(&lyon, index));
    assert_eq!(in_force, [None, Some(0), Some(0), Some(4), Some(4), Some(9), Some(9)]);
}
