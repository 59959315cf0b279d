//! Requests and private messages.

use parangon_protocol::id::LogId;
use parangon_protocol::message::{Request, Response};

use super::crowd::{Seen, UNWANTED, address, agency, config, connect, crowd, question, within};
use crate::network::{FrameError, NetworkError, Refusal, limits};

async fn questions_and_messages(mut nodes: Vec<super::crowd::Node>) {
    let (b, a) = (nodes.pop().expect("two"), nodes.pop().expect("two"));
    let (to_a, to_b) = (agency(&a.name), agency(&b.name));
    assert_eq!(within(a.net.request(&to_b, question(3))).await.expect("answered"), Response::Missing);
    let line = Request::Cosigned { log: LogId::first(to_a.clone()), size: 5, line: "— x y".into() };
    assert_eq!(within(b.net.request(&to_a, line.clone())).await.expect("answered"), Response::Done);
    assert!(b.has_seen(&Seen::Request(a.name.clone(), question(3))));
    assert!(a.has_seen(&Seen::Request(b.name.clone(), line)));

    let largest = vec![7; limits::PRIVATE_BYTES];
    within(a.net.private(&to_b, largest.clone())).await.expect("acknowledged");
    assert!(b.has_seen(&Seen::Private(a.name.clone(), largest)));
    let error = within(a.net.private(&to_b, vec![0xff])).await.expect_err("refused");
    assert!(matches!(error, NetworkError::Refused(Refusal::Application(UNWANTED))), "{error}");
    let error = within(a.net.private(&to_b, vec![0; limits::PRIVATE_BYTES + 1])).await.expect_err("too large");
    assert!(matches!(error, NetworkError::Frame(FrameError::TooLarge { limit: limits::PRIVATE_BYTES, .. })), "{error}");
    for node in [&a, &b] {
        let comings: Vec<Seen> = node.seen.borrow().iter().filter(|s| matches!(s, Seen::Up(_) | Seen::Down(_))).cloned().collect();
        assert_eq!(comings.len(), 1, "one arrival, no departure: {comings:?}");
    }
}

#[tokio::test]
async fn over_memory() {
    questions_and_messages(crowd(&["oslo", "porto"]).await).await;
}

#[tokio::test]
async fn over_tcp() {
    let configs = ["oslo", "porto"].map(|name| config(name, address("/ip4/127.0.0.1/tcp/0")));
    questions_and_messages(connect(configs.into()).await).await;
}

#[tokio::test]
async fn over_quic() {
    let configs = ["oslo", "porto"].map(|name| config(name, address("/ip4/127.0.0.1/udp/0/quic-v1")));
    questions_and_messages(connect(configs.into()).await).await;
}

#[tokio::test]
async fn many_questions_at_once_all_have_their_turn() {
    let nodes = crowd(&["oslo", "porto"]).await;
    let both_ways = (0..150u64).flat_map(|start| [(0, "porto", start + 100), (1, "oslo", start + 100)]);
    let all = both_ways.map(|(from, to, start)| {
        let net = nodes[from].net.clone();
        tokio::spawn(async move { net.request(&agency(to), question(start)).await })
    });
    for answer in within(futures::future::join_all(all)).await {
        assert_eq!(answer.expect("no panic").expect("answered"), Response::Missing);
    }
}

#[tokio::test]
async fn what_is_not_answered_is_said_so() {
    let nodes = crowd(&["oslo", "porto"]).await;
    let error = within(nodes[0].net.request(&agency("porto"), question(13))).await.expect_err("dropped");
    assert!(matches!(error, NetworkError::Refused(Refusal::NoAnswer)), "{error}");
    let error = within(nodes[0].net.request(&agency("atlantis"), question(1))).await.expect_err("unknown");
    assert!(matches!(error, NetworkError::UnknownAgency(_)), "{error}");
    nodes[1].net.stop().await;
    nodes[0].sees("porto leave", |seen| seen.contains(&Seen::Down("porto".into()))).await;
    let error = within(nodes[0].net.request(&agency("porto"), question(1))).await.expect_err("gone");
    assert!(matches!(error, NetworkError::NotConnected(_)), "{error}");
    let error = within(nodes[1].net.request(&agency("oslo"), question(1))).await.expect_err("stopped");
    assert!(matches!(error, NetworkError::Stopped), "{error}");
}

#[tokio::test]
async fn a_partition_ends_when_both_sides_let_it() {
    let nodes = crowd(&["oslo", "porto", "wien"]).await;
    nodes[0].net.block(&agency("porto")).await.expect("running");
    nodes[1].net.block(&agency("oslo")).await.expect("running");
    nodes[0].sees("porto leave", |seen| seen.contains(&Seen::Down("porto".into()))).await;
    nodes[1].sees("oslo leave", |seen| seen.contains(&Seen::Down("oslo".into()))).await;
    assert_eq!(nodes[0].net.connected(), [agency("wien")]);
    let error = within(nodes[0].net.request(&agency("porto"), question(1))).await.expect_err("cut");
    assert!(matches!(error, NetworkError::NotConnected(_)), "{error}");
    assert_eq!(within(nodes[0].net.request(&agency("wien"), question(1))).await.expect("answered"), Response::Missing);
    nodes[0].net.unblock(&agency("porto")).await.expect("running");
    nodes[1].net.unblock(&agency("oslo")).await.expect("running");
    nodes[0].is_connected_to(&["porto"]).await;
    nodes[1].is_connected_to(&["oslo"]).await;
    assert_eq!(within(nodes[0].net.request(&agency("porto"), question(1))).await.expect("answered"), Response::Missing);
}
