//! From issuing a label to its being visible on four other nodes: five engines over loopback TCP in one process, gossip on.
//!
//! `cargo bench -p parangon-node --bench latency`; `ROUNDS` is the number of labels.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::time::{Duration, Instant};

use parangon_node::engine::{Change, News};
use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::record::Record;
use support::federation::Federation;
use support::labels;
use support::measure::{millis, percentile, rounds};
use support::node::Node;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

const NODES: usize = 5;
const ISSUER: usize = 0;
/// Labels issued before anything is measured.
const WARM_UP: usize = 20;

async fn seen(mut news: Receiver<News>, label: LabelId) -> Instant {
    loop {
        if news.recv().await.expect("running, and few news") == News::Log(Change::Label(label)) {
            return Instant::now();
        }
    }
}

async fn is_final(node: &Node, log: &LogId, size: u64) -> Instant {
    let mut overview = node.engine.watch();
    let there = overview.wait_for(|overview| overview.logs.get(log).is_some_and(|log| log.final_size >= size)).await;
    drop(there.expect("running"));
    Instant::now()
}

async fn start(federation: &Federation, dirs: &[TempDir]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut known = Vec::new();
    for (me, dir) in dirs.iter().enumerate() {
        let node = Node::start(federation, me, dir.path(), true, &known).await;
        known.push(node.as_member().await);
        nodes.push(node);
    }
    let ids: Vec<AgencyId> = nodes.iter().map(|node| node.id.clone()).collect();
    for node in &nodes {
        let others: Vec<AgencyId> = ids.iter().filter(|id| **id != node.id).cloned().collect();
        node.meets(&others).await;
    }
    for (me, node) in nodes.iter().enumerate() {
        node.begin(federation, me).await;
    }
    for node in &nodes {
        for id in &ids {
            is_final(node, &LogId::first(id.clone()), 2).await;
        }
    }
    nodes
}

#[derive(Default)]
struct Times {
    /// Durable and signed at home.
    answered: Vec<f64>,
    /// On each of the four others.
    each: Vec<f64>,
    /// On the last of them.
    all: Vec<f64>,
    /// Final, that is with its quorum, on all five.
    quorum: Vec<f64>,
}

async fn measure(federation: &Federation, nodes: &[Node], count: usize) -> Times {
    let mut times = Times::default();
    let log = LogId::first(nodes[ISSUER].id.clone());
    for (n, label) in labels::labels(federation, ISSUER, count + WARM_UP, 1).into_iter().enumerate() {
        let others = nodes.iter().enumerate().filter(|(at, _)| *at != ISSUER);
        let waits: Vec<_> = others.map(|(_, node)| tokio::spawn(seen(node.engine.subscribe(), labels::id(&label)))).collect();
        let begun = Instant::now();
        let indices = nodes[ISSUER].engine.append(vec![Record::Label(Box::new(label))]).await.expect("a sound label");
        let answered = begun.elapsed();
        let mut each = Vec::new();
        for wait in waits {
            each.push(millis(wait.await.expect("no panic") - begun));
        }
        let mut quorum = Duration::ZERO;
        for node in nodes {
            quorum = quorum.max(is_final(node, &log, indices[0] + 1).await - begun);
        }
        if n >= WARM_UP {
            times.answered.push(millis(answered));
            times.all.push(each.iter().copied().fold(0.0, f64::max));
            times.each.extend(each);
            times.quorum.push(millis(quorum));
        }
    }
    times
}

fn main() {
    let count = rounds(500);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let federation = Federation::new(NODES);
    let dirs: Vec<TempDir> = (0..NODES).map(|_| tempfile::tempdir().expect("a directory")).collect();
    let times = runtime.block_on(async {
        let nodes = start(&federation, &dirs).await;
        let times = measure(&federation, &nodes, count).await;
        for node in nodes {
            node.stop().await;
        }
        times
    });
    println!("\n{count} labels, one after the other, {NODES} nodes in one process; milliseconds");
    let row = |what: &str, values: &[f64]| {
        println!(
            "{what:<34} p50 {:>7.2}   p99 {:>7.2}   max {:>7.2}",
            percentile(values, 50),
            percentile(values, 99),
            percentile(values, 100)
        );
    };
    row("durable and signed at the issuer", &times.answered);
    row("visible on another node", &times.each);
    row("visible on all four", &times.all);
    row("final on all five", &times.quorum);
}
