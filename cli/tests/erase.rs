//! An assessment is erased on the command line, with the owner's node killed and the reviewer's away; then every byte is looked at.

mod common;

use std::fs;

use common::nodes::Nodes;
use common::review::{files_below, id, searchable};
use serde_json::{Value, json};

const CANARIES: [&str; 4] = ["CANARY-note-7781f0", "CANARY-file-20b6ce", "CANARY-question-d3195a", "CANARY-findings-f00c4b"];

#[test]
fn an_erasure_survives_a_kill_and_waits_for_who_is_away() {
    let mut nodes = Nodes::start();
    let desk = &nodes.desk;
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    let [note, file, question, findings] = CANARIES;
    let rows = parangon_protocol::catalogue::Catalogue::ecei().indicators.iter().map(|i| format!("{},3,{note}\n", i.code));
    let own: String = std::iter::once("indicator,level,note\n".to_owned()).chain(rows).collect();
    let levels: String = own.lines().map(|row| format!("{}\n", row.rsplit_once(',').expect("three").0)).collect();
    let outside = desk.path("outside");
    fs::create_dir(&outside).expect("made");
    for (name, text) in
        [("own.csv", own.as_str()), ("levels.csv", &levels), ("evidence.txt", file), ("question.txt", question), ("findings.txt", findings)]
    {
        fs::write(outside.join(name), text).expect("written");
    }
    desk.run(&format!("assess import {assessment} outside/own.csv --yes --data oslo")).ends(0);
    desk.run(&format!("assess attach {assessment} outside/evidence.txt --indicator 4.1.2 --data oslo")).ends(0);
    let ask = format!("review ask {assessment} --level bronze --reviewer lyon --no-comments --data oslo --json");
    let offer = id(&nodes.json(&ask));
    nodes.until("review inbox --data lyon --json", |inbox| inbox[0]["state"] == "offered");
    desk.run(&format!("review accept {offer} --no-conflicts --data lyon")).ends(0);
    nodes.until(&format!("review show {offer} --data lyon --json"), |entry| entry["next_step"] == "review the dossier");
    desk.run(&format!("review question {offer} --text outside/question.txt --data lyon")).ends(0);
    let submit = format!("review submit {offer} outside/levels.csv --eligible yes --findings outside/findings.txt --data lyon");
    desk.run(&submit).ends(0);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
    let erase = format!("erase assessment {assessment} --data oslo");
    desk.run(&format!("{erase} --confirm BioRegio")).ends(6);
    let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")));
    for agency in ["oslo", "porto", "lyon"] {
        nodes.until(&format!("label show {label} --data {agency} --json"), |label| label["state"] == "valid");
    }

    // It is shown, and meant.
    let plan = nodes.json(&format!("{erase} --dry-run --json"));
    assert_eq!((&plan["name"], &plan["files"], &plan["notes"], &plan["reviews"]), (&json!("BioRegio"), &json!(1), &json!(31), &json!(1)));
    assert!(desk.run(&format!("{erase} --dry-run")).ends(0).out().contains("needs --with-label"));
    assert!(desk.run(&format!("{erase} --with-label --no-input")).ends(2).err().contains("--confirm \"BioRegio\""));
    desk.run(&format!("{erase} --with-label --confirm bioregio")).ends(2);
    assert!(desk.run(&format!("{erase} --confirm BioRegio")).ends(6).err().contains("PGN-0635"));
    desk.run(&format!("assess show {assessment} --data oslo")).ends(0);
    assert_eq!(nodes.json("erase list --data oslo --json"), json!([]));

    // The reviewer is away, and the owner's node dies in the middle of it.
    nodes.kill("lyon");
    let erasure = id(&nodes.json(&format!("{erase} --with-label --confirm BioRegio --json")));
    nodes.kill("oslo");
    nodes.serve("oslo");
    let show = format!("erase show {erasure} --data oslo --json");
    let waiting = nodes.until(&show, |erasure| erasure["state"] == "waiting");
    assert_eq!((&waiting["recipients"][0]["state"], &waiting["complete_from"]), (&json!("asked"), &Value::Null));
    assert_eq!(id(&nodes.json(&format!("{erase} --with-label --confirm BioRegio --json"))), erasure, "the same one");
    nodes.serve("lyon");
    let done = nodes.until(&show, |erasure| erasure["state"] == "expiring");
    assert_eq!((&done["recipients"][0]["state"], &done["labels"]), (&json!("deleted"), &json!([label])));
    let desk = &nodes.desk;
    let said = desk.run(&format!("erase show {} --data oslo", &erasure[..8])).ends(0).out();
    assert!(said.contains("lyon") && said.contains("What other agencies say is their claim."), "{said}");
    desk.run(&format!("assess export {assessment} --data oslo -o -")).ends(5);
    desk.run(&format!("assess template {assessment} --data oslo -o book.xlsx")).ends(5);

    // What is public verifies, here and elsewhere, and so does a backup that is made now.
    fs::create_dir(desk.path("backups")).expect("made");
    for agency in ["oslo", "lyon"] {
        let made = desk.run(&format!("backup create -o backups --data {agency} --json")).ends(0).json();
        let backup = made["file"].as_str().expect("a file");
        desk.run(&format!("backup check {backup} --identity {agency}")).ends(0);
    }
    desk.run("trust export -o net.trust.json --data porto").ends(0);
    desk.run(&format!("label export {label} -o bioregio.label.json --data porto")).ends(0);
    desk.run("verify bioregio.label.json --trust net.trust.json").ends(0);
    for agency in ["oslo", "porto", "lyon"] {
        let counted = nodes.json(&format!("label recount {label} --data {agency} --json"));
        assert_eq!(counted["kept"], true, "{counted}");
    }
    for dir in ["oslo", "porto", "lyon", "backups"] {
        for path in files_below(&desk.path(dir)) {
            let bytes = fs::read(&path).unwrap_or_default();
            for canary in CANARIES {
                assert!(!searchable(&bytes).contains(canary), "{canary} in {}", path.display());
            }
        }
    }
}

/// A name goes from what is not signed, and what holds it otherwise is named with what to do.
#[test]
fn a_name_is_found_everywhere_and_taken_out_of_free_texts() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    fs::write(desk.path("own.csv"), "indicator,level,note\n4.1.2,3,Ask Zoë Müller about it\n").expect("written");
    desk.run(&format!("assess import {assessment} own.csv --yes --data oslo")).ends(0);
    desk.run_words(&["token", "create", "ZOË MÜLLER", "--scope", "read", "-o", "z.token", "--data", "oslo"]).ends(0);
    let report = desk.run_with("access - --data oslo --json", "zoe\u{308} mu\u{308}ller\n").ends(0).json();
    let places = report["places"].as_array().expect("a list");
    assert_eq!(places.len(), 2, "{report}");
    assert_eq!((&places[0]["field"], &places[0]["excerpt"]), (&json!("/assessment/notes/4.1.2"), &json!("Ask Zoë Müller about it")));
    assert!(places[1]["whole"].as_str().is_some_and(|step| step.contains("token revoke")), "{report}");
    assert!(desk.run_words(&["access", "Zoë", "--data", "oslo"]).ends(0).out().contains("HOW LONG"));
    desk.run_words(&["access", "Zo", "--data", "oslo"]).ends(7);

    let erase = |more: &[&str]| desk.run_words(&[&["erase", "person", "Zoë Müller", "--data", "oslo"], more].concat());
    erase(&["--no-input"]).ends(2);
    erase(&["--confirm", "somebody"]).ends(2);
    assert!(erase(&["--dry-run"]).ends(0).out().contains("Would be taken out of 1 texts"));
    let done = erase(&["--confirm", "Zoë Müller", "--json"]).ends(0).json();
    assert_eq!((done["erased"].as_array().map(Vec::len), done["left"].as_array().map(Vec::len)), (Some(1), Some(1)), "{done}");
    let csv = desk.run(&format!("assess export {assessment} -o - --data oslo")).ends(0).out();
    assert!(csv.contains("Ask [erased] about it") && !csv.contains("Zoë"), "{csv}");
}
