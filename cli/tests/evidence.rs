//! Files of evidence, from the owner's disk to the reviewer's, with the reviewer's node killed on the way.

mod common;

use std::fs;

use common::nodes::Nodes;
use common::review::{id, noise};
use serde_json::{Value, json};

#[test]
fn files_arrive_whole_although_the_reviewers_node_is_killed() {
    let mut nodes = Nodes::start();
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    let desk = &nodes.desk;
    let (large, small) = (noise(4_000_000), b"Protokoll der Versammlung".to_vec());
    fs::write(desk.path("Stratégie 2026.pdf"), &large).expect("written");
    fs::write(desk.path("minutes.txt"), &small).expect("written");
    fs::write(desk.path("huge.bin"), vec![0; 25 * 1024 * 1024 + 1]).expect("written");
    fs::write(desk.path("empty.txt"), b"").expect("written");

    // What breaks a bound is refused, and nothing of it is kept.
    let attach = |file: &str, more: &[&str]| {
        let words = ["assess", "attach", &assessment, file, "--data", "oslo", "--json"];
        desk.run_words(&[&words[..], more].concat())
    };
    attach("huge.bin", &["--indicator", "4.1.2"]).ends(7);
    attach("empty.txt", &["--indicator", "4.1.2"]).ends(7);
    attach("minutes.txt", &["--indicator", "9.9"]).ends(7);
    attach("minutes.txt", &["--indicator", "2.4", "--language", "german"]).ends(7);
    attach("nowhere.txt", &["--indicator", "2.4"]).ends(5);
    assert_eq!(nodes.json(&format!("assess show {assessment} --data oslo --json"))["files"], 0);
    attach("minutes.txt", &["--indicator", "2.4", "--language", "de"]).ends(0);
    let two = attach("Stratégie 2026.pdf", &["--indicator", "4.1.2", "--language", "fr"]).ends(0).json();
    assert_eq!((&two["files"], &two["file_bytes"]), (&json!(2), &json!(large.len() + small.len())));
    let third = attach("minutes.txt", &["--indicator", "2.4"]).ends(0).json();
    assert_eq!(third["files"], 3);
    let answers = nodes.json(&format!("assess show {assessment} --scores --data oslo --json"));
    let evidence = |code: &str| {
        let indicators = answers["dimensions"].as_array().expect("a list").iter().flat_map(|d| d["indicators"].as_array().expect("a list"));
        indicators.into_iter().find(|i| i["code"] == code).expect("it is there")["evidence"].as_array().expect("a list").clone()
    };
    let (pdf, extra) = (&evidence("4.1.2")[0], &evidence("2.4")[1]);
    assert_eq!((&pdf["name"], &pdf["media"]), (&json!("Stratégie 2026.pdf"), &json!("application/pdf")));
    desk.run(&format!("assess detach {assessment} {} --data oslo", id(extra))).ends(2);
    desk.run(&format!("assess detach {assessment} {} --yes --data oslo", id(extra))).ends(0);
    desk.run(&format!("assess fetch {assessment} {} -o again.pdf --data oslo", &id(pdf)[..8])).ends(0);
    assert!(fs::read(desk.path("again.pdf")).expect("read") == large);
    let on_disk = fs::read(desk.path("oslo/parangon.redb")).expect("read");
    assert!(!on_disk.windows(small.len()).any(|window| window == small), "evidence is encrypted at rest");

    // The reviewer sees the languages before it accepts, and the dossier when all of it is here.
    let ask = format!("review ask {assessment} --level bronze --reviewer lyon --data oslo --json");
    let offer = id(&nodes.json(&ask));
    desk.run(&format!("assess detach {assessment} {} --yes --data oslo", id(pdf))).ends(6);
    let asked = nodes.until("review inbox --data lyon --json", |inbox| inbox[0]["state"] == "offered");
    assert_eq!(asked[0]["languages"], json!(["de", "fr"]));
    desk.run(&format!("review accept {offer} --no-conflicts --data lyon")).ends(0);
    let show = format!("review show {offer} --data lyon --json");
    let received = |entry: &Value| entry["parts"]["received"].as_u64();
    let before = nodes.until(&show, |entry| received(entry).is_some_and(|parts| parts >= 3));
    nodes.kill("lyon");
    nodes.serve("lyon");
    let desk = &nodes.desk;
    let after = nodes.json(&show);
    let total = before["parts"]["total"].as_u64().expect("a number");
    assert_eq!(total, 9, "eight parts and one");
    assert!(received(&after).unwrap_or(total) >= received(&before).expect("a number"), "what arrived stays: {after}");
    if received(&after).is_some() {
        desk.run(&format!("review dossier {offer} --data lyon")).ends(6);
    }
    nodes.until(&show, |entry| entry["next_step"] == "review the dossier");
    let dossier = nodes.json(&format!("review dossier {offer} --data lyon --json"));
    assert!(!dossier.to_string().contains("\"level\""), "the owner's scores are not in it");
    desk.run(&format!("review evidence {offer} {} -o arrived.pdf --data lyon", id(pdf))).ends(0);
    assert!(fs::read(desk.path("arrived.pdf")).expect("read") == large, "it is the same file");
    desk.run(&format!("review evidence {offer} ffffffff --data lyon")).ends(5);
}
