//! An endorser objects to a label in public: a third agency sees it under question, and valid; then it is lifted.

mod common;

use std::fs;

use common::nodes::Nodes;
use serde_json::{Value, json};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id in {value}")).to_owned()
}

/// A label by oslo, which porto endorsed.
fn label(nodes: &Nodes) -> String {
    let desk = &nodes.desk;
    let catalogue = parangon_protocol::catalogue::Catalogue::ecei();
    let rows = catalogue.indicators.iter().map(|indicator| format!("{},3\n", indicator.code));
    fs::write(desk.path("scores.csv"), std::iter::once("indicator,level\n".to_owned()).chain(rows).collect::<String>()).expect("written");
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let assessment =
        id(&nodes.json(&format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json")));
    desk.run(&format!("assess import {assessment} scores.csv --yes --data oslo")).ends(0);
    let offer = id(&nodes.json(&format!("review ask {assessment} --level bronze --reviewer porto --no-comments --data oslo --json")));
    nodes.until("review inbox --data porto --json", |inbox| inbox[0]["state"] == "offered");
    desk.run(&format!("review accept {offer} --no-conflicts --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data porto --json"), |entry| entry["next_step"] == "review the dossier");
    desk.run(&format!("review submit {offer} scores.csv --eligible yes --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
    id(&nodes.json(&format!("label issue {offer} --data oslo --json")))
}

#[test]
fn r5_an_endorser_objects_a_third_agency_sees_it_and_it_is_lifted() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    let label = label(&nodes);
    for agency in ["oslo", "porto", "lyon"] {
        let shown = nodes.until_there(&format!("label show {label} --data {agency} --json"), |label| label["state"] == "valid");
        assert!(shown["under_question"].is_null(), "{shown}");
    }
    let short = &label[..12];
    let withdraws = format!("label object {short} --ground endorsement-withdrawn");

    // Nothing is published without a ground, or without somebody who means it.
    desk.run(&format!("label object {short} --data porto")).ends(2);
    desk.run(&format!("label object {short} --ground dislike --data porto")).ends(2);
    desk.run(&format!("{withdraws} --data porto")).ends(2);
    desk.run(&format!("{withdraws} --confirm BioRegion --data porto")).ends(2);
    let refused = |line: &str| desk.run(&format!("{line} --confirm BioRegio --json")).ends(8).json()["error"]["code"].clone();
    assert_eq!(refused(&format!("{withdraws} --data lyon")), "PGN-0881", "lyon endorsed nothing");
    assert_eq!(refused(&format!("{withdraws} --data oslo")), "PGN-0880", "its issuer withdraws or suspends");
    assert_eq!(refused(&format!("label object {short} --lift --data porto")), "PGN-0883");
    let page = desk.run(&format!("{withdraws} --dry-run --data porto")).ends(0).out();
    for part in [r#""ground":"endorsement-withdrawn""#, r#""type":"objection""#, "becomes public, for good", "no words about reasons"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let preview = nodes.json(&format!("{withdraws} --dry-run --data porto --json"));
    assert_eq!((&preview["record"]["about"], &preview["record"]["body"]["action"]), (&json!([label]), &json!("raise")));
    assert!(nodes.json(&format!("label show {label} --data porto --json"))["under_question"].is_null(), "nothing was logged");

    let objected = nodes.json(&format!("{withdraws} --confirm BioRegio --data porto --json"));
    assert_eq!((&objected["state"], &objected["under_question"][0]["agency"]), (&json!("valid"), &json!("porto")));
    assert_eq!(refused(&format!("label object {short} --ground misrepresentation --data porto")), "PGN-0882");
    let seen =
        nodes.until_there(&format!("label show {label} --data lyon --json"), |label| label["under_question"][0]["final"] == json!(true));
    let objection = &seen["under_question"][0];
    assert_eq!(
        (&seen["state"], &objection["agency"], &objection["ground"]),
        (&json!("valid"), &json!("porto"), &json!("endorsement-withdrawn"))
    );
    let said = "objected to by porto (endorsement withdrawn) since 20";
    let recount = desk.run(&format!("label recount {short} --data lyon")).ends(0).out();
    assert!(recount.contains(said) && recount.contains("Every rule is kept."), "{recount}");
    let shown = desk.run(&format!("label show {short} --data lyon")).ends(0).out();
    assert!(shown.contains("under question") && shown.contains(said), "{shown}");
    let list = desk.run("label list --state valid --data lyon").ends(0).out();
    assert!(list.contains("valid, under question"), "{list}");

    // Its issuer is told what to attend to; the file says what it does not say.
    let status = nodes.until("status --data oslo --json", |status| status.to_string().contains("under question"));
    assert!(status.to_string().contains("objected to by porto (endorsement withdrawn)"), "{status}");
    assert!(!nodes.json("status --data lyon --json").to_string().contains("under question"), "nobody else has to");
    desk.run(&format!("label export {short} -o bioregio.label.json --data lyon")).ends(0);
    desk.run("trust export -o net.trust.json --data lyon").ends(0);
    let verdict = desk.run("verify bioregio.label.json --trust net.trust.json --json").ends(0).json();
    assert!(verdict["not_checked"].to_string().contains("objections that stand in other logs"), "{verdict}");

    let lifted = nodes.json(&format!("label object {short} --lift --confirm BioRegio --data porto --json"));
    assert!(lifted["under_question"].is_null(), "{lifted}");
    for agency in ["oslo", "lyon"] {
        let shown = nodes.until(&format!("label show {label} --data {agency} --json"), |label| label["under_question"].is_null());
        assert_eq!(shown["state"], "valid", "{shown}");
    }
    assert!(!nodes.json("status --data oslo --json").to_string().contains("under question"));
}
