//! Mirrors: a directory of files, served by any web server, from which others check labels and nodes catch up that reach nobody.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::time::Instant;

use common::nodes::{AGENCIES, Nodes, PATIENCE};
use common::review::{asked, files_below, id, judged, scores, searchable};
use common::web::Web;
use common::wire::hide;
use serde_json::{Value, json};

const TWO: [(&str, &str); 2] = [("oslo", "NO"), ("porto", "PT")];

/// What nobody but the owner and its reviewer may see.
const CANARIES: [&str; 4] = ["CANARY-note-63b2d1", "CANARY-legal-form-0d1e7c", "CANARY-register-85fa20", "CANARY-findings-19c3e4"];

/// Adds a section to a node's configuration.
fn mirrors(nodes: &Nodes, id: &str, section: &str) {
    let path = nodes.desk.path(id).join("parangon.toml");
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("a configuration");
    writeln!(file, "\n[mirrors]\n{section}\nevery_seconds = 1").expect("written");
}

/// Has each node write its mirror again and again until this is so.
fn until_mirrored(nodes: &Nodes, ids: &[&str], line: &str, wanted: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        for id in ids {
            nodes.desk.run(&format!("mirror export www/{id} --data {id} --quiet")).ends(0);
        }
        let run = nodes.desk.run(line);
        let answer = if run.code() == 0 { run.json() } else { Value::Null };
        if wanted(&answer) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{line}: {answer}");
    }
}

fn line<'a>(status: &'a Value, subject: &str) -> &'a Value {
    let lines = status["lines"].as_array().expect("lines");
    lines.iter().find(|line| line["subject"].as_str().is_some_and(|known| known.starts_with(subject))).unwrap_or(&Value::Null)
}

/// Every file below a directory, by its path.
fn contents(nodes: &Nodes, dir: &str) -> BTreeMap<String, Vec<u8>> {
    let root = nodes.desk.path(dir);
    let name = |path: &std::path::Path| path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
    files_below(&root).iter().map(|path| (name(path), fs::read(path).expect("a file"))).filter(|(name, _)| !name.starts_with('.')).collect()
}

/// A label by oslo that porto endorsed, with secrets all around it.
fn label(nodes: &Nodes) -> String {
    let desk = &nodes.desk;
    let register = format!("REG={}", CANARIES[2]);
    let words = [
        "cluster",
        "add",
        "Nordlicht <b>&",
        "--country",
        "NO",
        "--legal-form",
        CANARIES[1],
        "--register",
        &register,
        "--data",
        "oslo",
        "--json",
    ];
    let cluster = id(&desk.run_words(&words).ends(0).json());
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --improvements 3 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    let noted = scores(3, &[]).replacen("indicator,level\n", "indicator,level,note\n", 1);
    let (heading, rows) = noted.split_once('\n').expect("lines");
    let rows = rows.lines().enumerate().map(|(n, row)| if n == 0 { format!("{row},{}\n", CANARIES[0]) } else { format!("{row},\n") });
    fs::write(desk.path("own.csv"), format!("{heading}\n{}", rows.collect::<String>())).expect("written");
    desk.run(&format!("assess import {assessment} own.csv --yes --data oslo")).ends(0);
    let offer = asked(nodes, &assessment, "bronze", "porto");
    fs::write(desk.path("findings.txt"), CANARIES[3]).expect("written");
    judged(nodes, &offer, "porto", &scores(3, &[]), " --findings findings.txt");
    id(&nodes.json(&format!("label issue {offer} --data oslo --json")))
}

#[test]
fn a_mirror_holds_what_is_public_and_labels_travel_by_mirrors_alone() {
    let mut nodes = Nodes::start();
    let label = label(&nodes);
    for (agency, _) in AGENCIES {
        nodes.until_there(&format!("label show {label} --data {agency} --json"), |label| label["state"] == "valid");
    }

    // What is there, and what it is good for.
    let first = nodes.json("mirror export www/oslo --data oslo --json");
    assert_eq!((&first["logs"], &first["labels"], &first["kept"]), (&json!(3), &json!(1), &json!([])));
    let files = contents(&nodes, "www/oslo");
    let label_file = format!("labels/{label}.label.json");
    for name in [
        "mirror.json",
        "trust.json",
        "index.json",
        "index.html",
        "verify.html",
        "status/oslo.json",
        "oslo/checkpoint",
        "lyon/tile/0/000.p/2",
        &label_file,
    ] {
        assert!(files.contains_key(name) || name.starts_with("lyon"), "{name} in {:?}", files.keys());
    }
    nodes.desk.run(&format!("verify www/oslo/{label_file} --trust www/oslo/trust.json")).ends(0);
    let index: Value = serde_json::from_slice(&files["index.json"]).expect("JSON");
    assert_eq!((&index["labels"][0]["id"], &index["labels"][0]["file"]), (&json!(label), &json!(label_file)));
    let page = String::from_utf8(files["index.html"].clone()).expect("UTF-8");
    assert!(page.contains("Nordlicht &lt;b&gt;&amp;") && !page.contains("<b>&"), "{page}");
    for part in ["BRONZE", "valid", index["words"].as_str().expect("words"), "trust.json", &label_file, "prefers-color-scheme: dark"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for outside in ["http:", "https:", "<script", "src=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for (name, bytes) in &files {
        for secret in CANARIES {
            assert!(!searchable(bytes).contains(secret), "{secret} in {name}");
        }
    }
    assert!(files.values().any(|bytes| searchable(bytes).contains("Nordlicht")), "the search finds what is public");

    // Again: only what says when it was written.
    let second = nodes.json("mirror export www/oslo --data oslo --json");
    assert!(second["written"].as_u64() <= Some(2), "{second}");
    let other = Nodes::found_by(&TWO, "demo", |_| ());
    fs::create_dir(other.desk.path("www")).expect("a directory");
    fs::write(other.desk.path("www/letter"), "dear").expect("written");
    drop(other);
    fs::create_dir(nodes.desk.path("home")).expect("a directory");
    fs::write(nodes.desk.path("home/letter"), "dear").expect("written");
    let refused = nodes.desk.run("mirror export home --data oslo --json").ends(6).json();
    assert_eq!(refused["error"]["code"], "PGN-0600");
    assert_eq!(nodes.desk.files("home"), ["letter"]);

    // From here on no node reaches another one, but for files.
    let web = Web::serve(nodes.desk.path("www"));
    for (agency, _) in AGENCIES {
        nodes.stop(agency);
    }
    for (agency, _) in AGENCIES {
        hide(&nodes.desk, agency);
        let others = AGENCIES.iter().filter(|(other, _)| *other != agency).map(|(other, _)| format!("\"{}\"", web.url("http", other)));
        mirrors(&nodes, agency, &format!("urls = [{}]", others.collect::<Vec<_>>().join(", ")));
        nodes.serve(agency);
    }
    let ids = AGENCIES.map(|(agency, _)| agency);
    let short = &label[..12];
    let words = ["label", "withdraw", short, "--reason", "at-request", "--confirm", "Nordlicht <b>&", "--data", "oslo"];
    nodes.desk.run_words(&words).ends(0);
    until_mirrored(&nodes, &ids, &format!("label show {label} --data lyon --json"), |label| label["state"] == "withdrawn");
    // The others' confirmations come back to oslo the same way.
    let before = nodes.json("mirror export www/oslo --data oslo --json")["records"].clone();
    until_mirrored(&nodes, &ids, "peer witnesses --data oslo --json", |logs| {
        logs.as_array().is_some_and(|logs| logs.len() == 3 && logs.iter().all(|log| log["confirmed"] == log["records"]))
    });
    assert!(before.as_u64() > first["records"].as_u64(), "{before} records with the withdrawal");
    let peers = nodes.json("peer list --data oslo --json");
    assert!(peers.as_array().expect("a list").iter().all(|peer| peer["connected"] == false), "{peers}");
    // The file says so once the status with the withdrawal has its quorum at porto, which comes the same way.
    let verdict = format!("verify www/porto/{label_file} --trust www/porto/trust.json --json");
    let began = Instant::now();
    while nodes.desk.run(&verdict).code() != 12 {
        assert!(began.elapsed() < PATIENCE, "{}", nodes.desk.run(&verdict).out());
        for id in ids {
            nodes.desk.run(&format!("mirror export www/{id} --data {id} --quiet")).ends(0);
        }
    }
}

/// Two nodes that never had a connection, one behind TLS with a certificate of an authority of its own.
#[test]
fn nodes_that_never_met_follow_each_other_over_tls() {
    let mut nodes = Nodes::found_by(&TWO, "demo", |_| ());
    let (plain, secure) = (Web::serve(nodes.desk.path("www")), Web::serve_tls(nodes.desk.path("www"), &nodes.desk.path("ca.pem")));
    for (agency, _) in TWO {
        hide(&nodes.desk, agency);
    }
    mirrors(&nodes, "porto", &format!("urls = [\"{}\"]", plain.url("http", "oslo")));
    mirrors(&nodes, "oslo", &format!("urls = [\"{}\"]", secure.url("https", "porto")));
    for (agency, _) in TWO {
        nodes.serve(agency);
        nodes.desk.run(&format!("mirror export www/{agency} --data {agency}")).ends(0);
    }
    // An authority that nobody named is not believed.
    let status = nodes.until("status --data oslo --json", |status| line(status, "mirror https://")["state"] == "warn");
    let said = line(&status, "mirror https://");
    assert!(said["reason"].as_str().is_some_and(|reason| reason.contains("PGN-0910")), "{said}");
    assert!(said["next_step"].is_string(), "{said}");
    nodes.stop("oslo");
    let path = nodes.desk.path("oslo/parangon.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    let named = text.replacen("[mirrors]\n", &format!("[mirrors]\nca_file = \"{}\"\n", nodes.desk.path("ca.pem").display()), 1);
    fs::write(&path, named).expect("written");
    nodes.serve("oslo");

    let ids = TWO.map(|(agency, _)| agency);
    for (agency, _) in TWO {
        let all = |logs: &Value| {
            logs.as_array().is_some_and(|logs| logs.len() == 2 && logs.iter().all(|log| log["records"] == 2 && log["confirmed"] == 2))
        };
        until_mirrored(&nodes, &ids, &format!("peer witnesses --data {agency} --json"), all);
    }
    let status = nodes.until("status --data oslo --json", |status| line(status, "mirror https://")["state"] == "ok");
    let said = line(&status, "mirror https://")["reason"].as_str().expect("a reason").to_owned();
    assert!(said.contains("2 records came from it"), "{said}");
}
