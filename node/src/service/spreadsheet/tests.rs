use parangon_protocol::catalogue::Catalogue;
use proptest::prelude::*;

use super::*;

fn scores(bytes: &[u8]) -> Reading<ScoreRow> {
    read_scores(bytes, Catalogue::ecei(), None)
}

/// The one problem of a file that has exactly one.
fn only<T: std::fmt::Debug>(reading: Reading<T>) -> (usize, String, Kind, String) {
    assert_eq!(reading.problems.len(), 1, "{:?}", reading.problems);
    let Problem { row, column, kind, problem, .. } = reading.problems.into_iter().next().expect("one");
    (row, column, kind, problem)
}

#[test]
fn separators_and_marks_of_spreadsheets_are_recognised() {
    for file in [
        "indicator,level,note\n2.1,3,good\n",
        "indicator;level;note\r\n2.1;3;good\r\n",
        "\u{feff}Indicator\tLevel\tNote\n 2.1 \t3\tgood\n",
        "code;score;note;;\n2.1;3;good;;\n;;;;\n",
        "\"indicator\",\"level\",\"note\"\n\"2.1\",\"3\",\"good\"\n",
    ] {
        let reading = scores(file.as_bytes());
        assert_eq!(reading.problems, vec![], "{file:?}");
        let [row] = &reading.rows[..] else { panic!("{file:?}") };
        assert_eq!((row.indicator.as_str(), row.answer, row.note.as_deref()), ("2.1", "3".parse().ok(), Some("good")), "{file:?}");
    }
}

#[test]
fn each_bad_input_has_its_own_name_and_place() {
    let cases: [(&[u8], usize, &str, Kind, &str); 12] = [
        (b"", 1, "A", Kind::Empty, "empty"),
        (b"\xef\xbb\xbf  \n", 1, "A", Kind::Empty, "empty"),
        (b"indicator,level\n", 1, "A", Kind::Empty, "no row"),
        (b"indicator,levle\n2.1,3\n", 1, "B", Kind::Column, "did you mean \"level\"?"),
        (b"indicator,note\n2.1,x\n", 1, "A", Kind::Column, "\"level\" is missing"),
        (b"indicator,level,level\n2.1,3,3\n", 1, "C", Kind::Column, "twice"),
        (b"indicator,level\r\n2.1,3\r\n\r\n\r\n2.2.9,1\r\n", 5, "indicator", Kind::Indicator, "did you mean 2.2."),
        (b"indicator,level\n2.1,5\n", 2, "level", Kind::Level, "out of range"),
        (b"indicator;level\n2.1;3,5\n", 2, "level", Kind::DecimalComma, "not a whole level"),
        (b"indicator;level\n2.1;\"3\"\n2.1;2\n", 3, "indicator", Kind::Twice, "twice"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 2, "A", Kind::Encoding, "control characters"),
        (b"indicator,level\n2.1,3,5\n", 2, "C", Kind::Cells, "3 cells"),
    ];
    for (file, row, column, kind, text) in cases {
        let found = only(scores(file));
        assert_eq!((found.0, &found.1[..], found.2), (row, column, kind), "{:?} {found:?}", String::from_utf8_lossy(file));
        assert!(found.3.contains(text), "{found:?}");
    }
}

#[test]
fn other_levels_are_levels_or_named() {
    let reading = scores(b"indicator,level\n2.1,not known\n2.3,\n2.4,NOT-KNOWN\n2.5,-1\n2.6,two\n2.7,3.5\n3.1,3.0\n");
    let answers: Vec<_> = reading.rows.iter().map(|row| row.answer.map(|answer| answer.to_string())).collect();
    assert_eq!(answers, [Some("not-known".into()), None, Some("not-known".into()), Some("3".into())]);
    let kinds: Vec<_> = reading.problems.iter().map(|problem| (problem.row, problem.kind)).collect();
    assert_eq!(kinds, [(5, Kind::Level), (6, Kind::Level), (7, Kind::DecimalComma)]);
}

#[test]
fn clusters_need_a_name_and_a_country() {
    let file = "name,country_iso2,region,technology_field\nCéréales Vallée,FR,,Food industry\nBio,Germany,,\nCéréales Vallée,FR,,\n,DE,,\n";
    let reading = read_clusters(file.as_bytes());
    assert_eq!(reading.rows[0].field.as_ref().map(|field| field.as_str()), Some("Food industry"));
    assert_eq!(reading.rows.len(), 2, "which cluster stands twice is asked with what is here");
    let kinds: Vec<_> = reading.problems.iter().map(|problem| (problem.row, &problem.column[..], problem.kind)).collect();
    assert_eq!(kinds, [(3, "country", Kind::Value), (5, "name", Kind::Value)]);
}

#[test]
fn encodings_of_spreadsheet_programs_are_read_and_named() {
    let text = "name;country\nClúster Münsterland – \u{20ac};DE\n";
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>();
    let (western, _, lossy) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!lossy);
    for (file, format) in [
        (text.as_bytes().to_vec(), "CSV, UTF-8"),
        (format!("\u{feff}{text}").into_bytes(), "CSV, UTF-8"),
        (western.into_owned(), "CSV, Windows-1252"),
        (utf_16(u16::to_le_bytes), "CSV, UTF-16"),
        (utf_16(u16::to_be_bytes), "CSV, UTF-16"),
    ] {
        let reading = read_clusters(&file);
        assert_eq!((reading.format, &reading.problems[..]), (format, &[][..]));
        assert_eq!(reading.rows[0].name.as_str(), "Clúster Münsterland – \u{20ac}");
    }
    let broken = only(read_clusters(&[0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00]));
    assert_eq!(broken.2, Kind::Encoding);
}

#[test]
fn a_file_over_the_bound_is_refused_before_it_is_read() {
    assert_eq!(only(scores(&vec![b'x'; FILE_BYTES + 1])).2, Kind::TooLarge);
    let many = format!("name,country\n{}", "x,DE\n".repeat(ROWS + 1));
    assert_eq!(read_clusters(many.as_bytes()).problems.last().map(|problem| problem.kind), Some(Kind::TooLarge));
    let empty = format!("name,country\nx,DE\n{}", ",,\n".repeat(3_400_000));
    assert!(empty.len() > 10_000_000);
    assert_eq!(read_clusters(empty.as_bytes()).rows.len(), 1, "ten megabytes of empty rows are nothing");
}

#[test]
fn a_cell_never_becomes_a_formula() {
    for payload in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\"=1", " =1", "'=1", "\0=1"] {
        let mut writer = CsvWriter::new(&["name", "country"]);
        writer.row([payload, "DE"]);
        let file = writer.finish();
        let cell = file.lines().nth(1).expect("a row").trim_start_matches('"');
        assert!(cell.starts_with('\''), "{payload:?} became {cell:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let reading = scores(&bytes);
        prop_assert!(reading.problems.len() <= PROBLEMS);
        prop_assert!(!reading.problems.is_empty() || !reading.rows.is_empty());
    }

    #[test]
    fn notes_come_back_as_they_went_out(note in "[^\\p{Cc}\u{feff}]{0,40}") {
        let note = note.trim().to_owned();
        let mut writer = CsvWriter::new(&["indicator", "level", "note"]);
        writer.row(["2.1", "3", &note]);
        let reading = scores(writer.finish().as_bytes());
        prop_assert_eq!(&reading.problems, &vec![]);
        prop_assert_eq!(reading.rows[0].note.as_deref(), Some(&note[..]));
    }
}
