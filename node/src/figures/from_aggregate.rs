//! From the totals of all groups to rows of the table.

use parangon_protocol::id::IndicatorId;
use parangon_protocol::statistics::{Aggregate, GroupKey, Sum};

use super::{Dimension, Group, Observation};

/// The rows of these totals, which are of one catalogue and period or of several ([`parangon_protocol::statistics::Totals::aggregates`]).
#[must_use]
pub fn observations(sums: &[Aggregate]) -> Vec<Observation> {
    let mut rows = Vec::new();
    for sum in sums {
        for row in &sum.rows {
            let levels = (0..).zip(&row.cells).map(|(level, cell)| (Some(level), cell)).chain([(None, &row.unknown)]);
            rows.extend(levels.map(|(level, cell)| observation(sum, &row.indicator, level, cell)));
        }
    }
    rows
}

fn observation(sum: &Aggregate, indicator: &IndicatorId, level: Option<u8>, cell: &Sum) -> Observation {
    let (dimension, group) = match &sum.group {
        GroupKey::All => (Dimension::All, Group::All),
        GroupKey::Value(dimension, value) => (Dimension::By(*dimension), Group::Value(value.clone())),
    };
    Observation {
        catalogue: sum.catalogue.clone(),
        period: sum.period,
        dimension,
        group,
        indicator: indicator.clone(),
        level,
        // A sum of nothing but hidden cells, or of zeros and hidden cells or cells with noise, is not known to be 0.
        count: (cell.count > 0 || cell.upper == 0).then_some(cell.count),
        lower: cell.lower,
        upper: cell.upper,
        clusters: sum.clusters,
        agencies: sum.agencies,
        pooled: sum.pooled,
        hidden_in: cell.hidden_in,
        reasons: cell.causes.iter().collect(),
    }
}
