//! The tree itself, as its agency and the witnesses build it.

use std::collections::BTreeMap;

use super::{Neighbour, Presence, State, StatusProof};
use crate::id::Hash;
use crate::label::LabelId;
use crate::log::merkle;

/// The labels of one agency with their states, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct StatusTree {
    labels: Vec<(LabelId, State)>,
    leaves: Vec<Hash>,
}

impl StatusTree {
    /// From every label of the agency, in any order. Of a label given twice the last state counts.
    pub fn new(labels: impl IntoIterator<Item = (LabelId, State)>) -> Self {
        let labels: Vec<_> = labels.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        let leaves = labels.iter().map(|(label, state)| leaf(label, *state)).collect();
        Self { labels, leaves }
    }

    /// The root, as it stands in the status record.
    #[must_use]
    pub fn root(&self) -> Hash {
        merkle::root_of(&self.leaves)
    }

    /// The number of labels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// What the tree says about `label`, provably. The work grows with the size of the tree.
    #[must_use]
    pub fn prove(&self, label: &LabelId) -> StatusProof {
        let at = self.labels.partition_point(|(other, _)| other < label);
        match self.neighbour(at) {
            Some(found) if found.label == *label => StatusProof::Presence(found.place),
            right => StatusProof::Absence { left: at.checked_sub(1).and_then(|at| self.neighbour(at)), right },
        }
    }

    fn neighbour(&self, at: usize) -> Option<Neighbour> {
        let (label, state) = *self.labels.get(at)?;
        let place = Presence { state, index: u64::try_from(at).ok()?, hashes: merkle::slice_proof(&self.leaves, at)? };
        Some(Neighbour { label, place })
    }
}

/// The hash of a leaf: the JCS text of the label and its state.
pub(super) fn leaf(label: &LabelId, state: State) -> Hash {
    merkle::leaf_hash(format!(r#"{{"label":"{label}","state":"{}"}}"#, state.as_str()).as_bytes())
}
