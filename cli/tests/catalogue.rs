//! Catalogues as data: one that the program has never heard of is imported, and assessed on.

mod common;

use std::path::Path;

use common::Desk;
use common::nodes::Nodes;
use serde_json::{Value, json};

/// A file beside the documentation.
fn document(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/catalogues").join(name).to_str().expect("a path").to_owned()
}

#[test]
fn files_are_checked_and_compared_without_a_node() {
    let desk = Desk::new();
    let checked = desk.run(&format!("catalogue check {} --json", document("bw-2026.json"))).ends(0).json();
    assert_eq!((&checked["id"], &checked["indicators"], &checked["max_points"]), (&json!("bw-2026"), &json!(34), &json!(165)));
    let checked = desk.run(&format!("catalogue check {} --json", document("ecei-2026.de.json"))).ends(0).json();
    assert_eq!((&checked["kind"], &checked["language"], &checked["approved"]), (&json!("translation"), &json!("de"), &json!(false)));

    let text = std::fs::read_to_string(document("bw-2026.json")).expect("read");
    for (name, from, to, said) in [
        ("sum", "\"max_points\": 165", "\"max_points\": 166", "add up to 165"),
        ("twice", "\"code\": \"6.2\"", "\"code\": \"6.1\"", "6.1 stands twice"),
        ("falling", "[0, 1, 2, 4, 5]", "[0, 3, 2, 4, 5]", "never fall"),
        ("cut", "\"questionnaire\": false\n}", "", "JSON"),
        ("unknown", "\"scheme\"", "\"schema\"", "schema"),
    ] {
        std::fs::write(desk.path(name), text.replacen(from, to, 1)).expect("written");
        let refused = desk.run(&format!("catalogue check {name}")).ends(7).err();
        assert!(refused.contains(said), "{name}: {refused}");
    }
    desk.run("catalogue check nowhere.json").ends(5);

    // The 34 of a land are the 31 and three more, word for word.
    let ecei = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/data/ecei-2026.json");
    let found = desk.run(&format!("catalogue diff {} {} --json", ecei.display(), document("bw-2026.json"))).ends(0).json();
    let of = |what: &str| {
        let all = found["differences"].as_array().expect("a list").iter();
        all.filter(|entry| entry["what"] == what).map(|entry| entry["code"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("added"), [json!("6.1"), json!("6.2"), json!("7.1")]);
    assert_eq!((of("changed"), of("removed")), (vec![], vec![]));

    std::fs::write(desk.path("newer.json"), text.replacen("\"minimum\": 2", "\"minimum\": 3", 1)).expect("written");
    let found = desk.run(&format!("catalogue diff {} newer.json --json", document("bw-2026.json"))).ends(0).json();
    assert_eq!(found["differences"], json!([{ "what": "changed", "code": "1.1.0", "part": "minimum", "from": "2", "to": "3" }]));
}

#[test]
fn a_catalogue_of_a_land_needs_no_code() {
    // The federation's rules name a scheme and a catalogue of which this program has no line.
    let bw: Value = serde_json::from_slice(&std::fs::read(document("bw-2026.json")).expect("read")).expect("JSON");
    let desk = Desk::new();
    let hash = desk.run(&format!("catalogue check {} --json", document("bw-2026.json"))).ends(0).json()["hash"].clone();
    let mut nodes = Nodes::found_on(|draft| {
        let mut scheme = draft["schemes"][0].clone();
        scheme["id"] = json!("bw-label");
        scheme["name"] = json!("Land");
        for rule in scheme["rules"].as_array_mut().expect("rules") {
            rule["catalogue"] = bw["id"].clone();
        }
        draft["schemes"].as_array_mut().expect("schemes").push(scheme);
        draft["catalogues"].as_array_mut().expect("catalogues").push(json!({ "id": bw["id"], "hash": hash }));
    });
    nodes.serve("oslo");
    let desk = &nodes.desk;

    assert_eq!(nodes.json("catalogue list --data oslo --json").as_array().map(Vec::len), Some(2));
    let cluster = nodes.json("cluster add BioRegio --country NO --data oslo --json")["id"].as_str().expect("an id").to_owned();
    let new = format!("assess new {cluster} --catalogue bw-2026 --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let refused = desk.run(&new).ends(5);
    assert!(refused.out().contains("bw-2026"), "{}", refused.out());

    let import = format!("catalogue import {} --data oslo --json", document("bw-2026.json"));
    let tried = nodes.json(&format!("{import} -n"));
    assert_eq!((&tried["known"], &tried["saved"]), (&json!(false), &json!(false)));
    desk.run("catalogue show bw-2026 --data oslo").ends(5);
    let done = nodes.json(&import);
    assert_eq!((&done["catalogue"]["in_charter"], &done["saved"]), (&json!(true), &json!(true)));
    assert_eq!(nodes.json(&import)["known"], true);
    let shown = nodes.json("catalogue show bw-2026 --indicator 7.1 --data oslo --json");
    let indicator = shown["dimensions"].as_array().expect("a list").iter().find_map(|dimension| dimension["indicators"].get(0));
    assert_eq!(indicator.expect("one")["levels"][2]["text"], "Events and training");
    desk.run("catalogue show bw-2026 --indicator 9.9 --data oslo").ends(5);

    let assessment = nodes.json(&new);
    assert_eq!(assessment["completeness"]["total"], 34);
    let id = assessment["id"].as_str().expect("an id");
    desk.private("scores.csv", "indicator,level\n6.1,3\n7.1,4\n");
    assert_eq!(nodes.json(&format!("assess import {id} scores.csv --yes --data oslo --json"))["assessment"]["completeness"]["answered"], 2);

    // What is handed on is the same catalogue.
    desk.run("catalogue export bw-2026 -o handed-on.json --data oslo").ends(0);
    assert_eq!(desk.run("catalogue check handed-on.json --json").ends(0).json()["hash"], hash);

    // A translation: of a known catalogue only, and its words instead of the catalogue's where it has them.
    let german = document("ecei-2026.de.json");
    desk.run("catalogue show ecei-2026 --language de --data oslo").ends(5);
    assert_eq!(nodes.json(&format!("catalogue import {german} --data oslo --json"))["language"], "de");
    let shown = desk.run("catalogue show ecei-2026 --language de --indicator 4.1.3 --data oslo").ends(0).out();
    assert!(shown.contains("Umsetzungsplan") && shown.contains("Nobody has approved"), "{shown}");
    assert!(shown.contains("A yearly plan with activities"), "what is not translated stands in the catalogue's own words: {shown}");
    let text = std::fs::read_to_string(&german).expect("read");
    std::fs::write(desk.path("other.json"), text.replace("\"5.3\"", "\"5.9\"")).expect("written");
    let refused = desk.run("catalogue import other.json --data oslo --json").ends(7);
    assert!(refused.out().contains("PGN-0707"), "{}", refused.out());
    std::fs::write(desk.path("other.json"), "{}").expect("written");
    let refused = desk.run("catalogue import other.json --data oslo --json").ends(7);
    assert!(refused.out().contains("PGN-0706"), "{}", refused.out());
}
