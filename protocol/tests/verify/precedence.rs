//! Which outcome wins when several apply, as `verify/steps.rs` promises.

use parangon_protocol::check::Flaw;
use parangon_protocol::label::LabelId;
use parangon_protocol::record::Action;
use parangon_protocol::verify::{Cause, Outcome, Trust, verify};

use crate::support::award::gold;
use crate::support::federation::Federation;
use crate::support::scene::{Scene, WITNESSED};
use crate::support::time;
use crate::{TODAY, assert_outcome, judge};

const EXPIRED: &str = "2029-01-01T00:00:00Z";

/// Withdrawn in a status that everybody saw.
fn withdrawn() -> (Scene, LabelId) {
    let (mut scene, id) = Scene::gold();
    scene.stand("stuttgart", id, Action::Withdraw);
    scene.state("stuttgart");
    scene.cosign_all("2026-12-01T06:00:00Z");
    (scene, id)
}

/// Without the foreign endorser that it needs.
fn against_the_rules() -> (Scene, LabelId) {
    Scene::awarded(&gold("stuttgart", "first", &["oslo"]))
}

#[test]
fn no_label_comes_before_everything() {
    let nobody = Trust::new([*Federation::found(|charter| charter.demonstration = true).fingerprint()]);
    for trust in [Trust::default(), nobody] {
        assert_outcome(&verify(b"{}", &trust, time(EXPIRED)), Outcome::NoLabel, 16);
    }
}

#[test]
fn a_charter_that_does_not_hold_comes_before_whose_it_is() {
    let (scene, id) = Scene::gold();
    let other = Trust::new([*Federation::found(|charter| charter.demonstration = true).fingerprint()]);
    let mut bundle = scene.bundle(id);
    bundle.founding.signatures.pop();
    let text = bundle.to_text().unwrap();
    for trust in [Trust::default(), other] {
        assert_outcome(&verify(&text, &trust, time(TODAY)), Outcome::NotAuthentic, 10);
    }
}

#[test]
fn a_foreign_federation_comes_before_its_content() {
    let other = Trust::new([*Federation::found(|charter| charter.demonstration = true).fingerprint()]);
    let (scene, id) = against_the_rules();
    assert_outcome(&verify(&scene.text(id), &other, time(EXPIRED)), Outcome::UnknownSigner, 14);
    let (scene, id) = Scene::gold();
    let mut altered = scene.bundle(id);
    altered.credential = serde_json::json!({});
    assert_outcome(&verify(&altered.to_text().unwrap(), &other, time(TODAY)), Outcome::UnknownSigner, 14);
}

#[test]
fn not_authentic_comes_before_not_pinned_and_that_before_the_rest() {
    let (scene, id) = Scene::gold();
    let mut altered = scene.bundle(id);
    altered.credential = serde_json::json!({});
    let verdict = verify(&altered.to_text().unwrap(), &Trust::default(), time(TODAY));
    assert_outcome(&verdict, Outcome::NotAuthentic, 10);
    for (scene, id) in [withdrawn(), against_the_rules()] {
        let verdict = verify(&scene.text(id), &Trust::default(), time(EXPIRED));
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert!(matches!(verdict.cause, Some(Cause::Unpinned { .. })), "{:?}", verdict.cause);
    }
}

#[test]
fn rules_come_before_dates_and_quorum() {
    let (mut scene, id) = against_the_rules();
    scene.cosign("stuttgart", &[], WITNESSED);
    let verdict = judge(&scene.federation, &scene.text(id), EXPIRED);
    assert_outcome(&verdict, Outcome::NotEntitled, 17);
    assert_eq!(verdict.cause, Some(Cause::Rule { flaw: Flaw::Panel }));
}

#[test]
fn the_quorum_comes_before_withdrawal_and_dates() {
    let (mut scene, id) = withdrawn();
    scene.cosign("stuttgart", &["lyon", "oslo"], WITNESSED);
    assert_outcome(&judge(&scene.federation, &scene.text(id), EXPIRED), Outcome::CannotTell, 15);
}

#[test]
fn withdrawal_comes_before_expiry_and_before_not_yet() {
    let (scene, id) = withdrawn();
    for at in [EXPIRED, TODAY, "2026-11-01T00:00:00Z"] {
        assert_outcome(&judge(&scene.federation, &scene.text(id), at), Outcome::Withdrawn, 12);
    }
}

#[test]
fn expiry_comes_before_an_old_or_missing_status() {
    let (scene, id) = Scene::gold();
    assert_outcome(&judge(&scene.federation, &scene.text(id), "2028-10-31T23:59:59Z"), Outcome::CannotTell, 15);
    assert_outcome(&judge(&scene.federation, &scene.text(id), "2028-11-01T00:00:00Z"), Outcome::Expired, 11);
}
