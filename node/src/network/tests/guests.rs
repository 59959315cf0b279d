//! Invited agencies: let in for their conversation, and for nothing else.

use parangon_protocol::id::{Hash, Name};
use parangon_protocol::invitation::{Answer, Invitation, Question, Secret};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::time::Timestamp;
use tokio::sync::mpsc;

use super::crowd::{Node, Seen, address, agency, config, member, news, question, seed, until, within};
use crate::network::{Multiaddr, NetworkConfig, NetworkError, Progress, Visit, VisitError, Visitor, peer_of};

fn invitation(host: &str, addresses: &[Multiaddr], secret: u8) -> Invitation {
    Invitation {
        agency: agency(host),
        to: "Cluster Bergen".parse::<Name>().expect("name"),
        federation: config(host, address("/memory/0")).federation,
        expires: Timestamp::default(),
        transport: SecretKey::from_seed(&seed(host)).public(),
        addresses: addresses.iter().map(ToString::to_string).collect(),
        secret: Secret::new([secret; 32]),
    }
}

/// A node that answers every guest's question with the same nonce.
fn host(name: &str, listen: Multiaddr) -> Node {
    let (guests, mut visits) = mpsc::channel::<Visit>(1);
    tokio::spawn(async move {
        while let Some(visit) = visits.recv().await {
            visit.reply.send(Answer::Nonce(Hash([5; 32]))).expect("small");
        }
    });
    Node::start(NetworkConfig { guests: Some(guests), ..config(name, listen) }).expect("free")
}

async fn conversation(listen: Multiaddr) {
    let node = host("oslo", listen);
    let addresses = node.addresses().await;
    let invited = invitation("oslo", &addresses, 7);
    let steps = std::cell::RefCell::new(Vec::new());
    // Nobody is invited yet.
    let mut visitor = within(Visitor::connect(&invited, |step| steps.borrow_mut().push(step))).await.expect("there");
    assert!(matches!(within(visitor.ask(Question::Look)).await, Err(VisitError::TurnedAway | VisitError::Closed { .. })));
    assert!(matches!(steps.borrow().last(), Some(Progress::Encrypted(_))), "{steps:?}");

    node.net.set_guests(vec![peer_of(&invited.key())]).await.expect("running");
    let mut visitor = within(Visitor::connect(&invited, drop)).await.expect("there");
    for question in [Question::Look, Question::Reveal { nonce: Hash([1; 32]) }, Question::Standing] {
        assert_eq!(within(visitor.ask(question)).await.expect("answered"), Answer::Nonce(Hash([5; 32])));
    }
    // Another string's key is still a stranger's.
    let mut other = within(Visitor::connect(&invitation("oslo", &addresses, 8), drop)).await.expect("there");
    assert!(within(other.ask(Question::Look)).await.is_err());
    assert_eq!((node.net.connected(), node.seen.borrow().len()), (vec![], 0), "a guest is no member");

    node.net.set_guests(vec![]).await.expect("running");
    assert!(matches!(within(visitor.ask(Question::Look)).await, Err(VisitError::TurnedAway | VisitError::Closed { .. })));
}

#[tokio::test]
async fn a_guest_is_let_in_for_its_conversation_in_memory() {
    conversation(address("/memory/0")).await;
}

#[tokio::test]
async fn a_guest_is_let_in_for_its_conversation_on_tcp() {
    conversation(address("/ip4/127.0.0.1/tcp/0")).await;
}

#[tokio::test]
async fn a_guest_is_let_in_for_its_conversation_on_quic() {
    conversation(address("/ip4/127.0.0.1/udp/0/quic-v1")).await;
}

/// Whoever has the string of an invite and runs a whole node with its key gets neither records nor gossip nor a place, and takes no
/// room from members.
#[tokio::test]
async fn a_guest_cannot_act_as_a_member() {
    let (node, porto) = (host("oslo", address("/memory/0")), Node::start(config("porto", address("/memory/0"))).expect("free"));
    let mallory = Node::start(config("mallory", address("/memory/0"))).expect("free");
    let addresses = node.addresses().await;
    node.net.set_guests(vec![mallory.net.local_peer()]).await.expect("running");
    node.net.set_members(vec![member("porto", &porto.addresses().await)]).await.expect("running");
    for other in [&porto, &mallory] {
        other.net.set_members(vec![member("oslo", &addresses)]).await.expect("running");
        other.is_connected_to(&["oslo"]).await;
    }
    node.is_connected_to(&["porto"]).await;
    for error in [
        within(mallory.net.request(&agency("oslo"), question(1))).await.expect_err("no protocol"),
        within(mallory.net.private(&agency("oslo"), vec![1; 4_000_000])).await.expect_err("no protocol"),
    ] {
        assert!(matches!(error, NetworkError::UnsupportedVersion { .. } | NetworkError::Disconnected), "{error}");
    }
    // What a member hears, a guest that subscribed does not.
    until("porto listens", || async { node.net.publish(news("for members")).await.is_ok() }).await;
    porto.sees("the news", |seen| seen.iter().any(|seen| matches!(seen, Seen::Gossip(..)))).await;
    let heard = |seen: &[Seen]| seen.iter().any(|seen| matches!(seen, Seen::Gossip(..)));
    // A whole exchange with the same node later, everything sent before would have come.
    within(porto.net.request(&agency("oslo"), question(1))).await.expect("answered");
    assert!(!heard(&mallory.seen.borrow()));
    assert!(mallory.net.publish(news("of a guest")).await.is_err(), "nobody listens to it");
    assert_eq!(node.net.connected(), [agency("porto")]);
}

/// The string may be in other hands, too: whoever else dials with it cannot keep the guest out.
#[tokio::test]
async fn others_with_the_same_string_cannot_keep_a_guest_out() {
    let node = host("oslo", address("/ip4/127.0.0.1/tcp/0"));
    let mut addresses = node.addresses().await;
    addresses.push(address(&addresses[0].to_string().replace("/ip4/127.0.0.1/", "/dns4/localhost/")));
    let invited = invitation("oslo", &addresses, 7);
    node.net.set_guests(vec![peer_of(&invited.key())]).await.expect("running");
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(within(Visitor::connect(&invited, drop)).await.expect("there"));
        let mut visitor = within(Visitor::connect(&invited, drop)).await.expect("there");
        for _ in 0..3 {
            assert_eq!(within(visitor.ask(Question::Look)).await.expect("answered"), Answer::Nonce(Hash([5; 32])));
        }
    }
}

#[tokio::test]
async fn what_is_wrong_on_the_way_is_named() {
    let node = host("oslo", address("/ip4/127.0.0.1/tcp/0"));
    let addresses = node.addresses().await;
    let other = invitation("porto", &addresses, 7);
    let error = within(Visitor::connect(&other, drop)).await.expect_err("another key");
    assert!(matches!(&error, VisitError::OtherNode { .. }), "{error}");
    // Port 1 is nobody's here.
    let closed = invitation("oslo", &[address("/ip4/127.0.0.1/tcp/1")], 7);
    let error = within(Visitor::connect(&closed, drop)).await.expect_err("closed");
    assert!(matches!(&error, VisitError::Closed { .. }) && error.to_string().contains("refused"), "{error}");
    // A name that is reserved for not being there (RFC 6761).
    let nameless = invitation("oslo", &[address("/dns/node.invalid/tcp/7443")], 7);
    let error = within(Visitor::connect(&nameless, drop)).await.expect_err("no such name");
    assert!(matches!(&error, VisitError::Name { name, .. } if name == "node.invalid"), "{error}");
    // One address that answers is enough.
    let both = invitation("oslo", &[address("/ip4/127.0.0.1/tcp/1"), addresses[0].clone()], 7);
    within(Visitor::connect(&both, drop)).await.expect("there");
}
