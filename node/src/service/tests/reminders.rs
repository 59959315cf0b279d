//! What waits for whom, at each step of a review, and when that is said again.

use std::sync::Arc;

use parangon_protocol::time::Timestamp;

use super::decision::{TWO_PEOPLE, user};
use super::support::{Agency, ONE_PERSON, THREE, federation_of, level, until};
use crate::clock::{Clock, ManualClock};
use crate::service::inbox::{self, NewQuestion, ReviewInput};
use crate::service::labels::{self, Issued};
use crate::service::offers::{self, Appeal, NewOffer, Said};
use crate::service::reminders::{self, Kind, Occasion, ReminderView};
use crate::service::{Policy, members};

const DAY: u64 = 86_400;

struct Three {
    agencies: Vec<Agency>,
    clock: Arc<ManualClock>,
    start: Timestamp,
}

impl Three {
    async fn new(policy: Policy) -> Self {
        let start: Timestamp = "2026-11-01T12:00:00Z".parse().expect("a time");
        let clock = Arc::new(ManualClock::new(start));
        let agencies = federation_of(&THREE, || clock.clone() as Arc<dyn Clock>, policy).await;
        Self { agencies, clock, start }
    }

    /// Lyon, which is asked, and Stuttgart, which asks.
    fn both(&self) -> (&Agency, &Agency) {
        (&self.agencies[1], &self.agencies[2])
    }

    fn day(&self, day: u64) -> Timestamp {
        self.start.plus(day * DAY)
    }

    async fn asks(&self, name: &str, comments: bool) -> String {
        let (lyon, stuttgart) = self.both();
        let new = NewOffer {
            assessment: stuttgart.assessed(name, 4).await,
            scheme: None,
            level: "bronze".into(),
            reviewers: vec![lyon.name()],
            due: Some(self.day(30)),
            languages: vec![],
            comments: Some(comments),
        };
        stuttgart.context.run(move |context| offers::create(context, new)).await.expect("an offer").id
    }
}

async fn waiting(agency: &Agency) -> Vec<ReminderView> {
    agency.context.run(reminders::list).await.expect("a list")
}

async fn kinds(agency: &Agency) -> Vec<Kind> {
    waiting(agency).await.into_iter().map(|waiting| waiting.kind).collect()
}

async fn waits_for(agency: &Agency, kind: Kind) -> ReminderView {
    until(kind.as_str(), || async { waiting(agency).await.into_iter().find(|waiting| waiting.kind == kind) }).await
}

async fn said(agency: &Agency) -> Vec<Occasion> {
    agency.context.run(reminders::remind).await.expect("looked").into_iter().map(|(_, occasion)| occasion).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_said_again_until_it_is_answered() {
    let three = Three::new(ONE_PERSON).await;
    let (lyon, stuttgart) = three.both();
    let offer = three.asks("BioRegio", false).await;
    let new = waits_for(lyon, Kind::Answer).await;
    assert_eq!((new.offer.as_str(), new.level, new.agency.as_deref()), (offer.as_str(), "BRONZE", Some("stuttgart")));
    assert_eq!((new.from, new.due, new.overdue, new.reminder), (three.start, Some(three.day(30)), false, None));
    assert_eq!((said(lyon).await, kinds(stuttgart).await), (vec![], vec![]));

    three.clock.set(three.day(3));
    let again = waits_for(lyon, Kind::Answer).await;
    assert_eq!((again.reminder.as_deref(), again.reminded), (Some("waits-3-days"), Some(three.day(3))));
    assert_eq!(again.reason, "has waited 3 days for your answer; due in 27 days");
    assert_eq!(said(lyon).await, [Occasion::Waits(3)]);
    assert_eq!(said(lyon).await, [], "the store knows that it was said");
    let status = lyon.context.run(members::status).await.expect("a status");
    let line = status.lines.iter().find(|line| line.reason == again.reason).expect("a line of the offer");
    assert_eq!((line.since, line.next_step.as_ref()), (three.start, Some(&again.next_step)));
    let inbox = lyon.context.run(inbox::list).await.expect("the inbox");
    assert_eq!(inbox[0].waits, Some(again.reason));
    let asked = stuttgart.offer_until(&offer, "the offer", |_| true).await;
    assert_eq!((asked.reviewers[0].due, asked.waits.len()), (Some(three.day(30)), 0), "it waits for them, not for us");

    // Off for three weeks: of what was missed the newest is said, once.
    three.clock.set(three.day(28));
    assert_eq!(said(lyon).await, [Occasion::Due(3)]);
    three.clock.set(three.day(30));
    let late = waits_for(lyon, Kind::Answer).await;
    assert!(late.overdue && late.reason.ends_with("overdue since today"), "{late:?}");
    assert_eq!(said(lyon).await, [Occasion::Overdue]);
    three.clock.set(three.day(40));
    assert_eq!(said(lyon).await, []);
    // Nobody is waited for any more: the owner decides what becomes of it.
    let stuck = waits_for(stuttgart, Kind::Decision).await;
    assert_eq!((stuck.from, stuck.due), (three.day(30), None));
    offers::withdraw(&stuttgart.context, &offer).await.expect("withdrawn");
    until("nothing waits", || async { (kinds(lyon).await.is_empty() && kinds(stuttgart).await.is_empty()).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_waits_for_one_side() {
    let three = Three::new(ONE_PERSON).await;
    let (lyon, stuttgart) = three.both();
    let offer = three.asks("BioRegio", true).await;
    lyon.accepts(&offer).await;
    assert_eq!((kinds(lyon).await, kinds(stuttgart).await), (vec![Kind::Review], vec![]));

    three.clock.set(three.day(2));
    let id = offer.clone();
    let question = NewQuestion { indicator: None, text: "Where is the plan?".into() };
    lyon.context.run(move |context| inbox::ask(context, &id, &question)).await.expect("asked");
    let asked = waits_for(stuttgart, Kind::Question).await;
    assert_eq!((asked.from, asked.number, asked.agency.as_deref()), (three.day(2), Some(1), Some("lyon")));
    assert!(asked.next_step.ends_with("lyon 1 --text FILE") && !asked.reason.contains("plan"), "{asked:?}");
    let (id, answer) = (offer.clone(), Said { text: "In the annex".into() });
    stuttgart.context.run(move |context| offers::answer(context, &id, "lyon", 1, &answer)).await.expect("answered");
    assert_eq!(kinds(stuttgart).await, []);

    three.clock.set(three.day(4));
    let (id, input) = (offer.clone(), ReviewInput { scores: level(4), eligible: Some(true), ..ReviewInput::default() });
    lyon.context.run(move |context| inbox::submit(context, &id, &input)).await.expect("a draft");
    let response = waits_for(stuttgart, Kind::Response).await;
    assert_eq!((response.from, response.due), (three.day(4), Some(three.day(18))), "two weeks after the first draft");
    assert_eq!(kinds(lyon).await, []);
    // Without a response the draft may be made final after two weeks, and waits from then on.
    three.clock.set(three.day(19));
    assert_eq!(waits_for(lyon, Kind::FinalReview).await.from, three.day(18));
    assert!(waits_for(stuttgart, Kind::Response).await.overdue);
    let (id, nothing) = (offer.clone(), Said { text: String::new() });
    stuttgart.context.run(move |context| offers::respond(context, &id, &nothing)).await.expect("responded");
    until("the response", || async { waiting(lyon).await.into_iter().find(|waiting| waiting.from == three.day(19)) }).await;
    assert_eq!(kinds(stuttgart).await, []);

    three.clock.set(three.day(20));
    let id = offer.clone();
    lyon.context.run(move |context| inbox::finalise(context, &id, &ReviewInput::default())).await.expect("final");
    let decision = waits_for(stuttgart, Kind::Decision).await;
    assert_eq!((decision.from, decision.due), (three.day(20), Some(three.day(110))), "as long as the endorsement holds");
    assert_eq!(kinds(lyon).await, []);
    stuttgart.issues(&offer).await.expect("a label");
    assert_eq!(kinds(stuttgart).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_and_an_appeal_wait_for_a_second_person() {
    let three = Three::new(TWO_PEOPLE).await;
    let (lyon, stuttgart) = three.both();
    let offer = three.asks("BioRegio", false).await;
    assert!(lyon.reviews(&offer, level(4)).await.recommended);
    waits_for(stuttgart, Kind::Decision).await;
    three.clock.set(three.day(1));
    let first = labels::issue(&stuttgart.context, &offer, &user(1), None).await.expect("decided");
    assert!(matches!(first, Issued::Decided(_)));
    three.clock.set(three.day(8));
    let second = waits_for(stuttgart, Kind::SecondPerson).await;
    assert_eq!((kinds(stuttgart).await, second.from, second.due), (vec![Kind::SecondPerson], three.day(1), Some(three.day(90))));
    assert_eq!(second.reason, "has waited 7 days for a second person (1 of 2 have decided); due in 82 days");
    assert_eq!(said(stuttgart).await, [Occasion::Waits(7)]);
    assert!(matches!(labels::issue(&stuttgart.context, &offer, &user(2), None).await, Ok(Issued::Label(_))));
    assert_eq!(kinds(stuttgart).await, []);

    let refused = stuttgart.assessed("Not yet", 4).await;
    let refused = stuttgart.offer(&refused, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.accepts(&refused).await;
    let (id, input) = (refused.clone(), ReviewInput { scores: level(1), eligible: Some(false), ..ReviewInput::default() });
    lyon.context.run(move |context| inbox::submit(context, &id, &input)).await.expect("a review");
    waits_for(stuttgart, Kind::Decision).await;
    offers::refuse(&stuttgart.context, &refused).await.expect("refused");
    assert_eq!(kinds(stuttgart).await, [], "it waits for the cluster");
    let (id, note) = (refused.clone(), Appeal { note: "The annex was not read".into() });
    stuttgart.context.run(move |context| offers::appeal(context, &id, &note)).await.expect("an appeal");
    let appeal = waits_for(stuttgart, Kind::Appeal).await;
    assert_eq!((appeal.from, appeal.due), (three.day(8), None));
    assert!(!format!("{appeal:?}").contains("annex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_a_node_that_is_not_connected() {
    let three = Three::new(ONE_PERSON).await;
    let (lyon, stuttgart) = three.both();
    let before = three.asks("Before", false).await;
    waits_for(lyon, Kind::Answer).await;
    let seen = |offer: &str| {
        let offer = offer.to_owned();
        async move {
            stuttgart.context.run(move |context| offers::show(context, &offer)).await.expect("the offer").reviewers[0].delivery.clone()
        }
    };
    until("its receipt is here", || async { seen(&before).await.is_none().then_some(()) }).await;
    stuttgart.part(lyon).await;
    let gone = || stuttgart.context.carrier().links().iter().all(|link| link.agency != *lyon.context.me() || !link.is_connected());
    until("the connection is cut", || async { gone().then_some(()) }).await;
    let offer = three.asks("BioRegio", false).await;
    assert_eq!(seen(&offer).await.as_deref(), Some("1 message will be delivered when lyon is connected"));
    assert_eq!(seen(&before).await, None, "its message has arrived");
    let id = before.clone();
    let reason = parangon_protocol::review::DeclineReason::NoCapacity;
    lyon.context.run(move |context| inbox::decline(context, &id, reason)).await.expect("declined");
    let shown = lyon.context.run(move |context| inbox::show(context, &before)).await.expect("the request");
    assert_eq!(shown.delivery.as_deref(), Some("1 message will be delivered when stuttgart is connected"));
    stuttgart.rejoin(lyon).await;
    until("it is delivered", || async { seen(&offer).await.is_none().then_some(()) }).await;
    waits_for(lyon, Kind::Answer).await;
}
