//! A log that tells two stories, and one that states something untrue, as the other nodes see it.

use parangon_protocol::canonical::Value;
use parangon_protocol::charter::{Charter, Resumption};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::status::Status;
use parangon_protocol::log::fork::{ForkEvidence, ForkProof};
use parangon_protocol::log::{Checkpoint, Frontier, SignedCheckpoint, leaf_hash};
use parangon_protocol::message::{Gossip, Head, Request};
use parangon_protocol::record::Record;
use parangon_protocol::verify::Trust;
use parangon_protocol::verify::fork::{Difference, ForkFileError, examine};

use super::support::{Agency, THREE, Who, federation, until};
use crate::service::charter::{self, BallotRequest, NewVote};
use crate::service::register::Standing;
use crate::service::{evidence, logs, members};

const FOUR: [Who; 4] = [("berlin", "DE", None), ("lyon", "FR", None), ("porto", "PT", None), ("stuttgart", "DE", None)];

/// What a node has of another's log: its records, and its newest head with all cosignatures.
async fn settled(agency: &Agency, log: &LogId) -> (Vec<Vec<u8>>, String) {
    let kept = || agency.context.store().read().expect("a snapshot").last_kept_note(log).expect("reads");
    let (size, note) = until("a head with its quorum", || async { kept().filter(|(size, _)| *size == 2) }).await;
    let tx = agency.context.store().read().expect("a snapshot");
    (tx.records(log, 0..size, 1 << 20).expect("reads"), note)
}

async fn frozen(agency: &Agency, log: &LogId) {
    until("the log is frozen", || async { agency.context.engine().overview().logs.get(log).filter(|held| held.frozen).cloned() }).await;
}

async fn file(agency: &Agency, of: &str) -> Result<Vec<u8>, crate::service::Error> {
    let of = of.to_owned();
    agency.context.run(move |context| evidence::evidence(context, &of)).await
}

/// The line of `status` and that of `peer list` about a log.
async fn lines(agency: &Agency, of: &str) -> [String; 2] {
    let status = agency.context.run(members::status).await.expect("a status");
    let peers = agency.context.run(members::peers).await.expect("peers");
    let line = status.lines.iter().find(|line| line.subject == format!("log of {of}")).expect("a line about the log");
    let peer = peers.iter().find(|peer| peer.id == of).expect("a member");
    assert_eq!((line.state, peer.state), (members::Severity::Fail, members::Severity::Fail));
    let step = |step: &Option<String>| step.clone().expect("a next step");
    [format!("{} Next: {}", line.reason, step(&line.next_step)), format!("{} Next: {}", peer.reason, step(&peer.next_step))]
}

/// Another head beside this one by its owner's key; `from` tells `to` of both. The root of the other one.
async fn told_twice(owner: &Agency, note: &str, from: &Agency, to: &Agency) -> Hash {
    let (federation, key) = (owner.context.federation(), owner.context.keys().log_key());
    let origin = LogId::first(owner.context.me().clone()).origin(federation);
    let truth = parangon_protocol::log::checkpoint::open(note, &key.public(), &origin).expect("its head");
    let truth = truth.checkpoint().clone();
    let other = Checkpoint { root: Hash::of(&[b"another story"]), ..truth.clone() };
    let lie = SignedCheckpoint::sign(&other, &key).expect("a checkpoint");
    let mut heads = [(truth.root, note.to_owned()), (other.root, lie.to_string())];
    heads.sort();
    let [(_, first), (_, second)] = heads;
    let proof = serde_json::to_vec(&ForkProof { first, second, evidence: ForkEvidence::SameSize }).expect("JSON");
    from.network.request(to.context.me(), Request::Fork { proof }).await.expect("answered");
    other.root
}

/// A vote for this text by the agency's identity key, as the command line makes it.
async fn votes(agency: &Agency, text: &Charter) {
    let request = BallotRequest { charter: Some(Box::new(text.clone())), hash: None, accept: true };
    let ballot = charter::ballot(&agency.context, request).await.expect("a ballot").ballot;
    let vote = Box::new(ballot.sign(agency.context.federation(), &agency.identity.identity_key()).expect("a vote"));
    let new = NewVote { vote, charter: Some(Box::new(text.clone())), consents: vec![] };
    charter::vote(&agency.context, new).await.expect("it counts");
}

/// Case L1, and what comes of it: the members let the log go on, and what its agency issues then is valid like what it issued before.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forked_goes_on_when_the_members_say_so() {
    let agencies = federation(&FOUR).await;
    let [berlin, lyon, porto, stuttgart] = &agencies[..] else { panic!("four") };
    let log = LogId::first(lyon.context.me().clone());
    let before = lyon.awards("Before the fork", "bronze", 4, &[porto]).await.id;
    for agency in &agencies {
        agency.label_until(&before, Standing::Valid).await;
    }
    let kept = || berlin.context.store().read().expect("a snapshot").last_kept_note(&log).expect("reads");
    let whole = || berlin.context.engine().overview().logs.get(&log).filter(|held| held.final_size == held.size).map(|held| held.size);
    let note = until("all of its log", || async { kept().filter(|(size, _)| Some(*size) == whole()).map(|(_, note)| note) }).await;
    told_twice(lyon, &note, stuttgart, berlin).await;
    for agency in &agencies {
        frozen(agency, &log).await;
    }
    for (at, said) in [(berlin, "--resume lyon"), (lyon, "--resume lyon")] {
        let status = at.context.run(members::status).await.expect("a status");
        let line = status.lines.iter().find(|line| line.subject == "log of lyon").expect("a line about the log");
        assert!(line.next_step.as_ref().is_some_and(|step| step.contains(said)), "{line:?}");
    }
    let shown = lyon.context.run(logs::list).await.expect("logs");
    assert_eq!(
        shown.iter().map(|log| (log.agency.as_str(), log.forked)).filter(|(_, forked)| forked.is_some()).collect::<Vec<_>>(),
        [("lyon", Some(1))]
    );

    let present = berlin.context.charter();
    let mut text = Charter { version: 2, previous: Some(present.hash().expect("text")), ..Charter::clone(&present) };
    text.resumptions.push(Resumption { agency: lyon.context.me().clone(), epoch: 1 });
    for agency in [berlin, porto, stuttgart] {
        votes(agency, &text).await;
    }
    for agency in &agencies {
        let thawed = || agency.context.engine().overview().logs.get(&log).is_some_and(|held| !held.frozen && held.epoch > 1);
        until("the next epoch", || async { thawed().then_some(()) }).await;
        agency.label_until(&before, Standing::Valid).await;
    }
    until("its recovery ends", || async { lyon.context.engine().overview().recovery.is_none().then_some(()) }).await;
    assert!(!lyon.context.store().is_recovering());
    let after = lyon.awards("After the fork", "bronze", 4, &[porto]).await.id;
    for agency in &agencies {
        agency.label_until(&after, Standing::Valid).await;
    }
}

/// Case L1: the proof reaches a node, and what it hands out convinces somebody who has only the file and a fingerprint.
#[tokio::test(flavor = "multi_thread")]
async fn l1_every_node_hands_out_the_evidence_and_the_file_stands_alone() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let log = LogId::first(lyon.context.me().clone());
    let (_, note) = settled(berlin, &log).await;
    for agency in [lyon, stuttgart] {
        settled(agency, &log).await;
    }
    assert_eq!(file(berlin, "lyon").await.expect_err("nothing yet").code(), "PGN-0501");

    let federation = *berlin.context.federation();
    // One node learns it; the others hear of it from there, the accused itself too.
    let other = told_twice(lyon, &note, stuttgart, berlin).await;
    for agency in &agencies {
        frozen(agency, &log).await;
    }

    let trust = Trust::new([federation]);
    for agency in &agencies {
        let text = file(agency, "lyon").await.expect("evidence");
        let shown = examine(&text, &trust).expect("a proof");
        assert_eq!((shown.agency.as_str(), shown.difference, shown.federation.pinned), ("lyon", Difference::SameSize, true));
        let (real, forged) = if shown.first.root == other { (&shown.second, &shown.first) } else { (&shown.first, &shown.second) };
        assert_eq!((real.cosigned_by.len(), real.quorum, forged.cosigned_by.len(), forged.quorum), (2, true, 0, false));
        assert_eq!(shown.settled.as_ref(), Some(real), "what stands is the head that had its quorum");
        Value::read_canonical(&text, text.len()).expect("canonical JSON");
        let altered = String::from_utf8(text).expect("text").replace("\"first\":[\"parangon/", "\"first\":[\"parangon/x");
        assert!(matches!(examine(altered.as_bytes(), &trust), Err(ForkFileError::Unproven(_) | ForkFileError::OtherLog)));
    }
    for said in lines(berlin, "lyon").await {
        assert!(said.contains("told two stories") && said.contains("parangon peer evidence lyon"), "{said}");
        assert!(said.contains("first 2 records"), "{said}");
    }
    for (of, code) in [("stuttgart", "PGN-0501"), ("nobody", "PGN-0501"), ("../x", "PGN-0501")] {
        assert_eq!(file(berlin, of).await.expect_err("no evidence").code(), code, "{of}");
    }
}

/// An untrue status freezes a log too, and has no two heads to show.
#[tokio::test(flavor = "multi_thread")]
async fn an_untrue_status_has_no_two_heads() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let log = LogId::first(lyon.context.me().clone());
    let (records, _) = settled(berlin, &log).await;
    let status = Status { covered: 2, count: 1, root: Hash::of(&[b"a label that is not there"]) };
    let untrue = Record::Status(status).to_text().expect("a record");
    let mut frontier = Frontier::new();
    for record in records.iter().chain([&untrue]) {
        frontier.push_leaf(leaf_hash(record));
    }
    let head = Checkpoint { origin: log.origin(berlin.context.federation()), size: 3, root: frontier.root() };
    let note = SignedCheckpoint::sign(&head, &lyon.context.keys().log_key()).expect("a checkpoint").to_string();
    let grown = Gossip::Grown { head: Head { log: log.clone(), note }, start: 2, records: vec![untrue] };
    stuttgart.network.publish(grown).await.expect("published");
    frozen(berlin, &log).await;

    let refused = file(berlin, "lyon").await.expect_err("no two heads");
    assert_eq!((refused.code(), refused.status()), ("PGN-0504", 404));
    assert!(refused.to_string().contains("untrue") && refused.to_string().contains("no two heads"), "{refused}");
    for said in lines(berlin, "lyon").await {
        assert!(said.contains("was not true") && !said.contains("peer evidence"), "{said}");
    }
}
