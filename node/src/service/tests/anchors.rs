//! What is said in private is dated by the day's anchor, and deadlines go by that (protocol, "Anchors"; case R11).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parangon_protocol::anchor::DAY_SECONDS;
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::review::State;
use parangon_protocol::time::Timestamp;

use super::support::{Agency, THREE, Who, federation_at, level, until};
use crate::clock::{Clock, ManualClock};
use crate::service::anchors;
use crate::service::inbox::{self, ReviewInput};
use crate::service::offers::{self, NewOffer, OfferView};

/// Enough for a quorum without one witness.
const FIVE: [Who; 5] =
    [("stuttgart", "DE", None), ("lyon", "FR", None), ("berlin", "DE", None), ("porto", "PT", None), ("wien", "AT", None)];

fn midday() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().expect("time")
}

/// The anchors in our own log.
fn anchors_of(agency: &Agency) -> Vec<Anchor> {
    let tx = agency.context.store().read().expect("a snapshot");
    let log = agency.context.own_log();
    let size = tx.size(&log).expect("readable");
    let records = (0..size).filter_map(|index| Record::read(&tx.record(&log, index).expect("readable").expect("held")).ok());
    records.filter_map(|record| if let Record::Anchor(anchor) = record { Some(anchor) } else { None }).collect()
}

async fn rounds(agencies: &[Agency]) {
    for agency in agencies {
        anchors::round(&agency.context).await.expect("a round");
    }
}

async fn offers(owner: &Agency, reviewer: &Agency, due: Timestamp) -> OfferView {
    let new = NewOffer {
        assessment: owner.assessed("With a draft", 4).await,
        scheme: None,
        level: "bronze".to_owned(),
        reviewers: vec![reviewer.name()],
        due: Some(due),
        languages: vec!["de".into()],
        comments: Some(true),
    };
    owner.context.run(move |context| offers::create(context, new)).await.expect("an offer")
}

async fn drafts(reviewer: &Agency, offer: &str) {
    let input = ReviewInput { scores: level(4), improvements: Some(3), eligible: Some(true), ..ReviewInput::default() };
    let offer = offer.to_owned();
    reviewer.context.run(move |context| inbox::submit(context, &offer, &input)).await.expect("a draft");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_has_one_anchor_also_when_nothing_happened() {
    let clock = Arc::new(ManualClock::new(midday()));
    let agencies = federation_at(&THREE, || clock.clone() as Arc<dyn Clock>).await;
    rounds(&agencies).await;
    assert_eq!(anchors_of(&agencies[0]), vec![], "a node counts whole days");
    for day in 1..4u64 {
        clock.set(midday().plus(day * DAY_SECONDS));
        for _ in 0..3 {
            rounds(&agencies).await;
        }
    }
    for agency in &agencies {
        let days: Vec<_> = anchors_of(agency).iter().map(|anchor| anchor.day.to_string()).collect();
        assert_eq!(days, ["2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"], "{}", agency.name());
    }
    // A week away: one anchor for all of it.
    clock.set(midday().plus(10 * DAY_SECONDS));
    rounds(&agencies).await;
    assert_eq!(anchors_of(&agencies[0]).last().expect("one").day.to_string(), "2026-12-09T00:00:00Z");
    assert_eq!(anchors_of(&agencies[0]).len(), 4);
}

/// A clock that ran ten years ahead for a moment stops nothing when it is right again.
#[tokio::test(flavor = "multi_thread")]
async fn d8_a_clock_that_ran_ahead_does_not_end_the_anchors() {
    let clocks = [0; 3].map(|_| Arc::new(ManualClock::new(midday())));
    let next = AtomicUsize::new(0);
    let agencies = federation_at(&THREE, || clocks[next.fetch_add(1, Ordering::Relaxed)].clone() as Arc<dyn Clock>).await;
    rounds(&agencies[..1]).await;
    for day in [1, 3_650, 2, 3] {
        clocks[0].set(midday().plus(day * DAY_SECONDS));
        rounds(&agencies[..1]).await;
    }
    let days: Vec<_> = anchors_of(&agencies[0]).iter().map(|anchor| anchor.day.to_string()).collect();
    assert_eq!(days, ["2026-11-30T00:00:00Z", "2036-11-26T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"]);
}

/// The reviewer was cut off when the due date and the two weeks for a response passed. All that it did in time counts as done in time.
#[tokio::test(flavor = "multi_thread")]
async fn r11_a_deadline_goes_by_the_senders_witnessed_time() {
    let clock = Arc::new(ManualClock::new(midday()));
    let agencies = federation_at(&FIVE, || clock.clone() as Arc<dyn Clock>).await;
    let [berlin, lyon, _, stuttgart, _] = &agencies[..] else { panic!("five") };
    rounds(&agencies).await;
    let due = midday().plus(3 * DAY_SECONDS);
    let offer = offers(stuttgart, lyon, due).await.id;
    lyon.accepts(&offer).await;
    // Only these two cannot hear each other; lyon's log still finds enough witnesses.
    clock.set(due);
    lyon.part(stuttgart).await;
    drafts(lyon, &offer).await;
    clock.set(due.plus(DAY_SECONDS / 2));
    rounds(&agencies).await;
    let is_final = |agency: &Agency| {
        let overview = agency.context.engine().overview();
        overview.logs.get(&lyon.context.own_log()).is_some_and(|log| log.size == log.final_size)
    };
    until("the anchor is final", || async { (is_final(lyon) && is_final(berlin)).then_some(()) }).await;
    anchors::round(&lyon.context).await.expect("told");
    // Two weeks later the reviewer makes its review final without a response, by its own count.
    clock.set(due.plus(14 * DAY_SECONDS));
    let view = stuttgart.offer_until(&offer, "the review is not there", |view| view.reviewers[0].state == State::DossierSent).await;
    assert_eq!((view.reviewers[0].reviewed_by, view.reviewers[0].late), (None, false));
    let id = offer.clone();
    lyon.context.run(move |context| inbox::finalise(context, &id, &ReviewInput::default())).await.expect("final");
    lyon.rejoin(stuttgart).await;
    // Everything comes at once. By the owner's own count the draft is minutes old: it has three days to respond, not two weeks.
    let view = stuttgart.offer_until(&offer, "the draft with its date", |view| view.reviewers[0].reviewed_by.is_some()).await;
    assert_eq!(view.reviewers[0].state, State::Reviewed);
    let later = || stuttgart.context.counters().rejected.get_or_create(&vec![("reason", "PGN-0876".to_owned())]).get();
    until("the final review is to come again", || async { (later() >= 1).then_some(()) }).await;
    clock.set(due.plus(17 * DAY_SECONDS));
    let view = stuttgart.offer_until(&offer, "the final review", |view| view.reviewers[0].state == State::Finalised).await;
    let reviewed_by = view.reviewers[0].reviewed_by.expect("witnesses vouch for it");
    assert!(reviewed_by >= due && reviewed_by < due.plus(DAY_SECONDS), "{reviewed_by}");
    assert!(!view.reviewers[0].late && view.reviewers[0].problem.is_none() && view.ready);
}

/// Without a date that witnesses vouch for, two weeks count from the day on which the draft came.
#[tokio::test(flavor = "multi_thread")]
async fn r11_a_date_that_nobody_vouches_for_is_none() {
    let clock = Arc::new(ManualClock::new(midday()));
    let agencies = federation_at(&THREE, || clock.clone() as Arc<dyn Clock>).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    rounds(&agencies).await;
    let due = midday().plus(3 * DAY_SECONDS);
    let offer = offers(stuttgart, lyon, due).await.id;
    lyon.accepts(&offer).await;
    lyon.part(stuttgart).await;
    drafts(lyon, &offer).await;
    clock.set(due.plus(14 * DAY_SECONDS));
    let id = offer.clone();
    lyon.context.run(move |context| inbox::finalise(context, &id, &ReviewInput::default())).await.expect("final");
    lyon.rejoin(stuttgart).await;
    let view = stuttgart.offer_until(&offer, "the draft", |view| view.reviewers[0].state == State::Reviewed).await;
    assert_eq!(view.reviewers[0].reviewed_by, None);
    let refused = || stuttgart.context.counters().rejected.get_or_create(&vec![("reason", "PGN-0731".to_owned())]).get();
    until("the final review is refused", || async { (refused() == 1).then_some(()) }).await;
}
