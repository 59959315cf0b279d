//! `parangon verify --many`: files and folders of them, one line each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::{Outcome, Trust, Verdict, Verifier};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, Page, State, clean};

/// Files that are judged before their lines are written: enough to keep all cores busy, few enough to hold.
const ROUND: usize = 4_096;

/// One file's verdict.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a Path,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

/// Checks all of them; 0 when every label is valid, else 1. A file that cannot be read is a line like others.
pub(super) fn run(paths: &[PathBuf], trust: &Trust, at: Timestamp, out: &Output) -> Result<u8, Failure> {
    let files = listed(paths)?;
    let bar = bar(files.len(), out);
    let verifier = Verifier::new(trust, at);
    let mut unread = 0usize;
    let mut counts: BTreeMap<&str, (Outcome, usize)> = BTreeMap::new();
    for round in files.chunks(ROUND) {
        let judge = |path: &PathBuf| {
            let read = files::read_start(path, limits::CARRIER_BYTES + 1);
            bar.inc(1);
            read.map(|file| verifier.verify(&file))
        };
        let verdicts: Vec<Result<Verdict, Failure>> = round.par_iter().map(judge).collect();
        for (file, verdict) in round.iter().zip(&verdicts) {
            let verdict = match verdict {
                Ok(verdict) => verdict,
                Err(failure) => {
                    unread += 1;
                    let shown = |page: &mut Page| page.state(State::Fail, &clean(&file.to_string_lossy()), &failure.to_string());
                    bar.suspend(|| out.result(&json!({ "file": file, "error": failure.to_string() }), shown))?;
                    continue;
                }
            };
            counts.entry(verdict.verdict.word()).or_insert((verdict.verdict, 0)).1 += 1;
            if out.is_json() || verdict.verdict != Outcome::Valid {
                let name = file.to_string_lossy();
                let shown = |page: &mut Page| page.state(report::state(verdict.verdict), &clean(&name), &verdict.sentence);
                bar.suspend(|| out.result(&Line { file, verdict }, shown))?;
            }
        }
    }
    bar.finish_and_clear();
    let valid = counts.get(Outcome::Valid.word()).map_or(0, |(_, count)| *count);
    if !out.is_json() {
        // With --json the lines are the result.
        out.result(&(), |page| {
            page.field("files", files.len().to_string());
            page.field("valid", valid.to_string());
            if unread > 0 {
                page.field("not read", unread.to_string());
            }
            for (outcome, count) in counts.values().filter(|(outcome, _)| *outcome != Outcome::Valid) {
                page.field(outcome.word(), count.to_string());
            }
        })?;
    }
    Ok(if valid == files.len() { 0 } else { Exit::Failed.number() })
}

/// The files named, and those directly in the folders named, sorted by name.
fn listed(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error: std::io::Error| Failure::failed(format!("cannot read {}: {error}", path.display()));
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_file() {
                inside.push(path);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    if files.is_empty() { Err(Failure::new(Exit::NotFound, "there is no file in what was named")) } else { Ok(files) }
}

fn bar(total: usize, out: &Output) -> ProgressBar {
    if !out.is_interactive() || out.is_quiet() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("checking {bar:30} {pos} of {len}, {per_sec}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
