//! Vectors that nobody in the project wrote, for Ed25519: the strict verdict on signatures, and which keys may be
//! admitted at all (cases C1 to C5).

#[path = "support/vectors.rs"]
mod vectors;

use parangon_protocol::keys::{KeyError, PublicKey, Signature};
use serde::Deserialize;

/// Reads key and signature as they would come from another node, and checks strictly. `None` when it is refused.
fn accepted(key: &str, message: &[u8], signature: &str) -> bool {
    let check = || -> Result<(), KeyError> {
        let (key, signature) = (key.parse::<PublicKey>()?, Signature::try_from(signature.to_owned())?);
        key.verify_raw(message, &signature)
    };
    check().is_ok()
}

#[derive(Deserialize)]
struct WycheproofCase {
    #[serde(rename = "tcId")]
    id: u32,
    pk: String,
    msg: String,
    sig: String,
    result: String,
    flags: Vec<String>,
}

/// Case C3 (malleability) and case C5 (truncated, extended and wrapped signatures) are among these.
#[test]
fn wycheproof_verdicts() {
    let Some(folder) = vectors::set("wycheproof-ed25519") else { return };
    let cases: Vec<WycheproofCase> = vectors::json(&folder.join("ed25519.json"));
    assert!(cases.len() >= 70, "{} cases", cases.len());
    for case in &cases {
        let expected = match case.result.as_str() {
            "valid" => true,
            "invalid" => false,
            other => panic!("{}: {other}", case.id),
        };
        let message = hex::decode(&case.msg).expect("hex");
        assert_eq!(accepted(&case.pk, &message, &case.sig), expected, "tcId {} {:?}", case.id, case.flags);
    }
    for flag in ["SignatureMalleability", "TruncatedSignature", "SignatureWithGarbage", "Valid"] {
        assert!(cases.iter().any(|case| case.flags.iter().any(|f| f == flag)), "no case of {flag}");
    }
}

#[derive(Deserialize)]
struct CctvCase {
    number: u32,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
    expect_verify_strict: bool,
}

impl CctvCase {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().flatten().any(|f| f == flag)
    }
}

fn cctv() -> Option<Vec<CctvCase>> {
    let cases: Vec<CctvCase> = vectors::json(&vectors::set("cctv-ed25519")?.join("vectors.json"));
    assert!(cases.len() >= 400, "{} cases", cases.len());
    Some(cases)
}

/// Case C2: small and mixed order, reduced and not.
#[test]
fn c2_cctv_strict_verdicts() {
    let Some(cases) = cctv() else { return };
    for case in &cases {
        let verdict = accepted(&case.key, case.msg.as_bytes(), &case.sig);
        assert_eq!(verdict, case.expect_verify_strict, "vector {} {:?}", case.number, case.flags);
    }
    assert!(cases.iter().any(|case| case.expect_verify_strict), "no case is to be accepted");
}

/// Cases C1 and C4: such a key never becomes a `PublicKey`, so no charter and no key set can hold one.
#[test]
fn c1_weak_and_non_canonical_keys_are_not_admitted() {
    let Some(cases) = cctv() else { return };
    let (mut weak, mut other) = (0, 0);
    for case in &cases {
        let key = case.key.parse::<PublicKey>();
        if case.has("low_order_A") {
            weak += 1;
            assert!(matches!(key, Err(KeyError::Weak | KeyError::Malformed)), "vector {}: {key:?}", case.number);
            assert!(case.has("non_canonical_A") || key == Err(KeyError::Weak), "vector {}: a weak key is called weak", case.number);
        } else if case.has("non_canonical_A") {
            other += 1;
            assert!(key.is_err(), "vector {}: {key:?}", case.number);
        } else {
            assert!(key.is_ok(), "vector {}: {key:?}", case.number);
        }
    }
    assert!(weak >= 100, "{weak} weak and {other} other keys");
}

#[derive(Deserialize)]
struct SpeccheckCase {
    index: u32,
    dalek_strict: bool,
    message: String,
    pub_key: String,
    signature: String,
}

#[test]
fn speccheck_strict_verdicts() {
    let Some(folder) = vectors::set("ed25519-speccheck") else { return };
    let cases: Vec<SpeccheckCase> = vectors::json(&folder.join("cases.json"));
    assert!(cases.len() >= 6, "{} cases", cases.len());
    for case in &cases {
        let message = hex::decode(&case.message).expect("hex");
        let verdict = accepted(&case.pub_key, &message, &case.signature);
        assert_eq!(verdict, case.dalek_strict, "case {}", case.index);
    }
    assert!(cases.iter().any(|case| case.dalek_strict) && cases.iter().any(|case| !case.dalek_strict));
}
