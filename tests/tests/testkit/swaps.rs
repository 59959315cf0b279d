//! Parts in the wrong place: signatures made for something else, parts of another file, a credential that says something else.

use parangon_protocol::id::Hash;
use parangon_protocol::label::bundle::{Bundle, Proven};
use parangon_protocol::label::{Common, Label};
use parangon_protocol::verify::Outcome;
use serde_json::{Value, json};

use crate::keys::logged;
use crate::kit::{Facet, Kit};
use crate::support::award::{Award, gold, sign_again, sign_with};
use crate::support::federation::Federation;
use crate::support::scene::{Scene, WITNESSED, another};

fn label() -> Label {
    gold("stuttgart", "first", &["lyon", "oslo"]).sign(&Federation::default())
}

pub fn add(kit: &mut Kit) {
    signatures(kit);
    credential(kit);
    parts(kit);
    records(kit);
}

/// Logged and cosigned all the same.
fn signatures(kit: &mut Kit) {
    let mut family = kit.family("signatures", "usual");
    let good = label();
    let proofs = [good.proof, good.endorsements[0].proof, good.endorsements[1].proof];
    let names = ["issuer", "lyon", "oslo"];
    for (place, own) in proofs.iter().enumerate() {
        for (from, other) in proofs.iter().enumerate().filter(|(_, other)| *other != own) {
            let mut bad = good.clone();
            match place {
                0 => bad.proof = *other,
                n => bad.endorsements[n - 1].proof = *other,
            }
            let name = format!("{}-in-place-of-{}", names[from], names[place]);
            family.bundle(name, "A signature in another's place.", &logged(bad)).proof(Facet::Fails).altered("signature");
        }
        let mut bad = good.clone();
        let proof = if place == 0 { &mut bad.proof } else { &mut bad.endorsements[place - 1].proof };
        proof.0.0[40] ^= 1;
        let bad = if place == 0 { bad } else { sign_again(&Federation::default(), bad) };
        let name = format!("{}-flipped", names[place]);
        family.bundle(name, "One bit of the signature.", &logged(bad)).proof(Facet::Fails).altered("signature");
    }
    for role in ["log", "witness", "transport", "identity"] {
        let mut scene = Scene::founded(Federation::default());
        let subject = sign_as(role, &scene.federation, good.clone());
        scene.issue(subject);
        scene.state("stuttgart");
        scene.cosign_all(WITNESSED);
        let about = "Signed by another key of the issuer.";
        let bad = scene.bundle(good.common.id().unwrap());
        family.bundle(format!("issuer-by-{role}-key"), about, &bad).proof(Facet::Fails).altered("signature");
    }
    type Change = fn(&mut Common);
    let changes: [(&str, Change); 8] = [
        ("offer", |common| common.offer = Hash::of(&[b"next year's"])),
        ("name", |common| common.cluster.name = "Other".parse().unwrap()),
        ("country", |common| common.cluster.country = "FR".parse().unwrap()),
        ("region", |common| common.cluster.region = Some("Alsace".parse().unwrap())),
        ("no-field", |common| common.cluster.field = None),
        ("dossier", |common| common.dossier = Hash::of(&[b"better scores"])),
        ("months", |common| (common.assessed, common.valid_until) = ("2026-11".parse().unwrap(), "2028-11".parse().unwrap())),
        ("cluster", |common| common.cluster.id = another().common.cluster.id),
    ];
    for (name, change) in changes {
        let mut altered = good.clone();
        change(&mut altered.common);
        let altered = sign_again(&Federation::default(), altered);
        let about = "Altered by its issuer after the review: its endorsers signed something else.";
        family.bundle(format!("after-review-{name}"), about, &logged(altered)).proof(Facet::Fails).altered("signature");
    }
    let mut bad = good.clone();
    bad.endorsements[1] = Award { common: another().common, ..gold("stuttgart", "first", &[]) }.endorse(&Federation::default(), "oslo");
    let bad = sign_again(&Federation::default(), bad);
    family
        .bundle("endorsement-of-another-label", "The same endorser's, for another label.", &logged(bad))
        .proof(Facet::Fails)
        .altered("signature");
    let mut bad = good;
    bad.endorsements[1].expires = bad.endorsements[1].expires.plus(86_400);
    let bad = sign_again(&Federation::default(), bad);
    family.bundle("endorsement-prolonged", "An endorsement made to last longer.", &logged(bad)).proof(Facet::Fails).altered("signature");
}

/// The proof by another key of the owner, beside the issue key that the key set names.
fn sign_as(role: &str, federation: &Federation, label: Label) -> Label {
    sign_with(role, federation, label)
}

fn credential(kit: &mut Kit) {
    let mut family = kit.family("credential", "members-3");
    let (scene, id) = crate::hostile::small();
    let good = scene.bundle(id);
    let other = good.label.record["body"]["endorsements"][0]["proof"].clone();
    let mut changed = |name: &str, place: &str, value: Value| {
        let mut bad = good.clone();
        let target = bad.credential.pointer_mut(place).unwrap_or_else(|| panic!("no {place}"));
        assert_ne!(*target, value, "{place}");
        *target = value;
        let about = format!("The credential says something else than the record ({place}).");
        family.bundle(name, about, &bad).proof(Facet::Fails).altered("credential");
    };
    changed("created", "/proof/created", "2026-11-24T05:00:01Z".into());
    changed("cryptosuite", "/proof/cryptosuite", "eddsa-jcs-2022".into());
    changed("purpose", "/proof/proofPurpose", "authentication".into());
    changed("proof-value", "/proof/proofValue", other);
    changed("proof-type", "/proof/type", "Ed25519Signature2020".into());
    changed("method", "/proof/verificationMethod", "did:key:z6Mk#z6Mk".into());
    changed("no-context", "/@context", json!([]));
    changed("valid-until", "/validUntil", "2099-10-31T23:59:59Z".into());
    changed("valid-from", "/validFrom", "2026-11-24T05:00:00.000Z".into());
    changed("subject", "/credentialSubject", json!({}));
    changed("name", "/name", "Other".into());
    changed("issuer", "/issuer/name", "Agency of porto".into());
    changed("status-index", "/credentialStatus/statusListIndex", "4712".into());
    changed("status-number", "/credentialStatus/statusListIndex", 4711.into());
    changed("evidence", "/evidence", json!([]));
    changed("type", "/type", json!(["VerifiableCredential"]));
    changed("empty", "", json!({}));
    changed("text", "", "nothing".into());
    let mut more = |name: &str, change: &dyn Fn(&mut Bundle)| {
        let mut bad = good.clone();
        change(&mut bad);
        family.bundle(name, "The credential has more, or another order.", &bad).proof(Facet::Fails).altered("credential");
    };
    more("context-appended", &|bad| bad.credential["@context"].as_array_mut().unwrap().push("https://example.org/more".into()));
    more("contexts-turned", &|bad| bad.credential["@context"].as_array_mut().unwrap().reverse());
    more("terms-of-use", &|bad| drop(bad.credential.as_object_mut().unwrap().insert("termsOfUse".into(), "none".into())));
    more("no-proof", &|bad| drop(bad.credential.as_object_mut().unwrap().remove("proof")));
    more("evidence-turned", &|bad| bad.credential["evidence"].as_array_mut().unwrap().reverse());
    let wrapped = |value: &Value| json!({ "$serde_json::private::RawValue": value.to_string() });
    more("in-a-text", &|bad| bad.credential = wrapped(&bad.credential));
    more("types-turned", &|bad| bad.credential["type"].as_array_mut().unwrap().reverse());
}

/// Parts of the file of another label, and of another federation's.
fn parts(kit: &mut Kit) {
    let mut scene = Scene::founded(Federation::default());
    let ours = gold("stuttgart", "first", &["lyon", "oslo"]);
    let mut theirs = gold("porto", "other", &["lyon", "madrid"]);
    theirs.common.cluster.name = "Another cluster".parse().unwrap();
    for award in [&ours, &theirs] {
        scene.award(award);
        scene.state(award.common.owner.as_str());
    }
    scene.cosign_all(WITNESSED);
    let (good, from) = (scene.bundle(ours.id()), scene.bundle(theirs.id()));
    let mut family = kit.family("swaps", "usual");
    family.bundle("theirs", "Another agency's label of the same federation.", &from).valid();
    type Swap = fn(&mut Bundle, &Bundle);
    let swaps: [(&str, Swap, Facet, Facet, &str); 6] = [
        ("label", |to, from| to.label = from.label.clone(), Facet::Fails, Facet::Fails, "credential"),
        ("label-record", |to, from| to.label.record = from.label.record.clone(), Facet::Fails, Facet::Fails, "label"),
        ("label-proof", |to, from| to.label.proof = from.label.proof.clone(), Facet::Holds, Facet::Fails, "label"),
        ("adoption", |to, from| to.adoption = from.adoption.clone(), Facet::Holds, Facet::Fails, "charter record"),
        ("credential", |to, from| to.credential = from.credential.clone(), Facet::Fails, Facet::Holds, "credential"),
        ("status", |to, from| to.status = from.status.clone(), Facet::Holds, Facet::Fails, "status"),
    ];
    for (name, swap, proof, inclusion, part) in swaps {
        let mut bad = good.clone();
        swap(&mut bad, &from);
        let case = family.bundle(name, "This part is another label's.", &bad);
        case.proof(proof).inclusion(inclusion).altered(part);
    }
    let mut bad = good.clone();
    let mut three = scene.clone();
    three.award(&another());
    three.state("stuttgart");
    three.cosign_all(WITNESSED);
    bad.status.as_mut().unwrap().path = three.bundle(another().id()).status.unwrap().path;
    family.bundle("status-path", "The place of another label in a later tree.", &bad).altered("status");
    let mut bad = good.clone();
    bad.confirmations[1] = from.confirmations[1].clone();
    family.bundle("confirmation", "A confirmation of another label, by one who did not endorse.", &bad).altered("confirmation");
    let mut bad = good.clone();
    bad.confirmations[0] = from.confirmations[0].clone();
    let unconfirmed = json!({ "endorser": "lyon" });
    family.bundle("confirmation-same-endorser", "The same endorser confirms another label.", &bad).unsure("unconfirmed", unconfirmed);

    let other = Federation::found(|charter| charter.name = "The other federation".parse().unwrap());
    let (foreign, id) = Scene::awarded_in(other, &ours);
    let (usual, _) = Scene::gold();
    let (good, from) = (usual.bundle(id), foreign.bundle(id));
    let mut bad = good.clone();
    bad.founding = from.founding.clone();
    let case = family.bundle("founding", "Another federation's charter, with the same members and keys.", &bad);
    case.proof(Facet::Fails).inclusion(Facet::Fails).stops(Outcome::UnknownSigner, "other-federation", json!({}));
    let mut bad = from.clone();
    bad.founding = good.founding.clone();
    family.bundle("all-but-founding", "All the rest of it.", &bad).proof(Facet::Fails).inclusion(Facet::Fails).altered("key set");
    bad.keysets = good.keysets.clone();
    let case = family.bundle("all-but-founding-and-keys", "All but charter and key sets.", &bad);
    case.proof(Facet::Fails).inclusion(Facet::Fails).altered("label");
}

/// A record of one kind in another's place.
fn records(kit: &mut Kit) {
    let mut family = kit.family("swaps", "usual");
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let with = |place: &str, part: &Proven| {
        let mut bundle = good.clone();
        match place {
            "label" => bundle.label = part.clone(),
            "adoption" => bundle.adoption = part.clone(),
            "status" => bundle.status.as_mut().unwrap().entry = part.clone(),
            _ => bundle.confirmations[0].entry = part.clone(),
        }
        bundle
    };
    let (label, adoption, status) = (&good.label, &good.adoption, &good.status.as_ref().unwrap().entry);
    let about = "A record of another type in this place.";
    family.bundle("status-as-adoption", about, &with("adoption", status)).stops(Outcome::NotEntitled, "not-adopted", json!({}));
    family.bundle("label-as-adoption", about, &with("adoption", label)).stops(Outcome::NotEntitled, "not-adopted", json!({}));
    family.bundle("label-as-status", about, &with("status", label)).altered("status");
    family.bundle("adoption-as-status", about, &with("status", adoption)).altered("status");
    let case = family.bundle("adoption-as-label", about, &with("label", adoption));
    case.unreadable().altered("label");
    let case = family.bundle("label-as-confirmation", about, &with("confirmation", label));
    case.inclusion(Facet::Fails).altered("confirmation");
}
