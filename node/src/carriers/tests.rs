//! Carriers of labels that the protocol's own tests make, read back by the protocol's verifier.

#![allow(clippy::unwrap_used)]

use parangon_protocol::charter::Level;
use parangon_protocol::verify::{Trust, verify};

use super::lettering::{Face, Style};
use super::*;

#[path = "../../../protocol/tests/support/mod.rs"]
mod support;

use support::award::gold;
use support::federation::Federation;
use support::scene::Scene;
use support::time;

struct Case {
    bundle: Vec<u8>,
    facts: Facts,
}

fn label(cluster: &str, country: &str, level: Level, demonstration: bool) -> Case {
    let federation = Federation::found(|charter| charter.demonstration = demonstration);
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    award.common.level = level;
    award.common.cluster.name = cluster.parse().unwrap();
    award.common.cluster.country = country.parse().unwrap();
    let (scene, id) = Scene::awarded_in(federation, &award);
    let bundle = scene.text(id);
    let facts = Facts::read(&bundle).unwrap();
    Case { bundle, facts }
}

fn settings() -> Settings {
    Settings { language: None, public_url: Some("https://labels.example.eu".parse().unwrap()) }
}

/// All carriers that hold the label.
fn holding(facts: &Facts) -> Vec<Vec<u8>> {
    vec![
        certificate_pdf(facts, &settings()).unwrap(),
        certificate_svg(facts, &settings()).into_bytes(),
        badge_svg(facts).into_bytes(),
        badge_png(facts, 64).unwrap(),
    ]
}

#[test]
fn every_carrier_holds_the_label_and_is_verified_like_its_file() {
    for name in ["BioRegio Südwest", "a ]]> b & <c> \"d\" 'e'"] {
        let Case { bundle, facts } = label(name, "DE", Level::Gold, false);
        let (trust, at) = (Trust::new([facts.federation]), time("2026-12-01T12:00:00Z"));
        let expected = verify(&bundle, &trust, at);
        assert_eq!(expected.code, 0, "{:?}", expected.sentence);
        for carrier in holding(&facts) {
            let verdict = verify(&carrier, &trust, at);
            assert_eq!((verdict.code, &verdict.sentence), (0, &expected.sentence), "{:?}", carrier.get(..8));
        }
    }
}

/// What stands in the code is what the label's file says, without the log.
#[test]
fn the_code_names_the_label() {
    let Case { facts, .. } = label("BioRegio Südwest", "DE", Level::Gold, false);
    let code = settings().code(&facts).unwrap();
    assert!(code.text().starts_with("https://labels.example.eu/verify#") && code.modules() <= 81.0);
    let verdict = verify(code.text().as_bytes(), &Trust::new([facts.federation]), time("2026-12-01T12:00:00Z"));
    assert_eq!(verdict.code, 15, "keys are missing without a trust file: {:?}", verdict.sentence);
    assert_eq!(verdict.federation.unwrap().words, facts.federation.words());
    // 200 letters of four bytes still have a code.
    let Case { facts, .. } = label(&"𝄞".repeat(200), "DE", Level::Gold, false);
    let code = settings().code(&facts).unwrap();
    assert!((82.0..=137.0).contains(&code.modules()), "{}", code.modules());
}

#[test]
fn the_same_label_gives_the_same_bytes() {
    let Case { bundle, facts } = label("Céréales Vallée", "FR", Level::Silver, false);
    let again = Facts::read(&bundle).unwrap();
    assert_eq!(holding(&facts), holding(&again));
    assert_eq!(press(&facts, &settings()), press(&again, &settings()));
}

#[test]
fn a_demonstration_says_so_on_every_carrier() {
    for (demonstration, count) in [(true, 1), (false, 0)] {
        let Case { facts, .. } = label("BioRegio Südwest", "DE", Level::Bronze, demonstration);
        let says = |text: &str| usize::from(text.contains("DEMONSTRATION"));
        let described = |svg: &str| says(svg.split_once("<desc").unwrap().1.split_once("</desc>").unwrap().0);
        assert_eq!(described(&certificate_svg(&facts, &settings())), count);
        assert_eq!(described(&badge_svg(&facts)), count);
        assert_eq!(says(press(&facts, &settings()).lines().next().unwrap()), count);
        assert_eq!(says(&reminder(&facts, &settings())), count);
    }
}

#[test]
fn the_press_text_says_what_the_label_says() {
    let Case { facts, .. } = label("BioRegio Südwest", "DE", Level::Gold, false);
    let text = press(&facts, &Settings { language: Some(Language::English), public_url: None });
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "BioRegio Südwest (Germany) holds the label “European Cluster Excellence Initiative” at level Gold until 31 October 2028. \
         Agency of stuttgart (Germany) awarded it on 24 November 2026, after an assessment in October 2026 by the catalogue ecei-2026. \
         Agency of lyon (France) and Agency of oslo (Norway) reviewed the assessment and confirmed the level, each with a signature of its own."
    );
    assert!(text.contains(&facts.federation.words()) && text.contains(&facts.id.to_string()) && text.contains("any member"));
    let german = press(&facts, &settings());
    assert!(german.contains("gilt") || german.contains("trägt bis zum 31. Oktober 2028"), "{german}");
    assert!(german.contains("https://labels.example.eu/verify"));
}

#[test]
fn the_reminder_comes_ninety_days_before_the_end() {
    let Case { facts, .. } = label("BioRegio, Südwest; e. V.", "DE", Level::Gold, false);
    let text = reminder(&facts, &Settings { language: Some(Language::English), public_url: None });
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    assert!(text.contains("DTSTART;VALUE=DATE:20280802\r\n") && text.contains("DTSTAMP:20261124T050000Z\r\n"), "{text}");
    assert!(
        text.replace("\r\n ", "").contains(r"SUMMARY;LANGUAGE=en:The label Gold of BioRegio\, Südwest\; e. V. ends on 31 October 2028")
    );
    assert!(text.split("\r\n").all(|line| line.len() <= 75));
}

/// Names of all official languages of the European Union and its neighbours are drawn, in every face.
#[test]
fn the_fonts_have_the_letters_of_europe() {
    let letters = "ąćęłńóśźż ĄĆĘŁŃÓŚŹŻ áčďéěíňóřšťúůýž ÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ áéíóöőúüű ÁÉÍÓÖŐÚÜŰ ăâîșțşţ ĂÂÎȘȚŞŢ äöüßẞ ÄÖÜ æøå ÆØÅ þð ÞÐ \
                   ġħċż ĠĦĊŻ āčēģīķļņšūž ĀČĒĢĪĶĻŅŠŪŽ ėįų ĖĮŲ õ ğıİ çñ àèìòù ŵŷ œ đ \
                   αβγδεζηθικλμνξοπρσςτυφχψω ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ άέήίόύώϊϋΐΰ ΆΈΉΊΌΎΏ \
                   абвгдежзийклмнопрстуфхцчшщъьюя АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЬЮЯ ђјљњћџ ЂЈЉЊЋЏ ѓќѕ іїєґ ІЇЄҐ ыэё \
                   „“”‚‘’«»‹›–—…·•€№&@";
    for face in Face::ALL {
        let line = Style::new(face).line(letters);
        assert_eq!(line.runs.len(), 1, "{face:?}: {:?}", line.runs.iter().map(|run| &run.text).collect::<Vec<_>>());
        for (face, glyph, x, y) in line.placed(0.0, 0.0, 10.0) {
            face.outline(glyph, x, y, 10.0, &mut Vec::new());
        }
    }
}

/// A letter that no face has is an empty square, and the text behind it stays.
#[test]
fn what_no_font_has_is_a_square() {
    let line = Style::new(Face::Serif).line("a東e\u{301}");
    assert_eq!(line.text(), "a東e\u{301}");
    let square = Style::new(Face::Sans).line("□");
    assert_eq!(line.runs[1].glyphs[0].id, square.runs[0].glyphs[0].id);
    assert_eq!(line.runs[1].glyphs.len(), 1);
    // A letter with a mark of its own is one letter.
    assert_eq!(line.runs[2].glyphs.len(), 1);
}

#[test]
fn lines_keep_their_spaces_and_quotation_marks() {
    let lines = Style::new(Face::Serif).lines("Céréales Vallée « Nord » et compagnie", 9.0);
    let texts: Vec<String> = lines.iter().map(super::lettering::Line::text).collect();
    assert_eq!(texts.concat(), "Céréales Vallée « Nord » et compagnie");
    assert!(texts.len() > 2 && texts.iter().all(|text| !text.trim_end().ends_with('«') && !text.starts_with('»')), "{texts:?}");
    assert!(lines.iter().all(|line| line.width <= 9.0));
}

#[test]
fn a_badge_has_a_size() {
    let Case { facts, .. } = label("BioRegio Südwest", "DE", Level::Gold, false);
    let png = badge_png(&facts, 24).unwrap();
    assert_eq!(&png[16..24], [0, 0, 0, 24, 0, 0, 0, 24]);
    for size in [0, 23, 4_097] {
        assert!(matches!(badge_png(&facts, size), Err(CarrierError::Size { size: refused }) if refused == size));
    }
}

#[test]
fn what_is_no_label_file_is_refused() {
    assert!(matches!(Facts::read(b"{}"), Err(CarrierError::NoBundle(_))));
    assert!(matches!(Facts::read(b"no"), Err(CarrierError::NoBundle(_))));
}
