use super::*;

fn refused(row: Observation) -> DatasetError {
    Dataset::new(about(), vec![info()], vec![], vec![row]).expect_err("no table")
}

#[test]
fn rows_that_cannot_be_are_no_table() {
    let good = || row("2.5", Some(1), 7);
    let bad = [
        Observation { level: Some(5), ..good() },
        Observation { dimension: Dimension::By(statistics::Dimension::Country), ..good() },
        Observation { group: Group::Rest, ..good() },
        Observation { lower: 8, ..good() },
        Observation { upper: 41, ..good() },
        Observation { upper: 6, lower: 5, ..good() },
        Observation { pooled: 4, ..good() },
        Observation { hidden_in: 4, reasons: vec![Reason::Small], ..good() },
        Observation { hidden_in: 1, ..good() },
        Observation { reasons: vec![Reason::Small], ..good() },
        Observation { hidden_in: 1, reasons: vec![Reason::Group, Reason::Small], ..good() },
        Observation { count: None, ..good() },
    ];
    for row in bad {
        assert!(matches!(refused(row.clone()), DatasetError::Row { .. }), "{row:?}");
    }
    assert!(matches!(refused(row("9.9", Some(1), 7)), DatasetError::Undescribed { .. }));
    let other = CatalogueRef { hash: Hash::of(&[b"other"]), ..catalogue() };
    assert!(matches!(refused(Observation { catalogue: other, ..good() }), DatasetError::Undescribed { .. }));
    let twice = Dataset::new(about(), vec![info()], vec![], vec![good(), row("2.5", Some(1), 8)]);
    assert!(matches!(twice, Err(DatasetError::Twice { .. })));
}

#[test]
fn rows_are_sorted_by_the_catalogue_and_time_however_they_come() {
    let mut rows = observations();
    rows.reverse();
    let again = Dataset::new(about(), vec![info()], vec![coverage("2026-Q2"), coverage("2026-Q3")], rows).expect("a table");
    assert_eq!(again, data());
    let first: Vec<_> =
        again.observations().iter().take(3).map(|row| (row.indicator.to_string(), row.level, row.period.to_string())).collect();
    let expected = [("2.5", Some(0), "2026-Q2"), ("2.5", Some(0), "2026-Q3"), ("2.5", Some(1), "2026-Q2")];
    assert_eq!(first, expected.map(|(code, level, period)| (code.to_owned(), level, period.to_owned())));
    let codes: Vec<_> = again.observations().iter().filter(|row| row.group == Group::All).map(|row| row.indicator.to_string()).collect();
    assert!(codes.iter().position(|code| code == "2.10") > codes.iter().rposition(|code| code == "2.5"), "2.5 comes before 2.10");
    assert!(again.observations().last().is_some_and(|row| row.group == Group::Rest));
}

#[test]
fn the_status_follows_from_count_and_bounds() {
    let status = |row: &Observation| (row.status(), codes::obs_status(row), codes::conf_status(row));
    let rows = observations();
    assert_eq!(status(&rows[0]), (Status::Exact, "A", "F"));
    assert_eq!(status(&rows[1]), (Status::AtLeast, "D", "F"));
    assert_eq!(status(&rows[2]), (Status::Hidden, "Q", "C"), "several reasons");
    assert_eq!(status(&rows[3]), (Status::Perturbed, "E", "F"));
    assert_eq!(status(&rows[4]), (Status::Exact, "A", "F"), "a total of a pool is exact");
    assert_eq!(status(&rows[5]), (Status::Hidden, "Q", "A"));
    assert_eq!(status(&rows[9]), (Status::Hidden, "Q", "D"));
    let whole = hidden(row("2.5", Some(0), 0), 9, &[Reason::Group]);
    assert_eq!(status(&whole), (Status::Hidden, "Q", "C"));
    assert_eq!(status(&hidden(row("2.5", Some(0), 0), 9, &[Reason::Small])), (Status::Hidden, "Q", "C"), "not told from what protects it");
}

#[test]
fn file_names_say_the_format() {
    for format in Format::EVERY {
        assert_eq!(FileName::read(format.file_name()), Some(FileName { format: *format, indicator: None }));
    }
    let chart = FileName::read("chart-2.5.svg").expect("a chart");
    assert_eq!((chart.format, chart.indicator), (Format::Chart(Chart::Levels), Some("2.5".parse().expect("a code"))));
    for bad in [
        "",
        "figures",
        "figures.CSV",
        "figures.csv/",
        "../figures.csv",
        "chart-.svg",
        "chart-a b.svg",
        "chart-2.5.svg.svg/x",
        "chart-2.5.png",
    ] {
        assert_eq!(FileName::read(bad), None, "{bad}");
    }
    assert!(FileName::read("figures.parquet").is_some(), "so that it can be said that it was left out");
}

#[test]
fn identifiers_of_sdmx_are_never_shared() {
    let all = ["DE", "de", "_T", "_O", "all", "rest", "a b", "a_b", "a-b", "a_20_b", "1", "_31_", "-x", "ΔE", "=1", ""];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|text| codes::identifier(text)).collect();
    assert_eq!(codes.len(), all.len(), "{codes:?}");
    for code in &codes {
        assert!(code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')), "{code}");
        assert!(!code.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{code}");
    }
    assert_eq!((codes::indicator("4.1.3"), codes::indicator("4.1-3")), ("I4_1_3".to_owned(), "I4_1-3".to_owned()));
    let group = |text| Group::Value(name(text));
    let words = [Group::All, Group::Rest, group("all"), group("rest"), group("\"rest\""), group("restaurants")];
    assert_eq!(words.map(|group| group.word().into_owned()), ["all", "rest", "\"all\"", "\"rest\"", "\"\"rest\"\"", "restaurants"]);
}
