//! What tables divide clusters by, and into which groups: a public pattern, which follows from the register of labels alone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::charter::Level;
use crate::id::Name;
use crate::label::ClusterFacts;
use crate::limits::GROUPS;

/// Characters of a NUTS code that are kept: country, and two for NUTS 1 and 2. A cluster that says less stays where it is.
const NUTS_2: usize = 4;

/// What a table divides the clusters by: what their labels say in public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// The cluster's country.
    Country,
    /// Its region, by NUTS 2 with the classification's version.
    Region,
    /// Its technology field.
    Field,
    /// The level of its label.
    Level,
}

impl Dimension {
    /// All of them.
    pub const EVERY: [Self; 4] = [Self::Country, Self::Region, Self::Field, Self::Level];

    /// Its word in records, files and options.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Region => "region",
            Self::Field => "field",
            Self::Level => "level",
        }
    }

    /// The dimension of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|dimension| dimension.as_str() == word)
    }

    /// Where a label puts its cluster; None where it does not say.
    #[must_use]
    pub fn value(self, cluster: &ClusterFacts, level: Level) -> Option<Name> {
        match self {
            Self::Country => cluster.country.as_str().parse().ok(),
            Self::Region => cluster.nuts.as_ref().and_then(|nuts| {
                let code = nuts.code();
                format!("{}/{}", code.get(..NUTS_2).unwrap_or(code), nuts.version()).parse().ok()
            }),
            Self::Field => cluster.field.clone(),
            Self::Level => level.as_str().parse().ok(),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The groups of a table, each with its number of clusters. `counts` has the clusters of one agency, or of one pool, by value, those
/// without a value under None; the rest is under None too, and stands for everything that has no group of its own.
///
/// 1. A value with fewer clusters than `minimum` goes into the rest, and so does everything beyond [`GROUPS`] groups, smallest first.
/// 2. While there is a rest with fewer clusters than `minimum`, the smallest group joins it; of two with as many, the later by name.
/// 3. Where fewer than two groups are left there is no table: it would say what the table of all says.
#[must_use]
pub fn pattern(counts: &BTreeMap<Option<Name>, u32>, minimum: u32) -> BTreeMap<Option<Name>, u32> {
    let minimum = minimum.max(1);
    let mut groups: Vec<_> = counts.iter().filter_map(|(value, count)| value.as_ref().map(|value| (value, *count))).collect();
    // The largest first, and by name: what goes into the rest stands at the end.
    groups.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
    let mut rest = counts.get(&None).copied().unwrap_or(0);
    while let Some((_, count)) = groups.last() {
        // A place is kept for the rest, where there is one.
        let is_too_many = groups.len() + usize::from(rest > 0) > GROUPS;
        if *count >= minimum && !(1..minimum).contains(&rest) && !is_too_many {
            break;
        }
        rest = rest.saturating_add(*count);
        groups.pop();
    }
    let mut found: BTreeMap<_, _> = groups.into_iter().map(|(value, count)| (Some(value.clone()), count)).collect();
    if rest > 0 {
        found.insert(None, rest);
    }
    if found.len() < 2 || (1..minimum).contains(&rest) { BTreeMap::new() } else { found }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(of: &[(&str, u32)]) -> BTreeMap<Option<Name>, u32> {
        of.iter().map(|(value, count)| ((*value != "-").then(|| value.parse().unwrap()), *count)).collect()
    }

    #[test]
    fn small_groups_go_into_the_rest() {
        for (of, expected) in [
            (&[("a", 5), ("b", 7)][..], &[("a", 5), ("b", 7)][..]),
            (&[("a", 5), ("b", 7), ("c", 2), ("d", 3)], &[("a", 5), ("b", 7), ("-", 5)]),
            // A rest that is too small takes the smallest group, and of two the later by name.
            (&[("a", 5), ("b", 5), ("c", 9), ("d", 2)], &[("a", 5), ("c", 9), ("-", 7)]),
            (&[("a", 6), ("-", 1), ("b", 8)], &[("-", 7), ("b", 8)]),
            // One group would be the table of all, and so would the rest.
            (&[("a", 12)], &[]),
            (&[("a", 12), ("b", 4)], &[]),
            (&[("a", 4), ("b", 4)], &[]),
            (&[("-", 9)], &[]),
            (&[], &[]),
        ] {
            assert_eq!(pattern(&counts(of), 5), counts(expected), "{of:?}");
        }
    }

    #[test]
    fn a_region_is_told_by_nuts_2() {
        let facts = |nuts: Option<&str>| ClusterFacts {
            country: "DE".parse().unwrap(),
            field: Some("Optics".parse().unwrap()),
            id: crate::id::ClusterId::new(&"graz".parse().unwrap(), [1; 12]),
            name: "Light".parse().unwrap(),
            nuts: nuts.map(|nuts| nuts.parse().unwrap()),
            region: None,
        };
        let value = |dimension: Dimension, nuts| dimension.value(&facts(nuts), Level::Silver).map(|name| name.to_string());
        assert_eq!(value(Dimension::Region, Some("DE111/2024")).as_deref(), Some("DE11/2024"));
        assert_eq!(value(Dimension::Region, Some("DE1/2024")).as_deref(), Some("DE1/2024"));
        assert_eq!(value(Dimension::Region, None), None);
        assert_eq!(value(Dimension::Country, None).as_deref(), Some("DE"));
        assert_eq!(value(Dimension::Field, None).as_deref(), Some("Optics"));
        assert_eq!(value(Dimension::Level, None).as_deref(), Some("SILVER"));
        for dimension in Dimension::EVERY {
            assert_eq!(Dimension::named(&dimension.to_string()), Some(dimension));
        }
    }

    proptest! {
        #[test]
        fn every_cluster_is_in_one_group_and_every_group_is_large_enough(
            sizes in prop::collection::vec(0u32..12, 0..40), without in 0u32..12, minimum in 1u32..7
        ) {
            let mut counts: BTreeMap<Option<Name>, u32> = (0..).zip(&sizes).map(|(n, count)| (Some(format!("v{n}").parse().unwrap()), *count)).collect();
            counts.insert(None, without);
            let groups = pattern(&counts, minimum);
            prop_assert!(groups.is_empty() || (2..=GROUPS).contains(&groups.len()));
            if !groups.is_empty() {
                prop_assert_eq!(groups.values().sum::<u32>(), counts.values().sum::<u32>());
                prop_assert!(groups.values().all(|count| *count >= minimum));
                // What has a group of its own has all of its clusters there.
                prop_assert!(groups.iter().all(|(value, count)| value.is_none() || counts.get(value) == Some(count)));
            }
        }
    }
}
