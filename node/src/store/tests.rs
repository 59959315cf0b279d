mod high_water;
mod private;
pub(crate) mod snapshot;

use std::collections::BTreeSet;
use std::path::Path;

use parangon_protocol::id::{AgencyId, ClusterId, Hash, LogId};
use parangon_protocol::log::merkle::{self, Frontier, HashReader};

use redb::ReadableTable;
use tempfile::TempDir;

use super::tables::LOGS;
use super::*;

fn master() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

fn open(dir: &Path) -> (Store, Opened) {
    Store::open(dir, &master()).expect("a store")
}

fn fresh() -> (TempDir, Store) {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Clean);
    (dir, store)
}

/// Every private row as it lies in the file: kind, id, wrapped data key and sealed content.
pub(crate) fn sealed_rows(store: &Store) -> Vec<(u8, String, Vec<u8>)> {
    let tx = store.read().expect("a snapshot");
    let table = tx.source.table(tables::PRIVATE).expect("there");
    let rows = table.iter().expect("read").map(|entry| {
        let (place, row) = entry.expect("read");
        let (kind, id) = place.value();
        (kind, id.to_owned(), row.value()[1..].to_vec())
    });
    rows.collect()
}

fn agency(name: &str) -> AgencyId {
    name.parse().expect("a slug")
}

fn log(name: &str) -> LogId {
    LogId::first(agency(name))
}

/// Records `from..to` of a log, with the hashes they complete, and the frontier after them.
fn batch(frontier: &mut Frontier, to: u64) -> Vec<(Vec<u8>, Vec<Hash>)> {
    let mut made = Vec::new();
    for index in frontier.size()..to {
        let record = format!("record {index}").into_bytes();
        let hashes = frontier.push_leaf(merkle::leaf_hash(&record));
        made.push((record, hashes));
    }
    made
}

fn head(log: &LogId, frontier: &Frontier) -> OwnHead {
    OwnHead { log: log.clone(), size: frontier.size(), root: frontier.root() }
}

/// Appends up to `to` own records and moves the own head, as the node does before it signs.
fn grow(store: &Store, own: &LogId, frontier: &mut Frontier, to: u64) {
    let start = frontier.size();
    let records = batch(frontier, to);
    let head = head(own, frontier);
    store
        .write(|tx| {
            tx.append(own, start, &records)?;
            tx.set_high_water(&head)
        })
        .expect("written");
}

fn copy(from: &Path, to: &Path) {
    for name in [STORE_FILE, HIGH_WATER_FILE] {
        std::fs::copy(from.join(name), to.join(name)).expect("copied");
    }
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let (dir, store) = fresh();
    let (id, own) = (store.id(), log("oslo"));
    grow(&store, &own, &mut Frontier::new(), 5);
    store.write(|tx| tx.put_state(&own, b"state")).expect("written");
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!((opened, store.id(), store.is_recovering()), (Opened::Clean, id, false));
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.size(&own).expect("read"), 5);
    assert_eq!(tx.record(&own, 4).expect("read").as_deref(), Some(&b"record 4"[..]));
    assert_eq!(tx.record(&own, 5).expect("read"), None);
    assert_eq!(tx.states().expect("read"), [(own, b"state".to_vec())]);
}

#[test]
fn a_failed_write_leaves_nothing() {
    let (_dir, store) = fresh();
    let own = log("oslo");
    let outcome = store.write(|tx| {
        tx.put_state(&own, b"state")?;
        tx.put_document("charter/1", b"{}")?;
        tx.append(&own, 1, &[])
    });
    assert!(matches!(outcome, Err(StoreError::NotNext { size: 0, offered: 1, .. })));
    let tx = store.read().expect("a snapshot");
    assert_eq!((tx.logs().expect("read"), tx.document("charter/1").expect("read")), (vec![], None));
    store.write(|tx| tx.put_state(&own, b"state")).expect("the store goes on");
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let (dir, store) = fresh();
    let own = log("oslo");
    let mut frontier = Frontier::new();
    for size in [3, 4, 9] {
        grow(&store, &own, &mut frontier, size);
        // The files as a kill would leave them now: the store is open, nothing was flushed for the copy's sake.
        let killed = tempfile::tempdir().expect("a directory");
        copy(dir.path(), killed.path());
        let (after, opened) = open(killed.path());
        assert_eq!(opened, Opened::Clean);
        let tx = after.read().expect("a snapshot");
        assert_eq!(tx.size(&own).expect("read"), size);
        let reader = tx.log_reader(&own).expect("a reader");
        assert_eq!(merkle::frontier(&reader, size).expect("read").root(), frontier.root());
    }
}

#[test]
fn proofs_come_from_the_stored_rows() {
    let (_dir, store) = fresh();
    let (own, other) = (log("oslo"), LogId { agency: agency("oslo"), epoch: 2 });
    let (mut frontier, mut roots) = (Frontier::new(), vec![Frontier::new().root()]);
    for size in 1..=70u64 {
        let records = batch(&mut frontier, size);
        let both = store.write(|tx| {
            tx.append(&own, size - 1, &records)?;
            tx.append(&other, size - 1, &records)
        });
        both.expect("written");
        roots.push(frontier.root());
    }
    let tx = store.read().expect("a snapshot");
    let reader = tx.log_reader(&other).expect("a reader");
    for size in 1..=70u64 {
        let root = &roots[usize::try_from(size).expect("small")];
        for index in 0..size {
            let leaf = merkle::leaf_hash(&tx.record(&own, index).expect("read").expect("there"));
            let proof = merkle::inclusion_proof(&reader, index, size).expect("read");
            merkle::verify_inclusion(&leaf, index, size, &proof, root).expect("included");
        }
        for old in 1..=size {
            let proof = merkle::consistency_proof(&reader, old, size).expect("read");
            let old_root = &roots[usize::try_from(old).expect("small")];
            merkle::verify_consistency(old, size, &proof, old_root, root).expect("consistent");
        }
    }
    for (level, index) in [(0, 70), (6, 1), (7, 0), (255, 1), (63, 1)] {
        assert!(matches!(reader.hash(level, index), Err(StoreError::NoRecord { .. })), "{level} {index}");
    }
    let unknown = tx.log_reader(&log("wien")).expect("a reader");
    assert!(matches!(unknown.hash(0, 0), Err(StoreError::NoRecord { index: 0 })));
}

#[test]
fn records_keep_their_places() {
    let (_dir, store) = fresh();
    let own = log("oslo");
    let records = batch(&mut Frontier::new(), 4);
    store.write(|tx| tx.append(&own, 0, &records[..2])).expect("written");
    let write = |start, records: &[(Vec<u8>, Vec<Hash>)]| store.write(|tx| tx.append(&own, start, records));
    assert!(matches!(write(1, &records[1..2]), Err(StoreError::NotNext { size: 2, offered: 1, .. })));
    assert!(matches!(write(3, &records[3..]), Err(StoreError::NotNext { size: 2, offered: 3, .. })));
    assert!(matches!(write(2, &records[3..]), Err(StoreError::Hashes { index: 2, expected: 1, given: 3, .. })));
    let large = vec![0; parangon_protocol::limits::RECORD_BYTES + 1];
    assert!(matches!(write(2, &[(large, vec![Hash::default()])]), Err(StoreError::TooLarge { .. })));
    write(2, &records[2..]).expect("written");

    let tx = store.read().expect("a snapshot");
    let count = |range, bytes| tx.records(&own, range, bytes).expect("read").len();
    assert_eq!([count(0..9, 1000), count(1..3, 1000), count(0..9, 16), count(0..9, 1), count(4..9, 1000)], [4, 2, 2, 1, 0]);
    #[expect(clippy::reversed_empty_ranges)]
    let reversed = 3..1;
    assert_eq!(count(reversed, 1000), 0);
    assert_eq!(tx.logs().expect("read"), [own]);
}

#[test]
fn a_record_costs_little_more_than_its_bytes() {
    let (_dir, store) = fresh();
    let mut frontier = Frontier::new();
    for size in 1..=20u64 {
        let start = frontier.size();
        let records: Vec<_> = (0..500u64)
            .map(|at| {
                let record = vec![u8::try_from((start + at) % 251).expect("small"); 600];
                let hashes = frontier.push_leaf(merkle::leaf_hash(&record));
                (record, hashes)
            })
            .collect();
        store.write(|tx| tx.append(&log("oslo"), (size - 1) * 500, &records)).expect("written");
    }
    store.compact().expect("compacted");
    let each = store.bytes().expect("there") / frontier.size();
    assert!(each < 800, "{each} bytes each");
}

#[test]
fn notes_are_found_by_what_they_cover() {
    let (_dir, store) = fresh();
    let own = log("oslo");
    store
        .write(|tx| {
            for size in [3, 5, 9] {
                tx.put_note(&own, size, &format!("head {size}"))?;
                tx.keep_note(&own, size, &format!("quorum {size}"))?;
            }
            tx.put_note(&own, 11, "head 11")?;
            tx.keep_note(&log("wien"), 100, "another log")
        })
        .expect("written");
    let covering = |index| store.read().expect("a snapshot").note_covering(&own, index).expect("read").map(|(size, _)| size);
    assert_eq!([covering(0), covering(2), covering(3), covering(8), covering(9)], [Some(3), Some(3), Some(5), Some(9), None]);
    assert_eq!(covering(u64::MAX), None);
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.note(&own).expect("read"), Some((11, "head 11".into())));
    assert_eq!(tx.last_kept_note(&own).expect("read"), Some((9, "quorum 9".into())));
    let removed = store.write(|tx| tx.prune_notes(&own, 9, &BTreeSet::from([5]))).expect("written");
    assert_eq!((removed, covering(0), covering(4), covering(5)), (1, Some(5), Some(5), Some(9)));
    let long = "x".repeat(parangon_protocol::limits::NOTE_BYTES + 1);
    assert!(matches!(store.write(|tx| tx.put_note(&own, 12, &long)), Err(StoreError::TooLarge { .. })));
}

#[test]
fn labels_are_paged_and_found_by_cluster() {
    let (_dir, store) = fresh();
    let clusters: Vec<ClusterId> = [1, 2].map(|n| ClusterId::new(&agency("oslo"), [n; 12])).into();
    let mut ids: Vec<Hash> = (0..7u8).map(|n| Hash::of(&[&[n]])).collect();
    store
        .write(|tx| ids.iter().enumerate().try_for_each(|(n, id)| tx.put_label(id, &clusters[n % 2], id.to_string().as_bytes())))
        .expect("written");
    let tx = store.read().expect("a snapshot");
    let mut of: Vec<Hash> = ids.iter().copied().step_by(2).collect();
    of.sort();
    assert_eq!(tx.labels_of(&clusters[0]).expect("read"), of);
    ids.sort();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = tx.labels(cursor.as_ref(), 3).expect("read");
        let Some((last, _)) = page.last() else { break };
        cursor = Some(*last);
        found.extend(page.into_iter().map(|(id, row)| {
            assert_eq!(row, id.to_string().as_bytes());
            id
        }));
    }
    assert_eq!(found, ids);
    store.write(WriteTx::clear_labels).expect("written");
    let tx = store.read().expect("a snapshot");
    assert_eq!((tx.label(&ids[0]).expect("read"), tx.labels_of(&clusters[0]).expect("read")), (None, vec![]));
}

#[test]
fn documents_are_listed_by_prefix() {
    let (_dir, store) = fresh();
    let names = ["a", "charter/1", "charter/2", "charters"];
    store.write(|tx| names.iter().try_for_each(|name| tx.put_document(name, name.as_bytes()))).expect("written");
    assert!(store.write(|tx| tx.delete_document("charter/2")).expect("written"));
    assert!(!store.write(|tx| tx.delete_document("charter/2")).expect("written"));
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.document_names("charter/").expect("read"), ["charter/1"]);
    assert_eq!(tx.document_names("").expect("read"), ["a", "charter/1", "charters"]);
    assert_eq!(tx.document("charters").expect("read").as_deref(), Some(&b"charters"[..]));
}

#[test]
fn one_process_holds_the_store() {
    let (dir, store) = fresh();
    match Store::open(dir.path(), &master()) {
        Err(StoreError::InUse { process, .. }) => assert_eq!(process, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(store);
    open(dir.path()); // the lock file that is left behind blocks nobody
}

#[test]
fn another_master_key_is_refused() {
    let (dir, store) = fresh();
    store.write(|tx| tx.put_private(1, "a", b"one")).expect("written");
    drop(store);
    assert!(matches!(Store::open(dir.path(), &MasterKey::from_bytes([8; 32])), Err(StoreError::WrongKey)));
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Clean);
    assert!(store.read().expect("a snapshot").private(1, "a").expect("read").is_some());
}

#[test]
fn a_newer_store_is_refused_untouched() {
    let (dir, store) = fresh();
    store
        .write(|tx| {
            tx.source.open_table(META)?.insert(META_SCHEMA, (SCHEMA + 1).to_be_bytes().as_slice())?;
            Ok(())
        })
        .expect("written");
    drop(store);
    let path = dir.path().join(STORE_FILE);
    let before = std::fs::read(&path).expect("read");
    let refused = || matches!(Store::open(dir.path(), &master()), Err(StoreError::Newer { found, reads: SCHEMA }) if found == SCHEMA + 1);
    assert!(refused());
    assert!(std::fs::read(&path).expect("read") == before, "the store was touched");

    // The high-water file alone says it too, also where the store was not closed.
    let (dir, store) = fresh();
    let killed = tempfile::tempdir().expect("a directory");
    copy(dir.path(), killed.path());
    drop(store);
    let side = killed.path().join(HIGH_WATER_FILE);
    let text = std::fs::read_to_string(&side).expect("read").replace("high-water 1", "high-water 2");
    std::fs::write(&side, text).expect("written");
    let path = killed.path().join(STORE_FILE);
    let before = std::fs::read(&path).expect("read");
    assert!(matches!(Store::open(killed.path(), &master()), Err(StoreError::Newer { found: 2, .. })));
    assert!(std::fs::read(&path).expect("read") == before, "the store was touched");
}

#[test]
fn a_store_that_was_moved_away_is_read_only() {
    let (dir, store) = fresh();
    let path = dir.path().join(STORE_FILE);
    std::fs::rename(&path, dir.path().join("elsewhere")).expect("moved");
    assert!(matches!(store.write(|tx| tx.put_document("a", b"")), Err(StoreError::Moved(_))));
    std::fs::copy(dir.path().join("elsewhere"), &path).expect("another file in its place");
    assert!(matches!(store.write(|tx| tx.put_document("a", b"")), Err(StoreError::Moved(_))));
    assert!(store.read().expect("a snapshot").document("a").expect("read").is_none());
}

#[test]
fn damage_is_an_error_never_wrong_data() {
    let (dir, store) = fresh();
    let own = log("oslo");
    grow(&store, &own, &mut Frontier::new(), 40);
    drop(store);
    let path = dir.path().join(STORE_FILE);
    let good = std::fs::read(&path).expect("read");
    let expected = batch(&mut Frontier::new(), 40);
    let mut refused = 0;
    for at in (0..512).step_by(5).chain((512..good.len()).step_by(4_999)) {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).expect("written");
        match Store::open(dir.path(), &master()) {
            Err(_) => refused += 1,
            Ok((store, opened)) => {
                let records = store.read().expect("a snapshot").records(&own, 0..40, usize::MAX).expect("read");
                assert!(opened != Opened::Clean || records.iter().eq(expected.iter().map(|(record, _)| record)), "byte {at}");
            }
        }
    }
    assert!(refused > 0);
    std::fs::write(&path, &good[..good.len() / 2]).expect("written");
    assert!(Store::open(dir.path(), &master()).is_err());
}

#[test]
fn a_row_of_another_format_is_refused() {
    let (_dir, store) = fresh();
    store
        .write(|tx| {
            tx.put_document("a", b"text")?;
            tx.source.open_table(tables::DOCUMENTS)?.insert("b", [2, 0].as_slice())?;
            tx.source.open_table(LOGS)?.insert("not a log", 1)?;
            Ok(())
        })
        .expect("written");
    let tx = store.read().expect("a snapshot");
    assert!(matches!(tx.document("b"), Err(StoreError::Row { table: "documents" })));
    assert!(matches!(tx.logs(), Err(StoreError::Row { table: "logs" })));
}
