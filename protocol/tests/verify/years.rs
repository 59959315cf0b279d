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
    // Nobody states anything for an agency that is gone: what it said last stays, until the label expires.
    let file = scene.text(first);
    let later = |at| crate::judge(&scene.federation, &file, at);
    assert_outcome(&later("2027-11-24T06:00:00Z"), Outcome::Valid, 0);
    assert_outcome(&later("2028-11-24T06:00:00Z"), Outcome::Expired, 11);
    // The cut-off is exact: it is a number of records.
    let index = scene.find(first).1;
    scene.federation = expelled(index);
    refused(&scene, first, Flaw::Ended);
    scene.federation = expelled(index + 1);
    let verdict = shown(&scene, first);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::NoStatus), "it was issued in time; what was stated of it was not");
    // Three of five are too few to expel.
    let few = before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS[..3], between).map(drop);
    let cause = AmendmentError::TooFew { have: 3, needed: 4, version: 1 };
    assert_eq!(few, Err(ChainError::Amendment { version: 2, cause }));
}

#[test]
fn a_right_taken_away_ends_where_the_voters_last_looked() {
    let (mut scene, first, second, between) = two_labels();
    scene.federation = scene.federation.amended(|charter| member(charter, "stuttgart").rights.clear(), &ALL_OTHERS, between).unwrap();
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
    few.revisions[0].votes.truncate(2);
    assert_altered(&today(&scene.federation, &few), "charter");
    let mut other = good.clone();
    other.revisions[0].set.insert("status_max_age_days".to_owned(), 36_500.into());
    assert_altered(&today(&scene.federation, &other), "charter");
    let mut twice = good.clone();
    twice.revisions.push(good.revisions[0].clone());
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
    // The newest status in the file stands behind the end of the log; a file made since then shows the one before.
    assert_outcome(&judge(&knows(&after), first), Outcome::CannotTell, 15);
    let since = Scene { federation: after.clone(), ..scene.clone() };
    assert_outcome(&verify(&since.text(first), &knows(&after), time(crate::TODAY)), Outcome::Valid, 0);
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
    without.revisions.clear();
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

/// Fifty agencies; the first five are the usual ones.
fn fifty() -> Federation {
    Federation::found(|charter| {
        let pattern = charter.members[0].clone();
        for at in charter.members.len()..50 {
            let id = format!("region-{at:02}");
            charter.members.push(parangon_protocol::charter::Member {
                id: id.parse().unwrap(),
                name: format!("Agency for clusters and innovation of the region {at}").parse().unwrap(),
                identity: key("identity", &id).public(),
                successor: key("successor", &id).public().hash(),
                contacts: vec![format!(
                    "/dns/parangon.region-{at}.example/tcp/7443/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
                )],
                ..pattern.clone()
            });
        }
        charter.members.sort_by(|a, b| a.id.cmp(&b.id));
    })
}

#[test]
fn a_file_of_fifty_members_and_ten_versions_has_256_kib_at_most() {
    let mut federation = fifty();
    let ids = federation.ids();
    let all: Vec<&str> = ids.iter().map(parangon_protocol::id::AgencyId::as_str).collect();
    for days in 1..=9_u32 {
        // Every third version changes a member, which takes two thirds and carries that member whole.
        let change = |charter: &mut Charter| {
            charter.status_max_age_days = 30 + days;
            if days % 3 == 0 {
                member(charter, "region-07").parent = Some(format!("Ministry {days}").parse().unwrap());
            }
        };
        federation = federation.amended(change, &all, 0).unwrap();
    }
    let (scene, label) = Scene::awarded_in(federation.clone(), &gold("stuttgart", "first", &["lyon", "oslo"]));
    let file = scene.text(label);
    assert_outcome(&crate::judge(&federation, &file, crate::TODAY), Outcome::Valid, 0);
    assert!(file.len() <= 256 * 1024, "{} bytes", file.len());
    // Put together again it is the same chain, with as many votes as it takes.
    let chain = scene.bundle(label).chain().unwrap();
    assert!(chain.versions().eq(federation.chain.versions()));
    assert!(chain.amendments().all(|amendment| [26, 34].contains(&amendment.votes.len())));
}

#[test]
fn a_version_that_was_taken_apart_wrongly_is_not_the_one_voted_for() {
    let (mut scene, first) = Scene::gold();
    scene.federation =
        scene.federation.amended(|charter| member(charter, "oslo").name = "Klynge Oslo".parse().unwrap(), &ALL_OTHERS, 0).unwrap();
    let good = scene.bundle(first);
    assert_outcome(&today(&scene.federation, &good), Outcome::Valid, 0);
    let [revision] = &good.revisions[..] else { panic!("one version was added") };
    assert_eq!((revision.set.len(), revision.members.len(), revision.gone.len(), revision.votes.len()), (0, 1, 0, 3));
    type Damage = fn(&mut parangon_protocol::charter::Revision);
    let damages: [Damage; 7] = [
        |revision| revision.members.clear(),
        |revision| revision.gone.push("porto".parse().unwrap()),
        |revision| drop(revision.set.insert("version".to_owned(), 2.into())),
        |revision| drop(revision.set.insert("members".to_owned(), serde_json::json!([]))),
        |revision| drop(revision.set.insert("more".to_owned(), 1.into())),
        |revision| drop(revision.set.insert("status_max_age_days".to_owned(), "many".into())),
        |revision| drop(revision.votes.pop()),
    ];
    for damage in damages {
        let mut bad = good.clone();
        damage(&mut bad.revisions[0]);
        assert_altered(&today(&scene.federation, &bad), "charter");
    }
}
