//! The directory of a mirror: written by one at a time, each file whole or not at all, and only when it differs.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use parangon_node::service::mirrors::{MARKER, Marker};
use parangon_protocol::id::Fingerprint;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;

/// Where files are written before they come into their place. Web servers leave out what begins with a dot, or may give it out: it is
/// public too.
const SCRATCH: &str = ".parangon-mirror";

/// A mirror that is written.
#[derive(Debug)]
pub(super) struct Dir {
    root: PathBuf,
    _lock: File,
    /// What was written now: it makes nothing needless yet.
    fresh: BTreeSet<PathBuf>,
    /// Files written.
    pub(super) written: u64,
    /// Files that were the same.
    pub(super) unchanged: u64,
    /// Partial tiles removed that a full one has replaced.
    pub(super) removed: u64,
}

impl Dir {
    /// Opens a directory, and makes it a mirror where it is empty or not there.
    ///
    /// # Errors
    /// Exit code 6 for one that is something else, or a mirror of another federation, or written by somebody else now.
    pub(super) fn open(root: &Path, federation: &Fingerprint) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::failed(format!("cannot write into {}: {error}", root.display()));
        let refused = |what: &str| {
            let failure = Failure::new(Exit::Conflict, format!("{} {what}; nothing was written", root.display()));
            failure.next("name a new or empty directory, or one with a mirror of this federation")
        };
        fs::create_dir_all(root).map_err(failed)?;
        match fs::read(root.join(MARKER)) {
            Ok(bytes) => match Marker::read(&bytes) {
                Some(marker) if marker.federation == *federation => {}
                Some(_) => return Err(refused("is the mirror of another federation")),
                None => return Err(refused("is not a mirror")),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // What a first try left that was ended before it had begun is nothing.
                let other = |entry: io::Result<fs::DirEntry>| entry.map_or(true, |entry| entry.file_name() != SCRATCH);
                if fs::read_dir(root).map_err(failed)?.any(other) {
                    return Err(refused("is not empty, and not a mirror"));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        let scratch = root.join(SCRATCH);
        fs::create_dir_all(&scratch).map_err(failed)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(scratch.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(refused("is being written by another process")),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut dir = Self { root: root.to_owned(), _lock: lock, fresh: BTreeSet::new(), written: 0, unchanged: 0, removed: 0 };
        if dir.read(MARKER)?.is_none() {
            dir.put(MARKER, json!(Marker::new(*federation, vec![], vec![])).to_string().as_bytes())?;
        }
        Ok(dir)
    }

    /// A file, where it is there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::failed(format!("cannot read {path} in {}: {error}", self.root.display()))),
        }
    }

    /// Puts a file into its place in one step, durably, unless it is there already as it is.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        if self.read(path)?.is_some_and(|there| there == bytes) {
            self.unchanged += 1;
            return Ok(());
        }
        let (draft, place) = (self.root.join(SCRATCH).join("draft"), self.root.join(path));
        let write = || {
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&draft)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&draft, &place)
        };
        write().map_err(|error| Failure::failed(format!("cannot write {}: {error}", place.display())))?;
        self.fresh.insert(place);
        self.written += 1;
        Ok(())
    }

    /// Whether a partial tile, or the full one in its place, was written this time: after an epoch that begins lower the partial one is what
    /// the checkpoint leads to.
    fn is_fresh(&self, partial: &Path) -> bool {
        self.fresh.contains(&partial.with_extension("")) || self.fresh.iter().any(|place| place.starts_with(partial))
    }

    /// Removes the partial tiles of a log whose full tile was there before: readers of an older checkpoint find that one.
    pub(super) fn prune(&mut self, log: &str) -> Result<(), Failure> {
        let mut stack = vec![self.root.join(log).join("tile")];
        while let Some(dir) = stack.pop() {
            let failed = |error: io::Error| Failure::failed(format!("cannot tidy {}: {error}", dir.display()));
            let entries = match fs::read_dir(&dir) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries.map_err(failed)?.collect::<io::Result<Vec<_>>>().map_err(failed)?,
            };
            for path in entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(fs::DirEntry::path) {
                if path.extension().is_none_or(|extension| extension != "p") {
                    stack.push(path);
                } else if path.with_extension("").is_file() && !self.is_fresh(&path) {
                    self.removed += u64::try_from(fs::read_dir(&path).map_err(failed)?.count()).unwrap_or(0);
                    fs::remove_dir_all(&path).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(byte: u8) -> Fingerprint {
        Fingerprint(parangon_protocol::id::Hash([byte; 32]))
    }

    #[test]
    fn only_a_mirror_of_the_federation_is_written_into() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("www/mirror");
        let one = Dir::open(&path, &fingerprint(1)).expect("new");
        assert_eq!(Dir::open(&path, &fingerprint(1)).expect_err("in use").exit, Exit::Conflict);
        drop(one);
        Dir::open(&path, &fingerprint(1)).expect("the same");
        assert_eq!(Dir::open(&path, &fingerprint(2)).expect_err("another federation").exit, Exit::Conflict);
        fs::write(path.join(MARKER), "{}").expect("written");
        assert_eq!(Dir::open(&path, &fingerprint(1)).expect_err("damaged").exit, Exit::Conflict);
        let other = root.path().join("home");
        fs::create_dir(&other).expect("made");
        fs::write(other.join("letter.txt"), "dear").expect("written");
        assert_eq!(Dir::open(&other, &fingerprint(1)).expect_err("something else").exit, Exit::Conflict);
        assert_eq!(fs::read_dir(&other).expect("listed").count(), 1, "nothing was written");
    }

    #[test]
    fn a_file_is_written_when_it_differs_and_partial_tiles_go_one_time_later() {
        let root = tempfile::tempdir().expect("a directory");
        let open = || Dir::open(root.path(), &fingerprint(1)).expect("a mirror");
        let mut dir = open();
        dir.put("a/tile/0/x001/000.p/7", b"seven").expect("written");
        dir.put("a/tile/0/x001/000.p/7", b"seven").expect("the same");
        assert_eq!((dir.written, dir.unchanged), (2, 1), "and the marker");
        dir.put("a/tile/0/x001/000", b"full").expect("written");
        dir.prune("a").expect("tidied");
        assert_eq!(dir.removed, 0, "a reader of the older checkpoint may be on its way");
        drop(dir);
        let mut dir = open();
        dir.prune("a").expect("tidied");
        dir.prune("nobody").expect("nothing to tidy");
        assert_eq!((dir.removed, dir.read("a/tile/0/x001/000.p/7").expect("reads")), (1, None));
        assert_eq!(dir.read("a/tile/0/x001/000").expect("reads").as_deref(), Some(&b"full"[..]));
    }
}
