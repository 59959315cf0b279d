//! `parangon backup list`: file names and sizes; with the identity key also what the backups say of themselves.

use std::fs::{self, DirEntry};
use std::io::Read;
use std::path::{Path, PathBuf};

use parangon_node::backup::{EXTENSION, Manifest, open};
use parangon_node::keystore::identity::IdentityFile;
use parangon_protocol::id::AgencyId;
use parangon_protocol::time::Timestamp;
use serde::Serialize;

use super::BackupKey;
use super::check::read;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What every age file begins with.
const AGE: &[u8] = b"age-encryption.org/v1\n";

/// Arguments of `parangon backup list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Where the backups are [default: the current directory]
    dir: Option<PathBuf>,
    #[command(flatten)]
    key: BackupKey,
}

/// One file.
#[derive(Debug, Serialize)]
struct Entry {
    file: PathBuf,
    bytes: u64,
    /// From the file's name; anybody can rename a file.
    agency: Option<AgencyId>,
    made: Option<Timestamp>,
    /// Whether it is encrypted at all.
    sealed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Manifest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Lists them, the newest last.
pub(super) fn run(args: &ListArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let dir = args.dir.clone().unwrap_or_else(|| ".".into());
    let identity = args.key.is_given().then(|| args.key.open(data, out)).transpose()?;
    let found = fs::read_dir(&dir).map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("cannot read {}: {error}", dir.display()))
    })?;
    let ours = |entry: &DirEntry| entry.path().extension().is_some_and(|extension| extension == EXTENSION);
    let files = found.flatten().filter(ours).map(|entry| entry.path());
    let mut entries = files.map(|file| look(file, identity.as_ref())).collect::<Result<Vec<_>, _>>()?;
    entries.sort_by(|a, b| (a.made, &a.file).cmp(&(b.made, &b.file)));
    out.result(&entries, |page| {
        if entries.is_empty() {
            return page.remark(format!("No backups in {}. parangon backup create makes one.", dir.display()));
        }
        let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        page.table(
            ["FILE", "AGENCY", "MADE", "BYTES", "CONTENT"],
            entries.iter().map(|entry| {
                let name = entry.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                [
                    name,
                    or(entry.agency.as_ref().map(ToString::to_string)),
                    or(entry.made.map(|made| made.to_string())),
                    entry.bytes.to_string(),
                    content(entry),
                ]
            }),
        );
    })
}

fn content(entry: &Entry) -> String {
    match (&entry.manifest, &entry.problem) {
        (_, Some(problem)) => problem.clone(),
        (Some(manifest), None) => {
            let counts = &manifest.counts;
            format!("{} records, {} labels, {} private items", counts.records, counts.labels, counts.private)
        }
        (None, None) if entry.sealed => "encrypted".to_owned(),
        (None, None) => "not a backup".to_owned(),
    }
}

fn look(file: PathBuf, identity: Option<&IdentityFile>) -> Result<Entry, Failure> {
    let (mut start, bytes) = read(&file)?;
    let mut begins = Vec::new();
    let _unreadable = start.by_ref().take(AGE.len() as u64).read_to_end(&mut begins);
    let opened = identity.map(|identity| read(&file).map(|(file, _)| open(file, identity))).transpose()?;
    let (manifest, problem) = match opened {
        None => (None, None),
        Some(Ok(backup)) => (Some(backup.manifest().clone()), None),
        Some(Err(error)) => (None, Some(error.to_string())),
    };
    let (agency, made) = named(&file).unzip();
    Ok(Entry { bytes, agency, made, sealed: begins == AGE, manifest, problem, file })
}

/// Agency and time from the name that `create` gives.
fn named(path: &Path) -> Option<(AgencyId, Timestamp)> {
    let (agency, made) = path.file_stem()?.to_str()?.rsplit_once('-')?;
    let digits = |range| made.get(range).filter(|_| made.len() == 16);
    let (date, time) = ([digits(0..4)?, digits(4..6)?, digits(6..8)?], [digits(9..11)?, digits(11..13)?, digits(13..16)?]);
    let made = format!("{}T{}", date.join("-"), time.join(":"));
    Some((agency.parse().ok()?, made.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_and_when() {
        let read = |name: &str| named(Path::new(name)).map(|(agency, made)| format!("{agency} {made}"));
        assert_eq!(read("x/klynge-oslo-20261124T120001Z.pgnbak").as_deref(), Some("klynge-oslo 2026-11-24T12:00:01Z"));
        for bad in ["x.pgnbak", "oslo-.pgnbak", "oslo-20261324T120001Z.pgnbak", "-20261124T120001Z.pgnbak", "oslo-20261124T12000ø.pgnbak"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
