//! Five replicas change their charter: votes in logs, texts pulled by hash, versions that take effect, logs that adopt them,
//! members that leave (cases G1 to G6, protocol "Amending").

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

mod refused;
mod rekeying;
mod restart;
#[path = "../support/mod.rs"]
mod support;

use parangon_protocol::charter::{Amendment, Chain, Charter, Vote};
use parangon_protocol::check::{self, CheckedSpan, Flaw, KeyBook, Soundness};
use parangon_protocol::label::LabelId;
use parangon_protocol::record::{Record, RecordError};
use parangon_protocol::replica::{Change, Event, Refusal};
use support::award::{Award, gold};
use support::federation::{Federation, key};
use support::network::Network;
use support::scene::Scene;
use support::{agency, log, time};

const ALL: [&str; 5] = ["lyon", "madrid", "oslo", "porto", "stuttgart"];

fn network() -> Network {
    Network::founded(Federation::default())
}

/// The version after the first one, changed.
fn next(network: &Network, change: impl FnOnce(&mut Charter)) -> Charter {
    let present = network.federation.charter();
    let mut charter = Charter { version: present.version + 1, previous: Some(present.hash().unwrap()), ..present.clone() };
    change(&mut charter);
    charter
}

fn stricter(network: &Network) -> Charter {
    next(network, |charter| charter.status_max_age_days = 21)
}

fn without(network: &Network, id: &str) -> Charter {
    next(network, |charter| charter.members.retain(|member| member.id.as_str() != id))
}

fn issue(network: &mut Network, award: &Award) -> Result<LabelId, Refusal> {
    let label = award.sign(&network.federation);
    network.append(award.common.owner.as_str(), &[Record::Label(Box::new(label))]).map(|_| award.id())
}

/// What a node says of a label's soundness, from the writes it asked for.
fn soundness(network: &Network, at: &str, label: LabelId) -> Soundness {
    network.nodes[&agency(at)].labels[&label].clone()
}

#[test]
fn the_vote_that_makes_a_majority_puts_a_version_into_effect_everywhere() {
    let mut network = network();
    let charter = stricter(&network);
    network.vote("lyon", &charter, true).unwrap();
    network.vote("oslo", &charter, true).unwrap();
    for id in ALL {
        assert_eq!(network.version(id), 1, "two of five are not more than half");
        let replica = &network.nodes[&agency(id)].replica;
        let [proposal] = replica.proposals().values().collect::<Vec<_>>()[..] else { panic!("{id} did not fetch the text") };
        assert_eq!((proposal.standing.present, proposal.charter()), ((2, 3), &charter));
    }
    network.vote("porto", &charter, true).unwrap();
    for id in ALL {
        assert_eq!(network.version(id), 2, "{id}");
        assert!(network.nodes[&agency(id)].news.contains(&Change::Charter { version: 2 }));
        assert!(network.nodes[&agency(id)].replica.proposals().is_empty(), "what is law is no proposal");
    }
}

#[test]
fn who_was_away_gets_the_version_with_its_votes() {
    let mut network = network();
    network.stop("porto");
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    network.adopt("lyon").unwrap();
    // A label that stands on the new version, behind an adoption that Porto does not understand yet.
    let mut award = gold("lyon", "second", &["madrid", "oslo"]);
    let (adoption, _) = network.nodes[&agency("lyon")].replica.adopted(&log("lyon")).unwrap();
    (award.common.charter, award.adoption) = (2, adoption);
    network.federation.chain = network.nodes[&agency("lyon")].replica.book().chain().clone();
    let label = issue(&mut network, &award).unwrap();
    assert_eq!(network.version("porto"), 1);
    network.start("porto");
    network.settle();
    assert_eq!(network.version("porto"), 2);
    assert_eq!(soundness(&network, "porto", label), Soundness::Sound);
    assert_eq!(network.nodes[&agency("porto")].logs[&log("lyon")].size(), network.nodes[&agency("lyon")].logs[&log("lyon")].size());
    assert_eq!(network.nodes[&agency("porto")].replica.stalled(&log("lyon")), None);
}

/// Stuttgart's log as somebody saw it, from `start` on, with one more record.
fn span(scene: &Scene, book: &KeyBook, id: &str, start: u64) -> CheckedSpan {
    let ledger = &scene.logs[&log(id)];
    let records = (start..ledger.size()).map(|index| ledger.get(index).to_vec()).collect();
    check::span(book, &log(id), &scene.notes[&log(id)], start, records, vec![]).unwrap()
}

/// A record in stuttgart's log that its own node did not write: whoever has its log key hands it to this one, which takes it.
fn hands(network: &mut Network, scene: &mut Scene, to: &str, record: &Record) {
    let start = scene.logs[&log("stuttgart")].size();
    scene.append("stuttgart", record);
    scene.cosign("stuttgart", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency(to)].replica.book()).clone();
    network.happen(to, Event::Span { from: agency("stuttgart"), span: span(scene, &book, "stuttgart", start) });
    assert_eq!(network.nodes[&agency(to)].replica.held(&log("stuttgart")).unwrap().0, start + 1);
}

#[test]
fn what_stands_behind_an_unknown_adoption_waits() {
    let mut network = network();
    let mut scene = network.scene("lyon");
    let start = scene.logs[&log("stuttgart")].size();
    let amended = network.federation.amended(|charter| charter.status_max_age_days = 21, &["madrid", "oslo", "porto"], 0).unwrap();
    let hash = amended.charter().hash().unwrap();
    scene.append("stuttgart", &Record::Charter(parangon_protocol::record::Adoption { version: 2, hash }));
    scene.state("stuttgart");
    scene.cosign("stuttgart", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency("lyon")].replica.book()).clone();
    let span = span(&scene, &book, "stuttgart", start);
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span: span.clone() });
    let replica = &network.nodes[&agency("lyon")].replica;
    assert_eq!((replica.held(&log("stuttgart")).unwrap().0, replica.stalled(&log("stuttgart"))), (start, Some(2)));
    // Another version that was agreed to: the records were checked before it was known, and are asked for again.
    network.happen("lyon", Event::Chain(Box::new(Chain::clone(&amended.chain))));
    let replica = &network.nodes[&agency("lyon")].replica;
    assert_eq!((network.version("lyon"), replica.stalled(&log("stuttgart"))), (2, None));
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span });
    let replica = &network.nodes[&agency("lyon")].replica;
    assert_eq!(replica.adopted(&log("stuttgart")), Some((start, 2)));
    assert_eq!(replica.held(&log("stuttgart")).unwrap().0, scene.logs[&log("stuttgart")].size());
}

#[test]
fn an_expelled_member_keeps_what_was_seen_and_gets_no_more() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let first = issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    let charter = without(&network, "stuttgart");
    network.vote("lyon", &charter, true).unwrap();
    network.vote("madrid", &charter, true).unwrap();
    // Those who voted confirm nothing above the head that they named: with two of four witnesses less there is no quorum.
    let second = issue(&mut network, &gold("stuttgart", "second", &["lyon", "oslo"])).unwrap();
    let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
    let (cosigners, needed) = network.nodes[&agency("oslo")].replica.cosigners(&log("stuttgart"));
    assert_eq!((cosigners, needed), (vec![agency("oslo"), agency("porto")], 3));
    assert_eq!(network.nodes[&agency("oslo")].replica.final_size(&log("stuttgart")), own - 1);
    assert_eq!(soundness(&network, "porto", second), Soundness::Sound, "not yet expelled");
    // Two more votes. Oslo has seen the second label, but one liar could say that; the cut-off is what two of them saw.
    network.vote("oslo", &charter, true).unwrap();
    assert_eq!(network.version("porto"), 1, "members change with two thirds");
    network.vote("porto", &charter, true).unwrap();
    for id in ["lyon", "madrid", "oslo", "porto"] {
        assert_eq!(network.version(id), 2);
        assert_eq!(network.nodes[&agency(id)].replica.book().chain().end_of(&log("stuttgart")), Some(own));
        assert_eq!(soundness(&network, id, first), Soundness::Sound, "{id}");
        assert_eq!(soundness(&network, id, second), Soundness::Sound, "{id}: two honest witnesses saw it");
    }
    assert_eq!(issue(&mut network, &gold("stuttgart", "third", &["lyon", "oslo"])), Err(Refusal::Left), "its own node follows, too");
}

#[test]
fn a_label_that_only_one_witness_saw_is_cut_off() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let first = issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    let charter = without(&network, "stuttgart");
    for id in ["lyon", "madrid", "porto"] {
        network.vote(id, &charter, true).unwrap();
    }
    let second = issue(&mut network, &gold("stuttgart", "second", &["lyon", "oslo"])).unwrap();
    assert_eq!(soundness(&network, "lyon", second), Soundness::Sound);
    network.vote("oslo", &charter, true).unwrap();
    for id in ["lyon", "madrid", "oslo", "porto"] {
        assert_eq!(soundness(&network, id, first), Soundness::Sound, "{id}");
        assert_eq!(soundness(&network, id, second), Soundness::Void(Flaw::Ended), "{id}");
    }
}

#[test]
fn a_vote_that_comes_late_moves_the_end_for_everybody() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let first = issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    // Lyon and Madrid vote, then are away; Oslo and Porto confirm a second label before they vote.
    let charter = without(&network, "stuttgart");
    let [lyon, madrid] = ["lyon", "madrid"].map(|id| network.ballot(id, &charter, true).unwrap());
    for id in ["lyon", "madrid"] {
        network.stop(id);
    }
    let second = issue(&mut network, &gold("stuttgart", "second", &["lyon", "oslo"])).unwrap();
    let [oslo, porto, stuttgart] = ["oslo", "porto", "stuttgart"].map(|id| network.ballot(id, &charter, true).unwrap());
    for id in ["lyon", "madrid"] {
        network.start(id);
    }
    let four = |votes: Vec<Vote>| {
        let chain = Chain::clone(&network.federation.chain);
        chain.extend(Amendment { charter: charter.clone(), votes }).map(Box::new).unwrap()
    };
    let low = four(vec![lyon.clone(), madrid.clone(), porto.clone(), stuttgart]);
    let high = four(vec![lyon, madrid, oslo, porto]);
    let (low_end, high_end) = (low.end_of(&log("stuttgart")).unwrap(), high.end_of(&log("stuttgart")).unwrap());
    assert!(low_end < high_end, "with the fourth witness two of them saw the second label");
    network.happen("oslo", Event::Chain(low.clone()));
    assert_eq!(soundness(&network, "oslo", second), Soundness::Void(Flaw::Ended));
    network.happen("lyon", Event::Chain(low.clone()));
    network.happen("lyon", Event::Chain(high.clone()));
    network.happen("madrid", Event::Chain(high.clone()));
    network.happen("madrid", Event::Chain(low.clone()));
    network.happen("oslo", Event::Chain(high));
    network.happen("oslo", Event::Chain(low));
    for id in ["lyon", "madrid", "oslo"] {
        let chain = network.nodes[&agency(id)].replica.book().chain().clone();
        assert_eq!(chain.end_of(&log("stuttgart")), Some(high_end), "{id}");
        assert_eq!(chain.amendments().next().unwrap().votes.len(), 5, "{id}: every vote is kept");
        assert_eq!(soundness(&network, id, first), Soundness::Sound);
        assert_eq!(soundness(&network, id, second), Soundness::Sound, "{id}");
    }
}

#[test]
fn a_vote_names_the_last_heads_that_the_node_cosigned() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let charter = without(&network, "stuttgart");
    let early = network.ballot("lyon", &charter, true).unwrap();
    issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    assert_eq!(network.cast("lyon", &charter, early), Err(Refusal::Heads), "the log has grown since");
    assert!(network.vote("lyon", &charter, true).is_ok());
}

#[test]
fn one_agency_has_one_vote_for_a_text_of_a_version() {
    let mut network = network();
    let (one, other) = (stricter(&network), next(&network, |charter| charter.status_max_age_days = 50));
    network.vote("lyon", &one, true).unwrap();
    for (charter, accept) in [(&one, true), (&one, false), (&other, true)] {
        assert_eq!(network.vote("lyon", charter, accept), Err(Refusal::Voted));
    }
    network.vote("lyon", &other, false).unwrap();
    for accept in [true, false] {
        assert_eq!(network.vote("lyon", &other, accept), Err(Refusal::Voted), "said already");
    }
    // Nobody votes for somebody else, with another key, or on a text that nobody proposed.
    let foreign = network.ballot("madrid", &one, true).unwrap();
    assert_eq!(network.cast("oslo", &one, foreign), Err(Refusal::Voted));
    let ballot = network.ballot("oslo", &one, true).unwrap().body.sign(network.federation.fingerprint(), &key("issue", "oslo")).unwrap();
    assert_eq!(network.cast("oslo", &one, ballot), Err(Refusal::Ballot));
    let unknown = network.ballot("oslo", &next(&network, |charter| charter.status_max_age_days = 51), true).unwrap();
    assert_eq!(network.append("oslo", &[Record::Vote(Box::new(unknown))]), Err(Refusal::Proposal));
}

#[test]
fn who_voted_for_a_text_that_failed_is_free_again() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let failing = without(&network, "stuttgart");
    let other = stricter(&network);
    network.vote("lyon", &failing, true).unwrap();
    network.vote("madrid", &failing, true).unwrap();
    network.vote("oslo", &failing, false).unwrap();
    assert_eq!(network.vote("lyon", &other, true), Err(Refusal::Voted), "four of five may still agree");
    // Those who voted to end the log confirm nothing of it.
    issue(&mut network, &gold("stuttgart", "first", &["lyon", "oslo"])).unwrap();
    let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
    let final_size = |network: &Network| network.nodes[&agency("stuttgart")].replica.final_size(&log("stuttgart"));
    assert!(final_size(&network) < own);
    network.vote("porto", &failing, false).unwrap();
    for id in ALL {
        let replica = &network.nodes[&agency(id)].replica;
        assert!(replica.proposals()[&failing.hash().unwrap()].failed, "{id}");
        assert!(replica.double_votes().is_empty());
    }
    // Three of five can never expel: the votes for it bind nobody any more.
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &other, true).unwrap();
    }
    for id in ALL {
        assert_eq!(network.nodes[&agency(id)].replica.book().chain().newest(), &other, "{id}");
        assert!(network.nodes[&agency(id)].replica.double_votes().is_empty(), "{id}");
    }
    network.append_status("stuttgart").unwrap();
    let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
    assert_eq!(final_size(&network), own, "and its log goes on");
}

#[test]
fn two_votes_of_a_liar_count_once_and_are_kept() {
    let mut network = network();
    let (one, other) = (stricter(&network), next(&network, |charter| charter.status_max_age_days = 50));
    let votes: Vec<Result<Vec<u8>, RecordError>> =
        [&one, &other].map(|charter| Record::Vote(Box::new(network.ballot("stuttgart", charter, true).unwrap())).to_text()).into();
    let mut scene = network.scene("lyon");
    let start = scene.logs[&log("stuttgart")].size();
    for vote in votes {
        scene.append("stuttgart", &Record::read(&vote.unwrap()).unwrap());
    }
    scene.cosign("stuttgart", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency("lyon")].replica.book()).clone();
    let span = span(&scene, &book, "stuttgart", start);
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span });
    assert_eq!(network.nodes[&agency("lyon")].replica.double_votes(), vec![(log("stuttgart"), start, start + 1)]);
    // The second vote does not help the second text: two honest ones and the liar's are not more than half of five.
    network.vote("lyon", &other, true).unwrap();
    network.vote("madrid", &other, true).unwrap();
    assert_eq!(network.version("lyon"), 1);
    network.vote("oslo", &other, true).unwrap();
    assert_eq!(network.version("lyon"), 2, "with three honest votes it follows");
    let double = network.nodes[&agency("lyon")].replica.double_votes();
    assert_eq!(double, vec![(log("stuttgart"), start, start + 1)], "the evidence outlives the vote");
}

#[test]
fn two_texts_of_one_version_that_were_both_agreed_to_leave_everything_as_it_is() {
    let mut network = network();
    let texts = [21, 50]
        .map(|days| network.federation.amended(|charter| charter.status_max_age_days = days, &["lyon", "oslo", "porto"], 0).unwrap());
    let [one, other] = texts.map(|federation| Chain::clone(&federation.chain));
    network.happen("lyon", Event::Chain(Box::new(one.clone())));
    assert_eq!(network.version("lyon"), 2);
    network.happen("lyon", Event::Chain(Box::new(other.clone())));
    let node = &network.nodes[&agency("lyon")];
    assert_eq!((node.replica.book().chain().newest(), node.replica.torn()), (one.newest(), Some(2)), "it stays where it was");
    assert!(node.news.contains(&Change::Torn { version: 2 }));
    // Who knows the votes for one when the other arrives follows neither.
    let votes = other.amendments().next().unwrap().votes.clone();
    network.stop("lyon");
    for vote in votes {
        let voter = vote.body.agency.to_string();
        if voter != "lyon" {
            network.cast(&voter, other.newest(), vote).unwrap();
        }
    }
    network.vote("madrid", other.newest(), true).unwrap();
    assert_eq!(network.version("stuttgart"), 2, "the others follow the one that they know of");
    network.happen("stuttgart", Event::Chain(Box::new(one)));
    let node = &network.nodes[&agency("stuttgart")];
    assert_eq!((node.replica.book().chain().newest(), node.replica.torn()), (other.newest(), Some(2)));
}

#[test]
fn seven_days_after_a_version_nobody_confirms_a_log_that_has_not_adopted_it() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    let grown = |network: &mut Network, offer: &str| {
        issue(network, &gold("stuttgart", offer, &["lyon", "oslo"])).unwrap();
        let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
        network.nodes[&agency("lyon")].replica.final_size(&log("stuttgart")) == own
    };
    network.now = network.now.plus(7 * 86_400 - 600);
    assert!(grown(&mut network, "first"), "it may take a week");
    network.now = network.now.plus(1_200);
    assert!(!grown(&mut network, "second"));
    network.adopt("stuttgart").unwrap();
    let own = network.nodes[&agency("stuttgart")].logs[&log("stuttgart")].size();
    assert_eq!(network.nodes[&agency("lyon")].replica.final_size(&log("stuttgart")), own, "with the adoption it goes on");
    assert_eq!(network.adopt("stuttgart"), Err(Refusal::Adoption), "once");
}

#[test]
fn a_version_is_taken_from_bytes_only_when_it_follows() {
    let network = network();
    let book = network.nodes[&agency("lyon")].replica.book().clone();
    let amended = network.federation.amended(|charter| charter.status_max_age_days = 21, &["lyon", "oslo", "porto"], 0).unwrap();
    let amendment = amended.chain.amendments().next().unwrap().clone();
    let text = |amendment: &Amendment| parangon_protocol::canonical::encode(amendment, 1 << 20).unwrap();
    assert_eq!(check::chain(&book, &[text(&amendment)]).unwrap().newest().version, 2);
    let few = Amendment { votes: amendment.votes[..2].to_vec(), ..amendment.clone() };
    assert!(check::chain(&book, &[text(&few)]).is_err());
    assert!(check::chain(&book, &[text(&amendment)[1..].to_vec()]).is_err());
    assert!(check::chain(&book, &vec![text(&amendment); 33]).is_err(), "more than one answer may hold");
    assert!(check::proposal(text(&few)).is_ok(), "a proposal may have too few votes");
    let many = Amendment { votes: [amendment.votes.clone(), amendment.votes.clone()].concat(), ..amendment };
    assert!(check::proposal(text(&many)).is_err());
}
