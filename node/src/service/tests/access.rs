//! What is stored about a person: every place, and what can be taken out of it.

use super::erasure::Bodies;
use super::support::{Agency, THREE, federation, until};
use crate::service::access::{self, AccessView, ErasedPersonView, Unwanted, Wanted};
use crate::service::roles::{Caller, Role};
use crate::service::tokens::{self, NewToken};
use crate::service::{Context, assessments, inbox};

/// In composed letters; it is planted in several ways.
const NAME: &str = "Zoë Ångström";
const SHOUTED: &str = "ZOË ÅNGSTRÖM";
const DECOMPOSED: &str = "zoe\u{308} a\u{30a}ngstro\u{308}m";

async fn report(agency: &Agency) -> AccessView {
    agency.context.run(|context| access::report(context, &Wanted { text: NAME.into() })).await.expect("a report")
}

async fn erase(agency: &Agency, dry_run: bool) -> ErasedPersonView {
    let confirm = (!dry_run).then(|| NAME.to_owned());
    let unwanted = Unwanted { text: NAME.into(), confirm, dry_run };
    agency.context.run(move |context| access::erase(context, &unwanted)).await.expect("erased")
}

/// What was found, as (what, field, free).
fn places(list: &[access::PlaceView]) -> Vec<(String, String, bool)> {
    list.iter().map(|place| (place.what.clone(), place.field.clone(), place.free)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_every_place_and_free_texts_lose_the_name() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let bodies = Bodies {
        note: format!("Ask {NAME}."),
        file: format!("Minutes by {SHOUTED}"),
        name: "minutes.txt".into(),
        question: format!("Who is {DECOMPOSED}?"),
        answer: format!("{NAME} leads the office"),
        findings: format!("Talked to {SHOUTED}"),
        response: "No comment".into(),
    };
    let (assessment, offer) = bodies.under_review(stuttgart, lyon).await;
    let draft = bodies.written(stuttgart, "Another").await;
    let token = NewToken { name: format!("{NAME}, office"), roles: vec![Role::ReadOnly], scope: None, expires_days: None };
    stuttgart.context.run(move |context| tokens::create(context, &Caller::user(0), &token)).await.expect("a token");

    let owners = report(stuttgart).await;
    let fields: Vec<_> = places(&owners.places);
    let has = |what: &str, field: &str, free: bool| fields.iter().any(|(w, f, is)| w == what && f.starts_with(field) && *is == free);
    for (what, field, free) in [
        ("assessment", "/assessment/notes/4.1.2", true),
        ("assessment", "/assessment/notes/4.1.2", false),
        ("assessment", "/evidence/", false),
        ("offer", "/assessment/notes/4.1.2", false),
        ("offer", "/parties/lyon/questions/0/question/text", true),
        ("offer", "/parties/lyon/questions/0/reply/text", true),
        ("offer", "/parties/lyon/review/body/findings", false),
        ("token", "/name", false),
    ] {
        assert!(has(what, field, free), "{what} {field} {free}: {fields:?}");
    }
    assert_eq!(fields.len(), 9, "and nothing twice: {fields:?}");
    assert!(owners.places.iter().all(|place| place.free == place.whole.is_none()));
    assert!(owners.places.iter().any(|place| place.whole.as_ref().is_some_and(|step| step.contains("parangon erase offer"))));
    assert!(owners.kept.iter().any(|kept| kept.what == "assessment" && kept.how_long.contains("sets no period")));
    // The reviewer's node looks into the sealed dossier, too.
    let reviewers = places(&report(lyon).await.places);
    for (what, field) in [
        ("dossier", "/assessment/notes/4.1.2"),
        ("dossier", "/evidence/"),
        ("conversation", "/questions/0/question/text"),
        ("conversation", "/questions/0/reply/text"),
        ("review request", "/review/body/findings"),
    ] {
        assert!(reviewers.iter().any(|(w, f, _)| w == what && f.starts_with(field)), "{what} {field}: {reviewers:?}");
    }

    // Too little to look for, and what is not confirmed, change nothing.
    for text in ["", "Z.", "  a b  ", &"x".repeat(201)] {
        let wanted = Wanted { text: (*text).to_owned() };
        let error = stuttgart.context.run(move |context| access::report(context, &wanted)).await.expect_err("refused");
        assert_eq!(error.code(), "PGN-0702");
    }
    let unsure = Unwanted { text: NAME.into(), confirm: Some("somebody".into()), dry_run: false };
    let error = stuttgart.context.run(move |context| access::erase(context, &unsure)).await.expect_err("not confirmed");
    assert_eq!(error.code(), "PGN-0702");
    assert!(!error.to_string().contains("Zoë"));
    let planned = erase(stuttgart, true).await;
    assert_eq!((planned.erased.len(), planned.left.len()), (3, 6));
    assert_eq!(report(stuttgart).await, owners, "a dry run changes nothing");

    let before = {
        let id = draft.clone();
        stuttgart.context.run(move |context| assessments::show(context, &id)).await.expect("there").etag
    };
    let done = erase(stuttgart, false).await;
    assert_eq!(places(&done.erased), places(&planned.erased));
    assert_eq!(places(&done.left), places(&planned.left));
    let show = |id: String| stuttgart.context.run(move |context: &Context| assessments::answers(context, &id));
    let notes = |answers: assessments::AnswersView| {
        let rows = answers.dimensions.into_iter().flat_map(|dimension| dimension.indicators);
        rows.filter_map(|row| row.note).collect::<Vec<_>>()
    };
    let thawed = show(draft).await.expect("answers");
    assert_ne!(thawed.assessment.etag, before, "whoever has it open sees that it changed");
    assert_eq!(notes(thawed), ["Ask [erased]."]);
    assert_eq!(notes(show(assessment).await.expect("answers")), [format!("Ask {NAME}.")], "an offer froze it");
    let owed = || stuttgart.context.store().read().expect("a snapshot").private_ids(28, None, 9).expect("ids");
    until("cleared pages", || async { owed().is_empty().then_some(()) }).await;
    // The exchange goes on.
    let id = offer.clone();
    lyon.context.run(move |context| inbox::finalise(context, &id, &inbox::ReviewInput::default())).await.expect("final");
    stuttgart.offer_until(&offer, "the final review", |offer| offer.ready).await;
    assert_eq!(report(stuttgart).await.places.len(), 7, "the final review says it once more");
}
