//! A story that the owner tells of its log: records, signed heads of every length, and the cosignatures gathered for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parangon_protocol::id::Hash;
use parangon_protocol::log::checkpoint::{self, Checkpoint};
use parangon_protocol::log::merkle::{self, Frontier};
use parangon_protocol::log::note::{Note, NoteSignature};
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::message::Head;

use super::world::{OWNER, World};
use crate::sim::disk::{Reader, Row};
use crate::sim::federation::secret;

/// One of the two stories.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) rows: Vec<Arc<Row>>,
    /// Heads by size, each with the lines of the seats that cosigned it.
    heads: BTreeMap<u64, Told>,
}

/// A head, signed.
#[derive(Debug)]
struct Told {
    head: Checkpoint,
    note: Note,
    lines: BTreeMap<usize, NoteSignature>,
}

impl Story {
    /// A log of these records. Every length from two on has its head.
    pub(super) fn tell(world: &World, texts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let (mut frontier, key) = (Frontier::new(), secret("log", OWNER));
        let mut story = Self { rows: Vec::new(), heads: BTreeMap::new() };
        for text in texts {
            let hashes = frontier.push_leaf(merkle::leaf_hash(&text));
            story.rows.push(Arc::new(Row { text, hashes }));
            let head = Checkpoint { origin: world.origin(), size: frontier.size(), root: frontier.root() };
            if head.size >= 2 {
                let note = checkpoint::sign(&head, &key);
                story.heads.insert(head.size, Told { head, note, lines: BTreeMap::new() });
            }
        }
        story
    }

    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn root(&self, size: u64) -> Option<Hash> {
        self.heads.get(&size).map(|told| told.head.root)
    }

    /// The heads of which each says something else than the other story: those above `common`.
    pub(super) fn heads(&self, common: u64) -> impl Iterator<Item = &Checkpoint> {
        self.heads.range(common + 1..).map(|(_, told)| &told.head)
    }

    pub(super) fn collect(&mut self, size: u64, seat: usize, line: NoteSignature) {
        if let Some(told) = self.heads.get_mut(&size) {
            told.lines.insert(seat, line);
        }
    }

    /// Who cosigned the head of this size.
    pub(super) fn cosigners(&self, size: u64) -> impl Iterator<Item = usize> {
        self.heads.get(&size).into_iter().flat_map(|told| told.lines.keys().copied())
    }

    /// The head as a signed note with all lines gathered.
    pub(super) fn note(&self, world: &World, size: u64) -> Head {
        let told = &self.heads[&size];
        let mut note = told.note.clone();
        note.signatures.extend(told.lines.values().cloned());
        Head { log: world.log.clone(), note: note.to_string() }
    }

    /// A file: the record at `index` is in the log, by the head of this size.
    pub(super) fn file(&self, world: &World, index: u64, size: u64) -> String {
        let hashes = merkle::inclusion_proof(&Reader(&self.rows), index, size).expect("the rows are here");
        TlogProof { index, hashes, extra: None, checkpoint: self.note(world, size).note }.to_string()
    }

    pub(super) fn leaf(&self, index: u64) -> Hash {
        self.rows[usize::try_from(index).unwrap_or(usize::MAX)].leaf()
    }
}
