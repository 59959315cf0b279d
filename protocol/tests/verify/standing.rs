//! The outcomes of an authentic file: valid, expired, not yet, withdrawn, suspended, replaced.

use parangon_protocol::charter::Level;
use parangon_protocol::label::LabelId;
use parangon_protocol::record::Action;
use parangon_protocol::verify::{Cause, Outcome};

use crate::support::award::gold;
use crate::support::federation::Federation;
use crate::support::scene::{Scene, another};
use crate::support::time;
use crate::{TODAY, assert_outcome, judge, shown, today};

#[test]
fn a_label_with_everything_is_valid() {
    let (scene, id) = Scene::gold();
    let verdict = shown(&scene, id);
    assert_outcome(&verdict, Outcome::Valid, 0);
    assert_eq!((verdict.cause, verdict.sentence.as_str(), verdict.at), (None, "Authentic and valid.", time(TODAY)));
    // Four witnesses, one minute after the other; one may lie: the second smallest and the second largest count.
    assert_eq!(verdict.as_of, Some(time("2026-11-24T06:02:00Z")));
    let label = verdict.label.unwrap();
    assert_eq!(label.witnessed, Some(time("2026-11-24T06:01:00Z")));
    assert_eq!((label.id, label.level, label.demonstration), (id, Level::Gold, false));
    assert_eq!(label.issuer.as_str(), "Agency of stuttgart");
    assert_eq!(label.endorsers.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["Agency of lyon", "Agency of oslo"]);
    let federation = verdict.federation.unwrap();
    assert_eq!((federation.fingerprint, federation.pinned), (Some(*scene.federation.fingerprint()), true));
    assert_eq!(verdict.not_checked.len(), 2);
}

#[test]
fn spacing_and_key_order_are_free() {
    let (scene, id) = Scene::gold();
    // serde_json sorts by bytes and the canonical text by UTF-16; the fields of the struct come in another order.
    let text = serde_json::to_string_pretty(&scene.bundle(id)).unwrap();
    assert_ne!(text.as_bytes(), scene.text(id));
    assert_outcome(&judge(&scene.federation, text.replace('\n', "\r\n\t").as_bytes(), TODAY), Outcome::Valid, 0);
}

#[test]
fn the_dates_include_their_first_and_last_second() {
    let (mut scene, id) = Scene::gold();
    scene.state("stuttgart");
    for (at, outcome, code) in [
        ("2026-11-24T04:59:59Z", Outcome::NotYetValid, 11),
        ("2026-11-24T05:00:00Z", Outcome::Valid, 0),
        ("1970-01-01T00:00:00Z", Outcome::NotYetValid, 11),
    ] {
        assert_outcome(&judge(&scene.federation, &scene.text(id), at), outcome, code);
    }
    scene.cosign_all("2028-10-30T00:00:00Z");
    for (at, outcome, code) in [
        ("2028-10-31T23:59:59Z", Outcome::Valid, 0),
        ("2028-11-01T00:00:00Z", Outcome::Expired, 11),
        ("9999-12-31T23:59:59Z", Outcome::Expired, 11),
    ] {
        assert_outcome(&judge(&scene.federation, &scene.text(id), at), outcome, code);
    }
}

#[test]
fn an_expired_label_is_renewable_for_the_months_of_its_rule() {
    let (mut scene, id) = Scene::gold();
    scene.cosign_all("2028-10-30T00:00:00Z");
    let cause = |at: &str| judge(&scene.federation, &scene.text(id), at).cause;
    let late = |renewable| Some(Cause::Late { until: "2028-10".parse().unwrap(), renewable });
    assert_eq!(cause("2029-10-31T23:59:59Z"), late(true));
    assert_eq!(cause("2029-11-01T00:00:00Z"), late(false));
}

/// An expiry is certain whatever a newer status would say.
#[test]
fn an_old_file_of_an_expired_label_says_expired() {
    let (scene, id) = Scene::gold();
    assert_outcome(&judge(&scene.federation, &scene.text(id), "2029-01-01T00:00:00Z"), Outcome::Expired, 11);
    let mut bundle = scene.bundle(id);
    bundle.status = None;
    let text = bundle.to_text().unwrap();
    assert_outcome(&judge(&scene.federation, &text, "2029-01-01T00:00:00Z"), Outcome::Expired, 11);
    assert_outcome(&judge(&scene.federation, &text, "2026-11-24T00:00:00Z"), Outcome::NotYetValid, 11);
    assert_outcome(&judge(&scene.federation, &text, TODAY), Outcome::CannotTell, 15);
}

fn after(actions: &[Action]) -> (Scene, LabelId) {
    let (mut scene, id) = Scene::gold();
    for action in actions {
        scene.stand("stuttgart", id, *action);
    }
    scene.state("stuttgart");
    scene.cosign_all("2026-12-01T06:00:00Z");
    (scene, id)
}

#[test]
fn withdrawn_and_suspended_and_reinstated() {
    let as_of = time("2026-12-01T06:02:00Z");
    for (actions, outcome, code, cause) in [
        (&[Action::Withdraw][..], Outcome::Withdrawn, 12, Some(Cause::Withdrawn { as_of })),
        (&[Action::Suspend], Outcome::Suspended, 12, Some(Cause::Suspended { as_of })),
        (&[Action::Suspend, Action::Reinstate], Outcome::Valid, 0, None),
        (&[Action::Suspend, Action::Withdraw], Outcome::Withdrawn, 12, Some(Cause::Withdrawn { as_of })),
    ] {
        let (scene, id) = after(actions);
        let verdict = shown(&scene, id);
        assert_outcome(&verdict, outcome, code);
        assert_eq!((verdict.cause, verdict.as_of), (cause, Some(as_of)));
        assert!(verdict.label.is_some(), "what was withdrawn is shown");
    }
}

#[test]
fn a_withdrawal_needs_no_fresh_status() {
    let (scene, id) = after(&[Action::Withdraw]);
    assert_outcome(&judge(&scene.federation, &scene.text(id), "2028-01-01T00:00:00Z"), Outcome::Withdrawn, 12);
}

#[test]
fn replaced_by_a_newer_label() {
    let (mut scene, id) = Scene::gold();
    let mut newer = gold("stuttgart", "renewal", &["lyon", "porto"]);
    newer.supersedes = Some(id);
    newer.common.valid_until = "2031-10".parse().unwrap();
    scene.award(&newer);
    scene.state("stuttgart");
    scene.cosign_all("2026-12-01T06:00:00Z");
    let verdict = shown(&scene, id);
    assert_outcome(&verdict, Outcome::Replaced, 13);
    assert_eq!(verdict.cause, Some(Cause::Replaced { as_of: time("2026-12-01T06:02:00Z") }));
    let verdict = shown(&scene, newer.id());
    assert_outcome(&verdict, Outcome::Valid, 0);
    assert!(verdict.not_checked.iter().any(|what| what.contains("replaces")), "{:?}", verdict.not_checked);
}

/// Cases R5 and W12: an older status is true as of its date, and no longer.
#[test]
fn an_old_status_replayed_counts_as_of_its_date() {
    let (before, id) = Scene::gold();
    let mut after = before.clone();
    after.stand("stuttgart", id, Action::Withdraw);
    after.state("stuttgart");
    after.cosign_all("2026-12-01T06:00:00Z");
    let mut replayed = after.bundle(id);
    assert_outcome(&today(&after.federation, &replayed), Outcome::Withdrawn, 12);
    replayed.status = before.bundle(id).status;
    let verdict = today(&after.federation, &replayed);
    assert_outcome(&verdict, Outcome::Valid, 0);
    assert_eq!(verdict.as_of, Some(time("2026-11-24T06:02:00Z")), "the reader sees how old that is");
    let text = replayed.to_text().unwrap();
    let as_of = time("2026-11-24T06:02:00Z");
    assert_outcome(&judge(&after.federation, &text, "2026-12-29T06:02:00Z"), Outcome::Valid, 0);
    let verdict = judge(&after.federation, &text, "2026-12-29T06:02:01Z");
    assert_outcome(&verdict, Outcome::CannotTell, 15);
    assert_eq!(verdict.cause, Some(Cause::StaleStatus { as_of }));
}

#[test]
fn a_demonstration_says_so() {
    let federation = Federation::found(|charter| charter.demonstration = true);
    let (scene, id) = Scene::awarded_in(federation, &gold("stuttgart", "first", &["lyon", "oslo"]));
    assert!(shown(&scene, id).label.unwrap().demonstration);
}

#[test]
fn every_place_in_the_status_tree_is_found() {
    let (mut scene, id) = Scene::gold();
    let second = another();
    scene.award(&second);
    let third = {
        let mut award = another();
        award.common.offer = parangon_protocol::id::Hash::of(&[b"third"]);
        award
    };
    scene.award(&third);
    scene.stand("stuttgart", second.id(), Action::Suspend);
    scene.state("stuttgart");
    scene.cosign_all("2026-12-01T06:00:00Z");
    assert_outcome(&shown(&scene, id), Outcome::Valid, 0);
    assert_outcome(&shown(&scene, second.id()), Outcome::Suspended, 12);
    assert_outcome(&shown(&scene, third.id()), Outcome::Valid, 0);
}
