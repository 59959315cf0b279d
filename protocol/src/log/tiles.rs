//! A log as a directory of files that never change (c2sp.org/tlog-tiles): their names, their bytes, and a tree that is read from them
//! after each was checked against a signed head (protocol, "Mirror").
//!
//! Nothing here fetches. Who reads from a mirror asks [`Tiles`] for a hash, is told which tile is missing, and hands it in.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::merkle::{self, HashReader, leaf_hash};
use crate::id::Hash;
use crate::limits;

/// Hashes in a full tile, and records in a full bundle of entries.
pub const WIDTH: u64 = 256;

/// Levels of a tree within one tile.
const HEIGHT: u8 = 8;

/// Levels of tiles: five reach [`limits::LOG_SIZE`], and a sixth holds its root.
const LEVELS: u8 = 6;

/// Bytes of a full bundle of entries at most.
pub const ENTRIES_BYTES: usize = 256 * (limits::RECORD_BYTES + 2);

/// Bytes of a full tile.
pub const TILE_BYTES: usize = 256 * 32;

const _: () = assert!(limits::RECORD_BYTES <= u16::MAX as usize, "an entry's length has two bytes");

/// What a file of a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The records themselves.
    Entries,
    /// Hashes of complete subtrees of 256^level leaves.
    Hashes(u8),
}

/// One file of a log: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its number, from 0.
    pub index: u64,
    /// How many hashes or records it holds: 1 to 256.
    pub width: u64,
}

/// Why the bytes of a tile, or of a bundle of entries, are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not 32 bytes for each hash.
    #[error("{tile} does not have the length of its hashes")]
    Length {
        /// Which.
        tile: Tile,
    },
    /// The tiles at the right edge do not lead to the head's root.
    #[error("the tiles do not lead to the root of the head")]
    Root,
    /// A tile does not lead to the hash that stands for it one level higher.
    #[error("{tile} is not part of the tree of the head")]
    Foreign {
        /// Which.
        tile: Tile,
    },
    /// A bundle that does not hold as many records as it should, or one that is cut off.
    #[error("{tile} is truncated, or holds more than its records")]
    Truncated {
        /// Which.
        tile: Tile,
    },
    /// A record that is not the one in the tree.
    #[error("record {index} is not the one in the tree of the head")]
    Record {
        /// Which.
        index: u64,
    },
}

/// Not the path of a file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct PathError;

impl Tile {
    /// The tile of a tree of `size` leaves with this number: full, or as wide as the tree makes it. `None` when it would be empty.
    #[must_use]
    pub fn of(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let available = size.checked_shr(u32::from(kind.level()) * u32::from(HEIGHT)).unwrap_or(0);
        let width = available.saturating_sub(index.checked_mul(WIDTH)?).min(WIDTH);
        (width > 0).then_some(Self { kind, index, width })
    }

    /// Whether it has all its hashes or records: then it never changes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The full tile of this number.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }

    /// Every file of a log of `size` records behind its first `since`, of which all full ones are there already.
    pub fn after(since: u64, size: u64) -> impl Iterator<Item = Self> {
        let kinds = std::iter::once(Kind::Entries).chain((0..LEVELS).map(Kind::Hashes));
        kinds.flat_map(move |kind| {
            let shift = u32::from(kind.level()) * u32::from(HEIGHT);
            let (first, end) = ((since >> shift) / WIDTH, (size >> shift).div_ceil(WIDTH));
            (first..end).filter_map(move |index| Self::of(kind, index, size))
        })
    }

    /// The bytes of a tile of hashes, read from a whole tree.
    ///
    /// # Errors
    /// The reader's.
    pub fn read<R: HashReader + ?Sized>(&self, reader: &R) -> Result<Vec<u8>, R::Error> {
        let level = self.kind.level() * HEIGHT;
        let first = self.index.saturating_mul(WIDTH);
        let mut bytes = Vec::with_capacity(TILE_BYTES);
        for index in first..first.saturating_add(self.width) {
            bytes.extend_from_slice(&reader.hash(level, index)?.0);
        }
        Ok(bytes)
    }

    /// The hashes in a tile's bytes, of which a full tile may stand for a partial one.
    ///
    /// # Errors
    /// [`TileError::Length`].
    pub fn hashes(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let count = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        let fits = rest.is_empty() && (count == self.width || count == WIDTH);
        let wanted = usize::try_from(self.width).unwrap_or(usize::MAX);
        if fits { Ok(hashes.iter().take(wanted).map(|hash| Hash(*hash)).collect()) } else { Err(TileError::Length { tile: *self }) }
    }

    /// The records in the bytes of a bundle, of which a full one may stand for a partial one. They are not checked.
    ///
    /// # Errors
    /// [`TileError::Truncated`] when there are fewer or more, or the last one is cut off.
    pub fn records(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TileError> {
        let truncated = TileError::Truncated { tile: *self };
        let mut rest = bytes;
        let mut records = Vec::with_capacity(usize::try_from(WIDTH).unwrap_or_default());
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let (record, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(truncated)?;
            records.push(record.to_vec());
            rest = tail;
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        if !rest.is_empty() || (count != self.width && count != WIDTH) {
            return Err(truncated);
        }
        records.truncate(usize::try_from(self.width).unwrap_or(usize::MAX));
        Ok(records)
    }
}

/// A record as an entry: its length in two bytes, big-endian, and its text. `None` for one that is longer than
/// [`limits::RECORD_BYTES`], which no log holds.
#[must_use]
pub fn entry(record: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(record.len()).ok()?;
    Some([&length.to_be_bytes()[..], record].concat())
}

impl Kind {
    fn level(self) -> u8 {
        match self {
            Self::Entries => 0,
            Self::Hashes(level) => level,
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries/")?,
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// A decimal number without needless zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

impl FromStr for Tile {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let read = || {
            let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
            let kind = match kind {
                "entries" => Kind::Entries,
                level => Kind::Hashes(u8::try_from(number(level)?).ok().filter(|level| *level < LEVELS)?),
            };
            let (path, width) = match rest.split_once(".p/") {
                Some((path, width)) => (path, number(width).filter(|width| (1..WIDTH).contains(width))?),
                None => (rest, WIDTH),
            };
            let mut groups = path.split('/').rev();
            let digits =
                |group: &str| if group.len() == 3 { group.bytes().all(|b| b.is_ascii_digit()).then(|| group.parse().ok())? } else { None };
            let mut index: u64 = digits(groups.next()?)?;
            let mut weight: u64 = 1;
            for group in groups {
                weight = weight.checked_mul(1000)?;
                index = index.checked_add(weight.checked_mul(digits(group.strip_prefix('x')?)?)?)?;
            }
            (index < limits::LOG_SIZE).then_some(Self { kind, index, width })
        };
        // One tile has one name: leading groups of zeros are none.
        read().filter(|tile| tile.to_string() == text).ok_or(PathError)
    }
}

/// A tile that has to be handed in first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not here yet")]
pub struct Wanted(pub Tile);

/// The tree of one head, as far as its tiles were handed in and checked against the head's root.
#[derive(Debug, Clone)]
pub struct Tiles {
    size: u64,
    held: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles {
    /// The partial tiles at the right edge of a tree: they hold all that its root is made of.
    pub fn edge(size: u64) -> impl Iterator<Item = Tile> {
        let last = move |level: u8| Tile::of(Kind::Hashes(level), (size >> (u32::from(level) * u32::from(HEIGHT))) / WIDTH, size);
        (0..LEVELS).filter_map(last)
    }

    /// From the tiles of [`Tiles::edge`], each with its bytes.
    ///
    /// # Errors
    /// [`TileError::Length`], or [`TileError::Root`] when they do not lead to `root`.
    pub fn open(size: u64, root: &Hash, edge: impl IntoIterator<Item = (Tile, Vec<u8>)>) -> Result<Self, TileError> {
        let mut tiles = Self { size, held: BTreeMap::new() };
        for (tile, bytes) in edge {
            tiles.held.insert((tile.kind.level(), tile.index), tile.hashes(&bytes)?);
        }
        match merkle::frontier(&tiles, size) {
            Ok(frontier) if frontier.root() == *root => Ok(tiles),
            _ => Err(TileError::Root),
        }
    }

    /// The tile to hand in next on the way to a wanted one: itself, or what it is checked against.
    #[must_use]
    pub fn next(&self, wanted: Wanted) -> Tile {
        let mut tile = wanted.0;
        while let Err(Wanted(above)) = self.hash((tile.kind.level() + 1) * HEIGHT, tile.index) {
            if above.kind.level() >= LEVELS {
                break;
            }
            tile = above;
        }
        tile
    }

    /// Takes a full tile.
    ///
    /// # Errors
    /// [`TileError::Length`], or [`TileError::Foreign`] when it is not part of the tree.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileError> {
        let hashes = tile.hashes(bytes)?;
        let foreign = TileError::Foreign { tile };
        let Kind::Hashes(level) = tile.kind else { return Err(foreign) };
        if !tile.is_full() || self.hash((level + 1) * HEIGHT, tile.index) != Ok(merkle::root_of(&hashes)) {
            return Err(foreign);
        }
        self.held.insert((level, tile.index), hashes);
        Ok(())
    }

    /// Checks records from `start` against the tree.
    ///
    /// # Errors
    /// The tile that is missing, or [`TileError::Record`] with the first record that is another one.
    pub fn check(&self, start: u64, records: &[Vec<u8>]) -> Result<Result<(), TileError>, Wanted> {
        for (record, index) in records.iter().zip(start..) {
            if self.hash(0, index)? != leaf_hash(record) {
                return Ok(Err(TileError::Record { index }));
            }
        }
        Ok(Ok(()))
    }

    /// Forgets full tiles of leaves: memory stays bounded on the way through a long log.
    pub fn forget_leaves(&mut self) {
        let edge = self.size / WIDTH;
        self.held.retain(|(level, index), _| *level > 0 || *index == edge);
    }
}

impl HashReader for Tiles {
    type Error = Wanted;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Wanted> {
        let (tile_level, height) = (level / HEIGHT, level % HEIGHT);
        let first = index << height;
        let number = first / WIDTH;
        let none = || Wanted(Tile { kind: Kind::Hashes(tile_level), index: number, width: WIDTH });
        let hashes = self.held.get(&(tile_level, number)).ok_or_else(none)?;
        let start = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let part = hashes.get(start..start.saturating_add(1 << height)).ok_or_else(none)?;
        Ok(merkle::root_of(part))
    }
}
