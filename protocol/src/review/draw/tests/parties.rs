use std::collections::BTreeMap;

use super::*;
use crate::limits;

fn parties(charter: &Charter, salt: &str) -> Parties {
    Parties::of(charter, &call(salt)).unwrap()
}

#[test]
fn thresholds_leave_the_owner_and_its_accomplices_one_short() {
    for size in (2..=40).chain([100, 254, 255, 256, 257, limits::MEMBERS]) {
        let members = (1..=size).map(|number| format!("agency-{number:02}")).collect::<Vec<_>>();
        let mut members: Vec<_> = members.iter().map(|id| (id.as_str(), "DE", None)).collect();
        members.sort_unstable();
        let parties = parties(&charter(&members), "a");
        let (n, f) = (size - 1, (size - 1).div_ceil(3) - 1);
        let threshold = parties.threshold();
        assert_eq!((parties.order().len(), parties.needed()), (n.min(254), n.min(2)), "{size}");
        if n == 1 {
            // One group: its members are all there is to be drawn.
            assert_eq!((threshold, parties.receipts()), (1, 0));
            continue;
        }
        // The owner and f others do not open a value.
        assert_eq!(threshold, f + 2, "{size}");
        // The owner and those who said that they hold a share do, although the contributor and f - 1 of them keep theirs ...
        assert!(1 + parties.receipts() - f.saturating_sub(1) >= threshold, "{size}");
        // ... and f who do not answer keep no honest contributor from being selected.
        assert!(n.min(254) - 1 - f >= parties.receipts() || n > 254, "{size}");
        assert_eq!(parties.holders(&parties.order()[0]).unwrap().len(), n.min(254), "{size}");
    }
}

#[test]
fn a_group_is_one_and_the_owners_contributes_nothing() {
    let charter = members_of(9, true);
    let parties = parties(&charter, "a");
    // 01 and 02 are one, 03 stands alone, 04 and 05 are one and so on.
    let owner = agency("agency-01");
    let groups: BTreeMap<_, Vec<_>> = charter.members.iter().fold(BTreeMap::new(), |mut groups, member| {
        groups.entry(charter.group(&member.id)).or_insert_with(Vec::new).push(member.id.clone());
        groups
    });
    assert_eq!(parties.order().len(), groups.len() - 1);
    assert!(groups.len() < 9);
    let drawn: std::collections::BTreeSet<_> = parties.order().iter().map(|agency| charter.group(agency)).collect();
    assert!(drawn.len() == parties.order().len() && !drawn.contains(&charter.group(&owner)));

    let contributor = parties.order().iter().find(|agency| groups[&charter.group(agency)].len() == 2).unwrap();
    let holders = parties.holders(contributor).unwrap();
    assert_eq!(holders[&std::num::NonZeroU8::MIN].iter().copied().collect::<Vec<_>>(), [&owner, &agency("agency-02")]);
    for (group, members) in &groups {
        let places: Vec<_> = members.iter().map(|member| parties.place(member, contributor)).collect();
        if *group == charter.group(contributor) {
            let refused = |agency: &AgencyId| Err(DrawError::NotAHolder { agency: agency.clone(), contributor: contributor.clone() });
            assert_eq!(places, members.iter().map(refused).collect::<Vec<_>>());
        } else {
            assert!(places.iter().all(|place| place.is_ok() && *place == places[0]), "{group}: the same share for each");
        }
    }
    let idle = groups[&charter.group(contributor)].iter().find(|agency| *agency != contributor).unwrap();
    assert_eq!(parties.position(idle), Err(DrawError::NotAContributor(idle.clone())));
    assert_eq!(parties.position(&owner), Err(DrawError::NotAContributor(owner)));
}

#[test]
fn a_draw_needs_its_charter_and_somebody_else() {
    let of = |charter: &Charter, call: &Call| Parties::of(charter, call).map(drop);
    assert_eq!(of(&members_of(1, false), &call("a")), Err(DrawError::Nobody));
    let one_body = charter(&[("agency-01", "DE", Some("Land")), ("agency-02", "FR", Some("Land"))]);
    assert_eq!(of(&one_body, &call("a")), Err(DrawError::Nobody));
    let later = Call { charter: 2, ..call("a") };
    assert_eq!(of(&members_of(3, false), &later), Err(DrawError::OtherCharter { call: 2, given: 1 }));
    let stranger = charter(&[("lyon", "FR", None), ("oslo", "NO", None)]);
    assert_eq!(of(&stranger, &call("a")), Err(DrawError::NotAMember(agency("agency-01"))));
}

#[test]
fn every_pair_of_groups_contributes_equally_often_however_large() {
    // Of five groups besides the owner's one has three agencies.
    let large = Some("Large");
    let members = [
        ("agency-01", "DE", None),
        ("agency-02", "DE", large),
        ("agency-03", "DE", large),
        ("agency-04", "DE", large),
        ("agency-05", "DE", None),
        ("agency-06", "DE", None),
        ("agency-07", "DE", None),
        ("agency-08", "DE", None),
    ];
    let charter = charter(&members);
    let (mut pairs, mut inside): (BTreeMap<_, u32>, BTreeMap<_, u32>) = (BTreeMap::new(), BTreeMap::new());
    let mut random = Random(1);
    for _ in 0..20_000 {
        let parties = Parties::of(&charter, &Call { salt: Hash(random.bytes()), ..call("a") }).unwrap();
        let [first, second] = [0, 1].map(|at| charter.group(&parties.order()[at]));
        *pairs.entry((first, second)).or_default() += 1;
        let of_large = parties.order().iter().find(|agency| charter.group(agency) == "parent Large").unwrap();
        *inside.entry(of_large.clone()).or_default() += 1;
    }
    assert_eq!((pairs.len(), inside.len()), (20, 3));
    assert!(unevenness(&pairs.into_values().collect::<Vec<_>>()) < 4.0);
    assert!(unevenness(&inside.into_values().collect::<Vec<_>>()) < 4.0);
}

#[test]
fn a_commitment_is_worth_selecting_when_enough_groups_hold_their_share() {
    let charter = members_of(8, false);
    let parties = parties(&charter, "a");
    let contributor = parties.order()[0].clone();
    // n = 7, f = 2.
    assert_eq!((parties.threshold(), parties.receipts()), (4, 4));
    let others = &parties.order()[1..];
    let short = |found| Err(DrawError::TooFewShares { contributor: contributor.clone(), needed: 4, found });
    assert_eq!(parties.is_dealt(&contributor, &others[..4]), Ok(()));
    assert_eq!(parties.is_dealt(&contributor, &others[..3]), short(3));
    let twice = [&others[..3], &others[..1], &[parties.owner().clone(), contributor.clone(), agency("paris")]].concat();
    assert_eq!(parties.is_dealt(&contributor, &twice), short(3));
    assert_eq!(parties.is_dealt(&agency("paris"), others), Err(DrawError::NotAContributor(agency("paris"))));
}
