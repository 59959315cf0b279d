#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::assessment::{Answer, Scores};
use crate::canonical;
use crate::id::{ClusterId, Name};
use crate::limits;
use crate::statistics::{CellSecret, Dimension, Reason, ReleaseError, Table};

/// The charter's rule with this change of counts.
fn rule(minimum: u32, how: Option<Perturbation>) -> Disclosure {
    let (noise, rounding) = match how {
        Some(Perturbation::Noise(noise)) => (Some(noise), None),
        Some(Perturbation::Rounding(base)) => (None, Some(base)),
        None => (None, None),
    };
    let rule = Disclosure { noise, rounding, ..Disclosure::new(minimum, 2) };
    rule.check().unwrap();
    rule
}

fn noise(maximum: u8, tenths: u32) -> Perturbation {
    Perturbation::Noise(Noise { maximum, tenths })
}

fn scores(level: Option<u8>) -> Scores {
    let answer = |level| Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(level).unwrap())).collect();
    level.map_or_else(Scores::new, answer)
}

/// Clusters at these levels, with the record keys of their places by this secret.
struct Clusters(Vec<(Scores, RecordKey)>);

impl Clusters {
    fn new(levels: &[Option<u8>], secret: u8) -> Self {
        let secret = CellSecret::new([secret; 32]);
        let key = |at: usize| secret.record_key(&format!("aei/{at:024x}").parse::<ClusterId>().unwrap());
        Self(levels.iter().enumerate().map(|(at, level)| (scores(*level), key(at))).collect())
    }

    fn members(&self, of: &[usize]) -> Vec<(Member<'_>, &RecordKey)> {
        of.iter().map(|at| (Member { scores: &self.0[*at].0, implied: None }, &self.0[*at].1)).collect()
    }

    fn table(&self, of: &[usize]) -> Table {
        Table::tally(Catalogue::ecei(), self.members(of).into_iter().map(|(member, _)| member)).unwrap()
    }

    fn keys(&self, of: &[usize]) -> CellKeys {
        CellKeys::tally(Catalogue::ecei(), &self.members(of))
    }

    /// The exact release of some of them, and the one that is published.
    fn releases(&self, of: &[usize], rule: &Disclosure) -> (Release, Release) {
        let exact = Release::first(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap(), &self.table(of), rule);
        let mut published = exact.clone();
        published.perturb(rule, &[self.keys(of)]).unwrap();
        (exact, published)
    }
}

fn pairs<'a>(exact: &'a Release, published: &'a Release) -> impl Iterator<Item = (Cell, Cell)> + 'a {
    exact.rows.iter().zip(&published.rows).flat_map(|(one, other)| one.all().zip(other.all()))
}

fn how() -> impl Strategy<Value = (u32, Option<Perturbation>)> {
    let noise = (3u32..8, 1u8..=12, 0u32..=100).prop_filter_map("no variance fits", |(minimum, maximum, share)| {
        let (least, most) = Noise::variances(maximum, minimum);
        (least <= most).then(|| (minimum, Some(noise(maximum, least + (most - least) * share / 100))))
    });
    let rounding =
        (3u32..8, prop::sample::select(&[3, 5, 10][..])).prop_map(|(minimum, base)| (minimum, Some(Perturbation::Rounding(base))));
    prop_oneof![3 => noise, 2 => rounding, 1 => (3u32..8).prop_map(|minimum| (minimum, None))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_published_holds_the_truth_and_hides_as_much(
        levels in prop::collection::vec(prop::option::weighted(0.9, 0u8..5), 0..40), secret in any::<u8>(), (minimum, how) in how()
    ) {
        let (clusters, rule) = (Clusters::new(&levels, secret), rule(minimum, how));
        let all: Vec<_> = (0..levels.len()).collect();
        let (exact, published) = clusters.releases(&all, &rule);
        prop_assert_eq!(published.perturbation, how);
        prop_assert_eq!(published.check_disclosure(&rule), Ok(()));
        prop_assert_eq!(clusters.releases(&all, &rule).1, published.clone());
        for (truth, shown) in pairs(&exact, &published) {
            match (truth, shown) {
                (Cell::Count(truth), Cell::Count(shown)) => {
                    let (low, high) = published.range(shown);
                    prop_assert!((low..=high).contains(&truth));
                    let within = how.map_or(Some((shown, shown)), |how| how.truths(shown, minimum)).unwrap();
                    prop_assert!((within.0..=within.1).contains(&truth) && low <= within.0 && within.1 <= high);
                    prop_assert!(truth > 0 || shown == 0);
                }
                (truth, shown) => prop_assert_eq!(truth, shown),
            }
        }
        let text = canonical::encode(&published, limits::RECORD_BYTES).unwrap();
        prop_assert_eq!(canonical::decode::<Release>(&text, limits::RECORD_BYTES), Ok(published));
    }
}

/// Of all parameters that a charter may have, every noise of the range occurs for every count that is shown. So the range is what
/// [`PerturbationTable::truths`] says, less counts that are not shown.
#[test]
fn the_range_is_that_of_the_table() {
    let mut tables = 0;
    for maximum in 1..=crate::statistics::MAXIMUM_NOISE {
        for minimum in 3..=10 {
            let (least, most) = Noise::variances(maximum, minimum);
            let mut some = vec![least, least + (most.saturating_sub(least)) / 2, most];
            some.dedup();
            for tenths in some.into_iter().filter(|_| least <= most) {
                let table = PerturbationTable::new(maximum, tenths).unwrap();
                for count in minimum..=minimum.max(maximum.into()) {
                    assert!(table.shares(count).all(|(_, keys)| keys > 0), "{maximum} {tenths} {count}");
                }
                let can_be = |count: u32, published: u32| {
                    (count == 0 || count >= minimum) && {
                        table.shares(count).any(|(noise, keys)| keys > 0 && count.checked_add_signed(noise) == Some(published))
                    }
                };
                for published in 0..60 {
                    let counts: Vec<_> = (0..90).filter(|count| can_be(*count, published)).collect();
                    let expected = counts.first().map(|low| (*low, counts[counts.len() - 1]));
                    assert_eq!(noise(maximum, tenths).truths(published, minimum), expected, "{maximum} {tenths} {minimum} {published}");
                }
                tables += 1;
            }
        }
    }
    assert!(tables > 300, "{tables}");
}

#[test]
fn rounding_is_to_the_nearest_and_up_from_halfway() {
    let all = |base: u32, counts: &[u32]| counts.iter().map(|count| rounded(*count, base)).collect::<Vec<_>>();
    assert_eq!(all(3, &[0, 1, 2, 3, 4, 5, 6]), [0, 0, 3, 3, 3, 6, 6]);
    assert_eq!(all(5, &[0, 2, 3, 7, 8]), [0, 0, 5, 5, 10]);
    assert_eq!(all(10, &[4, 5, 14, 15, u32::MAX]), [0, 10, 10, 20, 4_294_967_290]);
    for base in [3, 5, 10] {
        let how = Perturbation::Rounding(base);
        for minimum in [1, 3, 5, 7] {
            for published in 0..=40 {
                let counts: Vec<_> = (0..60).filter(|n| (*n == 0 || *n >= minimum) && rounded(*n, base) == published).collect();
                assert_eq!(
                    how.truths(published, minimum),
                    counts.first().map(|low| (*low, counts[counts.len() - 1])),
                    "{base} {published}"
                );
            }
        }
        let (low, high) = how.truths(rounded(u32::MAX, base), 3).unwrap();
        assert!((low..=high).contains(&u32::MAX));
    }
    // Nothing is divided by it.
    assert_eq!((Perturbation::Rounding(0).truths(7, 3), rounded(7, 0)), (Some((7, 7)), 7));
}

/// Over many secrets the noise of one count follows the table: mean 0, and the variance that was asked for.
#[test]
fn over_all_keys_nothing_is_added() {
    let rule = rule(5, Some(noise(3, 20)));
    let levels: Vec<_> = (0..14).map(|at| Some(if at < 6 { 1 } else { 3 })).collect();
    let all: Vec<_> = (0..14).collect();
    let (mut sum, mut squares, mut drawn) = (0i64, 0i64, 0i64);
    for secret in 0..=255 {
        let (exact, published) = Clusters::new(&levels, secret).releases(&all, &rule);
        // Rows are alike, so one is enough.
        for (truth, shown) in exact.rows[0].all().zip(published.rows[0].all()) {
            let (truth, shown) = (i64::from(truth.count().unwrap()), i64::from(shown.count().unwrap()));
            (sum, squares) = (sum + shown - truth, squares + (shown - truth).pow(2));
            drawn += i64::from(truth > 0);
        }
    }
    assert_eq!(drawn, 512);
    // The mean of 512 has a standard deviation of 0.0625, their variance one of about 0.1.
    assert!(sum.abs() * 4 < drawn, "{sum}");
    assert!((squares - 2 * drawn).abs() * 2 < drawn, "{squares}");
}

#[test]
fn the_same_clusters_get_the_same_noise_in_every_table_and_period() {
    let rule = rule(3, Some(noise(3, 20)));
    let levels: Vec<_> = (0..20).map(|at| Some(if at % 2 == 0 { 1 } else { 3 })).collect();
    let clusters = Clusters::new(&levels, 7);
    let (ten, others): (Vec<_>, Vec<_>) = (0..20).partition(|at| *at < 10);
    let (exact, all) = clusters.releases(&(0..20).collect::<Vec<_>>(), &rule);
    let name = |text: &str| Some(text.parse::<Name>().unwrap());
    let tables = BTreeMap::from([(name("a"), clusters.table(&ten)), (name("b"), clusters.table(&others))]);
    let mut fields = exact.divided(Dimension::Field, &tables, &rule);
    assert_eq!(fields.clone().perturb(&rule, &[clusters.keys(&ten)]), Err(PerturbationError::Keys));
    let of_another = CellKeys(vec![]);
    assert_eq!(fields.clone().perturb(&rule, &[clusters.keys(&ten), of_another]), Err(PerturbationError::Keys));
    fields.perturb(&rule, &[clusters.keys(&ten), clusters.keys(&others)]).unwrap();
    assert_eq!(fields.check_disclosure(&rule), Ok(()));
    // Alone, a year later, in another order.
    let backwards: Vec<_> = ten.iter().rev().copied().collect();
    let (exact, later) = clusters.releases(&backwards, &rule);
    assert_eq!(fields.groups[0].rows, later.rows);
    let mut again = later.clone();
    assert_eq!(again.perturb(&rule, &[clusters.keys(&ten)]), Err(PerturbationError::Twice));
    assert_eq!(again, later);
    // A table that is made of one with noise, or corrects it, begins with exact counts.
    let tables = BTreeMap::from([(name("a"), clusters.table(&ten)), (name("b"), clusters.table(&others))]);
    assert_eq!(all.divided(Dimension::Field, &tables, &rule).perturbation, None);
    let corrected = later.corrected("again".parse().unwrap(), &clusters.table(&ten), &rule);
    assert_eq!((corrected.perturbation, corrected.rows), (None, exact.rows));
    assert!(format!("{:?}", clusters.keys(&ten)) == "CellKeys(..)");
}

/// A release of one row: unknown, then level 0 to 4.
fn foreign(population: u32, cells: [Cell; CELLS], how: Option<Perturbation>) -> Release {
    let [unknown, cells @ ..] = cells;
    let row = Row { indicator: "4.1.3".parse().unwrap(), cells, unknown };
    let table = Table::tally(Catalogue::ecei(), []).unwrap();
    let empty = Release::first(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap(), &table, &Disclosure::new(3, 2));
    Release { population, perturbation: how, rows: vec![row], ..empty }
}

#[test]
fn a_foreign_release_claims_what_the_charter_says_and_what_can_be() {
    let count = Cell::Count;
    let (small, group) = (Cell::Hidden(Reason::Small), Cell::Hidden(Reason::Group));
    let three = noise(3, 20);
    let checked = |cells: [Cell; CELLS], population: u32, minimum: u32, how: Perturbation| {
        foreign(population, cells, Some(how)).check_disclosure(&rule(minimum, Some(how)))
    };
    let full = [count(0), count(0), count(6), count(9), count(0), count(0)];
    for (said, asked) in [
        (None, Some(three)),
        (Some(three), None),
        (Some(three), Some(noise(3, 21))),
        (Some(noise(4, 20)), Some(three)),
        (Some(Perturbation::Rounding(3)), Some(three)),
        (Some(Perturbation::Rounding(3)), Some(Perturbation::Rounding(5))),
    ] {
        let error = foreign(15, full, said).check_disclosure(&rule(5, asked));
        assert_eq!(error, Err(ReleaseError::Perturbation { expected: asked }), "{said:?}");
    }
    // 6 and 9 stand for 5 to 9 and 6 to 12, and each 0 for nothing: fewer than 5 are not shown.
    for (population, fits) in [(10, false), (11, true), (15, true), (21, true), (22, false)] {
        let answer = checked(full, population, 5, three);
        assert_eq!(answer.is_ok(), fits, "{population} {answer:?}");
        assert!(fits || matches!(answer, Err(ReleaseError::Total { .. })));
    }
    // With a minimum of 3 a 0 may stand for 3.
    assert_eq!(checked(full, 33, 3, three), Ok(()));
    // 2 can be 5 with noise; 1 cannot.
    let with = |shown: u32| [count(0), count(0), count(shown), count(9), count(8), count(0)];
    assert_eq!(checked(with(2), 19, 5, three), Ok(()));
    assert!(matches!(checked(with(1), 19, 5, three), Err(ReleaseError::Impossible { count: 1, .. })));
    // What is hidden has to hold the minimum at least, and the rest its least.
    let hidden = [count(0), count(0), count(6), count(9), small, small];
    for (population, fits) in [(15, false), (16, true), (30, true)] {
        assert_eq!(checked(hidden, population, 5, three).is_ok(), fits, "{population}");
    }
    let one = [count(0), count(0), count(6), count(9), small, count(0)];
    assert!(matches!(checked(one, 19, 5, three), Err(ReleaseError::Discloses { .. })));
    let whole = [group, group, group, group, group, count(7)];
    assert!(matches!(checked(whole, 19, 5, three), Err(ReleaseError::Discloses { .. })));
    // Rounded counts are multiples that some count of 5 or more has.
    let to_ten = Perturbation::Rounding(10);
    let rows = |a: u32, b: u32| [count(0), count(0), count(a), count(b), count(0), count(0)];
    assert_eq!(checked(rows(10, 20), 20, 5, to_ten), Ok(()));
    assert!(matches!(checked(rows(10, 20), 19, 5, to_ten), Err(ReleaseError::Total { .. })));
    assert!(matches!(checked(rows(10, 15), 25, 5, to_ten), Err(ReleaseError::Impossible { count: 15, .. })));
    assert!(matches!(checked(rows(3, 15), 18, 5, Perturbation::Rounding(3)), Err(ReleaseError::Impossible { count: 3, .. })));
    // Numbers at the end of the range do not overflow.
    let top = [small, small, count(u32::MAX), count(u32::MAX), small, small];
    assert!(matches!(checked(top, u32::MAX, 5, three), Err(ReleaseError::Total { .. })));
    assert!(foreign(9, full, Some(Perturbation::Rounding(0))).check().is_err());
}
