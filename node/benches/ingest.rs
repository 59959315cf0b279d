//! Foreign labels from the wire until they are durable, beside what the cores can verify at all.
//!
//! `cargo bench -p parangon-node --bench ingest`; `ROUNDS` and `LABELS` change the size of the comparison.
//!
//! Each round measures the limit and the intake one after the other, so that a busy machine slows both: judge the ratio.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use parangon_node::engine::RegisterRow;
use parangon_protocol::check::{Soundness, check_label};
use parangon_protocol::record::Record;
use support::federation::Federation;
use support::feeder::Feeder;
use support::labels;
use support::limit::Limit;
use support::logs::LogText;
use support::measure::{cpu_seconds, median, rounds, spread};
use support::node::{Node, copy_store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Who issues and serves the labels, and whose node takes them.
const ISSUER: usize = 0;
const NODE: usize = 3;

struct Work {
    federation: Federation,
    runtime: Runtime,
    feeder: Feeder,
    log: LogText,
    /// A store that knows all keys and no label.
    start: TempDir,
    limit: Limit,
}

struct Round {
    limit: (f64, f64),
    intake: (f64, f64),
}

impl Work {
    fn new(count: usize) -> Self {
        let federation = Federation::new(5);
        let mut log = LogText::begun(&federation, ISSUER);
        log.push(labels::texts(&federation, ISSUER, count, 1));
        let others: Vec<LogText> = (1..5).filter(|n| *n != NODE).map(|n| LogText::begun(&federation, n)).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let all: Vec<LogText> = others.iter().cloned().chain([log.clone()]).collect();
        let feeder = runtime.block_on(Feeder::start(&federation, ISSUER, all.clone()));
        let start = tempfile::tempdir().expect("a directory");
        runtime.block_on(async { feeder.acquaint(&federation, NODE, start.path(), &all).await.stop().await });
        let limit = Limit::new(3 * count);
        Self { federation, runtime, feeder, log, start, limit }
    }

    /// Wall and CPU seconds from the news of the log's head until all its labels are on disk.
    fn intake(&self) -> (f64, f64) {
        let dir = copy_store(self.start.path());
        let (log, size) = (&self.log.id, self.log.size());
        let note = self.log.note(&self.federation, size, labels::issued());
        self.runtime.block_on(async {
            self.feeder.show(None, log, 2, self.log.note(&self.federation, 2, labels::issued())).await;
            let node = Node::start(&self.federation, NODE, dir.path(), false, &[self.feeder.as_member()]).await;
            support::node::meets(&self.feeder.network, std::slice::from_ref(&node.id)).await;
            let (begun, cpu) = (Instant::now(), cpu_seconds());
            self.feeder.show(Some(&node.id), log, size, note).await;
            node.holds(log, size).await;
            let spent = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
            self.all_sound(&node);
            node.stop().await;
            spent
        })
    }

    fn all_sound(&self, node: &Node) {
        let tx = node.engine.store().read().expect("open");
        assert_eq!(tx.size(&self.log.id).expect("readable"), self.log.size());
        let rows = tx.labels(None, 100).expect("readable");
        assert!(rows.len() >= 100 || u64::try_from(rows.len()).is_ok_and(|rows| rows == self.log.size() - 2));
        let sound = |bytes: &[u8]| RegisterRow::parse(bytes).expect("a row").label.soundness == Soundness::Sound;
        assert!(rows.iter().all(|(_, bytes)| sound(bytes)));
    }
}

/// Parts of the intake on their own, one label at a time.
fn parts(criterion: &mut Criterion, work: &Work) {
    let text = &work.log.records[2];
    let Ok(Record::Label(label)) = Record::read(text) else { return };
    let mut group = criterion.benchmark_group("label");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Elements(1));
    group.bench_function("read", |bench| bench.iter(|| Record::read(text).expect("a label")));
    group.bench_function("check, three signatures", |bench| bench.iter(|| check_label(&work.federation.book, &work.log.id, &label)));
    group.bench_function("one strict check", |bench| bench.iter(|| work.limit.one()));
    group.finish();
}

fn compare(work: &Work, rounds: usize) {
    let all: Vec<Round> = (0..rounds).map(|_| Round { limit: work.limit.run(), intake: work.intake() }).collect();
    let count = work.limit.count() / 3;
    let column = |of: fn(&Round) -> f64| all.iter().map(of).collect::<Vec<f64>>();
    let (limit, intake) = (column(|round| round.limit.0), column(|round| round.intake.0));
    println!("\n{count} labels of {} bytes, {} strict checks", work.log.records[2].len(), work.limit.count());
    println!("limit    wall {}", spread(&limit, "s"));
    println!("limit    CPU  {}", spread(&column(|round| round.limit.1), "s"));
    println!("intake   wall {}", spread(&intake, "s"));
    println!("intake   CPU  {}", spread(&column(|round| round.intake.1), "s"));
    println!("share of the limit, wall {}", spread(&column(|round| 100.0 * round.limit.0 / round.intake.0), "%"));
    println!("share of the limit, CPU  {}", spread(&column(|round| 100.0 * round.limit.1 / round.intake.1), "%"));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = |seconds: f64, count: usize| count as f64 / seconds;
    println!("{:.0} labels a second; the limit is {:.0} checks a second", rate(median(&intake), count), rate(median(&limit), 3 * count));
}

fn main() {
    let count = std::env::var("LABELS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let work = Work::new(count);
    if std::env::var_os("ONLY_INTAKE").is_some() {
        // For a profiler: the pause shows where the intake begins.
        std::thread::sleep(Duration::from_secs(2));
        println!("{:?}", work.intake());
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    parts(&mut criterion, &work);
    criterion.final_summary();
    compare(&work, rounds(10));
}
