//! The differencing guard: two releases whose clusters are nearly the same tell, by their difference, of the few that are not. So
//! a release is audited together with the earlier ones of its agency ([`super::audit`]), and rows that would give something away are
//! hidden whole.

#[cfg(test)]
mod tests;

use super::release::Reason;
use super::table::floor;
use super::{Effort, Published, Release, World, audit};
use crate::catalogue::Catalogue;
use crate::charter::Disclosure;

/// Quarters that are looked back. Labels last two years, so a cluster's label is counted in nine of them at most; with these twelve
/// an audit stays within [`Effort`].
pub const PERIODS: usize = 12;

/// A release that is public, and whom it counted.
#[derive(Debug, Clone)]
pub struct Earlier<'a> {
    /// The release.
    pub release: &'a Release,
    /// The labels that it counted, as indices into the list of all.
    pub units: Vec<usize>,
}

/// Hides the rows of `release` that together with `earlier` ones, of the same agency and catalogue, would give something away. `labels`
/// has for each label, counted now or before, the level that it proves to everyone; `counted` are those of this release.
///
/// What cannot be shown to be safe is hidden as well: an audit that is too long, and rows that contradict each other.
pub fn guard(
    release: &mut Release,
    counted: &[usize],
    earlier: &[Earlier<'_>],
    labels: &[Option<u8>],
    catalogue: &Catalogue,
    rule: &Disclosure,
) {
    if earlier.is_empty() {
        return; // a table alone is safe as it is (decision 007)
    }
    for row in &mut release.rows {
        let Ok(indicator) = catalogue.indicator(&row.indicator) else { continue };
        let floors: Vec<_> = labels.iter().map(|implied| floor(indicator, *implied)).collect();
        let same = |earlier: &Earlier<'_>| {
            let row = earlier.release.rows.iter().find(|before| before.indicator == row.indicator)?;
            Some(Published::of(earlier.units.clone(), row))
        };
        let before: Vec<_> = earlier.iter().filter_map(same).collect();
        let world = World::new(&floors, &before, &[Published::of(counted.to_vec(), row)]);
        if !world.is_ok_and(|world| audit(&world, rule, &Effort::default()).is_ok()) {
            row.hide(Reason::Derivable);
        }
    }
}
