//! Leaks that are planted, each beside a world that differs in that one point and passes.

use super::*;

/// Sixteen clusters, four in each of four cells: no count of all of them is small, so that what is found is what was planted.
const STANDS: [usize; 16] = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4];

fn run(units: usize, earlier: &[&Published], now: &[&Published]) -> Result<(), AuditError> {
    run_by(units, earlier, now, &rule(3, 2))
}

fn run_by(units: usize, earlier: &[&Published], now: &[&Published], rule: &Disclosure) -> Result<(), AuditError> {
    let own = |rows: &[&Published]| rows.iter().copied().cloned().collect::<Vec<_>>();
    audit(&World::new(&vec![0; units], &own(earlier), &own(now)).unwrap(), rule, &Effort::default())
}

#[track_caller]
fn derived(result: Result<(), AuditError>) -> (Subject, usize, (u32, u32)) {
    match result {
        Err(AuditError::Derived(one)) => (one.subject, one.cell, one.range.ends()),
        other => panic!("not found: {other:?}"),
    }
}

#[test]
fn margins_give_a_hidden_cell_away() {
    // Two countries; cells 1 and 2 of the first are hidden, and of the second shown. The table of all shows everything.
    let stands = [1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    let (all, first) = (exactly(0..22, &stands), hiding(exactly(0..10, &stands), &[1, 2]));
    let second = exactly(10..22, &stands);
    assert_eq!(derived(run(22, &[], &[&all, &first, &second])), (Subject::Row(1), 1, (2, 2)));
    // The same two cells of the second are hidden as well.
    assert_eq!(run(22, &[], &[&all, &first, &hiding(second, &[1, 2])]), Ok(()));
}

#[test]
fn the_row_that_completes_it_is_named() {
    let stands = [1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    let (all, first, second) = (exactly(0..22, &stands), hiding(exactly(0..10, &stands), &[1, 2]), exactly(10..22, &stands));
    let by = |rows: &[&Published]| match run(22, &[], rows) {
        Err(AuditError::Derived(one)) => Some(one.by),
        other => other.map(|()| None).unwrap(),
    };
    // A row that says nothing, before and after.
    let nothing = Published { units: (0..22).step_by(2).collect(), cells: [Shown::Nothing; CELLS] };
    assert_eq!(by(&[&all, &first, &second]), Some(2));
    assert_eq!(by(&[&all, &first, &second, &nothing, &nothing]), Some(2));
    assert_eq!(by(&[&nothing, &second, &first, &all, &nothing]), Some(3));
    assert_eq!(by(&[&all, &first, &Published { cells: [Shown::Nothing; CELLS], ..second }]), None);
}

#[test]
fn two_tables_that_differ_by_one() {
    let (large, small) = (exactly(0..16, &STANDS), exactly(0..15, &STANDS));
    let (subject, cell, range) = derived(run(16, &[], &[&large, &small]));
    assert_eq!((subject, cell, range), (Subject::Between(0, 1), 4, (1, 1)));
    // Four, one in each cell: their number is below no minimum, but one of four in each cell is a small count.
    assert_eq!(derived(run(16, &[], &[&large, &exactly(0..12, &STANDS)])).2, (1, 1));
    // Nine more in three cells, three in each.
    let more: Vec<_> = STANDS.into_iter().chain([1, 2, 3, 1, 2, 3, 1, 2, 3]).collect();
    assert_eq!(run(25, &[], &[&exactly(0..25, &more), &large]), Ok(()));
}

#[test]
fn two_periods_that_differ_by_one() {
    let (before, after) = (exactly(0..15, &STANDS), exactly(0..16, &STANDS));
    assert_eq!(derived(run(16, &[&before], &[&after])), (Subject::Between(1, 0), 4, (1, 1)));
    // One came and one went: each of both may have been in any cell, unless the totals differ.
    let moved = exactly(1..16, &STANDS);
    assert_eq!(derived(run(16, &[&before], &[&moved])).2, (1, 1));
    // That of the fourteen in both two or three are in cell 4 follows from the first alone, and is not held against the second.
    let same: Vec<_> = (0..16).map(|unit| if unit == 15 { STANDS[0] } else { STANDS[unit] }).collect();
    assert_eq!(run(16, &[&exactly(0..15, &same)], &[&exactly(1..16, &same)]), Ok(()));
}

#[test]
fn two_periods_of_which_each_has_units_that_the_other_has_not() {
    // Two went and one came. Between the two tables cell 1 lost one and nothing else changed: of those that went one at least was in cell 1,
    // although of each it remains open, since a third row, hidden whole, tells the two apart.
    let stands = [1, 4, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 2, 3];
    let (before, after) = (exactly((0..2).chain(3..17), &stands), exactly(2..17, &stands));
    let apart = Published { units: (1..10).filter(|unit| *unit != 2).collect(), cells: [Shown::Nothing; CELLS] };
    assert_eq!(derived(run(17, &[&before, &apart], &[&after])), (Subject::Between(0, 2), 1, (1, 2)));
    // A charter that is content with less publishes it.
    assert_eq!(run_by(17, &[&before, &apart], &[&after], &rule(2, 1)), Ok(()));
}

#[test]
fn a_correction_shows_what_the_first_version_hid() {
    let stands = [1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    let row = exactly(0..11, &stands);
    let (first, second) = (hiding(row.clone(), &[1, 2]), hiding(row.clone(), &[1, 3]));
    assert_eq!(run(11, &[], &[&first]), Ok(()));
    assert_eq!(run(11, &[], &[&second]), Ok(()));
    assert_eq!(derived(run(11, &[&first], &[&second])).2, (2, 2));
    assert_eq!(run(11, &[&first], &[&first]), Ok(()));
    // A correction that counts a unit differently is about another unit, or about nothing.
    let mut other = stands;
    other[10] = 3;
    assert_eq!(run(11, &[&first], &[&exactly(0..11, &other)]), Err(AuditError::Contradiction));
}

fn noisy(mut row: Published, published: [u32; CELLS], most: u32) -> Published {
    row.cells = published.map(|n| Shown::Within { low: n.saturating_sub(most), high: n + most });
    row
}

#[test]
fn noise_that_gives_itself_away() {
    let (large, small) = (exactly(0..16, &STANDS), exactly(0..15, &STANDS));
    // With noise up to 2 in each direction: 6 - 1 = 5 = 2 * 2 + 1.
    let of_small = noisy(small, [0, 4, 4, 4, 1, 0], 2);
    let extreme = noisy(large.clone(), [0, 4, 4, 4, 6, 0], 2);
    let (subject, cell, range) = derived(run(16, &[], &[&extreme, &of_small]));
    assert_eq!((cell, range), (4, if subject == Subject::Between(0, 1) { (1, 1) } else { (4, 4) }));
    assert_eq!(run(16, &[], &[&noisy(large, [0, 4, 4, 4, 4, 0], 2), &of_small]), Ok(()));
}

#[test]
fn noise_that_adds_up_to_too_much() {
    // Five clusters: two at 3 and three at 4. Published 4 and 5 with noise up to 2: only -2 and -2 lead back to five.
    let row = exactly(0..5, &[3, 3, 4, 4, 4]);
    let most = rule(4, 3);
    assert_eq!(derived(run_by(5, &[], &[&noisy(row.clone(), [0, 0, 0, 4, 5, 0], 2)], &most)).2, (2, 2));
    assert_eq!(run_by(5, &[], &[&noisy(row, [0, 0, 0, 2, 3, 0], 2)], &most), Ok(()));
}

#[test]
fn clusters_are_whole() {
    // Of three clusters two have at least one at level 3, and so have another two; the third pair has at most one. By halves the one in
    // both pairs could be half there. As clusters are whole, it is there: without it the others both were.
    let pair = |units: [usize; 2], low, high| {
        let mut cells = [Shown::Nothing; CELLS];
        cells[4] = Shown::Within { low, high };
        Published { units: units.to_vec(), cells }
    };
    let rows = [pair([0, 1], 1, 2), pair([1, 2], 1, 2), pair([0, 2], 0, 1)];
    let found = derived(run_by(3, &[], &rows.each_ref(), &rule(2, 1)));
    assert_eq!((found.1, found.2), (4, (1, 1)));
    let loose = [pair([0, 1], 1, 2), pair([1, 2], 1, 2), pair([0, 2], 0, 2)];
    assert_eq!(run_by(3, &[], &loose.each_ref(), &rule(2, 1)), Ok(()));
}

#[test]
fn an_old_mistake_does_not_end_statistics() {
    let (before, after) = (exactly(0..15, &STANDS), exactly(0..16, &STANDS));
    let both = [&before, &after];
    assert!(run(16, &both, &[]).is_ok());
    // Later, with all of the units and ten new ones.
    let later: Vec<_> = STANDS.into_iter().chain([1, 1, 1, 2, 2, 2, 3, 3, 3, 3]).collect();
    assert_eq!(run(26, &both, &[&exactly(0..26, &later)]), Ok(()));
    // Another one is not forgiven.
    assert_eq!(derived(run(26, &both, &[&exactly(0..25, &later), &exactly(0..26, &later)])).2, (1, 1));
}
