//! `parangon verify FILE`, from the start of the process to its verdict, beside a process that does nothing.
//!
//! `cargo bench -p parangon --bench verify`

#[path = "../../node/benches/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use support::bundle;
use support::federation::Federation;

fn verdict(file: &Path, fingerprint: &str) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parangon"));
    command.arg("verify").arg(file).args(["--fingerprint", fingerprint, "--at", &bundle::asked().to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs").code()
}

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut criterion = Criterion::default().configure_from_args().sample_size(50).measurement_time(Duration::from_secs(5));
    let mut group = criterion.benchmark_group("process");
    group.bench_function("true", |bench| bench.iter(|| Command::new("true").status().expect("it runs")));
    group.bench_function("parangon --version", |bench| {
        bench.iter(|| Command::new(env!("CARGO_BIN_EXE_parangon")).arg("--version").stdout(Stdio::null()).status().expect("it runs"));
    });
    for members in [5, 50] {
        let federation = Federation::new(members);
        let (file, fingerprint) = (dir.path().join(format!("{members}.label.json")), federation.fingerprint().to_string());
        std::fs::write(&file, bundle::text_of(&federation)).expect("room");
        assert_eq!(verdict(&file, &fingerprint), Some(0), "not valid");
        group.bench_function(BenchmarkId::new("parangon verify, members", members), |bench| bench.iter(|| verdict(&file, &fingerprint)));
    }
    let federation = Federation::amended(50, 10);
    let (file, fingerprint) = (dir.path().join("versions.label.json"), federation.fingerprint().to_string());
    std::fs::write(&file, bundle::text_of(&federation)).expect("room");
    assert_eq!(verdict(&file, &fingerprint), Some(0), "not valid");
    group.bench_function("parangon verify, 50 members, ten versions", |bench| bench.iter(|| verdict(&file, &fingerprint)));
    group.finish();
    criterion.final_summary();
}
