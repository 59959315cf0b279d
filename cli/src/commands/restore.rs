//! `parangon restore`: a backup becomes the data directory of a new machine, all of it or nothing.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use parangon_node::NodeFiles;
use parangon_node::backup::{audit, open};
use serde_json::json;
use tempfile::TempDir;

use super::backup::{BackupKey, Progress, describe, found, read, refused};
use crate::args::DataDir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt;

/// The lock file of the store, which says nothing once the store is closed.
const LOCK: &str = "parangon.lock";

/// Arguments of `parangon restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    data: DataDir,
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    key: BackupKey,
    /// The old machine is switched off for good: do not ask
    #[arg(long)]
    old_node_is_off: bool,
}

/// Restores into an empty directory.
pub(crate) fn run(args: &RestoreArgs, out: &Output) -> Result<(), Failure> {
    let target = args.data.path();
    let exists = empty(&target)?;
    let (file, size) = read(&args.file)?;
    let identity = args.key.open(&target, out)?;
    let progress = Progress::new(out, "Restoring", Some(size));
    let backup = open(progress.of(file), &identity).map_err(refused)?;
    let manifest = backup.manifest().clone();
    confirm(args, &format!("{} as of {}", manifest.agency, manifest.made), out)?;

    let stage = stage(&target, exists)?;
    let unpacked = backup.unpack(stage.path(), &identity).map_err(refused)?;
    drop(progress);
    let report = audit(&unpacked, stage.path()).map_err(refused)?;
    let changed = unpacked.write_files(stage.path()).map_err(refused)?;
    let failed = |error: io::Error| Failure::failed(format!("cannot write {}: {error}; nothing was changed", target.display()));
    fs::remove_file(stage.path().join(LOCK)).map_err(failed)?;
    publish(stage, &target, exists).map_err(failed)?;

    let json = json!({ "data": target, "file": args.file, "manifest": manifest, "report": report, "key_source_changed": changed });
    out.result(&json, |page| {
        page.remark(format!("{} was restored into {}.", manifest.agency, target.display()));
        describe(&manifest, page);
        found(&report, page);
        if changed {
            page.remark("node.key opens the node's keys now: the setting of parangon.toml that named something else is commented out.");
        }
        page.remark(
            "What the agency stated after the backup comes back from the other members. Until they have told the node where its log",
        );
        page.remark("ends, it is recovering: it answers and verifies, and signs nothing.");
        page.next(format!("parangon serve --data {}, then parangon status --data {}", target.display(), target.display()));
    })
}

/// Whether the directory exists; refuses one with anything in it.
fn empty(target: &Path) -> Result<bool, Failure> {
    let there = |what: &Path| {
        let failure = Failure::new(Exit::Conflict, format!("{} is there already; nothing was changed", what.display()));
        failure.next("a backup is restored into a directory that is new or empty: choose one with --data DIR, or move the old one away")
    };
    let known = target.join(NodeFiles::NAME);
    if known.symlink_metadata().is_ok() {
        return Err(there(&known));
    }
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(entry) => Err(there(&entry.map_err(Failure::failed)?.path())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(there(target)),
        Err(error) => Err(Failure::failed(format!("cannot read {}: {error}", target.display()))),
    }
}

/// Two nodes with the same keys would tell two stories, and their log would be frozen everywhere.
fn confirm(args: &RestoreArgs, what: &str, out: &Output) -> Result<(), Failure> {
    if args.old_node_is_off {
        return Ok(());
    }
    if !out.is_interactive() {
        let failure = Failure::usage(format!("restoring {what} replaces the old machine, which must be off for good"));
        return Err(failure.next("make sure that it is, then add --old-node-is-off"));
    }
    let question = format!(
        "This restores {what} and replaces the old machine. Two nodes with the same keys would break the agency's log.\n\
         Is the old machine switched off for good?"
    );
    prompt::confirm(out, &question, false)
}

/// A private directory on the same file system: beside the target, or inside it where that exists (it may be a mount).
fn stage(target: &Path, exists: bool) -> Result<TempDir, Failure> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let home = if exists { target } else { parent };
    if !home.is_dir() {
        return Err(Failure::new(Exit::NotFound, format!("the directory {} is not there; nothing was changed", home.display())));
    }
    let made = tempfile::Builder::new().prefix(".parangon-restore-").permissions(Permissions::from_mode(0o700)).tempdir_in(home);
    made.map_err(|error| Failure::failed(format!("cannot write into {}: {error}", home.display())))
}

/// Puts what is complete in its place. `serve` starts with `federation.json` only, so that goes last.
fn publish(stage: TempDir, target: &Path, exists: bool) -> io::Result<()> {
    File::open(stage.path())?.sync_all()?;
    if !exists {
        fs::rename(stage.path(), target)?;
        drop(stage); // nothing is left under its name
        return sync(target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    }
    let mut names: Vec<_> = fs::read_dir(stage.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    names.sort_by_key(|name| name == NodeFiles::NAME);
    for (at, name) in names.iter().enumerate() {
        if let Err(error) = fs::rename(stage.path().join(name), target.join(name)) {
            for ours in &names[..at] {
                let _ = fs::remove_file(target.join(ours));
            }
            return Err(error);
        }
    }
    stage.close()?;
    sync(target)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
