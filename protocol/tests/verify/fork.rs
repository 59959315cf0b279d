//! `AGENCY.fork.json`: what an outsider is shown when a log told two stories, and every way in which a file proves nothing.

use parangon_protocol::canonical::CanonicalError;
use parangon_protocol::charter::Chain;
use parangon_protocol::id::Hash;
use parangon_protocol::label::bundle::PlacedKeySet;
use parangon_protocol::limits;
use parangon_protocol::log::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::fork::{ForkError, ForkEvidence, ForkProof};
use parangon_protocol::log::merkle::MerkleError;
use parangon_protocol::log::note::NoteError;
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::verify::Trust;
use parangon_protocol::verify::fork::{Difference, ForkFile, ForkFileError, ForkStatement, examine};

use crate::support::federation::{Federation, key};
use crate::support::ledger::Ledger;
use crate::support::{log, time};
use crate::trust;

const OWNER: &str = "stuttgart";
const OTHERS: [&str; 4] = ["lyon", "madrid", "oslo", "porto"];

/// The log of Stuttgart: `before` records, then `after` more that differ from story to story.
fn story(federation: &Federation, before: u64, after: u64, story: &str) -> Ledger {
    let mut ledger = Ledger::default();
    for record in federation.first_records(OWNER) {
        ledger.push(record.to_text().unwrap());
    }
    for n in 2..before + after {
        let root = if n < before { Hash::of(&[b"one"]) } else { Hash::of(&[story.as_bytes()]) };
        ledger.push(Record::Anchor(Anchor { day: time("2026-11-24T00:00:00Z").plus(n * 86_400), root }).to_text().unwrap());
    }
    ledger
}

fn head(federation: &Federation, ledger: &Ledger, size: u64, cosigners: &[&str]) -> SignedCheckpoint {
    head_of(federation, &log(OWNER).origin(federation.fingerprint()), OWNER, ledger, size, cosigners)
}

fn head_of(federation: &Federation, origin: &str, signer: &str, ledger: &Ledger, size: u64, cosigners: &[&str]) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root: ledger.frontier(size).root() };
    let mut signed = SignedCheckpoint::sign(&checkpoint, &key("log", signer)).unwrap();
    let at = time("2026-11-24T06:00:00Z");
    signed.add(cosigners.iter().map(|id| cosign(&checkpoint, &key("witness", id), &federation.witness_name(id), at))).unwrap();
    signed
}

/// The proof with the cosignatures of its heads.
fn proof(a: &SignedCheckpoint, b: &SignedCheckpoint, ledger: &Ledger) -> ForkProof {
    let Ok(found) = ForkProof::find(a, b, ledger);
    let mut proof = found.expect("they part");
    let is_first = |head: &SignedCheckpoint| head.to_string().starts_with(proof.first.split_once("\n\n").unwrap().0);
    let (first, second) = if is_first(a) { (a, b) } else { (b, a) };
    (proof.first, proof.second) = (first.to_string(), second.to_string());
    proof
}

fn file_of(federation: &Federation, proof: &ForkProof, settled: Option<&SignedCheckpoint>) -> ForkFile {
    let placed = |id: &&str| PlacedKeySet { epoch: None, index: 0, keyset: federation.keyset(id) };
    let settled = settled.map(ToString::to_string);
    ForkFile::new(&federation.chain, federation.keyset(OWNER), OTHERS.iter().map(placed).collect(), proof, settled.as_deref())
}

/// Six records that all confirmed, then two stories: one of 8 records, cosigned by two, one of 9.
fn forked(federation: &Federation) -> ForkFile {
    let (one, other) = (story(federation, 6, 2, "this"), story(federation, 6, 3, "that"));
    let settled = head(federation, &one, 6, &OTHERS);
    let heads = (head(federation, &one, 8, &["lyon", "oslo"]), head(federation, &other, 9, &[]));
    file_of(federation, &proof(&heads.0, &heads.1, &other), Some(&settled))
}

fn read(federation: &Federation, file: &ForkFile) -> Result<ForkStatement, ForkFileError> {
    examine(&file.to_text().unwrap(), &trust(federation))
}

/// Refused whether anything is pinned or not.
#[track_caller]
fn refused(federation: &Federation, file: &ForkFile) -> ForkFileError {
    let error = read(federation, file).expect_err("it proves nothing");
    assert_eq!(examine(&file.to_text().unwrap(), &Trust::default()), Err(error.clone()));
    error
}

#[test]
fn heads_of_two_sizes_are_explained() {
    let federation = Federation::default();
    let shown = read(&federation, &forked(&federation)).unwrap();
    assert_eq!((shown.verdict, shown.code, shown.agency.as_str(), shown.epoch), ("forked", 15, OWNER, 1));
    assert_eq!((shown.name.as_str(), shown.federation.pinned), ("Agency of stuttgart", true));
    assert_eq!((shown.first.size, shown.second.size, shown.difference), (8, 9, Difference::Beginning));
    assert_eq!(shown.first.root, story(&federation, 6, 2, "this").frontier(8).root());
    let cosigners = |head: &parangon_protocol::verify::fork::ForkHead| -> Vec<String> {
        head.cosigned_by.iter().map(|cosigner| cosigner.agency.to_string()).collect()
    };
    assert_eq!((cosigners(&shown.first), cosigners(&shown.second)), (vec!["lyon".to_owned(), "oslo".to_owned()], vec![]));
    assert!(!shown.first.quorum && !shown.second.quorum, "two of four are no quorum");
    let settled = shown.settled.unwrap();
    assert_eq!((settled.size, settled.quorum, cosigners(&settled).len()), (6, true, 4));
    assert!(shown.sentence.contains("8") && shown.sentence.contains("9"), "{}", shown.sentence);
}

#[test]
fn heads_of_one_size_need_nothing_else() {
    let federation = Federation::default();
    let (one, other) = (story(&federation, 2, 3, "this"), story(&federation, 2, 3, "that"));
    let heads = (head(&federation, &one, 5, &OTHERS), head(&federation, &other, 5, &[]));
    let file = file_of(&federation, &proof(&heads.0, &heads.1, &other), None);
    assert_eq!(file.evidence, ForkEvidence::SameSize);
    let shown = read(&federation, &file).unwrap();
    assert_eq!((shown.first.size, shown.second.size, shown.difference), (5, 5, Difference::SameSize));
    assert_eq!(usize::from(shown.first.quorum) + usize::from(shown.second.quorum), 1, "one of them had its quorum");
    assert_eq!(shown.settled, None);
}

#[test]
fn it_survives_other_spacing_and_is_written_one_way() {
    let federation = Federation::default();
    let text = forked(&federation).to_text().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let spaced = serde_json::to_vec_pretty(&value).unwrap();
    assert_eq!(examine(&spaced, &trust(&federation)), examine(&text, &trust(&federation)));
    assert_eq!(ForkFile::read(&spaced).unwrap().to_text(), Ok(text));
}

#[test]
fn without_a_pin_it_is_shown_as_not_pinned_and_another_pin_refuses_it() {
    let federation = Federation::default();
    let text = forked(&federation).to_text().unwrap();
    let shown = examine(&text, &Trust::default()).unwrap();
    assert!(!shown.federation.pinned && shown.sentence.contains(&shown.federation.words), "{}", shown.sentence);
    let other = Federation::found(|charter| charter.name = "Another".parse().unwrap());
    let error = examine(&text, &trust(&other)).unwrap_err();
    assert_eq!((error.code(), error), (14, ForkFileError::OtherFederation { words: federation.fingerprint().words() }));
}

#[test]
fn a_charter_that_parts_from_the_one_known_is_not_believed() {
    let federation = Federation::default();
    let renamed = |name: &str| federation.amended(|charter| charter.name = name.parse().unwrap(), &["lyon", "oslo", "porto"], 6).unwrap();
    let (one, other) = (renamed("One"), renamed("Other"));
    let file = forked(&one).to_text().unwrap();
    let knows = |chain: &Chain| Trust::in_chains([chain.clone()]);
    assert!(examine(&file, &knows(&one.chain)).is_ok() && examine(&file, &knows(&federation.chain)).is_ok());
    let error = examine(&file, &knows(&other.chain)).unwrap_err();
    assert_eq!((error.code(), error), (15, ForkFileError::OtherCharter { version: 2 }));
    // A newer charter known here names the federation; the file is judged by it.
    let shown = examine(&forked(&federation).to_text().unwrap(), &knows(&one.chain)).unwrap();
    assert_eq!(shown.federation.name.as_ref().map(|name| name.as_str()), Some("One"));
}

#[test]
fn an_altered_note_proves_nothing() {
    let federation = Federation::default();
    let good = forked(&federation);
    let altered = |change: fn(&mut ForkFile)| {
        let mut file = good.clone();
        change(&mut file);
        refused(&federation, &file)
    };
    let forged = ForkFileError::Unproven(ForkError::Checkpoint(CheckpointError::Note(NoteError::Forged)));
    assert_eq!(altered(|file| file.first[1] = "7".into()), forged, "another size");
    assert_eq!(altered(|file| file.second[2] = file.first[2].clone()), forged, "another root");
    let unsigned = ForkFileError::Unproven(ForkError::Checkpoint(CheckpointError::Note(NoteError::Structure)));
    assert_eq!(altered(|file| file.second.truncate(4)), unsigned);
    assert!(matches!(altered(|file| file.first.clear()), ForkFileError::Unproven(ForkError::Checkpoint(_))));
    // A cosignature that was altered accuses or excuses a witness: the whole file is refused.
    let mut file = good.clone();
    let line = file.first.iter().position(|line| line.contains("/lyon/witness")).unwrap();
    let mut moved = file.second.clone();
    moved.insert(moved.len() - 1, file.first[line].clone());
    file.second = moved;
    assert!(matches!(refused(&federation, &file), ForkFileError::Head(_)), "a cosignature of the other head");
}

#[test]
fn heads_that_agree_prove_nothing() {
    let federation = Federation::default();
    let one = story(&federation, 6, 3, "this");
    let (small, large) = (head(&federation, &one, 6, &[]), head(&federation, &one, 9, &[]));
    let evidence = |evidence| {
        let proof = ForkProof { first: small.to_string(), second: large.to_string(), evidence };
        refused(&federation, &file_of(&federation, &proof, None))
    };
    let Ok(consistency) = parangon_protocol::log::merkle::consistency_proof(&one, 6, 9);
    let true_beginning = ForkEvidence::Beginning { root: one.frontier(6).root(), proof: consistency.clone() };
    assert_eq!(evidence(true_beginning), ForkFileError::Unproven(ForkError::Consistent));
    let other_beginning = ForkEvidence::Beginning { root: Hash::of(&[b"x"]), proof: consistency };
    assert_eq!(evidence(other_beginning), ForkFileError::Unproven(ForkError::Merkle(MerkleError::WrongRoot)));
    assert_eq!(evidence(ForkEvidence::SameSize), ForkFileError::Unproven(ForkError::NoEvidence));
    let same = ForkProof { first: small.to_string(), second: small.to_string(), evidence: ForkEvidence::SameSize };
    assert_eq!(refused(&federation, &file_of(&federation, &same, None)), ForkFileError::Unproven(ForkError::Consistent));
}

#[test]
fn heads_of_other_logs_accuse_nobody() {
    let federation = Federation::default();
    let (one, other) = (story(&federation, 2, 3, "this"), story(&federation, 2, 3, "that"));
    let origin = log(OWNER).origin(federation.fingerprint());
    let pair = |origins: [&str; 2], signer: &str| {
        let first = head_of(&federation, origins[0], signer, &one, 5, &[]);
        let second = head_of(&federation, origins[1], signer, &other, 5, &[]);
        let proof = ForkProof { first: first.to_string(), second: second.to_string(), evidence: ForkEvidence::SameSize };
        refused(&federation, &file_of(&federation, &proof, None))
    };
    let oslo = log("oslo").origin(federation.fingerprint());
    assert_eq!(pair([&origin, &oslo], OWNER), ForkFileError::Unproven(ForkError::OtherLog), "of two logs");
    let unsigned = ForkFileError::Unproven(ForkError::Checkpoint(CheckpointError::Note(NoteError::Unsigned)));
    assert_eq!(pair([&origin, &origin], "lyon"), unsigned, "signed by another key");
    assert_eq!(pair([&oslo, &oslo], OWNER), ForkFileError::KeySet { agency: "oslo".parse().unwrap() }, "another's key set");
    for stranger in ["parangon/other/stuttgart".to_owned(), log("paris").origin(federation.fingerprint()), format!("{origin}/0")] {
        assert_eq!(pair([&stranger, &stranger], OWNER), ForkFileError::OtherLog, "{stranger}");
    }
    assert_eq!(pair([&format!("{origin}/2"), &format!("{origin}/2")], "oslo"), unsigned, "of another epoch");
}

#[test]
fn keys_that_the_charter_does_not_vouch_for_accuse_nobody() {
    let federation = Federation::default();
    let good = forked(&federation);
    let owner = ForkFileError::KeySet { agency: OWNER.parse().unwrap() };
    let mut file = good.clone();
    file.keyset.body.log = key("issue", "lyon").public();
    assert_eq!(refused(&federation, &file), owner, "another log key");
    let mut file = good.clone();
    file.keyset = federation.keyset("lyon");
    assert_eq!(refused(&federation, &file), owner, "another agency's");
    let mut file = good.clone();
    file.witnesses[0].keyset.body.witness = key("witness", "paris").public();
    assert_eq!(refused(&federation, &file), ForkFileError::KeySet { agency: "lyon".parse().unwrap() });
    let mut file = good.clone();
    file.witnesses.push(PlacedKeySet { epoch: None, index: 4, keyset: federation.keyset_with(OWNER, 2, "second") });
    assert_eq!(refused(&federation, &file), owner, "the owner is no witness");
    let mut file = good.clone();
    file.founding.signatures.swap_remove(0);
    assert_eq!(refused(&federation, &file), ForkFileError::Charter);
    // Without their keys nobody is said to have cosigned.
    let mut file = good;
    file.witnesses.clear();
    let shown = read(&federation, &file).unwrap();
    assert!(shown.first.cosigned_by.is_empty() && shown.settled.is_some_and(|settled| !settled.quorum));
}

#[test]
fn the_settled_head_is_one_of_this_log() {
    let federation = Federation::default();
    let mut file = forked(&federation);
    let settled = file.settled.as_mut().unwrap();
    settled[1] = "9".into();
    assert!(matches!(refused(&federation, &file), ForkFileError::Head(_)));
}

#[test]
fn endless_and_strange_input_is_refused_by_name() {
    let federation = Federation::default();
    let good = forked(&federation);
    let trust = trust(&federation);
    let mut file = good.clone();
    file.evidence = ForkEvidence::Beginning { root: Hash::default(), proof: vec![Hash::default(); limits::PROOF_HASHES + 1] };
    assert_eq!(refused(&federation, &file), ForkFileError::TooManyHashes);
    let mut file = good.clone();
    let line = file.first[file.first.len() - 2].clone();
    file.first = [&file.first[..5], vec![line; limits::NOTE_SIGNATURES].as_slice(), &[String::new()]].concat();
    assert!(matches!(refused(&federation, &file), ForkFileError::Unproven(ForkError::Checkpoint(CheckpointError::Note(_)))));
    let mut file = good.clone();
    file.v = 2;
    assert_eq!((refused(&federation, &file).code(), refused(&federation, &file)), (15, ForkFileError::OtherVersion { version: 2 }));

    let text = String::from_utf8(good.to_text().unwrap()).unwrap();
    let error = |text: &str| examine(text.as_bytes(), &trust).unwrap_err();
    let large = format!("{text}{}", " ".repeat(limits::DOCUMENT_BYTES));
    assert_eq!((error(&large).code(), error(&large)), (16, ForkFileError::TooLarge));
    for other in ["", "{}", "[]", "evidence", &text.replace("parangon-fork", "parangon-label")] {
        assert_eq!((error(other).code(), error(other)), (16, ForkFileError::NotEvidence));
        assert!(!ForkFile::claimed(other.as_bytes()));
    }
    let cut = &text[..text.len() - 1];
    assert!(ForkFile::claimed(cut.as_bytes()) && matches!(error(cut), ForkFileError::Damaged(_)));
    assert_eq!(error(&text.replacen('{', "{\"more\":1,", 1)), ForkFileError::Damaged(CanonicalError::Shape));
    assert_eq!(error(&text.replacen("\"v\":1", "\"v\":1,\"v\":1", 1)), ForkFileError::Damaged(CanonicalError::DuplicateKey));
    assert_eq!(error(cut).code(), 10);
}
