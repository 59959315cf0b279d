//! Parts of one file put into another, and signatures into places for which they were not made.

use parangon_protocol::id::Hash;
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::{Common, Label};
use parangon_protocol::verify::Outcome;
use serde_json::Value;

use crate::support::award::{Award, gold, sign_again};
use crate::support::federation::Federation;
use crate::support::scene::{Scene, WITNESSED, another};
use crate::{assert_altered, assert_outcome, today};

/// Every place in a bundle that can be taken from another one, two levels deep.
fn places(bundle: &Value) -> Vec<String> {
    let mut places = Vec::new();
    for (name, part) in bundle.as_object().unwrap() {
        places.push(format!("/{name}"));
        match part {
            Value::Object(fields) => places.extend(fields.keys().map(|field| format!("/{name}/{field}"))),
            Value::Array(items) => places.extend((0..items.len()).map(|at| format!("/{name}/{at}"))),
            _ => {}
        }
    }
    places.extend(["/status/entry/proof", "/status/entry/record", "/confirmations/0/entry", "/confirmations/1/entry"].map(str::to_owned));
    places.extend(["/confirmations/0/entry/proof", "/confirmations/1/entry/record", "/founding/charter/name"].map(str::to_owned));
    places
}

fn json(bundle: &Bundle) -> Value {
    serde_json::to_value(bundle).unwrap()
}

/// Puts each part of `from` into `into`, and `into` stays valid nowhere. `shared` parts are equally good in both.
fn assert_no_part_fits(federation: &Federation, into: &Bundle, from: &Bundle, shared: &[&str]) {
    assert_outcome(&today(federation, into), Outcome::Valid, 0);
    let (into, from) = (json(into), json(from));
    let mut swapped = 0;
    for place in places(&into) {
        let part = from.pointer(&place).unwrap().clone();
        if into.pointer(&place) == Some(&part) || shared.contains(&place.as_str()) {
            continue;
        }
        let mut mixed = into.clone();
        *mixed.pointer_mut(&place).unwrap() = part;
        let verdict = crate::judge(federation, mixed.to_string().as_bytes(), crate::TODAY);
        assert!(matches!(verdict.code, 10 | 14 | 15 | 16), "{place}: {}", verdict.sentence);
        swapped += 1;
    }
    assert!(swapped > 12, "only {swapped} parts differ");
}

#[test]
fn parts_of_another_agencys_file_never_fit() {
    let mut scene = Scene::founded(Federation::default());
    let ours = gold("stuttgart", "first", &["lyon", "oslo"]);
    let mut theirs = gold("porto", "other", &["lyon", "madrid"]);
    theirs.common.cluster.name = "Another cluster".parse().unwrap();
    for award in [&ours, &theirs] {
        scene.award(award);
        scene.state(award.common.owner.as_str());
    }
    scene.cosign_all(WITNESSED);
    let (ours, theirs) = (scene.bundle(ours.id()), scene.bundle(theirs.id()));
    assert_no_part_fits(&scene.federation, &ours, &theirs, &[]);
    assert_no_part_fits(&scene.federation, &theirs, &ours, &[]);
}

#[test]
fn parts_of_another_label_of_the_same_agency_never_fit() {
    let (mut scene, first) = Scene::gold();
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let (first, second) = (scene.bundle(first), scene.bundle(another().id()));
    assert_no_part_fits(&scene.federation, &first, &second, &[]);
    assert_no_part_fits(&scene.federation, &second, &first, &[]);
}

/// The same label, shown under an older and a newer head: whole parts may come from either, halves may not.
#[test]
fn halves_of_an_older_file_of_the_same_label_never_fit() {
    let (mut scene, id) = Scene::gold();
    let old = scene.bundle(id);
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all("2026-11-25T00:00:00Z");
    let new = scene.bundle(id);
    // Inclusion proofs under either head lead to a head with its quorum.
    let whole = ["/label", "/label/proof", "/adoption", "/adoption/proof", "/status", "/confirmations"];
    let entries =
        ["/confirmations/0", "/confirmations/1", "/confirmations/0/entry", "/confirmations/1/entry", "/confirmations/0/entry/proof"];
    let shared = [&whole[..], &entries[..]].concat();
    for (into, from) in [(&old, &new), (&new, &old)] {
        let (into, from) = (json(into), json(from));
        for place in places(&into) {
            let mut mixed = into.clone();
            *mixed.pointer_mut(&place).unwrap() = from.pointer(&place).unwrap().clone();
            let verdict = crate::judge(&scene.federation, mixed.to_string().as_bytes(), crate::TODAY);
            let fits = shared.contains(&place.as_str()) || mixed == into;
            assert_eq!(verdict.code, if fits { 0 } else { 10 }, "{place}: {}", verdict.sentence);
        }
    }
}

/// Case C10: two federations with the same members and keys.
#[test]
fn c10_parts_of_another_federation_never_fit() {
    let (ours, id) = Scene::gold();
    let other = Federation::found(|charter| charter.name = "The other federation".parse().unwrap());
    let (theirs, same) = Scene::awarded_in(other, &gold("stuttgart", "first", &["lyon", "oslo"]));
    assert_eq!(id, same, "the labels' fields are equal; only the federation differs");
    let (a, b) = (ours.bundle(id), theirs.bundle(id));
    // These records name no federation: they are bound by the head that they stand under.
    let bare = ["/confirmations/1/entry/record"];
    assert_no_part_fits(&ours.federation, &a, &b, &bare);
    assert_no_part_fits(&theirs.federation, &b, &a, &bare);
}

fn logged(award: &Award, label: Label) -> (Scene, Bundle) {
    let mut scene = Scene::founded(Federation::default());
    let id = label.common.id().unwrap();
    scene.issue(label);
    scene.state(award.common.owner.as_str());
    scene.cosign_all(WITNESSED);
    let bundle = scene.bundle(id);
    (scene, bundle)
}

fn label() -> (Award, Label) {
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    let label = award.sign(&Federation::default());
    (award, label)
}

/// Case C9: a signature is good in the place for which it was made, and in no other, even when all is logged and
/// cosigned.
#[test]
fn c9_a_signature_for_one_purpose_serves_no_other() {
    let (award, good) = label();
    let proofs = [good.proof, good.endorsements[0].proof, good.endorsements[1].proof];
    for (place, own) in proofs.iter().enumerate() {
        for other in proofs.iter().filter(|other| *other != own) {
            let mut bad = good.clone();
            match place {
                0 => bad.proof = *other,
                n => bad.endorsements[n - 1].proof = *other,
            }
            let (scene, bundle) = logged(&award, bad);
            assert_altered(&today(&scene.federation, &bundle), "signature");
        }
    }
}

/// Cases R3 and R4: whatever the endorsers saw and signed is bound; an issuer that alters a field after the review
/// and signs anew has no endorsement for it.
#[test]
fn r3_nothing_is_altered_after_the_review() {
    let changes: [fn(&mut Common); 7] = [
        |common| common.offer = Hash::of(&[b"next year's"]),
        |common| common.cluster.name = "Other".parse().unwrap(),
        |common| common.cluster.country = "FR".parse().unwrap(),
        |common| common.cluster.region = Some("Alsace".parse().unwrap()),
        |common| common.cluster.field = None,
        |common| common.dossier = Hash::of(&[b"better scores"]),
        |common| (common.assessed, common.valid_until) = ("2026-11".parse().unwrap(), "2028-11".parse().unwrap()),
    ];
    for change in changes {
        let (award, mut altered) = label();
        change(&mut altered.common);
        let (scene, bundle) = logged(&award, sign_again(&Federation::default(), altered));
        assert_altered(&today(&scene.federation, &bundle), "signature");
    }
}

/// Case R4: an endorsement of another cluster's label, from the same endorser.
#[test]
fn r4_an_endorsement_is_good_for_one_label() {
    let (award, mut bad) = label();
    let elsewhere = Award { common: another().common, ..award.clone() }.endorse(&Federation::default(), "oslo");
    bad.endorsements[1] = elsewhere;
    let (scene, bundle) = logged(&award, sign_again(&Federation::default(), bad));
    assert_altered(&today(&scene.federation, &bundle), "signature");
}

/// Case C15: the credential is exactly the one that the record gives.
#[test]
fn c15_the_credential_says_what_the_record_says() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let set = |place: &str, value: Value| {
        let mut bundle = good.clone();
        let target = bundle.credential.pointer_mut(place).unwrap_or_else(|| panic!("no {place}"));
        assert_ne!(*target, value, "{place}");
        *target = value;
        bundle
    };
    let mut changed = vec![
        set("/proof/created", "2026-11-24T05:00:01Z".into()),
        set("/proof/cryptosuite", "eddsa-jcs-2022".into()),
        set("/proof/proofPurpose", "authentication".into()),
        set("/proof/proofValue", good.label.record["body"]["endorsements"][0]["proof"].clone()),
        set("/proof/type", "Ed25519Signature2020".into()),
        set("/proof/verificationMethod", "did:key:z6Mk#z6Mk".into()),
        set("/@context", Value::Array(vec![])),
        set("/validUntil", "2099-10-31T23:59:59Z".into()),
        set("/credentialSubject", Value::Object(serde_json::Map::new())),
        set("", Value::Object(serde_json::Map::new())),
    ];
    let mut more = good.clone();
    more.credential["@context"].as_array_mut().unwrap().push("https://example.org/more".into());
    changed.push(more);
    let mut more = good.clone();
    more.credential.as_object_mut().unwrap().insert("termsOfUse".into(), "none".into());
    changed.push(more);
    let mut turned = good.clone();
    turned.credential["@context"].as_array_mut().unwrap().reverse();
    changed.push(turned);
    for bundle in &changed {
        assert_altered(&today(&scene.federation, bundle), "credential");
    }
}

/// A record of another kind in the label's place, and the label in another kind's place.
#[test]
fn a_record_serves_only_as_what_it_is() {
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let parts = [&good.label, &good.adoption, &good.status.as_ref().unwrap().entry, &good.confirmations[0].entry];
    for part in parts {
        for place in 0..4 {
            let mut bundle = good.clone();
            let target = match place {
                0 => &mut bundle.label,
                1 => &mut bundle.adoption,
                2 => &mut bundle.status.as_mut().unwrap().entry,
                _ => &mut bundle.confirmations[0].entry,
            };
            if target == part {
                continue;
            }
            *target = part.clone();
            let verdict = today(&scene.federation, &bundle);
            assert!(matches!(verdict.code, 10 | 17), "{place}: {}", verdict.sentence);
        }
    }
}
