//! What our nodes write is read by programs that others wrote, and theirs by ours: `ct-merkle` and `tlog_tiles` for
//! trees and checkpoints, `signed_note` for notes, `sigsum` for cosignatures and whole logged signatures, and a short
//! Python program on OpenSSL for all of it at once, tlog-proof included, which no crate reads.

mod mirror;
mod node;
mod notes;
mod python;
mod tree;
mod witnesses;

use parangon_protocol::id::Hash;
use parangon_protocol::keys::SecretKey;
use parangon_protocol::log::merkle::{self, Frontier, HashReader, completing_leaf};
use parangon_protocol::log::{Checkpoint, leaf_hash};

/// The empty log, the first shapes of a tree, a complete one, and one with a ragged right edge.
const SIZES: [usize; 7] = [0, 1, 2, 3, 7, 8, 100];

/// An origin of the form that ours have.
fn origin() -> String {
    format!("parangon/{}/agency-de", Hash::of(&[b"a charter"]))
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn records(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("{{\"type\":\"anchor\",\"v\":1,\"n\":{n}}}").into_bytes()).collect()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).expect("a small number")
}

/// A log kept as a node's store keeps it: with each leaf, the hashes that it completes.
struct Ours {
    frontier: Frontier,
    rows: Vec<Vec<Hash>>,
}

impl Ours {
    fn of(records: &[Vec<u8>]) -> Self {
        let mut tree = Self { frontier: Frontier::new(), rows: Vec::new() };
        for record in records {
            let completed = tree.frontier.push_leaf(leaf_hash(record));
            tree.rows.push(completed);
        }
        tree
    }

    fn root(&self) -> Hash {
        self.frontier.root()
    }

    fn checkpoint(&self, origin: &str) -> Checkpoint {
        Checkpoint { origin: origin.to_owned(), size: self.frontier.size(), root: self.root() }
    }

    fn inclusion(&self, index: usize) -> Vec<Hash> {
        merkle::inclusion_proof(self, count(index), self.frontier.size()).expect("all hashes are there")
    }

    fn consistency(&self, old: usize) -> Vec<Hash> {
        merkle::consistency_proof(self, count(old), self.frontier.size()).expect("all hashes are there")
    }
}

#[derive(Debug)]
struct Missing;

impl HashReader for Ours {
    type Error = Missing;
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        let row = completing_leaf(level, index).and_then(|leaf| self.rows.get(usize::try_from(leaf).ok()?));
        row.and_then(|row| row.get(usize::from(level))).copied().ok_or(Missing)
    }
}
