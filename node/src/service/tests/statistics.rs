use std::sync::Arc;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::time::Timestamp;

use super::support::{THREE, federation, federation_on, until};
use crate::clock::SystemClock;
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
