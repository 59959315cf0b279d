use std::sync::Arc;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::record::{Action, Reason, Record};
use parangon_protocol::time::Timestamp;

use super::support::{THREE, federation, federation_on, level, until};
use crate::clock::SystemClock;
use crate::service::labels::{self, NewStanding};
use crate::service::register::Standing;
use crate::service::statistics::{self, NewRelease, Sought, Wanted};

fn wanted(indicator: &str) -> Wanted<'_> {
    Wanted { indicator: Some(indicator), ..Wanted::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_adds_up_the_same_sum() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut labels = Vec::new();
    for n in 0..4 {
        labels.push(stuttgart.awards(&format!("Cluster {n}"), "bronze", 3, &[lyon]).await.id);
    }
    labels.push(lyon.awards("Lone", "bronze", 2, &[berlin]).await.id);
    for label in &labels {
        stuttgart.label_until(label, Standing::Valid).await;
        lyon.label_until(label, Standing::Valid).await;
    }
    let prepared = stuttgart.context.run(|context| statistics::prepare(context, None, None)).await.expect("a preview");
    assert_eq!((prepared.population, prepared.rows.len()), (4, 31));
    for (agency, population) in [(stuttgart, 4), (lyon, 1)] {
        let made = statistics::release(&agency.context, NewRelease::default()).await.expect("a release");
        assert_eq!(made.population, population);
    }
    let again = statistics::release(&stuttgart.context, NewRelease::default()).await.expect_err("once");
    assert_eq!((again.code(), again.status()), ("PGN-0602", 409));

    let mut sums = Vec::new();
    for agency in &agencies {
        let sum = until("both releases", || async {
            let sum = agency.context.run(|context| statistics::aggregate(context, &wanted("2.1"))).await.ok()?;
            (sum.agencies == 2).then_some(sum)
        });
        sums.push(sum.await);
    }
    assert!(sums.windows(2).all(|pair| pair[0] == pair[1]));
    let sum = &sums[0];
    assert_eq!((sum.clusters, &sum.missing[..], sum.rows.len()), (5, &["berlin".to_owned()][..], 1));
    // One cluster alone is below the minimum: everything of Lyon is hidden, and nothing of it can be told.
    let row = &sum.rows[0];
    assert!(row.cells.iter().all(|cell| cell.hidden_in >= 1), "{row:?}");
    let text = stuttgart.context.run(|context| statistics::aggregate_csv(context, &wanted("2.1"))).await.expect("CSV");
    assert_eq!(text.lines().count(), 7, "{text}");
    let unknown = stuttgart.context.run(|context| statistics::aggregate(context, &wanted("2.1.9"))).await.expect_err("unknown");
    assert_eq!(unknown.status(), 422);

    // And every node writes the same files of it.
    let sought = Sought { period: "latest", file: "figures.zip", ..Sought::default() };
    let mut files = Vec::new();
    for agency in &agencies {
        files.push(agency.context.run(move |context| statistics::file(context, &sought)).await.expect("a file"));
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", files[0].name);
    let sought = Sought { file: "figures.json", indicator: Some("2.1"), ..sought };
    let file = stuttgart.context.run(move |context| statistics::file(context, &sought)).await.expect("a file");
    let json: serde_json::Value = serde_json::from_slice(&file.bytes).expect("JSON");
    assert_eq!(json["coverage"][0]["missing"], serde_json::json!(["berlin"]));
    let rows = json["observations"].as_array().expect("rows");
    assert_eq!(rows.len(), 6);
    for (row, cell) in rows.iter().zip(&sums[0].rows[0].cells) {
        assert_eq!((row["lower"].as_u64(), row["upper"].as_u64()), (Some(cell.count), Some(cell.upper)));
        assert!(row["reasons"].as_array().is_some_and(|reasons| reasons.iter().any(|reason| reason == "population")), "{row}");
    }
}

/// What counts others than the register says is counted by nobody, and the correction is.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_the_register_contradicts_is_not_counted() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut labels = Vec::new();
    for n in 0..3 {
        labels.push(stuttgart.awards(&format!("Cluster {n}"), "bronze", 3, &[lyon]).await.id);
    }
    labels.push(lyon.awards("Lone", "bronze", 2, &[berlin]).await.id);
    for label in &labels {
        stuttgart.label_until(label, Standing::Valid).await;
        lyon.label_until(label, Standing::Valid).await;
    }
    statistics::release(&lyon.context, NewRelease::default()).await.expect("a release");
    let forged = parangon_protocol::statistics::Release {
        by: None,
        perturbation: None,
        groups: Vec::new(),
        catalogue: Catalogue::ecei().reference(),
        period: parangon_protocol::statistics::Period::of(stuttgart.context.now()),
        version: 1,
        reason: None,
        population: 9,
        rows: vec![],
    };
    let record = parangon_protocol::record::Record::Release(Box::new(forged));
    stuttgart.context.engine().append(vec![record]).await.expect("a log takes what its owner says");
    let whole = Wanted::default;
    let sum = until("it is found out", || async {
        let sum = berlin.context.run(move |context| statistics::aggregate(context, &whole())).await.ok()?;
        (!sum.void.is_empty()).then_some(sum)
    });
    let sum = sum.await;
    assert_eq!((sum.agencies, sum.clusters, sum.members, sum.registered), (1, 1, 3, 4));
    assert_eq!(sum.void[0].agency, "stuttgart");
    assert_eq!(sum.void[0].because, "it counts 9 clusters with a valid label, the register 3");
    assert_eq!(sum.missing, ["berlin"]);
    let reason = Some("the first one was wrong".to_owned());
    statistics::release(&stuttgart.context, NewRelease { reason, ..NewRelease::default() }).await.expect("a correction");
    let sum = until("it is corrected", || async {
        let sum = berlin.context.run(move |context| statistics::aggregate(context, &whole())).await.ok()?;
        sum.void.is_empty().then_some(sum)
    });
    let sum = sum.await;
    assert_eq!((sum.agencies, sum.clusters), (2, 4));
    let at_three = sum.rows.iter().find(|row| row.indicator == "2.5").and_then(|row| row.median);
    assert!(at_three.is_none_or(|median| median.low <= 3 && median.high >= 3), "{at_three:?}");
}

/// A label that is not confirmed yet would be counted by some and not by others.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_waits_for_labels_that_are_not_confirmed() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let sure = stuttgart.awards("Cluster", "bronze", 3, &[lyon]).await.id;
    stuttgart.label_until(&sure, Standing::Valid).await;
    let assessment = stuttgart.assessed("Late", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.reviews(&offer, level(3)).await;
    stuttgart.offer_until(&offer, "enough reviews", |offer| offer.ready).await;
    for other in [berlin, lyon] {
        stuttgart.part(other).await;
    }
    let late = stuttgart.issues(&offer).await.expect("a label").id;
    let prepare = || stuttgart.context.run(|context| statistics::prepare(context, None, None));
    let refused = prepare().await.expect_err("one is not confirmed");
    assert_eq!((refused.code(), refused.status()), ("PGN-0842", 409));
    assert_eq!(refused.to_string(), "1 of our labels is not confirmed yet");
    let refused = statistics::release(&stuttgart.context, NewRelease::default()).await.expect_err("one is not confirmed");
    assert_eq!(refused.code(), "PGN-0842");
    for other in [berlin, lyon] {
        stuttgart.rejoin(other).await;
    }
    stuttgart.label_until(&late, Standing::Valid).await;
    assert_eq!(prepare().await.expect("both are").population, 2);
}

/// A questionnaire beside the catalogue that gives points does not stand in the way: that one is meant, unless the other one is named.
#[tokio::test(flavor = "multi_thread")]
async fn figures_are_of_the_catalogue_that_gives_points() {
    let clock = || Arc::new(SystemClock::new(Timestamp::default())) as Arc<dyn crate::clock::Clock>;
    let both = |charter: &mut parangon_protocol::charter::Charter| {
        charter.catalogues.push(Catalogue::ecei_bronze().reference());
        charter.catalogues.sort_by(|a, b| a.id.cmp(&b.id));
    };
    let agencies = federation_on(&THREE, clock, both).await;
    let [_, _, stuttgart] = &agencies[..] else { panic!("three") };
    let rows = |catalogue: Option<&'static str>| {
        stuttgart.context.run(move |context| statistics::prepare(context, catalogue, None).map(|prepared| prepared.rows.len()))
    };
    assert_eq!(rows(None).await.expect("the one that gives points"), 31);
    assert_eq!(rows(Some("ecei-bronze-2026")).await.expect("the questionnaire"), 36);
    let error = rows(Some("other")).await.expect_err("none of the charter's");
    assert!(error.to_string().contains("ecei-2026") && error.status() == 422, "{error}");
}

/// Two releases that differ by one cluster would tell where it stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_does_not_tell_of_one_cluster_by_the_difference() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut labels = Vec::new();
    for n in 0..6 {
        labels.push(stuttgart.awards(&format!("Cluster {n}"), "bronze", 2 + n % 2, &[lyon]).await.id);
    }
    for label in &labels {
        stuttgart.label_until(label, Standing::Valid).await;
    }
    let shown = |rows: &[statistics::RowView]| rows.iter().flat_map(|row| row.cells.iter().filter_map(|cell| cell.count())).sum::<u32>();
    let prepare = || stuttgart.context.run(|context| statistics::prepare(context, None, None));
    let first = prepare().await.expect("a preview");
    assert_eq!((first.population, shown(&first.rows)), (6, 31 * 6), "three at level 2 and three at level 3, everywhere");
    statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    let one_more = stuttgart.awards("One more", "bronze", 3, &[lyon]).await.id;
    for agency in [berlin, stuttgart] {
        agency.label_until(&one_more, Standing::Valid).await;
    }
    let reason = Some("one label was late".to_owned());
    let made = statistics::release(&stuttgart.context, NewRelease { reason, ..NewRelease::default() }).await.expect("a correction");
    assert_eq!((made.version, made.population, made.suppressed), (2, 7, 31 * 6), "every cell is hidden");
    let sum = until("the correction", || async {
        let sum = berlin.context.run(|context| statistics::aggregate(context, &Wanted::default())).await.ok()?;
        (sum.clusters == 7).then_some(sum)
    });
    assert!(sum.await.rows.iter().all(|row| row.median.is_none() && row.cells.iter().all(|cell| cell.count == 0)));
}

/// The register tells later on that a suspended label was valid all the time; whom a release counted is remembered.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_was_suspended_meanwhile_is_not_told_by_the_difference() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut awarded = Vec::new();
    for n in 0..7 {
        awarded.push(stuttgart.awards(&format!("Cluster {n}"), "bronze", 2 + n % 2, &[lyon]).await.id);
    }
    for label in &awarded {
        stuttgart.label_until(label, Standing::Valid).await;
    }
    let one = &awarded[6];
    let says = |action| labels::set_standing(&stuttgart.context, one, NewStanding { action, reason: Reason::AtRequest });
    says(Action::Suspend).await.expect("it stands in the log");
    stuttgart.label_until(one, Standing::Suspended).await;
    let first = statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    assert_eq!((first.population, first.suppressed), (6, 0), "three at level 2 and three at level 3, everywhere");
    says(Action::Reinstate).await.expect("it stands in the log");
    stuttgart.label_until(one, Standing::Valid).await;
    let reason = Some("one label is valid again".to_owned());
    let second = statistics::release(&stuttgart.context, NewRelease { reason, ..NewRelease::default() }).await.expect("a correction");
    assert_eq!((second.population, second.suppressed), (7, 31 * 6), "every cell is hidden");
}

/// Whoever releases for a quarter that is to come does not have the newest figures for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_for_a_quarter_that_is_to_come_is_not_the_newest() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let label = stuttgart.awards("Lone", "bronze", 3, &[lyon]).await.id;
    for agency in [berlin, stuttgart] {
        agency.label_until(&label, Standing::Valid).await;
    }
    let made = statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    let mut far = stuttgart.own_releases().remove(0);
    far.period = "2999-Q4".parse().expect("a quarter");
    lyon.context.engine().append(vec![Record::Release(Box::new(far))]).await.expect("a log takes what its owner says");
    until("both releases", || async {
        let listed = berlin.context.run(statistics::releases).await.ok()?;
        (listed.len() == 2 && listed.iter().all(|release| release.r#final)).then_some(())
    })
    .await;
    let sum = berlin.context.run(|context| statistics::aggregate(context, &Wanted::default())).await.expect("a sum");
    assert_eq!((sum.period, sum.agencies), (made.period, 1));
}
