//! Roles of tokens and the audit trail, over a running node: what is listed, what an export holds, and that an alteration shows.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;

use common::mode;
use common::nodes::Nodes;

/// What must be nowhere in the trail.
const CANARIES: [&str; 3] = ["Zaunkönig", "Grauammer", "Sumpfrohrsänger"];

#[test]
fn a_trail_is_exported_and_an_alteration_of_it_shows() {
    let mut nodes = Nodes::found();
    let api = nodes.serve("oslo")["api"].as_str().expect("an address").to_owned();
    let desk = &nodes.desk;
    desk.run("token create desk --role staff --role reviewer -o desk.token --data oslo").ends(0);
    desk.run("token create reports -o reports.token --data oslo").ends(0);
    let secrets = ["desk.token", "reports.token"].map(|file| fs::read_to_string(desk.path(file)).expect("a secret").trim().to_owned());
    let staff = |line: &str| desk.run(&format!("{line} --node {api} --token-file desk.token"));

    let [name, note, finding] = CANARIES;
    let cluster = staff(&format!("cluster add {name} --country NO --json")).ends(0).json()["id"].as_str().expect("an id").to_owned();
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --json");
    let assessment = staff(&new).ends(0).json()["id"].as_str().expect("an id").to_owned();
    fs::write(desk.path("own.csv"), format!("indicator,level,note\n4.1.3,3,{note} {finding}\n")).expect("written");
    staff(&format!("assess import {assessment} own.csv --yes")).ends(0);
    staff(&format!("assess show {assessment} --scores")).ends(0);

    // Whoever may only read sees lists and no scores; nobody else than an admin sees the trail.
    let reports = |line: &str| desk.run(&format!("{line} --node {api} --token-file reports.token"));
    reports("assess list").ends(0);
    reports("cluster list").ends(0);
    let refused = reports(&format!("assess show {assessment} --scores --json")).ends(4).json();
    assert_eq!(refused["error"]["code"], "PGN-0403", "{refused}");
    reports("review inbox").ends(4);
    staff("audit list").ends(4);
    staff("token create more --role admin").ends(4);

    let uid = fs::metadata(desk.path("desk.token")).expect("ours").uid();
    let listed = nodes.json("audit list --data oslo --json");
    let entries = listed.as_array().expect("a list");
    let count = |actor: &str, route: &str, code: &str| {
        let is_it = |e: &&serde_json::Value| {
            e["actor"].as_str().is_some_and(|a| a.contains(actor)) && e["route"] == route && e["code"].as_str().unwrap_or("") == code
        };
        entries.iter().filter(is_it).count()
    };
    assert_eq!(count(&format!("uid {uid}"), "/api/v1/tokens", ""), 4, "asked and made, twice: {listed}");
    assert_eq!(count("\"desk\"", "/api/v1/clusters", ""), 2);
    assert_eq!(count("\"reports\"", "/api/v1/assessments/{id}/scores", "PGN-0403"), 1);
    assert_eq!(count("\"desk\"", "/api/v1/audit", "PGN-0403"), 1);
    let another = format!("uid {uid}0");
    let theirs = desk.run_words(&["audit", "list", "--actor", &another, "--data", "oslo", "--json"]).ends(0).json();
    assert_eq!(theirs, serde_json::json!([]), "the beginning of a number is another user");

    desk.run("audit export trail.jsonl --data oslo").ends(0);
    desk.run("audit export trail.jsonl --data oslo").ends(6);
    assert_eq!(mode(&desk.path("trail.jsonl")), 0o600);
    let text = fs::read_to_string(desk.path("trail.jsonl")).expect("a file");
    for secret in CANARIES.iter().copied().chain(secrets.iter().map(String::as_str)) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let checked = desk.run("audit check trail.jsonl --json").ends(0).json();
    assert_eq!(checked["agency"], "oslo");
    assert!(checked["broken"].is_null() && checked["next"].as_u64() > Some(12), "{checked}");
    desk.run("audit check --data oslo").ends(0);

    // Every line altered, left out or cut off shows, and so does the wrong end.
    let lines: Vec<&str> = text.lines().collect();
    let refused = |lines: &[String]| {
        let _ = fs::remove_file(desk.path("altered.jsonl"));
        fs::write(desk.path("altered.jsonl"), lines.join("\n") + "\n").expect("written");
        desk.run("audit check altered.jsonl").ends(7);
    };
    let owned = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    for at in [1, lines.len() / 2, lines.len() - 1] {
        let mut altered = owned();
        altered[at] = altered[at].replacen("\"actor\":\"", "\"actor\":\"uid 4", 1);
        assert_ne!(altered[at], lines[at]);
        refused(&altered);
        let mut cut = owned();
        cut.remove(at);
        refused(&cut);
    }
    refused(&owned()[1..]);
    refused(&[]);
    desk.run("audit check missing.jsonl").ends(5);
}
