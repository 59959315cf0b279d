use super::*;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::merkle::{leaf_hash, root_of};

const ORIGIN: &str = "example.com/log";
const WITNESS: &str = "example.com/witness";

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn log_key() -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, secret(1).public()).expect("a name")
}

fn witness_key() -> VerifierKey {
    VerifierKey::new(WITNESS, Algorithm::Cosignature, secret(2).public()).expect("a name")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a date")
}

/// Leaves of a log that differs from others of its kind from `part` on.
fn leaves(count: usize, part: usize, story: u8) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&[n.to_be_bytes().as_slice(), &[if n >= part { story } else { 0 }]].concat())).collect()
}

struct Tree(Vec<Hash>);

impl merkle::HashReader for Tree {
    type Error = std::convert::Infallible;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let last = usize::try_from(merkle::completing_leaf(level, index).expect("small")).expect("small");
        Ok(root_of(&self.0[last + 1 - (1 << level)..=last]))
    }
}

fn head(leaves: &[Hash]) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: leaves.len() as u64, root: root_of(leaves) }
}

fn request(leaves: &[Hash], old: u64) -> AddCheckpoint {
    let size = leaves.len() as u64;
    let Ok(proof) = merkle::consistency_proof(&Tree(leaves.to_vec()), old, size);
    AddCheckpoint { old, proof, checkpoint: SignedCheckpoint::sign(&head(leaves), &secret(1)).expect("a checkpoint").to_string() }
}

fn seen(leaves: &[Hash]) -> Seen {
    Seen { size: leaves.len() as u64, root: root_of(leaves) }
}

fn decide(request: AddCheckpoint, last: Option<&Seen>) -> Result<Seen, Refusal> {
    admit(request, &[log_key()])?.follows(last)
}

#[test]
fn a_request_has_one_text() {
    for (size, old) in [(0, 0), (1, 0), (7, 3), (8, 4), (100, 99), (5, 5)] {
        let request = request(&leaves(size, 100, 0), old);
        let text = request.to_string();
        assert_eq!(text.parse(), Ok(request), "{text}");
    }
    let good = request(&leaves(7, 7, 0), 3).to_string();
    assert!(good.starts_with("old 3\n") && good.contains("\n\nexample.com/log\n7\n"));
    for (bad, why) in [
        (String::new(), "no blank line"),
        (good.replacen("old 3", "old 03", 1), "no line with the old size"),
        (good.replacen("old 3", "old -3", 1), "no line with the old size"),
        (good.replacen("old 3", "old  3", 1), "no line with the old size"),
        (good.replacen("old 3", "old 99999999999999999999", 1), "no line with the old size"),
        (good.replacen("old 3\n", "", 1), "no line with the old size"),
        (good.replacen("old 3\n", "old 3\n\u{e9}\n", 1), "a proof line that is no hash"),
        (good.replacen("old 3\n", "old 3\r\n", 1), "no line with the old size"),
        (
            good.replacen("old 3\n", &format!("old 3\n{}", format!("{}\n", STANDARD.encode([0; 32])).repeat(64)), 1),
            "more than 63 proof lines",
        ),
        (format!("{good}{}", " ".repeat(REQUEST_BYTES)), "too large"),
    ] {
        assert_eq!(bad.parse::<AddCheckpoint>(), Err(Refusal::Malformed(why)), "{why}");
    }
}

#[test]
fn each_refusal_has_its_status() {
    let (log, other) = (leaves(8, 8, 0), leaves(8, 5, 1));
    let last = seen(&log[..5]);
    let status = |request: AddCheckpoint, last: Option<&Seen>| decide(request, last).map_err(|refusal| refusal.status());
    assert_eq!(status(request(&log, 5), Some(&last)), Ok(seen(&log)));
    assert_eq!(status(request(&log, 0), None), Ok(seen(&log)), "the first one");
    assert_eq!(status(request(&log[..5], 5), Some(&last)), Ok(last), "the same head again");

    let note = |change: fn(&str) -> String| {
        let mut request = request(&leaves(8, 8, 0), 5);
        request.checkpoint = change(&request.checkpoint);
        request
    };
    assert_eq!(status(note(|text| text.replace("— ", "- ")), Some(&last)), Err(400));
    assert_eq!(status(note(|text| text.replace("\n8\n", "\n08\n")), Some(&last)), Err(400));
    assert_eq!(status(AddCheckpoint { old: 9, ..request(&log, 5) }, Some(&last)), Err(400), "shrinks");
    assert_eq!(status(note(|text| text.replace("\n8\n", "\n9\n")), Some(&last)), Err(403), "forged");
    assert_eq!(status(note(|text| text.replace("— example.com/log ", "— example.com/other ")), Some(&last)), Err(403), "unsigned");
    assert_eq!(status(note(|text| text.replace("example.com/log\n", "example.com/other\n")), Some(&last)), Err(404));
    assert_eq!(status(AddCheckpoint { proof: vec![], ..request(&log, 5) }, Some(&last)), Err(422));
    assert_eq!(status(AddCheckpoint { proof: request(&log, 4).proof, ..request(&log, 5) }, Some(&last)), Err(422));
    assert_eq!(status(AddCheckpoint { proof: vec![Hash::default()], ..request(&log, 0) }, None), Err(422), "a proof from nothing");
    assert_eq!(status(request(&leaves(8, 3, 1), 5), Some(&last)), Err(422), "another story below");
    let empty = Checkpoint { root: Hash::default(), ..head(&[]) };
    let signed = crate::log::checkpoint::sign(&empty, &secret(1)).to_string();
    assert_eq!(status(AddCheckpoint { old: 0, proof: vec![], checkpoint: signed }, None), Err(422), "an empty log with a root");

    let conflict = decide(request(&log, 4), Some(&last)).expect_err("not from there");
    assert_eq!((conflict.status(), conflict.size().as_deref()), (409, Some("5\n")));
    let forked = decide(request(&other, 8), Some(&seen(&log))).expect_err("two stories");
    assert_eq!((forked.status(), forked.clone(), forked.size().as_deref()), (409, Refusal::OtherRoot { size: 8 }, Some("8\n")));
}

/// Case L6: of two requests that start from one head, the second no longer starts from the newest.
#[test]
fn a_rollback_is_refused() {
    let log = leaves(100, 100, 0);
    let [a, b] = [request(&log[..20], 5), request(&log[..40], 5)].map(|request| admit(request, &[log_key()]).expect("signed"));
    let last = seen(&log[..5]);
    let larger = b.follows(Some(&last)).expect("follows");
    assert_eq!(a.follows(Some(&larger)), Err(Refusal::Conflict { size: 40 }));
    assert_eq!(b.follows(Some(&larger)), Err(Refusal::Conflict { size: 40 }), "the same request again");
    assert_eq!(decide(request(&log[..20], 20), Some(&larger)), Err(Refusal::Conflict { size: 40 }));
}

#[test]
fn other_keys_are_ignored_and_extension_lines_are_cosigned() {
    let body = format!("{}extension\n", head(&leaves(3, 3, 0)).body());
    let bytes = secret(1).sign_raw(body.as_bytes()).0.to_vec();
    let own = NoteSignature { name: ORIGIN.into(), id: log_key().key_id(), bytes };
    let stranger = NoteSignature { name: "somebody".into(), id: [1; 4], bytes: vec![1] };
    let note = Note { text: body.clone(), signatures: vec![stranger, own] };
    let request = AddCheckpoint { old: 0, proof: vec![], checkpoint: note.to_string() };
    let others = [VerifierKey::new("example.com/other", Algorithm::Ed25519, secret(7).public()).expect("a name"), log_key()];
    let admitted = admit(request, &others).expect("signed");
    assert_eq!(admitted.origin(), ORIGIN);
    let line = admitted.cosign(&secret(2), WITNESS, at(1_800_000_000));
    assert_eq!(witness_key().check(&body, &line), Ok(()));
}

#[test]
fn an_answer_is_checked_before_anything_of_it_is_kept() {
    let log = leaves(8, 8, 0);
    let admitted = admit(request(&log, 0), &[log_key()]).expect("signed");
    let line = admitted.cosign(&secret(2), WITNESS, at(1_800_000_000));
    let stranger = admitted.cosign(&secret(3), "example.com/second", at(1_800_000_000));
    let read = |status: u16, kind: &str, body: &str| answer(&head(&log), &witness_key(), status, kind, body.as_bytes());
    assert_eq!(read(200, "", &format!("{stranger}\n{line}\n")), Ok(Answer::Cosigned(line.clone())));
    assert_eq!(read(200, "", &format!("{stranger}\n")), Err(AnswerError::Cosignature(NoteError::Unsigned)));
    assert_eq!(read(200, "", &line.to_string()), Err(AnswerError::Line(NoteError::Structure)), "no final line feed");
    assert!(matches!(read(200, "", "hello\n"), Err(AnswerError::Line(_))));
    assert!(matches!(read(200, "", ""), Err(AnswerError::Line(_))));
    let mut forged = line.clone();
    forged.bytes[20] ^= 1;
    assert_eq!(read(200, "", &format!("{forged}\n")), Err(AnswerError::Cosignature(NoteError::Forged)));
    let earlier = answer(&head(&log[..7]), &witness_key(), 200, "", format!("{line}\n").as_bytes());
    assert_eq!(earlier, Err(AnswerError::Cosignature(NoteError::Forged)), "a cosignature of another head");
    assert_eq!(read(409, SIZE_TYPE, "7\n"), Ok(Answer::Conflict { size: 7 }));
    for (kind, body) in [(SIZE_TYPE, "7"), (SIZE_TYPE, "07\n"), (SIZE_TYPE, "\n"), ("text/plain", "7\n")] {
        assert_eq!(read(409, kind, body), Err(AnswerError::NoSize), "{kind} {body:?}");
    }
    for status in [400, 403, 404, 422, 500, 301] {
        assert_eq!(read(status, "", "7\n"), Err(AnswerError::Refused { status }));
    }
    assert_eq!(read(200, "", &" ".repeat(ANSWER_BYTES + 1)), Err(AnswerError::Unreadable));
    assert_eq!(answer(&head(&log), &witness_key(), 200, "", &[0xff]), Err(AnswerError::Unreadable));
}
