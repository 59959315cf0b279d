use std::sync::Arc;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::service::tests::support::{federation, federation_at};

const TWO: [(&str, &str, Option<&str>); 2] = [("stuttgart", "DE", None), ("berlin", "DE", None)];

/// Two nodes without a connection: records there and a cosignature back, by nothing but files.
#[tokio::test(flavor = "multi_thread")]
async fn records_and_cosignatures_travel_by_files_alone() {
    let agencies = federation(&TWO).await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    for of in [berlin, stuttgart] {
        until_final(berlin, of, 2).await;
        until_final(stuttgart, of, 2).await;
    }
    berlin.part(stuttgart).await;
    // More than a tile, more than two spans, and a ragged edge.
    append(stuttgart, 1..700).await;
    assert_eq!(held(berlin, stuttgart).0, 2);

    let taken = read_files(berlin, files(stuttgart).await).await.expect("followed");
    assert_eq!((taken, held(berlin, stuttgart).0), (699, 701));
    until_final(berlin, stuttgart, 701).await;
    assert_eq!(held(stuttgart, berlin).1, 2);
    assert_eq!(held(stuttgart, stuttgart).1, 2, "berlin's line is in berlin's mirror and nowhere else");

    assert_eq!(read_files(stuttgart, files(berlin).await).await.expect("followed"), 0);
    until_final(stuttgart, stuttgart, 701).await;
    assert_eq!(held(stuttgart, stuttgart).2, held(berlin, stuttgart).2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_fetched_again() {
    let agencies = federation(&TWO).await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    berlin.part(stuttgart).await;
    append(stuttgart, 1..20).await;
    let there = files(stuttgart).await;
    let server = Server::start(move |path| there.get(path).map_or(Reply::Missing, |bytes| Reply::File(bytes.clone()))).await;
    let mut mirror = mirror(&server);
    assert_eq!(read(berlin, &mut mirror).await.expect("followed"), 19);
    let paths = [MARKER, TRUST, "stuttgart/checkpoint", "stuttgart/tile/entries/000.p/21", "stuttgart/tile/0/000.p/21"];
    assert_eq!(paths.map(|path| server.sent(path)), [1; 5]);
    assert_eq!(read(berlin, &mut mirror).await.expect("followed"), 0);
    assert_eq!(paths.map(|path| server.sent(path)), [1; 5], "each is the same");
}

/// A reader that comes with an older checkpoint finds the full tile that has replaced the partial one.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_tile_stands_for_the_partial_ones_before_it() {
    let agencies = federation(&TWO).await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    berlin.part(stuttgart).await;
    append(stuttgart, 1..250).await;
    let before = files(stuttgart).await;
    append(stuttgart, 250..300).await;
    let mut mixed = files(stuttgart).await;
    mixed.insert("stuttgart/checkpoint".into(), before["stuttgart/checkpoint"].clone());
    assert_eq!(read_files(berlin, mixed).await.expect("followed"), 249);
    assert_eq!(read_files(berlin, files(stuttgart).await).await.expect("followed"), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_not_written_any_more_is_seen_by_its_cosignatures() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000).expect("a time")));
    let agencies = federation_at(&TWO, || clock.clone() as Arc<dyn Clock>).await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    until_final(berlin, stuttgart, 2).await;
    until_final(berlin, berlin, 2).await;
    let old = files(berlin).await;
    read_files(berlin, old.clone()).await.expect("fresh");
    stuttgart.part(berlin).await;
    clock.advance(super::super::STALE_SECONDS + 3_600);
    let error = read_files(berlin, old).await.expect_err("old");
    assert!(matches!(error, MirrorError::Stale { .. }), "{error}");
    assert_eq!(error.code(), "PGN-0919");
    // Witnesses renew their lines each day, also those who are connected with nobody.
    let renewed = || async { read_files(berlin, files(stuttgart).await).await.ok() };
    until("a renewed line", renewed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_names_a_file_of_a_log_or_nothing() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let paths = "checkpoint stuttgart stuttgart/checkpoint stuttgart/tile/0/000 stuttgart/tile/0/000.p/3 stuttgart/tile/1/000.p/1 \
        ../tile/0/000.p/2 STUTTGART/tile/0/000.p/2 berlin/tile/0/000.p/1 stuttgart/tile/0/../0/000.p/2 stuttgart//tile/0/000.p/2 \
        stuttgart/tile/0/x001/000.p/2 stuttgart/tile/0/000.p/2/../../../../node.keys";
    let paths: Vec<_> = paths.split_ascii_whitespace().map(str::to_owned).chain([String::new()]).collect();
    let check = move |context: &Context| {
        for path in paths {
            let answer = mirrors::file(context, &path);
            assert!(matches!(answer, Err(crate::service::Error::NotFound { .. })), "{path}: {answer:?}");
        }
        Ok((mirrors::file(context, "stuttgart/tile/0/000.p/2")?, mirrors::file(context, "stuttgart/tile/entries/000.p/1")?))
    };
    let (hashes, entries) = agency.context.run(check).await.expect("files");
    assert_eq!(hashes.len(), 64);
    assert_eq!(usize::from(u16::from_be_bytes([entries[0], entries[1]])) + 2, entries.len());
}
