//! What drawings show: the six numbers of one indicator, group and period side by side.

use std::collections::BTreeMap;
use std::fmt::Write;

use parangon_protocol::catalogue::LEVELS;

use crate::figures::{Dataset, Group, Observation};

/// One number as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// What is published; none where hidden.
    pub(super) count: Option<u64>,
    /// It may be up to this many.
    pub(super) upper: u64,
}

impl Known {
    /// Whether somebody hides a part of it.
    pub(super) fn is_hidden(self) -> bool {
        self.count.is_none_or(|count| count < self.upper)
    }
}

/// One indicator in one group and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What tells it from the other rows.
    pub(super) label: String,
    /// Clusters of the group.
    pub(super) clusters: u64,
    /// Level 0 to 4. None where the table has no such row.
    pub(super) levels: [Option<Known>; LEVELS],
    /// Level not known.
    pub(super) unknown: Option<Known>,
}

impl Row {
    /// Level 0 to 4, then not known.
    pub(super) fn all(&self) -> impl Iterator<Item = Option<Known>> {
        self.levels.into_iter().chain([self.unknown])
    }

    /// Sum of what is published.
    pub(super) fn visible(&self) -> u64 {
        self.all().flatten().filter_map(|known| known.count).fold(0, u64::saturating_add)
    }

    /// Clusters whose place is hidden: what the published numbers leave of n.
    pub(super) fn hidden(&self) -> u64 {
        if self.all().flatten().any(Known::is_hidden) { self.clusters.saturating_sub(self.visible()) } else { 0 }
    }

    /// The row in words, for those who cannot see it.
    pub(super) fn words(&self) -> String {
        let mut out = format!("{}: n {}", self.label, self.clusters);
        for (at, known) in self.all().enumerate() {
            let Some(known) = known else { continue };
            let level = if at < LEVELS { format!("level {at}") } else { "not known".to_owned() };
            let _ = match known.count {
                None => write!(out, ", {level} hidden"),
                Some(count) if known.is_hidden() => write!(out, ", {level} {count} to {}", known.upper),
                Some(count) => write!(out, ", {level} {count}"),
            };
        }
        out
    }
}

/// The rows of the table, in its order.
pub(super) fn rows(data: &Dataset) -> Vec<Row> {
    let differ = |key: fn(&Observation) -> String| {
        let mut keys = data.observations().iter().map(key);
        let first = keys.next();
        keys.any(|other| Some(&other) != first.as_ref())
    };
    let several_indicators = differ(|row| row.indicator.to_string());
    let several_periods = differ(|row| row.period.to_string());
    let several_catalogues = differ(|row| row.catalogue.hash.to_string());
    let mut rows = Vec::<Row>::new();
    let mut places = BTreeMap::new();
    for observation in data.observations() {
        let Observation { catalogue, dimension, group, indicator, period, .. } = observation;
        let place = *places.entry((catalogue.hash, *dimension, group, indicator, *period)).or_insert_with(|| {
            let mut parts = Vec::new();
            if several_catalogues {
                parts.push(catalogue.id.to_string());
            }
            match group {
                Group::All => {}
                Group::Value(_) => parts.push(group.to_string()),
                Group::Rest => parts.push(format!("rest by {dimension}")),
            }
            if several_indicators || parts.is_empty() {
                parts.push(format!("{indicator} {}", data.indicator_name(observation)));
            }
            if several_periods {
                parts.push(period.to_string());
            }
            rows.push(Row { label: parts.join(" · "), clusters: observation.clusters, levels: [None; LEVELS], unknown: None });
            rows.len() - 1
        });
        let known = Some(Known { count: observation.count, upper: observation.upper });
        match observation.level {
            Some(level) => rows[place].levels[usize::from(level)] = known, // Dataset has no other level
            None => rows[place].unknown = known,
        }
    }
    rows
}
