//! How long an indicator takes: `cargo test -p parangon-protocol --release timing -- --ignored --nocapture`.

use std::time::Instant;

use super::super::super::disclose;
use super::super::super::table::{Counts, Table};
use super::*;

fn publish(units: Vec<usize>, floors: &[usize], stands: &[usize], rule: &Disclosure) -> Published {
    let counts = Counts { indicator: "4.1.3".parse().unwrap(), cells: tally(&units, stands), floors: tally(&units, floors) };
    let table = Table { population: u32::try_from(units.len()).unwrap(), rows: vec![counts] };
    Published::of(units, &disclose(&table, rule)[0])
}

/// Tables of all and of each dimension, with `groups` groups each, of as many kinds of units as `atoms`.
fn rows(lot: &mut Lot, atoms: usize, dimensions: usize, groups: usize, rule: &Disclosure) -> (Vec<usize>, Vec<Published>) {
    let (mut floors, mut kinds) = (Vec::new(), Vec::new());
    for atom in 0..atoms {
        let kind: Vec<_> = (0..dimensions).map(|d| if d == 0 { atom % groups } else { lot.below(groups) }).collect();
        let floor = [0, 3, 4][lot.below(3)];
        for _ in 0..1 + lot.below(3) {
            floors.push(floor);
            kinds.push(kind.clone());
        }
    }
    let stands: Vec<_> = floors.iter().map(|floor| (*floor).max([0, 2, 3, 3, 4, 4, 5][lot.below(7)])).collect();
    let publish = |units| publish(units, &floors, &stands, rule);
    let every = 0..floors.len();
    let mut rows = vec![publish(every.clone().collect())];
    let all = (0..dimensions).flat_map(|dimension| (0..groups).map(move |group| (dimension, group)));
    rows.extend(all.map(|(dimension, group)| publish(every.clone().filter(|unit| kinds[*unit][dimension] == group).collect())));
    (floors, rows)
}

#[test]
#[ignore = "a measurement"]
fn timing() {
    let rule = rule(3, 2);
    for (atoms, dimensions, groups) in [(10, 2, 3), (10, 1, 7), (30, 2, 12), (30, 3, 8), (60, 3, 13), (60, 2, 19), (100, 3, 13)] {
        for seed in 0..3 {
            let (floors, mut rows) = rows(&mut Lot(seed), atoms, dimensions, groups, &rule);
            let (mut runs, mut hidden, started, mut longest, mut most) = (0, 0, Instant::now(), 0.0f64, (0, 0));
            let effort = Effort::default();
            let (world, answer) = loop {
                let world = World::new(&floors, &[], &rows).unwrap();
                let began = Instant::now();
                let mut purse = Purse::new(&effort);
                let answer = spend(&world, &rule, &mut purse);
                let (solves, branches) = (effort.solves - purse.solves, effort.branches - purse.branches);
                most = (most.0.max(solves), most.1.max(branches));
                longest = longest.max(began.elapsed().as_secs_f64());
                runs += 1;
                match &answer {
                    Err(AuditError::Derived(found)) => rows[found.by].cells = [Shown::Nothing; CELLS],
                    _ => break (world, answer),
                }
                hidden += 1;
            };
            eprintln!(
                "{atoms} kinds, {world:?}: {} after hiding {hidden}; {runs} audits {:.2} s, longest {:.2} s, most work {most:?}",
                if answer.is_ok() { "fine" } else { "not fine" },
                started.elapsed().as_secs_f64(),
                longest
            );
        }
    }
}

/// Twelve quarters of an agency with 40 clusters, in each of which two labels end and two begin.
#[test]
#[ignore = "a measurement"]
fn timing_of_periods() {
    let (rule, mut lot, effort) = (rule(3, 2), Lot(12), Effort::default());
    let units = 64;
    let floors: Vec<_> = (0..units).map(|_| [0, 3, 4][lot.below(3)]).collect();
    let stands: Vec<_> = floors.iter().map(|floor| (*floor).max([0, 2, 3, 3, 4, 4, 5][lot.below(7)])).collect();
    let kinds: Vec<_> = (0..units).map(|_| [lot.below(4), lot.below(5)]).collect();
    let mut earlier = Vec::new();
    for quarter in 0..12 {
        let valid = quarter * 2..40 + quarter * 2;
        let group = |d: usize, g: usize| valid.clone().filter(|unit| kinds[*unit][d] == g).collect::<Vec<_>>();
        let sets = [vec![valid.clone().collect()], (0..4).map(|g| group(0, g)).collect(), (0..5).map(|g| group(1, g)).collect()].concat();
        let mut now: Vec<_> = sets.into_iter().map(|units| publish(units, &floors, &stands, &rule)).collect();
        let (mut runs, mut longest, mut most) = (0, 0.0f64, (0, 0));
        let answer = loop {
            let world = World::new(&floors, &earlier, &now).unwrap();
            let (mut purse, began) = (Purse::new(&effort), Instant::now());
            let answer = spend(&world, &rule, &mut purse);
            longest = longest.max(began.elapsed().as_secs_f64());
            most = (most.0.max(effort.solves - purse.solves), most.1.max(effort.branches - purse.branches));
            runs += 1;
            match &answer {
                Err(AuditError::Derived(found)) => now[found.by - earlier.len()].cells = [Shown::Nothing; CELLS],
                _ => break answer,
            }
        };
        let shown = now.iter().filter(|row| row.cells != [Shown::Nothing; CELLS]).count();
        eprintln!(
            "quarter {quarter}: {answer:?}, {shown} of {} rows say anything, {runs} audits, longest {longest:.2} s, at most {most:?}",
            now.len()
        );
        earlier.extend(now);
    }
}
