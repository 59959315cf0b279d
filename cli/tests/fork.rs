//! `parangon verify` on evidence that a log told two stories: explained in plain words, with exit codes of its own.

mod common;

use common::Desk;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{
    Chain, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, Level, Member, Right, demo_scheme,
};
use parangon_protocol::id::{Hash, LogId, witness_name};
use parangon_protocol::keys::{KeySet, SecretKey, SignedKeySet};
use parangon_protocol::label::bundle::PlacedKeySet;
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::{Checkpoint, ForkEvidence, ForkProof, SignedCheckpoint};
use parangon_protocol::time::{Month, Timestamp};
use parangon_protocol::verify::fork::ForkFile;

const MEMBERS: [&str; 3] = ["lyon", "oslo", "porto"];

fn key(role: &str, agency: &str) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[role.as_bytes(), agency.as_bytes()]).0)
}

fn chain(name: &str) -> Chain {
    let member = |id: &str| Member {
        id: id.parse().expect("a slug"),
        name: format!("Agency {id}").parse().expect("a name"),
        country: "NO".parse().expect("a country"),
        parent: None,
        rights: vec![Right { scheme: demo_scheme().id, levels: vec![Level::Bronze] }],
        identity: key("identity", id).public(),
        successor: key("successor", id).public().hash(),
        contacts: vec![],
    };
    let charter = Charter {
        version: 1,
        previous: None,
        name: name.parse().expect("a name"),
        created: Timestamp::default(),
        review_by: Month::new(9000, 1).expect("a month"),
        demonstration: true,
        members: MEMBERS.map(member).to_vec(),
        schemes: vec![demo_scheme()],
        catalogues: vec![Catalogue::ecei().reference()],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(3, 1),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    };
    let sign = |id: &str| FoundingSignature {
        agency: id.parse().expect("a slug"),
        signature: charter.sign(&key("identity", id)).expect("a text"),
    };
    let signatures = MEMBERS.map(sign).to_vec();
    Chain::verify(Founding { charter, signatures }).expect("signed by all")
}

fn keyset(chain: &Chain, id: &str) -> SignedKeySet {
    let set = KeySet {
        agency: id.parse().expect("a slug"),
        number: 1,
        log: key("log", id).public(),
        witness: key("witness", id).public(),
        issue: key("issue", id).public(),
        sealing: format!("age1{}", "q".repeat(58)),
        transport: key("transport", id).public(),
    };
    set.sign(chain.fingerprint(), &key("identity", id)).expect("distinct keys")
}

/// Oslo signed two heads of twelve records; the others cosigned one of them.
fn evidence(chain: &Chain) -> Vec<u8> {
    let origin = LogId::first("oslo".parse().expect("a slug")).origin(chain.fingerprint());
    let head = |story: &[u8], witnesses: &[&str]| {
        let head = Checkpoint { origin: origin.clone(), size: 12, root: Hash::of(&[story]) };
        let mut signed = SignedCheckpoint::sign(&head, &key("log", "oslo")).expect("a checkpoint");
        let line = |id: &&str| {
            let name = witness_name(chain.fingerprint(), &id.parse().expect("a slug"));
            cosign(&head, &key("witness", id), &name, Timestamp::from_seconds(1_800_000_000).expect("a date"))
        };
        signed.add(witnesses.iter().map(line)).expect("lines");
        signed.to_string()
    };
    let (first, second) = (head(b"one", &["lyon", "porto"]), head(b"two", &[]));
    let proof = ForkProof { first: first.clone(), second, evidence: ForkEvidence::SameSize };
    let witnesses = ["lyon", "porto"].map(|id| PlacedKeySet { epoch: None, index: 0, keyset: keyset(chain, id) }).to_vec();
    ForkFile::new(chain, keyset(chain, "oslo"), witnesses, &proof, Some(&first)).to_text().expect("a text")
}

#[test]
fn evidence_is_explained_and_never_ends_with_0() {
    let desk = Desk::new();
    let chain = chain("Net");
    std::fs::write(desk.path("oslo.fork.json"), evidence(&chain)).expect("written");
    let unpinned = desk.run("verify oslo.fork.json").ends(15).out();
    assert!(unpinned.contains("have not pinned") && unpinned.contains(&chain.fingerprint().words()), "{unpinned}");

    let pinned = format!("verify oslo.fork.json --fingerprint {}", chain.fingerprint());
    let out = desk.run(&pinned).ends(15).out();
    for words in [
        "The log of oslo told two stories: it signed two different heads of 12 records.",
        "Agency oslo (oslo)",
        "cosigned by    lyon, porto, a quorum",
        "nobody that the file knows of",
        "the first 12 records",
        "Labels under it stay valid",
        "Next: ask oslo",
    ] {
        assert!(out.contains(words), "{words:?} in {out}");
    }
    let json = desk.run(&format!("{pinned} --json")).ends(15).json();
    assert_eq!((json["verdict"].as_str(), json["code"].as_u64(), json["agency"].as_str()), (Some("forked"), Some(15), Some("oslo")));
    assert_eq!((json["federation"]["pinned"].as_bool(), json["difference"]["kind"].as_str()), (Some(true), Some("same-size")));
    assert_eq!((json["first"]["size"].as_u64(), json["first"]["quorum"].as_bool()), (Some(12), Some(true)));
    assert_eq!(json["settled"]["root"], json["first"]["root"]);
    let words = format!("verify oslo.fork.json --fingerprint {} --json", chain.fingerprint().words());
    assert_eq!(desk.run(&words).ends(15).json()["federation"]["pinned"], true);
    let quiet = desk.run("verify oslo.fork.json --quiet").ends(15);
    assert_eq!((quiet.out().as_str(), quiet.err().as_str()), ("", ""));
}

#[test]
fn what_proves_nothing_accuses_nobody() {
    let desk = Desk::new();
    let chain = chain("Net");
    let text = String::from_utf8(evidence(&chain)).expect("text");
    let check = |name: &str, text: &str, code: i32, verdict: &str| {
        std::fs::write(desk.path(name), text).expect("written");
        let out = desk.run(&format!("verify {name}")).ends(code).out();
        assert!(out.contains("proves nothing") && !out.contains("told two stories") && !out.contains("Agency oslo"), "{out}");
        let json = desk.run(&format!("verify {name} --json")).ends(code).json();
        assert_eq!((json["verdict"].as_str(), json["code"].as_i64()), (Some(verdict), Some(i64::from(code))), "{json}");
        assert!(json.get("agency").is_none(), "{json}");
    };
    check("altered.fork.json", &text.replacen("\"12\"", "\"13\"", 1), 10, "not-authentic");
    check("cut.fork.json", &text[..text.len() - 9], 10, "not-authentic");
    check("newer.fork.json", &text.replace("\"v\":1}", "\"v\":2}").replace("\"v\":1,", "\"v\":2,"), 15, "cannot-tell");

    std::fs::write(desk.path("oslo.fork.json"), &text).expect("written");
    let other = self::chain("Another");
    let stranger = desk.run(&format!("verify oslo.fork.json --fingerprint {}", other.fingerprint())).ends(14).out();
    assert!(!stranger.contains("told two stories"), "{stranger}");
    let spaces = format!("{text}{}", " ".repeat(17 * 1024 * 1024));
    std::fs::write(desk.path("large.fork.json"), spaces).expect("written");
    desk.run("verify large.fork.json").ends(16);
    desk.run("verify missing.fork.json").ends(5);
}
