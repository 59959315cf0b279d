//! Objections to labels, in public, between nodes.

use crate::service::labels::{self, LabelView, NewLabelObjection};
use crate::service::members;
use crate::service::register::Standing;

use super::support::{Agency, THREE, federation, until};

fn on(ground: &str) -> NewLabelObjection {
    NewLabelObjection { ground: ground.to_owned() }
}

async fn shown(agency: &Agency, label: &str) -> LabelView {
    let label = label.to_owned();
    agency.context.run(move |context| labels::show(context, &label)).await.expect("a label")
}

async fn refused(agency: &Agency, label: &str, ground: &str) -> &'static str {
    labels::object(&agency.context, label, on(ground)).await.expect_err("refused").code()
}

/// Waits until somebody else sees who objects.
async fn flagged(agency: &Agency, label: &str, by: &[(&str, &str)]) -> LabelView {
    let fits = |view: &LabelView| {
        let seen: Vec<_> = view.under_question.iter().map(|objection| (objection.agency.as_str(), objection.ground)).collect();
        seen == by && view.under_question.iter().all(|objection| objection.is_final)
    };
    until("who objects", || async { Some(shown(agency, label).await).filter(fits) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_a_label_under_question_is_valid_and_everybody_sees_who_objects() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let label = lyon.awards("Cluster", "bronze", 4, &[stuttgart]).await.id;
    for agency in &agencies {
        agency.label_until(&label, Standing::Valid).await;
    }
    assert_eq!(refused(lyon, &label, "rule-broken").await, "PGN-0880");
    assert_eq!(refused(berlin, &label, "endorsement-withdrawn").await, "PGN-0881");
    assert_eq!(refused(berlin, &label, "dislike").await, "PGN-0702");
    assert_eq!(labels::lift(&berlin.context, &label).await.expect_err("none stands").code(), "PGN-0883");
    assert_eq!(refused(berlin, &"0".repeat(64), "rule-broken").await, "PGN-0501");

    // What is shown before is what is logged.
    let of = label.clone();
    let preview = stuttgart.context.run(move |context| labels::preview_objection(context, &of, Some(&on("endorsement-withdrawn"))));
    let preview = preview.await.expect("a preview");
    assert_eq!(preview.record["about"], serde_json::json!([label]));
    let mut body = preview.record["body"].clone();
    assert!(body.as_object_mut().expect("fields").remove("at").is_some());
    assert_eq!((&body["action"], &body["ground"]), (&"raise".into(), &"endorsement-withdrawn".into()));
    assert_eq!((body["endorsement"].as_str().map(str::len), body.as_object().map(serde_json::Map::len)), (Some(64), Some(3)), "{body}");
    assert!(shown(stuttgart, &label).await.under_question.is_empty(), "a preview changes nothing");

    let objected = labels::object(&stuttgart.context, &label, on("endorsement-withdrawn")).await.expect("an objection");
    assert_eq!((objected.state, objected.under_question.len()), (Standing::Valid, 1));
    let tx = stuttgart.context.store().read().expect("a snapshot");
    let logged = tx.record(&stuttgart.context.own_log(), objected.under_question[0].index).expect("reads").expect("a record");
    let mut logged: serde_json::Value = serde_json::from_slice(&logged).expect("JSON");
    assert!(logged["body"].as_object_mut().expect("fields").remove("at").is_some());
    assert_eq!((&logged["body"], &logged["about"], &logged["type"]), (&body, &preview.record["about"], &"objection".into()));
    assert_eq!(refused(stuttgart, &label, "misrepresentation").await, "PGN-0882");
    for agency in &agencies {
        let seen = flagged(agency, &label, &[("stuttgart", "endorsement-withdrawn")]).await;
        assert_eq!((seen.state, seen.reason, seen.provisional_because), (Standing::Valid, None, None), "a flag, and no other state");
    }
    // The issuer is told, nobody else.
    let line = |agency: &Agency| {
        let lines = members::status(&agency.context).expect("a status").lines;
        lines.into_iter().find(|line| line.reason.starts_with("under question"))
    };
    let told = line(lyon).expect("a line");
    assert_eq!(told.reason, "under question: objected to by stuttgart (endorsement withdrawn)");
    assert!(told.next_step.is_some_and(|step| step.contains(&label)));
    assert_eq!((line(berlin), line(stuttgart)), (None, None));
    let of = label.clone();
    let counted = berlin.context.run(move |context| labels::recount(context, &of)).await.expect("recounted");
    assert_eq!((counted.kept, counted.under_question.len(), counted.next_step), (true, 1, None));
    // The file is what it was: other logs are outside it.
    let of = label.clone();
    let file = berlin.context.run(move |context| labels::bundle(context, labels::parse_id(&of).as_ref().expect("an id"))).await;
    assert!(!String::from_utf8_lossy(&file.expect("a file")).contains("endorsement-withdrawn"));

    labels::object(&berlin.context, &label, on("conflict-of-interest")).await.expect("another one");
    flagged(lyon, &label, &[("berlin", "conflict-of-interest"), ("stuttgart", "endorsement-withdrawn")]).await;
    for agency in [berlin, stuttgart] {
        let lifted = labels::lift(&agency.context, &label).await.expect("lifted");
        assert!(!lifted.under_question.iter().any(|objection| objection.agency == agency.name()));
    }
    for agency in &agencies {
        flagged(agency, &label, &[]).await;
    }
    assert_eq!(line(lyon), None);

    // As often as others listen to, and no more.
    for _ in 1..parangon_protocol::limits::OBJECTIONS {
        labels::object(&berlin.context, &label, on("rule-broken")).await.expect("an objection");
        labels::lift(&berlin.context, &label).await.expect("lifted");
    }
    assert_eq!(refused(berlin, &label, "rule-broken").await, "PGN-0884");
}
