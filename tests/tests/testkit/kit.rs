//! What the kit consists of, and how a case is put down: the file, and beside it what is expected of it.

use std::collections::BTreeMap;

use parangon_protocol::charter::Chain;
use parangon_protocol::label::bundle::{Bundle, PlacedKeySet};
use parangon_protocol::verify::{Known, Outcome, TrustFile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::federation::Federation;

/// A day at which the usual label is valid.
pub const TODAY: &str = "2026-12-01T12:00:00Z";

/// What a checker of signatures, or of inclusion, finds (README.md of the kit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Facet {
    Holds,
    Fails,
    None,
}

/// The side file `NAME.expect.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub about: String,
    pub at: String,
    pub trust: Option<String>,
    pub verdict: String,
    pub code: u8,
    pub cause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    pub proof: Facet,
    pub inclusion: Facet,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<usize>,
}

/// Every file by its path in the kit.
#[derive(Debug, Default)]
pub struct Kit {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Kit {
    fn put(&mut self, path: String, bytes: Vec<u8>) {
        let before = self.files.insert(path.clone(), bytes);
        assert!(before.is_none(), "{path} stands twice");
    }

    /// Adds a file that is no case.
    pub fn text(&mut self, path: &str, text: Vec<u8>) {
        self.put(path.to_owned(), text);
    }

    /// Adds a trust file under this name, without key sets.
    pub fn trust(&mut self, name: &str, federation: &Federation) {
        self.trust_with(name, federation, vec![]);
    }

    /// The same with key sets.
    pub fn trust_with(&mut self, name: &str, federation: &Federation, keysets: Vec<PlacedKeySet>) {
        let known = Known::new(Chain::clone(&federation.chain), keysets).unwrap();
        self.put(format!("trust/{name}.json"), TrustFile::of(&known).to_text().unwrap());
    }

    pub fn family<'k>(&'k mut self, name: &'static str, trust: &'static str) -> Family<'k> {
        Family { kit: self, name, trust }
    }
}

/// Cases of one kind, most of which are judged by the same trust file.
pub struct Family<'k> {
    kit: &'k mut Kit,
    name: &'static str,
    trust: &'static str,
}

impl Family<'_> {
    /// A case: its name, with `.label.json` behind it where it has no extension, what it shows, and its bytes.
    pub fn file(&mut self, name: impl Into<String>, about: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Case<'_> {
        let mut name = name.into();
        if !name.contains('.') {
            name.push_str(".label.json");
        }
        Case {
            path: format!("{}/{name}", self.name),
            bytes: bytes.into(),
            expect: Expect {
                about: about.into(),
                at: TODAY.to_owned(),
                trust: Some(self.trust.to_owned()),
                verdict: String::new(),
                code: 0,
                cause: None,
                detail: None,
                proof: Facet::Holds,
                inclusion: Facet::Holds,
                pad: None,
            },
            kit: self.kit,
        }
    }

    pub fn bundle(&mut self, name: impl Into<String>, about: impl Into<String>, bundle: &Bundle) -> Case<'_> {
        self.file(name, about, bundle.to_text().unwrap())
    }
}

/// A case that waits for what is expected of it; without [`Case::valid`] or [`Case::stops`] at its end it is none.
#[must_use]
pub struct Case<'k> {
    kit: &'k mut Kit,
    path: String,
    bytes: Vec<u8>,
    expect: Expect,
}

impl Case<'_> {
    pub fn at(mut self, at: &str) -> Self {
        self.expect.at = at.to_owned();
        self
    }

    pub fn by(mut self, trust: &str) -> Self {
        self.expect.trust = Some(trust.to_owned());
        self
    }

    pub fn unpinned(mut self) -> Self {
        self.expect.trust = None;
        self
    }

    pub fn proof(mut self, proof: Facet) -> Self {
        self.expect.proof = proof;
        self
    }

    pub fn inclusion(mut self, inclusion: Facet) -> Self {
        self.expect.inclusion = inclusion;
        self
    }

    /// A credential or a code: no record is in it.
    pub fn alone(self) -> Self {
        self.inclusion(Facet::None)
    }

    /// Neither can be looked at.
    pub fn unreadable(self) -> Self {
        self.proof(Facet::None).inclusion(Facet::None)
    }

    /// Spaces are put before its last byte, up to this many bytes, before it is judged.
    pub fn pad(mut self, bytes: usize) -> Self {
        self.expect.pad = Some(bytes);
        self
    }

    pub fn valid(self) {
        self.done(Outcome::Valid);
    }

    /// Not valid: `detail` holds members of the cause besides its code.
    pub fn stops(mut self, outcome: Outcome, cause: &str, detail: Value) {
        self.expect.cause = Some(cause.to_owned());
        self.expect.detail = (detail != json!({})).then_some(detail);
        self.done(outcome);
    }

    pub fn altered(self, part: &str) {
        self.stops(Outcome::NotAuthentic, "mismatch", json!({ "part": part }));
    }

    pub fn rule(self, flaw: &str) {
        self.stops(Outcome::NotEntitled, "rule", json!({ "flaw": flaw }));
    }

    pub fn unsure(self, cause: &str, detail: Value) {
        self.stops(Outcome::CannotTell, cause, detail);
    }

    /// Damaged for whoever reads all of it; a checker of signatures and logs overlooks what is wrong.
    pub fn refused(self) {
        self.stops(Outcome::NotAuthentic, "damaged", json!({}));
    }

    pub fn damaged(self) {
        self.unreadable().refused();
    }

    pub fn no_label(self) {
        self.unreadable().stops(Outcome::NoLabel, "not-a-label", json!({}));
    }

    fn done(mut self, outcome: Outcome) {
        let Value::String(word) = json!(outcome) else { panic!("an outcome is a word") };
        (self.expect.verdict, self.expect.code) = (word, outcome.code());
        let mut text = serde_json::to_vec_pretty(&self.expect).unwrap();
        text.push(b'\n');
        self.kit.put(format!("{}.expect.json", self.path), text);
        self.kit.put(self.path, self.bytes);
    }
}
