//! The four records: their texts, and that nothing else is read.

use super::*;
use crate::record::Record;
use crate::statistics::{Cell, Reason, Row};

const PROTOCOL: &str = include_str!("../../../../../docs/protocol.md");

/// Five agencies with three clusters each, one indicator.
fn example() -> (Plan, Attempt) {
    let known = || Known { units: 3, floors: vec![[2, 0, 0, 1, 0, 0]] };
    let names = ["lyon", "madrid", "munich", "oslo", "stuttgart"];
    let seats = names.map(|name| Seat { agency: name.parse().unwrap(), groups: vec![known()] });
    let (catalogue, groups) = (Catalogue::ecei().reference(), vec![Group { value: None }]);
    let rule = Disclosure::new(5, 2);
    let plan = Plan::new(catalogue, period(), groups, vec!["4.1.3".parse().unwrap()], seats.into(), &rule).unwrap();
    let first = plan.first().unwrap();
    (plan, first)
}

fn records() -> Vec<Record> {
    let (plan, first) = example();
    let (attempt, round, set) = (1, *first.round(), *first.set());
    let values = Vector::new(vec![0, 0, 0, 3, 0, 0]).unwrap();
    let sum = |member: &str| Sum { attempt, member: member.parse().unwrap(), round, salt: Hash([7; 32]), set, values: values.clone() };
    let hash = sum("oslo").commitment().unwrap();
    let faults = vec![Named { agency: Some("lyon".parse().unwrap()), fault: Fault::Share }];
    let sums: Vec<_> = first.members().iter().map(|member| signed(sum(member.as_str()))).collect();
    let total = PoolTotal::of(&plan, &first, &sums).unwrap();
    vec![
        Record::PoolHash(PoolHash { attempt, hash, round, set }),
        Record::PoolReady(PoolReady { attempt, round, set }),
        Record::PoolFault(PoolFault { attempt, faults, round, set }),
        Record::PoolTotal(Box::new(total)),
    ]
}

#[test]
fn the_protocol_shows_each_record_as_it_is_written() {
    let (plan, first) = example();
    let mut lines: Vec<_> = records().iter().map(|record| String::from_utf8(record.to_text().unwrap()).unwrap()).collect();
    lines.push(format!("round {}", first.round()));
    lines.push(format!("table {}", first.table()));
    lines.push(format!("set   {}", first.set()));
    lines.push(format!("plan  {}", String::from_utf8(crate::canonical::encode(&plan, limits::DOCUMENT_BYTES).unwrap()).unwrap()));
    lines.retain(|line| !PROTOCOL.contains(line));
    assert!(lines.is_empty(), "docs/protocol.md lacks:\n{}", lines.join("\n"));
}

#[test]
fn a_record_survives_its_text_and_nothing_else_does() {
    for record in records() {
        let text = record.to_text().unwrap();
        assert_eq!(Record::read(&text).as_ref(), Ok(&record));
        let text = String::from_utf8(text).unwrap();
        for bad in [
            text.replace("\"attempt\":1", "\"attempt\":\"1\""),
            text.replace("\"attempt\":1", "\"attempt\":4294967296"),
            text.replace("\"attempt\":1", "\"a\":1,\"attempt\":1"),
            text.replace("\"attempt\":1,", ""),
            text.replace("{\"body\"", "{\"about\":[\"0000000000000000000000000000000000000000000000000000000000000000\"],\"body\""),
        ] {
            assert!(Record::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}

#[test]
fn a_total_is_checked_against_the_plan() {
    let (plan, first) = example();
    let Some(Record::PoolTotal(good)) = records().pop() else { unreachable!() };
    assert_eq!(good.check(&plan), Ok(first));
    let broken = |change: &dyn Fn(&mut PoolTotal)| {
        let mut total = (*good).clone();
        change(&mut total);
        total.check(&plan)
    };
    let void = |what| Err(PoolError::Void(what));
    assert_eq!(broken(&|total| total.members.swap(0, 1)), void("its members"));
    assert_eq!(broken(&|total| total.round = Hash::default()), void("its round"));
    assert_eq!(broken(&|total| total.period = "2027-Q1".parse().unwrap()), void("its round"));
    assert_eq!(broken(&|total| total.set = Hash::default()), void("its set"));
    assert_eq!(broken(&|total| total.attempt = 2), void("its set"));
    assert_eq!(broken(&|total| drop(total.groups.pop())), void("its set"));
    assert_eq!(broken(&|total| drop(total.members.pop())), Err(PoolError::TooFew { needed: 5, found: 4 }));
    assert_eq!(broken(&|total| total.groups[0].population += 1), void("its groups"));
    assert_eq!(broken(&|total| total.groups[0].value = Some("FR".parse().unwrap())), void("its groups"));
    assert_eq!(broken(&|total| total.groups[0].rows[0].indicator = "1.1".parse().unwrap()), void("its rows"));
    assert_eq!(broken(&|total| total.groups[0].rows.clear()), void("its rows"));
    let count = |cells: [u32; 5]| cells.map(Cell::Count);
    let row = |cells, unknown| Row { indicator: "4.1.3".parse().unwrap(), cells, unknown };
    for bad in [row(count([0, 4, 11, 0, 0]), Cell::Count(0)), row(count([0, 0, 16, 0, 0]), Cell::Count(0))] {
        assert_eq!(broken(&|total| total.groups[0].rows = vec![bad.clone()]), void("what it discloses"));
    }
    let hidden = Cell::Hidden(Reason::Group);
    assert!(broken(&|total| total.groups[0].rows = vec![row([hidden; 5], hidden)]).is_ok());
}

#[test]
fn sums_that_open_to_no_table_are_refused() {
    let (plan, first) = example();
    let total = |counts: [u64; 6]| {
        let zero = Vector::new(vec![0; 6]).unwrap();
        let sum = |values: Vector, member: &AgencyId| {
            signed(Sum { attempt: 1, member: member.clone(), round: *first.round(), salt: Hash::default(), set: *first.set(), values })
        };
        let sums = first
            .members()
            .iter()
            .enumerate()
            .map(|(at, member)| sum(if at == 0 { Vector::new(counts.to_vec()).unwrap() } else { zero.clone() }, member));
        PoolTotal::of(&plan, &first, &sums.collect::<Vec<_>>()).map(drop)
    };
    assert_eq!(total([0, 0, 0, 15, 0, 0]), Ok(()));
    assert_eq!(total([10, 0, 0, 5, 0, 0]), Ok(()));
    assert_eq!(total([0, 0, 0, 16, 0, 0]), Err(PoolError::Levels), "one more than the register has");
    assert_eq!(total([0, 0, 0, 14, 0, 0]), Err(PoolError::Levels));
    assert_eq!(total([11, 0, 0, 4, 0, 0]), Err(PoolError::Levels), "five labels prove level 2");
    // Counts near the modulus wrap to the right sum modulo the prime, and are no counts.
    assert_eq!(total([PRIME - 1, 16, 0, 0, 0, 0]), Err(PoolError::Levels));
    assert_eq!(total([u64::from(u32::MAX), 0, 0, 15, 0, 0]), Err(PoolError::Levels));
}

#[test]
fn the_largest_total_fits_a_record() {
    let rows = |count: usize| {
        let hidden = Cell::Hidden(Reason::Population);
        (0..count).map(|n| Row { indicator: format!("{n:016}").parse().unwrap(), cells: [hidden; 5], unknown: hidden }).collect()
    };
    let total = PoolTotal {
        attempt: 3,
        catalogue: Catalogue::ecei().reference(),
        groups: vec![PoolGroup { population: u32::MAX, rows: rows(limits::POOL_ROWS), value: Some("x".repeat(200).parse().unwrap()) }],
        members: (0..limits::MEMBERS).map(|n| format!("{n:032}").parse().unwrap()).collect(),
        period: period(),
        round: Hash::default(),
        set: Hash::default(),
    };
    let record = Record::PoolTotal(Box::new(total));
    assert!(record.to_text().unwrap().len() <= limits::RECORD_BYTES);
}
