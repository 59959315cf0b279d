//! What the times of cosignatures say: heads that do not grow are cosigned again, so that "fresh as of" does not stand still, and
//! clocks get a floor (protocol, "Logs and witnesses").

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

#[path = "../support/mod.rs"]
mod support;

mod blank;

use std::collections::BTreeMap;

use parangon_protocol::check;
use parangon_protocol::id::AgencyId;
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::cosignature;
use parangon_protocol::replica::Event;
use parangon_protocol::time::Timestamp;
use support::federation::{Federation, key};
use support::network::Network;
use support::{agency, anchor, log};

const ALL: [&str; 5] = ["lyon", "madrid", "oslo", "porto", "stuttgart"];
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// When each member cosigned the head that `by` keeps of lyon's log, with its quorum.
fn times(network: &Network, by: &str) -> BTreeMap<AgencyId, Timestamp> {
    let node = &network.nodes[&agency(by)];
    let head = parangon_protocol::message::Head { log: log("lyon"), note: node.kept[&log("lyon")].clone() };
    let head = check::head(node.replica.book(), &head).unwrap();
    head.cosignatures().iter().map(|(witness, line)| (witness.clone(), line.time)).collect()
}

/// Until when lyon's head was surely the newest, as `by` can show.
fn fresh(network: &Network, by: &str) -> Timestamp {
    let witnesses = network.federation.charter().witnesses(&agency("lyon"));
    witnesses.tally(times(network, by)).fresh_as_of().unwrap()
}

fn pass(network: &mut Network, seconds: u64) {
    network.now = network.now.plus(seconds);
    network.settle();
}

#[test]
fn a_head_that_does_not_grow_is_cosigned_again_every_day() {
    let mut network = Network::founded(Federation::default());
    let (size, began) = (network.nodes[&agency("oslo")].replica.held(&log("lyon")).unwrap().0, fresh(&network, "lyon"));
    pass(&mut network, DAY - HOUR);
    assert_eq!(ALL.map(|by| fresh(&network, by)), [began; 5], "not before a day is over");
    for day in 1..=3 {
        let before = network.now;
        pass(&mut network, DAY);
        // Everybody can show it, not its owner alone.
        let now: Vec<Timestamp> = ALL.iter().map(|by| fresh(&network, by)).collect();
        assert!(now.iter().all(|fresh| *fresh >= before), "day {day}: {now:?}");
    }
    let oslo = &network.nodes[&agency("oslo")].replica;
    assert_eq!((oslo.held(&log("lyon")).unwrap().0, oslo.final_size(&log("lyon"))), (size, size), "and nothing else has happened");
}

/// n = 4, k = 3, f = 1: what a single witness says may be a lie.
#[test]
fn freshness_takes_more_witnesses_than_may_lie() {
    for (away, advances) in [(&["oslo", "porto"][..], true), (&["madrid", "oslo", "porto"], false)] {
        let mut network = Network::founded(Federation::default());
        let began = fresh(&network, "lyon");
        away.iter().for_each(|id| network.stop(id));
        pass(&mut network, 2 * DAY);
        assert_eq!(fresh(&network, "lyon") >= began.plus(DAY), advances, "{away:?} are away");
        // Who comes back says what it saw itself, and learns what the others said.
        away.iter().for_each(|id| network.start(id));
        network.settle();
        assert!(fresh(&network, "lyon") >= began.plus(2 * DAY));
    }
}

#[test]
fn who_repeats_itself_is_not_listened_to() {
    let mut network = Network::founded(Federation::default());
    let lyon = agency("lyon");
    let cosigned = |network: &Network, hours: u64| {
        let replica = &network.nodes[&lyon].replica;
        let book = replica.book().clone();
        let (size, root) = replica.held(&log("lyon")).unwrap();
        let head = Checkpoint { origin: log("lyon").origin(book.federation()), size, root };
        let name = network.federation.witness_name("oslo");
        let line = cosignature::cosign(&head, &key("witness", "oslo"), &name, times(network, "lyon")[&agency("oslo")].plus(hours * HOUR));
        Event::Cosignature(check::cosignature(&book, &log("lyon"), &head, &line.to_string()).unwrap())
    };
    let newest = |network: &Network| network.nodes[&lyon].replica.newest_head(&log("lyon")).unwrap().note;
    let before = newest(&network);
    for hours in [0, 1, 11] {
        let event = cosigned(&network, hours);
        network.happen("lyon", event);
        assert_eq!(newest(&network), before, "{hours} hours later");
    }
    let event = cosigned(&network, 12);
    network.happen("lyon", event);
    assert_ne!(newest(&network), before);
    let kept = times(&network, "lyon");
    assert!(kept.values().all(|time| *time <= network.now), "one voice alone is noted, and proves nothing: {kept:?}");
}

#[test]
fn what_all_cosigners_say_is_over_is_the_clocks_floor() {
    let mut network = Network::founded(Federation::default());
    let vouched = |network: &Network| ALL.map(|by| network.nodes[&agency(by)].vouched);
    let began = vouched(&network);
    pass(&mut network, 3 * HOUR);
    assert_eq!(vouched(&network), began, "nothing was signed since");
    let before = network.now;
    network.append("porto", &[anchor(2)]).unwrap();
    let floor = vouched(&network);
    assert!(floor.iter().all(|at| *at >= before && *at <= network.now), "{floor:?}");
    // A clock that is set back changes nothing of it.
    network.now = began[0];
    network.settle();
    assert_eq!(vouched(&network), floor);
}
