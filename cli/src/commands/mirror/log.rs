//! The files of one log: fetched from the node where they are not there yet, each checked against the checkpoint before it is written.

use parangon_protocol::id::AgencyId;
use parangon_protocol::log::merkle;
use parangon_protocol::log::tiles::{Kind, Tile, TileError, Tiles, WIDTH, Wanted};
use parangon_protocol::log::{Checkpoint, Note};
use serde_json::Value;

use super::dir::Dir;
use crate::client::{Client, encode};
use crate::commands::backup::Progress;
use crate::failure::Failure;
use crate::fields::plain;

/// Tiles that one answer can need: two ways to the root.
const STEPS: usize = 32;

/// A log as the node shows it.
#[derive(Debug)]
pub(super) struct Log {
    /// Whose.
    pub(super) agency: AgencyId,
    /// The checkpoint's note.
    pub(super) checkpoint: String,
    /// What it says.
    pub(super) head: Checkpoint,
}

impl Log {
    /// From the node's answer.
    pub(super) fn read(value: &Value) -> Result<Self, Failure> {
        let read = || {
            let checkpoint = plain(value, "checkpoint")?.to_owned();
            Some(Self { agency: plain(value, "agency")?.parse().ok()?, head: head(&checkpoint)?, checkpoint })
        };
        read().ok_or_else(|| Failure::failed("the node's answer is not a list of checkpoints"))
    }
}

fn head(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(&Note::parse(note).ok()?.text).ok()
}

/// What became of a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All that its checkpoint leads to is there.
    Written,
    /// What was there stays, for this reason.
    Kept(&'static str),
}

/// One log on its way into a directory.
pub(super) struct Export<'a> {
    pub(super) client: &'a Client,
    pub(super) dir: &'a mut Dir,
    pub(super) log: &'a Log,
    pub(super) progress: &'a Progress,
}

impl Export<'_> {
    /// Writes what is missing but for the checkpoint itself.
    pub(super) fn run(mut self) -> Result<Outcome, Failure> {
        let (log, new) = (self.log, &self.log.head);
        let before = self.dir.read(&self.path("checkpoint"))?.and_then(|bytes| String::from_utf8(bytes).ok());
        if before.as_ref() == Some(&log.checkpoint) {
            return Ok(Outcome::Written);
        }
        let mut tree = self.tree()?;
        let mut since = 0;
        if let Some(old) = before.as_deref().and_then(head) {
            let same = old.origin == new.origin;
            if same && old.size > new.size {
                return Ok(Outcome::Kept("this node has fewer records of it"));
            }
            let extends = old.size <= new.size && self.ask(&mut tree, |tree| merkle::frontier(tree, old.size))?.root() == old.root;
            match (extends, same) {
                (true, _) => since = old.size,
                (false, true) => return Ok(Outcome::Kept("this node has another story of it")),
                // A later epoch that gave up what nobody had confirmed.
                (false, false) => {}
            }
        }
        for tile in Tile::after(since, new.size).filter(|tile| tile.kind == Kind::Entries) {
            let hashes = Tile { kind: Kind::Hashes(0), ..tile };
            self.hashes(&mut tree, hashes)?;
            let bytes = self.entries(&mut tree, tile)?;
            self.dir.put(&self.path(tile), &bytes)?;
            tree.forget_leaves();
        }
        for tile in Tile::after(since, new.size).filter(|tile| !matches!(tile.kind, Kind::Entries | Kind::Hashes(0))) {
            self.hashes(&mut tree, tile)?;
        }
        Ok(Outcome::Written)
    }

    fn path(&self, file: impl std::fmt::Display) -> String {
        format!("{}/{file}", self.log.agency)
    }

    fn fetch(&self, tile: Tile) -> Result<Vec<u8>, Failure> {
        let bytes = self.client.download(&format!("/api/v1/mirror/file?path={}", encode(&self.path(tile))))?;
        self.progress.add(bytes.len());
        Ok(bytes.to_vec())
    }

    fn wrong(&self, cause: TileError) -> Failure {
        let failure = Failure::failed(format!("what the node gives of the log of {} does not belong together: {cause}", self.log.agency));
        failure.next("repeat it: the log may have changed meanwhile; its checkpoint in the mirror is as it was")
    }

    fn tree(&self) -> Result<Tiles, Failure> {
        let edge = Tiles::edge(self.log.head.size).map(|tile| Ok((tile, self.fetch(tile)?))).collect::<Result<Vec<_>, Failure>>()?;
        Tiles::open(self.log.head.size, &self.log.head.root, edge).map_err(|cause| self.wrong(cause))
    }

    /// Asks the tree; what it wants comes from the directory where it is there and right, else from the node.
    fn ask<T>(&self, tree: &mut Tiles, ask: impl Fn(&Tiles) -> Result<T, Wanted>) -> Result<T, Failure> {
        for _ in 0..STEPS {
            match ask(tree) {
                Ok(answer) => return Ok(answer),
                Err(wanted) => {
                    let tile = tree.next(wanted);
                    let there = self.dir.read(&self.path(tile))?;
                    if there.is_none_or(|bytes| tree.insert(tile, &bytes).is_err()) {
                        tree.insert(tile, &self.fetch(tile)?).map_err(|cause| self.wrong(cause))?;
                    }
                }
            }
        }
        Err(self.wrong(TileError::Root))
    }

    fn hashes(&mut self, tree: &mut Tiles, tile: Tile) -> Result<(), Failure> {
        let bytes = self.ask(tree, |tree| tile.read(tree))?;
        self.dir.put(&self.path(tile), &bytes)
    }

    /// A bundle of entries, from the directory where it is there and right, else from the node.
    fn entries(&self, tree: &mut Tiles, tile: Tile) -> Result<Vec<u8>, Failure> {
        let check = |tree: &mut Tiles, bytes: &[u8]| match tile.records(bytes) {
            Ok(records) => self.ask(tree, |tree| tree.check(tile.index * WIDTH, &records)),
            Err(cause) => Ok(Err(cause)),
        };
        if tile.is_full()
            && let Some(bytes) = self.dir.read(&self.path(tile))?
            && check(tree, &bytes)?.is_ok()
        {
            return Ok(bytes);
        }
        let bytes = self.fetch(tile)?;
        check(tree, &bytes)?.map_err(|cause| self.wrong(cause))?;
        Ok(bytes)
    }
}
