//! What a label travels in, and labels that travel without their record.

use parangon_protocol::carrier::code::{Code, CodeError, digits};
use parangon_protocol::carrier::{png, svg};
use parangon_protocol::charter::{Chain, Level};
use parangon_protocol::verify::{Known, TrustFile};

use super::support::award::gold;
use super::*;

/// What a code of version 16 at level M has room for, behind an address of 35 characters.
const DIGITS: usize = 991;

/// Everything that the members of a scene's federation would give to a reader.
fn known(scene: &Scene, id: LabelId) -> Known {
    Known::new(Chain::clone(&scene.federation.chain), scene.bundle(id).keysets).unwrap()
}

fn knowing(scene: &Scene, id: LabelId) -> Trust {
    Trust::knowing([known(scene, id)])
}

fn code(scene: &Scene, id: LabelId, room: usize) -> String {
    Code::of(&scene.federation.chain, &scene.find(id).2, room).unwrap().to_digits()
}

#[test]
fn every_carrier_has_the_verdict_of_its_label_file() {
    let (scene, id) = Scene::gold();
    let text = String::from_utf8(scene.text(id)).unwrap();
    let credential = scene.credential(&scene.find(id).2);
    let elements = svg::element(svg::BUNDLE, svg::BUNDLE_SPACE, &text) + &svg::element(svg::CREDENTIAL, svg::CREDENTIAL_SPACE, &credential);
    let drawing = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{elements}</svg>");
    let document = format!("%PDF-1.7\n1 0 obj\n<</Type/EmbeddedFile>>\nstream\n{text}\nendstream\n");
    let expected = judge(&scene.federation, text.as_bytes(), TODAY);
    assert_outcome(&expected, Outcome::Valid, 0);
    assert_eq!(judge(&scene.federation, format!("\u{feff}\n {text} ").as_bytes(), TODAY), expected);
    for carrier in [drawing, document] {
        let mut verdict = judge(&scene.federation, carrier.as_bytes(), TODAY);
        assert!(verdict.not_checked.pop().is_some_and(|last| last.starts_with("what is drawn or printed")));
        assert_eq!(verdict, expected);
    }
    // Beside a label lies its own credential and no other.
    let (second, other) = Scene::awarded(&gold("stuttgart", "second", &["lyon", "oslo"]));
    let foreign = second.credential(&second.find(other).2);
    let mixed = format!(
        "<svg>{}{}</svg>",
        svg::element(svg::BUNDLE, svg::BUNDLE_SPACE, &text),
        svg::element(svg::CREDENTIAL, svg::CREDENTIAL_SPACE, &foreign)
    );
    let both = format!(
        "<svg>{}{}</svg>",
        svg::element(svg::BUNDLE, svg::BUNDLE_SPACE, &text),
        svg::element(svg::BUNDLE, svg::BUNDLE_SPACE, std::str::from_utf8(&second.text(other)).unwrap())
    );
    for several in [mixed, both] {
        let verdict = judge(&scene.federation, several.as_bytes(), TODAY);
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!((&verdict.cause, &verdict.label), (&Some(Cause::Several), &None));
    }
    let broken = [png::SIGNATURE, text.as_bytes()].concat();
    assert_outcome(&judge(&scene.federation, &broken, TODAY), Outcome::NotAuthentic, 10);
    assert_outcome(&judge(&scene.federation, png::SIGNATURE, TODAY), Outcome::NoLabel, 16);
}

#[test]
fn a_credential_alone_is_signed_and_not_entitled() {
    let (scene, id) = Scene::gold();
    let credential = scene.credential(&scene.find(id).2);
    let verdict = verify(credential.as_bytes(), &knowing(&scene, id), time(TODAY));
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::NotInLog { agency: "stuttgart".parse().unwrap() }));
    let facts = verdict.label.unwrap();
    let whole = shown(&scene, id).label.unwrap();
    assert_eq!((facts.id, facts.level, &facts.issuer, &facts.endorsers), (id, Level::Gold, &whole.issuer, &whole.endorsers));
    assert_eq!((facts.assessed, facts.issued, facts.valid_until), (whole.assessed, whole.issued, whole.valid_until));
    assert_eq!((facts.cluster.id, facts.cluster.name, facts.cluster.country), (whole.cluster.id, whole.cluster.name, None));

    // With the fingerprint alone the key is anybody's: integrity, and no more.
    assert_outcome(&judge(&scene.federation, credential.as_bytes(), TODAY), Outcome::NotEntitled, 17);
    let unpinned = verify(credential.as_bytes(), &Trust::default(), time(TODAY));
    assert_outcome(&unpinned, Outcome::CannotTell, 15);
    assert!(matches!(unpinned.cause, Some(Cause::Unpinned { .. })));
    let other = Federation::found(|charter| charter.demonstration = true);
    assert_outcome(&judge(&other, credential.as_bytes(), TODAY), Outcome::UnknownSigner, 14);

    // A key that the agency never stated.
    let mut forged = scene.find(id).2;
    let charter = scene.federation.charter_of(&forged.common);
    let own = parangon_protocol::keys::SecretKey::from_seed(&[7; 32]);
    let federation = scene.federation.fingerprint();
    let issuer_key = &own.public();
    let subject = parangon_protocol::label::credential::LabelSubject { federation, charter, label: &forged, issuer_key };
    let proof = subject.sign(&own).unwrap();
    forged.proof = proof;
    let json = parangon_protocol::label::credential::LabelSubject { federation, charter, label: &forged, issuer_key }.to_json().unwrap();
    let verdict = verify(json.as_bytes(), &knowing(&scene, id), time(TODAY));
    assert_outcome(&verdict, Outcome::UnknownSigner, 14);
    assert_eq!((verdict.cause, verdict.label), (Some(Cause::UnknownKey { agency: "stuttgart".parse().unwrap() }), None));

    // An agency that never was a member, to a reader that knows the members and no key of theirs.
    let keyless = Trust::in_chains([Chain::clone(&scene.federation.chain)]);
    assert_outcome(&verify(credential.as_bytes(), &keyless, time(TODAY)), Outcome::NotEntitled, 17);
    let mut stranger = forged.clone();
    stranger.common.owner = "nobody".parse().unwrap();
    let subject = parangon_protocol::label::credential::LabelSubject { federation, charter, label: &stranger, issuer_key };
    stranger.proof = subject.sign(&own).unwrap();
    let json = parangon_protocol::label::credential::LabelSubject { federation, charter, label: &stranger, issuer_key }.to_json().unwrap();
    let verdict = verify(json.as_bytes(), &keyless, time(TODAY));
    assert_outcome(&verdict, Outcome::UnknownSigner, 14);
    assert_eq!(verdict.label, None);

    // Every change of it.
    let value: serde_json::Value = serde_json::from_str(&credential).unwrap();
    let mut changes = 0;
    for path in paths(&value, String::new()) {
        let mut changed = value.clone();
        match changed.pointer_mut(&path).unwrap() {
            serde_json::Value::String(text) => text.insert(text.len() / 2, '1'),
            serde_json::Value::Array(list) => list.push("https://attacker.example/".into()),
            serde_json::Value::Object(object) => drop(object.insert("extra".into(), "x".into())),
            _ => continue,
        }
        let verdict = verify(changed.to_string().as_bytes(), &knowing(&scene, id), time(TODAY));
        let plain = path == "/type" || path == "/type/1";
        assert!(verdict.code == 10 || (plain && verdict.code == 16), "{path}: {}", verdict.sentence);
        assert_eq!((verdict.label, verdict.federation), (None, None), "{path}");
        changes += 1;
    }
    assert!(changes > 60, "{changes}");
    let endorsement = r#"{"@context":[],"id":"urn:parangon:x","type":["VerifiableCredential","EndorsementCredential"]}"#;
    assert_outcome(&judge(&scene.federation, endorsement.as_bytes(), TODAY), Outcome::NoLabel, 16);
}

/// The pointers to every value inside.
fn paths(value: &serde_json::Value, path: String) -> Vec<String> {
    let inner: Vec<String> = match value {
        serde_json::Value::Object(object) => object.iter().flat_map(|(name, value)| paths(value, format!("{path}/{name}"))).collect(),
        serde_json::Value::Array(list) => list.iter().enumerate().flat_map(|(at, value)| paths(value, format!("{path}/{at}"))).collect(),
        _ => vec![],
    };
    [vec![path], inner].concat()
}

#[test]
fn a_code_proves_its_signatures_and_asks_for_the_file() {
    let (scene, id) = Scene::gold();
    let digits = code(&scene, id, DIGITS);
    for text in [digits.clone(), format!("https://stuttgart.example/verify#{digits}"), format!(" {digits}\n")] {
        let verdict = verify(text.as_bytes(), &knowing(&scene, id), time(TODAY));
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(Cause::CodeAlone { signed: 2, endorsers: 2 }));
        assert_eq!(verdict.label.unwrap().id, id);
    }
    let expired = verify(digits.as_bytes(), &knowing(&scene, id), time("2030-01-01T00:00:00Z"));
    assert_outcome(&expired, Outcome::Expired, 11);
    let early = verify(digits.as_bytes(), &knowing(&scene, id), time("2020-01-01T00:00:00Z"));
    assert_outcome(&early, Outcome::NotYetValid, 11);
    assert_outcome(&verify(digits.as_bytes(), &Trust::default(), time(TODAY)), Outcome::CannotTell, 15);
    let pinned = judge(&scene.federation, digits.as_bytes(), TODAY);
    assert_eq!((pinned.code, pinned.cause), (15, Some(Cause::CharterUnknown { version: 1 })));
    let other = Federation::found(|charter| charter.demonstration = true);
    assert_outcome(&judge(&other, digits.as_bytes(), TODAY), Outcome::UnknownSigner, 14);
    let chain = || Known::new(Chain::clone(&scene.federation.chain), vec![]).unwrap();
    for both in [[known(&scene, id), chain()], [chain(), known(&scene, id)]] {
        let verdict = verify(digits.as_bytes(), &Trust::knowing(both), time(TODAY));
        assert_eq!(verdict.cause, Some(Cause::CodeAlone { signed: 2, endorsers: 2 }), "two files say what both say");
    }
    let keyless = Trust::in_chains([Chain::clone(&scene.federation.chain)]);
    let verdict = verify(digits.as_bytes(), &keyless, time(TODAY));
    assert_eq!((verdict.code, verdict.cause), (15, Some(Cause::MissingKeys { agency: "stuttgart".parse().unwrap() })));
}

#[test]
fn no_digit_of_a_code_can_be_changed() {
    let (scene, id) = Scene::gold();
    let digits = code(&scene, id, DIGITS);
    let trust = knowing(&scene, id);
    for at in 0..digits.len() {
        let mut changed = digits.clone().into_bytes();
        changed[at] = if changed[at] == b'9' { b'0' } else { changed[at] + 1 };
        let verdict = verify(&changed, &trust, time(TODAY));
        // The federation's bits, and the number of the charter's version, name something else that is unknown here.
        assert!(
            [10, 14, 16].contains(&verdict.code) || matches!(verdict.cause, Some(Cause::CharterUnknown { .. })),
            "digit {at}: {}",
            verdict.sentence
        );
        assert_eq!(verdict.label, None, "digit {at}");
    }
    for cut in 1..digits.len() {
        let verdict = verify(&digits.as_bytes()[..cut], &trust, time(TODAY));
        assert!([10, 16].contains(&verdict.code), "cut at {cut}: {}", verdict.sentence);
    }
    let longer = verify(format!("{digits}000").as_bytes(), &trust, time(TODAY));
    assert!([10, 16].contains(&longer.code), "{}", longer.sentence);
}

#[test]
fn a_code_takes_as_many_signatures_as_it_has_room_for() {
    let (scene, id) = Scene::gold();
    let whole = code(&scene, id, usize::MAX);
    let less = code(&scene, id, whole.len() - 1);
    let least = code(&scene, id, less.len() - 1);
    assert!(least.len() < less.len() && less.len() < whole.len());
    let label = scene.find(id).2;
    assert_eq!(Code::of(&scene.federation.chain, &label, least.len() - 1), Err(CodeError::NoRoom));
    for (digits, signed) in [(whole, 2), (less, 1), (least, 0)] {
        assert_eq!(Code::read(&digits).map(|code| code.to_digits()), Ok(digits.clone()));
        let verdict = verify(digits.as_bytes(), &knowing(&scene, id), time(TODAY));
        assert_eq!(verdict.cause, Some(Cause::CodeAlone { signed, endorsers: 2 }));
    }
    assert_eq!(digits("https://a.example/verify#0123"), Some("0123"));
    assert_eq!(digits("https://a.example/verify#"), None);
    assert_eq!(digits(&"1".repeat(6000)), None);
    assert_eq!(Code::read("12"), Err(CodeError::NotACode));
}

#[test]
fn a_trust_file_carries_the_keys_and_refuses_foreign_ones() {
    let (scene, id) = Scene::gold();
    let known = known(&scene, id);
    let text = TrustFile::of(&known).to_text().unwrap();
    let read = TrustFile::read(&text).unwrap();
    assert_eq!((read.chain(), read.keysets()), (known.chain(), known.keysets()));
    let mut foreign = TrustFile::of(&known);
    let bytes = foreign.keysets[0].keyset.signature.0;
    foreign.keysets[0].keyset.signature.0[3] = bytes[3] ^ 1;
    assert!(TrustFile::read(&foreign.to_text().unwrap()).is_err());
    let mut renamed = TrustFile::of(&known);
    renamed.words = "a-b-c".to_owned();
    assert!(TrustFile::read(&renamed.to_text().unwrap()).is_err());
}
