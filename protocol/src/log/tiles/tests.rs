use super::*;
use crate::log::merkle::{Frontier, completing_leaf, consistency_proof, verify_consistency};

/// A whole tree in memory.
struct Tree {
    frontier: Frontier,
    rows: Vec<Vec<Hash>>,
    records: Vec<Vec<u8>>,
}

impl Tree {
    fn of(size: u64) -> Self {
        let mut tree = Self { frontier: Frontier::new(), rows: vec![], records: vec![] };
        for n in 0..size {
            let record = n.to_be_bytes().to_vec();
            tree.rows.push(tree.frontier.push_leaf(leaf_hash(&record)));
            tree.records.push(record);
        }
        tree
    }

    fn bytes(&self, tile: Tile) -> Vec<u8> {
        if tile.kind == Kind::Entries {
            let first = usize::try_from(tile.index * WIDTH).expect("as made");
            let records = &self.records[first..first + usize::try_from(tile.width).expect("as made")];
            return records.iter().flat_map(|record| entry(record).expect("as made")).collect();
        }
        tile.read(self).unwrap_or_else(|()| panic!("no {tile}"))
    }

    fn open(&self) -> Tiles {
        let size = self.frontier.size();
        Tiles::open(size, &self.frontier.root(), Tiles::edge(size).map(|tile| (tile, self.bytes(tile)))).expect("as made")
    }
}

impl HashReader for Tree {
    type Error = ();
    fn hash(&self, level: u8, index: u64) -> Result<Hash, ()> {
        let row = completing_leaf(level, index).and_then(|leaf| self.rows.get(usize::try_from(leaf).ok()?));
        row.and_then(|row| row.get(usize::from(level))).copied().ok_or(())
    }
}

/// Reads until nothing is wanted.
fn read<T>(tree: &Tree, tiles: &mut Tiles, ask: impl Fn(&Tiles) -> Result<T, Wanted>) -> T {
    for _ in 0..100 {
        match ask(tiles) {
            Ok(answer) => return answer,
            Err(wanted) => {
                let next = tiles.next(wanted);
                tiles.insert(next, &tree.bytes(next)).expect("as made");
            }
        }
    }
    panic!("never")
}

#[test]
fn a_path_is_as_the_specification_writes_it() {
    let tile = |kind, index, width| Tile { kind, index, width };
    for (tile, path) in [
        (tile(Kind::Hashes(0), 0, 256), "tile/0/000"),
        (tile(Kind::Hashes(1), 1_234_067, 256), "tile/1/x001/x234/067"),
        (tile(Kind::Hashes(2), 999, 1), "tile/2/999.p/1"),
        (tile(Kind::Entries, 1000, 255), "tile/entries/x001/000.p/255"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    let bad = "tile/0/0 tile/0/00 tile/0/0000 tile/6/000 tile/-1/000 tile/00/000 tile/0/x000/001 tile/0/001/002 tile/0/x001 tile/0/000.p/0 \
        tile/0/000.p/256 tile/0/000.p/01 tile/0/000.p/ tile/0/../000 tile/data/000 /tile/0/000 tile/0/000/ tile/0/+01 tile/0/x999/x999/x999/x999/x999/999";
    for bad in bad.split_ascii_whitespace() {
        assert_eq!(bad.parse::<Tile>(), Err(PathError), "{bad}");
    }
}

#[test]
fn a_tree_has_the_tiles_that_the_specification_counts() {
    let of = |size: u64, level: u8| Tile::after(0, size).filter(|tile| tile.kind == Kind::Hashes(level)).collect::<Vec<_>>();
    let widths = |tiles: &[Tile]| (tiles.iter().filter(|tile| tile.is_full()).count(), tiles.last().map_or(0, |tile| tile.width));
    assert_eq!([0, 1, 2].map(|level| widths(&of(70_000, level))), [(273, 112), (1, 17), (0, 1)]);
    assert_eq!([0, 1, 2].map(|level| widths(&of(256, level))), [(1, 256), (0, 1), (0, 0)]);
    assert_eq!(Tile::after(0, 0).count(), 0);
    assert_eq!(
        Tile::after(300, 300).map(|tile| tile.to_string()).collect::<Vec<_>>(),
        ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"]
    );
    let edge = |size| Tiles::edge(size).map(|tile| tile.to_string()).collect::<Vec<_>>();
    assert_eq!(edge(65_536), ["tile/2/000.p/1"]);
    assert_eq!(edge(300), ["tile/0/001.p/44", "tile/1/000.p/1"]);
}

#[test]
fn every_proof_comes_out_of_tiles_that_were_checked() {
    for size in [1, 255, 256, 257, 513, 1000] {
        let tree = Tree::of(size);
        for old in [1, 127, 128, 255, 256, 300, 512, 999] {
            if old > size {
                continue;
            }
            let mut tiles = tree.open();
            let proof = read(&tree, &mut tiles, |tiles| consistency_proof(tiles, old, size));
            let old_root = merkle::frontier(&tree, old).expect("as made").root();
            assert_eq!(verify_consistency(old, size, &proof, &old_root, &tree.frontier.root()), Ok(()), "{old} of {size}");
            assert_eq!(read(&tree, &mut tiles, |tiles| merkle::frontier(tiles, old)).root(), old_root);
            tiles.forget_leaves();
            assert_eq!(merkle::frontier(&tiles, size).expect("as made").root(), tree.frontier.root());
        }
    }
    // Two levels of tiles above the leaves: each is checked against the one above it.
    let tree = Tree::of(66_000);
    let mut tiles = tree.open();
    assert_eq!(tiles.next(tiles.hash(0, 5).expect_err("refused")).to_string(), "tile/1/000");
    assert_eq!(read(&tree, &mut tiles, |tiles| tiles.hash(0, 5)), leaf_hash(&5u64.to_be_bytes()));
}

#[test]
fn a_tile_that_was_changed_is_refused_and_named() {
    let tree = Tree::of(600);
    let root = tree.frontier.root();
    let edge: Vec<_> = Tiles::edge(600).map(|tile| (tile, tree.bytes(tile))).collect();
    for place in 0..edge.len() {
        let mut changed = edge.clone();
        changed[place].1[0] ^= 1;
        assert_eq!(Tiles::open(600, &root, changed).expect_err("refused"), TileError::Root);
        let mut short = edge.clone();
        short[place].1.pop();
        assert_eq!(Tiles::open(600, &root, short).expect_err("refused"), TileError::Length { tile: edge[place].0 });
    }
    assert_eq!(Tiles::open(600, &root, vec![]).expect_err("refused"), TileError::Root);
    let mut tiles = tree.open();
    let tile = Tile { kind: Kind::Hashes(0), index: 1, width: 256 };
    let mut bytes = tree.bytes(tile);
    let other = Tile { index: 0, ..tile };
    assert_eq!(tiles.insert(other, &bytes), Err(TileError::Foreign { tile: other }));
    bytes[8191] ^= 1;
    assert_eq!(tiles.insert(tile, &bytes), Err(TileError::Foreign { tile }));
    assert_eq!(tiles.insert(tile, &bytes[32..]), Err(TileError::Length { tile }));
    tiles.insert(tile, &tree.bytes(tile)).expect("as made");
    let mut records = tree.records[256..400].to_vec();
    assert_eq!(tiles.check(256, &records), Ok(Ok(())));
    records[100].push(0);
    assert_eq!(tiles.check(256, &records), Ok(Err(TileError::Record { index: 356 })));
    assert_eq!(tiles.check(0, &records), Err(Wanted(other)));
}

#[test]
fn entries_come_back_as_they_went_out_and_nothing_else_does() {
    let tile = Tile { kind: Kind::Entries, index: 0, width: 3 };
    let records = vec![vec![], vec![7; limits::RECORD_BYTES], b"{}".to_vec()];
    let bytes: Vec<u8> = records.iter().flat_map(|record| entry(record).expect("as made")).collect();
    assert_eq!(bytes.len(), 6 + limits::RECORD_BYTES + 2);
    assert_eq!(tile.records(&bytes), Ok(records.clone()));
    assert_eq!(entry(&vec![0; limits::RECORD_BYTES + 1]), None);
    let truncated = Err(TileError::Truncated { tile });
    for cut in [0, 1, 2, 5, bytes.len() - 1] {
        assert_eq!(tile.records(&bytes[..cut]), truncated, "{cut}");
    }
    assert_eq!(tile.records(&[&bytes[..], &[0]].concat()), truncated);
    assert_eq!(tile.records(&[&bytes[..], &[0, 0]].concat()), truncated, "a record too many");
    // The full bundle stands for the partial one that it has replaced.
    let full: Vec<u8> = (0..256u16).flat_map(|n| entry(&n.to_be_bytes()).expect("as made")).collect();
    assert_eq!(tile.records(&full).expect("as made").len(), 3);
}
