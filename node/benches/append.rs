//! Our own log: one by one, by sixteen clients at once, and in groups; durable and signed when each answer comes.
//!
//! `cargo bench -p parangon-node --bench append`

mod support;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use parangon_protocol::id::Hash;
use parangon_protocol::record::{Anchor, Record};
use redb::{Database, TableDefinition};
use support::federation::{Federation, seed};
use support::feeder::Feeder;
use support::labels;
use support::logs::LogText;
use support::node::Node;
use tokio::runtime::Runtime;

const RAW: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("raw");
const ME: usize = 0;

fn record(n: u64) -> Record {
    Record::Anchor(Anchor { day: labels::issued().plus(86_400 * (n % 3_650)), root: Hash(seed("anchor", 0, n)) })
}

fn seconds(of: u64) -> Duration {
    Duration::from_secs(of)
}

/// The machine's own limit in the same run: one row of 600 bytes a transaction, synced.
fn raw(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let db = Database::create(dir.path().join("raw.redb")).expect("a database");
    let mut next = 0;
    let mut group = criterion.benchmark_group("raw redb, synced");
    group.sample_size(10).measurement_time(seconds(4)).throughput(Throughput::Elements(1));
    group.bench_function("one row of 600 bytes", |bench| {
        bench.iter(|| {
            next += 1;
            let tx = db.begin_write().expect("open");
            tx.open_table(RAW).expect("open").insert(next, [7; 600].as_slice()).expect("open");
            tx.commit().expect("a disk with room");
        });
    });
    group.finish();
}

fn append(criterion: &mut Criterion, runtime: &Runtime, node: &Node) {
    let mut group = criterion.benchmark_group("append, durable and signed");
    group.sample_size(10).measurement_time(seconds(5));
    let mut next = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("one by one", |bench| {
        bench.iter(|| {
            next += 1;
            runtime.block_on(node.engine.append(vec![record(next)])).expect("appended");
        });
    });
    group.bench_function("one by one, 16 clients", |bench| {
        bench.iter_custom(|count| {
            let begun = Instant::now();
            runtime.block_on(clients(node, count));
            begun.elapsed()
        });
    });
    for size in [100, 1_000, 10_000_u64] {
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("in groups of", size), |bench| {
            bench.iter(|| {
                next += size;
                let records = (next - size..next).map(record).collect();
                runtime.block_on(node.engine.append(records)).expect("appended");
            });
        });
    }
    group.finish();
}

/// `count` records by sixteen clients, each of which waits for its answer.
async fn clients(node: &Node, count: u64) {
    let clients = (0..16).map(|client| {
        let engine = node.engine.clone();
        tokio::spawn(async move {
            for n in (client..count).step_by(16) {
                engine.append(vec![record(n)]).await.expect("appended");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no panic");
    }
}

/// Labels of our own: the same three strict checks as foreign ones.
fn labels_of_our_own(criterion: &mut Criterion, runtime: &Runtime, federation: &Federation, node: &Node) {
    const GROUP: usize = 1_000;
    let mut group = criterion.benchmark_group("append labels, three strict checks each");
    group.sample_size(10).measurement_time(seconds(5)).throughput(Throughput::Elements(1_000));
    let mut salt = 0;
    group.bench_function(BenchmarkId::new("in groups of", GROUP), |bench| {
        bench.iter_custom(|groups| {
            let mut spent = Duration::ZERO;
            for _ in 0..groups {
                salt += 1;
                let made = labels::labels(federation, ME, GROUP, salt).into_iter().map(|label| Record::Label(Box::new(label))).collect();
                let begun = Instant::now();
                runtime.block_on(node.engine.append(made)).expect("appended");
                spent += begun.elapsed();
            }
            spent
        });
    });
    group.finish();
}

fn main() {
    let federation = Federation::new(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let dir = tempfile::tempdir().expect("a directory");
    let node = runtime.block_on(async {
        let node = Node::start(&federation, ME, dir.path(), false, &[]).await;
        node.begin(&federation, ME).await;
        node
    });
    let mut criterion = Criterion::default().configure_from_args();
    raw(&mut criterion);
    append(&mut criterion, &runtime, &node);
    // Labels need the endorsers' keys, which a lone node does not have.
    runtime.block_on(node.stop());
    let keyed = tempfile::tempdir().expect("a directory");
    let logs: Vec<LogText> = (1..5).map(|n| LogText::begun(&federation, n)).collect();
    let node = runtime.block_on(async {
        let feeder = Feeder::start(&federation, 1, logs.clone()).await;
        feeder.acquaint(&federation, ME, keyed.path(), &logs).await
    });
    labels_of_our_own(&mut criterion, &runtime, &federation, &node);
    runtime.block_on(node.stop());
    criterion.final_summary();
}
