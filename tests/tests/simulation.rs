//! A few seeds of the simulation in the profile of the other tests, and that a seed is a whole run. Thousands of seeds:
//! `cargo run -p parangon-tests --release --no-default-features --bin sim`.

use parangon_tests::sim::{Config, Federation, run, run_only};

fn config(replicas: usize) -> Config {
    Config { replicas, ..Config::default() }
}

#[test]
fn small_federations_keep_every_invariant() {
    for replicas in [4, 5, 8, 13] {
        let (config, federation) = (config(replicas), Federation::found(replicas));
        for seed in 0..8 {
            let outcome = run(seed, &config, &federation);
            assert_eq!(outcome.breach, None, "--replicas {replicas} --seed {seed}");
        }
    }
}

#[test]
fn fifty_agencies_keep_every_invariant() {
    let (config, federation) = (config(50), Federation::found(50));
    for seed in 0..2 {
        let outcome = run(seed, &config, &federation);
        assert_eq!(outcome.breach, None, "--seed {seed}");
        assert!(outcome.events > 1_000, "seed {seed}: something happened");
    }
}

#[test]
fn a_seed_is_a_whole_run() {
    let config = config(9);
    let first = Federation::found(9);
    let second = Federation::found(9);
    let traces: Vec<_> = [&first, &second, &first].map(|federation| run(7, &config, federation).trace).into();
    assert_eq!(traces[0], traces[1], "nothing but the seed decides");
    assert_eq!(traces[0], traces[2], "an earlier run leaves nothing behind");
    assert_ne!(traces[0], run(8, &config, &first).trace);
}

#[test]
fn a_run_without_its_steps_is_another_run() {
    let (config, federation) = (config(9), Federation::found(9));
    let whole = run(7, &config, &federation);
    let all: Vec<usize> = (0..whole.steps).collect();
    assert_eq!(run_only(7, &all, &config, &federation).trace, whole.trace);
    let none = run_only(7, &[], &config, &federation);
    assert_eq!(none.breach, None);
    assert_ne!(none.trace, whole.trace);
}
