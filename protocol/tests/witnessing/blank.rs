//! Evidence that comes before the records: a node that begins while a member tells two stories still learns that member's keys, by which
//! what it endorsed elsewhere is judged.

use parangon_protocol::check::{self, KeyBook};
use parangon_protocol::id::Hash;
use parangon_protocol::label::status::Status;
use parangon_protocol::log::checkpoint::{Checkpoint, SignedCheckpoint};
use parangon_protocol::log::merkle::{Frontier, leaf_hash};
use parangon_protocol::message::{Head, Request};
use parangon_protocol::record::Record;
use parangon_protocol::replica::{Change, Effect, Event, Keys, Replica, Settings};

use super::ALL;
use super::support::federation::{Federation, key};
use super::support::network::Network;
use super::support::{agency, anchor, log};

/// A head of lyon's log of this size and root, by its key.
fn signed(network: &Network, size: u64, root: Hash) -> Head {
    let head = Checkpoint { origin: log("lyon").origin(network.federation.fingerprint()), size, root };
    Head { log: log("lyon"), note: SignedCheckpoint::sign(&head, &key("log", "lyon")).unwrap().to_string() }
}

/// Lyon's log with these records behind what all hold, as a member would hand it out.
fn story(network: &Network, more: &[Record]) -> Event {
    let mut records = network.nodes[&agency("oslo")].logs[&log("lyon")].records().to_vec();
    records.extend(more.iter().map(|record| record.to_text().unwrap()));
    let mut frontier = Frontier::default();
    records.iter().for_each(|text| drop(frontier.push_leaf(leaf_hash(text))));
    let head = signed(network, frontier.size(), frontier.root());
    let book = KeyBook::new(network.federation.chain.clone());
    Event::Span { from: agency("oslo"), span: check::span(&book, &head.log, &head.note, 0, records, vec![]).unwrap() }
}

/// Stuttgart without anything, which hears of the fork first.
fn blank(network: &Network) -> Replica {
    let keys = Keys { log: key("log", "stuttgart"), witness: key("witness", "stuttgart") };
    let book = KeyBook::new(network.federation.chain.clone());
    let mut replica = Replica::new(agency("stuttgart"), Settings::default(), keys, book, vec![], []);
    for peer in ALL.map(agency) {
        replica.step(network.now, Event::Connected(peer));
    }
    let known = network.nodes[&agency("oslo")].replica.book().clone();
    for lie in [b"one", b"two"] {
        let head = check::head(&known, &signed(network, 40, Hash::of(&[lie]))).unwrap();
        replica.step(network.now, Event::Head { from: agency("lyon"), head });
    }
    assert!(replica.frozen(&log("lyon")) && !replica.book().knows(&log("lyon")));
    replica
}

#[test]
fn the_keys_of_a_member_that_forked_are_learnt_after_the_fork() {
    let network = Network::founded(Federation::default());
    let mut replica = blank(&network);
    let asked = replica.step(network.now.plus(3_600), Event::Tick);
    let beginning = |effect: &Effect| match effect {
        Effect::Ask { to, request: Request::Range { log: of, start: 0, .. } } if *of == log("lyon") => Some(to.clone()),
        _ => None,
    };
    let asked: Vec<_> = asked.iter().filter_map(beginning).collect();
    assert!(asked.len() == 1 && asked[0] != agency("lyon"), "{asked:?}");
    replica.step(network.now, story(&network, &[anchor(1)]));
    assert_eq!(replica.held(&log("lyon")).unwrap().0, 3);
    assert!(replica.frozen(&log("lyon")) && replica.book().knows(&log("lyon")));
    // One holder's story, once: nothing of a frozen log is taken after it, and nothing is signed.
    let effects = replica.step(network.now, story(&network, &[anchor(1), anchor(2)]));
    assert_eq!(replica.held(&log("lyon")).unwrap().0, 3);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { request: Request::Cosigned { .. }, .. })));
}

#[test]
fn behind_an_untrue_status_nothing_counts_there_either() {
    let network = Network::founded(Federation::default());
    let applied = |more: &[Record]| {
        let mut replica = blank(&network);
        replica.step(network.now, story(&network, more));
        let effects = replica.step(network.now, Event::Durable);
        let index = |effect: &Effect| match effect {
            Effect::Changed(Change::Record { log: of, index }) if *of == log("lyon") => Some(*index),
            _ => None,
        };
        effects.iter().filter_map(index).collect::<Vec<u64>>()
    };
    assert_eq!(applied(&[anchor(1), anchor(2)]), [0, 1, 2, 3]);
    let untrue = Status { covered: 2, count: 7, root: Hash([9; 32]) };
    assert_eq!(applied(&[Record::Status(untrue), anchor(2)]), [0, 1, 2]);
}
