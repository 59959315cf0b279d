//! Vectors that nobody in the project wrote, for the canonical text: RFC 8785, a JSON parser's torture chamber, and
//! strings that break programs.

#![allow(clippy::unwrap_used)] // a test that cannot read its vectors fails

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

use parangon_protocol::canonical::{self, CanonicalError, Value};
use parangon_protocol::id::{AgencyId, CatalogueId, ClusterId, Country, Fingerprint, IndicatorId, LogId, Name, SchemeId};
use parangon_protocol::keys::{PublicKey, Signature};
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::credential::LabelSubject;
use parangon_protocol::limits;
use parangon_protocol::log::{Checkpoint, Note, NoteSignature, TlogProof};
use parangon_protocol::record::Record;
use parangon_protocol::time::{Month, Timestamp};
use parangon_protocol::verify::{Trust, verify};
use support::federation::{Federation, key};
use support::{award, vectors};

/// Refused for one of our own rules: the text is JSON, and the reason has a name that a person can act on.
fn is_our_rule(error: CanonicalError) -> bool {
    use CanonicalError::{ControlCharacter, DuplicateKey, NotInteger, Null, TooDeep, TooManyKeys};
    matches!(error, ControlCharacter | DuplicateKey | NotInteger | Null | TooDeep | TooManyKeys)
}

/// The bytes that a file writes in hex, in any spacing.
fn from_hex(path: &Path) -> Vec<u8> {
    let text: String = String::from_utf8(vectors::bytes(path)).unwrap().split_whitespace().collect();
    hex::decode(text).unwrap()
}

#[test]
fn rfc_8785_documents() {
    let Some(folder) = vectors::set("jcs-rfc8785") else { return };
    let files = vectors::files(&folder.join("input"));
    assert!(files.len() >= 3, "{} files", files.len());
    let mut written = 0;
    for (name, path) in files {
        let expected = vectors::bytes(&folder.join("output").join(&name));
        assert_eq!(from_hex(&folder.join("outhex").join(&name).with_extension("txt")), expected, "{name}: the set agrees with itself");
        match Value::read(&vectors::bytes(&path), limits::DOCUMENT_BYTES) {
            Ok(value) => {
                written += 1;
                assert_eq!(value.to_text().as_bytes(), expected, "{name}");
                assert_eq!(
                    Value::read_canonical(&expected, limits::DOCUMENT_BYTES).map(|value| value.to_text().into_bytes()),
                    Ok(expected)
                );
            }
            Err(error) => {
                assert!(is_our_rule(error), "{name}: {error}");
                assert_eq!(Value::read_canonical(&expected, limits::DOCUMENT_BYTES).map_err(is_our_rule), Err(true), "{name}");
            }
        }
    }
    assert!(written > 0, "no document is within our rules");
}

/// Case C16: integers are written as ECMAScript writes them; every other number is refused by name.
#[test]
fn c16_numbers() {
    let Some(folder) = vectors::set("jcs-rfc8785") else { return };
    let text = String::from_utf8(vectors::bytes(&folder.join("es6numbers.txt"))).unwrap();
    let (mut integers, mut others) = (0, 0);
    for line in text.lines() {
        let (bits, expected) = line.split_once(',').unwrap();
        let number = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        let read = Value::read_canonical(expected.as_bytes(), 100);
        if let Some(integer) = integer(number) {
            integers += 1;
            assert_eq!(read, Ok(Value::Integer(integer)), "{line}");
            assert_eq!(canonical::encode(&integer, 100), Ok(expected.as_bytes().to_vec()), "{line}");
        } else {
            others += 1;
            assert_eq!(read, Err(CanonicalError::NotInteger), "{line}");
        }
        // A float is no integer, whatever its value: our own schemas have none.
        assert_eq!(canonical::encode(&number, 100), Err(CanonicalError::NotInteger), "{line}");
    }
    assert!(integers >= 2 && others >= 1000, "{integers} integers, {others} others");
}

/// The integer that the number is, within ±(2^53 - 1).
fn integer(number: f64) -> Option<i64> {
    let text = format!("{number:.0}");
    let integer: i64 = text.parse().ok().filter(|integer: &i64| integer.abs() <= limits::MAX_INTEGER)?;
    (number.fract() == 0.0).then_some(integer)
}

/// Every door through which a foreign text comes in. What matters is that none of them panics.
fn knock(text: &[u8]) {
    let _ = (Record::read(text).is_ok(), Bundle::read(text).is_ok());
    let verdict = verify(text, &Trust::default(), Timestamp::default());
    assert!(matches!(verdict.code, 10 | 15 | 16), "{}", verdict.sentence);
}

/// Case W8: with the stack of a small thread.
#[test]
fn w8_json_parsing() {
    let Some(folder) = vectors::set("json-parsing") else { return };
    let files = vectors::files(&folder);
    assert!(files.len() >= 150, "{} files", files.len());
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let run = small.spawn(move || {
        let mut accepted = 0;
        for (name, path) in files {
            let text = vectors::bytes(&path);
            let read = Value::read(&text, limits::DOCUMENT_BYTES);
            assert_eq!(read, Value::read(&text, limits::DOCUMENT_BYTES), "{name}: the same verdict twice");
            match (name.split_once('_').unwrap().0, &read) {
                ("y", Ok(value)) => {
                    accepted += 1;
                    let again = value.to_text();
                    let reread = Value::read_canonical(again.as_bytes(), limits::DOCUMENT_BYTES).map(|value| value.to_text());
                    assert_eq!(reread, Ok(again), "{name}");
                }
                ("y", Err(error)) => assert!(is_our_rule(*error), "{name}: {error}"),
                ("n", Err(_)) | ("i", _) => {}
                other => panic!("{name}: {other:?}"),
            }
            knock(&text);
        }
        assert!(accepted > 0, "no file is within our rules");
    });
    run.unwrap().join().unwrap();
}

fn naughty() -> Option<Vec<String>> {
    let strings: Vec<String> = vectors::json(&vectors::set("naughty-strings")?.join("blns.json"));
    assert!(strings.len() >= 200, "{} strings", strings.len());
    Some(strings)
}

/// As the name of a cluster: in a record and in its credential, there and back.
#[test]
fn naughty_strings_as_names() {
    let Some(strings) = naughty() else { return };
    let federation = Federation::default();
    let mut accepted = 0;
    for text in strings {
        let Ok(name) = text.parse::<Name>() else { continue };
        accepted += 1;
        assert_eq!(name.as_str(), text);
        let written = canonical::encode(&name, limits::RECORD_BYTES).unwrap();
        assert_eq!(canonical::decode(&written, limits::RECORD_BYTES), Ok(name.clone()), "{text:?}");
        let json: String = serde_json::from_slice(&written).unwrap();
        assert_eq!(json, text, "another reader reads the same");

        let mut award = award::gold("stuttgart", "first", &["lyon"]);
        award.common.cluster.name = name.clone();
        award.common.cluster.region = Some(name);
        let label = award.sign(&federation);
        let record = Record::Label(Box::new(label.clone()));
        assert_eq!(Record::read(&record.to_text().unwrap()), Ok(record), "{text:?}");
        let issuer_key = &key("issue", "stuttgart").public();
        let (fingerprint, charter) = (federation.fingerprint(), federation.charter());
        let subject = LabelSubject { federation: fingerprint, charter, label: &label, issuer_key };
        assert_eq!(subject.verify(), Ok(()), "{text:?}");
        assert_eq!(subject.matches_json(subject.to_json().unwrap().as_bytes()), Ok(()), "{text:?}");
    }
    assert!(accepted >= 100, "only {accepted} are names");
}

/// As everything else that is read from a text: refused or read back the same, and never a panic.
#[test]
fn naughty_strings_everywhere() {
    let Some(strings) = naughty() else { return };
    macro_rules! reads_back {
        ($text:expr, $($kind:ty),*) => {
            $(if let Ok(read) = $text.parse::<$kind>() {
                assert_eq!(read.to_string(), $text, "as {}", stringify!($kind));
            })*
        };
    }
    let federation = Fingerprint::NONE;
    for text in &strings {
        reads_back!(text.as_str(), AgencyId, SchemeId, CatalogueId, IndicatorId, Country, Name, ClusterId, Fingerprint);
        reads_back!(text.as_str(), Timestamp, Month, PublicKey, TlogProof);
        assert!(LogId::from_origin(text, &federation).is_err() && PublicKey::from_did(text).is_err());
        assert!(Signature::try_from(text.clone()).is_err() && Signature::from_multibase(text).is_err());
        assert!(Note::parse(text).is_err() && NoteSignature::parse(text).is_err() && Checkpoint::parse(text).is_err());
        knock(text.as_bytes());
        knock(serde_json::to_string(text).unwrap().as_bytes());
    }
}
