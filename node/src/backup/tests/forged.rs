//! What is sealed to the right key, and yet no backup that may be believed.

use std::io::{self, Write};

use tempfile::TempDir;

use super::super::container::Writer;
use super::super::{BackupError, FORMAT, Unpacked, audit, open};
use super::whole::{backup, restored};
use crate::keystore::identity::IdentityFile;
use crate::keystore::random;
use crate::sealing;
use crate::service::tests::support::{THREE, federation, until};
use crate::store::Store;
use crate::store::tests::snapshot::{Rows, export, import};

/// Name and content of an entry.
type Entry<'a> = (&'a str, &'a [u8]);

fn rows(unpacked: &Unpacked, dir: &TempDir) -> Rows {
    let (store, _) = Store::open(dir.path(), &unpacked.keystore().master_key()).expect("a store");
    export(&store.read().expect("a snapshot"))
}

/// What the audit says of a store with these rows.
fn audited(unpacked: &Unpacked, rows: &Rows) -> Result<(), BackupError> {
    let dir = TempDir::new().expect("a directory");
    import(dir.path(), rows)?;
    audit(unpacked, dir.path()).map(drop)
}

/// Replaces `from` by `to`, of the same length, once in the rows of a table.
fn altered(rows: &Rows, table: &str, from: &str, to: &str) -> Rows {
    let mut rows = rows.clone();
    let of = rows.iter_mut().find(|(name, _)| *name == table).expect("a table");
    let found = of.1.iter_mut().find_map(|row| {
        let at = row.windows(from.len()).position(|window| window == from.as_bytes())?;
        row[at..at + to.len()].copy_from_slice(to.as_bytes());
        Some(())
    });
    assert!(found.is_some(), "{from} is in {table}");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_together_is_found() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    stuttgart.awards("BioRegio", "gold", 4, &[berlin, lyon]).await;
    let kept = || async {
        let own = stuttgart.context.own_log();
        stuttgart.context.store().read().and_then(|tx| tx.last_kept_note(&own)).expect("read")
    };
    until("a final head of its own is kept", kept).await;
    let bytes = backup(stuttgart).await;
    let dir = TempDir::new().expect("a directory");
    let unpacked = open(bytes.as_slice(), &stuttgart.identity).and_then(|backup| backup.unpack(dir.path(), &stuttgart.identity));
    let unpacked = unpacked.expect("a sound backup");
    let good = rows(&unpacked, &dir);
    audited(&unpacked, &good).expect("sound");

    let without_last = |table: &str| {
        let mut rows = good.clone();
        rows.iter_mut().find(|(name, _)| *name == table).and_then(|(_, rows)| rows.pop()).expect("a row");
        rows
    };
    let cases = [
        (altered(&good, "records/1", "BioRegio", "BioRegia"), "is not what its hashes say"),
        (altered(&good, "states/1", "\"size\":", "\"seze\":"), "cannot be read"),
        (altered(&good, "states/1", "\"peaks\":[\"", "\"peaks\":[]"), "cannot be read"),
        (altered(&good, "states/1", "/stuttgart\\n", "/stuttgarx\\n"), "a head of stuttgart"),
        (altered(&good, "notes/1", "/stuttgart\n", "/stuttgarx\n"), "a head of stuttgart"),
        (without_last("records/1"), "other counts"),
        (without_last("labels/1"), "other counts"),
        (without_last("private/1"), "other counts"),
        (altered(&good, "labels/1", "\"index\":", "\"indez\":"), "malformed"),
    ];
    for (rows, named) in cases {
        let error = audited(&unpacked, &rows).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_to_us_is_not_made_by_us() {
    let identity = IdentityFile::generate(random::system).expect("random");
    let sealed = |content: &[u8]| sealing::seal(&identity.backup_recipient(), content).expect("sealed");
    let written = |entries: &[Entry<'_>]| {
        let mut writer = Writer::new(Vec::new()).expect("memory");
        for (name, bytes) in entries {
            writer.entry::<io::Error>(name, |content| content.write_all(bytes)).expect("memory");
        }
        sealed(&writer.finish().expect("memory"))
    };
    let newer = restored(&sealed(b"parangon-backup 2\nsomething else"), &identity).expect_err("newer");
    assert!(matches!(newer, BackupError::Newer { found: 2, reads: FORMAT }), "{newer}");
    let large = vec![b' '; 70_000];
    let manifest = |agency: &str| {
        serde_json::json!({
            "program": "0.1.0", "agency": agency, "federation": "00".repeat(32), "store": "00".repeat(16), "own_log": null,
            "made": "2026-11-24T12:00:00Z", "counts": { "logs": 0, "records": 0, "labels": 0, "private": 0, "outbox": 0, "tokens": 0 },
        })
        .to_string()
    };
    let good = manifest("oslo");
    let first = ("manifest.json", good.as_bytes());
    let cases: [(&[Entry<'_>], &str); 9] = [
        (&[], "does not begin with its manifest"),
        (&[("node.key", b"")], "does not begin with its manifest"),
        (&[("manifest.json", b"{}")], "manifest cannot be read"),
        (&[("manifest.json", &large)], "larger than"),
        (&[first], "a table is missing"),
        (&[first, ("../../etc/passwd", b"x")], "not those of this format"),
        (&[first, ("node.key", b""), ("node.keys", b"")], "not those of this format"),
        (&[first, ("store/records/1", b"")], "not those of this format"),
        (&[first, ("node.keys", &large)], "larger than"),
    ];
    for (entries, named) in cases {
        let error = restored(&written(entries), &identity).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
    let row = [&(u32::MAX).to_be_bytes()[..], b"short"].concat();
    let error = restored(&written(&[first, ("store/meta", &row)]), &identity).expect_err("a bomb");
    assert!(matches!(error, BackupError::TooLarge { .. }), "{error}");
}
