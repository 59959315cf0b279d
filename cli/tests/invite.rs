//! An invite by the command line: from one string to a member, and everything that is refused on the way.

mod common;

use common::nodes::Nodes;
use common::{Desk, mode};
use parangon_protocol::id::{Fingerprint, Hash};
use parangon_protocol::invitation::{Invitation, Secret};
use parangon_protocol::keys::SecretKey;

/// An invite of a node that is not there, with the last day on which it may be used.
fn invite(to: &str, expires: &str) -> String {
    let invitation = Invitation {
        agency: "oslo".parse().expect("slug"),
        to: to.parse().expect("name"),
        federation: Fingerprint(Hash([7; 32])),
        expires: expires.parse().expect("time"),
        transport: SecretKey::from_seed(&[1; 32]).public(),
        addresses: vec!["/ip4/127.0.0.1/tcp/1".to_owned()], // nobody's here
        secret: Secret::new([2; 32]),
    };
    invitation.to_text().expect("text").to_string()
}

#[test]
fn what_is_no_invite_changes_nothing() {
    let desk = Desk::new();
    let good = invite("Agency bergen", "2999-01-01T00:00:00Z");
    desk.run(&format!("join {good} --data bergen")).ends(5);
    desk.init("bergen", "NO");
    let files = || desk.files("bergen").into_iter().filter(|name| name != "parangon.lock").collect::<Vec<_>>();
    let before = files();
    let changed = good.replacen("pgn1-e", "pgn1-f", 1);
    for (words, code, says) in [
        ("".to_owned(), 2, "no invite is under way"),
        ("pgn_1234".to_owned(), 7, "begins with pgn1-"),
        (good[..good.len() - 1].to_owned(), 7, "damaged"),
        (changed, 7, "damaged"),
        (invite("Agency bergen", "2026-01-01T00:00:00Z"), 8, "ask oslo for a new one"),
        (good.clone(), 3, "the connection was refused"),
    ] {
        let line = ["join", "--data", "bergen", words.as_str()];
        let run = desk.run_words(&line[..if words.is_empty() { 3 } else { 4 }]).ends(code);
        assert!(run.err().contains(says), "{words}: {}", run.err());
        assert_eq!(files(), before, "{words}");
    }
    // From stdin, as a mail program left it.
    let broken = format!("\n  {}\n  {}\n", &good[..70], &good[70..]);
    assert!(desk.run_with("join - --data bergen", &broken).ends(3).err().contains("refused"));
    // Another agency's card beside the keys of this one.
    desk.init("porto", "PT");
    std::fs::remove_file(desk.path("bergen/bergen.member.json")).expect("there");
    std::fs::copy(desk.path("porto/porto.member.json"), desk.path("bergen/porto.member.json")).expect("there");
    assert!(desk.run(&format!("join {good} --data bergen")).ends(7).err().contains("another identity key"));
}

#[test]
fn both_sides_compare_four_words() {
    let nodes = Nodes::start();
    nodes.init("bergen", "NO");
    let desk = &nodes.desk;
    desk.run(&format!("join {} --data oslo", invite("oslo", "2999-01-01T00:00:00Z"))).ends(6);
    desk.run_words(&["invite", "new", "--to", "two\nlines", "--data", "oslo"]).ends(2);

    let made = desk.run_words(&["invite", "new", "--to", "bergen", "--data", "oslo", "-o", "bergen.invite", "--json"]).ends(0).json();
    assert!(made["invite"].is_null() && mode(&desk.path("bergen.invite")) == 0o600, "{made}");
    desk.run_words(&["invite", "new", "--to", "bergen", "--data", "oslo", "-o", "bergen.invite"]).ends(6);
    let line = std::fs::read_to_string(desk.path("bergen.invite")).expect("there");
    let id = made["id"].as_str().expect("an id");
    let all = desk.run("invite list --data oslo --json").ends(0).json();
    assert!(!all.to_string().contains("pgn1-") && all[0]["state"] == "open", "{all}");
    assert!(desk.run(&format!("invite accept {id} --yes --data oslo")).ends(6).err().contains("nobody has used"));

    // Nothing is asked without a yes, and nothing is written.
    desk.run_with("join - --data bergen", &line).ends(2);
    assert!(!desk.path("bergen/invitation.json").exists());
    let asked = desk.run_with("join - --data bergen --yes --no-wait --json", &line).ends(0).json();
    let words = asked["check_words"].as_str().expect("words");
    assert_eq!((&asked["state"], &asked["invited_by"]), (&"asked".into(), &"oslo".into()));
    assert_eq!(mode(&desk.path("bergen/invitation.json")), 0o600);
    // Other words, on either side: the same command with the right ones goes on.
    assert!(desk.run("join --data bergen --words zoo-zoo-zoo-zoo").ends(8).err().contains("stand in between"));
    assert!(desk.run(&format!("invite accept {id} --words zoo --yes --data oslo")).ends(8).err().contains("stand in between"));
    assert_eq!(desk.run("invite list --data oslo --json").ends(0).json()[0]["guest"]["check_words"], words);

    let spoken = words.replace('-', " ").to_uppercase();
    desk.run_words(&["invite", "accept", id, "--words", &spoken, "--yes", "--data", "oslo"]).ends(0);
    desk.run(&format!("invite accept {id} --yes --data oslo")).ends(6);
    let waiting = desk.run_words(&["join", "--data", "bergen", "--words", &spoken, "--no-wait", "--json"]).ends(0).json();
    assert_eq!(waiting["state"], "proposed", "{waiting}");
    // Taken back: who holds it is turned away, and what it had reached is not lost with it.
    desk.run(&format!("invite cancel {id} --yes --data oslo")).ends(0);
    let turned_away = desk.run("join --data bergen --yes --no-wait").ends(8);
    assert!(turned_away.err().contains("new invite"), "{}", turned_away.err());
    assert_eq!(desk.run("federation show --diff --data oslo --json").ends(0).json()[0]["mine"], "accepted");
    desk.run("invite cancel ffffffffffff --yes --data oslo").ends(5);
}

/// The other node says when the members have agreed; only a person can say that it is the right node.
#[test]
fn nobody_enters_before_the_words_were_compared() {
    let nodes = Nodes::start();
    nodes.init("bergen", "NO");
    let desk = &nodes.desk;
    let made = desk.run_words(&["invite", "new", "--to", "bergen", "--data", "oslo", "-o", "bergen.invite", "--json"]).ends(0).json();
    let (line, id) = (std::fs::read_to_string(desk.path("bergen.invite")).expect("there"), made["id"].as_str().expect("an id"));
    assert!(desk.run("invite new --to riga --data oslo --quiet").ends(2).err().contains("shown nowhere"));
    desk.run_with("join - --data bergen --yes --words zoo-zoo-zoo-zoo", &line).ends(8);
    let words = desk.run("invite list --data oslo --json").ends(0).json()[0]["guest"]["check_words"].as_str().expect("words").to_owned();
    desk.run(&format!("invite accept {id} --yes --data oslo")).ends(0);
    for voter in ["porto", "lyon"] {
        nodes.until("federation show --diff --data lyon --json", |proposals| proposals[0]["version"] == 2);
        nodes.until(&format!("federation show --diff --data {voter} --json"), |proposals| proposals[0]["version"] == 2);
        desk.run(&format!("federation accept --yes --data {voter}")).ends(0);
    }
    nodes.until("invite list --data oslo --json", |invites| invites[0]["state"] == "admitted");
    let refused = desk.run("join --data bergen --no-wait").ends(2);
    assert!(refused.err().contains("nobody here has compared"), "{}", refused.err());
    assert!(!desk.path("bergen/federation.json").exists());
    let joined = desk.run_words(&["join", "--data", "bergen", "--words", &words, "--json"]).ends(0).json();
    assert_eq!((&joined["state"], &joined["compared"]), (&"admitted".into(), &true.into()), "{joined}");
    assert!(desk.path("bergen/federation.json").exists() && !desk.path("bergen/invitation.json").exists());
}

/// The members' no reaches the one who asked.
#[test]
fn a_no_is_told() {
    let nodes = Nodes::start();
    nodes.init("bergen", "NO");
    let desk = &nodes.desk;
    let made = desk.run_words(&["invite", "new", "--to", "bergen", "--data", "oslo", "-o", "bergen.invite", "--json"]).ends(0).json();
    let (line, id) = (std::fs::read_to_string(desk.path("bergen.invite")).expect("there"), made["id"].as_str().expect("an id"));
    desk.run_with("join - --data bergen --yes --no-wait", &line).ends(0);
    desk.run(&format!("invite accept {id} --yes --data oslo")).ends(0);
    nodes.until("federation show --diff --data lyon --json", |proposals| proposals[0]["version"] == 2);
    desk.run("federation reject --yes --data lyon").ends(0); // of three members all have to agree
    nodes.until("invite list --data oslo --json", |invites| invites[0]["state"] == "rejected");
    assert_eq!(desk.run("join --data bergen --yes --no-wait --json").ends(0).json()["state"], "rejected");
    let status = desk.run("status --data oslo --json").ends(0).json();
    assert!(status.to_string().contains("did not agree to admit bergen"), "{status}");
}
