//! Lyon's log told two stories. The members let it go on in a new epoch, with what its own node holds (protocol, "After a fork").

use parangon_protocol::charter::{Charter, Resumption};
use parangon_protocol::check;
use parangon_protocol::id::LogId;
use parangon_protocol::log::fork::{ForkEvidence, ForkProof};

use super::*;

const OTHERS: [&str; 4] = ["madrid", "oslo", "porto", "stuttgart"];

fn forking() -> Network {
    let mut network = network();
    network.forks = true;
    network
}

/// A head of lyon's log that its key signed over something else; everybody who sees it beside the true one has the proof.
fn told_twice(network: &mut Network) {
    let (size, _) = network.nodes[&agency("lyon")].replica.held(&log("lyon")).unwrap();
    let epoch = network.nodes[&agency("oslo")].replica.epoch(&log("lyon"));
    let head = Checkpoint { origin: origin(network, epoch), size, root: Hash::of(&[b"another story"]) };
    hears(network, &head);
    network.settle();
}

/// Oslo hears of a head by lyon's key.
fn hears(network: &mut Network, head: &Checkpoint) {
    let note = SignedCheckpoint::sign(head, &key("log", "lyon")).unwrap().to_string();
    let book = network.nodes[&agency("oslo")].replica.book().clone();
    let head = check::head(&book, &Head { log: log("lyon"), note }).unwrap();
    network.happen("oslo", Event::Head { from: agency("porto"), head });
}

fn origin(network: &Network, epoch: u32) -> String {
    LogId { agency: agency("lyon"), epoch }.origin(network.federation.fingerprint())
}

fn frozen(network: &Network) -> Vec<&'static str> {
    ALL.into_iter().filter(|id| network.nodes[&agency(id)].replica.frozen(&log("lyon"))).collect()
}

/// The next version, which declares that epoch of lyon's log over.
fn over(network: &Network, epoch: u32) -> Charter {
    let chain = network.nodes[&agency("oslo")].replica.book().chain().clone();
    let (version, previous) = (chain.newest().version + 1, Some(chain.newest().hash().unwrap()));
    let resumptions = vec![Resumption { agency: agency("lyon"), epoch }];
    Charter { version, previous, resumptions, ..chain.newest().clone() }
}

fn vote(network: &mut Network, voters: &[&str], charter: &Charter) {
    for id in voters {
        network.vote(id, charter, true).unwrap();
    }
}

fn resume(network: &mut Network, epoch: u32) -> Charter {
    let charter = over(network, epoch);
    vote(network, &OTHERS, &charter);
    assert!(ALL.iter().all(|id| network.version(id) == charter.version));
    charter
}

#[test]
fn a_log_that_forked_goes_on_in_a_new_epoch_when_the_members_say_so() {
    let mut network = forking();
    let label = issue(&mut network, "lyon", "first");
    told_twice(&mut network);
    assert_eq!(frozen(&network), ALL);
    assert_eq!(network.append("lyon", &[anchor(1)]), Err(Refusal::Frozen));
    let before = network.nodes[&agency("oslo")].replica.final_size(&log("lyon"));
    resume(&mut network, 1);
    assert_eq!((frozen(&network), progress(&network, "lyon")), (vec![], None));
    agreed(&network, "lyon", 2);
    let (size, ..) = held(&network, "lyon", &["oslo"])[0];
    assert_eq!(size, before + 1, "what was final, and the beginning of the epoch");
    let later = issue(&mut network, "lyon", "second");
    network.adopt("lyon").unwrap();
    agreed(&network, "lyon", 2);
    for id in ALL {
        let replica = &network.nodes[&agency(id)].replica;
        assert_eq!([label, later].map(|label| replica.label(&label)), [Some(State::Active); 2], "{id}");
    }
    // The same two stories again freeze nothing, wherever they are told, nor after a restart.
    network.restart("oslo");
    told_twice_in(&mut network, 1);
    assert_eq!(frozen(&network), Vec::<&str>::new());
    // Two stories of the new epoch do, and the next word of the members is about that one.
    told_twice(&mut network);
    assert_eq!(frozen(&network), ALL);
    let epoch = network.nodes[&agency("oslo")].replica.epoch(&log("lyon"));
    let charter = resume(&mut network, epoch);
    assert_eq!((charter.version, frozen(&network)), (3, vec![]));
    assert!(network.nodes[&agency("oslo")].replica.epoch(&log("lyon")) > epoch);
    agreed(&network, "lyon", 3);
}

/// Two heads of three records of that epoch; madrid has the proof.
fn told_twice_in(network: &mut Network, epoch: u32) {
    let origin = origin(network, epoch);
    let signed = |story: &[u8]| {
        let head = Checkpoint { origin: origin.clone(), size: 3, root: Hash::of(&[story]) };
        SignedCheckpoint::sign(&head, &key("log", "lyon")).unwrap()
    };
    let book = network.nodes[&agency("madrid")].replica.book().clone();
    let proof = ForkProof { first: signed(b"one").to_string(), second: signed(b"other").to_string(), evidence: ForkEvidence::SameSize };
    network.happen("madrid", Event::Fork(check::fork(&book, proof).unwrap()));
    network.settle();
}

#[test]
fn who_is_away_follows_later() {
    let mut network = forking();
    issue(&mut network, "lyon", "first");
    told_twice(&mut network);
    network.stop("stuttgart");
    let charter = over(&network, 1);
    vote(&mut network, &["madrid", "oslo", "porto"], &charter);
    assert_eq!(network.version("oslo"), 1, "three of five are not two thirds");
    network.stop("lyon");
    network.start("stuttgart");
    network.vote("stuttgart", &charter, true).unwrap();
    assert_eq!(frozen(&network), ["lyon"]);
    // Frozen no more, and nothing new of the epoch that is over is cosigned.
    network.restart("oslo");
    network.start("lyon");
    assert_eq!((frozen(&network), progress(&network, "lyon")), (vec![], None));
    agreed(&network, "lyon", 2);
}

/// All have voted, and two of them are away when it takes effect: too few answer the owner.
fn decided_with_two_away(network: &mut Network) {
    let charter = over(network, 1);
    vote(network, &["madrid", "oslo", "porto"], &charter);
    network.stop("madrid");
    network.stop("oslo");
    network.vote("stuttgart", &charter, true).unwrap();
}

#[test]
fn an_owner_that_ends_meanwhile_goes_on_with_what_it_has() {
    let mut network = forking();
    issue(&mut network, "lyon", "first");
    told_twice(&mut network);
    let before = held(&network, "lyon", &["lyon"])[0];
    // It waits, and a restart asks anew.
    decided_with_two_away(&mut network);
    let waiting = progress(&network, "lyon").unwrap();
    assert_eq!((waiting.have, waiting.needed, waiting.rival), (2, 3, false));
    assert_eq!(network.append("lyon", &[anchor(1)]), Err(Refusal::Recovering));
    network.restart("lyon");
    assert_eq!(progress(&network, "lyon").unwrap().have, 2);
    network.start("madrid");
    assert_eq!(progress(&network, "lyon"), None);
    network.start("oslo");
    agreed(&network, "lyon", 2);
    assert_eq!(held(&network, "lyon", &["lyon"])[0].0, before.0 + 1);
}

/// A copy of lyon's node told porto another story, which porto took and cosigned.
#[test]
fn a_witness_of_the_other_story_comes_over() {
    let mut network = forking();
    let label = issue(&mut network, "lyon", "first");
    let copy = network.backup("lyon");
    shown_to_porto_alone(&mut network, label);
    network.replace("lyon", &copy);
    for id in ["madrid", "oslo", "stuttgart"] {
        network.start(id);
    }
    let second = issue(&mut network, "lyon", "second");
    network.append("lyon", &[anchor(3)]).unwrap();
    let ours = held(&network, "lyon", &["lyon", "oslo"]);
    assert_eq!((ours[0].0, ours[0].1), (5, ours[1].1), "as many records as porto has, and others");
    network.start("porto");
    network.settle();
    assert_eq!(frozen(&network), ALL);
    // Its node had noticed that another one has its keys: whoever runs it stops that one, and starts it again.
    assert!(progress(&network, "lyon").unwrap().rival);
    resume(&mut network, 1);
    assert!(progress(&network, "lyon").unwrap().rival);
    network.restart("lyon");
    assert_eq!((frozen(&network), progress(&network, "lyon")), (vec![], None));
    agreed(&network, "lyon", 2);
    for id in ALL {
        assert_eq!(network.nodes[&agency(id)].replica.label(&second), Some(State::Active), "{id}");
    }
    assert_eq!(held(&network, "lyon", &["porto"])[0].0, 6, "what the owner's node holds, and the beginning of the epoch");
    // It had cosigned what is left out, and says so no more: its word counts again from here on.
    network.append("lyon", &[anchor(2)]).unwrap();
    assert!(network.nodes[&agency("porto")].replica.cosigners(&log("lyon")).0.contains(&agency("porto")));
}

/// Whoever has lyon's key goes on where it ended, while lyon is away.
#[test]
fn nothing_more_of_the_epoch_is_cosigned() {
    let mut network = forking();
    told_twice(&mut network);
    network.stop("lyon");
    let charter = over(&network, 1);
    vote(&mut network, &OTHERS, &charter);
    let mut scene = network.scene("oslo");
    let start = scene.logs[&log("lyon")].size();
    scene.append("lyon", &anchor(7));
    scene.cosign("lyon", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency("oslo")].replica.book()).clone();
    let records = vec![scene.logs[&log("lyon")].get(start).to_vec()];
    let span = check::span(&book, &log("lyon"), &scene.notes[&log("lyon")], start, records, vec![]).unwrap();
    network.happen("oslo", Event::Span { from: agency("porto"), span });
    network.settle();
    let replica = &network.nodes[&agency("oslo")].replica;
    assert_eq!(replica.held(&log("lyon")).unwrap().0, start + 1);
    assert_eq!((replica.cosigners(&log("lyon")).0, replica.final_size(&log("lyon"))), (vec![], start));
    // Its owner goes on where it was: what a thief added is left out.
    network.start("lyon");
    assert_eq!(progress(&network, "lyon"), None);
    agreed(&network, "lyon", 2);
    assert_eq!(held(&network, "lyon", &["oslo"])[0].0, start + 1);
}

/// A disk that was restored says nothing of what the log is, whatever was decided before.
#[test]
fn a_backup_from_before_comes_back_with_everything() {
    let mut network = forking();
    issue(&mut network, "lyon", "first");
    let early = network.backup("lyon");
    told_twice(&mut network);
    resume(&mut network, 1);
    for day in 1..4 {
        network.append("lyon", &[anchor(day)]).unwrap();
    }
    agreed(&network, "lyon", 2);
    let before = held(&network, "lyon", &["oslo"])[0];
    // It brings the files of today, which name the version, and the store of then.
    network.restore("lyon", &early);
    assert_eq!(progress(&network, "lyon"), None);
    agreed(&network, "lyon", 3);
    assert_eq!(held(&network, "lyon", &["oslo"])[0].0, before.0 + 1, "nothing is missing, and an epoch begins");
}

#[test]
fn a_backup_made_while_it_waits_is_no_proof_of_a_whole_disk() {
    let mut network = forking();
    issue(&mut network, "lyon", "first");
    told_twice(&mut network);
    decided_with_two_away(&mut network);
    let waiting = network.backup("lyon");
    assert_eq!(progress(&network, "lyon").unwrap().have, 2);
    network.start("madrid");
    network.start("oslo");
    network.append("lyon", &[anchor(1)]).unwrap();
    agreed(&network, "lyon", 2);
    let before = held(&network, "lyon", &["oslo"])[0].0;
    network.restore("lyon", &waiting);
    agreed(&network, "lyon", 3);
    assert_eq!(held(&network, "lyon", &["oslo"])[0].0, before + 1);
}

/// Whoever has the log's key names any epoch. One that is out of reach is nothing, and nobody votes for declaring it over.
#[test]
fn an_epoch_out_of_reach_neither_freezes_nor_ends() {
    let mut network = forking();
    told_twice_in(&mut network, 1_000_000);
    told_twice_in(&mut network, u32::MAX);
    assert_eq!(frozen(&network), Vec::<&str>::new());
    let far = over(&network, 1_000_000);
    assert_eq!(network.ballot("oslo", &far, true), Err(Refusal::ResumptionEpoch { epoch: 1_000_000 }));
    // One within reach is, and the log goes on behind it.
    told_twice_in(&mut network, 60_000);
    assert_eq!(frozen(&network), ALL);
    assert_eq!(network.nodes[&agency("oslo")].replica.forked(&log("lyon")), Some(60_000));
    resume(&mut network, 60_000);
    agreed(&network, "lyon", 60_001);
}

/// A thief goes on to tell two stories, of the epochs that come next.
#[test]
fn nobody_stops_a_log_that_is_about_to_go_on() {
    let mut network = forking();
    told_twice(&mut network);
    network.stop("lyon");
    let charter = over(&network, 1);
    vote(&mut network, &OTHERS, &charter);
    for epoch in [1, 2, 3] {
        told_twice_in(&mut network, epoch);
    }
    // Nor does one story of an epoch that its records do not begin.
    let (size, root) = network.nodes[&agency("oslo")].replica.held(&log("lyon")).unwrap();
    let head = Checkpoint { origin: origin(&network, 2), size, root };
    hears(&mut network, &head);
    assert_eq!(frozen(&network), ["lyon"]);
    network.start("lyon");
    assert_eq!((frozen(&network), progress(&network, "lyon")), (vec![], None));
    agreed(&network, "lyon", 2);
}

#[test]
fn an_untrue_status_is_not_undone() {
    let mut network = forking();
    let label = issue(&mut network, "lyon", "first");
    let mut scene = network.scene("oslo");
    let start = scene.logs[&log("lyon")].size();
    scene.state_as("lyon", vec![(label, State::Withdrawn)]);
    scene.cosign("lyon", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency("oslo")].replica.book()).clone();
    let records = (start..scene.logs[&log("lyon")].size()).map(|index| scene.logs[&log("lyon")].get(index).to_vec()).collect();
    let span = check::span(&book, &log("lyon"), &scene.notes[&log("lyon")], start, records, vec![]).unwrap();
    network.happen("oslo", Event::Span { from: agency("lyon"), span });
    network.settle();
    assert_eq!(frozen(&network), ALL);
    resume(&mut network, 1);
    assert_eq!(frozen(&network), ALL);
}
