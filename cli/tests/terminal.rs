//! What is asked of somebody at a terminal: the program runs on a pseudo terminal of its own.

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::Desk;
use common::nodes::Nodes;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use serde_json::Value;

/// How long the program may be silent. Far more than it needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const CTRL_D: &str = "\u{4}";

/// The program at a terminal, and the person in front of it.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn start(desk: &Desk, line: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("a pseudo terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("ours");
        let theirs = File::from(ioctl_tiocgptpeer(&ours, flags).expect("its other side"));
        let stream = || Stdio::from(theirs.try_clone().expect("a descriptor"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_parangon"));
        command.args(line.split(' ')).current_dir(desk.path("")).env_clear().env("HOME", desk.path(""));
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("started");
        drop((command, theirs)); // so that reading ends with the program
        let keyboard = File::from(ours);
        let mut screen = keyboard.try_clone().expect("a descriptor");
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, screen: receive, seen: String::new() }
    }

    /// Waits until a text stands on the screen; returns what stands before it, and leaves both behind.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_owned();
                self.seen.drain(..at + text.len());
                return before;
            }
            let more = self.screen.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{text:?} is not in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// The number of the word that is asked for next.
    fn asked(&mut self) -> usize {
        self.until("Word ");
        self.until(" of the recovery sheet: ").parse().expect("a number")
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("typed");
    }

    /// The exit code, and the rest of the screen.
    fn ends(mut self) -> (i32, String) {
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
        let code = self.child.wait().expect("ours").code().expect("ended by itself");
        (code, std::mem::take(&mut self.seen))
    }
}

const INIT: &str = "init --data oslo --id oslo --name Oslo --country NO";

fn confirmed(desk: &Desk) -> Value {
    desk.run("key show --data oslo --json").ends(0).json()["sheet"]["confirmed"].clone()
}

#[test]
fn init_wants_one_word_back() {
    let desk = Desk::new();
    let mut terminal = Terminal::start(&desk, INIT);
    let position = terminal.asked();
    let words = desk.sheet("oslo/oslo.recovery.html");
    terminal.types("swordfish\n");
    terminal.until("That is not word");
    assert_eq!(terminal.asked(), position, "the same word again");
    terminal.types(&format!("{}\n", words[position - 1].to_uppercase()));
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("unconfirmed"), "{screen}");
    assert!(confirmed(&desk).is_string());
}

#[test]
fn init_goes_on_without_it() {
    for typed in [[CTRL_D].as_slice(), &["swordfish\n", "\n", "swordfish\n"]] {
        let desk = Desk::new();
        let mut terminal = Terminal::start(&desk, INIT);
        for line in typed {
            terminal.asked();
            terminal.types(line);
        }
        let (code, screen) = terminal.ends();
        assert_eq!(code, 0, "{screen}");
        assert!(screen.contains("unconfirmed") && screen.contains("parangon key drill"), "{screen}");
        assert!(confirmed(&desk).is_null());
    }
}

#[test]
fn nobody_is_asked_who_does_not_want_to_be() {
    for option in ["--no-input", "--quiet", "--json"] {
        let desk = Desk::new();
        let (code, screen) = Terminal::start(&desk, &format!("{INIT} {option}")).ends();
        assert_eq!(code, 0, "{screen}");
        assert!(!screen.contains("Word "), "{option}: {screen}");
        assert!(confirmed(&desk).is_null());
    }
    let desk = Desk::new();
    desk.init("oslo", "NO");
    for option in ["--no-input", "--json", "--no-input --word 7"] {
        let (code, screen) = Terminal::start(&desk, &format!("key drill --data oslo {option}")).ends();
        assert_eq!(code, 2, "{screen}");
    }
    let (code, _) = Terminal::start(&desk, "key recover --data again --no-input").ends();
    assert_eq!(code, 2);
}

#[test]
fn a_drill_asks_for_a_random_word() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    let words = desk.sheet("oslo/oslo.recovery.html");
    let mut terminal = Terminal::start(&desk, "key drill --data oslo");
    for _ in 0..3 {
        terminal.asked();
        terminal.types("swordfish\n");
    }
    assert_eq!(terminal.ends().0, 7);
    assert!(confirmed(&desk).is_null());
    let mut terminal = Terminal::start(&desk, "key drill --data oslo");
    let position = terminal.asked();
    terminal.types(&format!("{}\n", words[position - 1]));
    assert_eq!(terminal.ends().0, 0);
    assert!(confirmed(&desk).is_string());
}

#[test]
fn the_words_are_typed_back() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    let words = desk.sheet("oslo/oslo.recovery.html");
    let mut terminal = Terminal::start(&desk, "key recover --data again");
    terminal.until("From word 1: ");
    terminal.types(&format!("{} swordfish\n", words[..10].join(" ")));
    terminal.until("word 11 is not");
    terminal.until("From word 11: ");
    terminal.types(&format!("{}\n", words[10..24].join(" ")));
    terminal.until("From word 25: ");
    terminal.types(&format!("{}\n", words[24..].join(" ")));
    assert_eq!(terminal.ends().0, 0);
    let key = |data: &str| desk.run(&format!("key show --data {data} --json")).ends(0).json()["identity"].clone();
    assert_eq!(key("again"), key("oslo"));
}

#[test]
fn a_restore_asks_whether_the_old_machine_is_off() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    let desk = &nodes.desk;
    desk.run("backup create -o oslo.pgnbak --data oslo").ends(0);
    let restore = || Terminal::start(desk, "restore oslo.pgnbak --data new --identity oslo");
    for answer in ["n\n", "\n", "maybe\n", CTRL_D] {
        let mut terminal = restore();
        let before = terminal.until("Is the old machine switched off for good? [y/N] ");
        assert!(before.contains("This restores oslo as of 2"), "{before}");
        terminal.types(answer);
        let (code, screen) = terminal.ends();
        assert_eq!(code, 2, "{screen}");
        assert!(!desk.path("new").exists());
    }
    let mut terminal = restore();
    terminal.until("[y/N] ");
    terminal.types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(desk.path("new/federation.json").exists());

    // Without the key at hand the words are asked for.
    let words = desk.sheet("oslo/oslo.recovery.html");
    let mut terminal = Terminal::start(desk, "backup check oslo.pgnbak --data nowhere");
    terminal.until("From word 1: ");
    terminal.types(&format!("{}\n", words[..24].join(" ")));
    terminal.until("From word 25: ");
    terminal.types(&format!("{}\n", words[24..].join(" ")));
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("signed heads"), "{screen}");
}
