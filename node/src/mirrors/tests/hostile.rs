use parangon_protocol::keys::SecretKey;
use parangon_protocol::log::checkpoint::SignedCheckpoint;
use parangon_protocol::log::merkle::{Frontier, HashReader, completing_leaf, leaf_hash};
use parangon_protocol::log::tiles::{Kind, TileError, WIDTH, entry};
use parangon_protocol::log::{Checkpoint, Note};

use super::*;
use crate::service::tests::support::federation;

const TWO: [(&str, &str, Option<&str>); 2] = [("stuttgart", "DE", None), ("berlin", "DE", None)];

async fn parted() -> Vec<Agency> {
    let agencies = federation(&TWO).await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    for of in [berlin, stuttgart] {
        until_final(berlin, of, 2).await;
    }
    berlin.part(stuttgart).await;
    agencies
}

fn is_tiles(error: &MirrorError, expected: impl Fn(&TileError) -> bool) -> bool {
    matches!(error, MirrorError::Tiles { agency, cause } if agency.as_str() == "stuttgart" && expected(cause))
}

/// Each lie has its name, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_lies_is_named_and_changes_nothing() {
    let agencies = parted().await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    append(stuttgart, 1..300).await;
    let honest = files(stuttgart).await;
    let before = held(berlin, stuttgart);
    type Check = fn(&MirrorError) -> bool;
    let swap = |from: &str| honest[from].clone();
    let changed = |path: &str, at: usize| {
        let mut bytes = honest[path].clone();
        bytes[at] ^= 1;
        bytes
    };
    let cut = |path: &str| honest[path][..honest[path].len() - 1].to_vec();
    let text = |path: &str| String::from_utf8(honest[path].clone()).expect("UTF-8");
    let cases: Vec<(&str, Vec<u8>, Check, &str)> = vec![
        ("stuttgart/tile/0/001.p/45", changed("stuttgart/tile/0/001.p/45", 5), |e| is_tiles(e, |c| *c == TileError::Root), "PGN-0918"),
        ("stuttgart/tile/1/000.p/1", changed("stuttgart/tile/1/000.p/1", 31), |e| is_tiles(e, |c| *c == TileError::Root), "PGN-0918"),
        (
            "stuttgart/tile/0/000",
            changed("stuttgart/tile/0/000", 64),
            |e| is_tiles(e, |c| matches!(c, TileError::Foreign { .. })),
            "PGN-0918",
        ),
        ("stuttgart/tile/0/000", cut("stuttgart/tile/0/000"), |e| is_tiles(e, |c| matches!(c, TileError::Length { .. })), "PGN-0918"),
        (
            "stuttgart/tile/entries/000",
            cut("stuttgart/tile/entries/000"),
            |e| is_tiles(e, |c| matches!(c, TileError::Truncated { .. })),
            "PGN-0918",
        ),
        ("stuttgart/tile/entries/000", vec![], |e| is_tiles(e, |c| matches!(c, TileError::Truncated { .. })), "PGN-0918"),
        (
            "stuttgart/tile/entries/000",
            changed("stuttgart/tile/entries/000", 40),
            |e| is_tiles(e, |c| matches!(c, TileError::Record { index: 0 })),
            "PGN-0918",
        ),
        ("stuttgart/checkpoint", swap("berlin/checkpoint"), |e| matches!(e, MirrorError::Head { .. }), "PGN-0917"),
        (
            "stuttgart/checkpoint",
            text("stuttgart/checkpoint").replacen("\n301\n", "\n302\n", 1).into_bytes(),
            |e| matches!(e, MirrorError::Head { .. }),
            "PGN-0917",
        ),
        ("stuttgart/checkpoint", b"a".to_vec(), |e| matches!(e, MirrorError::Head { .. }), "PGN-0917"),
        ("stuttgart/checkpoint", vec![0xff; 9], |e| matches!(e, MirrorError::NotAMirror { .. }), "PGN-0915"),
        ("stuttgart/checkpoint", vec![b'a'; 100_000], |e| matches!(e, MirrorError::TooLarge { .. }), "PGN-0914"),
        (MARKER, b"{}".to_vec(), |e| matches!(e, MirrorError::NotAMirror { .. }), "PGN-0915"),
        (
            MARKER,
            text(MARKER).replace(&berlin.context.federation().to_string(), &"0".repeat(64)).into_bytes(),
            |e| matches!(e, MirrorError::OtherFederation),
            "PGN-0916",
        ),
        (
            TRUST,
            text(TRUST).replace("\"minimum\":3", "\"minimum\":4").into_bytes(),
            |e| matches!(e, MirrorError::OtherFederation),
            "PGN-0916",
        ),
    ];
    for (path, bytes, expected, code) in cases {
        assert_ne!(honest[path], bytes, "{path} is another one");
        let error = read_files(berlin, Files::from_iter(honest.clone().into_iter().chain([(path.to_owned(), bytes)]))).await;
        let error = error.expect_err(path);
        assert!(expected(&error) && error.code() == code, "{path}: {error:?}");
        assert_eq!(held(berlin, stuttgart), before, "{path}");
    }
    let gone = ["stuttgart/checkpoint", "stuttgart/tile/0/000", "stuttgart/tile/entries/000", "stuttgart/tile/1/000.p/1", MARKER, TRUST];
    for path in gone {
        let mut without = honest.clone();
        without.remove(path);
        let error = read_files(berlin, without).await.expect_err(path);
        // Without a trust file the logs can be followed all the same.
        assert!(matches!(&error, MirrorError::Missing { path: missing } if missing == path), "{path}: {error:?}");
        assert_eq!(held(berlin, stuttgart).0 > before.0, path == TRUST, "{path}");
    }
    let garbage = Files::from_iter(honest.clone().into_iter().chain([(TRUST.to_owned(), b"{\"founding\":1}".to_vec())]));
    let error = read_files(berlin, garbage).await.expect_err("no trust file");
    assert!(matches!(error, MirrorError::NotAMirror { .. }) && error.code() == "PGN-0915", "{error:?}");
}

/// Whatever a server does, it costs one file's time and bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_misbehaves_is_named_and_costs_little() {
    let agencies = parted().await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    append(stuttgart, 1..10).await;
    let honest = files(stuttgart).await;
    let before = held(berlin, stuttgart);
    let raw = |head: &str| format!("HTTP/1.1 {head}\r\n\r\n");
    type Make = std::sync::Arc<dyn Fn() -> Reply + Send + Sync>;
    type Check = fn(&MirrorError) -> bool;
    let say = |text: String| -> Make { std::sync::Arc::new(move || Reply::Raw(text.clone())) };
    let cases: Vec<(Make, Check, &str)> = vec![
        (std::sync::Arc::new(|| Reply::Endless), |e| matches!(e, MirrorError::TooLarge { .. }), "PGN-0914"),
        (say(raw("200 OK\r\nContent-Length: 1000000000")), |e| matches!(e, MirrorError::TooLarge { .. }), "PGN-0914"),
        (
            say(raw("302 Found\r\nLocation: /pub/mirror.json\r\nContent-Length: 0")),
            |e| matches!(e, MirrorError::Redirected { status: 302, .. }),
            "PGN-0912",
        ),
        (
            say(raw("301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0")),
            |e| matches!(e, MirrorError::Redirected { .. }),
            "PGN-0912",
        ),
        (say(raw("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20")), |e| matches!(e, MirrorError::Encoded { .. }), "PGN-0915"),
        (say(raw("500 Oops\r\nContent-Length: 0")), |e| matches!(e, MirrorError::Status { status: 500, .. }), "PGN-0913"),
        (say(raw("304 Not Modified")), |e| matches!(e, MirrorError::Status { status: 304, .. }), "PGN-0913"),
        (say(raw("200 OK\r\nContent-Length: 50") + "short"), |e| matches!(e, MirrorError::Broken { .. }), "PGN-0910"),
        (say("220 mail.example ESMTP\r\n".into()), |e| matches!(e, MirrorError::Broken { .. }), "PGN-0910"),
        (std::sync::Arc::new(|| Reply::Silence), |e| matches!(e, MirrorError::Slow { .. }), "PGN-0911"),
    ];
    for (make, expected, code) in cases {
        for path in ["stuttgart/checkpoint", MARKER] {
            let (there, bad) = (honest.clone(), path);
            let (make, quick) = (make.clone(), matches!(make(), Reply::Silence));
            let server = Server::start(move |asked| match there.get(asked) {
                Some(_) if asked == bad => make(),
                Some(bytes) => Reply::File(bytes.clone()),
                None => Reply::Missing,
            });
            let server = server.await;
            let mut mirror = mirror(&server);
            if quick {
                mirror.fetcher = Fetcher::new(mirror.url.clone(), None).within(Duration::from_millis(300));
            }
            let error = read(berlin, &mut mirror).await.expect_err(code);
            assert!(expected(&error) && error.code() == code, "{path}: {error:?}");
            assert_eq!(held(berlin, stuttgart), before, "{code}");
        }
    }
    let nobody = Mirror::new("http://127.0.0.1:9".parse().expect("a URL"), None).read(&berlin.context, &mut Progress::default()).await;
    assert!(matches!(nobody, Err(MirrorError::Unreachable { .. })), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_ends_when_its_time_is_over_and_the_next_one_goes_on() {
    let agencies = parted().await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    append(stuttgart, 1..10).await;
    let there = files(stuttgart).await;
    let server = Server::start(move |path| there.get(path).map_or(Reply::Missing, |bytes| Reply::File(bytes.clone()))).await;
    let mut mirror = mirror(&server);
    mirror.fetcher.begin(Duration::ZERO);
    let error = read(berlin, &mut mirror).await.expect_err("over");
    assert!(matches!(error, MirrorError::Long) && error.code() == "PGN-0911" && error.is_final(), "{error:?}");
    mirror.fetcher.begin(Duration::from_secs(600));
    read(berlin, &mut mirror).await.expect("followed");
    assert_eq!(held(berlin, stuttgart).0, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_goes_on_at_the_log_where_the_last_one_was_broken_off() {
    let agencies = parted().await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    let there = files(stuttgart).await;
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let order = asked.clone();
    let server = Server::start(move |path| {
        if path.ends_with("/checkpoint") {
            order.lock().expect("whole").push(path.to_owned());
        }
        there.get(path).map_or(Reply::Missing, |bytes| Reply::File(bytes.clone()))
    });
    let server = server.await;
    for (resumes, first) in [(None, "berlin/checkpoint"), (Some("stuttgart"), "stuttgart/checkpoint")] {
        let mut mirror = mirror(&server);
        mirror.resumes = resumes.map(|agency| agency.parse().expect("an id"));
        let _ = read(berlin, &mut mirror).await;
        let asked = std::mem::take(&mut *asked.lock().expect("whole"));
        assert_eq!((asked.len(), asked[0].as_str()), (2, first), "{asked:?}");
        assert_eq!(mirror.resumes, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_checkpoint_than_before_is_named() {
    let agencies = parted().await;
    let [berlin, stuttgart] = &agencies[..] else { panic!("two") };
    append(stuttgart, 1..10).await;
    let old = files(stuttgart).await;
    append(stuttgart, 10..20).await;
    let new = files(stuttgart).await;
    let now = std::sync::Arc::new(std::sync::Mutex::new(new));
    let there = now.clone();
    let server =
        Server::start(move |path| there.lock().expect("whole").get(path).map_or(Reply::Missing, |bytes| Reply::File(bytes.clone())));
    let server = server.await;
    let mut mirror = mirror(&server);
    assert_eq!(read(berlin, &mut mirror).await.expect("followed"), 19);
    *now.lock().expect("whole") = old;
    let error = read(berlin, &mut mirror).await.expect_err("older");
    assert!(matches!(&error, MirrorError::Older { before: 21, now: 11, .. }) && error.code() == "PGN-0919", "{error:?}");
    assert_eq!(held(berlin, stuttgart).0, 21);
}

/// Another story of a log under its own key, from record 2 on: `count` records in all.
struct Story {
    frontier: Frontier,
    rows: Vec<Vec<parangon_protocol::id::Hash>>,
    records: Vec<Vec<u8>>,
}

impl HashReader for Story {
    type Error = ();
    fn hash(&self, level: u8, index: u64) -> Result<parangon_protocol::id::Hash, ()> {
        let row = completing_leaf(level, index).and_then(|leaf| self.rows.get(usize::try_from(leaf).ok()?));
        row.and_then(|row| row.get(usize::from(level))).copied().ok_or(())
    }
}

impl Story {
    fn of(agency: &Agency, count: u64) -> Self {
        let tx = agency.context.store().read().expect("a snapshot");
        let mut story = Self { frontier: Frontier::new(), rows: vec![], records: vec![] };
        for index in 0..count {
            let day = Timestamp::from_seconds((1_000 + index) * 86_400).expect("a date");
            let other = Record::Anchor(Anchor { day, root: parangon_protocol::id::Hash([1; 32]) }).to_text().expect("a text");
            let record = if index < 2 { tx.record(&agency.context.own_log(), index).expect("reads").expect("there") } else { other };
            story.rows.push(story.frontier.push_leaf(leaf_hash(&record)));
            story.records.push(record);
        }
        story
    }

    /// The files of a mirror in which this log tells this story, signed by its own key.
    fn put(&self, agency: &Agency, files: &mut Files, key: &SecretKey) {
        let (name, size) = (agency.name(), self.frontier.size());
        files.retain(|path, _| !path.starts_with(&format!("{name}/")));
        let origin = agency.context.own_log().origin(agency.context.federation());
        let head = Checkpoint { origin, size, root: self.frontier.root() };
        files.insert(format!("{name}/checkpoint"), SignedCheckpoint::sign(&head, key).expect("signed").to_string().into_bytes());
        for tile in Tile::after(0, size) {
            let first = usize::try_from(tile.index * WIDTH).expect("small");
            let bytes = match tile.kind {
                Kind::Entries => self.records[first..].iter().take(256).flat_map(|record| entry(record).expect("short")).collect(),
                Kind::Hashes(_) => tile.read(self).expect("whole"),
            };
            files.insert(format!("{name}/{tile}"), bytes);
        }
    }
}

/// A fork that a mirror shows is evidence, as if a member had shown it, whichever of the two stories is longer. And whoever reads a
/// mirror of the node that has the evidence gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_story_is_evidence_and_travels_on() {
    for other in [8, 400] {
        let agencies = federation(&[("stuttgart", "DE", None), ("berlin", "DE", None), ("lyon", "FR", None)]).await;
        let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
        append(stuttgart, 1..20).await;
        until_final(berlin, stuttgart, 21).await;
        until_final(lyon, stuttgart, 21).await;
        for (one, two) in [(berlin, stuttgart), (berlin, lyon), (lyon, stuttgart)] {
            one.part(two).await;
        }
        let mut forked = files(stuttgart).await;
        let forged = SecretKey::from_seed(&[9; 32]);
        let story = Story::of(stuttgart, other);
        story.put(stuttgart, &mut forked, &forged);
        let error = read_files(berlin, forked.clone()).await.expect_err("by another key");
        assert!(matches!(error, MirrorError::Head { .. }), "{error}");
        assert!(!held(berlin, stuttgart).3);

        story.put(stuttgart, &mut forked, &stuttgart.context.keys().log_key());
        let text = String::from_utf8(forked["stuttgart/checkpoint"].clone()).expect("UTF-8");
        assert_eq!(Checkpoint::parse(&Note::parse(&text).expect("a note").text).expect("a checkpoint").size, other);
        drop(read_files(berlin, forked).await);
        until("evidence", || async { held(berlin, stuttgart).3.then_some(()) }).await;
        assert_eq!(held(berlin, stuttgart).1, 21, "what was final stays");

        let with_evidence = files(berlin).await;
        assert!(with_evidence.contains_key("forks/stuttgart.fork.json"));
        let mut altered = with_evidence.clone();
        altered.insert("forks/stuttgart.fork.json".into(), b"{\"type\":\"parangon-fork\"}".to_vec());
        let error = read_files(lyon, altered).await.expect_err("no evidence");
        assert!(matches!(error, MirrorError::Evidence { .. }) && !held(lyon, stuttgart).3, "{error}");
        read_files(lyon, with_evidence).await.expect("followed");
        assert!(held(lyon, stuttgart).3);
    }
}
