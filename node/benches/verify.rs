//! One label's file to its verdict, inside a process. The whole process is in the command line's own benchmark.
//!
//! `cargo bench -p parangon-node --bench verify`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use criterion::{BenchmarkId, Criterion, Throughput};
use parangon_protocol::charter::Chain;
use parangon_protocol::verify::{Outcome, Trust, Verifier, verify};
use support::bundle;
use support::federation::Federation;

/// Files in one run of the checks of many.
const FILES: usize = 512;

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
    let federation = Federation::amended(50, 10);
    let file = bundle::text_of(&federation);
    let trust = Trust::new([*federation.fingerprint()]);
    assert_eq!(verify(&file, &trust, bundle::asked()).verdict, Outcome::Valid);
    println!("50 members, ten versions of the charter: a file of {} bytes", file.len());
    group.bench_function("50 members, ten versions", |bench| bench.iter(|| verify(&file, &trust, bundle::asked())));
    group.finish();
    let mut group = criterion.benchmark_group("verify many label files on one core");
    for members in [5, 50] {
        let federation = Federation::new(members);
        let files = bundle::texts_of(&federation, FILES);
        let trust = Trust::new([*federation.fingerprint()]);
        group.throughput(Throughput::Elements(FILES as u64));
        group.bench_function(BenchmarkId::new("members", members), |bench| {
            bench.iter(|| {
                let verifier = Verifier::new(&trust, bundle::asked());
                assert!(files.iter().all(|file| verifier.verify(file).verdict == Outcome::Valid));
            });
        });
    }
    group.finish();
    // Case G13: a charter that 300 founders signed.
    let federation = Federation::new(300);
    let founding = federation.chain.founding();
    criterion.bench_function("verify a charter of 300 founders", |bench| bench.iter(|| Chain::verify(founding.clone())));
    criterion.final_summary();
}
