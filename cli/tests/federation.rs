//! From three agencies on one desk to a federation, offline, and everything that is refused on the way.

mod common;

use common::{Desk, mode};

const AGENCIES: [(&str, &str); 3] = [("oslo", "NO"), ("porto", "PT"), ("lyon-ara", "FR")];

/// Three agencies, a draft, all signatures.
fn signed() -> Desk {
    let desk = Desk::new();
    let mut new = vec!["federation".to_owned(), "new".to_owned(), "Cluster Network".to_owned(), "-o".to_owned(), "draft.json".to_owned()];
    for (id, country) in AGENCIES {
        desk.init(id, country);
        new.extend(["--member".to_owned(), format!("{id}/{id}.member.json")]);
    }
    desk.run_words(&new.iter().map(String::as_str).collect::<Vec<_>>()).ends(0);
    for (id, _) in AGENCIES {
        desk.run(&format!("federation sign draft.json --data {id} --yes")).ends(0);
    }
    desk
}

const FOUND: &str = "federation found draft.json oslo.sig.json porto.sig.json lyon-ara.sig.json --data";

#[test]
fn init_makes_private_files_once() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    let secret = ["identity.key", "identity.keys", "node.key", "node.keys", "oslo.recovery.html"];
    let files = [
        "backup.recipient",
        "identity.key",
        "identity.keys",
        "identity.sheet",
        "node.key",
        "node.keys",
        "oslo.member.json",
        "oslo.recovery.html",
        "parangon.toml",
    ];
    assert_eq!(desk.files("oslo"), files);
    assert_eq!(mode(&desk.path("oslo")), 0o700);
    assert_eq!(mode(&desk.path("oslo/backup.recipient")), 0o644, "not a secret");
    for secret in secret {
        assert_eq!(mode(&desk.path("oslo").join(secret)), 0o600, "{secret}");
    }
    let before = std::fs::read(desk.path("oslo/node.keys")).expect("read");
    let run = desk.run("init --data oslo --id oslo --name Oslo --country NO").ends(6);
    assert!(run.err().contains("exists already"), "{}", run.err());
    // Another agency in the same directory would overwrite the first one's keys.
    desk.run("init --data oslo --id bergen --name Bergen --country NO").ends(6);
    assert_eq!(std::fs::read(desk.path("oslo/node.keys")).expect("read"), before);
    assert_eq!(desk.files("oslo"), files);
}

#[test]
fn init_refuses_what_no_node_could_use() {
    let desk = Desk::new();
    for (option, value) in [
        ("--id", "Oslo"),
        ("--country", "no"),
        ("--listen", "127.0.0.1:7443"),
        ("--public-address", "node.example:7443"),
        ("--api", "localhost"),
        ("--passphrase-file", "missing"),
    ] {
        let mut words = vec!["init", "--data", "x", "--id", "oslo", "--name", "Oslo", "--country", "NO"];
        if let Some(at) = words.iter().position(|word| *word == option) {
            words[at + 1] = value;
        } else {
            words.extend([option, value]);
        }
        let run = desk.run_words(&words);
        assert!(!desk.path("x").exists(), "{option} {value}: {}", run.err());
        assert!(!run.err().is_empty(), "{option} {value}");
    }
}

#[test]
fn passphrases_seal_the_keys() {
    let desk = Desk::new();
    for (name, text) in [("node.pass", "correct horse battery"), ("id.pass", "staple and something")] {
        std::fs::write(desk.path(name), text).expect("written");
    }
    let line = "init --data oslo --id oslo --name Oslo --country NO --passphrase-file node.pass --identity-passphrase-file id.pass";
    let run = desk.run(line);
    assert!(run.err().contains("0600"), "a passphrase that others can read is refused: {}", run.err());
    for name in ["node.pass", "id.pass"] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(desk.path(name), std::fs::Permissions::from_mode(0o600)).expect("ours");
    }
    desk.run(line).ends(0);
    let files =
        ["backup.recipient", "identity.keys", "identity.sheet", "node.keys", "oslo.member.json", "oslo.recovery.html", "parangon.toml"];
    assert_eq!(desk.files("oslo"), files);
    desk.run("federation new Net --member oslo/oslo.member.json -o draft.json").ends(0);
    desk.run("federation sign draft.json --data oslo --yes").ends(2);
    desk.run("federation sign draft.json --data oslo --yes --identity-passphrase-file node.pass").ends(1);
    desk.run("federation sign draft.json --data oslo --yes --identity-passphrase-file id.pass").ends(0);
    desk.run("federation found draft.json oslo.sig.json --data oslo --identity-passphrase-file id.pass --passphrase-file node.pass")
        .ends(0);
}

#[test]
fn three_agencies_found_one_federation() {
    let desk = signed();
    let words: Vec<String> = AGENCIES
        .iter()
        .map(|(id, _)| {
            let json = desk.run(&format!("--json {FOUND} {id}")).ends(0).json();
            assert_eq!(json["founded"], true);
            json["words"].as_str().expect("words").to_owned()
        })
        .collect();
    assert!(words.iter().all(|other| other == &words[0]), "{words:?}");
    assert_eq!(words[0].split('-').count(), 8);

    // The same again changes nothing.
    let before = std::fs::read(desk.path("oslo/federation.json")).expect("read");
    assert_eq!(desk.run(&format!("--json {FOUND} oslo")).ends(0).json()["founded"], false);
    assert_eq!(std::fs::read(desk.path("oslo/federation.json")).expect("read"), before);

    let statute = desk.run("federation show --data oslo").ends(0).out();
    for part in ["CHARTER OF \"Cluster Network\"", "1. Members. 3 agencies", "porto", "GOLD", "80.00 %", "from another country", &words[0]]
    {
        assert!(statute.contains(part), "{part} in {statute}");
    }
}

#[test]
fn a_federation_needs_everybody_and_exactly_this_draft() {
    let desk = signed();
    let run = desk.run("federation found draft.json oslo.sig.json porto.sig.json --data oslo").ends(8);
    assert!(run.err().contains("every founder signs this very draft"), "{}", run.err());
    assert!(run.err().contains("lyon-ara"), "{}", run.err());
    assert!(!desk.path("oslo/federation.json").exists());

    let text = std::fs::read_to_string(desk.path("draft.json")).expect("read");
    std::fs::write(desk.path("other.json"), text.replace("\"minimum\":5", "\"minimum\":4")).expect("written");
    desk.run(&FOUND.replace("draft.json", "other.json").replace("--data", "--data oslo")).ends(8);
    std::fs::write(desk.path("weak.json"), text.replace("\"minimum\":5", "\"minimum\":1")).expect("written");
    desk.run("federation sign weak.json --data oslo --yes -o weak.sig.json").ends(7);
    assert!(!desk.path("weak.sig.json").exists() && !desk.path("oslo/federation.json").exists());

    // A signature file is not overwritten, and a stranger has nothing to sign.
    desk.run("federation sign draft.json --data oslo --yes").ends(6);
    desk.init("bergen", "NO");
    desk.run("federation sign draft.json --data bergen --yes").ends(8);
    desk.run(&format!("{FOUND} bergen")).ends(8);
}

#[test]
fn a_directory_belongs_to_one_federation() {
    let desk = signed();
    desk.run(&format!("{FOUND} oslo")).ends(0);
    desk.run("federation new Other --member oslo/oslo.member.json -o other.json").ends(0);
    desk.run("federation sign other.json --data oslo --yes -o other.sig.json").ends(0);
    let before = std::fs::read(desk.path("oslo/federation.json")).expect("read");
    let run = desk.run("federation found other.json other.sig.json --data oslo").ends(6);
    assert!(run.err().contains("already"), "{}", run.err());
    assert_eq!(std::fs::read(desk.path("oslo/federation.json")).expect("read"), before);
}

#[test]
fn a_draft_takes_honest_cards_once_and_is_not_overwritten() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    desk.init("porto", "PT");
    let card = std::fs::read_to_string(desk.path("oslo/oslo.member.json")).expect("read");
    std::fs::write(desk.path("forged.json"), card.replace("Agency oslo", "Agency of all")).expect("written");
    desk.run("federation new Net --member forged.json --member porto/porto.member.json -o draft.json").ends(7);
    desk.run("federation new Net --member oslo/oslo.member.json --member oslo/oslo.member.json -o draft.json").ends(7);
    desk.run("federation new Net --member oslo/node.keys -o draft.json").ends(7);
    desk.run("federation new Net --member missing.json -o draft.json").ends(5);
    assert!(!desk.path("draft.json").exists());
    desk.run("federation new Net --member oslo/oslo.member.json -o draft.json").ends(0);
    desk.run("federation new Net --member porto/porto.member.json -o draft.json").ends(6);
    let demo = desk.run("--json federation new Net --scheme demo --member porto/porto.member.json -o demo.json").ends(0).json();
    assert_eq!(demo["members"][0], "porto");
    assert!(std::fs::read_to_string(desk.path("demo.json")).expect("read").contains("\"demonstration\":true"));
}

#[test]
fn trust_is_exported_imported_and_shown() {
    let desk = signed();
    desk.run(&format!("{FOUND} oslo")).ends(0);
    assert_eq!(desk.run("trust show --json").ends(0).out(), "[]\n");
    let exported = desk.run("trust export --data oslo --json").ends(0).json();
    assert_eq!(exported["file"], "cluster-network.trust.json");
    let words = exported["words"].as_str().expect("words").to_owned();
    desk.run("trust export --data oslo").ends(6);

    let other = parangon_other_words(&words);
    desk.run(&format!("trust import cluster-network.trust.json --fingerprint {other}")).ends(8);
    assert_eq!(desk.run("trust show --json").ends(0).out(), "[]\n");
    let imported = desk.run(&format!("trust import cluster-network.trust.json --fingerprint {words} --json")).ends(0).json();
    assert_eq!((imported["added"].as_bool(), imported["words"].as_str()), (Some(true), Some(words.as_str())));
    assert_eq!(desk.run("trust import cluster-network.trust.json --json").ends(0).json()["added"], false);
    let shown = desk.run("trust show --json").ends(0).json();
    assert_eq!((shown.as_array().map(Vec::len), shown[0]["words"].as_str()), (Some(1), Some(words.as_str())));

    let text = std::fs::read_to_string(desk.path("cluster-network.trust.json")).expect("read");
    std::fs::write(desk.path("forged.json"), text.replace("\"minimum\":5", "\"minimum\":4")).expect("written");
    desk.run("trust import forged.json").ends(7);
    desk.run("trust import oslo/federation.json").ends(7);
}

/// The same words with the last one changed to another of the list.
fn parangon_other_words(words: &str) -> String {
    let (rest, last) = words.rsplit_once('-').expect("eight words");
    format!("{rest}-{}", if last == "abandon" { "ability" } else { "abandon" })
}
