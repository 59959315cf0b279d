//! Vectors that nobody in the project wrote. They are read from the folder that `PARANGON_VECTORS` names; without it
//! the tests say loudly that they were skipped.

#![allow(dead_code, unreachable_pub, missing_docs)] // each test target uses its part

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The folder of one set; `None` when no vectors are there to be read.
pub fn set(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("PARANGON_VECTORS") else {
        // Written to the stream itself: the test harness would swallow an `eprintln!` of a test that passes.
        let line = format!("\n*** SKIPPED: PARANGON_VECTORS is not set, the vectors of {name} were NOT checked ***\n");
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
        return None;
    };
    let folder = Path::new(&root).join(name);
    assert!(folder.is_dir(), "PARANGON_VECTORS has no folder {name}");
    Some(folder)
}

pub fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The JSON files of a folder by name, sorted.
pub fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}
