//! New files that belong together: all are written or none, private, never over something else.

use std::path::{Path, PathBuf};

use parangon_node::keystore::file;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;

/// The files of an agency, in the order in which they are written. Wiped when dropped.
pub(crate) struct NewFiles {
    dir: PathBuf,
    planned: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    /// Those that everybody may read.
    public: Vec<PathBuf>,
}

impl NewFiles {
    /// None yet, for this directory.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.into(), planned: Vec::new(), public: Vec::new() }
    }

    /// One more: a name inside the directory, or an absolute path.
    pub(crate) fn add(&mut self, name: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        self.planned.push((self.dir.join(name), Zeroizing::new(bytes.into())));
    }

    /// One more, that everybody may read.
    pub(crate) fn add_public(&mut self, name: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        self.public.push(self.dir.join(&name));
        self.add(name, bytes);
    }

    /// Their names; whole paths of those outside the directory.
    pub(crate) fn names(&self) -> Vec<String> {
        self.planned.iter().map(|(path, _)| path.strip_prefix(&self.dir).unwrap_or(path).to_string_lossy().into_owned()).collect()
    }

    /// Writes all of them or none. What was there before stays; `otherwise` says what to do about it.
    pub(crate) fn write(&self, otherwise: &str) -> Result<(), Failure> {
        if let Some((path, _)) = self.planned.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
            let failure = Failure::new(Exit::Conflict, format!("{} exists already; nothing was written", path.display()));
            return Err(failure.next(otherwise));
        }
        let homeless = |path: &Path| !path.starts_with(&self.dir) && !path.parent().is_some_and(Path::is_dir);
        if let Some((path, _)) = self.planned.iter().find(|(path, _)| homeless(path)) {
            return Err(Failure::new(Exit::NotFound, format!("the directory of {} is not there; nothing was written", path.display())));
        }
        make_private(&self.dir)?;
        for (at, (path, bytes)) in self.planned.iter().enumerate() {
            let write = if self.public.contains(path) { file::write_public } else { file::write_new };
            if let Err(error) = write(path, bytes) {
                for (ours, _) in &self.planned[..at] {
                    let _ = std::fs::remove_file(ours);
                }
                return Err(Failure::failed(error));
            }
        }
        Ok(())
    }
}

/// The directory, readable by its owner alone when it is new.
fn make_private(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Failure::failed(format!("cannot make {}: {error}", dir.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_written_or_none() {
        let desk = tempfile::tempdir().expect("a directory");
        let (dir, outside) = (desk.path().join("new"), desk.path().join("outside"));
        let mut files = NewFiles::new(&dir);
        files.add("a", *b"1");
        files.add(&outside, *b"2");
        files.add(desk.path().join("missing/c"), *b"3");
        assert_eq!(files.write("-").expect_err("no such directory").exit, Exit::NotFound);
        assert!(!outside.exists() && !dir.exists());

        std::fs::create_dir(desk.path().join("missing")).expect("made");
        files.write("-").expect("written");
        assert_eq!(std::fs::read(&outside).expect("written"), b"2");
        assert_eq!(files.names()[..2], ["a".to_owned(), outside.to_string_lossy().into_owned()]);
        std::fs::remove_file(dir.join("a")).expect("ours");
        assert_eq!(files.write("-").expect_err("there").exit, Exit::Conflict);
        assert!(!dir.join("a").exists());

        let mut twice = NewFiles::new(&dir);
        twice.add("b", *b"1");
        twice.add("b", *b"2");
        assert_eq!(twice.write("-").expect_err("the second one finds the first").exit, Exit::Failed);
        assert!(!dir.join("b").exists(), "what was written before the failure is taken back");
    }
}
