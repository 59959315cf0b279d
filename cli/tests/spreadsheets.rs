//! Ugly spreadsheets, made by a script that trusts neither our writer nor our reader: each changes exactly what it says, or is
//! refused with the place of what is wrong, and nothing changes.

mod common;

use std::path::Path;
use std::process::Command;

use common::nodes::Nodes;
use serde_json::{Value, json};

/// What the node may take at its height, in kilobytes. A bomb would take gigabytes.
const PEAK_KB: u64 = 700_000;

fn peak_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("running");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn every_ugly_file_is_read_or_refused_by_its_place() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    let desk = &nodes.desk;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::create_dir(desk.path("ugly")).expect("made");
    let catalogue = root.join("protocol/data/ecei-2026.json");
    let made = Command::new("python3").arg(root.join("tests/spreadsheets/make.py")).arg(desk.path("ugly")).arg(catalogue).status();
    assert!(made.expect("python3").success());
    let expected: Value = serde_json::from_slice(&std::fs::read(desk.path("ugly/expected.json")).expect("read")).expect("JSON");
    let files = expected.as_object().expect("an object");
    assert!(files.len() >= 40, "{}", files.len());

    let cluster = nodes.json("cluster add BioRegio --country NO --data oslo --json")["id"].as_str().expect("an id").to_owned();
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let untouched = nodes.json(&new);
    let id = untouched["id"].as_str().expect("an id");
    for (name, outcome) in files {
        let show = format!("assess show {id} --data oslo --json");
        let before = nodes.json(&show);
        if let Some(changes) = outcome["changes"].as_u64() {
            // Shown first, and saved only when told so.
            let shown = nodes.json(&format!("assess import {id} ugly/{name} -n --data oslo --json"));
            assert_eq!(shown["changes"].as_array().map(Vec::len), Some(usize::try_from(changes).expect("small")), "{name}: {shown}");
            desk.run(&format!("assess import {id} ugly/{name} --data oslo")).ends(2);
            assert_eq!(nodes.json(&show), before, "{name}: nothing is saved before it is told");
            let fresh = nodes.json(&new)["id"].as_str().expect("an id").to_owned();
            let done = nodes.json(&format!("assess import {fresh} ugly/{name} --yes --data oslo --json"));
            assert_eq!(done["assessment"]["completeness"]["answered"], json!(changes), "{name}");
            if let Some(format) = outcome["format"].as_str() {
                assert_eq!(done["format"], format, "{name}");
            }
            if let Some(note) = outcome["note"].as_str() {
                let answers = nodes.json(&format!("assess show {fresh} --scores --data oslo --json"));
                assert_eq!(answers["dimensions"][0]["indicators"][0]["note"], note, "{name}");
            }
        } else {
            for mode in ["-n", "--yes"] {
                let refused = desk.run(&format!("assess import {id} ugly/{name} {mode} --data oslo --json")).ends(7).json();
                let first = &refused["problems"][0];
                let kinds: Vec<_> = outcome["kind"].as_str().expect("a kind").split('|').collect();
                assert!(kinds.contains(&first["kind"].as_str().unwrap_or_default()), "{name}: {refused}");
                for part in ["row", "column"] {
                    assert!(outcome[part].is_null() || outcome[part] == first[part], "{name}: {part} of {first}");
                }
            }
            assert_eq!(nodes.json(&show), before, "{name}: what is refused changes nothing");
        }
    }
    let peak = peak_kb(nodes.children[0].id());
    assert!(peak < PEAK_KB, "the node took {peak} kB");
}

#[test]
fn a_template_is_filled_in_and_two_people_do_not_overwrite_each_other() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    let desk = &nodes.desk;
    let cluster = nodes.json("cluster add BioRegio --country NO --data oslo --json")["id"].as_str().expect("an id").to_owned();
    let new = |month: &str| {
        format!("assess new {cluster} --month {month} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json")
    };
    let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    let first = id(&nodes.json(&new("2024-10")));
    std::fs::write(desk.path("first.csv"), "indicator,level,note\n1.1.0,2,as agreed\n2.1,4,\n").expect("written");
    desk.run(&format!("assess import {first} first.csv --yes --data oslo")).ends(0);

    // What the workbook holds comes back unchanged: not one row is a change.
    desk.run(&format!("assess template {first} -o first.xlsx --data oslo")).ends(0);
    desk.run(&format!("assess template {first} -o first.xlsx --data oslo")).ends(6);
    let same = nodes.json(&format!("assess import {first} first.xlsx -n --data oslo --json"));
    assert_eq!((&same["read"], &same["changes"], &same["problems"]), (&json!(31), &json!([]), &json!([])));
    assert_eq!(same["outdated"], false);

    // Last time's answers stand beside this time's.
    let second = id(&nodes.json(&new("2026-10")));
    let answers = nodes.json(&format!("assess show {second} --scores --data oslo --json"));
    let answer = &answers["dimensions"][0]["indicators"][0];
    assert_eq!(
        (&answers["last"]["month"], &answer["last_level"], &answer["last_note"]),
        (&json!("2024-10"), &json!("2"), &json!("as agreed"))
    );
    assert!(answer["level"].is_null());
    assert_eq!(answers["dimensions"][1]["completeness"], json!({ "answered": 0, "total": 10 }));
    assert!(nodes.json(&format!("assess show {first} --scores --data oslo --json"))["last"].is_null());

    // Two people: the second one sees that something changed, and chooses.
    let seen =
        nodes.json(&format!("assess show {second} --data oslo --json"))["etag"].as_str().expect("a tag").trim_matches('"').to_owned();
    std::fs::write(desk.path("hers.csv"), "indicator,level\n2.3,1\n").expect("written");
    std::fs::write(desk.path("his.csv"), "indicator,level\n2.3,3\n").expect("written");
    desk.run(&format!("assess import {second} hers.csv --yes --version {seen} --data oslo")).ends(0);
    desk.run(&format!("assess import {second} his.csv --yes --version {seen} --data oslo")).ends(6);
    let shown = nodes.json(&format!("assess import {second} his.csv -n --data oslo --json"));
    assert_eq!(shown["changes"][0], json!({ "indicator": "2.3", "from": "1", "to": "3", "note": false }));

    // A workbook knows for what it was made: another assessment refuses it, and an old one says so before it takes anything back.
    let refused = desk.run(&format!("assess import {second} first.xlsx -n --data oslo --json")).ends(7).json();
    assert_eq!((&refused["problems"][0]["kind"], &refused["problems"][0]["column"]), (&json!("catalogue"), &json!("B")));
    std::fs::write(desk.path("later.csv"), "indicator,level,note\n1.1.0,3,as seen\n").expect("written");
    desk.run(&format!("assess import {first} later.csv --yes --data oslo")).ends(0);
    let old = nodes.json(&format!("assess import {first} first.xlsx -n --data oslo --json"));
    assert_eq!((&old["outdated"], &old["changes"].as_array().map(Vec::len)), (&json!(true), &Some(1)));
    assert_eq!((&old["changes"][0]["note_from"], &old["changes"][0]["note_to"]), (&json!("as seen"), &json!("as agreed")));

    // What stands beside the answers changes too, and only what is named.
    let edited = nodes.json(&format!("assess edit {second} --fte 2,5 --improvements 3 --data oslo --json"));
    assert_eq!((&edited["eligibility"]["management_fte_hundredths"], &edited["eligibility"]["members"]), (&json!(250), &json!(20)));
    assert_eq!((&edited["improvements"], &edited["month"]), (&json!(3), &json!("2026-10")));
    desk.run(&format!("assess edit {second} --members 9 --version {seen} --data oslo")).ends(6);
    desk.run(&format!("assess edit {second} --month 2999-01 --data oslo")).ends(7);
}

#[test]
fn clusters_are_renamed_merged_and_listed_in_spreadsheets() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    let desk = &nodes.desk;
    let write = |name: &str, text: &str| std::fs::write(desk.path(name), text).expect("written");
    write(
        "list.csv",
        "name;country;legal form;nuts;nuts version;register;technology_field\nAgriMip Sud-Ouest;FR;association;FRJ2;2024;REAEI=REAEI-00023;Food industry\nBiovalley;FR;;;;;\n",
    );
    let shown = nodes.json("cluster import list.csv -n --data oslo --json");
    assert_eq!((&shown["added"], &shown["rows"][0]["outcome"], &shown["format"]), (&json!(2), &json!("added"), &json!("CSV, UTF-8")));
    desk.run("cluster import list.csv --data oslo").ends(2);
    assert_eq!(nodes.json("cluster list --data oslo --json"), json!([]));
    nodes.json("cluster import list.csv --yes --data oslo --json");
    let find = |name: &str| {
        let list = nodes.json("cluster list --data oslo --json");
        list.as_array()
            .expect("a list")
            .iter()
            .find(|cluster| cluster["name"] == name)
            .unwrap_or_else(|| panic!("{name} in {list}"))
            .clone()
    };
    let agri = find("AgriMip Sud-Ouest");
    assert_eq!(
        (&agri["nuts"]["code"], &agri["legal_form"], &agri["registers"][0]["number"]),
        (&json!("FRJ2"), &json!("association"), &json!("REAEI-00023"))
    );
    let id = agri["id"].as_str().expect("an id");

    // A new name: the id stays, the former name finds it, and an old list changes nothing back.
    let renamed =
        desk.run_words(&["cluster", "edit", id, "--name", "Agri Sud-Ouest Innovation", "--data", "oslo", "--json"]).ends(0).json();
    assert_eq!((&renamed["id"], &renamed["former_names"][0]["name"]), (&agri["id"], &json!("AgriMip Sud-Ouest")));
    assert_eq!(renamed["legal_form"], "association", "what is not named stays");
    let again = nodes.json("cluster import list.csv -n --data oslo --json");
    assert_eq!((&again["added"], &again["changed"], &again["known"]), (&json!(0), &json!(0), &json!(2)));
    desk.run_words(&["cluster", "add", "AgriMip Sud-Ouest", "--country", "FR", "--data", "oslo"]).ends(6);
    let stale = agri["etag"].as_str().expect("a tag");
    desk.run_words(&["cluster", "edit", id, "--field", "ICT", "--version", stale, "--data", "oslo"]).ends(6);
    let cleared =
        desk.run_words(&["cluster", "edit", id, "--clear", "nuts", "--region", "Occitanie", "--data", "oslo", "--json"]).ends(0).json();
    assert!(cleared["nuts"].is_null() && cleared["region"] == "Occitanie");
    desk.run_words(&["cluster", "edit", id, "--nuts", "DE11/2024", "--data", "oslo"]).ends(7);
    desk.run_words(&["cluster", "edit", id, "--nuts", "DE11/1999", "--data", "oslo"]).ends(2);

    // A register number finds a cluster under any name: the row renames it, and says so first.
    write("numbers.csv", "name,country,register_numbers\nAgri Innovation,FR,REAEI=REAEI-00023|SIREN=123\n");
    let shown = nodes.json("cluster import numbers.csv -n --data oslo --json");
    let changes: Vec<_> = shown["rows"][0]["changes"].as_array().expect("changes").iter().map(|change| change["field"].clone()).collect();
    assert_eq!((changes, &shown["rows"][0]["id"]), (vec![json!("name"), json!("register_numbers")], &agri["id"]));
    for (rows, kind, column) in [
        ("Agri Innovation,FR,REAEI=REAEI-00023\nX,FR,REAEI=REAEI-00023\n", "twice", "name"),
        ("Biovalley,FR,REAEI=REAEI-00023\n", "value", "name"),
        ("X,FR,REAEI-00023\n", "value", "register_numbers"),
        ("X,France,\n", "value", "country"),
        (",FR,\n", "value", "name"),
    ] {
        write("bad.csv", &format!("name,country,register_numbers\n{rows}"));
        let refused = desk.run("cluster import bad.csv --yes --data oslo --json").ends(7).json();
        assert_eq!((&refused["problems"][0]["kind"], &refused["problems"][0]["column"]), (&json!(kind), &json!(column)), "{rows}");
    }

    // Two become one: history stays, names lead on, nothing new begins on the one that ended.
    let other = find("Biovalley");
    let (from, into) = (other["id"].as_str().expect("an id"), id);
    desk.run_words(&["cluster", "merge", from, into, "--confirm", "Biovaley", "--data", "oslo"]).ends(2);
    let merged = desk.run_words(&["cluster", "merge", from, into, "--confirm", "Biovalley", "--data", "oslo", "--json"]).ends(0).json();
    assert_eq!((&merged["id"], &merged["absorbed"][0]), (&agri["id"], &other["id"]));
    assert_eq!(find("Biovalley")["merged_into"], agri["id"]);
    desk.run(&format!("assess new {from} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo")).ends(6);
    desk.run_words(&["cluster", "merge", from, into, "--confirm", "Biovalley", "--data", "oslo"]).ends(6);
    desk.run_words(&["cluster", "merge", into, into, "--confirm", "Agri Sud-Ouest Innovation", "--data", "oslo"]).ends(7);
    let again = desk.run("cluster import list.csv -n --data oslo --json").ends(7).json();
    assert_eq!((&again["added"], &again["problems"][0]["kind"]), (&json!(0), &json!("twice")), "both rows are one cluster now");
}
