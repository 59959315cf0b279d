//! The guides for people, run as they stand: every command of their blocks, with what it has to print.
//!
//! A block begins with ```` ```console ````. `oslo$ parangon …` is a person at the agency oslo, `anna@oslo$ parangon …` one with a token; words in
//! capitals such as OFFER stand for the newest id of their kind there. Lines below a command have to be among what it prints, in this
//! order; `…` stands for anything, `(exit 8)` for the code that it ends with. `$ fill FILE 3` stands for a person who fills in a
//! workbook. What only looks is asked again until the other agencies' messages have come.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use common::Run;
use common::nodes::{Nodes, PATIENCE, one_person};
use common::workbook::fill;

const AGENCIES: [(&str, &str); 4] = [("oslo", "NO"), ("porto", "PT"), ("lyon", "FR"), ("wien", "AT")];

/// Kinds of ids, and where the newest one is found.
const IDS: [(&str, &[&str], &str); 5] = [
    ("CLUSTER", &["cluster list"], "id"),
    ("ASSESSMENT", &["assess list"], "id"),
    ("OFFER", &["review list", "review inbox"], "id"),
    ("LABEL", &["label list"], "id"),
    ("ERASURE", &["erase list"], "id"),
];

/// Verbs that change nothing: they may be asked again.
const LOOKING: [&str; 13] = [
    "list",
    "show",
    "inbox",
    "eligible",
    "dossier",
    "conversation",
    "status",
    "recount",
    "verify",
    "check",
    "evidence",
    "audit",
    "reminders",
];

struct Step {
    line: usize,
    who: String,
    command: String,
    expected: Vec<String>,
    exit: i32,
}

/// The steps of a guide.
fn steps(text: &str) -> Vec<Step> {
    let (mut steps, mut inside) = (Vec::<Step>::new(), false);
    for (at, line) in text.lines().enumerate() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if inside => match line.split_once("$ ").filter(|(who, _)| who.chars().all(|c| c.is_ascii_lowercase() || c == '@')) {
                Some((who, command)) => {
                    steps.push(Step { line: at + 1, who: who.to_owned(), command: command.to_owned(), expected: vec![], exit: 0 });
                }
                None => {
                    let step = steps.last_mut().expect("a command before what it prints");
                    match line.strip_prefix("(exit ").and_then(|rest| rest.strip_suffix(')')) {
                        Some(code) => step.exit = code.parse().expect("a code"),
                        None if line.trim() != "…" => step.expected.push(line.trim().to_owned()),
                        None => {}
                    }
                }
            },
            _ => {}
        }
    }
    assert!(steps.len() > 20, "{} steps", steps.len());
    steps
}

/// Splits at spaces, but for what stands between quotation marks.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a printed line has what the guide shows: parts between `…`, in order; runs of spaces count as one.
fn shows(printed: &str, expected: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (printed, mut from) = (flat(printed), 0);
    expected.split('…').map(flat).all(|part| match printed[from..].find(&part) {
        Some(at) => {
            from += at + part.len();
            true
        }
        None => false,
    })
}

struct Session {
    nodes: Nodes,
    seen: BTreeSet<String>,
    current: BTreeMap<(String, &'static str), String>,
}

impl Session {
    fn run(&self, who: &str, words: &[String]) -> Run {
        let (person, agency) = who.split_once('@').map_or((None, who), |(person, agency)| (Some(person), agency));
        let mut command = self.nodes.desk.command();
        match person {
            // As her computer is set up: where the node is, and her token.
            Some(person) => {
                let api = self.nodes.announced(agency)["api"].as_str().expect("an address");
                command.env("PARANGON_NODE", api).env("PARANGON_TOKEN_FILE", self.nodes.desk.path(&format!("{person}.token")));
            }
            None => {
                command.env("PARANGON_DATA_DIR", self.nodes.desk.path(agency));
            }
        }
        Run::of(command.args(words).output().expect("started"))
    }

    /// The newest id of a kind at an agency.
    fn newest(&mut self, agency: &str, kind: (&'static str, &[&str], &str)) -> Option<String> {
        let (name, lists, field) = kind;
        for list in lists {
            let mut line: Vec<String> = words(list);
            line.push("--json".to_owned());
            let run = self.run(agency, &line);
            if run.code() != 0 {
                continue;
            }
            for entry in run.json().as_array().into_iter().flatten() {
                let id = entry[field].as_str().or(entry["offer"].as_str()).expect("an id").to_owned();
                if self.seen.insert(format!("{agency} {name} {id}")) {
                    self.current.insert((agency.to_owned(), name), id);
                }
            }
        }
        self.current.get(&(agency.to_owned(), name)).cloned()
    }

    fn take(&mut self, step: &Step) {
        let agency = step.who.rsplit('@').next().expect("an agency").to_owned();
        let began = Instant::now();
        loop {
            let mut given = words(&step.command);
            for kind in IDS {
                for word in given.iter_mut().filter(|word| word.as_str() == kind.0) {
                    *word = self.newest(&agency, kind).unwrap_or_else(|| kind.0.to_owned());
                }
            }
            assert_eq!(given.remove(0), "parangon", "line {}", step.line);
            let run = self.run(&step.who, &given);
            let printed = format!("{}{}", run.out(), run.err());
            let mut lines = printed.lines();
            let missing = step.expected.iter().find(|expected| !lines.by_ref().any(|line| shows(line, expected)));
            if run.code() == step.exit && missing.is_none() {
                return;
            }
            let looks = given.iter().take(2).any(|word| LOOKING.contains(&word.as_str()));
            assert!(
                looks && began.elapsed() < PATIENCE,
                "line {}: {}$ {}\nends with {} instead of {}, without {missing:?}:\n{printed}",
                step.line,
                step.who,
                step.command,
                run.code(),
                step.exit
            );
        }
    }
}

fn run_guide(name: &str) {
    let guide = std::fs::read_to_string(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a guide");
    let mut nodes = Nodes::found_by(&AGENCIES, "ecei", |_| ());
    for (id, _) in AGENCIES {
        one_person(&nodes.desk, id, id != "oslo");
    }
    nodes.serve_all(&AGENCIES);
    for (file, text) in [
        ("clusters.csv", "name;country;nuts;field\nNordic Biotech;NO;NO08/2024;Biotechnology\n"),
        ("strategy.pdf", "%PDF-1.7 a strategy\n"),
        ("answer.txt", "The minutes are in the second annex.\n"),
        ("response.txt", "Thank you. Indicator 2.1 improved after your visit.\n"),
        ("question.txt", "Who approved the strategy?\n"),
        ("findings.txt", "A strong team.\nThe strategy is clear.\n"),
        ("appeal.txt", "The second annex was not read.\n"),
    ] {
        std::fs::write(nodes.desk.path(file), text).expect("written");
    }
    let mut session = Session { nodes, seen: BTreeSet::new(), current: BTreeMap::new() };
    for step in steps(&guide) {
        match words(&step.command).iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["fill", file, level] => fill(&session.nodes.desk.path(file), level),
            _ => session.take(&step),
        }
    }
}

#[test]
fn the_guide_for_staff_runs_as_it_stands() {
    run_guide("guide-staff.md");
}

#[test]
fn the_guide_for_reviewers_runs_as_it_stands() {
    run_guide("guide-reviewer.md");
}

#[test]
fn the_example_of_a_draw_is_the_one_that_is_computed() {
    let read = |path: &str| std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).expect("there");
    let example = format!("```\n{}```\n", read("protocol/src/review/draw/tests/example.txt"));
    assert!(read("docs/protocol.md").contains(&example), "docs/protocol.md, \"Draws\", should have\n{example}");
}

#[test]
fn what_a_guide_shows_is_found_in_what_is_printed() {
    assert!(shows("state      issued   now", "state issued"));
    assert!(shows("decided by  token 12ab \"anna\"", "decided by token … \"anna\""));
    assert!(!shows("state issued", "state refused"));
    assert!(!shows("b then a", "a … b"));
    assert_eq!(words("a \"b c\" d=\"e f\""), ["a", "b c", "d=e f"]);
}
