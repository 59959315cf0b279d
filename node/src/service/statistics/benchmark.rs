//! How one of our clusters stands beside others: its own levels, and what is published of all clusters, of its country and of its field.
//! Nothing of it is published; it is shown to our own people.

use parangon_protocol::assessment::Answer;
use parangon_protocol::catalogue::LEVELS;
use parangon_protocol::statistics::{Aggregate, AggregateRow, Dimension, GroupKey, Sum};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MedianView, Wanted, sum};
use crate::service::clusters::Cluster;
use crate::service::{Context, Error, assessments, catalogues, item};

/// The clusters that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenchmarkGroup {
    /// `all`, `country` or `field`.
    pub by: &'static str,
    /// The country or the field; absent for all clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Clusters in it that are counted.
    pub clusters: u64,
    /// Agencies whose clusters they are.
    pub agencies: u32,
}

/// Between which two numbers a number of clusters lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct BetweenView {
    /// This or more.
    pub low: u64,
    /// This or less.
    pub high: u64,
}

/// How the clusters of one group stand to the own level. What is hidden makes it wide, never wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PositionView {
    /// The median of the known levels; absent where no level is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<MedianView>,
    /// Clusters at a lower level; absent without an own one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<BetweenView>,
    /// Clusters at the same level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<BetweenView>,
    /// Clusters at a higher level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<BetweenView>,
}

/// One indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenchmarkRow {
    /// Its code.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// The own level, 0 to 4; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<u8>,
    /// One for each group, in their order.
    pub positions: Vec<PositionView>,
}

/// An assessment beside what is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenchmarkView {
    /// Which assessment.
    pub assessment: String,
    /// The cluster's name.
    pub cluster: String,
    /// On which catalogue.
    pub catalogue: String,
    /// For which quarter.
    pub period: String,
    /// All clusters; its country and its field where the charter's minimum of clusters is counted there.
    pub groups: Vec<BenchmarkGroup>,
    /// One row an indicator, in the catalogue's order.
    pub rows: Vec<BenchmarkRow>,
    /// A demonstration: scores are made up.
    pub demonstration: bool,
}

/// One of our assessments beside the figures of a period; the newest when absent.
///
/// # Errors
/// [`Error::NotFound`] for an unknown assessment, or where nobody has released on its catalogue; [`Error::Field`] for a malformed period.
pub fn benchmark(context: &Context, id: &str, period: Option<&str>) -> Result<BenchmarkView, Error> {
    let tx = context.store().read()?;
    let assessment = assessments::sheet(&tx, id)?.assessment;
    let cluster: Cluster = item::get(&tx, &assessment.cluster.to_string())?;
    drop(tx);
    let catalogue = catalogues::by_reference(context, &assessment.catalogue)?;
    let counted = sum(context, &Wanted { catalogue: Some(catalogue.id.as_str()), indicator: None, period })?;
    let whole = counted.whole()?;
    let minimum = u64::from(context.charter().disclosure.minimum);
    let facts = &cluster.facts;
    let country = facts.country.as_str().parse().ok().map(|country| GroupKey::Value(Dimension::Country, country));
    let field = facts.field.clone().map(|field| GroupKey::Value(Dimension::Field, field));
    let others = [country, field].into_iter().flatten().filter_map(|key| counted.group(&key));
    let sums: Vec<_> = std::iter::once(whole.clone()).chain(others.filter(|sum| sum.clusters >= minimum)).collect();
    let rows = catalogue.indicators.iter().map(|indicator| {
        let own = assessment.scores.get(&indicator.code).and_then(Answer::level).map(|level| level.index());
        BenchmarkRow {
            indicator: indicator.code.to_string(),
            name: indicator.name.to_string(),
            own: own.and_then(|level| u8::try_from(level).ok()),
            positions: sums.iter().map(|sum| position(sum, sum.row(&indicator.code), own)).collect(),
        }
    });
    Ok(BenchmarkView {
        assessment: id.to_owned(),
        cluster: facts.name.to_string(),
        catalogue: catalogue.id.to_string(),
        period: whole.period.to_string(),
        groups: sums.iter().map(group).collect(),
        rows: rows.collect(),
        demonstration: context.charter().demonstration,
    })
}

fn group(sum: &Aggregate) -> BenchmarkGroup {
    let (by, value) = match &sum.group {
        GroupKey::All => ("all", None),
        GroupKey::Value(by, value) => (by.as_str(), Some(value.to_string())),
    };
    BenchmarkGroup { by, value, clusters: sum.clusters, agencies: sum.agencies }
}

fn position(sum: &Aggregate, row: Option<&AggregateRow>, own: Option<usize>) -> PositionView {
    let median = row.and_then(|row| row.median).map(|median| MedianView { low: median.low, high: median.high });
    let cells = |row: &AggregateRow| -> Vec<Sum> { row.cells.iter().copied().chain([row.unknown]).collect() };
    let between = |of: std::ops::Range<usize>| match row {
        Some(row) => Some(together(&cells(row), of, sum.clusters)),
        None => Some(BetweenView { low: 0, high: sum.clusters }),
    };
    let parts = own.map(|own| (between(0..own), between(own..own + 1), between(own + 1..LEVELS)));
    let (below, same, above) = parts.unwrap_or_default();
    PositionView { median, below, same, above }
}

/// How many clusters stand in these cells: as many as are known there, and no more than are not known elsewhere.
fn together(cells: &[Sum], of: std::ops::Range<usize>, clusters: u64) -> BetweenView {
    let is_in = |at: &usize| of.contains(at);
    let low = cells.iter().enumerate().filter(|(at, _)| is_in(at)).map(|(_, sum)| sum.lower).sum();
    let upper: u64 = cells.iter().enumerate().filter(|(at, _)| is_in(at)).map(|(_, sum)| sum.upper).sum();
    let elsewhere: u64 = cells.iter().enumerate().filter(|(at, _)| !is_in(at)).map(|(_, sum)| sum.lower).sum();
    BetweenView { low, high: upper.min(clusters.saturating_sub(elsewhere)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(lower: u64, upper: u64) -> Sum {
        Sum { count: lower, lower, upper, ..Sum::default() }
    }

    #[test]
    fn hidden_cells_make_it_wide_and_never_wrong() {
        // Ten clusters: 4 at level 3, 2 at level 4, and four of which it is hidden where they stand below.
        let cells = [cell(0, 4), cell(0, 4), cell(0, 4), cell(4, 4), cell(2, 2), cell(0, 0)];
        assert_eq!(together(&cells, 0..3, 10), BetweenView { low: 0, high: 4 }, "not three times four");
        assert_eq!(together(&cells, 3..4, 10), BetweenView { low: 4, high: 4 });
        assert_eq!(together(&cells, 4..5, 10), BetweenView { low: 2, high: 2 });
        assert_eq!(together(&cells, 0..0, 10), BetweenView { low: 0, high: 0 });
    }
}
