use parangon_protocol::id::AgencyId;
use parangon_protocol::statistics::{self, Cell, Release, Row, aggregate};

use super::*;

const SMALL: Cell = Cell::Hidden(statistics::Reason::Small);
const GROUP: Cell = Cell::Hidden(statistics::Reason::Group);

fn release(population: u32, version: u32, rows: Vec<Row>) -> Release {
    let reason = (version > 1).then(|| name("counted anew"));
    Release {
        by: None,
        groups: vec![],
        catalogue: catalogue(),
        period: "2026-Q3".parse().expect("a period"),
        version,
        reason,
        population,
        rows,
    }
}

fn counts(indicator: &str, cells: [Cell; 5], unknown: Cell) -> Row {
    Row { indicator: indicator.parse().expect("a code"), cells, unknown }
}

fn agency(id: &str) -> AgencyId {
    id.parse().expect("a slug")
}

#[test]
fn a_sum_becomes_rows_with_bounds_and_reasons() {
    let zero = Cell::Count(0);
    let old = release(20, 1, vec![counts("2.5", [Cell::Count(20), zero, zero, zero, zero], zero)]);
    let new = release(20, 2, vec![counts("2.5", [zero, SMALL, SMALL, Cell::Count(10), zero], zero)]);
    let whole = release(9, 1, vec![counts("2.5", [GROUP; 5], GROUP)]);
    let without = release(6, 1, vec![]);
    let none = release(0, 1, vec![counts("2.5", [Cell::Hidden(statistics::Reason::Population); 5], zero)]);
    let releases = [
        (agency("berlin"), &old),
        (agency("berlin"), &new),
        (agency("lyon"), &whole),
        (agency("oslo"), &without),
        (agency("porto"), &none),
    ];
    let sum = aggregate(&releases).expect("a sum");
    let rows = super::super::observations(&[sum]);
    assert_eq!(rows.len(), 6);
    let data = Dataset::new(about(), vec![info()], vec![], rows).expect("a table");
    let seen: Vec<_> = data
        .observations()
        .iter()
        .map(|row| (row.level, row.count, row.lower, row.upper, row.hidden_in, row.reasons_word(), row.status()))
        .collect();
    let others = 9 + 6;
    let small = || "population+small+group".to_owned();
    assert_eq!(seen[0], (Some(0), None, 0, others, 3, "population+group".to_owned(), Status::Hidden), "zeros and hidden cells are no 0");
    assert_eq!(seen[1], (Some(1), None, 0, others + 10, 4, small(), Status::Hidden));
    assert_eq!(seen[3], (Some(3), Some(10), 10, 10 + others, 3, "population+group".to_owned(), Status::AtLeast));
    assert_eq!(seen[5], (None, None, 0, others, 2, "group".to_owned(), Status::Hidden));
    assert!(data.observations().iter().all(|row| (row.clusters, row.agencies, row.pooled) == (35, 4, 0)));
}

#[test]
fn what_is_hidden_by_agencies_without_clusters_is_known() {
    let none = release(0, 1, vec![]);
    let all = release(
        7,
        1,
        vec![counts("2.5", [Cell::Count(7), Cell::Count(0), Cell::Count(0), Cell::Count(0), Cell::Count(0)], Cell::Count(0))],
    );
    let releases = [(agency("berlin"), &none), (agency("lyon"), &all)];
    let rows = super::super::observations(&[aggregate(&releases).expect("a sum")]);
    let seen: Vec<_> = rows.iter().map(|row| (row.count, row.status(), row.hidden_in)).collect();
    assert_eq!(seen[0], (Some(7), Status::Exact, 1));
    assert_eq!(seen[1], (Some(0), Status::Exact, 1));
}
