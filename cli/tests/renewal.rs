//! A label through the years, with processes whose clocks are set ahead: renewed within the months that the charter grants, renewed after
//! them, and its cluster renamed in between. Anybody recounts each.

mod common;

use common::nodes::{AGENCIES, Nodes};
use common::review::{asked, assessed, id, issued, judged, scores_on};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Level, LevelRule, ecei_scheme};
use parangon_protocol::time::Month;
use serde_json::Value;

/// Days of some months, to the middle of one.
fn days(months: u32) -> u32 {
    months * 3044 / 100 + 5
}

fn month(label: &Value, field: &str) -> Month {
    label[field].as_str().unwrap_or_else(|| panic!("{field} of {label}")).parse().expect("a month")
}

/// A BRONZE of the cluster today.
fn bronze(nodes: &Nodes, cluster: &str, reviewer: &str) -> Value {
    let catalogue = Catalogue::ecei_bronze();
    let scores = scores_on(catalogue, 3, &[]);
    let offer = asked(nodes, &assessed(nodes, cluster, catalogue, &scores), "bronze", reviewer);
    judged(nodes, &offer, reviewer, &scores, "");
    issued(nodes, &offer, &AGENCIES)
}

/// What lyon counts for the last month, word by word.
fn validity(nodes: &Nodes, label: &Value) -> String {
    let counted = nodes.json(&format!("label recount {} --data lyon --json", id(label)));
    assert_eq!(counted["kept"], true, "{counted}");
    let rules = counted["rules"].as_array().expect("a list");
    rules.iter().find(|rule| rule["rule"] == "validity").expect("it is there")["detail"].as_str().expect("words").to_owned()
}

#[test]
fn a_renewal_within_the_window_goes_on_where_the_label_ended_and_one_after_it_begins_anew() {
    let scheme = ecei_scheme();
    let rule: &LevelRule = scheme.rules.iter().find(|rule| rule.level == Level::Bronze).expect("a rule");
    let mut nodes = Nodes::found_by(&AGENCIES, "ecei", |_| ());
    nodes.serve_all(&AGENCIES);
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let first = bronze(&nodes, &cluster, "porto");
    assert_eq!(month(&first, "valid_until"), month(&first, "assessed").plus(rule.first_months));

    // It has another name by then, and is the same cluster.
    let gap = rule.renewal_window_months / 2;
    nodes.later(days(u32::from(rule.first_months + gap)), &AGENCIES);
    assert_eq!(nodes.until(&format!("label show {} --data lyon --json", id(&first)), |_| true)["state"], "expired");
    nodes.desk.run(&format!("cluster edit {cluster} --name Lifeline --data oslo")).ends(0);
    let renewed = bronze(&nodes, &cluster, "lyon");
    let late = month(&renewed, "assessed").since(month(&first, "valid_until"));
    assert!((1..=i32::from(rule.renewal_window_months)).contains(&late), "{late} months after the expiry");
    assert_eq!(month(&renewed, "valid_until"), month(&first, "valid_until").plus(rule.renewal_months), "without a gap");
    assert!(validity(&nodes, &renewed).contains(&format!("the label before ran to {}", month(&first, "valid_until"))));
    let name = |label: &Value| label["cluster"]["name"].as_str().expect("a name").to_owned();
    for (agency, _) in AGENCIES {
        let held = |label: &Value| nodes.json(&format!("label show {} --data {agency} --json", id(label)));
        let (old, new) = (held(&first), held(&renewed));
        assert_eq!((name(&old).as_str(), name(&new).as_str()), ("BioRegio", "Lifeline"), "{agency}");
        assert_eq!((&old["cluster"]["id"], &new["cluster"]["id"]), (&cluster.as_str().into(), &cluster.as_str().into()));
        assert_eq!((&old["state"], &new["supersedes"]), (&"replaced".into(), &old["id"]), "{agency}: {old} {new}");
    }
    nodes.desk.run("trust export -o net.trust.json --data lyon").ends(0);
    for (label, name, code) in [(&first, "BioRegio", 13), (&renewed, "Lifeline", 0)] {
        nodes.desk.run(&format!("label export {} -o {name}.label.json --data porto", id(label))).ends(0);
        let verified = nodes.desk.run(&format!("verify {name}.label.json --trust net.trust.json"));
        assert!(verified.out().contains(name), "{}", verified.out());
        verified.ends(code);
    }

    // After the window nothing is left to renew: the same months as the first time, and the gap shows.
    let until = month(&renewed, "valid_until").since(month(&first, "assessed"));
    nodes.later(days(u32::try_from(until).expect("later") + u32::from(rule.renewal_window_months) + 2), &AGENCIES);
    let anew = bronze(&nodes, &cluster, "porto");
    assert!(month(&anew, "assessed").since(month(&renewed, "valid_until")) > i32::from(rule.renewal_window_months));
    assert_eq!(month(&anew, "valid_until"), month(&anew, "assessed").plus(rule.first_months));
    validity(&nodes, &anew);
}
