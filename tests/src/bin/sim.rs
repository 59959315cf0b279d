//! `sim`: plays seeds of the simulation on all cores, and one again with everything that happens.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use parangon_tests::sim::{self, Config, Federation, Outcome};
use parangon_tests::split;
use rayon::prelude::*;

/// Simulates federations, one a seed, and looks for a broken invariant. Exit code 1 when one breaks.
#[derive(Debug, Parser)]
struct Args {
    /// Seeds to play, from A to B without B.
    #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..2000")]
    seeds: (u64, u64),
    /// How many seeds, from the first on.
    #[arg(long)]
    count: Option<u64>,
    /// Plays this seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "count"])]
    seed: Option<u64>,
    /// Only these steps of the seed's plan, as a failure prints them.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    keep: Option<Vec<usize>>,
    /// Agencies in the federation.
    #[arg(long, default_value_t = 50)]
    replicas: usize,
    /// Things that honest agencies do in one run.
    #[arg(long, default_value_t = Config::default().work)]
    work: u64,
    /// Lies of each active liar in one run, at most.
    #[arg(long, default_value_t = Config::default().lies)]
    lies: u64,
    /// Writes everything that happens to stderr.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Plays the seeds as split views instead: 4 to 15 witnesses of a log whose owner tells two stories, and as many that collude
    /// as are tolerated. Says for each how many cosignatures two contradicting heads got at most.
    #[arg(long, conflicts_with_all = ["seed", "replicas", "work", "lies", "all"])]
    split: bool,
    /// Goes on after a failure.
    #[arg(long)]
    all: bool,
    /// Does not look for a shorter plan that fails too.
    #[arg(long)]
    no_shrink: bool,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("two numbers with .. between them")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok((number(from)?, number(to)?))
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.split {
        let (from, to) = args.seeds;
        return split_views(from..args.count.map_or(to, |count| from + count));
    }
    let config = Config { replicas: args.replicas, work: args.work, lies: args.lies, trace: args.trace };
    let federation = Federation::found(args.replicas);
    let (from, to) = args.seed.map_or(args.seeds, |seed| (seed, seed + 1));
    let to = args.count.map_or(to, |count| from + count);
    if args.seed.is_none() {
        // A panic is a finding with a seed of its own: it is reported with it, once.
        std::panic::set_hook(Box::new(|_| ()));
    }
    let started = Instant::now();
    let (done, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let total = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let mut outcomes: Vec<Outcome> = (from..to)
        .par_bridge()
        .filter_map(|seed| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = match &args.keep {
                Some(keep) => sim::run_only(seed, keep, &config, &federation),
                None => sim::run(seed, &config, &federation),
            };
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, total, started);
            if outcome.breach.is_some() && !args.all {
                stop.store(true, Ordering::Relaxed);
            }
            Some(outcome)
        })
        .collect();
    outcomes.sort_by_key(|outcome| outcome.seed);
    report(&args, &config, &federation, &outcomes, started)
}

/// Exit code 1 also when the smaller quorums were not split: then the simulation saw nothing.
fn split_views(seeds: Range<u64>) -> ExitCode {
    let started = Instant::now();
    let rows = split::sweep(&seeds);
    let mut out = std::io::stdout().lock();
    for row in &rows {
        let _closed = writeln!(out, "{row}");
    }
    let bad = rows.iter().filter(|row| row.breach.is_some() || row.split != row.splittable()).count();
    let _closed = writeln!(out, "{} cases of {} seeds, {bad} failed, {:.1} s", rows.len(), seeds.count(), started.elapsed().as_secs_f64());
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn progress(done: usize, total: usize, started: Instant) {
    let terminal = std::io::stderr().is_terminal();
    if total > 1 && (terminal || done.is_multiple_of(500)) {
        let end = if terminal { "\r" } else { "\n" };
        let _closed = write!(std::io::stderr().lock(), "{done} of {total} seeds, {} s{end}", started.elapsed().as_secs());
    }
}

fn report(args: &Args, config: &Config, federation: &Federation, outcomes: &[Outcome], started: Instant) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| {
        let _closed = writeln!(out, "{line}");
    };
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.breach.is_some()).collect();
    for outcome in failed.iter().take(20) {
        let Some(breach) = &outcome.breach else { continue };
        say(format!("seed {}: {breach}", outcome.seed));
        let again = format!("cargo run -p parangon-tests --release --no-default-features --bin sim -- --seed {}", outcome.seed);
        let size = if config.replicas == 50 { String::new() } else { format!(" --replicas {}", config.replicas) };
        say(format!("  again: {again}{size}"));
    }
    if let Some(first) = failed.first()
        && !args.no_shrink
        && args.keep.is_none()
        && !args.trace
    {
        let (kept, shorter) = sim::shrink(first, config, federation, 120);
        let list = kept.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let breach = shorter.breach.map(|breach| breach.to_string()).unwrap_or_default();
        say(format!("  {} of {} steps are enough (--keep {list}): {breach}", kept.len(), first.steps));
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, count) in outcomes.iter().flat_map(|outcome| &outcome.counts) {
        *counts.entry(what).or_default() += count;
    }
    let events: u64 = outcomes.iter().map(|outcome| outcome.events).sum();
    let seconds = started.elapsed().as_secs_f64();
    if let ([outcome], true) = (outcomes, args.seed.is_some()) {
        say(format!("trace {}", hex::encode(outcome.trace)));
    }
    let list = counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
    say(format!(
        "{} seeds of {} agencies, {} failed, {events} events, {seconds:.1} s: {list}",
        outcomes.len(),
        config.replicas,
        failed.len()
    ));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
