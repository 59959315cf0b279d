#![allow(clippy::unwrap_used)]

use super::*;
use crate::canonical;

fn code(text: &str) -> IndicatorId {
    text.parse().unwrap()
}

fn level(level: u8) -> Answer {
    Answer::of_level(level).unwrap()
}

/// Every indicator at `all`, but those listed.
fn scores(all: u8, except: &[(&str, u8)]) -> Scores {
    let answers = Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), level(all)));
    answers.chain(except.iter().map(|(indicator, l)| (code(indicator), level(*l)))).collect()
}

fn gold() -> Requirements {
    Requirements { threshold_bp: Some(8_000), minimum_level: Some(2), complete: true, improvements: 0 }
}

fn assessment() -> Assessment {
    Assessment {
        cluster: format!("bw-agency/{}", "0a".repeat(12)).parse().unwrap(),
        catalogue: Catalogue::ecei().reference(),
        month: "2026-11".parse().unwrap(),
        scores: scores(3, &[]),
        eligibility: Eligibility { eccp_listed: true, management_fte_hundredths: 50, members: 15, member_types: 2 },
        notes: BTreeMap::new(),
        evidence: BTreeMap::new(),
        improvements: 3,
    }
}

#[test]
fn gold_passes_at_120_points_and_not_at_119() {
    // 26 indicators give 4 and 5 give 3 at level 3: 119. One more level gives one more point.
    let at_119 = scores(3, &[]);
    let at_120 = scores(3, &[("5.3", 4)]);
    let (below, above) = (at_119.outcome(Catalogue::ecei(), &gold(), 0), at_120.outcome(Catalogue::ecei(), &gold(), 0));
    assert_eq!((below.points, below.max, below.passes), (119, 150, false));
    assert_eq!(below.reasons, [Shortfall::Points { points: 119, max: 150, needed: 120 }]);
    assert_eq!((above.points, above.passes, above.reasons), (120, true, vec![]));
}

#[test]
fn a_threshold_between_two_points_rounds_up() {
    let requirements = |threshold_bp| Requirements { threshold_bp: Some(threshold_bp), ..Requirements::default() };
    // 79.34 % of 150 is 119.01: 119 is not enough. 79.33 % is 118.995.
    let outcome = scores(3, &[]).outcome(Catalogue::ecei(), &requirements(7_934), 0);
    assert_eq!(outcome.reasons, [Shortfall::Points { points: 119, max: 150, needed: 120 }]);
    assert!(scores(3, &[]).outcome(Catalogue::ecei(), &requirements(7_933), 0).passes);
    assert!(scores(4, &[]).outcome(Catalogue::ecei(), &requirements(10_000), 0).passes);
    assert!(!scores(4, &[]).outcome(Catalogue::ecei(), &requirements(10_001), 0).passes);
}

#[test]
fn a_threshold_on_a_questionnaire_is_never_met() {
    let text = r#"{"id":"q-1","scheme":"bench","version":1,"title":"Q","dimensions":[{"code":"1","name":"All"}],"indicators":
        [{"code":"1.1","name":"A","dimension":"1","levels":[0,0,0,0,0]}],"max_points":0,"questionnaire":true}"#;
    let catalogue = Catalogue::read(text.as_bytes()).unwrap();
    let outcome = Scores::new().outcome(&catalogue, &Requirements { threshold_bp: Some(0), ..Requirements::default() }, 0);
    assert_eq!(outcome.reasons, [Shortfall::Unreachable { threshold_bp: 0 }]);
    assert!(Scores::new().outcome(&catalogue, &Requirements::default(), 0).passes);
}

#[test]
fn one_missed_minimum_blocks_whatever_the_points() {
    let outcome = scores(4, &[("4.1.3", 1)]).outcome(Catalogue::ecei(), &gold(), 0);
    assert!(outcome.points > 120 && !outcome.passes);
    assert_eq!(outcome.missed_minimums, [code("4.1.3")]);
    assert_eq!(outcome.reasons, [Shortfall::Minimum { indicator: code("4.1.3"), needed: 2 }]);
    // 4.5 has no minimum; not known meets none; the higher of catalogue and requirement counts.
    assert!(scores(4, &[("4.5", 0)]).outcome(Catalogue::ecei(), &gold(), 0).passes);
    let mut unknown = scores(4, &[]);
    unknown.set(Catalogue::ecei(), &code("2.5"), Answer::NotKnown).unwrap();
    assert_eq!(unknown.outcome(Catalogue::ecei(), &gold(), 0).missed_minimums, [code("2.5")]);
    let asked = |minimum_level| Requirements { minimum_level: Some(minimum_level), ..Requirements::default() };
    assert_eq!(scores(2, &[]).outcome(Catalogue::ecei(), &asked(3), 0).missed_minimums.len(), 19);
    assert_eq!(scores(1, &[]).outcome(Catalogue::ecei(), &asked(1), 0).missed_minimums.len(), 19);
}

#[test]
fn completeness_and_improvements_are_asked_for_separately() {
    let mut partial = scores(4, &[]);
    partial.clear(&code("5.2"));
    assert_eq!(partial.missing(Catalogue::ecei()), [code("5.2")]);
    assert_eq!(partial.outcome(Catalogue::ecei(), &gold(), 0).reasons, [Shortfall::Incomplete { missing: 1 }]);
    assert!(partial.outcome(Catalogue::ecei(), &Requirements { complete: false, ..gold() }, 0).passes);
    partial.set(Catalogue::ecei(), &code("5.2"), Answer::NotKnown).unwrap();
    assert!(partial.outcome(Catalogue::ecei(), &gold(), 0).passes);

    let silver = Requirements { threshold_bp: None, improvements: 3, ..gold() };
    let outcome = scores(2, &[]).outcome(Catalogue::ecei(), &silver, 2);
    assert_eq!(outcome.reasons, [Shortfall::Improvements { proven: 2, needed: 3 }]);
    assert!(scores(2, &[]).outcome(Catalogue::ecei(), &silver, 3).passes);
}

#[test]
fn an_indicator_of_another_catalogue_never_passes() {
    let mut foreign = scores(4, &[]);
    let error = foreign.set(Catalogue::ecei(), &code("4.1.9"), level(4)).unwrap_err();
    assert!(error.suggestion.is_some() && foreign == scores(4, &[]));
    foreign = foreign.iter().map(|(c, a)| (c.clone(), a)).chain([(code("4.1.9"), level(4))]).collect();
    let outcome = foreign.outcome(Catalogue::ecei(), &gold(), 0);
    assert_eq!((outcome.points, outcome.reasons), (150, vec![Shortfall::Foreign { indicator: code("4.1.9") }]));
}

#[test]
fn answers_are_written_as_integers_or_not_known() {
    for (text, answer) in [("0", level(0)), ("4", level(4)), ("not-known", Answer::NotKnown)] {
        assert_eq!(text.parse(), Ok(answer));
        assert_eq!(answer.to_string(), text);
    }
    for bad in ["", "5", "-1", "2.0", "2,5", " 2", "02", "Not-known"] {
        assert!(bad.parse::<Answer>().is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<Scores>(r#"{"1.2":3,"5.1":"not-known"}"#).is_ok());
    for bad in [r#"{"1.2":5}"#, r#"{"1.2":-1}"#, r#"{"1.2":"3"}"#, r#"{"1.2":3.0}"#, r#"{"1 2":3}"#, r#"{"1.2":256}"#] {
        assert!(serde_json::from_str::<Scores>(bad).is_err(), "{bad}");
    }
    let many: Vec<_> = (0..=limits::INDICATORS).map(|n| format!("\"{n}\":1")).collect();
    assert!(serde_json::from_str::<Scores>(&format!("{{{}}}", many.join(","))).is_err());
}

#[test]
fn eligibility_has_four_bounds() {
    let rule = EligibilityRule::default();
    let least = assessment().eligibility;
    assert_eq!(least.check(&rule), Ok(()));
    assert_eq!(Eligibility { eccp_listed: false, ..least.clone() }.check(&rule), Err(vec![Ineligible::NotListed]));
    let hundredths = Eligibility { management_fte_hundredths: 49, ..least.clone() };
    assert_eq!(hundredths.check(&rule), Err(vec![Ineligible::Management { actual: 49, needed: 50 }]));
    let few = Eligibility { members: 14, member_types: 1, ..least };
    let reasons = vec![Ineligible::Members { actual: 14, needed: 15 }, Ineligible::MemberTypes { actual: 1, needed: 2 }];
    assert_eq!(few.check(&rule), Err(reasons));
}

#[test]
fn an_assessment_round_trips_and_is_checked() {
    let mut ours = assessment();
    ours.set_note(code("2.5"), "Eleven visits\r\nin 2026,\tall minuted ").unwrap();
    assert_eq!(ours.notes[&code("2.5")], "Eleven visits in 2026, all minuted");
    let text = canonical::encode(&ours, limits::DOCUMENT_BYTES).unwrap();
    assert_eq!(canonical::decode::<Assessment>(&text, limits::DOCUMENT_BYTES), Ok(ours.clone()));
    assert_eq!(ours.check(Catalogue::ecei()), Ok(()));
    assert_eq!(ours.outcome(Catalogue::ecei(), &Requirements { improvements: 3, ..Requirements::default() }).points, 119);

    let refused = |change: fn(&mut Assessment)| {
        let mut changed = assessment();
        change(&mut changed);
        changed.check(Catalogue::ecei()).unwrap_err()
    };
    assert!(matches!(refused(|a| a.catalogue.hash = crate::id::Hash::default()), AssessmentError::Catalogue { .. }));
    assert!(matches!(refused(|a| drop(a.notes.insert(code("9.9.9.9"), "x".into()))), AssessmentError::Indicator(_)));
    assert!(matches!(refused(|a| drop(a.notes.insert(code("1.2"), "x\ny".into()))), AssessmentError::NoteControl { .. }));
    let long = ours.set_note(code("1.2"), &"é".repeat(limits::TEXT_CHARS + 1));
    assert_eq!(long, Err(AssessmentError::NoteLength { indicator: code("1.2"), chars: limits::TEXT_CHARS + 1 }));
    ours.set_note(code("2.5"), " ").unwrap();
    assert!(ours.notes.is_empty());
}

#[test]
fn debug_shows_no_score_and_no_note() {
    let mut ours = assessment();
    ours.set_note(code("2.5"), "secret finding").unwrap();
    let shown = format!("{ours:?} {:?}", ours.scores);
    assert!(!shown.contains("secret") && !shown.contains("Level") && shown.contains("31 answers"), "{shown}");
}
