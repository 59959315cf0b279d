//! Where the agencies' directories are: in one that is kept, or in a temporary one that goes with the demonstration.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::exit::Exit;
use crate::failure::Failure;

/// The directory of all agencies.
#[derive(Debug)]
pub(super) enum Home {
    /// Named with `--dir`; it stays.
    Kept(PathBuf),
    /// Removed when dropped.
    Temporary(TempDir),
}

impl Home {
    /// Makes the directory. One that has something in it is refused.
    pub(super) fn new(dir: Option<&Path>) -> Result<Self, Failure> {
        let Some(dir) = dir else { return tempfile::tempdir().map(Self::Temporary).map_err(Failure::failed) };
        let failed = |error: std::io::Error| Failure::failed(format!("cannot use {}: {error}", dir.display()));
        if dir.exists() && (!dir.is_dir() || dir.read_dir().map_err(failed)?.next().is_some()) {
            let failure = Failure::new(Exit::Conflict, format!("{} is not an empty directory", dir.display()));
            return Err(failure.next("name one that does not exist yet with --dir: a demonstration never changes another's"));
        }
        let dir = std::path::absolute(dir).map_err(failed)?;
        private(&dir)?;
        Ok(Self::Kept(dir))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }

    /// Whether it stays.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// Makes a directory that only its owner can enter, where there is none.
pub(super) fn private(dir: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Failure::failed(format!("cannot make {}: {error}", dir.display())))
}
