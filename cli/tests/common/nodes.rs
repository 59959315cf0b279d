//! Three agencies on this computer, founded by the command line alone.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Desk;

/// Id and country of the agencies.
pub(crate) const AGENCIES: [(&str, &str); 3] = [("oslo", "NO"), ("porto", "PT"), ("lyon", "FR")];

/// How long the federation may take for anything. Far more than it needs on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Running nodes; ended when dropped.
pub(crate) struct Nodes {
    pub(crate) desk: Desk,
    pub(crate) children: Vec<Child>,
    /// What each said when it began to answer, the last time.
    announced: BTreeMap<String, Value>,
    /// The newest process of each directory that was not ended by [`Nodes::kill`] or [`Nodes::stop`].
    running: BTreeMap<String, u32>,
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that is free, and stays so until its node starts: below those that the system gives to whoever asks for any, and none twice
/// in this process. Others that run beside it begin elsewhere.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 100).expect("below 100") * 120;
    loop {
        let port = 20_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn init(desk: &Desk, id: &str, country: &str) {
    let listen = format!("/ip4/127.0.0.1/tcp/{}", port());
    let name = format!("Agency {id}");
    let words = ["init", "--data", id, "--id", id, "--name", &name, "--country", country, "--listen", &listen, "--api", "127.0.0.1:0"];
    desk.run_words(&words).ends(0);
    one_person(desk, id, true);
}

/// Whether a label of this agency takes one person or two: one, where a test is not about that.
pub(crate) fn one_person(desk: &Desk, id: &str, one: bool) {
    let path = desk.path(id).join("parangon.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let line = |two: bool| format!("two_people = {two}");
    assert!(text.contains(&line(one)) || text.contains(&line(!one)), "{text}");
    std::fs::write(&path, text.replace(&line(one), &line(!one))).expect("written");
}

impl Nodes {
    /// Makes one agency more.
    pub(crate) fn init(&self, id: &str, country: &str) {
        init(&self.desk, id, country);
    }

    /// Founds the federation; no node runs yet.
    pub(crate) fn found() -> Self {
        Self::found_on(|_| ())
    }

    /// The same on other rules: `change` sees the draft of the charter before anybody signs it.
    pub(crate) fn found_on(change: impl FnOnce(&mut Value)) -> Self {
        Self::found_by(&AGENCIES, "demo", change)
    }

    /// The same by other agencies and with another label system.
    pub(crate) fn found_by(agencies: &[(&str, &str)], scheme: &str, change: impl FnOnce(&mut Value)) -> Self {
        let desk = Desk::new();
        for (id, country) in agencies {
            init(&desk, id, country);
        }
        let of_all = |form: &dyn Fn(&str) -> String| agencies.iter().map(|(id, _)| form(id)).collect::<Vec<_>>().join(" ");
        let cards = of_all(&|id| format!("--member {id}/{id}.member.json"));
        desk.run(&format!("federation new Net --scheme {scheme} {cards} -o draft.json")).ends(0);
        let text = std::fs::read(desk.path("draft.json")).expect("a draft");
        let mut draft: Value = serde_json::from_slice(&text).expect("JSON");
        change(&mut draft);
        std::fs::write(desk.path("draft.json"), draft.to_string()).expect("written");
        for (id, _) in agencies {
            desk.run(&format!("federation sign draft.json --data {id} --yes")).ends(0);
        }
        let signatures = of_all(&|id| format!("{id}.sig.json"));
        for (id, _) in agencies {
            desk.run(&format!("federation found draft.json {signatures} --data {id}")).ends(0);
        }
        Self { desk, children: vec![], announced: BTreeMap::new(), running: BTreeMap::new() }
    }

    /// Founds the federation, starts all nodes and waits until each holds the beginnings of all logs as final.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| ())
    }

    /// The same with other settings: `change` sees the directories before a node runs.
    pub(crate) fn start_with(change: impl FnOnce(&Desk)) -> Self {
        let mut nodes = Self::found();
        change(&nodes.desk);
        nodes.serve_all(&AGENCIES);
        nodes
    }

    /// Starts these nodes and waits until each holds the beginnings of all logs as final.
    pub(crate) fn serve_all(&mut self, agencies: &[(&str, &str)]) {
        for (id, _) in agencies {
            self.serve(id);
        }
        for (id, _) in agencies {
            self.until(&format!("status --data {id} --json"), |status| {
                let members = status["node"]["members"].as_array().expect("members");
                members.len() == agencies.len() && members.iter().all(|member| member["final_size"].as_u64() >= Some(2))
            });
        }
    }

    /// Starts one node and waits for the line that says where it answers.
    pub(crate) fn serve(&mut self, id: &str) -> Value {
        self.serve_in(id, id)
    }

    /// The same from a directory of another name. What it says meanwhile goes into a file beside it, `DIR.log`.
    pub(crate) fn serve_in(&mut self, dir: &str, id: &str) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parangon"));
        command.current_dir(self.desk.path("")).env("HOME", self.desk.path("")).args(["serve", "--json", "--data", dir]);
        command.envs(self.desk.clock());
        let log = OpenOptions::new().create(true).append(true).open(self.desk.path(&format!("{dir}.log"))).expect("a file");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("read");
        self.running.insert(dir.to_owned(), child.id());
        self.children.push(child);
        let announced: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(announced["agency"], id);
        self.announced.insert(id.to_owned(), announced.clone());
        announced
    }

    /// The running process of a node, to be ended.
    pub(crate) fn take(&mut self, id: &str) -> Child {
        let pid = self.running.remove(id).unwrap_or_else(|| panic!("{id} does not run"));
        let at = self.children.iter().position(|child| child.id() == pid).expect("one of ours");
        self.children.remove(at)
    }

    /// Ends a node as a power cut does.
    pub(crate) fn kill(&mut self, id: &str) {
        let mut child = self.take(id);
        child.kill().expect("ours");
        child.wait().expect("ours");
    }

    /// Ends a node as a service manager does.
    pub(crate) fn stop(&mut self, id: &str) {
        let mut child = self.take(id);
        let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("started");
        assert!(ended.success());
        assert_eq!(child.wait().expect("ours").code(), Some(0), "{id} ends in good order");
    }

    /// Lets time pass for all of these nodes: they are stopped, those that run, and started with clocks so many days later than today's.
    pub(crate) fn later(&mut self, days: u32, agencies: &[(&str, &str)]) {
        for (id, _) in agencies {
            if self.running.contains_key(*id) {
                self.stop(id);
            }
        }
        self.desk.set_ahead(days);
        for (id, _) in agencies {
            self.serve(id);
        }
    }

    /// What a node said when it began to answer.
    pub(crate) fn announced(&self, id: &str) -> &Value {
        &self.announced[id]
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn until(&self, line: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.ask_until(line, &[0], wanted)
    }

    /// The same of a node that stops in between and starts again: for a moment nobody answers.
    pub(crate) fn until_again(&self, line: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.ask_until(line, &[0, 3], wanted)
    }

    /// The same of something that is on its way to this node.
    pub(crate) fn until_there(&self, line: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.ask_until(line, &[0, 5], wanted)
    }

    fn ask_until(&self, line: &str, codes: &[i32], wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let run = self.desk.run(line);
            let code = run.code();
            let answer = run.ends(if codes.contains(&code) { code } else { 0 }).json();
            if code == 0 && wanted(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{line}: {answer}");
        }
    }

    /// The answer to one command line.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.desk.run(line).ends(0).json()
    }
}
