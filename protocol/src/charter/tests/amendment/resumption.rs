//! What the members decide about logs that forked (protocol, "After a fork").

use super::*;

fn resumes(agency: u8, epoch: u32) -> Resumption {
    Resumption { agency: id(agency), epoch }
}

fn with(chain: &Chain, resumptions: &[Resumption]) -> Charter {
    next(chain, |charter| charter.resumptions = resumptions.to_vec())
}

#[test]
fn two_thirds_declare_an_epoch_over_and_nobody_takes_that_back() {
    let chain = chain(&seeds(5));
    let version = with(&chain, &[resumes(1, 2)]);
    let few = refusal(&chain, amend(&chain, &version, &[2, 3, 4], &[]));
    assert_eq!(few, AmendmentError::TooFew { have: 3, needed: 4, version: 1 });
    let over = chain.clone().extend(amend(&chain, &version, &[2, 3, 4, 5], &[])).expect("four of five");
    assert_eq!([1, 2].map(|agency| over.resumed(&id(agency))), [2, 0]);
    let taken_back = AmendmentError::from(ResumptionError::TakenBack(id(1)));
    for earlier in [&[][..], &[resumes(1, 1)], &[resumes(2, 1)]] {
        assert_eq!(with(&over, earlier).follows(over.newest()), Err(taken_back.clone()), "{earlier:?}");
    }
    // A later epoch, and the log of another.
    let version = with(&over, &[resumes(1, 7), resumes(2, 1)]);
    let again = over.clone().extend(amend(&over, &version, &[2, 3, 4, 5], &[])).expect("four of five");
    assert_eq!([1, 2].map(|agency| again.resumed(&id(agency))), [7, 1]);
    // Whoever leaves takes its entry along; what was decided about its log stays.
    let left = next(&again, |charter| {
        charter.members.remove(0);
        charter.resumptions.remove(0);
    });
    let left = again.clone().extend(amend(&again, &left, &[2, 3, 4, 5], &[(1, 9)])).expect("four of five");
    assert_eq!([1, 2].map(|agency| left.resumed(&id(agency))), [7, 1]);
    let told = Chain::revised(left.founding().clone(), left.revisions().expect("text")).expect("the same chain");
    assert_eq!(told.newest(), left.newest());
}

#[test]
fn a_resumption_is_of_a_member_and_of_an_epoch() {
    let chain = chain(&seeds(3));
    for (wrong, agency) in [
        (vec![resumes(9, 1)], 9),
        (vec![resumes(1, 0)], 1),
        (vec![resumes(2, 1), resumes(1, 1)], 1),
        (vec![resumes(1, 1), resumes(1, 2)], 1),
    ] {
        let cause = AmendmentError::Charter(CharterError::Resumption(id(agency)));
        assert_eq!(with(&chain, &wrong).follows(chain.newest()), Err(cause), "{wrong:?}");
    }
    let mut founding = super::super::charter(&seeds(3));
    founding.resumptions.push(resumes(1, 1));
    assert_eq!(founding.check(), Err(CharterError::Resumption(id(1))));
    let told: Vec<String> = differences(chain.newest(), &with(&chain, &[resumes(1, 3)])).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["the log of agency-001, which told two stories, may go on in an epoch after epoch 3"]);
}
