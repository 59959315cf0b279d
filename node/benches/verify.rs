//! One label's file to its verdict, inside a process. The whole process is in the command line's own benchmark.
//!
//! `cargo bench -p parangon-node --bench verify`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use criterion::{BenchmarkId, Criterion};
use parangon_protocol::charter::Chain;
use parangon_protocol::verify::{Outcome, Trust, verify};
use support::bundle;
use support::federation::Federation;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(50);
    let mut group = criterion.benchmark_group("verify a label's file");
    for members in [5, 50, 300] {
        let federation = Federation::new(members);
        let file = bundle::text_of(&federation);
        let trust = Trust::new([*federation.fingerprint()]);
        assert_eq!(verify(&file, &trust, bundle::asked()).verdict, Outcome::Valid);
        println!("{members} members: a file of {} bytes", file.len());
        group.bench_function(BenchmarkId::new("members", members), |bench| bench.iter(|| verify(&file, &trust, bundle::asked())));
    }
    group.finish();
    // Case G13: a charter that 300 founders signed.
    let federation = Federation::new(300);
    let founding = federation.chain.founding();
    criterion.bench_function("verify a charter of 300 founders", |bench| bench.iter(|| Chain::verify(founding.clone())));
    criterion.final_summary();
}
