//! Help, mistakes, and what the exit codes promise.

mod common;

use common::Desk;

#[test]
fn alone_it_says_what_it_is() {
    let run = Desk::new().command().output().expect("started");
    assert!(run.status.success());
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 12, "{text}");
    assert!(text.contains("parangon demo") && text.contains("--help"), "{text}");
}

#[test]
fn help_is_short_or_long_with_examples() {
    let desk = Desk::new();
    let (short, long) = (desk.run("label -h").ends(0).out(), desk.run("label --help").ends(0).out());
    assert!(!short.contains("Examples:") && long.contains("Examples:"), "{short}\n{long}");
    assert!(long.find("Examples:") < long.find("Usage:"), "examples come first");
    for noun in
        ["init", "serve", "federation", "trust", "status", "cluster", "assess", "review", "stats", "peer", "token", "config", "demo"]
    {
        assert!(desk.run(&format!("{noun} --help")).ends(0).out().contains("Examples:"), "{noun}");
    }
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    let desk = Desk::new();
    assert!(desk.run("lable list").ends(2).err().contains("'label'"));
    assert!(desk.run("label lst").ends(2).err().contains("'list'"));
    let json = desk.run("--json lable list").ends(2).json();
    assert_eq!(json["error"]["code"], "PGN-0200");
}

#[test]
fn secrets_are_not_taken_from_the_command_line() {
    let run = Desk::new().run("init --id oslo --passphrase swordfish").ends(2);
    assert!(run.err().contains("--passphrase-file") && !run.err().contains("swordfish"), "{}", run.err());
}

#[test]
fn no_node_is_exit_code_3_with_a_next_step() {
    let desk = Desk::new();
    let run = desk.run("status --data nowhere").ends(3);
    assert!(run.err().contains("parangon serve") && run.out().is_empty());
    let json = desk.run("status --data nowhere --json").ends(3).json();
    assert_eq!(json["error"]["code"], "PGN-0300");
    assert!(json["error"]["next_step"].is_string());
    // A port on which nothing listens: taken and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    desk.run(&format!("status --node http://127.0.0.1:{port}")).ends(3);
}

#[test]
fn a_question_without_anybody_there_names_its_option() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    desk.run("federation new Net --member oslo/oslo.member.json -o draft.json").ends(0);
    let run = desk.run("federation sign draft.json --data oslo").ends(2);
    assert!(run.err().contains("--yes"), "{}", run.err());
    assert!(!desk.path("oslo.sig.json").exists());
}

#[test]
fn completions_and_manual_pages_are_made() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(desk.run(&format!("completions {shell}")).ends(0).out().contains("parangon"), "{shell}");
    }
    desk.run("completions tcsh").ends(2);
    desk.run("man pages").ends(0);
    let pages = desk.files("pages");
    for page in ["parangon.1", "parangon-label.1", "parangon-label-withdraw.1", "parangon-federation-found.1", "parangon-verify.1"] {
        assert!(pages.iter().any(|name| name == page), "{page} of {pages:?}");
    }
}

#[test]
fn the_configuration_is_shown_with_its_origins_and_checked() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    desk.run("config check --data oslo").ends(0);
    let shown = desk.run("config show --data oslo --origin --json").ends(0).json();
    let of = |key: &str| shown.as_array().expect("a list").iter().find(|setting| setting["key"] == key).expect(key).clone();
    assert!(of("network.listen")["origin"].as_str().expect("text").contains("parangon.toml:"), "{shown}");
    assert_eq!(of("data_dir")["origin"], "--data");
    assert_eq!(of("log.level")["origin"], "default");
    assert!(of("keys.key_file")["value"].as_str().expect("found").contains("node.key"), "{shown}");

    std::fs::write(desk.path("bad.toml"), "[network]\nlisten_on = []\n").expect("written");
    let run = desk.run("config check --config bad.toml").ends(7);
    assert!(run.err().contains("bad.toml:2") && run.err().contains("network.listen"), "{}", run.err());
    desk.run("config check --config missing.toml").ends(5);
    desk.run("serve --data oslo --config bad.toml").ends(7);
}

#[test]
fn a_node_without_a_federation_says_what_to_do() {
    let desk = Desk::new();
    desk.init("oslo", "NO");
    let run = desk.run("serve --data oslo").ends(5);
    assert!(run.err().contains("federation"), "{}", run.err());
}
