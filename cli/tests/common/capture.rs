//! What goes over loopback, as whoever listens there sees it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A capture that runs; ended when dropped.
pub(crate) struct Capture {
    child: Child,
    stdin: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    dir: PathBuf,
}

/// What went from one port to another one.
pub(crate) struct Flow {
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) bytes: Vec<u8>,
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Capture {
    /// Begins to listen to these ports. `None`, and said so, for who is not root: the system shows packets to nobody else.
    pub(crate) fn of(dir: &Path, ports: &[u16]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("\n*** SKIPPED: not root, so the traffic between the nodes is NOT captured and NOT searched ***\n");
            return None;
        }
        std::fs::create_dir(dir).expect("made");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/capture.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(dir).args(ports.iter().map(u16::to_string));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
        let mut said = BufReader::new(child.stdout.take().expect("piped"));
        let stdin = child.stdin.take();
        let mut line = String::new();
        said.read_line(&mut line).expect("read");
        assert_eq!(line, "ready\n");
        Some(Self { child, stdin, said, dir: dir.to_owned() })
    }

    /// Ends it: everything that went by, with nothing missing.
    pub(crate) fn end(mut self) -> Vec<Flow> {
        drop(self.stdin.take());
        let mut line = String::new();
        self.said.read_line(&mut line).expect("read");
        let (packets, lost) = line.trim().split_once(' ').expect("two numbers");
        assert_eq!((packets == "0", lost), (false, "0"), "packets and lost ones: {line}");
        let flow = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().expect("a name");
            let (from, to) = name.split_once('-').expect("two ports");
            let port = |text: &str| text.parse().expect("a port");
            Flow { from: port(from), to: port(to), bytes: std::fs::read(entry.path()).expect("read") }
        };
        std::fs::read_dir(&self.dir).expect("listed").map(|entry| flow(entry.expect("there"))).collect()
    }
}
