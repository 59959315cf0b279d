//! `utility`: measures at what share of cells figures are known, and how far off they are, and prints `docs/utility.md`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use parangon_protocol::charter::Disclosure;
use parangon_tests::worlds::{Draw, Known, Noise, Utility, measure, sample};
use rayon::prelude::*;

/// Noise of at most this many clusters in each direction, with this variance in tenths.
const NOISE: (u8, u32) = (2, 10);
/// Agencies of the real sample with fewer clusters are pooled.
const BELOW: usize = 10;

/// Prints what of the figures can be used, as Markdown.
#[derive(Debug, Parser)]
struct Args {
    /// The labelled clusters, as CSV.
    #[arg(long)]
    sample: PathBuf,
    /// Seeds of synthetic federations to look at; those with a pool are measured.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
}

fn main() -> ExitCode {
    match print(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("utility: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let text = std::fs::read(&args.sample)?;
    let noise = Noise::new(NOISE.0, NOISE.1).ok_or("no such noise")?;
    let real = |below, rule: &Disclosure| sample(&text, below, rule, 1);
    let usual = Disclosure::new(5, 2);
    let (alone, some, all) = (real(0, &usual)?, real(BELOW, &usual)?, real(usize::MAX, &usual)?);
    let few = Disclosure::new(3, 2);
    let fields = [real(0, &few)?, real(BELOW, &few)?, real(usize::MAX, &few)?];
    let jobs =
        [(&alone, None), (&alone, Some(&noise)), (&some, None), (&all, None), (&fields[0], None), (&fields[1], None), (&fields[2], None)];
    let found: Vec<Utility> = jobs.into_par_iter().map(|(draw, noise)| measure(draw, 1, true, noise)).collect();

    let synthetic: Vec<[Utility; 3]> = (0..args.seeds)
        .into_par_iter()
        .filter_map(|seed| {
            let draw = Draw::new(seed);
            let alone = draw.has_pool().then(|| draw.clone().all_alone())?;
            Some([measure(&alone, seed, true, None), measure(&alone, seed, true, Some(&noise)), measure(&draw, seed, true, None)])
        })
        .collect();
    let pooled = synthetic.iter().filter(|found| found[2].has_total).count();
    let joined = |at: usize, figure: fn(&Utility) -> &Known| {
        let mut sum = Known::default();
        synthetic.iter().filter(|found| found[2].has_total).for_each(|found| sum.join(figure(&found[at])));
        sum
    };

    let mut page = String::from(HEAD);
    let clusters = clusters(&text)?;
    writeln!(page, "## The real sample\n")?;
    writeln!(page, "{clusters} clusters of {} countries, an agency each; 31 indicators, six cells each.\n", countries(&found[0]))?;
    page.push_str(COLUMNS);
    let pool_of_some = format!("pool of those below {BELOW}");
    for (name, found) in [("suppression", &found[0]), ("and noise", &found[1]), (&pool_of_some, &found[2]), ("pool of all", &found[3])] {
        rows(&mut page, name, &[("national", &found.national), ("European", &found.european), ("European, by field", &found.by_field)])?;
    }
    writeln!(page, "\nWith a minimum of 3:\n")?;
    page.push_str(COLUMNS);
    for (name, found) in [("suppression", &found[4]), (&pool_of_some, &found[5]), ("pool of all", &found[6])] {
        rows(&mut page, name, &[("national", &found.national), ("European", &found.european), ("European, by field", &found.by_field)])?;
    }
    writeln!(page, "\n### Cells of country and field\n")?;
    let held = found[4].held.len();
    writeln!(page, "{held} cells hold a cluster (clusters without a field are one cell of their country). With a minimum of 3:\n")?;
    page.push_str("| | cells |\n|---|--:|\n");
    writeln!(page, "| three clusters or more, so that a threshold of 3 would show them alone | {} |", found[4].of_three)?;
    for (name, found) in [("of their agency alone, after suppression", &found[4]), (&pool_of_some, &found[5]), ("pool of all", &found[6])] {
        writeln!(page, "| in a figure by field that shows a count: {name} | {} |", found.contributing)?;
        if found.in_rest > 0 {
            writeln!(page, "| in the figure of all other fields: {name} | {} |", found.in_rest)?;
        }
    }
    writeln!(page, "\n## Synthetic federations\n")?;
    let seeds = args.seeds;
    writeln!(page, "Those of seeds 0 to {} in which a pool gives a total: {pooled}, each in its last quarter.\n", seeds.saturating_sub(1))?;
    page.push_str(COLUMNS);
    for (at, name) in ["suppression", "and noise", "pool of the small ones"].into_iter().enumerate() {
        let (national, european) = (joined(at, |found| &found.national), joined(at, |found| &found.european));
        rows(&mut page, name, &[("national", &national), ("European", &european)])?;
    }
    std::io::stdout().write_all(page.as_bytes())?;
    let wrong =
        found.iter().chain(synthetic.iter().flatten()).map(|found| found.national.wrong + found.european.wrong + found.by_field.wrong);
    if wrong.sum::<u64>() > 0 {
        return Err("a true count lies outside of what is published".into());
    }
    Ok(())
}

fn countries(found: &Utility) -> usize {
    found.held.iter().map(|(agency, _)| agency).collect::<std::collections::BTreeSet<_>>().len()
}

fn clusters(text: &[u8]) -> Result<usize, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_reader(text);
    let names = reader.records().map(|record| record.map(|record| (record[0].to_owned(), record[1].to_owned())));
    Ok(names.collect::<Result<std::collections::BTreeSet<_>, _>>()?.len())
}

const HEAD: &str = "# How much of the figures is known

What disclosure control costs, measured: `tests/utility` makes this page and compares it, `UPDATE=1 tests/utility` writes it again. Scores are made up from a seed, on
real and on synthetic clusters, since real ones are confidential. A figure is the number of clusters in one of six cells (unknown, level 0 to 4) of one indicator.
*National*: each agency that publishes alone, from its table of all clusters. *European*: all clusters, added up from what agencies and pools publish. *By field*: the
same for each technology field, from the tables by field.

*Known exactly*: the published numbers leave one count. *Known to a tenth*: they leave counts that are no further apart than a tenth of the clusters. *Error*: how
far the published count, or the middle of what is left open, is from the truth, on average, in percentage points of the clusters. The rule is a minimum of 5 and a
protection of 2 unless it says otherwise. *And noise* is the cell-key method with at most 2 clusters in each direction and a variance of 1, on what suppression leaves.
In a pool's table by field a field that would not open by itself (five members or more, and the minimum met without any two) is one of the rest.
A pool's total is exact wherever it shows a count: the program stops otherwise, as it does where any true count lies outside of what is published.

";

const COLUMNS: &str = "| | figures | cells | known exactly | known to a tenth | error |\n|---|---|--:|--:|--:|--:|\n";

fn rows(page: &mut String, name: &str, figures: &[(&str, &Known)]) -> std::fmt::Result {
    for (figure, known) in figures.iter().filter(|(_, known)| known.cells > 0) {
        let Known { cells, exact, near, error, .. } = **known;
        let share = |part: u64| format!("{} %", (100 * part + cells / 2) / cells);
        let tenths = (error + 50 * cells) / (100 * cells);
        writeln!(page, "| {name} | {figure} | {cells} | {} | {} | {}.{} |", share(exact), share(near), tenths / 10, tenths % 10)?;
    }
    Ok(())
}
