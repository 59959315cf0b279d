use super::*;

#[test]
fn a_restored_store_does_not_sign() {
    let (dir, store) = fresh();
    let own = log("oslo");
    let mut frontier = Frontier::new();
    grow(&store, &own, &mut frontier, 3);
    let backup = tempfile::tempdir().expect("a directory");
    copy(dir.path(), backup.path());
    let old = head(&own, &frontier);
    grow(&store, &own, &mut frontier, 5);
    grow(&store, &own, &mut frontier, 6);
    drop(store);
    std::fs::copy(backup.path().join(STORE_FILE), dir.path().join(STORE_FILE)).expect("restored");

    let (store, opened) = open(dir.path());
    let reason = Recovery::Differs { store: Some(old.clone()), file: Some(head(&own, &frontier)) };
    assert_eq!(opened, Opened::Recovering { reason: reason.clone() });
    assert!(store.is_recovering());
    assert!(matches!(store.write(|tx| tx.set_high_water(&old)), Err(StoreError::Recovering)));
    store.write(|tx| tx.put_document("pulls", b"go on")).expect("written");
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Recovering { reason }, "a restart changes nothing");

    let next = OwnHead { log: LogId { epoch: 2, ..own.clone() }, ..head(&own, &frontier) };
    store.write(|tx| tx.finish_recovery(Some(&next))).expect("written");
    assert!(!store.is_recovering());
    assert!(matches!(store.write(|tx| tx.finish_recovery(None)), Err(StoreError::NotRecovering)));
    assert!(matches!(store.write(|tx| tx.set_high_water(&old)), Err(StoreError::HighWater { from: 6, to: 3, .. })));
    assert_eq!(store.high_water().expect("read").head, Some(next));
    drop(store);
    assert_eq!(open(dir.path()).1, Opened::Clean);
}

#[test]
fn a_power_cut_before_the_file_is_no_restore() {
    let (dir, store) = fresh();
    let own = log("oslo");
    let mut frontier = Frontier::new();
    let side = dir.path().join(HIGH_WATER_FILE);
    let mut files = vec![std::fs::read(&side).expect("read")];
    for size in 1..=3 {
        grow(&store, &own, &mut frontier, size);
        files.push(std::fs::read(&side).expect("read"));
    }
    drop(store);
    for (behind, clean) in [(0, true), (1, true), (2, false), (3, false)] {
        std::fs::write(&side, &files[3 - behind]).expect("written");
        let opened = open(dir.path()).1;
        assert_eq!(opened == Opened::Clean, clean, "{behind} steps behind: {opened:?}");
        assert_eq!(std::fs::read(&side).expect("read") == files[3], clean, "a clean start catches up");
    }
}

#[test]
fn a_lost_or_foreign_file_is_noticed() {
    let (dir, store) = fresh();
    let own = log("oslo");
    let mut frontier = Frontier::new();
    grow(&store, &own, &mut frontier, 2);
    let id = store.id();
    drop(store);
    let side = dir.path().join(HIGH_WATER_FILE);
    let good = std::fs::read(&side).expect("read");
    let reason = || match open(dir.path()).1 {
        Opened::Recovering { reason } => reason,
        Opened::Clean => panic!("clean"),
    };
    std::fs::remove_file(&side).expect("removed");
    assert_eq!(reason(), Recovery::FileMissing);
    let read = || highwater::read(dir.path());
    std::fs::write(&side, &good).expect("written");
    let says = read().expect("read").expect("sound");
    for at in 0..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        std::fs::write(&side, &damaged).expect("written");
        assert!(!matches!(read(), Ok(Ok(other)) if other == says), "byte {at}");
        std::fs::write(&side, &good[..at]).expect("written");
        assert_eq!(read().expect("read"), Err(Recovery::FileDamaged), "cut at {at}");
    }
    assert_eq!(reason(), Recovery::FileDamaged);
    // The store is lost and made anew beside the file that is left.
    std::fs::write(&side, &good).expect("written");
    std::fs::remove_file(dir.path().join(STORE_FILE)).expect("removed");
    assert_eq!(reason(), Recovery::OtherStore { file: id, head: Some(head(&own, &frontier)) });
    assert_eq!(reason(), Recovery::OtherStore { file: id, head: Some(head(&own, &frontier)) });
    std::fs::write(dir.path().join(STORE_FILE), b"").expect("truncated");
    assert!(matches!(reason(), Recovery::OtherStore { .. }), "an emptied store is not a new one");
}

#[test]
fn a_store_filled_from_a_backup_recovers() {
    let (dir, store) = fresh();
    store.write(WriteTx::mark_restored).expect("written");
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Recovering { reason: Recovery::Restored });
    store.write(|tx| tx.finish_recovery(None)).expect("written");
    drop(store);
    assert_eq!(open(dir.path()).1, Opened::Clean);
}

#[test]
fn the_own_head_only_grows() {
    let (_dir, store) = fresh();
    let own = log("oslo");
    let mut frontier = Frontier::new();
    grow(&store, &own, &mut frontier, 4);
    let now = head(&own, &frontier);
    let set = |head: OwnHead| store.write(|tx| tx.set_high_water(&head));
    set(now.clone()).expect("the same head again");
    let refused = [
        OwnHead { size: 3, ..now.clone() },
        OwnHead { root: Hash::default(), ..now.clone() },
        OwnHead { log: LogId { epoch: 2, ..own.clone() }, size: 3, ..now.clone() },
        OwnHead { log: log("wien"), size: 9, ..now.clone() },
    ];
    for head in refused {
        assert!(matches!(set(head.clone()), Err(StoreError::HighWater { from: 4, .. })), "{head:?}");
    }
    set(OwnHead { log: LogId { epoch: 2, ..own }, ..now }).expect("a new epoch");
}

#[test]
fn a_failed_high_water_file_stops_the_writing() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, store) = fresh();
    let own = log("oslo");
    // A directory in the place of the draft: the file cannot be replaced.
    let draft = dir.path().join(format!("{HIGH_WATER_FILE}.new"));
    std::fs::create_dir(&draft).expect("made");
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o700)).expect("ours");
    let head = OwnHead { log: own, size: 1, root: Hash::default() };
    assert!(matches!(store.write(|tx| tx.set_high_water(&head)), Err(StoreError::Disk(_))));
    assert!(matches!(store.write(|tx| tx.put_document("a", b"")), Err(StoreError::ReadOnly)));
    assert!(store.read().is_ok(), "reading goes on");
    drop(store);
    std::fs::remove_dir(&draft).expect("removed");
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Clean, "one step behind, and nothing was signed");
    assert_eq!(store.high_water().expect("read").head, Some(head));
}
