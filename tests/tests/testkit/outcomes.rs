//! Every outcome of a file whose signatures hold, at the first and the last second of each.

use parangon_protocol::charter::{FormerHead, Refounding};
use parangon_protocol::id::Hash;
use parangon_protocol::label::LabelId;
use parangon_protocol::record::Action;
use parangon_protocol::verify::Outcome;
use serde_json::json;

use crate::kit::{Facet, Kit};
use crate::support::agency;
use crate::support::award::gold;
use crate::support::federation::Federation;
use crate::support::scene::{Scene, WITNESSED, another, states};

pub const LATER: &str = "2026-12-01T06:00:00Z";

pub fn add(kit: &mut Kit) {
    let (scene, id) = Scene::gold();
    kit.trust_with("usual", &Federation::default(), scene.bundle(id).keysets);
    dates(kit);
    standing(kit);
    status(kit);
    provisional(kit);
    trust(kit);
    keys(kit);
}

fn dates(kit: &mut Kit) {
    let mut family = kit.family("outcomes", "usual");
    let (mut scene, id) = Scene::gold();
    let text = scene.text(id);
    family.file("valid", "Everything is there.", text.clone()).valid();
    family.file("valid-first-second", "The second at which it was issued.", text.clone()).at("2026-11-24T05:00:00Z").valid();
    let early = |case: crate::kit::Case<'_>, at| case.at(at).stops(Outcome::NotYetValid, "early", json!({}));
    early(family.file("not-yet-valid", "One second before it was issued.", text.clone()), "2026-11-24T04:59:59Z");
    early(family.file("not-yet-valid-1970", "Long before it was issued.", text.clone()), "1970-01-01T00:00:00Z");
    let stale = "The last second of its last month, with a status of two years before.";
    family.file("stale-last-second", stale, text.clone()).at("2028-10-31T23:59:59Z").unsure("stale-status", json!({}));
    let certain = "Expired is certain, whatever a newer status would say.";
    let late = |case: crate::kit::Case<'_>, at, renewable| {
        case.at(at).stops(Outcome::Expired, "late", json!({ "until": "2028-10", "renewable": renewable }));
    };
    late(family.file("expired-old-status", certain, text), "2029-01-01T00:00:00Z", true);
    scene.cosign_all("2028-10-30T00:00:00Z");
    let text = scene.text(id);
    family.file("valid-last-second", "The last second of its last month.", text.clone()).at("2028-10-31T23:59:59Z").valid();
    late(family.file("expired-first-second", "Expired, renewable.", text.clone()), "2028-11-01T00:00:00Z", true);
    late(family.file("expired-renewable", "The last second of the twelve months.", text.clone()), "2029-10-31T23:59:59Z", true);
    late(family.file("expired", "Expired, and no renewal would continue it.", text.clone()), "2029-11-01T00:00:00Z", false);
    late(family.file("expired-9999", "The last second of time.", text), "9999-12-31T23:59:59Z", false);
    let mut bundle = scene.bundle(id);
    bundle.status = None;
    late(family.bundle("expired-no-status", "Expired is certain without a status.", &bundle), "2029-01-01T00:00:00Z", true);
    early(family.bundle("not-yet-valid-no-status", "So is not yet valid.", &bundle), "2026-11-24T00:00:00Z");
    family.bundle("no-status-removed", "Nothing is known about withdrawal.", &bundle).unsure("no-status", json!({}));
}

/// The usual label after these, and a status that says so.
fn after(actions: &[Action]) -> (Scene, LabelId) {
    let (mut scene, id) = Scene::gold();
    for action in actions {
        scene.stand("stuttgart", id, *action);
    }
    scene.state("stuttgart");
    scene.cosign_all(LATER);
    (scene, id)
}

fn standing(kit: &mut Kit) {
    let mut family = kit.family("outcomes", "usual");
    let as_of = json!({ "as_of": "2026-12-01T06:02:00Z" });
    let withdrawn = |case: crate::kit::Case<'_>| case.stops(Outcome::Withdrawn, "withdrawn", as_of.clone());
    let suspended = |case: crate::kit::Case<'_>| case.stops(Outcome::Suspended, "suspended", as_of.clone());
    let (mut scene, id) = after(&[Action::Withdraw]);
    let text = scene.text(id);
    withdrawn(family.file("withdrawn", "Withdrawn for good.", text.clone()));
    withdrawn(family.file("withdrawn-later", "Withdrawn needs no fresh status.", text.clone()).at("2028-01-01T00:00:00Z"));
    withdrawn(family.file("withdrawn-and-expired", "Withdrawal comes before expiry.", text.clone()).at("2029-01-01T00:00:00Z"));
    withdrawn(family.file("withdrawn-and-early", "And before not yet.", text).at("2026-11-01T00:00:00Z"));
    let mut replayed = scene.bundle(id);
    replayed.status = Scene::gold().0.bundle(id).status;
    let about = "Withdrawn since, and the file holds the status from before: true as of its date.";
    family.bundle("withdrawn-old-status", about, &replayed).valid();
    let about = "The same when that status is older than 35 days.";
    family.bundle("withdrawn-stale-status", about, &replayed).at("2026-12-29T06:02:01Z").unsure("stale-status", json!({}));
    scene.cosign("stuttgart", &["lyon", "oslo"], WITNESSED);
    let about = "Withdrawn under a head without a quorum: the quorum comes first.";
    let short = json!({ "agency": "stuttgart", "have": 2, "needed": 3 });
    family.bundle("withdrawn-no-quorum", about, &scene.bundle(id)).unsure("no-quorum", short);
    let (scene, id) = after(&[Action::Suspend]);
    suspended(family.bundle("suspended", "Suspended for now.", &scene.bundle(id)));
    let (scene, id) = after(&[Action::Suspend, Action::Reinstate]);
    family.bundle("reinstated", "Suspended and reinstated.", &scene.bundle(id)).valid();
    let (scene, id) = after(&[Action::Suspend, Action::Withdraw]);
    withdrawn(family.bundle("suspended-withdrawn", "Suspended, then withdrawn.", &scene.bundle(id)));

    let (mut scene, id) = Scene::gold();
    let mut newer = gold("stuttgart", "renewal", &["lyon", "porto"]);
    newer.supersedes = Some(id);
    newer.common.valid_until = "2031-10".parse().unwrap();
    scene.award(&newer);
    scene.state("stuttgart");
    scene.cosign_all(LATER);
    family.bundle("replaced", "A newer label replaced it.", &scene.bundle(id)).stops(Outcome::Replaced, "replaced", as_of.clone());
    family.bundle("renewal", "The label that replaced it.", &scene.bundle(newer.id())).valid();

    let (mut scene, id) = Scene::gold();
    scene.award(&another());
    let third = gold("stuttgart", "third", &["madrid", "oslo"]);
    scene.award(&third);
    scene.stand("stuttgart", another().id(), Action::Suspend);
    scene.state("stuttgart");
    scene.cosign_all(LATER);
    family.bundle("three-labels-first", "One of three labels of the log.", &scene.bundle(id)).valid();
    suspended(family.bundle("three-labels-second", "The suspended one of three.", &scene.bundle(another().id())));
    family.bundle("three-labels-third", "Another one of three.", &scene.bundle(third.id())).valid();
}

fn status(kit: &mut Kit) {
    let young = Federation::found(|charter| charter.status_max_age_days = 1);
    kit.trust("one-day", &young);
    let mut family = kit.family("outcomes", "one-day");
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    let (scene, id) = Scene::awarded_in(young, &award);
    let text = scene.text(id);
    family.file("status-oldest", "A status of exactly the greatest age.", text.clone()).at("2026-11-25T06:02:00Z").valid();
    let as_of = json!({ "as_of": "2026-11-24T06:02:00Z" });
    family.file("status-stale", "One second older.", text).at("2026-11-25T06:02:01Z").unsure("stale-status", as_of);

    let mut family = kit.family("outcomes", "usual");
    let mut scene = Scene::founded(Federation::default());
    scene.award(&award);
    scene.cosign_all(WITNESSED);
    family.bundle("no-status", "Its issuer stated nothing yet.", &scene.bundle(award.id())).unsure("no-status", json!({}));
    let mut scene = Scene::founded(Federation::default());
    scene.state("stuttgart");
    scene.award(&award);
    scene.cosign_all(WITNESSED);
    let about = "The status stands before the label: it proves nothing about it.";
    family.bundle("earlier-status", about, &scene.bundle(award.id())).unsure("earlier-status", json!({}));
    for others in [vec![], vec![another()]] {
        let mut scene = Scene::founded(Federation::default());
        scene.award(&award);
        for other in &others {
            scene.award(other);
        }
        let log = crate::support::log("stuttgart");
        let mut listed = states(&scene.logs[&log], scene.logs[&log].size());
        listed.retain(|(label, _)| *label != award.id());
        scene.state_as("stuttgart", listed);
        scene.cosign_all(WITNESSED);
        let name = if others.is_empty() { "not-listed-empty" } else { "not-listed" };
        let about = "A status that covers the label, cosigned, and does not list it.";
        family.bundle(name, about, &scene.bundle(award.id())).stops(Outcome::NotEntitled, "not-listed", json!({}));
    }
    let (mut scene, id) = Scene::gold();
    let old = crate::support::time(WITNESSED);
    for (name, liar) in [("liar-future", "2027-06-01T00:00:00Z"), ("liar-past", "1970-01-01T00:00:00Z")] {
        scene.cosign_at("stuttgart", &[("lyon", old), ("madrid", crate::support::time(liar)), ("oslo", old)]);
        let about = "One witness lies about its time: it makes no status fresh, nor old.";
        family.bundle(name, about, &scene.bundle(id)).valid();
        let stale = json!({ "as_of": WITNESSED });
        family.bundle(format!("{name}-stale"), about, &scene.bundle(id)).at("2027-06-01T00:00:00Z").unsure("stale-status", stale);
    }
}

fn provisional(kit: &mut Kit) {
    let mut family = kit.family("outcomes", "usual");
    for owner in ["stuttgart", "lyon", "oslo"] {
        let (mut scene, id) = Scene::gold();
        let others: Vec<&str> = crate::support::federation::MEMBERS.iter().map(|(id, _)| *id).filter(|id| *id != owner).collect();
        for have in [0, 2, 3] {
            scene.cosign(owner, &others[..have], WITNESSED);
            let about = format!("{have} of 3 witnesses cosigned the head of {owner}.");
            let name = format!("provisional-{owner}-{have}");
            let case = family.bundle(name, about, &scene.bundle(id));
            match have {
                3 => case.valid(),
                _ => case.unsure("no-quorum", json!({ "agency": owner, "have": have, "needed": 3 })),
            }
        }
    }
    let (scene, id) = Scene::gold();
    for missing in [&["lyon"][..], &["oslo"], &["lyon", "oslo"]] {
        let mut bundle = scene.bundle(id);
        bundle.confirmations.retain(|entry| !missing.contains(&entry.agency.as_str()));
        let name = format!("unconfirmed-{}", missing.join("-"));
        family
            .bundle(name, "Provisional: an endorser has not confirmed.", &bundle)
            .unsure("unconfirmed", json!({ "endorser": missing[0] }));
    }
}

fn trust(kit: &mut Kit) {
    let (scene, id) = Scene::gold();
    let other = Federation::found(|charter| charter.demonstration = true);
    kit.trust("demonstration", &other);
    let mut family = kit.family("outcomes", "usual");
    for (name, at) in
        [("unpinned", crate::kit::TODAY), ("unpinned-early", "2020-01-01T00:00:00Z"), ("unpinned-late", "2040-01-01T00:00:00Z")]
    {
        let words = json!({ "words": scene.federation.fingerprint().words() });
        family.bundle(name, "Nothing is pinned: never valid.", &scene.bundle(id)).unpinned().at(at).unsure("unpinned", words);
    }
    let about = "Another federation, with the same members and keys.";
    let unknown = Outcome::UnknownSigner;
    family.bundle("other-federation", about, &scene.bundle(id)).by("demonstration").stops(unknown, "other-federation", json!({}));
    let (demo, same) = Scene::awarded_in(other.clone(), &gold("stuttgart", "first", &["lyon", "oslo"]));
    family.bundle("demonstration", "A demonstration says so, and is valid in itself.", &demo.bundle(same)).by("demonstration").valid();
    family.bundle("other-federation-2", about, &demo.bundle(same)).stops(unknown, "other-federation", json!({}));
    let mut altered = scene.bundle(id);
    altered.credential = json!({});
    let about = "Another federation comes before its content.";
    let case = family.bundle("other-federation-altered", about, &altered).by("demonstration");
    case.proof(Facet::Fails).stops(unknown, "other-federation", json!({}));
    let about = "Not authentic comes before not pinned.";
    family.bundle("unpinned-altered", about, &altered).unpinned().proof(Facet::Fails).altered("credential");

    let head = FormerHead { agency: agency("lyon"), size: 9, root: Hash::of(&[b"the last head"]) };
    let charter = other.charter().hash().unwrap();
    let refounds = Refounding { federation: *other.fingerprint(), version: 1, charter, heads: vec![head] };
    let refounded = Federation::found(|charter| charter.refounds = Some(Box::new(refounds)));
    let words = json!({ "former": other.fingerprint().words(), "words": refounded.fingerprint().words() });
    kit.trust("refounded", &refounded);
    let (scene, id) = Scene::awarded_in(refounded, &gold("stuttgart", "first", &["lyon", "oslo"]));
    let mut family = kit.family("outcomes", "demonstration");
    let about = "A federation that says it continues the trusted one, and is not accepted yet.";
    family.bundle("refounded", about, &scene.bundle(id)).stops(unknown, "refounded", words);
    family.bundle("refounded-stranger", "To others it is any other federation.", &scene.bundle(id)).by("usual").stops(
        unknown,
        "other-federation",
        json!({}),
    );
    family.bundle("refounded-accepted", "Accepted.", &scene.bundle(id)).by("refounded").valid();
}

fn keys(kit: &mut Kit) {
    let mut family = kit.family("outcomes", "usual");
    let (scene, id) = Scene::gold();
    for missing in ["lyon", "oslo", "stuttgart"] {
        let mut bundle = scene.bundle(id);
        bundle.keysets.retain(|placed| placed.keyset.body.agency != agency(missing));
        let case = family.bundle(format!("missing-keys-{missing}"), "The keys of one who signed are missing.", &bundle);
        case.unreadable().unsure("missing-keys", json!({ "agency": missing }));
    }
    let mut bundle = scene.bundle(id);
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("stuttgart"));
    let note = bundle.label.proof.iter().position(String::is_empty).unwrap() + 1;
    bundle.label.proof.splice(note.., ["x".to_owned()]);
    family.bundle("missing-keys-no-note", "What is no note is that without keys, too.", &bundle).unreadable().altered("label");
    let mut bundle = scene.bundle(id);
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("madrid"));
    bundle.label.record = json!({ "body": { "common": { "owner": "madrid" } }, "type": "whatever", "v": 1 });
    let case = family.bundle("missing-keys-no-label", "A record of a later version in a log without keys.", &bundle);
    case.unreadable().unsure("missing-keys", json!({ "agency": "madrid" }));
    let mut bundle = scene.bundle(id);
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("porto"));
    family.bundle("missing-keys-witness", "A witness whose keys are missing does not count.", &bundle).valid();
    bundle.keysets.retain(|placed| placed.keyset.body.agency != agency("madrid"));
    let short = json!({ "agency": "stuttgart", "have": 2, "needed": 3 });
    family.bundle("missing-keys-witnesses", "Without two of them there is no quorum.", &bundle).unsure("no-quorum", short);
    let pretty = serde_json::to_string_pretty(&scene.bundle(id)).unwrap();
    family.file("spacing", "Spacing and key order are free.", pretty.replace('\n', "\r\n\t")).valid();
}
