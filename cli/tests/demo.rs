//! `parangon demo` as a process: small files, kept directories, and signals.

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use common::{Desk, Run, mode};
use serde_json::{Value, json};

/// One row that can be used, behind a column before the name, and one that cannot.
const ONE: &str = "awarded,name,country_iso2,region,technology_field,level,expires\n\
    2012-05,Only,NO,,,bronze,2014\n,Nowhere,,,,gold,\n";

/// A desk with a file of one cluster, and an empty directory.
fn desk() -> Desk {
    let desk = Desk::new();
    std::fs::write(desk.path("one.csv"), ONE).expect("written");
    std::fs::create_dir(desk.path("tmp")).expect("made");
    desk
}

/// A demonstration of one cluster and three agencies.
fn demo(desk: &Desk, more: &[&str]) -> Run {
    desk.run_words(&[&["demo", "--agencies", "3", "--data", "one.csv"], more].concat())
}

#[test]
fn a_federation_with_one_label_shows_it_as_valid() {
    let desk = desk();
    let run = demo(&desk, &["--once", "--json"]).ends(0);
    let summary = run.json();
    assert_eq!(summary["labels"], json!({ "issued": 1, "valid": 1, "provisional": 0, "withdrawn": 0, "replaced": 0 }));
    assert_eq!(summary["verified"], json!({ "valid": 1, "not_valid": 0 }));
    assert_eq!((&summary["converged"], &summary["withdrawn"]), (&json!(true), &Value::Null));
    assert_eq!(summary["history"], json!({ "rows": 1, "first": "2012-05", "last": "2014" }));
    let left_out = json!([{ "line": 3, "name": "Nowhere", "reason": "no country, so no agency is in charge" }]);
    assert_eq!(summary["rows"], json!({ "read": 2, "merged": 0, "left_out": left_out, "remarks": [] }));
    let talk = run.err();
    let place = |text: &str| talk.find(text).unwrap_or_else(|| panic!("no {text:?} in {talk}"));
    assert!(place("line 3, left out: Nowhere") < place("now 1 cluster is assessed"), "{talk}");
}

#[test]
fn seven_agencies_find_reviewers_whom_the_rules_allow() {
    // With so many, a direct swap is not waived: whoever reviewed for another is not reviewed by it a moment later.
    let desk = desk();
    let countries = ["NO", "DE", "FR", "ES", "PL", "IT", "AT"];
    let rows = countries.iter().flat_map(|country| (0..4).map(move |n| format!("2024-05,Cluster {country} {n},{country},,,gold,2026\n")));
    let head = "awarded,name,country_iso2,region,technology_field,level,expires\n".to_owned();
    std::fs::write(desk.path("many.csv"), rows.fold(head, |text, row| text + &row)).expect("written");
    let summary = desk.run_words(&["demo", "--agencies", "7", "--data", "many.csv", "--once", "--json"]).ends(0).json();
    assert_eq!((&summary["labels"]["issued"], &summary["converged"]), (&json!(28), &json!(true)), "{summary}");
}

#[test]
fn a_cluster_with_two_levels_in_its_file_gets_both_labels() {
    let desk = desk();
    let rows = "awarded,name,country_iso2,region,technology_field,level,expires\n2013,Both,NO,,,bronze,\n2015-03,Both,NO,,,gold,\n";
    std::fs::write(desk.path("both.csv"), rows).expect("written");
    let summary = desk.run_words(&["demo", "--agencies", "4", "--data", "both.csv", "--once", "--json"]).ends(0).json();
    assert_eq!(summary["labels"], json!({ "issued": 2, "valid": 1, "provisional": 0, "withdrawn": 0, "replaced": 1 }));
    assert_eq!(summary["rows"]["merged"], 1);
}

#[test]
fn people_read_words_and_no_paths_that_are_gone() {
    let desk = desk();
    let out = demo(&desk, &["--once"]).ends(0).out();
    for expected in ["1 issued: 1 valid", "1 from 2 rows", "1 left out", "history only", "level 0", "hidden (in 3 agencies)", "made up"] {
        assert!(out.contains(expected), "no {expected:?} in {out}");
    }
    assert!(!out.contains("admin.token") && !out.contains('{'), "{out}");
    assert!(demo(&desk, &["--once", "--plain"]).ends(0).out().contains("made up"));
}

#[test]
fn a_kept_directory_is_private_and_sound_and_used_once() {
    let desk = desk();
    let out = demo(&desk, &["--once", "--dir", "kept"]).ends(0).out();
    assert!(out.contains("kept/demo-no/admin.token"), "{out}");
    assert_eq!(mode(&desk.path("kept/demo-no")), 0o700);
    desk.run("config check --data kept/demo-no").ends(0);
    let refused = demo(&desk, &["--once", "--dir", "kept", "--json"]).ends(6).json();
    assert_eq!(refused["error"]["code"], "PGN-0600");
    assert!(refused["error"]["next_step"].is_string());
}

#[test]
fn a_signal_leaves_nothing_behind() {
    for (signal, line, code) in [("INT", "agencies are started", 130), ("TERM", "The nodes know each other", 143)] {
        let desk = desk();
        let mut child = start(&desk);
        let mut talk = BufReader::new(child.stderr.take().expect("piped")).lines();
        assert!(talk.by_ref().any(|said| said.expect("text").contains(line)), "no {line:?}");
        let sent = Command::new("sh").args(["-c", &format!("kill -s {signal} {}", child.id())]).status().expect("started");
        assert!(sent.success());
        let rest: Vec<_> = talk.map(|said| said.expect("text")).collect();
        let status = child.wait().expect("ended");
        assert_eq!((status.code(), status.signal()), (Some(code), None), "{rest:?}");
        assert_eq!(desk.files("tmp"), [""; 0]);
    }
}

/// The demonstration of the bundled file, which takes long enough to be ended early.
fn start(desk: &Desk) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("parangon"));
    command.args(["demo", "--once"]).env("TMPDIR", desk.path("tmp")).current_dir(desk.path("tmp"));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
}
