//! What a log's records say about labels, told anew in the plainest way: no memory, no order of arrival, one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::{Ground, Objection};
use parangon_protocol::label::status::State;
use parangon_protocol::limits;
use parangon_protocol::record::{Action, Record};

use super::disk::Row;

/// A label as the records say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelLabel {
    pub(super) index: u64,
    pub(super) state: State,
    pub(super) state_index: u64,
    /// Endorser and endorsement.
    pub(super) endorsements: Vec<(String, Hash)>,
}

/// One log.
#[derive(Debug, Default, Clone)]
pub(super) struct Model {
    pub(super) labels: BTreeMap<LabelId, ModelLabel>,
    /// The first entry for each endorsement confirmed.
    pub(super) confirmed: BTreeMap<(LabelId, Hash), u64>,
    /// Objections that stand: index and ground.
    pub(super) objected: BTreeMap<LabelId, (u64, Ground)>,
}

/// Tells a log from its records.
pub(super) fn tell(log: &LogId, rows: &[Arc<Row>]) -> Model {
    let mut model = Model::default();
    let mut gone: BTreeSet<LabelId> = BTreeSet::new();
    let mut raised: BTreeMap<LabelId, usize> = BTreeMap::new();
    for (row, index) in rows.iter().zip(0..) {
        match Record::read(&row.text) {
            Ok(Record::Label(label)) => {
                let Ok(id) = label.common.id() else { continue };
                // Of another agency's cluster, or seen before in this log: no effect.
                if label.common.owner != log.agency || model.labels.contains_key(&id) {
                    continue;
                }
                if let Some(older) = &label.supersedes {
                    set(&mut model, older, State::Superseded, index, &mut gone);
                }
                let endorsements = label
                    .endorsements
                    .iter()
                    .filter_map(|endorsement| Some((endorsement.endorser.to_string(), endorsement.id(&id).ok()?)))
                    .collect();
                model.labels.insert(id, ModelLabel { index, state: State::Active, state_index: index, endorsements });
            }
            Ok(Record::Standing(label, standing)) => {
                let to = match standing.action {
                    Action::Withdraw => State::Withdrawn,
                    Action::Suspend => State::Suspended,
                    Action::Reinstate => State::Active,
                };
                set(&mut model, &label, to, index, &mut gone);
            }
            Ok(Record::Endorsement(label, entry)) => {
                model.confirmed.entry((label, entry.endorsement)).or_insert(index);
            }
            Ok(Record::Objection(label, Objection::Lift { .. })) => drop(model.objected.remove(&label)),
            Ok(Record::Objection(label, Objection::Raise { ground, .. })) => {
                let times = raised.entry(label).or_default();
                if *times < limits::OBJECTIONS && !model.objected.contains_key(&label) {
                    *times += 1;
                    model.objected.insert(label, (index, ground));
                }
            }
            _ => {}
        }
    }
    model
}

fn set(model: &mut Model, label: &LabelId, to: State, index: u64, gone: &mut BTreeSet<LabelId>) {
    let Some(held) = model.labels.get_mut(label) else { return };
    let allowed = match (held.state, to) {
        (State::Withdrawn, _) | (State::Superseded, State::Active | State::Suspended | State::Superseded) => false,
        (State::Active | State::Superseded, State::Withdrawn) | (State::Active, State::Suspended | State::Superseded) => true,
        (State::Suspended, State::Withdrawn | State::Active | State::Superseded) => true,
        (from, to) => from != to && to != State::Active,
    };
    if to == State::Withdrawn {
        gone.insert(*label);
    }
    if allowed {
        held.state = to;
        held.state_index = index;
    }
}
