use super::*;

/// Every table with its rows.
pub(crate) type Rows = Vec<(&'static str, Vec<Vec<u8>>)>;

/// All rows of a store.
pub(crate) fn export(tx: &ReadTx) -> Rows {
    let of = |table: &'static str| {
        let mut rows = Vec::new();
        let keep = |row: &[u8]| {
            rows.push(row.to_vec());
            Ok::<_, StoreError>(())
        };
        tx.export(table, keep).expect("read");
        (table, rows)
    };
    TABLES.iter().copied().map(of).collect()
}

/// A store of these rows.
pub(crate) fn import(dir: &Path, rows: &Rows) -> Result<(), StoreError> {
    let mut import = Import::begin(dir)?;
    for (table, rows) in rows {
        let mut rows = rows.iter();
        import.table::<StoreError>(table, |row| {
            let next = rows.next();
            row.clone_from(next.unwrap_or(&Vec::new()));
            Ok(next.is_some())
        })?;
    }
    import.finish()
}

/// A store with a row in every table.
fn full() -> (TempDir, Store) {
    let (dir, store) = fresh();
    grow(&store, &log("oslo"), &mut Frontier::new(), 5);
    store
        .write(|tx| {
            tx.put_state(&log("oslo"), b"state")?;
            tx.put_note(&log("oslo"), 5, "latest")?;
            tx.keep_note(&log("oslo"), 4, "kept")?;
            tx.put_label(&Hash([1; 32]), &ClusterId::new(&agency("oslo"), [2; 12]), b"label")?;
            tx.put_document("charter/1", "{\"ø\":1}".as_bytes())?;
            tx.put_private(3, "offer", b"secret")?;
            tx.outbox_push(&agency("lyon"), b"message")?;
            tx.mark_seen(&Hash([4; 32]), parangon_protocol::time::Timestamp::default())?;
            tx.put_token(&Hash([5; 32]), b"token")
        })
        .expect("written");
    (dir, store)
}

#[test]
fn every_row_comes_back_and_the_store_recovers() {
    let (_dir, store) = full();
    let rows = export(&store.read().expect("a snapshot"));
    assert!(rows.iter().all(|(_, rows)| !rows.is_empty()), "{rows:?}");
    let counts = store.read().and_then(|tx| tx.counts()).expect("read");
    assert_eq!(counts, Counts { logs: 1, records: 5, labels: 1, private: 1, outbox: 1, tokens: 1 });

    let target = tempfile::tempdir().expect("a directory");
    import(target.path(), &rows).expect("imported");
    assert!(matches!(import(target.path(), &rows), Err(StoreError::Corrupted(_))), "never over another store");
    let (copy, opened) = open(target.path());
    assert_eq!(opened, Opened::Recovering { reason: Recovery::Restored });
    assert_eq!(copy.id(), store.id());
    let again = export(&copy.read().expect("a snapshot"));
    let but_meta = |rows: &Rows| rows.iter().filter(|(table, _)| *table != "meta").cloned().collect::<Rows>();
    assert_eq!(but_meta(&again), but_meta(&rows));
    let tx = copy.read().expect("a snapshot");
    assert_eq!(tx.own_head().expect("read"), store.read().and_then(|tx| tx.own_head()).expect("read"));
    assert_eq!(tx.private(3, "offer").expect("opens").expect("there").as_slice(), b"secret");
    assert!(matches!(Store::open(target.path(), &master()), Err(StoreError::InUse { .. })));
    tx.open_sealed().expect("all of them");
    drop((tx, copy));
    // A sealed row under another name does not open.
    for (at, place) in [("private/1", 1 + 4), ("outbox/1", 4), ("tokens/1", 0)] {
        let mut moved = rows.clone();
        let table = moved.iter_mut().find(|(table, _)| *table == at).expect("a table");
        table.1[0][place] ^= 2;
        let target = tempfile::tempdir().expect("a directory");
        import(target.path(), &moved).expect("imported");
        let (store, _) = open(target.path());
        let opened = store.read().and_then(|tx| tx.open_sealed());
        assert!(matches!(opened, Err(StoreError::Refused { .. })), "{at}: {opened:?}");
    }
    assert!(matches!(Store::open(target.path(), &MasterKey::from_bytes([8; 32])), Err(StoreError::WrongKey)));
}

#[test]
fn a_snapshot_is_of_one_moment_whatever_is_written_meanwhile() {
    let (_dir, store) = fresh();
    let own = log("oslo");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut frontier = Frontier::new();
            for size in 1..=60 {
                grow(&store, &own, &mut frontier, size);
                store.write(|tx| tx.put_document(&format!("{size:03}"), b"")).expect("written");
            }
        });
        let mut sizes = std::collections::BTreeSet::new();
        while !writer.is_finished() {
            let tx = store.read().expect("a snapshot");
            let rows = export(&tx);
            let count = |name: &str| rows.iter().find(|(table, _)| *table == name).map_or(0, |(_, rows)| rows.len() as u64);
            let (records, documents) = (count("records/1"), count("documents/1"));
            assert_eq!(tx.own_head().expect("read").map_or(0, |head| head.size), records, "head and records of one commit");
            assert!(records == documents || records == documents + 1, "{records} records, {documents} documents");
            assert_eq!(export(&tx), rows, "a second reading is the same");
            sizes.insert(records);
        }
        assert!(sizes.len() > 2, "the writing went on: {sizes:?}");
    });
}

#[test]
fn rows_that_are_none_are_refused() {
    let (_dir, store) = full();
    let good = export(&store.read().expect("a snapshot"));
    for (at, (table, rows)) in good.iter().enumerate() {
        let row = &rows[0];
        let long = [row.as_slice(), b"x"].concat();
        let mut bad = vec![vec![], long, row[..row.len() - 1].to_vec()];
        // A text that is not UTF-8, where the key begins with one.
        if ["meta", "logs/1", "documents/1"].contains(table) {
            let mut altered = row.clone();
            altered[4] = 0xff;
            bad.push(altered);
        }
        for row in bad {
            let mut rows = good.clone();
            rows[at].1[0] = row;
            let target = tempfile::tempdir().expect("a directory");
            assert!(matches!(import(target.path(), &rows), Err(StoreError::Corrupted(_))), "{table}");
        }
        let mut twice = good.clone();
        twice[at].1.push(row.clone());
        let target = tempfile::tempdir().expect("a directory");
        assert!(matches!(import(target.path(), &twice), Err(StoreError::Corrupted(_))), "{table} twice");
    }
    let mut newer = good.clone();
    let schema = newer[0].1.iter_mut().find(|row| row[4..].starts_with(b"schema")).expect("a schema");
    *schema.last_mut().expect("four bytes") = 2;
    let target = tempfile::tempdir().expect("a directory");
    import(target.path(), &newer).expect("imported");
    assert!(matches!(Store::open(target.path(), &master()), Err(StoreError::Newer { found: 2, reads: SCHEMA })));
    let target = tempfile::tempdir().expect("a directory");
    assert!(matches!(import(target.path(), &vec![("labels/1", vec![])]), Err(StoreError::Corrupted(_))), "no facts about the store");
}
