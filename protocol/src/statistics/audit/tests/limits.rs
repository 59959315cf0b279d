//! What bounds the work, and what is refused before it starts.

use super::*;

fn world() -> World {
    let stands = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    let rows = [exactly(0..12, &stands), hiding(exactly((0..12).step_by(2), &stands), &[1, 2, 3, 4])];
    World::new(&[0; 12], &[], &rows).unwrap()
}

#[test]
fn work_is_bounded() {
    let (world, rule, enough) = (world(), rule(3, 2), Effort::default());
    assert_eq!((world.atoms(), world.rows()), (2, 2));
    let with = |effort: Effort| audit(&world, &rule, &effort);
    assert_eq!(with(Effort { atoms: 1, ..enough }), Err(AuditError::Unshown(Unshown::Atoms)));
    assert_eq!(with(Effort { solves: 0, ..enough }), Err(AuditError::Unshown(Unshown::Solves)));
    let answer = with(enough);
    assert!(!matches!(answer, Err(AuditError::Unshown(_) | AuditError::Contradiction)), "{answer:?}");
    assert_eq!(answer, with(enough));
}

#[test]
fn rows_have_to_be_about_units() {
    let row = |units: &[usize]| Published { units: units.to_vec(), cells: [Shown::Nothing; CELLS] };
    let new = |floors: &[usize], rows: &[Published]| World::new(floors, &rows[..1], &rows[1..]).map(drop);
    assert_eq!(new(&[0, 5], &[row(&[0]), row(&[1, 0])]), Ok(()));
    assert_eq!(new(&[0, 5], &[row(&[0]), row(&[1, 2])]), Err(WorldError::Unit { row: 1, unit: 2 }));
    assert_eq!(new(&[0, 5], &[row(&[0]), row(&[1, 1])]), Err(WorldError::Unit { row: 1, unit: 1 }));
    assert_eq!(new(&[0, 6], &[row(&[])]), Err(WorldError::Floor { unit: 1 }));
    assert_eq!(new(&vec![0; MOST_UNITS + 1], &[row(&[])]), Err(WorldError::TooMany { count: MOST_UNITS + 1 }));
}

#[test]
fn facts_that_no_table_fits() {
    let row = |cells: [Shown; CELLS]| Published { units: vec![0, 1, 2], cells };
    let run = |cells| audit(&World::new(&[3, 3, 0], &[], &[row(cells)]).unwrap(), &rule(3, 1), &Effort::default());
    let mut cells = [Shown::Nothing; CELLS];
    cells[1] = Shown::Exactly(2);
    assert_eq!(run(cells), Err(AuditError::Contradiction));
    cells[1] = Shown::Within { low: 1, high: 0 };
    assert_eq!(run(cells), Err(AuditError::Contradiction));
    cells = [Shown::Exactly(1); CELLS];
    assert_eq!(run(cells), Err(AuditError::Contradiction));
    assert_eq!(run([Shown::Nothing; CELLS]), Ok(()));
    let nobody = World::new(&[], &[], &[Published { units: Vec::new(), cells: [Shown::Exactly(0); CELLS] }]).unwrap();
    assert_eq!(audit(&nobody, &rule(3, 1), &Effort::default()), Ok(()));
}

#[test]
fn no_text_has_a_count() {
    let shown = [Shown::Exactly(77), Shown::Within { low: 77, high: 79 }, Shown::NotZero, Shown::Nothing];
    assert_eq!(format!("{shown:?}"), "[Exactly, Within, NotZero, Nothing]");
    let stands: Vec<_> = (0..78).map(|unit| if unit < 77 { 1 } else { 2 }).collect();
    let world = World::new(&[0; 78], &[], &[exactly(0..78, &stands)]).unwrap();
    let error = audit(&world, &rule(3, 1), &Effort::default()).unwrap_err();
    let AuditError::Derived(derived) = &error else { panic!("{error}") };
    assert_eq!((derived.subject, derived.cell, derived.range.ends()), (Subject::Row(0), 2, (1, 1)));
    let text = format!("{error} {:?} {:?}", derived.range, world);
    assert_eq!(text, "row 0, cell 2: the count could be worked out Interval(..) World(78 units, 1 atoms, 1 rows)");
}
