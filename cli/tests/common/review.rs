//! What tests of reviews share: ids in answers, scores as files, reviewers of an offer, bytes to search.

use std::path::{Path, PathBuf};

use parangon_protocol::catalogue::Catalogue;
use serde_json::Value;

use super::nodes::Nodes;

/// The id in an answer.
pub(crate) fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id in {value}")).to_owned()
}

/// Scores on a catalogue as a spreadsheet: every indicator at `all`, but those listed.
pub(crate) fn scores_on(catalogue: &Catalogue, all: u8, except: &[(&str, u8)]) -> String {
    let level = |code: &str| except.iter().find(|(known, _)| *known == code).map_or(all, |(_, level)| *level);
    let rows = catalogue.indicators.iter().map(|indicator| format!("{},{}\n", indicator.code, level(indicator.code.as_str())));
    std::iter::once("indicator,level\n".to_owned()).chain(rows).collect()
}

/// The same on the 31 indicators.
pub(crate) fn scores(all: u8, except: &[(&str, u8)]) -> String {
    scores_on(Catalogue::ecei(), all, except)
}

/// What the owner sees of one reviewer.
pub(crate) fn reviewer<'a>(offer: &'a Value, agency: &str) -> &'a Value {
    let reviewers = offer["reviewers"].as_array().expect("a list");
    reviewers.iter().find(|reviewer| reviewer["agency"] == agency).unwrap_or_else(|| panic!("{agency} in {offer}"))
}

/// Bytes that compress to nothing less, the same in every run.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Every file below a directory.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("listed").map(|entry| entry.expect("there").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Bytes as a text to search: what is not UTF-8 in them is not lost for what is.
pub(crate) fn searchable(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A new assessment of a cluster of oslo's, with these scores; three improvements are proven.
pub(crate) fn assessed(nodes: &Nodes, cluster: &str, catalogue: &Catalogue, scores: &str) -> String {
    let new = format!("assess new {cluster} --catalogue {} --eccp-listed --fte 1 --members 20 --member-types 2", catalogue.id);
    let assessment = id(&nodes.json(&format!("{new} --improvements 3 --data oslo --json")));
    std::fs::write(nodes.desk.path("own.csv"), scores).expect("written");
    nodes.desk.run(&format!("assess import {assessment} own.csv --yes --data oslo")).ends(0);
    assessment
}

/// Asks one reviewer and waits until it has the dossier. Returns the offer.
pub(crate) fn asked(nodes: &Nodes, assessment: &str, level: &str, reviewer: &str) -> String {
    let ask = format!("review ask {assessment} --level {level} --reviewer {reviewer} --no-comments --data oslo --json");
    let offer = id(&nodes.json(&ask));
    let show = format!("review show {offer} --data {reviewer} --json");
    nodes.until_there(&show, |entry| entry["state"] == "offered");
    nodes.desk.run(&format!("review accept {offer} --no-conflicts --data {reviewer}")).ends(0);
    nodes.until(&show, |entry| entry["next_step"] == "review the dossier");
    offer
}

/// Its review with these scores, and what the owner sees when it is there.
pub(crate) fn judged(nodes: &Nodes, offer: &str, agency: &str, scores: &str, more: &str) -> Value {
    std::fs::write(nodes.desk.path("given.csv"), scores).expect("written");
    let submit = format!("review submit {offer} given.csv --eligible yes --improvements 3 --data {agency}{more}");
    nodes.desk.run(&submit).ends(0);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| reviewer(offer, agency)["state"] == "reviewed")
}

/// The label of an offer, once it is valid at these agencies.
pub(crate) fn issued(nodes: &Nodes, offer: &str, agencies: &[(&str, &str)]) -> Value {
    let label = id(&nodes.json(&format!("label issue {offer} --data oslo --json")));
    let shown = agencies
        .iter()
        .map(|(agency, _)| nodes.until_there(&format!("label show {label} --data {agency} --json"), |label| label["state"] == "valid"));
    shown.last().expect("an agency")
}
