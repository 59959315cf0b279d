use super::*;
use crate::id::{AgencyId, Hash};
use crate::keys::SecretKey;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::cosignature::cosign;
use crate::log::note::NoteSignature;
use crate::time::Timestamp;

const ORIGIN: &str = "parangon/test/oslo";

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn log_key(seed: u8) -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, secret(seed).public()).expect("a name")
}

fn vkey(seed: u8) -> VerifierKey {
    VerifierKey::new(&format!("w{seed}"), Algorithm::Cosignature, secret(seed).public()).expect("a name")
}

fn agency(name: &str) -> AgencyId {
    name.parse().expect("slug")
}

/// The head of the example log, cosigned by these witnesses.
fn head(witnesses: &[u8]) -> SignedCheckpoint {
    let head = Checkpoint { origin: ORIGIN.to_owned(), size: 5, root: Hash::of(&[b"root"]) };
    let mut signed = SignedCheckpoint::sign(&head, &secret(1)).expect("ours");
    let time = Timestamp::from_seconds(1_000_000).expect("in range");
    signed.add(witnesses.iter().map(|seed| cosign(&head, &secret(*seed), &format!("w{seed}"), time))).expect("room");
    signed
}

/// The example of the specification with keys put in.
fn example() -> String {
    let mut text = format!("# a comment\n \t# another, with \u{e9}\nlog {}\n\n", log_key(1));
    for (name, seed) in [("X1", 11), ("X2", 12), ("X3", 13)] {
        text += &format!("witness {name} {}\n", vkey(seed));
    }
    text += "group X-witnesses 2 X1 X2 X3\n";
    for (name, seed) in [("Y1", 21), ("Y2", 22), ("Y3", 23)] {
        text += &format!("\twitness  {name}\t{} https://example.com/{name} \n", vkey(seed));
    }
    text + "group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text.as_bytes())
}

#[test]
fn the_specifications_example_decides() {
    let policy = parse(&example()).expect("a policy");
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.groups().len()), (1, 6, 3));
    assert_eq!(policy.witnesses()[3].url.as_deref(), Some("https://example.com/Y1"));
    for (witnesses, met) in [
        (&[11, 12, 21][..], true),
        (&[13, 12, 23], true),
        (&[11, 12, 13, 21, 22, 23], true),
        (&[11, 12, 13], false),
        (&[11, 21, 22, 23], false),
        (&[], false),
    ] {
        let verdict = policy.verify(&head(witnesses).to_string()).map(|head| head.size);
        assert_eq!(verdict, if met { Ok(5) } else { Err(PolicyError::NotReached) }, "{witnesses:?}");
    }
}

#[test]
fn a_policy_is_read_as_it_is_written() {
    let policy = parse(&example()).expect("a policy");
    let text = policy.to_string();
    assert_eq!(parse(&text), Ok(policy));
    assert_eq!(parse("quorum none\n").map(|policy| policy.to_string()), Ok("quorum none\n".to_owned()));
}

#[test]
fn signatures_are_checked_before_they_count() {
    let policy = parse(&example()).expect("a policy");
    let good = head(&[11, 12, 21]);
    let mut note = good.note().clone();
    note.signatures[3].bytes[20] ^= 1;
    assert_eq!(policy.verify(&note.to_string()), Err(NoteError::Forged.into()));
    let mut unsigned = good.note().clone();
    unsigned.signatures.remove(0);
    assert_eq!(policy.verify(&unsigned.to_string()), Err(PolicyError::NoLog));
    let elsewhere = VerifierKey::new("parangon/test/porto", Algorithm::Ed25519, secret(1).public()).expect("a name");
    let renamed = NoteSignature { name: elsewhere.name().to_owned(), id: elsewhere.key_id(), ..good.note().signatures[0].clone() };
    let misnamed = Note { signatures: vec![renamed], ..good.note().clone() };
    let porto = parse(&format!("log {elsewhere}\nquorum none\n")).expect("a policy");
    assert_eq!(porto.verify(&misnamed.to_string()), Err(PolicyError::NoLog), "signed, but not under its origin");
    let witness = VerifierKey::new(ORIGIN, Algorithm::Cosignature, secret(11).public()).expect("a name");
    let time = Timestamp::from_seconds(1).expect("in range");
    let cosigned = Note { signatures: vec![cosign(good.checkpoint(), &secret(11), ORIGIN, time)], ..good.note().clone() };
    let named = parse(&format!("log {}\nwitness a {witness}\nquorum a\n", log_key(1))).expect("a policy");
    assert_eq!(named.verify(&cosigned.to_string()), Err(PolicyError::NoLog), "a witness is no log");
    assert_eq!(policy.verify("nonsense"), Err(NoteError::Structure.into()));
    let open = parse(&format!("log {}\nquorum none\n", log_key(1))).expect("a policy");
    assert!(open.verify(&good.to_string()).is_ok());
    let other = parse(&format!("log {}\nquorum none\n", log_key(2))).expect("a policy");
    assert_eq!(other.verify(&good.to_string()), Err(NoteError::Unsigned.into()));
    let single = parse(&format!("log {}\nwitness a {}\nquorum a\n", log_key(1), vkey(11))).expect("a policy");
    assert!(single.verify(&good.to_string()).is_ok());
    assert_eq!(single.verify(&head(&[12]).to_string()), Err(PolicyError::NotReached));
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let (a, b) = (format!("witness a {}\n", vkey(11)), format!("witness b {}\n", vkey(12)));
    let renamed = VerifierKey::new("other", Algorithm::Cosignature, secret(11).public()).expect("a name");
    let line = 3;
    for (text, error) in [
        (String::new(), PolicyError::NoQuorum),
        ("\n".to_owned(), PolicyError::NoQuorum),
        ("quorum none".to_owned(), PolicyError::CutOff),
        (format!("{a}{b}quorum c\n"), PolicyError::UnknownName { line }),
        (format!("{a}{b}group g all a c\n"), PolicyError::UnknownName { line }),
        (format!("{a}{b}group g all g\n"), PolicyError::UnknownName { line }),
        (format!("{a}{b}group g all none\n"), PolicyError::UnknownName { line }),
        (format!("{a}{b}group g all a a\n"), PolicyError::SecondMembership { line }),
        (format!("{a}group g all a\ngroup h any g a\n"), PolicyError::SecondMembership { line }),
        (format!("{a}{b}group a all b\n"), PolicyError::DuplicateName { line }),
        (format!("{a}{b}group none all b\n"), PolicyError::DuplicateName { line }),
        (format!("{a}{b}witness a {}\n", vkey(13)), PolicyError::DuplicateName { line }),
        (format!("{a}{b}witness c {renamed}\n"), PolicyError::DuplicateKey { line }),
        (format!("log {k}\n\nlog {k}\n", k = log_key(1)), PolicyError::DuplicateKey { line }),
        (format!("{a}{b}group g all\n"), PolicyError::Threshold { line }),
        (format!("{a}{b}group g 0 a b\n"), PolicyError::Threshold { line }),
        (format!("{a}{b}group g 3 a b\n"), PolicyError::Threshold { line }),
        (format!("{a}{b}group g +1 a b\n"), PolicyError::Threshold { line }),
        (format!("{a}{b}group g 99999999999999999999 a b\n"), PolicyError::Threshold { line }),
        (format!("{a}quorum a\nquorum a\n"), PolicyError::SecondQuorum { line }),
        (format!("{a}{b}quorum a b\n"), PolicyError::Line { line }),
        (format!("{a}{b}quorums a\n"), PolicyError::Line { line }),
        (format!("{a}{b}log\n"), PolicyError::Line { line }),
        (format!("{a}{b}log {} u v\n", log_key(1)), PolicyError::Line { line }),
        (format!("{a}{b}log {}\n", vkey(13)), PolicyError::KeyType { line }),
        (format!("{a}{b}witness c {}\n", log_key(1)), PolicyError::KeyType { line }),
        (format!("{a}{b}witness c x\n"), PolicyError::Key { line, error: NoteError::VerifierKey }),
        (format!("{a}{b}quorum a\r\n"), PolicyError::ControlCharacter { line }),
    ] {
        assert_eq!(parse(&text), Err(error), "{text}");
    }
}

#[test]
fn octets_are_opaque_in_comments_only() {
    assert!(Policy::parse(b"# \xff\xfe\nquorum none\n").is_ok());
    assert_eq!(Policy::parse(b"quorum \xff\n"), Err(PolicyError::Encoding { line: 1 }));
    assert_eq!(Policy::parse(b"# \x7f\nquorum none\n"), Err(PolicyError::ControlCharacter { line: 1 }));
    // A no-break space is part of a name, not white space.
    let kelvin = format!("witness \u{212a}\u{a0} {}\nquorum \u{212a}\u{a0}\n", vkey(11));
    assert_eq!(parse(&kelvin).map(|policy| policy.to_string()), Ok(kelvin));
}

#[test]
fn the_bounds_of_a_policy_hold() {
    let big = vec![b'#'; POLICY_BYTES + 1];
    assert_eq!(Policy::parse(&big), Err(PolicyError::TooLarge { actual: POLICY_BYTES + 1 }));
    let chain = |count: usize| {
        let mut text = format!("witness g0 {}\n", vkey(11));
        for n in 1..=count {
            text += &format!("group g{n} all g{}\n", n - 1);
        }
        text + &format!("quorum g{count}\n")
    };
    let deep = parse(&format!("log {}\n{}", log_key(1), chain(POLICY_ENTRIES))).expect("just room");
    assert!(deep.verify(&head(&[11]).to_string()).is_ok());
    assert_eq!(parse(&chain(POLICY_ENTRIES + 1)), Err(PolicyError::TooMany { line: POLICY_ENTRIES + 2 }));
}

#[test]
fn a_federations_policy_counts_as_the_federation_does() {
    let members = [("oslo", None), ("wien", None), ("porto", None), ("turku", None), ("gent", Some("A Group")), ("lyon", Some("A Group"))];
    let members = members.map(|(name, parent)| (agency(name), parent.map(str::to_owned)));
    let witnesses = Witnesses::new(&agency("oslo"), members);
    let keys: Vec<WitnessKey> = [("wien", 11), ("porto", 12), ("turku", 13), ("gent", 14), ("lyon", 15)]
        .map(|(name, seed)| WitnessKey { agency: agency(name), name: format!("w{seed}"), key: secret(seed).public() })
        .to_vec();
    let log = Log { key: log_key(1), url: None };
    let policy = Policy::federation(log.clone(), &witnesses, &keys).expect("complete");
    assert_eq!(parse(&policy.to_string()), Ok(policy.clone()));
    let time = Timestamp::from_seconds(1).expect("in range");
    for mask in 0..32u8 {
        let cosigned: Vec<u8> = (0..5).filter(|bit| mask >> bit & 1 == 1).map(|bit| 11 + bit).collect();
        let agencies = cosigned.iter().map(|seed| (keys[usize::from(seed - 11)].agency.clone(), time));
        let reached = witnesses.tally(agencies).reached();
        assert_eq!(policy.verify(&head(&cosigned).to_string()).is_ok(), reached, "{cosigned:?}");
    }
    assert_eq!(Policy::federation(log.clone(), &witnesses, &keys[1..]), Err(PolicyError::MissingKey));
    assert_eq!(Policy::federation(log, &Witnesses::default(), &keys), Err(PolicyError::Unwitnessed));
}
