//! A reviewer erases what it holds of another agency's offer before the charter's period ends.

use super::support::{Agency, THREE, federation, level, until};
use crate::service::erasure::{self, ErasureView, NewErasure, PlanView, Target};
use crate::service::register::Standing;
use crate::service::{Error, inbox, offers};

/// What the findings of every review in these tests begin with.
const FINDINGS: &str = "Line one";

fn review(offer: &str) -> NewErasure {
    NewErasure { target: Target::Review, id: offer.to_owned(), with_label: false, confirm: Some("BioRegio".to_owned()) }
}

async fn erase(agency: &Agency, new: NewErasure) -> Result<ErasureView, Error> {
    agency.context.run(move |context| erasure::order(context, &new)).await
}

async fn plan(agency: &Agency, offer: &str) -> PlanView {
    let new = review(offer);
    agency.context.run(move |context| erasure::preview(context, &new)).await.expect("a plan")
}

async fn erased_until(agency: &Agency, id: &str, what: &str, fits: impl Fn(&ErasureView) -> bool) -> ErasureView {
    until(what, || async {
        let id = id.to_owned();
        agency.context.run(move |context| erasure::show(context, &id)).await.ok().filter(|view| fits(view))
    })
    .await
}

/// Private items in which a text stands, by kind.
fn holding(agency: &Agency, text: &str) -> Vec<u8> {
    let tx = agency.context.store().read().expect("a snapshot");
    let holds = |kind: u8, id: &String| {
        let item = tx.private(kind, id).expect("opens").expect("there");
        item.windows(text.len()).any(|window| window == text.as_bytes())
    };
    (0..=u8::MAX).filter(|kind| tx.private_ids(*kind, None, usize::MAX).expect("ids").iter().any(|id| holds(*kind, id))).collect()
}

async fn known(agency: &Agency, offer: &str) -> bool {
    let offer = offer.to_owned();
    agency.context.run(move |context| inbox::show(context, &offer)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_is_over_goes_with_everything_and_its_label_stays() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.accepts(&offer).await;
    let early = erase(lyon, review(&offer)).await.expect_err("at work");
    assert!(matches!(&early, Error::State { needed, .. } if needed.contains("step-back")), "{early}");
    let input = inbox::ReviewInput {
        scores: level(4),
        eligible: Some(true),
        findings: Some(format!("{FINDINGS} and more")),
        ..inbox::ReviewInput::default()
    };
    let id = offer.clone();
    lyon.context.run(move |context| inbox::submit(context, &id, &input)).await.expect("a review");
    let early = erase(lyon, review(&offer)).await.expect_err("it may stand in a label");
    assert!(matches!(&early, Error::State { needed, .. } if needed.contains("owner's decision")), "{early}");
    assert_eq!(plan(lyon, &offer).await.open, [offer.as_str()]);

    stuttgart.offer_until(&offer, "the review", |offer| offer.ready).await;
    let label = stuttgart.issues(&offer).await.expect("a label").id;
    lyon.label_until(&label, Standing::Valid).await;
    until("closed by the label", || async { plan(lyon, &offer).await.open.is_empty().then_some(()) }).await;
    assert!(matches!(erase(lyon, review(&offer)).await, Err(Error::BehindLabel { .. })));
    let meant = NewErasure { with_label: true, ..review(&offer) };
    let wrong = NewErasure { confirm: Some("Another".into()), ..meant.clone() };
    assert!(matches!(erase(lyon, wrong).await, Err(Error::Field { .. })));
    assert!(matches!(erase(stuttgart, meant.clone()).await, Err(Error::NotFound { .. })), "it is no review of the owner's");
    let seen = plan(lyon, &offer).await;
    assert_eq!((seen.reviews, seen.labels.len(), seen.name.as_str()), (1, 1, "BioRegio"));
    assert!(holding(lyon, FINDINGS).contains(&5), "before");

    let erased = erase(lyon, meant.clone()).await.expect("erased");
    assert_eq!((erased.target, erased.of.as_str(), erased.labels), (Target::Review, offer.as_str(), vec![label.clone()]));
    assert_eq!(erase(lyon, meant).await.expect("shown as it is").id, erased.id, "once");
    assert_eq!(holding(lyon, FINDINGS), [0; 0]);
    assert!(!known(lyon, &offer).await);
    erased_until(lyon, &erased.id, "the pages are cleared", |view| view.state == "expiring").await;
    assert!(holding(stuttgart, FINDINGS).contains(&4), "the owner keeps what it was sent");
    stuttgart.offer_until(&offer, "the receipt", |offer| offer.reviewers[0].copy.as_ref().is_some_and(|copy| copy.deleted.is_some())).await;
    berlin.label_until(&label, Standing::Valid).await;

    // The owner's own erasure is complete all the same.
    let all = NewErasure { target: Target::Assessment, id: assessment, with_label: true, confirm: Some("BioRegio".into()) };
    let order = erase(stuttgart, all).await.expect("erased");
    let done = erased_until(stuttgart, &order.id, "lyon's answer", |view| view.recipients[0].state == "deleted").await;
    assert_eq!(done.recipients[0].agency, "lyon");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stepped_back_while_the_owner_was_away_is_still_heard() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let offer = stuttgart.offer(&assessment, "gold", &[berlin, lyon]).await.expect("an offer").id;
    lyon.accepts(&offer).await;
    until("berlin's offer", || async { known(berlin, &offer).await.then_some(()) }).await;
    for reviewer in [berlin, lyon] {
        stuttgart.part(reviewer).await;
    }
    let (id, reason) = (offer.clone(), parangon_protocol::review::DeclineReason::Language);
    berlin.context.run(move |context| inbox::decline(context, &id, reason)).await.expect("declined");
    let id = offer.clone();
    lyon.context.run(move |context| inbox::step_back(context, &id, None)).await.expect("stepped back");
    for reviewer in [berlin, lyon] {
        erase(reviewer, review(&offer)).await.expect("over for us");
        assert!(!known(reviewer, &offer).await);
        stuttgart.rejoin(reviewer).await;
    }
    let heard = stuttgart
        .offer_until(&offer, "both", |offer| {
            let states: Vec<String> = offer.reviewers.iter().map(|reviewer| format!("{:?}", reviewer.state)).collect();
            states == ["Declined", "Withdrawn"] && offer.reviewers[1].copy.as_ref().is_some_and(|copy| copy.deleted.is_some())
        })
        .await;
    assert_eq!(heard.reviewers[0].reason, Some(reason), "the reason was still to be delivered");
    offers::withdraw(&stuttgart.context, &offer).await.expect("withdrawn");
}
