//! Labels that five replicas made together: issued, confirmed, witnessed, and what became of them.

use parangon_protocol::label::LabelId;
use parangon_protocol::label::status::State;
use parangon_protocol::record::{Action, EndorsementEntry, Reason, Record, Standing};
use parangon_protocol::replica::Refusal;
use parangon_protocol::verify::{Cause, Outcome, Verdict};

use crate::support::award::{Award, gold};
use crate::support::federation::Federation;
use crate::support::network::Network;
use crate::support::{agency, log, time};
use crate::{assert_outcome, judge};

const AT: &str = "2026-11-24T06:00:00Z";

fn network() -> Network {
    let mut network = Network::founded(Federation::default());
    network.now = time("2026-11-24T05:00:00Z");
    network
}

fn usual() -> Award {
    gold("stuttgart", "first", &["lyon", "oslo"])
}

fn issue(network: &mut Network, award: &Award) -> LabelId {
    let label = award.sign(&network.federation);
    network.append(award.common.owner.as_str(), &[Record::Label(Box::new(label))]).unwrap();
    award.id()
}

fn confirm(network: &mut Network, award: &Award, endorser: &str) {
    let endorsement = award.endorse(&network.federation, endorser).id(&award.id()).unwrap();
    network.append(endorser, &[Record::Endorsement(award.id(), EndorsementEntry { endorsement })]).unwrap();
}

fn award(network: &mut Network, award: &Award) -> LabelId {
    let id = issue(network, award);
    for endorser in &award.endorsers {
        confirm(network, award, endorser);
    }
    network.append_status(award.common.owner.as_str()).unwrap();
    id
}

fn stand(network: &mut Network, label: LabelId, action: Action) -> Result<Vec<u64>, Refusal> {
    let standing = Standing { action, reason: Reason::UnderReview, at: network.now };
    network.append("stuttgart", &[Record::Standing(label, standing)])
}

/// The verdict on the file that this node makes.
fn seen(network: &Network, node: &str, label: LabelId, at: &str) -> Verdict {
    judge(&network.federation, &network.scene(node).text(label), at)
}

#[test]
fn every_node_makes_the_same_file_and_it_is_valid() {
    let mut network = network();
    let id = award(&mut network, &usual());
    let texts: Vec<_> = network.federation.ids().iter().map(|node| network.scene(node.as_str()).bundle(id)).collect();
    for (bundle, node) in texts.iter().zip(network.federation.ids()) {
        assert_outcome(&seen(&network, node.as_str(), id, AT), Outcome::Valid, 0);
        assert_eq!((&bundle.label.record, &bundle.credential), (&texts[0].label.record, &texts[0].credential));
    }
    for node in network.nodes.values() {
        for owner in network.federation.ids() {
            let log = log(owner.as_str());
            assert_eq!(node.replica.final_size(&log), node.logs[&log].size(), "{owner}: everything is final");
        }
    }
}

#[test]
fn a_label_grows_from_provisional_to_valid_step_by_step() {
    let (mut network, usual) = (network(), usual());
    let id = issue(&mut network, &usual);
    let cause = |network: &Network| seen(network, "porto", id, AT).cause;
    assert_eq!(cause(&network), Some(Cause::Unconfirmed { endorser: agency("lyon") }));
    confirm(&mut network, &usual, "lyon");
    assert_eq!(cause(&network), Some(Cause::Unconfirmed { endorser: agency("oslo") }));
    confirm(&mut network, &usual, "oslo");
    assert_eq!(cause(&network), Some(Cause::NoStatus));
    network.append_status("stuttgart").unwrap();
    assert_outcome(&seen(&network, "porto", id, AT), Outcome::Valid, 0);
}

#[test]
fn with_two_of_four_witnesses_away_it_waits_for_them() {
    let mut network = network();
    network.stop("madrid");
    network.stop("porto");
    let id = award(&mut network, &usual());
    let verdict = seen(&network, "lyon", id, AT);
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::NoQuorum { agency: agency("stuttgart"), have: 2, needed: 3 }));
    network.start("porto");
    assert_outcome(&seen(&network, "lyon", id, AT), Outcome::Valid, 0);
    assert_outcome(&seen(&network, "porto", id, AT), Outcome::Valid, 0);
    network.start("madrid");
    assert_outcome(&seen(&network, "madrid", id, AT), Outcome::Valid, 0);
}

#[test]
fn suspended_reinstated_withdrawn_and_final() {
    let mut network = network();
    let id = award(&mut network, &usual());
    for (action, outcome, code, state) in [
        (Action::Suspend, Outcome::Suspended, 12, State::Suspended),
        (Action::Reinstate, Outcome::Valid, 0, State::Active),
        (Action::Withdraw, Outcome::Withdrawn, 12, State::Withdrawn),
    ] {
        stand(&mut network, id, action).unwrap();
        network.append_status("stuttgart").unwrap();
        for node in network.federation.ids() {
            assert_outcome(&seen(&network, node.as_str(), id, AT), outcome, code);
            assert_eq!(network.nodes[&node].replica.label(&id), Some(state));
        }
    }
    assert_eq!(stand(&mut network, id, Action::Reinstate), Err(Refusal::Standing));
    assert_eq!(stand(&mut network, id, Action::Withdraw), Err(Refusal::Standing));
}

#[test]
fn a_renewal_replaces_the_label_before() {
    let mut network = network();
    let id = award(&mut network, &usual());
    let mut renewal = gold("stuttgart", "renewal", &["madrid", "porto"]);
    renewal.supersedes = Some(id);
    renewal.common.valid_until = "2031-10".parse().unwrap();
    let newer = award(&mut network, &renewal);
    assert_outcome(&seen(&network, "lyon", id, AT), Outcome::Replaced, 13);
    assert_outcome(&seen(&network, "lyon", newer, AT), Outcome::Valid, 0);
}

/// What a replica refuses to log, the verifier would have refused to believe.
#[test]
fn an_honest_replica_logs_nothing_void() {
    let mut network = network();
    let before = network.scene("stuttgart").logs[&log("stuttgart")].size();
    let label = gold("stuttgart", "first", &["oslo"]).sign(&network.federation);
    let refused = network.append("stuttgart", &[Record::Label(Box::new(label))]);
    assert!(matches!(refused, Err(Refusal::Void(_))), "{refused:?}");
    assert_eq!(network.scene("stuttgart").logs[&log("stuttgart")].size(), before, "and nothing changed");
}
