//! Each format from one table with every kind of row, and the table's own rules.

mod conversion;
mod files;
mod hostile;
mod rules;

use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{Fingerprint, Hash, Name};

use super::*;

const GREEK: &str = "Δίκτυο «Καινοτομία»";

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn catalogue() -> CatalogueRef {
    CatalogueRef { id: "test-2026".parse().expect("an id"), hash: Hash::of(&[b"catalogue"]) }
}

fn about() -> About {
    About {
        federation: name(GREEK),
        fingerprint: Fingerprint(Hash::of(&[b"federation"])),
        as_of: "2026-09-30T23:59:59Z".parse().expect("a time"),
        demonstration: false,
        licence: Licence::default(),
    }
}

fn info() -> CatalogueInfo {
    let indicators = [("2.5", "Contacts, direct"), ("2.10", "Say \"hello\""), ("-x", "=1+1")];
    let indicators = indicators.map(|(code, text)| (code.parse().expect("a code"), name(text))).into();
    CatalogueInfo { reference: catalogue(), title: name("+ Test & <catalogue>"), indicators }
}

fn coverage(period: &str) -> Coverage {
    Coverage {
        period: period.parse().expect("a period"),
        agencies: 3,
        members: 4,
        clusters: 40,
        registered: 44,
        missing: vec!["oslo".parse().expect("a slug")],
        void: vec![],
    }
}

/// A row of all clusters, exact.
fn row(indicator: &str, level: Option<u8>, count: u64) -> Observation {
    Observation {
        catalogue: catalogue(),
        period: "2026-Q3".parse().expect("a period"),
        dimension: Dimension::All,
        group: Group::All,
        indicator: indicator.parse().expect("a code"),
        level,
        count: Some(count),
        lower: count,
        upper: count,
        clusters: 40,
        agencies: 3,
        pooled: 0,
        hidden_in: 0,
        reasons: vec![],
    }
}

fn by_country(value: Option<&str>, mut row: Observation) -> Observation {
    row.dimension = Dimension::By(statistics::Dimension::Country);
    row.group = value.map_or(Group::Rest, |value| Group::Value(name(value)));
    row.clusters = 20;
    row
}

fn hidden(mut row: Observation, upper: u64, reasons: &[Reason]) -> Observation {
    (row.count, row.lower, row.upper, row.hidden_in, row.reasons) = (None, 0, upper, 2, reasons.to_vec());
    row
}

/// Every kind of row: exact, at least, perturbed, hidden for one and for several reasons, pooled, two periods, groups and the rest.
fn observations() -> Vec<Observation> {
    let mut rows = vec![
        row("2.5", Some(0), 0),
        Observation { upper: 12, hidden_in: 1, reasons: vec![Reason::Small], ..row("2.5", Some(1), 7) },
        hidden(row("2.5", Some(2), 0), 9, &[Reason::Small, Reason::Group]),
        Observation { lower: 8, upper: 12, ..row("2.5", Some(3), 10) },
        Observation { pooled: 2, ..row("2.5", Some(4), 11) },
        hidden(row("2.5", None, 0), 5, &[Reason::Population]),
        row("2.10", Some(4), 40),
        row("-x", Some(0), 40),
        by_country(Some("DE"), row("2.5", Some(4), 20)),
        hidden(by_country(None, row("2.5", Some(4), 0)), 20, &[Reason::Derivable]),
    ];
    let earlier = rows.iter().take(6).cloned().map(|row| Observation { period: "2026-Q2".parse().expect("a period"), ..row });
    rows.extend(earlier.collect::<Vec<_>>());
    rows
}

fn data() -> Dataset {
    Dataset::new(about(), vec![info()], vec![coverage("2026-Q3"), coverage("2026-Q2")], observations()).expect("a table")
}

fn of(rows: Vec<Observation>) -> Dataset {
    Dataset::new(about(), vec![info()], vec![coverage("2026-Q3")], rows).expect("a table")
}

fn text(data: &Dataset, format: Format) -> String {
    String::from_utf8(write(data, format).expect("written")).expect("UTF-8")
}
