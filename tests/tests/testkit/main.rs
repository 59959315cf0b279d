//! The test kit for other implementers (`tests/testkit`): files with what is expected of them. It is made here, by the protocol's own
//! code from fixed seeds and times; what is expected of each file is written down by hand, from docs/protocol.md.
//!
//! `UPDATE=1 cargo test -p parangon-tests --test testkit` writes it.

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails
#![allow(missing_docs, unreachable_pub)] // the parts of one test target

#[path = "../../../protocol/tests/support/mod.rs"]
mod support;

mod carriers;
mod charter;
mod draws;
mod hostile;
mod keys;
mod kit;
mod names;
mod outcomes;
mod proofs;
mod rules;
mod swaps;
mod worked;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kit::{Expect, Kit};
use parangon_protocol::verify::{Trust, TrustFile, verify};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit")
}

fn made() -> Kit {
    let mut kit = Kit::default();
    outcomes::add(&mut kit);
    rules::add(&mut kit);
    charter::add(&mut kit);
    keys::add(&mut kit);
    draws::add(&mut kit);
    proofs::add(&mut kit);
    swaps::add(&mut kit);
    names::add(&mut kit);
    hostile::add(&mut kit);
    carriers::add(&mut kit);
    worked::add(&mut kit);
    kit
}

/// Every file below a folder, by its path from there.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// What the generator does not make: words, the checker, and what others wrote.
fn is_kept(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap();
    !name.contains('/')
        || ["LICENSE", "SOURCE.md", "blns.json"].contains(&file)
        || (name.starts_with("json/") && !name.ends_with(".expect.json"))
}

#[test]
fn the_kit_is_made_again_byte_for_byte() {
    let made = made().files;
    if std::env::var_os("UPDATE").is_some() {
        for (name, bytes) in &made {
            let path = root().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let mut found = files(&root());
    found.retain(|name, _| !is_kept(name) || made.contains_key(name));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&made), "files are missing, or nobody makes them");
    for (name, bytes) in &made {
        assert!(found[name] == *bytes, "{name} is not what is made");
    }
    let total: usize = files(&root()).values().map(Vec::len).sum();
    assert!(total < 12 << 20, "the kit has {total} bytes");
}

#[test]
fn the_verifier_finds_what_is_expected() {
    // While it is written, what was just made.
    let files = if std::env::var_os("UPDATE").is_some() { made().files } else { files(&root()) };
    let trusts: BTreeMap<&str, Trust> =
        files.iter().filter_map(|(name, bytes)| Some((name.strip_prefix("trust/")?.strip_suffix(".json")?, trust(bytes)))).collect();
    let (mut cases, mut wrong) = (0, vec![]);
    for (name, side) in files.iter().filter(|(name, _)| name.ends_with(".expect.json")) {
        let file = name.strip_suffix(".expect.json").unwrap();
        let expect: Expect = serde_json::from_slice(side).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut bytes = files[file].clone();
        if let Some(length) = expect.pad {
            let last = bytes.pop().unwrap();
            bytes.resize(length - 1, b' ');
            bytes.push(last);
        }
        let trust = expect.trust.as_deref().map_or_else(Trust::default, |name| trusts[name].clone());
        let verdict = serde_json::to_value(verify(&bytes, &trust, expect.at.parse().unwrap())).unwrap();
        let cause = verdict.get("cause").cloned().unwrap_or_default();
        let same = verdict["verdict"] == expect.verdict
            && verdict["code"] == expect.code
            && cause.get("code").and_then(Value::as_str) == expect.cause.as_deref()
            && expect.detail.iter().flat_map(|detail| detail.as_object().unwrap()).all(|(name, value)| cause.get(name) == Some(value));
        if !same {
            wrong.push(format!(
                "{file}: {} {cause}, expected {} {:?} {:?}",
                verdict["verdict"], expect.verdict, expect.cause, expect.detail
            ));
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= 200, "only {cases} cases");
}

fn trust(bytes: &[u8]) -> Trust {
    Trust::knowing([TrustFile::read(bytes).unwrap()])
}
