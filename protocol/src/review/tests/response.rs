//! The owner's one response, and the final reviews that follow it.

use super::*;
use crate::assessment::Answer;

fn commented() -> Offer {
    Offer { comments: true, ..offer() }
}

/// A review of an offer on which the owner comments.
fn at(stage: Stage, reviewer: &str, response: Option<Hash>) -> SignedReview {
    let offer = commented().hash().unwrap();
    let dossier = Dossier { offer, ..dossier(reviewer) }.commitment().unwrap();
    signed(ReviewContent { offer, dossier, stage, response, ..review(reviewer, 0) })
}

fn response(text: &str) -> SignedResponse {
    let created = "2026-12-05T05:00:00Z".parse().unwrap();
    let body = Response { offer: commented().hash().unwrap(), owner: owner(), text: text.into(), differences: Differences::new(), created };
    signed(body)
}

struct Both {
    exchange: Exchange,
    assignment: Assignment,
}

impl Both {
    /// Two agencies have accepted and hold the dossier; we look at lyon from both sides.
    fn at_work() -> Self {
        let offer = signed(commented());
        let mut exchange = Exchange::new(&charter(), checked(&offer)).unwrap();
        let mut assignment = Assignment::new(&charter(), agency("lyon"), checked(&offer)).unwrap();
        for reviewer in ["lyon", "oslo"] {
            let id = agency(reviewer);
            let acceptance = signed(Acceptance { offer: commented().hash().unwrap(), ..acceptance(reviewer) });
            let dossier = Dossier { offer: commented().hash().unwrap(), ..dossier(reviewer) };
            for event in [Event::Offered { reviewer: &id }, Event::Accepted(checked(&acceptance)), Event::DossierSent(&dossier)] {
                exchange.apply(&charter(), event).unwrap();
                if reviewer == "lyon" {
                    assignment.apply(&charter(), event).unwrap();
                }
            }
        }
        Self { exchange, assignment }
    }

    /// Applies an event of lyon's, or of the owner's, on both sides.
    fn apply(&mut self, event: Event<'_>) -> [Result<State, ExchangeError>; 2] {
        [self.exchange.apply(&charter(), event), self.assignment.apply(&charter(), event)]
    }
}

#[test]
fn the_owner_responds_once_when_all_are_in_and_only_final_reviews_count() {
    let mut both = Both::at_work();
    let (first, other) = (response("The plan of 2026 was overlooked"), response("Nothing"));
    let draft = at(Stage::Draft, "lyon", None);
    assert_eq!(
        both.apply(Event::Responded(checked(&first))),
        [Err(ExchangeError::Waits(agency("lyon"))), Err(ExchangeError::Waits(agency("lyon")))]
    );
    for _ in 0..2 {
        assert_eq!(both.apply(Event::Reviewed(checked(&draft))), [Ok(State::Reviewed), Ok(State::Reviewed)]);
    }
    assert_eq!(both.exchange.apply(&charter(), Event::Responded(checked(&first))), Err(ExchangeError::Waits(agency("oslo"))));
    let after = signed(Response { created: commented().due, ..first.body.clone() });
    assert!(both.exchange.clone().apply(&charter(), Event::Responded(checked(&after))).is_ok(), "who is late holds nobody up");
    both.exchange.apply(&charter(), Event::Reviewed(checked(&at(Stage::Draft, "oslo", None)))).unwrap();
    assert_eq!(both.exchange.reviewed().count(), 0, "a draft does not count");
    assert_eq!(both.exchange.reviewers().count(), 2);

    // A final review cannot take a response into account that was never given.
    let hash = first.body.hash().unwrap();
    let last = at(Stage::Final, "lyon", Some(hash));
    let refused = || Err(ExchangeError::OtherResponse(agency("lyon")));
    assert_eq!(both.apply(Event::Reviewed(checked(&last))), [refused(), refused()]);
    for _ in 0..2 {
        assert_eq!(both.apply(Event::Responded(checked(&first))), [Ok(State::Reviewed), Ok(State::Reviewed)]);
    }
    let second = || Err(ExchangeError::SecondResponse);
    assert_eq!(both.apply(Event::Responded(checked(&other))), [second(), second()]);
    let wrong = at(Stage::Final, "lyon", Some(other.body.hash().unwrap()));
    assert_eq!(both.apply(Event::Reviewed(checked(&wrong))), [refused(), refused()]);
    for _ in 0..2 {
        assert_eq!(both.apply(Event::Reviewed(checked(&last))), [Ok(State::Finalised), Ok(State::Finalised)]);
    }
    assert_eq!(both.exchange.reviewed().collect::<Vec<_>>(), [&agency("lyon")]);

    // Two final ones are a contradiction; a draft and a final one are not.
    let again = at(Stage::Final, "lyon", None);
    assert!(both.apply(Event::Reviewed(checked(&again))).iter().all(|r| matches!(r, Err(ExchangeError::SecondReview { .. }))));
    let no = || Err(ExchangeError::NoContradiction);
    assert_eq!(both.apply(Event::Contradicted { first: checked(&draft), second: checked(&last) }), [no(), no()]);
    let out = || Ok(State::Contradicted);
    assert_eq!(both.apply(Event::Contradicted { first: checked(&last), second: checked(&again) }), [out(), out()]);
    assert_eq!(both.exchange.reviewed().count(), 0);
}

#[test]
fn who_accepts_after_the_response_is_late() {
    let mut both = Both::at_work();
    let munich = agency("munich");
    both.exchange.apply(&charter(), Event::Offered { reviewer: &munich }).unwrap();
    for reviewer in ["lyon", "oslo"] {
        both.exchange.apply(&charter(), Event::Reviewed(checked(&at(Stage::Draft, reviewer, None)))).unwrap();
    }
    both.exchange.apply(&charter(), Event::Responded(checked(&response("")))).unwrap();
    let late = signed(Acceptance { offer: commented().hash().unwrap(), ..acceptance("munich") });
    assert_eq!(both.exchange.apply(&charter(), Event::Accepted(checked(&late))), Err(ExchangeError::Late));
    // A repetition of an acceptance that was taken is none.
    let known = signed(Acceptance { offer: commented().hash().unwrap(), ..acceptance("lyon") });
    assert_eq!(both.exchange.apply(&charter(), Event::Accepted(checked(&known))), Ok(State::Reviewed));
}

#[test]
fn each_stage_belongs_to_its_kind_of_offer() {
    let mut both = Both::at_work();
    let only = at(Stage::Only, "lyon", None);
    assert!(both.apply(Event::Reviewed(checked(&only))).iter().all(|r| matches!(r, Err(ExchangeError::OtherStage { .. }))));
    let early = at(Stage::Final, "lyon", None);
    assert!(both.apply(Event::Reviewed(checked(&early))).iter().all(|r| matches!(r, Err(ExchangeError::OutOfOrder { .. }))));
    // Whoever recuses itself after its draft is out, and holds nobody up.
    both.exchange.apply(&charter(), Event::Reviewed(checked(&at(Stage::Draft, "oslo", None)))).unwrap();
    let lyon = agency("lyon");
    assert_eq!(both.apply(Event::Reviewed(checked(&at(Stage::Draft, "lyon", None)))), [Ok(State::Reviewed), Ok(State::Reviewed)]);
    assert_eq!(both.apply(Event::Withdrawn { by: &lyon }), [Ok(State::Withdrawn), Ok(State::Withdrawn)]);
    assert_eq!(both.exchange.apply(&charter(), Event::Responded(checked(&response("")))), Ok(State::Reviewed));

    // Where the owner does not comment, nothing of this belongs.
    let plain = signed(offer());
    let mut exchange = Exchange::new(&charter(), checked(&plain)).unwrap();
    exchange.apply(&charter(), Event::Offered { reviewer: &lyon }).unwrap();
    let of_plain = Response { offer: offer().hash().unwrap(), ..response("").body };
    assert!(matches!(exchange.apply(&charter(), Event::Responded(checked(&signed(of_plain)))), Err(ExchangeError::OtherStage { .. })));
    let draft = signed(ReviewContent { stage: Stage::Draft, ..review("lyon", 0) });
    assert!(matches!(exchange.apply(&charter(), Event::Reviewed(checked(&draft))), Err(ExchangeError::OtherStage { .. })));
    let key = key("lyon");
    let named = ReviewContent { response: Some(Hash::of(&[b"x"])), ..review("lyon", 0) };
    assert_eq!(Signed::sign(named, &federation(), &key).err(), Some(ReviewError::Stage));
}

#[test]
fn reviewers_are_shown_where_they_differ_by_two_levels_or_more() {
    let level = |level| Answer::of_level(level).unwrap();
    let with = |reviewer: &str, answers: [Answer; 4]| {
        let codes = ["1.1.0", "1.1.1", "1.1.2", "1.2"].map(|code| code.parse().unwrap());
        ReviewContent { scores: codes.into_iter().zip(answers).collect(), ..review(reviewer, 0) }
    };
    let (lyon, oslo) =
        (with("lyon", [level(1), level(2), level(4), level(0)]), with("oslo", [level(3), level(3), level(0), Answer::NotKnown]));
    let found = differences(&[&lyon, &oslo]);
    assert_eq!(found.keys().map(|code| code.as_str()).collect::<Vec<_>>(), ["1.1.0", "1.1.2"]);
    assert_eq!(found.values().next().unwrap()[&agency("oslo")], level(3));
    assert!(differences(&[&lyon]).is_empty() && differences(&[]).is_empty());
    let body = Response { differences: found, ..response("").body };
    let text = Message::Response { response: Box::new(signed(body.clone())) }.encode().unwrap();
    assert!(Message::decode(&text).unwrap().is_of_dossier());
    let mut one = body;
    one.differences.values_mut().for_each(|answers| answers.retain(|who, _| *who == agency("oslo")));
    assert_eq!(Signed::sign(one, &federation(), &key("stuttgart")).err(), Some(ReviewError::Differences));
}

#[test]
fn questions_say_something_and_are_counted() {
    let offer = || commented().hash().unwrap();
    let ask = |number, text: &str| {
        Message::Question { question: Question { offer: offer(), number, indicator: None, text: text.into() } }.encode()
    };
    assert!(ask(1, "Where is the plan?").is_ok());
    assert_eq!(ask(1, ""), Err(ReviewError::Nothing { field: "a question" }));
    assert_eq!(ask(0, "x"), Err(ReviewError::Questions));
    assert_eq!(ask(QUESTIONS + 1, "x"), Err(ReviewError::Questions));
    let reply = |text: String| Message::Reply { reply: Reply { offer: offer(), number: 1, text } }.encode();
    assert!(reply("x".repeat(limits::QUESTION_CHARS)).is_ok());
    assert!(matches!(reply("x".repeat(limits::QUESTION_CHARS + 1)), Err(ReviewError::TooLong { .. })));
}
