use parangon_protocol::time::Timestamp;

use super::super::tables::{PRIVATE, TOKENS};
use super::*;

#[test]
fn private_content_does_not_stand_in_the_file() {
    let (dir, store) = fresh();
    let canary = b"CANARY-7f3a-the-finding";
    store
        .write(|tx| {
            tx.put_private(1, "assessment-1", canary)?;
            tx.outbox_push(&agency("wien"), canary)?;
            tx.put_token(&Hash::of(&[b"token"]), canary)
        })
        .expect("written");
    drop(store);
    for entry in std::fs::read_dir(dir.path()).expect("listed") {
        let bytes = std::fs::read(entry.expect("there").path()).expect("read");
        assert!(!bytes.windows(canary.len()).any(|window| window == canary));
    }
    let (store, _) = open(dir.path());
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.private(1, "assessment-1").expect("read").as_deref().map(Vec::as_slice), Some(&canary[..]));
    assert_eq!(tx.token(&Hash::of(&[b"token"])).expect("read").as_deref().map(Vec::as_slice), Some(&canary[..]));
    assert_eq!(tx.tokens().expect("read").len(), 1);
}

#[test]
fn private_rows_open_in_their_own_place_only() {
    let (_dir, store) = fresh();
    let (a, b) = (Hash::of(&[b"a"]), Hash::of(&[b"b"]));
    store
        .write(|tx| {
            tx.put_private(1, "a", b"one")?;
            tx.put_private(1, "b", b"two")?;
            tx.put_token(&a, b"one")?;
            tx.put_token(&b, b"two")
        })
        .expect("written");
    let move_row = |from: (u8, &str), to: (u8, &str)| {
        store.write(|tx| {
            let mut table = tx.source.open_table(PRIVATE)?;
            let row = table.get(from)?.expect("there").value().to_vec();
            table.insert(to, row.as_slice())?;
            Ok(())
        })
    };
    for (from, to) in [((1, "a"), (1, "b")), ((1, "a"), (2, "a")), ((1, "a"), (1, "c"))] {
        move_row(from, to).expect("written");
        let read = store.read().expect("a snapshot").private(to.0, to.1);
        assert!(matches!(read, Err(StoreError::Refused { table: "private" })), "{to:?}");
    }
    store
        .write(|tx| {
            let mut table = tx.source.open_table(TOKENS)?;
            let row = table.get(&a.0)?.expect("there").value().to_vec();
            table.insert(&b.0, row.as_slice())?;
            Ok(())
        })
        .expect("written");
    assert!(matches!(store.read().expect("a snapshot").token(&b), Err(StoreError::Refused { table: "tokens" })));
    // The two halves of a row are bound to each other too: a wrapped key opens only what was sealed with it.
    let (one, two) = (store.vault.seal("t", &[b"x"], b"1").expect("sealed"), store.vault.seal("t", &[b"x"], b"2").expect("sealed"));
    let mixed = [&one[..72], &two[72..]].concat();
    assert!(matches!(store.vault.open("t", &[b"x"], &mixed), Err(StoreError::Refused { .. })));
    assert!(store.vault.open("t", &[b"x"], &one).is_ok());
    assert!(matches!(store.vault.open("t", &[b"x", b""], &one), Err(StoreError::Refused { .. })));
}

#[test]
fn private_items_are_listed_replaced_and_deleted() {
    let (_dir, store) = fresh();
    store
        .write(|tx| {
            for (kind, id) in [(1, "a"), (1, "b"), (1, "c"), (2, "a")] {
                tx.put_private(kind, id, b"first")?;
            }
            tx.put_private(1, "b", b"second")
        })
        .expect("written");
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.private_ids(1, None, 2).expect("read"), ["a", "b"]);
    assert_eq!(tx.private_ids(1, Some("b"), 2).expect("read"), ["c"]);
    assert_eq!(tx.private_ids(3, None, 2).expect("read"), Vec::<String>::new());
    assert_eq!(tx.private(1, "b").expect("read").as_deref().map(Vec::as_slice), Some(&b"second"[..]));
    assert!(store.write(|tx| tx.delete_private(1, "b")).expect("written"));
    assert!(!store.write(|tx| tx.delete_private(1, "b")).expect("written"));
    assert!(store.read().expect("a snapshot").private(1, "b").expect("read").is_none());
    let long = "x".repeat(PRIVATE_NAME_BYTES + 1);
    assert!(matches!(store.write(|tx| tx.put_private(1, &long, b"")), Err(StoreError::TooLarge { .. })));
}

#[test]
fn the_outbox_survives_and_numbers_are_never_reused() {
    let (dir, store) = fresh();
    let (wien, oslo) = (agency("wien"), agency("oslo"));
    let numbers =
        store.write(|tx| Ok([tx.outbox_push(&wien, b"1")?, tx.outbox_push(&oslo, b"2")?, tx.outbox_push(&wien, b"3")?])).expect("written");
    assert_eq!(numbers, [1, 2, 3]);
    assert!(store.write(|tx| tx.outbox_ack(3)).expect("written"));
    assert!(!store.write(|tx| tx.outbox_ack(3)).expect("written"));
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.write(|tx| tx.outbox_push(&wien, b"4")).expect("written"), 4);
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.outbox_pending(&wien, 10_000).expect("read"), [(1, b"1".to_vec()), (4, b"4".to_vec())]);
    assert_eq!(tx.outbox_pending(&wien, 1).expect("read").len(), 1);
    assert_eq!(tx.outbox_counts().expect("read"), [(oslo, 1), (wien, 2)]);
}

#[test]
fn a_message_has_one_effect() {
    let (_dir, store) = fresh();
    let (message, at) = (Hash::of(&[b"message"]), |seconds| Timestamp::from_seconds(seconds).expect("in range"));
    let mark = |seconds| store.write(|tx| tx.mark_seen(&message, at(seconds))).expect("written");
    assert_eq!((mark(10), mark(20)), (true, false));
    assert!(store.read().expect("a snapshot").seen(&message).expect("read"));
    store.write(|tx| tx.prune_seen(at(10))).expect("written");
    assert!(!mark(30));
    store.write(|tx| tx.prune_seen(at(11))).expect("written");
    assert!(!store.read().expect("a snapshot").seen(&message).expect("read"));
}

/// Every byte of every file of the store.
fn bytes_of(dir: &std::path::Path) -> Vec<u8> {
    std::fs::read_dir(dir).expect("listed").flat_map(|entry| std::fs::read(entry.expect("there").path()).expect("read")).collect()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn nothing_of_a_deleted_row_is_left_after_compacting() {
    let (dir, store) = fresh();
    let row = |store: &Store, id: &str| {
        let tx = store.read().expect("a snapshot");
        tx.source.table(PRIVATE).expect("there").get((1, id)).expect("read").expect("there").value().to_vec()
    };
    store.write(|tx| (0..200).try_for_each(|n| tx.put_private(1, &format!("{n:03}"), &[7; 3_000]))).expect("written");
    // The wrapped data key, and the first bytes of what it opens.
    let (gone, replaced, kept) = (row(&store, "050"), row(&store, "051"), row(&store, "052"));
    store
        .write(|tx| {
            tx.put_private(1, "051", b"another")?;
            tx.delete_private(1, "050")
        })
        .expect("written");
    let before = bytes_of(dir.path());
    assert!(holds(&before, &gone[1..73]) && holds(&before, &replaced[1..73]), "free pages keep what they held");

    let snapshot = store.read().expect("a snapshot");
    let length = store.bytes().expect("there");
    store.compact().expect("compacted");
    let after = bytes_of(dir.path());
    for row in [&gone, &replaced] {
        assert!(!holds(&after, &row[1..73]) && !holds(&after, &row[73..200]), "nothing of the row");
    }
    assert!(holds(&after, &kept[1..73]));
    assert!(store.bytes().expect("there") <= length);
    // Whoever read goes on, and so does whoever writes.
    assert_eq!(snapshot.private_ids(1, None, 300).expect("read").len(), 199);
    store.write(|tx| tx.put_private(2, "new", b"after")).expect("written");
    assert_eq!(snapshot.private_ids(2, None, 300).expect("read").len(), 0);
    drop(snapshot);
    store.compact().expect("compacted again");
    let id = store.id();
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!((store.id(), opened), (id, Opened::Clean));
    let tx = store.read().expect("a snapshot");
    assert_eq!(tx.private(1, "051").expect("read").as_deref().map(Vec::as_slice), Some(&b"another"[..]));
    assert_eq!(tx.private(2, "new").expect("read").as_deref().map(Vec::as_slice), Some(&b"after"[..]));
    assert_eq!((tx.private(1, "050").expect("read"), tx.private_ids(1, None, 300).expect("read").len()), (None, 199));
}

#[test]
fn a_fresh_file_that_a_crash_left_is_forgotten() {
    let (dir, store) = fresh();
    store.write(|tx| tx.put_private(1, "a", b"one")).expect("written");
    drop(store);
    std::fs::write(dir.path().join("parangon.redb.fresh"), b"half of it").expect("written");
    let (store, _) = open(dir.path());
    assert!(!dir.path().join("parangon.redb.fresh").exists());
    store.compact().expect("compacted");
    assert!(store.read().expect("a snapshot").private(1, "a").expect("read").is_some());
    assert!(!dir.path().join("parangon.redb.fresh").exists());
}
