//! What a node has heard and said about the charter outlives its end (protocol, "How a version comes about").

use super::*;

#[test]
fn a_restarted_node_knows_the_version_in_effect_and_since_when() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    // Two of the four witnesses of a log that never adopts it: without them it has no quorum.
    let restart = |network: &mut Network| ["lyon", "madrid"].into_iter().for_each(|id| network.restart(id));
    let confirmed = |network: &mut Network, offer: &str| {
        issue(network, &gold("stuttgart", offer, &["lyon", "oslo"])).unwrap();
        let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
        network.nodes[&agency("oslo")].replica.final_size(&log("stuttgart")) == own
    };
    network.now = network.now.plus(6 * 86_400);
    network.stop("porto");
    network.stop("stuttgart");
    restart(&mut network);
    for id in ["lyon", "madrid"] {
        assert_eq!(network.version(id), 2, "{id}: from its own disk or from the others");
    }
    network.start("stuttgart");
    assert!(confirmed(&mut network, "first"), "the week is not over, and began before the restart");
    network.now = network.now.plus(2 * 86_400);
    restart(&mut network);
    assert!(!confirmed(&mut network, "second"), "a restart begins no new week");
}

#[test]
fn a_version_in_effect_needs_nobody_to_be_remembered() {
    let mut network = network();
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    network.adopt("lyon").unwrap();
    for id in ALL.into_iter().filter(|id| *id != "lyon") {
        network.stop(id);
    }
    network.restart("lyon");
    assert_eq!(network.version("lyon"), 2);
    assert_eq!(network.adopt("lyon"), Err(Refusal::Adoption), "adopted before");
}

#[test]
fn a_restarted_node_knows_what_was_proposed_and_how_everybody_voted() {
    let mut network = network();
    let (one, other) = (stricter(&network), next(&network, |charter| charter.status_max_age_days = 50));
    network.vote("lyon", &one, true).unwrap();
    network.vote("oslo", &one, true).unwrap();
    network.vote("porto", &one, false).unwrap();
    for id in ALL.into_iter().filter(|id| *id != "lyon") {
        network.stop(id);
    }
    network.restart("lyon");
    let replica = &network.nodes[&agency("lyon")].replica;
    let [proposal] = replica.proposals().values().collect::<Vec<_>>()[..] else { panic!("the text is lost") };
    assert_eq!((proposal.charter(), proposal.standing.present), (&one, (2, 3)));
    assert_eq!(proposal.accepted(), [agency("lyon"), agency("oslo")].into());
    assert_eq!(*proposal.rejected(), [agency("porto")].into());
    assert_eq!(network.vote("lyon", &other, true), Err(Refusal::Voted), "it knows its own vote, too");
}

#[test]
fn a_restarted_witness_keeps_to_the_head_that_it_named() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    let charter = without(&network, "stuttgart");
    let heads = |network: &Network| network.ballot("lyon", &charter, true).unwrap().body.heads;
    let before = heads(&network);
    network.restart("lyon");
    assert_eq!(heads(&network), before, "what a vote names is remembered");
    for id in ["lyon", "madrid"] {
        network.vote(id, &charter, true).unwrap();
        network.restart(id);
    }
    issue(&mut network, &gold("stuttgart", "second", &["lyon", "oslo"])).unwrap();
    let (cosigners, _) = network.nodes[&agency("oslo")].replica.cosigners(&log("stuttgart"));
    assert_eq!(cosigners, [agency("oslo"), agency("porto")]);
}

#[test]
fn labels_above_the_end_of_a_log_are_cut_off_whenever_the_node_ends() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let charter = without(&network, "stuttgart");
    for id in ["lyon", "madrid", "porto"] {
        network.vote(id, &charter, true).unwrap();
    }
    let label = issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    network.stop("lyon");
    network.vote("oslo", &charter, true).unwrap();
    assert_eq!(soundness(&network, "madrid", label), Soundness::Void(Flaw::Ended));
    // Lyon hears of the version and writes it down; then the power goes.
    let chain = Chain::clone(network.nodes[&agency("oslo")].replica.book().chain());
    network.die("lyon", Event::Chain(Box::new(chain)));
    network.restart("lyon");
    assert_eq!(network.version("lyon"), 2);
    assert_eq!(soundness(&network, "lyon", label), Soundness::Void(Flaw::Ended));
}

#[test]
fn a_restarted_node_still_says_that_two_texts_contend() {
    let mut network = network();
    let texts = [21, 50]
        .map(|days| network.federation.amended(|charter| charter.status_max_age_days = days, &["lyon", "oslo", "porto"], 0).unwrap());
    for federation in &texts {
        network.happen("lyon", Event::Chain(Box::new(Chain::clone(&federation.chain))));
    }
    assert_eq!(network.nodes[&agency("lyon")].replica.torn(), Some(2));
    network.restart("lyon");
    let replica = &network.nodes[&agency("lyon")].replica;
    assert_eq!((replica.torn(), replica.book().chain().newest()), (Some(2), texts[0].charter()));
}
