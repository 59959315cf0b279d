//! GOLD in one transcript, over four processes in four countries: from an empty workbook to a label that a third country recounts, with
//! everything on the way that happens to agencies. One declines, one is away for a day, one loses its connection, and then its process, in
//! the middle of twenty megabytes.

#![allow(clippy::print_stdout, reason = "a transcript is printed")]

mod common;

use std::fs;

use common::Run;
use common::nodes::{Nodes, one_person};
use common::review::{id, noise, reviewer, scores};
use common::wire::{Wire, hide};
use common::workbook::{fill, levels};
use parangon_protocol::limits::PART_BYTES;
use parangon_protocol::time::{Month, Timestamp};
use serde_json::{Value, json};

const AGENCIES: [(&str, &str); 4] = [("oslo", "NO"), ("porto", "PT"), ("lyon", "FR"), ("wien", "AT")];

/// The dossier's file.
const BYTES: usize = 20_000_000;

/// Bytes of one part on the wire: sealed base64, with its envelope and the frames around it.
const PART_ON_WIRE: u64 = PART_BYTES as u64 * 4 / 3 + 12_000;

/// Bytes after which the wire breaks: eleven parts or so.
const STRETCH: u64 = 8_000_000;

/// Runs a command line and shows both, as in a terminal.
fn at(nodes: &Nodes, agency: &str, line: &str) -> Run {
    let run = nodes.desk.run(&format!("{line} --data {agency}"));
    println!("{agency}$ parangon {line}\n{}{}", run.out(), run.err());
    run
}

fn shown(nodes: &Nodes, agency: &str, offer: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    nodes.until_there(&format!("review show {offer} --data {agency} --json"), wanted)
}

/// From the empty workbook to an assessment with its file.
fn assessed(nodes: &Nodes, content: &[u8]) -> (String, String) {
    let desk = &nodes.desk;
    let cluster = id(&desk.run_words(&["cluster", "add", "Nordic Biotech", "--country", "NO", "--json", "--data", "oslo"]).ends(0).json());
    let new = format!("assess new {cluster} --catalogue ecei-2026 --eccp-listed --fte 2.5 --members 48 --member-types 3");
    let assessment = id(&at(nodes, "oslo", &format!("{new} --json")).ends(0).json());
    at(nodes, "oslo", &format!("assess template {assessment} -o book.xlsx")).ends(0);
    let book = desk.path("book.xlsx");
    assert_eq!(levels(&book), 0, "it is empty");
    fill(&book, "4");
    assert_eq!(levels(&book), 31);
    assert!(at(nodes, "oslo", &format!("assess import {assessment} book.xlsx --yes")).ends(0).out().contains("31"));
    fs::write(desk.path("strategy.pdf"), content).expect("written");
    at(nodes, "oslo", &format!("assess attach {assessment} strategy.pdf --indicator 4.1.2 --language en")).ends(0);
    let answers = nodes.json(&format!("assess show {assessment} --scores --data oslo --json"));
    let indicators = answers["dimensions"].as_array().expect("a list").iter().flat_map(|d| d["indicators"].as_array().expect("a list"));
    let file = indicators.into_iter().find_map(|indicator| indicator["evidence"][0]["id"].as_str()).expect("a file");
    (assessment, file.to_owned())
}

/// The half dossier is not there for anybody. Returns how many of its parts are.
fn half(nodes: &Nodes, offer: &str, file: &str) -> u64 {
    let entry = nodes.json(&format!("review show {offer} --data lyon --json"));
    assert_eq!(entry["next_step"], "wait: the files of the dossier are on their way", "{entry}");
    assert_eq!(entry["parts"]["total"], json!(BYTES.div_ceil(PART_BYTES)));
    let received = entry["parts"]["received"].as_u64().expect("a number");
    assert!(at(nodes, "lyon", &format!("review dossier {offer}")).ends(6).out().is_empty());
    at(nodes, "lyon", &format!("review evidence {offer} {file} -o half.pdf")).ends(6);
    at(nodes, "lyon", &format!("review workbook {offer} -o half.xlsx")).ends(6);
    at(nodes, "lyon", &format!("review submit {offer} lyon.csv --eligible yes")).ends(6);
    assert!(!nodes.desk.path("half.pdf").exists() && !nodes.desk.path("half.xlsx").exists());
    received
}

/// The connection breaks in the middle of the files, and then the process dies; what was there is not sent again.
fn interrupted(nodes: &mut Nodes, wire: &Wire, offer: &str, file: &str) {
    let (before, total) = (wire.carried(), BYTES.div_ceil(PART_BYTES) as u64);
    wire.carry(STRETCH);
    at(nodes, "lyon", &format!("review accept {offer} --no-conflicts")).ends(0);
    wire.until_broken();
    let first = half(nodes, offer, file);
    wire.carry(STRETCH);
    wire.until_broken();
    let second = half(nodes, offer, file);
    assert!(first >= 8 && second >= first + 8 && second < total, "{first} and {second} of {total} parts");
    nodes.kill("lyon");
    nodes.serve("lyon");
    assert!(half(nodes, offer, file) >= second, "what arrived is there after a kill");
    wire.carry(u64::MAX);
    wire.until_carried(before + BYTES as u64 * 4 / 3);
    shown(nodes, "lyon", offer, |entry| entry["next_step"] == "review the dossier");
    let carried = wire.carried() - before;
    println!("{carried} bytes went to lyon; {first} and {second} of {total} parts were there when it was cut off");
    // Each cut costs the part that was under way. Sent again, those that were there would be sixteen more at least.
    assert!(carried < (total + 4) * PART_ON_WIRE, "{carried} bytes for {total} parts of {PART_ON_WIRE}");
}

/// Two reviews, one response, two final ones.
fn reviewed(nodes: &Nodes, offer: &str) {
    let desk = &nodes.desk;
    let write = |name: &str, text: &str| fs::write(desk.path(name), text).expect("written");
    write("response.txt", "Indicator 2.1 improved after your visit.\n");
    write("findings.txt", "A strong team.\n");
    at(nodes, "porto", &format!("review workbook {offer} -o porto.xlsx")).ends(0);
    fill(&desk.path("porto.xlsx"), "4");
    at(nodes, "porto", &format!("review import {offer} porto.xlsx --yes")).ends(0);
    at(nodes, "porto", &format!("review submit {offer} --eligible yes --findings findings.txt")).ends(0);
    let one = shown(nodes, "oslo", offer, |offer| reviewer(offer, "porto")["state"] == "reviewed");
    assert!(reviewer(&one, "porto")["points"].is_null(), "nothing of it is shown while the other one writes: {one}");
    at(nodes, "oslo", &format!("review respond {offer} --text response.txt --yes")).ends(6);
    at(nodes, "lyon", &format!("review submit {offer} lyon.csv --eligible yes")).ends(0);
    let both = shown(nodes, "oslo", offer, |offer| reviewer(offer, "lyon")["state"] == "reviewed");
    assert_eq!(both["differences"], json!({ "2.1": { "lyon": "2", "porto": "4" } }));
    at(nodes, "oslo", &format!("label issue {offer}")).ends(6);
    at(nodes, "oslo", &format!("review respond {offer} --text response.txt --yes")).ends(0);
    at(nodes, "oslo", &format!("review respond {offer} --nothing --yes")).ends(6);
    for agency in ["porto", "lyon"] {
        let said = nodes.until(&format!("review conversation {offer} --data {agency} --json"), |said| said["response"].is_string());
        assert_eq!(said["response"], "Indicator 2.1 improved after your visit.");
    }
    at(nodes, "lyon", &format!("review edit {offer} --level 2.1=3")).ends(0);
    at(nodes, "lyon", &format!("review finalise {offer}")).ends(0);
    at(nodes, "porto", &format!("review finalise {offer}")).ends(0);
    let done = shown(nodes, "oslo", offer, |offer| {
        offer["ready"] == true && ["porto", "lyon"].iter().all(|agency| reviewer(offer, agency)["copy"]["deleted"].is_string())
    });
    assert_eq!(reviewer(&done, "porto")["findings"], "A strong team.");
    for agency in ["porto", "lyon"] {
        at(nodes, agency, &format!("review dossier {offer}")).ends(6);
    }
}

/// Whether a recount prints exactly these lines.
fn recounted(nodes: &Nodes, label: &Value) {
    let text = |name: &str| label[name].as_str().unwrap_or_else(|| panic!("{name} of {label}"));
    let until: Month = text("assessed").parse::<Month>().expect("a month").plus(24);
    let catalogue = parangon_protocol::catalogue::Catalogue::ecei().hash().to_string();
    let printed = at(nodes, "wien", &format!("label recount {}", text("id"))).ends(0).out();
    let flat = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = [
        "cluster Nordic Biotech".to_owned(),
        "level GOLD".to_owned(),
        format!("label {}", text("id")),
        "charter 1".to_owned(),
        "history 0".to_owned(),
        "ok sound signatures of issuer and endorsers, and the rules of one record".to_owned(),
        "ok right oslo issues GOLD of ecei".to_owned(),
        format!("ok catalogue ecei-2026, hash {}", &catalogue[..12]),
        "ok endorsers 2 of 2 needed: lyon, porto".to_owned(),
        "ok abroad 1 from abroad needed".to_owned(),
        "ok conflict lyon: nothing stands against it".to_owned(),
        "ok conflict porto: nothing stands against it".to_owned(),
        "ok draw there was none; the charter does not ask for one".to_owned(),
        "ok prerequisite none is needed".to_owned(),
        format!("ok validity assessed {}, a first award: to {until}; it says {until}", text("assessed")),
        "Every rule is kept.".to_owned(),
    ];
    assert_eq!(printed.lines().map(flat).collect::<Vec<_>>(), expected);
}

#[test]
fn gold_from_an_empty_workbook_to_a_recount_in_a_third_country() {
    let mut nodes = Nodes::found_by(&AGENCIES, "ecei", |_| ());
    one_person(&nodes.desk, "oslo", false);
    // Oslo is behind a wall that lets nobody in, and everybody comes to Lyon over one wire: what Oslo sends there goes over it.
    hide(&nodes.desk, "oslo");
    let wire = Wire::to(&nodes.desk, "lyon");
    nodes.serve_all(&AGENCIES);
    fs::write(nodes.desk.path("lyon.csv"), scores(4, &[("2.1", 2)])).expect("written");
    let content = noise(BYTES);
    let (assessment, file) = assessed(&nodes, &content);

    // Porto is away, Wien declines, and Lyon is asked instead: what is for Porto waits.
    nodes.stop("porto");
    let ask = |nodes: &Nodes, other: &str| {
        id(&at(nodes, "oslo", &format!("review ask {assessment} --level gold --reviewer porto --reviewer {other} --json")).ends(0).json())
    };
    let former = ask(&nodes, "wien");
    nodes.until("review inbox --data wien --json", |inbox| inbox[0]["state"] == "offered");
    at(&nodes, "wien", &format!("review decline {former} --reason no-capacity --yes")).ends(0);
    let declined = shown(&nodes, "oslo", &former, |offer| reviewer(offer, "wien")["state"] == "declined");
    assert_eq!(
        (&reviewer(&declined, "wien")["reason"], &reviewer(&declined, "porto")["state"]),
        (&json!("no-capacity"), &json!("offered"))
    );
    at(&nodes, "oslo", &format!("review cancel {former} --yes")).ends(0);
    let offer = ask(&nodes, "lyon");
    let peers = nodes.json("peer list --data oslo --json");
    let porto = peers.as_array().expect("a list").iter().find(|peer| peer["id"] == "porto").expect("a member");
    assert_eq!((&porto["connected"], &porto["outbox"]), (&json!(false), &json!(3)), "an offer, its end, and another offer: {porto}");

    // A day passes; all that waited arrives.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    nodes.later(1, &AGENCIES);
    let inbox = nodes.until("review inbox --data porto --json", |inbox| {
        inbox.as_array().is_some_and(|inbox| inbox.len() == 2 && inbox.iter().any(|entry| entry["state"] == "withdrawn"))
    });
    let entry = inbox.as_array().expect("a list").iter().find(|entry| entry["offer"] == offer.as_str()).expect("the offer that stands");
    assert_eq!(entry["state"], "offered", "{entry}");
    let since: Timestamp = entry["since"].as_str().expect("a time").parse().expect("a time");
    assert!(since.seconds() >= now + 86_400, "it came a day later: {entry}");
    at(&nodes, "porto", &format!("review accept {offer} --no-conflicts")).ends(0);
    nodes.until("review inbox --data lyon --json", |inbox| inbox[0]["state"] == "offered");
    interrupted(&mut nodes, &wire, &offer, &file);
    at(&nodes, "lyon", &format!("review evidence {offer} {file} -o lyon.pdf")).ends(0);
    assert!(fs::read(nodes.desk.path("lyon.pdf")).expect("read") == content, "it is the same file");
    shown(&nodes, "porto", &offer, |entry| entry["next_step"] == "review the dossier");
    reviewed(&nodes, &offer);

    // Two people of Oslo.
    at(&nodes, "oslo", "token create anna --role approver -o anna.token").ends(0);
    assert!(at(&nodes, "oslo", &format!("label issue {offer}")).ends(0).out().contains("Nothing is public yet."));
    at(&nodes, "oslo", &format!("label issue {offer}")).ends(8);
    assert_eq!(nodes.json("label list --data wien --json"), json!([]));
    let api = nodes.announced("oslo")["api"].as_str().expect("an address");
    let label = nodes.json(&format!("label issue {offer} --node {api} --token-file anna.token --json"));
    for (agency, _) in AGENCIES {
        let show = format!("label show {} --data {agency} --json", id(&label));
        let held = nodes.until_there(&show, |label| label["state"] == "valid");
        assert_eq!((&held["level"], &held["endorsers"]), (&json!("GOLD"), &json!(["lyon", "porto"])), "{agency}");
    }

    recounted(&nodes, &nodes.json(&format!("label show {} --data wien --json", id(&label))));
    at(&nodes, "wien", "trust export -o net.trust.json").ends(0);
    at(&nodes, "wien", &format!("label export {} -o nordic.label.json", id(&label))).ends(0);
    nodes.desk.run("verify nordic.label.json --trust net.trust.json").ends(0);
}
