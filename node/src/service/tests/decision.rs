//! Two people of an agency decide on a label, as the federation sees it: not at all before both have.

use std::collections::BTreeSet;
use std::sync::Arc;

use parangon_protocol::record::Record;
use parangon_protocol::time::Timestamp;

use super::support::{Agency, THREE, federation_of, level};
use crate::clock::SystemClock;
use crate::service::labels::{self, Issued};
use crate::service::offers::{self, DecisionView};
use crate::service::register::Standing;
use crate::service::roles::Actor;
use crate::service::{Context, Error, Policy, members};

pub(super) const TWO_PEOPLE: Policy = Policy { two_people: true, audit_days: 730, public_url: None };

pub(super) async fn three() -> Vec<Agency> {
    federation_of(&THREE, || Arc::new(SystemClock::new(Timestamp::default())), TWO_PEOPLE).await
}

pub(super) fn token(id: &str) -> Actor {
    Actor::Token { id: id.into(), name: "desk".into() }
}

pub(super) fn user(uid: u32) -> Actor {
    Actor::User { uid }
}

/// An offer whose review carries BRONZE.
async fn ready(owner: &Agency, reviewer: &Agency, name: &str) -> String {
    let assessment = owner.assessed(name, 4).await;
    let offer = owner.offer(&assessment, "BRONZE", &[reviewer]).await.expect("an offer").id;
    assert!(reviewer.reviews(&offer, level(4)).await.recommended);
    owner.offer_until(&offer, "a review", |offer| offer.ready).await;
    offer
}

async fn issue(owner: &Agency, offer: &str, by: &Actor) -> Result<Issued, Error> {
    labels::issue(&owner.context, offer, by, None).await
}

async fn decided(owner: &Agency, offer: &str, by: &Actor) -> DecisionView {
    match issue(owner, offer, by).await.expect("a decision") {
        Issued::Decided(decision) => decision,
        Issued::Label(label) => panic!("one person issued {label:?}"),
    }
}

fn labels_in_own_log(context: &Context) -> usize {
    let tx = context.store().read().expect("a snapshot");
    let size = tx.size(&context.own_log()).expect("a log");
    let is_label = |index: &u64| {
        let bytes = tx.record(&context.own_log(), *index).expect("readable").expect("there");
        matches!(Record::read(&bytes), Ok(Record::Label(_)))
    };
    (0..size).filter(is_label).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_takes_two_people_and_one_of_them_is_not_enough() {
    let agencies = three().await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let offer = ready(stuttgart, lyon, "BioRegio").await;
    let (preview, shown) = (stuttgart.preview(&offer).await, stuttgart.preview(&offer).await.content);
    assert!(preview.rule.contains("of 150 points") && preview.two_people && preview.decision.is_none(), "{}", preview.rule);
    assert_eq!(preview.endorsers, ["lyon"]);

    let first = decided(stuttgart, &offer, &token("aa")).await;
    assert_eq!((first.state, first.by.as_str(), &first.content), ("decided", "token aa \"desk\"", &shown));
    let same = issue(stuttgart, &offer, &token("aa")).await.expect_err("the same person");
    assert_eq!((same.code(), same.status()), ("PGN-0870", 409));
    assert_eq!(labels_in_own_log(&stuttgart.context), 0);
    let seen = stuttgart.offer_until(&offer, "the decision", |offer| offer.decision.is_some()).await;
    assert_eq!(seen.decision.as_ref(), Some(&first));
    let status = stuttgart.context.run(members::status).await.expect("a status");
    assert!(status.lines.iter().any(|line| line.reason.contains("a second person")), "{:?}", status.lines);

    // Taken back, and decided anew by the other one: then the first may confirm.
    offers::take_back(&stuttgart.context, &offer).await.expect("taken back");
    assert_eq!(offers::take_back(&stuttgart.context, &offer).await.expect_err("nothing waits").code(), "PGN-0601");
    decided(stuttgart, &offer, &user(7)).await;
    let wrong = Some(parangon_protocol::id::Hash::default());
    let other = labels::issue(&stuttgart.context, &offer, &token("aa"), wrong).await.expect_err("something else was shown");
    assert_eq!(other.code(), "PGN-0640");
    let Ok(Issued::Label(label)) = labels::issue(&stuttgart.context, &offer, &token("aa"), Some(shown.parse().expect("a hash"))).await
    else {
        panic!("two people decided")
    };
    lyon.label_until(&label.id, Standing::Valid).await;
    assert_eq!(labels_in_own_log(&stuttgart.context), 1);
    let closed = stuttgart.offer_until(&offer, "the label", |offer| offer.label.is_some()).await;
    assert_eq!(closed.decision, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_confirmations_at_once_issue_one_label() {
    let agencies = three().await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let offer = ready(stuttgart, lyon, "BioRegio").await;
    let one_of_four = |n: usize| token(&format!("{}", n % 4));
    let all = (0..100).map(|n| {
        let (offer, by) = (offer.clone(), one_of_four(n));
        async move { issue(stuttgart, &offer, &by).await }
    });
    let mut outcomes = BTreeSet::new();
    let mut issued = 0;
    for outcome in futures::future::join_all(all).await {
        match outcome {
            Ok(Issued::Label(_)) => issued += 1,
            Ok(Issued::Decided(_)) => drop(outcomes.insert("decided".to_owned())),
            Err(error) => drop(outcomes.insert(error.code().to_owned())),
        }
    }
    assert_eq!((issued, labels_in_own_log(&stuttgart.context)), (1, 1), "{outcomes:?}");
    assert!(outcomes.contains("decided") && outcomes.contains("PGN-0601"), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_something_else_is_void() {
    let agencies = three().await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let first = stuttgart.offer(&assessment, "BRONZE", &[lyon]).await.expect("an offer").id;
    assert!(lyon.reviews(&first, level(4)).await.recommended);
    stuttgart.offer_until(&first, "a review", |offer| offer.ready).await;
    // Another label of the same cluster comes in between: the one decided on would now replace it.
    let cluster = stuttgart.offer_until(&first, "the offer", |_| true).await.cluster.id;
    let second = stuttgart.assessed_again(&cluster, 4).await;
    let second = stuttgart.offer(&second, "BRONZE", &[berlin]).await.expect("an offer").id;
    assert!(berlin.reviews(&second, level(4)).await.recommended);
    stuttgart.offer_until(&second, "a review", |offer| offer.ready).await;

    let before = decided(stuttgart, &first, &user(1)).await;
    decided(stuttgart, &second, &user(1)).await;
    assert!(matches!(issue(stuttgart, &second, &user(2)).await, Ok(Issued::Label(_))));
    let void = issue(stuttgart, &first, &user(2)).await.expect_err("another content");
    assert_eq!(void.code(), "PGN-0641", "{void}");
    assert!(void.to_string().contains("uid 1"), "{void}");
    assert_eq!(stuttgart.offer_until(&first, "the offer", |_| true).await.decision, None, "and it is gone");
    let after = decided(stuttgart, &first, &user(2)).await;
    assert_ne!(before.content, after.content);
    assert_eq!(labels_in_own_log(&stuttgart.context), 1);

    // An offer that is withdrawn takes the decision with it.
    let view = offers::withdraw(&stuttgart.context, &first).await.expect("withdrawn");
    assert_eq!(view.decision, None);
    assert_eq!(issue(stuttgart, &first, &user(1)).await.expect_err("closed").code(), "PGN-0601");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_lies_with_its_offer_and_older_offers_have_none() {
    let agencies = three().await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let offer = ready(stuttgart, lyon, "BioRegio").await;
    let first = decided(stuttgart, &offer, &user(1)).await;
    let bytes = stuttgart.context.store().read().expect("a snapshot").private(4, &offer).expect("readable").expect("there");
    let mut row: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(row["decision"]["content"], first.content);
    // Offers from before there were decisions have none.
    row.as_object_mut().expect("an object").remove("decision");
    let old = serde_json::to_vec(&row).expect("text");
    stuttgart.context.store().write(|tx| tx.put_private(4, &offer, &old)).expect("written");
    assert_eq!(stuttgart.offer_until(&offer, "the offer", |_| true).await.decision, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_withdrawn_or_issued_never_both() {
    let agencies = three().await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three agencies") };
    let mut issued = 0;
    for round in 0..6_u32 {
        let offer = ready(stuttgart, lyon, &format!("BioRegio {round}")).await;
        decided(stuttgart, &offer, &user(1)).await;
        let (by, withdraw) = (user(2), offers::withdraw(&stuttgart.context, &offer));
        let (second, withdrawn) = if round % 2 == 0 {
            tokio::join!(issue(stuttgart, &offer, &by), withdraw)
        } else {
            let (withdrawn, second) = tokio::join!(withdraw, issue(stuttgart, &offer, &by));
            (second, withdrawn)
        };
        assert_ne!(second.is_ok(), withdrawn.is_ok(), "{second:?} {withdrawn:?}");
        issued += usize::from(second.is_ok());
        let view = stuttgart.offer_until(&offer, "the offer", |_| true).await;
        assert_eq!((view.state, view.decision), (if second.is_ok() { "issued" } else { "withdrawn" }, None));
        assert_eq!(labels_in_own_log(&stuttgart.context), issued);
    }
}
