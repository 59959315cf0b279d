//! A reviewer's node that is killed again and again while people write: what was acknowledged is there, what was not is there whole or not at
//! all, and the review arrives once. `PARANGON_KILLS=200` for a long run.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::nodes::Nodes;
use parangon_protocol::catalogue::Catalogue;

/// Kills in a short run.
const KILLS: u32 = 40;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

type Levels = BTreeMap<String, String>;

/// What the node has of the review.
fn written(nodes: &Nodes, offer: &str) -> Levels {
    let work = nodes.until_again(&format!("review edit {offer} --data porto --json"), |work| work["scores"].is_object());
    serde_json::from_value(work["scores"].clone()).expect("levels")
}

#[test]
fn a_review_survives_every_kill_of_its_writers_node() {
    let kills: u32 = std::env::var("PARANGON_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let mut nodes = Nodes::start();
    let id = |nodes: &Nodes, line: &str| nodes.json(line)["id"].as_str().expect("an id").to_owned();
    let cluster = id(&nodes, "cluster add BioRegio --country NO --data oslo --json");
    let assessment = id(&nodes, &format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json"));
    let offer = id(&nodes, &format!("review ask {assessment} --level bronze --reviewer porto --no-comments --data oslo --json"));
    nodes.until("review inbox --data porto --json", |inbox| inbox[0]["state"] == "offered");
    nodes.desk.run(&format!("review accept {offer} --no-conflicts --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data porto --json"), |entry| entry["next_step"] == "review the dossier");

    let codes: Vec<_> = Catalogue::ecei().indicators.iter().map(|indicator| indicator.code.to_string()).collect();
    let porto = common::nodes::AGENCIES.iter().position(|(id, _)| *id == "porto").expect("there");
    let mut child = nodes.children.remove(porto);
    let (mut numbers, mut acknowledged, mut saved) = (Numbers(14), Levels::new(), 0u32);
    for round in 0..kills {
        let after = Duration::from_millis(20 + numbers.below(400));
        let killer = std::thread::spawn(move || {
            let began = Instant::now();
            while began.elapsed() < after {
                std::thread::yield_now();
            }
            child.kill().expect("ours");
            child.wait().expect("ours");
        });
        // People write until nobody answers any more.
        let asked = loop {
            let code = codes[usize::try_from(numbers.below(codes.len() as u64)).expect("small")].clone();
            let level = numbers.below(5).to_string();
            let run = nodes.desk.run(&format!("review edit {offer} --level {code}={level} --data porto --json"));
            match run.code() {
                0 => {
                    acknowledged.insert(code, level);
                    saved += 1;
                }
                3 => break Some((code, level)),
                other => panic!("round {round}: {other}: {}{}", run.out(), run.err()),
            }
        };
        killer.join().expect("killed");
        nodes.serve("porto");
        child = nodes.children.pop().expect("just started");
        let found = written(&nodes, &offer);
        let mut with_last = acknowledged.clone();
        with_last.extend(asked);
        assert!(found == acknowledged || found == with_last, "round {round}: {found:?}, acknowledged {acknowledged:?}");
        acknowledged = found;
    }
    assert!(saved > kills, "{saved} fields in {kills} rounds");

    // The review goes out while its node is killed: it arrives, once.
    let rest: Vec<_> = codes.iter().map(|code| format!("--level {code}=4")).collect();
    nodes.desk.run(&format!("review edit {offer} {} --eligible yes --data porto", rest.join(" "))).ends(0);
    let sent = nodes.desk.run(&format!("review submit {offer} --data porto --json")).ends(0).json();
    assert_eq!(sent["recommended"], true, "{sent}");
    child.kill().expect("ours");
    child.wait().expect("ours");
    nodes.serve("porto");
    nodes.desk.run(&format!("review submit {offer} --data porto --json")).ends(6);
    let shown = nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
    let reviewers = shown["reviewers"].as_array().expect("reviewers");
    assert_eq!((reviewers.len(), &reviewers[0]["state"], &reviewers[0]["points"]), (1, &"reviewed".into(), &150.into()), "{shown}");
}
