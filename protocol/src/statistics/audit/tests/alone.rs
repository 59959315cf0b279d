//! What `disclose` publishes of one table is fine when nothing else is public.

use super::super::super::table::{Counts, Table};
use super::super::super::{Cell, disclose};
use super::*;

#[test]
fn one_table_alone_passes() {
    let mut lot = Lot(7);
    let (mut shown, mut hidden) = (0, 0);
    for round in 0..400 {
        let rule = [rule(3, 1), rule(3, 2), rule(5, 3), rule(5, 4), rule(10, 8)][round % 5].clone();
        let population = 1 + lot.below(40);
        let floor = |lot: &mut Lot| [0, 0, 3, 4, 5][lot.below([1, 3, 4, 5][round % 4])];
        let floors: Vec<_> = (0..population).map(|_| floor(&mut lot)).collect();
        // Levels crowd together: otherwise every count of a small population is small.
        let favourite = lot.below(CELLS);
        let stands: Vec<_> = floors
            .iter()
            .map(|floor| if favourite >= *floor && lot.below(3) > 0 { favourite } else { floor + lot.below(CELLS - floor) })
            .collect();
        let all: Vec<_> = (0..population).collect();
        let counts = Counts { indicator: "4.1.3".parse().unwrap(), cells: tally(&all, &stands), floors: tally(&all, &floors) };
        let table = Table { population: u32::try_from(population).unwrap(), rows: vec![counts] };
        let rows = disclose(&table, &rule);
        for cell in rows[0].all() {
            *if matches!(cell, Cell::Count(n) if n > 0) { &mut shown } else { &mut hidden } += usize::from(cell != Cell::Count(0));
        }
        let world = World::new(&floors, &[], &[Published::of(all, &rows[0])]).unwrap();
        let result = audit(&world, &rule, &Effort::default());
        assert_eq!(result, Ok(()), "{:?} {rule:?} {floors:?} {stands:?}", rows[0]);
    }
    assert!(shown > 200 && hidden > 200, "{shown} {hidden}");
}
