//! A federation that cannot agree on anything any more is founded again, under another fingerprint.

mod common;

use common::nodes::{AGENCIES, Nodes};

#[test]
fn a_new_federation_names_the_one_that_it_continues() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    desk.run("trust export --data oslo -o former.trust.json").ends(0);
    let former = desk.run("trust import former.trust.json --json").ends(0).json();
    let logs = nodes.json("federation status --data oslo --json");
    assert_eq!(logs["version"], 1);
    // Two of three go on; the third one is lost, with both its keys.
    let mut refound = vec!["federation", "refound", "Net again", "--data", "oslo", "-o", "again.json", "--json"];
    let cards: Vec<String> = ["oslo2", "porto2"].iter().map(|id| format!("{id}/{id}.member.json")).collect();
    for (id, country) in [("oslo2", "NO"), ("porto2", "PT")] {
        desk.init(id, country);
    }
    for card in &cards {
        refound.extend(["--member", card]);
    }
    let draft = desk.run_words(&refound).ends(0).json();
    assert_ne!(draft["fingerprint"], former["fingerprint"]);
    let charter: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.path("again.json")).expect("there")).expect("JSON");
    let refounds = &charter["refounds"];
    assert_eq!((&refounds["federation"], &refounds["version"]), (&former["fingerprint"], &1.into()));
    let heads: Vec<&str> = refounds["heads"].as_array().expect("heads").iter().filter_map(|head| head["agency"].as_str()).collect();
    let mut all: Vec<&str> = AGENCIES.iter().map(|(id, _)| *id).collect();
    all.sort_unstable();
    assert_eq!(heads, all);
    desk.run_words(&refound).ends(6); // not over the draft
    for id in ["oslo2", "porto2"] {
        desk.run(&format!("federation sign again.json --data {id} --yes")).ends(0);
    }
    for id in ["oslo2", "porto2"] {
        desk.run(&format!("federation found again.json oslo2.sig.json porto2.sig.json --data {id}")).ends(0);
    }
    let words = former["words"].as_str().expect("words");
    assert!(desk.run("federation show --data oslo2").ends(0).out().contains(&format!("It continues the federation {words}")));
    desk.run("trust export --data oslo2 -o again.trust.json").ends(0);
    let imported = desk.run("trust import again.trust.json").ends(0);
    assert!(imported.out().contains(&format!("says that it continues the federation {words}")), "{}", imported.out());
    // An agency's directory stays in the federation that it belongs to.
    desk.run("federation found again.json oslo2.sig.json porto2.sig.json --data oslo").ends(6);
}
