//! Whether a round opens, and what names it.

use super::*;

fn round(plan: &Plan) -> Hash {
    *plan.round()
}

#[test]
fn five_members_are_needed_and_agencies_without_units_are_none() {
    assert_eq!(plan_of(&[9, 9, 9, 9]).first(), Err(PoolError::TooFew { needed: 5, found: 4 }));
    assert_eq!(plan_of(&[9, 9, 9, 9, 0]).first(), Err(PoolError::TooFew { needed: 5, found: 4 }));
    assert_eq!(plan_of(&[9, 9, 9, 9, 1]).first().unwrap().members().len(), 5);
    assert_eq!(plan_of(&[]).first(), Err(PoolError::TooFew { needed: 5, found: 0 }));
}

#[test]
fn the_minimum_is_met_without_any_two() {
    assert_eq!(plan_of(&[50, 50, 1, 1, 0]).first(), Err(PoolError::TooFew { needed: 5, found: 4 }));
    // Three are left of which two units could be singled out.
    assert!(plan_of(&[50, 1, 50, 1, 1]).first().is_ok(), "1 + 1 + 1 is the minimum of 3");
    let narrow = |minimum| {
        let plan = plan_of(&[50, 1, 50, 1, 1]);
        let rule = Disclosure::new(minimum, 1);
        let seats = plan
            .agencies()
            .zip([50, 1, 50, 1, 1])
            .map(|(agency, units)| Seat { agency: agency.clone(), groups: vec![Known { units, floors: vec![[units, 0, 0, 0, 0, 0]; 2] }] });
        let seats = seats.collect();
        Plan::new(plan.catalogue().clone(), period(), plan.groups().to_vec(), plan.indicators().to_vec(), seats, &rule).unwrap()
    };
    assert!(narrow(3).first().is_ok());
    assert_eq!(narrow(4).first(), Err(PoolError::TooSmall));
}

/// Two groups, so many units of each agency in each.
fn two_groups(units: &[[u32; 2]]) -> Plan {
    let known = |units: u32| Known { units, floors: vec![[units, 0, 0, 0, 0, 0]; 2] };
    let seat = |(at, units): (usize, &[u32; 2])| Seat { agency: agency(at + 1), groups: units.iter().map(|units| known(*units)).collect() };
    let groups = vec![Group { value: Some("FR".parse().unwrap()) }, Group { value: None }];
    let indicators = INDICATORS.iter().map(|code| code.parse().unwrap()).collect();
    let seats = units.iter().enumerate().map(seat).collect();
    Plan::new(Catalogue::ecei().reference(), period(), groups, indicators, seats, &rule()).unwrap()
}

#[test]
fn a_group_that_two_could_make_up_is_left_out_of_the_vectors() {
    let plan = two_groups(&[[9, 2], [9, 2], [0, 2], [1, 2], [1, 2]]);
    let first = plan.first().unwrap();
    assert_eq!((first.groups(), first.counters(&plan), plan.counters()), ([1].as_slice(), 12, 24));
    assert_eq!(first.select(&plan, &(0..24).collect::<Vec<_>>()), (12..24).collect::<Vec<_>>());
    let wide = two_groups(&[[9, 2], [9, 2], [1, 2], [1, 2], [1, 2]]);
    assert_eq!(wide.first().unwrap().groups(), [0, 1]);
    assert_ne!(first.table(), wide.first().unwrap().table());
    // Where a member leaves, a group may have to leave too.
    let six = two_groups(&[[9, 2], [9, 2], [1, 2], [1, 2], [1, 2], [1, 2]]);
    let fewer = six.agencies().skip(1).cloned().collect();
    assert_eq!((six.first().unwrap().groups(), six.attempt(2, &fewer).unwrap().groups()), ([0, 1].as_slice(), [0, 1].as_slice()));
    let fewer = six.agencies().take(5).cloned().collect();
    assert_eq!(six.attempt(2, &fewer).unwrap().groups(), [0, 1]);
    let none = two_groups(&[[3, 0], [3, 0], [1, 1], [1, 1], [0, 3]]);
    assert_eq!(none.first(), Err(PoolError::TooSmall), "no group is left");
}

#[test]
fn whatever_is_public_is_in_the_rounds_name() {
    let base = round(&plan(6));
    assert_eq!(round(&plan(6)), base);
    assert_ne!(round(&plan(7)), base);
    assert_ne!(round(&plan_of(&[2, 3, 4, 2, 3, 3])), base);
    let with = |period: Period, groups: Vec<Group>, minimum| {
        let plan = plan(6);
        let seats = (1..=6).map(|number| {
            let units = u32::try_from(2 + (number - 1) % 3).unwrap();
            Seat { agency: agency(number), groups: vec![Known { units, floors: vec![[units - 1, 0, 0, 1, 0, 0]; 2] }] }
        });
        let rule = Disclosure::new(minimum, 1);
        let parts = (plan.catalogue().clone(), plan.indicators().to_vec(), seats.collect());
        round(&Plan::new(parts.0, period, groups, parts.1, parts.2, &rule).unwrap())
    };
    let all = || vec![Group { value: None }];
    assert_eq!(with(period(), all(), 3), base);
    assert_ne!(with("2027-Q1".parse().unwrap(), all(), 3), base);
    assert_ne!(with(period(), vec![Group { value: Some("FR".parse().unwrap()) }], 3), base);
    assert_ne!(with(period(), all(), 4), base);
}

#[test]
fn a_plan_survives_its_text() {
    let plan = plan(6);
    assert_eq!(Plan::read(&plan.to_text().unwrap()).as_ref(), Ok(&plan));
    let text = String::from_utf8(plan.to_text().unwrap()).unwrap();
    assert!(matches!(Plan::read(text.replace("\"units\":2", "\"units\":3").as_bytes()), Err(PoolError::Plan)));
}

#[test]
fn attempts_and_sets_have_names_of_their_own() {
    let plan = plan(7);
    let first = plan.first().unwrap();
    let six = plan.agencies().take(6).cloned().collect();
    let second = plan.attempt(2, &six).unwrap();
    assert_ne!(first.set(), second.set());
    assert_ne!(second.set(), plan.attempt(3, &six).unwrap().set());
    assert_eq!((first.table(), first.round()), (second.table(), second.round()));
    assert_eq!(plan.attempt(4, &six), Err(PoolError::Attempts));
    assert_eq!(plan.attempt(0, &six), Err(PoolError::Attempts));
    let stranger = [agency(1), agency(99)].into();
    assert_eq!(plan.attempt(2, &stranger), Err(PoolError::NotAMember(agency(99))));
}

#[test]
fn later_sets_have_more_than_half_of_the_first_ones_members() {
    let plan = plan(12);
    let some = |count| plan.agencies().take(count).cloned().collect();
    assert_eq!(plan.attempt(2, &some(6)), Err(PoolError::TooFew { needed: 7, found: 6 }));
    assert!(plan.attempt(2, &some(7)).is_ok());
}

#[test]
fn parts_that_do_not_fit_make_no_plan() {
    let seat = |number: usize, floors: Vec<[u32; CELLS]>| Seat { agency: agency(number), groups: vec![Known { units: 3, floors }] };
    let make = |groups: Vec<Group>, codes: &[&str], seats: Vec<Seat>| {
        let indicators = codes.iter().map(|code| code.parse().unwrap()).collect();
        Plan::new(Catalogue::ecei().reference(), period(), groups, indicators, seats, &rule()).map(drop)
    };
    let all = || vec![Group { value: None }];
    let good = vec![[3, 0, 0, 0, 0, 0]; 2];
    assert_eq!(make(all(), &INDICATORS, vec![seat(1, good.clone())]), Ok(()));
    for bad in [
        make(all(), &["1.2", "1.1"], vec![seat(1, good.clone())]),
        make(all(), &INDICATORS, vec![seat(1, good.clone()), seat(1, good.clone())]),
        make(all(), &INDICATORS, vec![seat(1, good[..1].to_vec())]),
        make(all(), &INDICATORS, vec![seat(1, vec![[2, 0, 0, 0, 0, 0]; 2])]),
        make([all(), all()].concat(), &INDICATORS, vec![]),
        make(vec![], &INDICATORS, vec![]),
        make(all(), &[], vec![]),
    ] {
        assert_eq!(bad, Err(PoolError::Plan));
    }
    let many: Vec<_> = (0..=limits::POOL_ROWS).map(|n| format!("{n:04}")).collect();
    assert_eq!(make(all(), &many.iter().map(String::as_str).collect::<Vec<_>>(), vec![]), Err(PoolError::Plan));
}

#[test]
fn dates_follow_from_the_periods_end() {
    let at = |number| Calendar::new(period(), number);
    assert_eq!(at(1).start().to_string(), "2027-01-04T00:00:00Z");
    assert_eq!(at(1).given_up().to_string(), "2027-01-08T00:00:00Z");
    assert_eq!(at(1).opened().to_string(), "2027-01-10T00:00:00Z");
    assert_eq!(at(2).start().to_string(), "2027-01-11T00:00:00Z");
    assert_eq!(at(3).over().to_string(), "2027-01-26T00:00:00Z");
}
