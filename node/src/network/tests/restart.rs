//! A node that is killed and comes back with the same key at the same port is soon a full member again, gossip included.

use std::sync::atomic::{AtomicU32, Ordering};

use parangon_protocol::message::Response;
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use super::crowd::{Node, Seen, address, agency, config, crowd, member, news, peer, question, seed, until, within};
use crate::network::{MemberAddress, Multiaddr};

/// Starts a node on a runtime of its own, which can die like a process: sockets close, nobody says goodbye.
async fn on_its_own(name: &str, listen: Multiaddr) -> (Runtime, Node) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let node = std::cell::RefCell::new(None);
    until("the port is free", || async {
        let guard = runtime.enter();
        let started = Node::start(config(name, listen.clone())).ok();
        drop(guard);
        *node.borrow_mut() = started;
        node.borrow().is_some()
    })
    .await;
    (runtime, node.into_inner().expect("started"))
}

async fn talk(a: &Node, b: &Node) {
    for (from, to) in [(a, b), (b, a)] {
        let answer = || async { matches!(from.net.request(&agency(&to.name), question(1)).await, Ok(Response::Missing)) };
        until("an answer", answer).await;
        let sent = AtomicU32::new(0);
        until("gossip", || async {
            let text = |count: u32| format!("{} {} {count}", from.name, to.seen.borrow().len());
            drop(from.net.publish(news(&text(sent.fetch_add(1, Ordering::Relaxed)))).await);
            to.seen.borrow().iter().any(|seen| matches!(seen, Seen::Gossip(via, _) if *via == from.name))
        })
        .await;
    }
}

/// `dies` is killed and comes back; `stays` holds the dead end.
async fn restarts(listen: &str, stays: &str, dies: &str) {
    let a = Node::start(config(stays, address(listen))).expect("free");
    let (runtime, b) = on_its_own(dies, address(listen)).await;
    let place = b.addresses().await;
    let members = vec![member(stays, &a.addresses().await), member(dies, &place)];
    a.net.set_members(members.clone()).await.expect("running");
    b.net.set_members(members.clone()).await.expect("running");
    talk(&a, &b).await;

    runtime.shutdown_background();
    let (runtime, b) = on_its_own(dies, place[0].clone()).await;
    b.net.set_members(members).await.expect("running");
    a.sees("the other leave and come back", |seen| {
        let comings: Vec<&Seen> = seen.iter().filter(|s| matches!(s, Seen::Up(_) | Seen::Down(_))).collect();
        matches!(comings.as_slice(), [Seen::Up(_), Seen::Down(_), .., Seen::Up(_)])
    })
    .await;
    talk(&a, &b).await;
    within(a.net.private(&agency(dies), vec![1])).await.expect("acknowledged");
    runtime.shutdown_background();
}

// The node with the smaller PeerId dials first, so each way round it is another one's connection that died.

#[tokio::test]
async fn on_tcp() {
    restarts("/ip4/127.0.0.1/tcp/0", "oslo", "porto").await;
}

#[tokio::test]
async fn on_tcp_the_other_way_round() {
    restarts("/ip4/127.0.0.1/tcp/0", "porto", "oslo").await;
}

#[tokio::test]
async fn on_quic() {
    restarts("/ip4/127.0.0.1/udp/0/quic-v1", "oslo", "porto").await;
}

#[tokio::test]
async fn on_quic_the_other_way_round() {
    restarts("/ip4/127.0.0.1/udp/0/quic-v1", "porto", "oslo").await;
}

#[tokio::test]
async fn a_new_transport_key_takes_over() {
    let nodes = crowd(&["oslo", "porto"]).await;
    let mut renewed = config("porto", address("/memory/0"));
    renewed.transport_seed = Zeroizing::new(seed("porto renewed"));
    let porto = Node::start(renewed).expect("free");
    porto.net.set_members(vec![member("oslo", &nodes[0].addresses().await)]).await.expect("running");
    let entry = MemberAddress { peer: Some(peer("porto renewed")), ..member("porto", &porto.addresses().await) };
    nodes[0].net.set_members(vec![entry]).await.expect("running");
    let (up, down) = (Seen::Up("porto".into()), Seen::Down("porto".into()));
    nodes[0].sees("the change", |seen| *seen == [up.clone(), down.clone(), up.clone()]).await;
    nodes[1].sees("oslo leave", |seen| seen.contains(&Seen::Down("oslo".into()))).await;
    within(nodes[0].net.private(&agency("porto"), vec![5])).await.expect("acknowledged");
    assert!(porto.has_seen(&Seen::Private("oslo".into(), vec![5])));
    until("the old key is turned away", || async { nodes[0].counts("network_turned_away_total{code=\"E-W16\"}") >= 1 }).await;
}
