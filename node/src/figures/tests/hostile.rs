//! Names that want to be formulas, markup, commands or endless, tables of nothing, and tables of hidden figures only.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use quick_xml::events::Event;

use super::*;

const NAMES: [&str; 9] = [
    "=HYPERLINK(\"http://example.org\")",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "a,b;\"c\"",
    "</text><script>alert(1)</script>&amp;",
    "\\input{x} ${y}% ~^#_",
    GREEK,
    "]]>'\"",
];

fn hostile() -> Dataset {
    let long = "ω".repeat(200);
    let names: Vec<_> = NAMES.iter().copied().chain([long.as_str()]).collect();
    let indicators = names.iter().enumerate().map(|(at, text)| (format!("{at}.0").parse().expect("a code"), name(text))).collect();
    let info = CatalogueInfo { reference: catalogue(), title: name(NAMES[5]), indicators };
    let mut rows: Vec<_> = (0..names.len()).map(|at| row(&format!("{at}.0"), Some(1), 40)).collect();
    rows.extend(names.iter().map(|text| by_country(Some(text), row("0.0", Some(2), 20))));
    let about = About { federation: name(NAMES[5]), ..about() };
    Dataset::new(about, vec![info], vec![coverage("2026-Q3")], rows).expect("a table")
}

/// The texts of an XML document, which is read to its end.
fn texts(xml: &str) -> (Vec<String>, Vec<String>) {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut elements, mut texts) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(tag) | Event::Empty(tag) => {
                tag.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
                elements.push(tag.name().as_ref().to_owned());
            }
            Event::Text(text) => texts.push(text.as_ref().to_owned()),
            Event::Eof => return (elements, texts),
            _ => {}
        }
    }
}

#[test]
fn no_name_is_a_formula_in_a_table() {
    let data = hostile();
    for format in [Format::Csv, Format::SdmxCsv] {
        let text = text(&data, format);
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        for line in reader.records() {
            let line = line.expect("each line has as many fields");
            assert!(line.iter().all(|field| !field.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{line:?}");
        }
    }
    let mut reader = ::csv::Reader::from_reader(std::io::Cursor::new(text(&data, Format::Csv)));
    let names: Vec<_> = reader.records().map(|line| line.expect("a line")[6].trim_start_matches('\'').to_owned()).collect();
    for wanted in NAMES {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is still the same");
    }
    let mut book = Xlsx::new(Cursor::new(write(&data, Format::Xlsx).expect("written"))).expect("a workbook");
    for sheet in ["Figures", "About", "Codes"] {
        let formulas = book.worksheet_formula(sheet).expect("a sheet");
        assert!(formulas.rows().flatten().all(String::is_empty), "{sheet}");
    }
    let cells = book.worksheet_range("Figures").expect("a sheet");
    assert!(cells.rows().any(|line| line[6] == Data::String(NAMES[0].to_owned())), "a text, as it is");
}

#[test]
fn no_name_is_markup() {
    let data = hostile();
    let (elements, texts_of) = texts(&text(&data, Format::SdmxStructure));
    assert!(elements.iter().all(|element| element.contains(':')), "{elements:?}");
    assert!(!texts_of.is_empty());
    for chart in [Chart::Levels, Chart::Spread, Chart::Panels] {
        let (elements, _) = texts(&text(&data, Format::Chart(chart)));
        let known = ["svg", "title", "desc", "style", "defs", "pattern", "line", "rect", "text", "circle"];
        assert!(elements.iter().all(|element| known.contains(&element.as_str())), "{elements:?}");
    }
    let bib = citation::bibtex(&data);
    assert!(!bib.contains(">&amp") && bib.contains("\\&amp;"), "{bib}");
    serde_json::from_slice::<serde_json::Value>(&citation::csl(&data).expect("written")).expect("JSON");
    write(&data, Format::Zip).expect("written");
}

#[test]
fn control_characters_never_come_in() {
    for bad in ["a\u{0}b", "a\u{1b}[31m", "a\nb", "a\u{202e}b", "a\u{ffff}"] {
        assert!(bad.parse::<parangon_protocol::id::Name>().is_err());
    }
}

#[test]
fn a_table_of_nothing_is_written_in_every_format() {
    let data = Dataset::new(about(), vec![info()], vec![], vec![]).expect("a table");
    assert_eq!((data.periods().as_str(), data.coverage_words().as_str()), ("no period", "no agency"));
    for format in Format::EVERY {
        assert!(!write(&data, *format).expect("written").is_empty(), "{format:?}");
    }
    assert_eq!(text(&data, Format::Csv).matches("\r\n").count(), 1);
    assert!(text(&data, Format::Chart(Chart::Panels)).contains("There are no figures."));
}

#[test]
fn where_everything_is_hidden_there_is_no_zero() {
    let rows: Vec<_> = (0..5).map(Some).chain([None]).map(|level| hidden(row("2.5", level, 0), 40, &[Reason::Population])).collect();
    let data = of(rows);
    for line in text(&data, Format::Csv).lines().skip(1) {
        assert!(line.contains(",,0,40,hidden,population,40,"), "{line}");
    }
    assert!(!text(&data, Format::Json).contains("\"count\":0"));
    for chart in [Chart::Levels, Chart::Spread, Chart::Panels] {
        let svg = text(&data, Format::Chart(chart));
        assert!(svg.contains("hidden") && !svg.contains("NaN"), "{chart:?}");
    }
    assert!(text(&data, Format::Chart(Chart::Spread)).contains("median hidden, 0 to 4; n = 40, 40 hidden"));
    assert!(text(&data, Format::Chart(Chart::Levels)).contains("n = 40, 40 hidden"));
    for format in Format::EVERY {
        write(&data, *format).expect("written");
    }
}
