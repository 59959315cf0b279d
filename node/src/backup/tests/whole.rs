//! Backups of nodes that are at work.

use std::io::{self, Write};
use std::path::Path;

use tempfile::TempDir;

use super::super::{BackupError, Manifest, Plan, RECIPIENT_FILE, Report, audit, open, read_recipient, write_recipient};
use crate::keystore::identity::IdentityFile;
use crate::keystore::random;
use crate::run::NodeFiles;
use crate::service::tests::support::{Agency, THREE, federation};
use crate::store::{Counts, Store};

pub(super) async fn backup(agency: &Agency) -> Vec<u8> {
    let make = |context: &crate::service::Context| {
        Ok(Plan::new(context.store(), &context.keys(), context.now()).and_then(|plan| plan.write(Vec::new())).expect("a backup"))
    };
    agency.context.run(make).await.expect("a backup")
}

/// Restores into a directory that is gone when this returns, and checks everything.
pub(super) fn restored(bytes: &[u8], identity: &IdentityFile) -> Result<(Manifest, Report), BackupError> {
    let dir = TempDir::new().expect("a directory");
    let backup = open(bytes, identity)?;
    let manifest = backup.manifest().clone();
    let unpacked = backup.unpack(dir.path(), identity)?;
    Ok((manifest, audit(&unpacked, dir.path())?))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_backup_that_is_made_under_load_is_consistent() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let work = async {
        for name in ["Alpha", "Beta", "Gamma"] {
            stuttgart.awards(name, "gold", 4, &[berlin, lyon]).await;
        }
    };
    tokio::pin!(work);
    let mut made = Vec::new();
    loop {
        tokio::select! {
            () = &mut work => break,
            bytes = backup(stuttgart) => made.push(bytes),
        }
    }
    made.push(backup(stuttgart).await);
    let mut last = Counts { logs: 0, records: 0, labels: 0, private: 0, outbox: 0, tokens: 0 };
    let mut sizes = std::collections::BTreeSet::new();
    for bytes in &made {
        let (manifest, report) = restored(bytes, &stuttgart.identity).expect("a sound backup");
        assert_eq!(manifest.counts, report.counts);
        assert!(report.counts.records >= last.records && report.heads > 0, "{report:?}");
        last = report.counts;
        sizes.insert(last.records);
    }
    assert!(sizes.len() > 2, "the backups were made while records came: {sizes:?}");
    assert_eq!((last.logs, last.labels), (3, 3));
    assert!(last.private > 6, "clusters, assessments, offers: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_shows_nothing_and_every_altered_byte_is_refused() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    agency.assessed("Canary Cluster", 3).await;
    let bytes = backup(&agency).await;
    for secret in ["Canary", "stuttgart", "Test federation", "manifest"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    restored(&bytes, &agency.identity).expect("a sound backup");
    // Every byte of the header, and some of each chunk behind it.
    for at in (0..400).chain((400..bytes.len()).step_by(977)).chain([bytes.len() - 1]) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let error = restored(&altered, &agency.identity).expect_err("altered");
        let named = matches!(error, BackupError::NotABackup | BackupError::OtherKey | BackupError::Damaged(_));
        assert!(named, "byte {at}: {error}");
        assert!(restored(&bytes[..at], &agency.identity).is_err(), "cut at {at}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert!(matches!(restored(&longer, &agency.identity), Err(BackupError::Damaged(_))));
    let stranger = IdentityFile::generate(random::system).expect("random");
    assert!(matches!(restored(&bytes, &stranger), Err(BackupError::OtherKey)));
    assert!(matches!(restored(b"PK\x03\x04 and so on", &agency.identity), Err(BackupError::NotABackup)));
}

fn rows(store: &Store, table: &str) -> Vec<Vec<u8>> {
    let mut rows = Vec::new();
    let keep = |row: &[u8]| {
        rows.push(row.to_vec());
        Ok::<_, crate::store::StoreError>(())
    };
    store.read().expect("a snapshot").export(table, keep).expect("read");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_is_the_store_and_its_files() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    agency.assessed("BioRegio", 3).await;
    let home = agency.context.store().dir();
    std::fs::write(home.join("parangon.toml"), "[keys]\npassphrase_file = \"/etc/p\"\n").expect("written");
    let tables = |store: &Store| {
        let kept = crate::store::TABLES.iter().filter(|table| **table != "meta");
        kept.map(|table| (*table, rows(store, table))).collect::<Vec<_>>()
    };
    // The note of a signed head goes into a later commit, at any moment: what is compared is the store as it was around the backup.
    let (bytes, expected) = loop {
        let before = tables(agency.context.store());
        let bytes = backup(&agency).await;
        if tables(agency.context.store()) == before {
            break (bytes, before);
        }
    };
    let dir = TempDir::new().expect("a directory");
    let unpacked = open(bytes.as_slice(), &agency.identity).and_then(|backup| backup.unpack(dir.path(), &agency.identity));
    let unpacked = unpacked.expect("a sound backup");
    audit(&unpacked, dir.path()).expect("sound");
    assert!(unpacked.write_files(dir.path()).expect("written"), "the key source is another one now");
    let config = std::fs::read_to_string(dir.path().join("parangon.toml")).expect("written");
    assert_eq!(config, "[keys]\n# before the restore: passphrase_file = \"/etc/p\"\n");
    for name in [RECIPIENT_FILE, NodeFiles::NAME] {
        assert_eq!(std::fs::read(dir.path().join(name)).expect("written"), std::fs::read(home.join(name)).expect("there"), "{name}");
    }
    assert!(!dir.path().join("highwater").exists() && !dir.path().join("identity.keys").exists());

    // Row by row the same store, and one that knows that it was restored.
    let (store, opened) = Store::open(dir.path(), &unpacked.keystore().master_key()).expect("a store");
    assert!(store.is_recovering(), "{opened:?}");
    for (table, rows) in expected {
        assert!(rows == self::rows(&store, table), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_knows_the_recipient_makes_nothing_that_is_believed() {
    let agencies = federation(&[("stuttgart", "DE", None)]).await;
    let [agency] = &agencies[..] else { panic!("one") };
    // Another federation of the same name, by somebody who seals to our recipient.
    let other = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    write_recipient(other.context.store().dir(), &agency.identity.backup_recipient()).expect("written");
    let error = restored(&backup(&other).await, &agency.identity).expect_err("not ours");
    assert!(matches!(&error, BackupError::Inconsistent(text) if text.contains("identity key")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_become_a_backup_is_refused_before_it_begins() {
    let agency = federation(&[("stuttgart", "DE", None)]).await.remove(0);
    let home: &Path = agency.context.store().dir();
    let plan = || Plan::new(agency.context.store(), &agency.context.keys(), agency.context.now());
    assert_eq!(plan().expect("a plan").manifest().file_name().len(), "stuttgart-20261124T120000Z.pgnbak".len());

    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for space in [400, 2000] {
        assert!(matches!(plan().expect("a plan").write(Full(space)).map(drop), Err(BackupError::DiskFull)), "{space}");
    }

    std::fs::write(home.join(RECIPIENT_FILE), "age1nonsense\n").expect("written");
    assert!(matches!(plan(), Err(BackupError::BadRecipient(_))));
    std::fs::remove_file(home.join(RECIPIENT_FILE)).expect("there");
    assert!(matches!(read_recipient(home), Err(BackupError::NoRecipient(_))));
    assert!(matches!(plan(), Err(BackupError::NoRecipient(_))));
    assert!(write_recipient(home, &agency.identity.backup_recipient()).expect("written"));
    assert!(!write_recipient(home, &agency.identity.backup_recipient()).expect("there"));
    std::fs::write(home.join(NodeFiles::NAME), "{}").expect("written");
    assert!(matches!(plan(), Err(BackupError::OtherKeys(_))));
}
