//! `parangon verify` on what is no label: one verdict, one exit code, nothing read beyond the bound.

mod common;

use std::fs::File;

use common::Desk;

#[test]
fn what_is_no_label_is_16() {
    let desk = Desk::new();
    for (name, bytes) in
        [("empty", &b""[..]), ("text", b"certificate"), ("binary", &[0xff, 0xfe, 0, 1]), ("json", b"{}"), ("list", b"[1,2]")]
    {
        std::fs::write(desk.path(name), bytes).expect("written");
        let run = desk.run(&format!("verify {name}")).ends(16);
        assert!(run.out().contains("No label found"), "{name}: {}", run.out());
        let json = desk.run(&format!("verify {name} --json")).ends(16).json();
        assert_eq!((json["verdict"].as_str(), json["code"].as_u64()), (Some("no-label"), Some(16)), "{name}");
    }
}

#[test]
fn a_hundred_megabytes_are_16_at_once() {
    let desk = Desk::new();
    let path = desk.path("large.label.json");
    File::create(&path).and_then(|file| file.set_len(100 * 1024 * 1024)).expect("a sparse file");
    let json = desk.run("verify large.label.json --json").ends(16).json();
    assert_eq!(json["cause"]["code"], "too-large");
}

#[test]
fn standard_input_is_read_and_quiet_is_quiet() {
    let desk = Desk::new();
    let run = desk.command().args(["verify", "-"]).write_stdin("nothing").output().expect("started");
    assert_eq!(run.status.code(), Some(16));
    let quiet = desk.command().args(["verify", "-", "--quiet"]).write_stdin("nothing").output().expect("started");
    assert_eq!((quiet.status.code(), quiet.stdout.len(), quiet.stderr.len()), (Some(16), 0, 0));
}

#[test]
fn mistakes_are_not_verdicts() {
    let desk = Desk::new();
    std::fs::write(desk.path("x"), "x").expect("written");
    desk.run("verify missing.json").ends(5);
    desk.run("verify x --at yesterday").ends(2);
    desk.run("verify x --fingerprint abc").ends(2);
    desk.run("verify x --trust missing.json").ends(5);
    desk.run("verify x --trust x").ends(7);
    let words = "abandom-ability-able-about-above-absent-absorb-abstract";
    let run = desk.run(&format!("verify x --fingerprint {words}")).ends(2);
    assert!(run.err().contains("abandom"), "{}", run.err());
    desk.run(&format!("verify x --fingerprint {}", words.replace("abandom", "abandon"))).ends(16);
}

#[test]
fn a_damaged_pin_is_reported_not_skipped() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("config/parangon/trust")).expect("made");
    std::fs::write(desk.path("config/parangon/trust/x.json"), "{}").expect("written");
    std::fs::write(desk.path("x"), "x").expect("written");
    let run = desk.run("verify x").ends(1);
    assert!(run.err().contains("x.json"), "{}", run.err());
}
