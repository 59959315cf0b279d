//! Tables that divide the clusters: what is published, and what others check of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parangon_protocol::charter::Charter;
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{Cell, Dimension, Release};
use parangon_protocol::time::Timestamp;
use serde_json::json;

use super::support::{Agency, THREE, federation_on, until};
use crate::clock::SystemClock;
use crate::service::register::Standing;
use crate::service::statistics::{self, BetweenView, NewRelease, Sought, TableView, Wanted};

/// Three agencies; the charter has tables by field and by level.
async fn agencies() -> Vec<Agency> {
    let clock = || Arc::new(SystemClock::new(Timestamp::default())) as Arc<dyn crate::clock::Clock>;
    federation_on(&THREE, clock, |charter: &mut Charter| charter.disclosure.tables = vec![Dimension::Field, Dimension::Level]).await
}

/// Labels for clusters of `owner` in these fields, at these levels.
async fn labelled(owner: &Agency, reviewer: &Agency, of: &[(&str, &[u8])]) {
    let mut last = None;
    for (field, levels) in of {
        for (n, level) in levels.iter().enumerate() {
            let assessment = owner.assessed_in(field, &format!("{field} {n}"), *level).await;
            last = Some(owner.awards_for(&assessment, "bronze", *level, &[reviewer]).await.id);
        }
    }
    owner.label_until(&last.expect("a label"), Standing::Valid).await;
}

/// The groups of a table, with their clusters.
fn groups(table: &TableView) -> Vec<(Option<&str>, u32)> {
    table.groups.iter().map(|group| (group.value.as_deref(), group.population)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_divided_as_the_charter_says() {
    let agencies = agencies().await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    labelled(stuttgart, lyon, &[("Optics", &[2, 2, 2, 3, 3, 3]), ("Textiles", &[2, 2]), ("Water", &[3])]).await;
    let prepared = stuttgart.context.run(|context| statistics::prepare(context, None, None)).await.expect("a preview");
    // All labels are BRONZE: a table by level would have one group.
    assert_eq!((prepared.population, prepared.tables.len()), (9, 1));
    let table = &prepared.tables[0];
    assert_eq!((&table.by[..], groups(table)), ("field", vec![(None, 3), (Some("Optics"), 6)]));
    // The rest has two clusters at level 2: with all and Optics they would be known, so one of the three is hidden.
    for (at, row) in prepared.rows.iter().enumerate() {
        let cells = [row.cells[2], table.groups[0].rows[at].cells[2], table.groups[1].rows[at].cells[2]];
        assert!(matches!(cells[1], Cell::Hidden(_)), "{}", row.indicator);
        assert!(cells.iter().filter(|cell| cell.count().is_none()).count() > 1, "{}: {cells:?}", row.indicator);
    }
    let made = statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    assert_eq!((made.by, made.population), (None, 9));
    let releases = stuttgart.own_releases();
    assert_eq!(
        releases.iter().map(|release| (release.by, release.version, release.population)).collect::<Vec<_>>(),
        [(None, 1, 9), (Some(Dimension::Field), 1, 9)]
    );
    // Every node has the figures by field: those of Optics, and how many the others have at most.
    let sought = Sought { period: "latest", file: "figures.json", indicator: Some("2.5"), by: Some("field"), ..Sought::default() };
    let mut files = Vec::new();
    for agency in &agencies {
        let file = until("figures", || async { agency.context.run(move |context| statistics::file(context, &sought)).await.ok() }).await;
        files.push(file.bytes);
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
    let json: serde_json::Value = serde_json::from_slice(&files[0]).expect("JSON");
    let mut clusters = BTreeMap::new();
    for row in json["observations"].as_array().expect("rows") {
        clusters.insert(row["group"].as_str().expect("a group").to_owned(), row["clusters"].as_u64().expect("a number"));
        let is_textiles = row["group"] == "Textiles";
        assert!(!is_textiles || (&row["upper"], &row["reasons"][0]) == (&json!(2), &json!("population")), "{row}");
    }
    assert_eq!(clusters, BTreeMap::from([("Optics".to_owned(), 6), ("Textiles".to_owned(), 2), ("Water".to_owned(), 1)]));
    let by_region = Sought { by: Some("region"), ..sought };
    let error = stuttgart.context.run(move |context| statistics::file(context, &by_region)).await.expect_err("no label says");
    assert_eq!(error.code(), "PGN-0505");
    let listed = stuttgart.context.run(statistics::releases).await.expect("a list");
    assert_eq!(listed.iter().map(|view| view.by.as_deref()).collect::<Vec<_>>(), [None, Some("field")]);
}

/// A cluster's manager sees where it stands, and of the others no more than everybody does.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_shown_beside_the_others() {
    let agencies = agencies().await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    labelled(stuttgart, lyon, &[("Optics", &[2, 2, 2, 3, 3, 3])]).await;
    let own = stuttgart.assessed_in("Optics", "Ours", 3).await;
    let benchmark = |id: String| stuttgart.context.run(move |context| statistics::benchmark(context, &id, None));
    let early = benchmark(own.clone()).await.expect_err("nobody has released");
    assert_eq!(early.status(), 404, "{early}");
    statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    let view = until("figures", || async { benchmark(own.clone()).await.ok() }).await;
    let groups: Vec<_> = view.groups.iter().map(|group| (group.by, group.value.as_deref(), group.clusters)).collect();
    assert_eq!(groups, [("all", None, 6), ("country", Some("DE"), 6), ("field", Some("Optics"), 6)]);
    let row = view.rows.iter().find(|row| row.indicator == "2.5").expect("a row");
    let three = Some(BetweenView { low: 3, high: 3 });
    for position in &row.positions {
        assert_eq!((row.own, position.below, position.same), (Some(3), three, three));
        assert_eq!(position.above, Some(BetweenView { low: 0, high: 0 }));
        assert_eq!(position.median.map(|median| (median.low, median.high)), Some((2, 2)), "the lower one of the middle two");
    }
    // Of a field with a single cluster, there is nothing to be shown beside it.
    let other = stuttgart.assessed_in("Water", "Another", 1).await;
    let view = benchmark(other).await.expect("a view");
    assert_eq!(view.groups.iter().map(|group| group.by).collect::<Vec<_>>(), ["all", "country"]);
    // It is nobody else's.
    let elsewhere = berlin.context.run(move |context| statistics::benchmark(context, &own, None)).await.expect_err("not theirs");
    assert_eq!(elsewhere.status(), 404);
}

/// Everybody knows from the register how many clusters stand in which group.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_register_contradicts_is_not_counted() {
    let agencies = agencies().await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    labelled(stuttgart, lyon, &[("Optics", &[2, 2, 2, 3, 3, 3]), ("Textiles", &[2, 2]), ("Water", &[3])]).await;
    statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    let releases = stuttgart.own_releases();
    let [whole, fields] = &releases[..] else { panic!("two releases") };
    let next = |release: &Release, version| Release { version, reason: "wrong".parse().ok(), ..release.clone() };
    let mut moved = next(fields, 2);
    (moved.groups[0].population, moved.groups[1].population) = (5, 4);
    moved.groups.iter_mut().for_each(|part| part.rows.clear());
    let mut renamed = next(fields, 3);
    renamed.groups[0].value = "Water".parse().ok();
    renamed.groups[0].rows.clear();
    renamed.groups.sort_by(|a, b| a.value.cmp(&b.value));
    let cases = [
        (2, moved, "its table by field counts 5 clusters in the rest, the register 3"),
        (3, renamed, "its table by field counts 3 clusters in Water, the register 1"),
        (4, Release { population: 8, ..next(whole, 4) }, "it counts 8 clusters with a valid label, the register 9"),
    ];
    for (version, table, because) in cases {
        let whole = if table.by.is_some() { next(whole, version) } else { table.clone() };
        let records = [whole, table].into_iter().map(|release| Record::Release(Box::new(release))).collect();
        stuttgart.context.engine().append(records).await.expect("a log takes what its owner says");
        let sum = until(because, || async {
            // Where nothing else is left there is no sum.
            let sum = berlin.context.run(|context| statistics::aggregate(context, &Wanted::default())).await;
            match sum {
                Ok(sum) => sum.void.iter().any(|void| void.because == because).then_some(sum.agencies),
                Err(error) => (version == 4 && error.status() == 404).then_some(0),
            }
        });
        assert_eq!(sum.await, u32::from(version < 4), "the table of all counts where it is right");
    }
}
