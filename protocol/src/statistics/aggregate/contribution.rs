//! What one agency, or one pool, is known to count in one group of clusters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::Cause;
use crate::id::Name;
use crate::statistics::pool::PoolTotal;
use crate::statistics::{Dimension, Release, Row};

/// Clusters of an agency, or of a pool's members together, by dimension and value, as the register says; those without a value are
/// under None. Figures are made for these dimensions and values and no others.
pub type Registered = BTreeMap<Dimension, BTreeMap<Option<Name>, u32>>;

/// The clusters that a total is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKey {
    /// All of them.
    All,
    /// Those with this value.
    Value(Dimension, Name),
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Value(dimension, value) => write!(f, "{dimension} {value}"),
        }
    }
}

impl Serialize for GroupKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Some of a contributor's clusters in a group, published together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// How many they are.
    pub clusters: u32,
    /// The rows that are published of them, sorted by code, or why there are none. An indicator without a row hides them whole.
    pub rows: Result<&'a [Row], Cause>,
    /// Where that stands: it says what a published count is worth. None in a pool's total, which is exact.
    release: Option<&'a Release>,
}

impl<'a> Piece<'a> {
    /// Clusters of which nothing is published.
    #[must_use]
    pub fn hidden(clusters: u32, cause: Cause) -> Self {
        Self { clusters, rows: Err(cause), release: None }
    }

    fn of(release: &'a Release, clusters: u32, rows: &'a [Row]) -> Self {
        Self { clusters, rows: Ok(rows), release: Some(release) }
    }

    /// Between which two numbers a published count lies. The only place that knows.
    pub(super) fn between(&self, count: u32) -> (u32, u32) {
        match self.release {
            // Counts of releases are exact.
            Some(_) | None => (count, count),
        }
    }
}

/// What one agency, or one pool, is known to count in one group of clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution<'a> {
    /// Of which clusters.
    pub group: GroupKey,
    /// Its clusters of that group: one piece, but several where a pool's total of all is the sum of its groups.
    pub pieces: Vec<Piece<'a>>,
    /// Agencies whose clusters they are: one, or all members of a pool.
    pub agencies: u32,
    /// Of these, agencies that are counted in the total of a pool: all or none.
    pub pooled: u32,
}

impl<'a> Contribution<'a> {
    fn agency(group: GroupKey, piece: Piece<'a>) -> Self {
        Self { group, pieces: vec![piece], agencies: 1, pooled: 0 }
    }

    /// Its clusters.
    #[must_use]
    pub fn clusters(&self) -> u64 {
        self.pieces.iter().map(|piece| u64::from(piece.clusters)).sum()
    }
}

/// What is known of an agency, or of a pool, for one catalogue and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knowledge {
    /// An agency's release.
    Agency {
        /// The table of all its clusters.
        release: Arc<Release>,
        /// Its tables of the same version, one a dimension.
        tables: Vec<Arc<Release>>,
        /// Its clusters.
        registered: Registered,
    },
    /// The total of a pool: it counts once.
    Pool {
        /// The total.
        total: Arc<PoolTotal>,
        /// What it is divided by.
        by: Option<Dimension>,
        /// All clusters of its members.
        population: u32,
        /// The same by dimension and value.
        registered: Registered,
    },
    /// An agency of which nothing is published and which is counted all the same, so that its clusters stand in the bounds.
    Withheld {
        /// Its clusters.
        population: u32,
        /// The same by dimension and value.
        registered: Registered,
        /// Why.
        cause: Cause,
    },
}

impl Knowledge {
    /// What it adds to each group.
    ///
    /// * All clusters: the rows of the table of all; of a pool that is divided by a dimension the sum of its groups, where units that
    ///   are in no group, and those of a group that hides a row, are hidden.
    /// * A value that all clusters of the register have: the same rows.
    /// * A value with its own group in the table by its dimension: the rows of that group.
    /// * Any other value: nothing but its number of clusters, by which the upper bounds grow.
    #[must_use]
    pub fn contributions(&self) -> Vec<Contribution<'_>> {
        match self {
            Self::Agency { release, tables, registered } => of_agency(release, tables, registered),
            Self::Pool { total, by, population, registered } => of_pool(total, *by, *population, registered),
            Self::Withheld { population, registered, cause } => {
                let all = std::iter::once((GroupKey::All, *population));
                let each = all.chain(values(registered).map(|value| (value.key(), value.clusters)));
                each.map(|(group, clusters)| Contribution::agency(group, Piece::hidden(clusters, *cause))).collect()
            }
        }
    }
}

/// A value that some clusters of the register have.
struct Value<'a> {
    by: Dimension,
    name: &'a Name,
    clusters: u32,
    /// Whether no cluster has another one.
    is_only: bool,
}

impl Value<'_> {
    fn key(&self) -> GroupKey {
        GroupKey::Value(self.by, self.name.clone())
    }
}

fn values(registered: &Registered) -> impl Iterator<Item = Value<'_>> {
    registered.iter().flat_map(|(by, counts)| {
        let is_only = counts.values().filter(|clusters| **clusters > 0).count() == 1;
        let named = counts.iter().filter(|(_, clusters)| **clusters > 0);
        named.filter_map(move |(name, clusters)| Some(Value { by: *by, name: name.as_ref()?, clusters: *clusters, is_only }))
    })
}

/// A table of all clusters.
pub(super) fn of_all(release: &Release) -> Contribution<'_> {
    Contribution::agency(GroupKey::All, Piece::of(release, release.population, &release.rows))
}

fn of_agency<'a>(release: &'a Release, tables: &'a [Arc<Release>], registered: &Registered) -> Vec<Contribution<'a>> {
    let mut found = vec![of_all(release)];
    let all = Piece::of(release, release.population, &release.rows);
    for value in values(registered) {
        let table = tables.iter().find(|table| table.by == Some(value.by));
        let own = table.and_then(|table| Some((table, table.groups.iter().find(|part| part.value.as_ref() == Some(value.name))?)));
        let piece = match own {
            _ if value.is_only => all.clone(),
            Some((table, part)) => Piece::of(table, part.population, &part.rows),
            None => Piece::hidden(value.clusters, Cause::Population),
        };
        found.push(Contribution::agency(value.key(), piece));
    }
    found
}

fn of_pool<'a>(total: &'a PoolTotal, by: Option<Dimension>, population: u32, registered: &Registered) -> Vec<Contribution<'a>> {
    let members = u32::try_from(total.members.len()).unwrap_or(u32::MAX);
    let pooled = |group, pieces| Contribution { group, pieces, agencies: members, pooled: members };
    let counted = total.groups.iter().map(|group| (group, Piece { clusters: group.population, rows: Ok(&group.rows[..]), release: None }));
    let mut all: Vec<_> = counted.clone().map(|(_, piece)| piece).collect();
    let left_out = all.iter().fold(population, |left, piece| left.saturating_sub(piece.clusters));
    if left_out > 0 {
        all.push(Piece::hidden(left_out, Cause::Pool));
    }
    let mut found = vec![pooled(GroupKey::All, all.clone())];
    for value in values(registered) {
        let own = counted.clone().find(|(group, _)| by == Some(value.by) && group.value.as_ref() == Some(value.name));
        let pieces = match own {
            _ if value.is_only => all.clone(),
            Some((_, piece)) => vec![piece],
            None => vec![Piece::hidden(value.clusters, Cause::Pool)],
        };
        found.push(pooled(value.key(), pieces));
    }
    found
}
