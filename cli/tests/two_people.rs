//! Two people of one agency decide on a label, each with a token of their own, over a node that is killed in between.

mod common;

use std::fs;

use common::Run;
use common::nodes::{Nodes, one_person};
use common::review::scores;

/// An offer by oslo, which porto reviewed with these scores, and its assessment.
fn reviewed(nodes: &Nodes, level: &str, given: u8) -> (String, String) {
    let desk = &nodes.desk;
    let id = |line: &str| nodes.json(line)["id"].as_str().expect("an id").to_owned();
    fs::write(desk.path("scores.csv"), scores(given, &[])).expect("written");
    let cluster = id("cluster add BioRegio --country NO --data oslo --json");
    let assessment = id(&format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json"));
    desk.run(&format!("assess import {assessment} scores.csv --yes --data oslo")).ends(0);
    let offer = id(&format!("review ask {assessment} --level {level} --reviewer porto --no-comments --data oslo --json"));
    nodes.until("review inbox --data porto --json", |inbox| inbox[0]["state"] == "offered");
    desk.run(&format!("review accept {offer} --no-conflicts --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data porto --json"), |entry| entry["next_step"] == "review the dossier");
    desk.run(&format!("review submit {offer} scores.csv --eligible yes --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["reviewers"][0]["state"] == "reviewed");
    (assessment, offer)
}

#[test]
fn one_decides_another_confirms_and_nobody_does_both() {
    let mut nodes = Nodes::start_with(|desk| one_person(desk, "oslo", false));
    let desk = &nodes.desk;
    let (_, offer) = reviewed(&nodes, "bronze", 3);
    for (name, role) in [("anna", "approver"), ("berta", "approver"), ("clara", "staff")] {
        desk.run(&format!("token create {name} --role {role} -o {name}.token --data oslo")).ends(0);
    }
    let api = |nodes: &Nodes| nodes.announced("oslo")["api"].as_str().expect("an address").to_owned();
    let run = |nodes: &Nodes, who: &str, line: &str| -> Run {
        nodes.desk.run(&format!("{line} --node {} --token-file {who}.token --json", api(nodes)))
    };
    let issue = format!("label issue {offer}");

    let preview = run(&nodes, "clara", &format!("{issue} -n")).ends(0).json();
    assert!(preview["rule"].as_str().is_some_and(|rule| rule.contains("of 150 points")), "{preview}");
    assert_eq!((&preview["two_people"], &preview["public"]["cluster"]["name"]), (&true.into(), &"BioRegio".into()));
    let page = desk.run(&format!("{issue} -n --data oslo")).ends(0).out();
    for part in ["rule applied", "BRONZE asks for no points", "This becomes public", "BioRegio", "porto"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let refused = run(&nodes, "clara", &issue).ends(4).json();
    assert_eq!(refused["error"]["code"], "PGN-0403", "staff do not decide");
    let wrong = run(&nodes, "anna", &format!("{issue} --content {}", "0".repeat(64))).ends(6).json();
    assert_eq!(wrong["error"]["code"], "PGN-0640");
    let content = preview["content"].as_str().expect("a hash");
    let decided = run(&nodes, "anna", &format!("{issue} --content {content}")).ends(0).json();
    assert_eq!((&decided["state"], decided["content"].as_str()), (&"decided".into(), Some(content)));
    assert!(decided["by"].as_str().is_some_and(|by| by.ends_with(" \"anna\"")), "{decided}");
    let same = run(&nodes, "anna", &issue).ends(8).json();
    assert_eq!(same["error"]["code"], "PGN-0870", "{same}");
    assert_eq!(run(&nodes, "anna", "label list").ends(0).json(), serde_json::json!([]), "nothing is public");

    // It waits through a kill, says so, and can be taken back.
    nodes.kill("oslo");
    nodes.serve("oslo");
    let shown = nodes.json(&format!("review show {offer} --data oslo --json"));
    assert_eq!((&shown["decision"]["content"], &shown["decision"]["by"]), (&decided["content"], &decided["by"]));
    let status = nodes.json("status --data oslo --json");
    let lines = status["status"]["lines"].as_array().or(status["lines"].as_array()).expect("lines").clone();
    assert!(lines.iter().any(|line| line["reason"].as_str().is_some_and(|reason| reason.contains("a second person"))), "{status}");
    run(&nodes, "berta", &format!("{issue} --take-back")).ends(0);
    run(&nodes, "berta", &format!("{issue} --take-back")).ends(6);
    assert_eq!(run(&nodes, "berta", &issue).ends(0).json()["state"], "decided");
    let label = run(&nodes, "anna", &issue).ends(0).json();
    assert_eq!(label["level"], "BRONZE", "{label}");
    let id = label["id"].as_str().expect("an id");
    nodes.until_there(&format!("label show {id} --data lyon --json"), |label| label["state"] == "valid");
    run(&nodes, "berta", &issue).ends(6);

    // The trail names both, and nothing of what they decided on.
    nodes.desk.run("audit export trail.jsonl --data oslo").ends(0);
    nodes.desk.run("audit check trail.jsonl").ends(0);
    let trail = fs::read_to_string(nodes.desk.path("trail.jsonl")).expect("a file");
    let of = |name: &str, end: &str| {
        trail.lines().filter(|line| line.contains(name) && line.contains("/api/v1/labels\"") && line.contains(end)).count()
    };
    assert_eq!((of("anna", "\"status\":202"), of("anna", "\"status\":201"), of("berta", "\"status\":202")), (1, 1, 1));
    assert_eq!((of("anna", "PGN-0870"), of("clara", "PGN-0403")), (1, 1));
    let secrets = ["anna", "berta", "clara"].map(|who| fs::read_to_string(nodes.desk.path(&format!("{who}.token"))).expect("a token"));
    for secret in secrets.iter().map(|secret| secret.trim()).chain(["BioRegio", "of 150 points", "4.1.3"]) {
        assert!(!trail.contains(secret), "{secret}");
    }
}

#[test]
fn a_level_is_refused_and_an_appeal_is_decided_by_two() {
    let nodes = Nodes::start_with(|desk| one_person(desk, "oslo", false));
    let desk = &nodes.desk;
    let (assessment, offer) = reviewed(&nodes, "silver", 1);
    desk.run(&format!("label issue {offer} --data oslo")).ends(8);
    desk.run(&format!("label appeal {offer} --uphold --yes --data oslo")).ends(6);
    desk.run(&format!("label refuse {offer} --data oslo")).ends(2);
    let refused = nodes.json(&format!("label refuse {offer} --yes --data oslo --json"));
    assert_eq!((&refused["state"], &refused["verdict"]["state"]), (&"refused".into(), &"refused".into()), "{refused}");
    let shown = desk.run(&format!("review show {offer} --data oslo")).ends(0).out();
    assert!(shown.contains("the reviews do not carry the level") && shown.contains("label appeal"), "{shown}");
    nodes.until("review inbox --data porto --json", |inbox| inbox[0]["state"] == "withdrawn");

    fs::write(desk.path("appeal.txt"), "Zaunkönig:\nthe plan was not read.").expect("written");
    desk.run(&format!("label appeal {offer} --data oslo")).ends(2);
    let appealed = nodes.json(&format!("label appeal {offer} --note appeal.txt --data oslo --json"));
    assert_eq!(appealed["verdict"]["note"], "Zaunkönig: the plan was not read.");
    let decided = nodes.json(&format!("label appeal {offer} --uphold --yes --data oslo --json"));
    assert_eq!((&decided["state"], &decided["decision"]["decision"]), (&"appealed".into(), &"uphold".into()), "{decided}");
    desk.run(&format!("label appeal {offer} --uphold --yes --data oslo")).ends(8);
    desk.run("token create berta --role approver -o berta.token --data oslo").ends(0);
    let api = nodes.announced("oslo")["api"].as_str().expect("an address");
    let upheld = nodes.json(&format!("label appeal {offer} --uphold --yes --node {api} --token-file berta.token --json"));
    assert_eq!(upheld["state"], "upheld", "{upheld}");
    let eligible = nodes.json(&format!("review eligible --assessment {assessment} --level silver --data oslo --json"));
    let of = |agency: &str| eligible.as_array().expect("a list").iter().find(|e| e["agency"] == agency).expect("a member").clone();
    assert_eq!((&of("porto")["eligible"], &of("lyon")["eligible"]), (&false.into(), &true.into()), "{eligible}");
    desk.run(&format!("review ask {assessment} --level silver --reviewer porto --data oslo")).ends(8);
    desk.run(&format!("review ask {assessment} --level silver --reviewer lyon --data oslo")).ends(0);
    desk.run("audit export trail.jsonl --data oslo").ends(0);
    let trail = fs::read_to_string(desk.path("trail.jsonl")).expect("a file");
    assert!(trail.contains("/appeal/decision") && !trail.contains("Zaunkönig"), "{trail}");
}
