use super::*;

/// Six agencies, so five can contribute, and the call "a".
fn world() -> (Call, Parties) {
    let call = call("a");
    let parties = Parties::of(&members_of(6, false), &call).unwrap();
    (call, parties)
}

fn result(all: &[SignedCommitment], created: Timestamp) -> Result<(), DrawError> {
    let (call, parties) = world();
    let selection = selection(&parties, all, created);
    Selected::verify(&parties, &call, keys(), &selection, all).map(drop)
}

#[test]
fn a_selection_stands_in_the_calls_order() {
    let (_, parties) = world();
    let all = commitments(&parties, 5);
    for count in 2..=5 {
        assert_eq!(result(&all[..count], committed()), Ok(()));
    }
    assert_eq!(result(&all[..1], committed()), Err(DrawError::TooFewCommitments { needed: 2, found: 1 }));
    assert_eq!(result(&[all[1].clone(), all[0].clone()], call("a").until), Err(DrawError::Order));
    // One contributor, two values.
    let again = Dealing::new(&parties, &parties.order()[1], Value::new([1; 32])).unwrap().commitment(committed());
    assert_eq!(result(&[all[0].clone(), all[1].clone(), signed(again)], committed()), Err(DrawError::Order));
}

#[test]
fn nobody_is_left_out_before_the_time_is_over() {
    let (call, parties) = world();
    let all = commitments(&parties, 5);
    let order = parties.order();
    let before = Timestamp::from_seconds(call.until.seconds() - 1).unwrap();
    for (picked, left_out) in [(vec![1, 2], 0), (vec![0, 2], 1), (vec![0, 1, 4], 2), (vec![3, 4], 0)] {
        let some: Vec<_> = picked.iter().map(|at| all[*at].clone()).collect();
        assert_eq!(result(&some, before), Err(DrawError::Early(order[left_out].clone())), "{picked:?}");
        assert_eq!(result(&some, call.until), Ok(()), "{picked:?}");
    }
    let late = |created| signed(dealing(&parties, &order[1]).commitment(created));
    assert_eq!(result(&[all[0].clone(), late(call.until)], call.until), Ok(()));
    assert_eq!(result(&[all[0].clone(), late(call.until.plus(1))], call.until), Err(DrawError::Late(order[1].clone())));
}

#[test]
fn whoever_holds_a_commitment_in_time_sees_that_it_is_left_out() {
    let (call, parties) = world();
    let all = commitments(&parties, 5);
    let some = [all[0].clone(), all[2].clone()];
    let selection = selection(&parties, &some, call.until);
    let selected = Selected::verify(&parties, &call, keys(), &selection, &some).unwrap();
    let order = parties.order();
    assert_eq!(selected.contributors().collect::<Vec<_>>(), [&order[0], &order[2]]);
    assert_eq!(selected.leaves_out_none_of([]), Ok(()));
    assert_eq!(selected.leaves_out_none_of([&order[0], &order[2], &order[3], &order[4]]), Ok(()));
    assert_eq!(selected.leaves_out_none_of([&order[4], &order[1]]), Err(DrawError::LeftOut(order[1].clone())));
    assert_eq!(selected.leaves_out_none_of([&agency("paris")]), Ok(()));
}

#[test]
fn a_selection_is_of_its_call_its_owner_and_its_commitments() {
    let (call, parties) = world();
    let all = commitments(&parties, 3);
    let right = selection(&parties, &all, committed());
    let verify = |change: &dyn Fn(&mut Selection)| {
        let mut body = right.body.clone();
        change(&mut body);
        let key = key(&body.owner);
        let text = crate::canonical::encode(&body, crate::limits::DRAW_BYTES).unwrap();
        let signature = key.sign(Selection::PURPOSE, &federation(), &text);
        Selected::verify(&parties, &call, keys(), &Signed { body, signature }, &all).map(drop)
    };
    assert_eq!(verify(&|_| ()), Ok(()));
    let thief = parties.order()[0].clone();
    assert_eq!(verify(&|selection| selection.owner = thief.clone()), Err(DrawError::OtherCall(thief.clone())));
    assert_eq!(verify(&|selection| selection.call = Hash::default()), Err(DrawError::OtherCall(parties.owner().clone())));
    assert_eq!(verify(&|selection| selection.commitments[2] = Hash::default()), Err(DrawError::OtherCommitments));
    assert_eq!(verify(&|selection| selection.commitments.swap(0, 1)), Err(DrawError::OtherCommitments));
    assert_eq!(verify(&|selection| selection.commitments.truncate(2)), Err(DrawError::OtherCommitments));
    let malformed = Err(DrawError::Review(ReviewError::Selection));
    assert_eq!(verify(&|selection| selection.commitments.clear()), malformed);
    assert_eq!(verify(&|selection| selection.commitments[1] = selection.commitments[0]), malformed);
    let many = |selection: &mut Selection| {
        selection.commitments = (0..9u8).map(|number| Hash([number; 32])).collect();
    };
    assert_eq!(verify(&many), malformed);

    // Commitments to another call, and one that somebody else signed.
    let elsewhere = Parties::of(&members_of(6, false), &super::call("b")).unwrap();
    let foreign = signed(dealing(&elsewhere, &elsewhere.order()[0]).commitment(committed()));
    let contributor = foreign.body.contributor.clone();
    assert_eq!(result(&[foreign, all[1].clone()], call.until), Err(DrawError::OtherCall(contributor)));
    let forged = Signed { signature: all[0].signature, ..all[1].clone() };
    assert!(matches!(result(&[all[0].clone(), forged], committed()), Err(DrawError::Review(ReviewError::Signature { .. }))));
    let owners = Commitment { contributor: parties.owner().clone(), ..all[0].body.clone() };
    let refused = result(&[signed(owners), all[1].clone()], call.until);
    assert_eq!(refused, Err(DrawError::NotAContributor(parties.owner().clone())));
}

#[test]
fn only_what_is_selected_is_opened() {
    let (call, parties) = world();
    let all = commitments(&parties, 2);
    let selection = selection(&parties, &all, committed());
    let selected = Selected::verify(&parties, &call, keys(), &selection, &all).unwrap();
    let [first, third] = [0, 2].map(|at| parties.order()[at].clone());
    assert!(selected.opening(&first, value_of(&parties, &first)).is_ok());
    let refused = Err(DrawError::NotAContributor(third.clone()));
    assert_eq!(selected.opening(&third, value_of(&parties, &third)), refused);
    let share = |of: &AgencyId| dealing(&parties, of).share(std::num::NonZeroU8::MIN);
    assert!(selected.release(&first, parties.owner(), share(&first)).is_ok());
    assert!(matches!(selected.release(&third, parties.owner(), share(&third)), Err(DrawError::NotAContributor(_))));
    assert!(matches!(selected.release(&first, &first, share(&first)), Err(DrawError::NotAHolder { .. })));
    // No value is shown by accident.
    let shown = format!("{:?} {:?}", dealing(&parties, &first), selected.opening(&first, value_of(&parties, &first)));
    assert!(!shown.contains(&Hash(*value_of(&parties, &first).as_bytes()).to_string()), "{shown}");
}
