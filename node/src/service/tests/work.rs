//! A review that is written over days: nothing that was saved is lost, and nothing of a colleague's is overwritten unseen.

use serde_json::json;

use super::support::{Agency, THREE, federation, level, until};
use crate::service::Error;
use crate::service::assessments::Edit;
use crate::service::inbox::{self, ReviewInput, WorkView};
use crate::service::offers::{self, NewOffer, Said};

async fn write(agency: &Agency, offer: &str, input: ReviewInput, version: Option<&str>) -> Result<WorkView, Error> {
    let (offer, version) = (offer.to_owned(), version.map(str::to_owned));
    agency.context.run(move |context| inbox::write(context, &offer, &input, version.as_deref())).await
}

async fn work(agency: &Agency, offer: &str) -> Result<WorkView, Error> {
    let offer = offer.to_owned();
    agency.context.run(move |context| inbox::work(context, &offer)).await
}

async fn import(agency: &Agency, offer: &str, file: Vec<u8>, version: Option<&str>, dry_run: bool) -> Result<inbox::WorkPreview, Error> {
    let (offer, version, edit) = (offer.to_owned(), version.map(str::to_owned), Edit::Spreadsheet(file));
    agency.context.run(move |context| inbox::import(context, &offer, &edit, version.as_deref(), dry_run)).await
}

fn scores(entries: &[(&str, serde_json::Value)]) -> ReviewInput {
    ReviewInput { scores: entries.iter().map(|(code, value)| ((*code).to_owned(), value.clone())).collect(), ..ReviewInput::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_stays_until_it_is_submitted() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("Slowly reviewed", 4).await;
    let new = NewOffer {
        assessment,
        scheme: None,
        level: "bronze".into(),
        reviewers: vec![lyon.name()],
        due: None,
        languages: vec![],
        comments: Some(true),
    };
    let offer = stuttgart.context.run(move |context| offers::create(context, new)).await.expect("an offer").id;
    let early = work(lyon, &offer).await.expect_err("nothing came yet");
    assert!(matches!(early.code(), "PGN-0501" | "PGN-0601"), "{early}");
    lyon.accepts(&offer).await;

    let empty = work(lyon, &offer).await.expect("nothing is written");
    assert_eq!((empty.scores.len(), empty.missing.len(), empty.changed), (0, 31, None));
    assert_eq!(write(lyon, &offer, scores(&[("2.1", json!(3))]), None).await.expect_err("no version").status(), 428);
    let first = write(lyon, &offer, scores(&[("2.1", json!(3)), ("2.4", json!("not-known"))]), Some(&empty.etag)).await.expect("saved");
    assert_eq!((first.scores["2.1"].as_str(), first.missing.len()), ("3", 29));
    // A colleague who saw the version before learns that it is not there any more.
    assert_eq!(write(lyon, &offer, scores(&[("2.1", json!(0))]), Some(&empty.etag)).await.expect_err("changed").status(), 412);
    for (input, code) in [
        (scores(&[("2.1", json!(5))]), "PGN-0718"),
        (scores(&[("2.99", json!(1)), ("2.1", json!(0))]), "PGN-0717"),
        (ReviewInput { notes: [("9.9".to_owned(), "x".to_owned())].into(), ..ReviewInput::default() }, "PGN-0702"),
        (ReviewInput { findings: Some("x".repeat(8_001)), ..ReviewInput::default() }, "PGN-0702"),
    ] {
        assert_eq!(write(lyon, &offer, input, Some(&first.etag)).await.expect_err("does not fit").code(), code);
    }
    let noted = ReviewInput {
        notes: [("2.1".to_owned(), "ask\nagain".to_owned())].into(),
        eligible: Some(true),
        findings: Some("Strong\nteam".into()),
        ..scores(&[("2.4", json!(null))])
    };
    let second = write(lyon, &offer, noted, Some(&first.etag)).await.expect("saved");
    assert_eq!((second.notes["2.1"].as_str(), second.findings.as_str(), second.missing.len()), ("ask again", "Strong team", 30));
    assert_eq!(work(lyon, &offer).await.expect("kept"), second);

    // Away from the node: the workbook has what is written, and comes back with the rest.
    let of = offer.clone();
    let book = lyon.context.run(move |context| inbox::workbook(context, &of, None)).await.expect("a workbook");
    let same = import(lyon, &offer, book, None, true).await.expect("read");
    assert_eq!((same.read, same.changes.len(), same.problems.len(), same.outdated), (31, 0, 0, false));
    let all = || b"indicator;level\n".iter().copied().chain(level(4).keys().flat_map(|code| format!("{code};4\n").into_bytes())).collect();
    let preview = import(lyon, &offer, all(), None, true).await.expect("a preview");
    assert_eq!((preview.changes.len(), &preview.work), (31, &second), "nothing was saved");
    assert_eq!(import(lyon, &offer, all(), Some(&first.etag), false).await.expect_err("changed").status(), 412);
    assert_eq!(import(lyon, &offer, b"indicator;level\n2.1;7\n".to_vec(), Some("*"), false).await.expect_err("7").code(), "PGN-0718");
    assert_eq!(work(lyon, &offer).await.expect("kept"), second);
    let third = import(lyon, &offer, all(), Some(&second.etag), false).await.expect("saved").work;
    assert_eq!((third.missing.len(), third.notes.len()), (0, 1));

    // What was saved is what is submitted; what the draft says goes on to be written until it is final.
    let (of, nothing) =
        (offer.clone(), ReviewInput { scores: level(4), improvements: None, eligible: None, findings: None, ..ReviewInput::default() });
    let nothing = ReviewInput { scores: std::collections::BTreeMap::new(), ..nothing };
    lyon.context.run(move |context| inbox::submit(context, &of, &nothing)).await.expect("a draft");
    let seen = stuttgart.offer_until(&offer, "the draft", |offer| offer.reviewers[0].points.is_some()).await;
    assert_eq!((seen.reviewers[0].points, seen.reviewers[0].findings.as_deref()), (Some(150), Some("Strong team")));
    let now = work(lyon, &offer).await.expect("still here");
    let (of, said) = (offer.clone(), Said { text: "Thank you".into() });
    stuttgart.context.run(move |context| offers::respond(context, &of, &said)).await.expect("a response");
    let changed = ReviewInput { findings: Some("Strong team, we have read the response".into()), ..scores(&[("2.1", json!(3))]) };
    write(lyon, &offer, changed, Some(&now.etag)).await.expect("saved");
    let finalise = || {
        let of = offer.clone();
        lyon.context.run(move |context| inbox::finalise(context, &of, &ReviewInput::default()))
    };
    until("the response", || async { finalise().await.ok() }).await;
    let last = stuttgart.offer_until(&offer, "the final review", |offer| offer.ready).await;
    assert_eq!(last.reviewers[0].findings.as_deref(), Some("Strong team, we have read the response"));
    assert!(last.reviewers[0].points < Some(150));
    // It went with the dossier.
    assert_eq!(work(lyon, &offer).await.expect_err("gone").code(), "PGN-0601");
    assert!(lyon.context.store().read().expect("a snapshot").private_ids(16, None, 10).expect("ids").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_says_whether_the_cluster_is_eligible() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("Undecided", 4).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.accepts(&offer).await;
    let input = ReviewInput { scores: level(4), improvements: None, eligible: None, findings: None, ..ReviewInput::default() };
    let refused = lyon.context.run(move |context| inbox::submit(context, &offer, &input)).await.expect_err("not said");
    assert_eq!((refused.code(), refused.to_string().contains("eligible")), ("PGN-0702", true));
}
