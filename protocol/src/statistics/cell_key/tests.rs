//! The table is judged by its integers alone, and by the definition of what it should be.

#![allow(clippy::unwrap_used)]

use super::*;

/// Every table with a maximum up to 10, and variances from the smallest to the largest.
fn tables() -> impl Iterator<Item = (u8, u32, PerturbationTable)> {
    let variances = |maximum: u8| {
        let most = u32::from(maximum) * u32::from(maximum) * 10;
        let step = (most / 23).max(1);
        (1..=most).step_by(usize::try_from(step).unwrap()).chain([10, 20, 30, most - 1, most]).filter(move |tenths| *tenths <= most)
    };
    (1..=10)
        .flat_map(move |maximum| variances(maximum).map(move |tenths| (maximum, tenths, PerturbationTable::new(maximum, tenths).unwrap())))
}

fn probabilities(table: &PerturbationTable, count: u32) -> Vec<(f64, f64)> {
    table.shares(count).map(|(noise, keys)| (f64::from(noise), f64::from(u32::try_from(keys >> 1).unwrap()) / 2f64.powi(31))).collect()
}

#[test]
fn every_row_has_its_moments() {
    for (maximum, tenths, table) in tables() {
        for count in 0..=u32::from(maximum) + 3 {
            let shares: Vec<_> = table.shares(count).collect();
            assert_eq!(shares.iter().map(|(_, keys)| keys).sum::<u64>(), 1 << 32);
            assert_eq!(shares.iter().map(|(noise, keys)| i64::from(*noise) * i64::try_from(*keys).unwrap()).sum::<i64>(), 0);
            assert!(shares.iter().all(|(noise, _)| *noise <= i32::from(maximum) && count.checked_add_signed(*noise).is_some()));
            let squares: u64 = shares.iter().map(|(noise, keys)| u64::from(noise.unsigned_abs()).pow(2) * keys).sum();
            // In tenths of a key: below the largest variance there is the wanted one.
            let wanted = u64::from(tenths.min(count.min(u32::from(maximum)) * u32::from(maximum) * 10)) << 32;
            assert!((squares * 10).abs_diff(wanted) < 1 << 16, "{maximum} {tenths} {count}: {} {wanted}", squares * 10);
        }
        assert_eq!(table.shares(0).collect::<Vec<_>>(), [(0, 1 << 32)]);
    }
}

/// Moving probability along `(1, -3, 3, -1)` keeps sum, mean and variance. Entropy is concave: if no such move gains, nothing does.
#[test]
fn no_neighbour_has_more_entropy() {
    let entropy = |p: &[f64]| -p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>();
    let mut compared = 0;
    for (_, tenths, table) in tables() {
        for count in 1..=u32::from(table.maximum()) {
            let p: Vec<_> = probabilities(&table, count).into_iter().map(|(_, p)| p).collect();
            if tenths >= count * u32::from(table.maximum()) * 10 {
                continue;
            }
            for at in 0..p.len().saturating_sub(3) {
                let room = p[at..at + 4].iter().copied().fold(1.0, f64::min) / 3.0;
                // Where there are few keys, rounding them is more than the move.
                for size in [room, room / 4.0, -room / 4.0, -room].into_iter().filter(|size| size.abs() > 1e-5) {
                    let mut other = p.clone();
                    [1.0, -3.0, 3.0, -1.0].iter().zip(&mut other[at..]).for_each(|(by, p)| *p += by * size);
                    assert!(entropy(&other) < entropy(&p), "{count} {tenths} {at} {size}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn known_tables() {
    // With maximum 1 there is no choice: half of the variance on each side.
    let table = PerturbationTable::new(1, 5).unwrap();
    assert_eq!(table.shares(9).map(|(_, keys)| keys).collect::<Vec<_>>(), [1 << 30, 1 << 31, 1 << 30]);
    // Noise from -1 to 2 has a variance of 2 at most: -1 twice as often as 2. One key is left over.
    let table = PerturbationTable::new(2, 30).unwrap();
    assert_eq!(table.shares(1).collect::<Vec<_>>(), [(-1, 2_863_311_530), (0, 1), (1, 0), (2, 1_431_655_765)]);
    // Uniform is what has the most entropy of all.
    let shares: Vec<_> = PerturbationTable::new(2, 20).unwrap().shares(2).collect();
    assert!(shares.iter().all(|(_, keys)| keys.abs_diff((1 << 32) / 5) < 4), "{shares:?}");
}

#[test]
fn parameters_that_make_no_table() {
    assert_eq!(PerturbationTable::new(0, 5), Err(PerturbationError::Maximum { maximum: 0 }));
    assert_eq!(PerturbationTable::new(21, 5), Err(PerturbationError::Maximum { maximum: 21 }));
    assert_eq!(PerturbationTable::new(2, 0), Err(PerturbationError::Variance { tenths: 0, most: 40 }));
    assert_eq!(PerturbationTable::new(2, 41), Err(PerturbationError::Variance { tenths: 41, most: 40 }));
    assert!(PerturbationTable::new(20, 3_999).is_ok() && PerturbationTable::new(20, 1).is_ok());
}

fn cluster(i: u64) -> ClusterId {
    format!("aei/{i:024x}").parse().unwrap()
}

fn records(secret: u8, clusters: impl IntoIterator<Item = u64>) -> Vec<RecordKey> {
    let secret = CellSecret::new([secret; 32]);
    clusters.into_iter().map(|i| secret.record_key(&cluster(i))).collect()
}

#[test]
fn the_record_key_is_the_start_of_an_hmac() {
    // printf %s aei/000000000000000000000007 | openssl dgst -sha256 -mac HMAC -macopt hexkey:2a2a…2a
    assert_eq!(records(42, [7])[0].0, 0xe69f_688e);
}

#[test]
fn the_same_clusters_get_the_same_noise() {
    let table = PerturbationTable::new(5, 30).unwrap();
    let keys = records(1, 0..40);
    let publish = |records: &[RecordKey]| table.perturb(u32::try_from(records.len()).unwrap(), &CellKey::of(records));
    let mut backwards = records(1, (0..40).rev());
    assert_eq!(publish(&keys), publish(&backwards));
    assert_eq!(CellKey::of(&keys).0, CellKey::of(&backwards).0);
    backwards.pop();
    assert_ne!(CellKey::of(&keys).0, CellKey::of(&backwards).0);
    assert_ne!(CellKey::of(&keys).0, CellKey::of(&records(2, 0..40)).0);
    assert_eq!(publish(&[]), 0);
}

#[test]
fn perturbing_follows_the_table() {
    let table = PerturbationTable::new(3, 20).unwrap();
    for count in [0, 1, 2, 3, 4, 50, u32::MAX] {
        let mut start = 0u64;
        for (noise, keys) in table.shares(count).filter(|(_, keys)| *keys > 0) {
            for key in [start, start + keys - 1] {
                assert_eq!(table.perturb(count, &CellKey(u32::try_from(key).unwrap())), count.saturating_add_signed(noise));
            }
            start += keys;
        }
        assert_eq!(start, 1 << 32);
    }
}

#[test]
fn what_a_published_count_can_be() {
    let table = PerturbationTable::new(2, 30).unwrap();
    // 1 becomes 0, 1 or 3; 2 and more get up to 2 in each direction.
    assert_eq!([0, 1, 3, 9].map(|n| table.truths(n)), [Some((0, 2)), Some((1, 3)), Some((1, 5)), Some((7, 11))]);
    for (maximum, _, table) in tables() {
        for published in 0..30 {
            let found = (0..60)
                .filter(|count| table.shares(*count).any(|(noise, keys)| keys > 0 && count.checked_add_signed(noise) == Some(published)));
            let found: Vec<_> = found.collect();
            assert_eq!(table.truths(published), found.first().map(|low| (*low, *found.last().unwrap())), "{maximum} {published}");
        }
    }
}

/// Chi-square of counts against equal ones.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.iter().map(|_| 1.0).sum::<f64>();
    counts.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum()
}

#[test]
fn cell_keys_are_uniform() {
    let keys = records(9, 0..400);
    let (mut high, mut low) = ([0u32; 64], [0u32; 64]);
    let mut set = 1u64;
    for _ in 0..20_000 {
        // A set of 4 to 20 clusters.
        set = set.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let member = |i: u64| usize::try_from((set >> 20).wrapping_add(i * i * 7 + i * (set >> 52)) % 399).unwrap();
        let mut members: Vec<_> = (0..4 + (set >> 40) % 17).map(member).collect();
        members.sort_unstable();
        members.dedup();
        let key = CellKey::of(members.iter().map(|i| &keys[*i])).0;
        let (a, b) = (key >> 26, key & 63);
        high[usize::try_from(a).unwrap()] += 1;
        low[usize::try_from(b).unwrap()] += 1;
    }
    // 63 degrees of freedom: 63 on average, 11 as standard deviation. Above 130 is one in a million.
    assert!(chi_square(&high) < 130.0 && chi_square(&low) < 130.0, "{} {}", chi_square(&high), chi_square(&low));
}

#[test]
fn noise_of_two_sets_is_independent() {
    let (table, keys) = (PerturbationTable::new(2, 20).unwrap(), records(9, 0..4_000));
    let noise = |records: &[&RecordKey]| usize::try_from(table.perturb(10, &CellKey::of(records.iter().copied())) - 8).unwrap();
    // Each set of ten with another cluster added: 25 pairs of noise, equally likely, as each of five is.
    let mut pairs = [0u32; 25];
    for i in 0..3_900 {
        let ten: Vec<_> = (0..10).map(|j| &keys[i + j * 7]).collect();
        let eleven: Vec<_> = ten.iter().copied().chain([&keys[(i * 31 + 77) % 4_000]]).collect();
        pairs[noise(&ten) * 5 + noise(&eleven)] += 1;
    }
    // 24 degrees of freedom, a standard deviation of 7.
    assert!(chi_square(&pairs) < 70.0, "{} {pairs:?}", chi_square(&pairs));
}
