//! A mirror's files by the code of others: the paths, the tiles authenticated by `tlog_tiles`, and the entries cut by hand.

use parangon_node::Node;
use parangon_node::service::mirrors;
use parangon_protocol::log::tiles::{Kind, Tile};
use parangon_protocol::log::{VerifierKey, note::Algorithm};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;
use parangon_tests::federation::{Plan, found};
use tlog_tiles::{HashReader, TileHashReader, TileReader};

use crate::count;
use crate::notes::verifier;

/// Reads what the node would put into a mirror, by the paths of `tlog_tiles`, which have the height in them.
struct Served<'a>(&'a Node);

impl Served<'_> {
    fn file(&self, path: &str) -> Vec<u8> {
        mirrors::file(self.0.context(), &format!("{}/{path}", self.0.context().me())).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let path = |tile: &tlog_tiles::Tile| tile.path().replacen("tile/8/", "tile/", 1);
        Ok(tiles.iter().map(|tile| self.file(&path(tile))).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// The entries of a bundle, cut by nothing of ours.
fn cut(mut bundle: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let length = usize::from(bundle[0]) * 256 + usize::from(bundle[1]);
        entries.push(&bundle[2..2 + length]);
        bundle = &bundle[2 + length..];
    }
    entries
}

#[test]
fn the_files_of_a_tree_are_those_that_others_name() {
    for (old, new) in [(0, 1), (0, 255), (0, 256), (0, 257), (255, 256), (256, 600), (600, 70_000), (65_535, 65_536), (70_000, 70_001)] {
        let theirs: Vec<_> =
            tlog_tiles::Tile::new_tiles(8, old, new).iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        let ours: Vec<_> = Tile::after(old, new).filter(|tile| tile.kind != Kind::Entries).map(|tile| tile.to_string()).collect();
        // Of a level that has not grown theirs are left out; ours are written when they differ.
        assert!(theirs.iter().all(|path| ours.contains(path)), "{old} to {new}: {theirs:?} {ours:?}");
        let grown = |path: &String| theirs.contains(path) || Tile::after(0, old).any(|tile| tile.to_string() == *path);
        assert!(ours.iter().all(grown), "{old} to {new}: {theirs:?} {ours:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_verify_checkpoint_tiles_and_entries() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 1, gossip: false, quic: false });
    let node = seats[0].start().await;
    let context = node.context();
    // More than two tiles.
    let anchor = |n: u64| Record::Anchor(Anchor { day: Timestamp::from_seconds(n * 86_400).expect("a date"), root: Default::default() });
    context.engine().append((1..600).map(anchor).collect()).await.expect("appended");
    let view = mirrors::view(context).expect("a mirror");
    let log = &view.logs[0];

    let origin = context.own_log().origin(context.federation());
    let book = context.engine().book();
    let (_, keys) = book.current(context.me()).expect("our key set");
    let key = VerifierKey::new(&origin, Algorithm::Ed25519, keys.log).expect("a name");
    let note = signed_note::Note::from_bytes(log.checkpoint.as_bytes()).expect("a note");
    let (known, _) = note.verify(&verifier(&key)).expect("verifies");
    assert_eq!(known.len(), 1, "by the log's key");
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    assert_eq!((checkpoint.origin(), checkpoint.size()), (origin.as_str(), log.size));
    assert_eq!(log.size, 601);

    let served = Served(&node);
    let reader = TileHashReader::new(checkpoint.size(), *checkpoint.hash(), &served);
    let indexes: Vec<u64> = (0..log.size).map(|index| tlog_tiles::stored_hash_index(0, index)).collect();
    let hashes = reader.read_hashes(&indexes).expect("every tile is authentic");
    let bundles: Vec<Vec<u8>> = ["000", "001", "002.p/89"].map(|name| served.file(&format!("tile/entries/{name}"))).to_vec();
    let entries: Vec<&[u8]> = bundles.iter().flat_map(|bundle| cut(bundle)).collect();
    assert_eq!(count(entries.len()), log.size);
    for (entry, hash) in entries.iter().zip(&hashes) {
        assert_eq!(tlog_tiles::record_hash(entry).0, hash.0);
    }
    // Also with an older head of the same log: what was written for it stays right.
    let proof = tlog_tiles::prove_tree(log.size, 300, &reader).expect("a proof");
    let old = tlog_tiles::tree_hash(300, &reader).expect("a root");
    tlog_tiles::check_tree(&proof, log.size, *checkpoint.hash(), 300, old).expect("it extends the older one");
    node.stop().await;
}
