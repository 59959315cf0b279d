//! Key sets: what a rotation changes for the records around it (case G7), and every way in which somebody who holds stolen
//! keys, or a careless member, might bring in a set (cases G8, C12).

use parangon_protocol::check::{self, Flaw, KeyBook, Soundness};
use parangon_protocol::keys::{KeyError, KeySet, KeySetError, SecretKey, SignedKeySet};
use parangon_protocol::label::Label;
use parangon_protocol::log::checkpoint::{Checkpoint, sign};
use parangon_protocol::record::Record;
use parangon_protocol::replica::{Effect, Event, Write};
use parangon_protocol::verify::Outcome;

use crate::support::award::{Award, gold, sign_with};
use crate::support::federation::{Federation, key};
use crate::support::network::Network;
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{agency, log};
use crate::{assert_altered, assert_outcome, shown, today};

const FORGED: KeySetError = KeySetError::Key(KeyError::Forged);

/// Stuttgart's second key set with new witness and issue keys, after a change, signed by `by`.
fn second(federation: &Federation, by: &SecretKey, change: impl FnOnce(&mut KeySet)) -> Result<SignedKeySet, KeySetError> {
    let mut body = federation.keyset_with("stuttgart", 2, "second issue").body;
    body.witness = key("second witness", "stuttgart").public();
    change(&mut body);
    body.sign(federation.fingerprint(), by)
}

#[test]
fn only_the_identity_key_rotates_and_only_to_keys_that_are_new() {
    let federation = Federation::default();
    let own = key("identity", "stuttgart");
    let stuttgart = log("stuttgart");
    let outcome = |by: &SecretKey, index: u64, change: &dyn Fn(&mut KeySet)| -> Result<(), KeySetError> {
        let mut book = federation.book();
        book.insert(&stuttgart, index, &second(&federation, by, change)?)
    };
    assert_eq!(outcome(&own, 9, &|_| ()), Ok(()));
    for role in ["witness", "issue", "successor"] {
        assert_eq!(outcome(&key(role, "stuttgart"), 9, &|_| ()), Err(FORGED), "{role}");
    }
    // These stand in the set that they sign: one key in two roles, before any signature is looked at.
    for role in ["log", "transport", "second issue"] {
        assert_eq!(outcome(&key(role, "stuttgart"), 9, &|_| ()), Err(KeySetError::SharedKey), "{role}");
    }
    for other in ["lyon", "madrid", "oslo", "porto"] {
        assert_eq!(outcome(&key("identity", other), 9, &|_| ()), Err(FORGED), "{other}");
    }
    type Case<'a> = (&'a str, &'a dyn Fn(&mut KeySet), KeySetError);
    let old = |role| key(role, "stuttgart").public();
    let cases: [Case<'_>; 11] = [
        ("another agency's", &|set| set.agency = agency("lyon"), FORGED),
        ("witness as issue key", &|set| set.witness = set.issue, KeySetError::SharedKey),
        ("log as witness key", &|set| set.witness = set.log, KeySetError::SharedKey),
        ("log as transport key", &|set| set.transport = set.log, KeySetError::SharedKey),
        ("identity as issue key", &|set| set.issue = old("identity"), KeySetError::SharedKey),
        ("the former issue key in another role", &|set| set.witness = old("issue"), KeySetError::Reused),
        ("the former witness key in another role", &|set| set.transport = old("witness"), KeySetError::Reused),
        ("another log key", &|set| set.log = key("second log", "stuttgart").public(), KeySetError::LogKey),
        ("the first number again", &|set| set.number = 1, KeySetError::Number { found: 1, before: 1 }),
        ("number 0", &|set| set.number = 0, KeySetError::Number { found: 0, before: 1 }),
        ("no age recipient", &|set| set.sealing = "age1x".into(), KeySetError::Sealing),
    ];
    for (name, change, refused) in cases {
        assert_eq!(outcome(&own, 9, change), Err(refused), "{name}");
    }
    // A number may be skipped: whoever holds one file sees only the sets that it needs.
    assert_eq!(outcome(&own, 9, &|set| set.number = 7), Ok(()));
    let mut empty = KeyBook::new(federation.chain.clone());
    let late = second(&federation, &own, |_| ()).unwrap();
    assert_eq!(empty.insert(&stuttgart, 0, &late), Err(KeySetError::Number { found: 2, before: 0 }), "a log begins with number 1");
}

#[test]
fn a_weak_key_is_refused_when_it_is_read() {
    let federation = Federation::default();
    let set = second(&federation, &key("identity", "stuttgart"), |_| ()).unwrap();
    let text = String::from_utf8(Record::KeySet(Box::new(set.clone())).to_text().unwrap()).unwrap();
    let body = &set.body;
    for key in [&body.log, &body.witness, &body.issue, &body.transport] {
        // The neutral element, a point of order 2, and no point at all.
        for weak in [format!("01{}", "0".repeat(62)), format!("ec{}7f", "f".repeat(60)), format!("02{}", "0".repeat(62))] {
            assert!(Record::read(text.replace(&key.to_string(), &weak).as_bytes()).is_err(), "{weak}");
        }
    }
    assert!(Record::read(text.as_bytes()).is_ok());
}

#[test]
fn a_key_that_was_given_up_does_not_come_back() {
    let federation = Federation::default();
    let own = key("identity", "stuttgart");
    let stuttgart = log("stuttgart");
    let mut book = federation.book();
    book.insert(&stuttgart, 4, &second(&federation, &own, |_| ()).unwrap()).unwrap();
    // The first set again, word for word: true, and signed by the identity key.
    let again = book.insert(&stuttgart, 9, &federation.keyset("stuttgart"));
    assert_eq!(again, Err(KeySetError::Number { found: 1, before: 2 }));
    let back = federation.keyset_with("stuttgart", 3, "issue");
    assert_eq!(book.insert(&stuttgart, 9, &back), Err(KeySetError::Reused));
    assert_eq!(book.in_force(&stuttgart, 100), Some(4));
    let issue = |role| key(role, "stuttgart").public();
    assert_eq!(book.issue_keys(&agency("stuttgart")), [issue("second issue"), issue("issue")]);
    assert_eq!(book.sets(&stuttgart).map(|(index, set)| (index, set.number)).collect::<Vec<_>>(), [(0, 1), (4, 2)]);
}

/// A label of stuttgart that names this key set, signed by its key of this role.
fn label(federation: &Federation, award: &Award, keyset: u64, role: &str) -> Label {
    sign_with(role, federation, Label { keyset, ..award.sign(federation) })
}

/// What lyon makes of a label at the end of stuttgart's log: its soundness after everything could be checked.
fn judged(network: &mut Network, award: &Award, keyset: u64, role: &str) -> Soundness {
    let (owner, federation) = (log("stuttgart"), network.federation.clone());
    let node = &network.nodes[&agency("lyon")];
    let mut ledger = node.logs[&owner].clone();
    let text = Record::Label(Box::new(label(&federation, award, keyset, role))).to_text().unwrap();
    let start = ledger.push(text.clone());
    let head = Checkpoint { origin: owner.origin(federation.fingerprint()), size: start + 1, root: ledger.frontier(start + 1).root() };
    let note = sign(&head, &key("log", "stuttgart")).to_string();
    let span = check::span(node.replica.book(), &owner, &note, start, vec![text], vec![]).unwrap();
    let now = network.now;
    let replica = &mut network.nodes.get_mut(&agency("lyon")).unwrap().replica;
    let effects = replica.step(now, Event::Span { from: agency("stuttgart"), span });
    let row = effects.into_iter().find_map(|effect| match effect {
        Effect::Persist(Write::Label(row)) => Some(row),
        _ => None,
    });
    row.unwrap().soundness
}

#[test]
fn every_node_takes_the_key_that_was_in_force_at_the_labels_place() {
    let founded = || Network::founded(Federation::default());
    let rotated = || {
        let mut network = founded();
        let set = second(&network.federation, &key("identity", "stuttgart"), |_| ()).unwrap();
        assert_eq!(network.append("stuttgart", &[Record::KeySet(Box::new(set))]), Ok(vec![2]));
        network
    };
    let repeated = || {
        let mut network = rotated();
        let first = network.federation.keyset("stuttgart");
        network.append("stuttgart", &[Record::KeySet(Box::new(first))]).unwrap();
        network
    };
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    let void = |flaw| Soundness::Void(flaw);
    type Case<'a> = (&'a str, &'a dyn Fn() -> Network, u64, &'a str, Soundness);
    let cases: [Case<'_>; 7] = [
        ("before, old key", &founded, 0, "issue", Soundness::Sound),
        ("before, new key", &founded, 0, "second issue", void(Flaw::IssuerProof)),
        ("after, old set and key", &rotated, 0, "issue", void(Flaw::KeySet)),
        ("after, new set, old key", &rotated, 2, "issue", void(Flaw::IssuerProof)),
        ("after, new set and key", &rotated, 2, "second issue", Soundness::Sound),
        ("after the old set was repeated, old key", &repeated, 3, "issue", void(Flaw::KeySet)),
        ("after the old set was repeated, new key", &repeated, 2, "second issue", Soundness::Sound),
    ];
    for (name, network, keyset, role, expected) in cases {
        assert_eq!(judged(&mut network(), &award, keyset, role), expected, "{name}");
    }
}

/// The table for one file: label by the old key before the rotation, by the old one after it, by the new one after it; and
/// files whose key sets were tampered with.
#[test]
fn a_file_proves_what_was_signed_before_the_rotation() {
    let (mut scene, first) = Scene::gold();
    let set = second(&scene.federation, &key("identity", "stuttgart"), |_| ()).unwrap();
    let at = scene.append("stuttgart", &Record::KeySet(Box::new(set)));
    let label = label(&scene.federation, &another(), at, "second issue");
    scene.issue(label);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    assert_outcome(&shown(&scene, first), Outcome::Valid, 0);
    assert_outcome(&shown(&scene, another().id()), Outcome::Valid, 0);

    let whole = scene.bundle(another().id());
    let of_stuttgart = |index: u64| {
        let sets = whole.keysets.iter();
        sets.clone().position(|placed| placed.index == index && placed.keyset.body.agency == agency("stuttgart")).unwrap()
    };
    let mut replayed = whole.clone();
    let mut old = replayed.keysets[of_stuttgart(0)].clone();
    old.index = at + 1;
    replayed.keysets.insert(of_stuttgart(at) + 1, old);
    assert_altered(&today(&scene.federation, &replayed), "key set");
    let mut swapped = whole.clone();
    swapped.keysets.remove(of_stuttgart(0));
    assert_outcome(&today(&scene.federation, &swapped), Outcome::Valid, 0); // the label's own set is enough
}
