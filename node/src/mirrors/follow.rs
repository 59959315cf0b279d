//! One log of one mirror: its checkpoint, and the records that are missing here, each file checked before it is used, and all of it
//! handed to the engine like an answer of a member.

use parangon_protocol::check::{self, CheckError, CheckedHead};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::limits;
use parangon_protocol::log::Checkpoint;
use parangon_protocol::log::checkpoint::SignedCheckpoint;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::log::merkle;
use parangon_protocol::log::note::Note;
use parangon_protocol::log::tiles::{ENTRIES_BYTES, Kind, TILE_BYTES, Tile, TileError, Tiles, WIDTH, Wanted};
use parangon_protocol::message::{Head, Range};
use parangon_protocol::time::Timestamp;

use super::MirrorError;
use super::http::{Fetched, Fetcher};
use crate::engine::{LogOverview, StoredLog, TakeError};
use crate::service::Context;

/// Bundles of one log in one reading: other logs have their turn then.
const BUNDLES: usize = 64;

/// Tiles that one proof can need: two ways to the root.
const STEPS: usize = 32;

/// What is remembered of a log at one mirror while the node runs.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The tag of the checkpoint of which all was taken.
    tag: Option<String>,
    /// The epoch and the size of the largest head that it showed.
    largest: (u32, u64),
    /// The newest time that a member's cosignature on its head gives.
    pub(super) confirmed: Option<Timestamp>,
}

/// What came of a reading.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Progress {
    /// Records that are here now and were not before.
    pub(super) taken: u64,
    /// Whether there is more to take at once.
    pub(super) more: bool,
}

/// One log at one mirror.
pub(super) struct Follow<'a> {
    pub(super) context: &'a Context,
    pub(super) fetcher: &'a mut Fetcher,
    pub(super) log: LogId,
}

impl Follow<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// [`MirrorError`]; what was taken before holds.
    pub(super) async fn read(&mut self, seen: &mut Seen) -> Result<Progress, MirrorError> {
        let path = self.path("checkpoint");
        let known = seen.tag.take().filter(|_| self.held().size >= seen.largest.1);
        let (note, tag) = match self.fetcher.get(&path, limits::NOTE_BYTES, known.as_deref()).await? {
            Fetched::Same => {
                seen.tag = known;
                return Ok(Progress::default());
            }
            Fetched::Missing => return Err(MirrorError::Missing { path }),
            Fetched::File { bytes, tag } => (String::from_utf8(bytes.to_vec()).map_err(|_| MirrorError::NotAMirror { path })?, tag),
        };
        let head = self.head(&note).await?;
        seen.confirmed = head.cosignatures().values().map(|cosignature| cosignature.time).max();
        let shown = (head.epoch(), head.checkpoint().size);
        let before = seen.largest;
        seen.largest = shown.max(before);
        if shown < before {
            let agency = self.log.agency.clone();
            return Err(MirrorError::Older { agency, before: before.1, now: shown.1 });
        }
        let progress = self.records(&head, &note).await?;
        seen.tag = tag.filter(|_| self.held().size >= shown.1);
        Ok(progress)
    }

    fn path(&self, file: impl std::fmt::Display) -> String {
        format!("{}/{file}", self.log.agency)
    }

    fn held(&self) -> LogOverview {
        self.context.engine().overview().logs.get(&self.log).cloned().unwrap_or_default()
    }

    /// The head of a checkpoint, handed to the engine where the log's key is known.
    async fn head(&mut self, note: &str) -> Result<CheckedHead, MirrorError> {
        let head = Head { log: self.log.clone(), note: note.to_owned() };
        match self.context.engine().take_head(&head).await {
            Ok(head) => return Ok(head),
            Err(TakeError::Engine(error)) => return Err(error.into()),
            Err(TakeError::Check(CheckError::UnknownKey(_))) => {}
            Err(TakeError::Check(cause)) => return Err(self.head_error(cause)),
        }
        let size = claimed_size(note).map_err(|cause| self.head_error(cause))?;
        let first = match Tile::of(Kind::Entries, 0, size) {
            Some(tile) => self.entries(tile).await?.into_iter().next().unwrap_or_default(),
            None => vec![],
        };
        self.context.engine().first_head(&self.log, note, first).map_err(|cause| self.head_error(cause))
    }

    fn head_error(&self, cause: CheckError) -> MirrorError {
        MirrorError::Head { agency: self.log.agency.clone(), cause }
    }

    fn tile_error(&self, cause: TileError) -> MirrorError {
        MirrorError::Tiles { agency: self.log.agency.clone(), cause }
    }

    /// The records that are missing here.
    async fn records(&mut self, head: &CheckedHead, note: &str) -> Result<Progress, MirrorError> {
        let size = head.checkpoint().size;
        let held = self.held();
        let mut progress = Progress::default();
        if held.size >= size || (held.frozen && held.size > 0) {
            return Ok(progress);
        }
        let mut tree = self.tree(head).await?;
        if self.contradicts(&mut tree, head, &held).await? {
            return Ok(progress);
        }
        for _ in 0..BUNDLES {
            let held = self.held().size;
            let Some(tile) = Tile::of(Kind::Entries, held / WIDTH, size).filter(|_| held < size) else { return Ok(progress) };
            let records = self.entries(tile).await?;
            let first = tile.index * WIDTH;
            let checked = self.ask(&mut tree, |tree| tree.check(first, &records)).await?;
            checked.map_err(|cause| self.tile_error(cause))?;
            let fresh = records.get(usize::try_from(held - first).unwrap_or(usize::MAX)..).unwrap_or_default();
            let mut start = held;
            for part in fresh.chunks(usize::try_from(limits::RANGE_RECORDS).unwrap_or(1)) {
                let end = start + u64::try_from(part.len()).unwrap_or(0);
                let proof = self.ask(&mut tree, |tree| merkle::consistency_proof(tree, end, size)).await?;
                let range = Range { log: self.log.clone(), start, records: part.to_vec(), note: note.to_owned(), proof };
                match self.context.engine().take_range(range).await {
                    Ok(()) => {}
                    Err(TakeError::Engine(error)) => return Err(error.into()),
                    Err(TakeError::Check(cause)) => return Err(MirrorError::Records { agency: self.log.agency.clone(), cause }),
                }
                let after = self.held();
                progress.taken += after.size.saturating_sub(start);
                if after.size < end {
                    // A version of the charter that is not known here, the end of the log, or two stories: the engine says so.
                    let stopped = after.stalled.is_some() || after.frozen || after.end.is_some_and(|end| after.size >= end);
                    let agency = self.log.agency.clone();
                    return if stopped { Ok(progress) } else { Err(MirrorError::NotTaken { agency, held: after.size }) };
                }
                start = end;
            }
            tree.forget_leaves();
        }
        progress.more = self.held().size < size;
        Ok(progress)
    }

    /// The tree of a head, with its right edge.
    async fn tree(&mut self, head: &CheckedHead) -> Result<Tiles, MirrorError> {
        let Checkpoint { size, root, .. } = head.checkpoint();
        let mut edge = Vec::new();
        for tile in Tiles::edge(*size) {
            edge.push((tile, self.tile(tile, TILE_BYTES).await?));
        }
        Tiles::open(*size, root, edge).map_err(|cause| self.tile_error(cause))
    }

    /// Whether the mirror's head does not extend what is held here. Where two heads of one epoch say so, the evidence is taken.
    async fn contradicts(&mut self, tree: &mut Tiles, head: &CheckedHead, held: &LogOverview) -> Result<bool, MirrorError> {
        let (log, size) = (self.log.clone(), held.size);
        if size == 0 {
            return Ok(false);
        }
        let ours = self.context.run(move |context| {
            let tx = context.store().read()?;
            let root: Hash = merkle::frontier(&StoredLog::new(&tx, &log)?, size)?.root();
            Ok((root, tx.last_kept_note(&log)?.map(|(_, note)| note)))
        });
        let (root, kept) = ours.await?;
        let theirs = self.ask(tree, |tree| merkle::frontier(tree, size)).await?.root();
        if theirs == root {
            return Ok(false);
        }
        for note in [held.head.clone(), kept].into_iter().flatten() {
            let Ok(ours) = check::head(&self.context.engine().book(), &Head { log: self.log.clone(), note }) else { continue };
            if ours.epoch() == head.epoch()
                && let Some(proof) = self.fork(tree, ours.signed(), head.signed()).await?
            {
                tracing::warn!(agency = %self.log.agency, "a mirror shows another story of this log; the proof is kept");
                return match self.context.engine().take_fork(proof).await {
                    Ok(()) => Ok(true),
                    Err(TakeError::Engine(error)) => Err(error.into()),
                    Err(TakeError::Check(cause)) => Err(self.head_error(cause)),
                };
            }
        }
        // A later epoch: the engine decides.
        Ok(false)
    }

    async fn fork(
        &mut self,
        tree: &mut Tiles,
        ours: &SignedCheckpoint,
        theirs: &SignedCheckpoint,
    ) -> Result<Option<ForkProof>, MirrorError> {
        if ours.checkpoint().size > theirs.checkpoint().size {
            return Ok(None); // compared by the engine, whose records are more
        }
        self.ask(tree, |tree| ForkProof::find(ours, theirs, tree)).await
    }

    /// Asks the tree, and fetches what it wants for the answer.
    async fn ask<T>(&mut self, tree: &mut Tiles, ask: impl Fn(&Tiles) -> Result<T, Wanted>) -> Result<T, MirrorError> {
        for _ in 0..STEPS {
            match ask(tree) {
                Ok(answer) => return Ok(answer),
                Err(wanted) => {
                    let tile = tree.next(wanted);
                    let bytes = self.tile(tile, TILE_BYTES).await?;
                    tree.insert(tile, &bytes).map_err(|cause| self.tile_error(cause))?;
                }
            }
        }
        Err(self.tile_error(TileError::Root))
    }

    async fn entries(&mut self, tile: Tile) -> Result<Vec<Vec<u8>>, MirrorError> {
        let bytes = self.tile(tile, ENTRIES_BYTES).await?;
        tile.records(&bytes).map_err(|cause| self.tile_error(cause))
    }

    /// A file of the log. A partial one may have made room for the full one.
    async fn tile(&mut self, tile: Tile, limit: usize) -> Result<Vec<u8>, MirrorError> {
        let path = self.path(tile);
        if let Fetched::File { bytes, .. } = self.fetcher.get(&path, limit, None).await? {
            return Ok(bytes.to_vec());
        }
        if !tile.is_full()
            && let Fetched::File { bytes, .. } = self.fetcher.get(&self.path(tile.full()), limit, None).await?
        {
            return Ok(bytes.to_vec());
        }
        Err(MirrorError::Missing { path })
    }
}

/// The size that a note claims, of a log whose key is not known yet.
fn claimed_size(note: &str) -> Result<u64, CheckError> {
    Ok(Checkpoint::parse(&Note::parse(note)?.text)?.size)
}
