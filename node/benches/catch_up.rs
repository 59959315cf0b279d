//! A node that was away comes back: two real nodes over loopback TCP, gossip off, records verified and durable.
//!
//! `cargo bench -p parangon-node --bench catch_up`; `ROUNDS` and `RECORDS` change its size.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::time::Instant;

use parangon_protocol::id::Hash;
use parangon_protocol::record::{Anchor, Record};
use support::federation::{Federation, seed};
use support::feeder::Feeder;
use support::labels;
use support::limit::Limit;
use support::logs::{LogText, text};
use support::measure::{cpu_seconds, rounds, spread};
use support::node::{Node, copy_store};
use tempfile::TempDir;

/// Who issued, who was there, who was away.
const ISSUER: usize = 0;
const PRESENT: usize = 3;
const AWAY: usize = 4;

struct Scene {
    federation: Federation,
    log: LogText,
    present: Node,
    away: TempDir,
    _store: TempDir,
}

impl Scene {
    /// Both know all keys; then one goes away, and the other takes in all of `records`.
    async fn set(federation: Federation, records: Vec<Vec<u8>>) -> Self {
        let mut log = LogText::begun(&federation, ISSUER);
        log.push(records);
        let logs: Vec<LogText> = [log.clone()].into_iter().chain((1..PRESENT).map(|n| LogText::begun(&federation, n))).collect();
        let feeder = Feeder::start(&federation, ISSUER, logs.clone()).await;
        let (away, store) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        feeder.acquaint(&federation, AWAY, away.path(), &logs).await.stop().await;
        let present = feeder.acquaint(&federation, PRESENT, store.path(), &logs).await;
        let note = log.note(&federation, log.size(), labels::issued());
        feeder.show(Some(&present.id), &log.id, log.size(), note).await;
        present.holds(&log.id, log.size()).await;
        feeder.network.stop().await;
        Self { federation, log, present, away, _store: store }
    }

    /// Seconds from its start and from its connection until everything is durable, and seconds of CPU of both nodes.
    async fn come_back(&self) -> [f64; 3] {
        let dir = copy_store(self.away.path());
        let peer = self.present.as_member().await;
        let (begun, cpu) = (Instant::now(), cpu_seconds());
        let node = Node::start(&self.federation, AWAY, dir.path(), false, &[peer]).await;
        node.holds(&self.log.id, self.log.size()).await;
        let (done, spent) = (Instant::now(), cpu_seconds() - cpu);
        let connected = node.network.peers().borrow().get(&self.present.id).and_then(|state| state.connected_since).expect("connected");
        let held = node.engine.store().read().expect("open").size(&self.log.id).expect("readable");
        assert_eq!(held, self.log.size());
        node.stop().await;
        [done - begun, done - connected].map(|d| d.as_secs_f64()).into_iter().chain([spent]).collect::<Vec<_>>().try_into().expect("three")
    }
}

async fn run(what: &str, checks: usize, records: Vec<Vec<u8>>) {
    let (count, size) = (records.len(), records[0].len());
    let scene = Scene::set(Federation::new(5), records).await;
    let limit = Limit::new(checks);
    let (mut all, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..rounds(10) {
        limits.push(if checks > 0 { limit.run().0 } else { 0.0 });
        all.push(scene.come_back().await);
    }
    let column = |n: usize| all.iter().map(|row| row[n]).collect::<Vec<f64>>();
    println!("\n{count} {what} of {size} bytes, {checks} strict checks");
    println!("from its start   {}", spread(&column(0), "s"));
    println!("from connection  {}", spread(&column(1), "s"));
    println!("CPU, both nodes  {}", spread(&column(2), "s"));
    if checks > 0 {
        let times: Vec<f64> = column(1).iter().zip(&limits).map(|(took, limit)| took / limit).collect();
        println!("limit            {}", spread(&limits, "s"));
        println!("times the limit  {}", spread(&times, "x"));
    }
    scene.present.stop().await;
}

fn main() {
    let count: usize = std::env::var("RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let anchor = |n: usize| text(&Record::Anchor(Anchor { day: labels::issued(), root: Hash(seed("anchor", n, 0)) }));
    runtime.block_on(async {
        run("records", 0, (0..count).map(anchor).collect()).await;
        run("labels", 3 * count, labels::texts(&Federation::new(5), ISSUER, count, 1)).await;
    });
}
