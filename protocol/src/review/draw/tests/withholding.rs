use std::collections::BTreeSet;

use super::*;

fn federations() -> impl Iterator<Item = (String, Charter)> {
    let all =
        (2..=12).flat_map(|size| [false, true].map(|parents| (format!("{size} members, parents: {parents}"), members_of(size, parents))));
    all.filter(|(_, charter)| Parties::of(charter, &call("a")).is_ok())
}

/// All subsets of that size.
fn subsets<T: Clone>(items: &[T], size: usize) -> Vec<Vec<T>> {
    match (size, items) {
        (0, _) => vec![vec![]],
        (_, []) => vec![],
        (_, [first, rest @ ..]) => {
            let with = subsets(rest, size - 1).into_iter().map(|subset| [vec![first.clone()], subset].concat());
            with.chain(subsets(rest, size)).collect()
        }
    }
}

#[test]
fn whoever_withholds_changes_nothing() {
    let mut seen = 0;
    for (name, charter) in federations() {
        let all: Vec<_> = charter.members.iter().map(|member| member.id.clone()).collect();
        let parties = Parties::of(&charter, &call("a")).unwrap();
        let opened = draw(&charter, &call("a"), &[]).verify(&charter, keys()).unwrap();
        assert!(opened.contributions().iter().all(|part| part.how == How::Opened), "{name}");
        let contributors = &parties.order()[..parties.needed()];
        for withhold in subsets(contributors, 1).into_iter().chain(subsets(contributors, 2)) {
            let recovered = draw(&charter, &call("a"), &withhold).verify(&charter, keys()).unwrap();
            assert_eq!((recovered.seed(), recovered.ranking(&all)), (opened.seed(), opened.ranking(&all)), "{name}: {withhold:?}");
            let said: Vec<_> =
                recovered.contributions().iter().filter(|part| part.how == How::Recovered).map(|part| &part.contributor).collect();
            assert_eq!(said, withhold.iter().collect::<Vec<_>>(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn any_shares_that_are_enough_give_the_value_and_fewer_give_nothing() {
    for (name, charter) in federations() {
        let parties = Parties::of(&charter, &call("a")).unwrap();
        for contributor in parties.order() {
            let dealing = dealing(&parties, contributor);
            let commitment = dealing.commitment(committed());
            let holders: Vec<_> = parties
                .holders(contributor)
                .unwrap()
                .into_iter()
                .map(|(place, agencies)| (place, agencies.first().map(|a| (*a).clone()).unwrap()))
                .collect();
            let (list, needed) = (dealing.list(), parties.threshold());
            for size in [needed - 1, needed] {
                for some in subsets(&holders, size) {
                    let mut recovery = Recovery::new(&parties, &commitment, &list).unwrap();
                    for (place, holder) in &some {
                        recovery.add(holder, &dealing.share(*place)).unwrap();
                    }
                    let expected = if size == needed {
                        Ok(Recovered::Value(value_of(&parties, contributor)))
                    } else {
                        Err(DrawError::TooFewShares { contributor: contributor.clone(), needed, found: size })
                    };
                    assert_eq!(recovery.finish(), expected, "{name}: {contributor} from {some:?}");
                }
            }
        }
    }
}

/// The owner with as many others as may lie has no more than chance. Nor has anybody else alone.
#[test]
fn the_owner_with_as_many_as_may_lie_is_one_share_short() {
    for (name, charter) in federations() {
        let parties = Parties::of(&charter, &call("a")).unwrap();
        let groups = parties.order().len();
        if groups == 1 {
            continue;
        }
        let liars = crate::log::quorum::tolerated(groups);
        for contributor in parties.order() {
            let others: Vec<_> = parties.order().iter().filter(|agency| *agency != contributor).cloned().collect();
            for liars in subsets(&others, liars) {
                // All agencies under one parent bring one share.
                let coalition = charter.members.iter().map(|member| &member.id).filter(|agency| {
                    let group = charter.group(agency);
                    group == charter.group(parties.owner()) || liars.iter().any(|liar| charter.group(liar) == group)
                });
                let places: BTreeSet<_> = coalition.filter_map(|agency| parties.place(agency, contributor).ok()).collect();
                assert_eq!(places.len() + 1, parties.threshold(), "{name}: {liars:?} against {contributor}");
            }
        }
    }
}

#[test]
fn wrong_and_foreign_shares_are_named_and_change_nothing() {
    let charter = members_of(8, true);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let contributor = parties.order()[0].clone();
    let dealing = dealing(&parties, &contributor);
    let commitment = dealing.commitment(committed());
    let mut recovery = Recovery::new(&parties, &commitment, &dealing.list()).unwrap();
    let holders = parties.holders(&contributor).unwrap();
    let wrong = |holder: &AgencyId| Err(DrawError::WrongShare { holder: holder.clone(), contributor: contributor.clone() });
    for (place, agencies) in &holders {
        let right = dealing.share(*place);
        let elsewhere = holders.keys().find(|other| *other != place).copied().unwrap();
        for holder in agencies {
            for bit in 0..256 {
                let mut bytes = *right.value.as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(recovery.add(holder, &Share { place: *place, value: Value::new(bytes) }), wrong(holder));
            }
            assert_eq!(recovery.add(holder, &dealing.share(elsewhere)), wrong(holder), "another's share");
            assert_eq!(recovery.add(holder, &Share { place: elsewhere, ..right.clone() }), wrong(holder));
        }
    }
    let stranger = agency("paris");
    let refused = |agency: &AgencyId| Err(DrawError::NotAHolder { agency: agency.clone(), contributor: contributor.clone() });
    let share = dealing.share(std::num::NonZeroU8::MIN);
    assert_eq!(recovery.add(&stranger, &share), refused(&stranger));
    assert_eq!(recovery.add(&contributor, &share), refused(&contributor));
    assert!(matches!(recovery.finish(), Err(DrawError::TooFewShares { found: 0, .. })));
    // A group has one share, however many of its agencies give it.
    for agencies in holders.values().take(parties.threshold()) {
        for holder in agencies {
            recovery.add(holder, &dealing.share(parties.place(holder, &contributor).unwrap())).unwrap();
        }
    }
    assert_eq!(recovery.finish(), Ok(Recovered::Value(value_of(&parties, &contributor))));
}

#[test]
fn a_holder_takes_no_share_that_could_not_be_used() {
    let charter = members_of(5, false);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let (contributor, holder) = (&parties.order()[0], &parties.order()[3]);
    let dealing = dealing(&parties, contributor);
    let place = parties.place(holder, contributor).unwrap();
    let deal = Deal { commitment: signed(dealing.commitment(committed())), share: dealing.share(place), shares: dealing.list() };
    assert_eq!(deal.check(&parties, holder), Ok(()));
    assert!(matches!(deal.check(&parties, &parties.order()[2]), Err(DrawError::WrongShare { .. })));
    let changed = |change: fn(&mut Deal)| {
        let mut deal = deal.clone();
        change(&mut deal);
        deal.check(&parties, holder)
    };
    let list = Err(DrawError::WrongList(contributor.clone()));
    assert_eq!(changed(|deal| deal.shares.swap(0, 1)), list);
    assert_eq!(changed(|deal| deal.shares.truncate(1)), list);
    assert_eq!(changed(|deal| deal.shares.push(Hash::default())), list);
    assert_eq!(changed(|deal| deal.commitment.body.shares = Hash::default()), list);
    assert_eq!(changed(|deal| deal.commitment.body.call = Hash::default()), Err(DrawError::OtherCall(contributor.clone())));
}

/// Everything that is committed to hangs on call and contributor: nobody can repeat another's commitment as its own.
#[test]
fn a_copied_commitment_opens_nothing() {
    let charter = members_of(5, false);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let [first, second] = [0, 1].map(|at| parties.order()[at].clone());
    let value = value_of(&parties, &first);
    let copied = Commitment { contributor: second.clone(), ..dealing(&parties, &first).commitment(committed()) };
    let opened = Dealing::new(&parties, &second, value.clone()).unwrap();
    assert_eq!(opened.check(&copied), Err(DrawError::WrongValue(second.clone())));
    let other = Parties::of(&charter, &call("b")).unwrap();
    let position = other.position(&first).unwrap();
    let there = Dealing::new(&other, &other.order()[position], value).unwrap().commitment(committed());
    let here = dealing(&parties, &first).commitment(committed());
    assert!(there.value != here.value && there.shares != here.shares);
}
