//! What the tests of the command line share: the program in a directory of its own, with nothing of the user's.
#![allow(dead_code)] // each test file uses a part of it

pub(crate) mod capture;
pub(crate) mod nodes;
pub(crate) mod review;
pub(crate) mod web;
pub(crate) mod wire;
pub(crate) mod workbook;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use assert_cmd::Command;
use tempfile::TempDir;

/// A directory that stands for one person's computer.
pub(crate) struct Desk {
    dir: TempDir,
    /// Days by which every program that is started here believes to be later.
    ahead: AtomicU32,
}

impl Desk {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory"), ahead: AtomicU32::new(0) }
    }

    /// A path on it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program, started here without the tester's own settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::cargo_bin("parangon").expect("built");
        command.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path()).env("XDG_CONFIG_HOME", self.path("config"));
        command.envs(self.clock());
        command
    }

    /// From here on every program that is started believes that it is so many days later than it is.
    pub(crate) fn set_ahead(&self, days: u32) {
        self.ahead.store(days, Ordering::Relaxed);
    }

    /// What makes a program believe so: libfaketime, as in tests/years. Nothing where the clock is right.
    pub(crate) fn clock(&self) -> Vec<(&'static str, String)> {
        let days = self.ahead.load(Ordering::Relaxed);
        if days == 0 {
            return vec![];
        }
        let places = std::fs::read_dir("/usr/lib").expect("listed").filter_map(|entry| Some(entry.ok()?.path()));
        let library = places.map(|place| place.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists());
        let library = library.expect("libfaketime is not installed (apt-get install libfaketime)");
        vec![
            ("LD_PRELOAD", library.to_str().expect("UTF-8").to_owned()),
            ("FAKETIME", format!("+{days}d")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }

    /// Runs one command line; words are separated by spaces.
    pub(crate) fn run(&self, line: &str) -> Run {
        Run(self.command().args(line.split(' ')).output().expect("started"))
    }

    /// Runs one command line of given words.
    pub(crate) fn run_words(&self, words: &[&str]) -> Run {
        Run(self.command().args(words).output().expect("started"))
    }

    /// Runs one command line with a text on stdin.
    pub(crate) fn run_with(&self, line: &str, stdin: &str) -> Run {
        Run(self.command().args(line.split(' ')).write_stdin(stdin).output().expect("started"))
    }

    /// Writes a file that its owner alone can read.
    pub(crate) fn private(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.path(name), text).expect("written");
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).expect("ours");
    }

    /// The 48 words of a recovery sheet, as they stand on its page.
    pub(crate) fn sheet(&self, page: &str) -> Vec<String> {
        let page = std::fs::read_to_string(self.path(page)).expect("a page");
        let items = page.lines().filter_map(|line| line.strip_prefix("<li>")?.strip_suffix("</li>"));
        let words: Vec<String> = items.filter(|item| item.bytes().all(|b| b.is_ascii_lowercase())).map(str::to_owned).collect();
        assert_eq!(words.len(), 48, "{page}");
        words
    }

    /// The names of all files below a directory.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(name)) else { return vec![] };
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Makes an agency in a directory of its name.
    pub(crate) fn init(&self, id: &str, country: &str) {
        let name = format!("Agency {id}");
        let listen = format!("/ip4/127.0.0.1/tcp/{}", 20_000 + id.len());
        let words = ["init", "--data", id, "--id", id, "--name", &name, "--country", country, "--listen", &listen];
        self.run_words(&words).ends(0);
    }
}

/// How a command ended.
pub(crate) struct Run(Output);

impl Run {
    /// What a command that was started otherwise gave.
    pub(crate) fn of(output: Output) -> Self {
        Self(output)
    }

    /// Expects an exit code; shows everything when it is another.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", self.out(), self.err());
        self
    }

    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    /// Standard output.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Standard error.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Standard output as JSON, which must be one line.
    pub(crate) fn json(&self) -> serde_json::Value {
        let out = self.out();
        assert_eq!(out.lines().count(), 1, "{out}");
        serde_json::from_str(&out).expect("JSON")
    }
}

/// The permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}
