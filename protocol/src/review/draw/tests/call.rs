use super::*;
use crate::keys::{KeyError, Purpose};
use crate::label::LabelId;
use crate::limits;
use crate::review::panel::Case;

#[test]
fn a_call_keeps_its_bounds() {
    let ok = |change: fn(&mut Call)| {
        let mut call = call("a");
        change(&mut call);
        call.well_formed()
    };
    let dates = |earlier, later| Err(ReviewError::Dates { earlier, later });
    assert_eq!(ok(|_| ()), Ok(()));
    assert_eq!(ok(|call| call.until = call.created.plus(WINDOW_SECONDS)), Ok(()));
    let window = dates("a day after the call", "the end of the time for commitments");
    assert_eq!(ok(|call| call.until = call.created.plus(WINDOW_SECONDS - 1)), window);
    assert_eq!(ok(|call| call.until = Timestamp::default()), window);
    assert_eq!(ok(|call| call.assessed = "2026-12".parse().unwrap()), dates("the assessment", "the call"));
    assert!(matches!(ok(|call| call.owner = "agency-02".parse().unwrap()), Err(ReviewError::OtherOwner { .. })));
    assert_eq!(ok(|call| call.heads.push(call.heads[0].clone())), Err(ReviewError::Heads));
    let many = |count: usize| {
        let head = |number| HeadRef { log: LogId::first(agency(&format!("agency-{number:04}"))), root: Hash::default(), size: 1 };
        Call { heads: (0..count).map(head).collect(), ..call("a") }.well_formed()
    };
    assert_eq!(many(limits::MEMBERS), Ok(()));
    assert_eq!(many(limits::MEMBERS + 1), Err(ReviewError::Heads));
}

/// A signature for any other purpose, by anybody else, or in another federation says nothing.
fn only_for_its_purpose<T: Statement + Clone>(body: T) {
    let text = crate::canonical::encode(&body, limits::DRAW_BYTES).unwrap();
    for purpose in Purpose::ALL {
        let signature = key(body.author()).sign(purpose, &federation(), &text);
        let signed = Signed { body: body.clone(), signature };
        assert_eq!(keys().verify(&signed).is_ok(), purpose == T::PURPOSE, "{purpose:?}");
    }
    let signed = signed(body);
    let elsewhere = Keys { federation: &Fingerprint::NONE, ..keys() };
    assert!(matches!(elsewhere.verify(&signed), Err(DrawError::Review(ReviewError::Signature { cause: KeyError::Forged, .. }))));
    let nobody = Keys { issue: &|_| vec![], ..keys() };
    assert_eq!(nobody.verify(&signed).map(drop), Err(DrawError::NoKey(signed.body.author().clone())));
    // An earlier key of the author counts beside the one in force.
    let rotated = |author: &AgencyId| vec![SecretKey::from_seed(&[3; 32]).public(), key(author).public()];
    assert!(Keys { issue: &rotated, ..keys() }.verify(&signed).is_ok());
}

#[test]
fn a_signature_is_good_for_one_purpose() {
    let charter = members_of(4, false);
    let withheld = draw(&charter, &call("a"), &[Parties::of(&charter, &call("a")).unwrap().order()[1].clone()]);
    only_for_its_purpose(withheld.call.body);
    only_for_its_purpose(withheld.commitments[0].body.clone());
    only_for_its_purpose(withheld.selection.body);
    let [Disclosed::Contributor { opening }, Disclosed::Holders { releases, .. }] = &withheld.disclosed[..] else {
        panic!("one opens, one does not")
    };
    only_for_its_purpose(opening.body.clone());
    only_for_its_purpose(releases[0].body.clone());
}

fn contradiction<T: Once>(one: T, other: T) -> Option<Contradiction> {
    let (one, other) = (signed(one), signed(other));
    contradict(keys().verify(&one).unwrap(), keys().verify(&other).unwrap()).unwrap()
}

#[test]
fn an_owner_that_calls_twice_for_one_cycle_contradicts_itself() {
    let (one, other) = (call("a"), call("b"));
    let evidence =
        Contradiction { author: one.owner.clone(), purpose: Purpose::DrawCall, first: one.hash().unwrap(), second: other.hash().unwrap() };
    assert_eq!(contradiction(one.clone(), other), Some(evidence));
    assert_eq!(contradiction(one.clone(), one.clone()), None);
    // Whatever else it changes.
    assert!(contradiction(one.clone(), Call { assessed: "2026-09".parse().unwrap(), heads: vec![], ..call("a") }).is_some());
    assert!(contradiction(one.clone(), Call { charter: 2, ..call("a") }).is_some());
    // Another cluster, level, or the cycle after the next label: another ranking.
    assert_eq!(contradiction(one.clone(), Call { level: Level::Silver, ..call("a") }), None);
    assert_eq!(contradiction(one.clone(), Call { cluster: ClusterId::new(&one.owner, [8; 12]), ..call("a") }), None);
    assert_eq!(contradiction(one, Call { after: Some(LabelId(Hash::default())), ..call("a") }), None);
}

#[test]
fn a_call_that_skips_or_repeats_a_cycle_is_refused_by_who_knows_the_register() {
    let (first, second) = (LabelId(Hash::of(&[b"1"])), LabelId(Hash::of(&[b"2"])));
    let renewal = Call { after: Some(first), ..call("a") };
    assert_eq!((call("a").continues(None), renewal.continues(Some(&first))), (Ok(()), Ok(())));
    assert_eq!(call("a").continues(Some(&first)), Err(DrawError::OtherCycle));
    assert_eq!(renewal.continues(Some(&second)), Err(DrawError::OtherCycle));
    assert_eq!(renewal.continues(None), Err(DrawError::OtherCycle));
}

#[test]
fn a_call_is_for_one_assessment() {
    let call = call("a");
    let case = Case { owner: &call.owner, cluster: Some(&call.cluster), scheme: &call.scheme, at: call.assessed };
    assert!(call.concerns(case, Level::Gold));
    assert!(!call.concerns(case, Level::Silver));
    assert!(!call.concerns(Case { cluster: None, ..case }, Level::Gold));
    assert!(call.concerns(Case { at: call.assessed.plus(1), ..case }, Level::Gold), "assessed again in the same cycle");
    assert!(!call.concerns(Case { at: "2026-09".parse().unwrap(), ..case }, Level::Gold));
    let (other, scheme) = (agency("agency-02"), "other".parse().unwrap());
    assert!(!call.concerns(Case { owner: &other, ..case }, Level::Gold));
    assert!(!call.concerns(Case { scheme: &scheme, ..case }, Level::Gold));
}

#[test]
fn whoever_says_two_things_in_one_draw_leaves_evidence() {
    let charter = members_of(5, false);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let contributor = &parties.order()[0];
    let [one, other] =
        [[1; 32], [2; 32]].map(|value| Dealing::new(&parties, contributor, Value::new(value)).unwrap().commitment(committed()));
    assert!(contradiction(one.clone(), other.clone()).is_some());
    assert_eq!(contradiction(one.clone(), Commitment { call: Hash::default(), ..other }), None);

    let all = commitments(&parties, 3);
    let [first, second] = [selection(&parties, &all[..2], committed()), selection(&parties, &all, committed())];
    assert!(contradiction(first.body.clone(), second.body.clone()).is_some());

    let opened = |selection: &SignedSelection, count: usize| {
        let selected = Selected::verify(&parties, &call("a"), keys(), selection, &all[..count]).map(|selected| *selected.hash());
        Opening {
            call: *parties.call(),
            contributor: contributor.clone(),
            selection: selected.unwrap(),
            value: value_of(&parties, contributor),
        }
    };
    assert!(contradiction(opened(&first, 2), opened(&second, 3)).is_some());
    let released = |selection: Hash, of: &AgencyId| Release {
        call: *parties.call(),
        contributor: of.clone(),
        holder: parties.owner().clone(),
        selection,
        share: dealing(&parties, of).share(std::num::NonZeroU8::MIN),
    };
    let [here, there] = [&first, &second].map(|selection| selection.body.hash().unwrap());
    assert!(contradiction(released(here, contributor), released(there, contributor)).is_some());
    assert_eq!(contradiction(released(here, contributor), released(here, &parties.order()[1])), None);
    assert_eq!(contradiction(one, all[1].body.clone()), None);
}
