//! Charters that change under a label: members that left, rights that ended, keys that others replaced, and readers that know more or
//! less than the file.

use parangon_protocol::charter::{Charter, Member, Rekeying};
use parangon_protocol::label::LabelId;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::verify::Outcome;
use serde_json::json;

use crate::kit::{Facet, Kit};
use crate::support::award::gold;
use crate::support::federation::{Federation, key};
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{agency, log, time};

pub const ALL_OTHERS: [&str; 4] = ["lyon", "madrid", "oslo", "porto"];

fn member<'a>(charter: &'a mut Charter, id: &str) -> &'a mut Member {
    charter.members.iter_mut().find(|member| member.id.as_str() == id).unwrap()
}

fn expel(charter: &mut Charter, id: &str) {
    charter.members.retain(|member| member.id.as_str() != id);
}

fn adopt(scene: &mut Scene, id: &str) -> u64 {
    let charter = scene.federation.charter();
    let adoption = Adoption { version: charter.version, hash: charter.hash().unwrap() };
    scene.append(id, &Record::Charter(adoption))
}

/// The gold label, then another one, under the first version; and how long the log was between them.
fn two_labels() -> (Scene, LabelId, LabelId, u64) {
    let (mut scene, first) = Scene::gold();
    let between = scene.logs[&log("stuttgart")].size();
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    (scene, first, another().id(), between)
}

pub fn add(kit: &mut Kit) {
    expelled(kit);
    versions(kit);
    adopted(kit);
    damaged(kit);
    identity(kit);
    fifty(kit);
}

fn expelled(kit: &mut Kit) {
    let mut family = kit.family("charter", "usual");
    let (mut scene, first, second, between) = two_labels();
    let before = scene.federation.clone();
    let expelled = |seen| before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS, seen).unwrap();
    scene.federation = expelled(between);
    let text = scene.text(first);
    family.file("expelled-before", "Issued before its issuer was expelled.", text.clone()).valid();
    let about = "What was stated last stays: no fresh status is asked for.";
    family.file("expelled-before-later", about, text.clone()).at("2027-11-24T06:00:00Z").valid();
    let late = json!({ "until": "2028-10", "renewable": true });
    family.file("expelled-before-expired", "Until it expires.", text).at("2028-11-24T06:00:00Z").stops(Outcome::Expired, "late", late);
    family.bundle("expelled-after", "Issued behind the end of its log.", &scene.bundle(second)).rule("ended");
    let index = scene.find(first).1;
    scene.federation = expelled(index);
    family.bundle("expelled-at", "Its log ends right before it.", &scene.bundle(first)).rule("ended");
    scene.federation = expelled(index + 1);
    let about = "Its log ends right behind it, and before any status.";
    family.bundle("expelled-between", about, &scene.bundle(first)).unsure("no-status", json!({}));
    scene.federation = before.amended(|charter| member(charter, "stuttgart").rights.clear(), &ALL_OTHERS, between).unwrap();
    family.bundle("right-lost-before", "Issued before the right was taken away.", &scene.bundle(first)).valid();
    family.bundle("right-lost-after", "Issued behind that.", &scene.bundle(second)).rule("ended");
    // An endorser that left since: its confirmation stands before or behind the end of its log.
    let seen = scene.logs[&log("lyon")].size();
    let gone = |seen| before.amended(|charter| expel(charter, "lyon"), &["madrid", "oslo", "porto", "stuttgart"], seen).unwrap();
    scene.federation = gone(seen);
    family.bundle("endorser-expelled-before", "It confirmed before it was expelled.", &scene.bundle(first)).valid();
    scene.federation = gone(2);
    let unconfirmed = json!({ "endorser": "lyon" });
    family
        .bundle("endorser-expelled-after", "It confirmed behind the end of its log.", &scene.bundle(first))
        .unsure("unconfirmed", unconfirmed);
}

fn versions(kit: &mut Kit) {
    let (scene, first, second, between) = two_labels();
    let before = scene.federation.clone();
    let after = before.amended(|charter| expel(charter, "stuttgart"), &ALL_OTHERS, between).unwrap();
    kit.trust("expelled", &after);
    let other = before.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    kit.trust("fifty-days", &other);
    let mut family = kit.family("charter", "expelled");
    let about = "The reader knows a version that the file does not carry: the newest status stands behind the end of the log.";
    family.bundle("trust-newer", about, &scene.bundle(first)).unsure("no-status", json!({}));
    family.bundle("trust-newer-ended", "And the label itself does.", &scene.bundle(second)).rule("ended");
    let newer = Scene { federation: after, ..scene.clone() };
    family.bundle("trust-same", "File and reader know the same versions.", &newer.bundle(first)).valid();
    let about = "The file carries a version that the reader does not know.";
    family.bundle("file-newer", about, &newer.bundle(first)).by("usual").valid();
    family.bundle("file-newer-ended", about, &newer.bundle(second)).by("usual").rule("ended");
    let about = "Two second versions: the file's is not the one that the reader knows.";
    family.bundle("other-charter", about, &newer.bundle(first)).by("fifty-days").unsure("other-charter", json!({ "version": 2 }));
    let about = "The reader knows that a status may be older by now; the rules of a head are those that its log adopted last.";
    family
        .bundle("trust-newer-days", about, &scene.bundle(first))
        .by("fifty-days")
        .at("2026-12-29T06:02:01Z")
        .unsure("stale-status", json!({}));
}

fn adopted(kit: &mut Kit) {
    let mut family = kit.family("charter", "usual");
    let mut scene = Scene::founded(Federation::default());
    scene.federation = scene.federation.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    award.common.charter = 2;
    award.adoption = adopt(&mut scene, "stuttgart");
    scene.award(&award);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let text = scene.text(award.id());
    family.file("adopted", "A label of version 2.", text.clone()).valid();
    family.file("adopted-days", "Its status may be 50 days old.", text.clone()).at("2027-01-13T06:02:00Z").valid();
    family.file("adopted-days-over", "And no second older.", text).at("2027-01-13T06:02:01Z").unsure("stale-status", json!({}));
    let mut without = scene.bundle(award.id());
    without.revisions.clear();
    let about = "The version that it names is missing in the file, and the reader does not know it either.";
    family.bundle("adopted-missing", about, &without).proof(Facet::None).rule("charter");
    let about = "The reader knows the version that is missing in the file.";
    family.bundle("adopted-remembered", about, &without).by("fifty-days").proof(Facet::None).valid();
    award.adoption = 1;
    let mut scene = Scene::founded(scene.federation.clone());
    scene.award(&award);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let case = family.bundle("not-adopted", "Its log had adopted version 1 only.", &scene.bundle(award.id()));
    case.stops(Outcome::NotEntitled, "not-adopted", json!({}));

    let (mut scene, label) = Scene::gold();
    let seen = scene.logs[&log("porto")].size();
    let voters = ["lyon", "madrid", "oslo", "stuttgart"];
    scene.federation = scene.federation.amended(|charter| expel(charter, "porto"), &voters, seen).unwrap();
    adopt(&mut scene, "stuttgart");
    scene.state("stuttgart");
    scene.cosign("stuttgart", &["lyon", "madrid", "porto"], WITNESSED);
    let short = json!({ "agency": "stuttgart", "have": 2, "needed": 3 });
    let about = "The version adopted last decides who counts: porto is none any more.";
    family.bundle("status-other-witnesses", about, &scene.bundle(label)).unsure("no-quorum", short);
    scene.cosign("stuttgart", &["lyon", "madrid", "oslo"], WITNESSED);
    family.bundle("status-witnesses", "The three who are left.", &scene.bundle(label)).valid();
    let mut same = scene.bundle(label);
    same.status.as_mut().unwrap().adoption = Some(same.adoption.clone());
    family.bundle("status-adoption-same", "An adoption of the label's own version is no later one.", &same).altered("charter record");
    let mut none = scene.bundle(label);
    none.status.as_mut().unwrap().adoption = Some(none.label.clone());
    let case = family.bundle("status-adoption-none", "A label is no adoption.", &none);
    case.stops(Outcome::NotEntitled, "not-adopted", json!({}));
}

fn damaged(kit: &mut Kit) {
    let mut family = kit.family("charter", "usual");
    let (mut scene, first) = Scene::gold();
    let rename = |charter: &mut Charter| member(charter, "oslo").name = "Klynge Oslo".parse().unwrap();
    scene.federation = scene.federation.amended(rename, &ALL_OTHERS, 0).unwrap();
    let good = scene.bundle(first);
    family.bundle("renamed", "An endorser has another name since version 2.", &good).valid();
    type Damage = fn(&mut parangon_protocol::charter::Revision);
    let damages: [(&str, Damage); 9] = [
        ("members", |revision| revision.members.clear()),
        ("gone", |revision| revision.gone.push(agency("porto"))),
        ("version", |revision| drop(revision.set.insert("version".to_owned(), 2.into()))),
        ("members-set", |revision| drop(revision.set.insert("members".to_owned(), json!([])))),
        ("more", |revision| drop(revision.set.insert("more".to_owned(), 1.into()))),
        ("text", |revision| drop(revision.set.insert("status_max_age_days".to_owned(), "many".into()))),
        ("days", |revision| drop(revision.set.insert("status_max_age_days".to_owned(), 36_500.into()))),
        ("few", |revision| drop(revision.votes.pop())),
        ("twice", |revision| revision.votes[1] = revision.votes[0].clone()),
    ];
    for (name, damage) in damages {
        let mut bad = good.clone();
        damage(&mut bad.revisions[0]);
        // The label names version 1: who checks its signatures alone needs no other.
        family.bundle(format!("revision-{name}"), "Not the version that was voted for.", &bad).altered("charter");
    }
    let mut twice = good.clone();
    twice.revisions.push(good.revisions[0].clone());
    family.bundle("revision-repeated", "Version 2 once more, as version 3.", &twice).altered("charter");
    let good = Scene::gold().0.bundle(first);
    let mut bad = good.clone();
    bad.founding.signatures.remove(2);
    family.bundle("founder-missing", "A founder did not sign.", &bad).altered("charter");
    let mut bad = good.clone();
    bad.founding.signatures[2].signature = good.founding.signatures[3].signature;
    family.bundle("founder-forged", "A founder's signature is another's.", &bad).altered("charter");
    let mut bad = good;
    bad.founding.charter.status_max_age_days = 36_500;
    // Another text has another fingerprint, which stands in all that was signed, and in the origins of the logs.
    let case = family.bundle("charter-altered", "Another text than the founders signed.", &bad);
    case.proof(Facet::Fails).inclusion(Facet::Fails).altered("charter");
}

/// Another identity key: by the successor that was committed to, and by the members' decision.
fn identity(kit: &mut Kit) {
    let before = Federation::default();
    let succeed = |charter: &mut Charter| {
        let lyon = member(charter, "lyon");
        lyon.identity = key("successor", "lyon").public();
        lyon.successor = key("next successor", "lyon").public().hash();
    };
    let after = before.amended(succeed, &ALL_OTHERS, 0).unwrap();
    let next = |number, issue: &str, by: &str| {
        let body = before.keyset_with("lyon", number, issue).body;
        body.sign(before.fingerprint(), &key(by, "lyon")).unwrap()
    };
    let mut scene = Scene::founded(after.clone());
    scene.append("lyon", &Record::KeySet(Box::new(next(2, "second issue", "successor"))));
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    scene.award(&award);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let mut family = kit.family("charter", "usual");
    let about = "An endorser's identity key gave way to its successor, which signed a key set.";
    family.bundle("identity-successor", about, &scene.bundle(award.id())).valid();
    let mut early = scene.bundle(award.id());
    early.revisions.clear();
    family.bundle("identity-successor-early", "Without that version the successor signs nothing.", &early).altered("key set");
    scene.append("lyon", &Record::KeySet(Box::new(next(3, "third issue", "identity"))));
    scene.cosign_all(WITNESSED);
    let about = "Behind that, the former identity key signs another key set.";
    family.bundle("identity-given-up", about, &scene.bundle(award.id())).altered("key set");

    let rekeying = |announced: &str| Rekeying {
        agency: agency("lyon"),
        announced: time(announced),
        identity: key("new identity", "lyon").public(),
        successor: key("new successor", "lyon").public().hash(),
    };
    let announce = |charter: &mut Charter| {
        charter.created = time("2026-10-01T00:00:00Z");
        charter.rekeyings.push(rekeying("2026-10-01T00:00:00Z"));
    };
    let carry_out = |charter: &mut Charter| {
        charter.created = time("2026-11-01T00:00:00Z");
        let waiting = charter.rekeyings.remove(0);
        let lyon = member(charter, "lyon");
        (lyon.identity, lyon.successor) = (waiting.identity, waiting.successor);
    };
    let voters = ["madrid", "oslo", "porto", "stuttgart"];
    let announced = before.amended(announce, &voters, 0).unwrap();
    let rekeyed = announced.amended(carry_out, &voters, 0).unwrap();
    let make = |federation: &Federation, by: Option<&str>| {
        let mut scene = Scene::founded(federation.clone());
        if let Some(by) = by {
            scene.append("lyon", &Record::KeySet(Box::new(next(2, "second issue", by))));
        }
        scene.award(&award);
        scene.state("stuttgart");
        scene.cosign_all(WITNESSED);
        scene.bundle(award.id())
    };
    family.bundle("rekeying-announced", "An endorser's re-keying is announced.", &make(&announced, None)).valid();
    family
        .bundle("rekeying-too-soon", "Announced, and its new key signs a key set already.", &make(&announced, Some("new identity")))
        .altered("key set");
    let about = "An endorser that the members re-keyed; the verdict names it.";
    family.bundle("rekeyed", about, &make(&rekeyed, Some("new identity"))).valid();
    family.bundle("rekeyed-former-set", "Its former key set holds until there is another one.", &make(&rekeyed, None)).valid();
}

/// Fifty members and ten versions: the one large file.
fn fifty(kit: &mut Kit) {
    let mut federation = crate::rules::of_size(50);
    kit.trust("members-50", &federation);
    let ids = federation.ids();
    let all: Vec<&str> = ids.iter().map(parangon_protocol::id::AgencyId::as_str).collect();
    for days in 1..=9_u32 {
        let change = |charter: &mut Charter| {
            charter.status_max_age_days = 30 + days;
            if days % 3 == 0 {
                member(charter, "region-07").parent = Some(format!("Ministry {days}").parse().unwrap());
            }
        };
        federation = federation.amended(change, &all, 0).unwrap();
    }
    let (scene, label) = Scene::awarded_in(federation, &gold("stuttgart", "first", &["lyon", "oslo"]));
    let mut family = kit.family("charter", "members-50");
    family.bundle("fifty-members-ten-versions", "Fifty members, ten versions of the charter.", &scene.bundle(label)).valid();
}
