use parangon_protocol::catalogue::Catalogue;

use super::support::{THREE, federation, level};
use crate::service::assessments::{self, Edit, ScoreMap};
use crate::service::{Error, offers};

/// Answers worth exactly this many points, every minimum met.
fn worth(points: u32) -> ScoreMap {
    let catalogue = Catalogue::ecei();
    let mut levels: Vec<usize> = vec![4; catalogue.indicators.len()];
    let total = |levels: &[usize]| -> u32 { catalogue.indicators.iter().zip(levels).map(|(i, level)| i.levels[*level]).sum() };
    'search: while total(&levels) > points {
        for (at, indicator) in catalogue.indicators.iter().enumerate() {
            let lowest = usize::from(indicator.minimum.unwrap_or(0));
            let mut lower = levels.clone();
            if levels[at] > lowest {
                lower[at] -= 1;
                if total(&lower) >= points && total(&lower) < total(&levels) {
                    levels = lower;
                    continue 'search;
                }
            }
        }
        panic!("no scores are worth exactly {points}");
    }
    assert_eq!(total(&levels), points);
    catalogue.indicators.iter().zip(levels).map(|(indicator, level)| (indicator.code.to_string(), level.into())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn points_decide_and_119_are_not_120() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    for (points, passes) in [(119, false), (120, true)] {
        let assessment = stuttgart.assessed(&format!("With {points} points"), 4).await;
        let offer = stuttgart.offer(&assessment, "gold", &[berlin, lyon]).await.expect("an offer");
        for reviewer in [berlin, lyon] {
            assert_eq!(reviewer.reviews(&offer.id, worth(points)).await.recommended, passes);
        }
        let reviewed = |offer: &offers::OfferView| offer.reviewers.iter().all(|reviewer| reviewer.points.is_some());
        let view = stuttgart.offer_until(&offer.id, "both reviews", reviewed).await;
        assert_eq!(view.ready, passes);
        match stuttgart.issues(&offer.id).await {
            Ok(_) => assert!(passes),
            Err(error) => {
                assert!(!passes, "{error}");
                assert_eq!((error.code(), error.status()), ("PGN-0820", 409));
                // What is logged names no points; the answer does.
                assert!(!error.to_string().contains("119"), "{error}");
                assert!(error.reasons().iter().any(|reason| reason.detail.contains("119 of 150")), "{:?}", error.reasons());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_must_be_large_independent_and_foreign() {
    let agencies = federation(&[
        ("stuttgart", "DE", None),
        ("berlin", "DE", None),
        ("dresden", "DE", None),
        ("mannheim", "DE", Some("Land")),
        ("freiburg", "DE", Some("Land")),
    ])
    .await;
    let [berlin, dresden, freiburg, mannheim, stuttgart] = &agencies[..] else { panic!("five") };

    let assessment = stuttgart.assessed("Alone", 4).await;
    let own = stuttgart.offer(&assessment, "gold", &[stuttgart]).await.expect_err("our own agency");
    assert_eq!(own.code(), "PGN-0812");
    let sibling = {
        let a = freiburg.assessed("Sibling", 4).await;
        freiburg.offer(&a, "gold", &[mannheim]).await.expect_err("one parent")
    };
    assert_eq!(sibling.code(), "PGN-0813");
    let twice = stuttgart.offer(&assessment, "gold", &[berlin, berlin]).await.expect_err("twice");
    assert_eq!((twice.code(), twice.status()), ("PGN-0702", 422));

    let offer = stuttgart.offer(&assessment, "gold", &[berlin]).await.expect("an offer");
    let early = stuttgart.issues(&offer.id).await.expect_err("no review");
    assert_eq!(early.code(), "PGN-0828");
    assert!(berlin.reviews(&offer.id, level(4)).await.recommended);
    stuttgart.offer_until(&offer.id, "the review", |offer| offer.reviewers[0].points.is_some()).await;
    let one = stuttgart.issues(&offer.id).await.expect_err("GOLD needs two");
    assert_eq!((one.code(), one.status()), ("PGN-0828", 409));

    let assessment = stuttgart.assessed("At home", 4).await;
    let offer = stuttgart.offer(&assessment, "gold", &[berlin, dresden]).await.expect("an offer");
    for reviewer in [berlin, dresden] {
        reviewer.reviews(&offer.id, level(4)).await;
    }
    stuttgart.offer_until(&offer.id, "both", |offer| offer.reviewers.iter().all(|reviewer| reviewer.points.is_some())).await;
    let domestic = stuttgart.issues(&offer.id).await.expect_err("none from abroad");
    assert_eq!(domestic.code(), "PGN-0829");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_is_changed_by_its_version_and_frozen_by_an_offer() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let id = stuttgart.assessed("BioRegio", 3).await;
    let set = |if_match: Option<&str>, file: &str, dry_run: bool| {
        let (id, if_match, edit) = (id.clone(), if_match.map(str::to_owned), Edit::Spreadsheet(file.as_bytes().to_vec()));
        stuttgart.context.run(move |context| assessments::set(context, &id, &edit, if_match.as_deref(), dry_run))
    };
    let file = "indicator;level\n2.1;1\n";
    assert_eq!(set(None, file, false).await.expect_err("no version").status(), 428);
    assert_eq!(set(Some("\"1\""), file, false).await.expect_err("an old version").status(), 412);
    let preview = set(None, file, true).await.expect("a preview");
    assert_eq!((preview.changes.len(), preview.assessment.etag.as_str()), (1, "\"2\""));
    let bad = set(Some("\"2\""), "indicator;level\n2.1;1\n2.3;3,5\n", false).await.expect_err("a decimal comma");
    assert!(matches!(&bad, Error::Table(problems) if problems[0].row == 3));
    assert_eq!((bad.code(), bad.status()), ("PGN-0719", 422));
    let changed = set(Some("\"2\""), file, false).await.expect("changed");
    assert_eq!((changed.changes.len(), changed.assessment.etag.as_str()), (1, "\"3\""));
    assert_eq!(set(Some("\"3\""), file, false).await.expect("nothing to change").assessment.etag, "\"3\"");

    let offer = stuttgart.offer(&id, "bronze", &[lyon]).await.expect("an offer");
    assert_eq!(set(Some("*"), file, false).await.expect_err("frozen").code(), "PGN-0601");
    assert_eq!(stuttgart.offer(&id, "bronze", &[lyon]).await.expect_err("one offer at a time").code(), "PGN-0601");
    offers::withdraw(&stuttgart.context, &offer.id).await.expect("withdrawn");
    set(Some("*"), "indicator;level\n2.1;2\n", false).await.expect("thawed");
    let text = {
        let id = id.clone();
        stuttgart.context.run(move |context| assessments::export(context, &id)).await.expect("CSV")
    };
    assert!(text.contains("2.1,Maturity of the cluster management,2,\r\n"), "{text}");
}
