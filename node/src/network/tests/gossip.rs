//! Gossip is forwarded after a verdict, or not at all.

use std::sync::atomic::{AtomicU32, Ordering};

use parangon_protocol::id::LogId;
use parangon_protocol::limits as bounds;
use parangon_protocol::message::{Gossip, Head, Response};

use super::crowd::{Node, Seen, address, agency, config, connect, crowd, news, question, until, within};
use crate::network::{FrameError, NetworkError, Refusal, start};

/// Publishes texts that begin with `text` until one has reached `to`, whose connection with `via` brought it.
async fn spreads(from: &Node, via: &Node, to: &Node, text: &str) {
    let sent = AtomicU32::new(0);
    until("gossip arrives", || async {
        let count = sent.fetch_add(1, Ordering::Relaxed);
        let published = from.net.publish(news(&format!("{text} {count}"))).await;
        assert!(matches!(published, Ok(()) | Err(NetworkError::NobodyListens)), "{published:?}");
        (0..=count).any(|count| to.has_seen(&Seen::Gossip(via.name.clone(), news(&format!("{text} {count}")))))
    })
    .await;
}

/// Three nodes in a row: the ends do not know each other.
async fn row() -> [Node; 3] {
    let nodes = ["oslo", "porto", "wien"].map(|name| Node::start(config(name, address("/memory/0"))).expect("memory"));
    let mut members = Vec::new();
    for node in &nodes {
        members.push(super::crowd::member(&node.name, &node.addresses().await));
    }
    nodes[0].net.set_members(members[..2].to_vec()).await.expect("running");
    nodes[2].net.set_members(members[1..].to_vec()).await.expect("running");
    nodes[1].net.set_members(members).await.expect("running");
    nodes[1].is_connected_to(&["oslo", "wien"]).await;
    nodes
}

#[tokio::test]
async fn reaches_everyone_through_a_middle_that_accepts() {
    let [oslo, porto, wien] = row().await;
    spreads(&oslo, &porto, &wien, "good").await;
    spreads(&wien, &porto, &oslo, "answer").await;
    assert!(porto.counts("network_gossip_verdicts_total{verdict=\"accept\"}") >= 2);
}

#[tokio::test]
async fn reaches_everyone_over_tcp() {
    let configs = ["oslo", "porto", "wien"].map(|name| config(name, address("/ip4/127.0.0.1/tcp/0")));
    let nodes = connect(configs.into()).await;
    for text in ["one", "two"] {
        until("both others listen", || async {
            let listening = nodes[0].net.publish(news("warm-up")).await.is_ok();
            listening && nodes[1..].iter().all(|n| n.seen.borrow().iter().any(|s| matches!(s, Seen::Gossip(_, m) if *m == news("warm-up"))))
        })
        .await;
        nodes[0].net.publish(news(text)).await.expect("queued");
        for node in &nodes[1..] {
            node.sees(text, |seen| seen.iter().any(|s| matches!(s, Seen::Gossip(_, message) if *message == news(text)))).await;
        }
    }
    // Published again it is the same message: nobody sees it twice.
    nodes[0].net.publish(news("one")).await.expect("known already");
    spreads(&nodes[0], &nodes[0], &nodes[1], "last").await;
    let times = nodes[1].seen.borrow().iter().filter(|s| matches!(s, Seen::Gossip(_, message) if *message == news("one"))).count();
    assert_eq!(times, 1);
}

#[tokio::test]
async fn what_the_middle_rejects_or_ignores_goes_no_further() {
    let [oslo, porto, wien] = row().await;
    spreads(&oslo, &porto, &wien, "good").await;
    for text in ["bad", "meh"] {
        oslo.net.publish(news(text)).await.expect("queued");
        porto.sees(text, |seen| seen.contains(&Seen::Gossip("oslo".into(), news(text)))).await;
    }
    spreads(&oslo, &porto, &wien, "later").await;
    for text in ["bad", "meh"] {
        assert!(!wien.has_seen(&Seen::Gossip("porto".into(), news(text))), "{text} was forwarded");
    }
    assert_eq!(porto.counts("network_gossip_verdicts_total{verdict=\"reject\"}"), 1);
    assert_eq!(porto.counts("network_gossip_verdicts_total{verdict=\"ignore\"}"), 1);
}

#[tokio::test]
async fn a_node_without_gossip_neither_hears_nor_speaks() {
    let mut configs = ["oslo", "porto"].map(|name| config(name, address("/memory/0")));
    configs[1].gossip = false;
    let nodes = connect(configs.into()).await;
    // Requests work, so what could have been subscribed would have been by now.
    assert_eq!(within(nodes[0].net.request(&agency("porto"), question(1))).await.expect("answered"), Response::Missing);
    let error = nodes[0].net.publish(news("hello")).await.expect_err("nobody listens");
    assert!(matches!(error, NetworkError::NobodyListens), "{error}");
    let error = nodes[1].net.publish(news("hello")).await.expect_err("off");
    assert!(matches!(error, NetworkError::GossipOff), "{error}");
}

#[tokio::test]
async fn an_announcement_over_a_bound_is_not_sent() {
    let nodes = crowd(&["oslo", "porto"]).await;
    let grown = |note: usize, record: usize| Gossip::Grown {
        head: Head { log: LogId::first(agency("oslo")), note: "n".repeat(note) },
        start: 0,
        records: vec![vec![1; record]],
    };
    for (message, limit) in
        [(grown(bounds::NOTE_BYTES + 1, 1), bounds::NOTE_BYTES), (grown(1, bounds::INLINE_BYTES + 1), bounds::INLINE_BYTES)]
    {
        let error = nodes[0].net.publish(message).await.expect_err("too large");
        assert!(
            matches!(error, NetworkError::Frame(FrameError::TooLarge { limit: l, bytes }) if l == limit && bytes == limit + 1),
            "{error}"
        );
    }
    until("the largest one is queued", || async { nodes[0].net.publish(grown(bounds::NOTE_BYTES, bounds::INLINE_BYTES)).await.is_ok() })
        .await;
    nodes[1].sees("it", |seen| seen.iter().any(|s| matches!(s, Seen::Gossip(..)))).await;
}

#[tokio::test]
async fn a_sleeping_application_costs_hints_but_no_memory() {
    let (sleeper, asleep) = start(config("porto", address("/memory/0"))).expect("memory");
    let oslo = Node::start(config("oslo", address("/memory/0"))).expect("memory");
    let members = vec![
        super::crowd::member("oslo", &oslo.addresses().await),
        super::crowd::member("porto", &within(sleeper.listen_addrs()).await.expect("running")),
    ];
    oslo.net.set_members(members.clone()).await.expect("running");
    sleeper.set_members(members).await.expect("running");
    oslo.is_connected_to(&["porto"]).await;
    let (_, seen) = tokio::sync::watch::channel(Vec::new());
    let porto = Node { name: "porto".into(), net: sleeper, seen };
    let sent = AtomicU32::new(0);
    until("gossip is dropped", || async {
        for _ in 0..100 {
            let count = sent.fetch_add(1, Ordering::Relaxed);
            // A full queue is another way of losing hints.
            drop(oslo.net.publish(news(&count.to_string())).await);
        }
        porto.counts("network_dropped_total{kind=\"gossip\"}") > 0
    })
    .await;
    let error = within(oslo.net.request(&agency("porto"), question(1))).await.expect_err("busy");
    assert!(matches!(error, NetworkError::Refused(Refusal::Busy)), "{error}");
    let error = within(oslo.net.private(&agency("porto"), vec![1])).await.expect_err("busy");
    assert!(matches!(error, NetworkError::Refused(Refusal::Busy)), "{error}");
    drop(asleep);
}
