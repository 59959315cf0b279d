//! A SILVER that misses one minimum is refused, and nobody finds a trace of it: not in a byte of another node's directory, not in what goes
//! over the wire, not in anything that another node lists or exports. Then the cluster appeals, others review it, and it is issued.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::capture::{Capture, Flow};
use common::nodes::Nodes;
use common::review::{asked, assessed, files_below, id, issued, judged, reviewer, scores, scores_on, searchable};
use common::wire::port_of;
use parangon_protocol::catalogue::Catalogue;
use serde_json::{Value, json};

const AGENCIES: [(&str, &str); 4] = [("oslo", "NO"), ("porto", "PT"), ("lyon", "FR"), ("wien", "AT")];

const NOTE: &str = "CANARY-note-5d21c8";
const NAME: &str = "CANARY-file-name-90ab17";
const CONTENT: &str = "CANARY-file-content-e3f602";
const LEGAL: &str = "CANARY-legal-form-44d9b0";
const NUMBER: &str = "CANARY-register-7c1e55";
const FINDINGS: &str = "CANARY-findings-b8206f";
const APPEAL: &str = "CANARY-appeal-1f93ad";

/// What belongs to the owner alone.
const OWNERS: [&str; 6] = [NOTE, NAME, CONTENT, LEGAL, NUMBER, APPEAL];

/// The cluster's name, which its BRONZE makes public.
const PUBLIC: &str = "Nordlicht-Verbund";

/// Whatever another node lists.
const LISTS: [&str; 14] = [
    "label list",
    "cluster list",
    "assess list",
    "review list",
    "review inbox",
    "catalogue list",
    "stats list",
    "peer list",
    "peer witnesses",
    "federation status",
    "federation log",
    "audit list",
    "erase list",
    "status",
];

/// What must not be found: the canaries, and the scores as they stand in the files.
fn secrets(files: &[&str]) -> Vec<String> {
    let rows = files.iter().map(|file| file.lines().skip(1).take(3).collect::<Vec<_>>().join("\n"));
    OWNERS.iter().map(|canary| (*canary).to_owned()).chain([FINDINGS.to_owned()]).chain(rows).collect()
}

fn absent(text: &str, secrets: &[String], place: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} in {place}");
    }
}

/// Every byte of every file of a node.
fn bytes_hold_none(nodes: &Nodes, agency: &str, secrets: &[String]) {
    let mut found = false;
    for path in files_below(&nodes.desk.path(agency)) {
        let bytes = fs::read(&path).unwrap_or_default();
        let text = searchable(&bytes);
        found |= text.contains(PUBLIC);
        absent(&text, secrets, &path.display().to_string());
    }
    assert!(found, "the search finds what is public in the logs that {agency} holds");
}

/// What a node says while it works, and what it keeps of who did what.
fn logs_hold_none(nodes: &Nodes, agency: &str, secrets: &[String]) {
    nodes.desk.run(&format!("audit export {agency}.jsonl --data {agency}")).ends(0);
    for (file, certain) in [(format!("{agency}.log"), "Stopping"), (format!("{agency}.jsonl"), "parangon/audit-trail/v1")] {
        let text = fs::read_to_string(nodes.desk.path(&file)).expect("a file");
        assert!(text.contains(certain), "{file} is what it should be: {text}");
        absent(&text, secrets, &file);
    }
    fs::remove_file(nodes.desk.path(&format!("{agency}.jsonl"))).expect("there");
}

/// Everything that a node which had no part in it lists and exports.
fn lists_hold_none(nodes: &Nodes, agency: &str, secrets: &[String], public: &Value) {
    let own = secrets.iter().filter(|secret| agency != "lyon" || secret.as_str() != FINDINGS).cloned().collect::<Vec<_>>();
    for list in LISTS {
        let run = nodes.desk.run(&format!("{list} --data {agency} --json")).ends(0);
        absent(&run.out(), &own, &format!("{list} of {agency}"));
    }
    let labels = nodes.json(&format!("label list --data {agency} --json"));
    assert!(labels.to_string().contains(PUBLIC), "the search finds what is public in a list");
    for (command, file) in [(format!("label export {}", id(public)), "label"), ("trust export".to_owned(), "trust")] {
        let file = format!("{agency}.{file}.json");
        nodes.desk.run(&format!("{command} -o {file} --data {agency}")).ends(0);
        let text = fs::read_to_string(nodes.desk.path(&file)).expect("a file");
        absent(&text, secrets, &file);
        assert_eq!(text.contains(PUBLIC), file.contains("label"), "{file}");
        fs::remove_file(nodes.desk.path(&file)).expect("there");
    }
    for canary in OWNERS.into_iter().chain([FINDINGS]) {
        let places = nodes.json(&format!("access {canary} --data {agency} --json"))["places"].clone();
        if agency == "lyon" && canary == FINDINGS {
            // Its own words, in its own signed review, which it has to account for.
            assert_eq!((places.as_array().map(Vec::len), &places[0]["what"]), (Some(1), &json!("review request")), "{places}");
        } else {
            assert_eq!(places, json!([]), "{canary} at {agency}");
        }
    }
}

/// What each log says, as a node mirrors it, but for what the calendar asks of every log: an anchor a day, and a status when it is due.
fn said(nodes: &Nodes, agency: &str) -> BTreeMap<String, Vec<String>> {
    let mirror = format!("{agency}.mirror");
    nodes.desk.run(&format!("mirror export {mirror} --data {agency}")).ends(0);
    let dir = nodes.desk.path(&mirror);
    let said = AGENCIES.map(|(log, _)| {
        let tiles = files_below(&dir.join(log).join("tile/entries"));
        let [tile] = &tiles[..] else { panic!("fewer than 256 records: {tiles:?}") };
        let (bytes, mut records) = (fs::read(tile).expect("a tile"), Vec::new());
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_at_checked(2) {
            let (record, others) = after.split_at(u16::from_be_bytes([length[0], length[1]]).into());
            records.push(String::from_utf8(record.to_vec()).expect("text"));
            rest = others;
        }
        let kind = |record: &str| serde_json::from_str::<Value>(record).expect("JSON")["type"].as_str().expect("a type").to_owned();
        records.retain(|record| !matches!(&kind(record)[..], "anchor" | "status"));
        (log.to_owned(), records)
    });
    fs::remove_dir_all(dir).expect("there");
    BTreeMap::from(said)
}

/// What went over the wire: nothing between nodes, and all that the owner's own people asked for.
fn wire_holds_none(flows: &[Flow], nodes: &[u16], api: u16, secrets: &[String]) {
    let between = |flow: &&Flow| nodes.contains(&flow.from) || nodes.contains(&flow.to);
    let bytes: usize = flows.iter().filter(between).map(|flow| flow.bytes.len()).sum();
    assert!(bytes > 10_000, "{bytes} bytes between nodes");
    for flow in flows.iter().filter(between) {
        absent(&searchable(&flow.bytes), secrets, &format!("the bytes from {} to {}", flow.from, flow.to));
    }
    let answered: String = flows.iter().filter(|flow| flow.from == api).map(|flow| searchable(&flow.bytes).into_owned()).collect();
    assert!(
        [NOTE, NAME, LEGAL, NUMBER].iter().all(|canary| answered.contains(canary)),
        "the search finds what the owner's node tells its own"
    );
}

/// The BRONZE, twenty months before.
fn bronze(nodes: &Nodes, cluster: &str) -> Value {
    let interview = scores_on(Catalogue::ecei_bronze(), 2, &[]);
    let offer = asked(nodes, &assessed(nodes, cluster, Catalogue::ecei_bronze(), &interview), "bronze", "porto");
    judged(nodes, &offer, "porto", &interview, "");
    issued(nodes, &offer, &AGENCIES)
}

/// The owner's own people look at it, over TCP as from another machine.
fn looked_at(nodes: &Nodes, api: &str, cluster: &str, assessment: &str) {
    nodes.desk.run("token create anna --role staff -o anna.token --data oslo").ends(0);
    for line in [format!("assess show {assessment} --scores"), format!("cluster show {cluster}")] {
        nodes.desk.run(&format!("{line} --node {api} --token-file anna.token --json")).ends(0);
    }
}

#[test]
fn a_silver_that_misses_a_minimum_leaves_no_trace_and_an_appeal_is_upheld() {
    let mut nodes = Nodes::found_by(&AGENCIES, "ecei", |_| ());
    for (agency, _) in AGENCIES {
        let settings = nodes.desk.path(agency).join("parangon.toml");
        let talkative = fs::read_to_string(&settings).expect("a configuration") + "\n[log]\nlevel = \"debug\"\n";
        fs::write(settings, talkative).expect("written");
    }
    nodes.serve_all(&AGENCIES);
    let add = format!("cluster add {PUBLIC} --country NO --legal-form {LEGAL} --register REG={NUMBER} --data oslo --json");
    let cluster = id(&nodes.json(&add));
    let first = bronze(&nodes, &cluster);
    nodes.later(610, &AGENCIES);
    for (agency, _) in AGENCIES {
        nodes.until_there(&format!("label show {} --data {agency} --json", id(&first)), |label| label["state"] == "valid");
    }

    // From here on somebody listens.
    let api = nodes.announced("oslo")["api"].as_str().expect("an address").to_owned();
    let api_port: u16 = api.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let ports = AGENCIES.map(|(agency, _)| port_of(&nodes.desk, agency));
    let capture = Capture::of(&nodes.desk.path("wire"), &[&ports[..], &[api_port]].concat());
    let before = said(&nodes, "wien");
    assert!(before["oslo"].iter().any(|record| record.contains(PUBLIC)), "the label stands there");
    let own: String = std::iter::once("indicator,level,note\n".to_owned())
        .chain(scores(3, &[]).lines().skip(1).map(|row| format!("{row},{NOTE}\n")))
        .collect();
    let assessment = assessed(&nodes, &cluster, Catalogue::ecei(), &own);
    fs::write(nodes.desk.path(&format!("{NAME}.txt")), CONTENT).expect("written");
    nodes.desk.run(&format!("assess attach {assessment} {NAME}.txt --indicator 4.1.2 --data oslo")).ends(0);
    looked_at(&nodes, &api, &cluster, &assessment);
    let offer = asked(&nodes, &assessment, "silver", "lyon");
    assert!(nodes.desk.run(&format!("review dossier {offer} --data lyon --json")).ends(0).out().contains(NOTE), "the reviewer reads it");
    fs::write(nodes.desk.path("findings.txt"), FINDINGS).expect("written");
    let given = scores(3, &[("2.1", 1)]);
    let judgement = judged(&nodes, &offer, "lyon", &given, " --findings findings.txt");
    let lyon = reviewer(&judgement, "lyon");
    assert_eq!((&judgement["ready"], &lyon["recommends"], &lyon["findings"]), (&json!(false), &json!(false), &json!(FINDINGS)));
    assert!(judgement["unmet"].to_string().contains("2.1"), "one minimum is missed: {judgement}");
    nodes.desk.run(&format!("label issue {offer} --data oslo")).ends(8);
    nodes.desk.run(&format!("label refuse {offer} --yes --data oslo")).ends(0);
    nodes.until(&format!("review show {offer} --data lyon --json"), |entry| entry["state"] == "withdrawn");
    fs::write(nodes.desk.path("appeal.txt"), APPEAL).expect("written");
    nodes.desk.run(&format!("label appeal {offer} --note appeal.txt --data oslo")).ends(0);

    let secrets = secrets(&[&own, &given]);
    for (agency, _) in AGENCIES {
        logs_hold_none(&nodes, agency, &secrets);
    }
    for (agency, _) in &AGENCIES[1..] {
        bytes_hold_none(&nodes, agency, &secrets);
        lists_hold_none(&nodes, agency, &secrets, &first);
        assert!(!nodes.json(&format!("label list --data {agency} --json")).to_string().contains("SILVER"));
        assert_eq!(said(&nodes, agency), before, "no log says more");
    }
    for agency in ["porto", "wien"] {
        assert_eq!(nodes.json(&format!("access {} --data {agency} --json", &offer[..16]))["places"], json!([]));
    }
    if let Some(capture) = capture {
        wire_holds_none(&capture.end(), &ports, api_port, &secrets);
    }

    // Who judged before does not judge again; the label that follows says nothing of all that.
    let upheld = nodes.json(&format!("label appeal {offer} --uphold --yes --data oslo --json"));
    assert_eq!(upheld["state"], "upheld", "{upheld}");
    nodes.desk.run(&format!("review ask {assessment} --level silver --reviewer lyon --no-comments --data oslo")).ends(8);
    let again = asked(&nodes, &assessment, "silver", "wien");
    let judgement = judged(&nodes, &again, "wien", &scores(3, &[]), "");
    assert_eq!((&judgement["ready"], &reviewer(&judgement, "wien")["recommends"]), (&json!(true), &json!(true)), "{judgement}");
    let silver = issued(&nodes, &again, &AGENCIES);
    assert_eq!((&silver["level"], &silver["endorsers"]), (&json!("SILVER"), &json!(["wien"])));
    for (agency, _) in &AGENCIES[1..] {
        bytes_hold_none(&nodes, agency, &secrets);
        lists_hold_none(&nodes, agency, &secrets, &silver);
        let exported = nodes.desk.run(&format!("label export {} -o - --data {agency}", id(&silver))).ends(0).out();
        assert!(exported.contains(&again) && !exported.contains(&offer), "the label names the offer that led to it, and no other");
        assert_eq!(nodes.json(&format!("label recount {} --data {agency} --json", id(&silver)))["kept"], true);
    }
}
