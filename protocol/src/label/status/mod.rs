//! The state of every label of one agency, committed to in one hash: proves "not withdrawn as of …" and "this agency
//! never issued that" without a network (protocol, "Labels").

mod list;
mod tree;

use serde::{Deserialize, Serialize};

use super::LabelId;
use crate::id::Hash;
use crate::log::merkle::{self, MerkleError};

pub use list::{Bitstring, PLACES};
pub use tree::StatusTree;

/// What became of a label. Expiry is not a state: it follows from the label and the date asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It stands.
    Active,
    /// Taken back for good.
    Withdrawn,
    /// Taken back until reinstated.
    Suspended,
    /// Replaced by another label of the same cluster.
    Superseded,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Withdrawn, Self::Suspended, Self::Superseded];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Withdrawn => "withdrawn",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
        }
    }
}

/// The body of a `status` record. That its tree is sorted and true is checked by the witnesses, who rebuild it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The size of the log that it speaks about: all records below.
    pub covered: u64,
    /// Leaves of the tree: labels of the agency.
    pub count: u64,
    /// Root of the tree of labels and states, sorted by label id.
    pub root: Hash,
}

/// One label's place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// What became of it.
    pub state: State,
    /// Its place, from 0.
    pub index: u64,
    /// The way from its leaf to the root.
    pub hashes: Vec<Hash>,
}

/// A label beside the place where the one asked about would stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbour {
    /// Which label.
    pub label: LabelId,
    /// Its place.
    pub place: Presence,
}

/// What a status record says about one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StatusProof {
    /// The label is in the tree.
    Presence(Presence),
    /// It is not: these two stand side by side and it would stand between them. One is missing at an end of the
    /// tree, both are in an empty one.
    Absence {
        /// The label before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<Neighbour>,
        /// The label after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        right: Option<Neighbour>,
    },
}

/// Why a status proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// A leaf is not in the tree of that size and root.
    #[error("not what the status record commits to: {0}")]
    Merkle(#[from] MerkleError),
    /// The neighbours are not side by side, not at the end of the tree, or on the wrong side of the label.
    #[error("the neighbours shown do not enclose the label's place")]
    NotNeighbours,
}

impl StatusProof {
    /// What `status` says about `label`: its state, or `None` when it is proven not to be there.
    ///
    /// # Errors
    /// [`StatusError`] when the proof proves neither.
    pub fn verify(&self, status: &Status, label: &LabelId) -> Result<Option<State>, StatusError> {
        match self {
            Self::Presence(place) => place.verify(status, label).map(|()| Some(place.state)),
            Self::Absence { left, right } => absence(status, label, left.as_ref(), right.as_ref()).map(|()| None),
        }
    }
}

impl Presence {
    fn verify(&self, status: &Status, label: &LabelId) -> Result<(), StatusError> {
        let leaf = tree::leaf(label, self.state);
        Ok(merkle::verify_inclusion(&leaf, self.index, status.count, &self.hashes, &status.root)?)
    }
}

fn absence(status: &Status, label: &LabelId, left: Option<&Neighbour>, right: Option<&Neighbour>) -> Result<(), StatusError> {
    for neighbour in left.iter().chain(&right) {
        neighbour.place.verify(status, &neighbour.label)?;
    }
    let ordered = left.is_none_or(|left| left.label < *label) && right.is_none_or(|right| *label < right.label);
    // The places were just proven to lie below `count`, so adding one cannot overflow.
    let before = left.map_or(0, |left| left.place.index + 1);
    let after = right.map_or(status.count, |right| right.place.index);
    if !ordered || before != after {
        return Err(StatusError::NotNeighbours);
    }
    if status.count == 0 && status.root != merkle::EMPTY_ROOT {
        return Err(MerkleError::WrongRoot.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
