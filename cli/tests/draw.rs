//! Reviewers drawn by lot over four processes in four countries, with a night in between: called for, asked, passed over, recounted.

mod common;

use std::fs;

use common::nodes::Nodes;
use common::review::{id, scores};
use serde_json::{Value, json};

const AGENCIES: [(&str, &str); 4] = [("oslo", "NO"), ("porto", "PT"), ("lyon", "FR"), ("wien", "AT")];

fn names(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_label_whose_reviewers_were_drawn_over_night() {
    let mut nodes = Nodes::found_by(&AGENCIES, "ecei", |draft| draft["conflicts"]["drawn"] = json!(true));
    nodes.serve_all(&AGENCIES);
    fs::write(nodes.desk.path("four.csv"), scores(4, &[])).expect("written");
    let cluster = id(&nodes.json("cluster add Nordic --country NO --data oslo --json"));
    let new = format!("assess new {cluster} --level gold --eccp-listed --fte 2 --members 40 --member-types 3 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    nodes.desk.run(&format!("assess import {assessment} four.csv --yes --data oslo")).ends(0);
    let refused = nodes.desk.run(&format!("review ask {assessment} --level gold --reviewer lyon --reviewer wien --data oslo"));
    assert!(refused.ends(6).err().contains("review draw"), "it names the way");

    let called = nodes.json(&format!("review draw {assessment} --level gold --data oslo --json"));
    assert_eq!((&called["state"], names(&called["ranking"]).len()), (&json!("called"), 0));
    nodes.desk.run(&format!("review draw {assessment} --level gold --data oslo")).ends(6);
    nodes.later(1, &AGENCIES);
    let draw = id(&called);
    let drawn = nodes.until(&format!("review draws {draw} --data oslo --json"), |draw| draw["state"] == "drawn");
    let (ranking, ask) = (names(&drawn["ranking"]), names(&drawn["ask"]));
    let mut everybody = ranking.clone();
    everybody.sort();
    assert_eq!((everybody, &ask[..]), (vec!["lyon".to_owned(), "porto".to_owned(), "wien".to_owned()], &ranking[..2]));
    assert!(nodes.desk.run(&format!("review draws {draw} --data oslo")).ends(0).out().contains("review ask"));

    // Not the ones that the owner would like.
    let others = nodes.desk.run(&format!("review ask {assessment} --level gold --reviewer {} --data oslo", ranking[2]));
    assert!(others.ends(8).err().contains("PGN-0875"));
    let offer = id(&nodes.json(&format!("review ask {assessment} --level gold --no-comments --data oslo --json")));
    let inbox = |agency: &str| format!("review show {offer} --data {agency} --json");
    nodes.until_there(&inbox(&ask[0]), |entry| entry["state"] == "offered");
    nodes.desk.run(&format!("review decline {offer} --reason no-capacity --yes --data {}", ask[0])).ends(0);
    let gone = |offer: &Value| offer["reviewers"].as_array().is_some_and(|all| all.iter().any(|one| one["state"] == "declined"));
    nodes.until(&inbox("oslo"), gone);
    nodes.desk.run(&format!("review cancel {offer} --yes --data oslo")).ends(0);
    let offer = id(&nodes.json(&format!("review ask {assessment} --level gold --no-comments --data oslo --json")));
    for agency in &ranking[1..] {
        nodes.until_there(&format!("review show {offer} --data {agency} --json"), |entry| entry["state"] == "offered");
        nodes.desk.run(&format!("review accept {offer} --no-conflicts --data {agency}")).ends(0);
        nodes.until(&format!("review show {offer} --data {agency} --json"), |entry| entry["next_step"] == "review the dossier");
        nodes.desk.run(&format!("review submit {offer} four.csv --eligible yes --data {agency}")).ends(0);
    }
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
    let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")));

    // Whoever was passed over recounts it, as anybody.
    let outsider = &ranking[0];
    nodes.until_there(&format!("label show {label} --data {outsider} --json"), |label| label["state"] == "valid");
    let recount = nodes.desk.run(&format!("label recount {label} --data {outsider}")).ends(0).out();
    for (at, agency) in ranking.iter().enumerate().skip(1) {
        assert!(recount.contains(&format!("{agency} is number {} of 3", at + 1)), "{recount}");
    }
    assert!(recount.contains(&format!("{outsider}, number 1 of the draw, did not review")), "{recount}");
    nodes.desk.run("trust export -o net.trust.json --data wien").ends(0);
    nodes.desk.run(&format!("label export {label} -o nordic.label.json --data wien")).ends(0);
    let verdict = nodes.desk.run("verify nordic.label.json --trust net.trust.json --json").ends(0).json();
    let checked = verdict["checked"].as_array().expect("a list").iter().find(|check| check["what"] == "draw").expect("the draw");
    assert!(checked["result"].as_str().is_some_and(|said| said.starts_with("recomputed from values of ")), "{checked}");

    // One bit of the evidence changed, and it says so; the label's own signature does not cover it, the log does.
    let text = fs::read_to_string(nodes.desk.path("nordic.label.json")).expect("read");
    let mut forged: Value = serde_json::from_str(&text).expect("JSON");
    forged["label"]["record"]["body"]["draw"]["call"]["body"]["salt"] = json!("00".repeat(32));
    fs::write(nodes.desk.path("forged.label.json"), forged.to_string()).expect("written");
    nodes.desk.run("verify forged.label.json --trust net.trust.json").ends(10);
}
