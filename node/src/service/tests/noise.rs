//! Noise and rounding of releases, as the charter asks.

use std::sync::Arc;

use parangon_protocol::charter::{Charter, Noise};
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{Perturbation, Release};
use parangon_protocol::time::Timestamp;
use tempfile::TempDir;

use super::support::{Agency, THREE, federation_on, until};
use crate::backup::{Plan, open};
use crate::clock::SystemClock;
use crate::service::register::Standing;
use crate::service::statistics::{self, NewRelease, Wanted};
use crate::store::Store;

/// The kind of the secret's item.
const KIND: u8 = 32;

const NOISE: Noise = Noise { maximum: 3, tenths: 20 };

async fn agencies(change: impl Fn(&mut Charter) + Copy) -> Vec<Agency> {
    let clock = || Arc::new(SystemClock::new(Timestamp::default())) as Arc<dyn crate::clock::Clock>;
    let agencies = federation_on(&THREE, clock, change).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut last = None;
    for n in 0..6 {
        last = Some(stuttgart.awards(&format!("Cluster {n}"), "bronze", 2 + n % 2, &[lyon]).await.id);
    }
    stuttgart.label_until(&last.expect("a label"), Standing::Valid).await;
    agencies
}

fn secret(agency: &Agency) -> Option<Vec<u8>> {
    let found = agency.context.store().read().expect("a snapshot").private(KIND, "cells").expect("readable");
    found.map(|bytes| bytes.to_vec())
}

async fn corrects(agency: &Agency) -> Result<statistics::ReleaseView, crate::service::Error> {
    let reason = Some("again".to_owned());
    statistics::release(&agency.context, NewRelease { reason, ..NewRelease::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_clusters_have_the_same_noise_and_a_backup_has_its_secret() {
    let agencies = agencies(|charter| charter.disclosure.noise = Some(NOISE)).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    assert_eq!(secret(stuttgart), None, "nobody has needed it");
    let prepare = || stuttgart.context.run(|context| statistics::prepare(context, None, None));
    // Made once, also when two ask at a time.
    let (one, other) = tokio::join!(prepare(), prepare());
    assert_eq!(one.expect("a preview"), other.expect("a preview"));
    let made = secret(stuttgart).expect("made when it was needed");
    assert_eq!((secret(lyon), secret(berlin)), (None, None));
    statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    corrects(stuttgart).await.expect("a correction");
    let releases = stuttgart.own_releases();
    let [first, second] = &releases[..] else { panic!("two") };
    assert_eq!((first.perturbation, second.perturbation), (Some(Perturbation::Noise(NOISE)), Some(Perturbation::Noise(NOISE))));
    assert_eq!((first.version, second.version, &first.rows), (1, 2, &second.rows));
    for row in &first.rows {
        let counts: Vec<_> = row.cells.iter().filter_map(|cell| cell.count()).collect();
        assert!(counts.is_empty() || (counts[2] <= 6 && counts[3] <= 6 && first.range(counts[2]).1 >= 3), "{}", row.indicator);
    }
    let sum = until("both releases", || async {
        let sum = berlin.context.run(|context| statistics::aggregate(context, &Wanted::default())).await.ok()?;
        (sum.agencies == 1).then_some(sum)
    });
    assert!(sum.await.void.is_empty());

    // A backup brings it back, and nothing shows it.
    let make = |context: &crate::service::Context| {
        Ok(Plan::new(context.store(), &context.keys(), context.now()).and_then(|plan| plan.write(Vec::new())).expect("a backup"))
    };
    let bytes = stuttgart.context.run(make).await.expect("a backup");
    let dir = TempDir::new().expect("a directory");
    let unpacked = open(&bytes[..], &stuttgart.identity).expect("a backup").unpack(dir.path(), &stuttgart.identity).expect("unpacked");
    let (store, _) = Store::open(dir.path(), &unpacked.keystore().master_key()).expect("a store");
    let restored = store.read().expect("a snapshot").private(KIND, "cells").expect("readable");
    assert_eq!(restored.map(|bytes| bytes.to_vec()), Some(made));

    // Without it the noise cannot be repeated: nothing is released, and no other one is made.
    stuttgart.context.store().write(|tx| tx.delete_private(KIND, "cells").map(drop)).expect("removed");
    for _ in 0..2 {
        let refused = corrects(stuttgart).await.expect_err("it is lost");
        assert_eq!((refused.code(), refused.status()), ("PGN-0885", 409));
    }
    assert_eq!(stuttgart.own_releases().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_rounded_where_the_charter_says_so() {
    let agencies = agencies(|charter| charter.disclosure.rounding = Some(5)).await;
    let [berlin, _, stuttgart] = &agencies[..] else { panic!("three") };
    statistics::release(&stuttgart.context, NewRelease::default()).await.expect("a release");
    let release = stuttgart.own_releases().remove(0);
    assert_eq!((release.perturbation, release.population), (Some(Perturbation::Rounding(5)), 6));
    // Three at level 2 and three at level 3: both are 5.
    assert!(release.rows.iter().all(|row| row.cells[2].count().zip(row.cells[3].count()) == Some((5, 5))), "{:?}", release.rows[0]);
    assert_eq!(secret(stuttgart), None, "rounding has no secret");
    // Exact counts are void: the charter does not ask for them.
    let exact = Release { perturbation: None, version: 2, reason: "exact".parse().ok(), rows: vec![], ..release };
    stuttgart.context.engine().append(vec![Record::Release(Box::new(exact))]).await.expect("a log takes what its owner says");
    let void = until("it is found out", || async {
        let sum = berlin.context.run(|context| statistics::aggregate(context, &Wanted::default())).await;
        // Nothing else counts, so there is no sum.
        sum.is_err_and(|error| error.status() == 404).then_some(())
    });
    void.await;
}
