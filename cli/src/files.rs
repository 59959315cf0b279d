//! Files that people hand over: bounded when read, never overwritten by accident.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::exit::Exit;
use crate::failure::Failure;

/// The first `bytes` bytes of a file, or of stdin for `-`; less when it is shorter.
pub(crate) fn read_start(path: &Path, bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut start = Vec::new();
    let bound = bytes as u64;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bound).read_to_end(&mut start)
    } else {
        File::open(path).and_then(|file| file.take(bound).read_to_end(&mut start))
    };
    read.map_err(|error| unreadable(path, &error))?;
    Ok(start)
}

/// All of a file, or of stdin for `-`; one larger than `limit` bytes does not validate.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let bytes = read_start(path, limit + 1)?;
    if bytes.len() > limit { Err(Failure::invalid(format!("{} is larger than {limit} bytes", path.display()))) } else { Ok(bytes) }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
    Failure::new(exit, format!("cannot read {}: {error}", path.display()))
}

/// Writes a new file and makes it durable. Refuses when something is there.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let failure = Failure::new(Exit::Conflict, format!("{} exists already and is not overwritten", path.display()));
            return Err(failure.next("move it away, or choose another name with -o"));
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = std::fs::remove_file(path); // ours, half-written
        failed(error)
    })
}

/// The part of a file's name that a name of people becomes: letters and digits, joined by `-`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(60).collect();
    if slug.is_empty() { "unnamed".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_directory() {
        assert_eq!(slug("BioRegio Südwest e.V."), "bioregio-südwest-e-v");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("..."), "unnamed");
        assert_eq!(slug("\u{202e}x\n"), "x");
    }

    #[test]
    fn files_are_bounded_and_not_overwritten() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x");
        write_new(&path, b"12345").expect("written");
        assert_eq!(write_new(&path, b"6").expect_err("there").exit, Exit::Conflict);
        assert_eq!(read(&path, 5).expect("read"), b"12345");
        assert_eq!(read_start(&path, 4).expect("read"), b"1234");
        assert_eq!(read(&path, 4).expect_err("too large").exit, Exit::Invalid);
        assert_eq!(read(&dir.path().join("y"), 4).expect_err("missing").exit, Exit::NotFound);
    }
}
