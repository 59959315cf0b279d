//! The differencing guard: two rows whose clusters are nearly the same tell, by their difference, of the few that are not. So all that an
//! agency publishes together is audited, with what it published before ([`super::audit`]), and rows that would give something away are
//! hidden whole.

#[cfg(test)]
mod tests;

use super::disclosure::bounds;
use super::release::Reason;
use super::table::floor;
use super::{AuditError, Effort, Published, Release, Row, World, audit};
use crate::catalogue::Catalogue;
use crate::charter::Disclosure;
use crate::id::IndicatorId;

/// Quarters that are looked back. Labels last two years, so a cluster's label is counted in nine of them at most; with these twelve
/// an audit stays within [`Effort`].
pub const PERIODS: usize = 12;

/// A release, and whom it counts.
#[derive(Debug, Clone)]
pub struct Counted<R> {
    /// The release.
    pub release: R,
    /// For each of its sets of clusters ([`Release::parts`]) the labels that are counted, as indices into the list of all.
    pub units: Vec<Vec<usize>>,
}

/// Hides the rows of `now`, that are published together, which with each other and with `earlier` ones would give something away. All are
/// of one agency and catalogue. What stands first in `now` is hidden last. `labels` has for each label, counted now or before, the
/// level that it proves to everyone. Counts with noise, and rounded ones, are audited as the intervals that they tell: [`Release::perturb`]
/// comes first. Earlier releases are read with the present minimum: where it was lower then, they told less than is assumed here;
/// where it was higher, a little more.
///
/// What cannot be shown to be safe is hidden as well: an audit that is too long, and rows that contradict each other.
pub fn guard(
    now: &mut [Counted<&mut Release>],
    earlier: &[Counted<&Release>],
    labels: &[Option<u8>],
    catalogue: &Catalogue,
    rule: &Disclosure,
) {
    if earlier.is_empty() && now.iter().map(|counted| counted.units.len()).sum::<usize>() < 2 {
        return; // a set of clusters alone is safe as it is (decision 007)
    }
    for indicator in &catalogue.indicators {
        let mut before = Vec::new();
        for counted in earlier {
            for (_, row) in published(counted.release, &counted.units, &indicator.code, rule) {
                // The same row of the same clusters once more says nothing more.
                if !before.contains(&row) {
                    before.push(row);
                }
            }
        }
        let floors: Vec<_> = labels.iter().map(|implied| floor(indicator, *implied)).collect();
        one(now, &before, &floors, &indicator.code, rule);
    }
}

/// Hides rows of one indicator until nothing can be worked out.
fn one(now: &mut [Counted<&mut Release>], before: &[Published], floors: &[usize], indicator: &IndicatorId, rule: &Disclosure) {
    loop {
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        for (at, counted) in now.iter().enumerate() {
            for (part, row) in published(counted.release, &counted.units, indicator, rule) {
                if !before.contains(&row) {
                    places.push((at, part));
                    rows.push(row);
                }
            }
        }
        let by = match World::new(floors, before, &rows).map(|world| audit(&world, rule, &Effort::default())) {
            Ok(Ok(())) => return,
            Ok(Err(AuditError::Derived(derived))) => derived.by.checked_sub(before.len()),
            // Too long: the first set alone may be shorter.
            Ok(Err(AuditError::Unshown(_))) if places.len() > 1 => {
                places.drain(..1);
                None
            }
            _ => None,
        };
        let hidden: Vec<_> = by.and_then(|by| places.get(by).copied()).map_or(places, |place| vec![place]);
        let mut is_new = false;
        for (at, part) in hidden {
            let row = now[at].release.rows_mut().nth(part).and_then(|rows| rows.iter_mut().find(|row| row.indicator == *indicator));
            is_new |= row.is_some_and(|row| row.conceal(Reason::Derivable));
        }
        if !is_new {
            return hide_all(now, indicator);
        }
    }
}

/// The rows of one indicator, each with the place of its set.
fn published(release: &Release, units: &[Vec<usize>], indicator: &IndicatorId, rule: &Disclosure) -> Vec<(usize, Published)> {
    let row = |rows: &[Row]| rows.iter().find(|row| row.indicator == *indicator).cloned();
    let sets = release.parts().zip(units).enumerate();
    let (how, minimum) = (release.perturbation, bounds(rule).0);
    let known = |units: &Vec<usize>, rows| Some(Published::perturbed(units.clone(), &row(rows)?, how, minimum));
    sets.filter_map(|(at, ((_, _, rows), units))| Some((at, known(units, rows)?))).collect()
}

/// What cannot be judged at all is not published.
fn hide_all(now: &mut [Counted<&mut Release>], indicator: &IndicatorId) {
    for row in now.iter_mut().flat_map(|counted| counted.release.rows_mut()).flatten() {
        if row.indicator == *indicator {
            row.conceal(Reason::Derivable);
        }
    }
}
