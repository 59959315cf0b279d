#![allow(clippy::unwrap_used)]

use super::*;
use crate::assessment::{Answer, Scores};
use crate::canonical;
use crate::catalogue::Catalogue;
use crate::charter::Disclosure;
use crate::id::{AgencyId, Hash, Name};
use crate::limits;

const RULE: Disclosure = Disclosure::new(3, 2);
const SMALL: Cell = Cell::Hidden(Reason::Small);
const GROUP: Cell = Cell::Hidden(Reason::Group);

fn agency(text: &str) -> AgencyId {
    text.parse().unwrap()
}

/// A release over clusters that stand at these levels in every row.
fn release(levels: &[u8]) -> Release {
    let scores: Vec<Scores> = levels
        .iter()
        .map(|level| Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(*level).unwrap())).collect())
        .collect();
    let table = Table::tally(Catalogue::ecei(), scores.iter().map(|scores| Member { scores, implied: None })).unwrap();
    Release::first(Catalogue::ecei().reference(), "2026-Q4".parse().unwrap(), &table, &RULE)
}

/// One row by hand: unknown, then level 0 to 4.
fn with_row(population: u32, cells: [Cell; 6]) -> Release {
    let [unknown, cells @ ..] = cells;
    let row = Row { indicator: "4.1.3".parse().unwrap(), cells, unknown };
    Release { population, rows: vec![row], ..release(&[]) }
}

fn count(n: u32) -> Cell {
    Cell::Count(n)
}

#[test]
fn a_release_is_a_canonical_body_that_keeps_its_own_rule() {
    for levels in [&[2, 2, 2, 2, 3, 3, 3, 3, 4, 4][..], &[2; 9], &[1, 3], &[], &[0, 0, 0, 0, 4, 4, 4]] {
        let ours = release(levels);
        assert_eq!(ours.check_disclosure(&RULE), Ok(()), "{levels:?}");
        let text = canonical::encode(&ours, limits::RECORD_BYTES).unwrap();
        assert_eq!(canonical::decode::<Release>(&text, limits::RECORD_BYTES), Ok(ours));
        assert!(text.len() < 8_000, "{} bytes", text.len());
    }
    let small = with_row(19, [count(0), count(0), count(0), count(9), SMALL, SMALL]);
    let text = String::from_utf8(canonical::encode(&small, limits::RECORD_BYTES).unwrap()).unwrap();
    assert!(text.contains(r#"{"cells":[0,0,9,"small","small"],"indicator":"4.1.3","unknown":0}"#), "{text}");
    for (old, new) in
        [("\"small\",", "\"tiny\","), ("[0,", "[-1,"), ("[0,", "[4294967296,"), ("[0,", ""), ("\"unknown\":0", "\"unknown\":[]")]
    {
        assert!(canonical::decode::<Release>(text.replace(old, new).as_bytes(), limits::RECORD_BYTES).is_err(), "{new}");
    }
}

#[test]
fn a_correction_has_a_reason_and_a_first_release_none() {
    let first = with_row(0, [Cell::Hidden(Reason::Population); 6]);
    let table = Table::tally(Catalogue::ecei(), []).unwrap();
    let second = first.corrected("A cluster was counted twice".parse().unwrap(), &table, &RULE);
    assert_eq!((second.version, second.check()), (2, Ok(())));
    for (version, reason) in [(0, None), (1, second.reason.clone()), (2, None)] {
        let error = Release { version, reason, ..first.clone() }.check();
        assert_eq!(error, Err(ReleaseError::Version { version }));
    }
}

#[test]
fn a_foreign_release_that_discloses_too_much_is_void() {
    let hidden = |cells, population| with_row(population, cells).check_disclosure(&RULE);
    assert_eq!(hidden([count(0), count(0), count(5), count(9), SMALL, SMALL], 19), Ok(()));
    for (cells, population) in [
        ([count(0), count(0), count(2), count(9), count(8), count(0)], 19), // a small count
        ([count(0), count(0), count(9), count(8), count(0), SMALL], 19),    // one hidden cell
        ([count(0), count(0), count(9), count(8), SMALL, SMALL], 19),       // two hidden cells with 2 clusters
        ([count(0), count(0), count(9), SMALL, SMALL, GROUP], 19),          // two reasons
        ([GROUP, GROUP, GROUP, GROUP, GROUP, count(9)], 19),                // a row hidden whole that is not
        ([count(0), count(0), count(0), count(0), count(0), count(2)], 2),  // a population below the minimum
        ([SMALL; 6], 2),
        ([Cell::Hidden(Reason::Population); 6], 19),
    ] {
        assert!(matches!(hidden(cells, population), Err(ReleaseError::Discloses { .. })), "{cells:?}");
    }
    let total = |cells, population| matches!(with_row(population, cells).check(), Err(ReleaseError::Total { .. }));
    assert!(total([count(0), count(0), count(5), count(9), count(4), count(0)], 19));
    assert!(total([SMALL, SMALL, count(u32::MAX), count(u32::MAX), SMALL, SMALL], u32::MAX));
    let mut twice = with_row(19, [GROUP; 6]);
    twice.rows.push(twice.rows[0].clone());
    assert_eq!(twice.check(), Err(ReleaseError::Rows));
}

#[test]
fn a_table_has_groups_that_add_up() {
    let all = release(&[2, 2, 2, 3, 3, 3, 4, 4, 4]);
    let part = |value: Option<&str>, levels: &[u8]| {
        let Release { population, rows, .. } = release(levels);
        Part { population, rows, value: value.map(|value| value.parse().unwrap()) }
    };
    let parts = [part(None, &[4, 4, 4]), part(Some("Optics"), &[2, 2, 2, 3, 3, 3])];
    let table = |groups: &[Part]| Release { by: Some(Dimension::Field), groups: groups.to_vec(), rows: vec![], ..all.clone() };
    let fields = table(&parts);
    assert_eq!(fields.check_disclosure(&RULE), Ok(()));
    let text = canonical::encode(&fields, limits::RECORD_BYTES).unwrap();
    assert_eq!(canonical::decode::<Release>(&text, limits::RECORD_BYTES), Ok(fields.clone()));
    assert_eq!(
        fields.parts().map(|(value, population, _)| (value.map(Name::as_str), population)).collect::<Vec<_>>(),
        [(None, 3), (Some("Optics"), 6)]
    );
    let [rest, optics] = &parts;
    let of = |groups: &[&Part]| table(&groups.iter().map(|part| (*part).clone()).collect::<Vec<_>>()).check();
    assert_eq!(of(&[rest]), Err(ReleaseError::Groups));
    assert_eq!(of(&[optics, rest]), Err(ReleaseError::Groups), "the rest stands first");
    assert_eq!(of(&[optics, optics]), Err(ReleaseError::Groups));
    assert_eq!(of(&[rest, optics, &part(Some("Z"), &[1])]), Err(ReleaseError::Population { counted: 10, population: 9 }));
    assert_eq!(Release { by: None, ..fields.clone() }.check(), Err(ReleaseError::Groups));
    assert_eq!(Release { rows: all.rows.clone(), ..fields.clone() }.check(), Err(ReleaseError::Groups));
    let small = Release { population: 8, ..table(&[part(None, &[4, 4]), optics.clone()]) };
    assert_eq!(small.check_disclosure(&RULE), Err(ReleaseError::SmallGroup { population: 2 }));
}

#[test]
fn the_largest_table_is_one_record() {
    let name = "𝕏".repeat(limits::NAME_CHARS);
    let hidden = Row {
        indicator: "4.1.3.12".parse().unwrap(),
        cells: [Cell::Hidden(Reason::Population); 5],
        unknown: Cell::Hidden(Reason::Population),
    };
    let rows: Vec<_> = (0..31).map(|n| Row { indicator: format!("4.1.3.{}", 10 + n).parse().unwrap(), ..hidden.clone() }).collect();
    let part = |n: usize| Part { population: u32::MAX, rows: rows.clone(), value: format!("{n:02}{}", &name[8..]).parse().ok() };
    let groups: Vec<_> = (0..limits::GROUPS).map(part).collect();
    let table =
        Release { by: Some(Dimension::Country), groups, rows: vec![], reason: name.parse().ok(), version: u32::MAX, ..release(&[]) };
    assert!(canonical::encode(&table, limits::RECORD_BYTES - 1024).is_ok());
}

#[test]
fn totals_add_up_and_say_what_is_hidden() {
    let one = with_row(19, [count(0), count(0), count(5), count(9), SMALL, SMALL]);
    let two = with_row(10, [count(0), count(0), count(0), count(6), count(4), count(0)]);
    let three = with_row(7, [GROUP; 6]);
    let four = Release { rows: vec![], ..with_row(4, [GROUP; 6]) };
    let releases = [(agency("lyon"), &one), (agency("graz"), &two), (agency("oslo"), &three), (agency("turku"), &four)];
    let total = aggregate(&releases).unwrap();
    assert_eq!((total.agencies, total.clusters, total.rows.len()), (4, 40, 1));
    let row = total.row(&"4.1.3".parse().unwrap()).unwrap();
    let (group, small) = ([Cause::Group].into_iter().collect(), [Cause::Group, Cause::Small].into_iter().collect());
    let sum = |count, hidden_in, upper, causes| Sum { count, hidden_in, lower: count, upper, causes };
    assert_eq!(row.unknown, sum(0, 2, 11, group));
    assert_eq!(row.cells, [sum(0, 2, 11, group), sum(5, 2, 16, group), sum(15, 2, 26, group), sum(4, 3, 20, small), sum(0, 3, 16, small)]);
    assert_eq!(total.hidden_cells(), 6);
}

#[test]
fn the_order_does_not_matter_and_a_later_version_replaces() {
    let old = with_row(19, [GROUP; 6]);
    let new = Release {
        version: 2,
        reason: Some("Corrected".parse().unwrap()),
        ..with_row(10, [count(0), count(0), count(0), count(6), count(4), count(0)])
    };
    let other = with_row(7, [count(0), count(0), count(0), count(0), count(0), count(7)]);
    let releases = [(agency("lyon"), &old), (agency("oslo"), &other), (agency("lyon"), &new), (agency("oslo"), &other)];
    let expected = aggregate(&[(agency("lyon"), &new), (agency("oslo"), &other)]).unwrap();
    assert_eq!((expected.agencies, expected.clusters), (2, 17));
    for rotation in 0..4 {
        let mut rotated = releases.clone();
        rotated.rotate_left(rotation);
        assert_eq!(aggregate(&rotated).as_ref(), Ok(&expected));
        rotated.reverse();
        assert_eq!(aggregate(&rotated).as_ref(), Ok(&expected));
    }
}

#[test]
fn mixtures_are_refused() {
    let ours = with_row(7, [GROUP; 6]);
    let both = |other: &Release| aggregate(&[(agency("lyon"), &ours), (agency("oslo"), other)]);
    let mut other = ours.clone();
    other.catalogue.hash = Hash::default();
    assert!(matches!(both(&other), Err(AggregateError::MixedCatalogues { agency, .. }) if agency.as_str() == "oslo"));
    let other = Release { period: "2027-Q1".parse().unwrap(), ..ours.clone() };
    assert!(matches!(both(&other), Err(AggregateError::MixedPeriods { agency, .. }) if agency.as_str() == "oslo"));
    let other = Release { version: 0, ..ours.clone() };
    assert!(matches!(both(&other), Err(AggregateError::Void { .. })));
    let other = Release { population: 8, ..ours.clone() };
    let contradiction = aggregate(&[(agency("lyon"), &ours), (agency("lyon"), &other)]);
    assert_eq!(contradiction, Err(AggregateError::Contradiction { agency: agency("lyon"), version: 1 }));
    assert_eq!(aggregate(&[]), Err(AggregateError::Empty));
}

#[test]
fn the_table_for_people_has_one_line_a_cell() {
    let total = aggregate(&[(agency("lyon"), &with_row(19, [count(0), count(0), count(5), count(9), SMALL, SMALL]))]).unwrap();
    let text = to_csv(&total);
    let lines: Vec<_> = text.split("\r\n").collect();
    let source = format!("ecei-2026,{},2026-Q4,1,19", Catalogue::ecei().hash());
    assert_eq!(lines[0], "catalogue,catalogue_hash,period,agencies,clusters,indicator,level,count,hidden_in,upper");
    assert_eq!(lines[2], format!("{source},4.1.3,1,5,0,5"));
    assert_eq!(lines[5], format!("{source},4.1.3,4,0,1,5"));
    assert_eq!(lines[6], format!("{source},4.1.3,unknown,0,0,0"));
    assert_eq!((lines.len(), lines[7]), (8, ""));
}

#[test]
fn fields_are_quoted_where_they_must_be() {
    for (text, field) in [
        ("4.1.3", "4.1.3"),
        ("a,b", "\"a,b\""),
        ("say \"x\"", "\"say \"\"x\"\"\""),
        ("a\nb", "\"a\nb\""),
        ("=1+1", "'=1+1"),
        ("@x,\"", "\"'@x,\"\"\""),
        ("", ""),
    ] {
        assert_eq!(csv_field(text), field, "{text:?}");
    }
}
