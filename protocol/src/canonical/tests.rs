use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> CanonicalError {
    Value::read_canonical(text.as_bytes(), 1000).expect_err(text)
}

#[test]
fn every_refusal_has_its_name() {
    assert_eq!(refused(r#"{"a":1.0}"#), CanonicalError::NotInteger);
    assert_eq!(refused(r#"{"a":1e3}"#), CanonicalError::NotInteger);
    assert_eq!(refused(r#"{"a":-0}"#), CanonicalError::NotInteger);
    assert_eq!(refused(r#"{"a":9007199254740992}"#), CanonicalError::NotInteger);
    assert_eq!(refused(r#"{"a":1,"a":1}"#), CanonicalError::DuplicateKey);
    assert_eq!(refused(r#"{"a":1,"\u0061":1}"#), CanonicalError::DuplicateKey);
    assert_eq!(refused(r#"{"a":null}"#), CanonicalError::Null);
    assert_eq!(refused(r#"{"a":"\n"}"#), CanonicalError::ControlCharacter);
    assert_eq!(refused("{\"a\":\"\u{85}\"}"), CanonicalError::ControlCharacter);
    assert_eq!(refused(r#"{"b":1,"a":1}"#), CanonicalError::NotCanonical);
    assert_eq!(refused(r#"{"a": 1}"#), CanonicalError::NotCanonical);
    assert_eq!(refused(r#"{"a":"\u00e9"}"#), CanonicalError::NotCanonical);
    assert!(matches!(refused("{"), CanonicalError::NotJson { .. }));
    assert!(matches!(refused(r#"{"a":1}x"#), CanonicalError::NotJson { .. }));
    assert!(matches!(refused(&format!("\"{}\"", "x".repeat(999))), CanonicalError::TooLarge { actual: 1001, limit: 1000 }));
}

#[test]
fn a_field_of_any_json_is_what_stands_there() {
    #[derive(Deserialize)]
    struct Holder {
        #[serde(deserialize_with = "plain")]
        field: serde_json::Value,
    }
    let wrapped = r#"{"$serde_json::private::RawValue":"[1]"}"#;
    let read = |text: &str| serde_json::from_str(&format!("{{\"field\":{text}}}")).map(|Holder { field }| field.to_string());
    assert_eq!(read(wrapped).expect("JSON"), wrapped);
    assert!(read("null").is_err() && read("1.5").is_err());
}

#[test]
fn depth_is_bounded_exactly() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::read_canonical(nested(limits::DEPTH).as_bytes(), 1000).is_ok());
    assert_eq!(refused(&nested(limits::DEPTH + 1)), CanonicalError::TooDeep);
    let bomb = nested(100_000);
    assert_eq!(Value::read(bomb.as_bytes(), bomb.len()), Err(CanonicalError::TooDeep));
}

#[test]
fn a_key_stands_once_among_few_and_among_many() {
    let object = |keys: &[usize]| format!("{{{}}}", keys.iter().map(|key| format!("\"{key:04}\":1")).collect::<Vec<_>>().join(","));
    for count in [1, 2, FEW_KEYS - 1, FEW_KEYS, FEW_KEYS + 1, 2 * FEW_KEYS, limits::OBJECT_ENTRIES - 1] {
        let mut keys: Vec<usize> = (0..count).collect();
        let read = |keys: &[usize]| Value::read(object(keys).as_bytes(), 100_000).map(drop);
        assert_eq!(read(&keys), Ok(()), "{count}");
        for twice in [0, count / 2, count - 1] {
            keys.push(twice);
            assert_eq!(read(&keys), Err(CanonicalError::DuplicateKey), "{twice} of {count}");
            keys.pop();
        }
    }
    let many: Vec<usize> = (0..=limits::OBJECT_ENTRIES).collect();
    assert_eq!(Value::read(object(&many).as_bytes(), 100_000), Err(CanonicalError::TooManyKeys));
}

#[test]
fn what_is_encoded_is_canonical_or_refused_by_name() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fields {
        z: String,
        #[serde(rename = "\u{fb33}")]
        late: i64,
        #[serde(rename = "\u{1f600}")]
        early: u8,
        a: Option<bool>,
    }
    let fields = |z: &str, a| Fields { z: z.to_owned(), late: -limits::MAX_INTEGER, early: 7, a };
    let text = encode(&fields("\"\\/é", Some(true)), 100).expect("canonical");
    assert_eq!(String::from_utf8_lossy(&text), "{\"a\":true,\"z\":\"\\\"\\\\/é\",\"\u{1f600}\":7,\"\u{fb33}\":-9007199254740991}");
    assert_eq!(decode(&text, 100), Ok(fields("\"\\/é", Some(true))));
    assert_eq!(encode(&fields("", None), 100), Err(CanonicalError::Null));
    assert_eq!(encode(&fields("\u{7}", Some(true)), 100), Err(CanonicalError::ControlCharacter));
    assert!(matches!(encode(&fields(&"x".repeat(100), Some(true)), 100), Err(CanonicalError::TooLarge { limit: 100, .. })));
    assert_eq!(encode(&1.0, 100), Err(CanonicalError::NotInteger));
    assert_eq!(encode(&f64::NAN, 100), Err(CanonicalError::Null));
    assert_eq!(encode(&u64::MAX, 100), Err(CanonicalError::NotInteger));
}

#[test]
fn keys_are_ordered_by_utf16() {
    // U+FB33 sorts after U+1F600 in UTF-16, before it in code points.
    let text = "{\"\u{1f600}\":1,\"\u{fb33}\":2}";
    assert!(Value::read_canonical(text.as_bytes(), 100).is_ok());
    assert_eq!(refused("{\"\u{fb33}\":2,\"\u{1f600}\":1}"), CanonicalError::NotCanonical);
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let text = "[^\\p{Cc}]{0,12}";
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-limits::MAX_INTEGER..=limits::MAX_INTEGER).prop_map(Value::Integer),
        text.prop_map(Value::Text)
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::btree_map(text, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn writing_agrees_with_two_other_writers(value in value()) {
        let text = value.to_text();
        let json: serde_json::Value = serde_json::from_str(&text).expect("our text is JSON");
        prop_assert_eq!(&text, &serde_jcs::to_string(&json).expect("jcs"));
        prop_assert_eq!(text.as_bytes(), &serde_json_canonicalizer::to_vec(&json).expect("jcs")[..]);
        prop_assert!(Value::read_canonical(text.as_bytes(), text.len()).is_ok());
    }

    #[test]
    fn one_changed_byte_never_reads_as_the_same(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = value.to_text().into_bytes();
        let mut changed = text.clone();
        let at = at.index(changed.len());
        changed[at] = byte;
        prop_assume!(changed != text);
        if let Ok(other) = Value::read_canonical(&changed, changed.len()) {
            prop_assert_ne!(other.to_text().into_bytes(), text);
        }
    }
}
