//! What is still said in an epoch that is over, and answers that do not count.

use parangon_protocol::check::{self, CheckError};
use parangon_protocol::id::LogId;
use parangon_protocol::log::last_seen::Sighting;
use parangon_protocol::log::merkle::{Frontier, leaf_hash};

use super::*;

/// A head of Lyon's first epoch with this many records of another story.
fn other_story(network: &Network, size: u64) -> String {
    let mut frontier = Frontier::default();
    for at in 0..size {
        frontier.push_leaf(leaf_hash(&at.to_be_bytes()));
    }
    let origin = log("lyon").origin(network.federation.fingerprint());
    let head = Checkpoint { origin, size, root: frontier.root() };
    SignedCheckpoint::sign(&head, &key("log", "lyon")).unwrap().to_string()
}

#[test]
fn a_head_of_an_epoch_that_is_over_changes_nothing() {
    let mut network = network();
    let backup = network.backup("lyon");
    network.restore("lyon", &backup);
    agreed(&network, "lyon", 2);
    let before = held(&network, "lyon", &ALL);
    for size in [2, 3, 4, 9] {
        let note = other_story(&network, size);
        let head = check::head(network.nodes[&agency("oslo")].replica.book(), &Head { log: log("lyon"), note }).unwrap();
        assert_eq!(head.epoch(), 1);
        for to in ["oslo", "lyon"] {
            network.happen(to, Event::Head { from: agency("porto"), head: head.clone() });
        }
    }
    assert_eq!(held(&network, "lyon", &ALL), before);
    assert!(ALL.iter().all(|id| !network.nodes[&agency(id)].replica.frozen(&log("lyon"))));
    assert_eq!(progress(&network, "lyon"), None, "whoever has the key of an epoch that is over stops nobody");
    network.append("lyon", &[anchor(1)]).unwrap();
    agreed(&network, "lyon", 2);
}

#[test]
fn an_answer_counts_only_when_its_witness_signed_it_for_this_question() {
    let network = network();
    let (lyon, oslo) = (agency("lyon"), agency("oslo"));
    let book = network.nodes[&lyon].replica.book();
    let nonce = Hash::of(&[b"now"]);
    let said = |asked: &str, by: &str, nonce, key| {
        Sighting::new(agency(asked), agency(by), nonce, None, None).sign(book.federation(), &key).unwrap()
    };
    let good = said("lyon", "oslo", nonce, key("witness", "oslo"));
    assert!(check::last_seen(book, &lyon, &oslo, &nonce, &good).is_ok());
    for bad in [
        said("lyon", "oslo", Hash::of(&[b"earlier"]), key("witness", "oslo")),
        said("porto", "oslo", nonce, key("witness", "oslo")),
        said("lyon", "porto", nonce, key("witness", "porto")),
        said("lyon", "oslo", nonce, key("witness", "porto")),
        said("lyon", "oslo", nonce, key("log", "oslo")),
    ] {
        assert!(check::last_seen(book, &lyon, &oslo, &nonce, &bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_log_has_one_name_whatever_its_epoch() {
    let mut network = network();
    let backup = network.backup("lyon");
    network.restore("lyon", &backup);
    agreed(&network, "lyon", 2);
    let book = network.nodes[&agency("oslo")].replica.book().clone();
    let note = network.nodes[&agency("oslo")].replica.newest_head(&log("lyon")).unwrap().note;
    let ledger = &network.nodes[&agency("oslo")].logs[&log("lyon")];
    let records: Vec<Vec<u8>> = (0..ledger.size()).map(|index| ledger.get(index).to_vec()).collect();
    assert!(check::span(&book, &log("lyon"), &note, 0, records.clone(), vec![]).is_ok());
    for epoch in [0, 2, 7] {
        let other = LogId { epoch, ..log("lyon") };
        let refused = CheckError::Epoch(other.clone());
        assert_eq!(check::head(&book, &Head { log: other.clone(), note: note.clone() }).unwrap_err(), refused);
        assert_eq!(check::span(&book, &other, &note, 0, records.clone(), vec![]).unwrap_err(), refused);
    }
}

#[test]
fn a_head_that_claims_an_epoch_which_its_records_do_not_begin_freezes_the_log() {
    let mut network = network();
    let (size, root, ..) = held(&network, "lyon", &["oslo"])[0];
    let origin = LogId { epoch: 2, ..log("lyon") }.origin(network.federation.fingerprint());
    let note = SignedCheckpoint::sign(&Checkpoint { origin, size, root }, &key("log", "lyon")).unwrap().to_string();
    let head = check::head(network.nodes[&agency("oslo")].replica.book(), &Head { log: log("lyon"), note }).unwrap();
    network.happen("oslo", Event::Head { from: agency("lyon"), head });
    let oslo = &network.nodes[&agency("oslo")];
    assert!(oslo.replica.frozen(&log("lyon")));
    assert_eq!((oslo.logs[&log("lyon")].size(), oslo.replica.final_size(&log("lyon"))), (size, size), "what was final stays");
}
