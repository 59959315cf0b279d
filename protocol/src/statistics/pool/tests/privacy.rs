//! What colluders see: nothing but what the total tells.

use super::*;

/// Upper end of what chi-square with 15 degrees of freedom exceeds once in a million draws.
const LIMIT: f64 = 56.0;

/// How far counts of 16 equally likely classes are from equal.
fn chi_square(counts: &[u32; 16]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / 16.0;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// The class of an element: its top or bottom four bits.
fn class(element: u64, top: bool) -> usize {
    usize::try_from(if top { element >> 60 } else { element & 15 }).unwrap()
}

/// Six colluders of eight, honest `a` and `b` with these counters: what the colluders can compute, for one dealing.
/// That is all shares but those between the two and those that they keep, and the sums of both.
fn view(a: u64, b: u64, stream: &mut Stream) -> Vec<u64> {
    let deal = |value: u64, stream: &mut Stream| {
        Vector::new(vec![value])
            .unwrap()
            .split(8, &mut |bytes| stream.fill(bytes))
            .iter()
            .map(|share| share.elements()[0])
            .collect::<Vec<_>>()
    };
    let (from_a, from_b) = (deal(a, stream), deal(b, stream));
    // The first share is the one kept, the second is for the other honest one, the rest are the colluders'.
    let plus = |x: u64, y: u64| Vector::new(vec![x]).unwrap().add(&Vector::new(vec![y]).unwrap()).unwrap().elements()[0];
    let sums = [plus(from_a[0], from_b[1]), plus(from_b[0], from_a[1])];
    from_a[2..].iter().chain(&from_b[2..]).chain(&sums).copied().collect()
}

#[test]
fn the_view_of_all_but_two_is_uniform_whatever_these_two_count() {
    let mut stream = Stream::new(2);
    for (a, b) in [(0, 9), (9, 0), (4, 5)] {
        let mut counts = [[[0u32; 16]; 2]; 14];
        for _ in 0..4_000 {
            let view = view(a, b, &mut stream);
            // All of it together tells the total, and only that.
            let sum = view.iter().fold(0u128, |sum, element| (sum + u128::from(*element)) % u128::from(PRIME));
            assert_eq!(sum, u128::from(a + b));
            for (element, counts) in view.iter().zip(&mut counts) {
                counts[0][class(*element, true)] += 1;
                counts[1][class(*element, false)] += 1;
            }
        }
        for counts in counts.iter().flatten() {
            assert!(chi_square(counts) < LIMIT, "{a} and {b}: {counts:?}");
        }
    }
}

#[test]
fn elements_of_a_view_depend_on_each_other_through_the_total_alone() {
    // Any 13 of the 14 are independent: pairs fall into 256 classes evenly. The last one is what is left of the total.
    let mut stream = Stream::new(3);
    let views: Vec<_> = (0..20_000).map(|_| view(0, 9, &mut stream)).collect();
    for (one, other) in [(0, 1), (0, 6), (0, 12), (6, 12), (12, 13), (5, 11)] {
        let mut counts = vec![0u32; 256];
        views.iter().for_each(|view| counts[class(view[one], true) * 16 + class(view[other], true)] += 1);
        let expected = 20_000.0 / 256.0;
        let distance: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // 255 degrees of freedom: 1 in a million lies above 375.
        assert!(distance < 375.0, "{one} and {other}: {distance}");
    }
}

#[test]
fn a_planted_bias_is_found() {
    // The same test fails for shares that are drawn too small: it can fail.
    let mut stream = Stream::new(4);
    let mut counts = [0u32; 16];
    let mut biased = |bytes: &mut [u8]| {
        stream.fill(bytes);
        bytes[7] &= 0x7f;
    };
    for _ in 0..4_000 {
        counts[class(Vector::new(vec![3]).unwrap().split(2, &mut biased)[1].elements()[0], true)] += 1;
    }
    assert!(chi_square(&counts) > LIMIT);
}

#[test]
fn all_but_one_know_the_last_one_by_arithmetic() {
    let mut stream = Stream::new(5);
    let total = 9 + 4;
    let view = view(9, 4, &mut stream);
    let sum = view.iter().fold(0u128, |sum, element| (sum + u128::from(*element)) % u128::from(PRIME));
    assert_eq!(sum, total);
    assert_eq!(sum - 4, 9, "whoever is told one of the two counters has the other");
}

#[test]
fn debug_and_errors_show_no_counter() {
    let plan = plan(5);
    let party = Party::new(&plan, agency(1), counters(1)).unwrap();
    let text = format!("{party:?}");
    assert!(text.contains("Vector(12 elements)"), "{text}");
    let bad = PoolError::Levels.to_string() + &PoolError::Twice(agency(1)).to_string();
    assert_eq!(bad, "the levels do not add up to the register's countsagency-1 deals twice; its first share stands");
}
