#![allow(clippy::unwrap_used)]

use super::*;
use crate::canonical::CanonicalError;

const SMALL: &str = r#"{"id":"two-1","scheme":"two","version":1,"title":"Two","dimensions":[{"code":"1","name":"All"}],
 "indicators":[{"code":"1.1","name":"A","dimension":"1","levels":[0,1,1,2,3],"minimum":2},
 {"code":"1.2","name":"B","dimension":"1","levels":[0,0,0,0,7]}],"max_points":10,"questionnaire":false}"#;

fn read(text: &str) -> Result<Catalogue, CatalogueError> {
    Catalogue::read(text.as_bytes())
}

#[test]
fn ecei_has_31_indicators_and_150_points() {
    let ecei = Catalogue::ecei();
    assert_eq!((ecei.indicators.len(), ecei.max_points, ecei.questionnaire), (31, 150, false));
    let count = |dimension: &str| ecei.indicators.iter().filter(|i| i.dimension.as_str() == dimension).count();
    assert_eq!(["1", "2", "3", "4", "5"].map(count), [4, 10, 2, 12, 3]);
    let audited: Vec<_> = ecei.indicators.iter().filter(|i| i.minimum.is_some()).map(|i| i.code.as_str()).collect();
    assert_eq!(audited.len(), 19);
    assert!(ecei.indicators.iter().all(|i| i.minimum.is_none_or(|level| level == 2)));
    assert!(audited.contains(&"4.6.2") && !audited.contains(&"4.5") && !audited.contains(&"5.2"));
    assert!(ecei.note.as_ref().is_some_and(|note| note.contains("Assumed")));
}

#[test]
fn the_hash_ignores_spacing_and_key_order_but_nothing_else() {
    let small = read(SMALL).unwrap();
    let canonical = small.to_text();
    assert_ne!(canonical, SMALL.as_bytes());
    assert_eq!(small.hash(), Hash::of(&[&canonical]));
    assert_eq!(Catalogue::read(&canonical), Ok(small.clone()));
    assert_eq!(read(&SMALL.replace("\"version\":1,", "").replace("{\"id\"", "{\"version\":1,\"id\"")).unwrap().hash(), small.hash());
    for (old, new) in [("\"A\"", "\"Å\""), ("\"minimum\":2", "\"minimum\":3"), ("[0,1,1,2,3]", "[0,1,2,2,3]"), ("\"Two\"", "\"2\"")] {
        assert_ne!(read(&SMALL.replace(old, new)).unwrap().hash(), small.hash(), "{new}");
    }
}

#[test]
fn what_is_not_sound_is_refused_by_name() {
    let code = |text: &str| text.parse::<IndicatorId>().unwrap();
    let one = || code("1.1");
    for (old, new, error) in [
        ("\"max_points\":10", "\"max_points\":11", CatalogueError::Sum { stated: 11, actual: 10 }),
        ("[0,1,1,2,3]", "[1,1,1,2,3]", CatalogueError::Points { indicator: one() }),
        ("[0,1,1,2,3]", "[0,2,1,2,3]", CatalogueError::Points { indicator: one() }),
        ("\"minimum\":2", "\"minimum\":5", CatalogueError::Minimum { indicator: one(), minimum: 5 }),
        ("\"minimum\":2", "\"minimum\":0", CatalogueError::Minimum { indicator: one(), minimum: 0 }),
        ("\"1.2\"", "\"1.1\"", CatalogueError::Duplicate { code: one() }),
        ("{\"code\":\"1\",", "{\"code\":\"2\",", CatalogueError::UnknownDimension { indicator: one(), dimension: code("1") }),
        ("\"questionnaire\":false", "\"questionnaire\":true", CatalogueError::Scored),
        ("[0,1,1,2,3]", "[0,1,1,2,3.5]", CatalogueError::Canonical(CanonicalError::NotInteger)),
        ("[{\"code\":\"1\",\"name\":\"All\"}]", "[]", CatalogueError::Count { what: "dimensions", count: 0 }),
    ] {
        assert_eq!(read(&SMALL.replace(old, new)), Err(error), "{new}");
    }
    for (old, new) in [
        ("\"title\"", "\"titel\""),
        ("[0,1,1,2,3]", "[0,1,1,3]"),
        ("[0,1,1,2,3]", "[0,1,1,2,2,3]"),
        ("[0,1,1,2,3]", "[0,-1,1,2,3]"),
        ("\"1.2\"", "\"1 2\""),
    ] {
        assert!(matches!(read(&SMALL.replace(old, new)), Err(CatalogueError::Shape { .. })), "{new}");
    }
    let over = u64::from(MAX_POINTS) + 1;
    let rich = SMALL.replace("[0,0,0,0,7]", &format!("[0,0,0,0,{}]", over - 3)).replace(":10,", &format!(":{over},"));
    assert_eq!(read(&rich), Err(CatalogueError::Scored));
    assert_eq!(read(&SMALL.replace("\"title\"", &format!("\"note\":\"{}\",\"title\"", "x".repeat(8_001)))), Err(CatalogueError::Note));
}

#[test]
fn a_questionnaire_has_no_points() {
    let text = SMALL.replace("[0,1,1,2,3]", "[0,0,0,0,0]").replace("[0,0,0,0,7]", "[0,0,0,0,0]").replace(":10,", ":0,");
    assert_eq!(read(&text), Err(CatalogueError::Scored));
    let catalogue = read(&text.replace(":false", ":true")).unwrap();
    assert!(catalogue.questionnaire && catalogue.max_points == 0);
}

#[test]
fn an_unknown_code_suggests_the_nearest() {
    let ecei = Catalogue::ecei();
    assert_eq!(ecei.find("4.1.3").unwrap().name.as_str(), "Implementation plan");
    for (typed, near) in
        [("4,1,3", Some("4.1.3")), ("413", Some("4.1.3")), ("5.33", Some("5.3")), ("4.1.7", Some("4.1.1")), ("turnover", None)]
    {
        let error = ecei.find(typed).unwrap_err();
        assert_eq!(error.suggestion.as_ref().map(IndicatorId::as_str), near, "{typed}");
        assert_eq!(error.to_string().contains("did you mean"), near.is_some());
    }
    assert_eq!(ecei.find(&"9".repeat(10_000)).unwrap_err().code.len(), 40);
}

#[test]
fn the_interview_has_36_indicators_in_words_and_no_points() {
    let bronze = Catalogue::ecei_bronze();
    assert_eq!((bronze.indicators.len(), bronze.max_points, bronze.questionnaire), (36, 0, true));
    for catalogue in Catalogue::bundled() {
        assert!(catalogue.indicators.iter().all(|i| i.asks.is_some() && i.texts.is_some()), "{}", catalogue.id);
    }
}

#[test]
fn every_change_is_a_difference() {
    let old = read(SMALL).unwrap();
    assert_eq!(difference(&old, &old), []);
    let said = |changed: &str| difference(&old, &read(changed).unwrap()).iter().map(Difference::to_string).collect::<Vec<_>>();
    for (from, to, words) in [
        ("\"A\"", "\"B\"", "1.1, name: A -> B"),
        ("[0,1,1,2,3]", "[0,1,2,2,3]", "1.1, points: 0 1 1 2 3 -> 0 1 2 2 3"),
        (",\"minimum\":2", "", "1.1, minimum: 2 -> nothing"),
        ("\"minimum\":2", "\"minimum\":2,\"asks\":\"Why?\"", "1.1, asks: nothing -> Why?"),
        ("\"minimum\":2", "\"minimum\":2,\"texts\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "1.1, texts: nothing -> a | b | c | d | e"),
        ("\"name\":\"All\"", "\"name\":\"Most\"", "dimension 1: All -> Most"),
        ("\"title\":\"Two\"", "\"title\":\"2\"", "title: Two -> 2"),
        ("\"version\":1", "\"version\":2", "version: 1 -> 2"),
    ] {
        assert_eq!(said(&SMALL.replace(from, to)), [words], "{to}");
    }
    let renamed = SMALL.replace("\"code\":\"1.2\"", "\"code\":\"1.3\"");
    assert_eq!(said(&renamed), ["1.3: new", "1.2: gone"]);
    let (first, second) = (SMALL.find(" {\"code\":\"1.2").unwrap(), SMALL.find("],\"max_points").unwrap());
    let (a, b) = (SMALL.find("{\"code\":\"1.1").unwrap(), first - 2);
    let turned = format!("{}{},{}{}", &SMALL[..a], &SMALL[first..second], &SMALL[a..b], &SMALL[second..]);
    assert_eq!(said(&turned), ["order: 1 1.1 1.2 -> 1 1.2 1.1"]);
}

#[test]
fn a_translation_covers_what_it_can_and_names_nothing_else() {
    let small = read(SMALL).unwrap();
    let file = |rest: &str| {
        let head = format!("{{\"catalogue\":{{\"id\":\"two-1\",\"hash\":\"{}\"}},\"approved\":false,", small.hash());
        Translation::read(format!("{head}{rest}}}").as_bytes())
    };
    let german = file("\"language\":\"de\",\"title\":\"Zwei\",\"indicators\":{\"1.1\":{\"name\":\"Erstes\"}}").unwrap();
    assert_eq!(german.check(&small), Ok(()));
    assert_eq!(german.coverage(&small), (2, 4));
    let name = |code: &str| german.words(small.find(code).unwrap()).name.unwrap().to_string();
    assert_eq!((name("1.1"), name("1.2")), ("Erstes".to_owned(), "B".to_owned()));
    let other = file("\"language\":\"de\",\"indicators\":{\"1.9\":{}}").unwrap();
    assert!(matches!(other.check(&small), Err(TranslationError::Indicator(_))));
    let other = file("\"language\":\"de\",\"dimensions\":{\"2\":\"Zwei\"}").unwrap();
    assert!(matches!(other.check(&small), Err(TranslationError::Dimension(_))));
    assert!(matches!(german.check(Catalogue::ecei()), Err(TranslationError::OtherCatalogue { .. })));
    assert!(matches!(file("\"language\":\"german\""), Err(TranslationError::Language { .. })));
    assert!(matches!(file("\"language\":\"de\",\"note\":1"), Err(TranslationError::Shape { .. })));
}
