//! Three real nodes on this computer, and every noun of the command line against them: from a cluster to a label that
//! anybody can check, and its withdrawal.

mod common;

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Child;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use common::Desk;
use common::nodes::{AGENCIES, Nodes, PATIENCE};
use parangon_protocol::time::Timestamp;
use serde_json::Value;

fn id(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

#[test]
fn from_a_cluster_to_a_label_and_its_withdrawal() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;

    // A cluster and its assessment, through a spreadsheet.
    std::fs::write(desk.path("clusters.csv"), "name;country\nBioRegio Süd;NO\n").expect("written");
    assert_eq!(nodes.json("cluster import clusters.csv -n --data oslo --json")["added"], 1);
    assert_eq!(nodes.json("cluster list --data oslo --json"), serde_json::json!([]));
    assert_eq!(nodes.json("cluster import clusters.csv --yes --data oslo --json")["added"], 1);
    let cluster = id(&nodes.json("cluster list --data oslo --json")[0], "id");
    let short = &cluster["oslo/".len()..][..6];
    assert_eq!(nodes.json(&format!("cluster show {short} --data oslo --json"))["name"], "BioRegio Süd");
    let new = format!("assess new {short} --eccp-listed --fte 1,5 --members 48 --member-types 3 --data oslo --json");
    let assessment = id(&nodes.json(&new), "id");
    desk.run(&format!("assess export {assessment} -o scores.csv --data oslo")).ends(0);
    let empty = std::fs::read_to_string(desk.path("scores.csv")).expect("read");
    let filled = |level: &str| {
        let codes = empty.lines().skip(1).map(|line| line.split([',', ';']).next().expect("a code").to_owned());
        codes.fold("indicator,level\n".to_owned(), |text, code| format!("{text}{code},{level}\n"))
    };
    std::fs::write(desk.path("good.csv"), filled("4")).expect("written");
    std::fs::write(desk.path("bad.csv"), filled("3,5")).expect("written");
    let bad = desk.run(&format!("assess import {assessment} bad.csv -n --data oslo --json")).ends(7);
    assert!(bad.json()["problems"].as_array().is_some_and(|problems| !problems.is_empty()), "one value on stdout, also with problems");
    desk.run(&format!("assess import {assessment} bad.csv --yes --data oslo")).ends(7);
    assert_eq!(nodes.json(&format!("assess show {assessment} --data oslo --json"))["completeness"]["answered"], 0);
    let done = nodes.json(&format!("assess import {assessment} good.csv --yes --data oslo --json"));
    assert_eq!(done["changes"].as_array().map(Vec::len), Some(31));
    desk.run(&format!("assess import {assessment} good.csv --yes --version 1 --data oslo")).ends(6);

    // Reviews: not by ourselves, and conflicts are declared before anything is shown.
    let ask = |reviewers: &str| format!("review ask {} --level gold {reviewers} --no-comments --data oslo --json", &assessment[..8]);
    desk.run(&ask("--reviewer oslo")).ends(8);
    let eligible = nodes.json("review eligible --level gold --data oslo --json");
    let may = |agency: &str| eligible.as_array().expect("a list").iter().any(|e| e["agency"] == agency && e["eligible"] == true);
    assert!(may("porto") && may("lyon") && !may("oslo"), "{eligible}");
    let offer = id(&nodes.json(&ask("--reviewer porto --reviewer lyon")), "id");
    for reviewer in ["porto", "lyon"] {
        nodes.until(&format!("review inbox --data {reviewer} --json"), |inbox| inbox[0]["state"] == "offered");
        desk.run(&format!("review dossier {offer} --data {reviewer}")).ends(6);
        desk.run(&format!("review accept {offer} --data {reviewer}")).ends(2);
        desk.run(&format!("review accept {offer} --no-conflicts --data {reviewer}")).ends(0);
        nodes.until(&format!("review show {offer} --data {reviewer} --json"), |entry| entry["state"] == "dossier-sent");
        desk.run(&format!("review dossier {offer} --template {reviewer}.csv --data {reviewer}")).ends(0);
        assert!(std::fs::read_to_string(desk.path(&format!("{reviewer}.csv"))).expect("read").starts_with("indicator,name,level"));
        desk.run(&format!("review submit {offer} bad.csv --eligible yes --data {reviewer}")).ends(7);
        let sent = nodes.json(&format!("review submit {offer} good.csv --eligible yes --data {reviewer} --json"));
        assert_eq!(sent["recommended"], true);
    }
    desk.run(&format!("label issue {offer} --data porto")).ends(5);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);

    // The label: provisional, then valid everywhere; its file verifies where the federation is trusted.
    let preview = nodes.json(&format!("label issue {offer} -n --data oslo --json"));
    assert_eq!(preview["public"]["cluster"]["name"], "BioRegio Süd");
    let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")), "id");
    for (agency, _) in AGENCIES {
        nodes.until(&format!("label list --data {agency} --json"), |labels| labels[0]["state"] == "valid");
    }
    assert_eq!(nodes.json("label list --state withdrawn --data oslo --json"), serde_json::json!([]));
    desk.run("trust export --data lyon -o net.trust.json").ends(0);
    desk.run(&format!("label export {} -o gold.label.json --data porto", &label[..4])).ends(0);
    assert!(desk.run("verify gold.label.json").ends(15).out().contains("in words"), "unpinned: the words are shown");
    assert_eq!(desk.run("verify gold.label.json --trust net.trust.json --json").ends(0).json()["verdict"], "valid");
    another_federation(desk);
    let stranger = desk.run("verify gold.label.json --trust other.trust.json --json").ends(14).json();
    assert_eq!(stranger["code"], 14);
    desk.run("trust import net.trust.json").ends(0);
    desk.run("verify gold.label.json").ends(0);
    let words = id(&nodes.json("trust show --json")[0], "words");
    desk.run(&format!("verify gold.label.json --fingerprint {words}")).ends(0);
    desk.run("verify gold.label.json --fingerprint zoo-zoo-zoo-zoo-zoo-zoo-zoo-zoo").ends(14);
    desk.run("verify gold.label.json --at 2099-01-01").ends(11);

    std::fs::create_dir(desk.path("many")).expect("made");
    for name in ["a.label.json", "b.label.json"] {
        std::fs::copy(desk.path("gold.label.json"), desk.path(&format!("many/{name}"))).expect("copied");
    }
    assert!(desk.run("verify --many many gold.label.json").ends(0).out().contains('3'));
    std::fs::write(desk.path("many/c.txt"), "no label").expect("written");
    let lines = desk.run("verify --many many --json").ends(1).out();
    let verdicts: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(verdicts.iter().map(|line| line["verdict"].as_str()).collect::<Vec<_>>(), [Some("valid"), Some("valid"), Some("no-label")]);
    assert!(desk.run("verify --many missing.json gold.label.json").ends(1).out().contains("not read"));
    desk.run(&format!("verify --many gold.label.json --fingerprint {words}")).ends(2);
    desk.run("verify gold.label.json gold.label.json").ends(2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let later = Timestamp::from_seconds(now + 2 * 86_400).expect("a time");
    desk.run(&format!("verify gold.label.json --at {later}")).ends(0);
    assert_eq!(
        desk.run(&format!("verify gold.label.json --at {later} --max-age 1 --json")).ends(15).json()["cause"]["code"],
        "stale-status"
    );

    // What other programs read of it, and what a verifier says to that alone.
    desk.run(&format!("label export {label} --format openbadge -o gold.openbadge.json --data porto")).ends(0);
    let alone = desk.run("verify gold.openbadge.json --json").ends(17).json();
    assert_eq!((&alone["cause"]["code"], &alone["label"]["cluster"]["name"]), (&"not-in-log".into(), &"BioRegio Süd".into()));
    desk.run("verify gold.openbadge.json --trust other.trust.json").ends(14);
    let endorsements = desk.run(&format!("label export {label} --format endorsements --data porto --json")).ends(0).json();
    let files = endorsements["files"].as_array().expect("files");
    assert_eq!(files.len(), 2, "{endorsements}");
    for file in files.iter().filter_map(serde_json::Value::as_str) {
        let credential = std::fs::read_to_string(desk.path(file)).expect("read");
        assert!(credential.contains("EndorsementCredential"), "{credential}");
        desk.run(&format!("verify {file}")).ends(16);
    }
    let proof = desk.run(&format!("label export {label} --format tlog-proof -o gold.tlog-proof --data porto --json")).ends(0).json();
    assert_eq!(proof["files"].as_array().map(Vec::len), Some(2), "{proof}");
    desk.run("verify gold.tlog-proof").ends(15);
    desk.run(&format!("label export {label} --format endorsement --data porto")).ends(2);
    desk.run("label status-list -o oslo.status.json --data oslo").ends(0);
    let list = std::fs::read_to_string(desk.path("oslo.status.json")).expect("read");
    assert!(list.contains("BitstringStatusListCredential"), "{list}");
    desk.run("verify oslo.status.json").ends(16);

    let text = std::fs::read_to_string(desk.path("gold.label.json")).expect("read");
    std::fs::write(desk.path("altered.label.json"), text.replace("GOLD", "SILVER")).expect("written");
    let altered = desk.run("verify altered.label.json").ends(10);
    assert!(!altered.out().contains("BioRegio"), "nothing of an altered file is shown: {}", altered.out());
    std::fs::write(desk.path("short.label.json"), &text[..text.len() / 2]).expect("written");
    desk.run("verify short.label.json").ends(10);

    // Only its issuer withdraws it, and only by name.
    let withdraw =
        |agency: &str, name: &str| desk.run_words(&["label", "withdraw", &label, "--reason", "error", "--confirm", name, "--data", agency]);
    withdraw("oslo", "BioRegio").ends(2);
    withdraw("porto", "BioRegio Süd").ends(8);
    desk.run("verify gold.label.json").ends(0);
    withdraw("oslo", "BioRegio Süd").ends(0);
    nodes.until("label list --data lyon --json", |labels| labels[0]["state"] == "withdrawn");
    let began = Instant::now();
    loop {
        desk.run(&format!("label export {label} -o withdrawn.label.json --data oslo")).ends(0);
        if desk.run("verify withdrawn.label.json --json").json()["verdict"] == "withdrawn" {
            break;
        }
        assert!(began.elapsed() < PATIENCE);
        std::fs::remove_file(desk.path("withdrawn.label.json")).expect("there");
    }

    // Nothing is printed of what was taken back, nor of a file whose signatures nobody could check.
    desk.run("label certificate withdrawn.label.json -o none.pdf").ends(7);
    desk.run(&format!("label press {label} --data oslo -o none.txt")).ends(6);
    let mut keyless: Value = serde_json::from_str(&text).expect("JSON");
    keyless["keysets"] = serde_json::json!([]);
    std::fs::write(desk.path("keyless.label.json"), keyless.to_string()).expect("written");
    desk.run("verify keyless.label.json").ends(15);
    desk.run("label badge keyless.label.json -o none.svg").ends(7);

    // Statistics and tokens.
    desk.run("stats release --data oslo").ends(2);
    assert_eq!(nodes.json("stats release --yes --data oslo --json")["agency"], "oslo");
    nodes.until("stats list --data porto --json", |releases| releases[0]["agency"] == "oslo");
    let made = nodes.json("token create reports --data oslo -o reports.token --json");
    assert!(made["token"].is_null(), "the secret goes into the file");
    assert_eq!(common::mode(&desk.path("reports.token")), 0o600);
    let token = id(&made, "id");
    desk.run(&format!("token revoke {} --yes --data oslo", &token[..4])).ends(0);
    assert_eq!(nodes.json("token list --data oslo --json"), serde_json::json!([]));
    desk.run("token revoke ffffffffffff --yes --data oslo").ends(5);
    assert_eq!(nodes.json("peer list --data oslo --json").as_array().map(Vec::len), Some(2));
    let none = desk.run("peer evidence porto --data oslo").ends(5);
    assert!(none.err().contains("There is no evidence against porto"), "{}", none.err());
    assert!(!desk.path("porto.fork.json").exists(), "nothing is written");
}

#[test]
fn one_store_has_one_node_and_a_token_opens_what_it_says() {
    let mut nodes = Nodes::start();
    let desk = &nodes.desk;
    let second = desk.run("serve --data oslo").ends(1);
    let first = nodes.children[0].id();
    assert!(second.err().contains(&format!("is in use by process {first}")), "{}", second.err());
    assert!(second.err().contains("Next: end the node that runs on this directory"), "{}", second.err());
    // The lock and the socket still belong to the first one.
    assert_eq!(std::fs::read_to_string(desk.path("oslo/parangon.lock")).expect("read").trim(), first.to_string());
    let api = desk.run("status --data oslo --json").ends(0);
    assert_eq!(api.json()["node"]["agency"], "oslo");
    let child = nodes.children.remove(0);
    assert_eq!(stop(child), Some(0), "a signal ends a node in good order");
    nodes.desk.run("status --data oslo").ends(3);
    nodes.serve("oslo");
    nodes.desk.run("status --data oslo").ends(0);
}

#[test]
fn a_taken_address_is_named_and_nothing_is_left_running() {
    let nodes = Nodes::found();
    let desk = &nodes.desk;
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").expect("a port"), UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let (tcp, udp) = (tcp.local_addr().map(|at| (at, tcp)).expect("bound"), udp.local_addr().map(|at| (at, udp)).expect("bound"));
    for (variable, address, setting) in [
        ("PARANGON_NETWORK_LISTEN", format!("/ip4/127.0.0.1/tcp/{}", tcp.0.port()), "network.listen"),
        ("PARANGON_NETWORK_LISTEN", format!("/ip4/127.0.0.1/udp/{}/quic-v1", udp.0.port()), "network.listen"),
        ("PARANGON_API_LISTEN", tcp.0.to_string(), "api.listen"),
    ] {
        let run = desk.command().env(variable, &address).args(["serve", "--data", "oslo"]).output().expect("started");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("cannot listen on {address}")) && said.contains("in use"), "{said}");
        assert!(said.contains("Next: another program") && said.contains(setting), "{said}");
        desk.run("status --data oslo").ends(3);
    }
}

#[test]
fn a_store_of_a_newer_version_is_left_as_it_is() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    assert_eq!(stop(nodes.children.remove(0)), Some(0));
    let desk = &nodes.desk;
    let side = desk.path("oslo/highwater");
    let newer = std::fs::read_to_string(&side).expect("read").replace("high-water 1", "high-water 2");
    std::fs::write(&side, &newer).expect("written");
    let before = std::fs::read(desk.path("oslo/parangon.redb")).expect("read");
    let run = desk.run("serve --data oslo").ends(1);
    assert!(run.err().contains("store format 2") && run.err().contains("Next: install the newer version"), "{}", run.err());
    assert!(std::fs::read(desk.path("oslo/parangon.redb")).expect("read") == before, "the store was touched");
    assert_eq!(std::fs::read_to_string(&side).expect("read"), newer);
}

#[test]
fn a_node_without_its_high_water_file_signs_nothing_until_the_others_have_said_what_it_signed() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    assert_eq!(stop(nodes.children.remove(0)), Some(0));
    std::fs::remove_file(nodes.desk.path("oslo/highwater")).expect("there");
    nodes.serve("oslo");
    let said = nodes.desk.run("status --data oslo").ends(0).out();
    assert!(said.contains("0 of 2 needed members") && said.contains("signs nothing"), "{said}");
    for id in ["lyon", "porto"] {
        nodes.serve(id);
    }
    let settled = |status: &Value| !status.to_string().contains("recovering");
    nodes.until("status --data oslo --json", settled);
}

/// Founds a second federation, without a node, and writes its trust file.
fn another_federation(desk: &Desk) {
    desk.init("bergen", "NO");
    desk.run("federation new Other --member bergen/bergen.member.json -o other.json").ends(0);
    desk.run("federation sign other.json --data bergen --yes").ends(0);
    desk.run("federation found other.json bergen.sig.json --data bergen").ends(0);
    desk.run("trust export --data bergen -o other.trust.json").ends(0);
}

/// Ends a process as a service manager does.
fn stop(mut child: Child) -> Option<i32> {
    let ended = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("started");
    assert!(ended.success());
    child.wait().expect("ours").code()
}

/// Files and modes, as `cp -a` does.
fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").args([from, to]).status().expect("started");
    assert!(done.success());
}

/// Case L12: a clone of a machine. Both have the same keys; the one that is behind notices and signs nothing more.
#[test]
fn l12_a_copy_of_a_node_is_noticed_and_stops() {
    let mut nodes = Nodes::start();
    // The copy is made of a node that was put away in order, and ends up on another computer.
    assert_eq!(stop(nodes.children.remove(1)), Some(0));
    copy(&nodes.desk.path("porto"), &nodes.desk.path("twin"));
    let settings = nodes.desk.path("twin/parangon.toml");
    let text = std::fs::read_to_string(&settings).expect("read");
    let listens =
        |line: &str| if line.contains("/ip4/127.0.0.1/tcp/") { "listen = [\"/ip4/127.0.0.1/tcp/0\"]".to_owned() } else { line.to_owned() };
    std::fs::write(&settings, text.lines().map(listens).collect::<Vec<_>>().join("\n")).expect("written");
    nodes.serve("porto");
    nodes.desk.run("key rotate --only issue --data porto --yes").ends(0);
    nodes.until("peer witnesses --data oslo --json", |logs| {
        let porto = logs.as_array().expect("logs").iter().find(|log| log["agency"] == "porto").expect("a log").clone();
        porto["words"].as_str().is_some_and(|words| words.contains("everything is confirmed")) && porto["records"].as_u64() >= Some(3)
    });
    // It meets the others when the true one is away for a moment.
    assert_eq!(stop(nodes.children.remove(2)), Some(0));
    nodes.serve_in("twin", "porto");
    let status =
        nodes.until("status --data twin --json", |status| status.to_string().contains("another node signs with this agency's keys"));
    assert_eq!(status["lines"][0]["state"], "fail", "{status}");
    let run = nodes.desk.run("federation propose --status-days 21 --data twin --yes").ends(6);
    assert!(run.err().contains("Another node signs") && run.err().contains("Stop one of the two"), "{}", run.err());
    let logs = nodes.json("peer witnesses --data oslo --json");
    assert!(!logs.to_string().contains("two stories"), "nobody was told anything else: {logs}");
}
