use proptest::prelude::*;

use super::*;
use crate::review::panel::Ineligible;

/// What reviewers send, signed once.
struct World {
    charter: Charter,
    offer: SignedOffer,
    acceptance: SignedAcceptance,
    dossier: Dossier,
    review: SignedReview,
    other_review: SignedReview,
    decline: Decline,
    common: Common,
    me: AgencyId,
    owner: AgencyId,
}

impl World {
    fn new() -> Self {
        Self {
            charter: charter(),
            offer: signed(offer()),
            acceptance: signed(acceptance("lyon")),
            dossier: dossier("lyon"),
            review: signed(review("lyon", 0)),
            other_review: signed(review("lyon", 1)),
            decline: Decline { offer: offer().hash().unwrap(), reviewer: agency("lyon"), reason: DeclineReason::Conflict },
            common: common(),
            me: agency("lyon"),
            owner: owner(),
        }
    }

    fn event(&self, step: Step) -> Event<'_> {
        match step {
            Step::Offer => Event::Offered { reviewer: &self.me },
            Step::Accept => Event::Accepted(checked(&self.acceptance)),
            Step::Decline => Event::Declined(&self.decline),
            Step::Send => Event::DossierSent(&self.dossier),
            Step::Review => Event::Reviewed(checked(&self.review)),
            Step::Again => Event::Reviewed(checked(&self.other_review)),
            Step::Contradict => Event::Contradicted { first: checked(&self.review), second: checked(&self.other_review) },
            Step::Retire => Event::Withdrawn { by: &self.me },
            Step::Withdraw => Event::Withdrawn { by: &self.owner },
            Step::Issue => Event::Issued { common: &self.common },
        }
    }

    fn exchange(&self, steps: &[Step]) -> Exchange {
        let mut exchange = Exchange::new(&self.charter, checked(&self.offer)).unwrap();
        for step in steps {
            exchange.apply(&self.charter, self.event(*step)).unwrap();
        }
        exchange
    }

    fn assignment(&self) -> Assignment {
        Assignment::new(&self.charter, self.me.clone(), checked(&self.offer)).unwrap()
    }

    /// Applies an event that must be refused, and must change nothing.
    fn refused(&self, exchange: &mut Exchange, event: Event<'_>) -> ExchangeError {
        let before = exchange.clone();
        let error = exchange.apply(&self.charter, event).unwrap_err();
        assert_eq!(*exchange, before);
        error
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Offer,
    Accept,
    Decline,
    Send,
    Review,
    /// A second, different review.
    Again,
    Contradict,
    Retire,
    Withdraw,
    Issue,
}

use Step::{Accept, Again, Contradict, Decline as No, Issue, Offer as Ask, Retire, Review as Judge, Send, Withdraw};

const STEPS: [Step; 10] = [Ask, Accept, No, Send, Judge, Again, Contradict, Retire, Withdraw, Issue];

/// For each way to a state: the state, and what each of [`STEPS`] leads to from there (`None`: refused).
type Row = (&'static [Step], State, [Option<State>; 10]);

const TABLE: &[Row] = {
    use State::{
        Accepted as A, Contradicted as C, Declined as D, DossierSent as S, Issued as I, Offered as O, Reviewed as R, Withdrawn as W,
    };
    const fn s(state: State) -> Option<State> {
        Some(state)
    }
    const N: Option<State> = None;
    &[
        //                                Ask   Accept No    Send  Judge Again Contr Retir Withd Issue
        (&[Ask], O, [s(O), s(A), s(D), N, N, N, s(C), N, s(W), N]),
        (&[Ask, Accept], A, [s(A), s(A), N, s(S), N, N, s(C), s(W), s(W), N]),
        (&[Ask, No], D, [s(D), N, s(D), N, N, N, s(C), N, s(W), N]),
        (&[Ask, Accept, Send], S, [s(S), s(S), N, s(S), s(R), s(R), s(C), s(W), s(W), N]),
        (&[Ask, Accept, Send, Judge], R, [s(R), s(R), N, s(R), s(R), N, s(C), N, s(W), s(I)]),
        (&[Ask, Accept, Send, Judge, Contradict], C, [s(C), s(C), N, s(C), s(C), N, s(C), N, s(W), N]),
        (&[Ask, Accept, Send, Retire], W, [s(W), s(W), N, s(W), N, N, s(C), s(W), s(W), N]),
        (&[Ask, Withdraw], O, [s(W), N, N, N, N, N, s(W), s(W), s(W), N]),
        (&[Ask, Accept, Withdraw], A, [s(W), s(W), N, N, N, N, s(W), s(W), s(W), N]),
        (&[Ask, Accept, Send, Judge, Issue], R, [s(I), s(I), N, s(I), s(I), N, s(I), N, N, s(I)]),
    ]
};

#[test]
fn every_event_in_every_state_is_allowed_or_refused_by_name() {
    let world = World::new();
    for (way, state, answers) in TABLE {
        let start = world.exchange(way);
        assert_eq!(start.state(&world.me), Some(*state), "{way:?}");
        for (step, answer) in STEPS.into_iter().zip(answers) {
            let mut exchange = start.clone();
            let result = exchange.apply(&world.charter, world.event(step));
            assert_eq!(result.as_ref().ok(), answer.as_ref(), "{step:?} after {way:?}: {result:?}");
            if result.is_err() {
                assert_eq!(exchange, start, "{step:?} after {way:?} was refused");
            } else {
                let once = exchange.clone();
                assert_eq!(exchange.apply(&world.charter, world.event(step)), result, "{step:?} again after {way:?}");
                assert_eq!(exchange, once, "{step:?} again after {way:?} changed something");
            }
        }
    }
}

#[test]
fn refusals_say_what_and_why() {
    let world = World::new();
    let lyon = agency("lyon");
    let mut exchange = world.exchange(&[Ask]);
    let early = ExchangeError::OutOfOrder { event: "review", agency: lyon.clone(), state: State::Offered };
    assert_eq!(world.refused(&mut exchange, world.event(Judge)), early);
    assert_eq!(early.to_string(), "cannot review: lyon is asked and has not answered");
    assert_eq!(world.refused(&mut world.exchange(&[Ask, No]), world.event(Accept)), ExchangeError::SecondAnswer(lyon.clone()));
    assert_eq!(world.refused(&mut world.exchange(&[Ask, Accept]), world.event(No)), ExchangeError::SecondAnswer(lyon.clone()));
    let later = signed(Acceptance { created: acceptance("lyon").created.plus(1), ..acceptance("lyon") });
    let second = world.refused(&mut world.exchange(&[Ask, Accept]), Event::Accepted(checked(&later)));
    assert_eq!(second, ExchangeError::SecondAnswer(lyon.clone()));
    let oslo = signed(acceptance("oslo"));
    assert_eq!(world.refused(&mut exchange, Event::Accepted(checked(&oslo))), ExchangeError::NotAsked(agency("oslo")));
    assert_eq!(world.refused(&mut exchange, world.event(Issue)), ExchangeError::NoReview);
    let over = ExchangeError::OutOfOrder { event: "accept", agency: lyon, state: State::Withdrawn };
    assert_eq!(world.refused(&mut world.exchange(&[Ask, Withdraw]), world.event(Accept)), over);
}

#[test]
fn r1_r2_conflicts_are_refused_when_asked_and_when_accepted() {
    let world = World::new();
    let mut exchange = world.exchange(&[Ask]);
    let cause = |id: &str| match id {
        "stuttgart" => Ineligible::Owner,
        "freiburg" => Ineligible::SameParent { parent: "Land".parse().unwrap() },
        _ => Ineligible::NotAMember,
    };
    for id in ["stuttgart", "freiburg", "paris"] {
        let refused = ExchangeError::Ineligible { agency: agency(id), cause: cause(id) };
        assert_eq!(world.refused(&mut exchange, Event::Offered { reviewer: &agency(id) }), refused);
        let accepted = signed(acceptance(id));
        assert_eq!(world.refused(&mut exchange, Event::Accepted(checked(&accepted))), refused);
        assert_eq!(Assignment::new(&world.charter, agency(id), checked(&world.offer)), Err(refused));
    }
    // The charter decides at the acceptance again: lyon has joined the owner's parent since it was asked.
    let mut merged = world.charter.clone();
    merged.members[1].parent = Some("Land".parse().unwrap());
    let late = exchange.apply(&merged, world.event(Accept));
    assert_eq!(late, Err(ExchangeError::Ineligible { agency: agency("lyon"), cause: cause("freiburg") }));
    let mut amended = world.charter.clone();
    amended.version = 2;
    let other = ReviewError::OtherCharter { offer: 1, given: 2 };
    assert_eq!(exchange.apply(&amended, world.event(Accept)), Err(other.into()));
}

#[test]
fn r3_a_review_of_an_altered_dossier_is_refused() {
    let world = World::new();
    let altered = signed(ReviewContent { dossier: Hash::of(&[b"altered"]), ..review("lyon", 0) });
    let refused = ExchangeError::OtherContent { reviewer: agency("lyon"), part: "dossier" };
    assert_eq!(world.refused(&mut world.exchange(&[Ask, Accept, Send]), Event::Reviewed(checked(&altered))), refused);

    let mut exchange = world.exchange(&[Ask, Accept, Send]);
    let oslo = signed(acceptance("oslo"));
    exchange.apply(&world.charter, Event::Offered { reviewer: &agency("oslo") }).unwrap();
    exchange.apply(&world.charter, Event::Accepted(checked(&oslo))).unwrap();
    // All judge the same: another content for the second reviewer is refused, its own copy is not.
    let mut other = dossier("oslo");
    other.assessment.improvements += 1;
    assert_eq!(world.refused(&mut exchange, Event::DossierSent(&other)), ExchangeError::SecondDossier(agency("oslo")));
    assert_eq!(exchange.apply(&world.charter, Event::DossierSent(&dossier("oslo"))), Ok(State::DossierSent));
    let recopied = Dossier { copy_salt: Hash::default(), ..dossier("oslo") };
    assert_eq!(world.refused(&mut exchange, Event::DossierSent(&recopied)), ExchangeError::SecondDossier(agency("oslo")));
    assert_eq!(exchange.dossier(), Some(common().dossier));
    assert_eq!(exchange.copy(&agency("oslo")), Some(&dossier("oslo").copy_commitment().unwrap()));
}

#[test]
fn r4_nothing_of_another_offer_is_taken() {
    let world = World::new();
    let last_year = Hash::of(&[b"last year"]);
    let accepted = signed(Acceptance { offer: last_year, ..acceptance("lyon") });
    let reviewed = signed(ReviewContent { offer: last_year, ..review("lyon", 0) });
    let declined = Decline { offer: last_year, ..world.decline.clone() };
    let sent = Dossier { offer: last_year, ..dossier("lyon") };
    let label = Common { offer: last_year, ..common() };
    for (way, event) in [
        (&[Ask][..], Event::Accepted(checked(&accepted))),
        (&[Ask], Event::Declined(&declined)),
        (&[Ask, Accept], Event::DossierSent(&sent)),
        (&[Ask, Accept, Send], Event::Reviewed(checked(&reviewed))),
        (&[Ask, Accept, Send], Event::Contradicted { first: checked(&world.review), second: checked(&reviewed) }),
        (&[Ask, Accept, Send, Judge], Event::Issued { common: &label }),
    ] {
        assert_eq!(world.refused(&mut world.exchange(way), event), ExchangeError::OtherOffer, "{way:?}");
    }
    let catalogue = signed(ReviewContent { catalogue: last_year, ..review("lyon", 0) });
    let refused = ExchangeError::OtherContent { reviewer: agency("lyon"), part: "catalogue" };
    assert_eq!(world.refused(&mut world.exchange(&[Ask, Accept, Send]), Event::Reviewed(checked(&catalogue))), refused);
    let mut cluster = dossier("lyon");
    cluster.assessment.cluster = ClusterId::new(&owner(), [8; 12]);
    let refused = ReviewError::OtherDossier { part: "cluster" };
    assert_eq!(world.refused(&mut world.exchange(&[Ask, Accept]), Event::DossierSent(&cluster)), refused.into());
}

#[test]
fn r6_a_second_review_is_an_error_and_then_neither_counts() {
    let world = World::new();
    let mut exchange = world.exchange(&[Ask, Accept, Send, Judge]);
    let (held, other) = (world.review.body.hash().unwrap(), world.other_review.body.hash().unwrap());
    let refused = ExchangeError::SecondReview { reviewer: agency("lyon"), held, other };
    assert_eq!(world.refused(&mut exchange, world.event(Again)), refused);
    assert_eq!(exchange.reviewed().collect::<Vec<_>>(), [&agency("lyon")]);
    let same = Event::Contradicted { first: checked(&world.review), second: checked(&world.review) };
    assert_eq!(world.refused(&mut exchange, same), ExchangeError::NoContradiction);
    let (a, b) = (signed(review("lyon", 0)), signed(review("oslo", 1)));
    let strangers = Event::Contradicted { first: checked(&a), second: checked(&b) };
    assert_eq!(world.refused(&mut exchange, strangers), ExchangeError::NoContradiction);
    assert_eq!(exchange.apply(&world.charter, world.event(Contradict)), Ok(State::Contradicted));
    assert_eq!(exchange.reviewed().count(), 0);
    assert_eq!(world.refused(&mut exchange, world.event(Issue)), ExchangeError::NoReview);
    // Evidence that turns up after the label is recorded as well.
    let mut late = world.exchange(&[Ask, Accept, Send, Judge, Issue]);
    assert_eq!(late.apply(&world.charter, world.event(Contradict)), Ok(State::Issued));
    assert_eq!(late.state(&agency("lyon")), Some(State::Contradicted));
}

#[test]
fn one_offer_carries_one_label() {
    let world = World::new();
    let label = world.common.id().unwrap();
    let mut exchange = world.exchange(&[Ask, Accept, Send, Judge, Issue]);
    assert_eq!(exchange.outcome(), Outcome::Issued(label));
    for changed in [
        Common { level: Level::Silver, ..common() },
        Common { valid_until: "2029-10".parse().unwrap(), ..common() },
        Common { dossier: Hash::default(), ..common() },
        Common { owner: agency("oslo"), ..common() },
    ] {
        assert_eq!(world.refused(&mut exchange, Event::Issued { common: &changed }), ExchangeError::OtherLabel);
    }
    // A reviewer that never saw the dossier cannot tell two labels apart by it, but still takes one only.
    let mut unseen = world.assignment();
    assert_eq!(unseen.apply(&world.charter, world.event(Issue)), Ok(State::Issued));
    let second = Common { dossier: Hash::default(), ..common() };
    assert_eq!(unseen.apply(&world.charter, Event::Issued { common: &second }), Err(ExchangeError::SecondLabel(label)));
}

#[test]
fn a_dossier_key_serves_one_agency() {
    let world = World::new();
    let mut exchange = world.exchange(&[Ask, Accept]);
    exchange.apply(&world.charter, Event::Offered { reviewer: &agency("oslo") }).unwrap();
    let shared = signed(Acceptance { dossier_key: acceptance("lyon").dossier_key, ..acceptance("oslo") });
    assert_eq!(world.refused(&mut exchange, Event::Accepted(checked(&shared))), ExchangeError::UsedKey(agency("oslo")));
    assert_eq!(exchange.dossier_key(&agency("lyon")), Some(acceptance("lyon").dossier_key.as_str()));
}

#[test]
fn both_sides_survive_their_text() {
    let world = World::new();
    for way in TABLE.iter().map(|(way, ..)| way) {
        let exchange = world.exchange(way);
        let text = crate::canonical::encode(&exchange, limits::DOCUMENT_BYTES).unwrap();
        assert_eq!(crate::canonical::decode::<Exchange>(&text, limits::DOCUMENT_BYTES), Ok(exchange));
        let mut assignment = world.assignment();
        for step in *way {
            assignment.apply(&world.charter, world.event(*step)).unwrap();
        }
        let text = crate::canonical::encode(&assignment, limits::DOCUMENT_BYTES).unwrap();
        assert_eq!(crate::canonical::decode::<Assignment>(&text, limits::DOCUMENT_BYTES), Ok(assignment));
    }
}

#[test]
fn an_assignment_is_one_agencys() {
    let world = World::new();
    let mut assignment = world.assignment();
    let oslo = signed(acceptance("oslo"));
    let before = assignment.clone();
    assert_eq!(assignment.apply(&world.charter, Event::Accepted(checked(&oslo))), Err(ExchangeError::NotAsked(agency("oslo"))));
    assert_eq!(assignment.apply(&world.charter, Event::DossierSent(&dossier("oslo"))), Err(ExchangeError::NotAsked(agency("oslo"))));
    assert_eq!(assignment, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever arrives in whatever order, owner and reviewer answer alike. A label that was issued without this
    /// reviewer is the one thing that only the reviewer takes.
    #[test]
    fn both_sides_agree(steps in prop::collection::vec(0..STEPS.len(), 0..12)) {
        let world = World::new();
        let (mut exchange, mut assignment) = (world.exchange(&[Ask]), world.assignment());
        for step in steps.into_iter().map(|at| STEPS[at]) {
            let owner = exchange.apply(&world.charter, world.event(step));
            if owner == Err(ExchangeError::NoReview) {
                continue;
            }
            prop_assert_eq!(&assignment.apply(&world.charter, world.event(step)), &owner, "{:?}", step);
            prop_assert_eq!(exchange.outcome(), assignment.outcome());
        }
    }
}
