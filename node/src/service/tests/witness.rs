//! This node as a witness of a log outside the federation.

use std::sync::Arc;

use parangon_protocol::id::LogId;
use parangon_protocol::keys::SecretKey;
use parangon_protocol::log::merkle::{self, Frontier, HashReader, completing_leaf};
use parangon_protocol::log::note::{Algorithm, NoteSignature};
use parangon_protocol::log::tlog_witness::{AddCheckpoint, Refusal};
use parangon_protocol::log::{Checkpoint, SignedCheckpoint, VerifierKey, leaf_hash};

use super::support::federation;
use crate::service::outside::{self, Cosigned};
use crate::service::witness::{Witness, WitnessError, keys};

const ORIGIN: &str = "example.com/log";

/// A log outside the federation.
struct Log(Vec<Vec<parangon_protocol::id::Hash>>);

impl HashReader for Log {
    type Error = std::convert::Infallible;
    fn hash(&self, level: u8, index: u64) -> Result<parangon_protocol::id::Hash, Self::Error> {
        let leaf = usize::try_from(completing_leaf(level, index).expect("small")).expect("small");
        Ok(self.0[leaf][usize::from(level)])
    }
}

impl Log {
    fn new(size: u64) -> Self {
        let mut frontier = Frontier::new();
        Self((0..size).map(|n| frontier.push_leaf(leaf_hash(&n.to_be_bytes()))).collect())
    }

    fn head(&self, size: u64) -> Checkpoint {
        let Ok(frontier) = merkle::frontier(self, size);
        Checkpoint { origin: ORIGIN.to_owned(), size, root: frontier.root() }
    }

    fn request(&self, old: u64, size: u64) -> String {
        let Ok(proof) = merkle::consistency_proof(self, old, size);
        let checkpoint = SignedCheckpoint::sign(&self.head(size), &secret()).expect("a checkpoint").to_string();
        AddCheckpoint { old, proof, checkpoint }.to_string()
    }
}

fn secret() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn key(origin: &str) -> VerifierKey {
    VerifierKey::new(origin, Algorithm::Ed25519, secret().public()).expect("a name")
}

fn conflict(answer: &Result<String, WitnessError>) -> Option<u64> {
    match answer {
        Err(WitnessError::Refused(Refusal::Conflict { size })) => Some(*size),
        _ => None,
    }
}

/// Case L6: of many requests that start from one head, one is cosigned; the state never goes back.
#[tokio::test(flavor = "multi_thread")]
async fn l6_of_two_requests_from_one_head_one_is_cosigned() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let witness = Arc::new(Witness::new(&agency.context, &[key(ORIGIN)]));
    let log = Arc::new(Log::new(200));
    let ask = |request: String| {
        let (context, witness) = (agency.context.clone(), witness.clone());
        async move { context.run(move |context| Ok(witness.add_checkpoint(context, &request))).await.expect("runs") }
    };
    let mut last = 0;
    for round in 1..=5u64 {
        let sizes: Vec<u64> = (0..8).map(|n| round * 30 + n).collect();
        let answers = futures::future::join_all(sizes.iter().map(|size| ask(log.request(last, *size)))).await;
        let won: Vec<u64> = sizes.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(size, _)| *size).collect();
        assert_eq!(won.len(), 1, "round {round}: {answers:?}");
        for answer in answers.iter().filter(|answer| answer.is_err()) {
            assert_eq!(conflict(answer), Some(won[0]), "{answer:?}");
        }
        last = won[0];
    }
    // Neither the head before nor any smaller one is ever cosigned again.
    assert_eq!(conflict(&ask(log.request(0, last - 1)).await), Some(last));
    assert_eq!(conflict(&ask(log.request(last - 1, last - 1)).await), Some(last));
    // The same head again is, and after a restart of the witness it still knows.
    assert!(ask(log.request(last, last)).await.is_ok());
    let again = Witness::new(&agency.context, &[key(ORIGIN)]);
    let request = log.request(0, 10);
    let after = agency.context.run(move |context| Ok(again.add_checkpoint(context, &request))).await.expect("runs");
    assert_eq!(conflict(&after), Some(last));
}

/// What a witness outside the federation gave us goes into the proofs of exactly that head, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_cosignature_from_outside_is_shown_with_its_head_alone() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let log = agency.context.own_log();
    let note = agency.context.engine().overview().logs[&log].head.clone().expect("a signed head");
    let text = note.split_once("\n\n").expect("a note").0.to_owned() + "\n";
    let head = Checkpoint::parse(&text).expect("a checkpoint");
    let name = "witness.example/w";
    let key = VerifierKey::new(name, Algorithm::Cosignature, secret().public()).expect("a name");
    let line = parangon_protocol::log::cosignature::cosign(&head, &secret(), name, agency.context.now()).to_string();
    let with = |size: u64| {
        let cosigned = Cosigned { size, root: head.root, line: line.clone() };
        outside::keep(&agency.context, &key, &cosigned).expect("kept");
        assert_eq!(outside::last(&agency.context, &key).expect("reads"), Some(cosigned));
        outside::with_lines(&agency.context.store().read().expect("a snapshot"), note.clone()).expect("a note")
    };
    assert_eq!(with(head.size + 1), note, "a cosignature of another head");
    let shown = with(head.size);
    assert_eq!(shown, format!("{note}{line}\n"));
    let again = outside::with_lines(&agency.context.store().read().expect("a snapshot"), shown.clone()).expect("a note");
    assert_eq!(again, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_signs_with_a_key_of_its_own_and_no_log_of_the_federation() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let [log_key, witness_key] = keys(&agency.context);
    let set = agency.context.keys().key_set(agency.context.me().clone(), 1);
    assert_eq!(log_key.key(), &set.log);
    let roles = [set.log, set.witness, set.issue, set.transport];
    assert!(!roles.contains(witness_key.key()), "no key serves two roles");
    assert_eq!((witness_key.algorithm(), log_key.algorithm()), (Algorithm::Cosignature, Algorithm::Ed25519));

    let own = LogId::first(agency.context.me().clone()).origin(agency.context.federation());
    let witness = Witness::new(&agency.context, &[key(ORIGIN), key(&own)]);
    let log = Log::new(20);
    let request = log.request(0, 20);
    let foreign = Checkpoint { origin: own, ..log.head(20) };
    let foreign = SignedCheckpoint::sign(&foreign, &secret()).expect("a checkpoint").to_string();
    let foreign = AddCheckpoint { old: 0, proof: vec![], checkpoint: foreign }.to_string();
    let asked =
        agency.context.run(move |context| Ok([witness.add_checkpoint(context, &request), witness.add_checkpoint(context, &foreign)]));
    let [good, refused] = asked.await.expect("runs");
    let line = NoteSignature::parse(good.expect("cosigned").trim_end_matches('\n')).expect("a line");
    assert_eq!(witness_key.check(&log.head(20).body(), &line), Ok(()));
    assert!(matches!(refused, Err(WitnessError::Refused(Refusal::UnknownOrigin))), "{refused:?}");
}
