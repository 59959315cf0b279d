use super::*;

fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

#[test]
fn dates_are_written_as_each_language_writes_them() {
    let at: Timestamp = "2026-03-01T23:59:59Z".parse().expect("a time");
    let written: Vec<String> = Language::ALL.into_iter().map(|language| language.date(at)).collect();
    assert_eq!(written, ["1 March 2026", "1. März 2026", "1 de marzo de 2026", "1er mars 2026"]);
    assert_eq!(Language::German.date(month("2028-02").last_second()), "29. Februar 2028");
    assert_eq!(Language::Spanish.month(month("2026-12")), "diciembre de 2026");
}

#[test]
fn what_is_filled_in_is_not_filled_in_again() {
    assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "two")]), "{b} and two");
    assert_eq!(fill("no end {a", &[("a", "one")]), "no end one");
}

#[test]
fn countries_are_sorted_and_the_unknown_ones_keep_their_code() {
    assert!(countries::NAMES.is_sorted_by(|a, b| a.0 < b.0));
    let of = |code: &str| Language::French.country(&code.parse().expect("a country"));
    assert_eq!((of("ES").as_str(), of("ZZ").as_str()), ("Espagne", "ZZ"));
}

#[test]
fn a_list_ends_with_and() {
    let list = |items: &[&str]| Language::English.list(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
    assert_eq!([list(&[]), list(&["a"]), list(&["a", "b", "c"])], ["", "a", "a, b and c"]);
}

/// Every language fills in what English does.
#[test]
fn templates_name_the_same_things() {
    fn names(template: &str) -> Vec<&str> {
        let mut found: Vec<&str> = template.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
        found.sort_unstable();
        found
    }
    let templates = |words: &'static Words| {
        [
            words.check_at,
            words.known_by,
            words.date,
            words.month,
            words.press.awarded,
            words.press.endorsed_by_one,
            words.press.endorsed_by,
            words.press.check,
            words.press.place,
            words.press.id,
            words.reminder.summary,
            words.reminder.description,
        ]
    };
    for language in Language::ALL {
        for (ours, english) in templates(language.words()).into_iter().zip(templates(Language::English.words())) {
            assert_eq!(names(ours), names(english), "{language}: {ours}");
        }
    }
}
