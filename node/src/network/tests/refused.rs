//! Strangers and bad frames: named, counted, and nothing else happens.

use std::io::ErrorKind;

use parangon_protocol::message::Response;

use super::crowd::{Node, Seen, address, agency, config, connect, crowd, member, question, until, within};
use crate::network::frame;
use crate::network::{LinkError, Multiaddr, NetworkError, PeerId, Refusal, Unanswered, limits};

async fn strangers(listen: Multiaddr) {
    let node = Node::start(config("oslo", listen.clone())).expect("free");
    let stranger = Node::start(config("mallory", listen)).expect("free");
    stranger.net.set_members(vec![member("oslo", &node.addresses().await)]).await.expect("running");
    until("the stranger is turned away twice", || async { node.counts("network_turned_away_total{code=\"E-W16\"}") >= 2 }).await;
    assert_eq!(*node.seen.borrow(), []);
    assert_eq!(node.net.connected(), []);
    assert!(stranger.net.request(&agency("oslo"), question(1)).await.is_err());
}

#[tokio::test]
async fn a_stranger_is_turned_away_in_memory() {
    strangers(address("/memory/0")).await;
}

#[tokio::test]
async fn a_stranger_is_turned_away_on_tcp() {
    strangers(address("/ip4/127.0.0.1/tcp/0")).await;
}

#[tokio::test]
async fn a_stranger_is_turned_away_on_quic() {
    strangers(address("/ip4/127.0.0.1/udp/0/quic-v1")).await;
}

#[tokio::test]
async fn a_member_that_is_struck_off_is_disconnected() {
    let nodes = crowd(&["oslo", "porto", "wien"]).await;
    nodes[0].net.set_members(vec![member("wien", &nodes[2].addresses().await)]).await.expect("running");
    nodes[0].sees("porto leave", |seen| seen.contains(&Seen::Down("porto".into()))).await;
    nodes[1].sees("oslo leave", |seen| seen.contains(&Seen::Down("oslo".into()))).await;
    until("porto is turned away", || async { nodes[0].counts("network_turned_away_total{code=\"E-W16\"}") >= 1 }).await;
    assert_eq!(nodes[0].net.connected(), [agency("wien")]);
    assert!(!nodes[0].net.peers().borrow().contains_key(&agency("porto")));
    let error = nodes[0].net.request(&agency("porto"), question(1)).await.expect_err("struck off");
    assert!(matches!(error, NetworkError::UnknownAgency(_)), "{error}");
}

#[tokio::test]
async fn another_key_at_a_members_address_is_named() {
    let node = Node::start(config("oslo", address("/memory/0"))).expect("free");
    let other = Node::start(config("mallory", address("/memory/0"))).expect("free");
    node.net
        .set_members(vec![
            member("porto", &other.addresses().await),
            member("wien", &[address("/ip4/127.0.0.1/tcp/9")]),
            member("riga", &[]),
        ])
        .await
        .expect("running");
    let named = |states: &crate::network::PeerStates| {
        let error = |name| states.get(&agency(name)).and_then(|state| state.last_error.clone());
        matches!(error("porto"), Some(LinkError::WrongPeer { obtained, .. }) if obtained == other.net.local_peer())
            && matches!(error("wien"), Some(LinkError::Unsupported { .. }))
            && error("riga") == Some(LinkError::NoAddress)
    };
    within(node.net.peers().wait_for(named)).await.expect("running");
    assert_eq!(*node.seen.borrow(), []);
}

#[tokio::test]
async fn a_taken_port_is_one_named_error() {
    let node = Node::start(config("oslo", address("/ip4/127.0.0.1/tcp/0"))).expect("free");
    let taken = node.addresses().await;
    let error = Node::start(config("porto", taken[0].clone())).err().expect("taken");
    assert!(
        matches!(&error, NetworkError::Listen { address, source } if *address == taken[0] && source.kind() == ErrorKind::AddrInUse),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains(&taken[0].to_string()) && text.contains("in use"), "{text}");
}

#[tokio::test]
async fn a_closed_port_is_told_in_words() {
    let node = Node::start(config("oslo", address("/ip4/127.0.0.1/tcp/0"))).expect("free");
    // Port 1 is nobody's here; members are dialled from ports of their own choice, never from this one.
    node.net.set_members(vec![member("porto", &[address("/ip4/127.0.0.1/tcp/1")])]).await.expect("running");
    let tried = |states: &crate::network::PeerStates| states.get(&agency("porto")).is_some_and(|state| state.last_error.is_some());
    let states = within(node.net.peers().wait_for(tried)).await.expect("running").clone();
    let error = states[&agency("porto")].last_error.clone().expect("tried");
    assert!(matches!(&error, LinkError::Unreachable { reason: Unanswered::Refused, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("/ip4/127.0.0.1/tcp/1/p2p/{} does not answer: the connection was refused", super::crowd::peer("porto"))
    );
}

fn header(version: u8, length: u32) -> Vec<u8> {
    let mut bytes = vec![version];
    bytes.extend(length.to_be_bytes());
    bytes
}

type Expected = fn(&NetworkError) -> bool;

#[tokio::test]
async fn bad_frames_are_refused_by_name_and_the_connection_stays() {
    for listen in ["/memory/0", "/ip4/127.0.0.1/tcp/0"] {
        let nodes = connect(["oslo", "porto"].map(|name| config(name, address(listen))).into()).await;
        let limit = u32::try_from(limits::LOG_REQUEST_BYTES).expect("small");
        let bad: [(Vec<u8>, &str, Expected); 6] = [
            (header(1, limit + 1), "E-W03", |e| matches!(e, NetworkError::Refused(Refusal::TooLarge))),
            (header(1, u32::MAX), "E-W03", |e| matches!(e, NetworkError::Refused(Refusal::TooLarge))),
            (header(9, 0), "E-W09", |e| matches!(e, NetworkError::UnsupportedVersion { ours: 1 })),
            (header(1, 5), "E-W01", |e| matches!(e, NetworkError::Refused(Refusal::Malformed))),
            (vec![1, 0], "E-W01", |e| matches!(e, NetworkError::Refused(Refusal::Malformed))),
            (frame::frame(&[0x28, 0xb5, 0x2f, 0xfd]), "E-W01", |e| matches!(e, NetworkError::Refused(Refusal::Malformed))),
        ];
        for (bytes, code, expected) in bad {
            let line = format!("network_bad_frames_total{{code=\"{code}\"}}");
            let before = nodes[1].counts(&line);
            let error = within(nodes[0].net.request_frame(&agency("porto"), bytes)).await.expect_err("bad");
            assert!(expected(&error), "{code}: {error:?}");
            assert_eq!(nodes[1].counts(&line), before + 1, "{code}");
        }
        assert_eq!(within(nodes[0].net.request(&agency("porto"), question(1))).await.expect("answered"), Response::Missing);
        assert_eq!(*nodes[1].seen.borrow(), [Seen::Up("oslo".into()), Seen::Request("oslo".into(), question(1))]);
    }
}

#[tokio::test]
async fn a_peer_id_follows_from_the_transport_key() {
    let node = Node::start(config("oslo", address("/memory/0"))).expect("free");
    assert_eq!(node.net.local_peer(), super::crowd::peer("oslo"));
    assert_ne!(node.net.local_peer(), PeerId::random());
}
