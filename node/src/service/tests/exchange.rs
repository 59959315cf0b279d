use parangon_protocol::id::LogId;
use parangon_protocol::record::{Action, Reason, Record};
use parangon_protocol::verify::Outcome;

use super::support::{Agency, THREE, federation, level};
use crate::service::labels::{self, NewStanding};
use crate::service::register::Standing;
use crate::service::{inbox, item, offers, verification};

/// How many records of a kind our log holds.
fn own_records(agency: &Agency, kind: impl Fn(&Record) -> bool) -> usize {
    let tx = agency.context.store().read().expect("a snapshot");
    let log = LogId::first(agency.context.me().clone());
    let records = tx.records(&log, 0..tx.size(&log).expect("size"), usize::MAX).expect("records");
    records.iter().filter(|bytes| kind(&Record::read(bytes).expect("our own record"))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gold_label_becomes_valid_everywhere() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let label = stuttgart.awards("BioRegio", "gold", 4, &[berlin, lyon]).await;
    assert_eq!((label.level, &label.endorsers[..]), ("GOLD", &["berlin".to_owned(), "lyon".to_owned()][..]));
    for agency in &agencies {
        let view = agency.label_until(&label.id, Standing::Valid).await;
        assert_eq!((view.reason, view.provisional_because), (None, None));
    }
    // Each endorser confirmed once, and nobody else did.
    for (agency, confirmed) in [(berlin, 1), (lyon, 1), (stuttgart, 0)] {
        assert_eq!(own_records(agency, |record| matches!(record, Record::Endorsement(..))), confirmed, "{}", agency.name());
    }
    // The one file proves it elsewhere, once the status is confirmed.
    let verdict = super::support::until("a valid bundle", || async {
        let id = labels::parse_id(&label.id).expect("an id");
        let file = lyon.context.run(move |context| labels::bundle(context, &id)).await.ok()?;
        let verdict = verification::verify(&berlin.context, &file, None).expect("a verdict");
        (verdict.verdict == Outcome::Valid).then_some(verdict)
    })
    .await;
    assert_eq!(verdict.code, 0);

    let withdraw = NewStanding { action: Action::Withdraw, reason: Reason::AtRequest };
    labels::set_standing(&stuttgart.context, &label.id, withdraw).await.expect("withdrawn");
    for agency in &agencies {
        agency.label_until(&label.id, Standing::Withdrawn).await;
    }
    let again = labels::set_standing(&stuttgart.context, &label.id, withdraw).await.expect_err("withdrawn already");
    assert_eq!((again.code(), again.status()), ("PGN-0601", 409));
    let foreign = labels::set_standing(&lyon.context, &label.id, withdraw).await.expect_err("not ours");
    assert_eq!(foreign.code(), "PGN-0833");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_sees_no_scores_and_keeps_no_dossier() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.accepts(&offer).await;
    let shown = {
        let offer = offer.clone();
        lyon.context.run(move |context| inbox::dossier(context, &offer)).await.expect("the dossier")
    };
    let text = serde_json::to_string(&shown).expect("JSON");
    assert!(!text.contains("score") && !text.contains("level"), "{text}");
    assert_eq!(shown.indicators.len(), 31);

    let result = {
        let (offer, input) = (
            offer.clone(),
            inbox::ReviewInput {
                scores: level(2),
                improvements: Some(0),
                eligible: Some(true),
                findings: Some(String::new()),
                ..inbox::ReviewInput::default()
            },
        );
        lyon.context.run(move |context| inbox::submit(context, &offer, &input)).await.expect("reviewed")
    };
    assert!(result.recommended);
    let gone = {
        let offer = offer.clone();
        lyon.context.run(move |context| inbox::dossier(context, &offer)).await.expect_err("deleted")
    };
    assert_eq!((gone.code(), gone.status()), ("PGN-0601", 409));
    let tx = lyon.context.store().read().expect("a snapshot");
    for kind in [6, 7] {
        assert_eq!(tx.private_ids(kind, None, 10).expect("ids"), Vec::<String>::new(), "kind {kind}");
    }
    let twice = {
        let input = inbox::ReviewInput {
            scores: level(4),
            improvements: Some(0),
            eligible: Some(true),
            findings: Some(String::new()),
            ..inbox::ReviewInput::default()
        };
        lyon.context.run(move |context| inbox::submit(context, &offer, &input)).await.expect_err("one review")
    };
    assert_eq!(twice.code(), "PGN-0601");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_waits_for_a_member_that_is_away() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    stuttgart.network.block(lyon.context.me()).await.expect("running");
    lyon.network.block(stuttgart.context.me()).await.expect("running");
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    let waiting = stuttgart.context.store().read().expect("a snapshot").outbox_counts().expect("counts");
    assert_eq!(waiting, [(lyon.context.me().clone(), 1)]);
    stuttgart.network.unblock(lyon.context.me()).await.expect("running");
    lyon.network.unblock(stuttgart.context.me()).await.expect("running");
    lyon.accepts(&offer).await;
    let empty = super::support::until("an empty outbox", || async {
        let counts = stuttgart.context.store().read().expect("a snapshot").outbox_counts().expect("counts");
        counts.is_empty().then_some(())
    });
    empty.await;
}

/// The offer and the reviews behind it, ready to be issued.
async fn ready(owner: &Agency, reviewer: &Agency) -> String {
    let assessment = owner.assessed("BioRegio", 3).await;
    let offer = owner.offer(&assessment, "bronze", &[reviewer]).await.expect("an offer").id;
    reviewer.reviews(&offer, level(3)).await;
    owner.offer_until(&offer, "the review", |offer| offer.ready).await;
    offer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_is_in_the_log_is_not_issued_again() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let offer = ready(stuttgart, lyon).await;
    let before = offers::load(&stuttgart.context.store().read().expect("a snapshot"), &offer).expect("the offer");
    let label = stuttgart.issues(&offer).await.expect("a label");
    let twice = stuttgart.issues(&offer).await.expect_err("one offer carries one label");
    assert_eq!((twice.code(), twice.status()), ("PGN-0601", 409));
    // As after a crash between the log and the offer. The node itself closes such an offer once it looks at the label, which may be first.
    let again = loop {
        stuttgart.context.transact(|tx| item::put(tx, &offer, &before)).expect("written");
        match stuttgart.issues(&offer).await {
            Ok(label) => break label,
            Err(error) => assert_eq!(error.code(), "PGN-0601", "{error}"),
        }
    };
    assert_eq!(again.id, label.id);
    assert_eq!(own_records(stuttgart, |record| matches!(record, Record::Label(_))), 1);
    assert_eq!(stuttgart.offer_until(&offer, "its end", |offer| offer.state == "issued").await.label, Some(label.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endorsement_that_we_did_not_make_is_never_confirmed() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let offer = ready(stuttgart, lyon).await;
    // Lyon's key signed it, but not through Lyon's review: a stolen key, for one.
    let made = lyon.context.store().read().expect("a snapshot").private_ids(8, None, 10).expect("ids");
    assert!(lyon.context.transact(|tx| Ok(tx.delete_private(8, &made[0])?)).expect("deleted"));
    let label = stuttgart.issues(&offer).await.expect("a label").id;
    // Another label of the same two is confirmed, so Lyon has looked at this one, too.
    let other = ready(berlin, lyon).await;
    let other = berlin.issues(&other).await.expect("a label").id;
    for agency in &agencies {
        agency.label_until(&other, Standing::Valid).await;
        let view = agency.label_until(&label, Standing::Provisional).await;
        assert!(view.provisional_because.is_some_and(|because| because.contains("lyon has not confirmed")));
    }
    assert_eq!(own_records(lyon, |record| matches!(record, Record::Endorsement(..))), 1);
}
