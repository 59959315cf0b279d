//! Totals that grow and shrink by one contribution at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::Tallied;
use super::{Aggregate, AggregateRow, Cause, Causes, Contribution, GroupKey, Piece, Sum};
use crate::charter::CatalogueRef;
use crate::id::IndicatorId;
use crate::statistics::Period;

/// The totals of one catalogue and period, by group. What is added can be removed again and leaves nothing behind, so one release
/// changes only what it touches, and the order does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    catalogue: CatalogueRef,
    period: Period,
    groups: BTreeMap<GroupKey, Group>,
}

/// All numbers are sums over contributions, each with its sign; each summand fits into 32 bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Group {
    contributors: i64,
    agencies: i64,
    pooled: i64,
    clusters: i64,
    /// Contributors without any row, and why they have none.
    silent: i64,
    causes: [i64; Cause::EVERY.len()],
    /// By code.
    rows: Vec<(IndicatorId, Tallied)>,
}

impl Totals {
    /// Of nothing yet.
    #[must_use]
    pub fn new(catalogue: CatalogueRef, period: Period) -> Self {
        Self { catalogue, period, groups: BTreeMap::new() }
    }

    /// On which catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &CatalogueRef {
        &self.catalogue
    }

    /// For which quarter.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// Adds what a contributor counts in a group. Rows have to keep their own rules ([`crate::statistics::Release::check`]).
    pub fn add(&mut self, contribution: &Contribution<'_>) {
        self.apply(contribution, 1);
    }

    /// Takes back what was added.
    pub fn remove(&mut self, contribution: &Contribution<'_>) {
        self.apply(contribution, -1);
    }

    fn apply(&mut self, contribution: &Contribution<'_>, sign: i64) {
        let known = self.groups.get_mut(&contribution.group);
        let group = match known {
            Some(group) => group,
            None => self.groups.entry(contribution.group.clone()).or_default(),
        };
        group.apply(contribution, sign);
        if *group == Group::default() {
            self.groups.remove(&contribution.group);
        }
    }

    /// The groups that anybody counts in: all clusters first, then by dimension and value.
    pub fn groups(&self) -> impl Iterator<Item = &GroupKey> {
        self.groups.keys()
    }

    /// The total of a group; None where nobody counts in it. It has a row for each indicator that any group has.
    #[must_use]
    pub fn aggregate(&self, group: &GroupKey) -> Option<Aggregate> {
        let (key, found) = self.groups.get_key_value(group)?;
        Some(self.of(key, found, &self.indicators()))
    }

    /// The totals of all groups, in their order.
    #[must_use]
    pub fn aggregates(&self) -> Vec<Aggregate> {
        let indicators = self.indicators();
        self.groups.iter().map(|(key, group)| self.of(key, group, &indicators)).collect()
    }

    fn indicators(&self) -> BTreeSet<&IndicatorId> {
        self.groups.values().flat_map(|group| group.rows.iter().map(|(indicator, _)| indicator)).collect()
    }

    fn of(&self, key: &GroupKey, group: &Group, indicators: &BTreeSet<&IndicatorId>) -> Aggregate {
        Aggregate {
            catalogue: self.catalogue.clone(),
            period: self.period,
            group: key.clone(),
            agencies: u32::try_from(group.agencies).unwrap_or(0),
            pooled: u32::try_from(group.pooled).unwrap_or(0),
            clusters: u64::try_from(group.clusters).unwrap_or(0),
            rows: indicators.iter().map(|indicator| group.row(indicator)).collect(),
        }
    }
}

impl Group {
    fn apply<'a>(&mut self, contribution: &Contribution<'a>, sign: i64) {
        self.contributors += sign;
        self.agencies += sign * i64::from(contribution.agencies);
        self.pooled += sign * i64::from(contribution.pooled);
        self.clusters += sign * contribution.pieces.iter().map(|piece| i64::from(piece.clusters)).sum::<i64>();
        let pieces = contribution.pieces.as_slice();
        if let [piece] = pieces
            && let Ok(rows) = piece.rows
        {
            for (at, row) in rows.iter().enumerate() {
                self.with_row(at, &row.indicator, |tallied| tallied.apply(std::iter::once((piece, Some(row))), sign));
            }
        } else if pieces.iter().all(|piece| piece.rows.is_err()) {
            self.silent += sign;
            let causes: Causes = pieces.iter().filter_map(|piece| piece.rows.err()).collect();
            causes.iter().for_each(|cause| self.causes[cause as usize] += sign);
        } else {
            let rows = pieces.iter().flat_map(|piece| piece.rows.unwrap_or_default());
            let indicators: BTreeSet<_> = rows.map(|row| &row.indicator).collect();
            for (at, indicator) in indicators.into_iter().enumerate() {
                let row = |piece: &Piece<'a>| piece.rows.unwrap_or_default().iter().find(|row| row.indicator == *indicator);
                let found = pieces.iter().map(|piece| (piece, row(piece)));
                self.with_row(at, indicator, |tallied| tallied.apply(found, sign));
            }
        }
    }

    /// Changes the row of an indicator, which is likely to stand at `guess`; removes one that counts nothing any more.
    fn with_row(&mut self, guess: usize, indicator: &IndicatorId, change: impl FnOnce(&mut Tallied)) {
        let is_there = self.rows.get(guess).is_some_and(|(code, _)| code == indicator);
        let place = if is_there { Ok(guess) } else { self.rows.binary_search_by(|(code, _)| code.cmp(indicator)) };
        let at = place.unwrap_or_else(|at| {
            self.rows.insert(at, (indicator.clone(), Tallied::default()));
            at
        });
        let (_, tallied) = &mut self.rows[at];
        change(tallied);
        if *tallied == Tallied::default() {
            self.rows.remove(at);
        }
    }

    fn row(&self, indicator: &IndicatorId) -> AggregateRow {
        let found = self.rows.binary_search_by(|(code, _)| code.cmp(indicator)).ok().map(|at| self.rows[at].1.clone());
        let tallied = found.unwrap_or_default();
        let lacking = self.contributors - self.silent - tallied.contributors();
        let without = Sum {
            hidden_in: u32::try_from(self.silent + lacking).unwrap_or(0),
            upper: u64::try_from(self.clusters - tallied.clusters()).unwrap_or(0),
            causes: Cause::EVERY
                .into_iter()
                .filter(|cause| self.causes[*cause as usize] > 0 || (*cause == Cause::Group && lacking > 0))
                .collect(),
            ..Sum::default()
        };
        let [unknown, cells @ ..] = tallied.sums(&without);
        AggregateRow { indicator: indicator.clone(), cells, unknown, median: tallied.median(without.upper) }
    }
}
