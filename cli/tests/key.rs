//! The identity key and its recovery sheet: made, drilled, typed back. No node runs.

mod common;

use common::{Desk, mode};
use serde_json::Value;

fn bytes(desk: &Desk, name: &str) -> Vec<u8> {
    std::fs::read(desk.path(name)).expect("read")
}

/// One agency, and the words of its sheet.
fn oslo() -> (Desk, Vec<String>) {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    let words = desk.sheet("oslo/oslo.recovery.html");
    (desk, words)
}

fn show(desk: &Desk, data: &str) -> Value {
    desk.run(&format!("key show --data {data} --json")).ends(0).json()
}

#[test]
fn init_makes_a_page_that_nobody_else_can_read_and_says_it_is_unconfirmed() {
    let desk = Desk::new();
    let run = desk.run("init --data oslo --id oslo --name Klynge&Oslo --country NO").ends(0);
    assert!(run.out().contains("unconfirmed") && run.out().contains("parangon key drill"), "{}", run.out());
    assert_eq!(mode(&desk.path("oslo/oslo.recovery.html")), 0o600);
    let page = std::fs::read_to_string(desk.path("oslo/oslo.recovery.html")).expect("a page");
    let shown = show(&desk, "oslo");
    let key = shown["identity"].as_str().expect("a key");
    assert!(page.replace(' ', "").contains(key) && page.contains("Klynge&amp;Oslo") && page.contains("parangon key recover"), "{page}");
    assert!(shown["sheet"]["made"].is_string() && shown["sheet"]["confirmed"].is_null(), "{shown}");
    // Neither the talk nor the record has a word of it.
    let record = String::from_utf8(bytes(&desk, "oslo/identity.sheet")).expect("text");
    let words = desk.sheet("oslo/oslo.recovery.html").join(" ");
    assert!(!record.contains(&words[..20]) && !run.out().contains(&words[..20]) && run.err().is_empty(), "{record}");
}

#[test]
fn init_puts_the_page_where_it_is_wanted_or_makes_nothing() {
    let desk = Desk::new();
    let init = |data: &str, sheet: &str| desk.run(&format!("init --data {data} --id oslo --name Oslo --country NO --json --sheet {sheet}"));
    init("x", "-").ends(2);
    init("x", "missing/page.html").ends(5);
    std::fs::write(desk.path("there.html"), "mine").expect("written");
    init("x", "there.html").ends(6);
    assert!(!desk.path("x").exists());
    assert_eq!(bytes(&desk, "there.html"), b"mine");
    let json = init("oslo", "page.html").ends(0).json();
    assert!(json["sheet"].as_str().expect("a path").ends_with("/page.html") && json["sheet_confirmed"].is_null(), "{json}");
    assert_eq!(mode(&desk.path("page.html")), 0o600);
    assert!(!desk.files("oslo").iter().any(|name| name.contains("recovery")));
    desk.sheet("page.html");
}

#[test]
fn the_words_on_the_page_make_the_same_keys_elsewhere() {
    let (desk, words) = oslo();
    let json = desk.run_with("key recover --data again --sheet - --json", &words.join(" ")).ends(0).json();
    let (before, after) = (show(&desk, "oslo"), show(&desk, "again"));
    for field in ["identity", "successor"] {
        assert_eq!(json[field], before[field]);
        assert_eq!(after[field], before[field]);
    }
    assert!(after["sheet"]["confirmed"].is_string() && after["sheet"]["made"].is_null(), "{after}");
    assert_eq!(desk.files("again"), ["identity.key", "identity.keys", "identity.sheet"]);
    for name in ["identity.key", "identity.keys"] {
        assert_eq!(mode(&desk.path("again").join(name)), 0o600, "{name}");
    }
    assert_ne!(bytes(&desk, "again/identity.key"), bytes(&desk, "oslo/identity.key"), "the file's key is drawn anew");
    // They sign as the first ones do.
    desk.run("federation new Net --member oslo/oslo.member.json -o draft.json").ends(0);
    desk.run("federation sign draft.json --data oslo --yes -o first.sig.json").ends(0);
    desk.run("federation sign draft.json --data again --yes -o second.sig.json").ends(0);
    assert_eq!(bytes(&desk, "first.sig.json"), bytes(&desk, "second.sig.json"));
}

#[test]
fn words_may_be_numbered_in_a_file_and_sealed_by_a_passphrase() {
    let (desk, words) = oslo();
    let numbered: String = words.iter().enumerate().map(|(at, word)| format!("{}.  {}\r\n", at + 1, word.to_uppercase())).collect();
    std::fs::write(desk.path("open.txt"), &numbered).expect("written");
    let run = desk.run("key recover --data again --sheet open.txt").ends(1);
    assert!(run.err().contains("0600"), "{}", run.err());
    desk.private("words.txt", &numbered);
    desk.private("pass", "staple and something");
    let json = desk.run("key recover --data again --sheet words.txt --identity-passphrase-file pass --json").ends(0).json();
    assert_eq!(desk.files("again"), ["identity.keys", "identity.sheet"]);
    assert_eq!(json["identity"], show(&desk, "oslo")["identity"]);
    // Without the passphrase the record beside the keys still names the public key.
    assert_eq!(show(&desk, "again")["identity"], json["identity"]);
    desk.run_with("key drill --data again --word 1", &words[0]).ends(2);
    desk.run_with("key drill --data again --word 1 --identity-passphrase-file pass", &words[0]).ends(0);
}

#[test]
fn recover_overwrites_nothing_and_mixes_no_agencies() {
    let (desk, words) = oslo();
    desk.init("porto", "PT");
    let text = words.join(" ");
    let (keys, files) = (bytes(&desk, "oslo/identity.keys"), desk.files("oslo"));
    let run = desk.run_with("key recover --data oslo --sheet -", &text).ends(6);
    assert!(run.err().contains("identity.keys"), "{}", run.err());
    assert_eq!((bytes(&desk, "oslo/identity.keys"), desk.files("oslo")), (keys, files));
    // One of the two files is enough.
    std::fs::remove_file(desk.path("oslo/identity.keys")).expect("ours");
    desk.run_with("key recover --data oslo --sheet -", &text).ends(6);
    std::fs::remove_file(desk.path("oslo/identity.key")).expect("ours");
    // The directory of another agency, whose keys are elsewhere.
    for name in ["identity.key", "identity.keys"] {
        std::fs::remove_file(desk.path("porto").join(name)).expect("ours");
    }
    let files = desk.files("porto");
    let run = desk.run_with("key recover --data porto --sheet -", &text).ends(6);
    assert!(run.err().contains("another identity key"), "{}", run.err());
    assert_eq!(desk.files("porto"), files);
    desk.run_with("key recover --data oslo --sheet -", &text).ends(0);
}

#[test]
fn wrong_words_make_nothing_and_are_not_repeated() {
    let (desk, words) = oslo();
    let with = |at: usize, word: &str| {
        let mut wrong = words.clone();
        word.clone_into(&mut wrong[at]);
        wrong.join(" ")
    };
    for (text, told) in [
        (with(6, "swordfish"), "word 7 "),
        (words[..47].join(" "), "these are 47"),
        ([&words[..24], &words[..24]].concat().join(" "), "repeat"),
        ("x".repeat(5000), "larger"),
    ] {
        let run = desk.run_with("key recover --data again --sheet -", &text).ends(7);
        assert!(run.err().contains(told) && !run.err().contains("swordfish"), "{told}: {}", run.err());
    }
    // Two words exchanged: the checksum finds it, but once in 256 the keys are others.
    let mut exchanged = words.clone();
    let at = (0..23).find(|at| words[*at] != words[at + 1]).expect("not 24 times the same word");
    exchanged.swap(at, at + 1);
    let json = desk.run_with("key recover --data exchanged --sheet - --json", &exchanged.join(" ")).json();
    assert!(json["error"]["code"] == "PGN-0700" || json["identity"] != show(&desk, "oslo")["identity"], "{json}");
    let run = desk.run("key recover --data again").ends(2);
    assert!(run.err().contains("--sheet"), "{}", run.err());
    let run = desk.run("key recover abandon ability --data again").ends(2);
    assert!(!run.err().contains("abandon") && run.err().contains("stdin"), "{}", run.err());
    let run = desk.run("key recover abandon ability --data again --json").ends(2);
    assert!(!run.out().contains("abandon"), "{}", run.out());
    desk.run("key recover --data again --sheet missing").ends(5);
    assert!(!desk.path("again").exists());
}

#[test]
fn a_drill_records_the_right_word_and_only_that() {
    let (desk, words) = oslo();
    let record = bytes(&desk, "oslo/identity.sheet");
    for (line, stdin, code) in [
        ("key drill --data oslo", words[6].as_str(), 2),
        ("key drill --data oslo --word 49", words[6].as_str(), 2),
        ("key drill --data oslo --word 7=swordfish", "", 2),
        ("key drill --data oslo --word 7", "", 2),
        ("key drill --data oslo --word 7", "swordfish", 7),
        ("key drill --data nowhere --word 7", words[6].as_str(), 5),
    ] {
        let run = desk.run_with(line, stdin).ends(code);
        assert!(!run.err().contains("swordfish"), "{}", run.err());
        assert_eq!(bytes(&desk, "oslo/identity.sheet"), record, "{line}");
    }
    let json = desk.run_with("key drill --data oslo --word 7 --json", &format!("7. {}\n", words[6])).ends(0).json();
    assert_eq!(json["word"], 7);
    let sheet = show(&desk, "oslo")["sheet"].clone();
    assert_eq!(sheet["confirmed"], json["confirmed"]);
    assert!(sheet["made"].is_string() && json["confirmed"].is_string());
}

#[test]
fn keys_that_were_moved_away_are_drilled_from_there() {
    let (desk, words) = oslo();
    let whole = show(&desk, "oslo");
    std::fs::create_dir(desk.path("safe")).expect("made");
    for name in ["identity.key", "identity.keys"] {
        std::fs::rename(desk.path("oslo").join(name), desk.path("safe").join(name)).expect("moved");
    }
    assert_eq!(show(&desk, "oslo"), whole, "the public part stays with the node");
    let run = desk.run_with("key drill --data oslo --word 48", &words[47]).ends(5);
    assert!(run.err().contains("--identity"), "{}", run.err());
    desk.run_with("key drill --data oslo --identity safe --word 48", &words[47]).ends(0);
    assert!(show(&desk, "oslo")["sheet"]["confirmed"].is_string(), "the record stays with the node too");
    assert_eq!(desk.files("safe"), ["identity.key", "identity.keys"]);
    // And lost from there: recovered beside the node, whose record says that they are the same.
    std::fs::remove_dir_all(desk.path("safe")).expect("removed");
    desk.run_with("key recover --data oslo --sheet -", &words.join("\n")).ends(0);
    assert_eq!(show(&desk, "oslo")["identity"], whole["identity"]);
}

#[test]
fn the_page_is_made_again_from_the_keys() {
    let (desk, words) = oslo();
    desk.run_with("key drill --data oslo --word 1", &words[0]).ends(0);
    let confirmed = show(&desk, "oslo")["sheet"]["confirmed"].clone();
    desk.run("key sheet --data oslo").ends(6);
    desk.run("key sheet --data oslo -o -").ends(2);
    std::fs::remove_file(desk.path("oslo/oslo.recovery.html")).expect("printed");
    let json = desk.run("key sheet --data oslo --json").ends(0).json();
    assert_eq!(json["agency"], "oslo");
    assert_eq!(desk.sheet("oslo/oslo.recovery.html"), words);
    assert_eq!(mode(&desk.path("oslo/oslo.recovery.html")), 0o600);
    assert_eq!(show(&desk, "oslo")["sheet"]["confirmed"], confirmed, "the words are the same, so the paper is still good");

    desk.run_with("key recover --data again --sheet -", &words.join(" ")).ends(0);
    let run = desk.run("key sheet --data again").ends(2);
    assert!(run.err().contains("--id"), "{}", run.err());
    desk.run("key sheet --data again --id oslo --name Oslo -o page.html").ends(0);
    assert_eq!(desk.sheet("page.html"), words);
}

#[test]
fn the_successor_takes_over_with_a_sheet_of_its_own() {
    let (desk, words) = oslo();
    let before = show(&desk, "oslo");
    desk.run_with("key recover --successor --data next --sheet -", &words.join(" ")).ends(2);
    let line = "key recover --successor --id oslo --name Oslo --data next --sheet -";
    let json = desk.run_with(&format!("{line} --json"), &words.join(" ")).ends(0).json();
    let key: parangon_protocol::keys::PublicKey = json["identity"].as_str().expect("a key").parse().expect("a key");
    assert_eq!(key.hash().to_string(), before["successor"].as_str().expect("a hash"), "the key that the charter knows in advance");
    assert_ne!(json["successor"], before["successor"]);
    assert!(json["succeeded"] == true && json["confirmed"].is_null(), "{json}");
    let next = desk.sheet("next/oslo.recovery.html");
    assert_eq!(next[..24], words[24..], "its words are the old sheet's second half");
    assert_eq!(mode(&desk.path("next/oslo.recovery.html")), 0o600);
    desk.run_with("key recover --data again --sheet -", &next.join(" ")).ends(0);
    assert_eq!(show(&desk, "again")["identity"], json["identity"]);
    let run = desk.run_with(&line.replace("next", "third"), &words.join(" ")).ends(0);
    assert!(run.out().contains("charter") && run.out().contains("amended"), "{}", run.out());
    // The old sheet does not fit where the new identity is known.
    for name in ["identity.key", "identity.keys"] {
        std::fs::remove_file(desk.path("next").join(name)).expect("ours");
    }
    desk.run_with("key recover --data next --sheet -", &words.join(" ")).ends(6);
    desk.run_with("key recover --data next --sheet -", &next.join(" ")).ends(0);
}

#[test]
fn who_lost_everything_draws_new_keys_that_nobody_committed_to() {
    let (desk, words) = oslo();
    for line in ["--lost", "--lost --id oslo", "--lost --successor --id oslo --name Oslo", "--lost --id oslo --name Oslo --sheet words.txt"]
    {
        desk.run(&format!("key recover {line} --data new")).ends(2);
        assert!(!desk.path("new").exists(), "{line}");
    }
    let json = desk.run("key recover --lost --id oslo --name Oslo --data new --json").ends(0).json();
    let before = show(&desk, "oslo");
    assert!(json["lost"] == true && json["succeeded"] == false && json["identity"] != before["identity"], "{json}");
    let key: parangon_protocol::keys::PublicKey = json["identity"].as_str().expect("a key").parse().expect("a key");
    assert_ne!(key.hash().to_string(), before["successor"].as_str().expect("a hash"));
    let new = desk.sheet("new/oslo.recovery.html");
    assert!(new.len() == 48 && new != words);
    desk.run("key recover --lost --id oslo --name Oslo --data new").ends(6);
    desk.run_with("key recover --data again --sheet -", &new.join(" ")).ends(0);
    assert_eq!(show(&desk, "again")["identity"], json["identity"], "the new sheet brings them back");
}

#[test]
fn show_names_public_keys_only() {
    let (desk, _) = oslo();
    let shown = show(&desk, "oslo");
    assert_eq!(shown["agency"], "oslo");
    let card: Value = serde_json::from_slice(&bytes(&desk, "oslo/oslo.member.json")).expect("a card");
    assert!(card.to_string().contains(shown["node"]["peer_id"].as_str().expect("a peer id")), "{shown}");
    assert!(shown["node"]["sealing"].as_str().expect("a recipient").starts_with("age1"));
    for (file, name) in [("oslo/node.key", "node"), ("oslo/identity.key", "identity")] {
        let secret = String::from_utf8(bytes(&desk, file)).expect("hex");
        assert!(!shown.to_string().contains(secret.trim()), "{name}");
    }
    assert!(shown["page"].as_str().expect("a path").ends_with("oslo.recovery.html"), "it is not deleted yet");
    let human = desk.run("key show --data oslo").ends(0).out();
    assert!(human.contains("recovery sheet") && human.contains("key drill") && human.contains("delete"), "{human}");
    std::fs::remove_file(desk.path("oslo/oslo.recovery.html")).expect("printed");
    assert!(show(&desk, "oslo")["page"].is_null());
    desk.run("key show --data nowhere").ends(5);
    // Sealed with a passphrase that is not given: nothing is asked, what cannot be opened is left out.
    desk.private("pass", "correct horse battery");
    desk.run("init --data porto --id porto --name Porto --country PT --passphrase-file pass --identity-passphrase-file pass").ends(0);
    let shown = show(&desk, "porto");
    assert!(shown["identity"].is_string() && shown["node"].is_null(), "{shown}");
    let shown = desk.run("key show --data porto --passphrase-file pass --json").ends(0).json();
    assert!(shown["node"]["log"].is_string(), "{shown}");
}
