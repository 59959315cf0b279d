//! Whether a commitment counts was settled when it was made. A contributor that prepares to be void, in order to see the other value and
//! then choose, has no choice.

use std::collections::BTreeSet;
use std::num::NonZeroU8;

use super::dealing::{list_hash, share_hash};
use super::*;

/// A contributor that dealt a wrong share to some places.
struct Cheat<'p> {
    parties: &'p Parties,
    contributor: AgencyId,
    wrong: BTreeSet<NonZeroU8>,
}

impl Cheat<'_> {
    fn share(&self, place: NonZeroU8) -> Share {
        let right = dealing(self.parties, &self.contributor).share(place);
        if self.wrong.contains(&place) {
            Share { place, value: Value::new(Hash::of(&[b"wrong", right.value.as_bytes()]).0) }
        } else {
            right
        }
    }

    fn list(&self) -> Vec<Hash> {
        let places = self.parties.holders(&self.contributor).unwrap().into_keys();
        places.map(|place| share_hash(self.parties, &self.contributor, &self.share(place))).collect()
    }

    fn commitment(&self) -> SignedCommitment {
        let places: Vec<_> = self.parties.holders(&self.contributor).unwrap().into_keys().collect();
        let shares = list_hash(self.parties, &places, &self.list());
        signed(Commitment { shares, ..dealing(self.parties, &self.contributor).commitment(committed()) })
    }
}

fn places(parties: &Parties, contributor: &AgencyId) -> Vec<NonZeroU8> {
    parties.holders(contributor).unwrap().into_keys().collect()
}

#[test]
fn a_commitment_with_one_wrong_share_is_void_for_every_subset_and_for_its_contributor() {
    let charter = members_of(8, false);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let contributor = parties.order()[0].clone();
    let all = places(&parties, &contributor);
    for wrong in [vec![all[0]], vec![all[6]], all[1..4].to_vec(), all.clone()] {
        let cheat = Cheat { parties: &parties, contributor: contributor.clone(), wrong: wrong.iter().copied().collect() };
        let commitment = cheat.commitment();
        for subset in 0u32..1 << all.len() {
            let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, place)| *place).collect();
            if some.len() != parties.threshold() {
                continue;
            }
            let mut recovery = Recovery::new(&parties, &commitment.body, &cheat.list()).unwrap();
            for place in some {
                let holder = parties.holders(&contributor).unwrap()[&place].first().map(|holder| (*holder).clone()).unwrap();
                // Each holder got what the contributor committed to for it, and cannot tell.
                let deal = Deal { commitment: commitment.clone(), share: cheat.share(place), shares: cheat.list() };
                deal.check(&parties, &holder).unwrap();
                recovery.add(&holder, &deal.share).unwrap();
            }
            assert_eq!(recovery.finish(), Ok(Recovered::Void), "{wrong:?} wrong, {subset:b} gave theirs");
        }
        assert_eq!(dealing(&parties, &contributor).check(&commitment.body), Err(DrawError::Void(contributor.clone())));
    }
}

#[test]
fn the_next_takes_the_place_of_a_void_one_and_nobody_has_a_choice() {
    let charter = members_of(6, true);
    let call = call("a");
    let parties = Parties::of(&charter, &call).unwrap();
    assert!(parties.order().len() > 2);
    let order = parties.order().to_vec();
    for void in 0..2 {
        let contributor = order[void].clone();
        let wrong = BTreeSet::from([places(&parties, &contributor)[0]]);
        let cheat = Cheat { parties: &parties, contributor: contributor.clone(), wrong };
        let mut all = commitments(&parties, 3);
        all[void] = cheat.commitment();
        let selection = selection(&parties, &all, committed());
        let selected = Selected::verify(&parties, &call, keys(), &selection, &all).unwrap();
        // Its own node does not open it; one that was changed could sign this.
        assert_eq!(selected.opening(&contributor, value_of(&parties, &contributor)), Err(DrawError::Void(contributor.clone())));
        let own = |contributor: &AgencyId| {
            let selection = *selected.hash();
            let value = value_of(&parties, contributor);
            let opening = Opening { call: *parties.call(), contributor: contributor.clone(), selection, value };
            Disclosed::Contributor { opening: Box::new(signed(opening)) }
        };
        let shown = by_holders(&selected, &parties, &contributor, &cheat.list(), |place| cheat.share(place));
        let with = |disclosed: Vec<Disclosed>| {
            let draw = Draw { call: signed(call.clone()), commitments: all.clone(), disclosed, selection: selection.clone() };
            draw.verify(&charter, keys())
        };
        let disclosed = |of_void: &Disclosed, count: usize| {
            let all = order[..count].iter().enumerate();
            all.map(|(at, contributor)| if at == void { of_void.clone() } else { own(contributor) }).collect::<Vec<_>>()
        };
        let drawn = with(disclosed(&shown, 3)).unwrap();
        let sound: Vec<_> = (0..3).filter(|at| *at != void).map(|at| value_of(&parties, &order[at])).collect();
        assert_eq!(drawn.seed(), &seed(parties.call(), &sound));
        assert_eq!(drawn.contributions()[void], Contribution { contributor: contributor.clone(), how: How::Void });
        // Whatever it opens, it does not count; and nobody is passed by without the proof.
        assert_eq!(with(disclosed(&own(&contributor), 2)), Err(DrawError::Void(contributor.clone())));
        assert_eq!(with(disclosed(&own(&contributor), 3)), Err(DrawError::Void(contributor.clone())));
        let short = with(disclosed(&shown, 2));
        assert_eq!(short, Err(DrawError::Unfinished { needed: 2, found: 1 }));
        let mut skipped = disclosed(&shown, 3);
        skipped.remove(void);
        assert!(matches!(with(skipped), Err(DrawError::Order | DrawError::WrongList(_))));
    }
}

/// A contributor that signs another value than it committed to would like to be void: it has withheld, and its shares count.
#[test]
fn an_opening_of_another_value_is_no_way_out() {
    let charter = members_of(6, false);
    let call = call("a");
    let parties = Parties::of(&charter, &call).unwrap();
    let contributor = parties.order()[1].clone();
    let mut draw = draw(&charter, &call, &[]);
    let expected = draw.verify(&charter, keys()).unwrap();
    let other = Value::new([9; 32]);
    let Disclosed::Contributor { opening } = &draw.disclosed[1] else { panic!("opened") };
    let body = Opening { value: other.clone(), ..opening.body.clone() };
    draw.disclosed[1] = Disclosed::Contributor { opening: Box::new(signed(body)) };
    assert_eq!(draw.verify(&charter, keys()), Err(DrawError::WrongValue(contributor.clone())));
    let selected = Selected::verify(&parties, &call, keys(), &draw.selection, &draw.commitments).unwrap();
    assert_eq!(selected.opening(&contributor, other), Err(DrawError::WrongValue(contributor.clone())));
    let dealing = dealing(&parties, &contributor);
    draw.disclosed[1] = by_holders(&selected, &parties, &contributor, &dealing.list(), |place| dealing.share(place));
    assert_eq!(draw.verify(&charter, keys()).unwrap().seed(), expected.seed());
}

/// In every federation, each contributor in turn does all that it can alone: it opens, withholds, opens something else, or deals wrongly. What comes
/// out is one seed for a sound commitment and one for a void one, whatever the other's value turns out to be.
#[test]
fn one_party_alone_gets_one_outcome() {
    for size in 4..=7 {
        let charter = members_of(size, false);
        let call = call("a");
        let parties = Parties::of(&charter, &call).unwrap();
        for at in 0..2 {
            let contributor = parties.order()[at].clone();
            let wrong = [BTreeSet::new(), BTreeSet::from([places(&parties, &contributor)[1]])];
            for wrong in wrong {
                let cheat = Cheat { parties: &parties, contributor: contributor.clone(), wrong };
                let mut all = commitments(&parties, 3);
                all[at] = cheat.commitment();
                let selection = selection(&parties, &all, committed());
                let selected = Selected::verify(&parties, &call, keys(), &selection, &all).unwrap();
                let open = |contributor: &AgencyId, value: Value| {
                    let opening = Opening { call: *parties.call(), contributor: contributor.clone(), selection: *selected.hash(), value };
                    Disclosed::Contributor { opening: Box::new(signed(opening)) }
                };
                let ways = [
                    open(&contributor, value_of(&parties, &contributor)),
                    open(&contributor, Value::new([0; 32])),
                    by_holders(&selected, &parties, &contributor, &cheat.list(), |place| cheat.share(place)),
                ];
                let mut outcomes = BTreeSet::new();
                for (way, count) in ways.iter().flat_map(|way| [(way, 2), (way, 3)]) {
                    let others = parties.order()[..count].iter().enumerate();
                    let disclosed =
                        others.map(|(place, other)| if place == at { way.clone() } else { open(other, value_of(&parties, other)) });
                    let disclosed = disclosed.collect();
                    let draw = Draw { call: signed(call.clone()), commitments: all.clone(), disclosed, selection: selection.clone() };
                    outcomes.extend(draw.verify(&charter, keys()).map(|drawn| *drawn.seed()));
                }
                assert_eq!(outcomes.len(), 1, "{size} members, contributor {at}");
            }
        }
    }
}
