//! Stuttgart lost both of its identity keys, or so it says: the others announce another one, wait, and look whether anybody still has
//! the present one (protocol, "Re-keying").

use parangon_protocol::charter::Rekeying;
use parangon_protocol::keys::{KeyError, KeySetError, SignedKeySet};
use parangon_protocol::limits::REKEYING_SECONDS;

use super::*;

const OTHERS: [&str; 4] = ["lyon", "madrid", "oslo", "porto"];

/// The version after the one in effect at lyon, drafted now.
fn follow(network: &Network, change: impl FnOnce(&mut Charter)) -> Charter {
    let chain = network.nodes[&agency("lyon")].replica.book().chain().clone();
    let present = chain.newest();
    let (version, previous) = (present.version + 1, Some(present.hash().unwrap()));
    let mut charter = Charter { version, previous, created: network.now, ..present.clone() };
    change(&mut charter);
    charter
}

fn announce(charter: &mut Charter) {
    charter.rekeyings.push(Rekeying {
        agency: agency("stuttgart"),
        announced: charter.created,
        identity: key("new identity", "stuttgart").public(),
        successor: key("new successor", "stuttgart").public().hash(),
    });
}

fn carry_out(charter: &mut Charter) {
    let waiting = charter.rekeyings.remove(0);
    let member = charter.members.iter_mut().find(|member| member.id == waiting.agency).unwrap();
    (member.identity, member.successor) = (waiting.identity, waiting.successor);
}

/// The key that stuttgart had committed to takes over, and nothing waits any more.
fn succeed(charter: &mut Charter) {
    charter.rekeyings.clear();
    let member = charter.members.iter_mut().find(|member| member.id.as_str() == "stuttgart").unwrap();
    member.identity = key("successor", "stuttgart").public();
    member.successor = key("third", "stuttgart").public().hash();
}

/// The members have announced the key, and every log has adopted that.
fn announced() -> Network {
    let mut network = network();
    let charter = follow(&network, announce);
    agree(&mut network, &charter);
    network
}

fn agree(network: &mut Network, charter: &Charter) {
    for id in OTHERS {
        if network.version(id) < charter.version {
            network.vote(id, charter, true).unwrap();
        }
    }
    for id in ALL {
        assert_eq!(network.version(id), charter.version, "{id}");
        network.adopt(id).unwrap();
    }
}

fn due(network: &Network, at: &str) -> parangon_protocol::time::Timestamp {
    let [waiting] = &network.nodes[&agency(at)].replica.rekeyings()[..] else { panic!("nothing waits") };
    assert_eq!((waiting.version, &waiting.rekeying.agency), (2, &agency("stuttgart")));
    waiting.due
}

fn keyset(network: &Network, identity: &str, number: u32, issue: &str) -> SignedKeySet {
    let body = network.federation.keyset_with("stuttgart", number, issue).body;
    body.sign(network.federation.fingerprint(), &key(identity, "stuttgart")).unwrap()
}

#[test]
fn a_key_by_the_majority_takes_over_after_thirty_days() {
    let mut network = announced();
    let charter = {
        network.now = due(&network, "lyon");
        follow(&network, carry_out)
    };
    agree(&mut network, &charter);
    let chain = network.nodes[&agency("oslo")].replica.book().chain().clone();
    assert_eq!(chain.rekeyed(&agency("stuttgart")), [3]);
    assert!(network.nodes[&agency("oslo")].replica.rekeyings().is_empty());
    // The log goes on under the new key, and the former one says no more.
    network.append("stuttgart", &[Record::KeySet(Box::new(keyset(&network, "new identity", 2, "issue-2")))]).unwrap();
    let size = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
    let oslo = &network.nodes[&agency("oslo")].replica;
    assert_eq!(oslo.final_size(&log("stuttgart")), size);
    assert_eq!(oslo.book().current(&agency("stuttgart")).unwrap().1.number, 2);
    let former = keyset(&network, "identity", 3, "issue-3");
    assert_eq!(oslo.book().verify_set(&log("stuttgart"), &former), Err(KeySetError::Key(KeyError::Forged)));
}

#[test]
fn each_node_waits_for_the_thirty_days_that_it_saw() {
    let mut network = network();
    let charter = follow(&network, announce);
    // Porto hears of it ten days after the others.
    network.stop("porto");
    for id in ["lyon", "madrid", "oslo", "stuttgart"] {
        network.vote(id, &charter, true).unwrap();
    }
    let drafted = network.now.plus(REKEYING_SECONDS);
    network.now = network.now.plus(10 * 86_400);
    network.start("porto");
    network.restart("porto");
    assert!(due(&network, "porto") >= due(&network, "lyon").plus(9 * 86_400));
    // The present key has voted for the announcement itself: that is no objection to it.
    assert!(!network.nodes[&agency("lyon")].replica.rekeyings()[0].objected);
    network.now = drafted.plus(86_400);
    let charter = follow(&network, carry_out);
    assert!(network.ballot("lyon", &charter, true).is_ok());
    let until = due(&network, "porto");
    assert_eq!(network.ballot("porto", &charter, true), Err(Refusal::RekeyingWaits { until }));
    assert!(network.ballot("porto", &charter, false).is_ok(), "it may always say no");
    network.now = until;
    assert!(network.ballot("porto", &charter, true).is_ok());
    // What a node does not propose to sign it does not take from elsewhere either.
    let vote = network.ballot("porto", &charter, true).unwrap();
    network.now = drafted;
    assert_eq!(network.cast("porto", &charter, vote), Err(Refusal::RekeyingWaits { until }));
}

#[test]
fn a_key_set_by_the_present_key_cancels_it() {
    let mut network = announced();
    let set = keyset(&network, "identity", 2, "issue-2");
    network.append("stuttgart", &[Record::KeySet(Box::new(set))]).unwrap();
    network.now = due(&network, "lyon").plus(86_400);
    let charter = follow(&network, carry_out);
    for id in OTHERS {
        network.restart(id);
        assert!(network.nodes[&agency(id)].replica.rekeyings()[0].objected, "{id}");
        assert_eq!(network.vote(id, &charter, true), Err(Refusal::RekeyingObjected), "{id}");
    }
    // It is dropped like any other change of rules.
    let dropped = follow(&network, |charter| charter.rekeyings.clear());
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &dropped, true).unwrap();
    }
    assert_eq!(network.version("stuttgart"), 3);
    assert!(network.nodes[&agency("lyon")].replica.rekeyings().is_empty());
}

#[test]
fn a_key_set_from_before_the_announcement_does_not() {
    let mut network = network();
    let set = keyset(&network, "identity", 2, "issue-2");
    network.append("stuttgart", &[Record::KeySet(Box::new(set))]).unwrap();
    let charter = follow(&network, announce);
    agree(&mut network, &charter);
    assert!(!network.nodes[&agency("lyon")].replica.rekeyings()[0].objected);
}

#[test]
fn a_vote_by_the_present_key_or_its_successor_cancels_it() {
    // On what is still open.
    let mut first = announced();
    first.now = due(&first, "lyon").plus(86_400);
    let charter = follow(&first, carry_out);
    first.vote("lyon", &charter, true).unwrap();
    first.vote("stuttgart", &charter, false).unwrap();
    assert_eq!(first.ballot("oslo", &charter, true), Err(Refusal::RekeyingObjected));
    // On what has come into effect since.
    let mut second = announced();
    let stricter = follow(&second, |charter| charter.status_max_age_days = 21);
    for id in ["lyon", "madrid", "stuttgart"] {
        second.vote(id, &stricter, true).unwrap();
    }
    second.now = due(&second, "lyon").plus(86_400);
    second.restart("oslo");
    let charter = follow(&second, carry_out);
    assert_eq!(second.ballot("oslo", &charter, true), Err(Refusal::RekeyingObjected));
    // By the successor, on the text that lets it take over.
    let mut third = announced();
    let charter = follow(&third, succeed);
    let body = third.ballot("stuttgart", &charter, true).unwrap().body;
    let by_successor = body.sign(third.federation.fingerprint(), &key("successor", "stuttgart")).unwrap();
    third.cast("stuttgart", &charter, by_successor).unwrap();
    assert!(third.nodes[&agency("oslo")].replica.rekeyings()[0].objected);
}

#[test]
fn what_the_present_key_said_is_not_forgotten_when_others_decide() {
    let mut network = announced();
    let stricter = follow(&network, |charter| charter.status_max_age_days = 21);
    network.vote("stuttgart", &stricter, false).unwrap();
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &stricter, true).unwrap();
    }
    assert_eq!(network.version("porto"), 3);
    network.restart("porto");
    network.now = due(&network, "lyon").plus(86_400);
    let charter = follow(&network, carry_out);
    for id in OTHERS {
        assert_eq!(network.ballot(id, &charter, true), Err(Refusal::RekeyingObjected), "{id}");
    }
    // A vote that comes when its version is in effect counts like one that came before.
    let mut late = announced();
    late.stop("stuttgart");
    let stricter = follow(&late, |charter| charter.status_max_age_days = 21);
    for id in ["lyon", "madrid", "oslo"] {
        late.vote(id, &stricter, true).unwrap();
    }
    late.vote("stuttgart", &stricter, true).unwrap();
    late.start("stuttgart");
    for id in ALL {
        assert!(late.nodes[&agency(id)].replica.rekeyings()[0].objected, "{id}");
    }
}

#[test]
fn announced_again_it_waits_again() {
    let mut network = announced();
    let first = follow(&network, |_| ()).rekeyings;
    let dropped = follow(&network, |charter| charter.rekeyings.clear());
    agree(&mut network, &dropped);
    // The same announcement, word for word: its date says that thirty days are almost over.
    let announced = first[0].announced;
    let again = |network: &Network| {
        follow(network, |charter| {
            charter.created = announced;
            charter.rekeyings.clone_from(&first);
        })
    };
    network.now = announced.plus(29 * 86_400);
    let future = follow(&network, |charter| {
        charter.created = charter.created.plus(86_400);
        announce(charter);
    });
    let ahead = future.created;
    assert_eq!(network.ballot("oslo", &future, true), Err(Refusal::RekeyingDate { announced: ahead }));
    let again = again(&network);
    agree(&mut network, &again);
    let [waiting] = &network.nodes[&agency("oslo")].replica.rekeyings()[..] else { panic!("nothing waits") };
    assert_eq!(waiting.version, 4);
    assert!(waiting.due >= announced.plus(29 * 86_400 + REKEYING_SECONDS));
}

#[test]
fn a_key_that_was_given_up_does_not_object() {
    let mut network = network();
    let charter = follow(&network, succeed);
    agree(&mut network, &charter);
    let announced = follow(&network, announce);
    agree(&mut network, &announced);
    let objected = |network: &Network| network.nodes[&agency("oslo")].replica.rekeyings()[0].objected;
    // Its thief can still have the log state a key set, until the successor has stated one.
    network.append("stuttgart", &[Record::KeySet(Box::new(keyset(&network, "identity", 2, "issue-2")))]).unwrap();
    assert!(!objected(&network));
    network.append("stuttgart", &[Record::KeySet(Box::new(keyset(&network, "successor", 3, "issue-3")))]).unwrap();
    assert!(objected(&network));
}

/// Its votes would bind their voters for ever.
#[test]
fn a_text_that_could_never_take_effect_is_not_voted_on() {
    let mut network = network();
    let charter = follow(&network, succeed);
    agree(&mut network, &charter);
    let back = follow(&network, |charter| {
        announce(charter);
        charter.rekeyings[0].identity = key("identity", "stuttgart").public();
    });
    assert_eq!(network.ballot("oslo", &back, true), Err(Refusal::Proposal));
    assert_eq!(network.vote("oslo", &back, true), Err(Refusal::Proposal));
    let bare = Amendment { charter: back, votes: vec![] };
    let text = parangon_protocol::canonical::encode(&bare, 1 << 20).unwrap();
    network.happen("oslo", Event::Proposal(check::proposal(text).unwrap()));
    assert!(network.nodes[&agency("oslo")].replica.proposals().is_empty());
}

#[test]
fn nobody_elses_vote_in_its_name_cancels_it() {
    let mut network = announced();
    let stricter = follow(&network, |charter| charter.status_max_age_days = 21);
    network.vote("lyon", &stricter, true).unwrap();
    let body = network.ballot("stuttgart", &stricter, true).unwrap().body;
    let forged = body.sign(network.federation.fingerprint(), &key("log", "stuttgart")).unwrap();
    // Its node refuses that one; whoever has only its log key writes it by other means.
    let mut scene = network.scene("oslo");
    hands(&mut network, &mut scene, "oslo", &Record::Vote(Box::new(forged)));
    assert!(!network.nodes[&agency("oslo")].replica.rekeyings()[0].objected);
    // Nor does it keep the true one from being heard.
    let genuine = network.ballot("stuttgart", &stricter, true).unwrap();
    hands(&mut network, &mut scene, "oslo", &Record::Vote(Box::new(genuine)));
    assert!(network.nodes[&agency("oslo")].replica.rekeyings()[0].objected);
}
