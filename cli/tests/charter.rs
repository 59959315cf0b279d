//! Three processes change their charter, admit a fourth agency and let one go: every vote is signed by the command line and
//! stands in a log, and nobody copies a file but the newcomer.

mod common;

use common::nodes::{AGENCIES, Nodes};
use serde_json::Value;

fn version(nodes: &Nodes, id: &str) -> Value {
    nodes.json(&format!("federation show --data {id} --json"))["charter"]["version"].clone()
}

/// Waits until this node shows a proposal, and returns it.
fn proposal(nodes: &Nodes, id: &str) -> Value {
    let shown = nodes.until(&format!("federation show --diff --data {id} --json"), |list| !list.as_array().expect("a list").is_empty());
    shown[0].clone()
}

/// Waits until the version is in effect at every one of these nodes, and all their logs have adopted it there.
fn everywhere(nodes: &Nodes, ids: &[&str], version: u64) {
    for id in ids {
        nodes.until(&format!("federation status --data {id} --json"), |charter| {
            let adopted = charter["adopted"].as_array().expect("a list");
            let here = |log: &&Value| ids.iter().any(|id| log["agency"] == *id);
            charter["version"] == version && adopted.iter().filter(here).all(|log| log["version"] == version)
        });
    }
}

#[test]
fn a_change_takes_effect_with_the_vote_that_makes_a_majority() {
    let nodes = Nodes::start();
    // Nothing is proposed that changes nothing, that the rules forbid, or by somebody without the key.
    let run = nodes.desk.run("federation propose --data oslo --yes").ends(8);
    assert!(run.err().contains("federation propose --help"), "{}", run.err());
    nodes.desk.run("federation propose --status-days 3 --data oslo --yes").ends(2);
    nodes.desk.run("federation propose --expel bergen --data oslo --yes").ends(5);
    nodes.desk.run("federation propose --resume bergen --data oslo --yes").ends(5);
    let run = nodes.desk.run("federation propose --resume porto --data oslo --yes").ends(8);
    assert!(run.err().contains("the log of porto is not frozen here"), "{}", run.err());
    nodes.desk.run("federation propose --retention dossiers=0d --data oslo --yes").ends(2);
    let dry = nodes.json("federation propose --retention dossiers=14d --retention assessments=36m --data oslo --dry-run --json");
    let said = "members keep copies of dossiers 14 days instead of 30, assessments 36 months instead of 24; what is older goes when this takes effect";
    assert_eq!((&dry["changes"][0], &dry["charter"]["retention"]["dossier_days"]), (&said.into(), &14.into()));
    nodes.desk.run("federation propose --status-days 21 --data oslo").ends(2);
    let dry = nodes.json("federation propose --status-days 21 --data oslo --dry-run --json");
    assert_eq!(dry["changes"][0], "a label's status is good for 21 days instead of 35");
    assert_eq!(nodes.json("federation show --diff --data oslo --json"), serde_json::json!([]));
    nodes.desk.run("federation accept --data oslo --yes").ends(5);

    let made = nodes.json("federation propose --status-days 21 --data oslo --yes --json");
    assert_eq!((&made["have"], &made["needed"], &made["in_effect"]), (&1.into(), &2.into(), &false.into()));
    let seen = proposal(&nodes, "porto");
    assert_eq!((&seen["hash"], &seen["mine"], &seen["accepted"]), (&made["hash"], &"open".into(), &serde_json::json!(["oslo"])));
    assert_eq!(seen["changes"], dry["changes"]);
    let run = nodes.desk.run("federation status --data porto").ends(0);
    assert!(run.out().contains("version 2, 1 of 2 needed for it; our vote: open") && run.out().contains("show --diff"), "{}", run.out());
    let run = nodes.desk.run("federation status --data oslo").ends(0);
    assert!(run.out().contains("our vote: accepted") && !run.out().contains("show --diff"), "{}", run.out());
    let waiting = |status: &Value| {
        let lines = status["lines"].as_array().expect("lines");
        lines.iter().any(|line| line["subject"].as_str().is_some_and(|subject| subject.starts_with("proposal ")) && line["state"] == "wait")
    };
    assert!(waiting(&nodes.json("status --data porto --json")), "who has not voted is told");
    assert!(!waiting(&nodes.json("status --data oslo --json")), "who has voted is not");
    let logs = nodes.json("peer witnesses --data oslo --json");
    assert_eq!((&logs[0]["agency"], &logs[0]["needed"], &logs[0]["tolerated"]), (&"lyon".into(), &2.into(), &0.into()));
    assert!(logs[0]["words"].as_str().expect("words").starts_with("all 2 others must confirm"), "{logs}");
    // Once is enough, and another text of this version is one too many.
    let run = nodes.desk.run("federation propose --status-days 28 --data oslo --yes").ends(6);
    assert!(run.err().contains("PGN-0606"), "{}", run.err());
    nodes.desk.run("federation reject --data porto --yes").ends(0);
    proposal(&nodes, "lyon");
    let done = nodes.json("federation accept --data lyon --yes --json");
    assert_eq!(done["in_effect"], true);
    everywhere(&nodes, &["oslo", "porto", "lyon"], 2);
    let log = nodes.json("federation log --data porto --json");
    assert_eq!((&log[1]["votes"], &log[1]["changes"]), (&serde_json::json!(["lyon", "oslo"]), &dry["changes"]));
    // The file beside the store follows, for commands without a node.
    for (id, _) in AGENCIES {
        nodes.until(&format!("federation show --data {id} --json"), |shown| shown["charter"]["version"] == 2);
    }
}

/// Accepts the proposal whose first change is told in these words.
fn accept(nodes: &Nodes, id: &str, words: &str) {
    let seen = proposal(nodes, id);
    assert!(seen["changes"][0].as_str().expect("words").contains(words), "{seen}");
    nodes.desk.run(&format!("federation accept --data {id} --yes")).ends(0);
}

/// The words of the sheet that `init` made.
fn sheet(nodes: &Nodes, id: &str) -> String {
    nodes.desk.sheet(&format!("{id}/{id}.recovery.html")).join(" ")
}

#[test]
fn a_stolen_identity_key_gives_way_to_its_successor() {
    let nodes = Nodes::start();
    nodes.desk.run("trust export --data oslo -o net.trust.json").ends(0);
    nodes.desk.run_with("key recover --successor --id porto --name Porto --data next --sheet -", &sheet(&nodes, "porto")).ends(0);
    nodes.desk.run("key card --trust net.trust.json --data next --id wien").ends(5);
    nodes.desk.run("key card --trust net.trust.json --data nowhere").ends(5);
    let card = nodes.json("key card --trust net.trust.json --data next --json");
    assert_eq!((&card["agency"], &card["committed"]), (&"porto".into(), &true.into()));
    nodes.desk.run("key card --trust net.trust.json --data next").ends(6);
    nodes.desk.run("federation propose --rekey porto/porto.member.json --data oslo --yes").ends(6);
    nodes.desk.run("federation propose --rekey next/porto.member.json --data oslo --yes").ends(0);
    for id in ["lyon", "porto"] {
        accept(&nodes, id, "the successor it had committed to");
    }
    everywhere(&nodes, &["oslo", "porto", "lyon"], 2);
    // The former key signs nothing that counts; the new one makes the next key set.
    nodes.desk.run("key rotate --data porto --yes").ends(6);
    nodes.desk.run("key rotate --data porto --identity next --yes").ends(0);
    nodes.until("key show --data porto --json", |shown| shown["keysets"].as_array().is_some_and(|sets| sets.len() == 2));
    for id in ["oslo", "lyon"] {
        nodes.until(&format!("peer witnesses --data {id} --json"), |logs| {
            let logs = logs.as_array().expect("logs");
            logs.iter().all(|log| log["words"].as_str().is_some_and(|words| words.contains("everything is confirmed")))
        });
    }
}

#[test]
fn another_identity_key_is_announced_and_the_present_one_objects() {
    let nodes = Nodes::start();
    nodes.desk.run("trust export --data oslo -o net.trust.json").ends(0);
    nodes.desk.run("key recover --lost --id porto --name Porto --data new").ends(0);
    let run = nodes.desk.run("key card --trust net.trust.json --data new").ends(5);
    assert!(run.err().contains("--id"), "{}", run.err());
    let card = nodes.json("key card --trust net.trust.json --data new --id porto --json");
    assert_eq!(card["committed"], false);
    nodes.desk.run("federation propose --keep-key porto --data oslo --yes").ends(5);
    nodes.desk.run("federation propose --rekey new/porto.member.json --data oslo --yes").ends(0);
    // Three members: it takes all of them. Porto votes as well, with the key that it says to have lost: on the announcement itself
    // that is no objection.
    for id in ["lyon", "porto"] {
        accept(&nodes, id, "unless its present key objects");
    }
    everywhere(&nodes, &["oslo", "porto", "lyon"], 2);
    let run = nodes.desk.run("federation propose --rekey new/porto.member.json --data oslo --yes").ends(8);
    assert!(run.err().contains("has to wait until"), "{}", run.err());
    nodes.desk.run("key recover --lost --id porto --name Porto --data third").ends(0);
    nodes.desk.run("key card --trust net.trust.json --data third --id porto").ends(0);
    let run = nodes.desk.run("federation propose --rekey third/porto.member.json --data oslo --yes").ends(6);
    assert!(run.err().contains("--keep-key porto"), "{}", run.err());
    let line = |id: &str| {
        let status = nodes.json(&format!("status --data {id} --json"));
        let lines = status["lines"].as_array().expect("lines").clone();
        lines.into_iter().find(|line| line["subject"] == "identity key of porto").unwrap_or_else(|| panic!("{status}"))
    };
    assert_eq!((line("porto")["state"].as_str(), line("lyon")["state"].as_str()), (Some("fail"), Some("wait")));
    assert!(line("porto")["next_step"].as_str().expect("a step").contains("parangon key rotate"), "whoever has the key is told");
    let waiting = |id: &str| nodes.json(&format!("federation status --data {id} --json"))["rekeyings"][0].clone();
    assert_eq!((&waiting("lyon")["identity"], &waiting("lyon")["objected"]), (&card["identity"], &false.into()));
    // It is there after all.
    nodes.desk.run("key rotate --only issue --data porto --yes").ends(0);
    nodes.until("federation status --data lyon --json", |charter| charter["rekeyings"][0]["objected"] == true);
    let run = nodes.desk.run("federation status --data lyon").ends(0);
    assert!(run.out().contains("its present key has signed since"), "{}", run.out());
    assert!(line("lyon")["next_step"].as_str().expect("a step").contains("--keep-key porto"));
    nodes.desk.run("federation propose --keep-key porto --data lyon --yes").ends(0);
    proposal(&nodes, "oslo");
    nodes.desk.run("federation accept --data oslo --yes").ends(0);
    everywhere(&nodes, &["oslo", "porto", "lyon"], 3);
    assert_eq!(nodes.json("federation status --data oslo --json")["rekeyings"], serde_json::json!([]));
}

#[test]
fn a_fourth_agency_joins_and_one_leaves() {
    let mut nodes = Nodes::start();
    nodes.init("wien", "AT");
    nodes.desk.run("federation join net.trust.json --data wien").ends(5);
    nodes.desk.run("trust export --data oslo -o before.trust.json").ends(0);
    let run = nodes.desk.run("federation join before.trust.json --data wien").ends(8);
    assert!(run.err().contains("no member with the identity key"), "{}", run.err());
    // Members change with more than two thirds: all three.
    nodes.desk.run("federation propose --admit wien/wien.member.json --data oslo --yes").ends(0);
    for id in ["porto", "lyon"] {
        proposal(&nodes, id);
        nodes.desk.run(&format!("federation accept --data {id} --yes")).ends(0);
    }
    everywhere(&nodes, &["oslo", "porto", "lyon"], 2);
    nodes.desk.run("trust export --data oslo -o net.trust.json").ends(0);
    nodes.desk.run("federation join net.trust.json --data wien").ends(0);
    nodes.desk.run("federation join net.trust.json --data wien").ends(6);
    nodes.serve("wien");
    everywhere(&nodes, &["oslo", "porto", "lyon", "wien"], 2);
    for id in ["oslo", "porto", "lyon", "wien"] {
        nodes.until(&format!("status --data {id} --json"), |status| {
            let members = status["node"]["members"].as_array().expect("members");
            members.len() == 4
                && members.iter().all(|member| member["final_size"] == member["log_size"] && member["final_size"].as_u64() >= Some(2))
        });
    }
    // Porto leaves; its own node follows, and states nothing more.
    nodes.desk.run("federation propose --leave --data porto --yes").ends(0);
    for id in ["lyon", "wien"] {
        proposal(&nodes, id);
        nodes.desk.run(&format!("federation accept --data {id} --yes")).ends(0);
    }
    everywhere(&nodes, &["oslo", "lyon", "wien"], 3);
    nodes.until("federation status --data porto --json", |charter| charter["version"] == 3);
    let run = nodes.desk.run("federation propose --status-days 21 --data porto --yes").ends(8);
    assert!(run.err().contains("PGN-0862") || run.err().contains("no member"), "{}", run.err());
    let peers = nodes.until("peer list --data oslo --json", |peers| peers.as_array().expect("a list").len() == 2);
    assert!(peers.as_array().expect("a list").iter().all(|peer| peer["id"] != "porto"), "{peers}");
    assert_eq!(version(&nodes, "wien"), 3);
}
