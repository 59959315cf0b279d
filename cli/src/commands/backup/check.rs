//! `parangon backup check`: a restore that is thrown away. What is not tried is no backup.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use parangon_node::backup::{Manifest, Report, audit, open};
use serde_json::json;

use super::{BackupKey, Progress, refused};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page};

/// Arguments of `parangon backup check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    key: BackupKey,
}

/// Opens a backup's file.
pub(crate) fn read(path: &Path) -> Result<(File, u64), Failure> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata.len())));
    opened.map_err(|error| {
        let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("cannot read {}: {error}", path.display()))
    })
}

/// Restores it where nobody else can look, checks it, and removes it again.
pub(super) fn run(args: &CheckArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let (file, size) = read(&args.file)?;
    let identity = args.key.open(data, out)?;
    let progress = Progress::new(out, "Restoring to check", Some(size));
    let backup = open(progress.of(file), &identity).map_err(refused)?;
    let private = std::fs::Permissions::from_mode(0o700);
    let dir = tempfile::Builder::new().prefix("parangon-check-").permissions(private).tempdir().map_err(Failure::failed)?;
    let unpacked = backup.unpack(dir.path(), &identity).map_err(refused)?;
    drop(progress);
    let report = audit(&unpacked, dir.path()).map_err(refused)?;
    let manifest = unpacked.manifest();
    dir.close().map_err(|error| Failure::failed(format!("the temporary directory could not be removed: {error}")))?;
    let json = json!({ "file": args.file, "bytes": size, "manifest": manifest, "report": report });
    out.result(&json, |page| {
        page.state(
            crate::output::State::Ok,
            &args.file.to_string_lossy(),
            "it was restored into a temporary directory, checked and removed",
        );
        describe(manifest, page);
        found(&report, page);
    })
}

/// What a backup says of itself.
pub(crate) fn describe(manifest: &Manifest, page: &mut Page) {
    page.field("agency", manifest.agency.as_str());
    page.field("federation", manifest.federation.words());
    page.field("made", manifest.made.to_string());
    page.field("by", format!("parangon {}", manifest.program));
    match &manifest.own_log {
        Some(log) => page.field("own log", format!("{} records, epoch {}", log.size, log.epoch)),
        None => page.field("own log", "no record yet"),
    }
    let counts = &manifest.counts;
    let held = format!("logs {}, records {}, labels {}", counts.logs, counts.records, counts.labels);
    page.field("public", held);
    let private = format!("items {}, messages that wait {}, tokens {}", counts.private, counts.outbox, counts.tokens);
    page.field("private", private);
}

/// What was checked.
pub(crate) fn found(report: &Report, page: &mut Page) {
    page.field("checked", format!("{} signed heads, charter version {}", report.heads, report.charter));
    for (log, size) in &report.logs {
        page.field("log", format!("{log}: {size} records, root recomputed"));
    }
}
