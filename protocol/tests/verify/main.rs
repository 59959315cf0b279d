//! The verifier against a small federation: every outcome, every altered byte, every part in the wrong place.

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

#[path = "../support/mod.rs"]
mod support;

mod carriers;
mod damage;
mod doubt;
mod flow;
mod fork;
mod keys;
mod objections;
mod precedence;
mod proofs;
mod rules;
mod standing;
mod swaps;
mod years;

use parangon_protocol::label::LabelId;
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::verify::{Cause, Outcome, Trust, Verdict, verify};
use support::award::Award;
use support::federation::Federation;
use support::scene::{Scene, WITNESSED};
use support::time;

/// A day at which the label of [`Scene::gold`] is valid.
const TODAY: &str = "2026-12-01T12:00:00Z";

fn trust(federation: &Federation) -> Trust {
    Trust::new([*federation.fingerprint()])
}

/// The verdict of a reader that trusts `federation`.
fn judge(federation: &Federation, file: &[u8], at: &str) -> Verdict {
    verify(file, &trust(federation), time(at))
}

fn today(federation: &Federation, bundle: &Bundle) -> Verdict {
    judge(federation, &bundle.to_text().unwrap(), TODAY)
}

/// The verdict today on the label's file.
fn shown(scene: &Scene, label: LabelId) -> Verdict {
    today(&scene.federation, &scene.bundle(label))
}

#[track_caller]
fn assert_outcome(verdict: &Verdict, outcome: Outcome, code: u8) {
    assert_eq!((verdict.verdict, verdict.code), (outcome, code), "{}", verdict.sentence);
}

/// Awards, states and has everything witnessed: the log had not adopted the charter version that the label names.
#[track_caller]
fn assert_not_adopted(mut scene: Scene, award: &Award) {
    scene.award(award);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let verdict = shown(&scene, award.id());
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::NotAdopted));
}

/// Not authentic, because of this part, and silent about the content.
#[track_caller]
fn assert_altered(verdict: &Verdict, part: &'static str) {
    assert_outcome(verdict, Outcome::NotAuthentic, 10);
    assert_eq!(verdict.cause, Some(Cause::Mismatch { part }));
    assert_silent(verdict);
}

/// Nothing that the file says may be shown.
#[track_caller]
fn assert_silent(verdict: &Verdict) {
    let json = serde_json::to_value(verdict).unwrap();
    assert_eq!((json.get("label"), json.get("federation"), json.get("as_of")), (None, None, None), "{json}");
    let text = json.to_string();
    for content in ["Céréales", "Agency of", "Federation of", "stuttgart", "lyon", "GOLD", "2028-10", "Food industry"] {
        assert!(!text.contains(content), "{content} in {text}");
    }
}
