//! Statistics as they are shown.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::id::{AgencyId, IndicatorId};
use parangon_protocol::statistics::{AggregateRow, Cell, Median, Part, Release, Row, Sum};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Summed;
use super::preparing::Prepared;
use crate::service::Context;

/// A release to be made.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// Which catalogue; the charter's only one that gives points when absent.
    #[serde(default)]
    pub catalogue: Option<String>,
    /// Which quarter, `2026-Q3`; the last one that is over when absent.
    #[serde(default)]
    pub period: Option<String>,
    /// Why a release that was made before is corrected.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The published counts of one indicator: a number, or why it is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowView {
    /// Its code.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// Clusters at level 0 to 4.
    #[schema(value_type = Vec<Object>)]
    pub cells: Vec<Cell>,
    /// Clusters whose level is not known.
    #[schema(value_type = Object)]
    pub unknown: Cell,
}

/// What a release would say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreparedView {
    /// On which catalogue.
    pub catalogue: String,
    /// For which quarter.
    pub period: String,
    /// 1, or more for a correction.
    pub version: u32,
    /// Clusters counted.
    pub population: u32,
    /// Cells that are hidden.
    pub suppressed: usize,
    /// One row an indicator.
    pub rows: Vec<RowView>,
    /// The tables that divide the clusters, as the charter says. Each has two groups at least.
    pub tables: Vec<TableView>,
}

/// A table by groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableView {
    /// What it divides clusters by: country, region, field or level.
    pub by: String,
    /// Its groups: the rest first, then by value.
    pub groups: Vec<GroupView>,
}

/// One group of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupView {
    /// Its value; absent for the rest, which are all clusters in no other group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Clusters counted.
    pub population: u32,
    /// Cells that are hidden.
    pub suppressed: usize,
    /// One row an indicator.
    pub rows: Vec<RowView>,
}

/// A release that stands in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReleaseView {
    /// Whose.
    pub agency: String,
    /// In which log.
    pub log: String,
    /// Its index there.
    pub index: u64,
    /// What it divides clusters by; absent for the table of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// On which catalogue.
    pub catalogue: String,
    /// For which quarter.
    pub period: String,
    /// 1, or more for a correction.
    pub version: u32,
    /// Clusters counted.
    pub population: u32,
    /// Cells that are hidden.
    pub suppressed: usize,
    /// Whether enough members have confirmed it.
    pub r#final: bool,
}

/// What is known of one cell of the sum: it lies between `count` and `upper`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SumView {
    /// Level 0 to 4; absent for clusters whose level is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    /// Sum of the published counts.
    pub count: u64,
    /// Agencies that hide this cell.
    pub hidden_in: u32,
    /// `count` and everything that hidden cells could hold.
    pub upper: u64,
}

/// The sum of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AggregateRowView {
    /// Its code.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// Clusters at level 0 to 4.
    pub cells: Vec<SumView>,
    /// Clusters whose level is not known.
    pub unknown: SumView,
    /// The median of the known levels; absent where no level is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<MedianView>,
}

/// Where a median lies, whatever the hidden cells hold. Of an even number it is the lower one of the middle two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct MedianView {
    /// The lowest level that it can be.
    pub low: u8,
    /// The highest.
    pub high: u8,
}

/// A release that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VoidView {
    /// Whose.
    pub agency: String,
    /// Why not.
    pub because: String,
}

/// The sum over all agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AggregateView {
    /// On which catalogue.
    pub catalogue: String,
    /// The catalogue's hash.
    pub catalogue_hash: String,
    /// For which quarter.
    pub period: String,
    /// Agencies counted.
    pub agencies: u32,
    /// Agencies that are members.
    pub members: usize,
    /// Clusters counted.
    pub clusters: u64,
    /// Clusters that held a valid label at the quarter's end, of all members, as the register of labels says.
    pub registered: u64,
    /// Cells that at least one agency hides.
    pub suppressed: usize,
    /// One row an indicator.
    pub rows: Vec<AggregateRowView>,
    /// Members without a release for this quarter.
    pub missing: Vec<String>,
    /// Releases that are not counted: they break the disclosure rule, or count others than the register.
    pub void: Vec<VoidView>,
    /// A demonstration: scores are made up.
    pub demonstration: bool,
}

fn name(catalogue: &Catalogue, code: &IndicatorId) -> String {
    catalogue.indicator(code).map_or_else(|_| code.to_string(), |indicator| indicator.name.to_string())
}

fn hidden(rows: &[Row]) -> usize {
    rows.iter().map(Row::hidden).sum()
}

fn shown(rows: &[Row], catalogue: &Catalogue) -> Vec<RowView> {
    let row = |row: &Row| RowView {
        indicator: row.indicator.to_string(),
        name: name(catalogue, &row.indicator),
        cells: row.cells.to_vec(),
        unknown: row.unknown,
    };
    rows.iter().map(row).collect()
}

impl PreparedView {
    pub(super) fn new(prepared: &Prepared, catalogue: &Catalogue) -> Self {
        let group = |part: &Part| GroupView {
            value: part.value.as_ref().map(ToString::to_string),
            population: part.population,
            suppressed: hidden(&part.rows),
            rows: shown(&part.rows, catalogue),
        };
        let table = |table: &Release| Some(TableView { by: table.by?.to_string(), groups: table.groups.iter().map(group).collect() });
        let whole = &prepared.whole;
        Self {
            catalogue: whole.catalogue.id.to_string(),
            period: whole.period.to_string(),
            version: whole.version,
            population: whole.population,
            suppressed: hidden(&whole.rows),
            rows: shown(&whole.rows, catalogue),
            tables: prepared.tables.iter().filter_map(table).collect(),
        }
    }
}

impl ReleaseView {
    pub(super) fn new(agency: &AgencyId, index: u64, is_final: bool, release: &Release) -> Self {
        Self {
            agency: agency.to_string(),
            log: super::first(agency),
            index,
            by: release.by.map(|by| by.to_string()),
            catalogue: release.catalogue.id.to_string(),
            period: release.period.to_string(),
            version: release.version,
            population: release.population,
            suppressed: release.parts().map(|(_, _, rows)| hidden(rows)).sum(),
            r#final: is_final,
        }
    }
}

impl SumView {
    fn of(level: Option<usize>, sum: &Sum) -> Self {
        Self { level, count: sum.count, hidden_in: sum.hidden_in, upper: sum.upper }
    }
}

impl AggregateView {
    pub(super) fn new(context: &Context, summed: &Summed, catalogue: &Catalogue, only: Option<&IndicatorId>) -> Self {
        let Summed { sum, counted, void, registered } = summed;
        let row = |row: &AggregateRow| AggregateRowView {
            indicator: row.indicator.to_string(),
            name: name(catalogue, &row.indicator),
            cells: row.cells.iter().enumerate().map(|(level, sum)| SumView::of(Some(level), sum)).collect(),
            unknown: SumView::of(None, &row.unknown),
            median: row.median.map(|Median { low, high }| MedianView { low, high }),
        };
        let charter = context.charter();
        let missing = charter
            .members
            .iter()
            .map(|member| &member.id)
            .filter(|id| !counted.contains(id) && void.iter().all(|void| void.agency != id.as_str()));
        Self {
            catalogue: sum.catalogue.id.to_string(),
            catalogue_hash: sum.catalogue.hash.to_string(),
            period: sum.period.to_string(),
            agencies: sum.agencies,
            members: charter.members.len(),
            clusters: sum.clusters,
            registered: *registered,
            suppressed: sum.hidden_cells(),
            rows: sum.rows.iter().filter(|row| only.is_none_or(|code| *code == row.indicator)).map(row).collect(),
            missing: missing.map(ToString::to_string).collect(),
            void: void.clone(),
            demonstration: charter.demonstration,
        }
    }
}
