use std::collections::BTreeMap;

use super::*;

const DRAWS: usize = 24_000;

fn eligible(count: usize) -> Vec<AgencyId> {
    (0..count).map(|number| agency(&format!("agency-{number:02}"))).collect()
}

/// Rankings of two random values each.
fn rankings(count: usize) -> impl Iterator<Item = Vec<AgencyId>> {
    let (mut random, eligible) = (Random(2026), eligible(count));
    let call = call("a").hash().unwrap();
    (0..DRAWS).map(move |_| rank(&seed(&call, &[random.value(), random.value()]), &eligible))
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<u32> {
    let mut counts: BTreeMap<K, u32> = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts.into_values().collect()
}

#[test]
fn everybody_is_equally_often_at_every_place_and_at_every_pair_of_places() {
    let all: Vec<_> = rankings(6).collect();
    for place in 0..6 {
        let at = counts(all.iter().map(|ranking| &ranking[place]));
        assert!(at.len() == 6 && unevenness(&at) < 4.0, "place {place}: {at:?}");
        for other in 0..place {
            let pairs = counts(all.iter().map(|ranking| (&ranking[place], &ranking[other])));
            assert!(pairs.len() == 30 && unevenness(&pairs) < 4.0, "places {other} and {place}: {pairs:?}");
        }
    }
}

#[test]
fn every_order_comes_equally_often() {
    let orders = counts(rankings(4));
    assert!(orders.len() == 24 && unevenness(&orders) < 4.0, "{orders:?}");
}

#[test]
fn the_measure_finds_a_small_preference() {
    // One in ten draws is repeated when it does not please.
    let mut at = 0;
    let preferred = rankings(6).filter(|ranking| {
        at += 1;
        at % 10 != 0 || ranking[0] == agency("agency-03")
    });
    assert!(unevenness(&counts(preferred.map(|ranking| ranking[0].clone()))) > 4.0);
}

/// Whoever knows one value and half of the other's bits knows nothing of the ranking.
#[test]
fn every_bit_of_every_value_changes_everything() {
    let (mut random, eligible) = (Random(7), eligible(12));
    let call = call("a").hash().unwrap();
    let (mut firsts, mut kept, mut flips) = (BTreeMap::new(), 0, 0u32);
    for _ in 0..8 {
        let values = [random.bytes(), random.bytes()];
        let rank = |values: [[u8; 32]; 2]| rank(&seed(&call, &values.map(Value::new)), &eligible);
        let before = rank(values);
        for bit in 0..512 {
            let mut flipped = values;
            flipped[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
            let after = rank(flipped);
            assert_ne!(after, before, "bit {bit}");
            let position = |agency: &AgencyId| after.iter().position(|other| other == agency).unwrap();
            kept += u32::from(position(&before[3]) == 3);
            *firsts.entry(position(&before[0])).or_insert(0u32) += 1;
            flips += 1;
        }
    }
    // Where the first one lands says nothing of where it was, and nobody stays in its place more often than by chance.
    assert!(unevenness(&firsts.into_values().collect::<Vec<_>>()) < 4.0);
    assert!(unevenness(&[kept, (flips - kept) / 11]) < 4.0, "{kept} of {flips}");
}

#[test]
fn a_ranking_hangs_on_call_values_and_their_order_and_on_nothing_else() {
    let (one, other) = (Value::new([1; 32]), Value::new([2; 32]));
    let call = Hash::of(&[b"call"]);
    let seeds = [
        seed(&call, &[one.clone(), other.clone()]),
        seed(&call, &[other.clone(), one.clone()]),
        seed(&Hash::of(&[b"another"]), &[one.clone(), other.clone()]),
        seed(&call, std::slice::from_ref(&one)),
    ];
    assert_eq!(seeds.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    let mut eligible = eligible(9);
    let ranking = rank(&seeds[0], &eligible);
    eligible.reverse();
    eligible.push(eligible[4].clone());
    assert_eq!(rank(&seeds[0], &eligible), ranking, "however they are given");
    // Whoever is not eligible leaves the others in their order.
    let fewer: Vec<_> = eligible.iter().filter(|agency| **agency != ranking[2]).cloned().collect();
    assert_eq!(rank(&seeds[0], &fewer), [&ranking[..2], &ranking[3..]].concat());
    assert_eq!(rank(&seeds[0], &[]), []);
}
