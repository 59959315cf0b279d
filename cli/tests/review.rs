//! The peer review between three agencies, as people do it: questions, drafts, one response, final reviews, and receipts.

mod common;

use std::fs;

use common::nodes::Nodes;
use common::review::{id, reviewer, scores};
use parangon_protocol::time::Timestamp;
use serde_json::json;

#[test]
fn questions_a_response_and_final_reviews_lead_to_a_label() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    let write = |name: &str, text: &str| fs::write(desk.path(name), text).expect("written");
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let assessment =
        id(&nodes.json(&format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json")));
    write("own.csv", &scores(4, &[]));
    desk.run(&format!("assess import {assessment} own.csv --yes --data oslo")).ends(0);
    let offer = id(&nodes.json(&format!("review ask {assessment} --level gold --reviewer porto --reviewer lyon --data oslo --json")));
    let show = format!("review show {offer} --data oslo --json");

    for agency in ["porto", "lyon"] {
        nodes.until(&format!("review inbox --data {agency} --json"), |inbox| inbox[0]["state"] == "offered");
        write("question.txt", "Where is the plan?\n");
        desk.run(&format!("review question {offer} --text question.txt --data {agency}")).ends(6);
        desk.run(&format!("review accept {offer} --no-conflicts --data {agency}")).ends(0);
        nodes.until(&format!("review show {offer} --data {agency} --json"), |entry| entry["next_step"] == "review the dossier");
    }

    // A question, its answer, and who may see them.
    write("nothing.txt", "  \n");
    desk.run(&format!("review question {offer} --text nothing.txt --data lyon")).ends(7);
    desk.run(&format!("review question {offer} --text question.txt --indicator 9.9 --data lyon")).ends(7);
    desk.run(&format!("review question {offer} --text question.txt --indicator 4.1.3 --data lyon")).ends(0);
    let asked = nodes.until(&show, |offer| reviewer(offer, "lyon")["questions"][0].is_object());
    let question = &reviewer(&asked, "lyon")["questions"][0];
    assert_eq!(
        (&question["number"], &question["indicator"], &question["question"]),
        (&json!(1), &json!("4.1.3"), &json!("Where is the plan?"))
    );
    write("answer.txt", "In the annex,\npage 4");
    desk.run(&format!("review answer {offer} lyon 2 --text answer.txt --data oslo")).ends(5);
    desk.run(&format!("review answer {offer} lyon 1 --text answer.txt --data oslo")).ends(0);
    desk.run(&format!("review answer {offer} lyon 1 --text answer.txt --data oslo")).ends(6);
    let heard = nodes.until(&format!("review conversation {offer} --data lyon --json"), |said| said["questions"][0]["answer"].is_string());
    assert_eq!(heard["questions"][0]["answer"], "In the annex, page 4");
    assert_eq!(nodes.json(&format!("review conversation {offer} --data porto --json"))["questions"], json!([]), "the others' stay theirs");

    // Drafts: nothing of the first is shown before the second is in, and neither counts.
    write("lyon.csv", &scores(4, &[("4.1.3", 1), ("5.2", 3)]));
    write("porto.csv", &scores(4, &[("5.2", 4)]));
    desk.run(&format!("review finalise {offer} --data lyon")).ends(6);
    let drafted = nodes.json(&format!("review submit {offer} lyon.csv --eligible yes --data lyon --json"));
    assert_eq!((&drafted["state"], &drafted["recommended"]), (&json!("reviewed"), &json!(false)), "a minimum is missed");
    let half = nodes.until(&show, |offer| reviewer(offer, "lyon")["state"] == "reviewed");
    assert!(reviewer(&half, "lyon")["points"].is_null() && half["unmet"].is_null(), "{half}");
    desk.run(&format!("review respond {offer} --nothing --yes --data oslo")).ends(6);
    desk.run(&format!("review submit {offer} porto.csv --eligible yes --data porto")).ends(0);
    let both = nodes.until(&show, |offer| reviewer(offer, "porto")["state"] == "reviewed");
    assert_eq!((&reviewer(&both, "lyon")["points"], &both["ready"]), (&json!(145), &json!(false)));
    assert_eq!(both["differences"], json!({ "4.1.3": { "lyon": "1", "porto": "4" } }), "only where they differ by two levels");
    assert!(reviewer(&both, "lyon")["copy"]["deleted"].is_null());
    desk.run(&format!("review finalise {offer} --data lyon")).ends(6);

    // One response to both; then the final reviews, with receipts of the deleted copies.
    write("response.txt", "The plan of 2026 is in the annex.");
    desk.run(&format!("review respond {offer} --text response.txt --data oslo")).ends(2);
    desk.run(&format!("review respond {offer} --text response.txt --yes --data oslo")).ends(0);
    desk.run(&format!("review respond {offer} --nothing --yes --data oslo")).ends(6);
    for agency in ["porto", "lyon"] {
        let conversation = format!("review conversation {offer} --data {agency} --json");
        let said = nodes.until(&conversation, |said| said["response"].is_string());
        assert_eq!((&said["response"], &said["differences"]), (&json!("The plan of 2026 is in the annex."), &both["differences"]));
    }
    write("changes.csv", "indicator,level\n4.1.3,3\n");
    let last = nodes.json(&format!("review finalise {offer} changes.csv --data lyon --json"));
    assert_eq!((&last["state"], &last["recommended"]), (&json!("finalised"), &json!(true)));
    desk.run(&format!("review finalise {offer} --data lyon")).ends(6);
    desk.run(&format!("review dossier {offer} --data lyon")).ends(6);
    desk.run(&format!("review finalise {offer} --data porto")).ends(0);
    let done = nodes.until(&show, |offer| offer["ready"] == true);
    assert_eq!(reviewer(&done, "lyon")["points"], 148, "the final review counts, not the draft");
    nodes.until(&show, |offer| ["porto", "lyon"].iter().all(|agency| reviewer(offer, agency)["copy"]["deleted"].is_string()));
    assert_eq!(nodes.json(&format!("review conversation {offer} --data lyon --json"))["questions"], json!([]), "it went with the dossier");
    let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")));
    nodes.until_there(&format!("label show {label} --data porto --json"), |label| label["state"] == "valid");
}

#[test]
fn a_recusal_after_the_draft_holds_nobody_up() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let assessment =
        id(&nodes.json(&format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json")));
    let offer = id(&nodes.json(&format!("review ask {assessment} --level bronze --reviewer porto --reviewer lyon --data oslo --json")));
    fs::write(desk.path("scores.csv"), scores(3, &[])).expect("written");
    for agency in ["porto", "lyon"] {
        nodes.until(&format!("review inbox --data {agency} --json"), |inbox| inbox[0]["state"] == "offered");
        desk.run(&format!("review accept {offer} --no-conflicts --data {agency}")).ends(0);
        nodes.until(&format!("review show {offer} --data {agency} --json"), |entry| entry["next_step"] == "review the dossier");
        desk.run(&format!("review submit {offer} scores.csv --eligible yes --data {agency}")).ends(0);
    }
    desk.run(&format!("review step-back {offer} --reason conflict --yes --data porto")).ends(0);
    let show = format!("review show {offer} --data oslo --json");
    let out = nodes.until(&show, |offer| reviewer(offer, "porto")["state"] == "withdrawn");
    assert_eq!(reviewer(&out, "porto")["reason"], "conflict");
    assert!(reviewer(&out, "porto")["copy"]["deleted"].is_string(), "the receipt came before");
    nodes.until(&show, |offer| reviewer(offer, "lyon")["state"] == "reviewed");
    desk.run(&format!("review respond {offer} --nothing --yes --data oslo")).ends(0);
    nodes.until(&format!("review show {offer} --data lyon --json"), |entry| {
        entry["next_step"].as_str().is_some_and(|s| s.contains("final"))
    });
    desk.run(&format!("review finalise {offer} --data lyon")).ends(0);
    nodes.until(&show, |offer| offer["ready"] == true);
}

#[test]
fn who_reviewed_last_time_is_not_asked_again_and_everybody_recounts_the_label() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    fs::write(desk.path("scores.csv"), scores(3, &[])).expect("written");
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let ask = |reviewer: &str| {
        let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
        let assessment = id(&nodes.json(&new));
        desk.run(&format!("assess import {assessment} scores.csv --yes --data oslo")).ends(0);
        desk.run(&format!("review ask {assessment} --level bronze --reviewer {reviewer} --no-comments --data oslo --json"))
    };
    let issue = |offer: &str, reviewer: &str| {
        nodes.until(&format!("review inbox --data {reviewer} --json"), |inbox| inbox[0]["state"] == "offered");
        desk.run(&format!("review accept {offer} --no-conflicts --data {reviewer}")).ends(0);
        nodes.until(&format!("review show {offer} --data {reviewer} --json"), |entry| entry["next_step"] == "review the dossier");
        desk.run(&format!("review submit {offer} scores.csv --eligible yes --data {reviewer}")).ends(0);
        nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
        let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")));
        nodes.until("label list --data lyon --json", |labels| {
            labels.as_array().is_some_and(|labels| labels.iter().any(|known| known["id"] == label && known["state"] == "valid"))
        });
        label
    };
    let first = issue(&id(&ask("porto").ends(0).json()), "porto");

    let refused = ask("porto").ends(8).json();
    assert_eq!(refused["error"]["code"], "PGN-0815", "{refused}");
    let eligible = nodes.json(&format!("review eligible {cluster} --level bronze --data oslo --json"));
    let of = |agency: &str| eligible.as_array().expect("a list").iter().find(|e| e["agency"] == agency).expect("a member").clone();
    assert_eq!((&of("porto")["eligible"], &of("lyon")["eligible"]), (&json!(false), &json!(true)));
    assert!(of("porto")["reason"].as_str().is_some_and(|reason| reason.contains("last time")), "{eligible}");
    assert_eq!(nodes.json("review eligible --level bronze --data oslo --json").as_array().map(Vec::len), Some(3));
    // GOLD takes both of the others: there the rule is waived, and said.
    let gold = nodes.json(&format!("review eligible {cluster} --level gold --data oslo --json"));
    assert!(gold.as_array().expect("a list").iter().any(|e| e["agency"] == "porto" && e["waived"] == true), "{gold}");

    // Anybody recounts, here an agency that had nothing to do with it.
    let recount = |label: &str| nodes.json(&format!("label recount {label} --data lyon --json"));
    let counted = recount(&first);
    assert_eq!((&counted["kept"], &counted["history"]), (&json!(true), &json!(0)), "{counted}");
    let second = issue(&id(&ask("lyon").ends(0).json()), "lyon");
    let counted = nodes.json(&format!("label recount {second} --data porto --json"));
    assert_eq!((&counted["kept"], &counted["history"]), (&json!(true), &json!(1)), "{counted}");
    let rules: Vec<_> = counted["rules"].as_array().expect("a list").iter().map(|rule| rule["rule"].as_str().expect("a name")).collect();
    assert_eq!(rules, ["sound", "right", "catalogue", "endorsers", "abroad", "conflict", "draw", "prerequisite", "validity"]);
    desk.run("label recount ffffffff --data lyon").ends(5);
}

#[test]
fn who_did_not_review_in_time_hears_of_the_label_and_keeps_nothing() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    fs::write(desk.path("scores.csv"), scores(3, &[])).expect("written");
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let new = format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json");
    let assessment = id(&nodes.json(&new));
    desk.run(&format!("assess import {assessment} scores.csv --yes --data oslo")).ends(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let due = parangon_protocol::time::Timestamp::from_seconds(now + 8).expect("a time");
    let both = "--reviewer porto --reviewer lyon --no-comments";
    let offer = id(&nodes.json(&format!("review ask {assessment} --level bronze {both} --due {due} --data oslo --json")));
    for agency in ["porto", "lyon"] {
        nodes.until(&format!("review inbox --data {agency} --json"), |inbox| inbox[0]["state"] == "offered");
        desk.run(&format!("review accept {offer} --no-conflicts --data {agency}")).ends(0);
        nodes.until(&format!("review show {offer} --data {agency} --json"), |entry| entry["next_step"] == "review the dossier");
    }
    desk.run(&format!("review submit {offer} scores.csv --eligible yes --data porto")).ends(0);
    let show = format!("review show {offer} --data oslo --json");
    nodes.until(&show, |offer| reviewer(offer, "porto")["state"] == "reviewed");
    // Whoever was quick does not decide alone, unless the others let the due date pass.
    nodes.until(&show, |offer| offer["ready"] == true);
    assert!(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() >= now + 8);
    nodes.json(&format!("label issue {offer} --data oslo --json"));
    nodes.until(&format!("review show {offer} --data lyon --json"), |entry| entry["state"] == "issued");
    desk.run(&format!("review dossier {offer} --data lyon")).ends(6);
    nodes.until(&show, |offer| reviewer(offer, "lyon")["copy"]["deleted"].is_string());
}

#[test]
fn what_waits_is_listed_and_the_exit_code_says_that_it_is_overdue() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    desk.run("reminders --data porto").ends(0);
    let cluster = id(&nodes.json("cluster add BioRegio --country NO --data oslo --json"));
    let assessment =
        id(&nodes.json(&format!("assess new {cluster} --eccp-listed --fte 1 --members 20 --member-types 2 --data oslo --json")));
    fs::write(desk.path("own.csv"), scores(4, &[])).expect("written");
    desk.run(&format!("assess import {assessment} own.csv --yes --data oslo")).ends(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let due = Timestamp::from_seconds(now + 10).expect("in range");
    let offer = id(&nodes.json(&format!("review ask {assessment} --level gold --reviewer porto --due {due} --data oslo --json")));
    let listed = loop {
        let run = desk.run("reminders --data porto --ics due.ics --json");
        if run.code() == 21 {
            break run.json();
        }
        run.ends(0);
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() - now;
        assert!(elapsed < 120, "never overdue");
    };
    assert_eq!((&listed[0]["offer"], &listed[0]["kind"], &listed[0]["due"]), (&json!(offer), &json!("answer"), &json!(due)));
    assert_eq!((&listed[0]["overdue"], &listed[0]["reminder"]), (&json!(true), &json!("overdue")));
    let calendar = fs::read_to_string(desk.path("due.ics")).expect("a calendar");
    assert!(calendar.contains("SUMMARY:Parangon: answer an offer (GOLD)\r\n") && calendar.ends_with("END:VCALENDAR\r\n"), "{calendar}");
    assert!(!calendar.contains("oslo") && !calendar.contains(&offer[..8]) && !calendar.contains("BioRegio"), "{calendar}");
    assert_eq!(desk.run("reminders --data porto --ics - --quiet").ends(21).out(), calendar);
    let page = desk.run("reminders --data porto").ends(21).out();
    assert!(page.contains("overdue since today") && page.contains("then accept or decline"), "{page}");
    assert!(desk.run("review inbox --data porto").ends(0).out().contains("waits for your answer; overdue since today"));
    let asked = nodes.json(&format!("review show {offer} --data oslo --json"));
    assert_eq!(reviewer(&asked, "porto")["due"], json!(due));
}
