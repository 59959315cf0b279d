//! What others may say about the charter and what comes of it: nothing (protocol, "How a version comes about").

use parangon_protocol::check::ProposalError;
use parangon_protocol::message::Request;
use parangon_protocol::record::Adoption;

use super::*;

#[test]
fn an_answer_is_the_text_that_was_asked_for() {
    let network = network();
    let book = network.nodes[&agency("lyon")].replica.book().clone();
    let bare = |charter: &Charter| {
        let bare = Amendment { charter: charter.clone(), votes: vec![] };
        parangon_protocol::canonical::encode(&bare, 1 << 20).unwrap()
    };
    let (one, other) = (stricter(&network), next(&network, |charter| charter.status_max_age_days = 50));
    let request = Request::Proposal { hash: one.hash().unwrap() };
    assert!(matches!(Event::amendments(&book, &request, vec![bare(&one)]), Ok(Event::Proposal(_))));
    let refused = |texts: Vec<Vec<u8>>| Event::amendments(&book, &request, texts).map(drop).unwrap_err();
    assert_eq!(refused(vec![bare(&other)]), ProposalError::Other);
    assert_eq!(refused(vec![bare(&one), bare(&other)]), ProposalError::TooMany);
    assert_eq!(refused(vec![]), ProposalError::TooMany);
}

#[test]
fn a_text_that_does_not_follow_is_not_kept() {
    let mut network = network();
    let far = next(&network, |charter| charter.version = 4);
    let beside = next(&network, |charter| charter.previous = Some(parangon_protocol::id::Hash::of(&[b"another"])));
    for charter in [&far, &beside, &next(&network, |_| ())] {
        let text = parangon_protocol::canonical::encode(&Amendment { charter: charter.clone(), votes: vec![] }, 1 << 20).unwrap();
        network.happen("lyon", Event::Proposal(check::proposal(text).unwrap()));
        assert!(network.nodes[&agency("lyon")].replica.proposals().is_empty(), "{charter:?}");
    }
}

#[test]
fn a_vote_counts_from_the_voters_own_log_only() {
    let mut network = network();
    let charter = stricter(&network);
    // Two have voted; the third vote is one that Madrid signed and never put into its log.
    let signed = network.ballot("madrid", &charter, true).unwrap();
    network.vote("lyon", &charter, true).unwrap();
    network.vote("porto", &charter, true).unwrap();
    let mut scene = network.scene("lyon");
    hands(&mut network, &mut scene, "lyon", &Record::Vote(Box::new(signed)));
    assert_eq!(network.version("lyon"), 1);
}

/// Whoever left goes on as if it had not: it has its keys.
#[test]
fn nothing_is_cosigned_above_the_end_of_a_log() {
    let mut network = network();
    let charter = without(&network, "stuttgart");
    let mut scene = network.scene("lyon");
    let start = scene.logs[&log("stuttgart")].size();
    network.stop("stuttgart");
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    // What comes before the last vote is taken, and not confirmed by those who have voted.
    scene.state("stuttgart");
    scene.cosign("stuttgart", &[], "2026-11-24T06:00:00Z");
    let book = (**network.nodes[&agency("lyon")].replica.book()).clone();
    let early = span(&scene, &book, "stuttgart", start);
    let head = early.head().clone();
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span: early });
    network.vote("porto", &charter, true).unwrap();
    assert_eq!(network.version("lyon"), 2);
    network.happen("lyon", Event::Head { from: agency("madrid"), head });
    let replica = &network.nodes[&agency("lyon")].replica;
    assert_eq!(replica.held(&log("stuttgart")).unwrap().0, start + 1);
    assert_eq!(replica.cosigners(&log("stuttgart")).0, [agency("porto")], "which had not voted yet");
    // What comes afterwards is not even taken.
    scene.state("stuttgart");
    scene.cosign("stuttgart", &[], "2026-11-24T07:00:00Z");
    let late = span(&scene, &book, "stuttgart", start + 1);
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span: late });
    assert_eq!(network.nodes[&agency("lyon")].replica.held(&log("stuttgart")).unwrap().0, start + 1);
}

/// A label is judged by the version that it names, so nobody keeps what was found before that version was known.
#[test]
fn what_was_checked_too_early_is_checked_again() {
    let mut network = network();
    network.now = time("2026-11-24T05:00:00Z");
    let mut scene = network.scene("lyon");
    let early = (**network.nodes[&agency("lyon")].replica.book()).clone();
    let amended = network.federation.amended(|charter| charter.status_max_age_days = 21, &["madrid", "oslo", "porto"], 0).unwrap();
    let start = scene.logs[&log("stuttgart")].size();
    scene.append("stuttgart", &Record::Charter(Adoption { version: 2, hash: amended.charter().hash().unwrap() }));
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    (award.common.charter, award.adoption) = (2, start);
    scene.append("stuttgart", &Record::Label(Box::new(award.sign(&amended))));
    scene.cosign("stuttgart", &[], "2026-11-24T06:00:00Z");
    network.happen("lyon", Event::Chain(Box::new(Chain::clone(&amended.chain))));
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span: span(&scene, &early, "stuttgart", start) });
    let held = |network: &Network| network.nodes[&agency("lyon")].replica.held(&log("stuttgart")).unwrap().0;
    assert_eq!(held(&network), start + 1, "the adoption is taken, the label was judged by version 1");
    let book = (**network.nodes[&agency("lyon")].replica.book()).clone();
    network.happen("lyon", Event::Span { from: agency("stuttgart"), span: span(&scene, &book, "stuttgart", start) });
    assert_eq!((held(&network), soundness(&network, "lyon", award.id())), (start + 2, Soundness::Sound));
}

/// An agency's first vote for a text counts, and a vote is a record in its log: what a proposal brings along is no other way.
#[test]
fn a_second_vote_does_not_count_by_coming_with_the_proposal() {
    let mut network = network();
    let (one, other) = (stricter(&network), next(&network, |charter| charter.status_max_age_days = 50));
    network.vote("stuttgart", &one, true).unwrap();
    network.vote("lyon", &other, true).unwrap();
    network.vote("madrid", &other, true).unwrap();
    let ballot = parangon_protocol::charter::Ballot {
        version: 2,
        charter: other.hash().unwrap(),
        agency: agency("stuttgart"),
        accept: true,
        heads: vec![],
    };
    let vote = ballot.sign(network.federation.fingerprint(), &key("identity", "stuttgart")).unwrap();
    let text = parangon_protocol::canonical::encode(&Amendment { charter: other, votes: vec![vote] }, 1 << 20).unwrap();
    network.happen("oslo", Event::Proposal(check::proposal(text).unwrap()));
    assert_eq!(network.version("oslo"), 1);
}

/// Whoever votes against texts that nobody wants takes no room from others: two agencies, sixteen texts each.
#[test]
fn votes_against_many_texts_keep_nobody_from_proposing() {
    let mut network = network();
    for (who, first) in [("porto", 40), ("stuttgart", 60)] {
        for days in first..first + 16 {
            let text = next(&network, |charter| charter.status_max_age_days = days);
            let _no_room = network.vote(who, &text, false);
        }
    }
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        assert!(network.vote(id, &charter, true).is_ok(), "{id}");
    }
    assert_eq!(network.version("porto"), 2);
}

/// Who has voted against many texts of a version still has its vote for one.
#[test]
fn votes_against_many_texts_leave_the_vote_for_one() {
    let mut network = network();
    for days in 40..56 {
        let text = next(&network, |charter| charter.status_max_age_days = days);
        network.vote("lyon", &text, false).unwrap();
    }
    let charter = stricter(&network);
    for id in ["lyon", "madrid", "oslo"] {
        network.vote(id, &charter, true).unwrap();
    }
    assert_eq!(network.version("porto"), 2);
}
