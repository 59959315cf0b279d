//! Five replicas, one of which loses what it knew of its own log: it asks the others, brings its records back, and goes on in a
//! new epoch (cases L10 to L13; protocol, "Restore" and "Epoch").

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

mod closed;
mod resumed;
mod stolen;
#[path = "../support/mod.rs"]
mod support;

use parangon_protocol::id::Hash;
use parangon_protocol::label::status::State;
use parangon_protocol::label::{Label, LabelId};
use parangon_protocol::log::checkpoint::{Checkpoint, SignedCheckpoint};
use parangon_protocol::message::Head;
use parangon_protocol::record::{Action, Anchor, EndorsementEntry, Epoch, Reason, Record, Standing};
use parangon_protocol::replica::{Event, Progress, Refusal};
use parangon_protocol::verify::{Outcome, Trust, verify};
use support::award::{gold, sign_with};
use support::federation::{Federation, key};
use support::network::Network;
use support::{agency, anchor, log, time};

const ALL: [&str; 5] = ["lyon", "madrid", "oslo", "porto", "stuttgart"];

fn network() -> Network {
    Network::founded(Federation::default())
}

/// A label with two endorsements; each endorser confirms its own.
fn issue(network: &mut Network, owner: &str, offer: &str) -> LabelId {
    let award = gold(owner, offer, &["madrid", "oslo"]);
    // By the key set in force, which the node knows.
    let (keyset, _) = network.nodes[&agency(owner)].replica.book().current(&agency(owner)).unwrap();
    let label = sign_with("issue", &network.federation, Label { keyset, ..award.sign(&network.federation) });
    let id = award.id();
    network.append(owner, &[Record::Label(Box::new(label.clone()))]).unwrap();
    for endorsement in &label.endorsements {
        let entry = EndorsementEntry { endorsement: endorsement.id(&id).unwrap() };
        network.append(endorsement.endorser.as_str(), &[Record::Endorsement(id, entry)]).unwrap();
    }
    id
}

fn withdraw(network: &mut Network, owner: &str, label: LabelId) {
    let standing = Standing { action: Action::Withdraw, reason: Reason::Error, at: network.now };
    network.append(owner, &[Record::Standing(label, standing)]).unwrap();
}

fn progress(network: &Network, id: &str) -> Option<Progress> {
    network.nodes[&agency(id)].replica.recovery()
}

/// Size, root, epoch and what is final of a log, as each of these holds it.
fn held(network: &Network, owner: &str, by: &[&str]) -> Vec<(u64, Hash, u32, u64)> {
    let of = |id: &&str| {
        let replica = &network.nodes[&agency(id)].replica;
        let (size, root) = replica.held(&log(owner)).unwrap();
        (size, root, replica.epoch(&log(owner)), replica.final_size(&log(owner)))
    };
    by.iter().map(of).collect()
}

/// All hold the same of a log, all of it is final, and it is in this epoch.
fn agreed(network: &Network, owner: &str, epoch: u32) {
    let all = held(network, owner, &ALL);
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    // Numbers grow, and one is left out where somebody may have seen it.
    assert!(all[0].2 >= epoch && (epoch > 1) == (all[0].2 > 1), "{all:?}");
    assert_eq!(all[0].3, all[0].0);
}

#[test]
fn an_old_backup_comes_back_and_goes_on_in_a_new_epoch() {
    let mut network = network();
    let first = issue(&mut network, "lyon", "first");
    let backup = network.backup("lyon");
    withdraw(&mut network, "lyon", first);
    let second = issue(&mut network, "lyon", "second");
    network.append("lyon", &[anchor(1)]).unwrap();
    let before = held(&network, "oslo", &ALL);
    network.restore("lyon", &backup);
    assert_eq!(progress(&network, "lyon"), None, "it knows what it had signed");
    agreed(&network, "lyon", 2);
    let (size, ..) = held(&network, "lyon", &["lyon"])[0];
    assert_eq!(size, 7, "key set, charter, label, withdrawal, label, anchor, and the record that begins the epoch");
    let lyon = &network.nodes[&agency("lyon")].replica;
    assert_eq!((lyon.label(&first), lyon.label(&second)), (Some(State::Withdrawn), Some(State::Active)));
    assert_eq!(held(&network, "oslo", &ALL), before, "other logs are as they were");
    // And it goes on: for its own log and as a witness of others.
    network.append("lyon", &[anchor(2)]).unwrap();
    network.append("oslo", &[anchor(3)]).unwrap();
    agreed(&network, "lyon", 2);
    agreed(&network, "oslo", 1);
    assert!(network.nodes[&agency("oslo")].replica.cosigners(&log("oslo")).0.contains(&agency("lyon")));
}

#[test]
fn a_label_of_either_epoch_verifies_from_one_file() {
    let mut network = network();
    let earlier = issue(&mut network, "lyon", "earlier");
    let backup = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    network.restore("lyon", &backup);
    agreed(&network, "lyon", 2);
    let later = issue(&mut network, "lyon", "later");
    network.append_status("lyon").unwrap();
    for label in [earlier, later] {
        let file = network.scene("stuttgart").text(label);
        let trust = Trust::new([*network.federation.fingerprint()]);
        let verdict = verify(&file, &trust, time("2026-11-25T00:00:00Z"));
        assert_eq!(verdict.verdict, Outcome::Valid, "{verdict:?}");
    }
}

#[test]
fn alone_it_signs_nothing_and_says_what_is_missing() {
    let mut network = network();
    let backup = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.stop(id);
    }
    network.restore("lyon", &backup);
    assert_eq!(network.append("lyon", &[anchor(2)]), Err(Refusal::Recovering));
    for (id, have) in [("madrid", 1), ("oslo", 2)] {
        network.start(id);
        let progress = progress(&network, "lyon").unwrap();
        assert_eq!((progress.have, progress.needed, progress.answered.len()), (have, 3, have), "two of three are not enough");
        assert_eq!(progress.records, (3, 3), "what they have is back meanwhile");
        let madrid = &network.nodes[&agency("madrid")].replica;
        assert!(!madrid.cosigners(&log("madrid")).0.contains(&agency("lyon")) || madrid.held(&log("madrid")).unwrap().0 == 2);
    }
    network.start("porto");
    assert_eq!(progress(&network, "lyon"), None);
    network.start("stuttgart");
    agreed(&network, "lyon", 2);
}

#[test]
fn a_restart_during_the_recovery_asks_anew() {
    let mut network = network();
    let backup = network.backup("lyon");
    for id in ["oslo", "porto", "stuttgart"] {
        network.stop(id);
    }
    network.restore("lyon", &backup);
    assert_eq!(progress(&network, "lyon").unwrap().answered, [agency("madrid")]);
    network.stop("madrid");
    network.restart("lyon");
    assert_eq!(progress(&network, "lyon").unwrap().answered, [], "an answer to an earlier question is none");
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.start(id);
    }
    agreed(&network, "lyon", 2);
    network.restart("lyon");
    agreed(&network, "lyon", 2);
}

#[test]
fn a_power_cut_alone_is_no_restore() {
    let mut network = network();
    network.append("lyon", &[anchor(1)]).unwrap();
    network.restart("lyon");
    network.append("lyon", &[anchor(2)]).unwrap();
    agreed(&network, "lyon", 1);
}

/// Lyon withdraws the label and states one record more while only porto is there, which goes away then.
fn shown_to_porto_alone(network: &mut Network, label: LabelId) {
    for id in ["madrid", "oslo", "stuttgart"] {
        network.stop(id);
    }
    withdraw(network, "lyon", label);
    network.append("lyon", &[anchor(1)]).unwrap();
    assert_eq!(held(network, "lyon", &["porto"])[0].0, 5);
    network.stop("porto");
}

#[test]
fn what_only_one_witness_saw_is_given_up_once_the_others_have_confirmed_the_new_epoch() {
    let mut network = network();
    let label = issue(&mut network, "lyon", "first");
    let backup = network.backup("lyon");
    shown_to_porto_alone(&mut network, label);
    network.stop("lyon");
    for id in ["madrid", "oslo", "stuttgart"] {
        network.start(id);
    }
    network.restore("lyon", &backup);
    assert_eq!(progress(&network, "lyon"), None, "three have said what they saw");
    assert_eq!(held(&network, "lyon", &["lyon"])[0].0, 4, "key set, charter, label, epoch");
    network.start("porto");
    agreed(&network, "lyon", 2);
    let porto = |network: &Network| network.nodes[&agency("porto")].replica.cosigners(&log("lyon")).0.contains(&agency("porto"));
    network.append("lyon", &[anchor(2)]).unwrap();
    assert!(!porto(&network), "it had cosigned more of the former epoch, and never says otherwise");
    agreed(&network, "lyon", 2);
    network.restart("porto");
    network.append("lyon", &[anchor(3)]).unwrap();
    assert!(!porto(&network), "also after a restart");
    agreed(&network, "lyon", 2);
}

#[test]
fn a_second_node_with_the_same_keys_is_noticed_and_stops() {
    let mut network = network();
    let copy = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    network.replace("lyon", &copy);
    assert!(progress(&network, "lyon").unwrap().rival);
    assert_eq!(network.append("lyon", &[anchor(2)]), Err(Refusal::Rival));
    // Not by itself, or the two would take turns; when it is started again, and the others have answered.
    network.settle();
    assert!(progress(&network, "lyon").unwrap().rival);
    network.restart("lyon");
    network.append("lyon", &[anchor(2)]).unwrap();
    agreed(&network, "lyon", 2);
}

#[test]
fn nobody_begins_an_epoch_by_hand() {
    let mut network = network();
    assert_eq!(network.append("lyon", &[Record::Epoch(Epoch { keyset: None, number: 2 })]), Err(Refusal::Epoch));
    agreed(&network, "lyon", 1);
}

#[test]
fn a_witness_that_answered_cosigns_nothing_more_of_that_epoch() {
    let mut network = network();
    let backup = network.backup("lyon");
    network.happen("madrid", Event::Asked { agency: agency("lyon") });
    network.append("lyon", &[anchor(1)]).unwrap();
    let by = |network: &Network| network.nodes[&agency("oslo")].replica.cosigners(&log("lyon")).0;
    assert_eq!(by(&network), ["oslo", "porto", "stuttgart"].map(agency));
    network.restart("madrid");
    network.append("lyon", &[anchor(2)]).unwrap();
    assert_eq!(by(&network), ["oslo", "porto", "stuttgart"].map(agency), "nor after a restart");
    network.restore("lyon", &backup);
    agreed(&network, "lyon", 2);
    assert!(by(&network).contains(&agency("madrid")), "the next epoch has its word again");
}

#[test]
fn what_nobody_else_ever_saw_gives_way_to_what_the_others_have() {
    let mut network = network();
    let early = network.backup("lyon");
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.stop(id);
    }
    network.append("lyon", &[anchor(1)]).unwrap();
    let unseen = network.backup("lyon");
    network.stop("lyon");
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.start(id);
    }
    // Back from one backup, then from another one with a record that the new epoch does not hold.
    network.restore("lyon", &early);
    network.append("lyon", &[anchor(2)]).unwrap();
    agreed(&network, "lyon", 2);
    network.restore("lyon", &unseen);
    assert_eq!(progress(&network, "lyon"), None);
    agreed(&network, "lyon", 3);
    network.append("lyon", &[anchor(3)]).unwrap();
    agreed(&network, "lyon", 3);
}

#[test]
fn a_copy_that_wrote_something_else_gives_way_too() {
    let mut network = network();
    let copy = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.stop(id);
    }
    // The copy writes a record of its own to its disk, and ends before anybody sees its head.
    network.replace("lyon", &copy);
    let record = Record::Anchor(Anchor { day: time("2026-11-03T00:00:00Z"), root: Hash::of(&[b"other"]) });
    let book = network.nodes[&agency("lyon")].replica.book().clone();
    let checked = parangon_protocol::check::record(&book, &log("lyon"), 2, record.to_text().unwrap()).unwrap();
    network.die("lyon", Event::Append { ticket: 9, records: vec![checked] });
    let copy = network.backup("lyon");
    for id in ["madrid", "oslo", "porto", "stuttgart"] {
        network.start(id);
    }
    network.restore("lyon", &copy);
    assert_eq!(progress(&network, "lyon"), None);
    agreed(&network, "lyon", 2);
    assert!(ALL.iter().all(|id| !network.nodes[&agency(id)].replica.frozen(&log("lyon"))));
}

/// Among four all others must confirm each head: one that came while its witness recovered is confirmed afterwards.
#[test]
fn what_came_during_a_recovery_is_cosigned_after_it() {
    let mut network = Network::founded(Federation::found(|charter| charter.members.retain(|member| member.id.as_str() != "porto")));
    let others = ["madrid", "oslo", "stuttgart"];
    let copy = network.backup("lyon");
    network.append("lyon", &[anchor(1)]).unwrap();
    network.replace("lyon", &copy);
    assert!(progress(&network, "lyon").unwrap().rival);
    for id in others {
        network.append(id, &[anchor(1)]).unwrap();
    }
    network.restart("lyon");
    assert_eq!(progress(&network, "lyon"), None);
    for owner in others {
        for (size, .., confirmed) in held(&network, owner, &["lyon", "madrid", "oslo", "stuttgart"]) {
            assert_eq!(confirmed, size, "{owner}");
        }
    }
}
