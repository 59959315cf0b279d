//! The nodes of both sides are killed again and again in the course of whole reviews: while the owner asks, answers, responds and decides,
//! while the reviewer accepts, writes, submits and makes final, while the dossier is on its way. What was acknowledged is there, what was not is
//! there whole or not at all, and everything has its effect once, on both sides. `PARANGON_KILLS=200` for a long run, `PARANGON_SEED=7` for other
//! moments.

#![allow(clippy::print_stdout, reason = "the seed is printed")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use common::nodes::Nodes;
use common::review::{id, noise};
use parangon_protocol::catalogue::Catalogue;
use serde_json::{Value, json};

/// Kills in a short run.
const KILLS: usize = 40;

const SEED: u64 = 14;

/// Milliseconds from the beginning of a step within which its kill comes: half of them while the command runs, the others within what it
/// sets in motion.
const SPANS: [u64; 2] = [60, 400];

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).expect("small")]
    }
}

/// What happens in a review, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Ask,
    Accept,
    Dossier,
    Question,
    Answer,
    Write,
    Draft,
    Respond,
    Finalise,
    Decide,
}

use Step::{Accept, Answer, Ask, Decide, Dossier, Draft, Finalise, Question, Respond, Write};

const STEPS: [Step; 10] = [Ask, Accept, Dossier, Question, Answer, Write, Draft, Respond, Finalise, Decide];

/// When a node is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moment {
    step: Step,
    victim: &'static str,
    after: Duration,
}

/// As many moments as there are kills, one for each step of one review after the other.
fn moments(seed: u64, kills: usize) -> Vec<Moment> {
    let mut numbers = Numbers(seed);
    let mut moment = |step: &Step| {
        let (victim, span) = (*numbers.one_of(&["oslo", "porto"]), *numbers.one_of(&SPANS));
        // Who writes does so for long: some levels are saved before.
        let span = if *step == Write { SPANS[1] * 2 } else { span };
        Moment { step: *step, victim, after: Duration::from_millis(numbers.below(span)) }
    };
    STEPS.iter().cycle().take(kills).map(&mut moment).collect()
}

type Levels = BTreeMap<String, String>;

/// One review, as its people know it.
struct Review {
    nodes: Nodes,
    numbers: Numbers,
    assessment: String,
    offer: String,
    content: Vec<u8>,
    /// The file of evidence.
    file: String,
    /// The reviewer's copy of the dossier, once the owner's node has named one.
    copy: Option<String>,
    /// Whether the reviewer has seen the dossier.
    seen: bool,
    /// Levels that the reviewer's node has acknowledged.
    levels: Levels,
    /// A level that was entered when the node died.
    doubtful: Option<(String, String)>,
    saved: usize,
}

impl Review {
    /// The command line of a step, and who types it.
    fn line(&self, step: Step) -> (&'static str, String) {
        let Self { assessment, offer, .. } = self;
        match step {
            Ask => ("oslo", format!("review ask {assessment} --level bronze --reviewer porto")),
            Accept => ("porto", format!("review accept {offer} --no-conflicts")),
            Question => ("porto", format!("review question {offer} --text question.txt")),
            Answer => ("oslo", format!("review answer {offer} porto 1 --text answer.txt")),
            Draft => ("porto", format!("review submit {offer}")),
            Respond => ("oslo", format!("review respond {offer} --text response.txt --yes")),
            Finalise => ("porto", format!("review finalise {offer}")),
            Decide => ("oslo", format!("label issue {offer}")),
            Dossier | Write => unreachable!("no single command"),
        }
    }

    /// How the offer stands at a node, once it is there and the node answers.
    fn shown(&self, agency: &str) -> Value {
        self.nodes.until_again(&format!("review show {} --data {agency} --json", self.offer), |_| true)
    }

    fn conversation(&self) -> Value {
        self.nodes.until_again(&format!("review conversation {} --data porto --json", self.offer), |_| true)
    }

    /// The offers for this assessment: one at most.
    fn offered(&self) -> Option<String> {
        let offers = self.nodes.until_again("review list --data oslo --json", |_| true);
        let ours: Vec<_> =
            offers.as_array().expect("a list").iter().filter(|offer| offer["assessment"] == self.assessment.as_str()).collect();
        assert!(ours.len() <= 1, "{offers}");
        ours.first().map(|offer| id(offer))
    }

    /// Whether the node of who acted has it.
    fn is_done(&mut self, step: Step) -> bool {
        match step {
            Ask => {
                self.offer = self.offered().unwrap_or_default();
                !self.offer.is_empty()
            }
            Accept => self.shown("porto")["state"] != "offered",
            Question => self.conversation()["questions"].as_array().is_some_and(|asked| asked.len() == 1),
            Answer => self.shown("oslo")["reviewers"][0]["questions"][0]["answer"].is_string(),
            Draft => self.shown("porto")["state"] == "reviewed",
            Respond => self.shown("oslo")["response"].is_string(),
            Finalise => self.shown("porto")["state"] == "finalised",
            Decide => self.shown("oslo")["label"].is_string(),
            Dossier | Write => unreachable!("no single command"),
        }
    }

    /// Waits until the other side has it.
    fn arrives(&mut self, step: Step) {
        let (nodes, show) = (&self.nodes, |agency: &str| format!("review show {} --data {agency} --json", self.offer));
        match step {
            Ask => nodes.until_there(&show("porto"), |entry| entry["state"] == "offered"),
            Accept => nodes.until(&show("oslo"), |offer| offer["reviewers"][0]["copy"].is_object()),
            Dossier => nodes.until(&show("porto"), |entry| entry["next_step"] == "review the dossier"),
            Question => nodes.until(&show("oslo"), |offer| offer["reviewers"][0]["questions"][0].is_object()),
            Answer => nodes.until(&format!("review conversation {} --data porto --json", self.offer), |said| {
                said["questions"][0]["answer"].is_string()
            }),
            Write => Value::Null,
            Draft => nodes.until(&show("oslo"), |offer| offer["reviewers"][0]["state"] == "reviewed"),
            Respond => nodes.until(&format!("review conversation {} --data porto --json", self.offer), |said| said["response"].is_string()),
            Finalise => nodes.until(&show("oslo"), |offer| offer["reviewers"][0]["copy"]["deleted"].is_string() && offer["ready"] == true),
            Decide => nodes.until(&show("porto"), |entry| entry["state"] == "issued"),
        };
    }

    /// What must be so at any moment: one copy of the dossier, and never half of it.
    fn look(&mut self) {
        if self.offer.is_empty() {
            return;
        }
        if let Some(copy) = self.shown("oslo")["reviewers"][0]["copy"]["commitment"].as_str() {
            assert_eq!(self.copy.get_or_insert_with(|| copy.to_owned()), copy, "a second copy of the dossier");
        }
        let there = self.glance();
        let gone = || matches!(self.shown("porto")["state"].as_str(), Some("finalised" | "issued"));
        assert!(there || !self.seen || gone(), "a dossier that was seen goes with the final review alone");
    }

    /// Opens the dossier, whether or not it is there: whole, with its file, or not at all.
    fn glance(&mut self) -> bool {
        let run = self.nodes.desk.run(&format!("review dossier {} --data porto --json", self.offer));
        if run.code() != 0 {
            // Nobody answers, the offer has not come, or the dossier is not there.
            assert!(matches!(run.code(), 3 | 5 | 6), "{}{}", run.out(), run.err());
            return false;
        }
        assert!(run.json()["indicators"].as_array().is_some_and(|all| all.len() == 31));
        let fetch = format!("review evidence {} {} -o fetched.bin --data porto", self.offer, self.file);
        let fetched = self.nodes.desk.path("fetched.bin");
        if !self.seen && self.nodes.desk.run(&fetch).code() != 3 {
            assert!(fs::read(&fetched).expect("read") == self.content, "half a file is shown");
            fs::remove_file(fetched).expect("there");
            self.seen = true;
        }
        true
    }

    /// One step, with a node killed on the way; then it is told again what was not acknowledged, and what was.
    fn struck(&mut self, moment: &Moment) {
        let Moment { step, victim, after } = moment.clone();
        let mut child = self.nodes.take(victim);
        let killer = std::thread::spawn(move || {
            let began = Instant::now();
            while began.elapsed() < after {
                std::thread::yield_now();
            }
            child.kill().expect("ours");
            child.wait().expect("ours");
        });
        let mut acknowledged = false;
        match step {
            Dossier => {
                while !killer.is_finished() {
                    self.glance();
                }
            }
            Write => self.write(&|| killer.is_finished()),
            _ => {
                let (who, line) = self.line(step);
                let run = self.nodes.desk.run(&format!("{line} --data {who} --json"));
                acknowledged = run.code() == 0;
                assert!(acknowledged || run.code() == 3 && who == victim, "{moment:?}: {}{}", run.out(), run.err());
            }
        }
        killer.join().expect("killed");
        self.nodes.serve(victim);
        if step == Write {
            self.written();
        } else if step != Dossier {
            let done = self.is_done(step);
            assert!(done || !acknowledged, "{moment:?}: what was acknowledged is lost");
            self.told(step, done);
        }
        self.look();
    }

    /// The same once more: it has an effect if the first time had none. A question is a new one each time.
    fn told(&mut self, step: Step, done: bool) {
        if done && step == Question {
            return;
        }
        let (who, line) = self.line(step);
        let run = self.nodes.desk.run(&format!("{line} --data {who} --json"));
        // A label that was in the log when the process died closes its offer at any moment after the start.
        let done = self.is_done(step);
        assert!(run.code() == 0 || done && matches!(run.code(), 6 | 8), "{line}: {}{}", run.out(), run.err());
        assert!(done, "{line}");
    }

    /// The reviewer enters levels until it is over, or nobody answers.
    fn write(&mut self, over: &dyn Fn() -> bool) {
        let codes: Vec<_> = Catalogue::ecei().indicators.iter().map(|indicator| indicator.code.to_string()).collect();
        while !over() {
            let (code, level) = (self.numbers.one_of(&codes).clone(), self.numbers.below(5).to_string());
            let run = self.nodes.desk.run(&format!("review edit {} --level {code}={level} --data porto --json", self.offer));
            match run.code() {
                0 => {
                    self.levels.insert(code, level);
                    self.saved += 1;
                }
                3 => {
                    self.doubtful = Some((code, level));
                    return;
                }
                other => panic!("{other}: {}{}", run.out(), run.err()),
            }
        }
    }

    /// What the node has of the review: everything that it acknowledged, and the level in doubt or not.
    fn written(&mut self) {
        let work = self.nodes.until_again(&format!("review edit {} --data porto --json", self.offer), |_| true);
        let found: Levels = serde_json::from_value(work["scores"].clone()).expect("levels");
        let mut with_last = self.levels.clone();
        with_last.extend(self.doubtful.take());
        assert!(found == self.levels || found == with_last, "{found:?}, acknowledged {:?}", self.levels);
        self.levels = found;
    }

    /// All of them, and what else a review needs.
    fn complete(&self) {
        let all = Catalogue::ecei().indicators.iter().map(|indicator| format!("--level {}=4", indicator.code)).collect::<Vec<_>>();
        self.nodes.desk.run(&format!("review edit {} {} --eligible yes --data porto", self.offer, all.join(" "))).ends(0);
    }

    /// Everything that was said in it, once on both sides.
    fn counted(&self) {
        let (offer, said) = (self.shown("oslo"), self.conversation());
        let once = |questions: &Value, name: &str| {
            let all = questions.as_array().expect("a list");
            assert_eq!(all.len(), 1, "{name}: {questions}");
            assert_eq!((&all[0]["question"], &all[0]["answer"]), (&json!("Who approved the plan?"), &json!("The assembly.")), "{name}");
        };
        assert_eq!(offer["reviewers"].as_array().map(Vec::len), Some(1), "{offer}");
        once(&offer["reviewers"][0]["questions"], "oslo");
        once(&said["questions"], "porto");
        assert_eq!((&offer["response"], &said["response"]), (&json!("Thank you."), &json!("Thank you.")));
        let inbox = self.nodes.json("review inbox --data porto --json");
        let entries = inbox.as_array().expect("a list").iter().filter(|entry| entry["offer"] == self.offer.as_str()).count();
        assert_eq!(entries, 1, "{inbox}");
    }

    /// A new cluster with an assessment and a file of three parts.
    fn begin(nodes: Nodes, number: usize, numbers: Numbers) -> Self {
        let content = noise(1_200_000);
        for (name, text) in [
            ("evidence.bin", &content[..]),
            ("question.txt", b"Who approved the plan?"),
            ("answer.txt", b"The assembly."),
            ("response.txt", b"Thank you."),
        ] {
            fs::write(nodes.desk.path(name), text).expect("written");
        }
        let cluster = id(&nodes.json(&format!("cluster add BioRegio{number} --country NO --data oslo --json")));
        let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
        let assessment = id(&nodes.json(&new));
        nodes.desk.run(&format!("assess attach {assessment} evidence.bin --indicator 4.1.2 --data oslo")).ends(0);
        let answers = nodes.json(&format!("assess show {assessment} --scores --data oslo --json"));
        let indicators = answers["dimensions"].as_array().expect("a list").iter().flat_map(|d| d["indicators"].as_array().expect("a list"));
        let file = indicators.into_iter().find_map(|indicator| indicator["evidence"][0]["id"].as_str()).expect("a file").to_owned();
        Self {
            nodes,
            numbers,
            assessment,
            offer: String::new(),
            content,
            file,
            copy: None,
            seen: false,
            levels: Levels::new(),
            doubtful: None,
            saved: 0,
        }
    }

    /// Takes it from the offer to the label, with these kills, one a step at most.
    fn run(&mut self, moments: &[Moment]) {
        for step in STEPS {
            match moments.iter().find(|moment| moment.step == step) {
                Some(moment) => self.struck(moment),
                None if matches!(step, Dossier | Write) => {}
                None => self.told(step, false),
            }
            self.arrives(step);
            match step {
                Dossier => assert!(self.glance() && self.seen),
                Write => self.complete(),
                Respond => self.counted(),
                _ => self.look(),
            }
        }
    }
}

/// Records of the logs, as lyon holds them.
fn records(nodes: &Nodes, agency: &str) -> u64 {
    let logs = nodes.json("peer witnesses --data lyon --json");
    let log = logs.as_array().expect("logs").iter().find(|log| log["agency"] == agency).expect("a log");
    log["records"].as_u64().expect("a number")
}

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    std::env::var(variable).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn reviews_survive_every_kill_on_both_sides() {
    let (kills, seed) = (number("PARANGON_KILLS", KILLS), number("PARANGON_SEED", SEED));
    let all = moments(seed, kills);
    println!("PARANGON_SEED={seed} PARANGON_KILLS={kills}: {all:?}");
    let (mut nodes, mut numbers, mut labels, mut saved) = (Nodes::start(), Numbers(seed), Vec::new(), 0);
    let before = records(&nodes, "porto");
    for (at, moments) in all.chunks(STEPS.len()).enumerate() {
        let mut review = Review::begin(nodes, at, numbers);
        review.run(moments);
        labels.push(review.shown("oslo")["label"].as_str().expect("a label").to_owned());
        saved += review.saved;
        (nodes, numbers) = (review.nodes, review.numbers);
    }
    assert!(kills < STEPS.len() || saved > 0, "{saved} levels in {} reviews", labels.len());

    // One label for each review everywhere, with one confirmation by its endorser, and nobody told two stories.
    for agency in ["oslo", "porto", "lyon"] {
        for label in &labels {
            nodes.until_there(&format!("label show {label} --data {agency} --json"), |label| label["state"] == "valid");
            assert_eq!(nodes.json(&format!("label recount {label} --data {agency} --json"))["kept"], true);
        }
        assert_eq!(nodes.json(&format!("label list --data {agency} --json")).as_array().map(Vec::len), Some(labels.len()), "{agency}");
    }
    assert_eq!(records(&nodes, "porto") - before, labels.len() as u64, "confirmations");
    for (agency, other) in [("oslo", "porto"), ("porto", "oslo")] {
        nodes.until(&format!("peer list --data {agency} --json"), |peers| {
            peers.as_array().expect("a list").iter().any(|peer| peer["id"] == other && peer["outbox"] == 0)
        });
        nodes.desk.run(&format!("peer evidence {other} --data {agency}")).ends(5);
    }
}

#[test]
fn a_seed_gives_its_moments_and_they_are_of_every_kind() {
    assert_eq!(moments(SEED, KILLS), moments(SEED, KILLS));
    assert_ne!(moments(SEED, KILLS), moments(SEED + 1, KILLS));
    assert_eq!(moments(SEED, KILLS)[..7], moments(SEED, 7), "a longer run begins like a shorter one");
    for (step, victim) in STEPS.iter().flat_map(|step| [(step, "oslo"), (step, "porto")]) {
        assert!(moments(SEED, 200).iter().any(|moment| moment.step == *step && moment.victim == victim), "{step:?} at {victim}");
    }
    let victims = moments(SEED, KILLS).iter().filter(|moment| moment.victim == "oslo").count();
    assert!((10..=30).contains(&victims), "{victims} of {KILLS} at the owner's node");
}
