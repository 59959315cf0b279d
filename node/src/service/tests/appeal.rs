//! A level that is not awarded, and an appeal: both stay with the owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parangon_protocol::id::LogId;
use parangon_protocol::time::Timestamp;

use super::decision::{TWO_PEOPLE, user};
use super::support::{Agency, ONE_PERSON, THREE, federation_of, level, until};
use crate::clock::{Clock, ManualClock};
use crate::service::offers::{self, Appeal, OfferView, Ruling, Stand};
use crate::service::panel::{self, Wanted};
use crate::service::{Context, Error, Policy, assessments, inbox};

const CANARY: &str = "Sumpfrohrsänger";

const MONTH: u64 = 31 * 86_400;

async fn three(policy: Policy) -> (Vec<Agency>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000).expect("in range")));
    let shared = clock.clone();
    (federation_of(&THREE, move || shared.clone() as Arc<dyn Clock>, policy).await, clock)
}

async fn refuse(owner: &Agency, offer: &str) -> Result<OfferView, Error> {
    offers::refuse(&owner.context, offer).await
}

async fn appeal(owner: &Agency, offer: &str, note: &str) -> Result<OfferView, Error> {
    let (offer, appeal) = (offer.to_owned(), Appeal { note: note.to_owned() });
    owner.context.run(move |context| offers::appeal(context, &offer, &appeal)).await
}

async fn rule(owner: &Agency, offer: &str, ruling: Ruling, uid: u32) -> Result<OfferView, Error> {
    let offer = offer.to_owned();
    owner.context.run(move |context| offers::rule(context, &offer, ruling, &user(uid))).await
}

/// Every private item in clear, by kind and id.
fn items(context: &Context) -> BTreeMap<(u8, String), Vec<u8>> {
    let tx = context.store().read().expect("a snapshot");
    let of = |kind: u8| tx.private_ids(kind, None, 10_000).expect("readable").into_iter().map(move |id| (kind, id));
    let row = |(kind, id): (u8, String)| {
        let bytes = tx.private(kind, &id).expect("readable").expect("there").to_vec();
        ((kind, id), bytes)
    };
    (0..=u8::MAX).flat_map(of).map(row).collect()
}

/// How many records each log has here.
fn logs(context: &Context, agencies: &[Agency]) -> Vec<u64> {
    let tx = context.store().read().expect("a snapshot");
    agencies.iter().map(|agency| tx.size(&LogId::first(agency.context.me().clone())).expect("readable")).collect()
}

/// An offer by stuttgart that lyon reviewed and does not recommend.
async fn unmet(owner: &Agency, reviewer: &Agency, others: &[&Agency]) -> (String, String) {
    let assessment = owner.assessed("BioRegio", 4).await;
    let asked: Vec<&Agency> = std::iter::once(reviewer).chain(others.iter().copied()).collect();
    let offer = owner.offer(&assessment, "SILVER", &asked).await.expect("an offer").id;
    assert_eq!(refuse(owner, &offer).await.expect_err("no review").code(), "PGN-0601");
    assert!(!reviewer.reviews(&offer, level(1)).await.recommended);
    owner.offer_until(&offer, "a review", |offer| offer.reviewers.iter().any(|r| r.agency == reviewer.name() && r.points.is_some())).await;
    (assessment, offer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_its_appeal_leave_nothing_elsewhere_but_receipts() {
    let (agencies, clock) = three(TWO_PEOPLE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let offer = stuttgart.offer(&assessment, "SILVER", &[lyon, berlin]).await.expect("an offer").id;
    assert!(!lyon.reviews(&offer, level(1)).await.recommended);
    berlin.accepts(&offer).await;
    let reviewed = |view: &OfferView| view.reviewers.iter().any(|r| r.agency == "lyon" && format!("{:?}", r.state) == "Reviewed");
    stuttgart.offer_until(&offer, "lyon's review", reviewed).await;
    let early = refuse(stuttgart, &offer).await.expect_err("berlin is at work");
    assert!(early.to_string().contains("waiting for berlin"), "{early}");
    clock.advance(MONTH);

    let before: Vec<_> = agencies.iter().map(|agency| (logs(&agency.context, &agencies), items(&agency.context))).collect();
    let refused = refuse(stuttgart, &offer).await.expect("refused");
    let verdict = refused.verdict.as_ref().expect("a verdict");
    assert_eq!((refused.state, verdict.state, verdict.since), ("refused", Stand::Refused, clock.now()));
    assert!(!refused.unmet.is_empty() && !refused.ready && verdict.next_step.contains("appeal"), "{refused:?}");
    stuttgart
        .offer_until(&offer, "berlin's receipt", |view| view.reviewers.iter().all(|r| r.copy.as_ref().is_none_or(|c| c.deleted.is_some())))
        .await;
    for other in [berlin, lyon] {
        let inbox = until("the end", || async {
            let show = offer.clone();
            let view = other.context.run(move |context| inbox::show(context, &show)).await.ok()?;
            Some(view).filter(|view| format!("{:?}", view.state) == "Withdrawn")
        });
        assert_eq!(inbox.await.next_step, "nothing", "what any offer that is over says");
    }

    appeal(stuttgart, &offer, CANARY).await.expect("an appeal");
    rule(stuttgart, &offer, Ruling::Uphold, 1).await.expect("a decision");
    rule(stuttgart, &offer, Ruling::Uphold, 2).await.expect("upheld");
    for (agency, (logs_before, items_before)) in agencies.iter().zip(before) {
        assert_eq!(logs(&agency.context, &agencies), logs_before, "nothing in a log, seen by {}", agency.name());
        let after = items(&agency.context);
        // Of what it deleted a node notes that free pages are still to be cleared (28); that holds nothing else.
        let new: BTreeSet<_> = after.keys().filter(|place| place.0 != 28 && !items_before.contains_key(*place)).collect();
        assert!(new.is_empty(), "{}: {new:?}", agency.name());
        let canary = after.values().any(|bytes| String::from_utf8_lossy(bytes).contains(CANARY));
        assert_eq!(canary, agency.name() == "stuttgart", "{}", agency.name());
    }
    let gone = items(&berlin.context).keys().filter(|(kind, _)| matches!(kind, 6 | 7)).count();
    assert_eq!(gone, 0, "berlin has neither the dossier nor its key");
    assert_eq!(stuttgart.context.store().read().expect("a snapshot").outbox_counts().expect("readable").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upheld_appeal_brings_the_assessment_to_others() {
    let (agencies, _) = three(TWO_PEOPLE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let (assessment, offer) = unmet(stuttgart, lyon, &[]).await;
    assert_eq!(appeal(stuttgart, &offer, CANARY).await.expect_err("nothing is refused").code(), "PGN-0601");
    refuse(stuttgart, &offer).await.expect("refused");
    assert_eq!(refuse(stuttgart, &offer).await.expect_err("once").code(), "PGN-0601");
    for note in ["", " \n ", &"x".repeat(8_001)] {
        assert_eq!(appeal(stuttgart, &offer, note).await.expect_err("no note").code(), "PGN-0702");
    }
    let appealed = appeal(stuttgart, &offer, "Line one\nline two").await.expect("an appeal");
    let verdict = appealed.verdict.expect("a verdict");
    assert_eq!((appealed.state, verdict.note.as_deref()), ("appealed", Some("Line one line two")));
    let listed = stuttgart.context.run(|context| offers::list(context, None, 10)).await.expect("a list");
    assert_eq!(listed[0].verdict.as_ref().map(|verdict| verdict.note.clone()), Some(None), "lists do not say what the cluster says");

    let first = rule(stuttgart, &offer, Ruling::Uphold, 1).await.expect("a decision");
    assert_eq!((first.state, first.decision.as_ref().map(|d| d.by.as_str())), ("appealed", Some("uid 1")));
    assert_eq!(rule(stuttgart, &offer, Ruling::Uphold, 1).await.expect_err("the same person").code(), "PGN-0870");
    let otherwise = rule(stuttgart, &offer, Ruling::Dismiss, 2).await.expect_err("decided otherwise");
    assert!(otherwise.to_string().contains("to uphold the appeal"), "{otherwise}");
    offers::take_back(&stuttgart.context, &offer).await.expect("taken back");
    rule(stuttgart, &offer, Ruling::Uphold, 2).await.expect("a decision");
    let upheld = rule(stuttgart, &offer, Ruling::Uphold, 1).await.expect("upheld");
    assert_eq!((upheld.state, upheld.decision.is_none()), ("upheld", true));

    let id = assessment.clone();
    let thawed = stuttgart.context.run(move |context| assessments::show(context, &id)).await.expect("there");
    assert_eq!((thawed.state, thawed.barred), ("draft", vec!["lyon".to_owned()]));
    let wanted = Wanted { level: "SILVER".into(), assessment: Some(assessment.clone()), ..Wanted::default() };
    let eligible = stuttgart.context.run(move |context| panel::eligible(context, &wanted)).await.expect("a list");
    let of = |agency: &str| eligible.iter().find(|view| view.agency == agency).expect("a member");
    assert!(!of("lyon").eligible && of("lyon").reason.as_deref().is_some_and(|reason| reason.contains("appeal")));
    assert!(of("berlin").eligible);
    assert_eq!(stuttgart.offer(&assessment, "SILVER", &[lyon]).await.expect_err("it judged").code(), "PGN-0872");
    let again = stuttgart.offer(&assessment, "SILVER", &[berlin]).await.expect("another offer");
    assert_ne!(again.id, offer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_appeal_is_the_end() {
    let (agencies, _) = three(ONE_PERSON).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let (assessment, offer) = unmet(stuttgart, lyon, &[]).await;
    refuse(stuttgart, &offer).await.expect("refused");
    assert_eq!(rule(stuttgart, &offer, Ruling::Dismiss, 1).await.expect_err("no appeal").code(), "PGN-0601");
    appeal(stuttgart, &offer, "no").await.expect("an appeal");
    let end = rule(stuttgart, &offer, Ruling::Dismiss, 1).await.expect("dismissed, by one person");
    assert_eq!((end.state, end.verdict.map(|verdict| verdict.state)), ("refused", Some(Stand::Dismissed)));
    let again = appeal(stuttgart, &offer, "no").await.expect_err("for good");
    assert!(again.to_string().contains("for good"), "{again}");
    assert_eq!(rule(stuttgart, &offer, Ruling::Uphold, 1).await.expect_err("over").code(), "PGN-0601");
    assert_eq!(stuttgart.issues(&offer).await.expect_err("over").code(), "PGN-0601");
    let over = offers::withdraw(&stuttgart.context, &offer).await;
    assert_eq!(over.expect_err("over").code(), "PGN-0601");
    assert_eq!(stuttgart.offer(&assessment, "BRONZE", &[lyon]).await.expect_err("frozen").code(), "PGN-0601");
    let (states, _) = stuttgart.context.run(offers::tally).await.expect("counted");
    assert_eq!(states, BTreeMap::from([("refused", 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_reviews_carry_is_not_refused() {
    let (agencies, _) = three(ONE_PERSON).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let offer = stuttgart.offer(&assessment, "BRONZE", &[lyon]).await.expect("an offer").id;
    assert!(lyon.reviews(&offer, level(4)).await.recommended);
    stuttgart.offer_until(&offer, "a review", |offer| offer.ready).await;
    let refused = refuse(stuttgart, &offer).await.expect_err("it is ready");
    assert!(refused.to_string().contains("carry the level"), "{refused}");
    stuttgart.issues(&offer).await.expect("a label");
}
