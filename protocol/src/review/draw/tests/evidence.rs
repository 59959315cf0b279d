use serde_json::Value as Json;

use super::*;
use crate::canonical::CanonicalError;
use crate::limits;

/// Five agencies, and a draw in which the second contributor withheld its value.
fn world() -> (Charter, Draw) {
    let charter = members_of(5, true);
    let second = Parties::of(&charter, &call("a")).unwrap().order()[1].clone();
    let draw = draw(&charter, &call("a"), &[second]);
    (charter, draw)
}

#[test]
fn a_draw_survives_its_text_and_nothing_else_does() {
    let (charter, draw) = world();
    let text = draw.encode().unwrap();
    assert_eq!(Draw::decode(&text), Ok(draw.clone()));
    let drawn = Draw::decode(&text).unwrap().verify(&charter, keys()).unwrap();
    assert_eq!(drawn.call(), &draw.call.body);
    let text = String::from_utf8(text).unwrap();
    let refused = |text: String| Draw::decode(text.as_bytes()).unwrap_err();
    let shape = ReviewError::Canonical(CanonicalError::Shape);
    assert_eq!(refused(text.replacen(r#""by":"holders""#, r#""by":"nobody""#, 1)), shape);
    assert_eq!(refused(text.replacen(r#""by":"holders","#, r#""by":"holders","more":1,"#, 1)), shape);
    assert_eq!(refused(text.replacen(r#""place":2"#, r#""place":0"#, 1)), shape);
    assert_eq!(refused(text.replacen(r#""place":2"#, r#""place":256"#, 1)), shape);
    assert_eq!(refused(text.replacen(':', ": ", 1)), CanonicalError::NotCanonical.into());
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        assert!(Draw::decode(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    let flood = vec![b' '; limits::DRAW_BYTES + 1];
    assert!(matches!(Draw::decode(&flood), Err(ReviewError::Canonical(CanonicalError::TooLarge { .. }))));
}

/// The paths of all leaves.
fn leaves(value: &Json, path: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(entries) => entries.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found)),
        Json::Array(items) => items.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), found)),
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn every_altered_field_is_noticed() {
    let (charter, draw) = world();
    let whole: Json = serde_json::from_slice(&draw.encode().unwrap()).unwrap();
    let mut paths = vec![];
    leaves(&whole, "", &mut paths);
    assert!(paths.len() > 50, "{}", paths.len());
    for path in paths {
        let mut altered = whole.clone();
        let leaf = altered.pointer_mut(&path).unwrap();
        *leaf = match leaf.clone() {
            Json::String(mut text) => {
                let last = text.pop().unwrap();
                text.push(if last == '0' { '1' } else { '0' });
                Json::String(text)
            }
            Json::Number(number) => Json::from(number.as_u64().unwrap() + 1),
            other => panic!("{other}"),
        };
        let text = crate::canonical::encode(&altered, limits::DRAW_BYTES).unwrap();
        let verdict = Draw::decode(&text).map_err(DrawError::from).and_then(|draw| draw.verify(&charter, keys()));
        assert!(verdict.is_err(), "{path}");
    }
}

#[test]
fn nothing_is_missing_and_nothing_is_too_much() {
    let (charter, draw) = world();
    let verify = |change: &dyn Fn(&mut Draw)| {
        let mut draw = draw.clone();
        change(&mut draw);
        draw.verify(&charter, keys()).map(drop)
    };
    assert_eq!(verify(&|_| ()), Ok(()));
    assert_eq!(verify(&|draw| draw.disclosed.clear()), Err(DrawError::Unfinished { needed: 2, found: 0 }));
    assert_eq!(verify(&|draw| draw.disclosed.truncate(1)), Err(DrawError::Unfinished { needed: 2, found: 1 }));
    assert_eq!(verify(&|draw| draw.disclosed.push(draw.disclosed[0].clone())), Err(DrawError::TooMany));
    assert!(matches!(verify(&|draw| draw.disclosed.swap(0, 1)), Err(DrawError::Order | DrawError::WrongList(_))));
    assert_eq!(verify(&|draw| draw.disclosed[1] = draw.disclosed[0].clone()), Err(DrawError::Order));
    assert_eq!(verify(&|draw| draw.commitments.truncate(1)), Err(DrawError::OtherCommitments));
    let fewer = |draw: &mut Draw| {
        let Disclosed::Holders { releases, .. } = &mut draw.disclosed[1] else { panic!("withheld") };
        releases.pop();
    };
    assert!(matches!(verify(&fewer), Err(DrawError::TooFewShares { .. })));
    let many = |draw: &mut Draw| draw.commitments = vec![draw.commitments[0].clone(); SELECTED + 1];
    assert_eq!(verify(&many), Err(DrawError::OtherCommitments));
    // The owner cannot say of a value that is open that it is not.
    let other = members_of(6, true);
    assert!(draw.verify(&other, keys()).is_err(), "with other members it is another draw");
}

/// An owner that shows two selections: what was opened for one is worth nothing for the other.
#[test]
fn what_was_opened_for_one_selection_opens_no_other() {
    let charter = members_of(6, false);
    let call = call("a");
    let parties = Parties::of(&charter, &call).unwrap();
    let first = parties.order()[0].clone();
    for withhold in [vec![], vec![first.clone()]] {
        let mut draw = draw(&charter, &call, &withhold);
        let all = [draw.commitments[0].clone(), commitments(&parties, 3)[2].clone()];
        draw.selection = selection(&parties, &all, call.until);
        draw.commitments = all.to_vec();
        let selected = Selected::verify(&parties, &call, keys(), &draw.selection, &all).unwrap();
        let third = &all[1].body.contributor;
        let opening = selected.opening(third, value_of(&parties, third)).unwrap();
        draw.disclosed[1] = Disclosed::Contributor { opening: Box::new(signed(opening)) };
        assert!(matches!(draw.verify(&charter, keys()), Err(DrawError::OtherSelection(_))));
    }
}

#[test]
fn the_evidence_stays_small_and_the_largest_fits() {
    let text = draw(&members_of(30, true), &call("a"), &[]).encode().unwrap();
    assert!(text.len() < 5 * 1024, "{}", text.len());
    let ids: Vec<_> =
        (1..=limits::MEMBERS).map(|number| format!("agency-{number:02}-of-a-large-federation")).map(|id| id[..24].to_owned()).collect();
    let mut entries: Vec<_> = ids.iter().map(|id| (id.as_str(), "DE", None)).collect();
    entries.push(("agency-01", "DE", None));
    entries.sort_unstable();
    entries.dedup();
    entries.truncate(limits::MEMBERS);
    let charter = charter(&entries);
    let head = |id: &AgencyId| HeadRef { log: LogId::first(id.clone()), root: Hash::of(&[b"root"]), size: limits::LOG_SIZE };
    let call = Call { heads: charter.members.iter().map(|member| head(&member.id)).collect(), ..call("a") };
    let parties = Parties::of(&charter, &call).unwrap();
    let draw = draw(&charter, &call, &parties.order()[..2]);
    let text = draw.encode().unwrap();
    assert!(text.len() > 100 * 1024, "{}", text.len());
    let drawn = Draw::decode(&text).unwrap().verify(&charter, keys()).unwrap();
    assert!(drawn.contributions().iter().all(|part| part.how == How::Recovered));
}
