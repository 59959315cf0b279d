//! A stolen log key: the log goes on in a new epoch with another one, and whoever has the old one can say nothing there
//! (case O5; protocol, "Epoch").

use parangon_protocol::check::{self, CheckError};
use parangon_protocol::id::LogId;
use parangon_protocol::keys::{KeySetError, SignedKeySet};
use parangon_protocol::log::fork::{ForkEvidence, ForkProof};
use parangon_protocol::log::merkle::{Frontier, leaf_hash};

use super::*;

/// Lyon's key set of this number, with another log key; all other keys as in its first one.
fn with_log_key(network: &Network, number: u32, role: &str) -> SignedKeySet {
    let mut body = network.federation.keyset_with("lyon", number, "issue").body;
    body.log = key(role, "lyon").public();
    body.sign(network.federation.fingerprint(), &key("identity", "lyon")).unwrap()
}

fn replace(network: &mut Network, number: u32, role: &'static str) {
    let set = with_log_key(network, number, role);
    network.replace_log_key("lyon", set, role);
}

/// A head of lyon's log with this many records of another story, in this epoch, by this key.
fn forged(network: &Network, epoch: u32, size: u64, role: &str) -> Head {
    forged_with(network, epoch, size, role, b"another story")
}

fn forged_with(network: &Network, epoch: u32, size: u64, role: &str, story: &[u8]) -> Head {
    let origin = LogId { epoch, ..log("lyon") }.origin(network.federation.fingerprint());
    let head = Checkpoint { origin, size, root: Hash::of(&[story]) };
    Head { log: log("lyon"), note: SignedCheckpoint::sign(&head, &key(role, "lyon")).unwrap().to_string() }
}

#[test]
fn a_stolen_log_key_says_nothing_in_the_next_epoch() {
    let mut network = network();
    let earlier = issue(&mut network, "lyon", "earlier");
    network.append("lyon", &[anchor(1)]).unwrap();
    replace(&mut network, 2, "second log");
    assert_eq!(progress(&network, "lyon"), None);
    agreed(&network, "lyon", 2);
    let later = issue(&mut network, "lyon", "later");
    network.append_status("lyon").unwrap();
    agreed(&network, "lyon", 2);
    for label in [earlier, later] {
        for by in ["lyon", "stuttgart"] {
            let file = network.scene(by).text(label);
            let verdict = verify(&file, &Trust::new([*network.federation.fingerprint()]), time("2026-11-25T00:00:00Z"));
            assert_eq!(verdict.verdict, Outcome::Valid, "{verdict:?}");
        }
    }
    // The thief: in the epoch that is over, in the present one, and in one to come.
    let before = held(&network, "lyon", &ALL);
    let epoch = before[0].2;
    let book = network.nodes[&agency("oslo")].replica.book().clone();
    let head = check::head(&book, &forged(&network, 1, 40, "log")).unwrap();
    network.happen("oslo", Event::Head { from: agency("porto"), head });
    for claimed in [epoch, epoch + 1] {
        let refused = check::head(&book, &forged(&network, claimed, 40, "log"));
        assert!(matches!(refused, Err(CheckError::Checkpoint(_))), "{claimed}: {refused:?}");
    }
    assert_eq!(held(&network, "lyon", &ALL), before);
    assert!(ALL.iter().all(|id| !network.nodes[&agency(id)].replica.frozen(&log("lyon"))));
    // What it is to be signed by comes back from disk, too.
    for id in ["lyon", "oslo"] {
        network.restart(id);
    }
    network.append("lyon", &[anchor(2)]).unwrap();
    agreed(&network, "lyon", 2);
}

/// Who was away, and who holds nothing, learn the key from the heads, which the identity key vouches for.
#[test]
fn who_lags_behind_learns_the_new_key_from_the_heads() {
    let mut network = network();
    let empty = network.backup("madrid");
    network.stop("porto");
    // More than one answer carries.
    network.append("lyon", &vec![anchor(1); 150]).unwrap();
    replace(&mut network, 2, "second log");
    network.append("lyon", &vec![anchor(2); 150]).unwrap();
    network.start("porto");
    network.settle();
    agreed(&network, "lyon", 2);
    network.restore("madrid", &empty);
    network.settle();
    agreed(&network, "lyon", 2);
    // A line by somebody else's identity key states nothing.
    let book = network.federation.book();
    let note = network.nodes[&agency("oslo")].replica.newest_head(&log("lyon")).unwrap().note;
    let head = Head { log: log("lyon"), note };
    assert!(check::head(&book, &head).is_ok(), "for one who knows the first key set alone");
    let bare: Vec<&str> = head.note.lines().filter(|line| !line.starts_with("— parangon-keyset ")).collect();
    assert_eq!(bare.len() + 1, head.note.lines().count(), "{}", head.note);
    let note = bare.join("\n") + "\n";
    assert!(check::head(&book, &Head { note, ..head.clone() }).is_err(), "without the line its key is not known");
    let mut body = with_log_key(&network, 2, "second log").body;
    body.agency = agency("lyon");
    let foreign = body.sign(network.federation.fingerprint(), &key("identity", "oslo")).unwrap();
    let line = parangon_protocol::log::stated::line(&foreign).unwrap().to_string();
    let note = format!("{}\n{line}\n", bare.join("\n"));
    assert!(check::head(&book, &Head { note, ..head }).is_err(), "signed by oslo's identity key");
}

/// After that the log is one like any other: it is restored, its key is replaced again, it can fork.
#[test]
fn the_log_goes_on_like_any_other() {
    let mut network = network();
    replace(&mut network, 2, "second log");
    let first = held(&network, "lyon", &["oslo"])[0].2;
    let backup = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    network.restore("lyon", &backup);
    let second = held(&network, "lyon", &["oslo"])[0].2;
    assert!(second > first);
    agreed(&network, "lyon", 3);
    network.append("lyon", &[anchor(2)]).unwrap();
    replace(&mut network, 3, "third log");
    network.append("lyon", &[anchor(3)]).unwrap();
    agreed(&network, "lyon", 4);
    let label = issue(&mut network, "lyon", "last");
    network.append_status("lyon").unwrap();
    let file = network.scene("porto").text(label);
    let verdict = verify(&file, &Trust::new([*network.federation.fingerprint()]), time("2026-11-25T00:00:00Z"));
    assert_eq!(verdict.verdict, Outcome::Valid, "{verdict:?}");
    // Two stories by the new key are a fork, and the proof stands alone.
    let oslo = &network.nodes[&agency("oslo")].replica;
    let (size, ..) = held(&network, "lyon", &["oslo"])[0];
    let truth = oslo.newest_head(&log("lyon")).unwrap();
    let lie = forged(&network, oslo.epoch(&log("lyon")), size, "third log");
    let mut pair = [truth.note, lie.note];
    for swapped in [false, true] {
        if swapped {
            pair.swap(0, 1);
        }
        let [first, second] = pair.clone();
        let proof = check::fork(oslo.book(), ForkProof { first, second, evidence: ForkEvidence::SameSize });
        assert!(proof.is_ok(), "{proof:?}");
    }
}

/// Who was away believes the stolen key at first: what the new one says, by the identity key, goes before it.
#[test]
fn a_stolen_key_keeps_nobody_away_from_the_new_one() {
    for thief in ["one head", "two stories", "many records", "nothing"] {
        let mut network = network();
        network.append("lyon", &[anchor(1)]).unwrap();
        network.stop("porto");
        replace(&mut network, 2, "second log");
        network.append("lyon", &[anchor(2)]).unwrap();
        // Porto meets the thief first, in an epoch that the log never comes to.
        let book = network.nodes[&agency("porto")].replica.book().clone();
        let (one, other) = (forged(&network, 99, 40, "log"), forged_with(&network, 99, 40, "log", b"a third story"));
        let checked = |head: &Head| check::head(&book, head).unwrap();
        match thief {
            "one head" => network.happen("porto", Event::Head { from: agency("lyon"), head: checked(&one) }),
            "two stories" => {
                for head in [&one, &other] {
                    network.happen("porto", Event::Head { from: agency("lyon"), head: checked(head) });
                }
                assert!(network.nodes[&agency("porto")].replica.frozen(&log("lyon")), "as far as porto knows");
            }
            "many records" => {
                let span = thiefs_span(&network, 99);
                let span = check::span(&book, &log("lyon"), &span.0, 3, span.1, vec![]).unwrap();
                network.happen("porto", Event::Span { from: agency("lyon"), span });
                assert_eq!(network.nodes[&agency("porto")].replica.epoch(&log("lyon")), 99, "as far as porto knows");
            }
            _ => {}
        }
        network.start("porto");
        network.settle();
        agreed(&network, "lyon", 2);
        assert!(!network.nodes[&agency("porto")].replica.frozen(&log("lyon")), "{thief}");
        network.restart("porto");
        network.append("lyon", &[anchor(3)]).unwrap();
        agreed(&network, "lyon", 2);
    }
}

/// The thief goes on with lyon's first three records, in this epoch: note and records.
fn thiefs_span(network: &Network, epoch: u32) -> (String, Vec<Vec<u8>>) {
    let ledger = &network.nodes[&agency("porto")].logs[&log("lyon")];
    let records = vec![Record::Epoch(Epoch { keyset: None, number: epoch }).to_text().unwrap(), anchor(9).to_text().unwrap()];
    let mut frontier = Frontier::default();
    ledger.records().iter().chain(&records).for_each(|text| drop(frontier.push_leaf(leaf_hash(text))));
    let origin = LogId { epoch, ..log("lyon") }.origin(network.federation.fingerprint());
    let head = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
    (SignedCheckpoint::sign(&head, &key("log", "lyon")).unwrap().to_string(), records)
}

/// A head that covers the beginning of an epoch is of that epoch: the old key cannot bring the new one's records under its own.
#[test]
fn a_head_of_an_earlier_epoch_covers_no_later_beginning() {
    let mut network = network();
    network.append("lyon", &[anchor(1)]).unwrap();
    network.stop("porto");
    replace(&mut network, 2, "second log");
    let truth = network.nodes[&agency("oslo")].logs[&log("lyon")].records()[3].clone();
    let forged: Vec<Vec<u8>> = vec![truth, anchor(9).to_text().unwrap()];
    let mut frontier = Frontier::default();
    let before = network.nodes[&agency("porto")].logs[&log("lyon")].records().to_vec();
    before.iter().chain(&forged).for_each(|text| drop(frontier.push_leaf(leaf_hash(text))));
    let head = Checkpoint { origin: log("lyon").origin(network.federation.fingerprint()), size: 5, root: frontier.root() };
    let note = SignedCheckpoint::sign(&head, &key("log", "lyon")).unwrap().to_string();
    let book = network.nodes[&agency("porto")].replica.book().clone();
    let span = check::span(&book, &log("lyon"), &note, 3, forged, vec![]).unwrap();
    network.happen("porto", Event::Span { from: agency("lyon"), span });
    assert_eq!(network.nodes[&agency("porto")].replica.held(&log("lyon")).unwrap().0, 3, "nothing of it is taken");
    network.start("porto");
    network.settle();
    agreed(&network, "lyon", 2);
}

/// A key set that cannot follow is not written into the log, however it came to be handed in.
#[test]
fn a_key_set_that_cannot_follow_begins_no_epoch() {
    let mut network = network();
    replace(&mut network, 2, "second log");
    let before = held(&network, "lyon", &["oslo"]);
    replace(&mut network, 2, "third log"); // a number that the log has
    assert!(progress(&network, "lyon").is_some_and(|progress| progress.other_key));
    replace(&mut network, 3, "log"); // a key that was stolen once
    assert!(progress(&network, "lyon").is_some_and(|progress| progress.other_key));
    assert_eq!(held(&network, "lyon", &["oslo"]), before);
    replace(&mut network, 3, "third log");
    agreed(&network, "lyon", 3);
}

/// From the sheet alone a node has its first keys: it signs nothing with a log key that its log has replaced.
#[test]
fn a_node_with_an_earlier_log_key_signs_nothing_until_it_has_a_new_one() {
    let mut network = network();
    let empty = network.backup("lyon");
    replace(&mut network, 2, "second log");
    agreed(&network, "lyon", 2);
    let before = held(&network, "lyon", &["oslo", "porto"]);
    network.log_role("lyon", "log");
    network.restore("lyon", &empty);
    let progress = progress(&network, "lyon").expect("it recovers");
    assert!(progress.other_key && progress.records.0 == progress.records.1, "{progress:?}");
    assert_eq!(network.append("lyon", &[anchor(1)]), Err(Refusal::Recovering));
    assert_eq!(held(&network, "lyon", &["oslo", "porto"]), before);
    replace(&mut network, 3, "third log");
    network.append("lyon", &[anchor(2)]).unwrap();
    agreed(&network, "lyon", 3);
}

#[test]
fn only_an_epoch_brings_another_log_key_and_only_a_new_one() {
    let network = network();
    let (mut book, lyon) = (network.federation.book(), log("lyon"));
    let second = with_log_key(&network, 2, "second log");
    assert_eq!(book.insert(&lyon, 5, &second), Err(KeySetError::LogKey));
    assert_eq!(book.begin_epoch(&lyon, 5, 2, &second), Ok(()));
    let back = with_log_key(&network, 3, "log");
    assert_eq!(book.begin_epoch(&lyon, 9, 3, &back), Err(KeySetError::Reused), "a stolen key does not come back");
    assert_eq!(book.log_key(&lyon, 1, None), Some(key("log", "lyon").public()));
    for epoch in [2, 3, 9] {
        assert_eq!(book.log_key(&lyon, epoch, None), Some(second.body.log), "{epoch}");
        assert_eq!(
            book.log_key(&lyon, epoch, Some(&network.federation.keyset("lyon"))),
            Some(second.body.log),
            "an older set states nothing"
        );
    }
    // Signed by nobody's identity key.
    let mut body = second.body.clone();
    body.log = key("third log", "lyon").public();
    let forged = body.sign(network.federation.fingerprint(), &key("log", "lyon"));
    if let Ok(forged) = forged {
        assert_eq!(book.log_key(&lyon, 9, Some(&forged)), Some(second.body.log));
        let text = Record::Epoch(Epoch { keyset: Some(Box::new(forged)), number: 7 }).to_text().unwrap();
        assert!(matches!(check::record(&book, &lyon, 9, text), Err(CheckError::KeySet { .. })));
    }
}
