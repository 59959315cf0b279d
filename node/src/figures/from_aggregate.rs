//! From the sum of all agencies' releases to rows of the table.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::id::{AgencyId, IndicatorId};
use parangon_protocol::statistics::{self, Aggregate, Cell, Release, Row, Sum};

use super::{Dimension, Group, Observation, Reason};

/// The rows of a sum. `releases` are those that were summed up: they say why a cell is hidden.
#[must_use]
pub fn observations(sum: &Aggregate, releases: &[(AgencyId, &Release)]) -> Vec<Observation> {
    let mut latest = BTreeMap::<&AgencyId, &Release>::new();
    for (agency, release) in releases {
        let known = latest.entry(agency).or_insert(release);
        if known.version < release.version {
            *known = release;
        }
    }
    let mut rows = Vec::new();
    for row in &sum.rows {
        let found: Vec<_> = latest.values().map(|release| release.rows.iter().find(|other| other.indicator == row.indicator)).collect();
        let levels = (0..).zip(&row.cells).map(|(level, cell)| (Some(level), cell)).chain([(None, &row.unknown)]);
        rows.extend(levels.map(|(level, cell)| observation(sum, &row.indicator, level, cell, reasons(&found, level))));
    }
    rows
}

fn observation(sum: &Aggregate, indicator: &IndicatorId, level: Option<u8>, cell: &Sum, reasons: Vec<Reason>) -> Observation {
    Observation {
        catalogue: sum.catalogue.clone(),
        period: sum.period,
        dimension: Dimension::All,
        group: Group::All,
        indicator: indicator.clone(),
        level,
        // A sum of nothing but hidden cells, or of zeros and hidden cells, is not known to be 0.
        count: (cell.count > 0 || cell.upper == 0 || cell.hidden_in == 0).then_some(cell.count),
        lower: cell.count,
        upper: cell.upper,
        clusters: sum.clusters,
        agencies: sum.agencies,
        pooled: 0,
        hidden_in: cell.hidden_in,
        reasons,
    }
}

/// Why agencies hide this cell. One without the row hides it whole.
fn reasons(rows: &[Option<&Row>], level: Option<u8>) -> Vec<Reason> {
    let reason = |row: &Option<&Row>| match (row, level) {
        (None, _) => Some(statistics::Reason::Group),
        (Some(row), None) => hidden(row.unknown),
        (Some(row), Some(level)) => row.cells.get(usize::from(level)).copied().and_then(hidden),
    };
    rows.iter().filter_map(reason).map(Reason::from).collect::<BTreeSet<_>>().into_iter().collect()
}

fn hidden(cell: Cell) -> Option<statistics::Reason> {
    if let Cell::Hidden(reason) = cell { Some(reason) } else { None }
}
