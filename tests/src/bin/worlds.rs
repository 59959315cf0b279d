//! `worlds`: draws synthetic federations and writes what they publish, for `tests/attack`; or measures what of it can be used.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use parangon_tests::worlds::{self, Lines, Without};
use rayon::prelude::*;

/// Federations that are drawn at a time: their lines wait in memory for those before them.
const BATCH: u64 = 64;

/// Draws synthetic federations, one a seed, and writes one line of JSON each.
#[derive(Debug, Parser)]
struct Args {
    /// How many, from seed 0 on.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where to write what is public.
    #[arg(long)]
    public: PathBuf,
    /// Where to write what is true.
    #[arg(long)]
    truth: PathBuf,
    /// Leaves a protection out: suppression, guard or noise.
    #[arg(long, value_parser = without, default_value = "nothing")]
    without: Without,
}

fn without(word: &str) -> Result<Without, String> {
    Without::named(word).ok_or_else(|| "one of nothing, suppression, guard, noise".to_owned())
}

fn main() -> ExitCode {
    match write(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worlds: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(args: &Args) -> std::io::Result<()> {
    let mut public = BufWriter::new(File::create(&args.public)?);
    let mut truth = BufWriter::new(File::create(&args.truth)?);
    let mut next = args.first;
    let end = args.first.saturating_add(args.count);
    while next < end {
        let until = next.saturating_add(BATCH).min(end);
        let made: Vec<Lines> = (next..until).into_par_iter().map(|seed| worlds::lines(seed, args.without)).collect();
        for lines in made {
            writeln!(public, "{}", lines.public)?;
            writeln!(truth, "{}", lines.truth)?;
        }
        next = until;
    }
    public.flush()?;
    truth.flush()
}
