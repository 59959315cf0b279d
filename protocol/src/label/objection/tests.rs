use super::*;
use crate::label::LabelId;
use crate::record::{Record, RecordError};

fn raise(ground: Ground) -> Objection {
    Objection::Raise { ground, at: Timestamp::default() }
}

fn lift() -> Objection {
    Objection::Lift { at: Timestamp::default() }
}

fn grounds() -> [Ground; 4] {
    let endorsement = Hash::of(&[b"endorsement"]);
    [Ground::EndorsementWithdrawn(endorsement), Ground::ConflictOfInterest, Ground::RuleBroken, Ground::Misrepresentation]
}

#[test]
fn every_ground_has_its_code_and_names_an_endorsement_only_where_one_is_withdrawn() {
    for (ground, code) in grounds().into_iter().zip(Ground::CODES) {
        let endorsement = if let Ground::EndorsementWithdrawn(id) = ground { Some(id) } else { None };
        assert_eq!((ground.code(), Ground::of(code, endorsement)), (code, Some(ground)));
        let other = if endorsement.is_some() { None } else { Some(Hash::default()) };
        assert_eq!(Ground::of(code, other), None, "{code}");
    }
    assert_eq!(Ground::of("dislike", None), None);
}

#[test]
fn a_record_is_read_strictly_and_holds_no_words() {
    let label = LabelId(Hash::of(&[b"x"]));
    let texts: Vec<String> = grounds()
        .map(raise)
        .into_iter()
        .chain([lift()])
        .map(|said| {
            let record = Record::Objection(label, said);
            let text = record.to_text().expect("text");
            assert_eq!(Record::read(&text), Ok(record));
            String::from_utf8(text).expect("utf-8")
        })
        .collect();
    let body = |fields: &str| format!(r#"{{"about":["{label}"],"body":{{{fields}}},"type":"objection","v":1}}"#);
    let at = r#""at":"1970-01-01T00:00:00Z""#;
    let endorsement = format!(r#""endorsement":"{}""#, Hash::of(&[b"endorsement"]));
    assert_eq!(texts[0], body(&format!(r#""action":"raise",{at},{endorsement},"ground":"endorsement-withdrawn""#)));
    assert_eq!(texts[3], body(&format!(r#""action":"raise",{at},"ground":"misrepresentation""#)));
    assert_eq!(texts[4], body(&format!(r#""action":"lift",{at}"#)));
    for fields in [
        format!(r#""action":"raise",{at}"#),
        format!(r#""action":"raise",{at},"ground":"dislike""#),
        format!(r#""action":"raise",{at},"ground":"endorsement-withdrawn""#),
        format!(r#""action":"raise",{at},{endorsement},"ground":"rule-broken""#),
        format!(r#""action":"raise",{at},"ground":"rule-broken","note":"x""#),
        format!(r#""action":"lift",{at},"ground":"rule-broken""#),
        format!(r#""action":"lift",{at},{endorsement}"#),
        format!(r#""action":"withdraw",{at}"#),
        r#""action":"lift""#.to_owned(),
        String::new(),
    ] {
        assert!(matches!(Record::read(body(&fields).as_bytes()), Err(RecordError::Canonical(_))), "{fields}");
    }
    let nobody = texts[4].replace(&format!(r#""about":["{label}"],"#), "");
    assert_eq!(Record::read(nobody.as_bytes()), Err(RecordError::About { expected: "one label" }));
    let two = texts[4].replace(&format!(r#"["{label}"]"#), &format!(r#"["{label}","{label}"]"#));
    assert_eq!(Record::read(two.as_bytes()), Err(RecordError::About { expected: "one label" }));
    let newer = texts[4].replace(r#""v":1"#, r#""v":2"#);
    assert!(matches!(Record::read(newer.as_bytes()), Ok(Record::Unknown { .. })), "kept, and the label cannot be judged");
}

/// Told without a memory of more than one objection: the last raise that nothing before it made pointless.
fn plainly(said: &[Objection], end: usize) -> Option<u64> {
    let (mut standing, mut raised) = (None, 0);
    for (objection, index) in said[..end].iter().zip(0..) {
        match objection {
            Objection::Lift { .. } => standing = None,
            Objection::Raise { .. } if standing.is_none() && raised < limits::OBJECTIONS => {
                standing = Some(index);
                raised += 1;
            }
            Objection::Raise { .. } => {}
        }
    }
    standing
}

/// Every story of up to 18 records of a few shapes, cut off at every place: also when the end becomes known afterwards.
#[test]
fn one_stands_at_most_and_an_end_that_is_learnt_late_is_no_other_end() {
    for shape in 0_u32..1 << 9 {
        // Nine choices, then nine times to and fro: the limit is reached in some.
        let drawn = (0..9).map(|place| shape >> place & 1 == 1);
        let fixed = (0..18).map(|place| place % 2 == 0);
        let said: Vec<Objection> = drawn.chain(fixed).map(|up| if up { raise(Ground::RuleBroken) } else { lift() }).collect();
        let mut all = Objections::default();
        for (objection, index) in said.iter().zip(0..) {
            all.take(index, objection);
        }
        for end in 0..=said.len() {
            let mut known = Objections::default();
            for (objection, index) in said[..end].iter().zip(0..) {
                known.take(index, objection);
            }
            let expected = plainly(&said, end);
            let end = u64::try_from(end).expect("small");
            assert_eq!(all.standing(end).map(|raised| raised.index), expected, "{said:?} below {end}");
            assert_eq!(known.standing(u64::MAX).map(|raised| raised.index), expected, "{said:?} below {end}");
        }
    }
}

#[test]
fn what_is_said_beyond_the_limit_has_no_effect_and_the_last_one_can_be_lifted() {
    let mut said = Objections::default();
    for index in 0..limits::OBJECTIONS as u64 {
        assert!(said.may_raise() && said.take(2 * index, &raise(Ground::ConflictOfInterest)));
        assert!(!said.take(2 * index, &raise(Ground::Misrepresentation)), "one stands already");
        assert_eq!(said.standing(u64::MAX).map(|raised| raised.ground), Some(Ground::ConflictOfInterest));
        assert!(said.take(2 * index + 1, &lift()));
        assert!(!said.take(2 * index + 1, &lift()), "nothing to lift");
    }
    assert!(!said.may_raise() && !said.take(99, &raise(Ground::ConflictOfInterest)));
    assert_eq!(said.standing(u64::MAX), None);
}
