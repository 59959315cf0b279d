//! Files that are not what they should be: cut off, altered, written so that readers differ, too large, something else.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::Level;
use parangon_protocol::label::LabelId;
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::limits;
use parangon_protocol::verify::Outcome;
use serde_json::{Value, json};

use crate::kit::{Facet, Kit};
use crate::root;
use crate::rules::of_size;
use crate::support::award::gold;
use crate::support::federation::{Federation, key};
use crate::support::scene::{Scene, WITNESSED, another};

pub fn add(kit: &mut Kit) {
    cut(kit);
    ambiguous(kit);
    large(kit);
    members(kit);
    other(kit);
    unlogged(kit);
    parsing(kit);
}

/// BRONZE in a federation of three: the smallest label file.
pub fn small() -> (Scene, LabelId) {
    let mut award = gold("stuttgart", "first", &["oslo"]);
    (award.common.level, award.common.catalogue) = (Level::Bronze, Catalogue::ecei_bronze().reference());
    Scene::awarded_in(of_size(3), &award)
}

fn text() -> String {
    let (scene, id) = small();
    String::from_utf8(scene.text(id)).unwrap()
}

fn cut(kit: &mut Kit) {
    let mut family = kit.family("truncated", "members-3");
    let text = text();
    let recognised = text.find("parangon/").unwrap() + 9;
    let marks = [
        "\"confirmations\"",
        "\"credential\"",
        "\"founding\"",
        "\"keysets\"",
        "\"label\":{",
        "\"status\":{",
        "\"type\":\"parangon-label\"",
    ];
    let marks = marks.map(|mark| text.find(mark).unwrap());
    let even = (1..16).map(|step| text.len() * step / 16);
    let mut places: Vec<usize> = marks.into_iter().chain(even).chain([0, 1, recognised - 1, recognised, text.len() - 1]).collect();
    places.sort_unstable();
    places.dedup();
    for at in places {
        // A character of several bytes may be cut through: that is the point.
        let case = family.file(format!("at-{at:05}"), "The beginning of a label file.", text.as_bytes()[..at].to_vec());
        if at < recognised { case.no_label() } else { case.damaged() }
    }
    let without_end = format!("{text}}}");
    family.file("and-more", "A brace too many.", without_end).damaged();
    family.file("twice", "One file behind the other.", format!("{text}\n{text}")).damaged();
}

fn ambiguous(kit: &mut Kit) {
    let mut family = kit.family("json-hostile", "members-3");
    let text = text();
    let deep = format!(r#""v":1,"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let keys: Vec<String> = (0..1030).map(|at| format!(r#""k{at}":1"#)).collect();
    let keys = format!(r#""v":1,"x":{{{}}}}}"#, keys.join(","));
    for (name, from, to, about) in [
        ("key-twice", r#""v":1}"#, r#""v":1,"v":1}"#, "A key twice, with the same value."),
        ("key-twice-type", r#""type":"parangon-label""#, r#""type":"something","type":"parangon-label""#, "Two types."),
        ("key-twice-country", r#""country":"DE""#, r#""country":"DE","country":"FR""#, "Two countries."),
        ("key-twice-escaped", r#""country":"DE""#, r#""country":"DE","\u0063ountry":"FR""#, "Two countries, one key escaped."),
        ("key-twice-status", r#""status":{"#, r#""status":{},"status":{"#, "Two statuses."),
        ("float", r#""v":1}"#, r#""v":1.0}"#, "A float."),
        ("exponent", r#""v":1}"#, r#""v":1e0}"#, "An exponent."),
        ("minus-zero", r#""keyset":0"#, r#""keyset":-0"#, "Minus zero."),
        ("huge", r#""v":1}"#, r#""v":1e400}"#, "Larger than any float."),
        ("large-integer", r#""v":1}"#, r#""v":9007199254740993}"#, "Not exact in a double."),
        ("many-digits", r#""v":1}"#, r#""v":100000000000000000000000000000000000001}"#, "Thirty-nine digits."),
        ("negative", r#""index":0"#, r#""index":-1"#, "A negative index."),
        ("null", r#""v":1}"#, r#""v":1,"x":null}"#, "A null."),
        ("more", r#""v":1}"#, r#""v":1,"note":"x"}"#, "A member that does not belong there."),
        ("deep", r#""v":1}"#, deep.as_str(), "A hundred thousand levels."),
        ("deep-17", r#""v":1}"#, r#""v":1,"x":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"#, "Seventeen levels."),
        ("many-keys", r#""v":1}"#, keys.as_str(), "More than 1,024 keys."),
        ("line-feed", "Food industry", "Food\\nindustry", "A line feed in a name."),
        ("nul", "Food industry", "Food\\u0000industry", "A NUL in a name."),
        ("c1", "Food industry", "Food\\u0085industry", "A control character of C1."),
        ("surrogate", "Food industry", "Food\\ud800industry", "Half a character."),
        ("raw-nul", "Food industry", "Food\0industry", "A NUL as it is."),
        ("single-quotes", r#""v":1}"#, r#"'v':1}"#, "Single quotes."),
        ("comma", r#""v":1}"#, r#""v":1,}"#, "A comma too many."),
        ("comment", r#""v":1}"#, r#""v":1/* one */}"#, "A comment."),
        ("text-version", r#""v":1}"#, r#""v":"1"}"#, "A version that is a text."),
        ("true-version", r#""v":1}"#, r#""v":true}"#, "A version that is true."),
        ("proto", r#""v":1}"#, r#""v":1,"__proto__":{"v":1}}"#, "A member that some readers take for something else."),
    ] {
        let place = text.rfind(from).unwrap_or_else(|| panic!("{from}"));
        let altered = [&text[..place], to, &text[place + from.len()..]].concat();
        let case = family.file(name, about, altered);
        // What a checker of signatures and logs does not look at.
        if ["more", "proto", "negative"].contains(&name) { case.refused() } else { case.damaged() }
    }
    for (name, version) in [("version-0", 0), ("version-2", 2)] {
        let altered = text.replace(r#""type":"parangon-label","v":1}"#, &format!(r#""type":"parangon-label","v":{version}}}"#));
        let case = family.file(name, "A version that is not known here is not guessed at.", altered);
        case.unreadable().unsure("other-version", json!({ "version": version, "known": 1 }));
    }
    let escaped = text.replace("Food industry", "\\u0046ood industry").replace("Agency", "\\u0041gency");
    family.file("escaped", "The same texts, with escapes: JSON that says the same.", escaped).valid();
    let slashes = text.replace("parangon/", "parangon\\/");
    family.file("escaped-slashes", "The same with escaped slashes.", slashes).valid();
    let marked = ["\u{feff}", &text].concat();
    family.file("byte-order-mark", "Behind a byte order mark, which is left out.", marked).valid();
    family.file("two-byte-order-marks", "Behind two of them.", ["\u{feff}\u{feff}", &text].concat()).damaged();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    family.file("latin-1", "In Latin-1, which is no UTF-8.", latin).damaged();
    let mut overlong = text.clone().into_bytes();
    let at = text.find("é").unwrap();
    overlong.splice(at..at + 2, [0xe0, 0x83, 0xa9]);
    family.file("overlong", "A character in more bytes than it takes.", overlong).damaged();
    let utf16 = |start: &[u8], bytes: fn(u16) -> [u8; 2]| [start.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat();
    family.file("utf-16le", "In UTF-16.", utf16(&[0xff, 0xfe], u16::to_le_bytes)).no_label();
    family.file("utf-16be", "In UTF-16, the other way round.", utf16(&[0xfe, 0xff], u16::to_be_bytes)).no_label();
}

fn large(kit: &mut Kit) {
    let mut family = kit.family("large", "members-3");
    let text = text();
    let largest = limits::DOCUMENT_BYTES;
    family.file("largest", "As large as a label file may be: the rest is spaces.", text.clone()).pad(largest).valid();
    for (name, bytes) in [("too-large", largest + 1), ("too-large-input", limits::CARRIER_BYTES + 1)] {
        let case = family.file(name, "Larger than a label file, or any file with a label, may be.", text.clone()).pad(bytes);
        case.unreadable().stops(Outcome::NoLabel, "too-large", json!({}));
    }
}

/// Members that do not belong where they stand, and such that are missing.
fn members(kit: &mut Kit) {
    let mut family = kit.family("members", "members-3");
    let (scene, id) = small();
    let good = serde_json::to_value(scene.bundle(id)).unwrap();
    let objects = [
        "",
        "/founding",
        "/founding/charter",
        "/founding/charter/members/0",
        "/founding/charter/disclosure",
        "/founding/signatures/0",
        "/keysets/0",
        "/keysets/0/keyset",
        "/keysets/0/keyset/body",
        "/label",
        "/adoption",
        "/confirmations/0",
        "/confirmations/0/entry",
        "/status",
        "/status/entry",
        "/status/path",
        "/status/path/presence",
    ];
    for place in objects {
        let mut bad = good.clone();
        bad.pointer_mut(place).unwrap().as_object_mut().unwrap().insert("more".into(), 1.into());
        let name = format!("more-in{}", if place.is_empty() { "-file".to_owned() } else { place.replace('/', "-") });
        let case = family.file(name, format!("A member too many in {place:?}."), bad.to_string());
        // Another charter has another fingerprint; what stands elsewhere is overlooked by a checker of signatures and logs.
        if place.starts_with("/founding/charter") { case.proof(Facet::Fails).inclusion(Facet::Fails).refused() } else { case.refused() }
    }
    for place in ["founding", "keysets", "label", "adoption", "confirmations", "credential", "v"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(place);
        let case = family.file(format!("without-{place}"), "A member is missing.", bad.to_string());
        match place {
            "adoption" | "confirmations" => case.inclusion(Facet::None).refused(),
            "credential" => case.proof(Facet::None).refused(),
            _ => case.damaged(),
        }
    }
    for (name, kind) in [("type-other", json!("parangon-charter")), ("type-number", json!(1)), ("type-none", Value::Null)] {
        let mut bad = good.clone();
        match kind {
            Value::Null => drop(bad.as_object_mut().unwrap().remove("type")),
            kind => bad["type"] = kind,
        }
        family.file(name, "Not of the type of a label file.", bad.to_string()).damaged();
    }
    // A record is checked by the bytes that its log holds.
    let mut record = |name: &str, change: &dyn Fn(&mut Value), proof: Facet| {
        let mut bad = good.clone();
        change(&mut bad["label"]["record"]);
        let about = "The label's record is not the one that was logged.";
        family.file(name, about, bad.to_string()).proof(proof).inclusion(Facet::Fails).altered("label");
    };
    record("record-more", &|record| record["more"] = 1.into(), Facet::Holds);
    record("record-version", &|record| record["v"] = 2.into(), Facet::Holds);
    record("record-about", &|record| record["about"] = json!([another().id()]), Facet::Holds);
    record("record-field", &|record| record["body"]["common"]["cluster"]["field"] = "Other".into(), Facet::Fails);
    record("record-proof", &|record| record["body"]["proof"] = record["body"]["endorsements"][0]["proof"].clone(), Facet::Fails);
    record(
        "record-heads",
        &|record| record["body"]["heads"] = json!([{"log": {"agency": "oslo", "epoch": 1}, "root": "0".repeat(64), "size": 1}]),
        Facet::Fails,
    );
}

fn other(kit: &mut Kit) {
    let mut family = kit.family("other", "usual");
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("space", b" "),
        ("nul", b"\0"),
        ("null", b"null"),
        ("object", b"{}"),
        ("list", b"[]"),
        ("text", b"\"parangon-label\""),
        ("bare", b"{\"type\":\"parangon-label\",\"v\":1}"),
        ("other-type", b"{\"type\":\"something\"}"),
        ("bom", b"\xef\xbb\xbf{}"),
        ("words", b"This is to certify that the cluster holds the GOLD label."),
        ("zip", b"PK\x03\x04\x14\0\0\0"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\xff"),
    ] {
        family.file(format!("{name}.bin"), "Something else.", bytes).no_label();
    }
    let brackets = "[".repeat(100_000);
    family.file("brackets.bin", "A hundred thousand brackets.", brackets).no_label();
    let trust = kit.files["trust/usual.json"].clone();
    let mut family = kit.family("other", "usual");
    family.file("trust-file.json", "A trust file is no label.", trust).no_label();
}

/// Signed by issuer and endorsers, and in no log: signed, not entitled.
fn unlogged(kit: &mut Kit) {
    let mut family = kit.family("unlogged", "usual");
    let federation = Federation::default();
    let award = gold("stuttgart", "never logged", &["lyon", "oslo"]);
    let label = award.sign(&federation);
    let (scene, id) = Scene::gold();
    let mut bundle: Bundle = scene.bundle(id);
    let record = parangon_protocol::record::Record::Label(Box::new(label.clone())).to_text().unwrap();
    bundle.label.record = serde_json::from_slice(&record).unwrap();
    let issuer_key = key("issue", "stuttgart").public();
    let subject =
        LabelSubject { federation: federation.fingerprint(), charter: federation.charter(), label: &label, issuer_key: &issuer_key };
    bundle.credential = serde_json::from_str(&subject.to_json().unwrap()).unwrap();
    let about = "All signatures hold, and no log holds this label: it stands beside the proof of another one.";
    family.bundle("signed-not-logged", about, &bundle).inclusion(Facet::Fails).altered("label");
    // Logged by its issuer alone, in a story that nobody saw.
    let mut alone = Scene::founded(federation);
    alone.issue(label);
    alone.state("stuttgart");
    alone.cosign_all(WITNESSED);
    alone.cosign("stuttgart", &[], WITNESSED);
    let short = json!({ "agency": "stuttgart", "have": 0, "needed": 3 });
    family.bundle("logged-unseen", "Logged, and seen by no witness.", &alone.bundle(award.id())).unsure("no-quorum", short);
}

/// What others wrote to try readers of JSON: none is a label.
fn parsing(kit: &mut Kit) {
    for (name, _) in
        crate::files(&root().join("json")).iter().filter(|(name, _)| name.ends_with(".json") && !name.ends_with(".expect.json"))
    {
        let bytes = std::fs::read(root().join("json").join(name)).unwrap();
        kit.family("json", "usual").file(name.clone(), "From JSONTestSuite: no label.", bytes).no_label();
    }
}
