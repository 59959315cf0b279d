//! Who may review, as the nodes of both sides count it.

use parangon_protocol::label::Conflicts;
use parangon_protocol::review::State;

use super::support::{Agency, THREE, Who, federation, until};
use crate::service::clusters::{self, NewObjection};
use crate::service::panel::{self, Wanted};
use crate::service::register::Standing;
use crate::service::{assessments, inbox, labels};

/// Without one of them four can still be asked, so that no rule is waived.
const SIX: [Who; 6] = [
    ("berlin", "DE", None),
    ("lyon", "FR", None),
    ("oslo", "NO", None),
    ("porto", "PT", None),
    ("stuttgart", "DE", None),
    ("wien", "AT", None),
];

async fn objection(agency: &Agency, offer: &str) -> Option<inbox::InboxView> {
    let offer = offer.to_owned();
    agency.context.run(move |context| inbox::show(context, &offer)).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_after_the_offer_counts_when_it_is_accepted() {
    let agencies = federation(&SIX).await;
    let [_, lyon, _, porto, stuttgart, _] = &agencies[..] else { panic!("six") };
    let assessment = stuttgart.assessed("Asked before", 4).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon, porto]).await.expect("nothing stands against them").id;
    let waiting = until("the offer", || objection(lyon, &offer)).await;
    assert_eq!((waiting.objection, waiting.next_step), (None, "accept or decline"));

    // Stuttgart reviews for Lyon meanwhile: a direct swap.
    let swapped = lyon.awards("Of Lyon", "bronze", 4, &[stuttgart]).await;
    let waiting = until("what was published", || async { objection(lyon, &offer).await.filter(|view| view.objection.is_some()) }).await;
    assert!(waiting.objection.expect("why").contains("no direct swap within 12 months"));
    assert_eq!(waiting.next_step, "decline: the conflict rules exclude us");
    let accept = {
        let offer = offer.clone();
        lyon.context.run(move |context| inbox::accept(context, &offer, Conflicts::None)).await
    };
    assert_eq!(accept.expect_err("a swap").code(), "PGN-0814");
    assert_eq!(objection(lyon, &offer).await.expect("still there").state, State::Offered, "nothing changed");

    // Nothing stands against Porto, and its label is recounted on the heads that the offer named.
    porto.reviews(&offer, super::support::level(4)).await;
    stuttgart.offer_until(&offer, "the review", |offer| offer.ready).await;
    let label = stuttgart.issues(&offer).await.expect("a label");
    let recount = stuttgart.context.run(move |context| labels::recount(context, &label.id)).await.expect("counted");
    assert!(recount.kept, "{recount:?}");
    assert_eq!(recount.history, 0, "Lyon's label {} stands above the head of its log that the offer named", swapped.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_objects_to_one_agency() {
    let agencies = federation(&SIX).await;
    let [_, lyon, oslo, _, stuttgart, _] = &agencies[..] else { panic!("six") };
    let assessment = stuttgart.assessed("Choosy", 4).await;
    let id = assessment.clone();
    let cluster = stuttgart.context.run(move |context| Ok(assessments::show(context, &id)?.cluster)).await.expect("its cluster");
    let object = |agency: Option<&str>| {
        let (cluster, new) = (cluster.clone(), NewObjection { agency: agency.map(str::to_owned) });
        stuttgart.context.run(move |context| clusters::object(context, &cluster, &new))
    };
    for nobody in ["stuttgart", "paris", "x"] {
        assert_eq!(object(Some(nobody)).await.expect_err("nobody who could be asked").code(), "PGN-0702", "{nobody}");
    }
    assert_eq!(object(Some("lyon")).await.expect("noted").objects_to.as_deref(), Some("lyon"));
    assert_eq!(object(Some("lyon")).await.expect("the same").objects_to.as_deref(), Some("lyon"));
    assert_eq!(object(Some("oslo")).await.expect_err("one only").code(), "PGN-0601");
    let refused = stuttgart.offer(&assessment, "gold", &[lyon, oslo]).await.expect_err("not wanted");
    assert_eq!((refused.code(), refused.status()), ("PGN-0819", 409));
    let wanted = Wanted { level: "gold".into(), cluster: Some(cluster.clone()), ..Wanted::default() };
    let eligible = stuttgart.context.run(move |context| panel::eligible(context, &wanted)).await.expect("answers");
    let lyons = eligible.iter().find(|view| view.agency == "lyon").expect("lyon");
    assert!(!lyons.eligible);
    assert_eq!(lyons.reason.as_deref(), Some("the cluster objects to it"));
    assert_eq!(object(None).await.expect("taken back").objects_to, None);
    stuttgart.offer(&assessment, "gold", &[lyon, oslo]).await.expect("wanted again");
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_favours_are_shown_although_the_rules_allow_them() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    lyon.awards("Of Lyon", "bronze", 4, &[stuttgart]).await;
    // So few are left that the swap is waived.
    stuttgart.awards("First", "bronze", 4, &[lyon]).await;
    let label = stuttgart.awards("Second", "bronze", 4, &[lyon]).await.id;
    berlin.label_until(&label, Standing::Valid).await;
    let recount = berlin.context.run(move |context| labels::recount(context, &label)).await.expect("counted");
    let rule = recount.rules.iter().find(|rule| rule.rule == "conflict").expect("the endorser");
    assert_eq!(rule.outcome, "waived");
    assert!(rule.detail.ends_with("before, it endorsed 1 labels of the issuer, and the issuer 1 of its"), "{}", rule.detail);
}
